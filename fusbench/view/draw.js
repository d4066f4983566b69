// A frame with its maps: colour, outlines of the region that holds a share of the mass, gaze.

const HEAT = Uint8Array.from(DATA.heat.match(/../g), (pair) => parseInt(pair, 16));
const PREDICTED = "#ffffff";
const EMPIRICAL = "#ffd21f";
const OBSERVERS = ["#5db4f0", "#f2a054", "#4cc79b", "#e391cc", "#a5a8ff", "#f2f2ee"];
const TRAIL = 12; // frames of gaze drawn as a fading path

// The value above which the pixels of `map` hold `mass` of its sum.
function massLevel(map, mass) {
  const sorted = Float64Array.from(map).sort();
  let total = 0;
  for (const value of sorted) total += value;
  let held = 0;
  for (let at = sorted.length - 1; at >= 0; at -= 1) {
    held += sorted[at];
    if (held >= mass * total * (1 - 1e-9)) return sorted[at];
  }
  return 0;
}

// Marching squares: the line where `map` crosses `level`, in units of the grid's pixel centres.
function outline(map, rows, columns, level) {
  const path = [];
  const between = (a, b) => (a === b ? 0.5 : (level - a) / (b - a));
  for (let row = 0; row < rows - 1; row += 1) {
    for (let column = 0; column < columns - 1; column += 1) {
      const at = row * columns + column;
      const corners = [map[at], map[at + 1], map[at + columns + 1], map[at + columns]];
      let kind = 0;
      corners.forEach((value, bit) => { if (value >= level) kind |= 1 << bit; });
      if (kind === 0 || kind === 15) continue;
      const [a, b, c, d] = corners;
      const top = [column + between(a, b), row];
      const right = [column + 1, row + between(b, c)];
      const bottom = [column + between(d, c), row + 1];
      const left = [column, row + between(a, d)];
      const lines = {
        1: [left, top], 2: [top, right], 3: [left, right], 4: [right, bottom], 6: [top, bottom],
        7: [left, bottom], 8: [bottom, left], 9: [bottom, top], 11: [bottom, right],
        12: [right, left], 13: [right, top], 14: [top, left],
        5: [left, top, right, bottom], 10: [top, right, bottom, left],
      }[kind];
      for (let end = 0; end < lines.length; end += 2) path.push(lines[end], lines[end + 1]);
    }
  }
  return path;
}

function strokeOutline(context, map, colour, width, height, unit) {
  const [rows, columns] = TILES.map;
  const path = outline(map, rows, columns, massLevel(map, DATA.mass));
  context.beginPath();
  for (let at = 0; at < path.length; at += 2) {
    const [from, to] = [path[at], path[at + 1]];
    context.moveTo((from[0] + 0.5) * width / columns, (from[1] + 0.5) * height / rows);
    context.lineTo((to[0] + 0.5) * width / columns, (to[1] + 0.5) * height / rows);
  }
  context.lineCap = "round";
  for (const [style, wide] of [["rgba(0, 0, 0, 0.55)", 3.4], [colour, 1.6]]) {
    context.strokeStyle = style;
    context.lineWidth = wide * unit;
    context.stroke();
  }
}

const small = element("canvas", { width: TILES.map[1], height: TILES.map[0] });
const smallContext = small.getContext("2d");

// `gain` below 1 dims the map: its peak's share of the peak of the sharpest model.
function fillColour(context, map, width, height, gain) {
  const pixels = smallContext.createImageData(small.width, small.height);
  for (let at = 0; at < map.length; at += 1) {
    const root = (map[at] / 255) * Math.sqrt(gain);
    const colour = 3 * Math.floor(255 * root * root);
    pixels.data[4 * at] = HEAT[colour];
    pixels.data[4 * at + 1] = HEAT[colour + 1];
    pixels.data[4 * at + 2] = HEAT[colour + 2];
    pixels.data[4 * at + 3] = 0.65 * 255 * root;
  }
  smallContext.putImageData(pixels, 0, 0);
  context.imageSmoothingQuality = "high";
  context.drawImage(small, 0, 0, width, height);
}

// The colour of an observer's points; a single one has that of the empirical map.
function observerColour(clip, who) {
  return clip.observers.length ? OBSERVERS[who % OBSERVERS.length] : EMPIRICAL;
}

// A frame's points, each with its observer and its place on the canvas.
function pointsOf(clip, frame, width, height) {
  const points = clip.gaze[frame];
  return Array.from({ length: points.length / 2 }, (_, n) => ({
    who: clip.observers.length ? clip.who[frame][n] : 0,
    place: [(points[2 * n] + 0.5) * width / FRAME_COLUMNS, (points[2 * n + 1] + 0.5) * height / FRAME_ROWS],
  }));
}

function drawGaze(context, clip, frame, width, height, unit) {
  const few = 4 * Math.max(1, clip.observers.length); // of more points a frame, the path is a scrawl
  let last = new Map(); // each observer's point before
  context.lineWidth = 1.2 * unit;
  for (let at = Math.max(0, frame - TRAIL); at <= frame; at += 1) {
    const points = pointsOf(clip, at, width, height);
    const next = new Map();
    context.globalAlpha = 0.75 * (1 - (frame - at) / TRAIL);
    for (const { who, place } of points) {
      const before = next.get(who) ?? last.get(who);
      if (before && points.length <= few) {
        context.strokeStyle = observerColour(clip, who);
        context.beginPath();
        context.moveTo(...before);
        context.lineTo(...place);
        context.stroke();
      }
      next.set(who, place);
    }
    last = next;
  }
  context.globalAlpha = 1;
  for (const { who, place } of pointsOf(clip, frame, width, height)) {
    context.beginPath();
    context.arc(...place, 3.2 * unit, 0, 2 * Math.PI);
    context.fillStyle = observerColour(clip, who);
    context.strokeStyle = "rgba(0, 0, 0, 0.8)";
    context.fill();
    context.stroke();
  }
}

// Draw a frame into a canvas; `model` -1 is the frame and its gaze alone.
function drawFrame(canvas, clip, ready, frame, model, show, unit) {
  const { width, height } = canvas;
  const context = canvas.getContext("2d");
  const [rows, columns] = TILES.frame;
  const { sheet, x, y } = tile(frame, TILES.frame);
  context.imageSmoothingEnabled = true;
  context.imageSmoothingQuality = "high";
  context.drawImage(ready.frames[sheet], x, y, columns, rows, 0, 0, width, height);
  const map = model < 0 || show.mode === "off" ? null : predictedMap(ready, model, frame);
  if (map && show.mode !== "outline") {
    const sharpest = Math.max(...clip.maps.map(({ peaks }) => peaks[frame]));
    const gain = show.scale ? clip.maps[model].peaks[frame] / sharpest : 1;
    fillColour(context, map, width, height, gain);
  }
  if (show.empirical && clip.gaze[frame].length) {
    strokeOutline(context, empiricalMap(clip.gaze[frame]), EMPIRICAL, width, height, unit);
  }
  if (map && show.mode !== "colour") {
    const shares = Float64Array.from(map, (root) => root * root);
    strokeOutline(context, shares, PREDICTED, width, height, unit);
  }
  if (show.gaze) drawGaze(context, clip, frame, width, height, unit);
}
