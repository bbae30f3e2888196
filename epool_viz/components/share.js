// Share: a link that opens this state. It travels in the fragment, which no server sees, so that a kernel kept warm for
// the next visitor is still good for it. At the start the page takes over the state of its own address.
//
// options: {share, live, label}
//   share  keys of the state that go into the link (default all)
//   live   true: the address follows the state
//   label  of the button (default "Copy link to this state")

const CSS = `
.ec-share .ec-box { flex: 1 1 14rem; min-width: 0; font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: .8125rem; }
`;

export default {
  async render({ model, el, host, signal }) {
    const { exports } = await host.getWidget(model.get("store"));
    const { store } = exports;
    const { make, dress, toFragment, fromFragment } = store.kit;
    const { share = null, live = false, label = "Copy link to this state" } = model.get("options");
    dress(el, "share", CSS);

    const said = make("p", { class: "ec-soft", role: "status" });
    const field = make("input", { type: "text", readonly: true, class: "ec-box", "aria-label": "link to this state", hidden: true });
    const link = () => {
      const address = new URL(location.href);
      address.hash = toFragment(store.state, share);
      return address.href;
    };
    const copy = async () => {
      field.value = link();
      try {
        await navigator.clipboard.writeText(field.value);
        field.hidden = true;
        said.textContent = `The link is copied, ${field.value.length.toLocaleString("en")} characters long.`;
      } catch {
        field.hidden = false;
        field.select();
        said.textContent = "This browser does not let a page copy; here is the link, marked for you to copy.";
      }
    };
    const read = () => {
      try {
        const found = fromFragment(location.hash, store.state, share);
        if (found) store.set(found);
      } catch {
        said.textContent = "The state in the address of this page is damaged and was not used; perhaps the link was cut off.";
      }
    };
    el.append(make("div", { class: "ec-row" }, make("button", { type: "button", onclick: copy }, label), field), said);

    read();
    window.addEventListener("hashchange", read, { signal });
    let timer = null;
    const off = store.on(() => {
      if (live) timer ??= setTimeout(() => {
        timer = null;
        history.replaceState(history.state, "", toFragment(store.state, share));
      }, 1000);
    });
    const stop = () => {
      clearTimeout(timer);
      off();
    };
    signal.addEventListener("abort", stop);
    return stop;
  },
};
