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

import { attributes, make, SVG } from "../lib/dom.js";
import { format } from "../lib/numbers.js";
import { dress } from "../lib/style.js";
import CSS from "./style.css";

/** @typedef {{ name: string, label: string, source?: "view", copy?: boolean }} Item */
/** @typedef {{ text: string, x: number, y: number, top: number, bottom: number, right: number, style: CSSStyleDeclaration }} TextLine */
/** @typedef {{ picture: Element, box: DOMRect }} Picture */
/** @typedef {ReturnType<typeof sheetOf>} Sheet */
/** @typedef {ReturnType<typeof begin>} Download */

const LARGEST = 16_000; // pixels that a canvas may have on a side
const COPIED = [
  "fill", "fill-opacity", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray", "stroke-linejoin", "stroke-linecap", "opacity",
  "font-family", "font-size", "font-weight", "font-style", "text-anchor", "dominant-baseline", "paint-order", "visibility", "vector-effect",
];
const SKIPPED = "button, input, select, textarea, details, dialog, datalist, .ec-say, .ec-strip-edit, .ec-tracks-edit, td, .ec-download, [role=alert], script, style, noscript";
const PAD = 16; // around the sheet, in pixels
const GAP = 24; // between two pictures

/** @param {number} x */
const round = (x) => Math.round(10 * x) / 10;

/**
 * A colour that every program reads: what CSS Color 4 writes as color(srgb ...) as rgb().
 *
 * @param {string} text
 */
export function plainColour(text) {
  return text.replace(/color\(srgb ([\d.e+-]+) ([\d.e+-]+) ([\d.e+-]+)(?: \/ ([\d.e+-]+))?\)/g, (_, r, g, b, a) => {
    const channels = [r, g, b].map((x) => Math.round(255 * Math.min(Math.max(Number(x), 0), 1)));
    return a === undefined ? `rgb(${channels.join(", ")})` : `rgba(${channels.join(", ")}, ${a})`;
  });
}

/**
 * A copy of a picture that stands alone: what the page's rules make of each element is written on it.
 *
 * @param {Element} original
 */
function standAlone(original) {
  const copy = /** @type {Element} */ (original.cloneNode(true));
  const [all, copies] = [original, copy].map((svg) => [svg, ...svg.querySelectorAll("*")]);
  /** @type {Element[]} */
  const gone = [];
  all.forEach((element, i) => {
    const style = getComputedStyle(element);
    if (style.display === "none" && !element.closest("defs")) return gone.push(copies[i]);
    for (const name of ["class", "style", "tabindex", "role", "aria-hidden"]) copies[i].removeAttribute(name);
    for (const name of COPIED) {
      const value = style.getPropertyValue(name);
      if (value) copies[i].setAttribute(name, plainColour(value));
    }
  });
  for (const element of gone) element.remove();
  return copy;
}

/** @param {Element} element */
const isVisible = (element) => !element.closest(SKIPPED) && element.checkVisibility({ visibilityProperty: true });

/**
 * The lines of text of an element as the page has broken them; y is that of the baseline.
 *
 * @param {Element} root
 * @param {CanvasRenderingContext2D} ruler
 */
function linesOf(root, ruler) {
  /** @type {TextLine[]} */
  const found = [];
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  for (let node = /** @type {Text | null} */ (walker.nextNode()); node; node = /** @type {Text | null} */ (walker.nextNode())) {
    const parent = /** @type {Element} */ (node.parentElement);
    if (!node.data.trim() || parent.closest("svg") || !isVisible(parent)) continue;
    const style = getComputedStyle(parent);
    ruler.font = `${style.fontStyle} ${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
    let line = /** @type {TextLine | null} */ (null);
    let end = 0; // of the last piece; a line may also break after a hyphen
    for (const { index, 0: word } of node.data.matchAll(/[^\s-]*-|[^\s-]+/g)) {
      range.setStart(node, index);
      range.setEnd(node, index + word.length);
      const [box] = range.getClientRects();
      if (!box?.width) continue;
      const y = box.top + ruler.measureText("x").fontBoundingBoxAscent;
      if (line && Math.abs(line.y - y) < 1) line.text += `${index === end ? "" : " "}${word}`;
      else found.push((line = { text: word, x: box.left, y, top: box.top, bottom: box.bottom, right: box.right, style }));
      line.right = box.right;
      end = index + word.length;
    }
  }
  return found;
}

/** @type {(pictures: Element[]) => Element[]} */
function homesOf(pictures) {
  /** @type {Element[]} */
  const homes = [];
  for (const picture of pictures) {
    const home = picture.closest(".ec, figure, section") ?? picture;
    if (!homes.some((other) => other.contains(home))) homes.push(home);
  }
  return homes;
}

/** @type {(text: string, x: number, y: number, look: Record<string, string | number>) => SVGElement} */
const textAt = (text, x, y, look) => make("svg:text", { x: round(x), y: round(y), ...look }, text);

/**
 * An empty sheet in the colours of a place of the page, with its title; what is put on it begins at `y`.
 *
 * @param {Element} home
 * @param {string} title
 */
function sheetOf(home, title) {
  const look = getComputedStyle(home);
  const heading = { fill: plainColour(look.color), "font-family": look.fontFamily, "font-weight": 650 };
  const paper = look.getPropertyValue("--paper") ? resolved(home, "var(--paper)") : "rgb(255, 255, 255)";
  const ruler = /** @type {CanvasRenderingContext2D} */ (document.createElement("canvas").getContext("2d"));
  ruler.font = `650 18px ${look.fontFamily}`;
  const svg = make("svg:svg", { xmlns: SVG }, make("svg:title", {}, title),
    make("svg:rect", { width: "100%", height: "100%", fill: plainColour(paper) }), textAt(title, PAD, PAD + 20, { ...heading, "font-size": 18 }));
  return { svg, ruler, heading, width: ruler.measureText(title).width, y: PAD + 20 + GAP / 2 };
}

/**
 * Put what one place of the page shows under what is there.
 *
 * @param {Sheet} sheet
 * @param {Element} home
 * @param {Element[]} pictures of the whole page
 */
function add(sheet, home, pictures) {
  const lines = home instanceof SVGElement ? [] : linesOf(home, sheet.ruler);
  const inside = pictures.filter((picture) => home.contains(picture)).map((picture) => ({ picture, box: picture.getBoundingClientRect() }));
  const left = Math.min(...lines.map((line) => line.x), ...inside.map(({ box }) => box.left));
  const top = Math.min(...lines.map((line) => line.top), ...inside.map(({ box }) => box.top));
  const bottom = Math.max(...lines.map((line) => line.bottom), ...inside.map(({ box }) => box.bottom));
  const name = home.getAttribute("aria-label") ?? inside[0].picture.getAttribute("aria-label");
  const group = make("svg:g", {}, name ? make("svg:title", {}, name) : null);
  if (name && !lines.length) {
    group.append(textAt(name.length > 90 ? `${name.slice(0, 89)}\u2026` : name, PAD, sheet.y + 16, { ...sheet.heading, "font-size": 14 }));
    sheet.y += 28;
  }
  for (const { picture, box } of inside) {
    const x = round(box.left - left + PAD);
    group.append(...drawnAs(picture, { x, y: round(box.top - top + sheet.y), width: round(box.width), height: round(box.height) }));
    sheet.width = Math.max(sheet.width, x + box.width - PAD);
  }
  for (const { text, x, y, right, style } of lines) {
    const look = { fill: plainColour(style.color), "font-family": style.fontFamily, "font-size": style.fontSize, "font-weight": style.fontWeight, "font-style": style.fontStyle };
    group.append(textAt(text, round(x - left + PAD), round(y - top + sheet.y), look));
    sheet.width = Math.max(sheet.width, right - left);
  }
  sheet.svg.append(group);
  sheet.y += bottom - top + GAP;
}

/** @type {(picture: Element, place: Record<string, number>) => Element[]} */
function drawnAs(picture, place) {
  if (picture instanceof HTMLCanvasElement) {
    try {
      return [make("svg:image", { ...place, href: picture.toDataURL() })];
    } catch {
      return []; // a canvas with a foreign image keeps it to itself
    }
  }
  const copy = standAlone(picture);
  attributes(copy, { ...place, overflow: getComputedStyle(picture).overflow === "visible" ? "visible" : "hidden" });
  return [copy];
}

/**
 * Every picture under `root`, under one another in one SVG, as {svg, width, height}; throws a sentence where there is none.
 *
 * @param {Element} root
 * @param {string} title
 */
export function pictureOf(root, title) {
  const pictures = [...root.querySelectorAll("svg, canvas")].filter((element) => {
    const { width, height } = element.getBoundingClientRect();
    return width > 0 && height > 0 && isVisible(element) && !element.parentElement?.closest("svg");
  });
  const homes = homesOf(pictures);
  if (!homes.length) throw new Error("There is no picture on this page to save.");
  const sheet = sheetOf(homes[0], title);
  for (const home of homes) add(sheet, home, pictures);
  const [width, height] = [Math.ceil(sheet.width + 2 * PAD), Math.ceil(sheet.y)];
  attributes(sheet.svg, { width, height, viewBox: `0 0 ${width} ${height}` });
  return { svg: new XMLSerializer().serializeToString(sheet.svg), width, height };
}

/**
 * A CSS colour as the page shows it in a place.
 *
 * @param {Element} home
 * @param {string} colour
 */
function resolved(home, colour) {
  const probe = document.createElement("span");
  probe.style.color = colour;
  home.append(probe);
  const text = getComputedStyle(probe).color;
  probe.remove();
  return text;
}

/**
 * A picture as PNG, twice as large, or as large as a canvas can be.
 *
 * @param {{ svg: string, width: number, height: number }} picture
 * @returns {Promise<Blob>}
 */
async function pngOf({ svg, width, height }) {
  const address = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
  try {
    const image = new Image();
    image.src = address;
    await image.decode();
    const scale = Math.min(2, LARGEST / width, LARGEST / height);
    const canvas = Object.assign(document.createElement("canvas"), { width: Math.round(scale * width), height: Math.round(scale * height) });
    canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
    if (!blob) throw new Error("the picture is too large");
    return blob;
  } finally {
    URL.revokeObjectURL(address);
  }
}

/**
 * @param {Model} model
 * @param {HTMLElement} el
 * @param {Store} store
 */
function begin(model, el, store) {
  /** @type {{ items?: Item[], note?: string, patience?: number }} */
  const options = model.get("options");
  const { items = [], note, patience = 20 } = options;
  const buttons = new Map(items.map((item) => [item.name, make("button", { type: "button", "data-item": item.name }, item.label)]));
  const said = make("p", { class: "ec-soft ec-download-said", role: "status" });
  const failed = make("p", { class: "ec-warning", role: "alert" });
  const text = make("pre", { tabindex: "0", role: "region", "aria-label": "the text", hidden: true });
  el.append(make("div", { class: "ec-row" }, [...buttons.values()]), note ? make("p", { class: "ec-soft" }, note) : "", said, failed, text);
  /** @type {Map<string, number | undefined>} */
  const waiting = new Map(); // timers by name
  return { model, el, store, items, patience, buttons, said, failed, text, waiting };
}

/** @type {(download: Download, sentence: string) => void} */
function tell({ said, failed }, sentence) {
  failed.textContent = "";
  said.textContent = sentence;
}

/** @type {(download: Download, item: Item, sentence: string) => void} */
function fail({ said, failed }, { label }, sentence) {
  said.textContent = "";
  failed.textContent = `${label}: ${sentence}`;
}

/** @type {(download: Download, name: string, timer?: number) => void} */
function wait({ waiting, buttons }, name, timer) {
  waiting.set(name, timer);
  buttons.get(name)?.setAttribute("aria-busy", "true"); // not disabled: the focus stays
}

/** @type {(download: Download, name: string) => void} */
function end({ waiting, buttons }, name) {
  clearTimeout(waiting.get(name));
  waiting.delete(name);
  buttons.get(name)?.setAttribute("aria-busy", "false");
}

/** @param {number} bytes */
const sizeOf = (bytes) => (bytes < 1e3 ? `${bytes} bytes` : bytes < 1e6 ? `${format(bytes / 1e3, 3)} kB` : `${format(bytes / 1e6, 3)} MB`);

/** @type {(download: Download, blob: Blob, name: string) => void} */
function save(download, blob, name) {
  const address = URL.createObjectURL(blob);
  const link = make("a", { href: address, download: name, hidden: true });
  download.el.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
  tell(download, `${name} is saved: ${sizeOf(blob.size)}.`);
}

/** @type {(download: Download, item: Item) => void} */
function press(download, item) {
  if (download.waiting.has(item.name)) return;
  download.text.hidden = true;
  if (item.source === "view") saveView(download, item);
  else ask(download, item);
}

/**
 * Ask Python for a file.
 *
 * @param {Download} download
 * @param {Item} item
 */
function ask(download, item) {
  const { model, store, patience } = download;
  tell(download, `${item.label}: asked for.`);
  const isLate = () => {
    end(download, item.name);
    fail(download, item, `no answer within ${patience} seconds. Perhaps Python is busy or gone; try again, or reload the page.`);
  };
  wait(download, item.name, setTimeout(isLate, 1000 * patience));
  try {
    store.flush(); // of what is on the screen now
    model.send({ get: item.name });
  } catch {
    end(download, item.name);
    fail(download, item, "the page cannot reach Python. Reload the page.");
  }
}

/** @type {(download: Download, item: Item) => Promise<void>} */
async function saveView(download, item) {
  const { store: { state }, el } = download;
  const about = [state.sequence_name, state.kernel_name, typeof state.m === "number" ? `m = ${format(state.m)}` : null];
  wait(download, item.name);
  try {
    const picture = pictureOf(el.closest(".ep-root") ?? document.body, about.filter(Boolean).join(" \u00b7 "));
    const isPng = item.name.endsWith(".png");
    save(download, isPng ? await pngOf(picture) : new Blob([picture.svg], { type: "image/svg+xml" }), `epool_viz_view.${isPng ? "png" : "svg"}`);
  } catch (error) {
    fail(download, item, `the picture could not be made. ${/** @type {Error} */ (error).message}`);
  }
  end(download, item.name);
}

/** @type {(download: Download, item: Item, letters: string) => Promise<void>} */
async function copy(download, item, letters) {
  const { text } = download;
  try {
    await navigator.clipboard.writeText(letters);
    tell(download, `${item.label}: copied, ${letters.trimEnd().split("\n").length} lines.`);
  } catch {
    text.textContent = letters;
    text.hidden = false;
    getSelection()?.selectAllChildren(text);
    tell(download, "This browser does not let a page copy; here is the text, marked for you to copy.");
  }
}

/**
 * Save or copy what Python has made.
 *
 * @param {Download} download
 * @param {Message} content
 * @param {DataView[]} buffers
 */
function receive(download, content, buffers) {
  const item = download.items.find(({ name }) => name === content?.name);
  if (!item || !download.waiting.has(item.name)) return; // too late, or for another
  end(download, item.name);
  const [bytes] = /** @type {DataView<ArrayBuffer>[]} */ (buffers ?? []);
  if (content.error) fail(download, item, content.error);
  else if (!bytes || typeof content.file_name !== "string") fail(download, item, "the answer holds no file. Try again.");
  else if (item.copy) copy(download, item, new TextDecoder().decode(bytes));
  else save(download, new Blob([bytes], { type: content.mime }), content.file_name);
}

export default {
  /** @param {Context} context */
  async render({ model, el, host, signal }) {
    const { exports } = await host.getWidget(model.get("store"));
    dress(el, "download", CSS);
    const download = begin(model, el, exports.store);
    for (const item of download.items) download.buttons.get(item.name)?.addEventListener("click", () => press(download, item));
    const hear = (/** @type {Message} */ content, /** @type {DataView[]} */ buffers) => receive(download, content, buffers);
    model.on("msg:custom", hear);
    const stop = () => {
      for (const timer of download.waiting.values()) clearTimeout(timer);
      model.off("msg:custom", hear);
    };
    signal.addEventListener("abort", stop);
    return stop;
  },
};
