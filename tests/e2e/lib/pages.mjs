// SPDX-License-Identifier: MIT
//
// The product's pages as a test sees them, in whatever browser.

import { waitFor } from './wait.mjs';

/** Waits until the player page says `state`; resolves to it, its headline and reason. */
export function pageState(page, state, timeoutMs = 15000) {
  return waitFor(`the page says ${state}`, async () => {
    const seen = await page.evaluate(() => ({
      state: document.getElementById('stage').dataset.state,
      headline: document.getElementById('poster-state').textContent,
      reason: document.getElementById('poster-reason').textContent,
    }));
    if (seen.state !== state) {
      throw new Error(JSON.stringify(seen));
    }
    return seen;
  }, { timeoutMs });
}

/** Waits for so many frames more in the page's own <video>. */
export async function pageFrames(page, more) {
  // Not getVideoPlaybackQuality(), which Firefox leaves at 0 for a MediaStream.
  const shown = () => page.evaluate(() => {
    const video = document.getElementById('video');
    if (globalThis.framesShown === undefined) {
      const count = (_, { presentedFrames }) => {
        globalThis.framesShown = presentedFrames;
        video.requestVideoFrameCallback(count);
      };
      count(0, { presentedFrames: 0 });
    }
    return globalThis.framesShown;
  });
  let first = 0;
  await waitFor('a frame is shown', async () => (first = await shown()) > 0,
    { timeoutMs: 15000 });
  return waitFor(`${more} frames shown`, async () => {
    const now = await shown();
    if (now < first + more) {
      throw new Error(`${now - first} frames`);
    }
    return true;
  }, { timeoutMs: 15000 });
}

/** Waits until the publisher page says `state`. */
export function studioState(page, state, timeoutMs = 15000) {
  return waitFor(`the publisher page says ${state}`, async () => {
    const seen = await page.evaluate(() => ({
      state: document.getElementById('studio').dataset.state,
      reason: document.getElementById('reason').textContent,
    }));
    if (seen.state !== state) {
      throw new Error(JSON.stringify(seen));
    }
    return seen;
  }, { timeoutMs });
}
