// The page's data, its pictures decoded, and small helpers. Names are written as text only.

const DATA = JSON.parse(document.getElementById("data").textContent);
const [FRAME_ROWS, FRAME_COLUMNS] = DATA.info.frame_shape;
const TILES = DATA.tiles;
const METRIC = Object.fromEntries(DATA.metrics.map((metric) => [metric.key, metric]));

const byId = (id) => document.getElementById(id);

function element(tag, attributes = {}, ...children) {
  const svg = ["path", "line", "rect", "text", "circle", "g"].includes(tag);
  const made = svg
    ? document.createElementNS("http://www.w3.org/2000/svg", tag)
    : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

const many = (n, one, several = `${one}s`) => `${n.toLocaleString("en")} ${n === 1 ? one : several}`;
const minus = (number) => number.replace("-", "\u2212");
const score = (value) => (value === undefined ? "–" : minus(value.toFixed(Math.abs(value) < 9.9995 ? 3 : 2)));
const series = (model) => `var(--series-${(model % 6) + 1})`;
const dashes = (model) => ["", "7 3", "2 3", "9 3 2 3", "1 3", "4 4"][model % 6];

// Scores by frame: undefined where a frame has none.
for (const clip of DATA.clips) {
  for (const scores of clip.scores) {
    scores.byFrame = {};
    for (const { key } of DATA.metrics) {
      const column = new Array(clip.n).fill(undefined);
      scores.frame.forEach((frame, at) => { column[frame] = scores.values[key][at]; });
      scores.byFrame[key] = column;
    }
  }
}

// ---- pictures --------------------------------------------------------------------------------

const pictures = new Map();

function picture(uri) {
  if (!pictures.has(uri)) {
    const image = new Image();
    image.src = uri;
    pictures.set(uri, image.decode().then(() => image));
  }
  return pictures.get(uri);
}

function tile(frame, [rows, columns]) {
  const perSheet = TILES.columns * TILES.rows;
  const at = frame % perSheet;
  return {
    sheet: Math.floor(frame / perSheet),
    x: (at % TILES.columns) * columns,
    y: Math.floor(at / TILES.columns) * rows,
  };
}

// A sheet of maps as bytes; the pictures are grey, so one channel holds all.
async function mapBytes(uri) {
  const image = await picture(uri);
  const canvas = element("canvas", { width: image.naturalWidth, height: image.naturalHeight });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
  const bytes = new Uint8Array(data.length / 4);
  for (let at = 0; at < bytes.length; at += 1) bytes[at] = data[4 * at];
  return { bytes, width: canvas.width };
}

const loaded = new Map();

// All pictures of a clip, decoded once, so that frames can be drawn without waiting.
function load(clip) {
  if (!loaded.has(clip)) {
    loaded.set(clip, (async () => ({
      frames: await Promise.all(clip.frames.map(picture)),
      maps: await Promise.all(clip.maps.map(({ sheets }) => Promise.all(sheets.map(mapBytes)))),
    }))());
  }
  return loaded.get(clip);
}

// A predicted map in small: 255 times the root of each pixel's share of the peak.
function predictedMap(ready, model, frame) {
  const [rows, columns] = TILES.map;
  const { sheet, x, y } = tile(frame, TILES.map);
  const { bytes, width } = ready.maps[model][sheet];
  const map = new Uint8Array(rows * columns);
  for (let row = 0; row < rows; row += 1) {
    map.set(bytes.subarray((y + row) * width + x, (y + row) * width + x + columns), row * columns);
  }
  return map;
}

// The empirical map on the same grid: a sum of Gaussians at the gaze points.
function empiricalMap(points) {
  const [rows, columns] = TILES.map;
  const map = new Float64Array(rows * columns);
  const sigma = DATA.info.sigma_px;
  const profile = (n, size, centre) => Float64Array.from({ length: n }, (_, at) => {
    const apart = ((at + 0.5) * size / n - 0.5 - centre) / sigma;
    return Math.exp(-0.5 * apart * apart);
  });
  for (let at = 0; at < points.length; at += 2) {
    const across = profile(columns, FRAME_COLUMNS, points[at]);
    const down = profile(rows, FRAME_ROWS, points[at + 1]);
    for (let row = 0; row < rows; row += 1) {
      for (let column = 0; column < columns; column += 1) {
        map[row * columns + column] += down[row] * across[column];
      }
    }
  }
  return map;
}
