// SPDX-License-Identifier: MIT
//
// A child process: its lines, its end, and being ended by pid.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

import { orphans } from './scope.mjs';
import { waitFor, within } from './wait.mjs';

const LINES_KEPT = 5000;

export class Child {
  stdout = [];
  stderr = [];
  exit = null; // { code, signal } once it has ended
  #process;
  #ended;

  constructor(scope, command, args, { env, cwd, name, stdin = 'ignore' } = {}) {
    this.name = name ?? command;
    this.#process = spawn(command, args, {
      cwd, env: env ?? process.env, stdio: [stdin, 'pipe', 'pipe'],
    });
    const { pid } = this.#process;
    this.#process.stdin?.on('error', () => { /* it ended: `exit` says so */ });
    if (pid) {
      orphans.add(pid);
    }
    this.#ended = new Promise((resolve) => {
      const end = (code, signal) => {
        orphans.delete(pid);
        this.exit ??= { code, signal };
        resolve(this.exit);
      };
      // `close`, not `exit`: then every line has been read.
      this.#process.on('close', end);
      this.#process.on('error', (error) => {
        this.stderr.push(String(error));
        end(127, null);
      });
    });
    this.#collect(this.#process.stdout, this.stdout);
    this.#collect(this.#process.stderr, this.stderr);
    scope.defer(() => this.stop());
  }

  get pid() { return this.#process.pid; }
  get ended() { return this.#ended; }

  #collect(stream, lines) {
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line);
      if (lines.length > LINES_KEPT) {
        lines.shift();
      }
    });
  }

  /** One line to its stdin, of a child made with `stdin: 'pipe'`. */
  write(line) {
    this.#process.stdin.write(`${line}\n`);
  }

  /** Nothing more comes on its stdin. */
  end() {
    this.#process.stdin.end();
  }

  signal(name) {
    if (!this.exit) {
      this.#process.kill(name);
    }
  }

  /** SIGTERM, and SIGKILL for what does not listen. */
  async stop({ signal = 'SIGTERM', timeoutMs = 5000 } = {}) {
    this.signal(signal);
    try {
      return await within(`${this.name} ends`, timeoutMs, this.#ended);
    } catch (error) {
      this.signal('SIGKILL');
      await this.#ended;
      throw error;
    }
  }

  /** SIGKILL: nothing is said and nothing is saved. */
  async kill() {
    this.signal('SIGKILL');
    return this.#ended;
  }

  /** The match of `pattern` in a line of `stream`; fails if the child ends. */
  async line(pattern, { stream = 'stdout', timeoutMs = 15000 } = {}) {
    return waitFor(`${this.name}: a line like ${pattern}`, () => {
      const match = this[stream].map((line) => pattern.exec(line)).find(Boolean);
      if (!match && this.exit) {
        throw new Error(`it ended with ${JSON.stringify(this.exit)}: ${this.tail()}`);
      }
      return match;
    }, { timeoutMs });
  }

  tail(count = 15) {
    return this.stderr.slice(-count).join('\n');
  }
}
