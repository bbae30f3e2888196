import { expect, test, vi } from "vitest";

vi.stubGlobal("ResizeObserver", class {});
const { columnOf } = await import("./cursor.js");

test("the column in hand is one of the kernel", () => {
  const kernel = [[0, 1, 2]];
  const columns = [undefined, -1, 0, 0.6, 2, 7, Infinity, Number.NaN].map((column) => columnOf({ kernel, column }));
  expect(columns).toEqual([0, 0, 0, 1, 2, 2, 2, 0]);
});
