// SPDX-License-Identifier: MIT
//
// A source that flashes and beeps at the same instants, and when a page shows the one and
// hears the other.

import { Child } from './child.mjs';
import { waitFor } from './wait.mjs';

/** So many are looked at: one that a busy machine shows or hears late is not the median. */
const PAIRS = 7;

/** A second of black and silence, a fifth of a second of white and 1 kHz, and so on. */
const GRAPH = `color=black:size=320x180:rate=25,
  drawbox=t=fill:color=white:enable='between(mod(t,2),1,1.19)'[out0];
  aevalsrc='0.5*sin(2000*PI*t)*between(mod(t,2),1,1.2)':s=48000[out1]`;
const PICTURE = ['-map', '0:v', '-c:v', 'libx264', '-preset', 'ultrafast', '-tune',
  'zerolatency', '-profile:v', 'baseline', '-pix_fmt', 'yuv420p', '-b:v', '600k', '-g', '25'];
const SOUND = ['-map', '0:a', '-c:a', 'libopus', '-b:a', '64k', '-ac', '1'];

function startFfmpeg(scope, args) {
  return new Child(scope, 'ffmpeg', ['-nostdin', '-hide_banner', '-loglevel', 'warning',
    '-re', '-f', 'lavfi', '-i', GRAPH.replace(/\s+/g, ''), ...args], { name: 'ffmpeg' });
}

/**
 * By RTP. There is a muxer for each track, and each would count the time of its reports
 * from when it was opened itself.
 */
export function pushByRtp(scope, { tracks: [video, audio] }) {
  const output = ({ port, payload_type: type }) => ['-start_time_realtime',
    String(Date.now() * 1000), '-payload_type', String(type), '-f', 'rtp',
    `rtp://127.0.0.1:${port}?pkt_size=1200`];
  return startFfmpeg(scope, [...PICTURE, ...output(video), ...SOUND, ...output(audio)]);
}

export function pushByRtsp(scope, url) {
  return startFfmpeg(scope, [...PICTURE, ...SOUND, '-f', 'rtsp', '-rtsp_transport', 'tcp', url]);
}

/** Runs inside the browser, beside installViewers(). */
export function installLips() {
  async function saysLate(pc) {
    const late = {};
    for (const stat of (await pc.getStats()).values()) {
      if (stat.type === 'inbound-rtp') {
        late[stat.kind] = stat.timestamp - stat.estimatedPlayoutTimestamp;
      }
    }
    return late.video - late.audio;
  }

  function look({ pc, video }, flashes) {
    const canvas = Object.assign(document.createElement('canvas'), { width: 1, height: 1 });
    const context = canvas.getContext('2d', { willReadFrequently: true });
    let white = true;
    const onFrame = async (_, { expectedDisplayTime }) => {
      video.requestVideoFrameCallback(onFrame);
      context.drawImage(video, 0, 0, 1, 1);
      const was = white;
      white = context.getImageData(0, 0, 1, 1).data[1] > 128;
      if (white && !was) {
        flashes.push({ at: expectedDisplayTime, says: await saysLate(pc) });
      }
    };
    video.requestVideoFrameCallback(onFrame);
  }

  /** From the jitter buffer to the loudspeaker, in milliseconds. */
  async function soundDelay(pc) {
    const playout = [...(await pc.getStats()).values()]
      .find(({ type }) => type === 'media-playout');
    return playout?.totalSamplesCount > 0
      ? playout.totalPlayoutDelay / playout.totalSamplesCount * 1000 : 0;
  }

  /**
   * Chunks of sound carry the time at which they left the jitter buffer, on a clock that
   * begins elsewhere than the page's: the least that a chunk seems to need to get here
   * tells where.
   */
  async function listen({ pc, tracks }, beeps) {
    const { readable } = new MediaStreamTrackProcessor({ track: tracks.audio });
    const reader = readable.getReader();
    let zero = Infinity;
    let quiet = 0;
    for (;;) {
      const { value, done } = await reader.read();
      if (done) {
        return;
      }
      const { sampleRate } = value;
      const ms = value.timestamp / 1000;
      zero = Math.min(zero, performance.now() - ms);
      const samples = new Float32Array(value.numberOfFrames);
      value.copyTo(samples, { planeIndex: 0, format: 'f32-planar' });
      value.close();
      for (let i = 0; i < samples.length; i += 1) {
        if (Math.abs(samples[i]) < 0.1) {
          quiet += 1;
        } else {
          if (quiet > sampleRate / 2) {
            beeps.push(zero + ms + i / sampleRate * 1000 + await soundDelay(pc));
          }
          quiet = 0;
        }
      }
    }
  }

  async function start(key) {
    const viewer = globalThis.viewers.of(key);
    viewer.lips = { flashes: [], beeps: [] };
    look(viewer, viewer.lips.flashes);
    listen(viewer, viewer.lips.beeps);
  }

  /** Flashes with the beep that is nearest: beeps are two seconds apart. */
  function pairs(key) {
    const { flashes, beeps } = globalThis.viewers.of(key).lips;
    return flashes.flatMap(({ at, says }) => {
      const late = beeps.map((beep) => at - beep).filter((gap) => Math.abs(gap) < 1000);
      return late.length === 1 ? [{ late: late[0], says }] : [];
    });
  }

  globalThis.lips = { start, pairs };
}

const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];

export class Lips {
  #viewer;

  static async watch(viewer) {
    const lips = new Lips();
    lips.#viewer = viewer;
    await viewer.page.evaluate(installLips);
    await viewer.page.evaluate((key) => globalThis.lips.start(key), viewer.key);
    return lips;
  }

  #pairs() {
    return this.#viewer.page.evaluate((key) => globalThis.lips.pairs(key), this.#viewer.key);
  }

  /**
   * Waits for flashes and beeps that are still to come, until `accept` has the last of them.
   * In milliseconds, medians: `late`, by how much the picture is seen later than its sound is
   * heard; `says`, by how much the browser says so; `error`, what it does not know of.
   */
  async settle(what, accept) {
    const { length } = await this.#pairs();
    return waitFor(what, async () => {
      const pairs = (await this.#pairs()).slice(length).slice(-PAIRS);
      const of = (value) => Math.round(median(pairs.map(value)));
      const seen = {
        late: of(({ late }) => late), says: of(({ says }) => says),
        error: of(({ late, says }) => late - says), pairs: pairs.length,
      };
      if (pairs.length < PAIRS || !Number.isFinite(seen.error) || !accept(seen)) {
        throw new Error(JSON.stringify(seen));
      }
      return seen;
    }, { timeoutMs: 120000, everyMs: 500 });
  }
}
