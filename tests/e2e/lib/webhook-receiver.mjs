// SPDX-License-Identifier: MIT
//
// An operator's server that is told what happens: every POST is checked as Standard
// Webhooks says, and answered as the test wants.

import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import { performance } from 'node:perf_hooks';

export const newSecret = () => `whsec_${crypto.randomBytes(32).toString('base64')}`;
export const SECRET = newSecret();

function sign(secret, id, timestamp, body) {
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  return `v1,${crypto.createHmac('sha256', key)
    .update(`${id}.${timestamp}.${body}`).digest('base64')}`;
}

/**
 * @param {function} answer (attempt) -> status or [status, header fields], or a promise
 *   of either; default 204
 * @param {string} secret what it expects to be signed with
 * @returns url; attempts, all POSTs in the order in which they came, each with id, at
 *   (ms), event (the body) and status (of the answer, when it was given); taken, the
 *   events that were answered 2xx; problems, what was not as it should be
 */
export async function startReceiver(scope, answer = () => 204, secret = SECRET) {
  const receiver = { attempts: [], problems: [], answer, secret };
  const server = http.createServer((incoming, outgoing) => {
    const parts = [];
    incoming.on('data', (part) => parts.push(part));
    incoming.on('end', async () => {
      const body = Buffer.concat(parts).toString('utf8');
      const attempt = { id: incoming.headers['webhook-id'], at: performance.now(), body };
      receiver.attempts.push(attempt);
      try {
        check(incoming, body, receiver.secret);
        attempt.event = JSON.parse(body);
      } catch (error) {
        receiver.problems.push(error.message);
      }
      const [status, fields] = [await receiver.answer(attempt)].flat();
      attempt.status = status;
      outgoing.writeHead(status, fields).end();
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  scope.defer(() => { server.closeAllConnections(); server.close(); });
  receiver.url = `http://127.0.0.1:${server.address().port}/told`;
  Object.defineProperty(receiver, 'taken', {
    get: () => receiver.attempts.filter(({ status }) => status >= 200 && status < 300)
      .map(({ event }) => event),
  });
  return receiver;
}

function check({ method, url, headers }, body, secret) {
  assert.equal(method, 'POST');
  assert.equal(url, '/told');
  assert.match(headers['content-type'], /^application\/json\b/);
  const { 'webhook-id': id, 'webhook-timestamp': timestamp } = headers;
  assert.match(id, /^evt_[\w-]+$/);
  assert.ok(Math.abs(Number(timestamp) - Date.now() / 1000) < 60, `timestamp ${timestamp}`);
  assert.equal(headers['webhook-signature'], sign(secret, id, timestamp, body));
}
