// SPDX-License-Identifier: MIT
//
// Server-sent events, read as they come.

import assert from 'node:assert/strict';
import http from 'node:http';
import https from 'node:https';

/** Listens to events: `events` is what has come, `ended` whether it is over,
 * `id` the one to come again with. */
export function listen(scope, url, headers = {}) {
  return new Promise((resolve, reject) => {
    const { get } = url.startsWith('https:') ? https : http;
    const outgoing = get(url, { agent: false, headers, rejectUnauthorized: false }, (incoming) => {
      const stream = { status: incoming.statusCode, headers: incoming.headers, events: [], ended: false };
      let text = '';
      incoming.setEncoding('utf8');
      incoming.on('data', (part) => {
        text += part;
        const blocks = text.split('\n\n');
        text = blocks.pop();
        for (const block of blocks) {
          const event = /^event: (.*)$/m.exec(block)?.[1];
          if (event) {
            assert.match(block, /^(id: [\w-]+\n)?event: \w+\ndata: .*$/);
            stream.events.push([event, JSON.parse(/^data: (.*)$/m.exec(block)[1])]);
          }
          stream.id = /^id: (.*)$/m.exec(block)?.[1] ?? stream.id;
        }
      });
      incoming.on('error', () => { stream.ended = true; });
      incoming.on('close', () => { stream.ended = true; });
      stream.close = () => outgoing.destroy();
      stream.names = () => stream.events.map(([name]) => name);
      stream.last = (name) => stream.events.filter(([one]) => one === name).at(-1)?.[1];
      resolve(stream);
    });
    outgoing.on('error', reject);
    scope.defer(() => outgoing.destroy());
  });
}
