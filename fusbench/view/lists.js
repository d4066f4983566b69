// What stands around the player: clips, worst and best frames, the table of scores.

const APART_S = 0.5; // worst and best frames of one clip lie at least so far apart
const SHOWN = 6;

const worseFirst = (metric) => (METRIC[metric].higher ? (a, b) => a - b : (a, b) => b - a);

function clipOrder(metric, model) {
  const order = DATA.clips.map((_, at) => at);
  if (DATA.models.length) {
    const mean = (at) => DATA.clips[at].scores[model].mean[metric];
    const worse = worseFirst(metric);
    order.sort((a, b) => worse(mean(a), mean(b)));
  }
  return order;
}

function extremeFrames(metric, model, best) {
  const worse = worseFirst(metric);
  const all = DATA.clips.flatMap((clip, at) =>
    clip.scores[model].byFrame[metric].flatMap((value, frame) =>
      (value === undefined ? [] : [{ at, frame, value }])));
  all.sort((a, b) => (best ? worse(b.value, a.value) : worse(a.value, b.value)));
  const apart = APART_S * DATA.info.frame_rate_hz;
  const chosen = [];
  for (const one of all) {
    const near = chosen.some((c) => c.at === one.at && Math.abs(c.frame - one.frame) < apart);
    if (!near) chosen.push(one);
    if (chosen.length === SHOWN) break;
  }
  return chosen;
}

function listClips(list, order, state, go) {
  const values = DATA.clips.flatMap((clip) => clip.scores.map((s) => s.mean[state.metric]));
  const [low, high] = [Math.min(0, ...values), Math.max(...values)];
  list.replaceChildren(...order.map((at) => {
    const clip = DATA.clips[at];
    const bars = clip.scores.map((scores, model) => {
      const value = scores.mean[state.metric];
      const share = high > low ? (100 * (value - low)) / (high - low) : 0;
      return element("span", { class: "bar" },
        element("i", { style: `width: ${share.toFixed(1)}%; background: ${series(model)}` }),
        element("b", {}, said(`, ${METRIC[state.metric].symbol} of ${DATA.models[model].title} `), score(value)));
    });
    const head = element("span", { class: "line" }, element("span", { class: "id" }, clip.id),
      element("span", { class: "soft" }, many(clip.n, "frame")));
    const button = element("button",
      { type: "button", "aria-current": at === state.clip ? "true" : false, onclick: () => go(at) },
      head, ...bars);
    return element("li", {}, button);
  }));
  showWithin(list, list.querySelector("[aria-current]"));
}

// Scroll a list to one of its items, and nothing but the list: the page stays where it is.
function showWithin(list, item) {
  if (!item) return;
  const [outer, inner] = [list.getBoundingClientRect(), item.getBoundingClientRect()];
  list.scrollTop += Math.min(0, inner.top - outer.top) + Math.max(0, inner.bottom - outer.bottom);
  list.scrollLeft += Math.min(0, inner.left - outer.left) + Math.max(0, inner.right - outer.right);
}

// Links to the other pages, where there are several; the neighbours, the first and the last are named.
function linkPages({ at, all }) {
  if (all.length < 2) return;
  const last = all.length - 1;
  const shown = all.map((_, n) => n).filter((n) => n === 0 || n === last || Math.abs(n - at) < 2);
  const link = (n) => element("a", {
    href: encodeURIComponent(all[n].file), title: `${all[n].first} to ${all[n].last}`,
    "aria-label": `Page ${n + 1} of ${all.length}`, "aria-current": n === at ? "page" : false,
  }, String(n + 1));
  const gap = () => element("span", { class: "soft", "aria-hidden": "true" }, "…");
  byId("pages").replaceChildren(element("span", { class: "soft" }, "page"),
    ...shown.flatMap((n, k) => (k && shown[k - 1] !== n - 1 ? [gap(), link(n)] : [link(n)])));
  byId("pages").hidden = false;
}

// Who watched the clip, each in the colour of their points; nothing for a single one.
function observerKeys(clip) {
  return clip.observers.map((name, who) => element("span", { class: "key" },
    element("i", { class: "swatch", style: `background: ${observerColour(clip, who)}`, "aria-hidden": "true" }), name));
}

function listExtremes(list, found, state, go) {
  list.replaceChildren(...found.map(({ at, frame, value }) => {
    const clip = DATA.clips[at];
    const [rows, columns] = TILES.frame;
    const canvas = element("canvas", { width: 240, height: Math.round((240 * rows) / columns), "aria-hidden": "true" });
    load(clip).then((ready) => {
      const show = { mode: "both", empirical: true, gaze: false, scale: false };
      drawFrame(canvas, clip, ready, frame, state.rank, show, 1.6);
    });
    const words = element("span", { class: "about" }, element("span", { class: "id" }, clip.id),
      element("span", { class: "line" }, element("span", { class: "soft" }, `frame ${frame}`),
        element("b", {}, score(value))));
    return element("li", {}, element("button", {
      type: "button", onclick: () => go(at, frame),
      "aria-label": `${clip.id}, frame ${frame}, ${METRIC[state.metric].symbol} ${score(value)}`,
    }, canvas, words));
  }));
}

// What stands where there are too few scans for an interval.
function spread(model, key) {
  return model.n_scans === 1 ? "one scan" : model.range[key].map(score).join(" to ");
}

function fillTable(table, clip) {
  const arrow = (metric) => `${metric.symbol} ${metric.higher ? "↑" : "↓"}`;
  const head = element("tr", {}, element("th", { scope: "col" }, "model"),
    ...DATA.metrics.map((metric) => element("th", { scope: "col" }, arrow(metric))));
  const rows = DATA.models.map((model, at) => {
    const cells = DATA.metrics.map(({ key }) => {
      const { mean, low, high } = model.summary[key];
      const interval = low === null || high === null ? spread(model, key) : `${score(low)} to ${score(high)}`;
      return element("td", {}, element("b", {}, score(mean)), element("span", { class: "soft" }, interval),
        element("span", { class: "clip" }, score(clip.scores[at].mean[key])));
    });
    const name = element("th", { scope: "row" }, swatch(at), model.title);
    if (model.title !== model.name) name.append(element("span", { class: "soft" }, model.name));
    return element("tr", {}, name, ...cells);
  });
  table.replaceChildren(element("thead", {}, head), element("tbody", {}, ...rows));
}

// Words for those who do not see the page.
function said(words) {
  return element("span", { class: "visually-hidden" }, words);
}

function swatch(model) {
  return element("i", { class: "swatch", style: `background: ${series(model)}`, "aria-hidden": "true" });
}
