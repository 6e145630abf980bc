// SPDX-License-Identifier: MIT
//
// What browsers do not play, made playable once for all who watch: sound that is
// not Opus, pictures with B-frames.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { launchBrowser, openViewerPage, Viewer } from './lib/browser.mjs';
import { AUDIO, VIDEO, clipMountpoint } from './lib/clip-source.mjs';
import { threads as threadCount } from './lib/proc.mjs';
import { scoped, suiteScope } from './lib/scope.mjs';
import { assertProblem } from './lib/api.mjs';
import { startServer } from './lib/server.mjs';
import { waitFor } from './lib/wait.mjs';

const LIMIT = { timeout: 90000 };
const suite = suiteScope(after);
let server;
let browser;

before(async () => {
  server = await startServer(suite);
  browser = await launchBrowser(suite);
});

async function watch(scope, id, options = {}) {
  const page = await openViewerPage(scope, browser, server.url);
  return Viewer.watch(scope, page, { url: server.whep(id), ...options });
}

async function track(id, media) {
  const mountpoint = await server.api.read(id);
  return mountpoint.tracks.find((one) => one.media === media);
}

/** Waits until the conversion of a track is in `state`; returns the track. */
function conversionIs(id, media, state, more = () => true) {
  return waitFor(`the conversion of ${id}'s ${media} is ${state}`, async () => {
    const one = await track(id, media);
    if (one.conversion?.state !== state || !more(one)) {
      throw new Error(JSON.stringify({ conversion: one.conversion, stream: one.stream }));
    }
    return one;
  }, { timeoutMs: 20000 });
}

describe('sound', () => {
  for (const [name, audio] of Object.entries(AUDIO)) {
    test(`${name} is heard [M-24]`, LIMIT, scoped(async (scope) => {
      const id = `audio-${name.replace(/[^A-Za-z0-9]+/g, '-')}`;
      await clipMountpoint(scope, server, id, { video: VIDEO.plain, audio });
      const viewer = await watch(scope, id);
      await viewer.frames(10);
      await viewer.tone([440]);
      const { conversion } = await conversionIs(id, 'audio', 'running');
      assert.equal(conversion.to, 'opus');
      assert.equal((await track(id, 'video')).conversion, null);
    }));
  }
});

describe('when sound is converted', () => {
  test('only while somebody watches, once for all, and again', LIMIT, scoped(async (scope) => {
    await clipMountpoint(scope, server, 'watched', { audio: AUDIO.AAC });
    assert.equal((await track('watched', 'audio')).conversion.state, 'sleeping');
    const threads = threadCount(server.pid);
    for (let round = 1; round <= 3; round += 1) {
      const viewers = await Promise.all([1, 2].map(() =>
        watch(scope, 'watched', { kinds: ['audio'] })));
      await Promise.all(viewers.map((viewer) => viewer.tone([440])));
      const { conversion } = await conversionIs('watched', 'audio', 'running');
      assert.equal(conversion.starts, round);
      assert.equal(conversion.failures, 0);
      assert.ok(conversion.cpu_ms > 0);
      await Promise.all(viewers.map((viewer) => viewer.remove()));
      await server.api.waitViewers('watched', 0);
      await conversionIs('watched', 'audio', 'sleeping');
      await waitFor('its threads are gone', () => threadCount(server.pid) <= threads,
        { timeoutMs: 15000 });
    }
  }));

  test('it goes on when the source starts again', LIMIT, scoped(async (scope) => {
    const source = await clipMountpoint(scope, server, 'again',
      { video: VIDEO.plain, audio: AUDIO.AAC });
    const viewer = await watch(scope, 'again');
    await viewer.tone([440]);
    for (let round = 0; round < 3; round += 1) {
      await source.pusher.stop();
      await server.api.waitState('again', 'lost', { timeoutMs: 15000 });
      source.pusher = (await source.start()).child;
      await server.api.waitState('again', 'live', { timeoutMs: 15000 });
      await viewer.frames(25);
      await viewer.tone([440]);
    }
    assert.equal((await track('again', 'audio')).conversion.failures, 0);
  }));

  test('what its parameters do not say is refused', LIMIT, async () => {
    const answer = await server.api.call('POST', '/api/v1/mountpoints', {
      id: 'no-config', kind: 'rtp',
      tracks: [{ media: 'audio', codec: 'AAC', clock_rate: 44100, payload_type: 97 }],
    });
    assertProblem(answer, 422, /config=/);
  });
});

/** Frames decoded of those that came, over a hundred of them. */
async function decodedShare(viewer) {
  const first = await viewer.stats();
  return waitFor('a hundred frames come', async () => {
    const stats = await viewer.stats();
    const received = stats.framesReceived - first.framesReceived;
    if (received < 100) {
      throw new Error(JSON.stringify(stats));
    }
    return { share: (stats.framesDecoded - first.framesDecoded) / received, stats };
  }, { timeoutMs: 30000 });
}

describe('B-frames', () => {
  const WHAT = [
    { kind: 'plain', policy: 'auto', done: null },
    { kind: 'disposable', policy: 'pass', done: null, stutters: true },
    { kind: 'disposable', policy: 'drop', done: 'drop' },
    { kind: 'disposable', policy: 'auto', done: 'drop' },
    { kind: 'referenced', policy: 'pass', done: null, stutters: true },
    { kind: 'referenced', policy: 'transcode', done: 'transcode' },
    { kind: 'referenced', policy: 'auto', done: 'transcode' },
  ];

  for (const { kind, policy, done, stutters } of WHAT) {
    test(`${kind}, ${policy}: ${stutters ? 'hardly plays' : 'plays'} [M-14]`, LIMIT,
      scoped(async (scope) => {
        const id = `b-${kind}-${policy}`;
        await clipMountpoint(scope, server, id, { video: VIDEO[kind] }, { bframes: policy });
        await waitFor('the stream is known', async () =>
          (await track(id, 'video')).stream.b_frames === (kind === 'plain' ? 'none' : kind));
        const viewer = await watch(scope, id, { kinds: ['video'] });
        await waitFor('frames come', async () => (await viewer.stats()).framesReceived > 10);
        const { share } = await decodedShare(viewer);
        const { conversion } = await track(id, 'video');
        assert.equal(conversion?.bframes ?? null, done);
        if (stutters) {
          assert.ok(share < 0.5, `${share} of the frames were decoded`);
        } else {
          assert.ok(share > 0.9, `only ${share} of the frames were decoded`);
        }
        if (done === 'drop') {
          assert.ok(conversion.frames_dropped > 0);
        }
        if (done === 'transcode') {
          assert.ok(conversion.cpu_ms > 0);
        }
      }));
  }

  test('a picture is encoded anew only while somebody watches', LIMIT,
    scoped(async (scope) => {
      await clipMountpoint(scope, server, 'b-watched', { video: VIDEO.referenced });
      await conversionIs('b-watched', 'video', 'sleeping',
        ({ conversion }) => conversion.bframes === 'transcode');
      for (let round = 1; round <= 2; round += 1) {
        const viewer = await watch(scope, 'b-watched', { kinds: ['video'] });
        await viewer.frames(25);
        await viewer.remove();
        const { conversion } = await conversionIs('b-watched', 'video', 'sleeping');
        assert.equal(conversion.starts, round);
      }
    }));
});
