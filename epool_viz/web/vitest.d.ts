export {};

declare module "vitest" {
  interface ProvidedContext {
    /** What core answers, as JSON; see golden.js. */
    golden: string;
  }
}
