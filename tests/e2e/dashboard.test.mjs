// SPDX-License-Identifier: MIT
//
// The dashboard in Chromium: by mouse, by keyboard, on a phone, with five hundred
// mountpoints, with a wrong token, and while the server is started again.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, describe, test } from 'node:test';

import { FAKE_DEVICES, launchBrowser, openPage, openViewerPage, screenshot, Viewer }
  from './lib/browser.mjs';
import { Child } from './lib/child.mjs';
import { DashboardPage } from './lib/dashboard.mjs';
import { listen } from './lib/events.mjs';
import { createMountpoint, liveMountpoint } from './lib/fixture.mjs';
import { request } from './lib/http.mjs';
import { studioState } from './lib/pages.mjs';
import { scoped, suiteScope } from './lib/scope.mjs';
import { startServer } from './lib/server.mjs';
import { delay, waitFor } from './lib/wait.mjs';

const LIMIT = { timeout: 90000 };
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true };
const DESK = { viewport: { width: 1280, height: 800 } };
const SMALL = { size: '320x180', fps: 15 };
const suite = suiteScope(after);
let server;
let browser;

before(async () => {
  server = await startServer(suite);
  browser = await launchBrowser(suite, FAKE_DEVICES);
});

const open = (scope, options = DESK) => DashboardPage.open(scope, browser, server, options);

/** A viewer that plays. */
async function watch(scope, id) {
  const page = await openViewerPage(scope, browser, server.url);
  const viewer = await Viewer.watch(scope, page, { url: server.whep(id) });
  await viewer.frames(5);
  return viewer;
}

/** A JPEG of 16 by 16. */
const makePicture = () => execFileSync('ffmpeg', ['-v', 'error', '-f', 'lavfi',
  '-i', 'color=c=teal:s=16x16', '-frames:v', '1', '-f', 'mjpeg', '-']);

const destroyLater = (scope, id) =>
  scope.defer(() => server.api.call('DELETE', `/api/v1/mountpoints/${id}`));

describe('signing in', () => {
  test('a wrong token is said to be wrong; the right one is kept until signing out', LIMIT,
    scoped(async (scope) => {
      const page = await openPage(scope, browser, DESK);
      await page.goto(server.url);
      await page.fill('#token', 'wrong');
      await page.keyboard.press('Enter');
      await page.getByText('This token is wrong.').waitFor();
      assert.equal(await page.evaluate(() => document.activeElement.id), 'token');
      await page.fill('#token', server.token);
      await page.keyboard.press('Enter');
      const dashboard = new DashboardPage(page, server);
      await dashboard.ready();
      const again = await page.context().newPage();
      await again.goto(server.url);
      await again.locator('#feed[data-state="live"]').waitFor();
      await again.getByRole('button', { name: 'Sign out' }).click();
      await again.locator('#token-form').waitFor();
      await again.reload();
      await again.locator('#token-form').waitFor();
      assert.deepEqual(page.problems, []);
    }));

  test('not kept where that is not wanted', LIMIT, scoped(async (scope) => {
    const page = await openPage(scope, browser, DESK);
    await page.goto(server.url);
    await page.uncheck('#token-keep');
    await page.fill('#token', server.token);
    await page.keyboard.press('Enter');
    await new DashboardPage(page, server).ready();
    await page.reload();
    await new DashboardPage(page, server).ready(); // this tab knows it
    const other = await page.context().newPage();
    await other.goto(server.url);
    await other.locator('#token-form').waitFor();
  }));
});

describe('one mountpoint', () => {
  test('made, edited, disabled, enabled and destroyed by mouse', LIMIT, scoped(async (scope) => {
    destroyLater(scope, 'stage');
    const dashboard = await open(scope);
    const { page, form } = dashboard;
    await page.getByRole('button', { name: 'New mountpoint' }).click();
    await dashboard.field('Id').fill('stage');
    await dashboard.field('Title').fill('Stage <left>');
    await form.getByRole('button', { name: 'Make a random publish token' }).click();
    const token = await dashboard.field('Publish token').inputValue();
    assert.match(token, /^[0-9a-f]{32}$/);
    await form.getByRole('button', { name: 'Create' }).click();
    await dashboard.view.getByRole('heading', { name: 'Stage <left>' }).waitFor();
    const made = await server.api.read('stage');
    assert.deepEqual([made.kind, made.title, made.publish_token], ['whip', 'Stage <left>', '***']);
    // The token is in the lines to paste, this once.
    await dashboard.view.getByRole('tab', { name: 'OBS' }).click();
    const obs = dashboard.view.getByRole('tabpanel', { name: 'OBS' });
    assert.match(await obs.textContent(), new RegExp(`${made.whip_url}.*${token}.*bframes=0`));
    await screenshot(page, 'dashboard-whip');

    await dashboard.button('Edit').click();
    await dashboard.field('Title').fill('Stage');
    await dashboard.field('Watch token').fill('let-me-in');
    await form.getByRole('button', { name: 'Save' }).click();
    await dashboard.view.getByRole('heading', { name: 'Stage', exact: true }).waitFor();
    const edited = await server.api.read('stage');
    assert.deepEqual([edited.title, edited.watch_token, edited.publish_token],
      ['Stage', '***', '***']);

    await dashboard.button('Disable').click();
    await server.api.waitState('stage', 'disabled');
    await dashboard.button('Enable').click();
    await server.api.waitState('stage', 'idle');
    await dashboard.button('Destroy').click();
    await dashboard.confirm.getByRole('button', { name: 'Cancel' }).click();
    assert.equal((await server.api.read('stage')).id, 'stage');
    await dashboard.button('Destroy').click();
    await dashboard.confirm.getByRole('button', { name: 'Destroy' }).click();
    await page.locator('#view-list').waitFor();
    await dashboard.row('stage').waitFor({ state: 'detached' });
    assert.equal((await server.api.call('GET', '/api/v1/mountpoints/stage')).status, 404);
    assert.deepEqual(page.problems, []);
  }));

  test('the same by keyboard alone', LIMIT, scoped(async (scope) => {
    destroyLater(scope, 'keys');
    const dashboard = await open(scope);
    const { page } = dashboard;
    const type = (text) => page.keyboard.type(text);
    const press = (...keys) => keys.reduce((before, key) =>
      before.then(() => page.keyboard.press(key)), Promise.resolve());
    /** Tab until what has the focus is called so. */
    const tabTo = async (name) => {
      for (let i = 0; i < 40; i += 1) {
        const focused = await page.evaluate(() => {
          const { labels, ariaLabel, textContent } = document.activeElement;
          return (ariaLabel ?? labels?.[0]?.textContent ?? textContent).trim();
        });
        if (focused === name) {
          return;
        }
        await press('Tab');
      }
      assert.fail(`the focus never came to ${name}`);
    };
    await page.locator('body').press('n');
    await tabTo('Id'); // it has the focus
    await type('keys');
    await press('Enter');
    await dashboard.view.getByRole('heading', { name: 'keys' }).waitFor();
    assert.equal((await server.api.read('keys')).kind, 'whip');
    await tabTo('Edit');
    await press('Enter');
    await tabTo('Title');
    await type('By keyboard');
    await press('Enter');
    await dashboard.view.getByRole('heading', { name: 'By keyboard' }).waitFor();
    await tabTo('Disable');
    await press('Space');
    await server.api.waitState('keys', 'disabled');
    await tabTo('Enable');
    await press('Space');
    await server.api.waitState('keys', 'idle');
    await tabTo('Browser');
    await press('ArrowRight', 'ArrowRight');
    await dashboard.view.getByRole('tabpanel', { name: 'ffmpeg' }).waitFor();
    await press('Escape');
    await page.locator('#view-list').waitFor();
    await press('/');
    await type('by key');
    await tabTo('By keyboard');
    await press('Enter');
    await tabTo('Destroy');
    await press('Enter');
    await tabTo('Cancel'); // what does nothing has the focus
    await press('Tab', 'Enter');
    await waitFor('it is gone', async () =>
      (await server.api.call('GET', '/api/v1/mountpoints/keys')).status === 404);
    assert.deepEqual(page.problems, []);
  }));

  test('plain RTP is made on a phone, and its lines push', LIMIT, scoped(async (scope) => {
    destroyLater(scope, 'phone');
    const dashboard = await open(scope, { ...PHONE, colorScheme: 'dark' });
    const { page, form } = dashboard;
    await page.getByRole('button', { name: 'New mountpoint' }).tap();
    await form.getByText('Receive RTP').tap();
    await dashboard.field('Id').fill('phone');
    await screenshot(page, 'dashboard-form-phone');
    await form.getByRole('button', { name: 'Create' }).tap();
    await dashboard.view.getByRole('heading', { name: 'phone' }).waitFor();
    const { push, tracks } = await server.api.read('phone');
    assert.deepEqual(tracks.map(({ codec, payload_type: type }) => [codec, type]),
      [['H264', 96], ['opus', 111]]);
    assert.equal(await dashboard.view.getByRole('tabpanel', { name: 'ffmpeg' })
      .locator('code').textContent(), push);
    await dashboard.view.getByRole('tab', { name: 'GStreamer' }).tap();
    const line = await dashboard.view.getByRole('tabpanel', { name: 'GStreamer' })
      .locator('code').textContent();
    for (const { port } of tracks) {
      assert.match(line, new RegExp(`udpsink host=127\\.0\\.0\\.1 port=${port}\\b`));
    }
    assert.ok(await dashboard.overflow() <= 0, 'the page is not wider than the phone');
    for (const [tool, command] of [['ffmpeg', push], ['GStreamer', line]]) {
      const pusher = new Child(scope, 'sh', ['-c', `exec ${command}`], { name: tool });
      await server.api.waitState('phone', 'live', { timeoutMs: 20000 });
      await pusher.stop();
      await server.api.waitState('phone', 'lost');
    }
    await dashboard.button('Edit').tap();
    await form.getByRole('group', { name: 'Audio' }).getByLabel('Codec').selectOption('none');
    await form.getByRole('button', { name: 'Save' }).tap();
    await form.waitFor({ state: 'hidden' });
    const { tracks: left } = await server.api.read('phone');
    assert.deepEqual(left.map(({ codec, port }) => [codec, port]), [['H264', tracks[0].port]]);
    assert.deepEqual(page.problems, []);
  }));

  test('an edit of plain RTP keeps where it is taken from, and shows it', LIMIT,
    scoped(async (scope) => {
      const here = { address: '239.255.12.35', interface: 'lo', source: '127.0.0.2' };
      const made = await createMountpoint(scope, server, 'from-one', { tracks: [
        { media: 'video', codec: 'H264', payload_type: 96, ...here },
        { media: 'audio', codec: 'opus', payload_type: 111 }] });
      const taken = async () => (await server.api.read('from-one')).tracks.map((track) =>
        [track.payload_type, track.address, track.interface, track.source, track.port]);
      const dashboard = await open(scope, { ...DESK, hash: '#/m/from-one' });
      const { page, form } = dashboard;
      const field = (media, label) => form.getByRole('group', { name: media }).getByLabel(label);
      const save = async () => {
        await form.getByRole('button', { name: 'Save' }).click();
        await form.waitFor({ state: 'hidden' });
      };
      await dashboard.button('Edit').click();
      assert.deepEqual(await Promise.all(['Listen on', 'Interface', 'Only from'].map((label) =>
        field('Video', label).inputValue())), ['239.255.12.35', 'lo', '127.0.0.2']);
      assert.equal(await field('Audio', 'Only from').isVisible(), false, 'it has nothing of it');
      await screenshot(page, 'dashboard-form-rtp');
      await field('Video', 'Payload type').fill('102');
      await save();
      const [{ port }, { port: audioPort }] = made.tracks;
      const audio = [111, '0.0.0.0', null, null, audioPort];
      assert.deepEqual(await taken(), [[102, '239.255.12.35', 'lo', '127.0.0.2', port], audio]);

      await dashboard.button('Edit').click();
      await field('Video', 'Listen on').fill('127.0.0.1');
      await field('Video', 'Interface').fill('');
      await field('Video', 'Only from').fill('');
      await save();
      assert.deepEqual(await taken(), [[102, '127.0.0.1', null, null, port], audio]);
      await dashboard.button('Edit').click();
      await field('Video', 'Only from').fill('239.0.0.1');
      await form.getByRole('button', { name: 'Save' }).click();
      await form.getByText(/unicast/).waitFor();
      assert.deepEqual(page.problems, []);
    }));

  test('one that another destroys, or that never was, is said to be gone', LIMIT,
    scoped(async (scope) => {
      await createMountpoint(scope, server, 'brief');
      const dashboard = await open(scope, { ...DESK, hash: '#/m/brief' });
      await dashboard.view.getByRole('heading', { name: 'brief' }).waitFor();
      await server.api.destroy('brief');
      await dashboard.view.getByText('There is no mountpoint brief.').waitFor();
      await dashboard.view.getByRole('link', { name: 'All mountpoints' }).click();
      await dashboard.page.locator('#view-list').waitFor();
      assert.deepEqual(dashboard.page.problems, []);
    }));

  test('what the server refuses is shown at the field that it names', LIMIT,
    scoped(async (scope) => {
      await createMountpoint(scope, server, 'taken');
      const dashboard = await open(scope);
      const { page, form } = dashboard;
      await page.getByRole('button', { name: 'New mountpoint' }).click();
      await dashboard.field('Id').fill('taken');
      await form.getByRole('button', { name: 'Create' }).click();
      await form.getByRole('alert').getByText(/taken/).waitFor();
      await form.getByText('Pull a camera').click();
      await dashboard.field('Id').fill('camera');
      await dashboard.field('URL').fill('rtsp://bad host/');
      await form.getByRole('button', { name: 'Create' }).click();
      await form.getByRole('alert').getByText(/url/i).waitFor();
      assert.equal(await dashboard.field('URL').getAttribute('aria-invalid'), 'true');
      await page.keyboard.press('Escape');
      await form.waitFor({ state: 'hidden' });
      assert.deepEqual(page.problems, []);
    }));

  test('who watches is listed, disconnected and kicked', LIMIT, scoped(async (scope) => {
    await liveMountpoint(scope, server, 'seen', {}, SMALL);
    const first = await watch(scope, 'seen');
    const dashboard = await open(scope, { ...DESK, hash: '#/m/seen' });
    const { page, view } = dashboard;
    const rows = view.locator('.sessions tbody tr');
    await rows.first().waitFor();
    const cells = await rows.first().locator('td').allTextContents();
    assert.match(cells[0], /^[0-9a-f.:[\]]+:\d+$/);
    assert.match(cells[1], /^Chrome \d+ · Linux$/);
    assert.equal(cells[2], 'H264 + opus');
    await waitFor('the time watched is told', async () =>
      /^\d+ s$/.test(await rows.first().locator('td').nth(7).textContent()));
    await screenshot(page, 'dashboard-sessions');
    await rows.first().getByRole('button').click();
    await first.ended();
    await rows.first().waitFor({ state: 'detached' });
    const second = await watch(scope, 'seen');
    await view.getByText('1 viewer').waitFor();
    await dashboard.button('Kick viewers').click();
    await dashboard.confirm.getByRole('button', { name: 'Kick viewers' }).click();
    await second.ended();
    await view.getByText('Nobody watches now.').waitFor();
    assert.deepEqual(page.problems, []);
  }));

  test('a browser that publishes is not told to set up an encoder', LIMIT,
    scoped(async (scope) => {
      await server.api.create({ id: 'browser', kind: 'whip' });
      destroyLater(scope, 'browser');
      const page = await openPage(scope, browser, { permissions: ['camera', 'microphone'] });
      await page.goto(`${server.url}/publish/browser`);
      const go = page.locator('#go:enabled');
      await go.click();
      await studioState(page, 'publishing');
      await server.api.waitState('browser', 'live', { timeoutMs: 20000 });
      const { diagnosis, publisher } = await server.api.read('browser');
      assert.match(publisher.user_agent, /^Mozilla\//);
      for (const { code, fix } of diagnosis) {
        assert.notEqual(code, 'key-frames');
        assert.doesNotMatch(fix ?? '', /OBS|ffmpeg|camera:/);
      }
    }));
});

describe('the list', () => {
  test('what moves is seen moving, and the wall plays it muted', LIMIT, scoped(async (scope) => {
    await liveMountpoint(scope, server, 'moves', {}, SMALL);
    const dashboard = await open(scope, { ...DESK, colorScheme: 'dark' });
    const { page } = dashboard;
    await dashboard.rowIn('moves', 'live').waitFor();
    const row = dashboard.row('moves');
    await row.getByText(/^rtp · 320×180 · 15 fps · H264 \+ opus$/).waitFor({ timeout: 15000 });
    await row.getByText(/^\d+ kbit\/s$/).waitFor();
    await watch(scope, 'moves');
    await page.locator('.chart', { hasText: 'Viewers' }).locator('.chart-value',
      { hasText: /^1$/ }).waitFor();
    await page.locator('.chart', { hasText: 'Egress' }).locator('.chart-value',
      { hasText: /[1-9]\d* kbit\/s/ }).waitFor();
    await page.locator('.chart', { hasText: 'Join time' }).locator('.chart-value',
      { hasText: /\d+ ms/ }).waitFor();
    await screenshot(page, 'dashboard-list');
    await page.getByRole('link', { name: 'Previews' }).click();
    const video = page.locator('.tile[data-id="moves"] video');
    await waitFor('the preview plays', () => video.evaluate((element) =>
      element.muted && element.videoWidth === 320 && element.currentTime > 0));
    await server.api.waitViewers('moves', 2);
    await screenshot(page, 'dashboard-previews');
    await page.getByRole('link', { name: 'Mountpoints', exact: true }).click();
    await server.api.waitViewers('moves', 1);
    assert.deepEqual(page.problems, []);
  }));

  test('five hundred mountpoints: only what changes is drawn, and nothing is polled', LIMIT,
    scoped(async (scope) => {
      const many = await startServer(scope);
      for (let from = 0; from < 500; from += 20) {
        await Promise.all(Array.from({ length: 20 }, (_, i) => many.api.create({
          id: `cam-${from + i + 1}`, kind: 'whip', title: `Camera ${from + i + 1}`,
          persist: false,
        })));
      }
      const page = await openPage(scope, browser, PHONE);
      const requests = [];
      page.on('request', (sent) => requests.push(new URL(sent.url()).pathname));
      await page.goto(`${many.url}/#token=${many.token}`);
      const dashboard = new DashboardPage(page, many);
      await dashboard.ready();
      await page.getByText('500 mountpoints').waitFor();
      assert.equal(await page.locator('li.mountpoint').count(), 500);
      // Natural order: 2 comes before 10.
      assert.deepEqual(await page.locator('li.mountpoint').evaluateAll((rows) =>
        rows.slice(0, 3).map(({ dataset }) => dataset.id)), ['cam-1', 'cam-2', 'cam-3']);

      const seen = requests.length;
      await page.evaluate(() => {
        globalThis.touched = new Set();
        new MutationObserver((records) => records.forEach(({ target }) =>
          globalThis.touched.add((target.nodeType === 1 ? target : target.parentElement)
            .closest('li.mountpoint')?.dataset.id)))
          .observe(document.getElementById('mountpoints'),
            { subtree: true, childList: true, characterData: true, attributes: true });
      });
      await many.api.call('POST', '/api/v1/mountpoints/cam-250/disable');
      await dashboard.rowIn('cam-250', 'disabled').waitFor({ state: 'attached' });
      await page.getByText('Disabled (1)').waitFor({ state: 'attached' });
      assert.deepEqual(await page.evaluate(() => [...globalThis.touched]), ['cam-250']);
      await waitFor('a look at it', () => requests.length > seen);
      await page.locator('#search').fill('cam-49');
      await waitFor('eleven are left', async () =>
        await page.locator('li.mountpoint:not([hidden])').count() === 11);
      await page.locator('#filter').selectOption('disabled');
      await page.getByText('No mountpoint is like that.').waitFor();
      const asked = requests.slice(seen);
      assert.deepEqual(asked, ['/api/v1/mountpoints/cam-250'],
        'one look at what has changed, and nothing else');
      assert.deepEqual(page.problems, []);
    }));

  test('pictures are asked for where they are seen, two at a time', LIMIT,
    scoped(async (scope) => {
      const own = await startServer(scope);
      const ids = Array.from({ length: 16 }, (_, i) => `pic-${i + 1}`);
      for (const id of ids) {
        await own.api.create({ id, kind: 'test', test_width: 64, test_height: 64, test_fps: 1 });
      }
      await Promise.all(ids.map((id) => own.api.waitState(id, 'live', { timeoutMs: 30000 })));
      const page = await openPage(scope, browser, PHONE);
      const jpeg = makePicture();
      const asked = [];
      let open = 0;
      let most = 0;
      await page.route('**/snapshot.jpg*', async (route) => {
        const [, id] = /mountpoints\/(.*)\/snapshot/.exec(route.request().url());
        assert.equal(route.request().headers().authorization, `Bearer ${own.token}`);
        asked.push(id);
        open += 1;
        most = Math.max(most, open);
        await delay(150);
        open -= 1;
        await (id === 'pic-2' ? route.fulfill({ status: 503 })
          : route.fulfill({ contentType: 'image/jpeg', body: jpeg }));
      });
      await page.goto(`${own.url}/#token=${own.token}`);
      const picture = (id) => page.locator(`li.mountpoint[data-id="${id}"] img`);
      await waitFor('the first has one', () => picture('pic-1').evaluate(({ hidden, naturalWidth }) =>
        !hidden && naturalWidth === 16));
      await waitFor('the second was asked for', () => asked.includes('pic-2'));
      assert.ok(!asked.includes('pic-16'), 'what is not seen is not asked for');
      await page.locator('li.mountpoint').last().scrollIntoViewIfNeeded();
      await waitFor('the last has one', () => picture('pic-16').evaluate(({ hidden, naturalWidth }) =>
        !hidden && naturalWidth === 16));
      assert.ok(most <= 2, `${most} at a time`);
      assert.equal(asked.filter((id) => id === 'pic-2').length, 1, 'a refusal is not repeated at once');
      assert.equal(await picture('pic-2').evaluate(({ hidden }) => hidden), true);
      assert.deepEqual(page.problems, []);
    }));

  test('the server is started again while the page is open', LIMIT, scoped(async (scope) => {
    const first = await startServer(scope);
    await first.api.create({ id: 'stays', kind: 'whip' });
    const dashboard = await DashboardPage.open(scope, browser, first, DESK);
    const { page } = dashboard;
    await dashboard.row('stays').waitFor();
    await first.stop();
    await page.locator('#feed[data-state="waiting"]').waitFor();
    await page.getByRole('alert').getByText('Trying again').waitFor();
    const second = await startServer(scope, { stateDir: first.stateDir, port: first.port });
    await second.api.create({ id: 'new', kind: 'whip' });
    await page.locator('#feed[data-state="live"]').waitFor({ timeout: 20000 });
    await dashboard.row('new').waitFor();
    await dashboard.row('stays').waitFor();
    await page.getByText('Trying again').waitFor({ state: 'hidden' });
    assert.deepEqual(page.problems.filter((text) => !/ERR_CONNECTION/.test(text)), []);
  }));
});

describe('figures', () => {
  test('come with the events when they are asked for', LIMIT, scoped(async (scope) => {
    await liveMountpoint(scope, server, 'counted', {}, SMALL);
    const url = `${server.url}/api/v1/events`;
    const headers = { Authorization: `Bearer ${server.token}` };
    assert.equal((await request(`${url}?figures=999`, { headers })).status, 400);
    const plain = await listen(scope, url, headers);
    const stream = await listen(scope, `${url}?figures=1000`, headers);
    const of = (name) => stream.last('figures')?.mountpoints.find(({ id }) => id === 'counted')?.[name];
    await waitFor('a bit rate and a size', () => of('bitrate_bps') > 10000 && of('width') === 320);
    const before = stream.last('figures');
    await watch(scope, 'counted');
    await waitFor('a join', () => stream.last('figures').joins === before.joins + 1);
    await waitFor('packets', () => stream.last('figures').datagrams_out > before.datagrams_out);
    const { joins } = await server.api.server();
    assert.equal(joins.count, stream.last('figures').joins);
    assert.equal(plain.last('figures'), undefined);
  }));
});
