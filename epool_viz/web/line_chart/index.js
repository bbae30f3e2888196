// Curve: one number an iteration, as a line with points; the present one is marked, and a point can be gone to.
//
// options: {title, series, at, label, unit, go, height}
//   series  key of the state: the numbers, in their order
//   at      key of the state: the place in the series that is shown, from 0; what lies after it is drawn pale; -1 for none
//   label   what a place is called (default "iteration")
//   unit    of the numbers
//   go      key of the state that a click sets to the place of a point (default: the points are not to be clicked)
//   height  of the drawing, in rem (default 9)

import { onArrows, voice } from "../lib/a11y.js";
import { make } from "../lib/dom.js";
import { onWidth, oncePerFrame } from "../lib/drawing.js";
import { format, number } from "../lib/numbers.js";
import { panel } from "../lib/style.js";
import { numbers, table } from "../lib/tables.js";
import { ticksOf } from "../lib/ticks.js";
import CSS from "./style.css";

const MOST_POINTS = 60;

export default {
  async render({ model, el, host, signal }) {
    const { exports } = await host.getWidget(model.get("store"));
    const { store } = exports;
    const { title = "", series, at, label = "iteration", unit = "", go = null, height = 9 } = model.get("options");
    const section = panel(el, "curve", title, CSS);
    const svg = make("svg:svg", go ? { tabindex: 0, role: "slider", "aria-label": `${title}: ${label}` } : { role: "img" });
    const empty = make("p", { class: "ec-soft" }, `After the first ${label} it is drawn here.`);
    section.append(make("div", { class: "ec-panel-head" }, make("span", { class: "ec-panel-title" }, title)), make("div", { class: "ec-curve-plot" }, svg), empty);
    const say = voice(section, { live: false });
    const retable = numbers(section, "The numbers as a table", () =>
      table(title, [label, unit || "value"], values().map((y, i) => [String(i + 1), number(`value-${i}`, y, 8)])));

    const values = () => (Array.isArray(store.state[series]) ? store.state[series] : []);
    const here = () => Math.min(Number(store.state[at] ?? -1), values().length - 1);
    let place = { x: () => 0, n: 0 };
    const at1 = (x) => x.toFixed(1);

    const draw = () => {
      const [ys, now] = [values(), here()];
      svg.style.display = ys.length ? "" : "none";
      empty.hidden = ys.length > 0;
      retable();
      svg.replaceChildren();
      if (!ys.length) return;
      const rem = parseFloat(getComputedStyle(document.documentElement).fontSize) || 16;
      const width = Math.max(section.clientWidth, 8 * rem);
      const [left, right, top, bottom] = [3.4 * rem, width - 0.7 * rem, 0.6 * rem, (height - 1.6) * rem];
      const [min, max] = [Math.min(...ys), Math.max(...ys)];
      const pad = 0.06 * (max - min || Math.abs(max) || 1);
      const [low, high] = [min - pad, max + pad];
      const x = (i) => left + (ys.length > 1 ? (i / (ys.length - 1)) * (right - left) : (right - left) / 2);
      const y = (v) => bottom - ((v - low) / (high - low)) * (bottom - top);
      place = { x, n: ys.length };
      svg.setAttribute("viewBox", `0 0 ${width} ${height * rem}`);
      svg.setAttribute("height", height * rem);
      for (const tick of ticksOf(low, high, 4)) {
        svg.append(make("svg:path", { class: "ec-curve-grid", d: `M${at1(left)} ${at1(y(tick))}H${at1(right)}` }),
          make("svg:text", { x: left - 6, y: at1(y(tick) + 0.26 * rem), "text-anchor": "end" }, format(tick)));
      }
      for (const tick of ticksOf(1, Math.max(ys.length, 2), Math.max(Math.floor((right - left) / (4 * rem)), 1)).filter((k) => Number.isInteger(k) && k <= ys.length)) {
        svg.append(make("svg:text", { x: at1(x(tick - 1)), y: at1(bottom + 1.1 * rem), "text-anchor": "middle" }, String(tick)));
      }
      const path = (from, to) => ys.slice(from, to + 1).map((v, i) => `${i ? "L" : "M"}${at1(x(from + i))} ${at1(y(v))}`).join("");
      if (now > 0) svg.append(make("svg:path", { class: "ec-curve-line", d: path(0, now) }));
      if (now < ys.length - 1) svg.append(make("svg:path", { class: "ec-curve-line is-later", d: path(Math.max(now, 0), ys.length - 1) }));
      if (ys.length <= MOST_POINTS) {
        ys.forEach((v, i) => svg.append(make("svg:circle", { class: `ec-curve-point${i > now ? " is-later" : ""}`, cx: at1(x(i)), cy: at1(y(v)), r: 3 })));
      }
      if (now >= 0) svg.append(make("svg:circle", { class: "ec-curve-here", cx: at1(x(now)), cy: at1(y(ys[now])), r: 6 }));
      tell(ys, now);
    };
    const tell = (ys, now) => {
      const rise = now > 0 ? `, ${format(ys[now] - ys[now - 1], 3)} more than before` : "";
      const sentence = now >= 0 ? `${label[0].toUpperCase()}${label.slice(1)} ${now + 1} of ${ys.length}: ${format(ys[now], 6)} ${unit}${rise}.` : `${ys.length} ${label}s.`;
      say(sentence);
      if (go) {
        const attributes = { "aria-valuemin": 1, "aria-valuemax": ys.length, "aria-valuenow": Math.max(now, 0) + 1, "aria-valuetext": sentence };
        for (const [name, value] of Object.entries(attributes)) svg.setAttribute(name, value);
      } else svg.setAttribute("aria-label", `${title}. ${sentence}`);
    };
    const choose = (i) => {
      if (!go || !place.n) return;
      store.set({ [go]: Math.min(Math.max(i, 0), place.n - 1) });
      store.flush();
    };
    if (go) {
      svg.addEventListener("click", (event) => {
        const box = svg.getBoundingClientRect();
        const scale = (svg.viewBox.baseVal.width || box.width) / box.width;
        const px = (event.clientX - box.left) * scale;
        let best = 0;
        for (let i = 1; i < place.n; i++) if (Math.abs(place.x(i) - px) < Math.abs(place.x(best) - px)) best = i;
        choose(best);
      });
      onArrows(svg, (by) => choose(here() + by), (end) => choose(end === "first" ? 0 : place.n - 1));
    }
    const later = oncePerFrame(draw);
    onWidth(section, later, signal);
    draw();
    const off = store.on((state, trace, changed) => {
      if (changed.includes(series) || changed.includes(at)) later();
    });
    signal.addEventListener("abort", off);
    return off;
  },
};
