// SPDX-License-Identifier: MIT
//
// A real browser publishes its (made up) camera by WHIP, another one plays it by
// WHEP: pictures decoded and sound heard. Rows in brackets are those of the
// conformance list.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { FAKE_DEVICES, launchBrowser, openViewerPage, Publisher, Viewer }
  from './lib/browser.mjs';
import { scoped, suiteScope } from './lib/scope.mjs';
import { startServer } from './lib/server.mjs';
import { waitFor } from './lib/wait.mjs';

const LIMIT = { timeout: 120000 };
const suite = suiteScope(after);
let server;
let browser;

before(async () => {
  server = await startServer(suite);
  browser = await launchBrowser(suite, FAKE_DEVICES);
});

async function createWhip(scope, id, options = {}) {
  await server.api.create({ id, kind: 'whip', ...options });
  scope.defer(() => server.api.call('DELETE', `/api/v1/mountpoints/${id}`));
}

async function publish(scope, id, options = {}) {
  const page = await openViewerPage(scope, browser, server.url);
  return Publisher.publish(scope, page, { url: server.whip(id), ...options });
}

async function watch(scope, id, options = {}) {
  const page = await openViewerPage(scope, browser, server.url);
  return Viewer.watch(scope, page, { url: server.whep(id), ...options });
}

describe('a browser publishes', () => {
  for (const codec of ['VP8', 'H264', 'VP9']) {
    test(`${codec} and Opus: frames decoded, 440 Hz heard [I-01]`, LIMIT,
      scoped(async (scope) => {
        const id = `pub-${codec}`;
        await createWhip(scope, id);
        const publisher = await publish(scope, id, { codec });
        assert.equal(publisher.status, 201, publisher.text);
        await server.api.waitState(id, 'live', { timeoutMs: 15000 });
        const viewer = await watch(scope, id);
        const stats = await viewer.frames(50);
        assert.equal(stats.videoCodec?.toUpperCase(), `VIDEO/${codec}`);
        assert.deepEqual([stats.width, stats.height], [640, 360]);
        await viewer.tone([440]);
        const mountpoint = await server.api.read(id);
        assert.equal(mountpoint.publisher.state, 'publishing');
      }));
  }
});
