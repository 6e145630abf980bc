// SPDX-License-Identifier: MIT
//
// coturn, started by hand with a configuration and files of its own.

import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Child } from './child.mjs';
import { temporaryDirectory } from './server.mjs';

/** Why there is no TURN server here, or undefined. */
export function turnMissing() {
  try {
    execFileSync('turnserver', ['--version'], { stdio: 'pipe', timeout: 10000 });
    return undefined;
  } catch (error) {
    // Some versions print the version and exit with another status than 0.
    return error.code === 'ENOENT' ? 'no turnserver here (the package coturn)' : undefined;
  }
}

/** Listens on `address`:`port`, UDP and TCP; credentials as `secret` has them. */
export async function startTurn(scope, { address, port, secret }) {
  const directory = temporaryDirectory(scope, 'turn');
  const config = join(directory, 'turnserver.conf');
  writeFileSync(config, [
    `listening-ip=${address}`, `relay-ip=${address}`, `listening-port=${port}`,
    'min-port=40000', 'max-port=40999', 'realm=whepcast.test',
    'use-auth-secret', `static-auth-secret=${secret}`,
    'no-tls', 'no-dtls', 'no-cli', 'verbose', 'log-file=stdout', 'simple-log',
    `userdb=${join(directory, 'turndb')}`, `pidfile=${join(directory, 'pid')}`, '',
  ].join('\n'));
  const turn = new Child(scope, 'turnserver', ['-c', config], { name: 'turnserver' });
  await turn.line(/IPv4\. TCP listener opened on/);
  return turn;
}
