// Sequence strip: the letters, the window under the cursor, and the letter in hand, which can be changed.
//
// options: {sentence, live, reveal}
//   sentence  "visible" (default) or "hidden"
//   live      false: the sentence is never spoken on its own
//   reveal    true: where the zoom begins elsewhere, the window under the cursor is brought into view
// state: codes, alphabet, complement, kernel (its width), padding, both_strands, cursor, zoom, and
//   mutations  what the user has changed, in order: [[letter, code before, code after], ...]; absent is none. Whoever sets
//              other codes without it ends it.
//
// The letter in hand lies always in the window under the cursor: the window follows it, and it follows the window.

import { onArrows, roving, voice } from "../lib/a11y.js";
import { CLOSEST, called, extent, inView, lane, partial, windowAt, windows, zoomBy } from "../lib/cursor.js";
import { attributes, hatch, make } from "../lib/dom.js";
import { follow, onWidth, widthOf } from "../lib/drawing.js";
import { panel } from "../lib/style.js";
import { numbers, table } from "../lib/tables.js";
import { niceStep } from "../lib/ticks.js";
import CSS from "./style.css";

const TONES = ["A", "C", "G", "T", "other"];
const SMALLEST = 8; // px: narrower letters are drawn as blocks

export default {
  async render({ model, el, host, signal }) {
    const { exports } = await host.getWidget(model.get("store"));
    const { store } = exports;
    const section = panel(el, "strip", "Sequence", CSS);

    const shown = make("span", { class: "ec-soft" });
    const button = (text, label, act, extra = {}) =>
      make("button", { type: "button", "aria-label": label, title: label, onclick: act, ...extra }, text);
    const closer = button("+", "Zoom in", () => zoom(0.5));
    const wider = button("\u2212", "Zoom out", () => zoom(2));
    const whole = button("All", "Show all letters", () => store.set({ zoom: null }));
    const zoomTools = make("div", { class: "ec-panel-tools", role: "toolbar", "aria-label": "Zoom" }, wider, closer, whole);

    const svg = make("svg:svg", { "aria-hidden": "true" });
    const plot = make("div", {
      class: "ec-strip-plot", tabindex: "0", role: "slider", "aria-label": "Letter in hand", "aria-valuemin": "1", "aria-orientation": "horizontal",
    }, svg);
    const hatching = hatch(svg);
    const [letters, changes, pick, ticks] = ["letters", "changes", "window", "ticks"].map((name) => make("svg:g", { "data-name": name }));
    svg.append(letters, pick, changes, ticks);

    const mapSvg = make("svg:svg", { "aria-hidden": "true", height: "100%" });
    const [mapLetters, mapMarks] = [make("svg:g"), make("svg:g")];
    mapSvg.append(mapLetters, mapMarks);
    const brush = make("div", { class: "ec-strip-brush", tabindex: "0", role: "slider", "aria-label": "Letters in view", "aria-orientation": "horizontal" });
    const map = make("div", { class: "ec-strip-map", "data-name": "overview" }, mapSvg, brush);

    const inHand = make("span", { "data-name": "in-hand" });
    const choices = make("div", { class: "ec-panel-tools", role: "toolbar", "aria-label": "Change the letter in hand" });
    const undo = button("Undo", "Undo the last change", () => takeBack(), { class: "ec-strip-undo" });
    const edit = make("div", { class: "ec-strip-edit" }, inHand, choices);

    section.append(make("div", { class: "ec-panel-head" }, make("span", { class: "ec-panel-title" }, "Sequence"), shown, zoomTools), plot, map, edit);
    const say = voice(section, model.get("options"));
    const refreshTable = numbers(section, "The letters as a table", lettersTable);
    roving(zoomTools);

    let caret = 0;
    let place = null;
    let alphabet = null;
    let drawn = "";
    let mapDrawn = null; // what the overview shows

    // what is changed ---------------------------------------------------------------------------------------------

    const letterOf = (code) => store.state.alphabet[code] ?? "N";
    const toneOf = (code) => {
      const letter = letterOf(code);
      if (store.state.alphabet.length > 4) return "other";
      return letter === "U" ? "T" : TONES.includes(letter) ? letter : "other";
    };
    const complementOf = (code) => store.state.complement?.[code] ?? -1;

    /** The letters that differ from what they first were: letter -> code it was. */
    function changed() {
      const first = new Map();
      for (const [i, before] of store.state.mutations ?? []) if (!first.has(i)) first.set(i, before);
      for (const [i, before] of first) if (store.state.codes[i] === before) first.delete(i);
      return first;
    }

    function mutate(letter, code) {
      const { codes, mutations = [] } = store.state;
      if (codes[letter] === code) return;
      store.set({ codes: codes.with(letter, code), mutations: [...mutations, [letter, codes[letter], code]] });
    }

    function takeBack() {
      const { codes, mutations = [] } = store.state;
      if (!mutations.length) return;
      const [letter, before] = mutations.at(-1);
      toLetter(letter);
      store.set({ codes: codes.with(letter, before), mutations: mutations.slice(0, -1) });
      if (mutations.length === 1 && document.activeElement === undo) plot.focus();
    }

    // where -------------------------------------------------------------------------------------------------------

    /** Put the window that starts at a letter, or the nearest there is, under the cursor. */
    function startAt(start, strand) {
      const { count, first } = windows(store.state);
      if (count) store.set({ cursor: Math.min(Math.max(start - first, 0), count - 1) + strand * count });
    }

    /** Take a letter in hand; the window comes along if it must. */
    function toLetter(letter) {
      caret = Math.min(Math.max(letter, 0), store.state.codes.length - 1);
      const { start, strand } = windowAt(store.state);
      const { width } = windows(store.state);
      if (caret < start) startAt(caret, strand);
      else if (caret >= start + width) startAt(caret - width + 1, strand);
      ask();
    }

    function zoom(factor, about = null) {
      const { start } = windowAt(store.state);
      store.set({ zoom: zoomBy(store.state, factor, about ?? start + windows(store.state).width / 2) });
    }

    function pan(first) {
      const [from, to] = inView(store.state);
      const [least, most] = extent(store.state);
      const kept = Math.min(Math.max(Math.round(first), least), most - (to - from));
      store.set({ zoom: [kept, kept + to - from] });
    }

    /** Bring the cursor's window back into view. */
    function keepInView(state) {
      const [from, to] = inView(state);
      const { start } = windowAt(state);
      if (!state.zoom || (start >= from && start < to)) return;
      const { width } = windows(state);
      const margin = Math.max(Math.floor((to - from - width) / 2), 0);
      pan(start < from ? start - Math.min(margin, 3) : Math.min(start + width + Math.min(margin, 3) - (to - from), start));
    }

    // the hand ----------------------------------------------------------------------------------------------------

    let held = null; // how far from the window's start the pointer has it
    plot.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      const { letter, strand } = under(event);
      const { width } = windows(store.state);
      const now = windowAt(store.state);
      const isInside = letter >= now.start && letter < now.start + width && strand === now.strand;
      held = { from: isInside ? letter - now.start : 0, strand, letter };
      if (isInside) toLetter(letter);
      else {
        caret = letter;
        startAt(letter, strand);
      }
      try { plot.setPointerCapture(event.pointerId); } catch { /* a pointer that is already gone */ }
    });
    plot.addEventListener("pointermove", (event) => {
      if (!held || !(event.buttons & 1)) return;
      const { letter } = under(event);
      if (letter === held.letter) return;
      plot.classList.add("is-held");
      held.letter = letter;
      caret = letter;
      startAt(letter - held.from, held.strand);
    });
    const release = () => {
      held = null;
      plot.classList.remove("is-held");
    };
    for (const name of ["pointerup", "pointercancel", "lostpointercapture"]) plot.addEventListener(name, release);

    function under(event) {
      const box = svg.getBoundingClientRect();
      const letter = Math.floor(place.at(event.clientX - box.left));
      const strand = store.state.both_strands && event.clientY - box.top > place.rows[1] - 1 ? 1 : 0;
      return { letter: Math.min(Math.max(letter, place.first), place.last - 1), strand };
    }

    plot.addEventListener("wheel", (event) => {
      const unit = place.unit;
      if (event.ctrlKey || event.metaKey) {
        zoom(Math.min(Math.max(Math.exp(event.deltaY * 0.01), 0.5), 2), place.at(event.clientX - svg.getBoundingClientRect().left));
      } else if (store.state.zoom && (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY))) {
        const by = (event.shiftKey ? event.deltaY || event.deltaX : event.deltaX) / unit;
        pan(inView(store.state)[0] + Math.sign(by) * Math.max(1, Math.abs(by)));
      } else return;
      event.preventDefault();
    }, { passive: false });

    function zoomKeys(event) {
      if (event.ctrlKey || event.metaKey || event.altKey) return false;
      if (event.key === "+" || event.key === "=") zoom(0.5);
      else if (event.key === "-") zoom(2);
      else if (event.key === "0") store.set({ zoom: null });
      else return false;
      event.preventDefault();
      return true;
    }

    plot.addEventListener("keydown", (event) => {
      if (event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey)) {
        takeBack();
        event.preventDefault();
        return;
      }
      if (zoomKeys(event) || event.ctrlKey || event.metaKey || event.altKey || event.key.length !== 1) return;
      const letter = event.key.toUpperCase();
      const code = store.state.alphabet.indexOf(letter);
      if (code < 0 && letter !== "N") return;
      mutate(caret, code);
      event.preventDefault();
    });
    plot.addEventListener("keydown", (event) => {
      if (!store.state.both_strands || (event.key !== "ArrowUp" && event.key !== "ArrowDown")) return;
      const now = windowAt(store.state);
      startAt(now.start, event.key === "ArrowDown" ? 1 : 0);
      event.preventDefault();
      event.stopImmediatePropagation();
    });
    onArrows(plot, (step) => toLetter(caret + step), (end) => toLetter(end === "first" ? 0 : Infinity));

    // the part in view --------------------------------------------------------------------------------------------

    const mapLetter = (event) => {
      const box = mapSvg.getBoundingClientRect();
      const [first, last] = extent(store.state);
      return first + ((event.clientX - box.left) / box.width) * (last - first);
    };
    let grip = null;
    map.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      const [from, to] = inView(store.state);
      const at = mapLetter(event);
      const box = brush.getBoundingClientRect();
      const edge = Math.min(8, box.width / 4);
      const nearLeft = Math.abs(event.clientX - box.left) <= edge;
      const nearRight = Math.abs(event.clientX - box.right) <= edge;
      grip = { from, to, at, part: nearLeft ? "first" : nearRight ? "last" : "all" };
      const isOutside = grip.part === "all" && (at < from || at >= to);
      if (isOutside) {
        pan(at - (to - from) / 2);
        [grip.from, grip.to] = inView(store.state);
      }
      try { map.setPointerCapture(event.pointerId); } catch { /* a pointer that is already gone */ }
    });
    map.addEventListener("pointermove", (event) => {
      if (!grip || !(event.buttons & 1)) return;
      const [first, last] = extent(store.state);
      const least = Math.min(CLOSEST, last - first);
      const by = mapLetter(event) - grip.at;
      if (grip.part === "all") pan(grip.from + by);
      else {
        const from = grip.part === "first" ? Math.min(Math.max(Math.round(grip.from + by), first), grip.to - least) : grip.from;
        const to = grip.part === "last" ? Math.max(Math.min(Math.round(grip.to + by), last), grip.from + least) : grip.to;
        store.set({ zoom: to - from >= last - first ? null : [from, to] });
      }
    });
    for (const name of ["pointerup", "pointercancel", "lostpointercapture"]) map.addEventListener(name, () => (grip = null));
    brush.addEventListener("keydown", zoomKeys);
    onArrows(
      brush,
      (step) => {
        const [from, to] = inView(store.state);
        pan(from + Math.sign(step) * Math.max(1, Math.round((to - from) * (Math.abs(step) > 1 ? 0.9 : 0.1))));
      },
      (end) => pan(end === "first" ? -Infinity : Infinity),
    );

    // drawing -----------------------------------------------------------------------------------------------------

    function draw(state, trace, names) {
      if (names?.has("codes") && !names.has("mutations") && state.mutations?.length) store.set({ mutations: [] });
      if ((place === null && model.get("options").reveal) || names?.has("cursor") || names?.has("kernel")) keepInView(state);
      state = store.state;
      const { width } = windows(state);
      const now = windowAt(state);
      caret = Math.min(Math.max(caret, now.start, 0), now.start + width - 1, state.codes.length - 1);
      if (state.alphabet !== alphabet) offerLetters(state);

      const view = inView(state);
      place = lane(widthOf(plot), view);
      const row = 1.75 * place.rem;
      place.rows = [0.6 * place.rem, 0.6 * place.rem + row + 2];
      place.row = row;
      place.isLettered = place.unit >= SMALLEST;
      place.size = Math.min(1.25 * place.rem, place.unit * 1.2);
      // what the quiet part of the picture depends on
      const key = JSON.stringify([view, widthOf(plot), place.rem, state.both_strands, state.padding]);
      if (!names || names.has("codes") || names.has("alphabet") || names.has("mutations") || key !== drawn) {
        drawn = key;
        drawLetters(state);
        drawMap(state);
        refreshTable();
      }
      drawWindow(state, now, width);
      markMap(state, now, width);
      tell(state, now, width);
    }

    function drawLetters(state) {
      const height = place.rows[state.both_strands ? 1 : 0] + place.row;
      svg.setAttribute("height", height + 1.35 * place.rem);
      const from = Math.max(place.first, 0);
      const to = Math.min(place.last, state.codes.length);
      letters.replaceChildren(...rowOf(state.codes, from, to, place.rows[0], place.isLettered ? "is-tint" : ""));
      if (state.both_strands) {
        letters.append(...rowOf(state.codes.map(complementOf), from, to, place.rows[1], place.isLettered ? "is-tint" : ""));
        ["given", "other"].forEach((name, s) =>
          letters.append(make("svg:text", { x: place.left - 6, y: place.rows[s] + place.row * 0.65, "text-anchor": "end" }, name)));
      }
      if (from > place.first || to < place.last) {
        const side = (a, b) => (b > a ? box(place.x(a), place.rows[0], (b - a) * place.unit, height - place.rows[0]) : "");
        letters.append(make("svg:path", { d: side(place.first, from) + side(to, place.last), fill: hatching, "data-name": "padding" }));
      }
      const marks = [...changed().keys()].filter((i) => i >= from && i < to);
      const size = Math.min(Math.max(place.unit / 2, 3), 0.35 * place.rem);
      const triangles = marks.map((i) => `M${at(place.x(i + 0.5) - size)} 1h${at(2 * size)}l${at(-size)} ${at(0.5 * place.rem)}z`);
      changes.replaceChildren(make("svg:path", { d: triangles.join(""), class: "ec-strip-changed", "data-name": "changed", "data-letters": marks.map((i) => i + 1).join(" ") }));
      drawTicks(height, from, to);
    }

    /** A row of letters: a block each, and the letter on it where there is room. */
    function rowOf(codes, from, to, y, look) {
      const blocks = Object.fromEntries(TONES.map((tone) => [tone, []]));
      for (let i = from; i < to; ) {
        const tone = toneOf(codes[i]);
        let end = i + 1;
        while (end < to && toneOf(codes[end]) === tone) end++;
        blocks[tone].push(box(place.x(i), y, (end - i) * place.unit, place.row));
        i = end;
      }
      const paths = TONES.filter((tone) => blocks[tone].length)
        .map((tone) => make("svg:path", { d: blocks[tone].join(""), class: `${look} is-${tone}` }));
      return place.isLettered ? [...paths, ...textsOf(codes, from, to, y)] : paths;
    }

    function textsOf(codes, from, to, y, look = "") {
      const columns = Object.fromEntries(TONES.map((tone) => [tone, []]));
      for (let i = from; i < to; i++) columns[toneOf(codes[i])].push(i);
      return TONES.filter((tone) => columns[tone].length).map((tone) => make("svg:text", {
        x: columns[tone].map((i) => at(place.x(i + 0.5))).join(" "),
        y: y + place.row / 2 + place.size * 0.36,
        class: `is-letters is-${tone} ${look}`,
        style: `font-size:${at(place.size)}px`,
      }, columns[tone].map((i) => letterOf(codes[i])).join("")));
    }

    function drawTicks(y, from, to) {
      const step = niceStep(Math.max((3 * place.rem) / place.unit, 1));
      const marks = [];
      for (let position = from === 0 ? 1 : Math.ceil((from + 1) / step) * step; position <= to; position = position === 1 && step > 1 ? step : position + step) {
        if (position === 1 && step > 1 && place.x(step) - place.x(1) < 1.6 * place.rem) continue;
        marks.push(position);
      }
      ticks.replaceChildren(
        make("svg:path", { class: "ec-strip-tick", d: marks.map((p) => `M${at(place.x(p - 0.5))} ${y + 1}v4`).join("") }),
        ...marks.map((p) => {
          const isLast = place.x(p - 0.5) + 0.23 * place.rem * String(p).length > place.right + 0.5 * place.rem;
          return make("svg:text", { x: at(isLast ? place.right + 0.5 * place.rem : place.x(p - 0.5)), y: y + 1.1 * place.rem, "text-anchor": isLast ? "end" : "middle" }, String(p));
        }),
      );
    }

    function drawWindow(state, now, width) {
      const y = place.rows[now.strand];
      const [a, b] = [Math.max(now.start, place.first), Math.min(now.start + width, place.last)];
      const [from, to] = [Math.max(a, 0), Math.min(b, state.codes.length)];
      pick.replaceChildren();
      if (b <= a) return;
      const codes = now.strand ? state.codes.slice(0, to).map(complementOf) : state.codes;
      if (place.isLettered) {
        const paths = rowOf(codes, from, to, y, "is-solid").filter((element) => element.tagName === "path");
        pick.append(...paths, ...textsOf(codes, from, to, y, "is-on"));
      }
      const size = Math.max((b - a) * place.unit, 4);
      pick.append(make("svg:rect", {
        class: "ec-strip-frame", "data-name": "frame", x: at(place.x(a)), y: y - 1.5, width: at(size), height: place.row + 3, rx: 3,
      }));
      if (caret >= a && caret < b && place.isLettered) {
        const cell = { x: at(place.x(caret) + 2.5), y: y + 2.5, width: at(place.unit - 5), height: place.row - 5, rx: 2 };
        if (place.unit >= 12) pick.append(make("svg:rect", { ...cell, class: "ec-strip-caret", "data-name": "caret", stroke: "var(--paper)", style: "stroke:var(--paper)" }));
      }
      const middle = place.x(a) + size / 2;
      const reads = now.strand ? -1 : 1; // the way in which the strand is read
      const [tip, back] = [middle + reads * 5, middle - reads * 4];
      if (state.both_strands) pick.append(make("svg:path", { class: "ec-strip-arrow", d: `M${at(tip)} ${now.strand ? y + place.row + 6 : y - 5.5}l${at(back - tip)} -3.5v7z` }));
    }

    function drawMap(state) {
      const [first, last] = extent(state);
      const isNeeded = last - first > CLOSEST;
      map.hidden = zoomTools.hidden = !isNeeded;
      if (!isNeeded) return;
      placeBrush(state, first, last);
      if (mapDrawn?.codes === state.codes && mapDrawn.first === first && mapDrawn.last === last) return;
      mapDrawn = { codes: state.codes, first, last };
      const size = 200 / (last - first);
      const runs = Object.fromEntries(TONES.map((tone) => [tone, []]));
      for (let i = 0; i < state.codes.length; ) {
        const tone = toneOf(state.codes[i]);
        let end = i + 1;
        while (end < state.codes.length && toneOf(state.codes[end]) === tone) end++;
        runs[tone].push(`M${((i - first) * size).toFixed(2)} 0h${((end - i) * size).toFixed(2)}v10h${((i - end) * size).toFixed(2)}z`);
        i = end;
      }
      mapSvg.setAttribute("viewBox", "0 0 200 10");
      mapSvg.setAttribute("preserveAspectRatio", "none");
      mapLetters.replaceChildren(...TONES.map((tone) => make("svg:path", { class: `is-${tone}`, "fill-opacity": 0.55, d: runs[tone].join("") })));
    }

    function markMap(state, now, width) {
      const [first, last] = extent(state);
      const size = 200 / (last - first);
      const mark = (a, b, y, look) => make("svg:rect", { x: ((a - first) * size).toFixed(2), y, width: Math.max((b - a) * size, 0.8).toFixed(2), height: 3, class: look });
      mapMarks.replaceChildren(mark(now.start, now.start + width, 7, "ec-strip-cursor"), ...[...changed().keys()].map((i) => mark(i, i + 1, 0, "ec-strip-cursor")));
    }

    function placeBrush(state, first, last) {
      const [from, to] = inView(state);
      brush.style.left = `${(100 * (from - first)) / (last - first)}%`;
      brush.style.width = `max(${(100 * (to - from)) / (last - first)}%, .9rem)`;
      const said = `letters ${Math.max(from, 0) + 1} to ${Math.min(to, state.codes.length)} of ${state.codes.length}`;
      attributes(brush, { "aria-valuemin": first + 1, "aria-valuemax": Math.max(last - (to - from), first) + 1, "aria-valuenow": from + 1, "aria-valuetext": said });
      shown.textContent = said;
      const span = to - from;
      closer.setAttribute("aria-disabled", String(span <= CLOSEST));
      for (const other of [wider, whole]) other.setAttribute("aria-disabled", String(span >= last - first));
    }

    function offerLetters(state) {
      alphabet = state.alphabet;
      const codes = [...alphabet].map((_, code) => code).concat(-1);
      choices.replaceChildren(...codes.map((code) =>
        button(letterOf(code), code < 0 ? "N, unknown" : letterOf(code), () => mutate(caret, code), { "data-code": code })), undo);
      roving(choices);
    }

    // words -------------------------------------------------------------------------------------------------------

    function reading(state, now, width) {
      let text = "";
      for (let i = now.start; i < now.start + width; i++) {
        if (i < 0 || i >= state.codes.length) text += "\u00b7";
        else if (now.strand) text = letterOf(complementOf(state.codes[i])) + text;
        else text += letterOf(state.codes[i]);
      }
      return text;
    }

    function tell(state, now, width) {
      const count = changed().size;
      const gap = partial(state.codes, now.start, width);
      const [from, to] = [Math.max(now.start, 0) + 1, Math.min(now.start + width, state.codes.length)];
      const span = now.strand ? `${to} to ${from}` : `${from} to ${to}`;
      const sentence = `${called(now)}, letters ${span}, reads ${reading(state, now, width)}${gap ? ` and ${gap}` : ""}.`;
      say(`${sentence}${count ? ` ${count} ${count === 1 ? "letter is" : "letters are"} changed.` : ""}`);

      const before = changed().get(caret);
      const letter = letterOf(state.codes[caret]);
      const said = `Letter ${caret + 1} is ${letter}${before === undefined ? "" : `, it was ${letterOf(before)}`}`;
      inHand.textContent = `${said}. Make it`;
      attributes(plot, { "aria-valuemax": state.codes.length, "aria-valuenow": caret + 1, "aria-valuetext": `${said}. ${sentence}` });
      for (const choice of choices.querySelectorAll("[data-code]")) choice.setAttribute("aria-pressed", String(Number(choice.dataset.code) === state.codes[caret]));
      undo.hidden = !(state.mutations ?? []).length;
    }

    function lettersTable() {
      const { state } = store;
      const [from, to] = inView(state);
      const was = changed();
      const head = ["position", "letter", ...(state.both_strands ? ["other strand"] : []), "changed from"];
      const rows = [];
      for (let i = Math.max(from, 0); i < Math.min(to, state.codes.length); i++) {
        const cells = [String(i + 1), make("data", { value: state.codes[i], "data-name": `letter-${i + 1}`, "data-value": state.codes[i] }, letterOf(state.codes[i]))];
        if (state.both_strands) cells.push(letterOf(complementOf(state.codes[i])));
        rows.push([...cells, was.has(i) ? letterOf(was.get(i)) : ""]);
      }
      return table("Letters in view", head, rows);
    }

    const ask = follow(store, draw, signal);
    onWidth(plot, ask, signal);
  },
};

const at = (x) => Math.round(x * 10) / 10;
const box = (x, y, width, height) => `M${at(x)} ${at(y)}h${at(width)}v${at(height)}h${at(-width)}z`;
