// Toolbar: what the head of every dashboard holds: Reset (and back), text size, light or dark, teaching, help.
//
// options: {slot, first, parts, help, share}
//   slot   place in the page's head where it stands; where the page has none, as in a notebook, it stands where it is, and
//          size and colours are left to the program around it
//   first  what Reset brings back: names of the state and their values
//   parts  [{name, label}]: what a teacher can hide; on the page the class `ep-part-<name>`
//   help   {goal, order: [text], keys: [[keys, what]], terms: [[term, what]]}
//   share  keys of the state that go into the teacher's link (default all)
// state: without (names of parts, or null), size (per cent, or null) and theme ("light", "dark" or null): what a link asks for.
//        Without them each visitor's own choice holds, which this browser remembers.

import { speaker } from "../lib/a11y.js";
import { make } from "../lib/dom.js";
import { toFragment } from "../lib/link.js";
import { dress, placed } from "../lib/style.js";
import CSS from "./style.css";

const SIZES = [100, 125, 150, 200];
const THEMES = [["", "as my device"], ["light", "light"], ["dark", "dark"]];
const TYPING = "input, select, textarea, [contenteditable]";

// What this browser remembers; a browser that forbids it forgets.
const memory = {
  get(name) {
    try {
      return localStorage.getItem(`epool-${name}`);
    } catch {
      return null;
    }
  },
  set(name, value) {
    try {
      localStorage.setItem(`epool-${name}`, value);
    } catch {
      // it holds for this page then
    }
  },
};

export default {
  async render({ model, el, host, signal }) {
    const { exports } = await host.getWidget(model.get("store"));
    const { store } = exports;
    const { slot = "tools", first = {}, parts = [], help = {}, share = null } = model.get("options");
    const root = placed(el, slot, signal);
    const isOurs = root !== el; // the page around is ours to dress
    const page = document.documentElement;
    dress(root, "toolbar", CSS);
    const own = { size: Number(memory.get("size")) || 100, theme: memory.get("theme") ?? "" };
    const known = new Set(parts.map(({ name }) => name));
    const hiddenOf = (state) => (Array.isArray(state.without) ? state.without : []).filter((name) => known.has(name));

    // Reset, and back ------------------------------------------------------------------------------------------------
    let before = null;
    const reset = make("button", { type: "button", title: "Back to the first state", onclick: () => {
      const target = before ?? first;
      before = before ? null : Object.fromEntries(Object.keys(first).map((key) => [key, store.state[key]]));
      store.set(target);
      say(before ? "The first state is back; nothing is lost: Undo brings yours again." : "Your state is back.");
      draw();
    } });
    const differs = () => Object.keys(first).some((key) => JSON.stringify(first[key]) !== JSON.stringify(store.state[key]));

    // size and colours -----------------------------------------------------------------------------------------------
    const option = ([value, label]) => make("option", { value }, label);
    const sizes = make("select", { "aria-label": "Text size", title: "Text size", onchange: () => choose("size", Number(sizes.value)) },
      SIZES.map((size) => option([size, `${size} %`])));
    const themes = make("select", { "aria-label": "Colours", title: "Colours", onchange: () => choose("theme", themes.value) }, THEMES.map(option));
    const choose = (name, value) => {
      own[name] = value;
      memory.set(name, String(value));
      store.set({ [name]: null });
      draw();
    };
    const darkDevice = matchMedia("(prefers-color-scheme: dark)");
    const dressPage = () => {
      if (!isOurs) return;
      const size = SIZES.includes(store.state.size) ? store.state.size : own.size;
      const wanted = THEMES.some(([name]) => name && name === store.state.theme) ? store.state.theme : own.theme;
      const isDark = wanted ? wanted === "dark" : darkDevice.matches;
      page.style.fontSize = size === 100 ? "" : `${size}%`;
      page.dataset.jpThemeLight = document.body.dataset.jpThemeLight = String(!isDark);
      sizes.value = String(size);
      themes.value = wanted;
    };

    // teaching -------------------------------------------------------------------------------------------------------
    const hide = (name, isHidden) => {
      const names = hiddenOf(store.state).filter((other) => other !== name).concat(isHidden ? [name] : []);
      store.set({ without: names.length ? names : null });
    };
    const boxes = parts.map(({ name, label }) => {
      const box = make("input", { type: "checkbox", value: name, onchange: () => hide(name, !box.checked) });
      return { name, box, line: make("label", {}, box, label) };
    });
    const fixed = (key, label, choices, read) => {
      const menu = make("select", { onchange: () => { store.set({ [key]: read(menu.value) }); } },
        [["", "as each visitor likes"], ...choices].map(option));
      return { menu, line: make("label", {}, label, " ", menu) };
    };
    const fixedSize = fixed("size", "Text size", SIZES.map((size) => [size, `${size} %`]), (text) => Number(text) || null);
    const fixedTheme = fixed("theme", "Colours", THEMES.slice(1), (text) => text || null);
    const address = make("input", { type: "text", readonly: true, class: "ec-box", "aria-label": "link for your class", onfocus: () => address.select() });
    const copied = make("span", { class: "ec-soft", role: "status" });
    const copy = async () => {
      try {
        await navigator.clipboard.writeText(address.value);
        copied.textContent = "Copied.";
      } catch {
        address.select();
        copied.textContent = "This browser does not let a page copy; the link is marked.";
      }
    };
    const teaching = dialog("Teach with this page", [
      make("p", {}, "The link opens exactly what you see now: data, step, m, the window in hand. Leave out what your class does not need yet; everybody can bring it back."),
      make("fieldset", {}, make("legend", {}, "On the page"), boxes.map(({ line }) => line)),
      isOurs ? make("fieldset", {}, make("legend", {}, "For everybody who opens the link"), fixedSize.line, fixedTheme.line) : null,
      make("h3", {}, "The link"),
      address,
      make("div", { class: "ec-row", style: "margin-top:.4rem" }, make("button", { type: "button", onclick: copy }, "Copy the link"), copied),
    ]);
    const teach = make("button", { type: "button", "aria-haspopup": "dialog", onclick: () => open(teaching) }, "Teach");
    const showAll = make("button", { type: "button", onclick: () => { store.set({ without: null }); teach.focus(); } });

    // help -----------------------------------------------------------------------------------------------------------
    const list = (pairs, wrap) => make("dl", {}, pairs.flatMap(([name, what]) => [make("dt", {}, wrap(name)), make("dd", {}, what)]));
    const helping = dialog("What this page shows", [
      make("p", {}, help.goal ?? ""),
      ...(help.order?.length ? [make("h3", {}, "How to go about it"), make("ol", {}, help.order.map((text) => make("li", {}, text)))] : []),
      ...(help.terms?.length ? [make("h3", {}, "Words"), list(help.terms, (text) => text)] : []),
      ...(help.keys?.length ? [make("h3", {}, "Keys"), list(help.keys, (text) => text.split(" ").map((key) => make("kbd", {}, key)))] : []),
    ]);
    const question = make("button", { type: "button", class: "ec-toolbar-help", "aria-label": "Help", "aria-haspopup": "dialog", title: "Help (?)", onclick: () => open(helping) }, "?");

    function dialog(title, children) {
      const id = `ec-dialog-${Math.random().toString(36).slice(2, 8)}`;
      const close = make("button", { type: "button", onclick: () => box.close() }, "Close");
      const box = make("dialog", { "aria-labelledby": id }, make("div", { class: "ec-toolbar-top" }, make("h2", { id }, title), close), children);
      box.addEventListener("click", (event) => event.target === box && box.close()); // beside it
      return box;
    }
    function open(box) {
      copied.textContent = "";
      draw();
      if (!box.open) box.showModal();
    }
    document.addEventListener("keydown", (event) => {
      if (event.key !== "?" || event.defaultPrevented || event.ctrlKey || event.metaKey || event.target.closest?.(TYPING)) return;
      if (document.querySelector("dialog[open]")) return;
      event.preventDefault();
      open(helping);
    }, { signal });

    // --------------------------------------------------------------------------------------------------------------
    root.append(
      make("div", { class: "ec-row", role: "group", "aria-label": "this page" }, reset, showAll, teach, ...(isOurs ? [sizes, themes] : []), question),
      make("style", {}, parts.map(({ name }) => `:root[data-ep-without~="${CSS_NAME(name)}"] .ep-part-${CSS_NAME(name)}{display:none!important}`).join("")),
      teaching, helping,
    );
    const say = speaker(root, 0);
    const draw = () => {
      const { state } = store;
      const hidden = hiddenOf(state);
      if (before && differs()) before = null; // somebody went on from the first state
      reset.textContent = before ? "Undo reset" : "Reset";
      page.dataset.epWithout = hidden.join(" ");
      showAll.hidden = !hidden.length;
      showAll.textContent = `Show all (${hidden.length} hidden)`;
      for (const { name, box } of boxes) box.checked = !hidden.includes(name);
      fixedSize.menu.value = String(state.size ?? "");
      fixedTheme.menu.value = state.theme ?? "";
      if (teaching.open || !address.value) address.value = Object.assign(new URL(location.href), { hash: toFragment(state, share) }).href;
      dressPage();
    };
    darkDevice.addEventListener("change", draw, { signal });
    draw();
    const off = store.on(draw);
    const stop = () => {
      off();
      delete page.dataset.epWithout;
    };
    signal.addEventListener("abort", stop);
    return stop;
  },
};

const CSS_NAME = (name) => name.replace(/[^\w-]/g, "");
