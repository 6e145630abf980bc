// SPDX-License-Identifier: MIT
//
// The load client and what compares servers with it: its counters are the server's, and
// a hostile server cannot break it. Nothing here asserts a speed.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { drawPlot, niceStep } from '../bench/lib/plot.mjs';
import { isClean } from '../bench/lib/rows.mjs';
import { inTurn, median, ratio } from '../bench/lib/statistics.mjs';
import { Child } from './lib/child.mjs';
import { createMountpoint } from './lib/fixture.mjs';
import { scoped, suiteScope } from './lib/scope.mjs';
import { BINARY, startServer, temporaryDirectory } from './lib/server.mjs';

const BENCH = join(dirname(BINARY), 'tests/bench/whepcast-bench');
const LIMIT = { timeout: 60000 };

/** Runs it to its end: { code, figures (null without), text }. */
async function runBench(scope, args) {
  const json = join(temporaryDirectory(scope, 'bench'), 'figures.json');
  const child = new Child(scope, BENCH, ['--json', json, ...args], { name: 'whepcast-bench' });
  const { code } = await child.ended;
  let figures = null;
  try {
    figures = JSON.parse(readFileSync(json, 'utf8'));
  } catch { /* the test says whether there must be some */ }
  return { code, figures, text: [...child.stdout, ...child.stderr].join('\n') };
}

describe('whepcast-bench', () => {
  const suite = suiteScope(after);
  let server;
  let source;

  before(async () => {
    server = await startServer(suite);
    const { tracks } = await createMountpoint(suite, server, 'cam');
    const port = (media) => String(tracks.find((track) => track.media === media).port);
    source = ['--url', server.whep('cam'), '--send', '--video-port', port('video'),
      '--audio-port', port('audio'), '--bitrate', '1000000', '--gop', '30'];
  });

  async function engine() {
    return (await server.api.server()).engine;
  }

  for (const [name, args] of [['one socket for all', []], ['own sockets', ['--own-sockets']]]) {
    test(`counts what the server counts: ${name}`, LIMIT, scoped(async (scope) => {
      const first = await engine();
      const { code, figures, text } = await runBench(scope, [...source, ...args,
        '--viewers', '6', '--verify', '50', '--duration', '2', '--pid', String(server.pid)]);
      const last = await engine();

      assert.equal(code, 0, text);
      assert.equal(figures.joined, 6);
      assert.equal(figures.joins_failed, 0);
      assert.equal(figures.lost, 0);
      assert.equal(figures.auth_failures, 0);
      assert.ok(figures.packets > 6 * 100, text);
      assert.ok(figures.packets_verified > 0 && figures.packets_verified < figures.packets);
      assert.equal(figures.decodable_percent, 100);
      // What is on its way when a viewer leaves is counted by the server alone.
      const sent = last.datagrams_out - first.datagrams_out;
      assert.ok(figures.datagrams <= sent, `${figures.datagrams} of ${sent}`);
      assert.ok(figures.datagrams >= sent - 6 * 40, `${figures.datagrams} of ${sent}`);
      assert.ok(figures.datagram_bytes <= last.bytes_out - first.bytes_out);
      assert.equal(last.subscribers, first.subscribers);
      assert.ok(figures.threads_before > 0 && figures.fds_after > 0);
    }));
  }

  test('what is lost comes back, for those that only count too', LIMIT,
    scoped(async (scope) => {
      const { code, figures, text } = await runBench(scope, [...source, '--viewers', '4',
        '--verify', '25', '--loss', '5', '--lead', '1500', '--duration', '3']);

      assert.equal(code, 0, text);
      assert.ok(figures.dropped > 0 && figures.nacked > 0, text);
      assert.ok(figures.recovered > figures.dropped / 4, text);
      assert.ok(figures.lost_video <= 4 * 10, text);
      assert.equal(figures.auth_failures, 0);
    }));

  test('viewers who come and go are all gone at the end', LIMIT, scoped(async (scope) => {
    const { code, figures, text } = await runBench(scope, [...source, '--viewers', '12',
      '--join-rate', '100', '--stay', '100', '--at-once', '3']);

    assert.equal(code, 0, text);
    assert.equal(figures.joined, 12);
    assert.equal(figures.with_key_frame, 12);
    assert.ok(figures.post_to_key_frame_ms_p99 >= figures.post_to_201_ms_p50);
  }));

  test('a crowd joins, the source dies and returns', LIMIT, scoped(async (scope) => {
    const { code, figures, text } = await runBench(scope, [...source, '--viewers', '2',
      '--duration', '1', '--crowd', '4', '--crowd-rate', '20', '--outage', '3000']);

    assert.equal(code, 0, text);
    assert.equal(figures.joined, 6);
    assert.ok(figures.crowd_pause_ms_max > 0, text);
    assert.ok(figures.return_to_key_frame_ms_p50 > 0, text);
  }));

  // A stream that is thin: the client decrypts every packet of it.
  test('500 joins in five seconds disturb nobody', { timeout: 120000 },
    scoped(async (scope) => {
      const { tracks } = await createMountpoint(scope, server, 'crowd', { tracks: [
        { media: 'video', codec: 'H264', port: 0, payload_type: 96,
          fmtp: 'packetization-mode=1;profile-level-id=42c01e' }] });
      const { code, figures, text } = await runBench(scope, ['--url', server.whep('crowd'),
        '--send', '--video-port', String(tracks[0].port), '--bitrate', '50000', '--fps', '5',
        '--gop', '5', '--own-sockets', '--viewers', '10', '--duration', '1',
        '--crowd', '500', '--crowd-rate', '100']);

      assert.equal(code, 0, text);
      assert.equal(figures.joins_failed, 0, text);
      assert.equal(figures.with_key_frame, 510, text);
      assert.equal(figures.auth_failures, 0, text);
      assert.equal(figures.lost, 0, text);
    }));

  test('a viewer that is refused is a failure with its reason', LIMIT,
    scoped(async (scope) => {
      const { code, figures, text } = await runBench(scope, ['--url', server.whep('nobody'),
        '--duration', '0']);

      assert.equal(code, 1);
      assert.equal(figures.joins_failed, 1);
      assert.match(text, /viewer 0: POST: 404/);
    }));

  test('wrong usage says what would be right', LIMIT, scoped(async (scope) => {
    for (const [args, said] of [
      [[], /--url is needed/],
      [['--url', 'http://127.0.0.1:1/', '--verify', '101'], /--verify 0 to 100/],
      [['--url', 'http://127.0.0.1:1/', '--api', 'rtmp'], /whep or janus/],
      [['--url', 'http://127.0.0.1:1/', '--addresses', '10.0.0.0/24', '-n', '200'],
        /twice as many addresses/],
      [['--url', 'http://127.0.0.1:1/', '--outage', '5'], /--outage needs --send/],
    ]) {
      const { code, text } = await runBench(scope, args);
      assert.equal(code, 2, text);
      assert.match(text, said);
    }
    const { code, text } = await runBench(scope, ['--help']);
    assert.equal(code, 0);
    assert.match(text, /^Usage:\n {2}whepcast-bench \[OPTION/);
    assert.match(text, /--crowd-rate/);
  }));
});

/** Answers every request with the next of `answers`, then with the last one. */
async function fakeJanus(scope, answers) {
  let n = 0;
  const server = createServer((request, response) => {
    request.resume();
    response.setHeader('Connection', 'close');
    response.end(answers[Math.min(n, answers.length - 1)]);
    n += 1;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  scope.defer(() => server.close());
  return `http://127.0.0.1:${server.address().port}/janus`;
}

describe('whepcast-bench against a Janus that lies', () => {
  const created = '{"janus":"success","data":{"id":1}}';
  const acknowledged = '{"janus":"ack"}';
  const offer = (sdp) => JSON.stringify({ janus: 'event', jsep: { type: 'offer', sdp } });

  for (const [name, answers, said] of [
    ['no JSON', ['<html>'], /step 0/],
    ['no id', ['{"janus":"success"}'], /no id in the answer/],
    ['an id that is no number', ['{"janus":"success","data":{"id":[1]}}'], /no id/],
    ['nested too deep', ['['.repeat(5000)], /too large/],
    ['an error', ['{"janus":"error","error":{"reason":"unauthorised"}}'], /unauthorised/],
    ['no such mountpoint', [created, created, acknowledged,
      '{"janus":"event","plugindata":{"data":{"error":"No such mountpoint"}}}'],
    /No such mountpoint/],
    ['an offer that is none', [created, created, acknowledged, offer('hello')], /offer: /],
    ['an offer to nowhere', [created, created, acknowledged, offer('v=0\r\n'
      + 'a=ice-lite\r\na=ice-ufrag:u\r\na=ice-pwd:p\r\na=fingerprint:sha-256 AA\r\n'
      + 'a=setup:actpass\r\nm=video 9 UDP/TLS/RTP/SAVPF 200 -1 999999999999\r\n'
      + 'a=candidate:1 1 udp 1 127.0.0.1 9 typ host\r\n'), acknowledged], /ICE/],
  ]) {
    test(name, LIMIT, scoped(async (scope) => {
      const url = await fakeJanus(scope, answers);
      const { code, figures, text } = await runBench(scope,
        ['--api', 'janus', '--url', url, '--duration', '0']);

      assert.equal(code, 1, text);
      assert.equal(figures.joins_failed, 1);
      assert.match(text, said);
    }));
  }
});

describe('tests/bench/compare', () => {
  test('ratios of pairs and their interval', () => {
    const { value, low, high } = ratio([1, 2, 4], [10, 20, 40]);
    assert.ok(Math.abs(value - 10) < 1e-9 && Math.abs(low - 10) < 1e-9
      && Math.abs(high - 10) < 1e-9);
    const spread = ratio([1, 1], [2, 8]);
    assert.ok(Math.abs(spread.value - 4) < 1e-9 && spread.low < 2 && spread.high > 8);
    assert.ok(Number.isNaN(ratio([0], [0]).value));
    assert.ok(Number.isNaN(ratio([1], [3]).low), 'one pair says nothing of the spread');
    assert.equal(median([3, 1, 2]), 2);
    assert.equal(median([4, 1, 2, 3]), 2.5);
    assert.deepEqual(inTurn(['a', 'b'], 3), [['a', 'b'], ['b', 'a'], ['a', 'b']]);
  });

  test('what counts as without loss', () => {
    const good = { joined: 9, joins_failed: 0, lost_steady: 0, sent_packets: 4000,
      got_share_percent_min: 99.5, outside_share_percent: 99.7 };
    assert.ok(isClean(good, 9, true));
    assert.ok(!isClean(good, 10, true));
    assert.ok(!isClean({ ...good, lost_steady: 1 }, 9, true));
    assert.ok(!isClean({ ...good, got_share_percent_min: 95 }, 9, true));
    assert.ok(!isClean({ ...good, outside_share_percent: 90 }, 9, true));
    assert.ok(isClean({ ...good, outside_share_percent: undefined }, 9, false));
  });

  test('the plot has axes, names and every point', () => {
    const svg = drawPlot({ title: 'a & b', subtitle: 's', labelX: 'viewers', labelY: 'CPU',
      series: [{ name: 'one', points: [{ x: 10, y: 5, good: true }, { x: 20, y: 9 }] },
        { name: 'none', points: [] }] });
    assert.match(svg, /^<svg xmlns/);
    assert.match(svg, /a &amp; b/);
    assert.equal(svg.match(/<circle/g).length, 2);
    assert.equal(svg.match(/class="end"/g).length, 1);
    assert.match(svg, />viewers<.*>CPU</s);
    assert.match(svg, /prefers-color-scheme: dark/);
    assert.deepEqual([100, 64, 7, 3300].map(niceStep), [20, 10, 1, 500]);
  });
});
