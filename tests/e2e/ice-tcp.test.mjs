// SPDX-License-Identifier: MIT
//
// Viewers and publishers whose UDP is blocked (ICE-TCP), and IPv6.

import assert from 'node:assert/strict';
import test from 'node:test';

import { runScenario, scenarioSkip } from './lib/scenario.mjs';
import { scoped } from './lib/scope.mjs';

const LIMIT = { timeout: 100000, skip: scenarioSkip };

const run = (scope, name) => runScenario(scope, 'tcp', [name], { timeoutMs: 90000 });

test('UDP is blocked: Chromium plays over TCP [S-24 T-17]', LIMIT, scoped(async (scope) => {
  const result = await run(scope, 'blocked');
  assert.match(result.answer,
    /^a=candidate:\d+ 1 udp \d+ 10\.9\.0\.1 (\d+) typ host\r\na=candidate:\d+ 1 tcp \d+ 10\.9\.0\.1 \1 typ host tcptype passive\r$/m);
  assert.equal(result.transport, 'tcp');
  assert.ok(result.blocked > 0, 'UDP was tried');
  assert.ok(result.framesDecoded >= 90 && result.audioPackets > 0);
  assert.equal(result.lost, 0);
}));

test('only IPv6: Chromium plays over UDP [R-14]', LIMIT, scoped(async (scope) => {
  const result = await run(scope, 'ipv6');
  assert.equal(result.transport, 'udp');
  assert.match(result.address, /^\[fd00:9::1\]:\d+$/);
  assert.ok(result.framesDecoded >= 90 && result.audioPackets > 0);
}));

test('only IPv6, and UDP is blocked: Chromium plays over TCP [R-14]', LIMIT,
  scoped(async (scope) => {
    const result = await run(scope, 'blocked6');
    assert.equal(result.transport, 'tcp');
    assert.match(result.address, /^\[fd00:9::1\]:\d+$/);
    assert.ok(result.framesDecoded >= 90 && result.audioPackets > 0);
  }));

test('UDP is blocked while it plays: the player goes on over TCP [R-12]', LIMIT,
  scoped(async (scope) => {
    const result = await run(scope, 'change');
    assert.equal(result.before, 'udp');
    assert.equal(result.transport, 'tcp');
  }));

test('UDP is blocked: Chromium publishes and plays over TCP', LIMIT, scoped(async (scope) => {
  const result = await run(scope, 'publish');
  assert.equal(result.publisher, 'tcp');
  assert.equal(result.transport, 'tcp');
  assert.ok(result.blocked > 0, 'UDP was tried');
  assert.ok(result.framesDecoded >= 60);
}));
