// Keep: what a visitor brought, in the visitor's own browser (IndexedDB of this site), so that every dashboard, each with
// a Python of its own, can ask for it. Nothing is drawn unless `bar` says so.
//
// options: {bar, hours, items, links}
//   bar    true: says what is kept, with the button that forgets it
//   hours  after which it is dropped (default 12), at the next visit at the latest
//   items  [{name, label}] what can be kept, and what it is called
//   links  [{href, label}] where it can be used, shown with the bar while something is kept
// page to Python: {kept: {name: about}} at the start and whenever it changes, also by another page of this browser;
//   {given: name, about} with the bytes, or {given: name} where there is nothing; {failed: sentence}
// Python to page: {want: [names]}, {put: name, about} with the bytes, {forget: true}

import { make } from "../lib/dom.js";
import { dress } from "../lib/style.js";
import CSS from "./style.css";

/** @typedef {{ name?: string, says?: string }} About */
/** @typedef {{ about: About, data: ArrayBuffer, at: number }} Entry */
/** @typedef {Record<string, About & { until: number }>} Kept */

const STORE = "mine";

/**
 * The part of the address that stands for one server: another one at the same host keeps its own.
 *
 * @param {string} path
 */
export const databaseName = (path) => `epool_viz ${path.split(/\/voila\//)[0] || "/"}`;

/** @type {<T>(request: IDBRequest<T>) => Promise<T>} */
const settled = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

/** @param {string} name */
function open(name) {
  const request = indexedDB.open(name, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE);
  return settled(request);
}

/**
 * A drawer that lasts for some hours: `get(name)`, `put(name, about, data)`, `forget()`, `list()`.
 *
 * @param {string} name
 * @param {number} hours
 */
export function drawer(name, hours, now = () => Date.now()) {
  /** @type {<T>(mode: IDBTransactionMode, work: (store: IDBObjectStore) => Promise<T>) => Promise<T>} */
  const use = async (mode, work) => {
    const db = await open(name);
    try {
      return await work(db.transaction(STORE, mode).objectStore(STORE));
    } finally {
      db.close();
    }
  };
  const isFresh = (/** @type {Entry | undefined} */ entry) => entry && now() - entry.at < hours * 3_600_000 && entry.at <= now() + 60_000;
  return {
    get: async (/** @type {string} */ key) => {
      /** @type {Entry | undefined} */
      const entry = await use("readonly", (store) => settled(store.get(key)));
      return entry && isFresh(entry) ? entry : null;
    },
    put: (/** @type {string} */ key, /** @type {About} */ about, /** @type {ArrayBufferLike | ArrayBufferView} */ data) => use("readwrite", (store) => settled(store.put({ about, data, at: now() }, key))),
    forget: () => use("readwrite", (store) => settled(store.clear())),
    /** What there is, without the bytes; what is too old goes. */
    list: () => use("readwrite", async (store) => {
      const [keys, entries] = await Promise.all([settled(store.getAllKeys()), settled(store.getAll())]);
      /** @type {Kept} */
      const kept = {};
      for (const [i, key] of keys.entries()) {
        if (isFresh(entries[i])) kept[String(key)] = { ...entries[i].about, until: entries[i].at + hours * 3_600_000 };
        else store.delete(key);
      }
      return kept;
    }),
  };
}

/** @typedef {{ bar?: boolean, hours?: number, items?: { name: string, label: string }[], links?: { href: string, label: string }[] }} Options */
/** @typedef {ReturnType<typeof begin>} Keeper */

/**
 * @param {Model} model
 * @param {HTMLElement} el
 * @param {AbortSignal} signal
 */
function begin(model, el, signal) {
  const { bar = false, hours = 12, items = [], links = [] } = /** @type {Options} */ (model.get("options"));
  dress(el, "keep", CSS);
  el.hidden = !bar;
  const name = databaseName(location.pathname);
  const said = make("p", { role: "status" });
  const box = make("div", { class: "ec-keep-bar" });
  if (bar) el.append(box, said);
  const others = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel(name);
  return { model, el, signal, bar, items, links, said, box, others, mine: drawer(name, hours) };
}

/** @type {(keeper: Keeper, kept: Kept) => void} */
function draw(keeper, kept) {
  const { items, links, box } = keeper;
  const there = items.filter(({ name }) => kept[name]);
  box.classList.toggle("ec-keep-full", there.length > 0);
  if (!there.length) return box.replaceChildren(make("p", {}, "Nothing of yours is kept in this browser yet."));
  const until = new Date(Math.min(...there.map(({ name }) => kept[name].until)));
  const time = until.toLocaleString([], { weekday: "short", hour: "2-digit", minute: "2-digit" });
  box.replaceChildren(
    make("p", {}, make("b", {}, "Kept in this browser"), `, until ${time}:`),
    make("ul", {}, there.map(({ name, label }) => make("li", {}, `${label}: ${kept[name].says ?? kept[name].name}`))),
    ...(links.length ? [make("nav", { class: "ec-row", "aria-label": "use your data in" }, "Use it in:", links.map(({ href, label }) => make("a", { href }, label)))] : []),
    make("div", { class: "ec-row" }, make("button", { type: "button", onclick: () => forget(keeper) }, "Forget my data")),
  );
}

/** @type {(keeper: Keeper, ...what: Parameters<Model["send"]>) => void} */
function send({ model }, ...what) {
  try {
    model.send(...what);
  } catch {
    // the page is being left, or Python is gone: the heartbeat says so
  }
}

/** @param {Keeper} keeper */
async function tell(keeper) {
  const { mine, signal, el, bar, box } = keeper;
  let kept;
  try {
    kept = await mine.list();
    if (signal.aborted) return;
    el.dataset.kept = Object.keys(kept).sort().join(" ");
    if (bar) draw(keeper, kept);
  } catch {
    const sentence = "This browser keeps nothing for this site (a private window, or storage that is switched off), so your data can be used on this page only.";
    if (bar) box.replaceChildren(make("p", { class: "ec-warning" }, sentence));
    return send(keeper, { kept: {}, failed: sentence });
  }
  send(keeper, { kept });
}

/** @param {Keeper} keeper */
async function changed(keeper) {
  keeper.others?.postMessage("changed");
  await tell(keeper);
}

/** @param {Keeper} keeper */
async function forget(keeper) {
  await keeper.mine.forget();
  await changed(keeper);
  keeper.said.textContent = "Forgotten: nothing of yours is kept any more.";
  send(keeper, { forgotten: true });
}

/** @type {(keeper: Keeper, name: string) => Promise<void>} */
async function give(keeper, name) {
  const entry = await keeper.mine.get(name).catch(() => null);
  if (entry) send(keeper, { given: name, about: entry.about }, undefined, [entry.data]);
  else send(keeper, { given: name });
}

/** @type {(keeper: Keeper, message: Message, view: DataView) => Promise<void>} */
async function put(keeper, message, view) {
  const { mine, said } = keeper;
  const data = view.buffer ? view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength) : view;
  try {
    await mine.put(message.put, message.about ?? {}, data);
    said.textContent = "";
  } catch {
    said.textContent = "This browser has no room for your data, so it can be used on this page only.";
  }
  await changed(keeper);
}

/** @type {(keeper: Keeper, message: Message, buffers: DataView[]) => Promise<void>} */
async function receive(keeper, message, buffers) {
  if (Array.isArray(message.want)) for (const name of message.want) await give(keeper, name);
  if (message.forget) await forget(keeper);
  if (message.put && buffers?.length) await put(keeper, message, buffers[0]);
}

export default {
  /** @param {Context} context */
  async render({ model, el, signal }) {
    const keeper = begin(model, el, signal);
    const hear = (/** @type {Message} */ message, /** @type {DataView[]} */ buffers) => receive(keeper, message, buffers);
    model.on("msg:custom", hear);
    keeper.others?.addEventListener("message", () => tell(keeper));
    const stop = () => {
      model.off("msg:custom", hear);
      keeper.others?.close();
    };
    signal.addEventListener("abort", stop);
    await tell(keeper);
    return stop;
  },
};
