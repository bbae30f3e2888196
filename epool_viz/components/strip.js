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

const CSS = `
.ec-strip-plot, .ec-strip-map { position: relative; touch-action: pan-y; user-select: none; -webkit-user-select: none; cursor: pointer; }
.ec-strip-plot { margin-top: .2rem; }
.ec-strip-plot:focus-visible, .ec-strip-brush:focus-visible { outline-offset: 0; }
.ec-strip-plot.is-held { cursor: grabbing; }
.ec-strip .is-A { fill: var(--letter-A); } .ec-strip .is-C { fill: var(--letter-C); }
.ec-strip .is-G { fill: var(--letter-G); } .ec-strip .is-T { fill: var(--letter-T); }
.ec-strip .is-other { fill: var(--ink-soft); }
.ec-strip svg .is-letters { font-weight: 700; text-anchor: middle; }
.ec-strip svg text.is-A, .ec-strip .is-solid.is-A { fill: color-mix(in srgb, var(--letter-A) 85%, var(--ink)); }
.ec-strip svg text.is-C, .ec-strip .is-solid.is-C { fill: color-mix(in srgb, var(--letter-C) 85%, var(--ink)); }
.ec-strip svg text.is-G, .ec-strip .is-solid.is-G { fill: color-mix(in srgb, var(--letter-G) 62%, var(--ink)); }
.ec-strip svg text.is-T, .ec-strip .is-solid.is-T { fill: color-mix(in srgb, var(--letter-T) 80%, var(--ink)); }
.ec-strip svg text.is-other, .ec-strip .is-solid.is-other { fill: var(--ink-soft); }
.ec-strip .is-tint { fill-opacity: .14; }
.ec-strip svg text.is-on { fill: var(--paper); }
.ec-strip-frame { fill: none; stroke: var(--mark); stroke-width: 2.5; }
.ec-strip-arrow, .ec-strip-changed { fill: var(--mark); }
.ec-strip-caret { fill: none; stroke: var(--ink); stroke-width: 2; stroke-dasharray: 3 2; }
.ec-strip-plot:focus-visible .ec-strip-caret { stroke-dasharray: none; stroke-width: 3; }
.ec-strip-tick { stroke: var(--ink-soft); stroke-width: 1; }
.ec-strip-map { height: 1.6rem; margin: .15rem .5rem 0 3.25rem; }
.ec-strip-map svg { border-radius: 3px; }
.ec-strip-brush { position: absolute; top: 0; bottom: 0; border: 2px solid var(--accent); border-radius: 4px; cursor: grab; touch-action: none;
  background: color-mix(in srgb, var(--accent) 12%, transparent); }
.ec-strip-brush::before, .ec-strip-brush::after { content: ""; position: absolute; top: 0; bottom: 0; width: .5rem; cursor: ew-resize; }
.ec-strip-brush::before { left: -.25rem; } .ec-strip-brush::after { right: -.25rem; }
.ec-strip-cursor { fill: var(--mark); }
.ec-strip-edit { display: flex; flex-wrap: wrap; gap: .25rem .5rem; align-items: center; margin-top: .35rem; }
.ec-strip-edit .ec-panel-tools { margin-left: 0; }
.ec-strip-edit .ec-panel-tools button { font-weight: 700; }
.ec-strip-edit .ec-strip-undo { font-weight: 400; margin-left: .5rem; }
.ec-strip-edit data { font-weight: 700; }
`;
const TONES = ["A", "C", "G", "T", "other"];
const SMALLEST = 8; // px: narrower letters are drawn as blocks

export default {
  async render({ model, el, host, signal }) {
    const { exports } = await host.getWidget(model.get("store"));
    const { store } = exports;
    const { kit } = store;
    const { make } = kit;
    const section = kit.panel(el, "strip", "Sequence", CSS);

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
    const hatching = kit.hatch(svg);
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
    const say = kit.voice(section, model.get("options"));
    const refreshTable = kit.numbers(section, "The letters as a table", lettersTable);
    kit.roving(zoomTools);

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
      const { count, first } = kit.windows(store.state);
      if (count) store.set({ cursor: Math.min(Math.max(start - first, 0), count - 1) + strand * count });
    }

    /** Take a letter in hand; the window comes along if it must. */
    function toLetter(letter) {
      caret = Math.min(Math.max(letter, 0), store.state.codes.length - 1);
      const { start, strand } = kit.windowAt(store.state);
      const { width } = kit.windows(store.state);
      if (caret < start) startAt(caret, strand);
      else if (caret >= start + width) startAt(caret - width + 1, strand);
      ask();
    }

    function zoom(factor, about = null) {
      const { start } = kit.windowAt(store.state);
      store.set({ zoom: kit.zoomBy(store.state, factor, about ?? start + kit.windows(store.state).width / 2) });
    }

    function pan(first) {
      const [from, to] = kit.inView(store.state);
      const [least, most] = kit.extent(store.state);
      const kept = Math.min(Math.max(Math.round(first), least), most - (to - from));
      store.set({ zoom: [kept, kept + to - from] });
    }

    /** Bring the cursor's window back into view. */
    function keepInView(state) {
      const [from, to] = kit.inView(state);
      const { start } = kit.windowAt(state);
      if (!state.zoom || (start >= from && start < to)) return;
      const { width } = kit.windows(state);
      const margin = Math.max(Math.floor((to - from - width) / 2), 0);
      pan(start < from ? start - Math.min(margin, 3) : Math.min(start + width + Math.min(margin, 3) - (to - from), start));
    }

    // the hand ----------------------------------------------------------------------------------------------------

    let held = null; // how far from the window's start the pointer has it
    plot.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      const { letter, strand } = under(event);
      const { width } = kit.windows(store.state);
      const now = kit.windowAt(store.state);
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
        pan(kit.inView(store.state)[0] + Math.sign(by) * Math.max(1, Math.abs(by)));
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
      const now = kit.windowAt(store.state);
      startAt(now.start, event.key === "ArrowDown" ? 1 : 0);
      event.preventDefault();
      event.stopImmediatePropagation();
    });
    kit.onArrows(plot, (step) => toLetter(caret + step), (end) => toLetter(end === "first" ? 0 : Infinity));

    // the part in view --------------------------------------------------------------------------------------------

    const mapLetter = (event) => {
      const box = mapSvg.getBoundingClientRect();
      const [first, last] = kit.extent(store.state);
      return first + ((event.clientX - box.left) / box.width) * (last - first);
    };
    let grip = null;
    map.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      const [from, to] = kit.inView(store.state);
      const at = mapLetter(event);
      const box = brush.getBoundingClientRect();
      const edge = Math.min(8, box.width / 4);
      const nearLeft = Math.abs(event.clientX - box.left) <= edge;
      const nearRight = Math.abs(event.clientX - box.right) <= edge;
      grip = { from, to, at, part: nearLeft ? "first" : nearRight ? "last" : "all" };
      const isOutside = grip.part === "all" && (at < from || at >= to);
      if (isOutside) {
        pan(at - (to - from) / 2);
        [grip.from, grip.to] = kit.inView(store.state);
      }
      try { map.setPointerCapture(event.pointerId); } catch { /* a pointer that is already gone */ }
    });
    map.addEventListener("pointermove", (event) => {
      if (!grip || !(event.buttons & 1)) return;
      const [first, last] = kit.extent(store.state);
      const least = Math.min(kit.CLOSEST, last - first);
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
    kit.onArrows(
      brush,
      (step) => {
        const [from, to] = kit.inView(store.state);
        pan(from + Math.sign(step) * Math.max(1, Math.round((to - from) * (Math.abs(step) > 1 ? 0.9 : 0.1))));
      },
      (end) => pan(end === "first" ? -Infinity : Infinity),
    );

    // drawing -----------------------------------------------------------------------------------------------------

    function draw(state, trace, names) {
      if (names?.has("codes") && !names.has("mutations") && state.mutations?.length) store.set({ mutations: [] });
      if ((place === null && model.get("options").reveal) || names?.has("cursor") || names?.has("kernel")) keepInView(state);
      state = store.state;
      const { width } = kit.windows(state);
      const now = kit.windowAt(state);
      caret = Math.min(Math.max(caret, now.start, 0), now.start + width - 1, state.codes.length - 1);
      if (state.alphabet !== alphabet) offerLetters(state);

      const view = kit.inView(state);
      place = kit.lane(kit.widthOf(plot), view);
      const row = 1.75 * place.rem;
      place.rows = [0.6 * place.rem, 0.6 * place.rem + row + 2];
      place.row = row;
      place.isLettered = place.unit >= SMALLEST;
      place.size = Math.min(1.25 * place.rem, place.unit * 1.2);
      // what the quiet part of the picture depends on
      const key = JSON.stringify([view, kit.widthOf(plot), place.rem, state.both_strands, state.padding]);
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
      const step = niceStep((3 * place.rem) / place.unit);
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
      const [first, last] = kit.extent(state);
      const isNeeded = last - first > kit.CLOSEST;
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
      const [first, last] = kit.extent(state);
      const size = 200 / (last - first);
      const mark = (a, b, y, look) => make("svg:rect", { x: ((a - first) * size).toFixed(2), y, width: Math.max((b - a) * size, 0.8).toFixed(2), height: 3, class: look });
      mapMarks.replaceChildren(mark(now.start, now.start + width, 7, "ec-strip-cursor"), ...[...changed().keys()].map((i) => mark(i, i + 1, 0, "ec-strip-cursor")));
    }

    function placeBrush(state, first, last) {
      const [from, to] = kit.inView(state);
      brush.style.left = `${(100 * (from - first)) / (last - first)}%`;
      brush.style.width = `max(${(100 * (to - from)) / (last - first)}%, .9rem)`;
      const said = `letters ${Math.max(from, 0) + 1} to ${Math.min(to, state.codes.length)} of ${state.codes.length}`;
      kit.attributes(brush, { "aria-valuemin": first + 1, "aria-valuemax": Math.max(last - (to - from), first) + 1, "aria-valuenow": from + 1, "aria-valuetext": said });
      shown.textContent = said;
      const span = to - from;
      closer.setAttribute("aria-disabled", String(span <= kit.CLOSEST));
      for (const other of [wider, whole]) other.setAttribute("aria-disabled", String(span >= last - first));
    }

    function offerLetters(state) {
      alphabet = state.alphabet;
      const codes = [...alphabet].map((_, code) => code).concat(-1);
      choices.replaceChildren(...codes.map((code) =>
        button(letterOf(code), code < 0 ? "N, unknown" : letterOf(code), () => mutate(caret, code), { "data-code": code })), undo);
      kit.roving(choices);
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
      const gap = kit.partial(state.codes, now.start, width);
      const [from, to] = [Math.max(now.start, 0) + 1, Math.min(now.start + width, state.codes.length)];
      const span = now.strand ? `${to} to ${from}` : `${from} to ${to}`;
      const sentence = `${kit.called(now)}, letters ${span}, reads ${reading(state, now, width)}${gap ? ` and ${gap}` : ""}.`;
      say(`${sentence}${count ? ` ${count} ${count === 1 ? "letter is" : "letters are"} changed.` : ""}`);

      const before = changed().get(caret);
      const letter = letterOf(state.codes[caret]);
      const said = `Letter ${caret + 1} is ${letter}${before === undefined ? "" : `, it was ${letterOf(before)}`}`;
      inHand.textContent = `${said}. Make it`;
      kit.attributes(plot, { "aria-valuemax": state.codes.length, "aria-valuenow": caret + 1, "aria-valuetext": `${said}. ${sentence}` });
      for (const choice of choices.querySelectorAll("[data-code]")) choice.setAttribute("aria-pressed", String(Number(choice.dataset.code) === state.codes[caret]));
      undo.hidden = !(state.mutations ?? []).length;
    }

    function lettersTable() {
      const { state } = store;
      const [from, to] = kit.inView(state);
      const was = changed();
      const head = ["position", "letter", ...(state.both_strands ? ["other strand"] : []), "changed from"];
      const rows = [];
      for (let i = Math.max(from, 0); i < Math.min(to, state.codes.length); i++) {
        const cells = [String(i + 1), make("data", { value: state.codes[i], "data-name": `letter-${i + 1}`, "data-value": state.codes[i] }, letterOf(state.codes[i]))];
        if (state.both_strands) cells.push(letterOf(complementOf(state.codes[i])));
        rows.push([...cells, was.has(i) ? letterOf(was.get(i)) : ""]);
      }
      return kit.table("Letters in view", head, rows);
    }

    const ask = kit.follow(store, draw, signal);
    kit.onWidth(plot, ask, signal);
  },
};

const at = (x) => Math.round(x * 10) / 10;
const box = (x, y, width, height) => `M${at(x)} ${at(y)}h${at(width)}v${at(height)}h${at(-width)}z`;

function niceStep(least) {
  const power = 10 ** Math.floor(Math.log10(Math.max(least, 1)));
  return [1, 2, 5, 10].map((n) => n * power).find((step) => step >= least) ?? 10 * power;
}
