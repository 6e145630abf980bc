// SPDX-License-Identifier: MIT
//
// A test file that runs in a network namespace of its own: Firefox, aiortc and
// libnice do not pair with a server on a loopback address, and which other
// addresses a machine has is not a test's business. The file starts itself again
// in there; the verdicts come out one by one.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { Child } from './child.mjs';
import { layNetwork, namespaceCommand } from './lossy-network.mjs';
import { scoped } from './scope.mjs';
import { waitFor } from './wait.mjs';

export { ADDRESS } from './lossy-network.mjs';

const INSIDE = 'WHEPCAST_E2E_INSIDE';
const REPORTER = new URL('./verdict-reporter.mjs', import.meta.url).href;

/**
 * @param {string} url   import.meta.url of the file
 * @param {Function} define   declares its tests; called in the namespace only
 * @param {object} options   name, timeout (of the whole file, in ms)
 */
export async function inNamespace(url, { name, timeout }, define) {
  if (process.env[INSIDE]) {
    layNetwork();
    await define();
    return;
  }
  const { command, skip } = namespaceCommand();
  test(name, { timeout, skip }, scoped(async (scope, t) => {
    await runInside(scope, t, [...command, process.execPath,
      `--test-reporter=${REPORTER}`, fileURLToPath(url)]);
  }));
}

async function runInside(scope, t, [command, ...args]) {
  const env = { ...process.env, [INSIDE]: '1' };
  // Node would take it for a part of this run, and print what only node reads.
  delete env.NODE_TEST_CONTEXT;
  const child = new Child(scope, command, args, { env, name: t.name });
  let seen = 0;
  for (;;) {
    await waitFor('the next verdict', () => child.exit || child.stdout.length > seen,
      { timeoutMs: 2 ** 30 });
    if (child.stdout.length === seen) {
      break;
    }
    const line = child.stdout[seen];
    seen += 1;
    if (line.startsWith('{')) {
      const { title, skip, error } = JSON.parse(line);
      await t.test(title, { skip }, () => assert.ok(!error, error));
    }
  }
  assert.notEqual(seen, 0, `nothing ran: ${child.tail()}`);
  assert.equal(child.exit.code, 0, child.tail());
}
