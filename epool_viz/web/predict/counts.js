// What a room guessed, as counts and as one sentence.

import { format, percent } from "../lib/numbers.js";
import { axisEnd } from "../lib/ticks.js";

/**
 * A question as a phone has it, and what the room guessed.
 *
 * @typedef {{text: string, kind: string, options: {value: string, label: string}[], letters: string}} Asked
 * @typedef {{answered: number, counts?: Record<string, number>, numbers?: number[], mean?: number[], drawings?: number[][]}} Room
 * @typedef {{question: Asked, room: Room, truth: any, mine?: any, signal?: AbortSignal, tall?: number}} Shown `tall` is the picture's height in lines
 */

export const BINS = 12;

/**
 * Numbers in equal bins from 0 to a round end beyond the truth and nine tenths of the guesses; the rest is counted beyond it.
 *
 * @param {number[]} numbers
 * @param {number} truth
 */
export function binsOf(numbers, truth) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const most = sorted[Math.ceil(0.9 * (sorted.length - 1))] ?? 0;
  const end = axisEnd(1.05 * Math.max(most, truth)) || 1;
  const counts = new Array(BINS).fill(0);
  for (const x of sorted) if (x < end) counts[Math.floor((x / end) * BINS)] += 1;
  return { end, counts, beyond: sorted.filter((x) => x >= end).length };
}

/** @param {number} n */
const guesses = (n) => (n === 1 ? "1 guess" : `${n} guesses`);

/**
 * One sentence that says what the picture shows.
 *
 * @param {Shown} shown
 */
export function sentenceOf({ question, room, truth }) {
  const { answered } = room;
  if (!answered) return "Nobody has guessed.";
  if (question.kind === "choice") {
    const right = room.counts?.[truth] ?? 0;
    return `${right} of ${guesses(answered)} ${right === 1 ? "is" : "are"} right: ${percent(right / answered)}.`;
  }
  if (question.kind === "number") {
    const numbers = room.numbers ?? [];
    const [low, high] = [Math.floor((numbers.length - 1) / 2), Math.ceil((numbers.length - 1) / 2)];
    return `${guesses(answered)}, the middle one ${format((numbers[low] + numbers[high]) / 2, 3)}; true is ${format(truth, 3)}.`;
  }
  const mean = room.mean ?? [];
  const shared = mean.reduce((total, p, i) => total + Math.min(p, truth[i]), 0);
  return `The mean of ${answered === 1 ? "1 drawing" : `${answered} drawings`} and the posterior share ${percent(shared)}.`;
}
