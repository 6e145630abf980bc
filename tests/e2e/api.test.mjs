// SPDX-License-Identifier: MIT
//
// The management API: shapes, refusals, and that nothing is left behind.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';

import { assertProblem } from './lib/api.mjs';
import { launchBrowser, openViewerPage, Viewer } from './lib/browser.mjs';
import { createMountpoint, liveMountpoint, rtpMountpoint } from './lib/fixture.mjs';
import { request } from './lib/http.mjs';
import { bindUdp, freeRtpPorts, isUdpFree } from './lib/ports.mjs';
import { descriptors, residentKiB, threads } from './lib/proc.mjs';
import { scoped, suiteScope } from './lib/scope.mjs';
import { startServer } from './lib/server.mjs';
import { waitFor } from './lib/wait.mjs';

const PATH = '/api/v1/mountpoints';
const LONG = process.env.WHEPCAST_LONG === '1';
const RFC3339_UTC = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

const suite = suiteScope(after);
let server;
let api;

before(async () => {
  server = await startServer(suite);
  api = server.api;
});

const stateFiles = () => readdirSync(server.stateDir, { recursive: true }).sort();

/** A create request of one video track on a port of the test's choice. */
function onPort(id, port, more = {}) {
  return {
    id, kind: 'rtp', ...more,
    tracks: [{ media: 'video', codec: 'H264', port, payload_type: 96 }],
  };
}

describe('life of a mountpoint', () => {
  test('create: 201, Location, the whole object', scoped(async (scope) => {
    const answer = await api.call('POST', PATH, rtpMountpoint('made', { title: 'Made' }));
    scope.defer(() => api.call('DELETE', `${PATH}/made`));
    assert.equal(answer.status, 201, answer.text);
    assert.match(answer.headers['content-type'], /^application\/json\b/);
    const location = new URL(answer.headers.location, server.url);
    assert.equal(location.pathname, `${PATH}/made`);
    const made = answer.json;
    assert.deepEqual(await api.read('made'), made);
    assert.equal(made.id, 'made');
    assert.equal(made.kind, 'rtp');
    assert.equal(made.origin, 'api');
    assert.equal(made.title, 'Made');
    assert.equal(made.state, 'idle');
    assert.equal(made.viewers, 0);
    assert.match(made.since, RFC3339_UTC);
    assert.equal(made.whep_url, `${server.url}/whep/made`);
    assert.equal(made.watch_url, `${server.url}/watch/made`);
    assert.match(made.push, /^ffmpeg /);
    for (const { port } of made.tracks) {
      assert.ok(port >= 20000 && port <= 29999, `port ${port}`);
      assert.ok(made.push.includes(`:${port}`), `${port} in ${made.push}`);
      assert.equal(await isUdpFree(port), false);
    }
  }));

  test('codec names come out in one spelling', scoped(async (scope) => {
    const made = await createMountpoint(scope, server, 'spelling', { video: 'h264' });
    assert.deepEqual(made.tracks.map(({ codec }) => codec), ['H264', 'opus']);
  }));

  test('list, with offset and limit', scoped(async (scope) => {
    for (const id of ['page-1', 'page-2', 'page-3']) {
      await createMountpoint(scope, server, id, { audio: false });
    }
    const all = await api.list();
    assert.equal(all.total, all.items.length);
    assert.ok(all.total >= 3);
    const middle = await api.ok('GET', `${PATH}?offset=1&limit=1`);
    assert.equal(middle.total, all.total);
    assert.deepEqual(middle.items.map(({ id }) => id), [all.items[1].id]);
    const { status } = await api.call('GET', `${PATH}?limit=many`);
    assert.ok(status === 400 || status === 422, String(status));
  }));

  test('edit: every key but id and kind', scoped(async (scope) => {
    await createMountpoint(scope, server, 'edited');
    const edited = await api.edit('edited', { title: 'New', source_timeout_ms: 1234 });
    assert.equal(edited.title, 'New');
    assert.equal(edited.source_timeout_ms, 1234);
    for (const change of [{ id: 'other' }, { kind: 'rtsp' }]) {
      assertProblem(await api.call('PATCH', `${PATH}/edited`, change), 422,
        new RegExp(Object.keys(change)[0]));
    }
    assert.equal((await api.read('edited')).title, 'New');
  }));

  test('tracks that were read can be sent back: nothing is lost, nothing starts anew',
    scoped(async (scope) => {
      const document = await api.ok('GET', '/api/v1/openapi.json');
      const keys = Object.keys(document.components.schemas.TrackKeys.properties);
      const writable = ({ tracks }) => tracks.map((track) =>
        Object.fromEntries(keys.filter((key) => key in track).map((key) => [key, track[key]])));
      const here = { address: '127.0.0.1', source: '127.0.0.1' };
      const { pusher } = await liveMountpoint(scope, server, 'there', { tracks: [
        { media: 'audio', codec: 'opus', payload_type: 111, ...here },
        { media: 'video', codec: 'H264', fmtp: 'packetization-mode=1', ...here }] },
      { size: '320x180', fps: 15 });
      const read = await waitFor('both tracks come', async () => {
        const item = await api.read('there');
        return item.tracks.every(({ sender }) => sender) && item;
      });
      assert.deepEqual(read.tracks.map((track) => [track.media, track.payload_type,
        track.address, track.interface, track.source, track.fmtp]), [
        ['video', null, '127.0.0.1', null, '127.0.0.1', 'packetization-mode=1'],
        ['audio', 111, '127.0.0.1', null, '127.0.0.1', null]]);
      read.tracks.forEach(({ sender }) => assert.match(sender, /^127\.0\.0\.1:\d+$/));
      const back = await api.edit('there', { tracks: writable(read) });
      assert.deepEqual(writable(back), writable(read));
      assert.deepEqual([back.state, back.since], ['live', read.since], 'the source goes on');
      back.tracks.forEach(({ packets, ssrc }, i) => {
        assert.ok(packets >= read.tracks[i].packets, `${packets} packets`);
        assert.equal(ssrc, read.tracks[i].ssrc);
      });
      await pusher.stop();
      const group = { address: '239.255.12.36', interface: 'lo' };
      const { tracks } = await api.edit('there', { tracks: writable(read).map((track) =>
        ({ ...track, ...group })) });
      assert.deepEqual(writable({ tracks }), writable(read).map((track) => ({ ...track, ...group })));
    }));

  test('disable, enable and destroy; the ports follow', scoped(async (scope) => {
    const made = await createMountpoint(scope, server, 'gone');
    const ports = made.tracks.map(({ port }) => port);
    const disabled = await api.ok('POST', `${PATH}/gone/disable`);
    assert.equal(disabled.state, 'disabled');
    const enabled = await api.ok('POST', `${PATH}/gone/enable`);
    assert.notEqual(enabled.state, 'disabled');
    assert.deepEqual(enabled.tracks.map(({ port }) => port), ports, 'ports are kept');
    const answer = await api.call('DELETE', `${PATH}/gone`);
    assert.equal(answer.status, 204);
    assert.equal(answer.text, '');
    await waitFor('the ports are free', async () =>
      (await Promise.all(ports.map(isUdpFree))).every(Boolean));
    assertProblem(await api.call('DELETE', `${PATH}/gone`), 404, /gone/);
  }));

  test('secrets are written and never read back', scoped(async (scope) => {
    const made = await createMountpoint(scope, server, 'secrets',
      { watch_token: 'very-secret' });
    assert.equal(made.watch_token, '***');
    for (const answer of [await api.call('GET', `${PATH}/secrets`),
      await api.call('GET', PATH),
      await api.call('PATCH', `${PATH}/secrets`, { title: 'x' })]) {
      assert.ok(!answer.text.includes('very-secret'));
    }
    // What was read back must not become the secret.
    await api.call('PATCH', `${PATH}/secrets`, { watch_token: '***' });
    const stars = await request(server.whep('secrets'), {
      method: 'POST', headers: { Authorization: 'Bearer ***', 'Content-Type': 'application/sdp' },
      body: 'v=0\r\n',
    });
    assert.equal(stars.status, 401);
    assert.ok(!server.log.some((line) => line.includes('very-secret')));
  }));

  test('a mountpoint from the SDP that ffmpeg prints', scoped(async (scope) => {
    const [video, audio] = await freeRtpPorts(2);
    const sdp = ['SDP:', 'v=0', 'o=- 0 0 IN IP4 127.0.0.1', 's=No Name', 't=0 0',
      'a=tool:libavformat 59.27.100', `m=video ${video} RTP/AVP 96`,
      'c=IN IP4 127.0.0.1', 'a=rtpmap:96 H264/90000',
      'a=fmtp:96 packetization-mode=1', `m=audio ${audio} RTP/AVP 97`,
      'c=IN IP4 127.0.0.1', 'a=rtpmap:97 opus/48000/2', 'a=fmtp:97 sprop-stereo=1',
      ''].join('\n');
    const made = await api.create({ id: 'from-sdp', kind: 'rtp', sdp });
    scope.defer(() => api.call('DELETE', `${PATH}/from-sdp`));
    assert.deepEqual(made.tracks.map(({ port, codec, payload_type: pt }) =>
      [port, codec, pt]), [[video, 'H264', 96], [audio, 'opus', 97]]);
  }));

  test('the server describes itself', async () => {
    const facts = await api.server();
    assert.equal(typeof facts, 'object');
    assert.match(facts.version, /^\d+\.\d+/);
  });
});

describe('refusals', () => {
  test('no token and a wrong one: 401, for every path of the API', async () => {
    for (const [method, path] of [['GET', PATH], ['POST', PATH], ['GET', `${PATH}/x`],
      ['DELETE', `${PATH}/x`], ['GET', '/api/v1/server'], ['GET', '/api/v1/nothing'],
      ['GET', `${PATH}/x/sessions`]]) {
      const none = await api.call(method, path, undefined, { token: '' });
      assertProblem(none, 401);
      assert.match(none.headers['www-authenticate'], /^Bearer\b/);
      assertProblem(await api.call(method, path, undefined, { token: 'wrong' }), 401);
    }
  });

  test('what is open stays open', async () => {
    for (const path of ['/healthz', '/readyz', '/', '/watch/x', '/whep-player.js',
      '/style.css', '/watch.js', '/index.js', '/token.js', '/icon.svg']) {
      assert.equal((await request(server.url + path)).status, 200, path);
    }
  });

  test('pages come with the headers that protect them', async () => {
    for (const path of ['/', '/watch/x']) {
      const { headers } = await request(server.url + path);
      assert.match(headers['content-type'], /^text\/html; *charset=utf-8$/i);
      assert.match(headers['content-security-policy'], /default-src 'self'/);
      assert.equal(headers['x-content-type-options'], 'nosniff');
    }
    const { headers } = await request(`${server.url}/whep-player.js`);
    assert.match(headers['content-type'], /^text\/javascript\b/);
    // Others may import the module.
    assert.equal(headers['access-control-allow-origin'], '*');
  });

  test('an id that is taken: 409', scoped(async (scope) => {
    await createMountpoint(scope, server, 'taken');
    assertProblem(await api.call('POST', PATH, rtpMountpoint('taken')), 409, /taken/);
  }));

  test('a port that is taken, by us or by others: 409', scoped(async (scope) => {
    const other = await bindUdp(scope);
    assertProblem(await api.call('POST', PATH, onPort('late', other.port)), 409,
      new RegExp(String(other.port)));
    const [port] = await freeRtpPorts(1);
    await api.create(onPort('first', port));
    scope.defer(() => api.call('DELETE', `${PATH}/first`));
    assertProblem(await api.call('POST', PATH, onPort('late', port)), 409,
      new RegExp(String(port)));
  }));

  for (const [name, change, pattern] of [
    ['an unknown codec', {
      tracks: [{ media: 'video', codec: 'THEORA', payload_type: 96 }],
    }, /codec|THEORA/],
    ['an unknown key', { colour: 'red' }, /colour/],
    ['an unknown key of a track', {
      tracks: [{ media: 'audio', codec: 'opus', loudness: 11 }],
    }, /loudness/],
    ['an unknown kind', { kind: 'carrier-pigeon' }, /kind|carrier-pigeon/],
    ['a wrong type', { title: 7 }, /title/],
    ['a port out of range', {
      tracks: [{ media: 'video', codec: 'H264', port: 70000 }],
    }, /port/],
    ['a payload type out of range', {
      tracks: [{ media: 'video', codec: 'H264', payload_type: 200 }],
    }, /payload_type/],
    ['a medium that does not fit the codec', {
      tracks: [{ media: 'audio', codec: 'H264' }],
    }, /codec|media/],
    ['two video tracks', {
      tracks: [{ media: 'video', codec: 'H264' }, { media: 'video', codec: 'VP8' }],
    }, /video/],
    ['no track', { tracks: [] }, /tracks/],
    ['an id with a slash', { id: 'a/b' }, /id/],
    ['an empty id', { id: '' }, /id/],
    ['an id that begins with a dot', { id: '..' }, /id/],
    ['an id that is too long', { id: 'x'.repeat(65) }, /id/],
    ['both tracks and sdp', { sdp: 'v=0\r\n' }, /sdp|tracks/],
    ['an SDP that is none', { sdp: 'hello', tracks: undefined }, /sdp/i],
  ]) {
    test(`${name}: 422 naming it`, async () => {
      const before = stateFiles();
      const answer = await api.call('POST', PATH, { ...rtpMountpoint('bad'), ...change });
      assertProblem(answer, 422, pattern);
      assert.equal((await api.call('GET', `${PATH}/bad`)).status, 404);
      assert.deepEqual(stateFiles(), before);
    });
  }

  test('no JSON: 400; no object: 400 or 422', async () => {
    const headers = { 'Content-Type': 'application/json' };
    for (const body of ['', '{', 'hello', '{"id":"x",}', Buffer.from([0xff, 0xfe])]) {
      assertProblem(await api.call('POST', PATH, undefined, { headers, body }), 400);
    }
    for (const body of ['[]', '7', 'null', '"x"']) {
      const { status } = await api.call('POST', PATH, undefined, { headers, body });
      assert.ok(status === 400 || status === 422, `${body}: ${status}`);
    }
    const deep = '['.repeat(50000);
    const { status } = await api.call('POST', PATH, undefined, { headers, body: deep });
    assert.ok(status === 400 || status === 413 || status === 422, String(status));
    assert.equal((await request(`${server.url}/healthz`)).status, 200);
  });

  test('another media type: 415; too large: 413; no such path: 404; no such method: 405',
    async () => {
      const body = JSON.stringify(rtpMountpoint('typed'));
      assertProblem(await api.call('POST', PATH, undefined,
        { headers: { 'Content-Type': 'text/plain' }, body }), 415);
      // Not more than the server still reads after its answer.
      const large = JSON.stringify({ id: 'large', title: 'x'.repeat(1 << 19) });
      assertProblem(await api.call('POST', PATH, undefined,
        { headers: { 'Content-Type': 'application/json' }, body: large }), 413);
      assertProblem(await api.call('GET', '/api/v1/nothing'), 404);
      assertProblem(await api.call('GET', `${PATH}/nobody`), 404, /nobody/);
      const wrong = await api.call('PUT', PATH, {});
      assertProblem(wrong, 405);
      assert.match(wrong.headers.allow, /GET/);
    });

  test('a create that fails leaves no port and no file', scoped(async (scope) => {
    const [first] = await freeRtpPorts(1);
    const taken = await bindUdp(scope);
    const files = stateFiles();
    const answer = await api.call('POST', PATH, {
      id: 'half', kind: 'rtp', tracks: [
        { media: 'video', codec: 'H264', port: first, payload_type: 96 },
        { media: 'audio', codec: 'opus', port: taken.port, payload_type: 111 },
      ],
    });
    assertProblem(answer, 409);
    assert.ok(await isUdpFree(first), 'the first port was given back');
    assert.ok(await isUdpFree(first + 1), 'and its RTCP port');
    assert.deepEqual(stateFiles(), files);
    // And the id is free.
    await taken.close();
    await api.create(onPort('half', first));
    await api.destroy('half');
  }));

  test('an edit that fails changes nothing', scoped(async (scope) => {
    const made = await createMountpoint(scope, server, 'firm', { audio: false });
    const taken = await bindUdp(scope);
    assertProblem(await api.call('PATCH', `${PATH}/firm`, {
      title: 'changed',
      tracks: [{ media: 'video', codec: 'H264', port: taken.port, payload_type: 96 }],
    }), 409);
    const now = await api.read('firm');
    assert.deepEqual([now.title, now.tracks[0].port], [made.title, made.tracks[0].port]);
  }));
});

describe('viewers', () => {
  test('sessions are listed, ended one by one and kicked', { timeout: 90000 },
    scoped(async (scope) => {
      await liveMountpoint(scope, server, 'watched');
      const browser = await launchBrowser(scope);
      const page = await openViewerPage(scope, browser, server.url);
      const viewers = [];
      for (let count = 1; count <= 3; count += 1) {
        viewers.push(await Viewer.watch(scope, page, { url: server.whep('watched') }));
        await viewers.at(-1).frames(5);
      }
      const { items, total } = await api.sessions('watched');
      assert.equal(total, 3);
      for (const session of items) {
        assert.equal(session.mountpoint, 'watched');
        assert.equal(session.state, 'playing');
        assert.match(session.since, RFC3339_UTC);
        assert.match(session.user_agent, /Chrome/);
        assert.match(session.address, /^\d+\.\d+\.\d+\.\d+/);
        // The public id is no right to the session.
        assert.equal((await request(`${server.whep('watched')}/${session.id}`,
          { method: 'DELETE' })).status, 404);
      }
      const ended = await api.call('DELETE', `/api/v1/sessions/${items[0].id}`);
      assert.ok(ended.status === 200 || ended.status === 204, String(ended.status));
      await api.waitViewers('watched', 2);
      assertProblem(await api.call('DELETE', '/api/v1/sessions/nobody'), 404);
      const kicked = await api.ok('POST', `${PATH}/watched/kick`);
      assert.equal(kicked.id, 'watched');
      await api.waitViewers('watched', 0);
      await Promise.all(viewers.map((viewer) => viewer.ended()));
    }));
});

describe('nothing is left behind', () => {
  const COUNT = LONG ? 1000 : 100;

  async function cycle(count) {
    for (let index = 0; index < count; index += 1) {
      await api.create(rtpMountpoint(`cycle-${index}`));
    }
    for (let index = 0; index < count; index += 1) {
      await api.destroy(`cycle-${index}`);
    }
  }

  test(`${COUNT} mountpoints created and destroyed`, { timeout: LONG ? 600000 : 120000 },
    async () => {
      // What is made once and kept (pools, caches) is made here.
      await cycle(20);
      const before = {
        descriptors: descriptors(server.pid),
        threads: threads(server.pid),
        resident: residentKiB(server.pid),
      };
      for (let done = 0; done < COUNT; done += 100) {
        await cycle(100);
      }
      // Idle connections of this client may have been closed meanwhile.
      await waitFor('the descriptors are not more than before', () => {
        const now = descriptors(server.pid);
        if (now > before.descriptors) {
          throw new Error(`${now} now, ${before.descriptors} before`);
        }
        return true;
      });
      await waitFor('the threads are not more than before', () =>
        threads(server.pid) <= before.threads + 1, { timeoutMs: 30000 });
      const grown = residentKiB(server.pid) - before.resident;
      // An allocator keeps pages; a leak of a mountpoint keeps far more.
      assert.ok(grown < 16 * 1024, `${grown} KiB more`);
    });
});
