// SPDX-License-Identifier: MIT
//
// A real browser publishes its (made up) camera by WHIP, another one plays it by
// WHEP: pictures decoded and sound heard. Rows in brackets are those of the
// conformance list.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';

import { assertProblem } from './lib/api.mjs';
import {
  FAKE_DEVICES, launchBrowser, openPage, openViewerPage, Publisher, screenshot, Viewer,
} from './lib/browser.mjs';
import { request } from './lib/http.mjs';
import { LAYERS, shows } from './lib/layers.mjs';
import { offer } from './lib/offer.mjs';
import { runScenario, scenarioSkip } from './lib/scenario.mjs';
import { scoped, suiteScope } from './lib/scope.mjs';
import { startServer } from './lib/server.mjs';
import { waitFor } from './lib/wait.mjs';

const LIMIT = { timeout: 120000 };
const suite = suiteScope(after);
let server;
let browser;

before(async () => {
  server = await startServer(suite);
  browser = await launchBrowser(suite, FAKE_DEVICES);
});

async function createWhip(scope, id, options = {}) {
  await server.api.create({ id, kind: 'whip', ...options });
  scope.defer(() => server.api.call('DELETE', `/api/v1/mountpoints/${id}`));
}

async function publish(scope, id, options = {}) {
  const page = await openViewerPage(scope, browser, server.url);
  return Publisher.publish(scope, page, { url: server.whip(id), ...options });
}

async function watch(scope, id, options = {}) {
  const page = await openViewerPage(scope, browser, server.url);
  return Viewer.watch(scope, page, { url: server.whep(id), ...options });
}

/** A mountpoint that a browser publishes to. */
async function livePublished(scope, id, options = {}, publishing = {}) {
  await createWhip(scope, id, options);
  const publisher = await publish(scope, id, publishing);
  assert.equal(publisher.status, 201, publisher.text);
  await server.api.waitState(id, 'live', { timeoutMs: 15000 });
  return publisher;
}

/** What a publisher that has gone leaves behind; noticed in seconds. */
const lost = (id) => server.api.waitState(id, 'lost', { timeoutMs: 8000 });

describe('a browser publishes, another one plays', () => {
  for (const codec of ['VP8', 'H264', 'VP9', 'AV1']) {
    test(`${codec} and Opus: frames decoded, 440 Hz heard [I-01]`, LIMIT,
      scoped(async (scope) => {
        const id = `pub-${codec}`;
        const publisher = await livePublished(scope, id, {}, { codec });
        assert.match(publisher.text, /^a=recvonly/m);
        const viewer = await watch(scope, id);
        const stats = await viewer.frames(50);
        assert.equal(stats.videoCodec?.toUpperCase(), `VIDEO/${codec}`);
        assert.deepEqual([stats.width, stats.height], [640, 360]);
        await viewer.tone([440]);
      }));
  }

  test('one medium alone', LIMIT, scoped(async (scope) => {
    await livePublished(scope, 'only-sound', {}, { kinds: ['audio'] });
    await (await watch(scope, 'only-sound')).tone([440]);
    await livePublished(scope, 'only-picture', {}, { kinds: ['video'] });
    await (await watch(scope, 'only-picture')).frames(20);
  }));

  test('the mountpoint says who publishes and how it comes', LIMIT,
    scoped(async (scope) => {
      await livePublished(scope, 'told');
      const seen = await waitFor('rates are known', async () => {
        const { publisher } = await server.api.read('told');
        return publisher.video?.bitrate_bps > 0 && publisher.audio?.bitrate_bps > 0
          ? publisher : null;
      });
      assert.equal(seen.state, 'publishing');
      assert.equal(seen.address, '127.0.0.1');
      assert.match(seen.media_address, /^[0-9a-f.:[\]]+:\d+$/);
      assert.match(seen.user_agent, /Chrom/);
      assert.deepEqual(seen.layers, []);
      assert.deepEqual(seen.codecs.sort(), ['VP8', 'opus']);
      assert.equal(seen.loss, 0);
      const mountpoint = await server.api.read('told');
      assert.equal(mountpoint.whip_url, server.whip('told'));
      assert.equal(mountpoint.publish_url, `${server.url}/publish/told`);
      assert.match(mountpoint.push, /^ffmpeg .* -f whip '/);
    }));

  test('feedback reaches the publisher: reports, and what its uplink carries [I-17]',
    LIMIT, scoped(async (scope) => {
      const publisher = await livePublished(scope, 'feedback');
      assert.match(publisher.text, /^a=rtcp-fb:\d+ transport-cc/m);
      // Receiver reports give the round trip, transport-wide feedback the
      // estimate, which starts at 300 kbit/s and rises only if it is answered.
      await waitFor('a round trip and a risen estimate', async () => {
        const stats = await publisher.stats();
        if (stats.rttMs === null || !(stats.bandwidth > 600e3)) {
          throw new Error(JSON.stringify(stats));
        }
        return true;
      }, { timeoutMs: 30000, everyMs: 200 });
    }));

  test('a viewer without a picture gets a key frame; not more than two a second [I-15 R-04]',
    LIMIT, scoped(async (scope) => {
      const publisher = await livePublished(scope, 'keys');
      for (let i = 0; i < 6; i += 1) {
        await (await watch(scope, 'keys')).frames(3);
      }
      const { publisher: seen } = await server.api.read('keys');
      const [video] = (await publisher.stats()).streams.filter(({ kind }) => kind === 'video');
      const seconds = (Date.now() - Date.parse(seen.since)) / 1000;
      assert.ok(video.plis <= 2 * seconds + 1, `${video.plis} PLI in ${seconds} s`);
    }));
});

describe('publishers come and go', () => {
  test('DELETE: idle, viewers end [D-01 I-14]', LIMIT, scoped(async (scope) => {
    const publisher = await livePublished(scope, 'bye');
    const viewer = await watch(scope, 'bye');
    await viewer.frames(10);
    assert.equal(await publisher.remove(), 200);
    const mountpoint = await server.api.waitState('bye', 'idle');
    assert.equal(mountpoint.publisher, null);
    await viewer.ended();
    assert.equal(await publisher.remove(), 404);
    const late = await request(server.whep('bye'), {
      method: 'POST', headers: { 'Content-Type': 'application/sdp' }, body: offer(),
    });
    assertProblem(late, 409);
  }));

  test('connection closed first, DELETE after it [D-06]', LIMIT,
    scoped(async (scope) => {
      const publisher = await livePublished(scope, 'close-first');
      await publisher.close();
      await lost('close-first');
      const answer = await request(publisher.session, { method: 'DELETE' });
      assert.equal(answer.status, 200);
      await server.api.waitState('close-first', 'idle');
    }));

  test('a browser that is closed is noticed in seconds, another may come', LIMIT,
    scoped(async (scope) => {
      const other = await launchBrowser(scope, FAKE_DEVICES);
      await createWhip(scope, 'closed');
      const page = await openViewerPage(scope, other, server.url);
      const victim = await Publisher.publish(scope, page, { url: server.whip('closed') });
      assert.equal(victim.status, 201);
      await server.api.waitState('closed', 'live', { timeoutMs: 15000 });
      const viewer = await watch(scope, 'closed');
      await viewer.frames(10);
      await other.close();
      const gone = await lost('closed');
      assert.notEqual(gone.reason, null);
      const next = await publish(scope, 'closed');
      assert.equal(next.status, 201, next.text);
      await server.api.waitState('closed', 'live', { timeoutMs: 15000 });
      await viewer.frames(20);
    }));

  test('ten restarts, and the viewer keeps decoding [R-07]', { timeout: 180000 },
    scoped(async (scope) => {
      let publisher = await livePublished(scope, 'restarts');
      const viewer = await watch(scope, 'restarts');
      const before = await viewer.frames(20);
      for (let i = 0; i < 10; i += 1) {
        await publisher.close();
        publisher = await publish(scope, 'restarts');
        assert.equal(publisher.status, 201, publisher.text);
        await viewer.frames(20);
      }
      const end = await viewer.stats();
      assert.deepEqual(end.ssrcs, before.ssrcs, 'the same streams');
      await viewer.tone([440]);
      assert.equal((await server.api.read('restarts')).viewers, 1);
    }));

  test('one at a time: the second is refused [I-13]', LIMIT, scoped(async (scope) => {
    const first = await livePublished(scope, 'single');
    const second = await publish(scope, 'single');
    assert.equal(second.status, 409);
    assert.match(second.text, /publishes to mountpoint/);
    const viewer = await watch(scope, 'single');
    await viewer.frames(20);
    assert.equal((await first.stats()).connection, 'connected');
  }));

  test('take-over, and another size: the viewer stays [I-13 M-35]', LIMIT,
    scoped(async (scope) => {
      const first = await livePublished(scope, 'taken', { publisher_takeover: true });
      const viewer = await watch(scope, 'taken');
      await viewer.frames(20);
      const second = await publish(scope, 'taken', { width: 320, height: 240 });
      assert.equal(second.status, 201, second.text);
      await waitFor('the viewer sees the second', async () => {
        const { width } = await viewer.stats();
        return width === 320;
      }, { timeoutMs: 15000 });
      await waitFor('the first was ended', async () =>
        (await first.stats()).connection !== 'connected', { timeoutMs: 15000 });
      // What the first one still says ends nothing of the second.
      assert.equal(await first.remove(), 200);
      await viewer.frames(20);
    }));

  test('a broken offer takes nothing over', LIMIT, scoped(async (scope) => {
    await livePublished(scope, 'kept', { publisher_takeover: true });
    let answer;
    await waitFor('the first publisher may be followed', async () => {
      answer = await request(server.whip('kept'), {
        method: 'POST', headers: { 'Content-Type': 'application/sdp' },
        body: offer({ direction: 'recvonly' }),
      });
      return answer.status !== 429;
    }, { timeoutMs: 5000 });
    assertProblem(answer, 422, /does not send/);
    await (await watch(scope, 'kept')).frames(20);
  }));

  test('disabled, ended by the operator, destroyed', LIMIT, scoped(async (scope) => {
    const first = await livePublished(scope, 'ended');
    const { publisher } = await server.api.read('ended');
    await server.api.ok('DELETE', `/api/v1/sessions/${publisher.id}`);
    await lost('ended');
    await waitFor('the publisher knows', async () =>
      (await first.stats()).connection !== 'connected', { timeoutMs: 15000 });
    await server.api.ok('POST', '/api/v1/mountpoints/ended/disable');
    assert.equal((await publish(scope, 'ended')).status, 403);
    await server.api.ok('POST', '/api/v1/mountpoints/ended/enable');
    const again = await publish(scope, 'ended');
    assert.equal(again.status, 201, again.text);
    await server.api.waitState('ended', 'live', { timeoutMs: 15000 });
    await server.api.destroy('ended');
    await waitFor('the publisher knows', async () =>
      (await again.stats()).connection !== 'connected', { timeoutMs: 15000 });
  }));
});

describe('simulcast', () => {
  for (const codec of ['VP8', 'H264']) {
    test(`${codec}: the best layer plays, another one when it stops [I-12]`, LIMIT,
      scoped(async (scope) => {
        const id = `layers-${codec}`;
        const publisher = await livePublished(scope, id, {}, { codec, ...LAYERS.any });
        assert.match(publisher.text, /^a=simulcast:recv l;m;h/m);
        const playing = (rid) => waitFor(`layer ${rid} plays`, async () => {
          const { layers } = (await server.api.read(id)).publisher;
          if (layers.find((layer) => layer.playing)?.rid !== rid) {
            throw new Error(JSON.stringify(layers));
          }
          return layers;
        }, { timeoutMs: 40000, everyMs: 200 });
        const layers = await playing('h');
        assert.deepEqual(layers.map(({ rid }) => rid), ['l', 'm', 'h']);
        const viewer = await watch(scope, id);
        const before = await shows(viewer, 1280);
        await viewer.frames(30);
        await publisher.setActive(['l', 'm']);
        await playing('m');
        await shows(viewer, 640);
        await viewer.frames(30);
        await publisher.setActive(['l', 'm', 'h']);
        await playing('h');
        await shows(viewer, 1280);
        const after = await viewer.frames(30);
        assert.deepEqual(after.ssrcs, before.ssrcs, 'the viewer negotiated once');
        await viewer.tone([440]);
      }));
  }
});

describe('the publisher page', () => {
  const pageState = (page, state) => page.waitForFunction((wanted) =>
    document.getElementById('studio').dataset.state === wanted, state, { timeout: 15000 });
  const ready = (page) => page.waitForFunction(() =>
    !document.getElementById('go').disabled, null, { timeout: 15000 });

  test('one button: live, seen and heard, and off again', LIMIT, scoped(async (scope) => {
    await createWhip(scope, 'page');
    const page = await openPage(scope, browser);
    await page.goto(`${server.url}/publish/page`);
    await ready(page);
    assert.ok(await page.locator('#camera option').count() > 0);
    await page.click('#go');
    await pageState(page, 'publishing');
    const viewer = await watch(scope, 'page');
    await viewer.frames(20);
    await page.waitForFunction(() => /Mbit/.test(document.getElementById('stats').textContent));
    await screenshot(page, 'publish-live');
    // Another picture goes on in the same session.
    const { publisher } = await server.api.read('page');
    await page.selectOption('#size', '480');
    await viewer.frames(20);
    assert.equal((await server.api.read('page')).publisher.id, publisher.id);
    await page.click('#go');
    await server.api.waitState('page', 'idle');
    assert.deepEqual(page.problems, []);
  }));

  test('a token is asked for, and taken from the address', LIMIT, scoped(async (scope) => {
    await createWhip(scope, 'page-token', { publish_token: 'pub' });
    const page = await openPage(scope, browser);
    await page.goto(`${server.url}/publish/page-token`);
    await ready(page);
    await page.click('#go');
    await pageState(page, 'failed');
    await page.fill('#token', 'pub');
    await page.keyboard.press('Enter');
    await pageState(page, 'publishing');
    await page.close();
    await server.api.waitState('page-token', 'idle');
    const given = await openPage(scope, browser, {
      colorScheme: 'dark', viewport: { width: 390, height: 780 },
    });
    await given.goto(`${server.url}/publish/page-token#token=pub`);
    assert.doesNotMatch(given.url(), /pub$/);
    await ready(given);
    await given.click('#go');
    await pageState(given, 'publishing');
    await screenshot(given, 'publish-narrow');
    assert.deepEqual(given.problems, []);
  }));

  test('the place is taken: it waits, and comes when it is free', LIMIT,
    scoped(async (scope) => {
      const first = await livePublished(scope, 'page-wait');
      const page = await openPage(scope, browser);
      await page.goto(`${server.url}/publish/page-wait`);
      await ready(page);
      await page.click('#go');
      await pageState(page, 'waiting');
      await first.remove();
      await pageState(page, 'publishing');
      await server.api.waitState('page-wait', 'live');
    }));
});

describe('WHIP over HTTP', () => {
  const SDP = { 'Content-Type': 'application/sdp' };
  const post = (id, body, headers = SDP) =>
    request(server.whip(id), { method: 'POST', headers, body });
  const canned = (name) =>
    readFileSync(new URL(`../data/offers/${name}.sdp`, import.meta.url), 'utf8');

  test('the publish token opens it, the watch token does not [I-18]',
    scoped(async (scope) => {
      await createWhip(scope, 'guarded', { publish_token: 'pub', watch_token: 'see' });
      const body = canned('whip-obs');
      const refused = await post('guarded', body);
      assertProblem(refused, 401);
      assert.match(refused.headers['www-authenticate'], /^Bearer/);
      assert.equal((await post('guarded', body,
        { ...SDP, Authorization: 'Bearer see' })).status, 401);
      const taken = await post('guarded', body, { ...SDP, Authorization: 'Bearer pub' });
      assert.equal(taken.status, 201, taken.text);
      const session = new URL(taken.headers.location, server.url).href;
      assert.equal((await request(session, {
        method: 'DELETE', headers: { Authorization: 'Bearer see' },
      })).status, 401);
      assert.equal((await request(session, {
        method: 'DELETE', headers: { Authorization: 'Bearer pub' },
      })).status, 200);
      const read = await server.api.read('guarded');
      assert.equal(read.publish_token, '***');
    }));

  test('offers of OBS, FFmpeg, GStreamer, simple-whip-client, Chromium, Firefox [I-09 I-10 I-11 I-21]',
    scoped(async (scope) => {
      for (const name of ['obs', 'obs-simulcast', 'ffmpeg', 'ffmpeg-video', 'gstreamer',
        'chrome-publish', 'chrome-simulcast', 'firefox', 'simple-whip-client']) {
        const id = `offer-${name}`;
        await createWhip(scope, id);
        const answer = await post(id, canned(`whip-${name}`));
        assert.equal(answer.status, 201, `${name}: ${answer.text}`);
        assert.match(answer.headers['content-type'], /^application\/sdp/);
        assert.match(answer.headers.location, new RegExp(`^/whip/${id}/[0-9a-f]{32}$`));
        assert.match(answer.headers.etag, /^"[^"]+"$/);
        assert.match(answer.text, /^v=0\r\n/);
        assert.match(answer.text, /^a=candidate:1 1 udp \d+ 127\.0\.0\.1 \d+ typ host/m);
        assert.ok(answer.text.length < 8000);
      }
    }));

  test('what cannot be published: 422, 400, 415 [I-03 I-04 I-06 E-01 E-05]',
    scoped(async (scope) => {
      await createWhip(scope, 'picky');
      assertProblem(await post('picky', canned('firefox')), 422, /does not send/);
      assertProblem(await post('picky', canned('whip-obs').replace('H264/90000', 'MPV/90000')),
        422, /offers none of H264/);
      assertProblem(await post('picky', 'hello'), 400);
      assertProblem(await post('picky', ''), 400);
      assertProblem(await post('picky', canned('whip-obs'), { 'Content-Type': 'text/plain' }),
        415);
      assert.equal((await server.api.read('picky')).state, 'idle');
    }));

  test('a hundred at once: one publishes, the others are told when to ask again [I-23]',
    scoped(async (scope) => {
      for (const takeover of [false, true]) {
        const id = takeover ? 'rush-take' : 'rush';
        await createWhip(scope, id, { publisher_takeover: takeover });
        const body = canned('whip-obs');
        const started = Date.now();
        const answers = await Promise.all(Array.from({ length: 100 }, () => post(id, body)));
        const refused = answers.filter(({ status }) => status !== 201);
        // With take-over one more for each second that it took.
        const most = takeover ? 2 + (Date.now() - started) / 1000 : 1;
        assert.ok(100 - refused.length >= 1 && 100 - refused.length <= most,
          `${100 - refused.length} were taken`);
        for (const answer of refused) {
          assertProblem(answer, takeover ? 429 : 409);
          assert.match(answer.headers['retry-after'], /^\d+$/);
        }
      }
    }));

  test('only where a publisher is expected', scoped(async (scope) => {
    await server.api.create({ id: 'pattern', kind: 'test' });
    scope.defer(() => server.api.call('DELETE', '/api/v1/mountpoints/pattern'));
    assertProblem(await post('pattern', canned('whip-obs')), 404, /takes no publisher/);
    assertProblem(await post('nobody', canned('whip-obs')), 404);
  }));

  test('session URLs of WHIP and WHEP are apart; methods [I-20 H-01 H-04 H-09 H-10]',
    scoped(async (scope) => {
      await createWhip(scope, 'apart');
      const answer = await post('apart', canned('whip-obs'));
      const session = new URL(answer.headers.location, server.url).href;
      const crossed = session.replace('/whip/', '/whep/');
      for (const method of ['GET', 'DELETE']) {
        assert.equal((await request(crossed, { method })).status, 404);
      }
      const options = await request(server.whip('apart'), { method: 'OPTIONS' });
      assert.equal(options.status, 200);
      assert.match(options.headers['accept-post'], /application\/sdp/);
      assert.match(options.headers['access-control-allow-methods'], /PATCH/);
      assert.equal((await request(server.whip('apart'), { method: 'GET' })).status, 200);
      assert.equal((await request(server.whip('apart'), { method: 'PUT' })).status, 405);
      assert.equal((await request(session, { method: 'POST' })).status, 405);
      const trickle = await request(session, {
        method: 'PATCH', headers: { 'Content-Type': 'application/trickle-ice-sdpfrag' },
        body: 'a=ice-ufrag:x9Qa\r\na=ice-pwd:4qT7o2cL8nY6mUe1Zx0Rw3Vh\r\n' +
          'm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n' +
          'a=candidate:1 1 UDP 2015363327 192.0.2.10 41529 typ host\r\n',
      });
      assert.equal(trickle.status, 204, trickle.text);
      assert.equal((await request(session, { method: 'DELETE' })).status, 200);
      assert.equal((await request(session, { method: 'DELETE' })).status, 404);
    }));

  test('a publisher that never connects does not hold the place for long', LIMIT,
    scoped(async (scope) => {
      await createWhip(scope, 'absent');
      assert.equal((await post('absent', canned('whip-obs'))).status, 201);
      assert.equal((await post('absent', canned('whip-obs'))).status, 409);
      await waitFor('the next one is taken', async () =>
        (await post('absent', canned('whip-ffmpeg'))).status === 201,
      { timeoutMs: 20000, everyMs: 500 });
    }));
});

test('5 % of what is published is lost, asked for again and repaired [I-16]',
  { timeout: 150000, skip: scenarioSkip }, scoped(async (scope) => {
    const { dropped, video, sent, metrics } =
      await runScenario(scope, 'publish-loss', [], { timeoutMs: 140000 });
    assert.ok(dropped > 30, `dropped ${dropped}`);
    assert.ok(video.nacked >= 5, `asked for ${video.nacked}`);
    assert.ok(sent.resent >= 5, `sent again ${sent.resent}`);
    // What came again may be lost again; all but a few are repaired.
    assert.ok(video.repaired >= video.nacked / 2, JSON.stringify(video));
    assert.ok(video.lost <= 0.1 * video.repaired + 1, JSON.stringify(video));
    // Of /metrics, read a moment later: what the API said, and sound's besides.
    assert.ok(metrics.nacked_packets >= video.nacked, JSON.stringify({ metrics, video }));
    assert.ok(metrics.repaired_packets >= video.repaired, JSON.stringify({ metrics, video }));
    assert.ok(metrics.key_frame_requests >= video.plis, JSON.stringify({ metrics, video }));
  }));
