// SPDX-License-Identifier: MIT
//
// Runs in a network namespace of its own (layers.test.mjs starts it there): a browser
// publishes three layers to two viewers, and one viewer's link carries less than
// the best of them for a while. With `feedback` that viewer does not estimate it
// itself. Prints one line of JSON.

import { FAKE_DEVICES, launchBrowser, openViewerPage, Publisher, Viewer }
  from './browser.mjs';
import { LAYERS, shows } from './layers.mjs';
import { ADDRESS, layNetwork, police, policed, unpolice } from './lossy-network.mjs';
import { report } from './scenario.mjs';
import { startServer } from './server.mjs';
import { waitFor } from './wait.mjs';

async function run(scope, estimation) {
  layNetwork();
  const server = await startServer(scope, { config: `[ice]\naddresses=${ADDRESS}\n` });
  await server.api.create({ id: 'narrow', kind: 'whip' });
  const browser = await launchBrowser(scope, FAKE_DEVICES);
  const open = () => openViewerPage(scope, browser, server.url);
  await Publisher.publish(scope, await open(), {
    url: server.whip('narrow'), codec: 'VP8', ...LAYERS.any,
  });
  await server.api.waitState('narrow', 'live', { timeoutMs: 15000 });
  await waitFor('three layers come', async () => {
    const { layers } = (await server.api.read('narrow')).publisher;
    return layers.every(({ active, width }) => active && width > 0);
  }, { timeoutMs: 40000 });
  const viewer = await Viewer.watch(scope, await open(), {
    url: server.whep('narrow'), without: estimation === 'feedback' ? ['goog-remb'] : [],
  });
  await shows(viewer, 1280);
  const { items } = await server.api.ok('GET', '/api/v1/mountpoints/narrow/sessions');
  const port = items[0].media_address.split(':').at(-1);
  const other = await Viewer.watch(scope, await open(), { url: server.whep('narrow') });
  await shows(other, 1280);

  // Enough for sound and the layer in the middle.
  police(`udp dport ${port}`, 90);
  const narrow = await waitFor('a smaller picture', async () => {
    const stats = await viewer.stats();
    if (stats.width >= 1280) {
      throw new Error(JSON.stringify(stats));
    }
    return stats;
  }, { timeoutMs: 60000 });
  const settled = await viewer.frames(60, { timeoutMs: 30000 });
  const dropped = policed();
  unpolice();
  const wide = await shows(viewer, 1280, { timeoutMs: 90000 });
  await viewer.frames(30);
  return { narrow, settled, dropped, wide, neighbour: await other.stats() };
}

await report(run);
