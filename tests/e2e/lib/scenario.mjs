// SPDX-License-Identifier: MIT
//
// Both ends of a scenario: what a test has run in a network namespace of its own,
// where it may lose packets and block ports. lib/*-scenario.mjs lay out a network and
// say what they saw; the test judges it.

import { Child } from './child.mjs';
import { namespaceCommand } from './lossy-network.mjs';
import { Scope } from './scope.mjs';

const namespace = namespaceCommand();

/** Why no scenario can run here; undefined: they can. */
export const scenarioSkip = namespace.skip;

/**
 * @param {string} name   of lib/NAME-scenario.mjs
 * @param {string[]} [args]   for it
 * @returns what it reported; throws what it printed if it reported nothing
 */
export async function runScenario(scope, name, args = [], { timeoutMs }) {
  const file = new URL(`${name}-scenario.mjs`, import.meta.url).pathname;
  // Mounts of its own as well: there are scenarios with other host names.
  const [command, flags] = namespace.command;
  const child = new Child(scope, command, [`${flags}m`, process.execPath, file, ...args], { name: [name, 'scenario', ...args].join(' ') });
  let timer;
  await Promise.race([child.ended, new Promise((resolve) => {
    timer = setTimeout(resolve, timeoutMs);
  })]).finally(() => clearTimeout(timer));
  const line = child.stdout.find((text) => text.startsWith('result '));
  if (line === undefined) {
    throw new Error(`${child.exit ? 'no result' : `no result in ${timeoutMs} ms`}: ${child.tail(40)}`);
  }
  return JSON.parse(line.slice('result '.length));
}

/** In the namespace: reports what `run (scope, ...)` returns. */
export async function report(run) {
  const scope = new Scope();
  try {
    const seen = await run(scope, ...process.argv.slice(2));
    process.stdout.write(`result ${JSON.stringify(seen)}\n`);
  } catch (error) {
    process.stderr.write(`${error.stack}\n`);
    process.exitCode = 1;
  } finally {
    await scope.close().catch(() => {});
  }
}

/** The same, where the first argument says which of `scenarios`. */
export function reportOneOf(scenarios) {
  return report((scope, name, ...args) => scenarios[name](scope, ...args));
}
