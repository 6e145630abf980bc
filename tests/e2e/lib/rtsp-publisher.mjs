// SPDX-License-Identifier: MIT
//
// Who publishes by RTSP: ffmpeg, GStreamer's rtspclientsink, and a bare client
// that says what a test wants said.

import net from 'node:net';

import { Child } from './child.mjs';
import { within } from './wait.mjs';

const PICTURE = ['-re', '-f', 'lavfi', '-i', 'testsrc2=size=640x360:rate=25'];
const TONE = ['-re', '-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000'];
const VIDEO = {
  H264: ['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency',
    '-profile:v', 'baseline', '-pix_fmt', 'yuv420p', '-b:v', '600k', '-g', '25'],
  H265: ['-c:v', 'libx265', '-preset', 'ultrafast', '-tune', 'zerolatency',
    '-x265-params', 'log-level=error', '-pix_fmt', 'yuv420p', '-g', '25'],
  VP9: ['-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8', '-b:v', '600k',
    '-g', '25', '-strict', 'experimental'],
  VP8: ['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-b:v', '600k',
    '-g', '25'],
};
const AUDIO = {
  opus: ['-c:a', 'libopus', '-b:a', '64k'],
  PCMU: ['-c:a', 'pcm_mulaw', '-ar', '8000', '-ac', '1'],
  G722: ['-c:a', 'g722', '-ar', '16000', '-ac', '1'],
  AAC: ['-c:a', 'aac', '-b:a', '96k'],
};
/** GStreamer's encoders. */
const ENCODERS = {
  H264: (gop) => `x264enc tune=zerolatency speed-preset=ultrafast bitrate=600 key-int-max=${gop}
    ! video/x-h264,profile=baseline`,
  H265: (gop) => `x265enc tune=zerolatency speed-preset=ultrafast bitrate=600 key-int-max=${gop}`,
  VP9: (gop) => `vp9enc deadline=1 cpu-used=8 target-bitrate=600000 keyframe-max-dist=${gop}
    ! video/x-vp9,profile=(string)0`,
  opus: () => 'opusenc',
  G722: () => 'audioresample ! audio/x-raw,rate=16000,channels=1 ! avenc_g722',
};

/** @param options transport, video and audio (a codec each, or null) */
export function startFfmpeg(scope, url, options = {}) {
  const { transport = 'tcp', video = 'H264', audio = 'opus' } = options;
  const inputs = [...(video ? PICTURE : []), ...(audio ? TONE : [])];
  const outputs = [
    ...(video ? ['-map', '0:v', ...VIDEO[video]] : []),
    ...(audio ? ['-map', video ? '1:a' : '0:a', ...AUDIO[audio]] : []),
  ];
  return new Child(scope, 'ffmpeg', ['-nostdin', '-hide_banner', '-loglevel',
    'warning', ...inputs, ...outputs, '-f', 'rtsp', '-rtsp_transport', transport,
    url], { name: 'ffmpeg' });
}

/** Announces its sound first. @param options gop: frames between key frames */
export function startClientSink(scope, url, options = {}) {
  const { transport = 'tcp', gop = 25, video = 'H264', audio = 'opus' } = options;
  const words = `videotestsrc is-live=true
    ! video/x-raw,format=I420,width=640,height=360,framerate=25/1
    ! ${ENCODERS[video](gop)} ! rtspclientsink name=r protocols=${transport} location=${url}
    audiotestsrc is-live=true freq=440 volume=0.125 ! audioconvert
    ! ${ENCODERS[audio]()} ! r.`;
  return new Child(scope, 'gst-launch-1.0', ['-e', ...words.split(/\s+/)],
    { name: 'gst-launch' });
}

export const SDP = ['v=0', 'o=- 0 0 IN IP4 127.0.0.1', 's=-', 't=0 0',
  'm=video 0 RTP/AVP 96', 'a=rtpmap:96 VP8/90000', 'a=control:streamid=0', '']
  .join('\r\n');

/** One connection; every answer is read whole. */
export class RtspClient {
  #socket;
  #input = Buffer.alloc(0);
  #sequence = 0;
  #wake = () => {};
  closed = false;

  static async connect(scope, url) {
    const client = new RtspClient();
    client.url = url;
    const { hostname, port } = new URL(url);
    client.#socket = net.connect(Number(port), hostname);
    client.#socket.on('error', () => { /* closed says it */ });
    client.#socket.on('close', () => {
      client.closed = true;
      client.#wake();
    });
    client.#socket.on('data', (data) => {
      client.#input = Buffer.concat([client.#input, data]);
      client.#wake();
    });
    scope.defer(() => client.close());
    await new Promise((resolve) => client.#socket.once('connect', resolve));
    return client;
  }

  close() { this.#socket.destroy(); }
  write(data) { this.#socket.write(data); }

  /** Until it is closed by the other side. */
  async ended(timeoutMs = 15000) {
    await within('the connection is closed', timeoutMs, (async () => {
      while (!this.closed) {
        await new Promise((resolve) => { this.#wake = resolve; });
      }
    })());
  }

  #take() {
    while (this.#input[0] === 0x24 && this.#input.length >= 4) { // '$'
      const size = 4 + this.#input.readUInt16BE(2);
      if (this.#input.length < size) {
        return null;
      }
      this.#input = this.#input.subarray(size);
    }
    const end = this.#input.indexOf('\r\n\r\n');
    if (end < 0) {
      return null;
    }
    const text = this.#input.subarray(0, end).toString();
    this.#input = this.#input.subarray(end + 4);
    const [, status, reason] = /^RTSP\/1\.0 (\d+) (.*)/.exec(text);
    return { status: Number(status), reason, text };
  }

  /** The answer, or null when the connection ends without one. */
  async request(method, { url = this.url, headers = {}, body = '' } = {}) {
    const lines = [`${method} ${url} RTSP/1.0`, `CSeq: ${this.#sequence += 1}`];
    for (const [name, value] of Object.entries(headers)) {
      lines.push(`${name}: ${value}`);
    }
    if (body !== '') {
      lines.push(`Content-Length: ${Buffer.byteLength(body)}`);
    }
    this.write(`${lines.join('\r\n')}\r\n\r\n${body}`);
    return within(`an answer to ${method}`, 15000, (async () => {
      for (;;) {
        const answer = this.#take();
        if (answer || this.closed) {
          return answer;
        }
        await new Promise((resolve) => { this.#wake = resolve; });
      }
    })());
  }

  announce(body = SDP, headers = {}) {
    return this.request('ANNOUNCE', {
      headers: { 'Content-Type': 'application/sdp', ...headers }, body,
    });
  }

  /** ANNOUNCE, SETUP (interleaved) and RECORD; all must be 200. */
  async publish() {
    const transport = 'RTP/AVP/TCP;unicast;interleaved=0-1;mode=record';
    const answers = [await this.announce()];
    answers.push(await this.request('SETUP', {
      url: `${this.url}/streamid=0`, headers: { Transport: transport },
    }));
    this.session = /^Session: ([^;\r]+)/m.exec(answers[1].text)?.[1];
    answers.push(await this.request('RECORD', { headers: { Session: this.session } }));
    return answers.map((answer) => answer.status);
  }
}
