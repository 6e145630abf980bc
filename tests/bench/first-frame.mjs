// SPDX-License-Identifier: MIT
//
// How long a person waits for the picture: from the POST to the first frame that
// Chromium has decoded and shown, joining at random places of a group of pictures
// of four seconds. Starts the program, ffmpeg and the browser itself.
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

/** In the page: one join with the player that is served; milliseconds. */
async function join(url) {
  const { WhepPlayer } = await import('/whep-player.js');
  const video = document.createElement('video');
  video.muted = true;
  video.playsInline = true;
  document.body.append(video);
  const shown = new Promise((resolve) => {
    video.requestVideoFrameCallback(() => resolve(performance.now()));
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
  const at = await shown;
  window.fetch = plain;
  await player.stop();
  video.remove();
  return { answer: answered - posted, frame: at - posted };
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
    results.push(await page.evaluate(join, server.whep('bench')));
  }
  console.log(`${ROUNDS} joins with Chromium, 1280x720 at ${FPS} frames/s, `
    + `a key frame every ${GOP_SECONDS} s`);
  report('POST to 201', results.map((result) => result.answer));
  report('POST to first frame shown', results.map((result) => result.frame));
}

const scope = new Scope();
try {
  await measure(scope);
} finally {
  await scope.close();
}
