// SPDX-License-Identifier: MIT
//
// The WHEP endpoint: who may, pages of other origins, trickle.
// Rows in brackets are those of the WHEP conformance list.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { assertProblem } from './lib/api.mjs';
import { liveMountpoint } from './lib/fixture.mjs';
import { request } from './lib/http.mjs';
import { candidate, fragment, offer } from './lib/offer.mjs';
import { scoped, suiteScope } from './lib/scope.mjs';
import { startServer } from './lib/server.mjs';
import {
  assertLists, assertRefused, FRAGMENT_LIMIT, OFFER_LIMIT, ORIGIN, ours, SDP, SMALL, TRICKLE, Whep,
} from './lib/whep.mjs';

const suite = suiteScope(after);
let whep;

before(async () => {
  whep = await Whep.start(suite);
});

describe('access', () => {
  const bearer = (token) => ({ headers: { Authorization: token }, id: 'guarded' });

  ours('the right token, whatever the case of the scheme [A-01 A-05]', async () => {
    for (const token of ['Bearer good', 'bEaReR good']) {
      await whep.assertCreated(await whep.post(offer(), bearer(token)));
    }
  });

  ours('none: 401 that says how [A-02]', async () => {
    const answer = await whep.post(offer(), { id: 'guarded' });
    assertProblem(answer, 401);
    assert.match(answer.headers['www-authenticate'], /^Bearer\b/);
    assert.doesNotMatch(answer.headers['www-authenticate'], /error=/);
  });

  ours('a wrong one: 401 invalid_token [A-03]', async () => {
    const answer = await whep.post(offer(), bearer('Bearer bad'));
    assertProblem(answer, 401);
    assert.match(answer.headers['www-authenticate'], /error="invalid_token"/);
  });

  ours('an odd one, and two: 400 or 401 [A-06]', async () => {
    for (const token of ['Bearer', 'Bearer ', `Bearer ${'x'.repeat(16000)}`,
      'Bearer good, Bearer good', 'Bearer go od']) {
      const { status } = await whep.post(offer(), bearer(token));
      assert.ok([400, 401, 431].includes(status), `${token.slice(0, 20)}: ${status}`);
    }
    const two = await whep.raw('POST /whep/guarded HTTP/1.1\r\nHost: x\r\n' +
      `${'Authorization: Bearer good\r\n'.repeat(2)}Content-Length: 0\r\n\r\n`);
    assert.match(two, /^HTTP\/1\.1 400 /);
  });

  ours('Basic: 401 that names Bearer [A-15]', async () => {
    const answer = await whep.post(offer(), bearer('Basic dXNlcjpnb29k'));
    assertProblem(answer, 401);
    assert.match(answer.headers['www-authenticate'], /^Bearer\b/);
  });

  ours('a token where none is needed is ignored [A-07]', async () =>
    whep.assertCreated(await whep.post(offer(),
      { headers: { Authorization: 'Bearer undefined' } })));

  ours('the session URL is the right to it; a wrong token is not [A-10 A-11]', async () => {
    const { headers } = await whep.post(offer(), bearer('Bearer good'));
    const session = new URL(headers.location, whep.server.url).href;
    const wrong = await whep.call('DELETE', session, { headers: { Authorization: 'Bearer bad' } });
    assert.equal(wrong.status, 401);
    assert.equal((await whep.patch(session, fragment({ complete: true }),
      { etag: headers.etag, headers: { Authorization: 'Bearer bad' } })).status, 401);
    assert.equal((await whep.patch(session, fragment({ complete: true }),
      { etag: headers.etag })).status, 204);
    assert.equal((await whep.call('DELETE', session)).status, 200);
  });

  ours('session-auth=strict asks again [A-10]', scoped(async (scope) => {
    const strict = await startServer(scope, {
      config: '[ice]\naddresses=127.0.0.1\n[http]\nsession-auth=strict\netag=strict\n',
    });
    await liveMountpoint(scope, strict, 'live', { watch_token: 'good', audio: false },
      SMALL);
    const good = { Authorization: 'Bearer good' };
    const { headers } = await request(strict.whep('live'), {
      method: 'POST', headers: { 'Content-Type': SDP, ...good }, body: offer(),
    });
    const session = new URL(headers.location, strict.url).href;
    assert.equal((await request(session, { method: 'DELETE' })).status, 401);
    // etag=strict: a precondition is asked for [T-04]
    const trickle = { method: 'PATCH', body: fragment({ complete: true }) };
    const type = { 'Content-Type': TRICKLE, ...good };
    assertProblem(await request(session, { ...trickle, headers: type }), 428);
    assert.equal((await request(session, {
      ...trickle, headers: { ...type, 'If-Match': headers.etag },
    })).status, 204);
    assert.equal((await request(session, { method: 'DELETE', headers: good })).status, 200);
  }));

  ours('a token in the query, where configured, and never in the log [A-08]',
    scoped(async (scope) => {
      const liberal = await startServer(scope, {
        config: '[server]\nlog-level=debug\n[ice]\naddresses=127.0.0.1\n' +
          '[http]\ntoken-in-query=access_token\nsession-auth=strict\n',
      });
      const token = 'q~uery+token';
      await liveMountpoint(scope, liberal, 'live', { watch_token: token, audio: false }, SMALL);
      const inQuery = (value) => `?x=1&access_token=${encodeURIComponent(value)}`;
      const post = (query, headers) => request(`${liberal.whep('live')}${query}`, {
        method: 'POST', headers: { 'Content-Type': SDP, ...headers }, body: offer(),
      });
      for (const [query, headers] of [[inQuery('wrong')], ['?token=q~uery%2Btoken'], [''],
        [inQuery(token), { Authorization: 'Bearer wrong' }]]) {
        assertProblem(await post(query, headers), 401);
      }
      const answer = await post(inQuery(token));
      assert.equal(answer.status, 201);
      assert.doesNotMatch(answer.headers.location, /query/);
      const session = new URL(answer.headers.location, liberal.url).href;
      assert.equal((await request(session, { method: 'DELETE' })).status, 401);
      assert.equal((await request(session + inQuery(token), { method: 'DELETE' })).status, 200);
      // Managing takes the field alone.
      assert.equal((await request(`${liberal.url}/api/v1/server${inQuery(liberal.token)}`))
        .status, 401);
      assert.ok(liberal.log.some((line) => line.includes('POST /whep/live -> 201')));
      assert.doesNotMatch(liberal.log.join('\n'), /uery/);
    }));

  ours('a token in the query is none by default [A-08]', async () =>
    assertProblem(await whep.call('POST', '/whep/guarded?access_token=good',
      { headers: { 'Content-Type': SDP }, body: offer() }), 401));
});

describe('CORS', () => {
  function preflight(path, method, names = 'authorization, content-type') {
    return whep.call('OPTIONS', path, {
      headers: {
        Origin: ORIGIN, 'Access-Control-Request-Method': method,
        'Access-Control-Request-Headers': names,
      },
    });
  }

  function assertAllowed({ status, headers }, methods, names) {
    assert.ok(status === 200 || status === 204, String(status));
    assert.ok(['*', ORIGIN].includes(headers['access-control-allow-origin']));
    assertLists(headers['access-control-allow-methods'], methods);
    assertLists(headers['access-control-allow-headers'], names);
  }

  test('preflight of the endpoint [C-01 C-04 C-09 C-10]', async () => {
    const answer = await preflight('/whep/live', 'POST');
    assertAllowed(answer, ['POST', 'OPTIONS', 'PATCH'], ['authorization', 'content-type']);
    assert.match(answer.headers['access-control-max-age'], /^\d+$/);
    assert.equal(answer.headers.link, undefined);
  });

  ours('preflight needs no token [A-09]', async () =>
    assertAllowed(await preflight('/whep/guarded', 'POST'), ['POST'], ['authorization']));

  test('preflight of a session [C-02 C-03 C-05]', () => whep.withSession(async ({ session }) => {
    const names = ['if-match', 'content-type', 'authorization', 'etag'];
    for (const method of ['PATCH', 'DELETE']) {
      assertAllowed(await preflight(session, method, names.join(', ')), [method], names);
    }
  }));

  test('a page may read what it needs [C-06]', async () => {
    const answer = await whep.post(offer(), { headers: { Origin: ORIGIN } });
    await whep.assertCreated(answer);
    assert.ok(['*', ORIGIN].includes(answer.headers['access-control-allow-origin']));
    assertLists(answer.headers['access-control-expose-headers'], ['Location', 'ETag',
      'Link', 'Retry-After', 'Accept-Post', 'WWW-Authenticate',
      'Access-Control-Allow-Methods']);
  });

  ours('private network access is granted to who asks, where it may [C-11]', async () => {
    const answer = await whep.call('OPTIONS', '/whep/live', {
      headers: {
        Origin: ORIGIN, 'Access-Control-Request-Method': 'POST',
        'Access-Control-Request-Private-Network': 'true',
      },
    });
    assert.equal(answer.headers['access-control-allow-private-network'], 'true');
    const plain = await preflight('/whep/live', 'POST');
    assert.equal(plain.headers['access-control-allow-private-network'], undefined);
  });

  ours('a page may read refusals too [C-07]', async () => {
    const headers = { Origin: ORIGIN };
    for (const [answer, status] of [
      [await whep.post(offer(), { id: 'guarded', headers }), 401],
      [await whep.post(offer(), { id: 'nobody', headers }), 404],
      [await whep.post(offer(), { id: 'absent', headers }), 409],
      [await whep.post(offer(), { type: 'text/plain', headers }), 415],
      [await whep.post(offer({ direction: 'inactive' }), { headers }), 422],
      [await whep.post('hello', { headers }), 400],
      [await whep.post('v=0\r\n'.padEnd(OFFER_LIMIT + 1, 'a=x\r\n'), { headers }), 413],
    ]) {
      assert.equal(answer.status, status);
      assert.ok(['*', ORIGIN].includes(answer.headers['access-control-allow-origin']),
        `${status} has Access-Control-Allow-Origin`);
    }
  });

  ours('with a list, others are left out [C-08]', scoped(async (scope) => {
    const picky = await startServer(scope, {
      config: '[ice]\naddresses=127.0.0.1\n[http]\ncors-origins=http://good.example\n',
    });
    const options = (origin) => request(picky.whep('any'), {
      method: 'OPTIONS',
      headers: {
        Origin: origin, 'Access-Control-Request-Method': 'POST',
        'Access-Control-Request-Private-Network': 'true',
      },
    });
    const good = await options('http://good.example');
    assert.equal(good.headers['access-control-allow-origin'], 'http://good.example');
    assertLists(good.headers.vary, ['Origin']);
    assert.equal(good.headers['access-control-allow-credentials'], undefined);
    const bad = await options('http://bad.example');
    assert.equal(bad.headers['access-control-allow-origin'], undefined);
    assert.equal(bad.headers['access-control-allow-private-network'], undefined);
  }));
});

describe('trickle', () => {
  const one = () => fragment({ candidates: [candidate()] });

  test('a candidate: 204, no body, no ETag [T-01 T-02 T-03]', () =>
    whep.withSession(async ({ session, etag }) => {
      for (const body of [one(), fragment({ complete: true }), fragment({
        candidates: [1, 2, 3, 4, 5].map((index) => candidate(50000 + index)),
      })]) {
        const answer = await whep.patch(session, body, { etag });
        assert.equal(answer.status, 204, answer.text);
        assert.equal(answer.text, '');
        assert.equal(answer.headers.etag, undefined);
      }
    }));

  test('the preconditions that clients send [T-04 T-07 T-08 T-09]', () =>
    whep.withSession(async ({ session, etag }) => {
      for (const value of [undefined, '*', '"*"', `"x", ${etag}`]) {
        const answer = await whep.patch(session, one(), { etag: value });
        assert.equal(answer.status, 204, `If-Match: ${value}: ${answer.text}`);
      }
    }));

  test('those that do not hold: 412 [T-05 T-10]', () =>
    whep.withSession(async ({ session, etag }) => {
      for (const value of ['"nope"', `W/${etag}`]) {
        assertRefused(await whep.patch(session, one(), { etag: value }), 412);
      }
    }));

  test('another media type: 415 with Accept-Patch [T-11 T-29]', () =>
    whep.withSession(async ({ session, etag }) => {
      for (const type of ['text/plain', SDP]) {
        const answer = await whep.patch(session, one(), { etag, type });
        assertRefused(answer, 415);
        assertLists(answer.headers['accept-patch'], [TRICKLE]);
      }
    }));

  ours('no fragment: 400; too large: 413 [T-12 T-28]', () =>
    whep.withSession(async ({ session, etag }) => {
      for (const body of ['garbage', '']) {
        assertProblem(await whep.patch(session, body, { etag }), 400);
      }
      assertProblem(await whep.patch(session, one().padEnd(FRAGMENT_LIMIT + 1, 'a=x:y\r\n'),
        { etag }), 413);
    }));

  test('fragments as clients write them [T-13 T-14 T-15 T-16 T-17 T-18 T-19]', () =>
    whep.withSession(async ({ session, etag }) => {
      const local = candidate(50000, '0b1c2d3e-aaaa-bbbb-cccc-0123456789ab.local');
      for (const body of [
        fragment({ media: 'm=audio 9 RTP/AVP 0', candidates: [candidate()] }),
        fragment({ media: 'm=video 9 UDP/TLS/RTP/SAVPF 96 97 102', candidates: [candidate()] }),
        fragment({ candidates: [candidate().replace(' 1 udp', ' 0 udp')] }),
        fragment({ ufrag: null, candidates: [candidate()] }),
        fragment({
          candidates: ['candidate:2 1 tcp 1518280447 127.0.0.1 9 typ host tcptype active'],
        }),
        fragment({ candidates: ['candidate:2 1 sctp 1518280447 127.0.0.1 9 typ host'] }),
        fragment({ candidates: [local] }),
        fragment({ candidates: [candidate(50000, 'nowhere.invalid')] }),
        // The same under every mid, and credentials in the sections.
        ['m=video 9 UDP/TLS/RTP/SAVPF 96', 'a=mid:0', 'a=ice-ufrag:wxyZ',
          'a=ice-pwd:abcdefghijklmnopqrstuvwx', `a=${candidate()}`,
          'm=audio 9 UDP/TLS/RTP/SAVPF 111', 'a=mid:1', `a=${candidate()}`, ''].join('\r\n'),
        fragment({ mid: '17', candidates: [candidate()] }),
      ]) {
        const answer = await whep.patch(session, body, { etag });
        assert.equal(answer.status, 204, `${body}\n${answer.text}`);
      }
    }));

  test('many at once [T-21]', () => whep.withSession(async ({ session, etag }) => {
    const answers = await Promise.all(Array.from({ length: 20 }, () =>
      whep.patch(session, one(), { etag })));
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [204]);
  }));

  const RESTART = { ufrag: 'nEwU', pwd: 'zyxwvutsrqponmlkjihgfedc' };
  const ufragOf = (sdp) => /a=ice-ufrag:(\S+)/.exec(sdp)[1];

  test('ICE restart: new credentials, candidates and ETag [T-06 T-22]', () =>
    whep.withSession(async ({ session, etag, answer: { text } }) => {
      const restart = await whep.patch(session,
        fragment({ ...RESTART, candidates: [candidate()] }), { etag: '*' });
      assert.equal(restart.status, 200, restart.text);
      assert.match(restart.headers['content-type'], /^application\/trickle-ice-sdpfrag/);
      assert.match(restart.headers.etag, /^"[^"*]+"$/);
      assert.notEqual(restart.headers.etag, etag);
      assert.notEqual(ufragOf(restart.text), ufragOf(text));
      for (const line of text.match(/^a=(ice-lite|ice-options:.*|candidate:.*)\r$/gm)) {
        assert.ok(restart.text.includes(`${line}\n`), `${line} in\n${restart.text}`);
      }
      const more = fragment({ ...RESTART, complete: true });
      assert.equal((await whep.patch(session, more, { etag })).status, 412);
      assert.equal((await whep.patch(session, more, { etag: restart.headers.etag })).status, 204);
      // What came before is another generation: going back is a restart too.
      assert.equal((await whep.patch(session, one(), { etag: restart.headers.etag })).status, 200);
    }));

  test('a restart without m-line, and If-Match: "*" [T-24 T-08]', () =>
    whep.withSession(async ({ session }) => {
      const restart = await whep.patch(session, fragment({ ...RESTART, media: null }),
        { etag: '"*"' });
      assert.equal(restart.status, 200, restart.text);
    }));

  test('what is no whole restart changes nothing [T-23 T-26]', () =>
    whep.withSession(async ({ session, etag }) => {
      for (const half of [{ ufrag: 'nEwU' }, { pwd: RESTART.pwd }]) {
        assertRefused(await whep.patch(session, fragment(half), { etag: '*' }), 422, /ice-pwd/);
      }
      assertRefused(await whep.patch(session, fragment(RESTART)), 428);
      assert.equal((await whep.patch(session, one(), { etag })).status, 204);
    }));

  ours('a flood of PATCHes is slowed down, of that session alone [T-27]', () =>
    whep.withSession(({ session, etag }) => whep.withSession(async (other) => {
      const { host, pathname } = new URL(session);
      const body = one();
      // In one go: a second must not pass meanwhile.
      const flood = `PATCH ${pathname} HTTP/1.1\r\nHost: ${host}\r\nIf-Match: ${etag}\r\n` +
        `Content-Type: ${TRICKLE}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
      const statuses = (text) => [...text.matchAll(/^HTTP\/1\.1 (\d+)/gm)].map(([, status]) => status);
      const text = await whep.raw(flood.repeat(300),
        { timeoutMs: 20000, until: (soFar) => statuses(soFar).length === 300 });
      assert.deepEqual([...new Set(statuses(text))].sort(), ['204', '429']);
      assert.match(text, /^Retry-After: \d+\r$/m);
      assert.equal((await whep.patch(other.session, one(), { etag: other.etag })).status, 204);
      assert.equal((await whep.call('DELETE', session)).status, 200);
    })));
});
