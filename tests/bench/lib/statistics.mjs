// SPDX-License-Identifier: MIT
//
// Of pairs of measurements that were made in turn: the ratio, and how sure it is.

/** Student's t for 95 %, two-sided, by degrees of freedom. */
const T95 = [NaN, 12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23];

export function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * The geometric mean of `theirs / ours` over pairs, with its 95 % interval (of the
 * logarithms); low and high are NaN for a single pair.
 */
export function ratio(ours, theirs) {
  const logs = ours.map((value, i) => Math.log(theirs[i] / value)).filter(Number.isFinite);
  if (logs.length === 0) {
    return { value: NaN, low: NaN, high: NaN };
  }
  const middle = mean(logs);
  const variance = logs.reduce((sum, value) => sum + (value - middle) ** 2, 0)
    / (logs.length - 1);
  const t = T95[Math.min(logs.length - 1, T95.length - 1)];
  const half = t * Math.sqrt(variance / logs.length);
  return {
    value: Math.exp(middle), low: Math.exp(middle - half), high: Math.exp(middle + half),
  };
}

/** Who is measured when, so that a drift of the machine hits all alike: A B B A. */
export function inTurn(names, pairs) {
  return Array.from({ length: pairs }, (_, i) => (i % 2 === 0 ? names : names.toReversed()));
}
