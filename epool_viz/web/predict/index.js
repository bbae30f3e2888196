// Predict: ask first, then show both, scored. The truth comes from the traces before and after; nothing here knows an answer.
//
// options: {questions, title, live}
//   questions  [{id, text, kind, setup, action, hidden, options, answer, explanation}]
//     kind         "draw" (the posterior over the windows), "choice" (of `options`, [{value, label, because}], `because` why it is wrong) or "number"
//     setup        what of the state is set before it is asked; `action` what is set to show the answer. A value may be
//                  {add: x}: that much more than now; of the kernel all numbers, or with `column` (from 0) one column
//     hidden       what is veiled while it is open, of VEILS
//     answer       draw: {series: "posterior"}. number: {number: name, of: "after"}. choice, each gives one of the values:
//                  {compare: [name, "after", "before"]}  "up", "down" or "same"
//                  {changed: "posterior" or "ppm"}       "changed" or "same"
//                  {most: [names], of: "after"}          the name with the largest number, or "same" where two tie for it
//                  {fate: name}                          "nothing" where it ends at 0, or as compare
//                  the names are those of `measuresOf`
//     explanation  text with {before.name} and {after.name}
//   title      default "Predict, then see"
//   live       false: the sentence is never spoken on its own
// state, set here:
//   hidden   names of VEILS that no component may show now; [] while no question is open. The same names stand, joined by
//            spaces, in `document.documentElement.dataset.epHidden`; whatever carries data-ep-shows="name" is veiled by it
//   predict  {phase: "closed", "asking", "seen" or "done", open: id or null, scores: {id: from 0 to 1}}
//
// Leaving sets back everything but the scores to what it was before the first question.

import { voice } from "../lib/a11y.js";
import { make } from "../lib/dom.js";
import { compareShares, eStepTrace, shareOut, sum } from "../lib/maths.js";
import { format, number, percent } from "../lib/numbers.js";
import { px } from "../lib/paths.js";
import { inputsOf, TRACED } from "../lib/store.js";
import { panel } from "../lib/style.js";
import { numbers, scrolling, table } from "../lib/tables.js";
import { answerOf, measuresOf, resolve } from "./answers.js";
import { barsOf, lettersOf } from "./bars.js";
import BARS from "./bars.css";
import { classes, openedBefore } from "./opened.js";
import CSS from "./style.css";

/**
 * What is drawn.
 *
 * @typedef {import("./answers.js").Side} Side
 * @typedef {Message} Question as in `options`
 * @typedef {{state: State, action: Patch, before: Side, after: Side, truth: any}} Asked
 * @typedef {{
 *   store: Store, signal: AbortSignal, questions: Question[], section: HTMLElement, total: HTMLElement, warning: HTMLElement, body: HTMLElement,
 *   root: HTMLElement, place: number, before: State | null, asked: any, guess: any, drawing: any, scores: Record<string, number>,
 *   say: (text: string) => void, refreshTable: () => void,
 * }} Scene `asked` is an Asked, `drawing` what `barsOf` gives, null while there is none
 */

const VEILS = ["posterior", "pooled", "logo"];
const VEILED = `${VEILS.map((name) => `:root[data-ep-hidden~=${name}] [data-ep-shows~=${name}]`).join(", ")} { visibility: hidden; }`;
const KEPT = ["predict", "hidden", "message"]; // not set back

/**
 * The trace of a state; throws a sentence.
 *
 * @param {State} state
 */
export const traceOf = (state) => eStepTrace(inputsOf(state));

export default {
  /** @param {Context} context */
  async render({ model, el, host, signal }) {
    const { exports } = await host.getWidget(model.get("store"));
    const scene = sceneOf(model, exports.store, el, signal);
    const { store, root } = scene;
    const off = store.on((state, trace, changed) => changed.includes("hidden") && veil(scene));
    const stop = () => {
      off();
      delete root.dataset.epHidden;
    };
    if (store.state.hidden?.length || store.state.predict?.open) tell(scene, "closed", { hidden: [] }); // left open by a page that is gone
    invite(scene);
    signal.addEventListener("abort", stop);
    return stop;
  },
};

/**
 * What is drawn: the elements, the store, and where in the questions the visitor is.
 *
 * @param {Model} model
 * @param {Store} store
 * @param {HTMLElement} el
 * @param {AbortSignal} signal
 */
function sceneOf(model, store, el, signal) {
  const { questions = [], title = "Predict, then see", live = true } = model.get("options");
  const section = panel(el, "predict", title, BARS + CSS + VEILED);
  const total = make("span", { class: "ec-soft", "data-name": "total" });
  const warning = make("p", { class: "ec-panel-warning", role: "alert" });
  const body = make("div");
  const scene = /** @type {Scene} */ (/** @type {unknown} */ ({
    store, signal, questions, section, total, warning, body,
    root: document.documentElement,
    place: -1, // of the question in hand
    before: null, // the state that leaving goes back to
    asked: null, // {state, action, before, after, truth}
    guess: null, // what has been answered: heights, a value or a number
    drawing: null, // the plot, while there is one
    scores: { ...store.state.predict?.scores },
  }));
  section.append(make("div", { class: "ec-panel-head" }, make("span", { class: "ec-panel-title" }, title), total), warning, body);
  const say = voice(section, { sentence: "hidden", live });
  return Object.assign(scene, { say, refreshTable: numbers(section, "The scores as a table", () => scoresTable(scene)) });
}

// from one phase to the next --------------------------------------------------------------------------------------------

/**
 * @param {Scene} scene
 * @param {string} phase
 * @param {Patch} [patch]
 */
function tell({ store, questions, place, scores }, phase, patch = {}) {
  const open = phase === "closed" || phase === "done" ? null : questions[place].id;
  store.set({ ...patch, predict: { phase, open, scores } });
}

/**
 * @param {string} label
 * @param {() => void} act
 * @param {boolean} [first]
 */
const button = (label, act, first) => make("button", { type: "button", class: first ? "ec-predict-first" : null, onclick: act }, label);
/** @param {string} text */
const heading = (text) => make("h3", { tabindex: "-1" }, text);
/** @param {HTMLElement[]} buttons */
const bar = (...buttons) => make("div", { class: "ec-row" }, buttons);
/** @param {Scene} scene */
const counted = ({ place, questions }) => make("p", { class: "ec-predict-count" }, `Question ${place + 1} of ${questions.length}`);
/**
 * @param {Scene} scene
 * @param {string} [label]
 */
const nextButton = (scene, label = "Next question") => button(label, () => next(scene), true);
/** @param {Scene} scene */
const leaveButton = (scene) => button("Leave", () => end(scene, "closed"));

/**
 * @param {Scene} scene
 * @param {(Node | string)[]} parts
 */
function show(scene, ...parts) {
  const { section, warning, body, refreshTable } = scene;
  warning.textContent = "";
  const had = section.contains(document.activeElement);
  body.replaceChildren(...parts);
  const head = body.querySelector("h3");
  if (had && head) head.focus();
  refreshTable();
  tally(scene);
}

/** @param {Scene} scene */
function start(scene) {
  const { store, questions } = scene;
  scene.before = JSON.parse(JSON.stringify(Object.fromEntries(Object.entries(store.state).filter(([key]) => !KEPT.includes(key)))));
  if (questions.every(({ id }) => id in scene.scores)) scene.scores = {};
  const open = questions.findIndex(({ id }) => !(id in scene.scores));
  next(scene, open);
}

/**
 * @param {Scene} scene
 * @param {number} [to]
 */
function next(scene, to = scene.place + 1) {
  const { store, questions, before } = scene;
  scene.drawing = null;
  if (to >= questions.length) return end(scene, "done");
  scene.place = to;
  const question = questions[to];
  try {
    scene.asked = askedOf(question, { ...store.state, ...before });
  } catch (error) {
    scene.asked = null;
    show(scene, heading(question.text), make("p", {}, `This question cannot be asked here. ${/** @type {Error} */ (error).message}`), bar(nextButton(scene), leaveButton(scene)));
    return tell(scene, "asking", { ...before, hidden: [] });
  }
  tell(scene, "asking", { ...before, ...resolve(question.setup, { ...store.state, ...before }), hidden: question.hidden ?? [] });
  ask(scene, question);
}

/**
 * A question of a state: what it sets, both sides of its action, and the truth. Throws a sentence where it cannot be asked.
 *
 * @param {Question} question
 * @param {State} base
 */
function askedOf({ kind, setup, action, answer, options }, base) {
  const state = { ...base, ...resolve(setup, base) };
  const change = resolve(action, state);
  const [before, after] = [state, { ...state, ...change }].map((side) => {
    const trace = traceOf(side);
    return { trace, measures: measuresOf(side, trace) };
  });
  const truth = answerOf(answer, before, after);
  if (kind === "choice" && !options.some((/** @type {{value: unknown}} */ { value }) => value === truth)) throw new Error("None of its answers is true here.");
  return { state, action: change, before, after, truth };
}

/**
 * How a question of each kind is asked, and how its answer is seen: {score, words, picture}, null without one.
 *
 * @type {Record<string, {ask: (scene: Scene, question: Question) => HTMLElement, see: (scene: Scene, question: Question) => Message}>}
 */
const KINDS = {
  draw: { ask: askDrawing, see: seeDrawing },
  choice: { ask: askChoice, see: seeChoice },
  number: { ask: askNumber, see: seeNumber },
};

/**
 * @param {Scene} scene
 * @param {Question} question
 */
function ask(scene, question) {
  scene.guess = null;
  const input = KINDS[question.kind].ask(scene, question);
  const room = classes() && openedBefore() ? [classButton(scene)] : [];
  const tools = bar(button("Show me", () => reveal(scene), true), button("Skip", () => next(scene)), ...room, leaveButton(scene));
  show(scene, counted(scene), heading(question.text), input, tools);
  scene.drawing?.draw();
  scene.say(`Question ${scene.place + 1} of ${scene.questions.length}. ${question.text}`);
}

/**
 * Unveil, and set what shows the answer.
 *
 * @param {Scene} scene
 */
function unveil(scene) {
  const { asked } = scene;
  const traced = Object.fromEntries([...TRACED, "alphabet"].map((key) => [key, asked.state[key]]));
  tell(scene, "seen", { ...traced, ...asked.action, hidden: [] });
}

/** @param {Scene} scene */
function reveal(scene) {
  const { questions, asked, place, total, say } = scene;
  const question = questions[place];
  const found = KINDS[question.kind].see(scene, question);
  if (!found) return;
  scene.scores = { ...scene.scores, [question.id]: found.score };
  unveil(scene);
  const result = make("div", { class: "ec-predict-result" }, make("p", {}, found.words), make("p", {}, filled(asked, question.explanation)));
  const onward = nextButton(scene, place === questions.length - 1 ? "See the total" : undefined);
  show(scene, counted(scene), heading(question.text), found.picture, result, bar(onward, leaveButton(scene)));
  scene.drawing?.draw();
  say(`${result.textContent} ${total.textContent}`);
}

/**
 * @param {Scene} scene
 * @param {string} phase
 */
function end(scene, phase) {
  const { questions } = scene;
  const touched = questions.flatMap(({ setup, action }) => [...Object.keys(setup ?? {}), ...Object.keys(action ?? {})]);
  const absent = touched.filter((key) => scene.before && !(key in scene.before)).map((key) => [key, null]);
  const patch = { ...Object.fromEntries(absent), ...scene.before };
  [scene.before, scene.asked, scene.drawing] = [null, null, null];
  tell(scene, phase, { ...patch, hidden: [] });
  scene.place = -1;
  if (phase === "done") finish(scene);
  else invite(scene);
}

/** @param {Scene} scene */
function invite(scene) {
  const { questions, say } = scene;
  const isBegun = questions.some(({ id }) => id in scene.scores);
  const room = classes() ? [classButton(scene)] : [];
  show(
    scene,
    heading(`${questions.length} questions: say first, see then`),
    make("p", {}, "What a question asks about is hidden until you have answered. Afterwards everything goes back to where you left it."),
    bar(button(isBegun ? "Go on" : "Start", () => start(scene), true), ...room),
  );
  say("");
}

/** @param {Scene} scene */
function finish(scene) {
  const { say } = scene;
  const { sum, count } = sumOf(scene);
  const words = count ? `${format(sum, 3)} of ${count} points, ${percent(sum / count)}.` : "You have skipped them all.";
  show(scene, heading("That was the last question"), make("p", { "data-name": "final" }, `${words} The view is again where you left it.`), bar(button("Once more", () => start(scene), true)));
  say(words);
}

// a class ---------------------------------------------------------------------------------------------------------------

/**
 * Asks the questions of this page on the phones of a room.
 *
 * @param {Scene} scene
 */
function classButton(scene) {
  const open = async () => {
    scene.warning.textContent = "";
    try {
      const lecturer = await import(new URL(`${classes()}/lecturer.js`, location.href).href);
      await lecturer.askTheRoom(scene.section, lentTo(scene));
    } catch (error) {
      scene.warning.textContent = /** @type {Error} */ (error).message;
    }
  };
  return button(openedBefore() ? "Back to the class" : "Ask the room", open);
}

/** @param {{value: string, label: string}} option */
const plainOption = ({ value, label }) => ({ value, label }); // and not why it is wrong

/**
 * What a class needs of the questions here: which is in hand, and how to go on.
 *
 * @param {Scene} scene
 */
function lentTo(scene) {
  const { signal, questions } = scene;
  const onward = (/** @type {number} */ to) => {
    next(scene, to);
    while (scene.place >= 0 && !scene.asked) next(scene); // one that cannot be asked here
  };
  const inHand = () => {
    const { asked, place } = scene;
    if (!asked || place < 0) return null;
    const { text, kind, options, explanation } = questions[place];
    const letters = kind === "draw" ? lettersOf(asked.state, asked.after.trace).join("") : "";
    const words = make("p", {}, filled(asked, explanation));
    return { question: { text, kind, options: (options ?? []).map(plainOption), letters }, truth: asked.truth, explanation: () => words.textContent ?? "", place: `Question ${place + 1} of ${questions.length}`, isLast: place === questions.length - 1 };
  };
  return {
    signal, inHand,
    start: () => { start(scene); if (!scene.asked) onward(scene.place + 1); },
    next: () => onward(scene.place + 1),
    reveal: () => { unveil(scene); show(scene, counted(scene), heading(questions[scene.place].text), bar(nextButton(scene), classButton(scene), leaveButton(scene))); },
    leave: () => { if (scene.place >= 0) end(scene, "closed"); else invite(scene); },
  };
}

// drawing a posterior ---------------------------------------------------------------------------------------------------

/** @param {Scene} scene */
function askDrawing(scene) {
  scene.guess = new Array(scene.asked.truth.length).fill(0);
  scene.drawing = plotOf(scene, null);
  const fill = (/** @type {number} */ height) => () => {
    scene.guess.fill(height);
    scene.drawing.changed();
  };
  const hint = "Draw with the pointer; or left and right choose a window, up and down its bar. Only the proportions count.";
  const tools = bar(button("All alike", fill(0.5)), button("Clear", fill(0)), make("span", { class: "ec-soft" }, hint));
  return make("div", {}, scene.drawing.element, tools);
}

/** @param {Scene} scene */
function seeDrawing(scene) {
  const { warning, guess, asked } = scene;
  const { truth } = asked;
  if (!sum(guess)) {
    warning.textContent = "Nothing is drawn yet: give at least one window a bar.";
    return null;
  }
  const share = (scene.guess = shareOut(guess));
  scene.drawing = plotOf(scene, truth);
  const { overlap, bits } = compareShares(truth, share);
  const praise = overlap > 0.9 ? "Almost the same." : overlap > 0.6 ? "Much of it." : overlap > 0.3 ? "Some of it." : "Far from it.";
  const words = [`${praise} Your drawing and the posterior share `, number("score", overlap, 3), ` (${percent(overlap)}). `, ...costOf(truth, share, bits)];
  const rows = truth.map((/** @type {number} */ p, /** @type {number} */ i) => [String(i + 1), number(`guess_${i + 1}`, share[i]), number(`truth_${i + 1}`, p)]);
  const list = scrolling("Drawing and posterior", table("Your drawing, scaled to 1, and the posterior", ["window", "drawn", "true"], rows));
  const twin = make("details", {}, make("summary", {}, "Drawing and posterior as a table"), list);
  return { score: overlap, words, picture: make("div", {}, scene.drawing.element, twin) };
}

/**
 * What the divergence from a drawing to the truth means.
 *
 * @param {number[]} truth
 * @param {number[]} share
 * @param {number} bits
 */
function costOf(truth, share, bits) {
  if (Number.isFinite(bits)) return ["The divergence from your drawing to the truth is ", number("bits", bits, 3), " bits: so much longer would be the message where the site is, if it were coded after your drawing."];
  const missed = truth.reduce((top, p, i) => (share[i] === 0 && p > (top < 0 ? 0 : truth[top]) ? i : top), -1);
  return ["The divergence is infinite (", number("bits", bits), `): you gave nothing to window ${missed + 1}, which holds ${percent(truth[missed])}. A posterior should rule out only the impossible.`];
}

/**
 * The bars of the guess, and once it is seen of the truth with them.
 *
 * @param {Scene} scene
 * @param {number[] | null} truth
 */
function plotOf(scene, truth) {
  const { signal, store, warning, asked, guess } = scene;
  const moved = (/** @type {number} */ at) => {
    warning.textContent = "";
    store.set({ cursor: at });
  };
  return barsOf({ heights: guess, truth, letters: lettersOf(asked.state, asked.after.trace), at: Math.round(store.state.cursor) || 0, moved, signal });
}

// choosing and counting -------------------------------------------------------------------------------------------------

/**
 * @param {Scene} scene
 * @param {Question} question
 * @param {string | null} [chosen]
 */
function askChoice(scene, question, chosen = null) {
  const { warning, asked } = scene;
  const name = `ec-predict-${Math.random().toString(36).slice(2, 8)}`;
  const labels = question.options.map((/** @type {{value: string, label: string}} */ { value, label }) => {
    const radio = make("input", { type: "radio", name, value, disabled: chosen !== null, checked: value === chosen, onchange: () => { scene.guess = value; warning.textContent = ""; } });
    const isTrue = chosen !== null && value === asked.truth;
    const mark = isTrue ? (value === chosen ? "\u2713 yours, and true" : "\u2713 true") : value === chosen ? "\u2717 yours" : null;
    return make("label", { class: isTrue ? "is-true" : mark ? "is-false" : null }, radio, make("span", {}, label), mark ? make("b", {}, mark) : null);
  });
  return make("fieldset", {}, make("legend", { class: "ec-say" }, question.text), labels);
}

/**
 * @param {Scene} scene
 * @param {Question} question
 */
function seeChoice(scene, question) {
  const { warning, guess, asked } = scene;
  if (guess === null) {
    warning.textContent = "Nothing is chosen yet: choose one, a guess is welcome.";
    return null;
  }
  const isRight = guess === asked.truth;
  const { label } = question.options.find((/** @type {{value: string}} */ { value }) => value === asked.truth);
  const { because } = question.options.find((/** @type {{value: string}} */ { value }) => value === guess);
  const wrong = () => [`Not this time. True is: ${label} `, ...(because ? filled(asked, because) : [])];
  return { score: Number(isRight), words: isRight ? "Right. " : wrong(), picture: askChoice(scene, question, guess) };
}

/** @param {Scene} scene */
function askNumber(scene) {
  const oninput = () => {
    scene.guess = box.value;
    box.removeAttribute("aria-invalid");
    scene.warning.textContent = "";
  };
  const onkeydown = (/** @type {KeyboardEvent} */ event) => event.key === "Enter" && reveal(scene);
  const box = make("input", { type: "text", inputmode: "decimal", autocomplete: "off", class: "ec-box", oninput, onkeydown });
  return make("label", { class: "is-field" }, "Your number ", box);
}

/** @param {Scene} scene */
function seeNumber({ warning, body, guess, asked: { truth } }) {
  const text = String(guess ?? "").trim();
  const x = Number(text.replace(",", ".").replace("\u2212", "-"));
  if (!text || !Number.isFinite(x) || x <= 0) {
    warning.textContent = `Found ${text ? `\u201c${text.slice(0, 40)}\u201d` : "nothing"}; accepted: a number above 0.`;
    const box = /** @type {HTMLInputElement} */ (body.querySelector("input"));
    box.setAttribute("aria-invalid", "true");
    box.focus();
    return null;
  }
  const score = Math.max(Math.min(x / truth, truth / x), 0);
  const praise = score > 0.9 ? "Very near." : score > 0.6 ? "Near." : "Not so near.";
  const words = [`${praise} You said `, number("guess", x), "; true is ", number("truth", truth), `. The smaller is ${percent(score)} of the larger.`];
  return { score, words, picture: metersOf(x, truth) };
}

/**
 * @param {number} x
 * @param {number} truth
 */
function metersOf(x, truth) {
  const meter = (/** @type {string} */ name, /** @type {number} */ y, /** @type {number} */ value, /** @type {string} */ label) => [
    make("svg:rect", { class: name, x: 1, y, width: px((238 * value) / Math.max(x, truth)), height: 18 }),
    make("svg:text", { x: 246, y: y + 14 }, `${label} ${format(value)}`),
  ];
  const label = `Your number ${format(x)}, true ${format(truth)}`;
  const meters = [meter("ec-predict-truth", 2, truth, "true"), meter("ec-predict-guess", 26, x, "yours")];
  const picture = make("svg:svg", { role: "img", "aria-label": label, viewBox: "0 0 340 48" }, meters);
  picture.style.maxWidth = "26rem";
  return picture;
}

// words -----------------------------------------------------------------------------------------------------------------

/**
 * A text with its `{before.name}` and `{after.name}` as numbers.
 *
 * @param {Asked} asked
 * @param {string} text
 */
function filled(asked, text) {
  const parts = [];
  let last = 0;
  for (const { 0: whole, 1: of, 2: name, index } of text.matchAll(/\{(before|after)\.(\w+)\}/g)) {
    const value = asked[of === "before" ? "before" : "after"].measures[name];
    parts.push(text.slice(last, index), value === undefined ? whole : number(`${of}.${name}`, value, 3));
    last = index + whole.length;
  }
  return [...parts, text.slice(last)];
}

/** @param {Scene} scene */
function sumOf({ questions, scores }) {
  const known = questions.map(({ id }) => scores[id]).filter((score) => typeof score === "number");
  return { sum: sum(known), count: known.length };
}

/** @param {Scene} scene */
function tally(scene) {
  const { sum, count } = sumOf(scene);
  scene.total.textContent = count ? `${format(sum, 3)} of ${count} points so far` : "";
}

/** @param {Scene} scene */
function scoresTable({ questions, place, scores }) {
  const rows = questions.map(({ id, text }, i) => [
    `${i + 1}. ${place === i || id in scores ? text : "not asked yet"}`,
    typeof scores[id] === "number" ? number(`score_${id}`, scores[id], 3) : "\u2013",
  ]);
  return table("Points, from 0 to 1 a question", ["question", "points"], rows);
}

/** @param {Scene} scene */
function veil({ store, root }) {
  const hidden = store.state.hidden ?? [];
  if (hidden.length) root.dataset.epHidden = hidden.join(" ");
  else delete root.dataset.epHidden;
}
