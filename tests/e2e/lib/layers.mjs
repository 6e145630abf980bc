// SPDX-License-Identifier: MIT
//
// Simulcast: what is published, and a viewer's choice.

import { request } from './http.mjs';
import { waitFor } from './wait.mjs';

const ENCODINGS = [
  { rid: 'l', scaleResolutionDownBy: 4, maxBitrate: 150000 },
  { rid: 'm', scaleResolutionDownBy: 2, maxBitrate: 500000 },
  { rid: 'h', maxBitrate: 1500000 },
];

/** Three layers of a picture of 1280 x 720; of VP9 only if it is asked for so. */
export const LAYERS = {
  any: { width: 1280, height: 720, encodings: ENCODINGS },
  VP9: {
    width: 1280, height: 720,
    encodings: ENCODINGS.map((encoding) => ({ ...encoding, scalabilityMode: 'L1T1' })),
  },
};

/** @param wish as the draft has it: mediaId, rid, maxWidth, ... */
export const select = (viewer, wish) => request(`${viewer.answer.session}/layer`, {
  method: 'POST', headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify(wish),
});

/** Waits until the viewer's picture is so wide; returns the statistics. */
export const shows = (viewer, width, options) =>
  waitFor(`the picture is ${width} wide`, async () => {
    const stats = await viewer.stats();
    if (stats.width !== width) {
      throw new Error(JSON.stringify(stats));
    }
    return stats;
  }, { timeoutMs: 20000, ...options });
