import { describe, it } from "vitest";
import { quantile, ratioOf, summarise } from "../src/statistics.ts";

describe("statistics of samples", () => {
  it("finds the middle of samples in any order, between two when they are even in number", ({ expect }) => {
    expect(summarise([9, 1, 5])).toEqual({ median: 5, min: 1, max: 9 });
    expect(summarise([4, 1, 10, 2]).median).toBe(3);
    expect(summarise([7])).toEqual({ median: 7, min: 7, max: 7 });
  });

  it("leaves the samples in their order", ({ expect }) => {
    const samples = [3, 1, 2];
    summarise(samples);
    expect(samples).toEqual([3, 1, 2]);
  });

  it("interpolates a quantile and takes no share outside of 0 to 1", ({ expect }) => {
    expect(quantile([0, 10], 0.25)).toBe(2.5);
    expect(quantile([0, 10], 7)).toBe(10);
    expect(quantile([0, 10], -1)).toBe(0);
  });

  it("says nothing of no samples", ({ expect }) => {
    expect(() => quantile([], 0.5)).toThrow("no samples");
  });

  it("compares the medians, and samples of the same round for the spread", ({ expect }) => {
    expect(ratioOf([2, 6, 4], [1, 2, 4])).toEqual({ median: 2, min: 1, max: 3 });
  });

  it("refuses samples that were not taken in the same rounds", ({ expect }) => {
    expect(() => ratioOf([1, 2], [1])).toThrow("cannot be compared");
  });
});
