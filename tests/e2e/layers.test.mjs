// SPDX-License-Identifier: MIT
//
// Simulcast layers for each viewer: a real browser publishes three, others play:
// what they ask for, and what their link carries. Rows in brackets are those of
// the conformance list.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { assertProblem } from './lib/api.mjs';
import { FAKE_DEVICES, launchBrowser, openPage, openViewerPage, Publisher, screenshot, Viewer }
  from './lib/browser.mjs';
import { listen } from './lib/events.mjs';
import { request } from './lib/http.mjs';
import { LAYERS, select, shows } from './lib/layers.mjs';
import { runScenario, scenarioSkip } from './lib/scenario.mjs';
import { scoped, suiteScope } from './lib/scope.mjs';
import { startServer } from './lib/server.mjs';
import { waitFor } from './lib/wait.mjs';

const LIMIT = { timeout: 150000 };
const suite = suiteScope(after);
let browser;

before(async () => {
  browser = await launchBrowser(suite, FAKE_DEVICES);
});

/** A mountpoint that a browser publishes to, and its page. */
async function livePublished(scope, server, id, publishing) {
  await server.api.create({ id, kind: 'whip' });
  scope.defer(() => server.api.call('DELETE', `/api/v1/mountpoints/${id}`));
  const page = await openViewerPage(scope, browser, server.url);
  const publisher = await Publisher.publish(scope, page, {
    url: server.whip(id), ...publishing,
  });
  assert.equal(publisher.status, 201, publisher.text);
  await server.api.waitState(id, 'live', { timeoutMs: 15000 });
  return publisher;
}

async function watch(scope, server, id, options) {
  const page = await openViewerPage(scope, browser, server.url);
  return Viewer.watch(scope, page, { url: server.whep(id), ...options });
}

const allLayers = (server, id) => waitFor('three layers come', async () => {
  const { layers } = (await server.api.read(id)).publisher;
  if (!layers.every(({ active, width }) => active && width > 0)) {
    throw new Error(JSON.stringify(layers));
  }
  return layers;
}, { timeoutMs: 40000, everyMs: 200 });

async function onlySession(server, id) {
  const { items } = await server.api.ok('GET', `/api/v1/mountpoints/${id}/sessions`);
  assert.equal(items.length, 1);
  return items[0];
}

for (const lane of ['direct', 'webrtcbin']) {
  describe(`lane=${lane}`, () => {
    let server;

    before(async () => {
      server = await startServer(suite, {
        config: `[ice]\naddresses=127.0.0.1\n[fanout]\nlane=${lane}\n`,
      });
    });

    for (const codec of lane === 'direct' ? ['VP8', 'H264', 'VP9'] : ['VP8', 'H264']) {
      test(`${codec}: the layer that a viewer asks for, at once and without a gap`, LIMIT,
        scoped(async (scope) => {
          const id = `choose-${codec}`;
          await livePublished(scope, server, id, { codec, ...LAYERS[codec] ?? LAYERS.any });
          await allLayers(server, id);
          const viewer = await watch(scope, server, id);
          const other = await watch(scope, server, id);
          const before = await shows(viewer, 1280);
          await select(other, { rid: 'h' });
          await shows(other, 1280);
          for (const [rid, width] of [['l', 320], ['h', 1280], ['m', 640], ['l', 320]]) {
            assert.equal((await select(viewer, { mediaId: '0', rid })).status, 200);
            await shows(viewer, width);
            await viewer.frames(15);
          }
          // Without wishes: what suits the link, and this one carries all.
          assert.equal((await select(viewer, { mediaId: '0' })).status, 200);
          await shows(viewer, 1280);
          const stats = await viewer.frames(15);
          assert.deepEqual(stats.ssrcs, before.ssrcs, 'negotiated once');
          // A gap in the numbers would be asked for; a picture that refers to
          // one that is not there would need a key frame.
          const seen = JSON.stringify([before, stats]);
          assert.equal(stats.lost, before.lost, seen);
          assert.equal(stats.nacks, before.nacks, seen);
          assert.equal(stats.plis, before.plis, seen);
          await viewer.tone([440]);
          // Each for itself.
          const { width } = await other.stats();
          assert.equal(width, 1280);
        }));
    }

    test('the sessions say which layer is sent and what was asked for', LIMIT,
      scoped(async (scope) => {
        await livePublished(scope, server, 'told', { codec: 'VP8', ...LAYERS.any });
        await allLayers(server, 'told');
        const viewer = await watch(scope, server, 'told');
        await shows(viewer, 1280);
        const first = await onlySession(server, 'told');
        assert.deepEqual([first.layer, first.layer_choice], ['h', 'auto']);
        await select(viewer, { rid: 'm' });
        await shows(viewer, 640);
        const second = await onlySession(server, 'told');
        assert.deepEqual([second.layer, second.layer_choice], ['m', 'm']);
      }));
  });
}

const URI_TRANSPORT_WIDE =
  'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01';

test('who does not estimate its link says what came when, and it is estimated here [M-29]', LIMIT,
  scoped(async (scope) => {
    const server = await startServer(scope);
    await livePublished(scope, server, 'feedback', { codec: 'VP8', ...LAYERS.any });
    const [, , high] = await allLayers(server, 'feedback');
    const viewer = await watch(scope, server, 'feedback', { without: ['goog-remb'] });
    const sections = viewer.answer.sdp.split('\r\nm=').slice(1);
    assert.equal(sections.length, 2);
    for (const section of sections) {
      assert.ok(section.includes(` ${URI_TRANSPORT_WIDE}\r\n`), section);
      assert.match(section, /^a=rtcp-fb:\d+ transport-cc\r?$/m);
      assert.doesNotMatch(section, /goog-remb|abs-send-time/);
    }
    await shows(viewer, 1280);
    const session = await waitFor('an estimate of more than it gets', async () => {
      const now = await onlySession(server, 'feedback');
      assert.ok(now.estimated_bps > high.bitrate_bps * 1.2, JSON.stringify([now, high]));
      return now;
    }, { timeoutMs: 60000, everyMs: 500 });
    assert.equal(session.layer, 'h');
    const stats = await viewer.frames(30);
    assert.equal(stats.lost, 0);
    await viewer.tone([440]);
  }));

describe('the layer extension', () => {
  let server;

  before(async () => {
    server = await startServer(suite);
  });

  test('offered and answered as the draft says [X-13]', LIMIT, scoped(async (scope) => {
    const publisher = await livePublished(scope, server, 'draft', {
      codec: 'VP8', ...LAYERS.any,
    });
    await allLayers(server, 'draft');
    const viewer = await watch(scope, server, 'draft');
    const { link, session } = viewer.answer;
    assert.match(link, /<[^>]*\/layer>; rel="urn:ietf:params:whep:ext:core:layer"/);
    assert.match(link, /events="active,inactive,viewercount,reconnect,drain,layers"/);
    await shows(viewer, 1280);

    const events = await listen(scope, `${session}/events`);
    const layers = (what, fits) => waitFor(what, () => {
      const list = events.last('layers')?.['0'];
      const rid = (name) => list?.find((layer) => layer.rid === name);
      if (!list || !fits(rid)) {
        throw new Error(JSON.stringify(list));
      }
      return list;
    }, { timeoutMs: 15000 });
    const told = await layers('the high layer plays', (rid) => rid('h').playing);
    assert.deepEqual(told.map(({ rid }) => rid), ['l', 'm', 'h']);
    const high = told.find(({ rid }) => rid === 'h');
    assert.deepEqual([high.width, high.height, high.playing], [1280, 720, true]);
    assert.ok(high.bitrate > 0);

    assert.equal((await select(viewer, { mediaId: '0', encodingId: 'l' })).status, 200);
    await shows(viewer, 320);
    await layers('the low layer plays', (rid) => rid('l').playing);
    assert.equal((await select(viewer, { maxHeight: 400 })).status, 200);
    await shows(viewer, 640);

    assertProblem(await select(viewer, { rid: 'x' }), 422, /the layers are l, m, h/);
    assertProblem(await select(viewer, { mediaId: '7' }), 422, /mediaId must be "0"/);
    assertProblem(await select(viewer, { rid: 5 }), 422, /rid must be a string/);
    assertProblem(await select(viewer, { maxWidth: -1 }), 422, /maxWidth must be/);
    assertProblem(await select(viewer, { temporalLayerId: 1 }), 422, /chosen by rid/);
    const text = await request(`${session}/layer`, {
      method: 'POST', headers: { 'Content-Type': 'text/plain' }, body: '{}',
    });
    assertProblem(text, 415);

    // One that the publisher switches off is told as such, and another is sent.
    await select(viewer, { rid: 'h' });
    await shows(viewer, 1280);
    await publisher.setActive(['l', 'm']);
    await layers('the high layer is off', (rid) => rid('h').bitrate === undefined);
    await shows(viewer, 640);
    await publisher.setActive(['l', 'm', 'h']);
    await shows(viewer, 1280);
  }));

  test('without simulcast there is none of it [X-13]', LIMIT, scoped(async (scope) => {
    await livePublished(scope, server, 'plain', { codec: 'VP8' });
    const viewer = await watch(scope, server, 'plain');
    await viewer.frames(10);
    assert.doesNotMatch(viewer.answer.link, /ext:core:layer|layers/);
    assert.doesNotMatch(viewer.answer.sdp, /abs-send-time/);
    assertProblem(await select(viewer, { rid: 'h' }), 409, /no layers/);
    const refused = await request(`${viewer.answer.session}/events`, {
      method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '["layers"]',
    });
    assertProblem(refused, 400);
    const { layer, layer_choice: choice } = await onlySession(server, 'plain');
    assert.deepEqual([layer, choice], [null, 'auto']);
  }));

  test('a wish outlives the publisher; one without layers is played all the same', LIMIT,
    scoped(async (scope) => {
      const first = await livePublished(scope, server, 'again', { codec: 'VP8', ...LAYERS.any });
      await allLayers(server, 'again');
      const viewer = await watch(scope, server, 'again');
      await shows(viewer, 1280);
      await select(viewer, { rid: 'l' });
      await shows(viewer, 320);
      await first.close();
      await server.api.waitState('again', 'lost', { timeoutMs: 8000 });
      const page = await openViewerPage(scope, browser, server.url);
      const second = await Publisher.publish(scope, page, {
        url: server.whip('again'), codec: 'VP8', width: 480, height: 360,
      });
      assert.equal(second.status, 201, second.text);
      await shows(viewer, 480);
      await second.close();
      await server.api.waitState('again', 'lost', { timeoutMs: 8000 });
      const third = await Publisher.publish(scope, page, {
        url: server.whip('again'), codec: 'VP8', ...LAYERS.any,
      });
      assert.equal(third.status, 201, third.text);
      await shows(viewer, 320);
      await viewer.frames(15);
    }));
});

test('the player page offers the layers, and none where there are none', LIMIT,
  scoped(async (scope) => {
    const server = await startServer(scope);
    await livePublished(scope, server, 'quality', { codec: 'VP8', ...LAYERS.any });
    await livePublished(scope, server, 'single', { codec: 'VP8' });
    await allLayers(server, 'quality');
    const page = await openPage(scope, browser);
    await page.goto(`${server.url}/watch/quality`);
    const wide = (width) => page.waitForFunction((wanted) =>
      document.getElementById('video').videoWidth === wanted, width, { timeout: 30000 });
    await wide(1280);
    const options = () => page.$$eval('#quality option', (all) =>
      all.map(({ textContent }) => textContent));
    await waitFor('the layers to choose from', async () => {
      assert.deepEqual(await options(), ['Auto (720p)', '720p', '360p', '180p']);
      return true;
    }, { timeoutMs: 15000 });
    await page.selectOption('#quality', 'l');
    await wide(320);
    assert.equal((await onlySession(server, 'quality')).layer_choice, 'l');
    await screenshot(page, 'watch-quality');
    await page.selectOption('#quality', '');
    await wide(1280);
    assert.equal((await onlySession(server, 'quality')).layer_choice, 'auto');
    const other = await openPage(scope, browser);
    await other.goto(`${server.url}/watch/single`);
    await other.waitForFunction(() =>
      document.getElementById('stage').dataset.state === 'playing', null, { timeout: 20000 });
    assert.equal(await other.isVisible('#quality'), false);
    assert.deepEqual([...page.problems, ...other.problems], []);
  }));

for (const [who, ...args] of [['the viewer'], ['the server', 'feedback']]) {
  test(`a link that carries less gets a smaller layer, and the best again: estimated by ${who}`,
    { timeout: 240000, skip: scenarioSkip }, scoped(async (scope) => {
      const { narrow, wide, neighbour } =
        await runScenario(scope, 'layers', args, { timeoutMs: 230000 });
      assert.ok(narrow.width < 1280, JSON.stringify(narrow));
      assert.equal(wide.width, 1280);
      assert.equal(neighbour.width, 1280, 'whose link was good all the time');
    }));
}
