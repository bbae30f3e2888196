// Trio: one kernel read three ways, above one another, and the known motif that is nearest; the columns stand in line.
//
// The exact reading follows m here; the heuristic follows its threshold here, out of the counts that Python has made for
// every threshold; the posterior, and all that is measured, comes from Python.
//
// state: kernels, biases, names, alphabet, complement, place, m, m_pooling, m_likeliest, background, logo_kind, rule, threshold
//   grid     {place, rule, pfm: [threshold][letter][position], n: [threshold]}
//   detail   {place, m, posterior, residual, windows, largest, n_sites, known, at_sites, evidence, divergence, matches, likeness};
//            null without sequences
//   finding  a sentence while known motifs are looked up, else ""; `look_up` and `stop_looking` are counted up here
// options: {glyphs, height}

import { voice } from "../lib/a11y.js";
import { make } from "../lib/dom.js";
import { follow } from "../lib/drawing.js";
import { informationContent, kernelToPwm } from "../lib/maths.js";
import { format, letterColour, number } from "../lib/numbers.js";
import { panel } from "../lib/style.js";
import { matrixTable, numbers } from "../lib/tables.js";
import CSS from "./style.css";

const TITLES = { exact: "Exact", heuristic: "Heuristic", posterior: "Posterior", known: "Nearest known motif" };
const RULES = { deepbind: "DeepBind's", basset: "Basset's" };

const grouped = (n) => String(n).replace(/\B(?=(\d{3})+$)/g, "\u202f");

/** Counts as probabilities; null where nothing was counted. */
export function sharesOf(pfm) {
  const total = pfm.reduce((sum, row) => sum + row[0], 0);
  return total ? pfm.map((row) => row.map((n) => n / total)) : null;
}

/** Bits by which each column of `p` differs from the same column of `q` (Kullback and Leibler). */
export function divergence(p, q) {
  return p[0].map((_, j) => p.reduce((sum, row, a) => sum + (row[j] > 0 ? row[j] * Math.log2(row[j] / Math.max(q[a][j], 1e-300)) : 0), 0));
}

/** Letter heights of a PPM, the bits of its columns, and the top of the axis. */
export function drawnAs(kind, ppm, background) {
  const bits = informationContent(ppm, background);
  const isShare = kind === "probability";
  return {
    bits,
    heights: isShare ? ppm : ppm.map((row) => row.map((p, j) => p * bits[j])),
    top: isShare ? 1 : -Math.log2(background ? Math.min(...background) : 1 / ppm.length),
  };
}

export default {
  async render({ model, el, host, signal }) {
    const { exports } = await host.getWidget(model.get("store"));
    const { store } = exports;
    const { glyphs, height = 4.6 } = model.get("options");
    const section = panel(el, "trio", "One kernel, read three ways", CSS);
    const title = make("h2", { class: "ec-panel-title", "data-name": "kernel" });
    const bases = make("div", { class: "ec-row" });
    const words = make("p", { class: "ec-trio-words", "data-name": "verdict" });
    section.append(make("div", { class: "ec-panel-head" }, title), words);

    const rows = Object.fromEntries(Object.keys(TITLES).map((name) => [name, row(name)]));
    const tools = make("div", { class: "ec-row", "data-name": "looking" });
    const find = make("button", { type: "button", onclick: () => store.set({ look_up: (store.state.look_up ?? 0) + 1 }) }, "Compare with JASPAR as it is now");
    const stop = make("button", { type: "button", onclick: () => store.set({ stop_looking: (store.state.stop_looking ?? 0) + 1 }) }, "Stop");
    const looking = make("span", { class: "ec-soft", role: "status" });
    tools.append(find, stop, looking);
    rows.known.left.append(tools);
    bases.classList.add("ec-trio-bases");
    rows.exact.left.insertBefore(bases, rows.exact.plot);
    const note = make("p", { class: "ec-soft", "data-name": "how" });
    section.append(note);
    const say = voice(section, { sentence: "hidden" });
    const twin = numbers(section, "The matrices behind these logos", () => matrices());

    let shown = {}; // reading -> {ppm, bits}
    let width = 0;

    function row(name) {
      const note = make("span");
      const svg = make("svg:svg", { role: "img", preserveAspectRatio: "none", style: `height:${height}rem`, "data-reading": name });
      const axis = make("div", { class: "ec-trio-axis", "aria-hidden": "true" });
      const places = make("div", { class: "ec-trio-places", "aria-hidden": "true" });
      const gap = make("svg:svg", { class: "ec-trio-gap", preserveAspectRatio: "none", style: "height:1.1rem", "aria-hidden": "true" });
      const gapHead = make("span", { class: "ec-trio-gaphead", "aria-hidden": "true" });
      const none = make("p", { class: "ec-trio-none", hidden: true });
      const hasGap = name === "heuristic" || name === "posterior";
      const plot = make("div", { class: "ec-trio-plot" }, axis, svg, hasGap ? [gapHead, gap] : null, places);
      const left = make("div", {}, make("h3", {}, TITLES[name], " ", note), plot, none);
      const facts = make("div", { class: "ec-trio-facts" });
      const whole = make("div", { class: "ec-trio-row", "data-row": name }, left, facts);
      section.append(whole);
      return { name, whole, left, note, plot, svg, axis, places, gap, gapHead, none, facts };
    }

    /** Draw a PPM whose first column stands at `from` of the kernel's columns. */
    function logo(part, ppm, from = 0, spoken = "") {
      const { state } = store;
      const { bits, heights, top } = drawnAs(state.logo_kind, ppm, state.background);
      const paths = [];
      for (let j = 0; j < bits.length; j++) {
        if (from + j < 0 || from + j >= width) continue;
        let up = 0;
        const order = heights.map((_, a) => a).sort((a, b) => heights[a][j] - heights[b][j] || a - b);
        for (const a of order) {
          const size = Math.max(heights[a][j], 0) / top;
          if (size > 1e-4) {
            const letter = state.alphabet[a];
            paths.push(make("svg:path", {
              d: glyphs[letter] ?? "M0,0H100V100H0Z", fill: letterColour(state.complement ? letter : "other"), "data-letter": letter,
              transform: `translate(${from + j + 0.03},${1 - up - size}) scale(0.0094,${size / 100})`,
            }));
          }
          up += size;
        }
      }
      part.svg.setAttribute("viewBox", `0 0 ${width} 1`);
      part.svg.replaceChildren(...paths, make("svg:line", { class: "ec-trio-base", x1: 0, x2: width, y1: 1, y2: 1 }));
      const total = bits.reduce((sum, x) => sum + x, 0);
      const consensus = bits.map((x, j) => (x < 0.25 ? "·" : state.alphabet[ppm.reduce((at, r, a) => (r[j] > ppm[at][j] ? a : at), 0)])).join("");
      part.svg.setAttribute("aria-label", `${TITLES[part.name]} logo, ${state.logo_kind === "probability" ? "probability" : "information in bits"}: ${format(total, 3)} bits, consensus ${consensus}. ${spoken}`);
      const mark = (y, text) => {
        const span = make("span", {}, text);
        span.style.top = y;
        return span;
      };
      part.axis.replaceChildren(mark("0%", format(top, 3)), mark("50%", format(top / 2, 2)), mark(`calc(100% - .3rem)`, "0"));
      part.axis.style.height = `${height}rem`;
      return { ppm, bits: total, consensus };
    }

    function ruler(part, label = (j) => j + 1) {
      part.places.style.gridTemplateColumns = `repeat(${width}, minmax(0, 1fr))`;
      const step = width <= 25 ? 1 : 5;
      part.places.replaceChildren(...Array.from({ length: width }, (_, j) => make("span", {}, (j + 1) % step && j ? "" : label(j) ?? "")));
    }

    function gaps(part, each, top) {
      part.gap.setAttribute("viewBox", `0 0 ${width} 1`);
      part.gap.replaceChildren(...each.map((x, j) => make("svg:rect", { x: j + 0.2, width: 0.6, y: 0, height: Math.min(x / top, 1) })));
      part.gapHead.textContent = `≠ ${format(top, 2)}`;
      part.gapHead.title = `bits by which a column differs from the exact one; the row is ${format(top, 2)} bits high`;
    }

    function blank(part, sentence) {
      part.plot.hidden = true;
      part.none.hidden = false;
      part.none.textContent = sentence;
      delete shown[part.name];
    }

    function fact(list, term, value, { best = false, name } = {}) {
      list.push(make("p", { class: best ? "is-best" : null, "data-name": name }, make("span", {}, term), make("span", {}, value)));
    }
    const remark = (list, text, name) => list.push(make("p", { class: "ec-trio-wide", "data-name": name }, text));

    const isBest = (values, name) => values && Object.keys(values).length > 1 && values[name] >= Math.max(...Object.values(values)) - 1e-12;
    const detailNow = () => (store.state.detail?.place === store.state.place ? store.state.detail : null);

    function drawFacts(name) {
      const { state } = store;
      const detail = detailNow();
      const found = shown[name];
      const list = [];
      if (found) fact(list, "information", [number(`bits_${name}`, found.bits, 3), " bits"]);
      if (detail && found) {
        const r = detail.likeness?.correlation;
        if (name in detail.at_sites) fact(list, detail.known ? "at known sites" : "at best windows", [number(`at_sites_${name}`, detail.at_sites[name], 3), " nats"], { best: isBest(detail.at_sites, name) });
        if (name in detail.evidence) fact(list, "evidence", [number(`evidence_${name}`, detail.evidence[name], 3), " nats"], { best: isBest(detail.evidence, name) });
        if (r && name in r) fact(list, `likeness to ${detail.likeness.name}`, ["r ", number(`r_${name}`, r[name], 3)], { best: isBest(r, name) });
        if (name !== "exact" && detail.divergence[name] !== undefined) fact(list, "from the exact one", [number(`divergence_${name}`, detail.divergence[name], 3), " bits"]);
        const matches = detail.matches[name];
        const firsts = (matches ?? []).filter((m, i) => matches.findIndex((other) => other.name === m.name) === i);
        const text = matches === null ? "Known motifs: not compared as it is set now."
          : firsts.length ? firsts.map((m) => `${m.name}, E ${format(m.e, 2)}`).join("; ") : "No significant known motif.";
        remark(list, text, `matches_${name}`);
      }
      rows[name].facts.replaceChildren(...list);
    }

    function drawKnown() {
      const { state } = store;
      const detail = detailNow();
      const part = rows.known;
      const like = detail?.likeness;
      const isStale = detail && Object.values(detail.matches).some((m) => m === null);
      part.whole.hidden = !detail;
      tools.hidden = !detail || !(isStale || state.finding);
      find.disabled = Boolean(state.finding) || Boolean(state.cannot_find);
      stop.hidden = !state.finding;
      looking.textContent = state.finding || (state.cannot_find ?? "");
      if (!like) {
        blank(part, isStale ? "Not looked up for these settings." : "None of the three readings resembles a motif of JASPAR significantly.");
        part.note.textContent = "";
        part.facts.replaceChildren();
        return;
      }
      part.plot.hidden = false;
      part.none.hidden = true;
      const from = -like.offset;
      shown.known = logo(part, like.ppm, from);
      ruler(part, (j) => (j + like.offset >= 0 && j + like.offset < like.width ? (like.reverse ? like.width - (j + like.offset) : j + like.offset + 1) : ""));
      part.note.textContent = `${like.name} (${like.accession}, JASPAR)${like.reverse ? ", reverse complement" : ""}`;
      const list = [];
      fact(list, "TOMTOM p", number("p_value", like.p, 2));
      fact(list, "letters p", number("letter_p", like.letter_p, 2));
      fact(list, `E, of ${format(like.n_known, 4)} motifs`, number("e_value", like.e, 2));
      const [a, b] = [Math.max(0, from), Math.min(width, from + like.width)];
      remark(list, `Columns ${a + 1}–${b} of the kernel on ${like.overlap} of the motif's ${like.width}, ${like.reverse ? "reversed" : "as written"}; found by the ${like.reading} reading.`, "alignment");
      part.facts.replaceChildren(...list);
    }

    function verdict() {
      const { state } = store;
      const detail = detailNow();
      if (!state.detail && state.has_sequences === false) return "Without sequences there is the exact reading only.";
      if (!detail) return "";
      const parts = [`The exact PWM gives the network's scores back: on all ${grouped(detail.windows)} held-out windows they differ by ${format(detail.residual, 2)} at the most.`];
      const r = detail.likeness?.correlation;
      if (r) {
        const ranked = Object.keys(r).sort((a, b) => r[b] - r[a]);
        parts.push(`Nearest to ${detail.likeness.name} comes the ${ranked[0]} reading: ${ranked.map((n) => `${n} r = ${format(r[n], 2)}`).join(", ")}.`);
      }
      return parts.join(" ");
    }

    function how() {
      const detail = detailNow();
      if (!detail) return "";
      const what = detail.known ? "known sites in held-out sequences" : "best windows of held-out sequences, one each";
      return `Nats: mean log-likelihood ratio to the background at ${grouped(detail.n_sites)} ${what}; evidence: mean log evidence of a whole held-out sequence with one site. ▲ marks the largest. The bars under a logo: bits by which each column differs from the exact one.`;
    }

    function matrices() {
      const rowsOf = (ppm) => ppm.map((row, a) => [store.state.alphabet[a], row]);
      const names = Object.keys(TITLES).filter((name) => shown[name] && name !== "known");
      return make("div", {}, names.map((name) => matrixTable(`${TITLES[name]}: letter probabilities`, shown[name].ppm[0].length, [{ name: `ppm_${name}`, rows: rowsOf(shown[name].ppm) }])));
    }

    function baseButtons() {
      const { state } = store;
      const about = (a, b) => b !== null && b !== undefined && Math.abs(a - b) < 1e-6;
      const button = (text, m) => make("button", { type: "button", "aria-pressed": String(about(state.m, m)), onclick: () => store.set({ m }) }, text);
      bases.replaceChildren(...[
        state.m_pooling !== null ? button(`of the pooling: m = ${format(state.m_pooling, 3)}`, state.m_pooling) : null,
        state.m_likeliest !== null ? button(`likeliest: m = ${format(state.m_likeliest, 3)}`, state.m_likeliest) : null,
      ].filter(Boolean));
    }

    follow(store, (state, _, changed) => {
      const has = (...names) => !changed || names.some((name) => changed.has(name));
      const detail = detailNow();
      const kernel = state.kernels[state.place] ?? state.kernels[0];
      width = kernel[0].length;
      title.textContent = `${state.names[state.place]}, read three ways`;
      if (has("m", "kernels", "m_pooling", "m_likeliest")) baseButtons();
      // what was counted for another model is no reading of this one
      if (changed?.has("kernels") || state.has_sequences === false) shown.heuristic = shown.posterior = undefined;
      const { ppm } = kernelToPwm(kernel, { logBase: state.m, background: state.background });
      shown.exact = logo(rows.exact, ppm);
      ruler(rows.exact);
      rows.exact.note.textContent = `the kernel alone, to the base e\u1d50 = ${format(Math.exp(state.m))}`;

      for (const name of ["heuristic", "posterior"]) rows[name].whole.hidden = state.has_sequences === false;
      const grid = state.grid && state.grid.place === state.place && state.grid.rule === state.rule ? state.grid : null;
      if (grid) {
        const step = Math.min(Math.round(state.threshold * grid.pfm.length), grid.pfm.length - 1);
        const counted = sharesOf(grid.pfm[step]);
        rows.heuristic.note.textContent = `${RULES[state.rule]} rule: ${grouped(grid.n[step])} windows with an activation above ${format(state.threshold * Math.max(grid.largest, 0), 3)}`;
        if (counted) {
          rows.heuristic.plot.hidden = false;
          rows.heuristic.none.hidden = true;
          shown.heuristic = logo(rows.heuristic, counted);
          ruler(rows.heuristic);
        } else blank(rows.heuristic, "No window is active: the heuristic has no motif for this kernel. The exact reading always has one.");
      }
      rows.heuristic.plot.setAttribute("aria-busy", String(!grid && state.has_sequences !== false));
      if (detail) {
        shown.posterior = logo(rows.posterior, detail.posterior);
        ruler(rows.posterior);
        rows.posterior.note.textContent = `one M-step: letters counted under the posterior, m = ${format(detail.m, 3)}`;
      }
      rows.posterior.plot.setAttribute("aria-busy", String(!detail || Math.abs(detail.m - state.m) > 1e-9));
      const apart = ["heuristic", "posterior"].filter((name) => shown[name]).map((name) => [name, divergence(shown[name].ppm, shown.exact.ppm)]);
      const most = Math.max(...apart.flatMap(([, each]) => each), 0.01);
      const top = [0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20].find((x) => x >= most) ?? most;
      for (const [name, each] of apart) gaps(rows[name], each, top);
      for (const name of ["exact", "heuristic", "posterior"]) drawFacts(name);
      drawKnown();
      words.textContent = verdict();
      note.textContent = how();
      say(`${state.names[state.place]}: exact ${format(shown.exact.bits, 3)} bits, consensus ${shown.exact.consensus}.`);
      twin();
    }, signal);
  },
};
