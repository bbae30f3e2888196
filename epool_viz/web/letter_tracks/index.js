// LetterTracks: a sequence, and under it several scores of its letters as aligned tracks, one cursor over all of them.
//
// options: {title, height, kinds, edits, sentence, live}
//   title   what the picture shows
//   height  of a track's drawing, in rem (default 2.75)
//   kinds   {kind: what it is}, the key; the first kind is drawn in the accent colour, others lighter and with another edge
//   edits   key of the state that holds the letters put in place of others, [[letter, text]], in order; without it none can be
//   live    false: the sentence is never spoken on its own
// On a narrow page the notes are left out.
// traits: letters {text, name, sites: [[first, stop, name]], changed: [[letter, what it was]]}, tracks [{name, title, kind, values, note}]
// state: cursor (a letter, from 0), zoom ([first, stop], or null for all)
//
// Every track has its own scale, from its lowest value or 0 to its highest or 0. Where a letter is wide enough it is drawn as
// tall as its score, upside down below 0; else a bar stands for it, and where bars are narrower than a pixel the
// furthest from 0 of each pixel.

import { onArrows, roving, voice } from "../lib/a11y.js";
import { CLOSEST, inView, lane, zoomBy } from "../lib/cursor.js";
import { attributes, make } from "../lib/dom.js";
import { follow, onWidth, oncePerFrame, widthOf } from "../lib/drawing.js";
import { format, number } from "../lib/numbers.js";
import { panel } from "../lib/style.js";
import { numbers, table } from "../lib/tables.js";
import { niceStep } from "../lib/ticks.js";
import CSS from "./style.css";

// outlines in a box of 100 x 100, y downwards; each touches all four sides
const GLYPHS = {
  A: "M0,100L38,0H62L100,100H76L69,78H31L24,100ZM37.5,58H62.5L50,18Z",
  C: "M100,18.6A56.24,50 0 1 0 100,81.4L79.5,68.5A30,28 0 1 1 79.5,31.5Z",
  G: "M100,18.6A56.24,50 0 1 0 100,81.4V45H56V63H77.5V70.9A30,28 0 1 1 79.5,31.5Z",
  T: "M0,0H100V22H62V100H38V22H0Z",
};
const WIDE = 6; // px from which on a letter is drawn

/** Place of each value from the largest, 1 for the best; equal values share the better place. */
export function ranksOf(values) {
  const order = [...values.keys()].sort((a, b) => values[b] - values[a]);
  const ranks = new Int32Array(values.length);
  order.forEach((i, k) => (ranks[i] = k && values[i] === values[order[k - 1]] ? ranks[order[k - 1]] : k + 1));
  return ranks;
}

/** The value furthest from 0 of every `per` neighbours from `first` to `stop`: [[place, value]]. */
export function furthest(values, first, stop, per) {
  const out = [];
  for (let i = first; i < stop; i += per) {
    let best = i;
    for (let k = i; k < Math.min(i + per, stop); k++) if (Math.abs(values[k]) > Math.abs(values[best])) best = k;
    out.push([i, values[best]]);
  }
  return out;
}

export default {
  async render({ model, el, host, signal }) {
    const { exports } = await host.getWidget(model.get("store"));
    const { store } = exports;
    const options = { title: "Scores of letters", height: 2.75, kinds: {}, ...model.get("options") };
    const section = panel(el, "tracks", options.title, CSS);

    const title = make("span", { class: "ec-panel-title" }, options.title);
    const shown = make("span", { class: "ec-soft" });
    const button = (text, label, act) => make("button", { type: "button", "aria-label": label, title: label, onclick: act }, text);
    const wider = button("\u2212", "Zoom out", () => zoom(2));
    const closer = button("+", "Zoom in", () => zoom(0.5));
    const whole = button("All", "Show all letters", () => store.set({ zoom: null }));
    const toSite = button("Site", "Go to the site", () => goToSite());
    const tools = make("div", { class: "ec-panel-tools", role: "toolbar", "aria-label": "Zoom" }, toSite, wider, closer, whole);
    const svg = make("svg:svg", { "aria-hidden": "true" });
    const plot = make("div", { class: "ec-tracks-plot", tabindex: "0", role: "slider", "aria-label": "Letter in hand", "aria-valuemin": "1", "aria-orientation": "horizontal" }, svg);
    const [back, drawing, here] = ["sites", "tracks", "cursor"].map((name) => make("svg:g", { "data-name": name }));
    svg.append(back, drawing, here);
    const key = make("div", { class: "ec-tracks-key" });
    const inHand = make("span", { "data-name": "in-hand" });
    const choices = make("div", { class: "ec-panel-tools", role: "toolbar", "aria-label": "Change the letter in hand" });
    const undo = button("Undo", "Undo the last change", () => takeBack());
    const editor = make("div", { class: "ec-tracks-edit", hidden: !options.edits }, inHand, choices);
    choices.append(...[..."ACGTN"].map((letter) => make("button", { type: "button", "aria-label": letter === "N" ? "N, unknown" : letter, "data-letter": letter, onclick: () => put(letter) }, letter)), undo);
    section.append(make("div", { class: "ec-panel-head" }, title, shown, tools), plot, key, editor);
    const say = voice(section, options);
    const refreshTable = numbers(section, "The numbers as a table", lettersTable);
    for (const bar of [tools, choices]) roving(bar);

    let place = null;
    let rows = []; // of the tracks: {track, top, y, ranks, value}
    let drawn = "";

    // what is there -----------------------------------------------------------------------------------------------

    const text = () => model.get("letters").text ?? "";
    const sites = () => model.get("letters").sites ?? [];
    // as the kit wants it: letters without windows
    const lettersOf = (state) => ({ codes: { length: text().length }, kernel: [[0]], padding: "valid", zoom: state.zoom });
    const cursorOf = (state) => Math.min(Math.max(Math.round(state.cursor) || 0, 0), Math.max(text().length - 1, 0));
    const tone = (letter) => (letter in GLYPHS ? letter : "other");
    const look = (kind) => ["is-first", "is-second"][Object.keys(options.kinds).indexOf(kind)] ?? "is-other-kind";
    const siteAt = (i) => sites().find(([first, stop]) => i >= first && i < stop);

    // the hand ----------------------------------------------------------------------------------------------------

    function zoom(factor) {
      store.set({ zoom: zoomBy(lettersOf(store.state), factor, cursorOf(store.state) + 0.5) });
    }

    function goToSite() {
      if (!sites().length) return;
      const [first, stop] = sites().find(([start]) => start > cursorOf(store.state)) ?? sites()[0];
      const span = Math.min(Math.max(60, stop - first), text().length);
      const from = Math.min(Math.max(Math.round((first + stop - span) / 2), 0), text().length - span);
      store.set({ cursor: first, zoom: span < text().length ? [from, from + span] : null });
    }

    function go(letter) {
      const to = Math.min(Math.max(letter, 0), text().length - 1);
      const [first, last] = inView(lettersOf(store.state));
      const patch = { cursor: to };
      if (to < first) patch.zoom = [to, to + last - first];
      else if (to >= last) patch.zoom = [to + 1 - (last - first), to + 1];
      store.set(patch);
    }

    // Python puts the letter in its place and reads the sequence anew
    const edits = () => store.state[options.edits] ?? [];
    const was = (i) => (model.get("letters").changed ?? []).find(([place_]) => place_ === i)?.[1];

    function put(letter) {
      if (!options.edits || !text()) return;
      const i = cursorOf(store.state);
      const now = edits().find(([k]) => k === i)?.[1] ?? text()[i];
      if (now !== letter) store.set({ [options.edits]: [...edits().filter(([k]) => k !== i), [i, letter]] });
    }

    function takeBack() {
      if (!edits().length) return;
      go(edits().at(-1)[0]);
      store.set({ [options.edits]: edits().slice(0, -1) });
      if (document.activeElement === undo && edits().length === 0) plot.focus();
    }

    let kept = null; // where the cursor goes back to when the pointer leaves
    let mine = null; // where the pointer has put it
    const toPointer = (event) => {
      if (!place) return;
      mine = Math.min(Math.max(Math.floor(place.at(event.clientX - svg.getBoundingClientRect().left)), place.first), place.last - 1);
      store.set({ cursor: mine });
    };
    plot.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      toPointer(event);
      kept = mine;
      try { plot.setPointerCapture(event.pointerId); } catch { /* a pointer that is already gone */ }
    });
    plot.addEventListener("pointermove", (event) => {
      const isHeld = event.buttons & 1;
      if (!isHeld && event.pointerType === "touch") return;
      kept ??= store.state.cursor;
      toPointer(event);
      if (isHeld) kept = mine;
    });
    plot.addEventListener("pointerleave", () => {
      if (kept !== null && mine !== null && store.state.cursor === mine) store.set({ cursor: kept });
      kept = mine = null;
    });
    plot.addEventListener("wheel", (event) => {
      const [first, last] = inView(lettersOf(store.state));
      if (event.ctrlKey || event.metaKey) {
        const about = place.at(event.clientX - svg.getBoundingClientRect().left);
        store.set({ zoom: zoomBy(lettersOf(store.state), Math.min(Math.max(Math.exp(event.deltaY * 0.01), 0.5), 2), about) });
      } else if (store.state.zoom && (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY))) {
        const by = (event.shiftKey ? event.deltaY || event.deltaX : event.deltaX) / place.unit;
        const from = Math.min(Math.max(first + Math.round(Math.sign(by) * Math.max(1, Math.abs(by))), 0), text().length - (last - first));
        store.set({ zoom: [from, from + last - first] });
      } else return;
      event.preventDefault();
    }, { passive: false });
    plot.addEventListener("keydown", (event) => {
      if (event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey)) {
        takeBack();
        event.preventDefault();
        return;
      }
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "+" || event.key === "=") zoom(0.5);
      else if (event.key === "-") zoom(2);
      else if (event.key === "0") store.set({ zoom: null });
      else if (event.key.toLowerCase() === "s") goToSite();
      else if (options.edits && event.key.length === 1 && "ACGTN".includes(event.key.toUpperCase())) put(event.key.toUpperCase());
      else return;
      event.preventDefault();
    });
    onArrows(plot, (step) => go(cursorOf(store.state) + step), (end) => go(end === "first" ? 0 : Infinity));

    // drawing -----------------------------------------------------------------------------------------------------

    function draw(state, _, names) {
      if (!text()) return;
      const view = inView(lettersOf(state));
      const now = JSON.stringify([view, widthOf(plot)]);
      if (!names || now !== drawn) {
        drawn = now;
        layOut(view);
        drawSites();
        drawTracks();
        drawKey();
        refreshTable();
        tellView(view);
      }
      drawCursor(cursorOf(state));
    }

    function layOut(view) {
      place = lane(widthOf(plot), view);
      const { rem } = place;
      const head = 1.35 * rem;
      const size = options.height * rem;
      place.strip = (sites().length ? 1.3 : 0.6) * rem; // top of the letters
      place.row = 1.5 * rem;
      let top = place.strip + place.row + 1.2 * rem;
      rows = model.get("tracks").map((track) => {
        const low = track.values.reduce((a, v) => Math.min(a, v), 0);
        const high = track.values.reduce((a, v) => Math.max(a, v), 0);
        const [from, span] = [top + head, high - low || 1];
        const row = { track, low, high, top, size, from, ranks: ranksOf(track.values), y: (v) => from + size * (1 - (v - low) / span) };
        top += head + size + 0.55 * rem;
        return row;
      });
      place.bottom = top;
      svg.setAttribute("height", top);
    }

    function drawSites() {
      const parts = [];
      for (const [first, stop, name] of sites()) {
        const [a, b] = [Math.max(first, place.first), Math.min(stop, place.last)];
        if (b <= a) continue;
        const [x, width] = [place.x(a), (b - a) * place.unit];
        parts.push(make("svg:path", { class: "ec-tracks-site", "data-name": "site", d: box(x, place.strip, width, place.bottom - place.strip) }));
        parts.push(make("svg:path", { class: "ec-tracks-bracket", d: `M${at(x)} ${at(place.strip - 2)}h${at(width)}` }));
        const middle = Math.min(Math.max(x + width / 2, place.left + 2 * place.rem), place.right - 2 * place.rem);
        if (name) parts.push(make("svg:text", { class: "ec-tracks-sitename", x: at(middle), y: at(place.strip - 0.4 * place.rem), "text-anchor": "middle" }, name));
      }
      const size = Math.min(Math.max(place.unit / 2, 3), 0.3 * place.rem);
      const marks = (model.get("letters").changed ?? []).filter(([i]) => i >= place.first && i < place.last)
        .map(([i]) => `M${at(place.x(i + 0.5) - size)} ${at(place.strip - 1 - size)}h${at(2 * size)}l${at(-size)} ${at(1.5 * size)}z`);
      back.replaceChildren(...parts, make("svg:path", { class: "ec-tracks-changed", "data-name": "changed", d: marks.join("") }));
    }

    function drawTracks() {
      const { rem } = place;
      const isWide = place.unit >= WIDE;
      const parts = [...stripParts(isWide), ...ticks(place.strip + place.row)];
      const names = [];
      for (const row of rows) {
        const { track } = row;
        const zero = row.y(0);
        names.push(make("svg:text", { class: "ec-tracks-name", x: at(0.6 * rem), y: at(row.top + 0.95 * rem) }, track.title));
        parts.push(
          make("svg:path", { class: `ec-tracks-rail ${look(track.kind)}`, d: box(0, row.top + 0.2 * rem, 0.3 * rem, row.size + 1.15 * rem) }),
          names.at(-1),
          make("svg:path", { class: "ec-tracks-edge", d: `M${at(place.left)} ${at(row.from)}H${at(place.right)}` }),
          ...axis(row),
          ...(isWide ? glyphs(row) : [bars(row)]),
          make("svg:path", { class: "ec-tracks-zero", d: `M${at(place.left)} ${at(zero)}H${at(place.right)}` }),
        );
        if (track.note && place.right > 26 * rem) parts.push(make("svg:text", { class: "ec-tracks-note", x: at(place.right), y: at(row.top + 0.95 * rem), "text-anchor": "end" }, track.note));
      }
      drawing.replaceChildren(...parts);
      rows.forEach((row, k) => (row.after = 1.1 * rem + names[k].getComputedTextLength()));
    }

    /** The numbers at the ends of a track's scale, and 0 where there is room between. */
    function axis({ low, high, from, size, y }) {
      const { rem } = place;
      const label = (v, y_) => make("svg:text", { x: at(place.left - 5), y: at(y_), "text-anchor": "end" }, format(v, Math.abs(v) < 0.01 ? 1 : 2));
      const [upper, zero, lower] = [from + 0.55 * rem, Math.min(y(0) + 0.26 * rem, from + size), from + size];
      const marks = [];
      if (high > 0 && y(0) - from > 0.5 * rem) marks.push(label(high, upper));
      if (low < 0 && lower - y(0) > 0.5 * rem) marks.push(label(low, lower));
      if (!marks.length || ((!(high > 0) || zero - upper > 0.8 * rem) && (marks.length < 2 || lower - zero > 0.8 * rem))) marks.push(label(0, zero));
      return marks;
    }

    function stripParts(isWide) {
      const tones = { A: [], C: [], G: [], T: [], other: [] };
      for (let i = place.first; i < place.last; i++) {
        const letter = text()[i];
        tones[tone(letter)].push(isWide && letter in GLYPHS
          ? scaled(letter, place.x(i) + 0.06 * place.unit, place.strip + 2, 0.88 * place.unit, place.row - 4)
          : box(place.x(i), place.strip + (letter in GLYPHS ? 2 : place.row / 2), place.unit, letter in GLYPHS ? place.row - 4 : 2));
      }
      return Object.entries(tones).filter(([, parts]) => parts.length)
        .map(([name, parts]) => make("svg:path", { class: `is-${name}`, "fill-opacity": isWide ? 1 : 0.6, d: parts.join("") }));
    }

    function glyphs({ track, y }) {
      const tones = { A: [], C: [], G: [], T: [], other: [] };
      for (let i = place.first; i < place.last; i++) {
        const v = track.values[i];
        const [top, bottom] = [y(Math.max(v, 0)), y(Math.min(v, 0))];
        const letter = text()[i];
        if (bottom - top < 0.4) continue;
        const [x, width] = [place.x(i) + 0.06 * place.unit, 0.88 * place.unit];
        tones[tone(letter)].push(letter in GLYPHS ? scaled(letter, x, v < 0 ? bottom : top, width, (v < 0 ? -1 : 1) * (bottom - top)) : box(x, top, width, bottom - top));
      }
      return Object.entries(tones).filter(([, parts]) => parts.length)
        .map(([name, parts]) => make("svg:path", { class: `is-${name}`, d: parts.join("") }));
    }

    function bars({ track, y }) {
      const per = Math.max(1, Math.floor(1 / place.unit));
      const gap = place.unit >= 3 ? 0.5 : 0;
      const zero = y(0);
      const d = furthest(track.values, place.first, place.last, per)
        .map(([i, v]) => (v ? box(place.x(i) + gap / 2, Math.min(y(v), zero), Math.max(per * place.unit - gap, 0.5), Math.abs(y(v) - zero)) : ""));
      return make("svg:path", { class: `ec-tracks-bars ${look(track.kind)}`, d: d.join("") });
    }

    function ticks(y) {
      const { rem } = place;
      const step = niceStep(Math.max((3 * rem) / place.unit, 1));
      const marks = [];
      for (let p = Math.max(Math.ceil((place.first + 1) / step) * step, step); p <= place.last; p += step) marks.push(p);
      return [
        make("svg:path", { class: "ec-tracks-zero", d: marks.map((p) => `M${at(place.x(p - 0.5))} ${at(y)}v3`).join("") }),
        ...marks.map((p) => make("svg:text", { x: at(Math.min(place.x(p - 0.5), place.right - 0.5 * rem)), y: at(y + 0.95 * rem), "text-anchor": "middle" }, String(p))),
      ];
    }

    function drawKey() {
      const used = new Set(model.get("tracks").map((track) => track.kind));
      key.replaceChildren(...Object.entries(options.kinds).filter(([kind]) => used.has(kind)).map(([kind, words]) =>
        make("span", {}, make("svg:svg", { viewBox: "0 0 6 16", "aria-hidden": "true" }, make("svg:path", { class: `ec-tracks-rail ${look(kind)}`, d: "M0 0h6v16h-6z" })), words)));
    }

    function drawCursor(i) {
      const { rem } = place;
      const isIn = i >= place.first && i < place.last;
      const size = Math.max(place.unit, 3);
      const x = place.x(i + 0.5);
      const parts = isIn ? [make("svg:rect", { class: "ec-tracks-cursor", x: at(x - size / 2), y: at(place.strip - 1), width: at(size), height: at(place.bottom - place.strip - 0.3 * rem) })] : [];
      for (const row of rows) {
        parts.push(make("svg:text", { class: "ec-tracks-here", "data-name": row.track.name, x: at(row.after), y: at(row.top + 0.95 * rem) }, format(row.track.values[i], 3)));
      }
      here.replaceChildren(...parts);
      tell(i);
    }

    // words -------------------------------------------------------------------------------------------------------

    function tellView([first, last]) {
      const count = text().length;
      shown.textContent = `letters ${first + 1} to ${last} of ${count}`;
      toSite.hidden = !sites().length;
      closer.setAttribute("aria-disabled", String(last - first <= Math.min(CLOSEST, count)));
      for (const other of [wider, whole]) other.setAttribute("aria-disabled", String(last - first >= count));
    }

    function tell(i) {
      const site = siteAt(i);
      const where = sites().length ? (site ? `, in the site${site[2] ? ` ${site[2]}` : ""}` : ", outside the sites") : "";
      const ranks = rows.map(({ track, ranks: all }) => `${track.title} ${all[i]}`).join(", ");
      const before = was(i) ? `, it was ${was(i)}` : "";
      inHand.textContent = `Letter ${i + 1} is ${text()[i]}${before}. Make it`;
      for (const choice of choices.querySelectorAll("[data-letter]")) choice.setAttribute("aria-pressed", String(choice.dataset.letter === text()[i]));
      undo.hidden = !edits().length;
      const sentence = `Letter ${i + 1} is ${text()[i]}${before}${where}. Its rank among ${text().length}: ${ranks}.`;
      say(sentence);
      attributes(plot, { "aria-valuemax": text().length, "aria-valuenow": i + 1, "aria-valuetext": sentence });
    }

    function lettersTable() {
      const [first, last] = inView(lettersOf(store.state));
      const head = ["position", "letter", ...(sites().length ? ["site"] : []), ...rows.map(({ track }) => track.title)];
      const lines = [];
      for (let i = first; i < last; i++) {
        const site = siteAt(i);
        lines.push([String(i + 1), text()[i], ...(sites().length ? [site ? site[2] || "yes" : ""] : []), ...rows.map(({ track }) => number(`${track.name}-${i + 1}`, track.values[i]))]);
      }
      return table(`${options.title}: letters in view`, head, lines);
    }

    const ask = follow(store, draw, signal);
    onWidth(plot, ask, signal);
    const again = oncePerFrame(ask);
    for (const name of ["change:letters", "change:tracks"]) {
      model.on(name, again);
      signal?.addEventListener("abort", () => model.off(name, again));
    }
  },
};

const at = (x) => Math.round(x * 10) / 10;
const box = (x, y, width, height) => `M${at(x)} ${at(y)}h${at(width)}v${at(height)}h${at(-width)}z`;

/** A letter's outline in a box; a negative height turns it upside down. */
function scaled(letter, x, y, width, height) {
  const sx = width / 100;
  const sy = height / 100;
  return GLYPHS[letter].replace(/([MLHVAZ])([^MLHVAZ]*)/g, (_, command, rest) => {
    const n = rest.split(/[ ,]+/).filter(Boolean).map(Number);
    const [px, py] = [(v) => at(x + v * sx), (v) => at(y + v * sy)];
    if (command === "H") return `H${px(n[0])}`;
    if (command === "V") return `V${py(n[0])}`;
    if (command === "A") return `A${(n[0] * sx).toFixed(2)} ${(Math.abs(n[1] * sy)).toFixed(2)} 0 ${n[3]} ${height < 0 ? 1 - n[4] : n[4]} ${px(n[5])} ${py(n[6])}`;
    if (command === "Z") return "Z";
    const points = [];
    for (let k = 0; k < n.length; k += 2) points.push(`${px(n[k])} ${py(n[k + 1])}`);
    return command + points.join(" ");
  });
}
