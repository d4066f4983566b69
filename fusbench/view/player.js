// The player: one state, changed by keys, slider, chart and lists, drawn after each change.

const SPEEDS = [0.1, 0.25, 0.5, 1, 2];
const MODES = ["both", "colour", "outline", "off"];
const LAYERS = [
  ["empirical", "empirical", "Half of the empirical map's mass, outlined (e)"],
  ["gaze", "gaze", "Gaze points, and the path of the last frames (g)"],
  ["scale", "same scale", "Colours share one scale: flat maps look flat (s)"],
];
const hasModels = DATA.models.length > 0;
const state = {
  clip: 0, frame: 0, metric: DATA.metrics[0].key, rank: 0, playing: false, speed: 1,
  show: { mode: "both", empirical: true, gaze: true, scale: false },
};
let ready = null; // the clip's pictures, once decoded
let scale = null; // the chart's
let panels = [];

const clipNow = () => DATA.clips[state.clip];
const clamp = (frame) => Math.max(0, Math.min(clipNow().n - 1, frame));

// ---- drawing ---------------------------------------------------------------------------------

function makePanels() {
  const models = hasModels ? DATA.models : [{ title: "Gaze", name: "" }];
  const [rows, columns] = TILES.frame;
  panels = models.map((model, at) => {
    const canvas = element("canvas", { role: "img", style: `aspect-ratio: ${columns} / ${rows}` });
    const scores = element("dl");
    const name = element("h3", {}, ...(hasModels ? [swatch(at)] : []), model.title);
    const panel = element("article", { class: "panel" }, canvas, element("div", { class: "caption" }, name, scores));
    return { panel, canvas, scores, model: hasModels ? at : -1, title: model.title };
  });
  byId("panels").replaceChildren(...panels.map(({ panel }) => panel));
  byId("panels").dataset.n = Math.min(panels.length, 4);
  const sizes = new ResizeObserver(() => { fit(); redraw(); });
  panels.forEach(({ canvas }) => sizes.observe(canvas));
  sizes.observe(byId("chart"));
}

function fit() {
  for (const { canvas } of panels) {
    const dots = Math.max(window.devicePixelRatio || 1, 1);
    const width = Math.round(canvas.clientWidth * dots);
    const height = Math.round((width * TILES.frame[0]) / TILES.frame[1]);
    if (width && canvas.width !== width) Object.assign(canvas, { width, height });
  }
}

function drawPanels() {
  const clip = clipNow();
  for (const { canvas, scores, model, title } of panels) {
    const unit = Math.max(1, canvas.width / 420);
    if (ready) drawFrame(canvas, clip, ready, state.frame, model, state.show, unit);
    if (model < 0) { canvas.setAttribute("aria-label", `${clip.id}, frame ${state.frame}`); continue; }
    const found = DATA.metrics.map((m) => [m, clip.scores[model].byFrame[m.key][state.frame]]);
    scores.replaceChildren(...found.map(([metric, value]) =>
      element("div", { class: metric.key === state.metric ? "chosen" : "" },
        element("dt", {}, metric.symbol), element("dd", {}, score(value)))));
    const words = found.map(([metric, value]) => `${metric.symbol} ${score(value)}`).join(", ");
    canvas.setAttribute("aria-label", `${title}, ${clip.id}, frame ${state.frame}: ${words}`);
  }
}

function redraw() {
  const clip = clipNow();
  if (hasModels || clip.segments.length) scale = drawChart(byId("chart"), clip, state.metric);
  drawFrameState();
}

function drawFrameState() {
  const clip = clipNow();
  const seconds = state.frame / DATA.info.frame_rate_hz;
  drawPanels();
  if (scale) drawCursor(clip, state.metric, state.frame, scale);
  byId("slider").value = state.frame;
  const words = `frame ${state.frame} / ${clip.n - 1}, ${seconds.toFixed(2)} s`;
  byId("counter").textContent = words;
  byId("slider").setAttribute("aria-valuetext", words);
  const segment = clip.segments.find(([first, last]) => first <= state.frame && state.frame <= last);
  const lost = clip.gaze[state.frame].length === 0;
  byId("segment").textContent = [segment ? segment[2] : "", lost ? "no gaze" : ""].filter(Boolean).join(", ");
  byId("segment").hidden = !byId("segment").textContent;
}

function drawLists() {
  const metric = METRIC[state.metric];
  const order = clipOrder(state.metric, state.rank);
  listClips(byId("clips"), order, state, goClip);
  const { n_clips: total, split } = DATA.info;
  byId("clip-count").textContent = `${order.length} of ${total}${hasModels ? ", worst first" : ""}`;
  byId("clip-count").title = `${split} split`;
  for (const button of byId("metrics").children) {
    button.setAttribute("aria-pressed", String(button.value === state.metric));
  }
  if (!hasModels) return;
  const part = DATA.pages?.all.length > 1 ? ", on this page" : "";
  const by = `by ${metric.symbol} of ${DATA.models[state.rank].title}${part}`;
  byId("worst-by").textContent = by;
  byId("best-by").textContent = by;
  listExtremes(byId("worst"), extremeFrames(state.metric, state.rank, false), state, goClip);
  listExtremes(byId("best"), extremeFrames(state.metric, state.rank, true), state, goClip);
  fillTable(byId("table"), clipNow());
  byId("legend").replaceChildren(
    element("b", {}, metric.symbol + (metric.unit ? ` in ${metric.unit}` : "")),
    ` a frame, ${metric.higher ? "higher" : "lower"} is better `,
    ...DATA.models.map((model, at) => element("span", { class: "key" }, swatch(at), model.title)),
  );
}

// ---- going about -----------------------------------------------------------------------------

function goFrame(frame, keep = false) {
  if (!keep) play(false);
  state.frame = clamp(frame);
  drawFrameState();
  if (!state.playing) history.replaceState(null, "", `#${encodeURIComponent(clipNow().id)}/${state.frame}`);
}

async function goClip(at, frame = 0) {
  const clip = DATA.clips[at];
  play(false);
  state.clip = at;
  ready = null;
  byId("clip-name").textContent = clip.id;
  const cut = clip.n < clip.whole ? `first ${clip.n} of ${many(clip.whole, "frame")}` : many(clip.n, "frame");
  byId("clip-facts").replaceChildren(`scan ${clip.scan}, ${cut}`, ...observerKeys(clip));
  byId("slider").max = clip.n - 1;
  state.frame = clamp(frame);
  drawLists();
  const found = await load(clip);
  if (state.clip !== at) return; // another clip was chosen meanwhile
  ready = found;
  redraw();
  goFrame(frame);
}

function goExtreme(best) {
  if (!hasModels) return;
  const worse = worseFirst(state.metric);
  const column = clipNow().scores[state.rank].byFrame[state.metric];
  const frames = column.flatMap((value, frame) => (value === undefined ? [] : [frame]));
  frames.sort((a, b) => worse(column[a], column[b]));
  if (frames.length) goFrame(best ? frames[frames.length - 1] : frames[0]);
}

function stepClip(by) {
  const order = clipOrder(state.metric, state.rank);
  const next = order[order.indexOf(state.clip) + by];
  if (next !== undefined) goClip(next);
}

let begun = null; // time and frame at which playing began

function play(on) {
  if (state.playing === on) return;
  state.playing = on;
  document.body.classList.toggle("playing", on);
  byId("play").setAttribute("aria-label", on ? "Pause" : "Play");
  begun = null;
  if (on) requestAnimationFrame(tick);
  else if (ready) goFrame(state.frame, true);
}

function tick(now) {
  if (!state.playing) return;
  if (!begun) begun = { now, frame: state.frame >= clipNow().n - 1 ? 0 : state.frame };
  const passed = ((now - begun.now) / 1000) * DATA.info.frame_rate_hz * state.speed;
  const frame = (begun.frame + Math.floor(passed)) % clipNow().n;
  if (frame !== state.frame) goFrame(frame, true);
  requestAnimationFrame(tick);
}

function setMetric(key) { state.metric = key; drawLists(); redraw(); }
function setMode(mode) { state.show.mode = mode; byId("mode").value = mode; drawPanels(); }
function setSpeed(speed) { state.speed = speed; byId("speed").value = speed; begun = null; }

function toggle(layer) {
  state.show[layer] = !state.show[layer];
  byId(`layer-${layer}`).setAttribute("aria-pressed", String(state.show[layer]));
  drawPanels();
}

function toggleTheme() {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
}

const after = (list, one, by) => list[Math.max(0, Math.min(list.length - 1, list.indexOf(one) + by))];
const KEYS = {
  " ": () => play(!state.playing),
  ArrowLeft: (event) => goFrame(state.frame - (event.shiftKey ? 10 : 1)),
  ArrowRight: (event) => goFrame(state.frame + (event.shiftKey ? 10 : 1)),
  Home: () => goFrame(0),
  End: () => goFrame(clipNow().n - 1),
  ArrowUp: () => stepClip(-1),
  ArrowDown: () => stepClip(1),
  w: () => goExtreme(false),
  b: () => goExtreme(true),
  m: () => {
    const keys = DATA.metrics.map(({ key }) => key);
    setMetric(keys[(keys.indexOf(state.metric) + 1) % keys.length]);
  },
  p: () => setMode(MODES[(MODES.indexOf(state.show.mode) + 1) % MODES.length]),
  e: () => toggle("empirical"),
  g: () => toggle("gaze"),
  s: () => toggle("scale"),
  "<": () => setSpeed(after(SPEEDS, state.speed, -1)),
  ">": () => setSpeed(after(SPEEDS, state.speed, 1)),
  t: toggleTheme,
  "?": () => byId("keys").showModal(),
};

const SCROLLING = new Set(["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End", " "]);

function onKey(event) {
  const act = KEYS[event.key];
  const inside = event.target.closest("select, dialog, button");
  const typing = inside && (inside.tagName !== "BUTTON" || event.key === " ");
  const scrolls = event.target.matches(".scroll, #clips") && SCROLLING.has(event.key);
  if (!act || typing || scrolls || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  act(event);
}

// ---- the beginning ---------------------------------------------------------------------------

function words() {
  const { info, signature } = DATA;
  const [rows, columns] = info.frame_shape;
  byId("name").textContent = `${info.name} ${info.version}`;
  byId("kind").textContent = info.synthetic ? "synthetic data" : "recorded data";
  byId("facts").textContent = `${info.split} split, ${many(info.n_clips, "clip")}, ${columns} × ${rows} pixels, `
    + `${info.frame_rate_hz} frames a second, gaze at ${info.gaze_rate_hz} Hz`;
  const percent = `${Math.round(100 * DATA.mass)} %`;
  const several = DATA.clips.some(({ observers }) => observers.length);
  byId("how").textContent = `Yellow: ${several ? "" : "gaze points, and "}the smallest region that holds `
    + `${percent} of the empirical map (Gaussians of ${info.sigma_px} pixels at the gaze). `
    + (several ? "Gaze points have the colour of who looked. " : "")
    + (hasModels ? `White: the same of the predicted map; colour shows its values, strongest at its peak. `
      + `Predicted maps are kept here at ${TILES.map[1]} × ${TILES.map[0]} pixels and 8 bits, for looking only: `
      + "scores were computed from the whole maps." : "");
  byId("source").textContent = [info.citation !== "none" && info.citation, info.licence && `Licence: ${info.licence}`,
    hasModels && `Scores: ${signature}`].filter(Boolean).join(". ");
  byId("summary-note").textContent = hasModels ? `Mean over ${many(DATA.models[0].n, "scored frame")} of the split, `
    + (Object.values(DATA.models[0].summary).some(({ low }) => low !== null) ? "its 95 % interval resampled by scan, "
      : DATA.models[0].n_scans > 1 ? `the range of ${DATA.models[0].n_scans} scans, too few for an interval, ` : "")
    + "and the mean of the clip shown." : "";
}

function controls() {
  byId("metrics").replaceChildren(...DATA.metrics.map(({ key, symbol }) =>
    element("button", { type: "button", value: key, onclick: () => setMetric(key) }, symbol)));
  byId("rank").replaceChildren(...DATA.models.map(({ title }, at) => element("option", { value: at }, title)));
  byId("rank").addEventListener("change", (event) => { state.rank = Number(event.target.value); drawLists(); });
  byId("mode").addEventListener("change", (event) => setMode(event.target.value));
  byId("layers").replaceChildren(...LAYERS.filter(([layer]) => hasModels || layer !== "scale").map(([layer, name, title]) =>
    element("button", { type: "button", id: `layer-${layer}`, title, "aria-pressed": String(state.show[layer]), onclick: () => toggle(layer) }, name)));
  byId("speed").replaceChildren(...SPEEDS.map((speed) => element("option", { value: speed }, `${speed}×`)));
  byId("speed").value = state.speed;
  byId("speed").addEventListener("change", (event) => setSpeed(Number(event.target.value)));
  byId("play").addEventListener("click", () => play(!state.playing));
  byId("back").addEventListener("click", () => goFrame(state.frame - 1));
  byId("forth").addEventListener("click", () => goFrame(state.frame + 1));
  byId("slider").addEventListener("input", (event) => goFrame(Number(event.target.value)));
  byId("theme").addEventListener("click", toggleTheme);
  byId("ask").addEventListener("click", () => byId("keys").showModal());
  const chart = byId("chart");
  const seek = (event) => goFrame(scale.frame(event.clientX - chart.getBoundingClientRect().left));
  chart.addEventListener("pointerdown", (event) => { chart.setPointerCapture(event.pointerId); seek(event); });
  chart.addEventListener("pointermove", (event) => { if (event.buttons) seek(event); });
  document.addEventListener("keydown", onKey);
  for (const id of ["metrics", "rank-label", "mode-label", "extremes", "summary"]) byId(id).hidden = !hasModels;
  byId("rank-label").hidden = DATA.models.length < 2;
  byId("chart-figure").hidden = !hasModels && !DATA.clips.some(({ segments }) => segments.length);
}

function begin() {
  words();
  if (DATA.pages) linkPages(DATA.pages);
  controls();
  makePanels();
  const [id, frame] = decodeURIComponent(location.hash.slice(1)).split("/");
  const named = DATA.clips.findIndex((clip) => clip.id === id);
  if (named >= 0) { goClip(named, Number(frame) || 0); return; }
  const worst = hasModels ? extremeFrames(state.metric, state.rank, false)[0] : null;
  if (worst) goClip(worst.at, worst.frame);
  else goClip(clipOrder(state.metric, state.rank)[0]);
}

begin();
