// Share: a link that opens this state. It travels in the fragment, which no server sees, so that a kernel kept warm for
// the next visitor is still good for it. At the start the page takes over the state of its own address.
//
// options: {share, live, label, slot}
//   share  keys of the state that go into the link (default all)
//   live   true: the address follows the state
//   label  of the button (default "Copy link to this state")
//   slot   place in the page's head where it stands, if the page has it

import { make } from "../lib/dom.js";
import { MOST_LINK, TooLarge, fromFragment, toFragment } from "../lib/link.js";
import { openingOf } from "../lib/opening.js";
import { dress, placed } from "../lib/style.js";
import CSS from "./style.css";

const STAYS = 8000; // milliseconds that a message lies over the page

export default {
  /** @param {Context} context */
  async render({ model, el, host, signal }) {
    const { exports } = await host.getWidget(model.get("store"));
    const { store } = exports;
    const { share = null, live = false, label = "Copy link to this state", slot = null } = model.get("options");
    const root = placed(el, slot, signal);
    dress(root, "share", CSS);

    const said = make("p", { class: "ec-soft", role: "status" });
    const field = make("input", { type: "text", readonly: true, class: "ec-box", "aria-label": "link to this state", hidden: true });
    /** @type {number | undefined} */
    let leaving;
    const tell = (/** @type {string} */ text) => {
      said.textContent = text;
      clearTimeout(leaving);
      if (root !== el) leaving = setTimeout(() => (said.textContent = ""), STAYS);
    };
    const link = () => {
      const address = new URL(location.href);
      address.hash = toFragment(store.state, share);
      return address.href;
    };
    const copy = async () => {
      field.value = link();
      if (field.value.length > MOST_LINK) {
        tell(`This state is too large for a link: ${field.value.length.toLocaleString("en")} characters; accepted: at most ${MOST_LINK.toLocaleString("en")}.`);
        return;
      }
      try {
        await navigator.clipboard.writeText(field.value);
        field.hidden = true;
        tell(`The link is copied, ${field.value.length.toLocaleString("en")} characters long.`);
      } catch {
        field.hidden = false;
        field.select();
        tell("This browser does not let a page copy; here is the link, marked for you to copy.");
      }
    };
    const read = () => {
      if (openingOf(location.hash)?.isRefused) return; // the heartbeat asks about it
      try {
        const found = fromFragment(location.hash, store.state, share);
        if (found) store.set(found);
      } catch (error) {
        tell(error instanceof TooLarge ? error.message : "The state in the address of this page is damaged and was not used; perhaps the link was cut off.");
      }
    };
    root.append(make("div", { class: "ec-row" }, make("button", { type: "button", onclick: copy }, label), field), said);

    read();
    window.addEventListener("hashchange", read, { signal });
    /** @type {number | undefined} */
    let timer;
    const off = store.on(() => {
      if (live) timer ??= setTimeout(() => {
        timer = undefined;
        const fragment = toFragment(store.state, share);
        if (fragment.length <= MOST_LINK) history.replaceState(history.state, "", fragment);
      }, 1000);
    });
    const stop = () => {
      clearTimeout(timer);
      clearTimeout(leaving);
      off();
    };
    signal.addEventListener("abort", stop);
    return stop;
  },
};
