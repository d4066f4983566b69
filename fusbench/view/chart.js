// Scores of each frame as curves under the slider; a click or a drag goes to the frame.

const EDGE = 8; // half the slider's thumb: frames stand under it
const CHART = { height: 150, top: 10, bottom: 34, gutter: 46 };

function niceTicks(low, high) {
  const step = 10 ** Math.floor(Math.log10((high - low) / 2 || 1));
  const size = [1, 2, 5, 10].map((n) => n * step).find((s) => (high - low) / s <= 4);
  const ticks = [];
  for (let n = Math.ceil(low / size); n * size <= high + 1e-9; n += 1) ticks.push(n * size);
  return ticks;
}

function chartScale(clip, metric, width) {
  const values = clip.scores.flatMap((s) => s.byFrame[metric].filter((v) => v !== undefined));
  let low = Math.min(0, ...values);
  let high = Math.max(...values);
  if (!(high > low)) high = low + 1;
  const { height, top, bottom, gutter } = CHART;
  const inner = width - gutter - 2 * EDGE;
  return {
    low,
    high,
    x: (frame) => gutter + EDGE + (clip.n > 1 ? (frame / (clip.n - 1)) * inner : inner / 2),
    y: (value) => top + (1 - (value - low) / (high - low)) * (height - top - bottom),
    frame: (x) => Math.max(0, Math.min(clip.n - 1,
      Math.round(((x - gutter - EDGE) / inner) * (clip.n - 1)))),
  };
}

function curve(column, scale) {
  let path = "";
  let pen = false;
  column.forEach((value, frame) => {
    if (value === undefined) { pen = false; return; }
    const alone = !pen && column[frame + 1] === undefined;
    path += `${pen ? "L" : "M"}${scale.x(frame).toFixed(1)} ${scale.y(value).toFixed(1)}`;
    if (alone) path += "h0.01";
    pen = true;
  });
  return path;
}

// Both ends of a mark, kept off the numbers at the left and within the chart.
function within(left, right, width) {
  return [Math.max(left, CHART.gutter), Math.min(right, width)];
}

function drawChart(svg, clip, metric) {
  const width = svg.clientWidth || 600;
  const scale = chartScale(clip, metric, width);
  const base = CHART.height - CHART.bottom;
  svg.setAttribute("viewBox", `0 0 ${width} ${CHART.height}`);
  svg.replaceChildren();
  for (const value of niceTicks(scale.low, scale.high)) {
    const y = scale.y(value);
    svg.append(element("line", { class: value === 0 ? "axis" : "grid", x1: CHART.gutter, x2: width, y1: y, y2: y }));
    const label = element("text", { x: CHART.gutter - 8, y: y + 4, "text-anchor": "end" });
    label.append(minus(Number(value.toPrecision(6)).toString()));
    svg.append(label);
  }
  const wide = clip.n > 1 ? scale.x(1) - scale.x(0) : 8;
  clip.gaze.forEach((points, frame) => {
    if (points.length) return;
    const [from, to] = within(scale.x(frame) - wide / 2, scale.x(frame) + wide / 2, width);
    const mark = element("rect", { class: "lost", x: from, width: to - from, y: CHART.top, height: base - CHART.top });
    mark.append(titled("no gaze"));
    svg.append(mark);
  });
  for (const [first, last, kind] of clip.segments) {
    if (first >= clip.n) continue;
    const [left, right] = within(scale.x(first) - wide / 2, scale.x(Math.min(last, clip.n - 1)) + wide / 2, width);
    svg.append(element("rect", { class: "segment", x: left + 1, width: Math.max(1, right - left - 2), y: base + 10, height: 16, rx: 3 }));
    if (right - left > 8 * kind.length) {
      const label = element("text", { class: "kind", x: (left + right) / 2, y: base + 22, "text-anchor": "middle" });
      label.append(kind);
      svg.append(label);
    }
  }
  clip.scores.forEach((scores, model) => {
    svg.append(element("path", {
      class: "curve", d: curve(scores.byFrame[metric], scale),
      style: `stroke: ${series(model)}`, "stroke-dasharray": dashes(model),
    }));
  });
  svg.append(element("g", { id: "cursor" }));
  return scale;
}

function titled(words) {
  const title = document.createElementNS("http://www.w3.org/2000/svg", "title");
  title.append(words);
  return title;
}

function drawCursor(clip, metric, frame, scale) {
  const x = scale.x(frame);
  const cursor = byId("cursor");
  cursor.replaceChildren(element("line", { class: "now", x1: x, x2: x, y1: 0, y2: CHART.height - CHART.bottom + 6 }));
  clip.scores.forEach((scores, model) => {
    const value = scores.byFrame[metric][frame];
    if (value === undefined) return;
    cursor.append(element("circle", { class: "dot", cx: x, cy: scale.y(value), r: 4, style: `fill: ${series(model)}` }));
  });
}
