// Toolbar: what the head of every dashboard holds: the settings (depth, text size, light or dark, Reset and back, teaching),
// and help.
//
// options: {slot, first, parts, help, share}
//   slot   place in the page's head where it stands; where the page has none, as in a notebook, it stands where it is, and
//          size and colours are left to the program around it
//   first  what Reset brings back: names of the state and their values
//   parts  [{name, label}]: what a teacher can hide; on the page the class `ep-part-<name>`
//   help   {goal, order: [text], keys: [[keys, what]], terms: [[term, what]]}
//   share  keys of the state that go into the teacher's link (default all)
// state: without (names of parts, or null), size (per cent, or null), theme ("light", "dark" or null) and depth ("learn",
//        "explore", "expert" or null; on the page `data-ep-depth`): what a link asks for.
//        Without them each visitor's own choice holds, which this browser remembers.

import { speaker } from "../lib/a11y.js";
import { make } from "../lib/dom.js";
import { GUIDE } from "../lib/guide.js";
import { RESET } from "../lib/hand.js";
import { toFragment } from "../lib/link.js";
import { dress, placed } from "../lib/style.js";
import CSS from "./style.css";

/** @typedef {{ goal?: string, order?: string[], keys?: [string, string][], terms?: [string, string][] }} Help */
/** @typedef {{ slot?: string, first?: Patch, parts?: { name: string, label: string }[], help?: Help, share?: string[] | null }} Options */
/** @typedef {ReturnType<typeof begin>} Toolbar */

const SIZES = [100, 125, 150, 200];
const THEMES = [["", "as my device"], ["light", "light"], ["dark", "dark"]];
const DEPTHS = ["learn", "explore", "expert"];
const TYPING = "input, select, textarea, [contenteditable]";

// What this browser remembers; a browser that forbids it forgets.
const memory = {
  /** @param {string} name */
  get(name) {
    try {
      return localStorage.getItem(`epool-${name}`);
    } catch {
      return null;
    }
  },
  /** @type {(name: string, value: string) => void} */
  set(name, value) {
    try {
      localStorage.setItem(`epool-${name}`, value);
    } catch {
      // it holds for this page then
    }
  },
};

/** @type {(text: string, attributes?: object) => HTMLButtonElement} */
const button = (text, attributes = {}) => make("button", { type: "button", ...attributes }, text);
/** @type {(value: string, label: string) => HTMLOptionElement} */
const option = (value, label) => make("option", { value }, label);
const sizeOptions = () => SIZES.map((size) => option(String(size), `${size} %`));
/** @param {string[][]} themes */
const themeOptions = (themes) => themes.map(([value, label]) => option(value, label));

/**
 * The toolbar without its handlers.
 *
 * @param {HTMLElement} root
 * @param {boolean} isOurs whether the page around is ours to dress
 * @param {Store} store
 * @param {Options} options
 */
function begin(root, isOurs, store, { first = {}, parts = [], help = {}, share = null }) {
  const boxes = parts.map(({ name, label }) => {
    const box = make("input", { type: "checkbox", value: name });
    return { name, box, line: make("label", {}, box, label) };
  });
  return {
    root, isOurs, store, first, share, boxes,
    darkDevice: matchMedia("(prefers-color-scheme: dark)"),
    own: { size: Number(memory.get("size")) || 100, theme: memory.get("theme") ?? "", depth: memory.get("depth") ?? "" },
    before: /** @type {Patch | null} */ (null), // the state that Reset has put aside
    reset: button("", { title: "Back to the first state" }),
    showAll: button(""),
    teach: button("Teach", { "aria-haspopup": "dialog" }),
    present: button("Present", { title: "The picture large, for a projector; Escape ends it" }),
    settings: button("Settings", { class: "ec-toolbar-settings", "data-icon": "settings", "aria-expanded": "false", title: "Depth, text size, colours, Reset, Teach" }),
    depths: make("select", { "aria-label": "Depth", title: "How many controls the page shows; no number depends on it" }, DEPTHS.map((depth) => option(depth, depth))),
    sizes: make("select", { "aria-label": "Text size", title: "Text size" }, sizeOptions()),
    themes: make("select", { "aria-label": "Colours", title: "Colours" }, themeOptions(THEMES)),
    question: button("?", { class: "ec-toolbar-help", "aria-label": "Help", "aria-haspopup": "dialog", title: "Help (?)" }),
    fixedDepth: make("select", {}, option("", "as each visitor likes"), DEPTHS.map((depth) => option(depth, depth))),
    fixedSize: make("select", {}, option("", "as each visitor likes"), sizeOptions()),
    fixedTheme: make("select", {}, option("", "as each visitor likes"), themeOptions(THEMES.slice(1))),
    address: make("input", { type: "text", readonly: true, class: "ec-box", "aria-label": "link for your class" }),
    copying: button("Copy the link"),
    copied: make("span", { class: "ec-soft", role: "status" }),
    panel: make("div", { class: "ec-toolbar-panel", role: "group", "aria-label": "Settings", hidden: true }),
    helping: dialog("What this page shows", helpOf(help, isOurs)),
  };
}

/** @type {(title: string, children: Child[]) => HTMLDialogElement} */
function dialog(title, children) {
  const id = `ec-dialog-${Math.random().toString(36).slice(2, 8)}`;
  const close = button("Close", { onclick: () => box.close() });
  /** @type {HTMLDialogElement} */
  const box = make("dialog", { "aria-labelledby": id }, make("div", { class: "ec-toolbar-top" }, make("h2", { id }, title), close), children);
  box.addEventListener("click", (event) => event.target === box && box.close()); // beside it
  return box;
}

/** @type {(what: string) => (event: Event) => void} */
const guided = (what) => ({ target }) => {
  /** @type {Element} */ (target).closest("dialog")?.close();
  document.dispatchEvent(new CustomEvent(GUIDE, { detail: what }));
};

/** @type {(help: Help, isOurs: boolean) => Child[]} */
function helpOf({ goal = "", order = [], terms = [], keys = [] }, isOurs) {
  /** @type {(pairs: [string, string][], wrap: (text: string) => Child) => HTMLElement} */
  const list = (pairs, wrap) => make("dl", {}, pairs.flatMap(([name, what]) => [make("dt", {}, wrap(name)), make("dd", {}, what)]));
  return [
    make("p", {}, goal),
    make("div", { class: "ec-row" }, button("Show me this page", { onclick: guided("tour") }), isOurs ? button("The story, scene by scene", { onclick: guided("story") }) : null),
    ...(order.length ? [make("h3", {}, "How to go about it"), make("ol", {}, order.map((text) => make("li", {}, text)))] : []),
    ...(terms.length ? [make("h3", {}, "Words"), list(terms, (text) => text)] : []),
    ...(keys.length ? [make("h3", {}, "Keys"), list(keys, (text) => text.split(" ").map((key) => make("kbd", {}, key)))] : []),
  ];
}

/** @type {(toolbar: Toolbar) => HTMLDialogElement} */
function teachingOf({ boxes, isOurs, fixedDepth, fixedSize, fixedTheme, address, copying, copied }) {
  const line = (/** @type {string} */ label, /** @type {Node} */ menu) => make("label", {}, label, " ", menu);
  return dialog("Teach with this page", [
    make("p", {}, "The link opens exactly what you see now: data, step, m, the window in hand. Leave out what your class does not need yet; everybody can bring it back."),
    make("fieldset", {}, make("legend", {}, "On the page"), boxes.map((box) => box.line)),
    make("fieldset", {}, make("legend", {}, "For everybody who opens the link"), line("Depth", fixedDepth), ...(isOurs ? [line("Text size", fixedSize), line("Colours", fixedTheme)] : [])),
    make("h3", {}, "The link"),
    address,
    make("div", { class: "ec-row", style: "margin-top:.4rem" }, copying, copied),
  ]);
}

/** @type {(toolbar: Toolbar, teaching: HTMLDialogElement) => void} */
function assemble({ root, isOurs, boxes, reset, showAll, teach, present, settings, panel, depths, sizes, themes, question, helping }, teaching) {
  const rules = boxes.map(({ name }) => `:root[data-ep-without~="${inCss(name)}"] .ep-part-${inCss(name)}{display:none!important}`);
  const line = (/** @type {string} */ text, /** @type {Node} */ menu) => make("div", { class: "ec-toolbar-line" }, make("span", { "aria-hidden": "true" }, text), menu);
  panel.append(line("Depth", depths), ...(isOurs ? [line("Text size", sizes), line("Colours", themes)] : []), make("div", { class: "ec-row" }, reset, teach, isOurs ? present : null));
  root.append(
    make("div", { class: "ec-row", role: "group", "aria-label": "this page" }, showAll, settings, question),
    panel,
    make("style", {}, rules.join("")),
    teaching, helping,
  );
}

/** @param {string} name */
const inCss = (name) => name.replace(/[^\w-]/g, "");

// what is pressed -------------------------------------------------------------------------------------------------

/** @type {(toolbar: Toolbar, say: (text: string) => void) => void} */
function resetOrUndo(toolbar, say) {
  const { first, before, store } = toolbar;
  toolbar.before = before ? null : Object.fromEntries(Object.keys(first).map((key) => [key, store.state[key]]));
  document.dispatchEvent(new CustomEvent(RESET, { detail: { isUndone: Boolean(before) } }));
  store.set(before ?? first);
  say(before ? "Your state is back." : "The first state is back; nothing is lost: Undo brings yours again.");
}

/** @type {(toolbar: Toolbar, name: "depth" | "size" | "theme", value: string) => void} */
function choose({ own, store }, name, value) {
  Object.assign(own, { [name]: name === "size" ? Number(value) : value });
  memory.set(name, value);
  store.set({ [name]: null });
}

/** @type {(toolbar: Toolbar, state: State) => string[]} */
const hiddenOf = ({ boxes }, { without }) => (Array.isArray(without) ? without.filter((name) => boxes.some((box) => box.name === name)) : []);

/** @type {(toolbar: Toolbar, name: string, isHidden: boolean) => void} */
function hide(toolbar, name, isHidden) {
  const { store } = toolbar;
  const names = hiddenOf(toolbar, store.state).filter((other) => other !== name).concat(isHidden ? [name] : []);
  store.set({ without: names.length ? names : null });
}

/** @type {(toolbar: Toolbar) => Promise<void>} */
async function copy({ address, copied }) {
  try {
    await navigator.clipboard.writeText(address.value);
    copied.textContent = "Copied.";
  } catch {
    address.select();
    copied.textContent = "This browser does not let a page copy; the link is marked.";
  }
}

/**
 * The settings below their button: shut by the button, Escape, or a press elsewhere.
 *
 * @type {(toolbar: Toolbar, signal: AbortSignal) => void}
 */
function openSettings({ root, settings, panel }, signal) {
  const show = (/** @type {boolean} */ isOpen) => {
    panel.hidden = !isOpen;
    settings.setAttribute("aria-expanded", String(isOpen));
  };
  settings.addEventListener("click", () => show(panel.hidden !== false));
  root.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || panel.hidden || document.querySelector("dialog[open]")) return;
    show(false);
    settings.focus();
  });
  document.addEventListener("pointerdown", ({ target }) => {
    if (!panel.hidden && !root.contains(/** @type {Node} */ (target))) show(false);
  }, { signal });
}

/** @type {(event: KeyboardEvent) => boolean} */
function asksForHelp(event) {
  if (event.key !== "?" || event.defaultPrevented || event.ctrlKey || event.metaKey) return false;
  return !(/** @type {Element} */ (event.target).closest?.(TYPING)) && !document.querySelector("dialog[open]");
}

/** @type {(toolbar: Toolbar, teaching: HTMLDialogElement, redraw: () => void, signal: AbortSignal) => void} */
function listen(toolbar, teaching, redraw, signal) {
  const { store, depths, sizes, themes, fixedDepth, fixedSize, fixedTheme, helping, address, copying, copied } = toolbar;
  openSettings(toolbar, signal);
  const say = speaker(toolbar.root, 0);
  const open = (/** @type {HTMLDialogElement} */ box) => {
    copied.textContent = "";
    if (!box.open) box.showModal();
    redraw(); // once it is open: the link is written while it is seen
  };
  /** @type {[HTMLElement, string, () => void][]} */
  const handlers = [
    [toolbar.reset, "click", () => {
      resetOrUndo(toolbar, say);
      redraw();
    }],
    [toolbar.showAll, "click", () => {
      store.set({ without: null });
      toolbar.teach.focus();
    }],
    [toolbar.teach, "click", () => open(teaching)],
    [toolbar.present, "click", () => store.set({ present: !store.state.present })],
    [toolbar.question, "click", () => open(helping)],
    [depths, "change", () => choose(toolbar, "depth", depths.value)],
    [fixedDepth, "change", () => store.set({ depth: fixedDepth.value || null })],
    [sizes, "change", () => choose(toolbar, "size", sizes.value)],
    [themes, "change", () => choose(toolbar, "theme", themes.value)],
    [fixedSize, "change", () => store.set({ size: Number(fixedSize.value) || null })],
    [fixedTheme, "change", () => store.set({ theme: fixedTheme.value || null })],
    [address, "focus", () => address.select()],
    [copying, "click", () => copy(toolbar)],
  ];
  for (const [element, event, handler] of handlers) element.addEventListener(event, handler);
  for (const menu of [depths, sizes, themes]) menu.addEventListener("change", redraw);
  for (const { name, box } of toolbar.boxes) box.addEventListener("change", () => hide(toolbar, name, !box.checked));
  toolbar.darkDevice.addEventListener("change", redraw, { signal });
  document.addEventListener("keydown", (event) => {
    if (!asksForHelp(event)) return;
    event.preventDefault();
    open(helping);
  }, { signal });
}

// drawing ---------------------------------------------------------------------------------------------------------

/** @type {(toolbar: Toolbar) => void} */
function dressPage({ isOurs, store: { state }, own, darkDevice, sizes, themes }) {
  if (!isOurs) return;
  const page = document.documentElement;
  const size = SIZES.includes(state.size) ? state.size : own.size;
  const wanted = THEMES.some(([name]) => name && name === state.theme) ? state.theme : own.theme;
  const isDark = wanted ? wanted === "dark" : darkDevice.matches;
  if (!page.hasAttribute("data-ep-present")) page.style.fontSize = size === 100 ? "" : `${size}%`; // which is presented has its own
  page.dataset.jpThemeLight = document.body.dataset.jpThemeLight = String(!isDark);
  sizes.value = String(size);
  themes.value = wanted;
}

/** @type {(toolbar: Toolbar) => void} */
function dressDepth({ store: { state }, own, depths }) {
  const depth = DEPTHS.find((name) => name === state.depth) ?? DEPTHS.find((name) => name === own.depth) ?? DEPTHS[0];
  document.documentElement.dataset.epDepth = depths.value = depth;
}

/** @type {(toolbar: Toolbar, teaching: HTMLDialogElement) => void} */
function draw(toolbar, teaching) {
  const { store: { state }, first, boxes, reset, present, showAll, fixedDepth, fixedSize, fixedTheme, address, share } = toolbar;
  const hidden = hiddenOf(toolbar, state);
  const isFirst = Object.keys(first).every((key) => JSON.stringify(first[key]) === JSON.stringify(state[key]));
  if (!isFirst) toolbar.before = null; // somebody went on from the first state
  present.textContent = state.present ? "End presenting" : "Present";
  reset.textContent = toolbar.before ? "Undo reset" : "Reset";
  document.documentElement.dataset.epWithout = hidden.join(" ");
  showAll.hidden = !hidden.length;
  showAll.textContent = `Show all (${hidden.length} hidden)`;
  for (const { name, box } of boxes) box.checked = !hidden.includes(name);
  fixedDepth.value = state.depth ?? "";
  fixedSize.value = String(state.size ?? "");
  fixedTheme.value = state.theme ?? "";
  if (teaching.open || !address.value) address.value = Object.assign(new URL(location.href), { hash: toFragment(state, share) }).href;
  dressDepth(toolbar);
  dressPage(toolbar);
}

export default {
  /** @param {Context} context */
  async render({ model, el, host, signal }) {
    const { exports } = await host.getWidget(model.get("store"));
    /** @type {Options} */
    const options = model.get("options");
    const root = placed(el, options.slot ?? "tools", signal);
    dress(root, "toolbar", CSS);
    const toolbar = begin(root, root !== el, exports.store, options);
    const teaching = teachingOf(toolbar);
    const redraw = () => draw(toolbar, teaching);
    assemble(toolbar, teaching);
    listen(toolbar, teaching, redraw, signal);
    redraw();
    const off = exports.store.on(redraw);
    const stop = () => {
      off();
      delete document.documentElement.dataset.epWithout;
      delete document.documentElement.dataset.epDepth;
    };
    signal.addEventListener("abort", stop);
    return stop;
  },
};
