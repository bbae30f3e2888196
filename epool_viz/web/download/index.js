// Download: files that Python makes when they are asked for, and the pictures of this page as one picture.
//
// options: {items, note, patience}
//   items     [{name, label, source, copy}]
//             without more: the page sends {get: name}; Python answers {name, file_name, mime} with the bytes as a buffer,
//             or {name, error: sentence}
//             source: "view": made here, of every picture in the same `.ep-root`, or in the document; a PNG with two pixels a
//             pixel where the name ends in .png, else an SVG
//             copy: true: the text is copied; where the browser does not let it, it is shown, marked
//   note      a sentence under the buttons
//   patience  seconds to wait for Python (default 20)
// state: sequence_name, kernel_name and m, for the title of the picture; nothing is set

import { make } from "../lib/dom.js";
import { format } from "../lib/numbers.js";
import { dress } from "../lib/style.js";
import CSS from "./style.css";

const LARGEST = 16_000; // pixels that a canvas may have on a side
const COPIED = [
  "fill", "fill-opacity", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray", "stroke-linejoin", "stroke-linecap", "opacity",
  "font-family", "font-size", "font-weight", "font-style", "text-anchor", "dominant-baseline", "paint-order", "visibility", "vector-effect",
];
const SKIPPED = "button, input, select, textarea, details, dialog, datalist, .ec-say, .ec-strip-edit, .ec-tracks-edit, td, .ec-download, [role=alert], script, style, noscript";
const SVG = "http://www.w3.org/2000/svg";

/** A colour that every program reads: what CSS Color 4 writes as color(srgb ...) as rgb(). */
export function plainColour(text) {
  return text.replace(/color\(srgb ([\d.e+-]+) ([\d.e+-]+) ([\d.e+-]+)(?: \/ ([\d.e+-]+))?\)/g, (_, r, g, b, a) => {
    const channels = [r, g, b].map((x) => Math.round(255 * Math.min(Math.max(Number(x), 0), 1)));
    return a === undefined ? `rgb(${channels.join(", ")})` : `rgba(${channels.join(", ")}, ${a})`;
  });
}

/** A copy of a picture that stands alone: what the page's rules make of each element is written on it. */
function standAlone(original) {
  const copy = original.cloneNode(true);
  const [all, copies] = [original, copy].map((svg) => [svg, ...svg.querySelectorAll("*")]);
  const gone = [];
  all.forEach((element, i) => {
    const style = getComputedStyle(element);
    const inside = element.closest("defs");
    if (style.display === "none" && !inside) return gone.push(copies[i]);
    for (const name of ["class", "style", "tabindex", "role", "aria-hidden"]) copies[i].removeAttribute(name);
    for (const name of COPIED) {
      const value = style.getPropertyValue(name);
      if (value) copies[i].setAttribute(name, plainColour(value));
    }
  });
  for (const element of gone) element.remove();
  return copy;
}

/** The lines of text of an element as the page has broken them: [{text, x, y, style}], y of the baseline. */
function linesOf(root, measure) {
  const found = [];
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const parent = node.parentElement;
    if (!node.data.trim() || parent.closest(`svg, ${SKIPPED}`) || !parent.checkVisibility({ visibilityProperty: true })) continue;
    const style = getComputedStyle(parent);
    measure.font = `${style.fontStyle} ${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
    let line = null;
    let end = null; // of the last piece; a line may also break after a hyphen
    for (const word of node.data.matchAll(/[^\s-]*-|[^\s-]+/g)) {
      range.setStart(node, word.index);
      range.setEnd(node, word.index + word[0].length);
      const [box] = range.getClientRects();
      if (!box?.width) continue;
      const y = box.top + measure.measureText("x").fontBoundingBoxAscent;
      if (line && Math.abs(line.y - y) < 1) line.text += `${word.index === end ? "" : " "}${word[0]}`;
      else found.push((line = { text: word[0], x: box.left, y, top: box.top, bottom: box.bottom, style }));
      line.right = box.right;
      end = word.index + word[0].length;
    }
  }
  return found;
}

/** Every picture under `root`, under one another in one SVG, as {svg, width, height}; throws a sentence where there is none. */
export function pictureOf(root, title) {
  const measure = document.createElement("canvas").getContext("2d");
  const isSeen = (element) => {
    const { width, height } = element.getBoundingClientRect();
    return width > 0 && height > 0 && !element.closest(SKIPPED) && element.checkVisibility({ visibilityProperty: true });
  };
  const pictures = [...root.querySelectorAll("svg, canvas")].filter((element) => isSeen(element) && !element.parentElement.closest("svg"));
  const homes = [];
  for (const picture of pictures) {
    const home = picture.closest(".ec, figure, section") ?? picture;
    const outer = homes.find((other) => other.contains(home));
    if (!outer) homes.push(home);
  }
  if (!homes.length) throw new Error("There is no picture on this page to save.");

  const make = (tag, attributes, text) => {
    const element = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    if (text !== undefined) element.textContent = text;
    return element;
  };
  const look = getComputedStyle(homes[0]);
  const [ink, family] = [plainColour(look.color), look.fontFamily];
  const paper = plainColour(look.getPropertyValue("--paper") ? resolved(homes[0], "var(--paper)") : "rgb(255, 255, 255)");
  const svg = make("svg", { xmlns: SVG });
  const [pad, gap] = [16, 24];
  let [y, width] = [pad + 20, measureWidth(title)];
  function measureWidth(text) {
    measure.font = `650 18px ${family}`;
    return measure.measureText(text).width;
  }
  const words = (text, x, baseline, style) =>
    make("text", { x: round(x), y: round(baseline), fill: plainColour(style.color), "font-family": style.fontFamily, "font-size": style.fontSize, "font-weight": style.fontWeight, "font-style": style.fontStyle }, text);
  svg.append(make("title", {}, title), make("rect", { width: "100%", height: "100%", fill: paper }), make("text", { x: pad, y, fill: ink, "font-family": family, "font-size": 18, "font-weight": 650 }, title));
  y += gap / 2;

  for (const home of homes) {
    const lines = home instanceof SVGElement ? [] : linesOf(home, measure);
    const inside = pictures.filter((picture) => home.contains(picture)).map((picture) => ({ picture, box: picture.getBoundingClientRect() }));
    const left = Math.min(...lines.map((line) => line.x), ...inside.map(({ box }) => box.left));
    const top = Math.min(...lines.map((line) => line.top), ...inside.map(({ box }) => box.top));
    const bottom = Math.max(...lines.map((line) => line.bottom), ...inside.map(({ box }) => box.bottom));
    const name = home.getAttribute("aria-label") ?? inside[0].picture.getAttribute("aria-label");
    const group = make("g", {});
    if (name) group.append(make("title", {}, name));
    if (name && !lines.length) {
      group.append(make("text", { x: pad, y: y + 16, fill: ink, "font-family": family, "font-size": 14, "font-weight": 650 }, name.length > 90 ? `${name.slice(0, 89)}\u2026` : name));
      y += 28;
    }
    const at = (x, z) => [round(x - left + pad), round(z - top + y)];
    for (const { picture, box } of inside) {
      const [x, z] = at(box.left, box.top);
      const place = { x, y: z, width: round(box.width), height: round(box.height) };
      width = Math.max(width, x + box.width - pad);
      if (picture instanceof HTMLCanvasElement) {
        try {
          group.append(make("image", { ...place, href: picture.toDataURL() }));
        } catch { /* a canvas with a foreign image keeps it to itself */ }
        continue;
      }
      const copy = standAlone(picture);
      for (const [key, value] of Object.entries(place)) copy.setAttribute(key, value);
      copy.setAttribute("overflow", getComputedStyle(picture).overflow === "visible" ? "visible" : "hidden");
      group.append(copy);
    }
    for (const line of lines) {
      const [x, z] = at(line.x, line.y);
      group.append(words(line.text, x, z, line.style));
      width = Math.max(width, line.right - left);
    }
    svg.append(group);
    y += bottom - top + gap;
  }
  const size = { width: Math.ceil(width + 2 * pad), height: Math.ceil(y) };
  for (const [name, value] of Object.entries({ ...size, viewBox: `0 0 ${size.width} ${size.height}` })) svg.setAttribute(name, value);
  return { svg: new XMLSerializer().serializeToString(svg), ...size };
}

/** A CSS colour as the page shows it in a place. */
function resolved(home, colour) {
  const probe = document.createElement("span");
  probe.style.color = colour;
  home.append(probe);
  const text = getComputedStyle(probe).color;
  probe.remove();
  return text;
}

/** A picture as PNG, twice as large, or as large as a canvas can be. */
async function pngOf({ svg, width, height }) {
  const address = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
  try {
    const image = new Image();
    image.src = address;
    await image.decode();
    const scale = Math.min(2, LARGEST / width, LARGEST / height);
    const canvas = Object.assign(document.createElement("canvas"), { width: Math.round(scale * width), height: Math.round(scale * height) });
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
    if (!blob) throw new Error("the picture is too large");
    return blob;
  } finally {
    URL.revokeObjectURL(address);
  }
}

export default {
  async render({ model, el, host, signal }) {
    const { exports } = await host.getWidget(model.get("store"));
    const { store } = exports;
    const { items = [], note, patience = 20 } = model.get("options");
    dress(el, "download", CSS);
    const waiting = new Map(); // name -> timer

    const buttons = new Map(items.map((item) => [item.name, make("button", { type: "button", "data-item": item.name, onclick: () => press(item) }, item.label)]));
    const said = make("p", { class: "ec-soft ec-download-said", role: "status" });
    const failed = make("p", { class: "ec-warning", role: "alert" });
    const text = make("pre", { tabindex: "0", role: "region", "aria-label": "the text", hidden: true });
    el.append(make("div", { class: "ec-row" }, [...buttons.values()]), note ? make("p", { class: "ec-soft" }, note) : "", said, failed, text);

    const busy = (name, is) => buttons.get(name)?.setAttribute("aria-busy", String(is)); // not disabled: the focus stays
    const fail = (sentence) => {
      said.textContent = "";
      failed.textContent = sentence;
    };
    const tell = (sentence) => {
      failed.textContent = "";
      said.textContent = sentence;
    };
    const save = (blob, name) => {
      const address = URL.createObjectURL(blob);
      const link = make("a", { href: address, download: name, hidden: true });
      el.append(link);
      link.click();
      link.remove();
      setTimeout(() => URL.revokeObjectURL(address), 10_000);
      tell(`${name} is saved: ${sizeOf(blob.size)}.`);
    };
    const sizeOf = (bytes) => (bytes < 1e3 ? `${bytes} bytes` : bytes < 1e6 ? `${format(bytes / 1e3, 3)} kB` : `${format(bytes / 1e6, 3)} MB`);

    function press(item) {
      if (waiting.has(item.name)) return;
      text.hidden = true;
      if (item.source === "view") return view(item);
      tell(`${item.label}: asked for.`);
      busy(item.name, true);
      const late = () => {
        done(item.name);
        fail(`${item.label}: no answer within ${patience} seconds. Perhaps Python is busy or gone; try again, or reload the page.`);
      };
      waiting.set(item.name, setTimeout(late, 1000 * patience));
      try {
        store.flush(); // of what is on the screen now
        model.send({ get: item.name });
      } catch {
        done(item.name);
        fail(`${item.label}: the page cannot reach Python. Reload the page.`);
      }
    }
    function done(name) {
      clearTimeout(waiting.get(name));
      waiting.delete(name);
      busy(name, false);
    }
    async function view(item) {
      const { state } = store;
      const about = [state.sequence_name, state.kernel_name, typeof state.m === "number" ? `m = ${format(state.m)}` : null];
      busy(item.name, true);
      waiting.set(item.name, null);
      try {
        const picture = pictureOf(el.closest(".ep-root") ?? document.body, about.filter(Boolean).join(" \u00b7 "));
        const isPng = item.name.endsWith(".png");
        save(isPng ? await pngOf(picture) : new Blob([picture.svg], { type: "image/svg+xml" }), `epool_viz_view.${isPng ? "png" : "svg"}`);
      } catch (error) {
        fail(`${item.label}: the picture could not be made. ${error.message}`);
      }
      done(item.name);
    }
    async function copy(item, letters) {
      try {
        await navigator.clipboard.writeText(letters);
        tell(`${item.label}: copied, ${letters.trimEnd().split("\n").length} lines.`);
      } catch {
        text.textContent = letters;
        text.hidden = false;
        getSelection().selectAllChildren(text);
        tell("This browser does not let a page copy; here is the text, marked for you to copy.");
      }
    }
    const hear = (content, buffers) => {
      const item = items.find(({ name }) => name === content?.name);
      if (!item || !waiting.has(item.name)) return; // too late, or for another
      done(item.name);
      if (content.error) return fail(`${item.label}: ${content.error}`);
      const [bytes] = buffers ?? [];
      if (!bytes || typeof content.file_name !== "string") return fail(`${item.label}: the answer holds no file. Try again.`);
      if (item.copy) return copy(item, new TextDecoder().decode(bytes));
      save(new Blob([bytes], { type: content.mime }), content.file_name);
    };
    model.on("msg:custom", hear);
    const stop = () => {
      for (const timer of waiting.values()) clearTimeout(timer);
      model.off("msg:custom", hear);
    };
    signal.addEventListener("abort", stop);
    return stop;
  },
};

const round = (x) => Math.round(10 * x) / 10;
