// Heartbeat: says when Python or the network is gone, and how to go on with nothing lost.
//
// A state of the address over which Python stopped answering is not taken over a second time unless the visitor says so.
//
// Python is asked while the page is seen and in use; a page that nobody has touched for `quiet` seconds stops asking, so
// that an idle kernel can be given back. What the page computes by itself goes on all the while.
//
// options: {every, patience, quiet, share}
//   every     seconds between two questions (default 5)
//   patience  seconds without an answer until the banner (default 12)
//   quiet     seconds without a hand on the page until it stops asking (default 300)
//   share     keys of the state that go into the link (default all)

import { speaker } from "../lib/a11y.js";
import { make } from "../lib/dom.js";
import { toFragment } from "../lib/link.js";
import { handOver, openingOf, withoutState } from "../lib/opening.js";
import { dress } from "../lib/style.js";
import CSS from "./style.css";

/** @typedef {"opening" | "refused" | "python" | "network"} Why the banner is shown */
/** @typedef {ReturnType<typeof begin>} Heartbeat */

const SETTLES = 1; // second until Python has heard of a state that the page takes over
/** @type {Record<Why, [title: string, text: string]>} */
const WORDS = {
  opening: ["Python no longer answers.", "It has not since this address was opened, so it may be the state in the address that it cannot manage. Starting afresh opens this dashboard without that state."],
  refused: ["The state in this address was not taken over.", "Python stopped answering the last time it was. You see how this dashboard begins; what you bring and choose from here on is not affected."],
  python: ["Python no longer answers.", "The picture still moves: it is computed in this page. Files, exports and new data need Python again. Reloading starts a fresh Python with all that you see now."],
  network: ["You are offline.", "The picture still moves: it is computed in this page. Files, exports and new data wait for the network. Nothing is lost; this message goes when the network is back."],
};

const now = () => performance.now() / 1000;

/**
 * @param {Model} model
 * @param {HTMLElement} el
 * @param {Store} store
 */
function begin(model, el, store) {
  const { every = 5, patience = 12, quiet = 300, share = null } = model.get("options");
  const banner = make("div", { role: "alert" });
  el.append(banner);
  return {
    model, el, store, every, patience, quiet, share, banner,
    say: speaker(el, 0),
    shown: /** @type {Why | null} */ (null),
    count: 0, // of questions
    asked: /** @type {number | null} */ (null), // when the oldest question without an answer was put
    isAnswered: true,
    touched: now(),
    opening: openingOf(location.hash), // the state that the address brought
    opened: now(),
    firstAfter: Infinity, // the first question that Python hears after the state
    sooner: /** @type {number | undefined} */ (undefined),
  };
}

// the banner ------------------------------------------------------------------------------------------------------

/** @param {Heartbeat} heart */
const isGone = ({ asked, isAnswered, patience }) => asked !== null && !isAnswered && now() - asked > patience;

/**
 * @param {Heartbeat} heart
 * @returns {Why | null}
 */
function whyOf(heart) {
  const { opening } = heart;
  if (navigator.onLine === false) return "network";
  if (isGone(heart)) return opening && !opening.isAnswered && !opening.isRefused ? "opening" : "python";
  return opening?.isRefused ? "refused" : null;
}

/** @param {Heartbeat} heart */
function draw(heart) {
  const { banner, el, shown, opening } = heart;
  if (isGone(heart)) opening?.lost();
  const why = whyOf(heart);
  if (why === shown) return;
  banner.replaceChildren(...(why ? [card(heart, why)] : []));
  if (!why && shown !== "refused") heart.say("The connection is back.");
  heart.shown = why;
  el.dataset.state = why ?? "well";
}

/** @type {(heart: Heartbeat, why: Why) => HTMLElement} */
function card(heart, why) {
  const [title, text] = WORDS[why];
  const buttons = buttonsOf(heart)[why].map(([label, onclick], i) => make("button", { type: "button", class: i ? "" : "ec-heartbeat-first", onclick }, label));
  return make("div", { class: "ec-heartbeat-banner" }, make("strong", {}, title), make("p", {}, text), make("div", { class: "ec-row" }, buttons));
}

/** @type {(heart: Heartbeat) => Record<Why, [label: string, act: () => void][]>} */
function buttonsOf(heart) {
  /** @type {[string, () => void]} */
  const again = ["Reload with this state", () => {
    keep(heart);
    location.reload();
  }];
  /** @type {[string, () => void]} */
  const afresh = ["Start afresh", () => {
    withoutState();
    location.reload();
  }];
  /** @type {[string, () => void]} */
  const put = ["Keep the state in the address", () => keep(heart)];
  return {
    python: [again, afresh, put],
    network: [again, put],
    opening: [afresh, again],
    refused: [["Leave it out", () => leave(heart)], ["Take it over all the same", () => takeOver(heart)]],
  };
}

/** @param {Heartbeat} heart */
function keep({ store, share }) {
  const [before, after] = [location.hash, toFragment(store.state, share)];
  handOver(before, after);
  history.replaceState(history.state, "", after);
}

/** @param {Heartbeat} heart */
function takeOver(heart) {
  heart.opening?.accept();
  window.dispatchEvent(new HashChangeEvent("hashchange"));
  draw(heart);
}

/** @param {Heartbeat} heart */
function leave(heart) {
  withoutState();
  heart.opening = null;
  draw(heart);
}

// questions and answers -------------------------------------------------------------------------------------------

/** @param {Heartbeat} heart */
function ask(heart) {
  const { model, isAnswered } = heart;
  if (!model.send || document.hidden || navigator.onLine === false) return;
  if (isAnswered && now() - heart.touched > heart.quiet) return;
  if (isAnswered) Object.assign(heart, { asked: now(), isAnswered: false });
  if (heart.firstAfter === Infinity && now() - heart.opened > SETTLES) heart.firstAfter = heart.count + 1;
  try {
    model.send({ ping: ++heart.count });
  } catch {
    heart.asked = -Infinity; // the connection is closed for good
  }
}

/** @param {Heartbeat} heart */
function beat(heart) {
  draw(heart);
  ask(heart);
}

/** @type {(heart: Heartbeat, message: Message) => void} */
function receive(heart, message) {
  if (!message || message.pong === undefined) return;
  heart.isAnswered = true;
  if (message.pong >= heart.firstAfter && heart.opening && !heart.opening.isRefused) heart.opening.answered();
  draw(heart);
}

/** @param {Heartbeat} heart */
function soon(heart) {
  clearTimeout(heart.sooner);
  if (heart.opening) heart.sooner = setTimeout(() => beat(heart), 1000 * SETTLES + 50);
}

/**
 * Another state has come into the address.
 *
 * @param {Heartbeat} heart
 */
function arrive(heart) {
  Object.assign(heart, { opening: openingOf(location.hash), opened: now(), firstAfter: Infinity });
  soon(heart);
  draw(heart);
}

/**
 * A page that was asleep has not waited: the question is put anew before anyone is alarmed.
 *
 * @param {Heartbeat} heart
 */
function wake(heart) {
  heart.touched = now();
  if (document.hidden) return;
  if (!heart.shown) heart.isAnswered = true;
  beat(heart);
}

/** @param {Heartbeat} heart */
function touch(heart) {
  const hasSlept = now() - heart.touched > heart.quiet;
  heart.touched = now();
  if (hasSlept) beat(heart);
}

export default {
  /** @param {Context} context */
  async render({ model, el, host, signal }) {
    const { exports } = await host.getWidget(model.get("store"));
    dress(el, "heartbeat", CSS);
    const heart = begin(model, el, exports.store);
    const hear = (/** @type {Message} */ message) => receive(heart, message);
    window.addEventListener("hashchange", () => arrive(heart), { signal });
    model.on("msg:custom", hear);
    document.addEventListener("visibilitychange", () => wake(heart), { signal });
    for (const event of ["online", "offline"]) window.addEventListener(event, () => wake(heart), { signal });
    for (const event of ["pointerdown", "keydown", "wheel"]) window.addEventListener(event, () => touch(heart), { signal, passive: true });
    const timer = setInterval(() => beat(heart), 1000 * heart.every);
    el.dataset.state = "well";
    beat(heart);
    soon(heart);
    const stop = () => {
      clearInterval(timer);
      clearTimeout(heart.sooner);
      model.off("msg:custom", hear);
    };
    signal.addEventListener("abort", stop);
    return stop;
  },
};
