// Pooled axis: average <= ePool <= max, and log-sum-exp, on one axis. Log-sum-exp lies entropy / m above ePool: what the
// posterior does not know is what the free energy has on top of the expectation.
//
// options: {sentence, live}
//   sentence  "visible" (default) or "hidden"
//   live      false: the sentence is never spoken on its own
// state: only what the trace depends on
//
// Above the axis ePool and log-sum-exp, below it average and max: on each side the order never changes, so two labels
// need only keep their distance. Log-sum-exp far beyond max is drawn at the end, behind a break.

import { onArrows, voice } from "../lib/a11y.js";
import { make } from "../lib/dom.js";
import { follow, onWidth, remOf, widthOf } from "../lib/drawing.js";
import { format, number } from "../lib/numbers.js";
import { panel } from "../lib/style.js";
import { numbers, table } from "../lib/tables.js";
import { ticksOf } from "../lib/ticks.js";
import CSS from "./style.css";

// name, short name, how it is read, shape around (0, 0), which side of the axis
const METHODS = {
  average: { name: "average", shape: "M-6 0a6 6 0 1 1 12 0a6 6 0 1 1-12 0z", says: "every window alike; ePool at m = 0" },
  expectation: { name: "ePool", shape: "M0-8L8 0L0 8L-8 0z", says: "every window by its posterior" },
  max: { name: "max", shape: "M0-7L7 6H-7z", says: "the best window alone; ePool as m grows without bound" },
  logsumexp: { name: "log-sum-exp", shape: "M-6-6H6V6H-6z", says: "the log evidence of the sequence, to a constant" },
};

export default {
  async render({ model, el, host, signal }) {
    const { exports } = await host.getWidget(model.get("store"));
    const { store } = exports;
    const section = panel(el, "axis", "Pooled values", CSS);

    const svg = make("svg:svg", { "aria-hidden": "true" });
    const list = make("ul", { "aria-label": "Pooled values; left and right go from one to the next" });
    const plot = make("div", { class: "ec-axis-plot" }, svg, list);
    const labels = Object.fromEntries(Object.entries(METHODS).map(([key, method]) => {
      const shape = make("svg:svg", { class: "ec-axis-shape", viewBox: "-9 -9 18 18", "aria-hidden": "true" }, make("svg:path", { class: "ec-axis-mark", d: method.shape }));
      const value = make("span");
      const label = make("li", { class: `ec-axis-label is-${key}`, tabindex: "-1", title: method.says, "data-method": key }, make("b", {}, shape, method.name), make("small", {}, value));
      return [key, Object.assign(label, { shown: value })];
    }));
    const ORDER = ["average", "expectation", "max", "logsumexp"];
    list.append(...ORDER.map((key) => labels[key]));
    labels.expectation.tabIndex = 0;
    const facts = make("div", { class: "ec-axis-facts" });
    const warning = make("p", { class: "ec-panel-warning" });
    section.append(make("div", { class: "ec-panel-head" }, make("span", { class: "ec-panel-title" }, "One number for the sequence")), plot, facts, warning);
    const say = voice(section, model.get("options"));
    const refreshTable = numbers(section, "The numbers as a table", valuesTable);

    let at = "expectation"; // the label that the Tab key reaches
    const focus = (key) => {
      at = key;
      for (const other of ORDER) labels[other].tabIndex = other === key ? 0 : -1;
      labels[key].focus();
    };
    const there = () => ORDER.filter((key) => !labels[key].hidden);
    const toPlace = (i) => focus(there()[Math.min(Math.max(i, 0), there().length - 1)]);
    onArrows(list, (by) => toPlace(there().indexOf(at) + Math.sign(by)), (end) => toPlace(end === "first" ? 0 : Infinity));
    list.addEventListener("focusin", (event) => {
      at = event.target.dataset.method;
      ask();
    });
    list.addEventListener("focusout", () => ask());

    // numbers -----------------------------------------------------------------------------------------------------

    function measure(state, trace) {
      const isFinite = state.m > 0;
      const share = isFinite ? trace.entropy / state.m : Infinity;
      const end = isFinite ? trace.pooled + share : Infinity;
      return {
        values: { average: trace.average, expectation: trace.pooled, max: trace.maximum, logsumexp: isFinite ? trace.logSumExp : Infinity },
        entropy: trace.entropy, share, end, effective: trace.effectiveWindows,
        cells: trace.takingPart.filter(Boolean).length,
        residual: isFinite ? Math.abs(trace.logSumExp - end) : null,
        isFinite, isAll: state.mode === 0, unit: state.local_window > 1 ? "local winners" : "windows",
      };
    }

    // drawing -----------------------------------------------------------------------------------------------------

    let what = null;
    let rem = 16;
    function draw(state, trace, names) {
      warning.textContent = store.error ? `${what ? "Shown are the last values that could be computed. " : ""}${store.error}` : "";
      if (!trace || store.error || (names && what?.trace === trace && names.size && !names.has("m") && !names.has("mode"))) return;
      what = { ...measure(state, trace), trace };
      rem = remOf();
      drawAxis();
      drawFacts(state);
      tell();
      refreshTable();
    }

    /** Where values lie; beyond `last` is the end behind the break. */
    function scaleOf(width) {
      const { values, isFinite } = what;
      const span = values.max - values.average;
      const room = Math.max(span, 1e-9 * Math.max(1, Math.abs(values.max)));
      const isBroken = isFinite && values.logsumexp > values.max + 1.25 * room;
      const top = isFinite && !isBroken ? Math.max(values.logsumexp, values.max) : values.max;
      const pad = 0.08 * Math.max(top - values.average, room);
      const [low, high] = [values.average - pad, top + pad];
      const [left, right] = [1 * rem, width - 1 * rem];
      const stop = isBroken ? left + 0.62 * (right - left) : right;
      const inside = (v) => left + ((v - low) / (high - low)) * (stop - left);
      const x = (v) => (v > high + 1e-12 * Math.abs(high) ? right - 1.5 * rem : inside(v));
      return { low, high, left, right, stop, isBroken, x };
    }

    function drawAxis() {
      const width = widthOf(plot);
      const { values, isFinite, end, share, isAll } = what;
      const scale = scaleOf(width);
      const rise = (isFinite ? 6.1 : 4) * rem; // of the axis below the top
      const depth = 4.9 * rem;
      svg.setAttribute("height", rise + depth);
      plot.style.height = `${rise + depth}px`;
      svg.replaceChildren();
      const ticks = ticksOf(scale.low, scale.high, Math.max(Math.floor((scale.stop - scale.left) / (4.5 * rem)), 2));
      svg.append(make("svg:path", { class: "ec-axis-line", d: `M${scale.left} ${rise}H${scale.isBroken ? scale.stop + 4 : scale.right}` }));
      if (scale.isBroken) {
        svg.append(make("svg:path", { class: "ec-axis-line", d: `M${scale.stop + 1} ${rise + 7}l6-14m4 14l6-14M${scale.stop + 14} ${rise}H${scale.right}`, fill: "none" }));
      }
      svg.append(make("svg:path", { class: "ec-axis-tick", d: ticks.map((t) => `M${px(scale.x(t))} ${rise}v${px(0.4 * rem)}`).join("") }));
      for (const t of ticks) svg.append(make("svg:text", { x: px(scale.x(t)), y: rise + depth - 0.25 * rem, "text-anchor": "middle" }, format(Number(t.toPrecision(8)), 4)));

      // labels: two a side
      const sides = [["expectation", ...(isFinite ? ["logsumexp"] : [])], ["average", "max"]];
      labels.logsumexp.hidden = !isFinite;
      if (labels[at].hidden) [at, labels.expectation.tabIndex] = ["expectation", 0];
      for (const key of ORDER) if (Number.isFinite(values[key])) labels[key].shown.replaceChildren(number(key, values[key]));
      sides.forEach((side, below) => {
        const sizes = side.map((key) => labels[key].offsetWidth || 5 * rem);
        const places = spread(side.map((key) => scale.x(values[key])), sizes, width, 0.25 * rem);
        side.forEach((key, i) => {
          const x = scale.x(values[key]);
          const y = below ? rise + 0.62 * rem : rise - 0.62 * rem;
          const y2 = below ? rise + 1.35 * rem : rise - 1.35 * rem;
          labels[key].style.left = `${px(places[i] - sizes[i] / 2)}px`;
          labels[key].style.top = `${px(below ? y2 : y2 - 2.45 * rem)}px`;
          svg.append(
            make("svg:path", { class: `ec-axis-lead is-${key}`, d: `M${px(x)} ${rise}V${px(y)}L${px(places[i])} ${px(y2)}` }),
          );
        });
      });
      for (const key of ["logsumexp", "average", "max", "expectation"]) {
        if (!Number.isFinite(values[key])) continue;
        const dy = key === "average" || key === "max" ? 0.45 * rem : -0.45 * rem;
        svg.append(make("svg:path", { class: `ec-axis-mark is-${key}`, "data-method": key, transform: `translate(${px(scale.x(values[key]))} ${px(rise + dy)})`, d: METHODS[key].shape }));
      }
      if (!isFinite) return;
      // the bracket
      const [a, b] = [scale.x(values.expectation), scale.x(end)];
      const y = rise - 4.35 * rem;
      const text = `entropy / m = ${format(share)}`;
      const half = 0.27 * text.length * 0.875 * rem;
      const middle = Math.min(Math.max((a + b) / 2, half), width - half);
      svg.append(
        make("svg:path", { class: "ec-axis-bracket", "data-name": "bracket", d: `M${px(a)} ${y + 6}V${y}H${px(b)}v6` }),
        make("svg:text", { class: "ec-axis-name", x: px(middle), y: y - 0.4 * rem, "text-anchor": "middle" }, text),
      );
      if (!isAll && values.logsumexp - end > 1e-9) svg.append(make("svg:path", { class: "ec-axis-bracket", "data-name": "bound", d: `M${px(b)} ${rise - 6}v12` }));
    }

    function drawFacts(state) {
      const { values, effective, cells, unit, isFinite, isAll, end, entropy, residual } = what;
      const meter = make("i");
      meter.style.width = `${Math.min(100, (100 * effective) / cells)}%`;
      const lines = [
        make("span", {}, "Effective number of windows ", number("effective", effective, 3), ` of ${cells} (e to the entropy, `, number("entropy", entropy, 3), ")"),
        make("div", { class: "ec-axis-meter", "aria-hidden": "true" }, meter),
      ];
      if (!isFinite) lines.push(make("p", { class: "ec-soft" }, `At m = 0 log-sum-exp is infinite: (ln ${cells}) / 0. ePool is the average.`));
      else if (isAll) lines.push(make("p", { class: "ec-soft" }, "ePool + entropy / m = log-sum-exp, to ", number("residual", residual), ": the free energy."));
      else lines.push(make("p", { class: "ec-soft" }, "In mode 1 ePool + entropy / m = ", number("bound", end), ` stays below log-sum-exp, which counts all ${unit}.`));
      facts.replaceChildren(...lines);
    }

    // words -------------------------------------------------------------------------------------------------------

    function tell() {
      const { values, isFinite, share, effective, cells, unit } = what;
      for (const key of ORDER) labels[key].setAttribute("aria-label", `${METHODS[key].name} ${format(values[key])}: ${METHODS[key].says}`);
      const above = isFinite ? `log-sum-exp is ${format(values.logsumexp)}, ${format(share)} above ePool` : "log-sum-exp is infinite";
      const general = `ePool is ${format(values.expectation)}, between the average ${format(values.average)} and the maximum ${format(values.max)}; ${above}. About ${format(effective, 3)} of ${cells} ${unit} count.`;
      const held = list.contains(document.activeElement) ? document.activeElement.dataset.method : null;
      say(held ? `${METHODS[held].name} ${format(values[held])}: ${METHODS[held].says}.` : general);
    }

    function valuesTable() {
      if (!what) return make("p", {}, store.error);
      const { values, share, entropy, effective, end, residual, isFinite } = what;
      const cell = (name, x) => (x === null ? "\u2013" : number(name, x, 17));
      const rows = ORDER.map((key) => [METHODS[key].name, cell(`full-${key}`, values[key]), METHODS[key].says]);
      rows.push(["entropy", cell("full-entropy", entropy), "of the weights, nats"]);
      rows.push(["entropy / m", cell("full-share", share), "what ePool lacks"]);
      rows.push(["ePool + entropy / m", cell("full-bound", end), what.isAll ? "is log-sum-exp" : "at most log-sum-exp"]);
      rows.push(["difference", cell("full-residual", isFinite ? residual : null), "to log-sum-exp"]);
      rows.push(["effective windows", cell("full-effective", effective), "e to the entropy"]);
      return table("Pooled values", ["what", "value", "how it is read"], rows);
    }

    const ask = follow(store, draw, signal);
    onWidth(plot, ask, signal);
  },
};

const px = (x) => Math.round(x * 10) / 10;

/** Centres as near as can be to where they are wanted, in the same order, `gap` apart and inside [0, width]. */
function spread(wanted, sizes, width, gap) {
  const centres = wanted.map((x, i) => Math.min(Math.max(x, sizes[i] / 2), width - sizes[i] / 2));
  if (centres.length === 2) {
    const least = (sizes[0] + sizes[1]) / 2 + gap;
    const lack = least - (centres[1] - centres[0]);
    if (lack > 0) {
      const left = Math.max(centres[0] - lack / 2, sizes[0] / 2);
      centres[1] = Math.min(left + least, width - sizes[1] / 2);
      centres[0] = centres[1] - least;
    }
  }
  return centres;
}
