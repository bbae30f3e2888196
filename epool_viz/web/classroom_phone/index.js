// The page of a phone in a class: joins, shows the question, sends a guess, shows what the room guessed. It needs no kernel.
//
// The page holds `<div data-ep-class="address of /class">`; the code is the last part of the page's own address.

import { make } from "../lib/dom.js";
import COMMON from "../lib/common.css";
import BARS from "../predict/bars.css";
import { barsOf } from "../predict/bars.js";
import { sentenceOf } from "../predict/counts.js";
import GUESSES from "../predict/guesses.css";
import { pictureOf } from "../predict/guesses.js";
import { join } from "./connection.js";
import CSS from "./style.css";

/**
 * @typedef {import("./connection.js").View} View
 * @typedef {{
 *   base: string, code: string, body: HTMLElement, told: HTMLElement, lost: HTMLElement,
 *   view: View | null, send: (turn: number, guess: any) => void, mark: (guess: any) => void,
 * }} Page
 */

/** @param {string} text */
const heading = (text) => make("h1", { tabindex: "-1" }, text);

/**
 * @param {Page} page
 * @param {(Node | string)[]} parts
 */
function show({ body, told }, ...parts) {
  const had = body.contains(document.activeElement);
  told.textContent = "";
  body.replaceChildren(...parts);
  if (had) body.querySelector("h1")?.focus();
}

/**
 * Ask for the code; `said` is why there is none.
 *
 * @param {Page} page
 * @param {string} [said]
 */
function askForCode(page, said = "") {
  const { base, code } = page;
  const box = make("input", { class: "ec-box", id: "class_code", name: "code", value: said ? code : "", autocomplete: "off", autocapitalize: "characters", spellcheck: "false", maxlength: "12", required: true });
  show(page, heading("Join the class"), ...(said ? [make("p", { role: "alert", class: "ec-warning" }, said)] : []),
    make("form", { action: base, method: "get" }, make("label", { for: "class_code" }, "Code on the screen"), box, make("button", { class: "is-first" }, "Join")));
}

/**
 * The answers as large buttons; a tap sends one.
 *
 * @param {Page} page
 * @param {View} view
 */
function askChoice(page, { turn, question }) {
  const buttons = (question?.options ?? []).map(({ value, label }) => make("button", { type: "button", class: "is-option", "data-value": value, onclick: () => {
    page.mark(value);
    page.send(turn, value);
  } }, label));
  page.mark = (guess) => {
    for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.value === guess));
  };
  return [make("div", { class: "is-options", role: "group", "aria-label": "Answers" }, buttons)];
}

/**
 * @param {Page} page
 * @param {View} view
 */
function askNumber(page, { turn }) {
  const box = make("input", { class: "ec-box", id: "class_number", type: "text", inputmode: "decimal", autocomplete: "off" });
  const onsubmit = (/** @type {Event} */ event) => {
    event.preventDefault();
    const x = Number(box.value.trim().replace(",", ".").replace("\u2212", "-"));
    const isGood = Number.isFinite(x) && x > 0;
    box.setAttribute("aria-invalid", String(!isGood));
    if (isGood) page.send(turn, x);
    else page.told.textContent = "A guess is a number above 0.";
  };
  page.mark = (guess) => {
    if (guess !== null) box.value = String(guess);
  };
  return [make("form", { onsubmit }, make("label", { for: "class_number" }, "Your number"), box, make("button", { class: "is-first" }, "Send"))];
}

/**
 * @param {Page} page
 * @param {View} view
 */
function askDrawing(page, { turn, question }) {
  const letters = [...(question?.letters ?? "")];
  const heights = new Array(letters.length).fill(0);
  const bars = barsOf({ heights, truth: null, letters });
  const fill = (/** @type {number} */ height) => () => {
    heights.fill(height);
    bars.changed();
  };
  const send = () => {
    if (heights.some(Boolean)) page.send(turn, heights);
    else page.told.textContent = "Nothing is drawn yet: draw a bar over at least one letter.";
  };
  page.mark = (guess) => {
    if (guess) heights.splice(0, heights.length, ...guess);
    bars.draw();
  };
  const button = (/** @type {string} */ label, /** @type {() => void} */ onclick) => make("button", { type: "button", onclick }, label);
  return [
    bars.element,
    make("p", { class: "ec-soft" }, "Draw with a finger. By keys: left and right, then up and down."),
    make("div", { class: "ec-row" }, make("button", { type: "button", class: "is-first", onclick: send }, "Send"), button("All alike", fill(0.5)), button("Clear", fill(0))),
  ];
}

/** @type {Record<string, (page: Page, view: View) => HTMLElement[]>} */
const KINDS = { choice: askChoice, number: askNumber, draw: askDrawing };

/**
 * Show what the server sends; a question that is open already stays as the hand has it.
 *
 * @param {Page} page
 * @param {View} view
 */
function seen(page, view) {
  const { view: last, told } = page;
  const isSame = last && last.turn === view.turn && !last.shown === !view.shown;
  page.view = view;
  if (isSame) return;
  const { question, shown, guess } = view;
  told.classList.toggle("ec-say", Boolean(shown)); // then it is only spoken
  if (!question) {
    show(page, heading("You are in"), make("p", {}, "The first question comes here by itself."));
  } else if (shown) {
    const room = { question, room: shown.room, truth: shown.truth, mine: guess };
    show(page, heading(question.text), pictureOf(room), make("p", { class: "is-result" }, sentenceOf(room)), make("p", {}, shown.explanation),
      make("p", { class: "ec-soft" }, guess === null ? "You have not guessed." : "The next question comes by itself."));
    told.textContent = "The answer is shown.";
  } else {
    show(page, heading(question.text), ...KINDS[question.kind](page, view));
    page.mark(guess);
    if (guess !== null) told.textContent = "Sent. You can change it until the answer is shown.";
  }
}

/** @param {HTMLElement} root */
function mount(root) {
  const base = root.dataset.epClass ?? "/class";
  const code = decodeURIComponent(location.pathname.slice(base.length).replaceAll("/", "")).toUpperCase();
  document.head.append(make("style", {}, COMMON + BARS + GUESSES + CSS));
  const body = make("div");
  const told = make("p", { role: "status", class: "is-told" });
  const lost = make("p", { role: "status", class: "is-lost" });
  root.classList.add("ec", "ec-phone");
  root.replaceChildren(lost, body, told);
  /** @type {Page} */
  const page = { base, code, body, told, lost, view: null, send: () => {}, mark: () => {} };
  if (!code) return askForCode(page);
  show(page, heading("Joining\u2026"));
  page.send = join({
    base, code,
    seen: (view) => seen(page, view),
    refused: (message, again) => (again ? tryAgain(page, message) : askForCode(page, message)),
    lost: (isLost) => { lost.textContent = isLost ? "Connection lost. It comes back by itself." : ""; },
    told: (words) => { told.textContent = words; },
  });
}

/**
 * @param {Page} page
 * @param {string} message
 */
function tryAgain(page, message) {
  show(page, heading("Not here"), make("p", { role: "alert" }, message), make("button", { type: "button", class: "is-first", onclick: () => location.reload() }, "Try again"));
}

for (const root of document.querySelectorAll("[data-ep-class]")) mount(/** @type {HTMLElement} */ (root));
