// SPDX-License-Identifier: MIT
//
// Runs in a network namespace of its own (play.test.mjs starts it there): the
// server, the source and a browser, and 5 of 100 media packets dropped between
// the server and the browser. Prints one line of JSON.

import { launchBrowser, openViewerPage, Viewer } from './browser.mjs';
import { liveMountpoint } from './fixture.mjs';
import { ADDRESS, drop, dropped, layNetwork } from './lossy-network.mjs';
import { Metrics } from './metrics.mjs';
import { report } from './scenario.mjs';
import { startServer } from './server.mjs';

async function run(scope) {
  layNetwork();
  const server = await startServer(scope, { config: `[ice]\naddresses=${ADDRESS}\n` });
  await liveMountpoint(scope, server, 'lossy');
  const browser = await launchBrowser(scope);
  const page = await openViewerPage(scope, browser, server.url);
  const viewer = await Viewer.watch(scope, page, { url: server.whep('lossy') });
  await viewer.frames(25);
  drop(`udp sport ${server.udpPort}`, 5);
  // Every stretch of two seconds' worth of frames must come: a viewer that
  // freezes until the next key frame misses some of them for good.
  let stats;
  for (let stretch = 0; stretch < 6; stretch += 1) {
    stats = await viewer.frames(50, { timeoutMs: 10000 });
  }
  const metrics = await Metrics.read(server);
  const counted = (name) => metrics.value(name, { mountpoint: 'lossy' });
  const resent = 'whepcast_egress_retransmitted_packets_total';
  return {
    dropped: dropped(),
    ...stats,
    metrics: {
      nacked: counted('whepcast_egress_nacked_packets_total'),
      // On the other lane webrtcbin sends again, and does not tell.
      retransmitted: metrics.samples(resent).length > 0 ? counted(resent) : null,
      lane: (await server.api.server()).lane,
      reports: counted('whepcast_viewer_loss_ratio_count'),
      loss: counted('whepcast_viewer_loss_ratio_sum'),
    },
  };
}

await report(run);
