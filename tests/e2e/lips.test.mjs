// SPDX-License-Identifier: MIT
//
// Lips and voice as a person has them: a source flashes and beeps at the same instants, and
// Chromium shows and plays it. Measured is when a frame is to be on the screen
// (expectedDisplayTime of requestVideoFrameCallback), and when a sample is in the loudspeaker:
// when it left the jitter buffer (AudioData.timestamp of a MediaStreamTrackProcessor; WebAudio
// has it tens of milliseconds later, and not always as many) and the delay that the browser
// knows of its output.
//
// Of the difference a part is the browser's own doing, and it says which
// (estimatedPlayoutTimestamp of both tracks, by the sender reports): it begins to play sound
// that has waited, moves the two together for half a minute if it has to, and leaves them alone
// when 30 ms are left. So it is waited for. The rest, `error`, is what the timestamps and
// reports have wrong that it is sent, and the measurement's own error: a turn of the screen
// (17 ms), a chunk of sound (10 ms), and what a busy machine adds to either. Hence medians, and
// wide limits; the narrow ones are in viewer-sync.c, viewer-push.c and viewer-rtsp.c.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { launchBrowser, openViewerPage, Viewer } from './lib/browser.mjs';
import { createMountpoint } from './lib/fixture.mjs';
import { Lips, pushByRtp, pushByRtsp } from './lib/lips.mjs';
import { scoped, suiteScope } from './lib/scope.mjs';
import { LOOPBACK, startServer } from './lib/server.mjs';
import { waitFor } from './lib/wait.mjs';

const MAX_LATE_MS = 150;
const MAX_ERROR_MS = 80;
const MAX_DRIFT_MS = 40;
const RESTARTS = 10;
const suite = suiteScope(after);
let browser;

before(async () => {
  browser = await launchBrowser(suite);
});

const sources = {
  async rtp(scope, server) {
    const mountpoint = await createMountpoint(scope, server, 'rtp');
    return () => pushByRtp(scope, mountpoint);
  },

  async rtsp(scope, server) {
    const { push } = await server.api.create({ id: 'rtsp', kind: 'rtsp-push' });
    const url = /"(rtsp:\/\/[^"]+)"$/.exec(push)[1];
    return () => pushByRtsp(scope, url);
  },
};

const isTogether = ({ late, error }) =>
  Math.abs(late) < MAX_LATE_MS && Math.abs(error) < MAX_ERROR_MS;

/** Another process: other clocks, begun anywhere. */
async function restart(server, id, source, start) {
  const { tracks } = await server.api.read(id);
  await source.kill();
  await server.api.waitState(id, 'lost');
  const next = start();
  await waitFor('both tracks have begun anew', async () => {
    const now = await server.api.read(id);
    return now.tracks.every((track, i) => track.restarts > tracks[i].restarts);
  }, { timeoutMs: 20000 });
  return next;
}

for (const [id, lane] of [['rtp', 'direct'], ['rtsp', 'webrtcbin']]) {
  test(`${id}, lane=${lane}: flash and beep are together, and are so after ten restarts`,
    { timeout: 400000 }, scoped(async (scope, t) => {
      const server = await startServer(scope, {
        config: `${LOOPBACK}[fanout]\nlane=${lane}\n[rtsp]\nlisten=127.0.0.1:0\n`,
      });
      const start = await sources[id](scope, server);
      let source = start();
      await server.api.waitState(id, 'live', { timeoutMs: 20000 });
      const page = await openViewerPage(scope, browser, server.url);
      const viewer = await Viewer.watch(scope, page, { url: server.whep(id) });
      const lips = await Lips.watch(viewer);
      const early = await lips.settle('flash and beep are together', isTogether);
      t.diagnostic(`the picture against its sound, in ms: ${JSON.stringify(early)}`);
      for (let i = 0; i < RESTARTS; i += 1) {
        source = await restart(server, id, source, start);
        await viewer.frames(10);
      }
      const end = await lips.settle('they are together as before', (seen) =>
        isTogether(seen) && Math.abs(seen.error - early.error) < MAX_DRIFT_MS);
      t.diagnostic(`after ${RESTARTS} restarts: ${JSON.stringify(end)}`);
      assert.deepEqual(page.problems, []);
    }));
}
