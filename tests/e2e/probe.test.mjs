// SPDX-License-Identifier: MIT
//
// What is it? A source is probed without a mountpoint, and a mountpoint says what
// browsers will not like.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { assertProblem } from './lib/api.mjs';
import { launchBrowser, openPage } from './lib/browser.mjs';
import { startCamera } from './lib/camera.mjs';
import { AUDIO, VIDEO, clipMountpoint, pushClip } from './lib/clip-source.mjs';
import { freeRtpPorts, isUdpFree } from './lib/ports.mjs';
import { scoped, suiteScope } from './lib/scope.mjs';
import { startServer } from './lib/server.mjs';
import { waitFor } from './lib/wait.mjs';

const LIMIT = { timeout: 60000 };
const suite = suiteScope(after);
let server;

before(async () => {
  server = await startServer(suite);
});

const probe = (source, more = {}) =>
  server.api.ok('POST', '/api/v1/probe', { source, ...more });
const codes = ({ diagnosis }) => diagnosis.map(({ code }) => code);
const of = (media, { tracks }) => tracks.find((one) => one.media === media);

describe('probe', () => {
  test('RTP: everything that a stream shows', LIMIT, scoped(async (scope) => {
    const ports = await freeRtpPorts(2);
    const { sdp } = await pushClip(scope,
      { video: VIDEO.referenced, audio: AUDIO.AAC, ports });
    const seen = await probe({ kind: 'rtp', sdp });
    assert.equal(seen.state, 'live');
    assert.equal(seen.complete, true);
    const video = of('video', seen);
    assert.equal(video.codec, 'H264');
    assert.equal(video.stream.profile, 'High');
    assert.deepEqual([video.stream.width, video.stream.height], [640, 360]);
    assert.ok(Math.abs(video.stream.frame_rate - 25) < 3, `${video.stream.frame_rate}`);
    assert.equal(video.stream.key_frame_interval_ms, 960);
    assert.equal(video.stream.b_frames, 'referenced');
    assert.ok(video.stream.bitrate_bps > 50000);
    assert.equal(of('audio', seen).codec, 'AAC');
    assert.deepEqual(codes(seen).sort(), ['b-frames', 'converted']);
    for (const { text, fix, severity } of seen.diagnosis) {
      assert.match(severity, /^(problem|warning|note)$/);
      assert.ok(text.length > 10 && fix.length > 10);
    }
    // It is over: nothing is left of it.
    assert.equal((await server.api.list()).total, 0);
    for (const port of ports) {
      await waitFor(`port ${port} is free`, () => isUdpFree(port));
    }
  }));

  test('RTP that does not come: what is known when the time is up', LIMIT,
    async () => {
      const seen = await probe({ kind: 'rtp', tracks: [{ media: 'video', codec: 'VP8' }] },
        { timeout_ms: 1000 });
      assert.equal(seen.state, 'idle');
      assert.equal(seen.complete, false);
      assert.ok(seen.elapsed_ms >= 1000);
    });

  test('a camera that speaks RTSP', LIMIT, scoped(async (scope) => {
    const camera = await startCamera(scope);
    const seen = await probe({ kind: 'rtsp', url: camera.url() });
    assert.equal(seen.complete, true, JSON.stringify(seen));
    assert.equal(of('video', seen).codec, 'H264');
    assert.ok(of('video', seen).stream.width > 0);
  }));

  test('the test picture has nothing to complain of', LIMIT, async () => {
    const seen = await probe({ kind: 'test' });
    assert.equal(seen.complete, true);
    assert.deepEqual(seen.diagnosis.filter(({ severity }) => severity !== 'note'), []);
  });

  test('what cannot be probed is refused', LIMIT, async () => {
    const post = (value) => server.api.call('POST', '/api/v1/probe', value);
    assertProblem(await post({}), 422, /source/);
    assertProblem(await post({ source: { kind: 'test' }, timeout_ms: 1 }), 422, /timeout_ms/);
    assertProblem(await post({ source: { kind: 'test' }, wait: 1 }), 422, /known keys/);
    assertProblem(await post({ source: { kind: 'test', id: 'a' } }), 422, /leave it out/);
    assertProblem(await post({ source: { kind: 'whip' } }), 422, /cannot be probed/);
    assertProblem(await post({ source: { kind: 'rtsp', url: 'http://a/' } }), 422);
    const foreign = await server.api.call('POST', '/api/v1/probe',
      { source: { kind: 'test' } }, { token: null });
    assert.equal(foreign.status, 401);
  });

  test('only a few at once', LIMIT, async () => {
    const source = { kind: 'rtp', tracks: [{ media: 'video', codec: 'VP8' }] };
    const answers = await Promise.all(Array.from({ length: 6 }, () =>
      server.api.call('POST', '/api/v1/probe', { source, timeout_ms: 1500 })));
    const count = (status) => answers.filter((one) => one.status === status).length;
    assert.deepEqual([count(200), count(503)], [4, 2]);
  });
});

describe('diagnosis of a mountpoint', () => {
  test('key frames too far apart, no sound, and what helps', LIMIT, scoped(async (scope) => {
    const rare = VIDEO.plain.map((word, at, all) => all[at - 1] === '-g' ? '200' : word);
    await clipMountpoint(scope, server, 'rare', { video: rare });
    await waitFor('it says so', async () => {
      const found = codes(await server.api.read('rare'));
      if (!found.includes('key-frames') || !found.includes('no-audio')) {
        throw new Error(found.join());
      }
      return true;
    }, { timeoutMs: 20000 });
    const { diagnosis } = await server.api.read('rare');
    assert.match(diagnosis.find(({ code }) => code === 'key-frames').fix, /-g /);
    const page = await openPage(scope, await launchBrowser(scope));
    await page.goto(`${server.url}/#token=${server.token}`);
    await page.locator('li.mountpoint', { hasText: 'rare' }).getByText('1 warning').waitFor();
    assert.match(await page.locator('li.mountpoint .stream').textContent(), /640×360 · 25 fps/);
    await page.getByRole('link', { name: 'rare', exact: true }).click();
    const finding = page.locator('.finding.warning', { hasText: 'key frame only every' });
    await finding.waitFor();
    assert.match(await finding.locator('.fix').textContent(), /ffmpeg -g/);
    assert.deepEqual(page.problems, []);
  }));
});
