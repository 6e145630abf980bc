// SPDX-License-Identifier: MIT
//
// [events] webhook-url: an operator's server is told what happens, in order, signed,
// and again when it did not take it.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';

import { assertProblem } from './lib/api.mjs';
import { launchBrowser, openViewerPage, Viewer } from './lib/browser.mjs';
import { liveMountpoint } from './lib/fixture.mjs';
import { Metrics } from './lib/metrics.mjs';
import { scoped } from './lib/scope.mjs';
import { LOOPBACK, spawnServer, startServer, temporaryDirectory } from './lib/server.mjs';
import { waitFor } from './lib/wait.mjs';
import { newSecret, SECRET, startReceiver } from './lib/webhook-receiver.mjs';
import { SMALL } from './lib/whep.mjs';

const LIMIT = { timeout: 90000 };

const config = (receiver, lines = '') =>
  `${LOOPBACK}[events]\nwebhook-url=${receiver.url}\nwebhook-secret=${receiver.secret}\n${lines}\n`;
const start = (scope, receiver, lines) =>
  startServer(scope, { config: config(receiver, lines) });

const create = (server, id) => server.api.create({ id, kind: 'rtp',
  tracks: [{ media: 'audio', codec: 'opus' }] });
const turn = (server, id, way) => server.api.ok('POST', `/api/v1/mountpoints/${id}/${way}`);
/** A mountpoint that comes and goes: one event "removed". */
async function come(server, id) {
  await create(server, id);
  await server.api.destroy(id);
}
const stateMetrics = async (server) => Object.fromEntries((await Metrics.read(server))
  .samples('whepcast_webhook_state').map(({ labels, value }) => [labels.state, value]));
const webhooks = async (server) => (await server.api.server()).webhooks;

/** "type" of each event of a mountpoint, and for "mountpoint" its state; one that has
 * only another reason is left out. */
const told = (events, id) => events.filter(({ data }) => data.id === id)
  .map(({ type, data }) => type === 'mountpoint' ? data.state : type)
  .filter((each, i, all) => each !== all[i - 1]);
const logged = (server) => server.log.join('\n');

describe('webhooks', () => {
  test('tell what happens, signed and in order', LIMIT, scoped(async (scope) => {
    const receiver = await startReceiver(scope);
    const server = await start(scope, receiver);
    await create(server, 'one');
    await turn(server, 'one', 'disable');
    await turn(server, 'one', 'enable');
    await server.api.destroy('one');
    await waitFor('the end is told', () => told(receiver.taken, 'one').includes('removed'));
    assert.deepEqual(told(receiver.taken, 'one'), ['idle', 'disabled', 'idle', 'removed']);
    for (const { timestamp, lost } of receiver.taken) {
      assert.match(timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      assert.equal(lost, 0);
    }
    assert.equal(new Set(receiver.attempts.map(({ id }) => id)).size, receiver.attempts.length);
    assert.deepEqual(receiver.problems, []);
    const { delivered, ...rest } = await webhooks(server);
    assert.equal(delivered, receiver.attempts.length);
    assert.deepEqual(rest, { state: 'sending', paused_ms: 0, waiting: 0, failed: 0, lost: 0,
      error: null });
    assert.ok(!logged(server).includes(SECRET), 'the secret is not logged');
  }));

  test('come again until they are taken, and nothing overtakes', LIMIT, scoped(async (scope) => {
    const receiver = await startReceiver(scope);
    const server = await start(scope, receiver);
    const seen = new Map();
    // The first two attempts of each fail: by a status, and by silence.
    receiver.answer = ({ id }) => {
      const n = (seen.get(id) ?? 0) + 1;
      seen.set(id, n);
      return n > 2 ? 200 : [500, 302][n - 1];
    };
    await Promise.all(['a', 'b'].map(async (id) => {
      await create(server, id);
      await turn(server, id, 'disable');
      await server.api.destroy(id);
    }));
    await waitFor('all are taken', () => ['a', 'b'].every((id) =>
      told(receiver.taken, id).includes('removed')), { timeoutMs: 30000 });
    for (const id of ['a', 'b']) {
      assert.deepEqual(told(receiver.taken, id), ['idle', 'disabled', 'removed']);
      const own = receiver.attempts.filter(({ event }) => event.data.id === id);
      assert.deepEqual(own.map((attempt) => attempt.id),
        [...new Set(own.map((attempt) => attempt.id))].flatMap((each) => [each, each, each]));
      for (const attempt of own) {
        const first = own.find((one) => one.id === attempt.id);
        assert.equal(attempt.body, first.body, 'an event is the same every time');
      }
    }
    assert.deepEqual(receiver.problems, []);
    const { failed, lost, error } = await webhooks(server);
    assert.deepEqual({ failed, lost, error },
      { failed: receiver.attempts.length * 2 / 3, lost: 0, error: null });
    assert.match(logged(server), /webhook-url: status \d+; \d+ events wait/);
    assert.match(logged(server), /webhook-url: it takes events again/);
  }));

  test('a receiver that is slow is waited for, and one mountpoint does not hold up another',
    LIMIT, scoped(async (scope) => {
      const receiver = await startReceiver(scope);
      const server = await start(scope, receiver, 'webhook-timeout-ms=20000');
      let release;
      const held = new Promise((resolve) => { release = resolve; });
      receiver.answer = ({ event }) =>
        event.data.id === 'slow' ? held.then(() => 204) : 204;
      await create(server, 'slow');
      await server.api.destroy('slow');
      await create(server, 'quick');
      await server.api.destroy('quick');
      await waitFor('the other is told', () => told(receiver.taken, 'quick').length === 2);
      assert.equal(receiver.attempts.filter(({ event }) => event.data.id === 'slow').length, 1);
      release();
      await waitFor('the slow one too', () => told(receiver.taken, 'slow').length === 2);
      assert.deepEqual(told(receiver.taken, 'slow'), ['idle', 'removed']);
    }));

  test('what does not answer in time is asked again', LIMIT, scoped(async (scope) => {
    const receiver = await startReceiver(scope);
    const server = await start(scope, receiver, 'webhook-timeout-ms=300');
    let first = true;
    receiver.answer = async () => {
      if (first) {
        first = false;
        await new Promise((resolve) => { setTimeout(resolve, 2000); });
      }
      return 200;
    };
    await create(server, 'late');
    await waitFor('it came again', () => receiver.attempts.length >= 2);
    assert.equal(receiver.attempts[0].id, receiver.attempts[1].id);
    assert.match(logged(server), /webhook-url: no answer in time/);
  }));

  test('a busy receiver is left alone as long as it asks', LIMIT, scoped(async (scope) => {
    const receiver = await startReceiver(scope);
    const server = await start(scope, receiver, 'webhook-events=removed');
    receiver.answer = () => receiver.attempts.length > 1 ? 204 : [429, { 'Retry-After': '3' }];
    await come(server, 'one');
    await waitFor('it is refused', async () => (await webhooks(server)).failed === 1);
    await come(server, 'two');
    await waitFor('both are told', () => receiver.taken.length === 2, { timeoutMs: 20000 });
    const [first, ...later] = receiver.attempts;
    assert.equal(later.length, 2);
    for (const { at } of later) {
      assert.ok(at - first.at > 2900, `after ${at - first.at} ms`);
    }
    const { state, paused_ms, lost } = await webhooks(server);
    assert.deepEqual({ state, paused_ms, lost }, { state: 'sending', paused_ms: 0, lost: 0 });
    assert.match(logged(server), /webhook-url: status 429, not again before 3 s; 1 events wait/);
  }));

  test('until a date as well, but not for days; the server does not wait for it to end', LIMIT,
    scoped(async (scope) => {
      const later = new Date(Date.now() + 3 * 86400000).toUTCString();
      const receiver = await startReceiver(scope, () => [503, { 'Retry-After': later }]);
      const server = await start(scope, receiver, 'webhook-events=removed');
      await come(server, 'one');
      await waitFor('it is refused', async () => (await webhooks(server)).failed === 1);
      await come(server, 'two');
      const { paused_ms, ...rest } = await webhooks(server);
      assert.deepEqual(rest, { state: 'paused', waiting: 2, delivered: 0, failed: 1, lost: 0,
        error: 'status 503, not again before 3600 s' });
      assert.ok(paused_ms > 3500000 && paused_ms <= 3600000, `${paused_ms} ms`);
      assert.deepEqual(await stateMetrics(server), { sending: 0, paused: 1, gone: 0 });
      assert.equal((await server.stop()).code, 0);
      assert.equal(receiver.attempts.length, 1);
      assert.match(logged(server), /2 events were not delivered before the end/);
    }));

  test('a receiver that is gone is sent nothing more', LIMIT, scoped(async (scope) => {
    const receiver = await startReceiver(scope, () => 410);
    const server = await start(scope, receiver, 'webhook-events=removed\nwebhook-queue=2');
    await come(server, 'one');
    await waitFor('it is gone', async () => (await webhooks(server)).state === 'gone');
    for (const id of ['two', 'three']) {
      await come(server, id);
    }
    assert.deepEqual(await webhooks(server), { state: 'gone', paused_ms: 0, waiting: 2,
      delivered: 0, failed: 1, lost: 1, error: 'status 410' });
    const metrics = await Metrics.read(server);
    assert.deepEqual(await stateMetrics(server), { sending: 0, paused: 0, gone: 1 });
    assert.equal(metrics.value('whepcast_webhook_waiting_events'), 2);
    assert.equal(metrics.value('whepcast_webhook_delivered_events_total'), 0);
    assert.equal(metrics.value('whepcast_webhook_failed_attempts_total'), 1);
    assert.equal(metrics.value('whepcast_webhook_lost_events_total'), 1);
    assert.match(logged(server), /webhook-url: status 410: it is gone and is sent nothing more/);
    assert.equal((await server.stop()).code, 0);
    assert.equal(receiver.attempts.length, 1);
  }));

  test('the queue is bounded, and what was lost is told', LIMIT, scoped(async (scope) => {
    const receiver = await startReceiver(scope, () => 503);
    const server = await start(scope, receiver, 'webhook-queue=4');
    await create(server, 'busy');
    for (let i = 0; i < 10; i += 1) {
      await turn(server, 'busy', i % 2 ? 'enable' : 'disable');
    }
    const { waiting, lost } = await webhooks(server);
    assert.deepEqual({ waiting, lost }, { waiting: 4, lost: 7 });
    assert.match(logged(server), /an event of mountpoint "busy" is lost: too many wait/);
    receiver.answer = () => 204;
    await waitFor('the rest is taken', async () => (await webhooks(server)).waiting === 0,
      { timeoutMs: 30000 });
    assert.deepEqual(told(receiver.taken, 'busy').slice(-3), ['idle', 'disabled', 'idle'],
      'the newest are the ones that are kept');
    assert.equal(receiver.taken.at(-1).lost, 7);
  }));

  test('what is never taken is given up', LIMIT, scoped(async (scope) => {
    const receiver = await startReceiver(scope, () => 500);
    const server = await start(scope, receiver, 'webhook-retry-ms=0\nwebhook-events=removed');
    await create(server, 'hopeless');
    await server.api.destroy('hopeless');
    await waitFor('it is lost', async () => (await webhooks(server)).lost === 1);
    receiver.answer = () => 200;
    await create(server, 'hopeful');
    await server.api.destroy('hopeful');
    await waitFor('the next one comes', () => receiver.taken.length === 1);
    assert.equal(receiver.taken[0].data.id, 'hopeful');
    assert.equal(receiver.taken[0].lost, 1);
    assert.equal(receiver.attempts.length, 2);
    assert.match(logged(server), /"hopeless" is lost: it was tried for webhook-retry-ms/);
  }));

  test('of some events only', LIMIT, scoped(async (scope) => {
    const receiver = await startReceiver(scope);
    const server = await start(scope, receiver, 'webhook-events=removed, switch');
    for (const id of ['x', 'y']) {
      await create(server, id);
      await server.api.destroy(id);
    }
    await waitFor('both are told', () => receiver.taken.length === 2);
    assert.deepEqual(receiver.taken.map(({ type, data }) => [type, data]),
      [['removed', { id: 'x' }], ['removed', { id: 'y' }]]);
  }));

  test('a viewer joins and leaves', LIMIT, scoped(async (scope) => {
    const receiver = await startReceiver(scope);
    const server = await start(scope, receiver);
    await liveMountpoint(scope, server, 'live', { audio: false }, SMALL);
    const browser = await launchBrowser(scope);
    const page = await openViewerPage(scope, browser, server.url);
    const viewer = await Viewer.watch(scope, page, { url: server.whep('live'), kinds: ['video'] });
    await viewer.frames(10);
    const of = (type) => receiver.taken.filter((event) => event.type === type);
    await waitFor('it has joined', () => of('joined').length === 1);
    const { items: [session] } = await server.api.sessions('live');
    const { data: joined } = of('joined')[0];
    assert.match(joined.user_agent, /Chrome/);
    assert.deepEqual(joined, { id: 'live', session: session.id, address: '127.0.0.1',
      user_agent: session.user_agent, viewers: 1 });
    await viewer.remove();
    await waitFor('it has left', () => of('left').length === 1);
    const { data: left } = of('left')[0];
    assert.equal(left.session, joined.session);
    assert.equal(left.viewers, 0);
    assert.ok(left.watched_ms > 0 && left.watched_ms < 60000, `${left.watched_ms} ms`);
    assert.ok(left.bytes_sent > 1000, `${left.bytes_sent} bytes`);
    assert.equal(typeof left.reason, 'string');
    assert.equal(of('mountpoint').filter(({ data }) => data.viewers > 0).length, 0,
      'numbers of viewers alone are not told');
    assert.deepEqual(receiver.problems, []);
  }));

  test('the last events are told before the server ends; it does not wait for ever', LIMIT,
    scoped(async (scope) => {
      const receiver = await startReceiver(scope);
      const server = await start(scope, receiver);
      await liveMountpoint(scope, server, 'live', { audio: false }, SMALL);
      await waitFor('it is told', () => told(receiver.taken, 'live').includes('live'));
      assert.equal((await server.stop()).code, 0);
      assert.equal(told(receiver.taken, 'live').at(-1), 'idle');

      const deaf = await startReceiver(scope, () => new Promise(() => {}));
      const other = await start(scope, deaf);
      await create(other, 'unheard');
      await waitFor('it is asked', () => deaf.attempts.length > 0);
      assert.equal((await other.stop()).code, 0);
      assert.match(logged(other), /events were not delivered before the end/);
      assert.doesNotMatch(logged(other), /not finished in time/);
    }));

  test('need a secret', LIMIT, scoped(async (scope) => {
    const directory = temporaryDirectory(scope, 'secret');
    const good = join(directory, 'good');
    const bad = join(directory, 'bad');
    writeFileSync(good, `${SECRET}\n`);
    writeFileSync(bad, 'short\n');
    const receiver = await startReceiver(scope);
    const url = `[events]\nwebhook-url=${receiver.url}\n`;
    for (const [lines, pattern] of [
      ['', /webhook-url needs webhook-secret or webhook-secret-file/],
      [`webhook-secret=${SECRET}\nwebhook-secret-file=${good}\n`, /both given; keep one/],
      [`webhook-secret-file=${bad}\n`, /webhook-secret-file .*: a secret is whsec_ and base64/],
      [`webhook-secret-file=${bad}-not\n`, /webhook-secret-file cannot be read/],
      [`webhook-secret=${SECRET}\nwebhook-events=joined,nonsense\n`, /webhook-events.*joined, left/],
    ]) {
      const file = join(directory, 'whepcast.conf');
      writeFileSync(file, LOOPBACK + url + lines);
      const child = spawnServer(scope, ['--config', file, '--state-dir', join(directory, 'state'),
        '--listen', '127.0.0.1:0', '--udp-port', '0']);
      const { code } = await child.ended;
      assert.notEqual(code, 0);
      assert.match(child.stderr.join('\n'), pattern);
      assert.ok(!child.stderr.join('\n').includes(SECRET));
    }
    const server = await startServer(scope,
      { config: `${LOOPBACK}${url}webhook-secret-file=${good}\n` });
    await create(server, 'signed');
    await waitFor('it is told', () => receiver.taken.length > 0);
    assert.deepEqual(receiver.problems, []);
  }));
});

describe('webhooks, when the configuration is read again', () => {
  const RELOAD = '/api/v1/reload';
  const REMOVED = 'webhook-events=removed';
  const ids = (receiver) => receiver.taken.map(({ data }) => data.id);

  async function reload(server, text) {
    writeFileSync(server.configFile, text);
    return server.api.ok('POST', RELOAD);
  }

  test('what waits and what comes goes where it says now, signed by what it says', LIMIT,
    scoped(async (scope) => {
      const former = await startReceiver(scope, () => 500);
      const next = await startReceiver(scope, () => 204, newSecret());
      const server = await start(scope, former, REMOVED);
      await come(server, 'before');
      await waitFor('it is refused', async () => (await webhooks(server)).failed > 0);
      const report = await reload(server, config(next, `${REMOVED}\nwebhook-timeout-ms=4000`));
      assert.deepEqual(report.keys.map(({ key, effect }) => `${key}: ${effect}`).sort(),
        ['webhook-secret', 'webhook-timeout-ms', 'webhook-url'].map((key) => `${key}: applied`));
      const attempts = former.attempts.length;
      await come(server, 'after');
      await waitFor('both are told', () => next.taken.length === 2, { timeoutMs: 30000 });
      assert.deepEqual(ids(next).sort(), ['after', 'before']);
      assert.equal(next.attempts.find(({ event }) => event.data.id === 'before').id,
        former.attempts[0].id);
      assert.equal(former.attempts.length, attempts, 'the former one is left alone');
      assert.deepEqual([...former.problems, ...next.problems], []);
      const { waiting, lost, error } = await webhooks(server);
      assert.deepEqual({ waiting, lost, error }, { waiting: 0, lost: 0, error: null });
    }));

  test('a receiver that is gone is asked again, and what waited is told', LIMIT,
    scoped(async (scope) => {
      const receiver = await startReceiver(scope, () => 410);
      const server = await start(scope, receiver, REMOVED);
      await come(server, 'one');
      await waitFor('it is gone', async () => (await webhooks(server)).state === 'gone');
      await come(server, 'two');
      receiver.answer = () => 204;
      assert.deepEqual((await server.api.ok('POST', RELOAD)).keys, []);
      await waitFor('both are told', () => receiver.taken.length === 2);
      const { state, lost, error } = await webhooks(server);
      assert.deepEqual({ state, lost, error }, { state: 'sending', lost: 0, error: null });
    }));

  test('an answer to what was asked before says nothing of what is there now', LIMIT,
    scoped(async (scope) => {
      const former = await startReceiver(scope);
      const next = await startReceiver(scope);
      const server = await start(scope, former, `${REMOVED}\nwebhook-retry-ms=0`);
      let release;
      const held = new Promise((resolve) => { release = resolve; });
      former.answer = () => held.then(() => 410);
      await come(server, 'one');
      await waitFor('it is asked', () => former.attempts.length === 1);
      await reload(server, config(next, `${REMOVED}\nwebhook-retry-ms=0`));
      release();
      await waitFor('the next one is told', () => next.taken.length === 1);
      const { state, failed, lost } = await webhooks(server);
      assert.deepEqual({ state, failed, lost }, { state: 'sending', failed: 0, lost: 0 });
    }));

  test('they can be turned off and on', LIMIT, scoped(async (scope) => {
    const receiver = await startReceiver(scope);
    const server = await startServer(scope, { config: LOOPBACK });
    await come(server, 'zero');
    await reload(server, config(receiver, REMOVED));
    await come(server, 'one');
    await waitFor('it is told', () => receiver.taken.length === 1);
    assert.deepEqual(ids(receiver), ['one']);

    receiver.answer = () => 500;
    await come(server, 'two');
    await waitFor('it is refused', async () => (await webhooks(server)).failed > 0);
    await reload(server, LOOPBACK);
    assert.equal(await webhooks(server), null);
    await come(server, 'three');
    receiver.answer = () => 204;
    await reload(server, config(receiver, REMOVED));
    await come(server, 'four');
    await waitFor('it is told', () => receiver.taken.length === 2);
    assert.deepEqual(ids(receiver), ['one', 'four']);
    assert.equal(receiver.taken[1].lost, 1);
    assert.match(logged(server), /webhook-url: there is none any more; 1 events that waited/);
  }));

  test('the file of the secret as well; one that cannot be used changes nothing', LIMIT,
    scoped(async (scope) => {
      const file = join(temporaryDirectory(scope, 'secret'), 'secret');
      const receiver = await startReceiver(scope);
      writeFileSync(file, SECRET);
      const server = await startServer(scope, { config:
        `${LOOPBACK}[events]\nwebhook-url=${receiver.url}\nwebhook-secret-file=${file}\n${REMOVED}\n` });
      await come(server, 'one');
      await waitFor('it is told', () => receiver.taken.length === 1);
      writeFileSync(file, 'short');
      assertProblem(await server.api.call('POST', RELOAD), 422, /webhook-secret-file .*a secret is/);
      await come(server, 'two');
      await waitFor('it is told', () => receiver.taken.length === 2);
      receiver.secret = newSecret();
      writeFileSync(file, receiver.secret);
      assert.deepEqual((await server.api.ok('POST', RELOAD)).files.map(({ key }) => key),
        ['webhook-secret-file']);
      await come(server, 'three');
      await waitFor('it is told', () => receiver.taken.length === 3);
      assert.deepEqual(receiver.problems, []);
    }));
});
