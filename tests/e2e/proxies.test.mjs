// SPDX-License-Identifier: MIT
//
// Behind nginx and Caddy with the samples of packaging/: what viewers and pages do goes
// through them unharmed, and is known by the address that it came from.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { assertProblem } from './lib/api.mjs';
import { launchBrowser, openPage } from './lib/browser.mjs';
import { listen } from './lib/events.mjs';
import { createMountpoint, liveMountpoint } from './lib/fixture.mjs';
import { request } from './lib/http.mjs';
import { candidate, fragment, offer } from './lib/offer.mjs';
import { pageFrames, pageState } from './lib/pages.mjs';
import { PROXY_NAMES, proxyProgram, startProxy } from './lib/proxy.mjs';
import { scoped, suiteScope } from './lib/scope.mjs';
import { LOOPBACK, startServer } from './lib/server.mjs';
import { waitFor } from './lib/wait.mjs';
import { ORIGIN, SDP, SMALL, TRICKLE } from './lib/whep.mjs';

const LIMIT = { timeout: 120000 };
/** What the first lines of the samples say. */
const TRUSTING = `${LOOPBACK}[http]\ntrusted-proxies=127.0.0.1\n`;
/** Not the proxy's: who comes from there is somebody else. */
const [ALICE, BOB] = ['127.0.0.2', '127.0.0.3'];

const post = (url, { id = 'live', headers = {}, ...options } = {}) => request(`${url}/whep/${id}`, {
  method: 'POST', headers: { 'Content-Type': SDP, ...headers }, body: offer(), ...options,
});

/** A session through the proxy; its URLs are the proxy's own. */
async function watch(url, options) {
  const answer = await post(url, options);
  assert.equal(answer.status, 201, answer.text);
  const links = [...answer.headers.link.matchAll(/<([^>]*)>; rel="([^"]*)"/g)];
  const events = links.find(([, , rel]) => rel.endsWith('server-sent-events'))[1];
  const [session, stream] = [answer.headers.location, events]
    .map((one) => new URL(one, url).href);
  for (const one of [session, stream]) {
    assert.ok(one.startsWith(`${url}/whep/live/`), one);
  }
  return { session, events: stream, etag: answer.headers.etag };
}

async function end({ session }) {
  assert.equal((await request(session, { method: 'DELETE' })).status, 200);
}

async function addresses(server) {
  const { items } = await server.api.sessions('live');
  return items.filter(({ state }) => state !== 'closing').map(({ address }) => address);
}

for (const name of PROXY_NAMES) {
  describe(`behind ${name}`, { skip: !proxyProgram(name) && `${name} is not installed` }, () => {
    const suite = suiteScope(after);
    let server;
    let url;
    let plainUrl;

    before(async () => {
      server = await startServer(suite, { config: TRUSTING });
      await liveMountpoint(suite, server, 'live', { audio: false }, SMALL);
      ({ url, plainUrl } = await startProxy(suite, name, server.port));
    });

    test('a session is made, changed and ended', async () => {
      const mine = await watch(url);
      const patch = (body) => request(mine.session, {
        method: 'PATCH', headers: { 'Content-Type': TRICKLE, 'If-Match': mine.etag }, body,
      });
      const trickled = await patch(fragment({ candidates: [candidate()] }));
      assert.equal(trickled.status, 204, trickled.text);
      const restarted = await patch(fragment({ ufrag: 'other', pwd: 'anotherpasswordof24chars' }));
      assert.equal(restarted.status, 200, restarted.text);
      assert.match(restarted.text, /^a=ice-ufrag:/m);
      assert.notEqual(restarted.headers.etag, mine.etag);
      assertProblem(await patch(fragment()), 412);
      await end(mine);
      assertProblem(await request(mine.session, { method: 'PATCH', body: fragment(),
        headers: { 'Content-Type': TRICKLE } }), 404);
    });

    test('refusals and other origins get every header', scoped(async (scope) => {
      const preflight = await request(`${url}/whep/live`, {
        method: 'OPTIONS', headers: { Origin: ORIGIN, 'Access-Control-Request-Method': 'POST' },
      });
      assert.equal(preflight.status, 200);
      assert.equal(preflight.headers['access-control-allow-origin'], '*');
      const seen = await request(`${url}/whep/live`, { method: 'OPTIONS', headers: { Origin: ORIGIN } });
      assert.match(seen.headers['accept-post'], /application\/sdp/);
      await createMountpoint(scope, server, 'absent');
      const refused = await post(url, { id: 'absent' });
      assertProblem(refused, 409);
      assert.match(refused.headers['retry-after'], /^\d+$/);
    }));

    test('URLs are the proxy\'s, and plain HTTP is sent there', async () => {
      const { json } = await request(`${url}/api/v1/mountpoints/live`,
        { headers: { Authorization: `Bearer ${server.token}` } });
      assert.equal(json.whep_url, `${url}/whep/live`);
      const sent = await post(plainUrl);
      assert.equal(sent.status, 308);
      assert.match(sent.headers.location, /^https:\/\/127\.0\.0\.1\/whep\/live$/);
    });

    test('events come as they happen', scoped(async (scope) => {
      const mine = await watch(url);
      const streams = await Promise.all([
        listen(scope, mine.events),
        listen(scope, `${url}/api/v1/events`, { Authorization: `Bearer ${server.token}` }),
      ]);
      const [session, dashboard] = streams;
      for (const stream of streams) {
        assert.match(stream.headers['content-type'], /^text\/event-stream/);
      }
      await waitFor('one watches', () => session.last('viewercount')?.viewercount === 1);
      const other = await watch(url, { localAddress: ALICE });
      await waitFor('two watch', () => session.last('viewercount').viewercount === 2);
      await waitFor('the dashboard is told', () => dashboard.events.some(([event, { id, viewers }]) =>
        event === 'mountpoint' && id === 'live' && viewers === 2));
      await end(other);
      await waitFor('one watches', () => session.last('viewercount').viewercount === 1);
      await end(mine);
      await waitFor('the stream ends', () => session.ended);
      assert.ok(!dashboard.ended);
    }));

    test('a viewer is known by its address, whatever it says', async () => {
      const mine = await watch(url, { localAddress: ALICE,
        headers: { 'X-Forwarded-For': '6.6.6.6', Forwarded: 'for=6.6.6.6', 'X-Real-IP': '6.6.6.6' } });
      assert.deepEqual(await addresses(server), [ALICE]);
      await end(mine);
    });

    test('the limit per address counts viewers, not the proxy', scoped(async (scope) => {
      const small = await startServer(scope,
        { config: `${TRUSTING}[limits]\nmax-viewers-per-address=1\n` });
      await liveMountpoint(scope, small, 'live', { audio: false }, SMALL);
      const proxy = await startProxy(scope, name, small.port);
      const from = async (localAddress) => (await post(proxy.url, { localAddress })).status;
      assert.equal(await from(ALICE), 201);
      assert.equal(await from(BOB), 201);
      assert.equal(await from(BOB), 503);
    }));

    test('the player page plays, by HTTP/2', LIMIT, scoped(async (scope) => {
      const page = await openPage(scope, await launchBrowser(scope), { ignoreHTTPSErrors: true });
      await page.goto(`${url}/watch/live`);
      await pageState(page, 'playing');
      await pageFrames(page, 20);
      assert.equal(await page.evaluate(() =>
        performance.getEntriesByType('navigation')[0].nextHopProtocol), 'h2');
      await page.goto('about:blank');
      await server.api.waitViewers('live', 0);
    }));
  });
}

describe('whom to believe', { skip: !proxyProgram('nginx') && 'nginx is not installed' }, () => {
  async function start(scope, config) {
    const server = await startServer(scope, { config });
    await liveMountpoint(scope, server, 'live', { audio: false }, SMALL);
    const { url } = await startProxy(scope, 'nginx', server.port);
    return { server, url };
  }

  test('of a chain the last who is not trusted', scoped(async (scope) => {
    const { server, url } = await start(scope,
      `${LOOPBACK}[http]\ntrusted-proxies=127.0.0.0/8,10.1.0.0/16\n`);
    const mine = await watch(url, { headers: { 'X-Forwarded-For': '6.6.6.6, 198.51.100.7, 10.1.2.3' } });
    assert.deepEqual(await addresses(server), ['198.51.100.7']);
    await end(mine);
    await watch(url);
    assert.deepEqual(await addresses(server), ['127.0.0.1']);
  }));

  test('not a proxy that is not trusted', scoped(async (scope) => {
    const { server, url } = await start(scope, LOOPBACK);
    const { json } = await request(`${url}/api/v1/mountpoints/live`,
      { headers: { Authorization: `Bearer ${server.token}` } });
    assert.match(json.whep_url, /^http:/);
    assert.equal((await post(url, { headers: { 'X-Forwarded-For': '198.51.100.7' } })).status, 201);
    assert.deepEqual(await addresses(server), ['127.0.0.1']);
  }));
});
