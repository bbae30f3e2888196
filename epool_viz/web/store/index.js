// The store of a dashboard: it has no picture, holds the state, and hands every component of the page the one copy of lib.

import * as lib from "../lib/index.js";
import { createStore } from "../lib/store.js";

export { createStore, lib };

export default {
  /** @param {Pick<Context, "model">} context */
  initialize({ model }) {
    const page = Math.random().toString(36).slice(2, 12); // one widget may be on several pages
    const store = createStore(model.get("state"), (patch, n) => model.send({ patch, page, n }));
    model.on("msg:custom", (/** @type {Message} */ { patch, seen }) => patch && store.receive(patch, seen?.[page] ?? 0));
    try {
      model.send({ ready: true }); // whoever was here before may have changed the state; Python answers with all of it
    } catch {
      // it is gone already; what is computed here is there all the same
    }
    return { store, lib };
  },
  /** @param {Pick<Context, "el">} context */
  render({ el }) {
    el.hidden = true; // there is nothing to see of it
  },
};
