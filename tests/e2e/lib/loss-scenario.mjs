// SPDX-License-Identifier: MIT
//
// Runs in a network namespace of its own (play.test.mjs starts it there): the
// server, the source and a browser, and 5 of 100 media packets dropped between
// the server and the browser. Prints one line of JSON. Nothing needs undoing: the
// namespace ends with its last process.

import { execFileSync } from 'node:child_process';

import { launchBrowser, openViewerPage, Viewer } from './browser.mjs';
import { liveMountpoint } from './fixture.mjs';
import { Scope } from './scope.mjs';
import { startServer } from './server.mjs';

const ADDRESS = '10.9.0.1';

function layNetwork() {
  // Chromium gathers nothing in a namespace that has only lo.
  for (const line of [
    'link set lo up',
    'link add v0 type veth peer name v1',
    `addr add ${ADDRESS}/24 dev v0`,
    'link set v0 up',
    'link set v1 up',
    'route add default dev v0',
  ]) {
    execFileSync('ip', line.split(' '));
  }
}

/**
 * Both ends are addresses of this namespace, so packets pass over lo. Dropped on
 * input: on output the sender would be told (EPERM), which no network does.
 */
function dropFrom(udpPort) {
  execFileSync('nft', [
    'add table inet loss; ' +
    'add chain inet loss in { type filter hook input priority 0; }; ' +
    `add rule inet loss in iifname "lo" udp sport ${udpPort} ` +
    'numgen random mod 100 < 5 counter drop',
  ]);
}

function dropped() {
  const text = execFileSync('nft', ['list', 'table', 'inet', 'loss'], { encoding: 'utf8' });
  return Number(/counter packets (\d+)/.exec(text)?.[1] ?? 0);
}

async function run(scope) {
  layNetwork();
  const server = await startServer(scope, { config: `[ice]\naddresses=${ADDRESS}\n` });
  await liveMountpoint(scope, server, 'lossy');
  const browser = await launchBrowser(scope);
  const page = await openViewerPage(scope, browser, server.url);
  const viewer = await Viewer.watch(scope, page, { url: server.whep('lossy') });
  await viewer.frames(25);
  dropFrom(server.udpPort);
  // Every stretch of two seconds' worth of frames must come: a viewer that
  // freezes until the next key frame misses some of them for good.
  let stats;
  for (let stretch = 0; stretch < 6; stretch += 1) {
    stats = await viewer.frames(50, { timeoutMs: 10000 });
  }
  return { dropped: dropped(), ...stats };
}

const scope = new Scope();
try {
  const result = await run(scope);
  process.stdout.write(`result ${JSON.stringify(result)}\n`);
} catch (error) {
  process.stderr.write(`${error.stack}\n`);
  process.exitCode = 1;
} finally {
  await scope.close().catch(() => {});
}
