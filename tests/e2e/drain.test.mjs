// SPDX-License-Identifier: MIT
//
// A server that is emptied before it goes: who comes, who is there, and when it
// is over.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { assertProblem } from './lib/api.mjs';
import { launchBrowser, openPage, openViewerPage, Viewer } from './lib/browser.mjs';
import { listen } from './lib/events.mjs';
import { request } from './lib/http.mjs';
import { fragment, offer } from './lib/offer.mjs';
import { pageFrames, pageState } from './lib/pages.mjs';
import { PagePlayer } from './lib/player-in-page.mjs';
import { scoped, suiteScope } from './lib/scope.mjs';
import { LOOPBACK, startServer } from './lib/server.mjs';
import { waitFor, within } from './lib/wait.mjs';
import { SDP, TRICKLE } from './lib/whep.mjs';

const DRAIN = '/api/v1/drain';
const LIMIT = { timeout: 120000 };
const PICTURE = { kind: 'test', test_width: 320, test_height: 180, test_fps: 25 };

/** A server with a picture, `cam`. */
async function start(scope, config = '') {
  const server = await startServer(scope, { config: LOOPBACK + config });
  await server.api.create({ id: 'cam', ...PICTURE });
  await server.api.waitState('cam', 'live', { timeoutMs: 15000 });
  return server;
}

const post = (server, query = '') => request(`${server.whep('cam')}${query}`, {
  method: 'POST', headers: { 'Content-Type': SDP }, body: offer(),
});

const drain = (server, deadline_ms, to) =>
  server.api.ok('POST', DRAIN, { deadline_ms, ...(to === undefined ? {} : { to }) });

const state = async (server) => (await server.api.server()).drain;

const ready = async (server) => (await request(`${server.url}/readyz`)).status;

function assertSentAway(answer) {
  assertProblem(answer, 503, /drained/);
  assert.match(answer.headers['retry-after'], /^[1-9]\d*$/);
}

const suite = suiteScope(after);
let browser;
before(async () => { browser = await launchBrowser(suite); });

async function watch(scope, server) {
  const page = await openViewerPage(scope, browser, server.url);
  const viewer = await Viewer.watch(scope, page, { url: server.whep('cam') });
  await viewer.frames(10);
  return viewer;
}

describe('while it drains', () => {
  test('new viewers are refused, those who are there play on and restart ICE',
    LIMIT, scoped(async (scope) => {
      const server = await start(scope);
      const viewer = await watch(scope, server);
      const made = await post(server);
      assert.equal(made.status, 201);
      const session = new URL(made.headers.location, server.url).href;
      assert.deepEqual(await state(server), { state: 'off', left_ms: 0, to: null });

      const begun = await drain(server, 60000);
      assert.equal(begun.state, 'draining');
      assert.ok(begun.left_ms > 50000 && begun.left_ms <= 60000, String(begun.left_ms));
      assertSentAway(await post(server));
      assert.equal(await ready(server), 503);
      assert.equal((await request(`${server.url}/healthz`)).status, 200);

      const restarted = await request(session, {
        method: 'PATCH',
        headers: { 'Content-Type': TRICKLE, 'If-Match': made.headers.etag },
        body: fragment({ ufrag: 'other', pwd: 'anotherpasswordof24chars' }),
      });
      assert.equal(restarted.status, 200, restarted.text);
      await viewer.frames(30);

      assert.equal((await server.api.ok('DELETE', DRAIN)).state, 'off');
      assert.equal(await ready(server), 200);
      const welcome = await post(server);
      assert.equal(welcome.status, 201);
      await viewer.frames(10);
    }));

  test('they are sent to another server when there is one, and listeners are told',
    scoped(async (scope) => {
      const server = await start(scope);
      const made = await post(server);
      const link = /<([^>]*)>; rel="urn:ietf:params:whep:ext:core:server-sent-events"/
        .exec(made.headers.link)[1];
      const early = await listen(scope, new URL(link, server.url).href);
      await drain(server, 60000, 'https://b.example/base/');
      const sent = await post(server, '?access_token=x');
      assert.equal(sent.status, 307);
      assert.equal(sent.headers.location, 'https://b.example/base/whep/cam?access_token=x');
      assert.equal((await state(server)).to, 'https://b.example/base');

      const late = await listen(scope, new URL(link, server.url).href);
      for (const stream of [early, late]) {
        const told = await waitFor('it is told', () => stream.last('drain'));
        assert.equal(told.url, 'https://b.example/base/whep/cam');
        assert.ok(told.left_ms > 0 && told.left_ms <= 60000);
      }
      await drain(server, 30000);
      await waitFor('nowhere to go is told as well', () => early.last('drain').url === null);
    }));

  test('what is no drain is refused', scoped(async (scope) => {
    const server = await start(scope);
    for (const [body, pattern] of [[{}, /deadline_ms/], [{ deadline_ms: -1 }, /deadline_ms/],
      [{ deadline_ms: 1.5 }, /deadline_ms/], [{ deadline_ms: 86400001 }, /deadline_ms/],
      [{ deadline_ms: 1, to: 'b.example' }, /to must be/], [{ deadline_ms: 1, to: 7 }, /to must/],
      [{ deadline_ms: 1, too: null }, /too/]]) {
      assertProblem(await server.api.call('POST', DRAIN, body), 422, pattern);
    }
    assert.equal((await server.api.call('POST', DRAIN, { deadline_ms: 1 }, { token: null })).status,
      401);
    assert.equal((await state(server)).state, 'off');
  }));
});

describe('at the deadline', () => {
  test('sessions are ended, and the server stays drained until it is told otherwise',
    LIMIT, scoped(async (scope) => {
      const server = await start(scope);
      const viewer = await watch(scope, server);
      await drain(server, 4000);
      await viewer.frames(10);
      await viewer.ended();
      await waitFor('it is drained', async () => (await state(server)).state === 'drained');
      assert.equal((await server.api.read('cam')).viewers, 0);
      assertSentAway(await post(server));
      assert.equal(await ready(server), 503);
      assert.equal(server.child.exit, null);
      await server.api.ok('DELETE', DRAIN);
      assert.equal((await post(server)).status, 201);
    }));

  test('a publisher is ended then, and not before', LIMIT, scoped(async (scope) => {
    const server = await start(scope);
    await server.api.create({ id: 'studio', kind: 'whip' });
    const publish = () => request(server.whip('studio'), {
      method: 'POST', headers: { 'Content-Type': SDP },
      body: offer({ direction: 'sendonly' }),
    });
    await drain(server, 4000);
    const made = await publish();
    assert.equal(made.status, 201, made.text);
    const session = new URL(made.headers.location, server.url).href;
    assert.equal((await request(session)).status, 200);
    await waitFor('it is drained', async () => (await state(server)).state === 'drained');
    await waitFor('the publisher is gone', async () =>
      (await server.api.read('studio')).publisher == null);
    assertSentAway(await publish());
  }));
});

describe('SIGTERM with a time to leave', () => {
  const CONFIG = '[server]\ndrain-ms=60000\n';

  test('ends when the last viewer has left', LIMIT, scoped(async (scope) => {
    const server = await start(scope, CONFIG);
    const viewer = await watch(scope, server);
    server.child.signal('SIGTERM');
    await waitFor('it drains', async () => (await state(server)).state === 'draining');
    assertSentAway(await post(server));
    assertProblem(await server.api.call('DELETE', DRAIN), 503, /going down/);
    assertProblem(await server.api.call('POST', '/api/v1/reload'), 503, /stopping/);
    await viewer.frames(30);
    assert.equal(await viewer.remove(), 200);
    assert.equal((await within('it ends', 5000, server.child.ended)).code, 0);
  }));

  test('ends at the deadline, and tells who is still there', LIMIT, scoped(async (scope) => {
    const server = await start(scope, '[server]\ndrain-ms=4000\n');
    const viewer = await watch(scope, server);
    server.child.signal('SIGTERM');
    await viewer.frames(10);
    assert.equal((await within('it ends', 12000, server.child.ended)).code, 0);
    await viewer.ended({ timeoutMs: 3000 });
  }));

  test('a second one does not wait, nor does SIGINT', LIMIT, scoped(async (scope) => {
    for (const second of ['SIGTERM', 'SIGINT']) {
      const server = await start(scope, CONFIG);
      const viewer = await watch(scope, server);
      server.child.signal('SIGTERM');
      await waitFor('it drains', async () => (await state(server)).state === 'draining');
      server.child.signal(second);
      assert.equal((await within('it ends', 5000, server.child.ended)).code, 0);
      await viewer.ended({ timeoutMs: 3000 });
    }
  }));
});

/** Runs inside the browser: looks at the middle of the picture all the time. */
function watchBrightness() {
  const video = document.querySelector('video');
  const canvas = new OffscreenCanvas(16, 9);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  const seen = { darkest: 255, looks: 0, states: [] };
  globalThis.seen = seen;
  globalThis.played.player.addEventListener('state', ({ detail }) =>
    seen.states.push(detail.state));
  setInterval(() => {
    context.fillStyle = 'black';
    context.fillRect(0, 0, 16, 9);
    context.drawImage(video, 0, 0, 16, 9);
    const { data } = context.getImageData(0, 0, 16, 9);
    const brightest = data.reduce((most, value, index) =>
      index % 4 === 3 ? most : Math.max(most, value), 0);
    seen.darkest = Math.min(seen.darkest, brightest);
    seen.looks += 1;
  }, 10);
}

describe('the player', () => {
  test('goes to the other server without a black picture', LIMIT, scoped(async (scope) => {
    const [from, to] = [await start(scope), await start(scope)];
    const player = await PagePlayer.start(scope, browser, from, 'cam', { foreign: true });
    await player.frames(20);
    await player.page.evaluate(watchBrightness);
    await drain(from, 60000, to.url);
    await to.api.waitViewers('cam', 1);
    await from.api.waitViewers('cam', 0);
    await player.frames(50);
    const seen = await player.page.evaluate(() => globalThis.seen);
    assert.ok(seen.looks > 50, String(seen.looks));
    assert.ok(seen.darkest > 100, `the darkest picture had ${seen.darkest}`);
    assert.deepEqual(seen.states, [], 'it plays all the time');

    // And it stays there: what happens to the first is of no concern any more.
    await from.stop();
    await player.frames(25);
    await player.page.evaluate(() => globalThis.played.player.stop());
    await to.api.waitViewers('cam', 0);
  }));

  test('on the player page does so too, where the configuration names the server', LIMIT,
    scoped(async (scope) => {
      const to = await start(scope);
      const from = await start(scope, `[server]\ndrain-ms=60000\ndrain-to=${to.url}\n`);
      const page = await openPage(scope, browser);
      await page.goto(`${from.url}/watch/cam`);
      await pageState(page, 'playing');
      from.child.signal('SIGTERM');
      assert.equal((await within('it ends', 20000, from.child.ended)).code, 0);
      await to.api.waitViewers('cam', 1);
      await pageFrames(page, 25);
      assert.equal((await pageState(page, 'playing')).state, 'playing');
    }));

  test('stays when the other one cannot be had, until it is ended', LIMIT,
    scoped(async (scope) => {
      const [from, to] = [await start(scope), await start(scope)];
      await to.api.destroy('cam');
      const player = await PagePlayer.start(scope, browser, from, 'cam', { foreign: true });
      await player.frames(20);
      await drain(from, 60000, to.url);
      await waitFor('it has asked there', () => player.page.evaluate((url) =>
        performance.getEntriesByName(url).length > 0, to.whep('cam')));
      await player.frames(50);
      assert.equal((await from.api.read('cam')).viewers, 1);
      await drain(from, 0, to.url);
      await player.until('it waits', ({ state: now }) => now === 'waiting');
      await from.api.ok('DELETE', DRAIN);
      await player.frames(25, { timeoutMs: 30000 });
    }));

  test('asks the server that `reconnect` names, and the one of before if that refuses', LIMIT,
    scoped(async (scope) => {
      const [from, to] = [await start(scope), await start(scope)];
      const player = await PagePlayer.start(scope, browser, from, 'cam', { foreign: true });
      await player.frames(10);
      await player.page.evaluate(answerEventsOnce,
        { origin: from.url, data: { url: to.whep('cam') } });
      await player.page.evaluate(startAgain);
      await to.api.waitViewers('cam', 1);
      await player.frames(25);
      assert.equal((await from.api.read('cam')).viewers, 0);

      await to.api.destroy('cam');
      await from.api.waitViewers('cam', 1, { timeoutMs: 20000 });
      await player.frames(25);
      assert.deepEqual(await player.page.evaluate(() => globalThis.moved),
        [to.whep('cam'), null]);

      // Without data, as other servers may send it: to where it was.
      await player.page.evaluate(answerEventsOnce, { origin: from.url, data: null });
      await player.page.evaluate(startAgain);
      await waitFor('it is told to reconnect', () =>
        player.page.evaluate(() => globalThis.states.includes('waiting')));
      await player.frames(25);
      assert.equal((await from.api.read('cam')).viewers, 1);
    }));
});

/** Runs inside the browser: the next stream of events of `origin` says `reconnect`. */
function answerEventsOnce({ origin, data }) {
  const original = globalThis.fetch;
  globalThis.fetch = async (url, options) => {
    if (new URL(url).origin !== origin || !/\/events/.test(url)) {
      return original(url, options);
    }
    globalThis.fetch = original;
    return new Response(`event: reconnect\n${data ? `data: ${JSON.stringify(data)}\n` : ''}\n`);
  };
}

/** Runs inside the browser. */
async function startAgain() {
  const { player } = globalThis.played;
  globalThis.moved = [];
  globalThis.states = [];
  player.addEventListener('moved', ({ detail }) => globalThis.moved.push(detail.url));
  player.addEventListener('state', ({ detail }) => globalThis.states.push(detail.state));
  await player.stop();
  player.start();
}
