// The types that the modules of the page share. A component adds what it reads of the state and of its options.

declare module "*.css" {
  const text: string;
  export default text;
}

/** Rows, one a letter, of numbers, one a position. */
type Matrix = number[][];

/** Letter codes; -1 is an unknown letter. */
type Codes = number[];

type Padding = "valid" | "same";
type Activation = "identity" | "relu" | "paper";
type StrandReading = "motif" | "network";
type Occurrence = "oops" | "zoops";

/** What a trace depends on, as `lib/maths.js` takes it. */
interface TraceInputs {
  codes: Codes;
  kernel: Matrix;
  bias?: number;
  /** The base of the logarithms is e^m. */
  m?: number;
  mode?: number;
  localWindow?: number;
  activation?: Activation;
  padding?: Padding;
  bothStrands?: boolean;
  strandReading?: StrandReading;
  occurrence?: Occurrence;
  siteRate?: number;
  /** One number a letter; null is uniform. */
  background?: number[] | null;
  /** The code of each letter's complement; null where the alphabet has none. */
  complement?: number[] | null;
}

/** A kernel read to a base: probabilities, log ratios, and what the scores exceed them by. */
interface Reading {
  ppm: Matrix;
  pwm: Matrix;
  offset: number;
}

/** Every stage of ePooling's weights, one number a value that is pooled. */
interface PoolingStages {
  gate: number[];
  shifted: number[];
  exponentials: number[];
  total: number;
  weights: number[];
}

/** One E-step by both routes, field for field the `EStepTrace` of core. Windows of the other strand follow the first's. */
interface Trace extends PoolingStages {
  width: number;
  // one a window
  starts: number[];
  strands: ("+" | "-")[];
  whole: boolean[];
  scores: number[];
  activated: number[];
  logRatios: number[];
  offsets: number[];
  bayesPosterior: number[];
  posterior: number[];
  // one a cell: what is left by the local maximum
  cells: number[];
  cellWindows: number[];
  takingPart: boolean[];
  weighted: number[];
  gradient: number[];
  maxGradient: number[];
  prior: number[];
  // of the whole sequence
  otherKernel: Matrix | null;
  pooled: number;
  maximum: number;
  average: number;
  /** null where m is 0. */
  logSumExp: number | null;
  entropy: number;
  effectiveWindows: number;
  pwm: Reading;
  strandPrior: number[];
  logEvidence: number;
  expectedLogRatio: number;
  expectedOffset: number;
  siteProbability: number;
  errors: { score: number; posterior?: number; pooled?: number };
  identityError: number;
  exact: boolean;
}

/** The state of a dashboard as Python knows it; beside the names below, whatever its components read. */
interface State {
  codes: Codes;
  kernel: Matrix;
  alphabet: string;
  complement: number[] | null;
  bias: number;
  m: number;
  mode: number;
  local_window: number;
  activation: Activation;
  padding: Padding;
  both_strands: boolean;
  strand_reading: StrandReading;
  occurrence: Occurrence;
  site_rate: number;
  background: number[] | null;
  /** The window in hand, from 0. */
  cursor: number;
  /** Letters in view, [first, last); null for all. */
  zoom: [number, number] | null;
  /** Place in the walk. */
  step: number;
  // biome-ignore lint/suspicious/noExplicitAny: each dashboard has names of its own
  [name: string]: any;
}

type Patch = Partial<State>;
type Listener = (state: State, trace: Trace, changed: string[]) => void;

interface Store {
  readonly state: State;
  /** The last one that could be computed. */
  readonly trace: Trace;
  /** Why the present state has no trace, as a sentence; null if it has. */
  readonly error: string | null;
  set(patch: Patch): void;
  flush(): void;
  receive(patch: Patch, seen?: number): void;
  on(listener: Listener): () => void;
}

// biome-ignore lint/suspicious/noExplicitAny: what Python sends is read by the component that knows it
type Message = any;

/** The part of anywidget's model that is used here. */
interface Model {
  get(name: string): Message;
  set(name: string, value: unknown): void;
  save_changes(): void;
  on(event: string, listener: (message: Message, buffers: DataView[]) => void): void;
  off(event: string, listener?: (message: Message, buffers: DataView[]) => void): void;
  send(content: object, callbacks?: undefined, buffers?: (ArrayBuffer | ArrayBufferView)[]): void;
}

/** What anywidget hands to `render`. */
interface Context {
  model: Model;
  el: HTMLElement;
  host: { getWidget(reference: string): Promise<{ exports: { store: Store } }> };
  signal: AbortSignal;
}

/** `{key, is}` or `{key, not}`: when something applies; a value or a list of values. */
type When = { key: string; is: unknown } | { key: string; not: unknown };

type Child = Node | string | null | undefined | Child[];

/** The element that `make` gives for "tag" or "svg:tag". */
type Made<Spec extends string> = Spec extends `svg:${infer Tag}`
  ? Tag extends keyof SVGElementTagNameMap
    ? SVGElementTagNameMap[Tag]
    : SVGElement
  : Spec extends keyof HTMLElementTagNameMap
    ? HTMLElementTagNameMap[Spec]
    : HTMLElement;
