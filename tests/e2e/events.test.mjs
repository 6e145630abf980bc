// SPDX-License-Identifier: MIT
//
// Server-sent events: WHEP's extension and the dashboard's stream. Rows in brackets
// are those of the WHEP conformance list.

import assert from 'node:assert/strict';
import http from 'node:http';
import { describe, test } from 'node:test';

import { assertProblem } from './lib/api.mjs';
import { launchBrowser, openPage, screenshot } from './lib/browser.mjs';
import { listen } from './lib/events.mjs';
import { liveMountpoint } from './lib/fixture.mjs';
import { request } from './lib/http.mjs';
import { offer } from './lib/offer.mjs';
import { scoped } from './lib/scope.mjs';
import { startServer } from './lib/server.mjs';
import { waitFor } from './lib/wait.mjs';
import { SDP, SMALL } from './lib/whep.mjs';

const LIMIT = { timeout: 90000 };
const RELATION = 'urn:ietf:params:whep:ext:core:server-sent-events';

async function start(scope, mountpoint = {}) {
  const server = await startServer(scope);
  const { pusher } = await liveMountpoint(scope, server, 'live',
    { audio: false, viewer_grace_ms: 60000, source_timeout_ms: 500, ...mountpoint }, SMALL);
  const watch = async (headers = {}) => {
    const answer = await request(server.whep('live'), {
      method: 'POST', headers: { 'Content-Type': SDP, ...headers }, body: offer(),
    });
    assert.equal(answer.status, 201, answer.text);
    const link = answer.headers.link.split(/,\s*(?=<)/).find((one) => one.includes(RELATION));
    return {
      session: new URL(answer.headers.location, server.url).href,
      link,
      events: new URL(/^<([^>]*)>/.exec(link)[1], server.url).href,
    };
  };
  return { server, pusher, watch };
}

const post = (url, body, type = 'application/json') => request(url, {
  method: 'POST', headers: type ? { 'Content-Type': type } : {}, body,
});

describe('events of a session', () => {
  test('are announced, made, read and ended [X-06 X-07 X-08 X-10 X-11]', scoped(async (scope) => {
    const { server, watch } = await start(scope);
    const { events, link, session } = await watch();
    assert.match(link, /; events="active,inactive,viewercount,reconnect,drain"$/);
    assert.ok(events.startsWith(session));

    const made = await post(events, '["active","inactive"]');
    assert.equal(made.status, 201, made.text);
    const url = new URL(made.headers.location, server.url).href;
    const stream = await listen(scope, url);
    assert.equal(stream.status, 200);
    assert.match(stream.headers['content-type'], /^text\/event-stream/);
    await waitFor('active comes first', () => stream.events.length > 0);
    assert.deepEqual(stream.events, [['active', {}]]);

    for (const body of ['["bogus"]', '["active","bogus"]', '{}', '[1]', '[', '"active"', '[]']) {
      assertProblem(await post(events, body), 400);
    }
    assertProblem(await post(events, '["active"]', 'text/plain'), 415);
    assert.equal((await post(events, '', null)).status, 201); // everything

    assert.equal((await request(url, { method: 'DELETE' })).status, 200);
    await waitFor('the stream ends', () => stream.ended);
    assertProblem(await request(url), 404);
    assertProblem(await request(url, { method: 'DELETE' }), 404);
    assert.equal((await request(session)).status, 200);
  }));

  test('tell when the source goes and comes, and who watches [X-09 X-10]',
    scoped(async (scope) => {
      const { server, pusher, watch } = await start(scope);
      const { events } = await watch();
      const stream = await listen(scope, events);
      await waitFor('the beginning', () => stream.last('viewercount'));
      assert.equal(stream.names()[0], 'active');
      const second = await watch();
      await waitFor('two watch', () => stream.last('viewercount').viewercount === 2);
      await request(second.session, { method: 'DELETE' });
      await waitFor('one watches', () => stream.last('viewercount').viewercount === 1);

      await pusher.stop();
      await waitFor('it is told that the source has gone', () => stream.names().includes('inactive'));
      // Who listens only now is not told what it never had.
      const late = await listen(scope, events);
      await waitFor('the beginning', () => late.last('viewercount'));
      assert.ok(!late.names().includes('inactive') && !late.names().includes('active'));
      await server.api.waitState('live', 'lost');
    }));

  test('end with the session, and say to connect again when it is not the viewer\'s wish [X-12]',
    scoped(async (scope) => {
      const { server, watch } = await start(scope);
      const mine = await watch();
      const stream = await listen(scope, mine.events);
      await request(mine.session, { method: 'DELETE' });
      await waitFor('the stream ends', () => stream.ended);
      assert.ok(!stream.names().includes('reconnect'));
      assertProblem(await request(mine.events), 404);

      const kicked = await watch();
      const other = await listen(scope, kicked.events);
      await waitFor('it has begun', () => other.events.length > 0);
      await server.api.ok('POST', '/api/v1/mountpoints/live/kick');
      await waitFor('the stream ends', () => other.ended);
      assert.deepEqual(other.events.at(-1), ['reconnect', {}]);
    }));

  test('are bounded, in streams and for who does not read', scoped(async (scope) => {
    const { server, watch } = await start(scope, { watch_token: 'good' });
    const token = { Authorization: 'Bearer good' };
    const { events } = await watch(token);
    assertProblem(await request(events, { headers: { Authorization: 'Bearer bad' } }), 401);
    for (let i = 0; i < 8; i++) {
      assert.equal((await post(events, '["active"]')).status, 201);
    }
    assertProblem(await post(events, '["active"]'), 409);
    const api = `${server.url}/api/v1/events`;
    assert.equal((await request(api, { method: 'HEAD' })).status, 401);
    for (const [url, bearer] of [[api, server.token], [events, 'good']]) {
      const head = await request(url, {
        method: 'HEAD', headers: { Authorization: `Bearer ${bearer}` },
      });
      assert.equal(head.status, 200);
      assert.match(head.headers['content-type'], /^text\/event-stream/);
    }
  }));

  test('leave nothing behind when listeners go, and the server stops with them',
    scoped(async (scope) => {
      const { server, watch } = await start(scope);
      const sessions = await Promise.all(Array.from({ length: 20 }, () => watch()));
      for (const { events } of sessions) {
        const outgoing = http.get(events, { agent: false }, (incoming) => {
          incoming.once('data', () => outgoing.destroy());
        });
        outgoing.on('error', () => {});
        scope.defer(() => outgoing.destroy());
      }
      await Promise.all(sessions.map(({ events }) => listen(scope, events)));
      await Promise.all(sessions.slice(10).map(({ session }) =>
        request(session, { method: 'DELETE' })));
      assert.equal((await server.stop()).code, 0);
    }));
});

describe('events of the dashboard', () => {
  test('everything as it is, then what changes', scoped(async (scope) => {
    const { server, pusher, watch } = await start(scope);
    const url = `${server.url}/api/v1/events`;
    assertProblem(await request(url), 401);
    const stream = await listen(scope, url, { Authorization: `Bearer ${server.token}` });
    await waitFor('what there is', () => stream.last('mountpoint'));
    const { id, state, viewers } = stream.last('mountpoint');
    assert.deepEqual({ id, state, viewers }, { id: 'live', state: 'live', viewers: 0 });
    await watch();
    await waitFor('a viewer', () => stream.last('mountpoint').viewers === 1);
    await server.api.create({ id: 'new', kind: 'rtp', tracks: [{ media: 'audio', codec: 'opus' }] });
    await waitFor('a new one', () => stream.last('mountpoint').id === 'new');
    await server.api.destroy('new');
    await waitFor('it is gone', () => stream.last('removed')?.id === 'new');
    await pusher.stop();
    await waitFor('the source is lost', () => stream.last('mountpoint').state === 'lost');
  }));

  test('more mountpoints than may wait for a reader are told of', LIMIT,
    scoped(async (scope) => {
      const server = await startServer(scope);
      const name = (i) => `${'x'.repeat(60)}${1000 + i}`;
      for (let from = 0; from < 600; from += 20) {
        await Promise.all(Array.from({ length: 20 }, (_, i) => server.api.create(
          { id: name(from + i), kind: 'whip', persist: false })));
      }
      const stream = await listen(scope, `${server.url}/api/v1/events`,
        { Authorization: `Bearer ${server.token}` });
      await waitFor('all of them', () => stream.events.length === 600);
      await server.api.destroy(name(0));
      await waitFor('what changes', () => stream.last('removed'));
      assert.equal(stream.ended, false);
    }));
});

describe('who was away for a moment', () => {
  const create = (server, id) => server.api.create({ id, kind: 'rtp',
    tracks: [{ media: 'audio', codec: 'opus' }] });

  async function begin(scope) {
    const server = await startServer(scope);
    const read = (lastEventId) => listen(scope, `${server.url}/api/v1/events`, {
      Authorization: `Bearer ${server.token}`,
      ...(lastEventId === undefined ? {} : { 'Last-Event-ID': lastEventId }),
    });
    return { server, read };
  }

  test('is told what it missed, and nothing else', scoped(async (scope) => {
    const { server, read } = await begin(scope);
    await create(server, 'stays');
    const first = await read();
    await waitFor('what there is', () => first.id && first.last('mountpoint'));
    assert.deepEqual(first.names(), ['mountpoint']);
    first.close();
    await create(server, 'missed');
    await server.api.destroy('missed');
    const second = await read(first.id);
    await waitFor('the end of it', () => second.names().includes('removed'));
    assert.ok(second.events.every(([, { id }]) => id === 'missed'), JSON.stringify(second.events));
    assert.equal(second.names()[0], 'mountpoint');
    await create(server, 'new');
    await waitFor('and it goes on', () => second.last('mountpoint').id === 'new');
    const numbers = [first.id, second.id].map((id) => Number(id.split('-')[1]));
    assert.ok(numbers[1] > numbers[0], `${first.id}, ${second.id}`);

    const nothing = await read(second.id);
    await server.api.destroy('new');
    await waitFor('what is new', () => nothing.names().includes('removed'));
    assert.ok(nothing.events.every(([, { id }]) => id === 'new'), JSON.stringify(nothing.events));
  }));

  test('is told to begin anew when that is not known any more', scoped(async (scope) => {
    const { server, read } = await begin(scope);
    await create(server, 'stays');
    const { id } = await (async () => {
      const stream = await read();
      await waitFor('what there is', () => stream.id);
      return stream;
    })();
    const [epoch, number] = id.split('-');
    for (const unknown of ['0123456789ab-1', `${epoch}-${Number(number) + 1}`, `${epoch}-`,
      `${epoch}-x`, epoch, 'x', '']) {
      const stream = await read(unknown);
      await waitFor('everything', () => stream.names().length >= 2);
      assert.deepEqual(stream.events.map(([name, data]) => [name, data.id]),
        [['reset', undefined], ['mountpoint', 'stays']], unknown);
      stream.close();
    }
  }));

  test('is told of more than may wait for a slow reader', scoped(async (scope) => {
    const { server, read } = await begin(scope);
    const first = await read();
    await waitFor('the beginning', () => first.id);
    first.close();
    await create(server, 'busy');
    for (let i = 0; i < 400; i += 1) {
      await server.api.ok('POST', `/api/v1/mountpoints/busy/${i % 2 ? 'enable' : 'disable'}`);
    }
    const second = await read(first.id);
    await waitFor('all of it', () => second.events.length === 401);
    assert.equal(second.last('mountpoint').state, 'idle');
    assert.equal(second.ended, false);
  }));
});

describe('events in pages', () => {
  const source = { source_timeout_ms: 500, viewer_grace_ms: 60000 };

  test('the player knows at once when the source goes and comes, and who watches', LIMIT,
    scoped(async (scope) => {
      const server = await startServer(scope);
      const { pusher, start: push } = await liveMountpoint(scope, server, 'live',
        { audio: false, ...source });
      const browser = await launchBrowser(scope);
      const page = await openPage(scope, browser);
      const posts = [];
      page.on('request', (sent) => sent.method() === 'POST' && posts.push(sent.url()));
      await page.goto(`${server.url}/watch/live`);
      const state = (name) => page.waitForFunction((wanted) =>
        document.getElementById('stage').dataset.state === wanted, name, { timeout: 20000 });
      await state('playing');
      await page.getByText('1 watching').waitFor();
      await screenshot(page, 'watch-viewers');
      await pusher.stop();
      await page.getByText('The source has stopped').waitFor({ timeout: 20000 });
      await screenshot(page, 'watch-source-gone');
      push();
      await state('playing');
      assert.equal(posts.length, 1, 'the session is the first one still');
      assert.deepEqual(page.problems, []);
    }));

  test('the front page shows what happens as it happens', LIMIT, scoped(async (scope) => {
    const server = await startServer(scope);
    const browser = await launchBrowser(scope);
    const page = await openPage(scope, browser);
    const listens = page.waitForResponse(/api\/v1\/events\?figures=/);
    await page.goto(`${server.url}/#token=${encodeURIComponent(server.token)}`);
    assert.equal((await listens).status(), 200);
    const { pusher } = await liveMountpoint(scope, server, 'live', { audio: false, ...source }, SMALL);
    const card = page.locator('li.mountpoint[data-state="live"]');
    await card.waitFor({ timeout: 5000 });
    const answer = await request(server.whep('live'), {
      method: 'POST', headers: { 'Content-Type': SDP }, body: offer(),
    });
    assert.equal(answer.status, 201);
    await card.locator('.number', { hasText: 'Viewers' }).getByText('1', { exact: true })
      .waitFor({ timeout: 5000 });
    await screenshot(page, 'index-live');
    await pusher.stop();
    await page.locator('li.mountpoint[data-state="lost"]').waitFor({ timeout: 5000 });
    assert.deepEqual(page.problems, []);
  }));
});
