// Moves: changes of the kernel to try, and what they leave as it was. The kernel before the move is kept, and compared with
// the one on the screen, however that came about: by a button here, by the editor, or by b.
//
// options: {most, level}
//   most   the largest m that may be set (default 20)
//   level  of the heading (default 3)
// state: kernel, m, bias, background, alphabet, column (in hand), codes, cursor
//   kernel_by  the kernel, where it was set here: a change that the kernel editor can take back

import { voice } from "../lib/a11y.js";
import { windowAt } from "../lib/cursor.js";
import { make } from "../lib/dom.js";
import { follow } from "../lib/drawing.js";
import { informationContent, kernelReadings, kernelToPwm } from "../lib/maths.js";
import { format, number } from "../lib/numbers.js";
import { panel } from "../lib/style.js";
import { scrolling, table } from "../lib/tables.js";
import CSS from "./style.css";

const LIMIT = 1e-9;
const near = (a, b) => a === b || Math.abs(a - b) <= LIMIT * Math.max(1, Math.abs(a), Math.abs(b));

/**
 * Two kernels, {kernel, m, bias, background}, compared: the numbers of both, the constants by which their columns differ (null
 * where some column differs by no constant), the factor between them (null without one), whether they mean one PPM.
 */
export function compareKernels(before, after) {
  const reading = ({ kernel, m, bias, background }) => {
    const found = kernelToPwm(kernel, { logBase: m, bias, background });
    return { ...found, bits: informationContent(found.ppm, background).reduce((sum, x) => sum + x, 0) };
  };
  const [old, now] = [reading(before), reading(after)];
  const isSameSize = before.kernel[0].length === after.kernel[0].length;
  if (!isSameSize) return { old, now, isSameSize, isOnePpm: false, constants: null, factor: null, moved: null, isSameKernel: false };
  const places = before.kernel[0].map((_, j) => j);
  const differences = after.kernel.map((row, a) => row.map((w, j) => w - before.kernel[a][j]));
  const size = Math.max(1, ...before.kernel.flat().map(Math.abs), ...after.kernel.flat().map(Math.abs));
  const isConstant = places.every((j) => differences.every((row) => Math.abs(row[j] - differences[0][j]) <= LIMIT * size));
  const moved = Math.max(...now.ppm.flatMap((row, a) => row.map((p, j) => Math.abs(p - old.ppm[a][j]))));
  const top = before.kernel.flat().reduce((best, w, i) => (Math.abs(w) > Math.abs(before.kernel.flat()[best]) ? i : best), 0);
  const ratio = after.kernel.flat()[top] / before.kernel.flat()[top];
  const isScaled = Number.isFinite(ratio) && before.kernel.every((row, a) => row.every((w, j) => Math.abs(after.kernel[a][j] - ratio * w) <= LIMIT * size));
  return {
    old, now, isSameSize, moved, isOnePpm: moved <= LIMIT,
    constants: isConstant ? places.map((j) => differences.reduce((sum, row) => sum + row[j], 0) / differences.length) : null,
    factor: isScaled ? ratio : null,
    isSameKernel: isConstant && places.every((j) => Math.abs(differences[0][j]) <= LIMIT * size),
  };
}

export default {
  async render({ model, el, host, signal }) {
    const { exports } = await host.getWidget(model.get("store"));
    const { store } = exports;
    const { most = 20, level = 3 } = model.get("options");
    const section = panel(el, "moves", "What changes the logo", CSS);
    const of = (state) => ({ kernel: state.kernel, m: state.m, bias: state.bias, background: state.background });
    let kept = of(store.state);

    const constant = make("input", { type: "text", inputmode: "decimal", class: "ec-box", value: "1", "aria-label": "constant", autocomplete: "off" });
    const where = make("span");
    const tool = (title, small, act, name) => make("button", { type: "button", onclick: act, "data-move": name }, title, make("small", {}, small));
    const back = make("button", { type: "button", onclick: () => put(kept.kernel, { m: kept.m, bias: kept.bias }) }, "Back to the kernel before");
    const keep = make("button", { type: "button", onclick: () => { kept = of(store.state); draw(store.state); } }, "Compare from here on");
    const said = make("p", { class: "ec-moves-said", "data-name": "said" });
    const numbersOf = make("div");
    section.append(
      make(`h${level}`, {}, "What changes the logo, and what cannot"),
      make("p", {}, "Guess first: does the logo move, or only the offset?"),
      make("div", { class: "ec-moves-list" },
        make("div", { class: "ec-row" }, make("button", { type: "button", "data-move": "constant", onclick: () => addConstant() }, "Add"), constant, where),
        tool("A constant for every column", "drawn at random", () => each(() => Math.round(40 * Math.random() - 20) / 10), "constants"),
        tool("Every column\u2019s q b\u1d42 to sum 1", "the log odds: reading 2", () => settle("shares"), "log-odds"),
        tool("Every column\u2019s b\u1d42 to sum 1", "the log PPM: reading 1", () => settle("plainShares"), "log-ppm"),
        tool("All entries \u00d7 2", "a scaled kernel", () => move((w) => 2 * w), "scale"),
        tool("b squared", "the same kernel, another base", () => { remember(); store.set({ m: Math.min(2 * store.state.m, most) }); }, "base"),
        tool("One entry + 1", "the first letter of the column in hand", () => move((w, a, j) => (a === 0 && j === hand() ? w + 1 : w)), "entry"),
      ),
      said, numbersOf,
      make("div", { class: "ec-row" }, back, keep),
    );
    const say = voice(section, { sentence: "hidden" });

    const hand = () => Math.min(Math.max(Math.round(store.state.column) || 0, 0), store.state.kernel[0].length - 1);
    const round = (x) => Number(x.toPrecision(15)); // 0.3, not 0.30000000000000004
    const remember = () => (kept = of(store.state));
    const put = (kernel, more = {}) => store.set({ kernel, kernel_by: kernel, ...more });
    function move(change) {
      remember();
      put(store.state.kernel.map((row, a) => row.map((w, j) => round(change(w, a, j)))));
    }
    function each(constantOf) {
      const constants = store.state.kernel[0].map(() => constantOf());
      move((w, a, j) => w + constants[j]);
    }
    function settle(which) {
      const { kernel, m, bias, background } = store.state;
      if (!(m > 0)) return tell("At b = 1 every power is 1; move b up first.");
      const shares = kernelReadings(kernel, { logBase: m, bias, background })[which];
      if (shares.every((x) => Math.abs(x) <= LIMIT)) return tell("Every column sums to one already: there is nothing to move.");
      remember();
      put(kernel.map((row) => row.map((w, j) => w - shares[j])));
    }
    function addConstant() {
      const text = constant.value.trim();
      const x = /\d/.test(text) ? Number(text.replace(",", ".").replace("\u2212", "-")) : NaN;
      const isWrong = !(Math.abs(x) <= 1e6);
      constant.setAttribute("aria-invalid", String(isWrong));
      if (isWrong) return tell(`The constant: found \u201c${text.slice(0, 20)}\u201d; accepted: a number such as \u22120.5, at most a million in size.`);
      move((w, a, j) => (j === hand() ? w + x : w));
    }
    constant.addEventListener("keydown", (event) => event.key === "Enter" && addConstant());
    function tell(text) {
      said.replaceChildren(text);
      delete said.dataset.logo;
      say(text);
    }

    // drawing -----------------------------------------------------------------------------------------------------

    function draw(state) {
      where.textContent = `to column ${hand() + 1}`;
      const isOther = String(kept.background) !== String(state.background);
      const isSame = JSON.stringify(kept.kernel) === JSON.stringify(state.kernel) && near(kept.m, state.m) && near(kept.bias, state.bias);
      if (isOther && !isSame) kept = { ...kept, background: state.background }; // one thing at a time
      const found = compareKernels(kept, of(state));
      const isStill = isSame && !isOther;
      back.hidden = keep.hidden = isStill;
      numbersOf.hidden = isStill;
      if (isStill) {
        said.replaceChildren("Nothing has moved yet. Press one of the buttons, or drag a bar of the kernel.");
        delete said.dataset.logo;
        return;
      }
      said.replaceChildren(...wordsOf(found, state));
      said.dataset.logo = found.isOnePpm ? "same" : "changed";
      say(said.textContent);
      numbersOf.replaceChildren(tableOf(found, state));
    }

    function wordsOf(found, state) {
      const { old, now, constants, factor } = found;
      const offsets = ["The offset goes from ", number("offset_before", old.offset), " to ", number("offset_after", now.offset)];
      if (found.isOnePpm) {
        const total = constants?.reduce((sum, x) => sum + x, 0);
        if (constants && !found.isSameKernel && near(kept.m, state.m)) {
          const moved = constants.filter((c) => Math.abs(c) > LIMIT).length;
          return [make("b", {}, "The logo stays: two kernels, one PPM. "), ...offsets,
            `, by `, number("offset_moved", now.offset - old.offset), `; the ${moved === 1 ? "constant is" : "constants sum to"} `, number("constants", total), `, and the difference is `, number("residual", now.offset - old.offset - total - (state.bias - kept.bias), 2), ". Every score moves by as much, and no logo can show it."];
        }
        if (found.isSameKernel && !near(kept.bias, state.bias)) return [make("b", {}, "The logo stays. "), ...offsets, ": the bias is part of it, and of nothing else."];
        return [make("b", {}, "The logo stays. "), ...offsets, "."];
      }
      const bits = ["It told ", number("bits_before", old.bits, 3), " bits and tells ", number("bits_after", now.bits, 3), "."];
      if (!found.isSameSize) return [make("b", {}, "Another width, another logo. "), ...bits];
      if (found.isSameKernel && near(kept.m, state.m)) return [make("b", {}, "The logo changes: "), "the same kernel against another background, whose share each letter of the PPM takes along. No score moves; ", "the offset goes from ", number("offset_before", old.offset), " to ", number("offset_after", now.offset), ". ", ...bits];
      if (found.isSameKernel) return [make("b", {}, "The logo changes: "), `the same kernel read to the base ${format(Math.exp(state.m))} in place of ${format(Math.exp(kept.m))}. `, ...bits];
      if (factor !== null && factor > 0 && near(kept.m, state.m)) {
        const twin = kernelToPwm(kept.kernel, { logBase: factor * kept.m, background: kept.background }).ppm;
        const apart = Math.max(...twin.flatMap((row, a) => row.map((p, j) => Math.abs(p - now.ppm[a][j]))));
        return [make("b", {}, "The logo changes. "), `Every entry \u00d7 ${format(factor)} does to the logo what the base ${format(Math.exp(factor * kept.m))}, b to the power of ${format(factor)}, would do: the two PPMs differ by `, number("twin", apart, 2), ". ", ...bits];
      }
      return [make("b", {}, "The logo changes: "), "differences within a column have changed; one probability moved by ", number("moved", found.moved, 3), ". ", ...bits];
    }

    function tableOf(found, state) {
      const { old, now } = found;
      const row = (name, key, a, b) => [name, number(`${key}_old`, a), number(`${key}_new`, b), number(`${key}_change`, Math.abs(b - a) < 1e-12 ? 0 : b - a, 3)];
      const rows = [row("information, bits", "bits", old.bits, now.bits), row("offset", "offset", old.offset, now.offset)];
      if (!near(kept.m, state.m)) rows.push(row("b", "base", Math.exp(kept.m), Math.exp(state.m)));
      if (found.isSameSize) {
        const { start, number: place } = windowAt(state);
        const codes = state.codes.slice(start, start + state.kernel[0].length);
        if (codes.every((code) => code >= 0)) {
          const score = (kernel, bias) => bias + codes.reduce((sum, code, j) => sum + kernel[code][j], 0);
          const odds = (pwm) => codes.reduce((sum, code, j) => sum + pwm[code][j], 0);
          rows.push(row(`score of window ${place}`, "score", score(kept.kernel, kept.bias), score(state.kernel, state.bias)), row(`its log odds`, "odds", odds(old.pwm), odds(now.pwm)));
        }
        rows.push(["largest change of a probability", "", "", number("ppm_change", found.moved, 2)]);
        if (found.constants) rows.push(["the columns differ by", "", "", found.constants.map((c) => format(Math.abs(c) < 1e-12 ? 0 : c, 3)).slice(0, 12).join(", ") + (found.constants.length > 12 ? ", \u2026" : "")]);
      }
      return scrolling("Before and after", table("The kernel before the move, and the one on the screen", ["", "before", "now", "change"], rows));
    }

    const off = store.on((state, trace, changed) => changed.includes("kernel") && changed.includes("kernel_name") && remember()); // another one
    signal.addEventListener("abort", off);
    follow(store, draw, signal);
  },
};
