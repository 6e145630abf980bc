// SPDX-License-Identifier: MIT
//
// Whatever a test starts is ended with it: also when it throws, when the runner
// times it out, and when the run is interrupted.

import { rmSync } from 'node:fs';

const childPids = new Set();
const directories = new Set();

/** Processes that must not outlive this one. */
export const orphans = {
  add: (pid) => childPids.add(pid),
  delete: (pid) => childPids.delete(pid),
};

process.on('exit', () => {
  for (const pid of childPids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended by itself.
    }
  }
  for (const path of directories) {
    rmSync(path, { recursive: true, force: true });
  }
});

for (const [signal, code] of [['SIGINT', 130], ['SIGTERM', 143], ['SIGHUP', 129]]) {
  process.on(signal, () => process.exit(code));
}

/** A stack of what is to be undone, last first. */
export class Scope {
  #undo = [];

  defer(undo) {
    this.#undo.push(undo);
  }

  /** Removed with the scope, or with the process. */
  deferDirectory(path) {
    directories.add(path);
    this.defer(() => {
      rmSync(path, { recursive: true, force: true });
      directories.delete(path);
    });
  }

  /** Undoes everything, then reports the first failure. */
  async close() {
    const errors = [];
    while (this.#undo.length > 0) {
      await Promise.resolve().then(this.#undo.pop()).catch((error) => errors.push(error));
    }
    if (errors.length > 0) {
      throw errors[0];
    }
  }
}

/** A test body that gets a scope: test('...', scoped(async (scope, t) => ...)). */
export function scoped(body) {
  return async (t) => {
    const scope = new Scope();
    // The runner's time limit does not unwind the body; its after hooks run.
    t.after(() => scope.close());
    await body(scope, t);
  };
}

/** A scope for all tests of a file: const scope = suiteScope(after). */
export function suiteScope(after) {
  const scope = new Scope();
  after(() => scope.close());
  return scope;
}
