// Choice: one of a few values of the state, or on and off; native elements, named.
//
// options: {key, label, kind, choices, help, when}
//   kind     "radio" (default), "select" or "checkbox"
//   choices  [{value, label, note}]; of a checkbox [off, on] (default false and true). A value may be a list.
//   help     a sentence under it
//   when     {key, is} or {key, not}: shown only where that holds

import { make } from "../lib/dom.js";
import { oncePerFrame } from "../lib/drawing.js";
import { holds } from "../lib/steps.js";
import { dress } from "../lib/style.js";
import CSS from "./style.css";

export default {
  /** @param {Context} context */
  async render({ model, el, host, signal }) {
    const { exports } = await host.getWidget(model.get("store"));
    const { store } = exports;
    /** @type {{ key: string, label: string, kind?: "radio" | "select" | "checkbox", help?: string, when?: When }} */
    const { key, label, kind = "radio", help, when } = model.get("options");
    /** @type {{ value: unknown, label?: string, note?: string }[]} */
    const choices = model.get("options").choices ?? [{ value: false }, { value: true }];
    dress(el, "choice", CSS);

    const id = `ec-choice-${key}-${Math.random().toString(36).slice(2, 8)}`;
    const described = help || choices.some((choice) => choice.note) ? `${id}-help` : null;
    const note = make("p", { class: "ec-soft", id: described });
    const same = (/** @type {unknown} */ a, /** @type {unknown} */ b) => JSON.stringify(a) === JSON.stringify(b);
    const place = () => choices.findIndex((choice) => same(choice.value, store.state[key]));
    const take = (/** @type {number} */ i) => store.set({ [key]: choices[i].value });
    const show = { radio, select, checkbox }[kind]();

    function radio() {
      const inputs = choices.map((choice, i) =>
        make("input", { type: "radio", name: id, value: i, onchange: () => take(i) }));
      const labels = choices.map((choice, i) => make("label", {}, inputs[i], choice.label));
      el.append(make("fieldset", { "aria-describedby": described }, make("legend", {}, label), make("div", { class: "ec-row" }, labels)));
      return (/** @type {number} */ i) => inputs.forEach((input, k) => (input.checked = k === i));
    }
    function select() {
      const menu = make("select", { id, "aria-describedby": described, onchange: () => take(Number(menu.value)) },
        choices.map((choice, i) => make("option", { value: i }, choice.label)));
      el.append(make("div", { class: "ec-row" }, make("label", { for: id, class: "ec-choice-name" }, label), menu));
      return (/** @type {number} */ i) => (menu.value = String(i));
    }
    function checkbox() {
      const box = make("input", { type: "checkbox", "aria-describedby": described, onchange: () => take(Number(box.checked)) });
      el.append(make("label", { class: "ec-choice-switch" }, box, make("span", {}, label)));
      return (/** @type {number} */ i) => (box.checked = i === 1);
    }
    if (described) el.append(note);

    const draw = () => {
      const i = place();
      el.hidden = !holds(when, store.state);
      show(i);
      note.textContent = [help, choices[i]?.note].filter(Boolean).join(" ");
    };
    const later = oncePerFrame(draw);
    draw();
    const off = store.on((state, trace, changed) => {
      if (changed.includes(key) || (when && changed.includes(when.key))) later();
    });
    signal.addEventListener("abort", off);
    return off;
  },
};
