// SPDX-License-Identifier: MIT
//
// Other people's players and publishers in Chromium, on a page of another origin, as
// npm has them. Rows in brackets are those of the conformance list.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { FAKE_DEVICES, launchBrowser, openForeignPage, openPage, openViewerPage, Viewer }
  from './lib/browser.mjs';
import { liveMountpoint } from './lib/fixture.mjs';
import { installForeignClients } from './lib/foreign-clients.mjs';
import { startPackageOrigin } from './lib/package-origin.mjs';
import { scoped, suiteScope } from './lib/scope.mjs';
import { LOOPBACK, startServer } from './lib/server.mjs';
import { waitFor } from './lib/wait.mjs';

const LIMIT = { timeout: 60000 };
const PICTURE = { size: '320x180', fps: 15, gop: 15 };
const suite = suiteScope(after);
let server;
let browser;
let origin;

before(async () => {
  server = await startServer(suite);
  browser = await launchBrowser(suite, FAKE_DEVICES);
  // Of the player's advertisements: nothing without a vmapUrl.
  origin = await startPackageOrigin(suite, { without: ['@eyevinn/csai-manager'] });
  await liveMountpoint(suite, server, 'cam', { watch_token: 'see' }, PICTURE);
});

/** A page with the client of that name at work. */
async function startClient(scope, name, url, token) {
  const page = await openPage(scope, browser);
  await page.goto(origin);
  await page.evaluate(installForeignClients);
  await page.evaluate((given) => globalThis.foreign.start(...given), [name, url, token]);
  return {
    page,
    seen: () => page.evaluate(() => globalThis.foreign.seen()),
    iceServers: () => page.evaluate(() => globalThis.foreign.iceServers()),
    restart: () => page.evaluate(() => globalThis.foreign.restart()),
    leave: () => page.evaluate(() => globalThis.foreign.leave()),
  };
}

/** Waits until the page's <video> has shown so many frames more. */
async function shown(client, more) {
  const { frames } = await client.seen();
  return waitFor(`${more} frames`, async () => {
    const seen = await client.seen();
    if (seen.frames < frames + more) {
      throw new Error(JSON.stringify(seen));
    }
    return seen;
  }, { timeoutMs: 15000 });
}

describe('players', () => {
  for (const [name, title] of [
    ['whipWhepViewer',
      'whip-whep 1.2.0: no candidate in its offer, no If-Match [C-12 T-04 S-17]'],
    ['eyevinnPlayer', '@eyevinn/webrtc-player 0.13.0: nack for Opus [C-12 S-17]'],
    ['mediamtxReader', 'like MediaMTX\'s reader.js: OPTIONS, a data channel, If-Match: * ' +
      '[C-12 H-02 S-15 T-07 A-10]'],
  ]) {
    test(title, LIMIT, scoped(async (scope) => {
      const client = await startClient(scope, name, server.whep('cam'), 'see');
      const { width, audio, problems } = await shown(client, 20);
      assert.equal(width, 320);
      assert.equal(audio, 1);
      assert.deepEqual(problems, []);
      await server.api.waitViewers('cam', 1);
      await client.leave();
      await server.api.waitViewers('cam', 0, { timeoutMs: 5000 });
      assert.deepEqual(client.page.problems, []);
    }));
  }

  // It joins the candidates of the answer by commas, which Chromium refuses: it can
  // restart only where there is one.
  test('whip-whep 1.2.0 restarts ICE, and the picture goes on [T-22 T-24]',
    LIMIT, scoped(async (scope) => {
      const alone = await startServer(scope, { config: `${LOOPBACK}tcp-port=0\n` });
      await liveMountpoint(scope, alone, 'cam', {}, PICTURE);
      const client = await startClient(scope, 'whipWhepViewer', alone.whep('cam'));
      await shown(client, 10);
      await client.restart();
      await shown(client, 30);
      await client.leave();
      await alone.api.waitViewers('cam', 0, { timeoutMs: 5000 });
    }));
});

test('ICE servers of the Link fields reach whip-whep, and are read like reader.js [X-01 X-02]',
  LIMIT, scoped(async (scope) => {
    const linked = await startServer(scope, {
      config: `${LOOPBACK}ice-servers=stun:127.0.0.1:9,turn:127.0.0.1:9?transport=udp\n` +
        'turn-secret=of-this-test\n',
    });
    await liveMountpoint(scope, linked, 'cam', {}, PICTURE);
    for (const name of ['whipWhepViewer', 'mediamtxReader']) {
      const client = await startClient(scope, name, linked.whep('cam'));
      const [stun, turn] = await client.iceServers();
      assert.deepEqual(stun, ['stun:127.0.0.1:9']);
      assert.equal(turn[0], 'turn:127.0.0.1:9?transport=udp');
      // Until when it holds, and for whom.
      assert.match(turn[1], /^\d{10}:./);
      await shown(client, 10);
      await client.leave();
    }
  }));

describe('publishers', () => {
  for (const [name, title] of [
    ['whipWhepPublisher', 'whip-whep 1.2.0 [I-01 I-14 T-01]'],
    ['eyevinnPublisher',
      '@eyevinn/whip-web-client 1.1.7: OPTIONS, DELETE without a token [I-01 I-14 A-10]'],
  ]) {
    test(title, LIMIT, scoped(async (scope) => {
      const id = name.toLowerCase();
      await server.api.create({ id, kind: 'whip', publish_token: 'send' });
      const client = await startClient(scope, name, server.whip(id), 'send');
      await server.api.waitState(id, 'live', { timeoutMs: 15000 });
      const page = await openViewerPage(scope, browser, server.url);
      const viewer = await Viewer.watch(scope, page, { url: server.whep(id) });
      assert.equal((await viewer.frames(20)).width, 320);
      assert.deepEqual((await client.seen()).problems, []);
      await client.leave();
      await server.api.waitState(id, 'idle', { timeoutMs: 5000 });
    }));
  }
});

test('an origin that is not on the list gets nothing; one that is plays [C-08]', LIMIT,
  scoped(async (scope) => {
    const page = await openForeignPage(scope, browser);
    const allowed = new URL(page.url()).origin;
    const picky = await startServer(scope, {
      config: `${LOOPBACK}[http]\ncors-origins=${allowed}\n`,
    });
    await liveMountpoint(scope, picky, 'cam', {}, PICTURE);
    const other = await openForeignPage(scope, browser);
    await assert.rejects(Viewer.watch(scope, other, { url: picky.whep('cam') }),
      /Failed to fetch/);
    const viewer = await Viewer.watch(scope, page, { url: picky.whep('cam') });
    await viewer.frames(20);
    // The refused one is no viewer.
    await picky.api.waitViewers('cam', 1);
    assert.equal(await viewer.remove(), 200);
    await picky.api.waitViewers('cam', 0);
  }));
