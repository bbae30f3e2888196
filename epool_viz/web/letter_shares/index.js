// Shares: one number a letter, which together make 1, typed by hand. What is typed is scaled to the sum 1.
//
// options: {key, label, when}
//   key    of the state: a list, one share a letter of `alphabet`
//   label  of the group
//   when   {key, is} or {key, not}: shown only where that holds

import { make } from "../lib/dom.js";
import { oncePerFrame } from "../lib/drawing.js";
import { shareOut, sum } from "../lib/maths.js";
import { holds } from "../lib/steps.js";
import { dress } from "../lib/style.js";
import CSS from "./style.css";

const LEAST = 1e-4;

export default {
  /** @param {Context} context */
  async render({ model, el, host, signal }) {
    const { exports } = await host.getWidget(model.get("store"));
    const { store } = exports;
    const { key, label, when } = model.get("options");
    dress(el, "shares", CSS);

    const id = `ec-shares-${Math.random().toString(36).slice(2, 8)}`;
    const said = make("p", { class: "ec-soft", id, role: "status" });
    const boxes = [...store.state.alphabet].map((letter) =>
      make("input", { type: "text", inputmode: "decimal", class: "ec-box", "aria-label": `share of ${letter}`, "aria-describedby": id, oninput: () => take() }));
    const names = [...store.state.alphabet].map((letter, i) => make("label", {}, letter, boxes[i]));
    el.append(make("fieldset", {}, make("legend", {}, label), make("div", { class: "ec-row" }, names)), said);

    const numberIn = (/** @type {HTMLInputElement} */ box) => (box.value.trim() === "" ? NaN : Number(box.value.replace(",", ".")));
    function take() {
      const typed = boxes.map(numberIn);
      const isGood = typed.map((x) => Number.isFinite(x) && x > 0);
      boxes.forEach((box, i) => box.setAttribute("aria-invalid", String(!isGood[i])));
      said.classList.toggle("ec-warning", !isGood.every(Boolean));
      if (!isGood.every(Boolean)) {
        const i = isGood.indexOf(false);
        said.textContent = `The share of ${store.state.alphabet[i]} is ${boxes[i].value.trim() || "empty"}; accepted: a number above 0.`;
        return;
      }
      const total = sum(typed);
      const shares = shareOut(typed);
      if (Math.min(...shares) < LEAST) {
        said.classList.add("ec-warning");
        said.textContent = `One share is below ${LEAST} of the sum; accepted: at least that.`;
        return;
      }
      said.textContent = Math.abs(total - 1) < 1e-9 ? "" : `They sum to ${Number(total.toPrecision(4))}; scaled to 1.`;
      store.set({ [key]: shares });
    }
    const draw = () => {
      el.hidden = !holds(when, store.state);
      if (el.contains(document.activeElement)) return; // what is being typed is left alone
      const shares = store.state[key];
      boxes.forEach((box, i) => {
        box.value = String(Number(shares[i].toPrecision(4)));
        box.setAttribute("aria-invalid", "false");
      });
      said.textContent = "";
    };
    const later = oncePerFrame(draw);
    el.addEventListener("focusout", later, { signal });
    draw();
    const off = store.on((state, trace, changed) => {
      if (changed.includes(key) || changed.includes(when?.key)) later();
    });
    signal.addEventListener("abort", off);
    return off;
  },
};
