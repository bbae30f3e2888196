// Predict: ask first, then show both, scored. The truth comes from the traces before and after; nothing here knows an answer.
//
// options: {questions, title, live}
//   questions  [{id, text, kind, setup, action, hidden, options, answer, explanation}]
//     kind         "draw" (the posterior over the windows), "choice" (of `options`, [{value, label}]) or "number"
//     setup        what of the state is set before it is asked; `action` what is set to show the answer. A value may be
//                  {add: x}: that much more than now; of the kernel all numbers, or with `column` (from 0) one column
//     hidden       what is veiled while it is open, of VEILS
//     answer       draw: {series: "posterior"}. number: {number: name, of: "after"}. choice, each gives one of the values:
//                  {compare: [name, "after", "before"]}  "up", "down" or "same"
//                  {changed: "posterior" or "ppm"}       "changed" or "same"
//                  {most: [names], of: "after"}          the name with the largest number, or "same" where two tie for it
//                  {fate: name}                          "nothing" where it ends at 0, or as compare
//                  the names are those of `measuresOf`
//     explanation  text with {before.name} and {after.name}
//   title      default "Predict, then see"
//   live       false: the sentence is never spoken on its own
// state, set here:
//   hidden   names of VEILS that no component may show now; [] while no question is open. The same names stand, joined by
//            spaces, in `document.documentElement.dataset.epHidden`; whatever carries data-ep-shows="name" is veiled by it
//   predict  {phase: "closed", "asking", "seen" or "done", open: id or null, scores: {id: from 0 to 1}}
//
// Leaving sets back everything but the scores to what it was before the first question.

import { voice } from "../lib/a11y.js";
import { attributes, make } from "../lib/dom.js";
import { onWidth } from "../lib/drawing.js";
import { eStepTrace, informationContent } from "../lib/maths.js";
import { format, number, percent } from "../lib/numbers.js";
import { panel } from "../lib/style.js";
import { numbers, scrolling, table } from "../lib/tables.js";
import CSS from "./style.css";

const VEILS = ["posterior", "pooled", "logo"];
const VEILED = `${VEILS.map((name) => `:root[data-ep-hidden~=${name}] [data-ep-shows~=${name}]`).join(", ")} { visibility: hidden; }`;
const LIMIT = 1e-9; // below it two numbers are the same
const KEPT = ["predict", "hidden", "message"]; // not set back
const TRACED = [
  "codes", "kernel", "bias", "m", "mode", "local_window", "activation", "padding", "both_strands", "strand_reading",
  "occurrence", "site_rate", "background", "complement", "alphabet",
];


// the questions and their answers ---------------------------------------------------------------------------------------

/** A patch with its {add: x} resolved against a state. */
export function resolve(patch, state) {
  const value = (key, x) => {
    if (!x || typeof x !== "object" || !("add" in x)) return x;
    if (key !== "kernel") return state[key] + x.add;
    const column = x.column < 0 ? state.kernel[0].length + x.column : x.column;
    return state.kernel.map((row) => row.map((w, j) => (column === undefined || column === j ? w + x.add : w)));
  };
  return Object.fromEntries(Object.entries(patch ?? {}).map(([key, x]) => [key, value(key, x)]));
}

/** The trace of a state; throws a sentence. */
export function traceOf(state) {
  return eStepTrace({
    codes: state.codes, kernel: state.kernel, bias: state.bias, m: state.m, mode: state.mode, localWindow: state.local_window,
    activation: state.activation, padding: state.padding, bothStrands: state.both_strands, strandReading: state.strand_reading,
    occurrence: state.occurrence, siteRate: state.site_rate, background: state.background, complement: state.complement,
  });
}

/** What answers and explanations may name, of one trace. */
export function measuresOf(state, trace) {
  const sum = (list) => list.reduce((total, x) => total + x, 0);
  const best = trace.posterior.reduce((top, p, i) => (p > trace.posterior[top] ? i : top), 0);
  const slopes = (list) => list.filter((g) => Math.abs(g) > 0.01).length;
  return {
    m: state.m,
    pooled: trace.pooled,
    average: trace.average,
    maximum: trace.maximum,
    log_sum_exp: trace.logSumExp ?? Infinity,
    entropy: trace.entropy,
    effective_windows: trace.effectiveWindows,
    windows: trace.cells.length,
    offset: trace.pwm.offset,
    information: sum(informationContent(trace.pwm.ppm, state.background)),
    largest_posterior: trace.posterior[best],
    best_window: best + 1,
    site_probability: trace.siteProbability,
    below_average_weight: sum(trace.weights.filter((_, i) => trace.takingPart[i] && trace.cells[i] < trace.average)),
    average_gradient_windows: slopes(trace.takingPart.map((takes) => (takes ? 1 : 0) / trace.takingPart.filter(Boolean).length)),
    gradient_windows: slopes(trace.gradient),
    max_gradient_windows: slopes(trace.maxGradient),
    negative_gradient_windows: trace.gradient.filter((g) => g < 0).length,
  };
}

/** The truth: a value of `options`, a number, or a series. `before` and `after` are {trace, measures}. */
export function answerOf(answer, before, after) {
  const sides = { before, after };
  const measure = (name, of) => {
    const x = sides[of]?.measures[name];
    if (typeof x !== "number" || Number.isNaN(x)) throw new Error(`There is no number ${of}.${name}.`);
    return x;
  };
  const near = (a, b) => a === b || Math.abs(a - b) <= LIMIT * Math.max(1, Math.abs(a), Math.abs(b));
  const compare = (name, a, b) => {
    const [x, y] = [measure(name, a), measure(name, b)];
    return near(x, y) ? "same" : x > y ? "up" : "down";
  };
  const [kind] = Object.keys(answer);
  if (kind === "series") return after.trace[answer.series];
  if (kind === "number") return measure(answer.number, answer.of ?? "after");
  if (kind === "compare") return compare(...answer.compare);
  if (kind === "fate") return measure(answer.fate, "after") <= LIMIT ? "nothing" : compare(answer.fate, "after", "before");
  if (kind === "changed") {
    const of = (side) => (answer.changed === "ppm" ? side.trace.pwm.ppm.flat() : side.trace[answer.changed]);
    const [a, b] = [of(before), of(after)];
    return a.length === b.length && a.every((x, i) => near(x, b[i])) ? "same" : "changed";
  }
  if (kind === "most") {
    const values = answer.most.map((name) => measure(name, answer.of ?? "after"));
    const top = Math.max(...values);
    return values.filter((x) => near(x, top)).length > 1 ? "same" : answer.most[values.indexOf(top)];
  }
  throw new Error(`There is no answer of the kind ${kind}.`);
}

/** How much two distributions share, sum of the smaller ones, and KL(truth | guess) in bits. */
export function distance(truth, guess) {
  let [overlap, bits] = [0, 0];
  truth.forEach((p, i) => {
    overlap += Math.min(p, guess[i]);
    if (p > 0) bits += p * Math.log2(p / guess[i]);
  });
  return { overlap, bits: Math.max(bits, 0) };
}

export default {
  async render({ model, el, host, signal }) {
    const { exports } = await host.getWidget(model.get("store"));
    const { store } = exports;
    const { questions = [], title = "Predict, then see", live = true } = model.get("options");
    const root = document.documentElement;
    const section = panel(el, "predict", title, CSS + VEILED);
    const total = make("span", { class: "ec-soft", "data-name": "total" });
    const warning = make("p", { class: "ec-panel-warning", role: "alert" });
    const body = make("div");
    section.append(make("div", { class: "ec-panel-head" }, make("span", { class: "ec-panel-title" }, title), total), warning, body);
    const say = voice(section, { sentence: "hidden", live });
    const refreshTable = numbers(section, "The scores as a table", scoresTable);

    let place = -1; // of the question in hand
    let before = null; // the state that leaving goes back to
    let asked = null; // {state, before, after, truth}
    let guess = null; // what has been answered: heights, a value or a number
    let drawing = null; // the plot, while there is one
    let scores = { ...store.state.predict?.scores };

    // from one phase to the next ------------------------------------------------------------------------------------

    const tell = (phase, patch = {}) =>
      store.set({ ...patch, predict: { phase, open: phase === "closed" || phase === "done" ? null : questions[place].id, scores } });
    const button = (label, act, first) => make("button", { type: "button", class: first ? "ec-predict-first" : null, onclick: act }, label);
    const heading = (text) => make("h3", { tabindex: "-1" }, text);
    const show = (...parts) => {
      warning.textContent = "";
      const had = section.contains(document.activeElement);
      body.replaceChildren(...parts);
      const head = body.querySelector("h3");
      if (had && head) head.focus();
      refreshTable();
      tally();
    };

    function start() {
      before = JSON.parse(JSON.stringify(Object.fromEntries(Object.entries(store.state).filter(([key]) => !KEPT.includes(key)))));
      if (questions.every(({ id }) => id in scores)) scores = {};
      const open = questions.findIndex(({ id }) => !(id in scores));
      next(open);
    }

    function next(to = place + 1) {
      drawing = null;
      if (to >= questions.length) return end("done");
      place = to;
      const question = questions[place];
      try {
        const base = { ...store.state, ...before };
        const state = { ...base, ...resolve(question.setup, base) };
        const after = { ...state, ...resolve(question.action, state) };
        const side = (s) => {
          const trace = traceOf(s);
          return { trace, measures: measuresOf(s, trace) };
        };
        asked = { state, action: resolve(question.action, state), before: side(state), after: side(after) };
        asked.truth = answerOf(question.answer, asked.before, asked.after);
        const isValue = question.kind !== "choice" || question.options.some(({ value }) => value === asked.truth);
        if (!isValue) throw new Error("None of its answers is true here.");
      } catch (error) {
        asked = null;
        show(heading(question.text), make("p", {}, `This question cannot be asked here. ${error.message}`), bar(button("Next question", () => next(), true), button("Leave", leave)));
        return tell("asking", { ...before, hidden: [] });
      }
      tell("asking", { ...before, ...resolve(question.setup, { ...store.state, ...before }), hidden: question.hidden ?? [] });
      ask(question);
    }

    const bar = (...buttons) => make("div", { class: "ec-row" }, buttons);
    const counted = () => make("p", { class: "ec-predict-count" }, `Question ${place + 1} of ${questions.length}`);

    function ask(question) {
      guess = null;
      const input = { draw: askDrawing, choice: askChoice, number: askNumber }[question.kind](question);
      show(counted(), heading(question.text), input, bar(button("Show me", reveal, true), button("Skip", () => next()), button("Leave", leave)));
      drawing?.draw();
      say(`Question ${place + 1} of ${questions.length}. ${question.text}`);
    }

    function reveal() {
      const question = questions[place];
      const found = { draw: seeDrawing, choice: seeChoice, number: seeNumber }[question.kind](question);
      if (!found) return;
      scores = { ...scores, [question.id]: found.score };
      const traced = Object.fromEntries(TRACED.map((key) => [key, asked.state[key]]));
      tell("seen", { ...traced, ...asked.action, hidden: [] });
      const isLast = place === questions.length - 1;
      const result = make("div", { class: "ec-predict-result" }, make("p", {}, found.words), make("p", {}, filled(question.explanation)));
      show(counted(), heading(question.text), found.picture, result, bar(button(isLast ? "See the total" : "Next question", () => next(), true), button("Leave", leave)));
      drawing?.draw();
      say(`${result.textContent} ${total.textContent}`);
    }

    function end(phase) {
      const touched = questions.flatMap(({ setup, action }) => [...Object.keys(setup ?? {}), ...Object.keys(action ?? {})]);
      const absent = touched.filter((key) => before && !(key in before)).map((key) => [key, null]);
      const patch = { ...Object.fromEntries(absent), ...before };
      [before, asked, drawing] = [null, null, null];
      tell(phase, { ...patch, hidden: [] });
      place = -1;
      (phase === "done" ? finish : invite)();
    }
    const leave = () => end("closed");

    function invite() {
      const isBegun = questions.some(({ id }) => id in scores);
      show(
        heading(`${questions.length} questions: say first, see then`),
        make("p", {}, "What a question asks about is hidden until you have answered. Afterwards everything goes back to where you left it."),
        bar(button(isBegun ? "Go on" : "Start", start, true)),
      );
      say("");
    }

    function finish() {
      const { sum, count } = sumOf();
      const words = count ? `${format(sum, 3)} of ${count} points, ${percent(sum / count)}.` : "You have skipped them all.";
      show(heading("That was the last question"), make("p", { "data-name": "final" }, `${words} The view is again where you left it.`), bar(button("Once more", start, true)));
      say(words);
    }

    // drawing a posterior -------------------------------------------------------------------------------------------

    function askDrawing() {
      const count = asked.truth.length;
      guess = new Array(count).fill(0);
      drawing = plotOf(count, true);
      const tools = bar(
        button("All alike", () => drawing.fill(0.5)), button("Clear", () => drawing.fill(0)),
        make("span", { class: "ec-soft" }, "Draw with the pointer; or left and right choose a window, up and down its bar. Only the proportions count."),
      );
      return make("div", {}, drawing.element, tools);
    }

    function seeDrawing() {
      const sum = guess.reduce((a, x) => a + x, 0);
      if (!sum) {
        warning.textContent = "Nothing is drawn yet: give at least one window a bar.";
        return null;
      }
      const share = guess.map((x) => x / sum);
      const { overlap, bits } = distance(asked.truth, share);
      const missed = asked.truth.reduce((top, p, i) => (share[i] === 0 && p > (top < 0 ? 0 : asked.truth[top]) ? i : top), -1);
      const cost = Number.isFinite(bits)
        ? ["The divergence from your drawing to the truth is ", number("bits", bits, 3), " bits: so much longer would be the message where the site is, if it were coded after your drawing."]
        : ["The divergence is infinite (", number("bits", bits), `): you gave nothing to window ${missed + 1}, which holds ${percent(asked.truth[missed])}. A posterior should rule out only the impossible.`];
      const praise = overlap > 0.9 ? "Almost the same." : overlap > 0.6 ? "Much of it." : overlap > 0.3 ? "Some of it." : "Far from it.";
      drawing = plotOf(asked.truth.length, false);
      guess = share;
      const rows = asked.truth.map((p, i) => [String(i + 1), number(`guess_${i + 1}`, share[i]), number(`truth_${i + 1}`, p)]);
      const twin = make("details", {}, make("summary", {}, "Drawing and posterior as a table"), scrolling("Drawing and posterior", table("Your drawing, scaled to 1, and the posterior", ["window", "drawn", "true"], rows)));
      return { score: overlap, words: [`${praise} Your drawing and the posterior share `, number("score", overlap, 3), ` (${percent(overlap)}). `, ...cost], picture: make("div", {}, drawing.element, twin) };
    }

    /** The plot of a guess, and when it is no longer open of the truth with it. */
    function plotOf(count, isOpen) {
      const svg = make("svg:svg", { "aria-hidden": "true" });
      const element = make("div", { class: `ec-predict-plot${isOpen ? "" : " is-shut"}` }, svg);
      const key = (name, text) => make("span", {}, make("svg:svg", { class: "ec-predict-swatch", viewBox: "0 0 16 16", "aria-hidden": "true" }, make("svg:path", { class: name, d: "M2 2h12v12h-12z" })), text);
      const keys = isOpen ? null : make("div", { class: "ec-predict-key" }, key("ec-predict-truth", "posterior"), key("ec-predict-guess", "your drawing"));
      let at = Math.min(Math.max(Math.round(store.state.cursor) || 0, 0), count - 1);
      let last = null;
      const measures = () => {
        const rem = parseFloat(getComputedStyle(root).fontSize) || 16;
        const width = Math.max(element.clientWidth, 60);
        return { rem, left: 0.5 * rem, unit: (width - rem) / count, size: 9 * rem, top: 0.5 * rem, width };
      };
      const outline = (values, { left, unit, size, top }, most) =>
        values.map((v, i) => (v > 0 ? `M${px(left + i * unit)} ${px(top + size)}v${px((-v / most) * size)}h${px(unit)}v${px((v / most) * size)}` : "")).join("");
      const draw = () => {
        const box = measures();
        const { rem, left, unit, size, top, width } = box;
        const most = isOpen ? 1 : Math.max(...guess, ...asked.truth);
        const step = Math.max(1, Math.ceil((2.5 * rem) / unit / 5) * 5);
        const ticks = Array.from({ length: count }, (_, i) => i).filter((i) => i === 0 || (i + 1) % step === 0);
        const { state, after } = asked;
        const letters = unit < 0.7 * rem ? [] : after.trace.starts.map((start) => state.alphabet[state.codes[start]] ?? "\u00b7"); // where each starts
        svg.setAttribute("height", size + (letters.length ? 3 : 2) * rem);
        svg.replaceChildren(
          make("svg:rect", { class: "ec-predict-ground", x: left, y: top, width: px(unit * count), height: size }),
          isOpen ? make("svg:rect", { class: "ec-predict-at", x: px(left + at * unit), y: top, width: px(Math.max(unit, 2)), height: size }) : "",
          isOpen ? "" : make("svg:path", { class: "ec-predict-truth", "data-name": "truth", d: outline(asked.truth, box, most) }),
          make("svg:path", { class: "ec-predict-guess", "data-name": "guess", d: outline(guess, box, most) }),
          make("svg:path", { class: "ec-predict-zero", d: `M${left} ${px(top + size)}H${px(width - left)}` }),
          ...ticks.map((i) => make("svg:text", { x: px(left + (i + 0.5) * unit), y: px(top + size + (letters.length ? 2 : 1) * rem), "text-anchor": "middle" }, String(i + 1))),
          ...letters.map((letter, i) => make("svg:text", { class: "ec-predict-letter", x: px(left + (i + 0.5) * unit), y: px(top + size + rem), "text-anchor": "middle" }, letter)),
        );
        if (!isOpen) return;
        const words = `window ${at + 1}: bar ${Math.round(100 * guess[at])} of 100`;
        attributes(element, { "aria-valuenow": at + 1, "aria-valuetext": words });
      };
      const put = (i, height) => {
        guess[i] = Math.min(Math.max(Math.round(100 * height) / 100, 0), 1);
        at = i;
      };
      const changed = () => {
        warning.textContent = "";
        store.set({ cursor: at });
        draw();
      };
      if (isOpen) {
        attributes(element, { tabindex: "0", role: "slider", "aria-orientation": "horizontal", "aria-label": "Your posterior: left and right choose the window, up and down the height of its bar", "aria-valuemin": 1, "aria-valuemax": count });
        const toPointer = (event) => {
          const { left, unit, size, top } = measures();
          const rect = svg.getBoundingClientRect();
          const i = Math.min(Math.max(Math.floor((event.clientX - rect.left - left) / unit), 0), count - 1);
          const height = 1 - (event.clientY - rect.top - top) / size;
          const [from, low] = last ?? [i, height];
          for (let k = Math.min(i, from); k <= Math.max(i, from); k++) put(k, from === i ? height : low + ((height - low) * (k - from)) / (i - from)); // fast strokes leave no gaps
          at = i;
          last = [i, height];
          changed();
        };
        element.addEventListener("pointerdown", (event) => {
          if (event.button) return;
          last = null;
          toPointer(event);
          try { element.setPointerCapture(event.pointerId); } catch { /* a pointer that is already gone */ }
        });
        element.addEventListener("pointermove", (event) => event.buttons & 1 && toPointer(event));
        element.addEventListener("keydown", (event) => {
          const along = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: count - 1 }[event.key];
          const up = { ArrowUp: 0.1, ArrowDown: -0.1, PageUp: 0.5, PageDown: -0.5, Delete: -1, Backspace: -1 }[event.key];
          if (event.ctrlKey || event.metaKey || event.altKey || (along === undefined && up === undefined)) return;
          if (along !== undefined) at = Math.min(Math.max(along, 0), count - 1);
          else put(at, guess[at] + up);
          event.preventDefault();
          changed();
        });
      }
      const whole = make("div", {}, element, keys);
      const fill = (height) => {
        guess.fill(height);
        changed();
      };
      onWidth(element, () => element.isConnected && draw(), signal);
      return { element: whole, draw, fill };
    }

    // choosing and counting -----------------------------------------------------------------------------------------

    function askChoice(question, chosen = null) {
      const name = `ec-predict-${Math.random().toString(36).slice(2, 8)}`;
      const labels = question.options.map(({ value, label }) => {
        const radio = make("input", { type: "radio", name, value, disabled: chosen !== null, checked: value === chosen, onchange: () => { guess = value; warning.textContent = ""; } });
        const isTrue = chosen !== null && value === asked.truth;
        const mark = isTrue ? (value === chosen ? "\u2713 yours, and true" : "\u2713 true") : value === chosen ? "\u2717 yours" : null;
        return make("label", { class: isTrue ? "is-true" : mark ? "is-false" : null }, radio, make("span", {}, label), mark ? make("b", {}, mark) : null);
      });
      return make("fieldset", {}, make("legend", { class: "ec-say" }, question.text), labels);
    }

    function seeChoice(question) {
      if (guess === null) {
        warning.textContent = "Nothing is chosen yet: choose one, a guess is welcome.";
        return null;
      }
      const isRight = guess === asked.truth;
      const { label } = question.options.find(({ value }) => value === asked.truth);
      return { score: Number(isRight), words: isRight ? "Right. " : `Not this time. True is: ${label}`, picture: askChoice(question, guess) };
    }

    function askNumber() {
      const box = make("input", { type: "text", inputmode: "decimal", autocomplete: "off", class: "ec-box", oninput: () => { guess = box.value; box.removeAttribute("aria-invalid"); warning.textContent = ""; } });
      box.addEventListener("keydown", (event) => event.key === "Enter" && reveal());
      return make("label", { class: "is-field" }, "Your number ", box);
    }

    function seeNumber() {
      const text = String(guess ?? "").trim();
      const x = Number(text.replace(",", ".").replace("\u2212", "-"));
      if (!text || !Number.isFinite(x) || x <= 0) {
        warning.textContent = `Found ${text ? `\u201c${text.slice(0, 40)}\u201d` : "nothing"}; accepted: a number above 0.`;
        const box = body.querySelector("input");
        box.setAttribute("aria-invalid", "true");
        box.focus();
        return null;
      }
      const score = Math.max(Math.min(x / asked.truth, asked.truth / x), 0);
      const top = Math.max(x, asked.truth);
      const meter = (name, value, label) => [
        make("svg:rect", { class: name, x: 1, y: name.endsWith("truth") ? 2 : 26, width: px((238 * value) / top), height: 18 }),
        make("svg:text", { x: 246, y: name.endsWith("truth") ? 16 : 40 }, `${label} ${format(value)}`),
      ];
      const picture = make("svg:svg", { role: "img", "aria-label": `Your number ${format(x)}, true ${format(asked.truth)}`, viewBox: "0 0 340 48" }, meter("ec-predict-truth", asked.truth, "true"), meter("ec-predict-guess", x, "yours"));
      picture.style.maxWidth = "26rem";
      const praise = score > 0.9 ? "Very near." : score > 0.6 ? "Near." : "Not so near.";
      return { score, picture, words: [`${praise} You said `, number("guess", x), "; true is ", number("truth", asked.truth), `. The smaller is ${percent(score)} of the larger.`] };
    }

    // words ---------------------------------------------------------------------------------------------------------

    function filled(text) {
      const parts = [];
      let last = 0;
      for (const found of text.matchAll(/\{(before|after)\.(\w+)\}/g)) {
        const [whole, of, name] = found;
        const value = asked[of].measures[name];
        parts.push(text.slice(last, found.index), value === undefined ? whole : number(`${of}.${name}`, value, 3));
        last = found.index + whole.length;
      }
      return [...parts, text.slice(last)];
    }

    const sumOf = () => {
      const known = questions.filter(({ id }) => typeof scores[id] === "number");
      return { sum: known.reduce((sum, { id }) => sum + scores[id], 0), count: known.length };
    };
    function tally() {
      const { sum, count } = sumOf();
      total.textContent = count ? `${format(sum, 3)} of ${count} points so far` : "";
    }
    function scoresTable() {
      const rows = questions.map(({ id, text }, i) => [`${i + 1}. ${place === i || id in scores ? text : "not asked yet"}`, typeof scores[id] === "number" ? number(`score_${id}`, scores[id], 3) : "\u2013"]);
      return table("Points, from 0 to 1 a question", ["question", "points"], rows);
    }

    const veil = () => {
      const hidden = store.state.hidden ?? [];
      if (hidden.length) root.dataset.epHidden = hidden.join(" ");
      else delete root.dataset.epHidden;
    };
    const off = store.on((state, trace, changed) => changed.includes("hidden") && veil());
    const stop = () => {
      off();
      delete root.dataset.epHidden;
    };
    if (store.state.hidden?.length || store.state.predict?.open) tell("closed", { hidden: [] }); // left open by a page that is gone
    invite();
    signal.addEventListener("abort", stop);
    return stop;
  },
};

const px = (x) => Math.round(x * 10) / 10;
