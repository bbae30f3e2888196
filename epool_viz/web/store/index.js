// The store of a dashboard: it has no picture, holds the state, and hands every component of the page the one copy of lib.

import * as lib from "../lib/index.js";
import { createStore } from "../lib/store.js";

export { createStore, lib };

export default {
  /** @param {Pick<Context, "model">} context */
  initialize({ model }) {
    const store = createStore(model.get("state"), (patch) => model.send({ patch }));
    model.on("msg:custom", (/** @type {Message} */ message) => message.patch && store.receive(message.patch));
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
