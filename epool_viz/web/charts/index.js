// Charts of runs, drawn by plotly.js. Its megabytes and the figure come from Python once the charts are near the screen.
//
// messages: the page sends {get: "charts"}; Python answers {figure, library: true} with plotly.js, gzipped, as a buffer, and sends
//           {figure} whenever there is another one, or {error: sentence}
//   figure  {data, layout}, as plotly takes them
// options: {label, height}
//   height  in pixels: of the place that is kept until the charts are there
// state: nothing is read and nothing is set

import { make } from "../lib/dom.js";
import { dress } from "../lib/style.js";
import CSS from "./style.css";

/** @typedef {{ react: (place: HTMLElement, data: object[], layout: object, config: object) => Promise<unknown>, purge: (place: HTMLElement) => void }} Plotly */
/** @typedef {{ data: { meta: string }[], layout: object }} Figure */

const NEAR = "100px"; // of the screen's edge
// without the button that would upload the charts to a server of plotly's, and those that mark points for nobody
const CONFIG = { responsive: true, displaylogo: false, showSendToCloud: false, modeBarButtonsToRemove: ["select2d", "lasso2d"] };

/**
 * The library as a module of its own: it is written for CommonJS, AMD and `window`.
 *
 * @param {DataView} packed
 * @returns {Promise<Plotly>}
 */
async function unpacked(packed) {
  const bytes = new Blob([/** @type {DataView<ArrayBuffer>} */ (packed)]).stream().pipeThrough(new DecompressionStream("gzip"));
  const text = await new Response(bytes).text();
  const head = "const module = { exports: {} }, exports = module.exports, define = undefined;\n";
  const url = URL.createObjectURL(new Blob([head, text, "\nexport default module.exports;"], { type: "text/javascript" }));
  try {
    return (await import(url)).default;
  } finally {
    URL.revokeObjectURL(url);
  }
}

/**
 * Call `then` once, when an element is near the screen.
 *
 * @param {HTMLElement} element
 * @param {() => void} then
 * @param {AbortSignal} signal
 */
function onceNear(element, then, signal) {
  const watch = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    watch.disconnect();
    then();
  }, { rootMargin: NEAR });
  watch.observe(element);
  signal.addEventListener("abort", () => watch.disconnect());
}

export default {
  /** @param {Context} context */
  render({ model, el, signal }) {
    const { label, height } = model.get("options");
    const place = make("div", { class: "ec-charts", role: "group", "aria-label": label, style: `min-height: ${height}px` });
    const said = make("p", { class: "ec-soft", role: "status" });
    dress(place, "charts", CSS);
    el.append(said, place);
    let plotly = /** @type {Promise<Plotly> | null} */ (null);
    let latest = /** @type {Figure | null} */ (null);
    let drawn = "";
    let drawing = /** @type {Promise<void>} */ (Promise.resolve());
    const fail = (/** @type {unknown} */ error) => { said.textContent = `The charts could not be loaded: ${error}`; };
    const draw = async () => {
      const library = await plotly;
      if (!library || !latest || signal.aborted) return;
      const { data, layout } = latest;
      latest = null;
      const lines = data.map(({ meta }) => meta).join();
      if (drawn && lines !== drawn) library.purge(place); // it tells lines apart by their place in the list
      drawn = lines;
      said.textContent = "";
      place.style.minHeight = "";
      await library.react(place, data, layout, CONFIG);
    };
    const hear = (/** @type {Message} */ { figure, library, error }, /** @type {DataView[]} */ buffers) => {
      if (error) return fail(error);
      if (library) plotly ??= unpacked(buffers[0]);
      latest = figure;
      drawing = drawing.then(draw).catch(fail); // one after the other
    };
    model.on("msg:custom", hear);
    signal.addEventListener("abort", () => {
      model.off("msg:custom", hear);
      plotly?.then((library) => library.purge(place), () => {});
    });
    onceNear(place, () => {
      said.textContent = "Loading the charts.";
      model.send({ get: "charts" });
    }, signal);
  },
};
