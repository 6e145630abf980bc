// SPDX-License-Identifier: MIT
//
// Crowds that mean no good, a source that comes and goes, a clock that jumps: the
// limits hold and those who watch do not notice. Viewers are whepcast-bench's. Rows
// in brackets are those of the WHEP conformance list.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';

import { assertProblem } from './lib/api.mjs';
import { Child } from './lib/child.mjs';
import { createMountpoint, liveMountpoint } from './lib/fixture.mjs';
import { request } from './lib/http.mjs';
import { candidate, fragment, offer } from './lib/offer.mjs';
import { startPusher, pushOptions } from './lib/pusher.mjs';
import { scoped } from './lib/scope.mjs';
import { BINARY, ROOT, startServer, temporaryDirectory } from './lib/server.mjs';
import { waitFor } from './lib/wait.mjs';
import { SDP, SMALL, TRICKLE } from './lib/whep.mjs';

const BUILD = dirname(BINARY);
const BENCH = join(BUILD, 'tests/bench/whepcast-bench');
const CLOCK = join(BUILD, 'tests/e2e/libclock-step.so');
const LONG = process.env.WHEPCAST_LONG === '1';
const CONNECT_MS = 8000;
const LIMIT = { timeout: LONG ? 900000 : 120000 };

/** Viewers, for so many seconds after all have joined; figures() when they are gone. */
async function startViewers(scope, server, id, count, seconds, more = []) {
  const json = join(temporaryDirectory(scope, 'load'), 'figures.json');
  const child = new Child(scope, BENCH, ['--json', json, '--url', server.whep(id),
    '--viewers', String(count), '--join-rate', '100', '--verify', '20',
    '--duration', String(seconds), ...more], { name: 'whepcast-bench' });
  await waitFor(`${count} viewers play`, async () =>
    (await playing(server, id)).length === count, { timeoutMs: 20000 });
  return {
    async figures() {
      const { code } = await child.ended;
      assert.equal(code, 0, [...child.stdout, ...child.stderr].join('\n'));
      return JSON.parse(readFileSync(json, 'utf8'));
    },
  };
}

async function playing(server, id) {
  const { items } = await server.api.sessions(id);
  return items.filter(({ state }) => state === 'playing');
}

/** `count` POSTs, `atOnce` at a time; how often each status came. */
async function flood(server, id, count, atOnce, check) {
  const seen = {};
  let left = count;
  const body = offer();
  const one = async () => {
    while (left > 0) {
      left -= 1;
      const answer = await request(server.whep(id),
        { method: 'POST', headers: { 'Content-Type': SDP }, body });
      seen[answer.status] = (seen[answer.status] ?? 0) + 1;
      if (answer.status !== 201) {
        check(answer);
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, one));
  return seen;
}

const config = (ice, limits) =>
  `[server]\nlog-level=warning\n[ice]\naddresses=127.0.0.1\n${ice}[limits]\n${limits}`;

describe('crowds', () => {
  test('500 POSTs as fast as they go: 429, and viewers see nothing of it [L-01 I-23]', LIMIT,
    scoped(async (scope) => {
      const server = await startServer(scope, {
        config: config('connect-timeout-ms=2000\n', 'joins-per-second=30\n'),
      });
      await liveMountpoint(scope, server, 'calm', {}, SMALL);
      const viewers = await startViewers(scope, server, 'calm', 20, LONG ? 20 : 8);
      const started = Date.now();
      const seen = await flood(server, 'calm', LONG ? 5000 : 500, 50, (answer) => {
        assertProblem(answer, 429);
        assert.match(answer.headers['retry-after'], /^\d+$/);
      });
      const seconds = (Date.now() - started) / 1000;
      assert.deepEqual(Object.keys(seen), ['201', '429']);
      assert.ok(seen[201] <= 30 * (seconds + 2), JSON.stringify({ ...seen, seconds }));
      const figures = await viewers.figures();
      assert.equal(figures.joined, 20);
      assert.equal(figures.lost, 0);
      assert.equal(figures.decodable_percent, 100);
    }));

  test('POSTs that never connect: a bounded number, and they expire [L-03 D-09]', LIMIT,
    scoped(async (scope) => {
      const server = await startServer(scope, {
        config: config('connect-timeout-ms=2000\n', 'max-pending=100\n'),
      });
      await liveMountpoint(scope, server, 'absent', { audio: false }, SMALL);
      const process = async () => (await server.api.server()).process;
      const before = await process();
      const total = LONG ? 10000 : 400;
      let most = 0;
      let taken = 0;
      for (let done = 0; done < total; done += 200) {
        const seen = await flood(server, 'absent', 200, 20, (answer) => {
          assertProblem(answer, 503, /max-pending/);
          assert.match(answer.headers['retry-after'], /^\d+$/);
        });
        assert.ok(Object.keys(seen).every((status) => ['201', '503'].includes(status)),
          JSON.stringify(seen));
        taken += seen[201];
        most = Math.max(most, (await server.api.server()).engine.subscribers);
        await waitFor('there is room again', async () =>
          (await server.api.server()).engine.subscribers === 0, { timeoutMs: 20000 });
      }
      assert.ok(taken >= 100 * total / 200, `${taken} taken`);
      assert.ok(most <= 100, `${most} at once`);
      await server.api.waitViewers('absent', 0, { timeoutMs: 30000 });
      await waitFor('descriptors and threads are back', async () => {
        const { threads, descriptors, rss_bytes: rss } = await process();
        if (threads > before.threads || descriptors > before.descriptors) {
          throw new Error(JSON.stringify({ before, threads, descriptors, rss }));
        }
        return true;
      }, { timeoutMs: 30000, everyMs: 500 });
    }));
});

/** Numbers that are the same each time: xorshift32. */
function randomFrom(seed) {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** A few bytes changed, lines lost, doubled or moved. */
function mutate(text, random) {
  const lines = text.split('\r\n');
  for (let i = random(4); i >= 0; i -= 1) {
    const at = random(lines.length);
    const [line] = lines.splice(at, 1);
    if (random(4) > 0) {
      const cut = random(line.length + 1);
      const instead = [line, line + line, line.slice(0, cut), line.slice(cut),
        line.slice(0, cut) + String.fromCharCode(random(256)) + line.slice(cut),
        line.replace(/\d+/g, () => String(random(2 ** 31))),
        line.replace(/:.*/, '')][random(7)];
      lines.splice(random(2) ? at : random(lines.length + 1), 0, instead);
    }
  }
  return lines.join('\r\n');
}

describe('nonsense', () => {
  test('offers and fragments at random: refused or taken, never a failure [L-04 L-05]', LIMIT,
    scoped(async (scope) => {
      const server = await startServer(scope);
      await liveMountpoint(scope, server, 'odd', {}, SMALL);
      const random = randomFrom(4711);
      const folder = join(ROOT, 'tests/data/offers');
      const offers = readdirSync(folder).map((name) =>
        readFileSync(join(folder, name), 'utf8').replace(/\r?\n/g, '\r\n'));
      const seen = {};
      const send = async (method, url, type, body) => {
        const answer = await request(url, { method, headers: { 'Content-Type': type }, body });
        seen[`${method} ${answer.status}`] = (seen[`${method} ${answer.status}`] ?? 0) + 1;
        if (answer.status >= 400) {
          assertProblem(answer, answer.status);
        }
        return answer;
      };
      for (let i = 0; i < (LONG ? 5000 : 200); i += 1) {
        const { status, headers } = await send('POST', server.whep('odd'), SDP,
          mutate(offers[random(offers.length)], random));
        if (status === 201) {
          await request(new URL(headers.location, server.url).href, { method: 'DELETE' });
        }
      }
      const { headers } = await send('POST', server.whep('odd'), SDP, offer());
      const session = new URL(headers.location, server.url).href;
      for (let i = 0; i < (LONG ? 5000 : 100); i += 1) {
        await send('PATCH', session, TRICKLE, mutate(fragment({
          candidates: [candidate(), candidate(50001, '::1')], complete: true }), random));
      }
      // Both ways happen: the changes are neither too small nor too large.
      assert.ok(seen['POST 201'] > 10 && seen['POST 400'] > 10 && seen['PATCH 204'] > 20 &&
        seen['PATCH 400'] > 10, JSON.stringify(seen));
      const allowed = /^(POST (201|400|422)|PATCH (20[04]|400|412|422|428))$/;
      assert.deepEqual(Object.keys(seen).filter((one) => !allowed.test(one)), []);
      assert.equal((await request(`${server.url}/healthz`)).status, 200);
    }));
});

describe('sources', () => {
  test('a source that flaps under fifty viewers: all go on, on the same streams [L-08]', LIMIT,
    scoped(async (scope) => {
      const server = await startServer(scope, { config: config('', '') });
      const mountpoint = await createMountpoint(scope, server, 'flaps',
        { source_timeout_ms: 1000 });
      const start = () => startPusher(scope, pushOptions(mountpoint, SMALL));
      let pusher = start();
      await server.api.waitState('flaps', 'live', { timeoutMs: 15000 });
      const viewers = await startViewers(scope, server, 'flaps', 50, LONG ? 60 : 20);
      const started = Date.now();
      let flaps = 0;
      for (; flaps < 2 || Date.now() - started < (LONG ? 45000 : 8000); flaps += 1) {
        await pusher.kill();
        await server.api.waitState('flaps', 'lost', { timeoutMs: 8000 });
        pusher = start();
        await server.api.waitState('flaps', 'live', { timeoutMs: 15000 });
      }
      const packets = async () => new Map((await playing(server, 'flaps')).map((session) =>
        [session.id, session.packets_sent]));
      const first = await packets();
      assert.equal(first.size, 50);
      await waitFor('everybody gets more', async () => {
        const now = await packets();
        return [...first].every(([id, count]) => now.get(id) > count + 10);
      });
      const figures = await viewers.figures();
      assert.equal(figures.joined, 50);
      assert.equal(figures.lost, 0);
      assert.equal(figures.auth_failures, 0);
    }));
});

describe('clocks', () => {
  test('a wall clock that jumps by hours changes no timeout [L-09]',
    { ...LIMIT, skip: existsSync(CLOCK) ? false : 'not in a build with a sanitizer' },
    scoped(async (scope) => {
      const file = join(temporaryDirectory(scope, 'clock'), 'step');
      const jump = (seconds) => writeFileSync(file, String(seconds));
      jump(0);
      const server = await startServer(scope, {
        config: '[ice]\naddresses=127.0.0.1\nconsent-timeout-ms=6000\n' +
          `connect-timeout-ms=${CONNECT_MS}\n`,
        env: { LD_PRELOAD: CLOCK, WHEPCAST_CLOCK_STEP: file },
      });
      await liveMountpoint(scope, server, 'clock', {}, SMALL);
      const viewers = await startViewers(scope, server, 'clock', 5, 10);
      const posted = Date.now();
      const pending = await request(server.whep('clock'),
        { method: 'POST', headers: { 'Content-Type': SDP }, body: offer() });
      assert.equal(pending.status, 201);
      const session = new URL(pending.headers.location, server.url).href;
      for (const seconds of [3600, -3600, 0]) {
        jump(seconds);
        const { headers } = await request(`${server.url}/healthz`);
        // The jump is real: the server's Date has it.
        const wrong = (Date.parse(headers.date) - Date.now()) / 1000;
        assert.ok(Math.abs(wrong - seconds) < 60, `${wrong} s`);
        // Meanwhile every deadline is looked at.
        const [one] = await playing(server, 'clock');
        await waitFor('media goes on', async () => (await playing(server, 'clock'))
          .some(({ id, packets_sent: now }) => id === one.id && now > one.packets_sent + 20));
        assert.equal((await playing(server, 'clock')).length, 5);
        const { status } = await request(session);
        assert.ok(status === 200 || Date.now() - posted >= CONNECT_MS, `${status}`);
      }
      jump(7200);
      await waitFor('who never connects expires all the same', async () =>
        (await playing(server, 'clock')).length <= 5 &&
        (await server.api.server()).engine.subscribers <= 5, { timeoutMs: 15000 });
      const figures = await viewers.figures();
      assert.equal(figures.joined, 5);
      assert.equal(figures.lost, 0);
    }));
});
