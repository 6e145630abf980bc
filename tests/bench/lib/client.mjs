// SPDX-License-Identifier: MIT
//
// One run of whepcast-bench against one server: its figures as an object.

import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { COUNTER, SERVER_IP, VIEWERS } from './network.mjs';
import { AUDIO_PORT, Server, VIDEO_PORT } from './servers.mjs';

/** Collects what the program says, in case that there are no figures. */
async function finish(child) {
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => { text = (text + chunk).slice(-4000); });
  }
  await once(child, 'close');
  return text;
}

/**
 * Starts the server, measures, stops it.
 * @param {object} context network, build, log (function)
 * @param {object} description one of knownServers ()
 * @param {string[]} args more options of whepcast-bench
 * @param {object} options counted: nftables takes the media of most viewers away
 */
export async function measure(context, description, args, { counted = false } = {}) {
  const server = await Server.start(context.network, description);
  const directory = mkdtempSync(join(tmpdir(), 'whepcast-figures-'));
  const json = join(directory, 'figures.json');
  const began = Date.now();
  try {
    const child = context.network.spawn('client', [
      join(context.build, 'tests/bench/whepcast-bench'), ...description.client,
      '--addresses', VIEWERS, '--pid', String(server.pid), '--json', json,
      '--send', '--send-to', SERVER_IP, '--video-port', String(VIDEO_PORT),
      '--audio-port', String(AUDIO_PORT),
      ...(counted ? ['--nft-counter', COUNTER] : []), ...args,
    ], { stdio: ['ignore', 'pipe', 'pipe'] });
    const text = await finish(child);
    try {
      return JSON.parse(readFileSync(json, 'utf8'));
    } catch {
      throw new Error(`whepcast-bench gave no figures of ${description.title}:\n${text}`);
    }
  } finally {
    await server.stop();
    rmSync(directory, { recursive: true, force: true });
    context.log(`  ${description.title}: ${args.join(' ')} `
      + `(${((Date.now() - began) / 1000).toFixed(0)} s)`);
  }
}
