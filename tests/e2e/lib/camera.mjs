// SPDX-License-Identifier: MIT
//
// The RTSP camera of tests/e2e/camera: settings, commands, what it was asked for.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';

import { Child } from './child.mjs';
import { BINARY, temporaryDirectory } from './server.mjs';
import { waitFor } from './wait.mjs';

const CAMERA = process.env.WHEPCAST_CAMERA
  ?? join(dirname(BINARY), 'tests/e2e/camera/camera');

const words = (settings) =>
  Object.entries(settings).map(([name, value]) => `${name}=${value}`);

/**
 * Starts a camera; ended with the scope.
 * @param {object} settings see tests/e2e/camera/README.md, as in
 *   { video: 'h265', audio: 'aac', auth: 'digest' }
 */
export async function startCamera(scope, settings = {}) {
  const camera = new Camera(scope, settings);
  await camera.start();
  return camera;
}

/** A self-signed certificate and its key in one PEM file, as cameras have. */
export function makeCertificate(scope) {
  const directory = temporaryDirectory(scope, 'tls');
  const [key, certificate] = ['key.pem', 'camera.pem'].map((name) =>
    join(directory, name));
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt',
    'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', key, '-out', certificate,
    '-days', '2', '-subj', '/CN=camera'], { stdio: 'ignore' });
  execFileSync('sh', ['-c', 'cat "$0" >>"$1"', key, certificate]);
  return certificate;
}

export class Camera {
  #scope;
  #settings;
  #child = null;
  #commands = 0;

  constructor(scope, settings) {
    this.#scope = scope;
    this.#settings = { ...settings };
  }

  get port() { return this.#settings.port; }

  /** Without a user; `url({ user, password })` has one in it. */
  url({ user, password } = {}) {
    const scheme = this.#settings.tls ? 'rtsps' : 'rtsp';
    const who = user === undefined ? '' : `${user}:${password}@`;
    return `${scheme}://${who}127.0.0.1:${this.port}${this.#settings.path ?? '/live'}`;
  }

  /** Starts it (again) with its settings, on the port that it had. */
  async start(settings = {}) {
    Object.assign(this.#settings, settings);
    this.#commands = 0;
    this.#child = new Child(this.#scope, CAMERA, words(this.#settings),
      { name: 'camera', stdin: 'pipe' });
    const [, port] = await this.#child.line(/^camera: listening (\d+)$/);
    this.#settings.port = Number(port);
  }

  /** It dies without a word. */
  kill() { return this.#child.kill(); }

  signal(name) { this.#child.signal(name); }

  /** How often it was asked for this, as in `count(/^setup \d+ udp/)`. */
  count(pattern) {
    return this.#child.stdout.filter((line) =>
      pattern.test(line.replace(/^camera: /, ''))).length;
  }

  /** Connections that are open now. */
  get clients() { return this.count(/^connect$/) - this.count(/^gone$/); }

  waitCount(pattern, count, options) {
    return waitFor(`the camera hears ${pattern} ${count} times`, () =>
      this.count(pattern) >= count, options);
  }

  waitClients(count, options) {
    return waitFor(`the camera has ${count} connections`, () =>
      this.clients === count, options);
  }

  /** `command('stall')`: see `camera --help`. */
  async command(line) {
    this.#commands += 1;
    this.#child.write(line);
    const answer = await waitFor(`the camera takes ${line}`, () =>
      this.#child.stdout.filter((one) => /^camera: (ok|error)/.test(one))
        .at(this.#commands - 1));
    assert.match(answer, /^camera: ok/);
  }

  /** Other settings, for the next connection; `size` at once. */
  async set(settings) {
    for (const word of words(settings)) {
      await this.command(word);
    }
    Object.assign(this.#settings, settings);
  }
}
