// SPDX-License-Identifier: MIT
//
// kind=rtsp-push: ffmpeg and GStreamer publish by RTSP into the real program, and
// a real browser plays it.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import net from 'node:net';
import { after, before, describe, test } from 'node:test';

import { launchBrowser, openViewerPage, Viewer } from './lib/browser.mjs';
import { descriptors, threads } from './lib/proc.mjs';
import { RtspClient, SDP, startClientSink, startFfmpeg } from './lib/rtsp-publisher.mjs';
import { scoped, suiteScope } from './lib/scope.mjs';
import { LOOPBACK, startServer } from './lib/server.mjs';
import { waitFor } from './lib/wait.mjs';

const LIMIT = { timeout: 120000 };
const CONFIG = `${LOOPBACK}[rtsp]\nlisten=127.0.0.1:0\n`;
const suite = suiteScope(after);
let server;
let browser;

before(async () => {
  server = await startServer(suite, { config: CONFIG });
  browser = await launchBrowser(suite);
});

/** A mountpoint, and the URL that publishers use: it stands in `push`. */
async function create(scope, id, more = {}) {
  const { push } = await server.api.create({ id, kind: 'rtsp-push', ...more });
  scope.defer(() => server.api.call('DELETE', `/api/v1/mountpoints/${id}`));
  return /"(rtsp:\/\/[^"]+)"$/.exec(push)[1].replace('publisher:$PUBLISH_TOKEN@', '');
}

async function watch(scope, id) {
  const page = await openViewerPage(scope, browser, server.url);
  return Viewer.watch(scope, page, { url: server.whep(id) });
}

const waitLive = (id) => server.api.waitState(id, 'live', { timeoutMs: 20000 });

describe('publishers', () => {
  for (const [name, start] of [['ffmpeg', startFfmpeg], ['rtspclientsink', startClientSink]]) {
    for (const transport of ['tcp', 'udp']) {
      test(`${name} over ${transport}: frames decoded, 440 Hz heard`, LIMIT,
        scoped(async (scope) => {
          const url = await create(scope, 'plain');
          start(scope, url, { transport });
          const mountpoint = await waitLive('plain');
          assert.deepEqual(mountpoint.tracks.map((track) => track.codec),
            ['H264', 'opus']);
          const viewer = await watch(scope, 'plain');
          await viewer.frames(40);
          await viewer.tone([440]);
          const { tracks } = await server.api.read('plain');
          assert.deepEqual(tracks.map((track) => track.malformed), [0, 0]);
        }));
    }
  }

  test('VP8 and PCMU, video alone, sound alone', LIMIT, scoped(async (scope) => {
    const url = await create(scope, 'kinds');
    for (const [video, audio, codecs] of [['VP8', 'PCMU', ['VP8', 'PCMU']],
      ['H264', null, ['H264']], [null, 'opus', ['opus']]]) {
      const ffmpeg = startFfmpeg(scope, url, { video, audio });
      await waitLive('kinds');
      const viewer = await watch(scope, 'kinds');
      await (video ? viewer.frames(20) : viewer.tone([440]));
      const { tracks } = await server.api.read('kinds');
      assert.deepEqual(tracks.filter((track) => track.has_start)
        .map((track) => track.codec), codecs);
      await viewer.remove();
      await ffmpeg.stop();
      await server.api.waitState('kinds', 'idle');
    }
  }));

  for (const [name, start] of [['ffmpeg', startFfmpeg], ['rtspclientsink', startClientSink]]) {
    test(`${name}: VP9 is seen and G.722 heard, H.265 comes whole`, LIMIT,
      scoped(async (scope) => {
        const url = await create(scope, 'rare');
        const first = start(scope, url, { video: 'VP9', audio: 'G722' });
        await waitLive('rare');
        const viewer = await watch(scope, 'rare');
        await viewer.frames(20);
        await viewer.tone([440]);
        await viewer.remove();
        await first.stop();
        await waitFor('it has gone', async () =>
          (await server.api.read('rare')).state !== 'live');
        start(scope, url, { video: 'H265', audio: 'opus' });
        await waitLive('rare');
        // Chromium does not decode it.
        const [video] = await waitFor('key frames', async () => {
          const { tracks } = await server.api.read('rare');
          return tracks[0].frames > 60 && tracks[0].gop_ms !== null && tracks;
        }, { timeoutMs: 20000 });
        assert.deepEqual([video.codec, video.malformed, video.has_start], ['H265', 0, true]);
      }));
  }

  test('AAC is heard: it becomes Opus while somebody listens', LIMIT,
    scoped(async (scope) => {
      const url = await create(scope, 'aac');
      startFfmpeg(scope, url, { audio: 'AAC' });
      await waitLive('aac');
      const viewer = await watch(scope, 'aac');
      await viewer.frames(20);
      await viewer.tone([440]);
      assert.match((await viewer.stats()).audioCodec, /opus/i);
    }));

  test('rtspclientsink makes a key frame when it is asked for one', LIMIT,
    scoped(async (scope) => {
      const bare = await startServer(scope, {
        config: `${CONFIG}[fanout]\nfast-start=false\n`,
      });
      const { push } = await bare.api.create({ id: 'pli', kind: 'rtsp-push' });
      startClientSink(scope, /"(rtsp:[^"]+)"$/.exec(push)[1], { transport: 'udp', gop: 100000 });
      await bare.api.waitState('pli', 'live', { timeoutMs: 20000 });
      // It came too late for the only key frame that there would be.
      const page = await openViewerPage(scope, browser, bare.url);
      const viewer = await Viewer.watch(scope, page, { url: bare.whep('pli') });
      await viewer.frames(20);
    }));
});

describe('who may publish', () => {
  test('the token as password of anybody, by Digest, over tcp and udp', LIMIT,
    scoped(async (scope) => {
      const url = await create(scope, 'guarded', { publish_token: 'open-sesame' });
      for (const transport of ['tcp', 'udp']) {
        const ffmpeg = startFfmpeg(scope,
          url.replace('://', '://somebody:open-sesame@'), { transport, audio: null });
        await waitLive('guarded');
        await ffmpeg.stop();
        await server.api.waitState('guarded', 'idle');
      }
      const sink = startClientSink(scope, url.replace('://', '://me:open-sesame@'));
      await waitLive('guarded');
      await sink.stop(); // asked to end (SIGINT) in its first moments it may never do so
    }));

  test('without it, or with another one: 401 and what would help', LIMIT,
    scoped(async (scope) => {
      const url = await create(scope, 'guarded', { publish_token: 'open-sesame' });
      for (const who of ['', 'me:wrong@']) {
        const ffmpeg = startFfmpeg(scope, url.replace('://', `://${who}`));
        await ffmpeg.ended;
        assert.match(ffmpeg.tail(), /401 Unauthorized: the password is the mountpoint's/);
      }
      assert.equal((await server.api.read('guarded')).state, 'idle');
    }));

  test('Basic, a token in the query, a Digest of another request', LIMIT,
    scoped(async (scope) => {
      const url = await create(scope, 'guarded', { publish_token: 'open-sesame' });
      const announce = async (target, headers) => {
        const client = await RtspClient.connect(scope, target);
        const answer = await client.announce(SDP, headers);
        client.close();
        return answer.status;
      };
      const basic = (text) => ({
        Authorization: `Basic ${Buffer.from(text).toString('base64')}`,
      });
      assert.equal(await announce(url, basic('x:wrong')), 401);
      assert.equal(await announce(url, basic('x:open-sesame')), 200);
      await server.api.waitState('guarded', 'lost');
      assert.equal(await announce(`${url}?token=no`, {}), 401);
      assert.equal(await announce(`${url}?token=open-sesame`, {}), 200);

      const client = await RtspClient.connect(scope, url);
      const asked = await client.announce();
      const nonce = /nonce="([^"]+)"/.exec(asked.text)[1];
      const md5 = (text) => createHash('md5').update(text).digest('hex');
      const digest = (method, uri) => `Digest username="u", realm="whepcast", `
        + `nonce="${nonce}", uri="${uri}", response="${md5(
          `${md5('u:whepcast:open-sesame')}:${nonce}:${md5(`${method}:${uri}`)}`)}"`;
      const status = async (value) =>
        (await client.announce(SDP, { Authorization: value })).status;
      assert.equal(await status(digest('SETUP', url)), 401);
      for (const value of ['Digest', 'Digest a= b', 'Digest username="', 'Digest =,=',
        'Basic', 'Basic \x7f', 'Bearer open-sesame']) {
        assert.equal(await status(value), 401, value);
      }
      assert.equal(await status(digest('ANNOUNCE', url)), 200);
    }));

  test('a new token counts for the next publisher', LIMIT, scoped(async (scope) => {
    const url = await create(scope, 'guarded', { publish_token: 'first-token' });
    const status = async (token) => {
      const client = await RtspClient.connect(scope, `${url}?token=${token}`);
      const answer = await client.announce();
      client.close();
      return answer.status;
    };
    assert.equal(await status('first-token'), 200);
    await server.api.edit('guarded', { publish_token: 'second-token' });
    assert.equal(await status('first-token'), 401);
    assert.equal(await status('second-token'), 200);
  }));

  test('unknown 404, disabled 403, to play 405', LIMIT, scoped(async (scope) => {
    const url = await create(scope, 'shut');
    const unknown = startFfmpeg(scope, url.replace(/shut$/, 'nothing'));
    await unknown.ended;
    assert.match(unknown.tail(), /404 no mountpoint of that name takes publishers/);

    await server.api.ok('POST', '/api/v1/mountpoints/shut/disable');
    const disabled = startFfmpeg(scope, url);
    await disabled.ended;
    assert.match(disabled.tail(), /403 shut is disabled/);

    const client = await RtspClient.connect(scope, url);
    for (const method of ['DESCRIBE', 'PLAY', 'REDIRECT']) {
      const answer = await client.request(method);
      assert.equal(answer.status, 405);
      assert.match(answer.text, /^Allow: OPTIONS, ANNOUNCE/m);
    }
  }));

  test('one publisher at a time', LIMIT, scoped(async (scope) => {
    const url = await create(scope, 'single');
    const first = startFfmpeg(scope, url);
    await waitLive('single');
    const second = startFfmpeg(scope, url);
    await second.ended;
    assert.match(second.tail(), /453 single: 127\.0\.0\.1 publishes already/);
    assert.equal(first.exit, null);
    assert.equal((await server.api.read('single')).state, 'live');
  }));

  test('with publisher_takeover the newest is let in, and the viewer goes on', LIMIT,
    scoped(async (scope) => {
      const url = await create(scope, 'takeover', { publisher_takeover: true });
      const first = startFfmpeg(scope, url);
      await waitLive('takeover');
      const viewer = await watch(scope, 'takeover');
      await viewer.frames(20);
      startFfmpeg(scope, url, { transport: 'udp' });
      await first.ended;
      await viewer.frames(50);
      assert.equal((await server.api.read('takeover')).tracks[0].restarts, 1);
    }));

  test('the server speaks of a port that is taken', LIMIT, scoped(async (scope) => {
    const blocker = net.createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => blocker.once('listening', resolve));
    scope.defer(() => new Promise((resolve) => blocker.close(resolve)));
    const { port } = blocker.address();
    const other = await startServer(scope, {
      config: `${LOOPBACK}[rtsp]\nlisten=127.0.0.1:${port}\n`,
    });
    const answer = await other.api.call('POST', '/api/v1/mountpoints',
      { id: 'a', kind: 'rtsp-push' });
    assert.equal(answer.status, 409);
    assert.match(answer.json.detail, new RegExp(`\\[rtsp\\] listen=127\\.0\\.0\\.1:${port}: `));
  }));
});

describe('how they leave', () => {
  test('TEARDOWN: idle at once', LIMIT, scoped(async (scope) => {
    // Their silence would be noticed too late to be what is seen here.
    const url = await create(scope, 'leave', { source_timeout_ms: 60000 });
    for (const transport of ['tcp', 'udp']) {
      const ffmpeg = startFfmpeg(scope, url, { transport });
      await waitLive('leave');
      await ffmpeg.stop({ signal: 'SIGINT' });
      await server.api.waitState('leave', 'idle');
    }
  }));

  test('killed: lost, and why; another one may come', LIMIT, scoped(async (scope) => {
    // Their silence would be noticed too late to be what is seen here.
    const url = await create(scope, 'leave', { source_timeout_ms: 60000 });
    for (const transport of ['tcp', 'udp']) {
      const ffmpeg = startFfmpeg(scope, url, { transport });
      await waitLive('leave');
      await ffmpeg.kill();
      const { reason } = await server.api.waitState('leave', 'lost');
      assert.match(reason, /ended without TEARDOWN/);
    }
  }));

  test('silent: lost after source_timeout_ms; it goes on, or another one may come',
    LIMIT, scoped(async (scope) => {
      const url = await create(scope, 'stall', { source_timeout_ms: 1000 });
      const ffmpeg = startFfmpeg(scope, url);
      await waitLive('stall');
      const viewer = await watch(scope, 'stall');
      await viewer.frames(10);
      ffmpeg.signal('SIGSTOP');
      const { reason } = await server.api.waitState('stall', 'lost');
      assert.match(reason, /no packets for 1000 ms/);
      ffmpeg.signal('SIGCONT');
      await waitLive('stall');
      await viewer.frames(25);
      ffmpeg.signal('SIGSTOP');
      await server.api.waitState('stall', 'lost');
      startFfmpeg(scope, url);
      await waitLive('stall');
      await viewer.frames(25);
      await ffmpeg.kill();
    }));

  test('ten restarts: the viewer keeps decoding', LIMIT, scoped(async (scope) => {
    const url = await create(scope, 'again');
    let ffmpeg = startFfmpeg(scope, url);
    await waitLive('again');
    const viewer = await watch(scope, 'again');
    await viewer.frames(10);
    for (let i = 0; i < 10; i += 1) {
      await ffmpeg.kill();
      await server.api.waitState('again', 'lost');
      ffmpeg = startFfmpeg(scope, url, { transport: i % 2 ? 'tcp' : 'udp' });
      // The browser has frames of before, and shows those too.
      await waitFor('both tracks have begun anew', async () => {
        const { tracks } = await server.api.read('again');
        assert.deepEqual(tracks.map((track) => track.restarts), [i + 1, i + 1]);
        return true;
      }, { timeoutMs: 20000 });
      await viewer.frames(15);
    }
    await viewer.tone([440]);
    assert.equal(new Set((await viewer.stats()).ssrcs).size, 2);
  }));

  test('disabled while it publishes: it is sent away', LIMIT, scoped(async (scope) => {
    const url = await create(scope, 'switch');
    const ffmpeg = startFfmpeg(scope, url);
    await waitLive('switch');
    await server.api.ok('POST', '/api/v1/mountpoints/switch/disable');
    await ffmpeg.ended;
  }));
});

describe('what it survives', () => {
  test('requests out of order, and too many', LIMIT, scoped(async (scope) => {
    const url = await create(scope, 'order');
    const client = await RtspClient.connect(scope, url);
    for (const method of ['SETUP', 'RECORD', 'TEARDOWN', 'GET_PARAMETER', 'PAUSE']) {
      assert.equal((await client.request(method)).status, 455, method);
    }
    assert.deepEqual(await client.publish(), [200, 200, 200]);
    assert.equal((await client.announce()).status, 455);
    const keep = { headers: { Session: client.session } };
    for (const method of ['GET_PARAMETER', 'SET_PARAMETER', 'PAUSE', 'RECORD']) {
      assert.equal((await client.request(method, keep)).status, 200, method);
    }
    assert.equal((await client.request('SETUP', keep)).status, 455);

    const greedy = await RtspClient.connect(scope, url);
    const statuses = [];
    for (let i = 0; i < 20; i += 1) {
      statuses.push((await greedy.request('OPTIONS')).status);
    }
    assert.deepEqual([statuses[0], statuses[19]], [200, 503]);
  }));

  test('connections that do not go on are ended', LIMIT, scoped(async (scope) => {
    const url = await create(scope, 'slow');
    const silent = await RtspClient.connect(scope, url);
    const half = await RtspClient.connect(scope, url);
    half.write('ANNOUNCE rtsp://x/slow RTSP/1.0\r\nCSeq: 1\r\n');
    const announced = await RtspClient.connect(scope, url);
    assert.equal((await announced.announce()).status, 200);
    await Promise.all([silent.ended(), half.ended(), announced.ended()]);
  }));

  test('SDP that cannot be taken: 400 or 415 and the line', LIMIT, scoped(async (scope) => {
    const url = await create(scope, 'sdp');
    const head = 'v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n';
    for (const [body, status, reason] of [
      ['nonsense', 400, /line 1/],
      [head, 415, /no m-line/],
      [`${head}m=video 0 RTP/SAVP 96\r\n`, 415, /encrypted/],
      [`${head}m=video 0 RTP/AVP 200\r\n`, 400, /line 5.*payload type/],
      [`${head}m=video 0 RTP/AVP 96\r\na=rtpmap:96 THEORA/90000\r\n`, 415, /THEORA/],
      [head + 'm=audio 0 RTP/AVP 0\r\n'.repeat(9), 415, /more than 8/],
      [`${head}m=video 0 RTP/AVP 96\r\na=x:${'y'.repeat(9000)}\r\n`, 400, /longer than/],
    ]) {
      const client = await RtspClient.connect(scope, url);
      const answer = await client.announce(body);
      assert.equal(answer.status, status, answer.reason);
      assert.match(answer.reason, reason);
      client.close();
    }
  }));

  test('noise in ANNOUNCE bodies, on the channels, and instead of RTSP', LIMIT,
    scoped(async (scope) => {
      const url = await create(scope, 'noise');
      // Always the same noise.
      let seed = 1;
      const random = (limit) => {
        seed = (seed * 1103515245 + 12345) % 2147483648;
        return seed % limit;
      };
      for (let i = 0; i < 150; i += 1) {
        const body = Buffer.from(SDP);
        for (let n = random(8) + 1; n > 0; n -= 1) {
          body[random(body.length)] = random(256);
        }
        const client = await RtspClient.connect(scope, url);
        const answer = await client.announce(body.toString('latin1'));
        assert.ok(answer === null || [200, 400, 415].includes(answer.status),
          answer?.reason);
        client.close();
        await waitFor('it is free', async () =>
          (await server.api.read('noise')).state !== 'starting');
      }
      for (let i = 0; i < 20; i += 1) {
        const client = await RtspClient.connect(scope, url);
        assert.deepEqual(await client.publish(), [200, 200, 200]);
        for (let n = 0; n < 50; n += 1) {
          const payload = randomBytes(random(60));
          if (n % 2 && payload.length > 1) {
            payload[0] = 0x80;
            payload[1] = n % 4 === 1 ? 96 : 200 + random(8);
          }
          client.write(Buffer.concat([
            Buffer.from([0x24, random(4), 0, payload.length]), payload]));
        }
        // Everything written has been read when this is answered.
        await client.request('TEARDOWN', { headers: { Session: client.session } });
        client.close();
      }
      for (let i = 0; i < 20; i += 1) {
        const client = await RtspClient.connect(scope, url);
        client.write(randomBytes(3000));
        client.close();
      }
      startFfmpeg(scope, url);
      await waitLive('noise');
      assert.equal(server.child.exit, null);
    }));

  test('a hundred publishers in turn leave nothing behind', LIMIT, scoped(async (scope) => {
    const url = await create(scope, 'cycles');
    const once = async (udp) => {
      const client = await RtspClient.connect(scope, url);
      if (udp) {
        assert.equal((await client.announce()).status, 200);
        const setup = await client.request('SETUP', {
          url: `${url}/streamid=0`,
          headers: { Transport: 'RTP/AVP;unicast;client_port=40000-40001;mode=record' },
        });
        assert.match(setup.text, /server_port=\d+-\d+/);
        client.session = /^Session: ([^;\r]+)/m.exec(setup.text)[1];
        await client.request('RECORD', { headers: { Session: client.session } });
      } else {
        assert.deepEqual(await client.publish(), [200, 200, 200]);
      }
      const keep = { headers: { Session: client.session } };
      assert.equal((await client.request('TEARDOWN', keep)).status, 200);
      client.close();
    };
    const settled = () => waitFor('nobody is connected', async () =>
      (await server.api.server()).rtsp.connections === 0);
    await once(false);
    await once(true);
    await settled();
    const before = { files: descriptors(server.pid), threads: threads(server.pid) };
    for (let i = 0; i < 100; i += 1) {
      await once(i % 2 === 1);
    }
    await settled();
    await waitFor('threads and descriptors are as before', () => {
      const now = { files: descriptors(server.pid), threads: threads(server.pid) };
      if (now.files > before.files + 2 || now.threads > before.threads + 2) {
        throw new Error(`${JSON.stringify(before)} ${JSON.stringify(now)}`);
      }
      return true;
    }, { timeoutMs: 30000 });
  }));
});
