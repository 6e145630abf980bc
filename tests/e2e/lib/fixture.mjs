// SPDX-License-Identifier: MIT
//
// Mountpoints that something is pushed to.

import { pushOptions, startPusher } from './pusher.mjs';

/** What POST /api/v1/mountpoints takes; the server chooses the ports. */
export function rtpMountpoint(id, { video = 'H264', audio = true, ...more } = {}) {
  const tracks = [];
  if (video) {
    tracks.push({ media: 'video', codec: video, payload_type: 96 });
  }
  if (audio) {
    tracks.push({ media: 'audio', codec: 'opus', payload_type: 111 });
  }
  return { id, kind: 'rtp', tracks, ...more };
}

/**
 * Creates a mountpoint, destroyed with the scope, without a source.
 * @param {object} options video (codec or null), audio (boolean), and any key
 *   of the create request
 */
export async function createMountpoint(scope, server, id, options) {
  const mountpoint = await server.api.create(rtpMountpoint(id, options));
  scope.defer(async () => {
    if (!server.child.exit) {
      await server.api.call('DELETE', `/api/v1/mountpoints/${id}`);
    }
  });
  return mountpoint;
}

/** The same with ffmpeg pushing to it; resolves when it is live. */
export async function liveMountpoint(scope, server, id, options = {}, push = {}) {
  const mountpoint = await createMountpoint(scope, server, id, options);
  const start = () => startPusher(scope, pushOptions(mountpoint, push));
  const source = { mountpoint, id, pusher: start(), start };
  await server.api.waitState(id, 'live', { timeoutMs: 15000 });
  return source;
}
