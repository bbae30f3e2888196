// Share: a link that opens this state. It travels in the fragment, which no server sees, so that a kernel kept warm for
// the next visitor is still good for it. At the start the page takes over the state of its own address.
//
// options: {share, live, label, slot}
//   share  keys of the state that go into the link (default all)
//   live   true: the address follows the state, from the first change on
//   label  of the button (default "Copy link to this state")
//   slot   place in the page's head where it stands, if the page has it

import { make } from "../lib/dom.js";
import { MOST_LINK, TooLarge, fromFragment, toFragment } from "../lib/link.js";
import { openingOf, withoutState } from "../lib/opening.js";
import { dress, placed } from "../lib/style.js";
import CSS from "./style.css";

/** @typedef {ReturnType<typeof begin>} Link */

const STAYS = 8000; // milliseconds that a message lies over the page

/**
 * @param {HTMLElement} el
 * @param {Store} store
 * @param {Context["model"]} model
 * @param {AbortSignal} signal
 */
function begin(el, store, model, signal) {
  const { share = null, live = false, label = "Copy link to this state", slot = null } = model.get("options");
  const root = placed(el, slot, signal);
  dress(root, "share", CSS);
  const said = make("p", { class: "ec-soft", role: "status" });
  const field = make("input", { type: "text", readonly: true, class: "ec-box", "aria-label": "link to this state", hidden: true });
  const button = make("button", { type: "button", "data-icon": "share" }, label);
  root.append(make("div", { class: "ec-row" }, button, field), said);
  const start = toFragment(store.state, share); // an address without a state stands for it
  const timers = /** @type {Record<"leaving" | "writing", number | undefined>} */ ({});
  return { store, share, live, start, opened: /** @type {ReturnType<typeof openingOf>} */ (null), said, field, button, timers, isPlaced: root !== el };
}

/** @type {(link: Link, text: string) => void} */
function tell({ said, timers, isPlaced }, text) {
  said.textContent = text;
  clearTimeout(timers.leaving);
  if (isPlaced) timers.leaving = setTimeout(() => (said.textContent = ""), STAYS);
}

/** @param {Link} link */
async function copy(link) {
  const { store, share, field } = link;
  const address = new URL(location.href);
  address.hash = toFragment(store.state, share);
  field.value = address.href;
  const length = field.value.length.toLocaleString("en");
  if (field.value.length > MOST_LINK) return tell(link, `This state is too large for a link: ${length} characters; accepted: at most ${MOST_LINK.toLocaleString("en")}.`);
  try {
    await navigator.clipboard.writeText(field.value);
    field.hidden = true;
    tell(link, `The link is copied, ${length} characters long.`);
  } catch {
    field.hidden = false;
    field.select();
    tell(link, "This browser does not let a page copy; here is the link, marked for you to copy.");
  }
}

/** @param {Link} link */
function read(link) {
  const { store, share } = link;
  link.opened = openingOf(location.hash);
  if (link.opened?.isRefused) return; // the heartbeat asks about it
  try {
    const found = fromFragment(location.hash, store.state, share);
    if (found) store.set(found);
  } catch (error) {
    tell(link, error instanceof TooLarge ? error.message : "The state in the address of this page is damaged and was not used; perhaps the link was cut off.");
  }
}

/**
 * Write the state into the address; not over a state that the address brought, before Python has answered it.
 *
 * @param {Link} link
 */
function write(link) {
  const { store, share, start, timers, opened } = link;
  timers.writing = undefined;
  if (opened && location.hash && (opened.isRefused || !opened.isAnswered)) return plan(link);
  const fragment = toFragment(store.state, share);
  if (fragment === start) return location.hash && withoutState();
  if (fragment.length <= MOST_LINK) history.replaceState(history.state, "", fragment);
}

/** @param {Link} link */
function plan(link) {
  link.timers.writing ??= setTimeout(() => write(link), 1000);
}

export default {
  /** @param {Context} context */
  async render({ model, el, host, signal }) {
    const { exports } = await host.getWidget(model.get("store"));
    const link = begin(el, exports.store, model, signal);
    const { timers } = link;
    link.button.addEventListener("click", () => copy(link));
    read(link);
    window.addEventListener("hashchange", () => read(link), { signal });
    const off = link.store.on(() => {
      if (link.live) plan(link);
    });
    const stop = () => {
      clearTimeout(timers.writing);
      clearTimeout(timers.leaving);
      off();
    };
    signal.addEventListener("abort", stop);
    return stop;
  },
};
