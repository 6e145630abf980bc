// SPDX-License-Identifier: MIT
//
// The player page in a frame of somebody else's page, and what it says when there
// is nothing to see.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { launchBrowser, openPage, screenshot, startForeignOrigin } from './lib/browser.mjs';
import { createMountpoint, liveMountpoint } from './lib/fixture.mjs';
import { pageState } from './lib/pages.mjs';
import { scoped, suiteScope } from './lib/scope.mjs';
import { startServer } from './lib/server.mjs';
import { waitFor } from './lib/wait.mjs';

const LIMIT = { timeout: 90000 };
const SMALL = { size: '320x180', fps: 15 };
const suite = suiteScope(after);
let server;
let browser;

before(async () => {
  server = await startServer(suite);
  browser = await launchBrowser(suite);
});

/** A page of another origin with the line of web/README.md in it. */
async function openFrame(scope, path, { width, height }) {
  const page = await openPage(scope, browser);
  await page.goto(await startForeignOrigin(scope));
  await page.evaluate(([src, ...size]) => {
    const frame = document.createElement('iframe');
    [frame.width, frame.height] = size;
    Object.assign(frame, { src, allow: 'autoplay; fullscreen; picture-in-picture' });
    document.body.append(frame);
  }, [`${server.url}${path}`, width, height]);
  return { page, frame: page.frameLocator('iframe') };
}

/** Whether what is shown lies inside of its frame. */
const fits = (locator) => locator.evaluate((element) => {
  const { top, left, bottom, right } = element.getBoundingClientRect();
  return top >= 0 && left >= 0 && bottom <= innerHeight && right <= innerWidth;
});

describe('in a frame', () => {
  test('it plays muted, and says how far it is behind', LIMIT, scoped(async (scope) => {
    await liveMountpoint(scope, server, 'framed', {}, SMALL);
    const { page, frame } = await openFrame(scope, '/watch/framed', { width: 640, height: 360 });
    const video = frame.locator('video');
    await waitFor('it plays', () => video.evaluate(({ muted, videoWidth, currentTime }) =>
      muted && videoWidth === 320 && currentTime > 0), { timeoutMs: 15000 });
    await frame.locator('#latency', { hasText: /^\d+\.\d+ s behind$/ }).waitFor();
    const seconds = parseFloat(await frame.locator('#latency').textContent());
    assert.ok(seconds > 0 && seconds < 5, `${seconds} s behind`);
    await screenshot(page, 'embed');
    await frame.getByRole('button', { name: 'Tap for sound' }).click();
    assert.equal(await video.evaluate(({ muted }) => muted), false);
    assert.deepEqual(page.problems, []);
  }));

  test('in a small one the words still fit', LIMIT, scoped(async (scope) => {
    await createMountpoint(scope, server, 'tiny', { title: 'The camera at the north gate' });
    const { page, frame } = await openFrame(scope, '/watch/tiny', { width: 320, height: 180 });
    await frame.getByText('Not live yet').waitFor();
    await screenshot(page, 'embed-small');
    for (const id of ['#poster-title', '#poster-state', '#poster-reason']) {
      assert.ok(await fits(frame.locator(id)), `${id} fits`);
    }
    assert.deepEqual(page.problems, []);
  }));

  test('a token in the address opens what needs one', LIMIT, scoped(async (scope) => {
    await liveMountpoint(scope, server, 'closed', { watch_token: 'sesame' }, SMALL);
    const { frame } = await openFrame(scope, '/watch/closed#token=sesame', { width: 480, height: 270 });
    await frame.locator('#stage[data-state="playing"]').waitFor({ timeout: 15000 });
  }));
});

describe('what fails is said', () => {
  for (const [what, path, state, headline, mountpoint] of [
    ['no such stream', '/watch/nothing', 'waiting', 'There is no such stream'],
    ['not live', '/watch/early', 'waiting', 'Not live yet', { id: 'early' }],
    ['switched off', '/watch/off', 'failed', /^This stream is switched off/,
      { id: 'off', enabled: false }],
    ['a token is needed', '/watch/secret', 'failed', 'This stream is not open to all',
      { id: 'secret', watch_token: 'x' }],
  ]) {
    test(what, LIMIT, scoped(async (scope) => {
      if (mountpoint) {
        const { id, ...more } = mountpoint;
        await createMountpoint(scope, server, id, more);
      }
      const page = await openPage(scope, browser);
      await page.goto(`${server.url}${path}`);
      const seen = await pageState(page, state);
      assert.match(seen.headline, new RegExp(headline));
      assert.notEqual(seen.reason, '', 'the server’s own words');
      assert.notEqual(await page.locator('#poster-help').textContent(), '', 'and what helps');
      assert.deepEqual(page.problems, []);
    }));
  }

  test('the server is gone', LIMIT, scoped(async (scope) => {
    const own = await startServer(scope);
    const page = await openPage(scope, browser);
    await page.goto(`${own.url}/watch/any`);
    await pageState(page, 'waiting');
    await own.stop();
    await page.evaluate(() => globalThis.dispatchEvent(new Event('online')));
    await page.getByText('The server cannot be reached', { exact: true }).first().waitFor();
  }));

  test('the browser has nothing in common with it', LIMIT, scoped(async (scope) => {
    await liveMountpoint(scope, server, 'vp8', { video: 'VP8', audio: false }, SMALL);
    const page = await openPage(scope, browser);
    await page.addInitScript(() => {
      // A browser without VP8: its offers do not have it.
      const original = RTCPeerConnection.prototype.addTransceiver;
      RTCPeerConnection.prototype.addTransceiver = function addTransceiver(kind, init) {
        const transceiver = original.call(this, kind, init);
        if (kind === 'video') {
          transceiver.setCodecPreferences(RTCRtpReceiver.getCapabilities('video').codecs
            .filter(({ mimeType }) => mimeType === 'video/H264'));
        }
        return transceiver;
      };
    });
    await page.goto(`${server.url}/watch/vp8`);
    const { headline, reason } = await pageState(page, 'failed');
    assert.equal(headline, 'This browser cannot play this stream');
    assert.match(reason, /VP8/);
    await screenshot(page, 'watch-refused');
  }));
});
