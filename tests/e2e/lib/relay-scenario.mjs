// SPDX-License-Identifier: MIT
//
// Two servers in a network namespace of their own, one of which pulls from the
// other by WHEP (relay.test.mjs starts it there). Prints one line of JSON.

import assert from 'node:assert/strict';

import { launchBrowser, openViewerPage, Viewer } from './browser.mjs';
import { install, makeCertificate, tlsConfig } from './certificate.mjs';
import { ADDRESS, drop, dropped, layNetwork } from './lossy-network.mjs';
import { descriptors, threads } from './proc.mjs';
import { reportOneOf } from './scenario.mjs';
import { startServer, temporaryDirectory } from './server.mjs';
import { waitFor } from './wait.mjs';

const TOKEN = 'open-sesame';
const SMALL = { test_width: 640, test_height: 360 };

/** Starts again on the same ports with the same state. */
class Origin {
  constructor(scope, config = `[ice]\naddresses=${ADDRESS}\n`) {
    this.scope = scope;
    this.config = config;
    this.stateDir = temporaryDirectory(scope);
    this.ports = { port: 18080, udpPort: 18189 };
  }

  async start() {
    this.server = await startServer(this.scope, {
      config: this.config, stateDir: this.stateDir, ...this.ports,
    });
    return this.server;
  }

  async begin() {
    await this.start();
    await this.server.api.create({ id: 'cam', kind: 'test', ...SMALL, watch_token: TOKEN });
    await this.server.api.waitState('cam', 'live', { timeoutMs: 20000 });
  }
}

async function lay(scope, relay, config) {
  layNetwork();
  const origin = new Origin(scope, config);
  await origin.begin();
  const edge = await startServer(scope, { config: `[ice]\naddresses=${ADDRESS}\n` });
  await edge.api.create({
    id: 'relay', kind: 'whep', url: origin.server.whep('cam'), source_token: TOKEN, ...relay,
  });
  return { origin, edge };
}

async function watch(scope, edge) {
  const browser = await launchBrowser(scope);
  const page = await openViewerPage(scope, browser, edge.url);
  return Viewer.watch(scope, page, { url: edge.whep('relay') });
}

const scenarios = {
  /** Idle until somebody comes, and again when the last has gone. */
  async demand(scope) {
    const { origin, edge } = await lay(scope, { on_demand: true, on_demand_linger_ms: 500 });
    const before = await edge.api.read('relay');
    assert.equal(before.state, 'idle');
    const viewer = await watch(scope, edge);
    const stats = await viewer.frames(60);
    const relay = await edge.api.read('relay');
    const { viewers } = await origin.server.api.read('cam');
    await viewer.remove();
    await edge.api.waitState('relay', 'idle', { timeoutMs: 15000 });
    await origin.server.api.waitViewers('cam', 0, { timeoutMs: 5000 });
    return { ...stats, viewers, tracks: relay.tracks.map(({ codec }) => codec) };
  },

  /** The server says what is wrong, and is asked again. */
  async token(scope) {
    const { edge } = await lay(scope, { on_demand: false, source_token: 'wrong-token' });
    const failed = await edge.api.waitState('relay', 'failed', { timeoutMs: 15000 });
    await edge.api.edit('relay', { source_token: null });
    const none = await edge.api.waitState('relay', 'failed', { timeoutMs: 15000 });
    await edge.api.edit('relay', { source_token: TOKEN });
    await edge.api.waitState('relay', 'live', { timeoutMs: 20000 });
    const shown = await edge.api.read('relay');
    return { reasons: [failed.reason, none.reason], shown: shown.source_token };
  },

  /** The origin dies and comes back ten times; the viewer stays. */
  async restarts(scope) {
    const { origin, edge } = await lay(scope, { on_demand: false });
    await edge.api.waitState('relay', 'live', { timeoutMs: 20000 });
    const viewer = await watch(scope, edge);
    await viewer.frames(25);
    for (let round = 0; round < 10; round += 1) {
      await origin.server.kill();
      await edge.api.waitState('relay', 'lost', { timeoutMs: 10000 });
      await origin.start();
      await edge.api.waitState('relay', 'live', { timeoutMs: 30000 });
      await viewer.frames(25, { timeoutMs: 20000 });
    }
    const { connection } = await viewer.states();
    const { viewers } = await edge.api.read('relay');
    return { connection, viewers };
  },

  /** What is lost between the servers is asked for again. */
  async loss(scope) {
    const { origin, edge } = await lay(scope, { on_demand: false });
    await edge.api.waitState('relay', 'live', { timeoutMs: 20000 });
    const viewer = await watch(scope, edge);
    await viewer.frames(25);
    const lost = async () => (await edge.api.read('relay')).tracks[0].lost;
    const before = await lost();
    drop(`udp sport ${origin.server.udpPort}`, 5);
    for (let stretch = 0; stretch < 6; stretch += 1) {
      await viewer.frames(50, { timeoutMs: 15000 });
    }
    const { items: [{ nacks, resent }] } = await origin.server.api.sessions('cam');
    return { dropped: dropped(), nacks, resent, lost: await lost() - before };
  },

  /** Over https, with a certificate that nobody vouches for. */
  async secure(scope) {
    const folder = temporaryDirectory(scope, 'tls');
    makeCertificate(folder, 'origin');
    install(folder);
    const { origin, edge } = await lay(scope, { on_demand: false }, tlsConfig(folder, ADDRESS));
    const { reason } = await edge.api.waitState('relay', 'failed', { timeoutMs: 15000 });
    const pin = /tls_fingerprint to ([0-9a-f]{64})$/.exec(reason)?.[1];
    const wrong = 'a'.repeat(64);
    await edge.api.edit('relay', { tls_fingerprint: wrong });
    const still = await edge.api.waitState('relay', 'failed', { timeoutMs: 15000 });
    await edge.api.edit('relay', { tls_fingerprint: pin.toUpperCase().match(/../g).join(':') });
    await edge.api.waitState('relay', 'live', { timeoutMs: 20000 });
    const viewer = await watch(scope, edge);
    await viewer.frames(25);
    const before = (await origin.server.api.read('cam')).viewers;
    await edge.api.destroy('relay');
    // Well before a session without its viewer times out: the DELETE came.
    await origin.server.api.waitViewers('cam', 0, { timeoutMs: 5000 });
    return { url: origin.server.url, reason, still: still.reason, before };
  },

  /** Fifty connections leave nothing behind. */
  async churn(scope) {
    const { edge } = await lay(scope, { on_demand: false });
    const count = () => ({ threads: threads(edge.pid), descriptors: descriptors(edge.pid) });
    const again = async () => {
      await edge.api.waitState('relay', 'live', { timeoutMs: 20000 });
      await edge.api.ok('POST', '/api/v1/mountpoints/relay/disable');
      const settled = await waitFor('the counts settle', async () => {
        const first = count();
        await new Promise((resolve) => { setTimeout(resolve, 100); });
        return JSON.stringify(first) === JSON.stringify(count()) && first;
      });
      await edge.api.ok('POST', '/api/v1/mountpoints/relay/enable');
      return settled;
    };
    for (let round = 0; round < 3; round += 1) {
      await again();
    }
    const before = await again();
    for (let round = 0; round < 50; round += 1) {
      await again();
    }
    return { before, after: await again() };
  },
};

await reportOneOf(scenarios);
