// SPDX-License-Identifier: MIT
//
// Firefox ESR over WebDriver BiDi. Its pages take what the viewers and publishers
// of browser.mjs call, so both browsers run the same code.

import { join } from 'node:path';

import { installPublishers } from './publisher-in-page.mjs';
import { orphans } from './scope.mjs';
import { temporaryDirectory } from './server.mjs';
import { installViewers } from './viewer-in-page.mjs';

const PREFS = {
  'media.autoplay.default': 0,
  'media.navigator.streams.fake': true,
  'media.navigator.permission.disabled': true,
  // Hz: what the viewers' ears expect.
  'media.navigator.audio.fake_frequency': 440,
};

/**
 * Firefox's own H.264 is a download; this makes it use the system's libavcodec.
 * Both are needed: either alone does nothing.
 */
const H264 = {
  'media.webrtc.hw.h264.enabled': true,
  'gfx.blacklist.webrtc.hw.acceleration.h264': 1,
};

/** @param {object} options h264 (default true) */
export async function launchFirefox(scope, { h264 = true } = {}) {
  const { default: puppeteer } = await import('puppeteer-core');
  // It leaves a profile, a cache and an empty Downloads at home.
  const home = temporaryDirectory(scope, 'firefox');
  const browser = await puppeteer.launch({
    browser: 'firefox',
    executablePath: process.env.FIREFOX ?? '/usr/bin/firefox-esr',
    headless: true,
    userDataDir: join(home, 'profile'),
    env: { ...process.env, HOME: home },
    extraPrefsFirefox: { ...PREFS, ...(h264 ? H264 : {}) },
  });
  const { pid } = browser.process();
  orphans.add(pid);
  scope.defer(async () => {
    await browser.close();
    orphans.delete(pid);
  });
  return browser;
}

/** A page that keeps what went wrong in it. */
export async function openFirefoxPage(scope, browser, url) {
  const page = await browser.newPage();
  scope.defer(() => page.isClosed() ? undefined : page.close());
  await page.setViewport({ width: 1100, height: 680 });
  page.problems = [];
  page.on('pageerror', (error) => page.problems.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') {
      page.problems.push(message.text());
    }
  });
  await page.goto(url);
  return page;
}

/** The same with the viewer and publisher functions in it. */
export async function openFirefoxViewerPage(scope, browser, url) {
  const page = await openFirefoxPage(scope, browser, url);
  await page.evaluate(installViewers);
  await page.evaluate(installPublishers);
  return page;
}
