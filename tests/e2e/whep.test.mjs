// SPDX-License-Identifier: MIT
//
// The WHEP endpoint as HTTP: sessions come, are what clients expect, and go.
// Rows in brackets are those of the WHEP conformance list.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import sdpTransform from 'sdp-transform';

import { assertProblem } from './lib/api.mjs';
import { createMountpoint, liveMountpoint } from './lib/fixture.mjs';
import { request } from './lib/http.mjs';
import { candidate, fragment, offer } from './lib/offer.mjs';
import { scoped, suiteScope } from './lib/scope.mjs';
import { ROOT, startServer } from './lib/server.mjs';
import { waitFor } from './lib/wait.mjs';
import {
  assertLists, assertRefused, isOurs, ORIGIN, ours, SDP, SMALL, TRICKLE, Whep,
} from './lib/whep.mjs';

const suite = suiteScope(after);
let whep;

before(async () => {
  whep = await Whep.start(suite);
});

describe('session creation', () => {
  test('201 with an answer, Location, ETag and no cache [W-01 W-02 W-03 W-05 W-22]', async () => {
    const { answer, etag } = await whep.assertCreated(await whep.post(offer()));
    const { location } = answer.headers;
    assert.match(location, /^(\/|https?:\/\/)/);
    assert.doesNotMatch(location, /[?# ]/);
    assert.match(etag, /^"[^"*]+"$/);
    if (isOurs) {
      assert.equal(answer.headers['cache-control'], 'no-store');
    }
  });

  test('the answer is one that every client reads [S-19 S-20 S-23 S-25 S-26 W-06 V12]', () =>
    whep.withSession(({ answer: { text } }) => {
      assert.ok(text.length < 8000, `${text.length} bytes`);
      assert.doesNotMatch(text, /[^\r]\n/);
      assert.match(text, /\r\n$/);
      assert.doesNotMatch(text, /a=bundle-only|a=setup:actpass/);
      assert.match(text, /^a=candidate:\S+ 1 udp \d+ \S+ \d+ typ host/im);
      for (const line of ['a=rtcp-mux\r', 'a=rtcp-mux-only\r', 'a=end-of-candidates\r',
        'a=sendonly\r', 'a=fingerprint:sha-256 ', 'a=msid:', 'a=group:BUNDLE 0 1\r']) {
        assert.ok(text.includes(line), `${JSON.stringify(line)} in\n${text}`);
      }
      assert.deepEqual(text.match(/^m=\w+ \d+/gm), ['m=video 9', 'm=audio 9']);
    }));

  test('m-lines keep order, mids and protocol [S-01 S-02 S-03 S-07]', async () => {
    for (const [kinds, mids] of [[['audio', 'video'], ['audio0', 'foo-1']],
      [['video', 'audio'], ['0', '1']]]) {
      await whep.withSession(({ answer: { text } }) => {
        assert.deepEqual([...text.matchAll(/^m=(\w+)/gm)].map((match) => match[1]), kinds);
        assert.deepEqual([...text.matchAll(/^a=mid:(\S+)/gm)].map((match) => match[1]), mids);
      }, { kinds, mids });
    }
  });

  test('sessions are independent, their names cannot be guessed [W-04 W-16]', async () => {
    const secrets = new Set();
    const ufrags = new Set();
    const etags = new Set();
    for (let index = 0; index < 10; index += 1) {
      const { session, etag, answer } = await whep.assertCreated(await whep.post(offer()));
      etags.add(etag);
      secrets.add(session.split('/').pop());
      ufrags.add(/a=ice-ufrag:(\S+)/.exec(answer.text)[1]);
    }
    assert.equal(secrets.size, 10);
    assert.equal(ufrags.size, 10);
    assert.equal(etags.size, 10);
    for (const secret of secrets) {
      // 128 bits are 22 characters of base64 and 32 of hexadecimal.
      assert.ok(secret.length >= 22, secret);
    }
  });

  test('Content-Type with parameters and other case [W-09]', async () =>
    whep.assertCreated(await whep.post(offer(), { type: 'Application/SDP; charset=utf-8' })));

  test('Accept is not negotiated on [W-10]', async () => {
    for (const accept of ['*/*', SDP, 'application/json']) {
      await whep.assertCreated(await whep.post(offer(), { headers: { Accept: accept } }));
    }
  });

  test('without candidates, and with all of them [W-11 W-12]', async () => {
    await whep.assertCreated(await whep.post(offer()));
    await whep.assertCreated(await whep.post(offer({
      candidates: [candidate(), 'end-of-candidates'],
    })));
  });

  test('bare line feeds, and no last line end [W-13]', async () => {
    await whep.assertCreated(await whep.post(offer({ end: '\n' })));
    await whep.assertCreated(await whep.post(offer().trimEnd()));
  });

  test('chunked in pieces of 3 bytes [W-14]', async () => {
    const chunks = offer().match(/[^]{1,3}/g);
    await whep.assertCreated(await whep.post(undefined, { chunks }));
  });

  test('Expect: 100-continue [W-15]', async () => {
    const body = offer();
    let continued = false;
    const answer = await new Promise((resolve, reject) => {
      const outgoing = http.request(whep.endpoint, {
        method: 'POST', agent: false, headers: {
          ...whep.authorization,
          'Content-Type': SDP, 'Content-Length': body.length, Expect: '100-continue',
        },
      });
      outgoing.on('continue', () => {
        continued = true;
        outgoing.end(body);
      });
      outgoing.on('error', reject);
      outgoing.on('response', (incoming) => {
        let text = '';
        incoming.on('data', (data) => { text += data; });
        incoming.on('end', () => resolve({
          status: incoming.statusCode, headers: incoming.headers, text,
        }));
      });
      outgoing.flushHeaders();
      setTimeout(() => reject(new Error('no 100 within 5 s')), 5000).unref();
    });
    assert.ok(continued);
    await whep.assertCreated(answer);
  });

  test('the query is no part of the session [W-17]', async () => {
    const { answer } = await whep.assertCreated(await whep.call('POST',
      '/whep/live?token=x&foo=bar',
      { headers: { 'Content-Type': SDP }, body: offer() }));
    assert.doesNotMatch(answer.headers.location, /token|foo/);
  });

  ours('no source: 409, when to ask again, no session [W-18]', async () => {
    const answer = await whep.post(offer(), { id: 'absent' });
    assertProblem(answer, 409);
    assert.match(answer.headers['retry-after'], /^\d+$/);
    assert.equal(answer.headers.location, undefined);
    assert.equal((await whep.api.sessions('absent')).total, 0);
  });

  ours('unknown name: 404 [W-19]', async () =>
    assertProblem(await whep.post(offer(), { id: 'nobody' }), 404, /nobody/));

  ours('a disabled mountpoint: 403', async () => {
    await whep.api.ok('POST', '/api/v1/mountpoints/absent/disable');
    assertProblem(await whep.post(offer(), { id: 'absent' }), 403);
    await whep.api.ok('POST', '/api/v1/mountpoints/absent/enable');
  });

  ours('at the limit of viewers: 503 and when to ask again [W-20]', scoped(async (scope) => {
    const small = await startServer(scope, {
      config: '[ice]\naddresses=127.0.0.1\n[limits]\nmax-viewers=1\n',
    });
    await liveMountpoint(scope, small, 'live', { audio: false }, SMALL);
    const again = () => request(small.whep('live'), {
      method: 'POST', headers: { 'Content-Type': SDP, Origin: ORIGIN }, body: offer(),
    });
    assert.equal((await again()).status, 201);
    const refused = await again();
    assertProblem(refused, 503);
    assert.match(refused.headers['retry-after'], /^\d+$/);
    assert.equal(refused.headers['access-control-allow-origin'], '*'); // [C-07]
  }));

  test('HTTP/1.0, and three requests on one connection [W-24]', async () => {
    const body = offer();
    const old = await whep.raw(`POST /whep/live HTTP/1.0\r\nContent-Type: ${SDP}\r\n` +
      `Content-Length: ${body.length}\r\n\r\n${body}`);
    assert.match(old, /^HTTP\/1\.[01] 201 /);
    const one = `POST /whep/live HTTP/1.1\r\nHost: x\r\nContent-Type: ${SDP}\r\n` +
      `Content-Length: ${body.length}\r\n\r\n${body}`;
    const count = (text) => text.match(/HTTP\/1\.1 201 /g)?.length ?? 0;
    const three = await whep.raw(one.repeat(3), { until: (text) => count(text) === 3 });
    assert.equal(count(three), 3);
  });

  test('fifty at once [W-25]', async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, () => whep.post(offer())));
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [201]);
    await Promise.all(answers.map((answer) => whep.assertCreated(answer)));
  });

  ours('a session that never connects is gone after the deadline [D-09]', scoped(async (scope) => {
    const hasty = await startServer(scope, {
      config: '[ice]\naddresses=127.0.0.1\nconnect-timeout-ms=1500\n',
    });
    await liveMountpoint(scope, hasty, 'live', { audio: false }, SMALL);
    const answer = await request(hasty.whep('live'), {
      method: 'POST', headers: { 'Content-Type': SDP }, body: offer(),
    });
    const session = new URL(answer.headers.location, hasty.url).href;
    assert.equal((await request(session)).status, 200);
    await waitFor('the session is gone', async () =>
      (await request(session)).status === 404, { timeoutMs: 20000, everyMs: 250 });
    await hasty.api.waitViewers('live', 0);
  }));
});

/** What somebody else's parser reads in the answer is what the server means. */
function assertParsed(offered, answered) {
  const before = sdpTransform.parse(offered);
  const after = sdpTransform.parse(answered);
  assert.deepEqual(after.invalid ?? [], []);
  assert.deepEqual(after.media.map(({ type, protocol, mid }) => [type, protocol, mid]),
    before.media.map(({ type, protocol, mid }) => [type, protocol, mid]));
  const kept = after.media.filter(({ port }) => port === 9);
  assert.equal(String(after.groups[0].mids), kept.map(({ mid }) => mid).join(' '));
  if (isOurs) {
    assert.equal(after.icelite, 'ice-lite');
  }
  assert.equal(new Set(kept.map(({ iceUfrag }) => iceUfrag)).size, 1);
  const sent = after.media.filter(({ direction }) => direction === 'sendonly');
  assert.ok(sent.length > 0);
  assert.equal(new Set(sent.map(({ msid: [{ id }] }) => id)).size, 1, 'one stream');
  const { component, transport, type } = kept[0].candidates[0];
  assert.deepEqual([component, transport, type], [1, 'udp', 'host']);
  assert.equal(kept[0].endOfCandidates, 'end-of-candidates');
  for (const media of sent) {
    assert.equal(media.rtcpMux, 'rtcp-mux');
    assert.equal(media.rtcpRsize !== undefined,
      before.media.find(({ mid }) => mid === media.mid).rtcpRsize !== undefined);
    assert.deepEqual(media.rtp.map(({ payload }) => String(payload)),
      media.payloads.toString().split(' '));
    assert.ok(media.ssrcs.every(({ attribute }) => attribute === 'cname'));
  }
}

describe('redirects', () => {
  ours('307 where a mountpoint says so, with the token asked for first [W-21]',
    scoped(async (scope) => {
      const elsewhere = `${whep.server.url}/whep/live`;
      await createMountpoint(scope, whep.server, 'moved',
        { watch_redirect: elsewhere, watch_token: 'good' });
      assertProblem(await whep.post(offer(), { id: 'moved' }), 401);
      const headers = { Authorization: 'Bearer good', Origin: ORIGIN };
      const answer = await whep.post(offer(), { id: 'moved', headers });
      assert.equal(answer.status, 307);
      assert.equal(answer.headers.location, elsewhere);
      assert.equal(answer.headers['access-control-allow-origin'], '*');
      assert.equal((await whep.api.sessions('moved')).total, 0);
      const followed = await fetch(`${whep.server.url}/whep/moved`, {
        method: 'POST', headers: { 'Content-Type': SDP, ...headers }, body: offer(),
      });
      assert.equal(followed.status, 201);
      const session = new URL(followed.headers.get('location'), followed.url).href;
      assert.equal((await whep.call('DELETE', session)).status, 200);
      await whep.api.edit('moved', { watch_redirect: null });
      assertProblem(await whep.post(offer(), { id: 'moved', headers }), 409);
    }));

  ours('of publishers too [I-19]', scoped(async (scope) => {
    await whep.api.create({
      id: 'desk', kind: 'whip', publish_redirect: 'http://192.0.2.1/whip/desk',
    });
    scope.defer(() => whep.api.destroy('desk'));
    const answer = await whep.call('POST', '/whip/desk', {
      headers: { 'Content-Type': SDP }, body: offer({ direction: 'sendonly' }),
    });
    assert.equal(answer.status, 307);
    assert.equal(answer.headers.location, 'http://192.0.2.1/whip/desk');
  }));
});

describe('offers of real clients', () => {
  const folder = join(ROOT, 'tests/data/offers');
  const files = existsSync(folder)
    ? readdirSync(folder).filter((name) => name.endsWith('.sdp')) : [];
  for (const name of files) {
    test(`${name} is answered, which sdp-transform reads [S-36]`, async () => {
      const text = readFileSync(join(folder, name), 'utf8');
      const answer = await whep.post(text);
      if (name.startsWith('whip-')) {
        assertRefused(answer, 422); // a publisher's offer [E-19]
      } else {
        await whep.assertCreated(answer);
        assertParsed(text, answer.text);
      }
    });
  }

  test('one m-line without BUNDLE; of two only the first [S-10 S-11]', async () => {
    const one = await whep.post(offer({ kinds: ['video'], bundle: false }));
    await whep.assertCreated(one);
    assert.doesNotMatch(one.text, /BUNDLE/);
    assert.match(one.text, /^m=video 9 /m);
    const two = await whep.post(offer({ bundle: false }));
    await whep.assertCreated(two);
    assert.deepEqual(two.text.match(/^m=\w+ \d+/gm), ['m=video 9', 'm=audio 0']);
  });

  ours('codecs of one m-line do not fit: the other plays; none: 422 [S-37 E-21]', async () => {
    const codecs = { video: ['96 VP8/90000'], audio: ['111 opus/48000/2'] };
    const partial = await whep.post(offer({ kinds: ['audio', 'video'], codecs }));
    await whep.assertCreated(partial);
    assert.deepEqual(partial.text.match(/^m=\w+ \d+/gm), ['m=audio 9', 'm=video 0']);
    assertProblem(await whep.post(offer({ kinds: ['video'], codecs })), 422, /H264/);
  });

  test('bundle-only sections inherit from the first [S-05 S-06]', async () => {
    const text = offer();
    const [head, first, second] = text.split(/^(?=m=)/m);
    const inherited = second.replace(/^m=audio 9/, 'm=audio 0')
      .replace(/^a=(ice-ufrag|ice-pwd|fingerprint|setup):.*\r\n/gm, '');
    const answer = await whep.post(`${head}${first}${inherited}a=bundle-only\r\n`);
    await whep.assertCreated(answer);
    assert.match(answer.text, /^m=audio 9 /m);
  });

  test('a data channel is refused, the rest plays [S-15 S-08]', async () => {
    const application = 'm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n' +
      'c=IN IP4 0.0.0.0\r\na=mid:2\r\na=sctp-port:5000\r\n';
    const answer = await whep.post(offer({ bundleMids: '0 1 2' }) + application);
    await whep.assertCreated(answer);
    assert.match(answer.text, /^m=application 0 UDP\/DTLS\/SCTP /m);
    assert.match(answer.text, /^a=group:BUNDLE 0 1\r$/m);
  });
});

describe('other methods', () => {
  test('OPTIONS says what can be done [H-01 H-02]', async () => {
    const { status, headers } = await whep.call('OPTIONS', '/whep/live');
    assert.ok(status === 200 || status === 204, String(status));
    assertLists(headers['accept-post'], [SDP]);
    assertLists(headers['access-control-allow-methods'], ['PATCH', 'POST', 'DELETE', 'OPTIONS']);
    assertLists(headers.allow, ['OPTIONS', 'POST']);
  });

  test('OPTIONS of a session [H-03]', () => whep.withSession(async ({ session }) => {
    const { status, headers } = await whep.call('OPTIONS', session);
    assert.ok(status === 200 || status === 204, String(status));
    assertLists(headers['accept-patch'], [TRICKLE]);
    assertLists(headers.allow, ['OPTIONS', 'GET', 'HEAD', 'PATCH', 'DELETE']);
  }));

  test('GET and HEAD are empty and alike [H-04 H-05 H-06]', async () => {
    const get = await whep.call('GET', '/whep/live');
    const head = await whep.call('HEAD', '/whep/live');
    for (const answer of [get, head]) {
      assert.equal(answer.status, 200);
      assert.equal(answer.text, '');
      assert.match(answer.headers['content-type'], /^application\/sdp/);
    }
    const { date: _, ...ofGet } = get.headers;
    const { date: __, ...ofHead } = head.headers;
    assert.deepEqual(ofHead, ofGet);
  });

  test('GET and HEAD of a session [H-07]', () => whep.withSession(async ({ session }) => {
    for (const method of ['GET', 'HEAD']) {
      const { status, text } = await whep.call(method, session);
      assert.ok(status >= 200 && status < 300, String(status));
      assert.equal(text, '');
    }
  }));

  ours('an unknown name is 404 for every method [H-08]', async () => {
    for (const method of ['GET', 'HEAD', 'OPTIONS']) {
      assert.equal((await whep.call(method, '/whep/nobody')).status, 404, method);
    }
    const preflight = await whep.call('OPTIONS', '/whep/nobody', {
      headers: { Origin: ORIGIN, 'Access-Control-Request-Method': 'POST' },
    });
    assert.equal(preflight.status, 200);
  });

  test('methods that do not fit: 405 with Allow [H-09 H-10]', async () => {
    for (const method of ['PUT', 'PATCH', 'DELETE']) {
      const answer = await whep.call(method, '/whep/live');
      assertRefused(answer, 405);
      assertLists(answer.headers.allow, ['POST']);
    }
    await whep.withSession(async ({ session }) => {
      for (const method of ['POST', 'PUT']) {
        const answer = await whep.call(method, session, {
          headers: { 'Content-Type': 'application/json' }, body: '{}',
        });
        assertRefused(answer, 405);
        assertLists(answer.headers.allow, ['PATCH', 'DELETE']);
      }
    });
  });

  ours('an unknown method, and OPTIONS * [H-11 H-12]', async () => {
    const foo = await whep.raw('FOO /whep/live HTTP/1.1\r\nHost: x\r\n\r\n' +
      'GET /whep/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    assert.match(foo, /^HTTP\/1\.1 (405|501) /);
    assert.match(foo, /HTTP\/1\.1 200 OK\r\n/); // the next one on that connection
    const star = await whep.raw('OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    assert.match(star, /^HTTP\/1\.1 20[04] /);
  });
});

describe('termination', () => {
  test('DELETE is 200, then the session is unknown [D-01 D-03 D-04]', async () => {
    const { session } = await whep.assertCreated(await whep.post(offer()), { keep: true });
    assert.equal((await whep.call('DELETE', session)).status, 200);
    for (const method of ['DELETE', 'GET', 'HEAD']) {
      assert.equal((await whep.call(method, session)).status, 404, method);
    }
    assertRefused(await whep.patch(session, fragment({ complete: true })), 404);
  });

  test('If-Match of a DELETE is ignored [D-05]', async () => {
    const { session } = await whep.assertCreated(await whep.post(offer()), { keep: true });
    assert.equal((await whep.call('DELETE', session,
      { headers: { 'If-Match': '"wrong"' } })).status, 200);
  });

  test('of ten DELETEs one is 200 [D-10]', async () => {
    const { session } = await whep.assertCreated(await whep.post(offer()), { keep: true });
    const statuses = (await Promise.all(Array.from({ length: 10 }, () =>
      whep.call('DELETE', session)))).map(({ status }) => status).sort();
    assert.deepEqual(statuses, [200, ...Array(9).fill(404)]);
  });

  ours('an unknown session is 404 [E-26]', async () => {
    const path = `/whep/live/${'a'.repeat(32)}`;
    for (const method of ['GET', 'DELETE']) {
      assert.equal((await whep.call(method, path)).status, 404, method);
    }
    assertProblem(await whep.patch(path, fragment({ complete: true })), 404);
  });

  ours('a session of one mountpoint is unknown to another', () =>
    whep.withSession(async ({ session }) => {
      const secret = session.split('/').pop();
      assert.equal((await whep.call('DELETE', `/whep/guarded/${secret}`)).status, 404);
      assert.equal((await whep.call('GET', session)).status, 200);
    }));
});
