// SPDX-License-Identifier: MIT
//
// kind=whep: one whepcast feeds another, and a browser plays what the second one
// has. Each scenario is lib/relay-scenario.mjs in a network namespace, because
// libnice ignores loopback.

import assert from 'node:assert/strict';
import http from 'node:http';
import { networkInterfaces } from 'node:os';
import { after, before, describe, test } from 'node:test';

import { runScenario, scenarioSkip } from './lib/scenario.mjs';
import { scoped, suiteScope } from './lib/scope.mjs';
import { startServer } from './lib/server.mjs';
import { waitFor } from './lib/wait.mjs';

const options = { timeout: 240000, skip: scenarioSkip };

const run = (scope, name) => runScenario(scope, 'relay', [name], { timeoutMs: 230000 });

describe('whepcast to whepcast', () => {
  test('on demand: pulled with the first viewer, left after the last', options,
    scoped(async (scope) => {
      const result = await run(scope, 'demand');
      assert.ok(result.framesDecoded >= 60);
      assert.deepEqual([result.width, result.height], [640, 360]);
      assert.equal(result.viewers, 1);
      assert.deepEqual(result.tracks, ['H264', 'opus']);
    }));

  test('the token: refused, asked for, right', options, scoped(async (scope) => {
    const { reasons, shown } = await run(scope, 'token');
    assert.match(reasons[0], /refuses the source-token \(40[13]\)/);
    assert.match(reasons[1], /asks for a token \(401\)/);
    assert.equal(shown, '***');
  }));

  test('five of a hundred packets lost on the way are asked for again', options,
    scoped(async (scope) => {
      const { dropped, lost, nacks, resent } = await run(scope, 'loss');
      const all = JSON.stringify({ dropped, lost, nacks, resent });
      assert.ok(dropped >= 10 && nacks > 0, all);
      // What is dropped at once may be several packets of the picture (UDP segmentation),
      // twice over, or one of the sound, which is not asked for.
      assert.ok(resent >= dropped / 2 && lost < resent, all);
    }));

  test('https: a certificate that nobody vouches for is named, and trusted by its name', options,
    scoped(async (scope) => {
      const { before, reason, still, url } = await run(scope, 'secure');
      assert.match(url, /^https:/);
      assert.match(reason, /certificate is of no authority that this host knows; if it is/);
      assert.equal(still, reason);
      assert.equal(before, 1);
    }));

  test('ten restarts of the origin: the viewer keeps decoding', options,
    scoped(async (scope) => {
      assert.deepEqual(await run(scope, 'restarts'), { connection: 'connected', viewers: 1 });
    }));

  test('fifty connections leave no thread and no descriptor behind', options,
    scoped(async (scope) => {
      const result = await run(scope, 'churn');
      assert.ok(result.after.threads <= result.before.threads + 1, JSON.stringify(result));
      assert.ok(result.after.descriptors <= result.before.descriptors + 4,
        JSON.stringify(result));
    }));
});

/** Without another address than loopback nothing is offered, and nothing POSTed. */
const hasAddress = Object.values(networkInterfaces()).flat().some(({ internal }) => !internal);
const skip = !hasAddress && 'this host has no address but loopback';

/** What a server might answer to the POST, and what is said of it. */
describe('answers of other servers', { skip }, () => {
  const suite = suiteScope(after);
  let server;
  let other;
  let answer;
  const seen = [];

  before(async () => {
    server = await startServer(suite);
    other = http.createServer((request, response) => {
      const chunks = [];
      request.on('data', (chunk) => chunks.push(chunk));
      request.on('end', () => {
        seen.push({
          method: request.method, url: request.url, headers: request.headers,
          body: Buffer.concat(chunks).toString(), at: Date.now(),
        });
        answer(request, response);
      });
    });
    await new Promise((resolve) => { other.listen(0, '127.0.0.1', resolve); });
    suite.defer(() => new Promise((resolve) => {
      other.close(resolve);
      other.closeAllConnections();
    }));
  });

  /** The reason that the mountpoint has after the answer. */
  async function reasonAfter(scope, id, how, pattern, more = {}) {
    answer = how;
    seen.length = 0;
    await server.api.create({
      id, kind: 'whep', url: `http://127.0.0.1:${other.address().port}/whep/x`,
      on_demand: false, ...more,
    });
    scope.defer(() => server.api.call('DELETE', `/api/v1/mountpoints/${id}`));
    return waitFor(`${id} says ${pattern}`, async () => {
      const { reason } = await server.api.read(id);
      if (!pattern.test(reason)) {
        throw new Error(reason);
      }
      return reason;
    }, { timeoutMs: 15000 });
  }

  const status = (code, headers = {}, body = '') => (request, response) => {
    response.writeHead(code, headers);
    response.end(body);
  };
  const sdp = { 'Content-Type': 'application/sdp', Location: '/session/1' };

  const brief = { timeout: 60000 };
  for (const [name, how, pattern] of [
    ['404', status(404), /no such WHEP endpoint \(404\)/],
    ['409', status(409), /no picture now \(409\)/],
    ['500', status(500), /the server answered 500/],
    ['406', status(406), /nothing in a format that was offered/],
    ['a page', status(201, { 'Content-Type': 'text/html', Location: '/s' }, '<p>'),
      /not application\/sdp/],
    ['no Location', status(201, { 'Content-Type': 'application/sdp' }, 'v=0'),
      /without a Location/],
    ['nonsense', status(201, sdp, 'v=0\r\nnonsense'), /the server's answer cannot be used/],
    ['too much', status(201, sdp, 'a'.repeat(70000)), /longer than 65536 bytes/],
    ['a redirect in circles', status(307, { Location: '/whep/x' }), /more than 3 times/],
    ['a redirect to nowhere', status(308, { Location: 'ftp://a/' }), /no HTTP URL/],
    ['303', status(303, { Location: '/whep/x' }), /answered 303/],
  ]) {
    test(name, brief, scoped(async (scope) => {
      await reasonAfter(scope, 'odd', how, pattern);
    }));
  }

  test('nobody there', brief, scoped(async (scope) => {
    await reasonAfter(scope, 'odd', status(404), /cannot be reached/,
      { url: 'http://127.0.0.1:1/whep/x' });
  }));

  test('the offer is a POST of SDP with the token, also over a redirect', brief,
    scoped(async (scope) => {
      await reasonAfter(scope, 'odd', (request, response) => {
        if (request.url === '/whep/x') {
          response.writeHead(307, { Location: '../else?where=1' });
          response.end();
        } else {
          status(503, { 'Retry-After': '3' })(request, response);
        }
      }, /answered 503/, { source_token: 'a-token' });
      const [first, second] = seen;
      for (const { method, headers, body } of [first, second]) {
        assert.equal(method, 'POST');
        assert.equal(headers['content-type'], 'application/sdp');
        assert.equal(headers.authorization, 'Bearer a-token');
        assert.match(body, /^v=0\r\n/);
        assert.match(body, /^a=recvonly\r$/m);
        assert.match(body, /^a=candidate:/m);
      }
      assert.equal(second.url, '/else?where=1');
      // Left alone for as long as it asked to be.
      await waitFor('it is asked again', () => seen.length > 2, { timeoutMs: 30000 });
      assert.ok(seen[2].at - seen[1].at >= 2900, `after ${seen[2].at - seen[1].at} ms`);
    }));

  test('the token does not follow to another origin', brief, scoped(async (scope) => {
    const foreign = http.createServer((request, response) => {
      seen.push({ foreign: true, headers: request.headers });
      request.resume();
      request.on('end', () => status(503)(request, response));
    });
    await new Promise((resolve) => { foreign.listen(0, '127.0.0.1', resolve); });
    scope.defer(() => new Promise((resolve) => {
      foreign.close(resolve);
      foreign.closeAllConnections();
    }));
    await reasonAfter(scope, 'odd',
      status(307, { Location: `http://127.0.0.1:${foreign.address().port}/whep/x` }),
      /answered 503/, { source_token: 'a-token' });
    const there = seen.find((request) => request.foreign);
    assert.equal(there.headers.authorization, undefined);
  }));

  test('a session that cannot be used is DELETEd', brief, scoped(async (scope) => {
    await reasonAfter(scope, 'odd', status(201, sdp, 'v=0\r\nnonsense'), /cannot be used/);
    const { url } = await waitFor('DELETE', () =>
      seen.find(({ method }) => method === 'DELETE'));
    assert.equal(url, '/session/1');
  }));
});
