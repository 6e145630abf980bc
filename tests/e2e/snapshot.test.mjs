// SPDX-License-Identifier: MIT
//
// snapshot.jpg: the newest key frame of a mountpoint as a picture, made when
// somebody asks and once for all who do.

import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { after, before, describe, test } from 'node:test';

import { assertProblem } from './lib/api.mjs';
import { launchBrowser, openViewerPage } from './lib/browser.mjs';
import { VIDEO, clipMountpoint } from './lib/clip-source.mjs';
import { createMountpoint, liveMountpoint } from './lib/fixture.mjs';
import { request } from './lib/http.mjs';
import { threads } from './lib/proc.mjs';
import { scoped, suiteScope } from './lib/scope.mjs';
import { LOOPBACK, startServer } from './lib/server.mjs';
import { waitFor } from './lib/wait.mjs';

const LIMIT = { timeout: 90000 };
const suite = suiteScope(after);
let server;
let browser;

before(async () => {
  server = await startServer(suite);
  browser = await launchBrowser(suite);
});

/** Left half red, right half blue. */
const HALVES = ['-re', '-f', 'lavfi', '-i',
  'color=red:size=640x720:rate=25[a];color=blue:size=640x720:rate=25[b];[a][b]hstack'];
const ENCODER = {
  H264: ['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency',
    '-pix_fmt', 'yuv420p', '-b:v', '600k'],
  VP8: ['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-b:v', '600k'],
};

const halves = (scope, at, id, { codec = 'H264', gop = 250 } = {}) =>
  clipMountpoint(scope, at, id,
    { inputs: HALVES, video: [...ENCODER[codec], '-g', String(gop)] });

const path = (id, query = '') => `/api/v1/mountpoints/${id}/snapshot.jpg${query}`;
const snapshot = (at, id, query, options) => at.api.call('GET', path(id, query), undefined, options);
const counters = async (at) => (await at.api.server()).snapshots;

/** What Chromium makes of it: its size, and the colours of points in percent. */
async function decodeInBrowser(scope, at, id, query, points) {
  const page = await openViewerPage(scope, browser, at.url);
  return page.evaluate(async ({ url, token, spots }) => {
    const answer = await fetch(url, { headers: { Authorization: `Bearer ${token}` } });
    const picture = await createImageBitmap(await answer.blob());
    const canvas = new OffscreenCanvas(picture.width, picture.height);
    const context = canvas.getContext('2d');
    context.drawImage(picture, 0, 0);
    return {
      status: answer.status,
      type: answer.headers.get('content-type'),
      width: picture.width,
      height: picture.height,
      colours: spots.map(([x, y]) => [...context.getImageData(
        Math.floor(picture.width * x / 100), Math.floor(picture.height * y / 100), 1, 1)
        .data.slice(0, 3)]),
    };
  }, { url: at.url + path(id, query), token: at.token, spots: points });
}

function assertColour(seen, wanted) {
  assert.ok(seen.every((value, i) => Math.abs(value - wanted[i]) < 24),
    `${seen} is not ${wanted}`);
}

describe('the picture', () => {
  for (const codec of ['H264', 'VP8']) {
    test(`of ${codec}, as Chromium shows it`, LIMIT, scoped(async (scope) => {
      await halves(scope, server, `shown-${codec}`, { codec });
      for (const [query, width, height] of [['', 640, 360], ['?width=320', 320, 180],
        ['?width=1920', 1280, 720]]) {
        const seen = await decodeInBrowser(scope, server, `shown-${codec}`, query,
          [[25, 50], [75, 50]]);
        assert.equal(seen.status, 200);
        assert.equal(seen.type, 'image/jpeg');
        assert.deepEqual([seen.width, seen.height], [width, height]);
        assertColour(seen.colours[0], [255, 0, 0]);
        assertColour(seen.colours[1], [0, 0, 255]);
      }
    }));
  }

  test('of what is encoded anew is there while nobody watches', LIMIT, scoped(async (scope) => {
    await clipMountpoint(scope, server, 'anew', { video: VIDEO.referenced });
    await waitFor('it is to be encoded anew', async () => {
      const { tracks: [track] } = await server.api.read('anew');
      return track.conversion?.bframes === 'transcode' && track.conversion.state === 'sleeping';
    }, { timeoutMs: 20000 });
    const seen = await waitFor('a picture', async () => {
      const answer = await snapshot(server, 'anew');
      return answer.status === 200 && answer;
    });
    assert.deepEqual([...seen.bytes.subarray(0, 3)], [0xff, 0xd8, 0xff]);
    assert.equal((await server.api.read('anew')).tracks[0].conversion.state, 'sleeping');
  }));

  test('is a newer one after a newer key frame, and none when the source is gone', LIMIT,
    scoped(async (scope) => {
      const source = await liveMountpoint(scope, server, 'newer',
        { audio: false, source_timeout_ms: 500 }, { gop: 25 });
      const first = await snapshot(server, 'newer');
      assert.equal(first.status, 200, first.text);
      await waitFor('a newer picture', async () => {
        const next = await snapshot(server, 'newer');
        return next.headers.etag !== first.headers.etag && !next.bytes.equals(first.bytes);
      });
      await source.pusher.stop();
      await server.api.waitState('newer', 'lost');
      const gone = await snapshot(server, 'newer');
      assertProblem(gone, 409, /no key frame now: it is lost/);
      assert.match(gone.headers['retry-after'], /^\d+$/);
    }));
});

describe('when it is made', () => {
  test('not before somebody asks, and once for all who do', LIMIT, scoped(async (scope) => {
    const own = await startServer(scope);
    await halves(scope, own, 'once');
    assert.equal((await counters(own)).decoded, 0);
    const answers = await Promise.all(Array.from({ length: 20 }, () => snapshot(own, 'once')));
    for (const answer of answers) {
      assert.equal(answer.status, 200, answer.text);
      assert.ok(answer.bytes.equals(answers[0].bytes));
      assert.equal(answer.headers.etag, answers[0].headers.etag);
      assert.equal(answer.headers['cache-control'], 'private, max-age=1');
    }
    assert.equal((await snapshot(own, 'once')).status, 200);
    const after = await counters(own);
    assert.equal(after.decoded, 1);
    assert.ok(after.cached >= 1);
    assert.equal(after.held_bytes > answers[0].bytes.length, true);

    await snapshot(own, 'once', '?width=100');
    assert.equal((await counters(own)).decoded, 2, 'another size is another picture');
    await own.api.destroy('once');
    assert.equal((await counters(own)).held_bytes, 0, 'it is forgotten with its mountpoint');
  }));

  test('a client that has it is told so', LIMIT, scoped(async (scope) => {
    await halves(scope, server, 'known');
    const { headers: { etag } } = await snapshot(server, 'known');
    assert.match(etag, /^"[0-9a-f]{16}"$/);
    for (const field of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const answer = await snapshot(server, 'known', '', { headers: { 'If-None-Match': field } });
      assert.equal(answer.status, 304, field);
      assert.equal(answer.bytes.length, 0);
      assert.equal(answer.headers.etag, etag);
    }
    const other = await snapshot(server, 'known', '', { headers: { 'If-None-Match': '"other"' } });
    assert.equal(other.status, 200);
    const head = await server.api.call('HEAD', path('known'));
    assert.equal(head.status, 200);
    assert.equal(head.bytes.length, 0);
  }));

  test('nothing of it is left but the picture', LIMIT, scoped(async (scope) => {
    const own = await startServer(scope);
    await halves(scope, own, 'left');
    await snapshot(own, 'left');
    const before = threads(own.pid);
    for (let width = 200; width < 230; width += 1) {
      assert.equal((await snapshot(own, 'left', `?width=${width}`)).status, 200);
    }
    await waitFor('its threads are gone', () => threads(own.pid) <= before,
      { timeoutMs: 15000 });
    const { running, waiting } = await counters(own);
    assert.deepEqual({ running, waiting }, { running: 0, waiting: 0 });
  }));
});

/** RTP of a VP8 key frame whose header is good and whose rest is noise. */
function noise(sequence) {
  const header = Buffer.from([0x80, 0xe0, sequence >> 8, sequence & 255,
    0, sequence, 0, 0, 1, 2, 3, 4]);
  const frame = Buffer.alloc(800);
  Buffer.from([0x10, 0x10, 0xff, 0x7f, 0x9d, 0x01, 0x2a, 0xb0, 0, 0x90, 0]).copy(frame);
  return Buffer.concat([header, frame]);
}

describe('refusals', () => {
  test('who may, and what there is no picture of', LIMIT, scoped(async (scope) => {
    await createMountpoint(scope, server, 'idle', { audio: false, manage_token: 'its-own-token' });
    await createMountpoint(scope, server, 'sound', { video: null });
    assertProblem(await snapshot(server, 'idle', '', { token: null }), 401, /token/);
    assertProblem(await snapshot(server, 'sound', '', { token: 'its-own-token' }), 401);
    assertProblem(await snapshot(server, 'idle', '', { token: 'its-own-token' }), 409, /idle/);
    assertProblem(await snapshot(server, 'nobody'), 404, /nobody/);
    assertProblem(await snapshot(server, 'sound'), 404, /has no video/);
    for (const width of ['15', '1921', 'wide', '-1', '']) {
      assertProblem(await snapshot(server, 'idle', `?width=${width}`), 400, /16 to 1920/);
    }
    await server.api.ok('POST', '/api/v1/mountpoints/idle/disable');
    assertProblem(await snapshot(server, 'idle'), 403, /disabled/);
    const post = await server.api.call('POST', path('idle'), {});
    assert.equal(post.status, 405);
  }));

  test('what cannot be decoded says so, and is not tried again and again', LIMIT,
    scoped(async (scope) => {
      const made = await createMountpoint(scope, server, 'noise', { video: 'VP8', audio: false });
      const socket = dgram.createSocket('udp4');
      let sequence = 0;
      const timer = setInterval(() => {
        socket.send(noise(sequence += 1), made.tracks[0].port, '127.0.0.1');
      }, 40);
      scope.defer(() => { clearInterval(timer); socket.close(); });
      await server.api.waitState('noise', 'live');
      const { failed } = await counters(server);
      const answers = [];
      for (let i = 0; i < 5; i += 1) {
        answers.push(await snapshot(server, 'noise'));
      }
      for (const answer of answers) {
        assertProblem(answer, 409, /key frame cannot be decoded \(damaged, or encrypted/);
      }
      assert.equal((await counters(server)).failed, failed + 1);
    }));

  test('too many sizes at once, and none at all', LIMIT, scoped(async (scope) => {
    const one = await startServer(scope,
      { config: `${LOOPBACK}[limits]\nmax-snapshot-decoders=1\n` });
    await halves(scope, one, 'many');
    const answers = await Promise.all(Array.from({ length: 60 }, (_, i) =>
      snapshot(one, 'many', `?width=${600 + i}`)));
    const refused = answers.filter(({ status }) => status !== 200);
    assert.ok(refused.length > 0 && refused.length < 60, `${refused.length} were refused`);
    for (const answer of refused) {
      assertProblem(answer, 429, /4 pictures/);
      assert.match(answer.headers['retry-after'], /^\d+$/);
    }
    assert.equal((await snapshot(one, 'many')).status, 200, 'and then it goes on');

    const none = await startServer(scope,
      { config: `${LOOPBACK}[limits]\nmax-snapshot-decoders=0\n` });
    await createMountpoint(scope, none, 'none', { audio: false });
    assertProblem(await snapshot(none, 'none'), 403, /max-snapshot-decoders is 0/);
  }));

  test('who waits when the server stops is answered', LIMIT, scoped(async (scope) => {
    const own = await startServer(scope,
      { config: `${LOOPBACK}[limits]\nmax-snapshot-decoders=1\n` });
    await halves(scope, own, 'stops');
    const asked = Promise.all(Array.from({ length: 4 }, (_, i) =>
      request(`${own.url}${path('stops', `?width=${700 + i}`)}`,
        { headers: { Authorization: `Bearer ${own.token}` } }).then(({ status }) => status,
        () => 'refused')));
    assert.equal((await own.stop()).code, 0);
    for (const status of await asked) {
      assert.ok([200, 404, 409, 503, 'refused'].includes(status), String(status));
    }
  }));
});
