// Upload: a file of the visitor's, by the button or dropped on it. Its size is looked at here, before anything is sent.
//
// options: {label, note, most, accept}
//   label   of the button
//   note    a sentence under it
//   most    bytes it may have
//   accept  endings offered first, as in <input accept>
// page to Python: {file: {name, size}} with the bytes; Python answers {done: true} once it has looked at it

import { make } from "../lib/dom.js";
import { dress } from "../lib/style.js";
import CSS from "./style.css";

let made = 0;

/**
 * A size as people read it.
 *
 * @type {(bytes: number) => string}
 */
export const megabytes = (bytes) => (bytes < 1e6 ? `${Math.ceil(bytes / 1000).toLocaleString("en")} kB` : `${(Math.ceil(bytes / 1e5) / 10).toLocaleString("en")} MB`);

export default {
  /** @param {Context} context */
  async render({ model, el, signal }) {
    const { label, note = "", most, accept = "" } = model.get("options");
    dress(el, "upload", CSS);
    const said = make("p", { role: "status" });
    const wrong = make("p", { class: "ec-warning", role: "alert" });
    const input = make("input", { type: "file", accept, hidden: true, tabindex: -1, "aria-hidden": "true" });
    const about = make("p", { class: "ec-soft", id: `ec-upload-${++made}` }, note);
    const ask = () => isFree() && input.click();
    const button = make("button", { type: "button", onclick: ask, "aria-describedby": about.id }, label);
    const zone = make("div", { class: "ec-upload-zone" }, button, input, about, said, wrong);
    el.append(zone);

    const isFree = () => button.getAttribute("aria-disabled") !== "true";
    const busy = (/** @type {boolean} */ is) => button.setAttribute("aria-disabled", String(is));
    const send = async (/** @type {File | undefined} */ file) => {
      if (!file || !isFree()) return;
      [said.textContent, wrong.textContent] = ["", ""];
      if (file.size > most) {
        wrong.textContent = `${file.name} has ${megabytes(file.size)}; accepted: at most ${megabytes(most)}. Nothing was sent.`;
        return;
      }
      busy(true);
      said.textContent = `Reading ${file.name} …`;
      try {
        const data = await file.arrayBuffer();
        model.send({ file: { name: file.name, size: data.byteLength } }, undefined, [data]);
      } catch {
        busy(false);
        said.textContent = "";
        wrong.textContent = `${file.name} could not be read from your disk, or Python no longer answers.`;
      }
    };
    const heard = (/** @type {Message} */ message) => {
      if (!message.done) return;
      busy(false);
      said.textContent = "";
    };
    model.on("msg:custom", heard);
    input.addEventListener("change", () => {
      send(input.files?.[0]);
      input.value = ""; // the same file may be chosen again
    }, { signal });
    const over = (/** @type {boolean} */ is) => (/** @type {Event} */ event) => {
      event.preventDefault();
      zone.classList.toggle("ec-over", is);
    };
    zone.addEventListener("dragover", over(true), { signal });
    zone.addEventListener("dragleave", over(false), { signal });
    zone.addEventListener("drop", (event) => {
      over(false)(event);
      send(event.dataTransfer?.files[0]);
    }, { signal });
    const stop = () => model.off("msg:custom", heard);
    signal.addEventListener("abort", stop);
    return stop;
  },
};
