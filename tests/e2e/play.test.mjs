// SPDX-License-Identifier: MIT
//
// Real sources, the real program, a real browser: pictures decoded and sound
// heard. Rows in brackets are those of the WHEP conformance list.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { launchBrowser, openForeignPage, openPage, openViewerPage, screenshot, Viewer }
  from './lib/browser.mjs';
import { createMountpoint, liveMountpoint } from './lib/fixture.mjs';
import { pageFrames, pageState } from './lib/pages.mjs';
import { freeRtpPorts } from './lib/ports.mjs';
import { makeMovie, pushOptions, startCopyPusher, startPusher } from './lib/pusher.mjs';
import { runScenario, scenarioSkip } from './lib/scenario.mjs';
import { scoped, suiteScope } from './lib/scope.mjs';
import { startServer } from './lib/server.mjs';
import { Vp8Source } from './lib/vp8-source.mjs';
import { delay, waitFor } from './lib/wait.mjs';

const LIMIT = { timeout: 90000 };
const suite = suiteScope(after);
let server;
let browser;

before(async () => {
  server = await startServer(suite);
  browser = await launchBrowser(suite);
});

/** A bare viewer of a mountpoint, in a page of its own. */
async function watch(scope, id, options = {}) {
  const page = await openViewerPage(scope, browser, server.url);
  return Viewer.watch(scope, page, { url: server.whep(id), ...options });
}

/** The player page; resolves when its address is loaded. */
async function openWatchPage(scope, id, { origin = server.url, hash = '', ...more } = {}) {
  const page = await openPage(scope, browser, more);
  await page.goto(`${origin}/watch/${id}${hash}`);
  return page;
}

describe('codecs and offers', () => {
  for (const video of ['H264', 'VP8']) {
    test(`${video} and Opus: frames decoded, 440 Hz heard [W-01 S-17 S-18]`, LIMIT,
      scoped(async (scope) => {
        const id = `codec-${video}`;
        await liveMountpoint(scope, server, id, { video });
        const viewer = await watch(scope, id);
        const stats = await viewer.frames(50);
        assert.equal(stats.videoCodec?.toUpperCase(), `VIDEO/${video}`);
        assert.deepEqual([stats.width, stats.height], [640, 360]);
        await viewer.tone([440]);
        // One stream for both tracks: pages take event.streams[0].
        assert.equal(new Set(viewer.answer.streams.flat()).size, 1);
        assert.equal(viewer.answer.streams.flat().length, 2);
      }));
  }

  test('audio first and video first play the same [S-01 M-01]', LIMIT,
    scoped(async (scope) => {
      await liveMountpoint(scope, server, 'order');
      for (const kinds of [['audio', 'video'], ['video', 'audio']]) {
        const viewer = await watch(scope, 'order', { kinds });
        await viewer.frames(20);
        await viewer.tone([440]);
      }
    }));

  test('an offer of one medium gets that one [S-01]', LIMIT, scoped(async (scope) => {
    await liveMountpoint(scope, server, 'one');
    const seen = await watch(scope, 'one', { kinds: ['video'] });
    const stats = await seen.frames(20);
    assert.equal(stats.audioPackets, 0);
    const heard = await watch(scope, 'one', { kinds: ['audio'] });
    await heard.tone([440]);
    assert.equal((await heard.stats()).videoPackets, 0);
  }));

  test('a mountpoint of one medium answers an offer of two [S-13 S-14]', LIMIT,
    scoped(async (scope) => {
      await liveMountpoint(scope, server, 'only-audio', { video: null });
      await liveMountpoint(scope, server, 'only-video', { audio: false });
      for (const kinds of [['video', 'audio'], ['audio', 'video']]) {
        await (await watch(scope, 'only-audio', { kinds })).tone([440]);
        await (await watch(scope, 'only-video', { kinds })).frames(20);
      }
    }));

  test('stereo stays stereo [M-21]', LIMIT, scoped(async (scope) => {
    await liveMountpoint(scope, server, 'stereo', {}, { stereo: true });
    const viewer = await watch(scope, 'stereo', { stereo: true });
    assert.match(viewer.answer.sdp, /^a=fmtp:\d+ .*\bstereo=1/m);
    await viewer.tone([440, 880]);
  }));

  test('two mountpoints and three viewers at once [W-16]', LIMIT, scoped(async (scope) => {
    await liveMountpoint(scope, server, 'many-a', {}, { size: '320x180', fps: 15 });
    await liveMountpoint(scope, server, 'many-b', { video: 'VP8' },
      { size: '480x270', fps: 15 });
    const viewers = [];
    for (const id of ['many-a', 'many-a', 'many-b']) {
      viewers.push(await watch(scope, id));
    }
    const stats = await Promise.all(viewers.map((viewer) => viewer.frames(30)));
    assert.deepEqual(stats.map(({ width }) => width), [320, 320, 480]);
    await server.api.waitViewers('many-a', 2);
    await server.api.waitViewers('many-b', 1);
    assert.equal(await viewers[0].remove(), 200);
    await server.api.waitViewers('many-a', 1);
    await viewers[1].frames(15);
  }));

  test('a page of another origin plays, trickles and leaves [C-12 C-06 T-01]', LIMIT,
    scoped(async (scope) => {
      await liveMountpoint(scope, server, 'foreign');
      const page = await openForeignPage(scope, browser);
      const viewer = await Viewer.watch(scope, page,
        { url: server.whep('foreign'), trickle: true });
      assert.ok(viewer.answer.etag, 'the page can read the ETag');
      assert.equal(viewer.answer.trickleStatus, 204);
      await viewer.frames(20);
      assert.equal(await viewer.remove(), 200);
      await server.api.waitViewers('foreign', 0);
    }));
});

describe('sources', () => {
  test('a source that restarts goes on for its viewers [R-07 L-08]', LIMIT,
    scoped(async (scope) => {
      const source = await liveMountpoint(scope, server, 'restart');
      const viewer = await watch(scope, 'restart');
      const first = await viewer.frames(30);
      await source.pusher.kill();
      await server.api.waitState('restart', 'lost');
      // A new process: another SSRC, other sequence numbers and timestamps.
      source.start();
      await server.api.waitState('restart', 'live');
      const second = await viewer.frames(50);
      assert.deepEqual(second.ssrcs.sort(), first.ssrcs.sort());
      await viewer.tone([440]);
      await server.api.waitViewers('restart', 1);
    }));

  test('a source that restarts at once goes on too [R-07]', LIMIT,
    scoped(async (scope) => {
      const source = await liveMountpoint(scope, server, 'quick');
      const viewer = await watch(scope, 'quick');
      await viewer.frames(30);
      await source.pusher.kill();
      source.start();
      await viewer.frames(50, { timeoutMs: 20000 });
    }));

  for (const extension of ['mp4', 'mkv']) {
    test(`ffmpeg -c copy of an ${extension} described by its SDP plays [M-12]`, LIMIT,
      scoped(async (scope) => {
        const movie = makeMovie(scope, extension);
        const [port] = await freeRtpPorts(1);
        const { sdp } = await startCopyPusher(scope, movie, port);
        assert.match(sdp, /sprop-parameter-sets=/);
        const id = `copy-${extension}`;
        await server.api.create({ id, kind: 'rtp', sdp });
        scope.defer(() => server.api.call('DELETE', `/api/v1/mountpoints/${id}`));
        await server.api.waitState(id, 'live');
        await (await watch(scope, id)).frames(30);
      }));
  }

  test('the last key frame is long ago: a picture at once all the same [R-03]', LIMIT,
    scoped(async (scope) => {
      // The next key frame would come after the end of the test, and ffmpeg does not
      // make one that it is asked for. This is the wait for the only one to become old.
      await liveMountpoint(scope, server, 'long-gop', {}, { gop: 2500 });
      await delay(4000);
      const viewer = await watch(scope, 'long-gop');
      await viewer.frames(20);
      // Decoded are a hundred at once, before the first is shown.
      await waitFor('it is shown', async () => (await viewer.stats()).firstFrameMs !== null);
    }));

  test('destroying a watched mountpoint ends its viewers [D-13 D-03]', LIMIT,
    scoped(async (scope) => {
      await liveMountpoint(scope, server, 'doomed');
      const viewer = await watch(scope, 'doomed');
      const page = await openWatchPage(scope, 'doomed');
      await viewer.frames(10);
      await pageState(page, 'playing');
      await server.api.destroy('doomed');
      await viewer.ended();
      const { reason } = await pageState(page, 'waiting');
      assert.notEqual(reason, '');
      assert.equal((await server.api.call('GET', '/api/v1/mountpoints/doomed')).status, 404);
    }));
});

describe('the player page', () => {
  test('a source that is not there yet is waited for, then plays [W-18]', LIMIT,
    scoped(async (scope) => {
      const mountpoint = await createMountpoint(scope, server, 'later', { title: 'Later' });
      assert.notEqual(mountpoint.state, 'live');
      const page = await openWatchPage(scope, 'later');
      const { reason } = await pageState(page, 'waiting');
      assert.notEqual(reason, '', 'the reason is the server\'s');
      await screenshot(page, 'watch-waiting');
      startPusher(scope, pushOptions(mountpoint));
      await pageState(page, 'playing', 20000);
      await pageFrames(page, 25);
      await page.keyboard.press('s');
      await waitFor('the panel has a picture size', () => page.evaluate(() =>
        document.getElementById('stats-list').textContent.includes('640 × 360')));
      await screenshot(page, 'watch-playing');
      assert.deepEqual(page.problems, []);
    }));

  test('sound is a tap away', LIMIT, scoped(async (scope) => {
    await liveMountpoint(scope, server, 'sound');
    const page = await openWatchPage(scope, 'sound', {
      viewport: { width: 390, height: 780 }, hasTouch: true, colorScheme: 'dark',
    });
    await pageState(page, 'playing');
    await page.waitForSelector('#unmute', { state: 'visible' });
    await screenshot(page, 'watch-phone');
    await page.tap('#unmute');
    await page.waitForSelector('#unmute', { state: 'hidden' });
    assert.equal(await page.evaluate(() => document.getElementById('video').muted), false);
    await page.keyboard.press('m');
    assert.equal(await page.evaluate(() => document.getElementById('video').muted), true);
  }));

  test('an unknown name is told [W-19]', LIMIT, scoped(async (scope) => {
    const page = await openWatchPage(scope, 'nobody-has-this');
    const { reason } = await pageState(page, 'waiting');
    assert.match(reason, /nobody-has-this/);
    await screenshot(page, 'watch-unknown');
  }));

  test('a token is asked for, taken from the address once, and kept [A-01 A-02]', LIMIT,
    scoped(async (scope) => {
      await liveMountpoint(scope, server, 'secret', { watch_token: 'open-sesame' });
      const page = await openWatchPage(scope, 'secret');
      await pageState(page, 'failed');
      await page.waitForSelector('#token-form', { state: 'visible' });
      await screenshot(page, 'watch-token');
      await page.fill('#token', 'open-sesame');
      await page.keyboard.press('Enter');
      await pageState(page, 'playing');
      const given = await openWatchPage(scope, 'secret', { hash: '#token=open-sesame' });
      await pageState(given, 'playing');
      assert.equal(given.url(), `${server.url}/watch/secret`);
      await given.reload();
      await pageState(given, 'playing');
    }));

  test('leaving the page ends the session [D-01]', LIMIT, scoped(async (scope) => {
    await liveMountpoint(scope, server, 'leaver');
    const page = await openWatchPage(scope, 'leaver');
    await pageState(page, 'playing');
    await server.api.waitViewers('leaver', 1);
    await page.goto('about:blank');
    await server.api.waitViewers('leaver', 0, { timeoutMs: 5000 });
  }));

  test('a server that comes back is found again [W-18]', LIMIT, scoped(async (scope) => {
    const first = await startServer(scope);
    await liveMountpoint(scope, first, 'again');
    const page = await openWatchPage(scope, 'again', { origin: first.url });
    await pageState(page, 'playing');
    await first.stop();
    await pageState(page, 'waiting');
    await screenshot(page, 'watch-server-gone');
    await startServer(scope, { stateDir: first.stateDir, port: first.port });
    await pageState(page, 'playing', 30000);
    await pageFrames(page, 10);
  }));

  test('kicked viewers come back, disabled mountpoints say so', LIMIT,
    scoped(async (scope) => {
      await liveMountpoint(scope, server, 'kicked');
      const page = await openWatchPage(scope, 'kicked');
      await pageState(page, 'playing');
      await server.api.ok('POST', '/api/v1/mountpoints/kicked/kick');
      await pageState(page, 'waiting');
      await pageState(page, 'playing');
      await server.api.ok('POST', '/api/v1/mountpoints/kicked/disable');
      const { reason } = await pageState(page, 'failed');
      assert.notEqual(reason, '');
    }));

  test('--demo plays within ten seconds', LIMIT, scoped(async (scope) => {
    const demo = await startServer(scope, { args: ['--demo'] });
    const page = await openWatchPage(scope, 'demo', { origin: demo.url });
    await pageState(page, 'playing', 10000);
    await pageFrames(page, 15);
    await screenshot(page, 'watch-demo');
  }));
});

describe('the front page', () => {
  test('asks for the token, lists mountpoints, leads to the push command', LIMIT,
    scoped(async (scope) => {
      const title = 'Gate <b>north</b>';
      await createMountpoint(scope, server, 'listed', { title });
      const page = await openPage(scope, browser);
      await page.goto(server.url);
      await page.fill('#token', 'wrong');
      await page.keyboard.press('Enter');
      await page.waitForSelector('#token-error', { state: 'visible' });
      await screenshot(page, 'index-token');
      await page.fill('#token', server.token);
      await page.keyboard.press('Enter');
      const link = page.locator('a.mountpoint-title', { hasText: title });
      await link.waitFor();
      const card = page.locator('li.mountpoint', { has: link });
      assert.match(await card.locator('.watch-link').getAttribute('href'), /watch\/listed$/);
      await screenshot(page, 'index');
      await link.click();
      await page.getByRole('tabpanel', { name: 'ffmpeg' })
        .getByText(/^ffmpeg .*rtp:\/\//).waitFor();
      await page.getByRole('link', { name: 'All mountpoints' }).click();
      await server.api.destroy('listed');
      await link.waitFor({ state: 'detached', timeout: 10000 });
      assert.deepEqual(page.problems, []);
    }));

  test('takes the token from the address once', LIMIT, scoped(async (scope) => {
    const page = await openPage(scope, browser, { colorScheme: 'dark' });
    await page.goto(`${server.url}/#token=${encodeURIComponent(server.token)}`);
    await page.waitForSelector('#forget', { state: 'visible' });
    assert.equal(page.url(), `${server.url}/`);
    await screenshot(page, 'index-dark');
  }));
});

// As a browser's are when it sets its encoder up again. Smaller ones than before
// make a viewer's browser drop all that follows the key frame.
test('the numbers of VP8 begin anew, and every frame is decoded', LIMIT, scoped(async (scope) => {
  const { tracks: [{ port }] } =
    await createMountpoint(scope, server, 'numbers', { video: 'VP8', audio: false });
  const source = new Vp8Source(scope, port, 3);
  const page = await openViewerPage(scope, browser, server.url);
  const first = source.send({ pictureId: 20000, tl0: 100 });
  await server.api.waitState('numbers', 'live', { timeoutMs: 15000 });
  const viewer = await Viewer.watch(scope, page, { url: server.whep('numbers') });
  await first;
  await waitFor('frames of it', async () => (await viewer.stats()).framesReceived >= 20);
  const { framesReceived } = await viewer.stats();
  await source.send({ pictureId: 19000, tl0: 150 });
  await waitFor('all of the clip', async () => {
    const stats = await viewer.stats();
    assert.ok(stats.framesReceived >= framesReceived + 70, JSON.stringify(stats));
    return true;
  });
}));

test('5 % of the packets lost: frames go on, repaired by RTX [R-05 M-25]',
  { timeout: 150000, skip: scenarioSkip }, scoped(async (scope) => {
    const result = await runScenario(scope, 'loss', [], { timeoutMs: 140000 });
    assert.ok(result.dropped > 20, `dropped ${result.dropped}`);
    assert.ok(result.nacks > 0, 'the browser asked');
    assert.ok(result.retransmitted > 0, 'and was answered');
    const { nacked, retransmitted, lane, reports, loss } = result.metrics;
    assert.ok(nacked >= result.nacks, `/metrics has ${nacked} NACKed packets`);
    assert.ok(lane === 'direct' ? retransmitted >= result.retransmitted : retransmitted === null,
      `and ${retransmitted} sent again`);
    assert.ok(loss > 0 && loss < reports / 2, `${loss} lost in ${reports} reports`);
  }));
