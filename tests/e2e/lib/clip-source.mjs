// SPDX-License-Identifier: MIT
//
// ffmpeg pushes what browsers do not play as it is, and says in its SDP what that
// is: the mountpoint is made of that SDP, as README tells people to do.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { Child } from './child.mjs';
import { freeRtpPorts } from './ports.mjs';
import { temporaryDirectory } from './server.mjs';
import { waitFor } from './wait.mjs';

const rtpUrl = (port) => `rtp://127.0.0.1:${port}?pkt_size=1200`;

const PICTURE = ['-re', '-f', 'lavfi', '-i', 'testsrc2=size=640x360:rate=25'];
const TONE = ['-re', '-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000'];

/** Encoders' settings; the picture has a key frame in a second. */
export const VIDEO = {
  plain: ['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency',
    '-pix_fmt', 'yuv420p', '-g', '25', '-b:v', '600k'],
  /** Every second frame is a B-frame, and none refers to it. */
  disposable: ['-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p', '-g', '24',
    '-bf', '1', '-b_strategy', '0', '-sc_threshold', '0', '-b:v', '600k',
    '-x264-params', 'b-pyramid=none:scenecut=0'],
  /** As encoders do by default: B-frames that others refer to. */
  referenced: ['-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p', '-g', '24',
    '-bf', '3', '-b_strategy', '0', '-sc_threshold', '0', '-b:v', '600k',
    '-x264-params', 'b-pyramid=normal:scenecut=0'],
};

export const AUDIO = {
  AAC: ['-c:a', 'aac', '-ar', '44100', '-ac', '2', '-b:a', '96k'],
  'AAC, mono': ['-c:a', 'aac', '-ar', '48000', '-ac', '1', '-b:a', '64k'],
  'MP4A-LATM': ['-c:a', 'aac', '-ar', '48000', '-ac', '2', '-b:a', '96k',
    '-rtpflags', 'latm'],
  MP2: ['-c:a', 'mp2', '-ar', '48000', '-ac', '2', '-b:a', '128k'],
  MP3: ['-c:a', 'libmp3lame', '-ar', '44100', '-ac', '2', '-b:a', '96k'],
  'G726-32': ['-c:a', 'g726le', '-ar', '8000', '-ac', '1', '-b:a', '32k'],
  'AAL2-G726-16': ['-c:a', 'g726', '-ar', '8000', '-ac', '1', '-b:a', '16k'],
  L16: ['-c:a', 'pcm_s16be', '-ar', '44100', '-ac', '2'],
  'PCMU at 16 kHz': ['-c:a', 'pcm_mulaw', '-ar', '16000', '-ac', '1'],
  'PCMA with two channels': ['-c:a', 'pcm_alaw', '-ar', '8000', '-ac', '2'],
};

/** Starts ffmpeg; resolves with its SDP when it sends. */
export async function pushClip(scope, { video, audio, ports, inputs }) {
  const sdpFile = join(temporaryDirectory(scope, 'sdp'), 'clip.sdp');
  const args = [...(inputs ?? [...(video ? PICTURE : []), ...(audio ? TONE : [])]),
    '-sdp_file', sdpFile];
  const [videoPort, audioPort] = ports;
  if (video) {
    args.push('-map', '0:v', ...video, '-payload_type', '96', '-f', 'rtp',
      rtpUrl(videoPort));
  }
  if (audio) {
    args.push('-map', video ? '1:a' : '0:a', ...audio, '-f', 'rtp', rtpUrl(audioPort));
  }
  const child = new Child(scope, 'ffmpeg',
    ['-nostdin', '-hide_banner', '-loglevel', 'warning', ...args], { name: 'ffmpeg' });
  const wanted = (video ? 1 : 0) + (audio ? 1 : 0);
  const sdp = await waitFor('ffmpeg writes its SDP', () => {
    const text = readFileSync(sdpFile, 'utf8');
    return text.split('m=').length === wanted + 1 && text.endsWith('\n') && text;
  });
  return { child, sdp };
}

/** A mountpoint made of what ffmpeg says it pushes; resolves when it is live. */
export async function clipMountpoint(scope, server, id, clip, more = {}) {
  const ports = await freeRtpPorts(2);
  const start = () => pushClip(scope, { ...clip, ports });
  const { child, sdp } = await start();
  await server.api.create({ id, kind: 'rtp', sdp, ...more });
  scope.defer(async () => {
    if (!server.child.exit) {
      await server.api.call('DELETE', `/api/v1/mountpoints/${id}`);
    }
  });
  const mountpoint = await server.api.waitState(id, 'live', { timeoutMs: 15000 });
  return { id, mountpoint, sdp, pusher: child, start };
}
