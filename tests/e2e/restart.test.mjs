// SPDX-License-Identifier: MIT
//
// ICE restarts by the product's own clients in a real browser: the session stays,
// the way there changes. On the wire and on both lanes: viewer-ice.c, publisher.c.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { FAKE_DEVICES, launchBrowser, openPage, openViewerPage, Viewer } from './lib/browser.mjs';
import { liveMountpoint } from './lib/fixture.mjs';
import { PagePlayer } from './lib/player-in-page.mjs';
import { runScenario, scenarioSkip } from './lib/scenario.mjs';
import { scoped, suiteScope } from './lib/scope.mjs';
import { startServer } from './lib/server.mjs';

const LIMIT = { timeout: 90000 };
const suite = suiteScope(after);
let server;
let browser;

before(async () => {
  server = await startServer(suite);
  browser = await launchBrowser(suite, FAKE_DEVICES);
});

test('the player goes on in its session when the network changes [T-22 T-20]', LIMIT,
  scoped(async (scope) => {
    await liveMountpoint(scope, server, 'changes');
    const player = await PagePlayer.start(scope, browser, server, 'changes');
    let { ufrag } = await player.frames(20);
    const { items: [session] } = await server.api.sessions('changes');
    for (let times = 1; times <= 2; times += 1) {
      await player.networkChanges();
      const seen = await player.until('ICE was restarted', (now) =>
        now.restarted === times && now.ufrag !== ufrag);
      ufrag = seen.ufrag;
      await player.frames(20);
    }
    // Its new candidates follow, with the new ETag.
    const seen = await player.until('trickled', (now) => now.patches.at(-1) === 204);
    assert.deepEqual(seen.patches.filter((status) => ![200, 204].includes(status)), []);
    const { items } = await server.api.sessions('changes');
    assert.deepEqual(items.map(({ id }) => id), [session.id]);
  }));

test('the publisher page does the same [T-22]', LIMIT, scoped(async (scope) => {
  await server.api.create({ id: 'camera', kind: 'whip' });
  scope.defer(() => server.api.destroy('camera'));
  const page = await openPage(scope, browser);
  await page.addInitScript(() => {
    const Original = globalThis.RTCPeerConnection;
    globalThis.RTCPeerConnection = class extends Original {
      constructor(...args) {
        super(...args);
        globalThis.lastPeer = this;
      }
    };
  });
  await page.goto(`${server.url}/publish/camera`);
  await page.waitForFunction(() => !document.getElementById('go').disabled);
  await page.click('#go');
  await server.api.waitState('camera', 'live', { timeoutMs: 15000 });
  const viewerPage = await openViewerPage(scope, browser, server.url);
  const viewer = await Viewer.watch(scope, viewerPage, { url: server.whep('camera') });
  await viewer.frames(20);
  const ufrag = () => page.evaluate(() =>
    /a=ice-ufrag:(\S+)/.exec(globalThis.lastPeer.remoteDescription.sdp)[1]);
  const before = await ufrag();
  const { publisher } = await server.api.read('camera');
  await page.evaluate(() => {
    Object.defineProperty(globalThis.lastPeer, 'connectionState', {
      configurable: true, value: 'disconnected',
    });
    globalThis.lastPeer.dispatchEvent(new Event('connectionstatechange'));
    delete globalThis.lastPeer.connectionState;
  });
  await page.waitForFunction((old) =>
    !globalThis.lastPeer.remoteDescription.sdp.includes(`a=ice-ufrag:${old}`), before);
  await page.evaluate(() =>
    globalThis.lastPeer.dispatchEvent(new Event('connectionstatechange'))); // it never was lost
  await viewer.frames(40);
  assert.equal((await server.api.read('camera')).publisher.id, publisher.id);
}));

test('the port that it plays by is cut off: it goes on by another [T-22 T-25]',
  { timeout: 120000, skip: scenarioSkip }, scoped(async (scope) => {
    const result = await runScenario(scope, 'restart', [], { timeoutMs: 110000 });
    assert.ok(result.sameSession);
    assert.ok(result.otherPort);
    assert.equal(result.viewers, 1);
    assert.ok(result.restarted > 0);
  }));
