// SPDX-License-Identifier: MIT
//
// The management API as a client sees it. Every call returns the whole answer;
// `ok` calls throw with the server's own words when it is a refusal.

import assert from 'node:assert/strict';

import { request } from './http.mjs';
import { waitFor } from './wait.mjs';

export class Api {
  constructor(base, token) {
    this.base = base;
    this.token = token;
  }

  call(method, path, value, { token = this.token, headers = {}, body } = {}) {
    const json = value === undefined ? {} : { 'Content-Type': 'application/json' };
    const bearer = token ? { Authorization: `Bearer ${token}` } : {};
    return request(new URL(path, this.base).href, {
      method,
      headers: { ...json, ...bearer, ...headers },
      body: body ?? (value === undefined ? undefined : JSON.stringify(value)),
    });
  }

  async ok(method, path, value) {
    const answer = await this.call(method, path, value);
    assert.ok(answer.status < 300,
      `${method} ${path}: ${answer.status} ${answer.text.slice(0, 600)}`);
    return answer.json;
  }

  create(mountpoint) { return this.ok('POST', '/api/v1/mountpoints', mountpoint); }
  read(id) { return this.ok('GET', `/api/v1/mountpoints/${id}`); }
  edit(id, change) { return this.ok('PATCH', `/api/v1/mountpoints/${id}`, change); }
  destroy(id) { return this.ok('DELETE', `/api/v1/mountpoints/${id}`); }
  list() { return this.ok('GET', '/api/v1/mountpoints'); }
  sessions(id) { return this.ok('GET', `/api/v1/mountpoints/${id}/sessions`); }
  server() { return this.ok('GET', '/api/v1/server'); }

  waitState(id, state, options) {
    return waitFor(`mountpoint ${id} is ${state}`, async () => {
      const mountpoint = await this.read(id);
      if (mountpoint.state !== state) {
        throw new Error(`${mountpoint.state} (${mountpoint.reason ?? 'no reason'})`);
      }
      return mountpoint;
    }, options);
  }

  waitViewers(id, count, options) {
    return waitFor(`mountpoint ${id} has ${count} viewers`, async () => {
      const { viewers } = await this.read(id);
      if (viewers !== count) {
        throw new Error(`${viewers} viewers`);
      }
      return true;
    }, options);
  }
}

/** RFC 9457, and the `error` member that MediaMTX's players show. */
export function assertProblem(answer, status, pattern) {
  assert.equal(answer.status, status, `body: ${answer.text.slice(0, 600)}`);
  assert.match(answer.headers['content-type'] ?? '', /^application\/problem\+json\b/);
  assert.ok(answer.json, `a problem document is JSON: ${answer.text.slice(0, 200)}`);
  assert.equal(answer.json.status, status);
  for (const member of ['title', 'detail', 'error']) {
    assert.equal(typeof answer.json[member], 'string', `member ${member}`);
    assert.notEqual(answer.json[member], '', `member ${member}`);
  }
  if (pattern) {
    assert.match(`${answer.json.title} ${answer.json.detail}`, pattern);
  }
}
