// The lecturer's side of a class: opens it, asks a question of the page on all phones, shows what the room guessed.
//
// The page imports it from our own server when it is first needed: `predict` carries nothing of it.

import { make } from "../lib/dom.js";
import { sentenceOf } from "../predict/counts.js";
import GUESSES from "../predict/guesses.css";
import { pictureOf } from "../predict/guesses.js";
import { classes, keep, openedBefore } from "../predict/opened.js";
import CSS from "./style.css";

/**
 * What the dashboard lends: `start` begins with the first question, `asked` is the one in hand, `reveal` shows its answer in the dashboard.
 *
 * @typedef {{question: import("../predict/counts.js").Asked, truth: any, explanation: () => string, place: string, isLast: boolean}} InHand
 * @typedef {{start: () => void, next: () => void, reveal: () => void, leave: () => void, inHand: () => InHand | null, signal: AbortSignal}} Lent
 * @typedef {import("../predict/opened.js").Opened} Opened
 * @typedef {{joined: number, answered: number, turn: number, room?: import("../predict/counts.js").Room}} Watched
 * @typedef {{
 *   base: string, lent: Lent, opened: Opened, dialog: HTMLDialogElement, body: HTMLElement, foot: HTMLElement, counts: HTMLElement,
 *   warning: HTMLElement, turn: number, phase: "joining" | "asking" | "shown", timer: number | undefined, isOver: boolean,
 * }} Scene
 */

const EVERY = 1000; // milliseconds between two counts

/**
 * Send a request; throws a sentence.
 *
 * @param {string} address
 * @param {Message} sent
 */
async function post(address, sent) {
  const answer = await fetch(address, { method: "POST", body: JSON.stringify(sent) }).catch(() => null);
  if (!answer) throw new Error("The server cannot be reached.");
  const got = await answer.json().catch(() => ({}));
  if (!answer.ok) throw Object.assign(new Error(got.message ?? "The server refused."), { status: answer.status });
  return got;
}

/**
 * @param {Scene} scene
 * @param {string} what
 * @param {Message} [sent]
 * @returns {Promise<Watched>}
 */
const request = ({ base, opened }, what, sent = {}) => post(`${base}/${opened.code}/${what}`, { secret: opened.secret, ...sent });

/**
 * Show the class over the page: the one that is open in this tab, else a new one. Rejects with a sentence.
 *
 * @param {HTMLElement} section
 * @param {Lent} lent
 */
export async function askTheRoom(section, lent) {
  const base = classes() ?? "";
  const opened = await current(base);
  const warning = make("p", { role: "alert", class: "ec-panel-warning" });
  const counts = make("p", { class: "ec-class-counts", "aria-live": "polite" });
  const body = make("div", { class: "ec-class-body", role: "region", tabindex: 0, "aria-label": "The class" });
  const foot = make("div", { class: "ec-class-foot" });
  const dialog = make("dialog", { class: "ec-class", "aria-label": `Class ${opened.code}` }, warning, body, foot);
  /** @type {Scene} */
  const scene = { base, lent, opened, dialog, body, foot, counts, warning, turn: 0, phase: "joining", timer: undefined, isOver: false };
  if (!document.head.querySelector("style[data-ec=class]")) document.head.append(make("style", { "data-ec": "class" }, GUESSES + CSS));
  section.append(dialog);
  dialog.addEventListener("close", () => {
    scene.isOver = true;
    clearTimeout(scene.timer);
    dialog.remove();
  });
  lent.signal.addEventListener("abort", () => dialog.close());
  showJoining(scene);
  dialog.showModal();
  watch(scene);
}

/**
 * @param {string} base
 * @returns {Promise<Opened>}
 */
async function current(base) {
  const kept = openedBefore();
  if (kept) {
    try {
      await post(`${base}/${kept.code}/watch`, { secret: kept.secret });
      return kept;
    } catch {
      keep(null); // it has ended
    }
  }
  const opened = await post(base, {});
  keep(opened);
  return opened;
}

/**
 * Count now, and again each second; where the class has ended, say so.
 *
 * @param {Scene} scene
 */
async function watch(scene) {
  try {
    count(scene, await request(scene, "watch"));
    scene.warning.textContent = "";
  } catch (error) {
    scene.warning.textContent = /** @type {Error} */ (error).message;
    if (/** @type {{status?: number}} */ (error).status === 404) return keep(null);
  }
  if (!scene.isOver) scene.timer = setTimeout(() => watch(scene), EVERY);
}

/** @type {(n: number) => string} */
const phones = (n) => (n === 1 ? "1 phone is here" : `${n} phones are here`);

/**
 * @param {Scene} scene
 * @param {Watched} watched
 */
function count({ counts, phase }, { joined, answered }) {
  const words = phase === "joining" ? phones(joined) : `${answered} of ${joined} have answered`;
  if (counts.textContent !== words) counts.textContent = words;
}

/**
 * Do something that the server may refuse; the sentence stands in the dialog.
 *
 * @param {Scene} scene
 * @param {() => Promise<void>} act
 */
async function tryTo(scene, act) {
  const buttons = scene.foot.querySelectorAll("button");
  for (const each of buttons) each.disabled = true;
  try {
    await act();
  } catch (error) {
    scene.warning.textContent = /** @type {Error} */ (error).message;
  } finally {
    for (const each of buttons) each.disabled = false;
  }
}

/**
 * @param {string} label
 * @param {() => void} onclick
 * @param {boolean} [first]
 */
const button = (label, onclick, first = false) => make("button", { type: "button", class: first ? "ec-predict-first" : null, onclick }, label);

/**
 * @param {Scene} scene
 * @param {HTMLElement[]} parts
 * @param {HTMLElement[]} buttons
 */
function show(scene, parts, buttons) {
  const { body, foot, counts } = scene;
  body.replaceChildren(...parts);
  const tools = make("div", { class: "ec-row" }, buttons, button("To the dashboard", () => scene.dialog.close()), button("End the class", () => tryTo(scene, () => end(scene))));
  foot.replaceChildren(counts, tools);
  body.querySelector("h2")?.focus();
}

/**
 * @param {string} text
 * @param {string} [look]
 */
const heading = (text, look = "") => make("h2", { tabindex: "-1", class: look || null }, text);

/** @param {Scene} scene */
const picture = ({ base, opened }) => make("img", { class: "ec-class-qr", alt: `QR code of ${opened.link}`, src: `${base}/${opened.code}/qr.svg` });

/**
 * @param {Scene} scene
 * @param {string} [title]
 */
function showJoining(scene, title = "Join with your phone") {
  const { opened, lent } = scene;
  scene.phase = "joining";
  const way = opened.link
    ? [picture(scene), make("div", {}, heading(title), make("p", { class: "ec-class-link" }, opened.link), make("p", { class: "ec-class-code" }, opened.code), make("p", { class: "ec-soft" }, "No name is asked for, and nothing is stored."))]
    : [make("div", {}, heading("Phones cannot reach this server"), make("p", {}, "It answers only this computer. Start it so that the network can reach it, and open the class again:"), make("p", {}, make("code", {}, "epool-viz app --host 0.0.0.0")),
      make("p", { class: "ec-soft" }, "Everybody in that network can then open the dashboards. The code of this class is ", make("b", { class: "ec-class-code" }, opened.code)))];
  const begin = lent.inHand() ? "Ask this question" : title.startsWith("That") ? "Ask them again" : "Ask the first question";
  show(scene, [make("div", { class: "ec-class-join" }, way)], [button(begin, () => tryTo(scene, async () => {
    if (!lent.inHand()) lent.start();
    await ask(scene);
  }), true)]);
}

/** @param {Scene} scene */
const corner = (scene) => make("div", { class: "ec-class-corner" }, scene.opened.link ? picture(scene) : null, make("span", {}, scene.opened.code));

/**
 * Ask the question that the dashboard has in hand.
 *
 * @param {Scene} scene
 */
async function ask(scene) {
  const hand = scene.lent.inHand();
  if (!hand) return showJoining(scene, "That was the last question");
  const watched = await request(scene, "ask", { question: hand.question });
  scene.turn = watched.turn;
  scene.phase = "asking";
  count(scene, watched);
  const { options, kind, letters, text } = hand.question;
  const shown = kind === "choice" ? make("ul", { class: "ec-class-options" }, options.map(({ label }) => make("li", {}, label))) : null;
  const how = kind === "draw" ? make("p", { class: "ec-class-letters" }, letters) : null;
  const parts = [make("p", { class: "ec-predict-count" }, hand.place), heading(text), shown, how].filter((each) => each !== null);
  show(scene, [make("div", { class: "ec-class-ask" }, make("div", {}, parts), corner(scene))], [button("Reveal", () => tryTo(scene, () => reveal(scene)), true), onward(scene)]);
}

/**
 * @param {Scene} scene
 * @param {boolean} [first]
 */
function onward(scene, first = false) {
  const isLast = scene.lent.inHand()?.isLast;
  return button(isLast ? "That was the last question" : "Next question", () => tryTo(scene, async () => {
    scene.lent.next();
    await ask(scene);
  }), first);
}

/** @param {Scene} scene */
async function reveal(scene) {
  const hand = scene.lent.inHand();
  if (!hand) return;
  const { question, truth } = hand;
  const explanation = hand.explanation();
  const rounded = Array.isArray(truth) ? truth.map((p) => Math.round(1e5 * p) / 1e5) : truth;
  const watched = await request(scene, "show", { turn: scene.turn, truth: rounded, explanation });
  scene.lent.reveal();
  scene.phase = "shown";
  count(scene, watched);
  const shown = { question, truth, room: watched.room ?? { answered: 0 }, signal: scene.lent.signal, tall: 13 };
  show(scene, [make("p", { class: "ec-predict-count" }, hand.place), heading(question.text, "is-shown"), pictureOf(shown), make("p", { class: "ec-class-result" }, sentenceOf(shown)), make("p", {}, explanation)], [onward(scene, true)]);
}

/** @param {Scene} scene */
async function end(scene) {
  scene.isOver = true; // no more counts of what has ended
  clearTimeout(scene.timer);
  await request(scene, "end").catch((error) => {
    if (error.status === 404) return; // it has ended before
    scene.isOver = false;
    watch(scene);
    throw error;
  });
  keep(null);
  scene.lent.leave();
  scene.dialog.close();
}
