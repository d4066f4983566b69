"use strict";
/* Sorting, filtering and plots over the table that is in the page already. Names are strangers':
   they reach the page as text nodes only. */
const board = JSON.parse(document.getElementById("data").textContent);
const SVG = "http://www.w3.org/2000/svg";
const $ = (id) => document.getElementById(id);
const body = $("rows");
const phone = matchMedia("(max-width: 700px)"); // as in the style sheet: plots are drawn narrower
const view = { metric: board.primary, x: "parameters", role: "all", words: "", sort: "place", down: false, most: 40, long: 100, hide: "" };
board.rows.forEach((row, at) => {
  row.at = at;
  row.tr = body.children[at];
  row.search = [row.name, row.title, row.backends, row.licence, row.cite].join(" ").toLowerCase();
});

function make(parent, tag, attributes, text) {
  const node = document.createElementNS(SVG, tag);
  for (const key in attributes) node.setAttribute(key, attributes[key]);
  if (text !== undefined) node.textContent = text;
  parent.appendChild(node);
  return node;
}
function element(parent, tag, text, className) {
  const node = document.createElement(tag);
  if (text !== undefined) node.textContent = text;
  if (className) node.className = className;
  parent.appendChild(node);
  return node;
}
function canvas(id, width, height, label) {
  const host = $(id);
  host.replaceChildren();
  return make(host, "svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label });
}
const shorten = (text, length) => (text.length > length ? text.slice(0, length - 1) + "…" : text);
const tail = (text, length) => (text.length > length ? "…" + text.slice(1 - length) : text);
const fixed = (value, digits = 3) => (value === null ? "–" : value.toFixed(digits));
function spoken(value, unit) {
  if (unit === "seconds") return value >= 1 ? `${+value.toPrecision(3)} s` : `${+(1000 * value).toPrecision(3)} ms`;
  const scale = [[1e9, " G"], [1e6, " M"], [1e3, " k"]].find(([size]) => value >= size) || [1, ""];
  return `${+(value / scale[0]).toPrecision(3)}${scale[1]}`;
}
function ticks(low, high, about) {
  const raw = (high - low) / about || 1;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * [1, 2, 5, 10].find((m) => m * power >= raw);
  const list = [];
  for (let k = Math.ceil(low / step); k * step <= high + 1e-12; k++) list.push(+(k * step).toPrecision(12));
  return list;
}
function span(values) {
  const known = values.filter((v) => v !== null && Number.isFinite(v));
  if (!known.length) return [0, 1];
  const low = Math.min(...known), high = Math.max(...known);
  const room = (high - low || Math.abs(high) || 1) * 0.05;
  return [low - room, high + room];
}
/* The axis shows models, and references near them; what lies farther out stands at the edge. */
function focus(rows, values) {
  const models = rows.filter((row) => row.role === "model");
  const [low, high] = span((models.length > 1 ? models : rows).flatMap(values));
  const near = rows.filter((row) => values(row).some((v) => v >= 1.5 * low - 0.5 * high && v <= 1.5 * high - 0.5 * low));
  return span([...near, ...models].flatMap(values).filter((v) => v >= 1.5 * low - 0.5 * high && v <= 1.5 * high - 0.5 * low));
}
const metricName = () => {
  const m = board.metrics[view.metric];
  return `${m.symbol}${m.unit ? ` in ${m.unit}` : ""}, ${m.higher ? "higher" : "lower"} is better`;
};

/* ---- which rows are shown, and in which order ---- */
const keys = {
  place: (row) => row.at, ranks: (row) => row.ranks && row.ranks[0] + row.ranks[1] / 1e4, letters: (row) => row.letters || null, model: (row) => row.name.toLowerCase(),
};
for (const key of board.columns) keys[key] = (row) => (typeof row[key] === "string" ? row[key].toLowerCase() : row[key]);
board.metrics.forEach((m, k) => { keys[m.key] = (row) => row.scores[k][0]; });
function shown() {
  const key = keys[view.sort], sign = view.down ? -1 : 1;
  const fits = (row) =>
    (view.role === "all" || (view.role === "model") === (row.role === "model")) &&
    view.words.split(/\s+/).every((word) => row.search.includes(word));
  return board.rows.filter(fits).sort((a, b) => {
    const left = key(a), right = key(b);
    if (left === null || right === null) return (left === null) - (right === null) || a.at - b.at;
    return (left < right ? -sign : left > right ? sign : 0) || a.at - b.at;
  });
}
function refresh() {
  const rows = shown(), listed = rows.slice(0, view.long); // so that sorting a long board is quick
  const keep = new Set(listed);
  for (const row of board.rows) {
    row.tr.hidden = !keep.has(row);
    if (row.detail) row.detail.hidden = !keep.has(row);
  }
  body.append(...listed.flatMap((row) => (row.detail ? [row.tr, row.detail] : [row.tr])));
  $("longer").hidden = listed.length === rows.length;
  $("longer").textContent = `List all ${rows.length} rows`;
  $("empty").hidden = rows.length > 0;
  $("count").textContent = rows.length === board.rows.length ? `${rows.length} rows` : `${rows.length} of ${board.rows.length} rows`;
  for (const head of document.querySelectorAll("th[data-sort]")) {
    if (head.dataset.sort === view.sort) head.setAttribute("aria-sort", view.down ? "descending" : "ascending");
    else head.removeAttribute("aria-sort");
  }
  $("sorter").value = view.sort;
  drawIntervals(rows);
  drawScatter(rows);
  drawRanks(rows);
  remember();
  for (const row of board.rows) if (row.detail && keep.has(row)) drawStrip(row);
}

/* ---- interval plot ---- */
function drawIntervals(rows) {
  const some = rows.slice(0, view.most), line = 23, top = 8;
  const [left, width, letters] = phone.matches ? [132, 340, 19] : [178, 620, 26];
  const height = top + line * some.length + 44;
  const svg = canvas("intervals", width, height, `Interval plot of ${metricName()}`);
  const [low, high] = focus(some, (row) => row.scores[view.metric].filter((v) => v !== null));
  const inside = (value) => Math.min(Math.max(value, low), high);
  const x = (value) => left + ((inside(value) - low) / (high - low)) * (width - left - 12);
  some.forEach((row, at) => {
    if (row.p[view.metric] > 0.05) make(svg, "rect", { class: "band", x: 0, y: top + at * line, width, height: line });
  });
  const floorY = top + line * some.length;
  for (const tick of ticks(low, high, phone.matches ? 4 : 6)) {
    make(svg, "line", { class: "axis", x1: x(tick), x2: x(tick), y1: top, y2: floorY + 4 });
    make(svg, "text", { x: x(tick), y: floorY + 18, "text-anchor": "middle" }, String(tick));
  }
  make(svg, "text", { x: width - 12, y: floorY + 36, "text-anchor": "end" }, metricName());
  const best = board.rows[board.leader];
  if (best && some.length) {
    const at = x(best.scores[view.metric][0]);
    if (at >= left && at <= width) make(svg, "line", { class: "best", x1: at, x2: at, y1: top, y2: floorY });
  }
  some.forEach((row, at) => {
    const y = top + at * line + line / 2, [mean, from, to] = row.scores[view.metric];
    make(svg, "text", { class: row.role === "model" ? "label" : `${row.role}-text`, x: left - 12, y: y + 4, "text-anchor": "end" }, shorten(row.name, letters));
    const mark = make(svg, "g", { class: row.role });
    if (mean === inside(mean) && from !== null) make(mark, "line", { class: "whisker", x1: x(from), x2: x(to), y1: y, y2: y });
    if (mean === inside(mean)) make(mark, "circle", { class: "dot", cx: x(mean), cy: y, r: 4.2 });
    else make(svg, "text", { class: `${row.role}-text`, x: x(mean) + (mean > high ? -4 : 4), y: y + 4, "text-anchor": mean > high ? "end" : "start" }, mean > high ? `${fixed(mean)} ›` : `‹ ${fixed(mean)}`);
    make(mark, "title", {}, `${row.name}: ${fixed(mean)} [${fixed(from)}, ${fixed(to)}]`);
  });
  const more = $("more");
  more.hidden = rows.length <= view.most;
  more.textContent = `Show all ${rows.length} rows`;
}

/* ---- score against cost ---- */
const AXES = { // what a row lacks, and what the axis says
  parameters: ["parameters", "parameters"], macs: ["a count", "multiply-accumulates a frame"], seconds: ["a time", "time a frame"],
};
function undrawn(count, which) {
  return count === 1 ? `1 row ${which} is not drawn.` : `${count} rows ${which} are not drawn.`;
}

function drawScatter(rows) {
  const [width, height] = phone.matches ? [340, 320] : [540, 400];
  const left = phone.matches ? 34 : 52, top = 22, bottom = 52;
  const svg = canvas("scatter", width, height, `${metricName()} against ${view.x}`);
  const sized = rows.filter((row) => row[view.x] > 0);
  const [worst, best] = focus(sized, (row) => [row.scores[view.metric][0]]);
  const points = sized.filter((row) => row.scores[view.metric][0] >= worst && row.scores[view.metric][0] <= best);
  const without = rows.length - sized.length, far = sized.length - points.length;
  $("without").textContent = [
    without && undrawn(without, `without ${AXES[view.x][0]}`), far && undrawn(far, "far from the models"),
  ].filter(Boolean).join(" ");
  if (!points.length) {
    make(svg, "text", { x: width / 2, y: height / 2, "text-anchor": "middle" }, "No row of this choice can be drawn.");
    return;
  }
  const logs = points.map((row) => Math.log10(row[view.x]));
  let low = Math.min(...logs) - 0.15, high = Math.max(...logs) + 0.15;
  if (high - low < 1) { const middle = (low + high) / 2; low = middle - 0.5; high = middle + 0.5; }
  const [bottomValue, topValue] = span(points.map((row) => row.scores[view.metric][0]));
  const x = (value) => left + ((Math.log10(value) - low) / (high - low)) * (width - left - 16);
  const up = board.metrics[view.metric].higher; // better is up
  const share = (value) => (up ? value - bottomValue : topValue - value) / (topValue - bottomValue);
  const y = (value) => height - bottom - share(value) * (height - bottom - top);
  for (const tick of ticks(bottomValue, topValue, 6)) {
    make(svg, "line", { class: "axis", x1: left, x2: width - 16, y1: y(tick), y2: y(tick) });
    make(svg, "text", { x: left - 8, y: y(tick) + 4, "text-anchor": "end" }, String(tick));
  }
  for (let power = Math.floor(low); power <= high; power++) {
    for (const step of high - low > 3 ? [1] : [1, 2, 5]) {
      const value = step * 10 ** power;
      if (Math.log10(value) < low || Math.log10(value) > high) continue;
      make(svg, "line", { class: "axis", x1: x(value), x2: x(value), y1: height - bottom, y2: height - bottom + 5 });
      make(svg, "text", { x: x(value), y: height - bottom + 19, "text-anchor": "middle" }, spoken(value, view.x));
    }
  }
  make(svg, "text", { x: width - 16, y: height - 12, "text-anchor": "end" }, `${AXES[view.x][1]} (log scale)`);
  make(svg, "text", { x: 0, y: 4 }, metricName());
  const taken = [];
  for (const row of points) {
    const cx = x(row[view.x]), cy = y(row.scores[view.metric][0]);
    const mark = make(svg, "g", { class: row.role });
    make(mark, "circle", { class: "dot", cx, cy, r: 5 });
    make(mark, "title", {}, `${row.name}: ${fixed(row.scores[view.metric][0])}, ${spoken(row[view.x], view.x)}`);
    taken.push([cx - 6, cy - 6, cx + 6, cy + 6]);
  }
  for (const row of points) {
    const text = shorten(row.name, 22), long = text.length * 6.1;
    const cx = x(row[view.x]), cy = y(row.scores[view.metric][0]);
    for (const [dx, dy] of [[9, 4], [-9 - long, 4], [-long / 2, -10], [-long / 2, 19]]) {
      const box = [cx + dx, cy + dy - 11, cx + dx + long, cy + dy + 3];
      const free = box[0] > left && box[2] < width - 4 && box[1] > 0 && box[3] < height - bottom &&
        taken.every((b) => box[2] < b[0] || box[0] > b[2] || box[3] < b[1] || box[1] > b[3]);
      if (!free) continue;
      taken.push(box);
      make(svg, "text", { class: row.role === "model" ? "label" : `${row.role}-text`, x: cx + dx, y: cy + dy }, text);
      break;
    }
  }
}

/* ---- ranks ---- */
function drawRanks(rows) {
  const some = rows.filter((row) => row.ranks).slice(0, view.most);
  $("ranking").hidden = !some.length;
  if (!some.length) return;
  const order = board.rows.filter((row) => row.place);
  const line = 21, top = 8, [left, width, letters] = phone.matches ? [132, 340, 19] : [178, 1180, 26];
  const height = top + line * some.length + 40, last = order.length;
  const svg = canvas("ranks", width, height, "Interval of ranks of each model");
  const x = (rank) => left + ((rank - 0.5) / last) * (width - left - 12);
  for (const tick of ticks(1, last, phone.matches ? 5 : 12).concat([1]).filter((t) => Number.isInteger(t) && t > 0)) {
    make(svg, "line", { class: "axis", x1: x(tick), x2: x(tick), y1: top, y2: height - 36 });
    make(svg, "text", { x: x(tick), y: height - 22, "text-anchor": "middle" }, String(tick));
  }
  make(svg, "text", { x: width - 12, y: height - 4, "text-anchor": "end" }, "rank, 1 is best");
  some.forEach((row, at) => {
    const y = top + at * line + line / 2, rank = order.indexOf(row) + 1;
    make(svg, "text", { class: "label", x: left - 12, y: y + 4, "text-anchor": "end" }, shorten(row.name, letters));
    const mark = make(svg, "g", { class: "model" });
    make(mark, "line", { class: "whisker", x1: x(row.ranks[0]), x2: x(row.ranks[1]), y1: y, y2: y });
    make(mark, "circle", { class: "dot", cx: x(rank), cy: y, r: 4.2 });
    make(mark, "title", {}, `${row.name}: ${row.ranks[0]} to ${row.ranks[1]}, here ${rank}`);
  });
}

/* ---- one row opened: its scans ---- */
function toggle(row) {
  const button = row.tr.querySelector("button");
  if (row.detail) {
    row.detail.remove();
    row.detail = null;
    row.tr.classList.remove("open");
    button.setAttribute("aria-expanded", "false");
    return;
  }
  row.detail = document.createElement("tr");
  row.detail.className = "detail";
  const cell = element(row.detail, "td");
  cell.colSpan = row.tr.children.length;
  const inner = element(cell, "div", undefined, "inner");
  row.strip = element(element(inner, "div"), "div");
  const facts = element(inner, "dl");
  for (const [name, value] of [
    ["Title", row.title], ["Window", row.window], ["Backend", row.backends], ["From", row.origin],
    ["Licence", row.licence], ["Cite", row.cite], ["Date", row.date], ["Links", Object.keys(row.links).length ? " " : ""], ["Time a frame", row.times.join("; ")],
    ["Mean over scans", board.metrics.map((m, k) => `${m.symbol} ${fixed(row.byScan[k])}`).join(", ")],
    ["p against best", row.p[0] === null ? "" : board.metrics.map((m, k) => `${m.symbol} ${row.p[k] < 1e-3 ? "< 0.001" : row.p[k].toFixed(3)}`).join(", ")],
    ["Weights", row.weights], ["Seal", row.seal],
  ]) {
    if (!value) continue;
    element(facts, "dt", name);
    const told = element(facts, "dd", value, name === "Weights" || name === "Seal" ? "mono" : "");
    for (const word in name === "Links" ? row.links : {}) {
      const link = element(told, "a", word);
      link.href = row.links[word];
      link.after(" ");
    }
  }
  row.tr.after(row.detail);
  row.tr.classList.add("open");
  button.setAttribute("aria-expanded", "true");
  drawStrip(row);
}
function drawStrip(row) {
  const count = board.scans.length, narrow = row.strip.clientWidth < 480;
  const width = narrow ? 420 : 720, height = 264, left = 46, top = 26, bottom = narrow || board.scans.length > 30 ? 28 : 76;
  row.strip.replaceChildren();
  const m = board.metrics[view.metric];
  const svg = make(row.strip, "svg", { class: "strip", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${m.symbol} of each scan` });
  const all = board.rows.filter((r) => r.role === "model").map((r) => r.scans[view.metric]);
  const own = row.scans[view.metric];
  const best = board.rows[board.leader];
  const other = best && best !== row ? best.scans[view.metric] : null;
  const [low, high] = span([...all.flat(), ...own]);
  const x = (k) => left + ((k + 0.5) / count) * (width - left - 8);
  const y = (value) => height - bottom - ((value - low) / (high - low)) * (height - bottom - top);
  for (const tick of ticks(low, high, 5)) {
    make(svg, "line", { class: "axis", x1: left, x2: width - 8, y1: y(tick), y2: y(tick) });
    make(svg, "text", { x: left - 7, y: y(tick) + 4, "text-anchor": "end" }, String(tick));
  }
  make(svg, "text", { x: 0, y: 12 }, `${m.symbol} of each scan` + (other ? ` — filled: this row, hollow: ${shorten(best.name, 30)}` : ""));
  for (let k = 0; k < count; k++) {
    const values = all.map((scans) => scans[k]);
    if (values.length > 1) make(svg, "line", { class: "range", x1: x(k), x2: x(k), y1: y(Math.min(...values)), y2: y(Math.max(...values)) });
    if (other) make(svg, "circle", { class: "ghost", cx: x(k), cy: y(other[k]), r: 4 });
    const mark = make(svg, "g", { class: `${row.role} filled` });
    make(mark, "circle", { class: "dot", cx: x(k), cy: y(own[k]), r: 4 });
    make(mark, "title", {}, `${board.scans[k]}: ${fixed(own[k])}`);
    if (count <= 30 && !narrow) {
      make(svg, "text", { x: x(k), y: height - bottom + 16, "text-anchor": "end", transform: `rotate(-45 ${x(k)} ${height - bottom + 16})` }, tail(board.scans[k], 7));
    }
  }
  const foot = all.length > 1 ? "Scans from hard to easy; grey: range over all models." : "Scans from hard to easy.";
  make(svg, "text", { x: left, y: height - 3 }, foot);
}

/* ---- controls ---- */
function press(group, choose) {
  for (const button of $(group).querySelectorAll("button")) {
    button.addEventListener("click", () => {
      for (const other of $(group).querySelectorAll("button")) other.setAttribute("aria-pressed", String(other === button));
      choose(button.value);
      refresh();
    });
  }
}
press("metric", (value) => {
  view.metric = +value;
  view.sort = view.metric === board.primary ? "place" : board.metrics[view.metric].key;
  view.down = view.sort !== "place" && board.metrics[view.metric].higher;
});
press("role", (value) => { view.role = value; });
press("axis", (value) => { view.x = value; });
$("filter").addEventListener("input", (event) => { view.words = event.target.value.toLowerCase().trim(); refresh(); });
$("sorter").addEventListener("change", (event) => { sortBy(event.target.value); });
$("longer").addEventListener("click", () => { view.long = Infinity; refresh(); });
addEventListener("beforeprint", () => { if (board.rows.length > view.long) { view.long = Infinity; refresh(); } });
$("more").addEventListener("click", () => { view.most = Infinity; refresh(); });
function sortBy(key) {
  const m = board.metrics.find((metric) => metric.key === key);
  if (view.sort === key) view.down = !view.down;
  else { view.sort = key; view.down = Boolean(m && m.higher); }
  refresh();
}
for (const head of document.querySelectorAll("th[data-sort]")) {
  head.querySelector("button").addEventListener("click", () => sortBy(head.dataset.sort));
}
for (const row of board.rows) {
  row.tr.addEventListener("click", (event) => { if (!String(getSelection()) && !event.target.closest("a")) toggle(row); });
}
/* ---- the view in the address, so that it can be sent ---- */
const shared = { metric: Number, x: String, role: String, words: String, sort: String, down: (text) => text === "true", hide: String };
const plain = { ...view };
function remember() {
  const told = new URLSearchParams();
  for (const key in shared) if (view[key] !== plain[key]) told.set(key, view[key]);
  const text = String(told);
  if (location.hash.slice(1) !== text) history.replaceState(null, "", text ? `#${text}` : location.href.split("#")[0]);
}
function recall() {
  const told = new URLSearchParams(location.hash.slice(1));
  for (const key in shared) if (told.has(key)) view[key] = shared[key](told.get(key));
  if (!board.metrics[view.metric]) view.metric = board.primary;
  if (!keys[view.sort]) view.sort = "place";
  if (!AXES[view.x] || (view.x === "seconds" && !board.timed)) view.x = "parameters";
  for (const [group, value] of [["metric", view.metric], ["role", view.role], ["axis", view.x]]) {
    for (const button of $(group).querySelectorAll("button")) button.setAttribute("aria-pressed", String(button.value === String(value)));
  }
  $("filter").value = view.words;
}
/* ---- which columns are shown ---- */
const boxes = [...$("columns").querySelectorAll("input")];
const heads = [...document.querySelectorAll("th[data-sort]")];
function columns() {
  const gone = new Set(view.hide.split(","));
  for (const box of boxes) box.checked = !gone.has(box.value);
  heads.forEach((head, at) => {
    const out = gone.has(head.dataset.sort) && head.dataset.sort !== "model";
    if (head.hidden === out) return;
    head.hidden = out;
    for (const row of board.rows) row.tr.children[at].hidden = out;
  });
}
for (const box of boxes) {
  box.addEventListener("change", () => {
    view.hide = boxes.filter((each) => !each.checked).map((each) => each.value).join(",");
    columns();
    remember();
  });
}
$("axis").querySelector('[value="seconds"]').hidden = !board.timed;
recall();
columns();
for (const node of document.querySelectorAll("[data-live]")) node.hidden = false;
phone.addEventListener("change", refresh);
refresh();
