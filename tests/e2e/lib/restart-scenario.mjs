// SPDX-License-Identifier: MIT
//
// Runs in a network namespace of its own (restart.test.mjs starts it there): a
// browser plays, and the port that it plays by is cut off in both directions, as
// when a phone leaves a network. Prints one line of JSON.

import { execFileSync } from 'node:child_process';

import { launchBrowser } from './browser.mjs';
import { liveMountpoint } from './fixture.mjs';
import { ADDRESS, layNetwork } from './lossy-network.mjs';
import { PagePlayer } from './player-in-page.mjs';
import { report } from './scenario.mjs';
import { startServer } from './server.mjs';

function cutOff(port) {
  execFileSync('nft', ['add table inet cut; ' +
    'add chain inet cut in { type filter hook input priority 0; }; ' +
    `add rule inet cut in udp sport ${port} drop; ` +
    `add rule inet cut in udp dport ${port} drop`]);
}

async function run(scope) {
  layNetwork();
  const server = await startServer(scope, { config: `[ice]\naddresses=${ADDRESS}\n` });
  await liveMountpoint(scope, server, 'roaming');
  const session = async () => (await server.api.sessions('roaming')).items[0];
  const player = await PagePlayer.start(scope, await launchBrowser(scope), server, 'roaming');
  const { port } = await player.frames(25);
  const before = await session();
  cutOff(port);
  const restarted = await player.until('ICE was restarted', (seen) => seen.restarted > 0,
    { timeoutMs: 30000 });
  const after = await player.frames(50);
  return {
    sameSession: before.id === (await session()).id, restarted: restarted.restarted,
    otherPort: after.port !== port, viewers: (await server.api.read('roaming')).viewers,
  };
}

await report(run);
