// Lesson question: options, each with its own explanation, or a field whose answer Python checks.
//
// options: {kind, label, text, options, rows, hint}
//   kind     "choice" or "field"
//   label    name of the group, such as "Question 1 of 4"
//   text     what is asked
//   options  of a choice: [{value, label, says, isRight}]; `says` is what is shown once it is chosen
//   rows     of a field: 1 for a line, more for a box
//   hint     of a field: what is accepted
// A field sends {answer: text}; Python answers {feedback: {tone, head, words}}, tone "right", "wrong" or "unread".

import { make } from "../lib/dom.js";
import { dress } from "../lib/style.js";
import CSS from "./style.css";

/** @typedef {{ value: string, label: string, says: string, isRight: boolean }} Option */
/** @typedef {{ kind: "choice" | "field", label: string, text: string, options?: Option[], rows?: number, hint?: string }} Options */
/** @typedef {{ tone: string, head: string, words: string }} Feedback */
/** @typedef {{ el: HTMLElement, said: HTMLElement, button: HTMLButtonElement }} Question */

const LATE = 20_000; // milliseconds until Python is said not to answer

/** @type {(question: Question, feedback: Feedback) => void} */
function tell({ said }, { tone, head, words }) {
  said.dataset.tone = tone;
  said.replaceChildren(make("b", {}, head), ` ${words}`);
}

/** @type {(el: HTMLElement, label: string) => Question} */
function begin(el, label) {
  const said = make("p", { class: "ec-lesson-said", role: "status" });
  const button = make("button", { type: "button", class: "ec-lesson-check" }, label);
  return { el, said, button };
}

/** @type {(el: HTMLElement, options: Options) => void} */
function choice(el, { label, text, options = [] }) {
  const question = begin(el, "Show me");
  const name = `ec-lesson-${Math.random().toString(36).slice(2, 8)}`;
  const lines = options.map((option) => ({ option, line: lineOf(option, name) }));
  question.button.addEventListener("click", () => {
    const chosen = lines.find(({ line }) => line.querySelector("input")?.checked)?.option;
    if (!chosen) return tell(question, { tone: "unread", head: "Nothing is chosen yet.", words: "Choose one; a guess is welcome." });
    for (const { option, line } of lines) {
      line.classList.toggle("is-right", option.isRight);
      line.classList.toggle("is-wrong", option === chosen && !option.isRight);
      line.querySelector("b")?.replaceChildren(option.isRight ? "✓ right" : option === chosen ? "✗ yours" : "");
    }
    tell(question, { tone: chosen.isRight ? "right" : "wrong", head: chosen.isRight ? "Right." : "Not this time.", words: chosen.says });
  });
  const legend = make("legend", {}, make("span", { class: "ec-soft" }, label), " ", make("span", { class: "ec-lesson-text" }, text));
  el.append(make("fieldset", {}, legend, lines.map(({ line }) => line)), question.button, question.said);
}

/** @type {(option: Option, name: string) => HTMLElement} */
const lineOf = ({ value, label }, name) => make("label", {}, make("input", { type: "radio", name, value }), make("span", {}, label), make("b", {}));

/** @type {(el: HTMLElement, model: Model, options: Options, signal: AbortSignal) => void} */
function field(el, model, { label, text, rows = 1, hint = "" }, signal) {
  const question = begin(el, "Check");
  const look = { class: "ec-box", autocomplete: "off", spellcheck: "false" };
  const box = /** @type {HTMLInputElement | HTMLTextAreaElement} */ (rows > 1 ? make("textarea", { ...look, rows }) : make("input", { ...look, type: "text" }));
  let timer = 0;
  const send = () => {
    clearTimeout(timer);
    timer = setTimeout(() => tell(question, { tone: "unread", head: "No answer.", words: "Python is busy or gone; reload the page." }), LATE);
    model.send({ answer: box.value });
  };
  const hear = (/** @type {Message} */ { feedback }) => {
    if (!feedback) return;
    clearTimeout(timer);
    tell(question, feedback);
  };
  question.button.addEventListener("click", send);
  box.addEventListener("keydown", (event) => /** @type {KeyboardEvent} */ (event).key === "Enter" && rows === 1 && send());
  model.on("msg:custom", hear);
  signal.addEventListener("abort", () => {
    clearTimeout(timer);
    model.off("msg:custom", hear);
  });
  const told = text ? make("p", { class: "ec-lesson-text" }, text) : null;
  el.append(make("div", { role: "group", "aria-label": label }, told, make("label", { class: "is-field" }, `Your answer: ${hint}`, box)), question.button, question.said);
}

export default {
  /** @param {Context} context */
  render({ model, el, signal }) {
    /** @type {Options} */
    const options = model.get("options");
    dress(el, "lesson-question", CSS);
    if (options.kind === "choice") choice(el, options);
    else field(el, model, options, signal);
  },
};
