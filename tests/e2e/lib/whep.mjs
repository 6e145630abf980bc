// SPDX-License-Identifier: MIT
//
// Requests of a WHEP client, and a server with mountpoints to send them to.

import assert from 'node:assert/strict';
import net from 'node:net';

import { createMountpoint, liveMountpoint } from './fixture.mjs';
import { request } from './http.mjs';
import { offer } from './offer.mjs';
import { startServer } from './server.mjs';

export const SDP = 'application/sdp';
export const TRICKLE = 'application/trickle-ice-sdpfrag';
export const ORIGIN = 'http://elsewhere.example';
export const OFFER_LIMIT = 128 * 1024;
export const FRAGMENT_LIMIT = 16 * 1024;

/** A picture that costs next to nothing: these tests look at HTTP. */
export const SMALL = { size: '160x90', fps: 10, gop: 10 };

/** `live`, `guarded` (token `good`) and `absent` (no source). */
export class Whep {
  static async start(scope) {
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
    return request(new URL(path, this.server.url).href, { method, ...options });
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
    return new Promise((resolve, reject) => {
      const socket = net.connect(this.server.port, '127.0.0.1', () => socket.write(bytes));
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
    assert.equal((await this.call('GET', '/healthz')).status, 200);
  }
}

const list = (header) => (header ?? '').split(',').map((item) => item.trim().toLowerCase());

/** A header that is a list has these members, whatever their case. */
export function assertLists(header, names) {
  for (const name of names) {
    assert.ok(list(header).includes(name.toLowerCase()), `${name} in "${header}"`);
  }
}
