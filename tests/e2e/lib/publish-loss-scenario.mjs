// SPDX-License-Identifier: MIT
//
// Runs in a network namespace of its own (whip.test.mjs starts it there): a browser
// publishes, 5 of 100 packets to the server are dropped, and another browser's
// picture must go on. Prints one line of JSON.

import { FAKE_DEVICES, launchBrowser, openViewerPage, Publisher, Viewer }
  from './browser.mjs';
import { ADDRESS, drop, dropped, layNetwork } from './lossy-network.mjs';
import { Metrics } from './metrics.mjs';
import { report } from './scenario.mjs';
import { startServer } from './server.mjs';

async function run(scope) {
  layNetwork();
  const server = await startServer(scope, { config: `[ice]\naddresses=${ADDRESS}\n` });
  await server.api.create({ id: 'lossy', kind: 'whip' });
  const browser = await launchBrowser(scope, FAKE_DEVICES);
  const page = await openViewerPage(scope, browser, server.url);
  const publisher = await Publisher.publish(scope, page, {
    url: server.whip('lossy'), width: 1280, height: 720,
  });
  await server.api.waitState('lossy', 'live', { timeoutMs: 15000 });
  const viewer = await Viewer.watch(scope, page, { url: server.whep('lossy') });
  await viewer.frames(25);
  drop(`udp dport ${server.udpPort}`, 5);
  let stats;
  for (let stretch = 0; stretch < 6; stretch += 1) {
    stats = await viewer.frames(50, { timeoutMs: 15000 });
  }
  const { streams } = await publisher.stats();
  const { publisher: { video } } = await server.api.read('lossy');
  const metrics = await Metrics.read(server);
  return {
    dropped: dropped(), viewer: stats, video,
    metrics: Object.fromEntries(['nacked_packets', 'repaired_packets', 'key_frame_requests']
      .map((what) => [what, metrics.value(`whepcast_ingest_${what}_total`, { mountpoint: 'lossy' })])),
    sent: streams.find(({ kind }) => kind === 'video'),
  };
}

await report(run);
