// SPDX-License-Identifier: MIT
//
// The management API as the dashboard uses it. Every refusal is an ApiError with
// the server's own words; `status` 0 is a server that cannot be reached.

import { readEvents } from './server-events.js';

const TIMEOUT_MS = 15000;
/** A server of TLS and a file to write may take its time to answer a change. */
const CHANGE_TIMEOUT_MS = 60000;
const PAGE = 1000;

export class ApiError extends Error {
  constructor(status, message, retryAfterS = 0) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.retryAfterS = retryAfterS;
  }

  /** The token is not, or no longer, the one the server wants. */
  get isRefusal() { return this.status === 401 || this.status === 403; }
}

async function errorOf(response) {
  const isJson = /json/i.test(response.headers.get('content-type') ?? '');
  const problem = isJson ? await response.json().catch(() => null) : null;
  return new ApiError(response.status,
    problem?.detail ?? problem?.title ?? `The server answered ${response.status}.`,
    Number(response.headers.get('retry-after')) || 0);
}

const pathOf = (id) => `api/v1/mountpoints/${encodeURIComponent(id)}`;

export class ApiClient {
  #token;

  constructor(token) {
    this.#token = token;
  }

  async #fetch(method, path, { body, signal, timeoutMs = TIMEOUT_MS } = {}) {
    const headers = { Authorization: `Bearer ${this.#token}` };
    if (body !== undefined) {
      headers['Content-Type'] = 'application/json';
    }
    let response;
    try {
      response = await fetch(path, {
        method, headers, cache: 'no-store', signal: signal ?? AbortSignal.timeout(timeoutMs),
        body: body === undefined ? undefined : JSON.stringify(body),
      });
    } catch (error) {
      if (error.name === 'AbortError') {
        throw error;
      }
      throw new ApiError(0, 'The server cannot be reached.');
    }
    if (!response.ok) {
      throw await errorOf(response);
    }
    return response;
  }

  async #json(method, path, options) {
    const response = await this.#fetch(method, path, options);
    return response.status === 204 ? null : response.json();
  }

  #change(method, path, body) {
    return this.#json(method, path, { body, timeoutMs: CHANGE_TIMEOUT_MS });
  }

  /** Every mountpoint, in as many requests as it takes. */
  async mountpoints() {
    const all = [];
    for (;;) {
      const { items, total } = await this.#json('GET',
        `api/v1/mountpoints?offset=${all.length}&limit=${PAGE}`);
      all.push(...items);
      if (items.length === 0 || all.length >= total) {
        return all;
      }
    }
  }

  server() { return this.#json('GET', 'api/v1/server'); }
  mountpoint(id) { return this.#json('GET', pathOf(id)); }
  create(mountpoint) { return this.#change('POST', 'api/v1/mountpoints', mountpoint); }
  edit(id, changes) { return this.#change('PATCH', pathOf(id), changes); }
  destroy(id) { return this.#change('DELETE', pathOf(id)); }
  /** @param verb enable, disable, kick */
  act(id, verb) { return this.#change('POST', `${pathOf(id)}/${verb}`); }
  /** @param source from 1; null: by the order of the sources */
  switchTo(id, source) { return this.#change('POST', `${pathOf(id)}/switch`, { source }); }

  sessions(id, limit) {
    return this.#json('GET', `${pathOf(id)}/sessions?offset=0&limit=${limit}`);
  }

  endSession(publicId) {
    return this.#change('DELETE', `api/v1/sessions/${encodeURIComponent(publicId)}`);
  }

  /** A picture of what it plays, `width` pixels wide, as a Blob. */
  async snapshot(id, width) {
    return (await this.#fetch('GET', `${pathOf(id)}/snapshot.jpg?width=${width}`)).blob();
  }

  /** What happens, and every `figuresMs` the numbers that move. */
  async* events(figuresMs, signal) {
    const response = await this.#fetch('GET', `api/v1/events?figures=${figuresMs}`, { signal });
    yield* readEvents(response);
  }
}
