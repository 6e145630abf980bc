// SPDX-License-Identifier: MIT
//
// The real program on ports that the kernel chose, with a state directory of its
// own.

import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Api } from './api.mjs';
import { Child } from './child.mjs';
import { request } from './http.mjs';
import { waitFor } from './wait.mjs';

export const ROOT = resolve(fileURLToPath(new URL('../../..', import.meta.url)));
export const BINARY = resolve(ROOT, process.env.WHEPCAST ?? 'build-test/whepcast');

export function temporaryDirectory(scope, name = 'state') {
  const path = mkdtempSync(join(tmpdir(), `whepcast-e2e-${name}-`));
  scope.deferDirectory(path);
  return path;
}

/**
 * Browsers reach 127.0.0.1 from their default-route socket, so nothing depends
 * on the addresses of the machine the tests run on.
 */
const LOOPBACK = '[ice]\naddresses=127.0.0.1\n';

/**
 * Only the program: for those who expect it to end by itself.
 * @param {string[]} options.through  a command that starts it, and its arguments
 */
export function spawnServer(scope, args, { env = {}, through = [] } = {}) {
  const [command, ...more] = [...through, BINARY, ...args];
  return new Child(scope, command, more, {
    name: 'whepcast', env: { ...process.env, ...env },
  });
}

/**
 * Starts whepcast and waits until it is ready.
 * @param {object} options
 *   stateDir  default: a new one; give it to start again where another ended
 *   config    the text of a configuration file; default: loopback candidates
 *   port, udpPort  default 0: any
 *   args, env, through
 */
export async function startServer(scope, options = {}) {
  const stateDir = options.stateDir ?? temporaryDirectory(scope);
  const configFile = join(temporaryDirectory(scope, 'config'), 'whepcast.conf');
  writeFileSync(configFile, options.config ?? LOOPBACK);
  const child = spawnServer(scope, [
    '--config', configFile, '--state-dir', stateDir,
    '--listen', `${options.address ?? '127.0.0.1'}:${options.port ?? 0}`,
    '--udp-port', String(options.udpPort ?? 0), ...(options.args ?? []),
  ], options);
  const [, url, port, udpPort] = await child.line(
    /^whepcast: listening (https?:\/\/\S+:(\d+)) udp (\d+)$/);
  const server = new Server(child, {
    url, port: Number(port), udpPort: Number(udpPort), stateDir, configFile,
  });
  await server.ready();
  return server;
}

export class Server {
  constructor(child, facts) {
    this.child = child;
    Object.assign(this, facts);
  }

  get pid() { return this.child.pid; }
  get log() { return this.child.stderr; }

  async ready() {
    await waitFor('/readyz is 200', async () =>
      (await request(`${this.url}/readyz`)).status === 200);
    this.token = readFileSync(join(this.stateDir, 'admin-token'), 'utf8').trim();
    this.api = new Api(this.url, this.token);
  }

  whep(id) { return `${this.url}/whep/${id}`; }
  whip(id) { return `${this.url}/whip/${id}`; }
  stop(options) { return this.child.stop(options); }
  kill() { return this.child.kill(); }
}

export { LOOPBACK };
