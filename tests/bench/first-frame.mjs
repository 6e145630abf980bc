// SPDX-License-Identifier: MIT
//
// How long a person waits for the picture, and how it goes on from there: from the
// POST to the first frame that Chromium has decoded and shown, joining at random
// places of a group of pictures of four seconds; then, for three seconds, the longest
// time without a new picture, and how fast the clip runs. Starts the program, ffmpeg
// and the browser itself.
//
//   node tests/bench/first-frame.mjs [ROUNDS]

import { launchBrowser, openViewerPage } from '../e2e/lib/browser.mjs';
import { liveMountpoint } from '../e2e/lib/fixture.mjs';
import { Scope } from '../e2e/lib/scope.mjs';
import { startServer } from '../e2e/lib/server.mjs';
import { delay } from '../e2e/lib/wait.mjs';

const ROUNDS = Number(process.argv[2] ?? 30);
const FPS = 30;
const GOP_SECONDS = 4;
const WATCH_MS = 3000;

/**
 * In the page: one join with the player that is served. Milliseconds; `speed` is the
 * clip's time that was shown in the first second.
 */
async function join({ url, watchMs }) {
  const { WhepPlayer } = await import('/whep-player.js');
  const video = document.createElement('video');
  video.muted = true;
  video.playsInline = true;
  document.body.append(video);
  const frames = []; // { at, mediaTime }
  const shown = new Promise((resolve) => {
    const note = (at, { mediaTime }) => {
      frames.push({ at: performance.now(), mediaTime });
      video.requestVideoFrameCallback(note);
      resolve();
    };
    video.requestVideoFrameCallback(note);
  });
  let posted;
  let answered;
  const plain = window.fetch;
  window.fetch = async (target, options) => {
    if (options?.method !== 'POST') {
      return plain(target, options);
    }
    posted = performance.now();
    const answer = await plain(target, options);
    answered = performance.now();
    return answer;
  };
  const player = new WhepPlayer(video, { url });
  player.start();
  await shown;
  window.fetch = plain;
  const first = frames[0];
  await new Promise((resolve) => { setTimeout(resolve, watchMs); });
  await player.stop();
  video.remove();
  const pauses = frames.slice(1).map((frame, i) => frame.at - frames[i].at);
  const second = frames.findLast((frame) => frame.at - first.at <= 1000);
  return {
    answer: answered - posted,
    frame: first.at - posted,
    pause: Math.max(...pauses),
    speed: (second.mediaTime - first.mediaTime) / ((second.at - first.at) / 1000),
  };
}

function percentile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

function report(name, values) {
  const sorted = values.toSorted((a, b) => a - b);
  const figures = [0.5, 0.9, 1].map((share) => percentile(sorted, share).toFixed(0));
  console.log(`${name.padEnd(34)} p50 ${figures[0]} ms, p90 ${figures[1]} ms, `
    + `max ${figures[2]} ms`);
}

async function measure(scope) {
  const server = await startServer(scope);
  const browser = await launchBrowser(scope);
  await liveMountpoint(scope, server, 'bench', {},
    { size: '1280x720', fps: FPS, gop: FPS * GOP_SECONDS });
  const page = await openViewerPage(scope, browser, server.url);
  const results = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    // Anywhere in the group of pictures, but not in step with it.
    await delay(300 + Math.random() * GOP_SECONDS * 1000);
    results.push(await page.evaluate(join, { url: server.whep('bench'), watchMs: WATCH_MS }));
  }
  console.log(`${ROUNDS} joins with Chromium, 1280x720 at ${FPS} frames/s, `
    + `a key frame every ${GOP_SECONDS} s`);
  report('POST to 201', results.map((result) => result.answer));
  report('POST to first frame shown', results.map((result) => result.frame));
  report(`longest pause, ${WATCH_MS / 1000} s from then on`,
    results.map((result) => result.pause));
  const speeds = results.map((result) => result.speed).toSorted((a, b) => a - b);
  console.log(`${'speed of the first second'.padEnd(34)} min ${speeds[0].toFixed(2)}, `
    + `p50 ${percentile(speeds, 0.5).toFixed(2)}, max ${speeds.at(-1).toFixed(2)}`);
}

const scope = new Scope();
try {
  await measure(scope);
} finally {
  await scope.close();
}
