// Intent: tells Python once when somebody comes near the controls, so that what takes long to load can begin to.
//
// options: {key, within}
//   key     of the state, set to true
//   within  a CSS selector: the pointer over it, or the focus in it, counts

export default {
  /** @param {Context} context */
  async render({ model, el, host, signal }) {
    const { exports } = await host.getWidget(model.get("store"));
    const { store } = exports;
    const { key, within } = model.get("options");
    el.hidden = true;
    const notice = (/** @type {Event} */ event) => {
      if (store.state[key] || !(event.target instanceof Element && event.target.closest(within))) return;
      store.set({ [key]: true });
    };
    for (const event of ["pointerover", "focusin"]) document.addEventListener(event, notice, { signal, passive: true });
  },
};
