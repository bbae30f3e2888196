import { describe, expect, it } from "vitest";
import { placesOf, sweep } from "./places.js";

describe("sweep", () => {
  it("begins and ends where m was, and reaches both ends", () => {
    const shares = [-0.01, 0, 1 / 3, 2 / 3, 1, 1.5]; // a frame may begin before the button was pressed
    expect(shares.map((share) => sweep(share, 0.8, 3))).toEqual([0.8, 0.8, 0, 3, 0.8, 0.8]);
  });
  it("stays within the slider", () => {
    for (let share = 0; share <= 1; share += 0.01) {
      const m = sweep(share, 1, 3);
      expect(m).toBeGreaterThanOrEqual(0);
      expect(m).toBeLessThanOrEqual(3);
    }
  });
});

describe("placesOf", () => {
  const place = placesOf(40, 15);
  it("finds the window under a place, the first and the last one beyond the ends", () => {
    expect([-5, 0, 15.9, 16, 400, 416, 9999].map(place.window)).toEqual([0, 0, 0, 1, 25, 25, 25]);
    for (let i = 0; i <= 25; i++) expect(place.window(place.x(i + 0.5))).toBe(i);
  });
});
