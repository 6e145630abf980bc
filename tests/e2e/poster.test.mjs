// SPDX-License-Identifier: MIT
//
// The still that a player shows until its first frame: who gets one, that it is seen
// and goes, and that nobody notices where there is none.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { assertProblem } from './lib/api.mjs';
import { launchBrowser, openPage, openViewerPage, screenshot } from './lib/browser.mjs';
import { liveMountpoint } from './lib/fixture.mjs';
import { request } from './lib/http.mjs';
import { offer } from './lib/offer.mjs';
import { pageFrames, pageState } from './lib/pages.mjs';
import { scoped, suiteScope } from './lib/scope.mjs';
import { LOOPBACK, startServer } from './lib/server.mjs';
import { waitFor } from './lib/wait.mjs';

const LIMIT = { timeout: 90000 };
const SMALL = { size: '320x180', fps: 15 };
const POSTER = '**/poster.jpg';
const suite = suiteScope(after);
let server;
let browser;

before(async () => {
  server = await startServer(suite);
  browser = await launchBrowser(suite);
  await liveMountpoint(suite, server, 'live', { audio: false }, SMALL);
});

/** A session by hand: its URL, and that of its still, if there is one. */
async function join(at, id, { body = offer(), headers = {} } = {}) {
  const answer = await request(at.whep(id), {
    method: 'POST', body, headers: { 'Content-Type': 'application/sdp', ...headers },
  });
  assert.equal(answer.status, 201, answer.text);
  const [, path] = /<([^>]*)>; rel="preview"/.exec(answer.headers.link ?? '') ?? [];
  return { session: new URL(answer.headers.location, at.url).href,
    still: path && new URL(path, at.url).href };
}

describe('who gets one', () => {
  test('who has a session, as long as there is one', LIMIT, scoped(async (scope) => {
    const source = await liveMountpoint(scope, server, 'brief',
      { audio: false, source_timeout_ms: 500 }, SMALL);
    const { session, still } = await join(server, 'brief');
    assert.equal(still, `${session}/poster.jpg`);
    const answer = await request(still, { headers: { Origin: 'http://elsewhere.example' } });
    assert.deepEqual([answer.status, answer.headers['content-type'], answer.headers['cache-control'],
      answer.headers['access-control-allow-origin']], [200, 'image/jpeg', 'no-store', '*']);
    assert.deepEqual([...answer.bytes.subarray(0, 3)], [0xff, 0xd8, 0xff]);
    await source.pusher.stop();
    await server.api.waitState('brief', 'lost');
    const gone = await request(still);
    assert.deepEqual([gone.status, gone.text], [204, ''], 'no picture is no failure');
    await request(session, { method: 'DELETE' });
    assertProblem(await request(still), 404);
    assertProblem(await request(server.whep('brief/of-nobody/poster.jpg')), 404);
  }));

  test('with the token where sessions want it too', LIMIT, scoped(async (scope) => {
    const own = await startServer(scope, { config: `${LOOPBACK}[http]\nsession-auth=strict\n` });
    await liveMountpoint(scope, own, 'closed', { audio: false, watch_token: 'sesame' }, SMALL);
    const headers = { Authorization: 'Bearer sesame' };
    const { still } = await join(own, 'closed', { headers });
    assertProblem(await request(still), 401);
    assertProblem(await request(still, { headers: { Authorization: `Bearer ${own.token}` } }), 401);
    assert.equal((await request(still, { headers })).status, 200);
  }));

  test('none is promised of sound, nor where nothing is decoded', LIMIT, scoped(async (scope) => {
    await liveMountpoint(scope, server, 'sound', { video: null }, SMALL);
    assert.equal((await join(server, 'sound')).still, undefined);
    const own = await startServer(scope, { config: `${LOOPBACK}[limits]\nmax-snapshot-decoders=0\n` });
    await liveMountpoint(scope, own, 'plain', {}, SMALL);
    assert.equal((await join(own, 'plain')).still, undefined);
  }));
});

/** No frame comes to this page before letFramesCome(). */
function holdFrames(page) {
  return page.addInitScript(() => {
    const held = new Promise((resolve) => { globalThis.letGo = resolve; });
    const original = RTCPeerConnection.prototype.addIceCandidate;
    const set = RTCPeerConnection.prototype.setRemoteDescription;
    Object.assign(RTCPeerConnection.prototype, {
      addIceCandidate(...args) { return held.then(() => original.apply(this, args)); },
      /** Without its candidates nothing connects. */
      async setRemoteDescription(description) {
        const lines = description.sdp.split('\r\n');
        const isCandidate = (line) => /^a=(candidate:|end-of-candidates)/.test(line);
        await set.call(this, { ...description,
          sdp: lines.filter((line) => !isCandidate(line)).join('\r\n') });
        const mid = lines.find((line) => line.startsWith('a=mid:')).slice(6);
        for (const line of lines.filter((one) => one.startsWith('a=candidate:'))) {
          this.addIceCandidate({ candidate: line.slice(2), sdpMid: mid }).catch(() => {});
        }
      },
    });
  });
}

const letFramesCome = (page) => page.evaluate(() => globalThis.letGo());

/** What is in the place of the video: its poster, decoded, and its own frames. */
const seen = (page) => page.locator('video').evaluate(async (video) => {
  const image = new Image();
  image.src = video.poster;
  await image.decode().catch(() => {});
  return { poster: video.getAttribute('poster')?.replace(/:.*/, '') ?? null,
    width: image.naturalWidth, video: video.videoWidth };
});

/** Requests for stills that the page makes. */
function stillsOf(page) {
  const asked = [];
  page.on('request', (one) => /poster\.jpg$/.test(one.url()) && asked.push(one.url()));
  return asked;
}

describe('the player page', () => {
  test('shows it behind the words, until the first frame', LIMIT, scoped(async (scope) => {
    const page = await openPage(scope, browser);
    await holdFrames(page);
    await page.goto(`${server.url}/watch/live`);
    await waitFor('the still', async () => (await seen(page)).width === 320, { timeoutMs: 15000 });
    assert.deepEqual(await seen(page), { poster: 'blob', width: 320, video: 0 });
    await pageState(page, 'connecting');
    await screenshot(page, 'watch-poster');
    await letFramesCome(page);
    await pageState(page, 'playing');
    assert.equal((await seen(page)).poster, null);
    await pageFrames(page, 5);
    assert.deepEqual(page.problems, []);
  }));

  for (const [what, answer] of [['none', { status: 204 }], ['a refusal', { status: 404 }],
    ['a failure', { status: 500 }], ['no answer', null],
    ['no picture', { contentType: 'image/jpeg', body: 'no picture' }]]) {
    test(`${what} instead: it is as without`, LIMIT, scoped(async (scope) => {
      const page = await openPage(scope, browser);
      await holdFrames(page);
      let settled = 0;
      await page.route(POSTER, async (route) => {
        await (answer ? route.fulfill(answer) : route.abort());
        settled += 1;
      });
      await page.goto(`${server.url}/watch/live`);
      await waitFor('it was asked for', () => settled === 1, { timeoutMs: 15000 });
      await pageState(page, 'connecting');
      assert.equal((await seen(page)).width, 0);
      await letFramesCome(page);
      await pageState(page, 'playing');
      assert.equal((await seen(page)).poster, null);
      assert.equal(settled, 1, 'asked for once');
      assert.deepEqual(page.problems, []);
    }));
  }

  test('one that comes after the first frame is not shown', LIMIT, scoped(async (scope) => {
    const page = await openPage(scope, browser);
    let answer;
    const asked = new Promise((resolve) => {
      page.route(POSTER, (route) => { answer = () => route.continue(); resolve(); });
    });
    await page.goto(`${server.url}/watch/live`);
    await asked;
    await pageState(page, 'playing');
    await answer().catch(() => {}); // the page has given the request up
    await pageFrames(page, 5);
    assert.equal((await seen(page)).poster, null);
    assert.deepEqual(page.problems, []);
  }));
});

describe('a player of one’s own', () => {
  /** The module in a page, whose frames are held. */
  async function play(scope, { attributes = {}, ...options }) {
    const page = await openViewerPage(scope, browser, server.url);
    await holdFrames(page);
    await page.reload();
    const asked = stillsOf(page);
    await page.evaluate(async ({ url, attributes: given, more }) => {
      const { WhepPlayer } = await import(new URL('/whep-player.js', url).href);
      const video = document.createElement('video');
      Object.assign(video, { muted: true, autoplay: true, playsInline: true });
      Object.entries(given).forEach(([name, value]) => video.setAttribute(name, value));
      document.body.append(video);
      globalThis.player = new WhepPlayer(video, { url, ...more });
      globalThis.player.start();
    }, { url: server.whep('live'), attributes, more: options });
    return { page, asked };
  }

  const playing = (page) => waitFor('it plays', () =>
    page.evaluate(() => globalThis.player.state === 'playing'), { timeoutMs: 15000 });
  const connecting = (page) => waitFor('it has a session', () =>
    page.evaluate(() => /first picture/.test(globalThis.player.reason)), { timeoutMs: 15000 });

  for (const [what, options, poster, after] of [
    ['poster: false, none', { poster: false }, null, null],
    ['poster: a URL, that picture', { poster: '/icon.svg' }, '/icon.svg', null],
    ['a video with a poster keeps it', { attributes: { poster: '/icon.svg' } }, '/icon.svg', '/icon.svg'],
  ]) {
    test(what, LIMIT, scoped(async (scope) => {
      const { page, asked } = await play(scope, options);
      await connecting(page);
      const attribute = () => page.locator('video').getAttribute('poster');
      assert.equal(await attribute(), poster);
      await letFramesCome(page);
      await playing(page);
      assert.equal(await attribute(), after);
      assert.deepEqual(asked, [], 'no still was asked for');
    }));
  }

  test('stopped while it waits, it leaves nothing behind', LIMIT, scoped(async (scope) => {
    const { page } = await play(scope, {});
    await waitFor('the still', async () => (await seen(page)).width === 320, { timeoutMs: 15000 });
    await page.evaluate(() => globalThis.player.stop());
    assert.equal((await seen(page)).poster, null);
  }));
});
