// SPDX-License-Identifier: MIT
//
// A source dies and comes back while somebody watches: from the first RTP packet that
// it sends again to the first new frame that Chromium has decoded and shown. Starts the
// program, ffmpeg and the browser itself; the video passes through a relay here, which
// knows when that packet was.
//
//   node tests/bench/source-return.mjs [ROUNDS]

import { createSocket } from 'node:dgram';
import { once } from 'node:events';

import { launchBrowser, openViewerPage } from '../e2e/lib/browser.mjs';
import { createMountpoint } from '../e2e/lib/fixture.mjs';
import { pushOptions, startPusher } from '../e2e/lib/pusher.mjs';
import { Scope } from '../e2e/lib/scope.mjs';
import { startServer } from '../e2e/lib/server.mjs';
import { delay, waitFor } from '../e2e/lib/wait.mjs';

const ROUNDS = Number(process.argv[2] ?? 5);
const FPS = 30;
const OUTAGE_MS = 4000;

/** The same clock as in the page, milliseconds. */
const now = () => performance.timeOrigin + performance.now();

/** Forwards datagrams to a port; notes when the first one after arm () passed. */
class Relay {
  static async open(scope, to) {
    const relay = new Relay();
    relay.socket = createSocket('udp4');
    relay.socket.on('message', (message) => {
      relay.first ??= now();
      relay.socket.send(message, to, '127.0.0.1');
    });
    relay.socket.bind(0, '127.0.0.1');
    await once(relay.socket, 'listening');
    scope.defer(() => relay.socket.close());
    return relay;
  }

  get port() { return this.socket.address().port; }
  arm() { this.first = null; }
}

/** In the page: plays, and keeps the time of the latest frame that was shown. */
async function play(url) {
  const { WhepPlayer } = await import('/whep-player.js');
  const video = document.createElement('video');
  video.muted = true;
  video.playsInline = true;
  document.body.append(video);
  const onFrame = () => {
    window.shown.push(performance.timeOrigin + performance.now());
    video.requestVideoFrameCallback(onFrame);
  };
  window.shown = [];
  video.requestVideoFrameCallback(onFrame);
  new WhepPlayer(video, { url }).start();
}

function firstShownAfter(page, at) {
  return page.evaluate((since) => window.shown.find((time) => time > since) ?? null, at);
}

async function oneReturn(scope, page, relay, options, pusher) {
  await pusher.kill();
  await delay(OUTAGE_MS + Math.random() * 1000);
  relay.arm();
  const next = startPusher(scope, options);
  const sent = await waitFor('the source sends again', () => relay.first);
  const shown = await waitFor('a new frame is shown', () => firstShownAfter(page, sent),
    { timeoutMs: 30000 });
  await delay(2000);
  return { pusher: next, wait: shown - sent };
}

async function measure(scope) {
  const server = await startServer(scope);
  const browser = await launchBrowser(scope);
  const mountpoint = await createMountpoint(scope, server, 'bench');
  const options = pushOptions(mountpoint, { size: '1280x720', fps: FPS, gop: 4 * FPS });
  const relay = await Relay.open(scope, options.video.port);
  options.video.port = relay.port;
  let pusher = startPusher(scope, options);
  await server.api.waitState('bench', 'live', { timeoutMs: 15000 });
  const page = await openViewerPage(scope, browser, server.url);
  await page.evaluate(play, server.whep('bench'));
  await waitFor('a frame is shown', () => firstShownAfter(page, 0), { timeoutMs: 15000 });
  const waits = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const result = await oneReturn(scope, page, relay, options, pusher);
    pusher = result.pusher;
    waits.push(result.wait);
  }
  const sorted = waits.toSorted((a, b) => a - b);
  console.log(`${ROUNDS} returns after about ${OUTAGE_MS / 1000} s, 1280x720 at ${FPS} `
    + 'frames/s, the first frame a key frame');
  console.log(`first packet to first frame shown   p50 ${sorted[Math.floor(ROUNDS / 2)]
    .toFixed(0)} ms, max ${sorted.at(-1).toFixed(0)} ms`);
}

const scope = new Scope();
try {
  await measure(scope);
} finally {
  await scope.close();
}
