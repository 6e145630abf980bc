// SPDX-License-Identifier: MIT
//
// kind=rtsp: a camera (tests/e2e/camera) that does what cameras do, the real
// program, a real browser.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { assertProblem } from './lib/api.mjs';
import { launchBrowser, openViewerPage, Viewer } from './lib/browser.mjs';
import { makeCertificate, startCamera } from './lib/camera.mjs';
import { descriptors, threads } from './lib/proc.mjs';
import { scoped, suiteScope } from './lib/scope.mjs';
import { startServer } from './lib/server.mjs';
import { waitFor } from './lib/wait.mjs';

const LIMIT = { timeout: 90000 };
const LONG = { timeout: 180000 };
const RESTARTS = 10;
/** A small picture: some of these run two cameras at once. */
const SMALL = { size: '320x240', fps: '15', gop: '15', bitrate: '300' };
const LOGIN = { username: 'admin', password: 'secret' };

const suite = suiteScope(after);
let server;
let browser;

before(async () => {
  server = await startServer(suite);
  browser = await launchBrowser(suite);
});

async function pull(scope, id, url, keys = {}) {
  const mountpoint = await server.api.create(
    { id, kind: 'rtsp', url, on_demand: false, ...keys });
  scope.defer(() => server.api.call('DELETE', `/api/v1/mountpoints/${id}`));
  return mountpoint;
}

/** A camera, and a mountpoint that is live from it. */
async function liveCamera(scope, id, settings = {}, keys = {}) {
  const camera = await startCamera(scope, { ...SMALL, ...settings });
  await pull(scope, id, camera.url(), keys);
  await server.api.waitState(id, 'live');
  return camera;
}

async function watch(scope, id, options = {}) {
  const page = await openViewerPage(scope, browser, server.url);
  return Viewer.watch(scope, page, { url: server.whep(id), ...options });
}

/** Until its reason is like `pattern`; returns the mountpoint. */
function waitReason(id, pattern, options) {
  return waitFor(`mountpoint ${id} says ${pattern}`, async () => {
    const mountpoint = await server.api.read(id);
    if (!pattern.test(mountpoint.reason ?? '')) {
      throw new Error(`${mountpoint.state} (${mountpoint.reason})`);
    }
    return mountpoint;
  }, { timeoutMs: 15000, ...options });
}

describe('transports', () => {
  for (const transport of ['tcp', 'udp']) {
    test(`${transport}: frames decoded, 440 Hz heard`, LIMIT, scoped(async (scope) => {
      const camera = await liveCamera(scope, `by-${transport}`, {}, { transport });
      assert.equal(camera.count(new RegExp(`^setup \\d ${transport}$`)), 2);
      assert.equal(camera.count(/^setup/), 2);
      const viewer = await watch(scope, `by-${transport}`);
      await viewer.frames(30);
      await viewer.tone([440]);
    }));
  }

  test('auto: UDP when it works', LIMIT, scoped(async (scope) => {
    const camera = await liveCamera(scope, 'auto-udp');
    assert.equal(camera.count(/^setup \d udp$/), 2);
    assert.equal(camera.count(/^setup \d tcp$/), 0);
  }));

  test('auto: UDP that is dropped becomes TCP within 3 s, and stays', LIMIT,
    scoped(async (scope) => {
      const camera = await startCamera(scope, { ...SMALL, udp: 'dropped' });
      await pull(scope, 'dropped', camera.url());
      await camera.waitCount(/^play$/, 1);
      const since = Date.now();
      await server.api.waitState('dropped', 'live');
      // rtspsrc by itself would wait for 5 s, and then begin anew.
      assert.ok(Date.now() - since < 5000, `live after ${Date.now() - since} ms`);
      assert.equal(camera.count(/^setup \d udp$/), 2);
      assert.equal(camera.count(/^setup \d tcp$/), 2);
      await (await watch(scope, 'dropped')).frames(20);

      await camera.command('drop');
      await camera.waitCount(/^setup \d tcp$/, 4, { timeoutMs: 15000 });
      assert.equal(camera.count(/^setup \d udp$/), 2);
      await server.api.waitState('dropped', 'live');
    }));

  test('auto: a camera of one transport only', LIMIT, scoped(async (scope) => {
    await liveCamera(scope, 'tcp-only', { transport: 'tcp' });
    await liveCamera(scope, 'udp-only', { transport: 'udp' });
  }));

  test('what does not arrive, or is not offered, is said', LIMIT, scoped(async (scope) => {
    const dropping = await startCamera(scope, { ...SMALL, udp: 'dropped' });
    await pull(scope, 'lossy', dropping.url(), { transport: 'udp' });
    await waitReason('lossy', /nothing comes by UDP.*set transport to tcp/);
    const other = await startCamera(scope, { ...SMALL, transport: 'udp' });
    await pull(scope, 'no-tcp', other.url(), { transport: 'tcp' });
    const { state } = await waitReason('no-tcp', /\(461\): set transport/);
    assert.equal(state, 'failed');
  }));

  test('RTSPS: the certificate is trusted by its fingerprint', LIMIT,
    scoped(async (scope) => {
      const camera = await startCamera(scope, { ...SMALL, tls: makeCertificate(scope) });
      assert.match(camera.url(), /^rtsps:/);
      await pull(scope, 'tls', camera.url());
      const { reason, state } = await waitReason('tls', /set tls_fingerprint to/);
      assert.equal(state, 'failed');
      assert.equal(camera.count(/^describe/), 0, 'nothing was asked of it');
      const [fingerprint] = /[0-9a-f]{64}/.exec(reason);
      await server.api.edit('tls', { tls_fingerprint: fingerprint });
      await server.api.waitState('tls', 'live', { timeoutMs: 15000 });
      assert.equal(camera.count(/^setup \d tcp$/), 2, 'UDP would not be encrypted');
      await (await watch(scope, 'tls')).frames(20);
    }));
});

describe('codecs', () => {
  test('packets of 1400 bytes reach the browser', LIMIT, scoped(async (scope) => {
    await liveCamera(scope, 'large',
      { size: '640x360', bitrate: '2000', mtu: '1400' }, { transport: 'tcp' });
    const viewer = await watch(scope, 'large');
    await viewer.frames(40);
    assert.equal((await viewer.stats()).lost, 0);
  }));

  test('parameter sets that are in the SDP alone', LIMIT, scoped(async (scope) => {
    await liveCamera(scope, 'sprop', { 'parameter-sets': 'sdp' });
    await (await watch(scope, 'sprop')).frames(20);
  }));

  test('H.265 is live; G.711 is heard', LIMIT, scoped(async (scope) => {
    await liveCamera(scope, 'h265', { video: 'h265', audio: 'pcmu' });
    const { tracks } = await server.api.read('h265');
    assert.deepEqual(tracks.map(({ codec }) => codec), ['H265', 'PCMU']);
    assert.ok(tracks[0].has_start);
    await (await watch(scope, 'h265', { kinds: ['audio'] })).tone([440]);
  }));

  test('sound alone', LIMIT, scoped(async (scope) => {
    await liveCamera(scope, 'sound', { video: 'none', audio: 'pcma' });
    await (await watch(scope, 'sound', { kinds: ['audio'] })).tone([440]);
  }));

  test('a second video and metadata are not set up', LIMIT, scoped(async (scope) => {
    const camera = await liveCamera(scope, 'second', { second: 'both' });
    assert.equal(camera.count(/^setup/), 2);
    assert.equal(camera.count(/^setup [01] /), 2);
  }));

  test('what browsers do not play is named', LIMIT, scoped(async (scope) => {
    const camera = await startCamera(scope, { ...SMALL, video: 'jpeg', audio: 'none' });
    await pull(scope, 'jpeg', camera.url());
    const { state } = await waitReason('jpeg', /its video is JPEG/);
    assert.equal(state, 'failed');
    assert.equal(camera.count(/^setup/), 0);
  }));

  test('another resolution in the middle: the browser follows [M-35]', LIMIT,
    scoped(async (scope) => {
      const camera = await liveCamera(scope, 'resized');
      const viewer = await watch(scope, 'resized');
      await viewer.frames(20);
      await camera.set({ size: '480x272' });
      await waitFor('the browser shows 480 x 272', async () => {
        const { width, height } = await viewer.stats();
        return width === 480 && height === 272;
      });
      await viewer.frames(20);
    }));

  test('another codec after a reconnect: viewers are told to come again [M-34]', LIMIT,
    scoped(async (scope) => {
      const camera = await liveCamera(scope, 'recoded');
      const viewer = await watch(scope, 'recoded');
      await viewer.frames(10);
      await camera.set({ video: 'vp8' });
      await camera.command('drop');
      await viewer.ended({ timeoutMs: 20000 });
      await waitFor('the mountpoint has VP8', async () => {
        const { state, tracks } = await server.api.read('recoded');
        return state === 'live' && tracks[0].codec === 'VP8';
      });
      const again = await waitFor('VP8 in the browser', async () => {
        const second = await watch(scope, 'recoded');
        return second.frames(20);
      });
      assert.equal(again.videoCodec, 'video/VP8');
    }));
});

describe('passwords', () => {
  for (const auth of ['digest', 'basic']) {
    test(`${auth}, in keys and in the URL`, LIMIT, scoped(async (scope) => {
      const camera = await liveCamera(scope, `key-${auth}`, { auth }, LOGIN);
      const url = camera.url({ user: 'admin', password: 'secret' });
      const mountpoint = await pull(scope, `url-${auth}`, url);
      assert.equal(mountpoint.url, url.replace('secret', '***'));
      await server.api.waitState(`url-${auth}`, 'live');
      assert.equal((await server.api.read(`key-${auth}`)).password, '***');
      assert.ok(!server.log.some((line) => line.includes('secret')), 'not in the log');
    }));
  }

  test('401, and the right password after a PATCH', LIMIT, scoped(async (scope) => {
    const camera = await startCamera(scope, { ...SMALL, auth: 'digest' });
    await pull(scope, 'locked', camera.url());
    const { state } = await waitReason('locked', /set username and password/);
    assert.equal(state, 'failed');
    const asked = camera.count(/^describe/);
    await server.api.edit('locked', { ...LOGIN, password: 'wrong' });
    await waitReason('locked', /refuses this user name or password \(401\)/);
    // Once without and once with the password: cameras lock out who tries on.
    assert.equal(camera.count(/^describe/), asked + 2);
    await server.api.edit('locked', LOGIN);
    await server.api.waitState('locked', 'live', { timeoutMs: 15000 });
    // Read and written back, it is still the same.
    await server.api.edit('locked', { password: '***', title: 'Locked' });
    await server.api.waitState('locked', 'live');
  }));

  test('a password that changes while it plays, and back', LIMIT,
    scoped(async (scope) => {
      const camera = await liveCamera(scope, 'changed', { auth: 'digest' }, LOGIN);
      await camera.set({ password: 'other' });
      await camera.command('drop');
      const { state } = await waitReason('changed', /\(401\)/);
      assert.equal(state, 'failed');
      await camera.set({ password: 'secret' });
      await server.api.waitState('changed', 'live', { timeoutMs: 30000 });
    }));
});

describe('what goes wrong', () => {
  test('URLs that are none are refused when they are given', LIMIT, async () => {
    for (const [url, pattern] of [
      ['http://127.0.0.1/', /must begin with rtsp:\/\/ or rtsps:\/\//],
      ['file:///etc/passwd', /must begin with/],
      ['rtsp:///stream', /no host/],
      ['rtsp://127.0.0.1:0/', /port 0/],
      ['rtsp://127.0.0.1:99999/', /no URL/],
      ['rtsp://127.0.0.1/\r\nX: y', /visible ASCII/],
      [`rtsp://127.0.0.1/${'a'.repeat(3000)}`, /2048/],
      ['', /url/],
    ]) {
      const answer = await server.api.call('POST', '/api/v1/mountpoints',
        { id: 'bad', kind: 'rtsp', url });
      assertProblem(answer, 422, pattern);
    }
    assert.equal((await server.api.call('GET', '/api/v1/mountpoints/bad')).status, 404);
  });

  test('nobody there, no such name, no RTSP: in words', LIMIT, scoped(async (scope) => {
    await pull(scope, 'off', 'rtsp://127.0.0.1:1/live');
    await waitReason('off', /127\.0\.0\.1:1 refuses the connection/);
    await pull(scope, 'nameless', 'rtsp://camera.invalid/live');
    await waitReason('nameless', /camera\.invalid:554 is not known \(DNS\)/);
    await pull(scope, 'web', `rtsp://127.0.0.1:${server.port}/live`);
    await waitReason('web', /does not answer OPTIONS: is this an RTSP port/);
  }));

  test('404 and 503 of the camera, and it comes', LIMIT, scoped(async (scope) => {
    const camera = await startCamera(scope, { ...SMALL, status: '404' });
    await pull(scope, 'path', camera.url());
    const { state } = await waitReason('path', /\(404\): check the path/);
    assert.equal(state, 'failed');
    await camera.set({ status: '503' });
    assert.equal((await waitReason('path', /\(503\)/)).state, 'starting');
    await camera.set({ status: '200' });
    await server.api.waitState('path', 'live', { timeoutMs: 30000 });
  }));

  test('redirects to another host are not followed', LIMIT, scoped(async (scope) => {
    const target = await startCamera(scope, SMALL);
    const camera = await startCamera(scope, { ...SMALL, redirect: target.url() });
    await pull(scope, 'redirected', camera.url());
    const { state } = await waitReason('redirected', /redirects to rtsp:.*not followed/);
    assert.equal(state, 'failed');
    assert.equal(target.count(/^connect/), 0);
  }));

  test('a camera that hangs disturbs no other', LIMIT, scoped(async (scope) => {
    await liveCamera(scope, 'fine');
    const viewer = await watch(scope, 'fine');
    const camera = await startCamera(scope, SMALL);
    await camera.command('hang');
    await pull(scope, 'hanging', camera.url());
    await waitReason('hanging', /does not answer OPTIONS/);
    await viewer.frames(30);
    const before = Date.now();
    await server.api.destroy('hanging');
    assert.ok(Date.now() - before < 2000);
    await viewer.frames(15);
  }));

  test('a camera that stops altogether, in the middle: lost, and back', LIMIT,
    scoped(async (scope) => {
      const other = await liveCamera(scope, 'awake');
      const camera = await liveCamera(scope, 'frozen', {}, { transport: 'tcp' });
      const viewer = await watch(scope, 'frozen');
      await viewer.frames(10);
      camera.signal('SIGSTOP');
      await server.api.waitState('frozen', 'lost');
      await (await watch(scope, 'awake')).frames(15);
      camera.signal('SIGCONT');
      await server.api.waitState('frozen', 'live', { timeoutMs: 30000 });
      await viewer.frames(15);
      assert.equal(other.clients, 1);
    }));
});

describe('continuity', () => {
  for (const transport of ['tcp', 'udp']) {
    test(`${transport}: a camera that stalls is lost, and comes back`, LIMIT,
      scoped(async (scope) => {
        const id = `stall-${transport}`;
        const camera = await liveCamera(scope, id, {}, { transport });
        const viewer = await watch(scope, id);
        const first = await viewer.frames(15);
        await camera.command('stall');
        await waitReason(id, /no packets for 2000 ms/);
        assert.equal((await server.api.read(id)).state, 'lost');
        await camera.command('go');
        await server.api.waitState(id, 'live', { timeoutMs: 30000 });
        const second = await viewer.frames(15);
        assert.deepEqual(second.ssrcs.sort(), first.ssrcs.sort());
      }));
  }

  test('other numbers and times in the middle of a session', LIMIT,
    scoped(async (scope) => {
      for (const transport of ['tcp', 'udp']) {
        const id = `jump-${transport}`;
        const camera = await liveCamera(scope, id, {}, { transport });
        const viewer = await watch(scope, id);
        await viewer.frames(15);
        await camera.command('jump');
        await viewer.frames(30);
        await viewer.tone([440]);
        assert.equal(camera.count(/^play/), 1, 'without a reconnect');
      }
    }));

  test(`${RESTARTS} restarts of the camera, and the viewer goes on`, LONG,
    scoped(async (scope) => {
      const camera = await liveCamera(scope, 'restarts');
      const viewer = await watch(scope, 'restarts');
      const first = await viewer.frames(15);
      const before = [descriptors(server.pid), threads(server.pid)];
      for (let i = 0; i < RESTARTS; i += 1) {
        await camera.kill();
        await server.api.waitState('restarts', 'lost');
        await camera.start();
        await server.api.waitState('restarts', 'live', { timeoutMs: 15000 });
        await viewer.frames(15);
      }
      await viewer.tone([440]);
      assert.deepEqual((await viewer.stats()).ssrcs.sort(), first.ssrcs.sort());
      await server.api.waitViewers('restarts', 1);
      await waitFor('nothing is left of the former connections', () => {
        const now = [descriptors(server.pid), threads(server.pid)];
        if (now.some((count, index) => count > before[index])) {
          throw new Error(`${before} before, ${now} now`);
        }
        return true;
      });
    }));
});

describe('on demand', () => {
  test('the first viewer waits for it, the last one ends it [W-23]', LIMIT,
    scoped(async (scope) => {
      const camera = await startCamera(scope, SMALL);
      await pull(scope, 'demand', camera.url(),
        { on_demand: true, on_demand_linger_ms: 500 });
      for (let round = 1; round <= 2; round += 1) {
        assert.equal((await server.api.read('demand')).state, 'idle');
        assert.equal(camera.clients, 0, 'nobody watches: no connection');
        const viewer = await watch(scope, 'demand');
        await viewer.frames(15);
        assert.equal(camera.count(/^play/), round);
        assert.equal(await viewer.remove(), 200);
        await server.api.waitState('demand', 'idle');
        await camera.waitClients(0);
      }
    }));

  test('a camera that is off: the viewer is told, and nobody tries on [W-23]', LIMIT,
    scoped(async (scope) => {
      const camera = await startCamera(scope, SMALL);
      await pull(scope, 'absent', camera.url(),
        { on_demand: true, on_demand_timeout_ms: 1500, on_demand_linger_ms: 0 });
      await camera.command('refuse');
      await assert.rejects(watch(scope, 'absent'), /409.*refuses the connection/s);
      await server.api.waitState('absent', 'idle');
      await camera.command('serve');
      await (await watch(scope, 'absent')).frames(15);
    }));
});
