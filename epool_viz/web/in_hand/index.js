// In hand: what the visitor takes along from one dashboard to the next, a sequence, a kernel and m, kept for this tab.
//
// Python says what its dashboard shows (`hand` of the state). A part that changes is kept; a dashboard that opens without
// a state in its address is told what is kept, and takes over what it can use. What is kept stands in the page's head, and
// can be put down there.
//
// options: {slot, first, m, own}
//   own    scenes of the story that show this dashboard's own data: what is in hand waits while one is open
//   slot   place in the page's head where it stands; where the page has none, as in a notebook, nothing is kept
//   m      true: the `m` of the state goes along
//   first  what putting it down brings back: names of the state and their values

import { make } from "../lib/dom.js";
import { openScene } from "../lib/guide.js";
import { RESET, afterChange, keep, kept, wordsOf } from "../lib/hand.js";
import { dress, placed } from "../lib/style.js";
import CSS from "./style.css";

/** @typedef {import("../lib/hand.js").Hand} Hand */
/** @typedef {ReturnType<typeof begin>} InHand */

/** @typedef {{ slot?: string, first?: Patch, m?: boolean, own?: string[] }} Options */

/** @type {(state: State, options: Options, changed?: string[]) => Hand} */
const handOf = (state, options, changed = ["hand", "m"]) => ({
  ...(changed.includes("hand") ? state.hand : {}),
  ...(options.m && changed.includes("m") ? { m: state.m } : {}),
});

/**
 * @param {HTMLElement} root
 * @param {Store} store
 * @param {Options} options
 */
function begin(root, store, options) {
  const { first = {}, own = [] } = options;
  dress(root, "in-hand", CSS);
  const atFirst = handOf(store.state, options);
  const putDown = () => {
    document.dispatchEvent(new CustomEvent(RESET, { detail: { isUndone: false } }));
    store.set(first);
  };
  const text = make("span", {});
  const button = make("button", { type: "button", "aria-label": "Put down what is in hand", title: "Put it down", onclick: putDown }, "×");
  const box = make("div", { class: "ec-in-hand-box", hidden: true }, text, button);
  root.append(box);
  return { store, own, atFirst, shown: atFirst, before: { held: /** @type {Hand} */ ({}), shown: atFirst }, isTelling: false, text, box };
}

/** @param {InHand} inHand */
function draw({ text, box }) {
  text.textContent = box.title = wordsOf(kept());
  box.hidden = !box.title;
}

/** @type {(inHand: InHand, now: Hand) => void} */
function follow(inHand, now) {
  if (inHand.isTelling) return;
  keep(afterChange(kept(), inHand.shown, now));
  inHand.shown = { ...inHand.shown, ...now };
  draw(inHand);
}

/** @type {(inHand: InHand, isUndone: boolean) => void} */
function forget(inHand, isUndone) {
  const [held, shown] = [kept(), inHand.shown];
  keep(isUndone ? inHand.before.held : {});
  inHand.shown = isUndone ? inHand.before.shown : inHand.atFirst; // which is what the state becomes next
  inHand.before = { held, shown };
  draw(inHand);
}

/** @param {InHand} inHand */
function tellPython(inHand) {
  const held = kept();
  const scene = /^#scene=([\w-]+)/.exec(location.hash)?.[1] ?? openScene();
  if (!Object.keys(held).length || /[#&]state=/.test(location.hash) || inHand.own.includes(String(scene))) return;
  inHand.isTelling = true;
  inHand.store.set({ hand: held });
  inHand.isTelling = false;
}

export default {
  /** @param {Context} context */
  async render({ model, el, host, signal }) {
    const { exports } = await host.getWidget(model.get("store"));
    /** @type {Options} */
    const options = model.get("options");
    const root = placed(el, options.slot, signal);
    if (root === el) {
      el.hidden = true; // there is nothing to see of it
      return undefined;
    }
    const inHand = begin(root, exports.store, options);
    document.addEventListener(RESET, (event) => forget(inHand, /** @type {CustomEvent} */ (event).detail.isUndone), { signal });
    const off = exports.store.on((state, _, changed) => {
      if (changed.includes("hand") || changed.includes("m")) follow(inHand, handOf(state, options, changed));
    });
    tellPython(inHand);
    draw(inHand);
    signal.addEventListener("abort", off);
    return off;
  },
};
