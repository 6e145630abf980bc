// SPDX-License-Identifier: MIT
//
// Chromium in a network namespace of its own (ice-tcp.test.mjs starts it there) in
// which UDP does not pass, or there is no IPv4, or neither. Prints one line of JSON.

import {
  FAKE_DEVICES, launchBrowser, openPage, openViewerPage, Publisher, Viewer,
} from './browser.mjs';
import { ADDRESS, ADDRESS_6, blockUdp, blocked, layNetwork, layNetwork6 } from './lossy-network.mjs';
import { PagePlayer } from './player-in-page.mjs';
import { reportOneOf } from './scenario.mjs';
import { startServer } from './server.mjs';
import { installViewers } from './viewer-in-page.mjs';
import { waitFor } from './wait.mjs';

const SMALL = { test_width: 640, test_height: 360 };

async function start(scope, address) {
  const server = await startServer(scope, {
    config: `[ice]\naddresses=${address}\n`,
    address: address.includes(':') ? `[${address}]` : '127.0.0.1',
  });
  // Made in the server: no UDP brings it.
  await server.api.create({ id: 'cam', kind: 'test', ...SMALL });
  await server.api.waitState('cam', 'live', { timeoutMs: 20000 });
  return server;
}

/** A page that came from the server itself: one that a test hands over may not fetch from
 * an address of a private network. */
async function watch(scope, server) {
  const page = await openPage(scope, await launchBrowser(scope));
  await page.goto(`${server.url}/whep-player.js`);
  await page.evaluate(installViewers);
  return Viewer.watch(scope, page, { url: server.whep('cam') });
}

async function transport(server, id = 'cam') {
  const { items } = await server.api.sessions(id);
  return { transport: items[0]?.media_transport, address: items[0]?.media_address };
}

async function play(scope, server) {
  const viewer = await watch(scope, server);
  const stats = await viewer.frames(90, { timeoutMs: 30000 });
  return { ...stats, answer: viewer.answer.sdp, ...await transport(server), blocked: blocked() };
}

const scenarios = {
  async blocked(scope) {
    layNetwork();
    const server = await start(scope, ADDRESS);
    blockUdp();
    return play(scope, server);
  },

  async ipv6(scope) {
    layNetwork6();
    return play(scope, await start(scope, ADDRESS_6));
  },

  async blocked6(scope) {
    layNetwork6();
    const server = await start(scope, ADDRESS_6);
    blockUdp();
    return play(scope, server);
  },

  /**
   * Plays over UDP until that is blocked. Chromium may have kept the pair by TCP, or
   * have given it up: then the player's ICE restart brings another.
   */
  async change(scope) {
    layNetwork();
    const server = await start(scope, ADDRESS);
    const player = await PagePlayer.start(scope, await launchBrowser(scope), server, 'cam');
    await player.frames(60);
    const before = await transport(server);
    blockUdp();
    await waitFor('the viewer changes to TCP', async () =>
      (await transport(server)).transport === 'tcp', { timeoutMs: 40000 });
    await player.frames(60, { timeoutMs: 20000 });
    const { items } = await server.api.sessions('cam');
    return { before: before.transport, ...await transport(server), sessions: items.length };
  },

  /** A publisher and a viewer, both without UDP. */
  async publish(scope) {
    layNetwork();
    const server = await start(scope, ADDRESS);
    await server.api.create({ id: 'studio', kind: 'whip' });
    blockUdp();
    const browser = await launchBrowser(scope, FAKE_DEVICES);
    const page = await openViewerPage(scope, browser, server.url);
    await Publisher.publish(scope, page, { url: server.whip('studio') });
    await server.api.waitState('studio', 'live', { timeoutMs: 30000 });
    const { publisher } = await server.api.read('studio');
    const viewer = await Viewer.watch(scope, page, { url: server.whep('studio') });
    const stats = await viewer.frames(60, { timeoutMs: 30000 });
    return {
      ...stats, publisher: publisher.media_transport, ...await transport(server, 'studio'),
      blocked: blocked(),
    };
  },
};

await reportOneOf(scenarios);
