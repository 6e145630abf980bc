// SPDX-License-Identifier: MIT
//
// Requests of a WHEP client, and a server with mountpoints to send them to: ours,
// or the endpoint of any server that WHEP_URL names.

import assert from 'node:assert/strict';
import net from 'node:net';
import { test } from 'node:test';
import tls from 'node:tls';

import { assertProblem } from './api.mjs';
import { createMountpoint, liveMountpoint } from './fixture.mjs';
import { request } from './http.mjs';
import { offer } from './offer.mjs';
import { startServer } from './server.mjs';

export const SDP = 'application/sdp';
export const TRICKLE = 'application/trickle-ice-sdpfrag';
export const ORIGIN = 'http://elsewhere.example';
export const OFFER_LIMIT = 128 * 1024;
export const FRAGMENT_LIMIT = 16 * 1024;

/** The endpoint of another server, whose source is live, and its token. */
const FOREIGN = process.env.WHEP_URL ? new URL(process.env.WHEP_URL) : null;
const FOREIGN_TOKEN = process.env.WHEP_TOKEN;

/** A test of more than a WHEP endpoint: our API, our configuration, our limits. */
export const ours = FOREIGN
  ? (name) => test(name, { skip: 'WHEP_URL is set: this needs a whepcast of its own' })
  : test;

/** What is the choice of a server is not asked of another one. */
export const isOurs = FOREIGN === null;

/** A picture that costs next to nothing: these tests look at HTTP. */
export const SMALL = { size: '160x90', fps: 10, gop: 10 };

/** `live`, `guarded` (token `good`) and `absent` (no source). */
export class Whep {
  static async start(scope) {
    if (FOREIGN) {
      return new Whep({ url: FOREIGN.origin });
    }
    const server = await startServer(scope);
    await liveMountpoint(scope, server, 'live', {}, SMALL);
    await liveMountpoint(scope, server, 'guarded', { watch_token: 'good' }, SMALL);
    await createMountpoint(scope, server, 'absent');
    return new Whep(server);
  }

  constructor(server) {
    this.server = server;
    this.api = server.api;
  }

  /** @param path of the server, or a whole URL (a session's) */
  call(method, path, options = {}) {
    return request(this.#resolve(path).href, {
      method, ...options, headers: { ...this.authorization, ...options.headers },
    });
  }

  get endpoint() { return this.#resolve('/whep/live').href; }

  get authorization() {
    return FOREIGN_TOKEN ? { Authorization: `Bearer ${FOREIGN_TOKEN}` } : {};
  }

  #resolve(path) {
    const rest = /^\/whep\/live(?=$|[?])(.*)/.exec(path)?.[1];
    return FOREIGN && rest !== undefined
      ? new URL(`${FOREIGN.href}${rest}`) : new URL(path, this.server.url);
  }

  post(body, { id = 'live', type = SDP, headers = {}, ...more } = {}) {
    return this.call('POST', `/whep/${id}`, {
      headers: { ...(type ? { 'Content-Type': type } : {}), ...headers }, body, ...more,
    });
  }

  patch(session, body, { etag, type = TRICKLE, headers = {} } = {}) {
    return this.call('PATCH', session, {
      headers: {
        'Content-Type': type, ...(etag ? { 'If-Match': etag } : {}), ...headers,
      },
      body,
    });
  }

  /** What a 201 must be, ended again: a test leaves no session behind. */
  async assertCreated(answer, { keep = false } = {}) {
    assert.equal(answer.status, 201, answer.text.slice(0, 600));
    assert.match(answer.headers['content-type'], /^application\/sdp\b/i);
    assert.match(answer.text, /^v=0\r\n/);
    const session = new URL(answer.headers.location, this.server.url).href;
    if (!keep) {
      assert.equal((await this.call('DELETE', session)).status, 200);
    }
    return { session, etag: answer.headers.etag, answer };
  }

  /** body(session) with a session of its own, deleted afterwards. */
  async withSession(body, options = {}) {
    const created = await this.assertCreated(await this.post(offer(options)),
      { keep: true });
    try {
      return await body(created);
    } finally {
      await this.call('DELETE', created.session);
    }
  }

  /** Raw bytes in; what comes back until the peer closes or `until` is true. */
  raw(bytes, { timeoutMs = 5000, until = () => false } = {}) {
    const { hostname, port, protocol } = new URL(this.server.url);
    const module = protocol === 'https:' ? tls : net;
    return new Promise((resolve, reject) => {
      const socket = module.connect({
        host: hostname, port: port || (module === tls ? 443 : 80), rejectUnauthorized: false,
      }, () => socket.write(FOREIGN ? forForeign(bytes) : bytes));
      let text = '';
      const done = () => {
        socket.destroy();
        resolve(text);
      };
      socket.setTimeout(timeoutMs, done);
      socket.on('data', (data) => {
        text += data;
        if (until(text)) {
          done();
        }
      });
      socket.on('end', done);
      socket.on('error', (error) => text ? done() : reject(error));
    });
  }

  async lives() {
    if (isOurs) {
      assert.equal((await this.call('GET', '/healthz')).status, 200);
    } else {
      assert.ok((await this.call('OPTIONS', '/whep/live')).status < 300);
    }
  }
}

/** A request as text, of /whep/live at the host x, for the foreign endpoint. */
function forForeign(text) {
  const token = FOREIGN_TOKEN ? `Authorization: Bearer ${FOREIGN_TOKEN}\r\n` : '';
  return text.replaceAll('Host: x\r\n', `Host: ${FOREIGN.host}\r\n`)
    .replaceAll(/^([A-Z]+) \/whep\/live (HTTP\/1\.[01]\r\n)/gm,
      `$1 ${FOREIGN.pathname} $2${token}`);
}

/** A refusal: of ours with that status and a problem document, of another server
 * with any status of the client's fault, which is all that the drafts ask. */
export function assertRefused(answer, status, pattern) {
  if (isOurs) {
    assertProblem(answer, status, pattern);
  } else {
    assert.ok(answer.status >= 400 && answer.status < 500, String(answer.status));
  }
}

const list = (header) => (header ?? '').split(',').map((item) => item.trim().toLowerCase());

/** A header that is a list has these members, whatever their case. */
export function assertLists(header, names) {
  for (const name of names) {
    assert.ok(list(header).includes(name.toLowerCase()), `${name} in "${header}"`);
  }
}
