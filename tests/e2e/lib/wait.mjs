// SPDX-License-Identifier: MIT
//
// Waiting for what can be seen instead of sleeping.

import { setTimeout as delay } from 'node:timers/promises';

export { delay };

/**
 * The first truthy result of `probe`. Says what was waited for, and what was
 * seen last, when it does not come.
 */
export async function waitFor(what, probe, { timeoutMs = 10000, everyMs = 50 } = {}) {
  const end = Date.now() + timeoutMs;
  let last;
  for (;;) {
    try {
      last = await probe();
      if (last) {
        return last;
      }
    } catch (error) {
      last = error;
    }
    if (Date.now() >= end) {
      const seen = last instanceof Error ? last.message : JSON.stringify(last);
      throw new Error(`${what}: not within ${timeoutMs} ms, last seen: ${seen}`);
    }
    await delay(everyMs);
  }
}

/** The promise's result, or an error naming what did not come in time. */
export async function within(what, timeoutMs, promise) {
  const timer = new AbortController();
  const late = delay(timeoutMs, null, { signal: timer.signal }).then(() => {
    throw new Error(`${what}: not within ${timeoutMs} ms`);
  }, () => undefined);
  try {
    return await Promise.race([promise, late]);
  } finally {
    timer.abort();
  }
}
