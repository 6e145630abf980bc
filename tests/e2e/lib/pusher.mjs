// SPDX-License-Identifier: MIT
//
// ffmpeg as the source: a test picture and a tone, pushed by RTP.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { Child } from './child.mjs';
import { temporaryDirectory } from './server.mjs';
import { waitFor } from './wait.mjs';

const VIDEO = {
  H264: ({ gop }) => ['-c:v', 'libx264', '-preset', 'ultrafast', '-tune',
    'zerolatency', '-profile:v', 'baseline', '-pix_fmt', 'yuv420p', '-b:v', '600k',
    '-g', gop, '-keyint_min', gop, '-sc_threshold', '0'],
  VP8: ({ gop }) => ['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8',
    '-error-resilient', '1', '-b:v', '600k', '-g', gop],
};

const rtpUrl = (port) => `rtp://127.0.0.1:${port}?pkt_size=1200`;

function pictureArgs({ size = '640x360', fps = 25 }) {
  return ['-re', '-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=${fps}`];
}

/** One tone, or one for each side: a stereo test must tell left from right. */
function toneArgs({ stereo = false }) {
  const source = stereo
    ? 'aevalsrc=0.125*sin(440*2*PI*t)|0.125*sin(880*2*PI*t):s=48000:c=stereo'
    : 'sine=frequency=440:sample_rate=48000';
  return ['-re', '-f', 'lavfi', '-i', source];
}

function startFfmpeg(scope, args) {
  return new Child(scope, 'ffmpeg',
    ['-nostdin', '-hide_banner', '-loglevel', 'warning', ...args], { name: 'ffmpeg' });
}

/**
 * @param {object} options
 *   video  {codec, port, payloadType, gop, size, fps} or absent
 *   audio  {port, payloadType, stereo} or absent
 */
export function startPusher(scope, { video, audio }) {
  const inputs = [
    ...(video ? pictureArgs(video) : []), ...(audio ? toneArgs(audio) : []),
  ];
  const outputs = [];
  if (video) {
    const gop = String(video.gop ?? 25);
    outputs.push('-map', '0:v', ...VIDEO[video.codec]({ gop }), '-payload_type',
      String(video.payloadType ?? 96), '-f', 'rtp', rtpUrl(video.port));
  }
  if (audio) {
    outputs.push('-map', video ? '1:a' : '0:a', '-c:a', 'libopus', '-b:a', '64k',
      '-ac', audio.stereo ? '2' : '1', '-payload_type',
      String(audio.payloadType ?? 111), '-f', 'rtp', rtpUrl(audio.port));
  }
  return startFfmpeg(scope, [...inputs, ...outputs]);
}

/** What a mountpoint's object says, as options of startPusher(). */
export function pushOptions(mountpoint, { gop, stereo, size, fps } = {}) {
  const track = (media) => mountpoint.tracks.find((one) => one.media === media);
  const video = track('video');
  const audio = track('audio');
  return {
    video: video && {
      codec: video.codec, port: video.port, payloadType: video.payload_type ?? 96,
      gop, size, fps,
    },
    audio: audio && {
      port: audio.port, payloadType: audio.payload_type ?? 111, stereo,
    },
  };
}

/** A file with H.264 whose parameter sets are in the header only. */
export function makeMovie(scope, extension = 'mp4') {
  const path = join(temporaryDirectory(scope, 'movie'), `movie.${extension}`);
  execFileSync('ffmpeg', ['-nostdin', '-loglevel', 'error', '-f', 'lavfi', '-i',
    'testsrc2=size=640x360:rate=25', '-t', '8', '-c:v', 'libx264', '-preset',
    'ultrafast', '-bf', '0', '-g', '25', '-pix_fmt', 'yuv420p', path]);
  return path;
}

/** `ffmpeg -c copy` of a file, and the SDP that it prints. */
export async function startCopyPusher(scope, path, port) {
  const sdpFile = join(temporaryDirectory(scope, 'sdp'), 'movie.sdp');
  const child = startFfmpeg(scope, ['-re', '-stream_loop', '-1', '-i', path,
    '-map', '0:v', '-c', 'copy', '-sdp_file', sdpFile, '-f', 'rtp', rtpUrl(port)]);
  const sdp = await waitFor('ffmpeg writes the SDP', () => {
    const text = readFileSync(sdpFile, 'utf8');
    return text.includes('m=video') && text.endsWith('\n') && text;
  });
  return { child, sdp };
}
