// Guide: the story, which leads through all dashboards, and the tour of this one. It lies at the foot of the page.
//
// A scene has one sentence, a question to guess first, a task, which is noticed when it is done, and what is so. A tour goes
// through parts of the page. Both point at the part that they are about. F2 goes to it and back.
//
// options: {name, slot, scenes, path, tour}
//   name    of this dashboard
//   slot    place of the page where it stands; elsewhere, as in a notebook, there is a tour and no story
//   scenes  [{id, at, control, state, sentence, question, options: [{value, label, said}], right, task, done}] of this dashboard
//   path    [{id, dashboard}]: all scenes, in their order
//   tour    [{at, text}]
// `#scene=<id>` in the address begins a scene, `#tour` the tour.

import { make } from "../lib/dom.js";
import { GUIDE, SCENE, isDone, keepOpen, keepProgress, openScene, progress } from "../lib/guide.js";
import { keep, kept } from "../lib/hand.js";
import { isShown, reach } from "../lib/reach.js";
import { dress, placed } from "../lib/style.js";
import CSS from "./style.css";

const SETTLES = 5000; // milliseconds in which a page that has just opened is laid out

/** @typedef {{ value: string, label: string, said: string }} Answer */
/** @typedef {{ id: string, at: string, control: string, state: Patch, sentence: string, question: string, options: Answer[], right: string, task: string, done: import("../lib/guide.js").Condition[] }} Scene */
/** @typedef {{ name: string, slot?: string, scenes: Scene[], path: { id: string, dashboard: string }[], tour: { at: string, text: string }[] }} Options */
/** @typedef {ReturnType<typeof begin>} Guide */

/**
 * @param {HTMLElement} root
 * @param {Store} store
 * @param {Options} options
 * @param {boolean} isOurs
 */
function begin(root, store, options, isOurs) {
  dress(root, "guide", CSS);
  const bar = make("section", { class: "ec-guide-bar", hidden: true });
  const said = make("p", { class: "ec-say", role: "status" });
  root.append(bar, said);
  const ring = /** @type {Element | null} */ (null);
  const stop = /** @type {number | null} */ (null); // of the tour
  const scene = /** @type {Scene | null} */ (null);
  const before = /** @type {State | null} */ (null); // the state when the task began; null while there is none to notice
  const settling = /** @type {AbortController | null} */ (null);
  return { root, bar, said, store, options, isOurs, ring, settling, stop, scene, before };
}

/** @type {(text: string, act: () => void, attributes?: object) => HTMLButtonElement} */
const button = (text, onclick, attributes = {}) => make("button", { type: "button", onclick, ...attributes }, text);

// what it points at -------------------------------------------------------------------------------------------------

/** @type {(at: string) => Element | null} */
const targetOf = (at) => [...document.querySelectorAll(at)].find(isShown) ?? null;

/** @type {(guide: Guide, at: string | null) => void} */
function pointAt(guide, at) {
  guide.settling?.abort();
  guide.ring?.classList.remove("ec-guide-ring");
  guide.ring = null;
  if (at !== null) lookFor(guide, at, performance.now() + SETTLES);
}

/**
 * Point at an element, once it is there.
 *
 * @type {(guide: Guide, at: string, until: number) => void}
 */
function lookFor(guide, at, until) {
  const settling = new AbortController();
  guide.settling = settling;
  const look = () => {
    if (settling.signal.aborted) return;
    guide.ring = targetOf(at);
    if (!guide.ring) return performance.now() < until ? void requestAnimationFrame(look) : undefined;
    guide.ring.classList.add("ec-guide-ring");
    keepInView(guide, guide.ring);
  };
  look();
}

/**
 * Scroll an element into view, and again while the page around it is laid out, until a hand touches the page.
 *
 * @type {(guide: Guide, element: Element) => void}
 */
function keepInView(guide, element) {
  const settling = new AbortController();
  const { signal } = settling;
  guide.settling = settling;
  const scroll = () => element.scrollIntoView({ block: "nearest" });
  const observer = new ResizeObserver(scroll);
  observer.observe(document.body);
  signal.addEventListener("abort", () => observer.disconnect());
  for (const hand of ["pointerdown", "keydown", "wheel"]) window.addEventListener(hand, () => settling.abort(), { signal, passive: true });
  setTimeout(() => settling.abort(), SETTLES);
  scroll();
}

/**
 * Room at the foot of the page, so that the bar covers nothing that cannot be scrolled above it.
 *
 * @param {number} height
 */
function makeRoom(height) {
  document.documentElement.style.scrollPaddingBottom = height ? `${height + 12}px` : "";
  document.body.style.paddingBottom = height ? `${height}px` : "";
}

/** @param {Guide} guide */
function goThere({ scene, ring }) {
  const there = scene?.control ? targetOf(scene.control) : ring;
  if (there) reach(there);
}

// the bar -----------------------------------------------------------------------------------------------------------

/**
 * Show the bar with the focus on its heading.
 *
 * @type {(guide: Guide, label: string, where: string, heading: string, ...children: HTMLElement[]) => void}
 */
function show(guide, label, where, heading, ...children) {
  const { bar } = guide;
  bar.setAttribute("aria-label", label);
  bar.classList.remove("is-answered");
  const title = make("h2", { tabindex: -1 }, heading);
  const shut = button("×", () => leave(guide), { "aria-label": `Leave the ${label.toLowerCase()}`, title: "Leave (Escape)", class: "ec-guide-shut" });
  bar.replaceChildren(make("p", { class: "ec-guide-where" }, where), title, shut, ...children);
  bar.hidden = false;
  if (guide.isOurs) makeRoom(bar.offsetHeight);
  title.focus({ preventScroll: true });
}

/** @param {Guide} guide */
function leave(guide) {
  tellSpeaker(null);
  keepOpen(null);
  Object.assign(guide, { stop: null, scene: null, before: null });
  pointAt(guide, null);
  guide.bar.hidden = true;
  guide.bar.replaceChildren();
}

// the tour ----------------------------------------------------------------------------------------------------------

/** @type {(guide: Guide, at: number) => void} */
function showStop(guide, at) {
  const { tour } = guide.options;
  if (at < 0 || at >= tour.length) return leave(guide);
  guide.stop = at;
  const isLast = at === tour.length - 1;
  const next = button(isLast ? "Done" : "Next →", () => showStop(guide, at + 1), { class: "ec-guide-next", "data-ep-next": "" });
  const back = button("← Back", () => showStop(guide, at - 1), { "data-ep-back": "", disabled: !at });
  show(guide, "Tour", `${at + 1} / ${tour.length}`, tour[at].text, make("div", { class: "ec-row ec-guide-walk" }, back, next));
  pointAt(guide, tour[at].at);
}

// the story ---------------------------------------------------------------------------------------------------------

/** @type {(guide: Guide, id: string) => string} */
const addressOf = ({ options }, id) => `${options.path.find((scene) => scene.id === id)?.dashboard}.ipynb#scene=${id}`;

/** @type {(guide: Guide, id: string | undefined) => void} */
function goTo(guide, id) {
  if (id === undefined) return showEnd(guide);
  const scene = guide.options.scenes.find((each) => each.id === id);
  if (scene) return enter(guide, scene);
  keep({ ...kept(), ...guide.store.state.hand }); // what is shown goes along, though the visitor did not choose it
  location.assign(addressOf(guide, id));
}

/** @type {(guide: Guide, scene: Scene) => void} */
function enter(guide, scene) {
  guide.store.set(scene.state);
  keepOpen(scene.id);
  keepProgress({ ...progress(), at: scene.id });
  showScene(guide, scene);
}

/** @param {Scene | null} scene */
const tellSpeaker = (scene) => document.dispatchEvent(new CustomEvent(SCENE, { detail: scene }));

/** @type {(guide: Guide, scene: Scene) => void} */
function showScene(guide, scene) {
  tellSpeaker(scene);
  const { path } = guide.options;
  const place = path.findIndex(({ id }) => id === scene.id);
  Object.assign(guide, { stop: null, scene, before: null });
  const chosen = progress().answers[scene.id];
  const isEnded = progress().done.includes(scene.id);
  const asked = make("div", { class: "ec-guide-asked" }, make("p", { id: "ec-guide-question" }, scene.question), make("div", { class: "ec-row", role: "group", "aria-labelledby": "ec-guide-question" },
    scene.options.map(({ value, label }) => button(label, () => answer(guide, scene, value), { "data-value": value, "aria-pressed": String(value === chosen) }))));
  const steps = make("div", { class: "ec-guide-steps" });
  const next = button("Skip →", () => goTo(guide, path[place + 1]?.id), { class: "ec-guide-next", "data-ep-next": "" });
  const back = button("← Back", () => goTo(guide, path[place - 1].id), { "data-ep-back": "", disabled: !place });
  show(guide, "Story", `${place + 1} / ${path.length}`, scene.sentence, asked, steps, make("div", { class: "ec-row ec-guide-walk" }, back, next));
  if (chosen !== undefined) showTask(guide, scene, isEnded);
  pointAt(guide, scene.at);
}

/** @type {(guide: Guide, scene: Scene, value: string) => void} */
function answer(guide, scene, value) {
  const now = progress();
  if (now.done.includes(scene.id)) return; // it has been told
  keepProgress({ ...now, answers: { ...now.answers, [scene.id]: value } });
  for (const each of guide.bar.querySelectorAll("[data-value]")) each.setAttribute("aria-pressed", String(each.getAttribute("data-value") === value));
  showTask(guide, scene, false);
}

/** @type {(guide: Guide, scene: Scene, isEnded: boolean) => void} */
function showTask(guide, scene, isEnded) {
  const steps = /** @type {Element} */ (guide.bar.querySelector(".ec-guide-steps"));
  if (isEnded) return showSaid(guide, scene);
  guide.bar.classList.add("is-answered");
  steps.replaceChildren(make("p", {}, make("b", {}, "Now see: "), scene.task), button("Take me there (F2)", () => goThere(guide)));
  guide.said.textContent = `Now see: ${scene.task}`;
  guide.before ??= guide.store.state;
  notice(guide);
}

/** @param {Guide} guide */
function notice(guide) {
  const { scene, before, store } = guide;
  if (!scene || !before || !isDone(scene.done, store.state, before)) return;
  guide.before = null;
  const now = progress();
  keepProgress({ ...now, done: [...new Set([...now.done, scene.id])] });
  showSaid(guide, scene);
  guide.said.textContent = String(guide.bar.querySelector(".ec-guide-said")?.textContent);
}

/** @type {(guide: Guide, scene: Scene) => void} */
function showSaid({ bar }, scene) {
  const chosen = scene.options.find(({ value }) => value === progress().answers[scene.id]);
  const isRight = chosen?.value === scene.right;
  const steps = /** @type {Element} */ (bar.querySelector(".ec-guide-steps"));
  const next = /** @type {HTMLButtonElement} */ (bar.querySelector(".ec-guide-next"));
  steps.replaceChildren(make("p", { class: "ec-guide-said" }, make("b", {}, isRight ? "✓ You guessed right. " : "✓ Done. "), chosen?.said));
  for (const each of bar.querySelectorAll("[data-value]")) {
    each.setAttribute("aria-disabled", "true");
    each.classList.toggle("is-right", each.getAttribute("data-value") === scene.right);
  }
  bar.classList.add("is-answered");
  next.textContent = "Next →";
  next.classList.add("is-ready");
}

/** @param {Guide} guide */
function showEnd(guide) {
  const { path } = guide.options;
  const { answers } = progress();
  Object.assign(guide, { scene: null, before: null });
  pointAt(guide, null);
  keepOpen("");
  const afresh = button("Begin again", () => {
    keepProgress({ at: null, answers: {}, done: [] });
    goTo(guide, path[0].id);
  });
  const link = (/** @type {string} */ href, /** @type {string} */ text) => make("a", { href }, text);
  show(guide, "Story", "The end", `That was the path: ${Object.keys(answers).length} of ${path.length} questions guessed. A kernel is a motif, pooling is an E-step, and a network reads as statistics.`,
    make("div", { class: "ec-row ec-guide-walk" }, link("your_data.ipynb", "Read my own network"), afresh));
}

/** @param {Guide} guide */
function openStory(guide) {
  const { path } = guide.options;
  goTo(guide, path.find(({ id }) => id === progress().at)?.id ?? path[0].id);
}

/**
 * The story is open in this tab, at a scene of another dashboard.
 *
 * @type {(guide: Guide, id: string) => void}
 */
function showWaiting(guide, id) {
  const place = guide.options.path.findIndex((scene) => scene.id === id);
  show(guide, "Story", `${place + 1} / ${guide.options.path.length}`, "The story goes on at another dashboard.", make("div", { class: "ec-row ec-guide-walk" }, make("a", { href: addressOf(guide, id) }, "Go on with the story")));
}

// how it begins -----------------------------------------------------------------------------------------------------

/** @param {Guide} guide */
function readAddress(guide) {
  const { scenes, path } = guide.options;
  const asked = /^#(?:scene=([\w-]+)|(tour))$/.exec(location.hash);
  if (asked) history.replaceState(history.state, "", location.pathname + location.search);
  if (asked?.[2]) return showStop(guide, 0);
  const scene = scenes.find(({ id }) => id === asked?.[1]);
  if (scene) return enter(guide, scene);
  const open = openScene();
  const here = scenes.find(({ id }) => id === open);
  if (here) showScene(guide, here); // reloaded: the state is the visitor's
  else if (path.some(({ id }) => id === open)) showWaiting(guide, /** @type {string} */ (open));
}

/** @type {(guide: Guide, signal: AbortSignal) => void} */
function listen(guide, signal) {
  const { root, bar, isOurs, store } = guide;
  document.addEventListener(GUIDE, (event) => {
    if (/** @type {CustomEvent} */ (event).detail === "tour") showStop(guide, 0);
    else if (isOurs) openStory(guide);
  }, { signal });
  document.addEventListener("keydown", (event) => {
    if (bar.hidden || event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "Escape" && root.contains(/** @type {Node} */ (event.target))) leave(guide);
    else if (event.key === "F2" && root.contains(document.activeElement)) goThere(guide);
    else if (event.key === "F2") bar.querySelector("h2")?.focus({ preventScroll: true });
    else return;
    event.preventDefault();
  }, { signal });
  if (isOurs) window.addEventListener("hashchange", () => /^#(scene=|tour$)/.test(location.hash) && readAddress(guide), { signal });
  const measuring = new ResizeObserver(() => makeRoom(isOurs ? bar.offsetHeight : 0));
  measuring.observe(bar);
  const off = store.on(() => notice(guide));
  signal.addEventListener("abort", () => {
    measuring.disconnect();
    makeRoom(0);
    off();
    pointAt(guide, null);
  });
}

export default {
  /** @param {Context} context */
  async render({ model, el, host, signal }) {
    const { exports } = await host.getWidget(model.get("store"));
    /** @type {Options} */
    const options = model.get("options");
    const root = placed(el, options.slot, signal);
    const guide = begin(root, exports.store, options, root !== el);
    listen(guide, signal);
    if (guide.isOurs) requestAnimationFrame(() => readAddress(guide));
    return undefined;
  },
};
