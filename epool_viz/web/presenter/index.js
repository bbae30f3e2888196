// Presenter: the picture large, the head out of sight, the keys of a clicker, and notes for the speaker in another window.
//
// options: {title, line, notes: {say: [text], ask: [text], beware}}
// state: present (true, or null), which a link carries; this tab remembers it from one dashboard to the next
//
// Page Down and Page Up, which a clicker sends, press what leads on and back: the first of `[data-ep-next]` and
// `[data-ep-back]`, those of the story before those of the page. B or "." makes the screen black. Escape ends it.

import { make } from "../lib/dom.js";
import { SCENE } from "../lib/guide.js";
import { dress } from "../lib/style.js";
import { NOTES, fillNotes, linesOf } from "./notes.js";
import { bestOf, SIZES, suits } from "./sizes.js";
import CSS from "./style.css";

/** @typedef {import("./notes.js").Speaking} Speaking */
/** @typedef {ReturnType<typeof begin>} Presenter */

const KEY = "epool-present"; // of this tab
const [STILL, LONGEST] = [4, 1000]; // frames in which a picture does not change, and milliseconds that it may take
const HEAD = 140; // pixels from the top in which the head stays that has been asked for
const TYPING = "input, select, textarea, [contenteditable]";
const page = document.documentElement;

/** @returns {boolean} */
function isRemembered() {
  try {
    return sessionStorage.getItem(KEY) === "1";
  } catch {
    return false;
  }
}

/** @param {boolean} isOn */
function remember(isOn) {
  try {
    if (isOn) sessionStorage.setItem(KEY, "1");
    else sessionStorage.removeItem(KEY);
  } catch {
    // forbidden: it ends with this page
  }
}

/**
 * @param {Store} store
 * @param {Speaking} speaking
 */
function begin(store, speaking) {
  const button = (/** @type {string} */ text, /** @type {() => void} */ onclick) => make("button", { type: "button", onclick }, text);
  const channel = new BroadcastChannel(NOTES);
  const tools = make("section", { class: "ec-presenter-tools", "aria-label": "presenting" });
  const black = make("div", { class: "ec-presenter-black", hidden: true });
  const presenter = { store, speaking, channel, tools, black, isOn: false, size: "", scene: /** @type {import("./notes.js").Scene | null} */ (null), runs: 0 };
  tools.append(
    button("Notes for the speaker", () => openNotes(presenter)),
    button("End (Esc)", () => store.set({ present: null })),
  );
  document.body.append(tools, black);
  for (const part of [tools, black]) dress(part, "presenter", CSS);
  return presenter;
}

// the size of the text ----------------------------------------------------------------------------------------------

/** Top and height of the picture on the page, as shares of the window's height. */
function pictureNow() {
  const box = document.querySelector(".ep-picture")?.getBoundingClientRect();
  return box ? { top: (box.top + scrollY) / innerHeight, height: box.height / innerHeight } : { top: 0, height: 0 };
}

/** The same once it has stood still for some frames: components draw after the page. */
const pictureAtRest = () => new Promise((/** @type {(picture: { top: number, height: number }) => void} */ done) => {
  const until = performance.now() + LONGEST;
  const look = (/** @type {number} */ height, /** @type {number} */ still) => requestAnimationFrame(() => {
    const now = pictureNow();
    if (still === STILL || performance.now() > until) done(now);
    else look(now.height, now.height === height ? still + 1 : 0);
  });
  look(NaN, 0);
});

/**
 * Enlarge the text as far as the picture allows; a later call ends an earlier one.
 *
 * @param {Presenter} presenter
 */
async function enlarge(presenter) {
  const run = ++presenter.runs;
  /** @type {import("./sizes.js").Tried[]} */
  const tried = [];
  page.toggleAttribute("data-ep-sizing", true);
  for (const size of SIZES) {
    page.style.fontSize = `${size}%`;
    const picture = await pictureAtRest();
    if (run !== presenter.runs) return;
    tried.push({ size, ...picture });
    if (suits(tried[tried.length - 1])) break;
  }
  page.style.fontSize = `${bestOf(tried)}%`;
  page.toggleAttribute("data-ep-sizing", false);
  await pictureAtRest();
  if (run === presenter.runs) scrollTo(0, 0);
}

/** @param {Presenter} presenter */
function draw(presenter) {
  const isOn = Boolean(presenter.store.state.present);
  if (isOn === presenter.isOn) return;
  presenter.isOn = isOn;
  remember(isOn);
  page.toggleAttribute("data-ep-present", isOn);
  presenter.black.hidden = true;
  if (isOn) {
    /** @type {HTMLElement | null} */ (document.activeElement)?.blur(); // it would hold the head in sight
    presenter.size = page.style.fontSize;
    enlarge(presenter);
  } else {
    presenter.runs++;
    page.toggleAttribute("data-ep-sizing", false);
    page.style.fontSize = presenter.size;
  }
  send(presenter);
}

// the notes -----------------------------------------------------------------------------------------------------------

/** @param {Presenter} presenter */
function openNotes(presenter) {
  const window_ = window.open("", NOTES, "popup,width=720,height=640");
  if (!window_) return;
  if (!window_.document.querySelector("#clock")) fillNotes(window_.document);
  window_.focus();
  setTimeout(() => send(presenter), 100); // once its script listens
}

/** @param {Presenter} presenter */
function send({ channel, speaking, scene, isOn }) {
  if (isOn) channel.postMessage(linesOf({ ...speaking, scene }));
}

// the keys ------------------------------------------------------------------------------------------------------------

/** @type {(name: string) => HTMLButtonElement | undefined} */
function pressable(name) {
  const found = /** @type {HTMLButtonElement[]} */ ([...document.querySelectorAll(`.ec-guide-bar [${name}]`), ...document.querySelectorAll(`.ep-root [${name}]`)]);
  return found.find((button) => !button.disabled && button.getAttribute("aria-disabled") !== "true");
}

/** @type {(step: 1 | -1) => boolean} */
function goOn(step) {
  const button = pressable(step > 0 ? "data-ep-next" : "data-ep-back");
  button?.click();
  if (button) return true;
  const number = /** @type {HTMLInputElement | null} */ (document.querySelector(".ep-number-of input"));
  if (!number) return false;
  number.stepUp(step);
  number.dispatchEvent(new Event("change", { bubbles: true }));
  return true;
}

/** @type {(presenter: Presenter, event: KeyboardEvent) => boolean} */
function onKey({ store, black }, event) {
  const isTyping = /** @type {Element} */ (event.target).closest?.(TYPING);
  if (event.key === "Escape") store.set({ present: null });
  else if (event.key === "PageDown") return goOn(1);
  else if (event.key === "PageUp") return goOn(-1);
  else if (["b", "B", "."].includes(event.key) && !isTyping) black.hidden = !black.hidden;
  else return false;
  return true;
}

/** @type {(presenter: Presenter, signal: AbortSignal) => void} */
function listen(presenter, signal) {
  document.addEventListener("keydown", (event) => {
    if (!presenter.isOn || event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey || document.querySelector("dialog[open]")) return;
    if (onKey(presenter, event)) event.preventDefault();
  }, { signal });
  document.addEventListener("pointermove", ({ clientY }) => {
    if (!presenter.isOn) return;
    page.toggleAttribute("data-ep-head", clientY < (page.hasAttribute("data-ep-head") ? HEAD : 8));
  }, { signal, passive: true });
  document.addEventListener(SCENE, (event) => {
    presenter.scene = /** @type {CustomEvent} */ (event).detail;
    send(presenter);
  }, { signal });
  window.addEventListener("resize", () => presenter.isOn && enlarge(presenter), { signal });
  const off = presenter.store.on((_state, _trace, changed) => changed.includes("present") && draw(presenter));
  signal.addEventListener("abort", () => {
    off();
    presenter.channel.close();
    presenter.tools.remove();
    presenter.black.remove();
  });
}

export default {
  /** @param {Context} context */
  async render({ model, el, host, signal }) {
    const { exports } = await host.getWidget(model.get("store"));
    el.hidden = true;
    if (!document.querySelector('[data-ep-slot="tools"]')) return undefined; // in a notebook the page is not ours
    const presenter = begin(exports.store, model.get("options"));
    listen(presenter, signal);
    if (isRemembered() && exports.store.state.present === null) exports.store.set({ present: true });
    draw(presenter);
    return undefined;
  },
};
