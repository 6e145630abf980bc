// SPDX-License-Identifier: MIT
//
// The product's own clients in a blank page of the server, and what they PATCHed.

import { openForeignPage, openViewerPage } from './browser.mjs';
import { waitFor } from './wait.mjs';

/** Runs inside the browser. */
async function startPlayer(url) {
  const { WhepPlayer } = await import(new URL('/whep-player.js', url).href);
  const original = globalThis.fetch;
  const patches = [];
  globalThis.fetch = async (address, options) => {
    const response = await original(address, options);
    if (options?.method === 'PATCH') {
      patches.push(response.status);
    }
    return response;
  };
  const video = document.createElement('video');
  Object.assign(video, { muted: true, autoplay: true, playsInline: true });
  document.body.append(video);
  const player = new WhepPlayer(video, { url });
  player.start();
  globalThis.played = {
    player,
    async look() {
      const report = [...(await player.peerConnection?.getStats())?.values() ?? []];
      const sum = (kind, member) => report.filter((stat) => stat.type === kind)
        .reduce((total, stat) => total + (stat[member] ?? 0), 0);
      const sdp = player.peerConnection?.remoteDescription?.sdp ?? '';
      const pair = report.find((stat) => stat.type === 'candidate-pair' && stat.nominated &&
        stat.state === 'succeeded');
      return {
        port: report.find(({ id }) => id === pair?.localCandidateId)?.port,
        state: player.state,
        frames: sum('inbound-rtp', 'framesDecoded'),
        ufrag: /^a=ice-ufrag:(\S+)/m.exec(sdp)?.[1],
        restarted: patches.filter((status) => status === 200).length,
        patches,
      };
    },
  };
}

export class PagePlayer {
  /** @param options foreign: in a page of another origin, which may talk to any */
  static async start(scope, browser, server, id, { foreign = false } = {}) {
    const page = foreign ? await openForeignPage(scope, browser)
      : await openViewerPage(scope, browser, server.url);
    await page.evaluate(startPlayer, server.whep(id));
    return new PagePlayer(page);
  }

  constructor(page) {
    this.page = page;
  }

  look() { return this.page.evaluate(() => globalThis.played.look()); }

  /** The first look that `accept`s. */
  until(what, accept, options) {
    return waitFor(what, async () => {
      const seen = await this.look();
      if (!accept(seen)) {
        throw new Error(JSON.stringify(seen));
      }
      return seen;
    }, { timeoutMs: 15000, everyMs: 100, ...options });
  }

  async frames(more, options) {
    const { frames } = await this.look();
    return this.until(`${more} frames after ${frames}`, (seen) => seen.frames >= frames + more,
      options);
  }

  /** As a browser tells that it is on another network now. */
  networkChanges() {
    return this.page.evaluate(() => globalThis.dispatchEvent(new Event('online')));
  }
}
