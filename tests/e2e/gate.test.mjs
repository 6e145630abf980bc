// SPDX-License-Identifier: MIT
//
// The gate before the HTTP parser: what it refuses, what it takes, and that those
// who send slowly cost little. Rows in brackets are those of the WHEP conformance
// list.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { after, before, describe, test } from 'node:test';

import { assertProblem } from './lib/api.mjs';
import { request } from './lib/http.mjs';
import { offer } from './lib/offer.mjs';
import { scoped, suiteScope } from './lib/scope.mjs';
import { startServer } from './lib/server.mjs';
import { REFUSED, SMUGGLED } from './lib/smuggling.mjs';
import { waitFor } from './lib/wait.mjs';
import { Whep, SDP } from './lib/whep.mjs';

const suite = suiteScope(after);
let whep;

before(async () => {
  whep = await Whep.start(suite);
});

/** Sends bytes; everything that comes until the server closes. */
function exchange(port, bytes, { timeoutMs = 8000 } = {}) {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1', () => socket.write(bytes, 'latin1'));
    let text = '';
    socket.setTimeout(timeoutMs, () => {
      socket.destroy();
      reject(new Error(`the server does not close after: ${text.slice(0, 200)}`));
    });
    socket.on('data', (data) => { text += data.toString('latin1'); });
    socket.on('end', () => socket.end());
    socket.on('close', () => resolve(text));
    socket.on('error', reject);
  });
}

const statuses = (text) => [...text.matchAll(/HTTP\/1\.[01] (\d+) /g)].map(([, code]) =>
  Number(code));

describe('what is refused [E-27]', () => {
  test('there are enough cases', () => assert.ok(REFUSED.length >= 60, `${REFUSED.length}`));

  for (const [name, bytes, status] of REFUSED) {
    test(`${name}: ${status}`, async () => {
      const text = await exchange(whep.server.port, bytes + SMUGGLED);
      assert.deepEqual(statuses(text), [status], text);
      const [head, body] = text.split('\r\n\r\n');
      assert.match(head, /^Content-Type: application\/problem\+json\r$/m);
      assert.match(head, /^Connection: close\r$/m);
      assert.match(head, /^Access-Control-Allow-Origin: \*\r$/m); // [C-07]
      assert.equal(JSON.parse(body).status, status); // [E-24]
    });
  }

  test('413 comes before the body is sent [E-08]', async () => {
    const text = await exchange(whep.server.port,
      `POST /whep/live HTTP/1.1\r\nHost: x\r\nContent-Type: ${SDP}\r\n` +
      'Content-Length: 131073\r\n\r\n');
    assert.deepEqual(statuses(text), [413]);
  });

  test('413 reaches a client that goes on sending', async () => {
    const text = await exchange(whep.server.port,
      `POST /whep/live HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\n\r\n${
        'a'.repeat(900000)}`);
    assert.deepEqual(statuses(text), [413]);
  });

  test('a fragment may have 16 KiB, by its length or in chunks [E-09]', async () => {
    for (const fields of ['Content-Length: 16385\r\n\r\n',
      `Transfer-Encoding: chunked\r\n\r\n4001\r\n`]) {
      const text = await exchange(whep.server.port,
        `PATCH /whep/live/${'0'.repeat(32)} HTTP/1.1\r\nHost: x\r\n${fields}`);
      assert.deepEqual(statuses(text), [413]);
    }
  });

  test('an origin that is not allowed learns nothing, one that is can read [C-08]',
    scoped(async (scope) => {
      const server = await startServer(scope, {
        config: '[ice]\naddresses=127.0.0.1\n[http]\ncors-origins=http://a.example\n',
      });
      const bad = (origin) => exchange(server.port,
        `GET / HTTP/1.1\r\nOrigin: ${origin}\r\nHost: x\r\nHost: x\r\n\r\n`);
      assert.match(await bad('http://a.example'),
        /^Access-Control-Allow-Origin: http:\/\/a\.example\r$/m);
      assert.doesNotMatch(await bad('http://b.example'), /Allow-Origin/);
    }));
});

describe('what is taken', () => {
  const one = async (bytes, status) => {
    const text = await exchange(whep.server.port, bytes);
    assert.deepEqual(statuses(text), [status], text);
    return text;
  };
  const close = 'Connection: close\r\n\r\n';

  test('one empty line first', () => one(`\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n${close}`, 200));
  test('absolute-form, whose host counts', async () => {
    const answer = await whep.call('GET', '/', {
      path: 'http://other.example:81/api/v1/mountpoints/live',
      headers: { Host: 'x', Authorization: `Bearer ${whep.server.token}` },
    });
    assert.equal(answer.json.whep_url, 'http://other.example:81/whep/live');
  });
  test('absolute-form without a path', () =>
    one(`GET http://x HTTP/1.1\r\nHost: x\r\n${close}`, 200));
  test('a Host with an address of IPv6', () =>
    one(`GET /healthz HTTP/1.1\r\nHost: [::1]:80\r\n${close}`, 200));
  test('HTTP/1.0 without Host [W-24]', () => one('GET /healthz HTTP/1.0\r\n\r\n', 200));
  test('OPTIONS * [H-12]', async () => {
    const text = await one('OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n', 200);
    assert.match(text, /^Allow: .*PATCH/m);
  });
  test('a range is not looked at', async () => {
    const text = await one(
      `GET /whep-player.js HTTP/1.1\r\nHost: x\r\nRange: bytes=0-3\r\n${close}`, 200);
    assert.doesNotMatch(text, /Content-Range/i);
  });
  test('chunks with extensions and trailers [W-14]', async () => {
    const body = offer();
    const text = await one(
      `POST /whep/live HTTP/1.1\r\nHost: x\r\nContent-Type: ${SDP}\r\n` +
      `Connection: close\r\nTransfer-Encoding: Chunked\r\n\r\n5;a=b\r\n${body.slice(0, 5)}\r\n` +
      `${(body.length - 5).toString(16)}\r\n${body.slice(5)}\r\n0\r\nX: y\r\n\r\n`, 201);
    assert.equal((await whep.call('DELETE', /^Location: (\S+)\r$/m.exec(text)[1])).status, 200);
  });
  test('a head byte by byte', () => new Promise((resolve, reject) => {
    const bytes = `GET /healthz HTTP/1.1\r\nHost: x\r\n${close}`;
    const socket = net.connect(whep.server.port, '127.0.0.1');
    socket.setNoDelay(true);
    let sent = 0;
    const next = () => sent < bytes.length
      ? socket.write(bytes[sent++], () => setImmediate(next)) : undefined;
    socket.on('connect', next);
    socket.once('data', (data) => {
      socket.destroy();
      resolve(assert.match(data.toString(), /^HTTP\/1\.1 200 /));
    });
    socket.on('error', reject);
  }));
  test('fifty requests in one go are answered in their order', async () => {
    const paths = Array.from({ length: 50 }, (_, i) => i % 2 ? '/healthz' : `/none${i}`);
    const text = await exchange(whep.server.port, paths.map((path, i) =>
      `GET ${path} HTTP/1.1\r\nHost: x\r\n${i === 49 ? 'Connection: close\r\n' : ''}\r\n`).join(''));
    assert.deepEqual(statuses(text), paths.map((path) => path === '/healthz' ? 200 : 404));
  });
  test('after a body another request, on the same connection', async () => {
    const text = await exchange(whep.server.port,
      'POST /whep/none HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nv=0\r\n' +
      `GET /healthz HTTP/1.1\r\nHost: x\r\n${close}`);
    assert.deepEqual(statuses(text), [404, 200]);
  });
  test('100 comes only when the body is wanted [W-15]', async () => {
    const fields = 'POST /whep/none HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n' +
      'Connection: close\r\n';
    const refused = await exchange(whep.server.port, `${fields}Content-Length: 200000\r\n\r\n`);
    assert.deepEqual(statuses(refused), [413]);
    const wanted = await whep.raw(`${fields}Content-Length: 5\r\n\r\n`,
      { until: (text) => text.includes('\r\n\r\n') });
    assert.match(wanted, /^HTTP\/1\.1 100 Continue\r\n\r\n$/);
  });
  test('who hangs up while waiting leaves nothing', async () => {
    const body = offer();
    const socket = net.connect(whep.server.port, '127.0.0.1', () => socket.end(
      `POST /whep/live HTTP/1.1\r\nHost: x\r\nContent-Type: ${SDP}\r\n` +
      `Content-Length: ${body.length}\r\n\r\n${body}`, () => socket.destroy()));
    await new Promise((resolve) => socket.on('close', resolve));
    await whep.api.waitViewers('live', 0);
  });
});

const status = (pid) => readFileSync(`/proc/${pid}/status`, 'utf8');
const rssKib = (pid) => Number(/^VmRSS:\s+(\d+)/m.exec(status(pid))[1]);
const threads = (pid) => Number(/^Threads:\s+(\d+)/m.exec(status(pid))[1]);

/** Many connections that have sent `bytes` and go on with `more` every 500 ms. */
async function slowClients(scope, port, count, bytes, more = '') {
  const sockets = new Set();
  const ends = [];
  await Promise.all(Array.from({ length: count }, () => new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1', () => socket.write(bytes, resolve));
    sockets.add(socket);
    socket.resume();
    socket.on('error', () => {});
    ends.push(new Promise((ended) => socket.on('close', () => {
      sockets.delete(socket);
      ended();
    })));
  })));
  const timer = setInterval(() => more && sockets.forEach((socket) => socket.write(more)), 500);
  scope.defer(() => {
    clearInterval(timer);
    sockets.forEach((socket) => socket.destroy());
  });
  return { sockets, ended: Promise.all(ends) };
}

describe('slow clients', () => {
  for (const [name, bytes, more, limitMs] of [
    ['heads', 'GET / HTTP/1.1\r\nHost: x\r\n', 'X: y\r\n', 14000],
    ['bodies', 'POST /whep/live HTTP/1.1\r\nHost: x\r\nContent-Length: 9000\r\n\r\n', 'a', 24000],
  ]) {
    test(`a thousand slow ${name} are cut, and harm nobody [L-07 E-10]`, { timeout: 60000 },
      scoped(async (scope) => {
        const server = await startServer(scope);
        const before = { rss: rssKib(server.pid), threads: threads(server.pid) };
        const started = Date.now();
        const slow = await slowClients(scope, server.port, 1000, bytes, more);
        const connected = Date.now();
        for (let i = 0; i < 20; i++) {
          assert.equal((await request(`${server.url}/healthz`)).status, 200);
        }
        assert.ok(rssKib(server.pid) < before.rss + 16 * 1024, 'memory');
        assert.ok(threads(server.pid) <= before.threads + 1, 'threads');
        assert.equal(slow.sockets.size, 1000);
        await slow.ended;
        assert.ok(Date.now() - connected < limitMs, `${Date.now() - connected} ms`);
        assert.ok(Date.now() - started > 8000, 'too early');
      }));
  }

  test('clients that do not read do not hold the server', { timeout: 60000 },
    scoped(async (scope) => {
      const server = await startServer(scope);
      const before = rssKib(server.pid);
      for (let i = 0; i < 300; i++) {
        const socket = net.connect(server.port, '127.0.0.1', () =>
          socket.write('GET /whep-player.js HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(100)));
        socket.pause();
        socket.on('error', () => {});
        scope.defer(() => socket.destroy());
      }
      for (let i = 0; i < 20; i++) {
        assert.equal((await request(`${server.url}/healthz`)).status, 200);
      }
      assert.ok(rssKib(server.pid) < before + 64 * 1024, 'memory');
    }));

  test('a thousand idle connections are kept, and a viewer joins [L-06]', { timeout: 60000 },
    scoped(async (scope) => {
      const { server } = whep;
      const get = 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n';
      const { sockets } = await slowClients(scope, server.port, 1000, get);
      assert.equal((await request(`${server.url}/healthz`)).status, 200);
      await whep.assertCreated(await whep.post(offer()));
      assert.equal(sockets.size, 1000);
    }));

  test('with 4096 connections the oldest that says nothing makes room', { timeout: 60000 },
    scoped(async (scope) => {
      const server = await startServer(scope);
      const { sockets } = await slowClients(scope, server.port, 4090, 'GET / HT');
      const more = await slowClients(scope, server.port, 20, 'GET / HT');
      assert.equal((await request(`${server.url}/healthz`)).status, 200);
      await waitFor('some of the oldest are gone', () => sockets.size < 4090);
      assert.equal(more.sockets.size, 20);
    }));
});
