// SPDX-License-Identifier: MIT
//
// WebRTC stacks that are no browser's: aiortc as viewer and publisher, GStreamer's
// webrtcbin with libnice as viewer. In a network namespace, because neither pairs
// with a server on a loopback address. Rows in brackets are those of the
// conformance list.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { Child } from './lib/child.mjs';
import { liveMountpoint } from './lib/fixture.mjs';
import { ADDRESS, inNamespace } from './lib/namespace.mjs';
import { scoped, suiteScope } from './lib/scope.mjs';
import { startServer } from './lib/server.mjs';
import { waitFor } from './lib/wait.mjs';

const LIMIT = { timeout: 60000 };
const PICTURE = { size: '320x180', fps: 15, gop: 15 };
// Debian's: another python3 earlier in the path has not its modules.
const PYTHON = '/usr/bin/python3';

/** A client that answers every line with what it has seen, in JSON. */
class Client {
  #read = 0;

  constructor(scope, program, args) {
    const path = fileURLToPath(new URL(`./lib/${program}`, import.meta.url));
    this.child = new Child(scope, PYTHON, ['-B', path, ...args], { name: program, stdin: 'pipe' });
  }

  /** Its next line. */
  async next() {
    const line = await waitFor(`${this.child.name} says something`, () => {
      if (this.child.exit && this.child.stdout.length === this.#read) {
        throw new Error(this.child.tail());
      }
      return this.child.stdout[this.#read];
    }, { timeoutMs: 30000 });
    this.#read += 1;
    return JSON.parse(line);
  }

  async report() {
    this.child.write('');
    return this.next();
  }

  /** Waits until it has decoded so much of both. */
  decoded({ video, audio }) {
    return waitFor(`${video} pictures and ${audio} pieces of sound`, async () => {
      const seen = await this.report();
      if (seen.video < video || seen.audio < audio) {
        throw new Error(JSON.stringify(seen));
      }
      return seen;
    }, { timeoutMs: 20000, everyMs: 200 });
  }

  /** It DELETEs its session and ends; the status of the DELETE. */
  async leave() {
    this.child.end();
    const { deleted } = await this.next();
    await this.child.ended;
    return deleted;
  }
}

/** Whether an id of a header extension is two URIs in one description. */
function hasAnIdTwice(sdp) {
  const ids = new Map();
  for (const [, id, uri] of sdp.matchAll(/^a=extmap:(\d+)\S* (\S+)/gm)) {
    if (ids.has(id) && ids.get(id) !== uri) {
      return true;
    }
    ids.set(id, uri);
  }
  return false;
}

function define() {
  const suite = suiteScope(after);
  let server;

  before(async () => {
    server = await startServer(suite, { config: `[ice]\naddresses=${ADDRESS}\n` });
    for (const video of ['H264', 'VP8']) {
      await liveMountpoint(suite, server, video.toLowerCase(), { video }, PICTURE);
    }
  });

  /** A client that is connected, with `offer` and `answer`. */
  async function start(scope, program, ...args) {
    const client = new Client(scope, program, args);
    return Object.assign(client, await client.next());
  }

  const aiortc = (scope, ...args) => start(scope, 'aiortc-client.py', ...args);

  describe('aiortc', () => {
    for (const id of ['h264', 'vp8']) {
      test(`watches ${id} and Opus [W-01 D-01]`, LIMIT, scoped(async (scope) => {
        const viewer = await aiortc(scope, 'watch', server.whep(id));
        const seen = await viewer.decoded({ video: 20, audio: 50 });
        assert.deepEqual(seen.size, [320, 180]);
        assert.ok(Math.abs(seen.peak_hz - 440) <= 50, `${seen.peak_hz} Hz`);
        await server.api.waitViewers(id, 1);
        assert.equal(await viewer.leave(), 200);
        await server.api.waitViewers(id, 0);
      }));

      test(`publishes ${id} and Opus, which another one watches [I-01 I-14]`, LIMIT,
        scoped(async (scope) => {
          const name = `from-${id}`;
          await server.api.create({ id: name, kind: 'whip' });
          const codec = id.toUpperCase();
          const publisher = await aiortc(scope, 'publish', server.whip(name), codec);
          assert.ok(!hasAnIdTwice(publisher.answer), publisher.answer);
          const { tracks } = await server.api.waitState(name, 'live', { timeoutMs: 15000 });
          assert.deepEqual(tracks.map((track) => track.codec).sort(), [codec, 'opus']);
          const viewer = await aiortc(scope, 'watch', server.whep(name));
          const seen = await viewer.decoded({ video: 20, audio: 50 });
          assert.deepEqual(seen.size, [320, 240]);
          assert.ok(Math.abs(seen.peak_hz - 440) <= 50, `${seen.peak_hz} Hz`);
          assert.equal(await publisher.leave(), 200);
          await server.api.waitState(name, 'idle');
        }));
    }

    test('an id that it offers for two extensions is taken for one at most [S-27]', LIMIT,
      scoped(async (scope, t) => {
        const viewer = await aiortc(scope, 'watch', server.whep('vp8'));
        if (!hasAnIdTwice(viewer.offer)) {
          t.skip('this aiortc gives every extension an id of its own');
          return;
        }
        assert.ok(!hasAnIdTwice(viewer.answer), viewer.answer);
        await viewer.decoded({ video: 20, audio: 50 });
        await viewer.leave();
      }));
  });

  describe('webrtcbin and libnice', () => {
    for (const id of ['h264', 'vp8']) {
      test(`watches ${id} and Opus, offered as whepsrc does [M-10 M-20 D-01]`, LIMIT,
        scoped(async (scope) => {
          const viewer = await start(scope, 'webrtcbin-client.py', 'watch', server.whep(id));
          assert.match(viewer.offer, /^a=rtpmap:96 OPUS\/48000\r?$/m);
          assert.doesNotMatch(viewer.offer, /^a=fmtp:10[1-5] /m);
          const seen = await viewer.decoded({ video: 20, audio: 50 });
          assert.deepEqual(seen.size, [320, 180]);
          assert.equal(await viewer.leave(), 200);
          await server.api.waitViewers(id, 0);
        }));
    }
  });
}

await inNamespace(import.meta.url, { name: 'stacks', timeout: 300000 }, define);
