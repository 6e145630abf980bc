// SPDX-License-Identifier: MIT
//
// Firefox plays and publishes: an SDP, ICE and DTLS stack that is not Chromium's.
// In a network namespace, because Firefox does not pair with a loopback candidate.
// Rows in brackets are those of the conformance list.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { FAKE_DEVICES, launchBrowser, openViewerPage, Publisher, startForeignOrigin, Viewer }
  from './lib/browser.mjs';
import { launchFirefox, openFirefoxPage, openFirefoxViewerPage } from './lib/firefox.mjs';
import { liveMountpoint } from './lib/fixture.mjs';
import { ADDRESS, inNamespace } from './lib/namespace.mjs';
import { pageFrames, pageState, studioState } from './lib/pages.mjs';
import { scoped, suiteScope } from './lib/scope.mjs';
import { startServer } from './lib/server.mjs';
import { waitFor } from './lib/wait.mjs';

const LIMIT = { timeout: 60000 };
const PICTURE = { size: '320x180', fps: 15, gop: 15 };

function define() {
  const suite = suiteScope(after);
  let server;
  let foreign;

  before(async () => {
    server = await startServer(suite, { config: `[ice]\naddresses=${ADDRESS}\n` });
    foreign = await startForeignOrigin(suite);
    for (const video of ['H264', 'VP8']) {
      await liveMountpoint(suite, server, video.toLowerCase(), { video }, PICTURE);
    }
  });

  /** Plays on the page of `url` with a bare RTCPeerConnection, and leaves. */
  async function playBare(scope, firefox, url, id) {
    const page = await openFirefoxViewerPage(scope, firefox, url);
    const viewer = await Viewer.watch(scope, page, { url: server.whep(id), trickle: true });
    assert.equal(viewer.answer.trickleStatus, 204);
    assert.equal(new Set(viewer.answer.streams.flat()).size, 1);
    const stats = await viewer.frames(20);
    assert.equal(stats.videoCodec?.toUpperCase(), `VIDEO/${id.toUpperCase()}`);
    assert.deepEqual([stats.width, stats.height], [320, 180]);
    await viewer.heard();
    await server.api.waitViewers(id, 1);
    assert.equal(await viewer.remove(), 200);
    await server.api.waitViewers(id, 0);
  }

  async function playPage(scope, firefox, id) {
    const page = await openFirefoxPage(scope, firefox, `${server.url}/watch/${id}`);
    await pageState(page, 'playing');
    await pageFrames(page, 20);
    await server.api.waitViewers(id, 1);
    assert.deepEqual(page.problems, []);
    await page.goto('about:blank');
    // Well before consent would expire: it was the page that said so.
    await server.api.waitViewers(id, 0, { timeoutMs: 5000 });
  }

  describe('Firefox with H.264', () => {
    const own = suiteScope(after);
    let firefox;
    let chromium;

    before(async () => {
      firefox = await launchFirefox(own);
      chromium = await launchBrowser(own, FAKE_DEVICES);
    });

    for (const id of ['h264', 'vp8']) {
      test(`${id} and Opus on a page of another origin [C-12 S-17 T-01 D-01]`, LIMIT,
        scoped((scope) => playBare(scope, firefox, foreign, id)));

      test(`${id} and Opus on the player page; leaving ends the session [D-01]`, LIMIT,
        scoped((scope) => playPage(scope, firefox, id)));
    }

    async function seenInChromium(scope, id) {
      await server.api.waitState(id, 'live', { timeoutMs: 15000 });
      const page = await openViewerPage(scope, chromium, server.url);
      const viewer = await Viewer.watch(scope, page, { url: server.whep(id) });
      await viewer.frames(30);
      return viewer;
    }

    test('publishes VP8 and Opus, which Chromium plays [I-01 I-14]', LIMIT,
      scoped(async (scope) => {
        await server.api.create({ id: 'published', kind: 'whip' });
        const page = await openFirefoxViewerPage(scope, firefox, `${server.url}/healthz`);
        const publisher = await Publisher.publish(scope, page, {
          url: server.whip('published'), width: 640, height: 480, codec: 'VP8', microphone: true,
        });
        assert.equal(publisher.status, 201, publisher.text);
        const viewer = await seenInChromium(scope, 'published');
        await viewer.tone([440]);
        assert.equal((await viewer.stats()).videoCodec?.toUpperCase(), 'VIDEO/VP8');
        assert.equal(await publisher.remove(), 200);
        await server.api.waitState('published', 'idle');
        await viewer.ended();
      }));

    test('publishes from the publisher page until it is left [D-01]', LIMIT,
      scoped(async (scope) => {
        await server.api.create({ id: 'studio', kind: 'whip' });
        const page = await openFirefoxPage(scope, firefox, `${server.url}/publish/studio`);
        await waitFor('there is something to publish', () =>
          page.evaluate(() => !document.getElementById('go').disabled), { timeoutMs: 15000 });
        await page.click('#go');
        await studioState(page, 'publishing');
        const viewer = await seenInChromium(scope, 'studio');
        await viewer.tone([440]);
        await waitFor('the page shows what it sends', () =>
          page.evaluate(() => /Mbit/.test(document.getElementById('stats').textContent)));
        assert.deepEqual(page.problems, []);
        await page.goto('about:blank');
        await server.api.waitState('studio', 'idle', { timeoutMs: 5000 });
      }));
  });

  // Another process: preferences are read at its start. This is Firefox as it is
  // installed, before it has loaded its H.264 plug-in.
  describe('Firefox without H.264', () => {
    const own = suiteScope(after);
    let firefox;

    before(async () => {
      firefox = await launchFirefox(own, { h264: false });
    });

    test('H.264 is refused in words that say what would help [E-21]', LIMIT,
      scoped(async (scope) => {
        const page = await openFirefoxViewerPage(scope, firefox, foreign);
        await liveMountpoint(scope, server, 'silent', { audio: false }, PICTURE);
        await assert.rejects(Viewer.watch(scope, page, { url: server.whep('silent') }),
          /: 422 .*H264/);
        const player = await openFirefoxPage(scope, firefox, `${server.url}/watch/silent`);
        const { headline, reason } = await pageState(player, 'failed');
        assert.equal(headline, 'This browser cannot play this stream');
        assert.match(reason, /^the mountpoint has video H264/);
      }));

    test('sound plays without its picture, and the page says so [S-37]', LIMIT,
      scoped(async (scope) => {
        const page = await openFirefoxPage(scope, firefox, `${server.url}/watch/h264`);
        await pageState(page, 'playing');
        const words = await page.evaluate(() =>
          document.getElementById('sound-only').checkVisibility() &&
          document.getElementById('sound-only').textContent);
        assert.match(words, /Sound only.*it is H\.264, which this browser does not have now/s);
      }));

    test('an origin that is not on the list gets nothing [C-08]', LIMIT,
      scoped(async (scope) => {
        const picky = await startServer(scope, {
          config: `[ice]\naddresses=${ADDRESS}\n[http]\ncors-origins=http://a.example\n`,
        });
        const page = await openFirefoxViewerPage(scope, firefox, foreign);
        await assert.rejects(Viewer.watch(scope, page, { url: picky.whep('any') }),
          /NetworkError/);
      }));

    test('VP8 plays [C-12]', LIMIT,
      scoped((scope) => playBare(scope, firefox, foreign, 'vp8')));
  });
}

await inNamespace(import.meta.url, { name: 'Firefox', timeout: 400000 }, define);
