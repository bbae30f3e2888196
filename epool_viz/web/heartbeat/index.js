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

const SETTLES = 1; // second until Python has heard of a state that the page takes over
/** @typedef {"opening" | "refused" | "python" | "network"} Why */

/** @type {Record<Why, [string, string]>} */
const WORDS = {
  opening: ["Python no longer answers.", "It has not since this address was opened, so it may be the state in the address that it cannot manage. Starting afresh opens this dashboard without that state."],
  refused: ["The state in this address was not taken over.", "Python stopped answering the last time it was. You see how this dashboard begins; what you bring and choose from here on is not affected."],
  python: ["Python no longer answers.", "The picture still moves: it is computed in this page. Files, exports and new data need Python again. Reloading starts a fresh Python with all that you see now."],
  network: ["You are offline.", "The picture still moves: it is computed in this page. Files, exports and new data wait for the network. Nothing is lost; this message goes when the network is back."],
};

export default {
  /** @param {Context} context */
  async render({ model, el, host, signal }) {
    const { exports } = await host.getWidget(model.get("store"));
    const { store } = exports;
    const { every = 5, patience = 12, quiet = 300, share = null } = model.get("options");
    dress(el, "heartbeat", CSS);

    const now = () => performance.now() / 1000;
    /** @type {number | null} */
    let asked = null; // when the oldest question without an answer was put
    let [touched, isAnswered] = [now(), true];
    /** @type {Why | null} */
    let shown = null;
    let count = 0;
    let opening = openingOf(location.hash); // the state that the address brought
    let [opened, firstAfter] = [now(), Infinity]; // since when; the first question that Python hears after the state
    const banner = make("div", { role: "alert" });
    el.append(banner);
    const say = speaker(el, 0);

    const isGone = () => asked !== null && !isAnswered && now() - asked > patience;
    const draw = () => {
      const isLost = isGone();
      if (isLost) opening?.lost();
      /** @type {Why} */
      const because = opening && !opening.isAnswered && !opening.isRefused ? "opening" : "python";
      const why = navigator.onLine === false ? "network" : isLost ? because : opening?.isRefused ? "refused" : null;
      if (why === shown) return;
      if (why) banner.replaceChildren(card(why));
      else {
        banner.replaceChildren();
        if (shown !== "refused") say("The connection is back.");
      }
      shown = why;
      el.dataset.state = why ?? "well";
    };
    const keep = () => {
      const [before, after] = [location.hash, toFragment(store.state, share)];
      handOver(before, after);
      history.replaceState(history.state, "", after);
    };
    const startAfresh = () => {
      withoutState();
      location.reload();
    };
    const takeOver = () => {
      opening?.accept();
      window.dispatchEvent(new HashChangeEvent("hashchange"));
      draw();
    };
    const leave = () => {
      withoutState();
      opening = null;
      draw();
    };
    const reload = () => {
      keep();
      location.reload();
    };
    /** @typedef {[string, () => void]} Button */
    /** @type {Button} */
    const again = ["Reload with this state", reload];
    /** @type {Button} */
    const afresh = ["Start afresh", startAfresh];
    /** @type {Button} */
    const put = ["Keep the state in the address", keep];
    /** @type {Record<Why, Button[]>} */
    const BUTTONS = {
      python: [again, afresh, put],
      network: [again, put],
      opening: [afresh, again],
      refused: [["Leave it out", leave], ["Take it over all the same", takeOver]],
    };
    const card = (/** @type {Why} */ why) => {
      const [title, text] = WORDS[why];
      const buttons = BUTTONS[why].map(([label, onclick], i) => make("button", { type: "button", class: i ? "" : "ec-heartbeat-first", onclick }, label));
      return make("div", { class: "ec-heartbeat-banner" }, make("strong", {}, title), make("p", {}, text), make("div", { class: "ec-row" }, buttons));
    };

    const ask = () => {
      if (!model.send || document.hidden || navigator.onLine === false) return;
      if (isAnswered && now() - touched > quiet) return;
      if (isAnswered) {
        asked = now();
        isAnswered = false;
      }
      if (firstAfter === Infinity && now() - opened > SETTLES) firstAfter = count + 1;
      try {
        model.send({ ping: ++count });
      } catch {
        asked = -Infinity; // the connection is closed for good
      }
    };
    const beat = () => {
      draw();
      ask();
    };
    const heard = (/** @type {Message} */ message) => {
      if (!message || message.pong === undefined) return;
      isAnswered = true;
      if (message.pong >= firstAfter && opening && !opening.isRefused) opening.answered();
      draw();
    };
    const arrive = () => {
      opening = openingOf(location.hash);
      [opened, firstAfter] = [now(), Infinity];
      soon();
      draw();
    };
    /** @type {number | undefined} */
    let sooner;
    const soon = () => {
      clearTimeout(sooner);
      if (opening) sooner = setTimeout(beat, 1000 * SETTLES + 50);
    };
    window.addEventListener("hashchange", arrive, { signal });
    // a page that was asleep has not waited: the question is put anew before anyone is alarmed
    const wake = () => {
      touched = now();
      if (document.hidden) return;
      if (!shown) isAnswered = true;
      beat();
    };
    const touch = () => {
      const slept = now() - touched > quiet;
      touched = now();
      if (slept) beat();
    };
    model.on("msg:custom", heard);
    document.addEventListener("visibilitychange", wake, { signal });
    for (const event of ["online", "offline"]) window.addEventListener(event, wake, { signal });
    for (const event of ["pointerdown", "keydown", "wheel"]) window.addEventListener(event, touch, { signal, passive: true });
    const timer = setInterval(beat, 1000 * every);
    el.dataset.state = "well";
    beat();
    soon();
    const stop = () => {
      clearInterval(timer);
      clearTimeout(sooner);
      model.off("msg:custom", heard);
    };
    signal.addEventListener("abort", stop);
    return stop;
  },
};
