// SPDX-License-Identifier: MIT
//
// Chromium, and viewers in it. A Viewer is a bare RTCPeerConnection, so that a
// test decides what is offered; the pages of the product are driven as a person
// would.

import { mkdirSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';

import { ROOT } from './server.mjs';
import { waitFor } from './wait.mjs';
import { installPublishers } from './publisher-in-page.mjs';
import { installViewers } from './viewer-in-page.mjs';

const FLAGS = [
  '--autoplay-policy=no-user-gesture-required',
  '--disable-features=WebRtcHideLocalIpsWithMdns',
  '--mute-audio',
];

/** A camera and a microphone that Chromium makes up; no question is asked. */
export const FAKE_DEVICES = [
  '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream',
];

export async function launchBrowser(scope, flags = []) {
  const { chromium } = await import('playwright-core');
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    chromiumSandbox: false,
    args: [...FLAGS, ...flags],
  });
  scope.defer(() => browser.close());
  return browser;
}

/** A page in a context of its own: no storage is shared between tests. */
export async function openPage(scope, browser, options = {}) {
  const context = await browser.newContext({
    viewport: { width: 1100, height: 680 }, ...options,
  });
  scope.defer(() => context.close());
  const page = await context.newPage();
  page.problems = [];
  page.on('pageerror', (error) => page.problems.push(error.message));
  page.on('console', (message) => {
    // A refused request is the browser's own line, not a fault of the page.
    if (message.type() === 'error' && !/Failed to load resource/.test(message.text())) {
      page.problems.push(message.text());
    }
  });
  return page;
}

/** For looking at: not compared with anything. */
export async function screenshot(page, name) {
  const directory = process.env.WHEPCAST_SCREENSHOTS
    ?? join(ROOT, 'build-test', 'screenshots');
  mkdirSync(directory, { recursive: true });
  await page.screenshot({ path: join(directory, `${name}.png`) });
}

/**
 * A blank page of an origin with the viewer functions in it. The browser is given
 * the page by us: it has the origin's rights, and no headers of the server.
 */
export async function openViewerPage(scope, browser, origin) {
  const page = await openPage(scope, browser);
  await page.route(`${origin}/e2e-blank`, (route) => route.fulfill({
    contentType: 'text/html', body: '<!doctype html><title>viewer</title><body>',
  }));
  await page.goto(`${origin}/e2e-blank`);
  await page.evaluate(installViewers);
  await page.evaluate(installPublishers);
  return page;
}

/** A page of a server of its own, which is another origin; resolves to its URL. */
export async function startForeignOrigin(scope, address = '127.0.0.1') {
  const other = http.createServer((_, response) => {
    response.setHeader('Content-Type', 'text/html');
    response.end('<!doctype html><title>elsewhere</title><body>');
  });
  await new Promise((resolve) => other.listen(0, address, resolve));
  scope.defer(() => new Promise((resolve) => {
    other.close(resolve);
    other.closeAllConnections();
  }));
  return `http://${address}:${other.address().port}/`;
}

/**
 * The same from a server of its own: browsers let a page that came over loopback
 * talk to loopback, and do not count one that a test handed to them as such.
 */
export async function openForeignPage(scope, browser) {
  const page = await openPage(scope, browser);
  await page.goto(await startForeignOrigin(scope));
  await page.evaluate(installViewers);
  return page;
}

export class Viewer {
  static #next = 0;

  constructor(page) {
    this.page = page;
    this.key = `viewer${Viewer.#next += 1}`;
  }

  /** @param options url, kinds (in offer order), stereo, token, element, without
   *    (words: lines of the offer with one of them are left out) */
  static async watch(scope, page, options) {
    const viewer = new Viewer(page);
    scope.defer(() => page.isClosed() ? undefined : viewer.close().catch(() => {}));
    viewer.answer = await page.evaluate(([key, given]) =>
      globalThis.viewers.watch(key, given), [viewer.key, options]);
    return viewer;
  }

  #call(name, ...args) {
    return this.page.evaluate(([key, method, rest]) =>
      globalThis.viewers[method](key, ...rest), [this.key, name, args]);
  }

  stats() { return this.#call('stats'); }
  states() { return this.#call('states'); }
  sound(channels) { return this.#call('sound', channels ?? 1); }
  close() { return this.#call('close'); }
  remove() { return this.#call('remove'); }

  /** Waits until `more` further frames are decoded; returns the statistics. */
  async frames(more, options) {
    const before = (await this.stats()).framesDecoded;
    return waitFor(`${more} frames after ${before}`, async () => {
      const stats = await this.stats();
      if (stats.framesDecoded < before + more) {
        throw new Error(JSON.stringify(stats));
      }
      return stats;
    }, { timeoutMs: 15000, ...options });
  }

  /** Waits until the tone is heard in every channel given by its frequency. */
  async tone(frequencies, options) {
    return waitFor(`a tone of ${frequencies} Hz`, async () => {
      const channels = await this.sound(frequencies.length);
      const heard = channels.every(({ rms, peakHz }, index) =>
        rms > 0.04 && rms < 0.16 && Math.abs(peakHz - frequencies[index]) < 30);
      if (!heard) {
        throw new Error(JSON.stringify(channels));
      }
      return channels;
    }, { timeoutMs: 15000, everyMs: 200, ...options });
  }

  /** Waits until sound is decoded: for browsers that play none without a device. */
  async heard(options) {
    return waitFor('sound is decoded', async () => {
      const { audioLevel } = await this.stats();
      if (!(audioLevel > 0.02)) {
        throw new Error(`level ${audioLevel}`);
      }
      return audioLevel;
    }, { timeoutMs: 15000, ...options });
  }

  /** Waits until the server's close_notify has ended the transport. */
  async ended(options) {
    return waitFor('the transport is closed', async () => {
      const states = await this.states();
      if (!['closed', 'failed'].includes(states.dtls) && states.connection !== 'failed') {
        throw new Error(JSON.stringify(states));
      }
      return states;
    }, options);
  }
}

/** A browser that publishes by WHIP. */
export class Publisher {
  static #next = 0;

  constructor(page) {
    this.page = page;
    this.key = `publisher${Publisher.#next += 1}`;
  }

  /** @param options url, token, width, height, codec, encodings, kinds, microphone */
  static async publish(scope, page, options) {
    const publisher = new Publisher(page);
    scope.defer(() => page.isClosed() ? undefined : publisher.close().catch(() => {}));
    Object.assign(publisher, await page.evaluate(([key, given]) =>
      globalThis.publishers.publish(key, given), [publisher.key, options]));
    return publisher;
  }

  #call(name, ...args) {
    return this.page.evaluate(([key, method, rest]) =>
      globalThis.publishers[method](key, ...rest), [this.key, name, args]);
  }

  stats() { return this.#call('stats'); }
  setActive(rids) { return this.#call('setActive', rids); }
  remove() { return this.#call('remove'); }
  close() { return this.#call('close'); }
}
