// SPDX-License-Identifier: MIT
//
// VP8 as a browser sends it, with picture ids and TL0PICIDX (RFC 7741 section 4.2),
// which no other sender here does: a clip, packet by packet.

import { execFileSync } from 'node:child_process';
import dgram from 'node:dgram';
import { setTimeout as delay } from 'node:timers/promises';

const FPS = 25;
const ROOM = 1100;

/** The frames of a clip that begins with its only key frame. */
function encode(seconds) {
  const ivf = execFileSync('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i',
    `testsrc2=size=320x180:rate=${FPS}`, '-t', String(seconds), '-c:v', 'libvpx',
    '-deadline', 'realtime', '-cpu-used', '8', '-b:v', '400k', '-g', '1000', '-auto-alt-ref', '0',
    '-f', 'ivf', '-'], { maxBuffer: 1 << 24 });
  const frames = [];
  for (let at = 32; at < ivf.length;) {
    const size = ivf.readUInt32LE(at);
    frames.push(ivf.subarray(at + 12, at + 12 + size));
    at += 12 + size;
  }
  return frames;
}

export class Vp8Source {
  #socket = dgram.createSocket('udp4');
  #seq = 1000;
  #timestamp = 1000000;
  #frames;
  #port;

  constructor(scope, port, seconds) {
    this.#port = port;
    this.#frames = encode(seconds);
    scope.defer(() => this.#socket.close());
  }

  /** The whole clip, in real time. Sequence numbers and times go on from the call
   * before, the numbers of the pictures begin with these. */
  async send({ pictureId, tl0 }) {
    const began = performance.now();
    for (const [n, frame] of this.#frames.entries()) {
      await delay(Math.max(0, began + n * 1000 / FPS - performance.now()));
      this.#sendFrame(frame, (pictureId + n) & 0x7fff, (tl0 + n) & 0xff);
    }
  }

  #sendFrame(frame, pictureId, tl0) {
    for (let at = 0; at < frame.length; at += ROOM) {
      const header = Buffer.alloc(18);
      header.writeUInt8(0x80, 0);
      header.writeUInt8(96 | (at + ROOM >= frame.length ? 0x80 : 0), 1);
      header.writeUInt16BE(this.#seq, 2);
      header.writeUInt32BE(this.#timestamp, 4);
      header.writeUInt32BE(0x1234567, 8);
      header.writeUInt8(at === 0 ? 0x90 : 0x80, 12); // X, and S in the first
      header.writeUInt8(0xe0, 13); // I, L, T
      header.writeUInt16BE(0x8000 | pictureId, 14);
      header.writeUInt8(tl0, 16);
      this.#socket.send([header, frame.subarray(at, at + ROOM)], this.#port, '127.0.0.1');
      this.#seq = (this.#seq + 1) & 0xffff;
    }
    this.#timestamp = (this.#timestamp + 90000 / FPS) >>> 0;
  }
}
