// SPDX-License-Identifier: MIT
//
// Signed tokens, the hook, tokens to manage one mountpoint, and limits. Rows in
// brackets are those of the WHEP conformance list.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import crypto from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { describe, test } from 'node:test';

import { assertProblem } from './lib/api.mjs';
import { liveMountpoint } from './lib/fixture.mjs';
import { request } from './lib/http.mjs';
import { offer } from './lib/offer.mjs';
import { scoped } from './lib/scope.mjs';
import { spawnServer, startServer, temporaryDirectory } from './lib/server.mjs';
import { waitFor } from './lib/wait.mjs';
import { SDP, SMALL } from './lib/whep.mjs';

const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A key pair and what signs with it. */
function makeKey(kid, alg = 'ES256') {
  const { publicKey, privateKey } = alg === 'ES256'
    ? crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' })
    : crypto.generateKeyPairSync('rsa', { modulusLength: 2048 });
  return {
    privateKey,
    jwk: { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg },
    pem: publicKey.export({ format: 'pem', type: 'spki' }),
    sign: (claims) => {
      const text = `${encode({ alg, kid })}.${encode({
        exp: Math.floor(Date.now() / 1000) + 600, ...claims,
      })}`;
      const signature = crypto.sign('sha256', Buffer.from(text),
        { key: privateKey, dsaEncoding: 'ieee-p1363' });
      return `${text}.${signature.toString('base64url')}`;
    },
  };
}

/** A server that does what `handler` says; requests are kept in `seen`. */
async function startWeb(scope, handler) {
  const seen = [];
  const server = http.createServer(async (incoming, outgoing) => {
    let body = '';
    for await (const part of incoming) {
      body += part;
    }
    seen.push({ method: incoming.method, headers: incoming.headers, body });
    handler(outgoing, body, seen.length);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  scope.defer(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${server.address().port}/x`, seen };
}

async function start(scope, lines, mountpoint = {}) {
  const server = await startServer(scope, {
    config: `[ice]\naddresses=127.0.0.1\n${lines}\n`,
  });
  await liveMountpoint(scope, server, 'live', { audio: false, ...mountpoint }, SMALL);
  return server;
}

function post(server, token, { id = 'live', headers = {} } = {}) {
  return request(server.whep(id), {
    method: 'POST', body: offer(), headers: {
      'Content-Type': SDP, ...(token ? { Authorization: `Bearer ${token}` } : {}), ...headers,
    },
  });
}

const end = async (server, answer, token) => {
  const session = new URL(answer.headers.location, server.url).href;
  const { status } = await request(session, {
    method: 'DELETE', headers: token ? { Authorization: `Bearer ${token}` } : {},
  });
  assert.equal(status, 200);
};

/** Nothing that was sent as a secret may stand in the log. */
function assertSilent(server, secrets) {
  for (const secret of secrets) {
    assert.ok(!server.log.some((line) => line.includes(secret)), `${secret} is in the log`);
  }
}

describe('signed tokens', () => {
  test('open what they say, for as long as they say [A-01 A-02 A-03 A-04 A-11]',
    scoped(async (scope) => {
      const key = makeKey('k1');
      const file = join(temporaryDirectory(scope, 'keys'), 'jwks.json');
      writeFileSync(file, JSON.stringify({ keys: [key.jwk] }));
      const server = await start(scope,
        `[auth]\njwt-keys=${file}\njwt-issuer=us\njwt-audience=cast\n[server]\nlog-level=debug`);
      const who = { iss: 'us', aud: 'cast' };
      const watch = { ...who, mountpoint: 'live', action: 'watch' };

      const good = key.sign(watch);
      const answer = await post(server, good);
      assert.equal(answer.status, 201, answer.text);
      const session = new URL(answer.headers.location, server.url).href;
      const wrong = await request(session, {
        method: 'DELETE', headers: { Authorization: 'Bearer a.b.c' },
      });
      assertProblem(wrong, 401);
      await end(server, answer, key.sign({ ...watch, exp: 1700000000 }));

      const missing = await post(server);
      assertProblem(missing, 401);
      assert.doesNotMatch(missing.headers['www-authenticate'], /error=/);
      for (const [what, token] of Object.entries({
        expired: key.sign({ ...watch, exp: 1700000000 }), issuer: key.sign({ ...watch, iss: 'x' }),
        audience: key.sign({ ...watch, aud: 'x' }), key: makeKey('k1').sign(watch),
        'key id': makeKey('k2').sign(watch), tail: `${good}x`,
        unsigned: `${good.split('.').slice(0, 2).join('.')}.`,
      })) {
        const refused = await post(server, token);
        assert.equal(refused.status, 401, what);
        assert.match(refused.headers['www-authenticate'], /error="invalid_token"/);
      }
      for (const claims of [{ mountpoint: 'other' }, { action: 'publish' }]) {
        const refused = await post(server, key.sign({ ...watch, ...claims }));
        assertProblem(refused, 403);
        assert.match(refused.headers['www-authenticate'], /error="insufficient_scope"/);
      }
      assertSilent(server, [good, session.split('/').pop()]);
    }));

  test('manage one mountpoint or all', scoped(async (scope) => {
    const key = makeKey('k1');
    const file = join(temporaryDirectory(scope, 'keys'), 'jwks.json');
    writeFileSync(file, JSON.stringify(key.jwk));
    const server = await start(scope, `[auth]\njwt-keys=${file}`);
    const one = key.sign({ mountpoint: 'live', action: ['watch', 'manage'] });
    const all = key.sign({ mountpoint: '*', action: 'manage' });
    const get = (path, token) => server.api.call('GET', path, undefined, { token });
    assert.equal((await get('/api/v1/mountpoints/live', one)).status, 200);
    assert.equal((await get('/api/v1/mountpoints', one)).status, 403);
    assert.equal((await get('/api/v1/mountpoints/none', one)).status, 403);
    assert.equal((await get('/api/v1/mountpoints', all)).status, 200);
    assert.equal((await get('/api/v1/mountpoints/none', all)).status, 404);
    await end(server, await post(server, one), one);
  }));

  test('keys in PEM: RSA, ECDSA, of a certificate; a private one is refused', { timeout: 60000 },
    scoped(async (scope) => {
      const folder = temporaryDirectory(scope, 'keys');
      const file = join(folder, 'keys.pem');
      const rsa = makeKey('any', 'RS256');
      const certified = makeKey('other');
      const pkcs8 = certified.privateKey.export({ format: 'pem', type: 'pkcs8' });
      const keys = [rsa, makeKey(undefined), certified];
      writeFileSync(join(folder, 'private.pem'), pkcs8);
      const certificate = execFileSync('openssl', ['req', '-x509', '-key',
        join(folder, 'private.pem'), '-subj', '/CN=tokens', '-days', '1'], { encoding: 'utf8' });
      writeFileSync(file, `${rsa.pem}a word between\n${keys[1].pem}${certificate}`);
      const server = await start(scope, `[auth]\njwt-keys=${file}`);
      const claims = { mountpoint: 'live', action: 'watch' };
      for (const key of keys) {
        const token = key.sign(claims);
        await end(server, await post(server, token), token);
      }
      assertProblem(await post(server, makeKey('any').sign(claims)), 401);
      const config = join(folder, 'private.conf');
      writeFileSync(config, `[auth]\njwt-keys=${join(folder, 'private.pem')}\n`);
      const refused = spawnServer(scope, ['--config', config, '--listen', '127.0.0.1:0',
        '--udp-port', '0', '--state-dir', folder]);
      assert.notEqual((await refused.ended).code, 0);
      assert.match(refused.tail(), /private key/);
    }));

  test('keys of a URL, asked again when a token names a new one', { timeout: 60000 },
    scoped(async (scope) => {
      const first = makeKey('k1');
      const second = makeKey('k2');
      let keys = [first.jwk];
      let status = 500;
      const web = await startWeb(scope, (outgoing) => {
        outgoing.statusCode = status;
        outgoing.end(JSON.stringify({ keys }));
      });
      const server = await start(scope, `[auth]\njwt-keys=${web.url}`);
      const claims = { mountpoint: '*', action: 'watch' };
      const unknown = await post(server, first.sign(claims));
      assertProblem(unknown, 503); // nobody knows the keys yet
      assert.ok(unknown.headers['retry-after']);
      status = 200;
      await waitFor('the keys have come', async () =>
        (await post(server, first.sign(claims))).status === 201,
      { timeoutMs: 20000, everyMs: 500 });
      keys = [second.jwk];
      await waitFor('the new key has come', async () =>
        (await post(server, second.sign(claims))).status === 201,
      { timeoutMs: 20000, everyMs: 500 });
      assertProblem(await post(server, first.sign(claims)), 401);
      // Not one question for each token that came.
      assert.ok(web.seen.length <= 8, `${web.seen.length}`);
    }));
});

describe('a token to manage', () => {
  test('one mountpoint, and nothing else', scoped(async (scope) => {
    const server = await start(scope, '', { manage_token: 'mine' });
    await server.api.create({ id: 'other', kind: 'rtp', tracks: [{ media: 'audio', codec: 'opus' }] });
    const call = (method, path, value) => server.api.call(method, path, value, { token: 'mine' });
    const read = await call('GET', '/api/v1/mountpoints/live');
    assert.equal(read.status, 200);
    assert.equal(read.json.manage_token, '***');
    assert.equal((await call('PATCH', '/api/v1/mountpoints/live', { title: 'T' })).status, 200);
    assert.equal((await call('GET', '/api/v1/mountpoints/live/sessions')).status, 200);
    assert.equal((await call('POST', '/api/v1/mountpoints/live/kick')).status, 200);
    for (const [method, path] of [['GET', '/api/v1/mountpoints'], ['GET', '/api/v1/server'],
      ['GET', '/api/v1/mountpoints/other'], ['DELETE', '/api/v1/mountpoints/other'],
      ['DELETE', '/api/v1/sessions/0123456789ab']]) {
      assertProblem(await call(method, path), 401);
    }
  }));
});

describe('the hook', () => {
  test('decides, is told what it needs, and is remembered for a while',
    scoped(async (scope) => {
      let status = 200;
      const web = await startWeb(scope, (outgoing) => {
        outgoing.statusCode = status;
        outgoing.end('{}');
      });
      const server = await start(scope,
        `[auth]\nhook-url=${web.url}\nhook-cache-ms=60000\n[server]\nlog-level=debug`);
      await end(server, await post(server, 'ticket-1'));
      await end(server, await post(server, 'ticket-1'));
      assert.equal(web.seen.length, 1);
      const { method, headers, body } = web.seen[0];
      assert.equal(method, 'POST');
      assert.match(headers['content-type'], /^application\/json/);
      const { user_agent: _, ...question } = JSON.parse(body);
      assert.deepEqual(question, {
        action: 'watch', mountpoint: 'live', address: '127.0.0.1', token: 'ticket-1',
      });
      for (const [answer, expected] of [[401, 401], [403, 403], [404, 403], [302, 503], [500, 503]]) {
        status = answer;
        assertProblem(await post(server, `ticket-${answer}`), expected);
      }
      status = 401;
      const nobody = await post(server);
      assertProblem(nobody, 401);
      assert.doesNotMatch(nobody.headers['www-authenticate'], /error=/);
      await server.api.waitViewers('live', 0);
      assertSilent(server, ['ticket-']);
    }));

  test('that does not answer lets nobody in', scoped(async (scope) => {
    const web = await startWeb(scope, () => { /* never */ });
    const server = await start(scope, `[auth]\nhook-url=${web.url}\nhook-timeout-ms=500`);
    const answers = await Promise.all(Array.from({ length: 5 }, (_, i) => post(server, `t${i}`)));
    for (const answer of answers) {
      assertProblem(answer, 503);
      assert.ok(answer.headers['retry-after']);
    }
  }));

  test('that is not there lets nobody in, and what a token refuses it is not asked',
    scoped(async (scope) => {
      const web = await startWeb(scope, (outgoing) => outgoing.end());
      const server = await start(scope, `[auth]\nhook-url=${web.url}`, { watch_token: 'good' });
      assertProblem(await post(server, 'bad'), 401);
      assert.equal(web.seen.length, 0);
      assert.equal((await post(server, 'good')).status, 201);
      const dead = await start(scope, '[auth]\nhook-url=http://127.0.0.1:9/');
      assertProblem(await post(dead), 503);
    }));

  test('a question outlasts a reload, but its answer holds for no other one',
    scoped(async (scope) => {
      let release;
      const held = new Promise((resolve) => { release = resolve; });
      const former = await startWeb(scope, (outgoing) => held.then(() => outgoing.end()));
      const next = await startWeb(scope, (outgoing) => outgoing.end());
      const lines = (web) => `[auth]\nhook-url=${web.url}\nhook-timeout-ms=30000\nhook-cache-ms=60000`;
      const server = await start(scope, lines(former));
      const waiting = post(server, 'ticket');
      await waitFor('the hook is asked', () => former.seen.length === 1);
      writeFileSync(server.configFile, `[ice]\naddresses=127.0.0.1\n${lines(next)}\n`);
      await server.api.ok('POST', '/api/v1/reload');
      release();
      assert.equal((await waiting).status, 201);
      assert.equal((await post(server, 'ticket')).status, 201);
      assert.equal((await post(server, 'ticket')).status, 201);
      assert.deepEqual([former.seen.length, next.seen.length], [1, 1]);
    }));

  test('is not waited for when the server stops', scoped(async (scope) => {
    const web = await startWeb(scope, () => { /* never */ });
    const server = await start(scope, `[auth]\nhook-url=${web.url}\nhook-timeout-ms=30000`);
    const waiting = post(server, 't').catch(() => ({ status: 0 }));
    await waitFor('the hook is asked', () => web.seen.length === 1);
    const { code } = await server.stop();
    assert.equal(code, 0);
    assert.ok([0, 503].includes((await waiting).status));
  }));
});

describe('limits', () => {
  for (const [key, title] of [['max-viewers', 'in all'],
    ['max-viewers-per-mountpoint', 'of a mountpoint'], ['max-viewers-per-address', 'of an address'],
    ['max-pending', 'not connected yet']]) {
    test(`viewers ${title}: ${key} [W-20]`, scoped(async (scope) => {
      const server = await start(scope, `[limits]\n${key}=2`);
      const first = await post(server);
      assert.equal(first.status, 201);
      assert.equal((await post(server)).status, 201);
      const refused = await post(server);
      assertProblem(refused, 503, new RegExp(key));
      assert.match(refused.headers['retry-after'], /^\d+$/);
      await end(server, first);
      assert.equal((await post(server)).status, 201);
      assertProblem(await post(server), 503);
    }));
  }

  test('joins per second: 429 [L-01 I-23]', scoped(async (scope) => {
    const server = await start(scope, '[limits]\njoins-per-second=5');
    const answers = await Promise.all(Array.from({ length: 20 }, () => post(server)));
    const taken = answers.filter(({ status }) => status === 201).length;
    assert.ok(taken >= 5, `${taken}`); // more only if a second has passed meanwhile
    const refused = answers.filter(({ status }) => status !== 201);
    assert.ok(refused.length > 0);
    for (const answer of refused) {
      assertProblem(answer, 429);
      assert.equal(answer.headers['retry-after'], '1');
    }
    await waitFor('there is room again', async () => (await post(server)).status === 201);
  }));

  test('refusals of an address: 429 [A-13]', scoped(async (scope) => {
    const server = await start(scope, '[http]\ntrusted-proxies=127.0.0.1', { watch_token: 'good' });
    const from = (address, token) => post(server, token, { headers: { 'X-Forwarded-For': address } });
    for (let i = 0; i < 100; i++) {
      assert.equal((await from('192.0.2.1', `guess${i}`)).status, 401);
    }
    const refused = await from('192.0.2.1', 'good');
    assertProblem(refused, 429);
    assert.match(refused.headers['retry-after'], /^\d+$/);
    assert.equal((await from('192.0.2.2', 'good')).status, 201);
  }));
});
