// SPDX-License-Identifier: MIT
//
// GET /metrics: that Prometheus takes it, and that it is true.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { assertProblem } from './lib/api.mjs';
import { FAKE_DEVICES, launchBrowser, openViewerPage, Publisher, Viewer }
  from './lib/browser.mjs';
import { liveMountpoint } from './lib/fixture.mjs';
import { request } from './lib/http.mjs';
import { assertRising, Metrics, parseMetrics } from './lib/metrics.mjs';
import { scoped, suiteScope } from './lib/scope.mjs';
import { LOOPBACK, ROOT, startServer, temporaryDirectory } from './lib/server.mjs';
import { waitFor } from './lib/wait.mjs';

const LIMIT = { timeout: 90000 };
const READINGS = 10;
const suite = suiteScope(after);
let server;

before(async () => {
  server = await startServer(suite);
});

/** Reads until `probe`, which gets a reading, does not throw; returns that reading. */
function waitMetrics(what, probe, options) {
  return waitFor(what, async () => {
    const metrics = await Metrics.read(server);
    probe(metrics);
    return metrics;
  }, options);
}

describe('the reader refuses', () => {
  const HEAD = '# HELP a_total A.\n# TYPE a_total counter\n';
  const HISTOGRAM = '# HELP h H.\n# TYPE h histogram\n';
  const bad = {
    'no last line end': `${HEAD}a_total 1`,
    'an empty line': `${HEAD}\na_total 1\n`,
    'a sample without a family': 'a_total 1\n',
    'a family without a type': '# HELP a_total A.\n',
    'a type that there is not': '# HELP a A.\n# TYPE a count\n',
    'a family twice': `${HEAD}a_total 1\n${HEAD}a_total 2\n`,
    'a family in two places': `${HEAD}# HELP b B.\n# TYPE b gauge\na_total 1\n`,
    'a sample twice': `${HEAD}a_total{x="1",y="2"} 1\na_total{y="2",x="1"} 1\n`,
    'a counter without _total': '# HELP a A.\n# TYPE a counter\na 1\n',
    'a gauge with _total': '# HELP a_total A.\n# TYPE a_total gauge\na_total 1\n',
    'a number that is none': `${HEAD}a_total 1,5\n`,
    'a counter below 0': `${HEAD}a_total -1\n`,
    'a quote in a label': `${HEAD}a_total{x="a"b"} 1\n`,
    'a lone backslash': `${HEAD}a_total{x="a\\b"} 1\n`,
    'a label without end': `${HEAD}a_total{x="a" 1\n`,
    'a comma at the end of labels': `${HEAD}a_total{x="a",} 1\n`,
    'a time': `${HEAD}a_total 1 1700000000000\n`,
    'buckets that fall': `${HISTOGRAM}h_bucket{le="1"} 2\nh_bucket{le="+Inf"} 1\n`
      + 'h_sum 1\nh_count 1\n',
    'bounds that fall': `${HISTOGRAM}h_bucket{le="2"} 0\nh_bucket{le="1"} 0\n`
      + 'h_bucket{le="+Inf"} 0\nh_sum 0\nh_count 0\n',
    'no +Inf': `${HISTOGRAM}h_bucket{le="1"} 1\nh_sum 1\nh_count 1\n`,
    'another count than +Inf': `${HISTOGRAM}h_bucket{le="+Inf"} 1\nh_sum 1\nh_count 2\n`,
    'a histogram without a sum': `${HISTOGRAM}h_bucket{le="+Inf"} 1\nh_count 1\n`,
  };
  for (const [what, text] of Object.entries(bad)) {
    test(what, () => assert.throws(() => parseMetrics(text)));
  }

  test('and takes what is good', () => {
    const families = parseMetrics(`${HEAD}a_total{x="a\\"\\\\\\n"} 1e+15\n${HISTOGRAM}`
      + 'h_bucket{le="1"} 1\nh_bucket{le="+Inf"} 2\nh_sum 1.5\nh_count 2\n');
    assert.deepEqual(families.get('a_total').samples[0].labels, { x: 'a"\\\n' });
    assert.equal(families.get('h').samples.length, 4);
  });
});

describe('access', () => {
  test('the admin token, like the API', async () => {
    const url = `${server.url}/metrics`;
    const missing = await request(url);
    assertProblem(missing, 401);
    assert.match(missing.headers['www-authenticate'], /^Bearer\b/);
    assertProblem(await request(url, { headers: { Authorization: 'Bearer no' } }), 401);
    assertProblem(await server.api.call('POST', '/metrics'), 405);
    const answer = await server.api.call('GET', '/metrics');
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['content-type'],
      'text/plain; version=0.0.4; charset=utf-8');
  });

  test('[http] metrics=open: anybody', scoped(async (scope) => {
    const open = await startServer(scope, { config: `[http]\nmetrics=open\n${LOOPBACK}` });
    const answer = await request(`${open.url}/metrics`);
    assert.equal(answer.status, 200);
    assert.ok(parseMetrics(answer.text).has('whepcast_build_info'));
    assertProblem(await request(`${open.url}/api/v1/server`), 401);
  }));
});

describe('the server', () => {
  test('says what it is and what it uses', async () => {
    const before = await Metrics.read(server);
    const { version, process: own, engine } = await server.api.server();
    const [build] = before.samples('whepcast_build_info');
    assert.equal(build.value, 1);
    assert.equal(build.labels.version, version);
    assert.ok(before.value('process_resident_memory_bytes') > 1e6);
    assert.ok(Math.abs(before.value('process_open_fds') - own.descriptors) < 10);
    assert.equal(before.value('process_max_fds'), own.descriptors_max);
    const age = Date.now() / 1000 - before.value('process_start_time_seconds');
    assert.ok(age > 0 && age < 600, `started ${age} s ago`);
    assert.equal(before.samples('whepcast_worker_cpu_seconds_total').length,
      engine.workers);
    assertRising(before, await Metrics.read(server));
  });

  test('Prometheus has nothing to say against it', (t) => {
    const { error } = spawnSync('promtool', ['--version']);
    if (error) {
      t.skip('there is no promtool');
      return undefined;
    }
    return Metrics.read(server).then(({ text }) => {
      const checked = spawnSync('promtool', ['check', 'metrics'],
        { input: text, encoding: 'utf8' });
      assert.equal(checked.status, 0, checked.stdout + checked.stderr);
    });
  });
});

describe('a mountpoint and its viewers', LIMIT, () => {
  let browser;
  before(async () => {
    browser = await launchBrowser(suite, FAKE_DEVICES);
  });

  async function watch(scope, id) {
    const page = await openViewerPage(scope, browser, server.url);
    return Viewer.watch(scope, page, { url: server.whep(id) });
  }

  test('what happens is what is counted', LIMIT, scoped(async (scope) => {
    const of = { mountpoint: 'cam' };
    const { joins } = await server.api.server();
    const source = await liveMountpoint(scope, server, 'cam');
    const empty = await waitMetrics('two key frames', (metrics) =>
      metrics.value('whepcast_ingest_key_frame_interval_seconds', of));
    assert.deepEqual(empty.samples('whepcast_mountpoint_info')[0].labels,
      { mountpoint: 'cam', kind: 'rtp', origin: 'api' });
    assert.equal(empty.value('whepcast_mountpoint_live', of), 1);
    assert.equal(empty.value('whepcast_mountpoints', { state: 'live' }), 1);
    assert.equal(empty.value('whepcast_mountpoint_viewers', of), 0);
    assert.equal(empty.value('whepcast_egress_packets_total', of), 0);
    for (const media of ['audio', 'video']) {
      assert.ok(empty.value('whepcast_ingest_packets_total', { ...of, media }) > 10);
      assert.ok(empty.value('whepcast_ingest_bytes_total', { ...of, media }) > 500);
    }
    assert.equal(empty.value('whepcast_ingest_lost_packets_total', of), 0);

    // One viewer, who reports.
    const viewer = await watch(scope, 'cam');
    await viewer.frames(25);
    const { videoPackets, audioPackets } = await viewer.stats();
    const watched = await waitMetrics('reports of the viewer', (metrics) => {
      assert.ok(metrics.value('whepcast_viewer_rtt_seconds_count', of) > 0);
      assert.ok(metrics.value('whepcast_viewer_loss_ratio_count', of) > 0);
    }, { timeoutMs: 20000 });
    assertRising(empty, watched);
    assert.equal(watched.value('whepcast_mountpoint_viewers', of), 1);
    assert.equal(watched.value('whepcast_viewers'), 1);
    assert.equal(watched.value('whepcast_worker_viewers'), 1);
    assert.equal(watched.value('whepcast_viewer_sessions_total', of), 1);
    assert.equal(watched.value('whepcast_viewer_join_seconds_count', of), 1);
    assert.equal(watched.value('whepcast_viewer_first_frame_seconds_count', of), 1);
    const [join, frame] = ['join', 'first_frame'].map((what) =>
      watched.value(`whepcast_viewer_${what}_seconds_sum`, of));
    assert.ok(join > 0 && join <= frame && frame < 20, `joined ${join}, frame ${frame}`);
    const sent = watched.value('whepcast_egress_packets_total', of);
    assert.ok(sent >= videoPackets + audioPackets, `${sent} sent`);
    assert.ok(watched.value('whepcast_egress_bytes_total', of) > 12 * sent);
    assert.ok(watched.value('whepcast_worker_sent_datagrams_total') >= sent);
    assert.ok(watched.value('whepcast_worker_cpu_seconds_total')
      > empty.value('whepcast_worker_cpu_seconds_total'));

    // A session's counters are those of the API, as long as it is there.
    const [session] = (await server.api.sessions('cam')).items;
    const later = await Metrics.read(server);
    assert.ok(later.value('whepcast_egress_packets_total', of) >= session.packets_sent);

    // The source restarts under the viewer.
    await source.pusher.stop();
    await server.api.waitState('cam', 'lost', { timeoutMs: 15000 });
    const lost = await Metrics.read(server);
    assert.equal(lost.value('whepcast_mountpoint_live', of), 0);
    assert.equal(lost.value('whepcast_mountpoint_lost_total', of), 1);
    source.start();
    await server.api.waitState('cam', 'live', { timeoutMs: 15000 });
    await viewer.frames(25);
    const back = await Metrics.read(server);
    for (const media of ['audio', 'video']) {
      assert.equal(back.value('whepcast_ingest_restarts_total', { ...of, media }), 1);
    }
    assert.equal(back.value('whepcast_mountpoint_lost_total', of), 1);
    assert.equal(back.value('whepcast_viewer_sessions_total', of), 1);
    assertRising(lost, back);

    // The viewer leaves, another comes: what the first was sent stays.
    assert.equal(await viewer.remove(), 200);
    await server.api.waitViewers('cam', 0);
    assert.equal((await server.api.sessions('cam')).total, 1, 'it is closing');
    assert.equal((await server.api.server()).viewers, 0);
    const second = await watch(scope, 'cam');
    await second.frames(5);
    const both = await Metrics.read(server);
    assertRising(back, both);
    assert.equal(both.value('whepcast_mountpoint_viewers', of), 1);
    assert.equal(both.value('whepcast_viewer_sessions_total', of), 2);
    assert.equal(both.value('whepcast_viewer_join_seconds_count', of), 2);

    // Also when its session is forgotten, ten seconds later.
    const known = () => server.api.sessions('cam').then(({ total }) => total);
    await waitFor('the first session is forgotten', async () => (await known()) === 1,
      { timeoutMs: 20000 });
    const folded = await Metrics.read(server);
    assertRising(both, folded);
    assert.equal(folded.value('whepcast_viewer_sessions_failed_total', of), 0);
    const took = folded.value('whepcast_viewer_join_seconds_sum', of);

    // A mountpoint that is no more is not mentioned.
    await server.api.destroy('cam');
    const gone = await Metrics.read(server);
    assert.equal(gone.mentions('mountpoint', 'cam'), 0);
    assert.equal(gone.value('whepcast_viewers'), 0);

    // The server still knows of its viewers, and has it from the same source.
    const { joins: now } = await server.api.server();
    assert.equal(now.count - joins.count, 2);
    assert.ok(Math.abs(now.waited_ms - joins.waited_ms - took * 1000) <= 2,
      `${now.waited_ms - joins.waited_ms} ms, and ${took} s`);
  }));

  test('joins that fail', LIMIT, scoped(async (scope) => {
    await liveMountpoint(scope, server, 'picky');
    const answer = await request(server.whep('picky'), {
      method: 'POST', headers: { 'Content-Type': 'application/sdp' }, body: 'v=0\r\n',
    });
    assert.ok(answer.status >= 400, `${answer.status}`);
    const metrics = await Metrics.read(server);
    const of = { mountpoint: 'picky' };
    assert.equal(metrics.value('whepcast_viewer_sessions_total', of), 1);
    assert.equal(metrics.value('whepcast_viewer_sessions_failed_total', of), 1);
    assert.equal(metrics.value('whepcast_viewer_join_seconds_count', of), 0);
  }));

  test('a publisher is no viewer', LIMIT, scoped(async (scope) => {
    await server.api.create({ id: 'studio', kind: 'whip' });
    scope.defer(() => server.api.call('DELETE', '/api/v1/mountpoints/studio'));
    const page = await openViewerPage(scope, browser, server.url);
    await Publisher.publish(scope, page, { url: server.whip('studio') });
    await server.api.waitState('studio', 'live', { timeoutMs: 20000 });
    const of = { mountpoint: 'studio' };
    const live = await waitMetrics('its packets', (metrics) => assert.ok(
      metrics.value('whepcast_ingest_packets_total', { ...of, media: 'video' }) > 0));
    assert.equal(live.value('whepcast_worker_publishers'), 1);
    assert.equal(live.value('whepcast_mountpoint_viewers', of), 0);
    assert.equal((await server.api.server()).viewers, 0);
    assert.equal(live.value('whepcast_viewer_sessions_total', of), 0);
    // How many there are is told under loss: whip.test.mjs.
    for (const what of ['nacked_packets', 'repaired_packets', 'key_frame_requests']) {
      assert.equal(live.samples(`whepcast_ingest_${what}_total`).length, 1, what);
    }
  }));
});

test('a fail-over counts what plays, and how often that changed', LIMIT,
  scoped(async (scope) => {
    await server.api.create({
      id: 'pair', kind: 'failover',
      sources: [{ kind: 'test' }, { kind: 'test' }],
    });
    scope.defer(() => server.api.call('DELETE', '/api/v1/mountpoints/pair'));
    await server.api.waitState('pair', 'live', { timeoutMs: 20000 });
    const of = { mountpoint: 'pair' };
    const name = 'whepcast_mountpoint_source_switches_total';
    const first = await Metrics.read(server);
    assert.equal(first.value(name, of), 0);
    let last = first;
    // Whichever was live first plays.
    const { playing } = await server.api.read('pair');
    for (const source of [3 - playing, playing, 3 - playing]) {
      await server.api.ok('POST', '/api/v1/mountpoints/pair/switch', { source });
      await waitFor(`source ${source} plays`, async () =>
        (await server.api.read('pair')).playing === source);
      const now = await waitMetrics('packets of that source', (metrics) =>
        assert.ok(metrics.value('whepcast_ingest_packets_total', of)
          > last.value('whepcast_ingest_packets_total', of)));
      assertRising(last, now);
      last = now;
    }
    assert.equal(last.value(name, of), 3);
    // Both have sent all the time; only one of them was taken.
    const age = Date.now() / 1000 - last.value('process_start_time_seconds');
    assert.ok(last.value('whepcast_ingest_packets_total', { ...of, media: 'audio' })
      < 50 * age * 1.5, 'packets of both would be more');
  }));

test('viewers that a limit turned away', LIMIT, scoped(async (scope) => {
  const strict = await startServer(scope,
    { config: `[limits]\njoins-per-second=1\n${LOOPBACK}` });
  await strict.api.create({ id: 'hall', kind: 'test' });
  await strict.api.waitState('hall', 'live', { timeoutMs: 20000 });
  const name = 'whepcast_viewers_refused_total';
  const first = await Metrics.read(strict);
  assert.equal(first.value(name), 0);
  assert.equal(first.value(name, { limit: 'max-viewers' }), 0);
  let refused = 0;
  for (let i = 0; i < 20; i += 1) {
    const { status } = await request(strict.whep('hall'), {
      method: 'POST', headers: { 'Content-Type': 'application/sdp' }, body: 'v=0\r\n',
    });
    refused += status === 429 ? 1 : 0;
  }
  assert.ok(refused > 0, 'none was too many');
  const last = await Metrics.read(strict);
  assert.equal(last.value(name, { limit: 'joins-per-second' }), refused);
  assert.equal(last.value(name), refused, 'and by no other limit');
  assert.equal(last.value('whepcast_viewer_sessions_total'), 20 - refused);
}));

describe('the Grafana board', () => {
  const board = JSON.parse(readFileSync(
    join(ROOT, 'packaging/grafana/whepcast.json'), 'utf8'));
  const targets = board.panels.flatMap((panel) => panel.targets ?? []);
  const expressions = targets.map(({ expr }) => expr);
  const queries = board.templating.list.filter(({ type }) => type === 'query')
    .map(({ query }) => query.query);
  /** What Prometheus itself puts on every sample. */
  const GIVEN = ['instance', 'job'];

  /** The metrics that a query names, and what it asks of their labels. */
  const selectors = (text) => [...text.matchAll(/\b((?:whepcast|process)_\w+)(?:\{([^}]*)\})?/g)]
    .map(([, metric, inside = '']) => ({
      metric, wanted: [...inside.matchAll(/(\w+)=~?"([^"]*)"/g)],
    }));
  const listed = (text, pattern) => [...text.matchAll(pattern)]
    .flatMap(([, names]) => names.split(/, */));
  const grouped = (text) => listed(text, /\bby \(([^)]*)\)/g);
  const shown = (text) => listed(text ?? '', /\{\{(\w+)\}\}/g);

  /** Of every kind of source that has metrics of its own, one. */
  async function feed(scope) {
    for (const mountpoint of [{ id: 'board', kind: 'test' }, { id: 'board-whip', kind: 'whip' },
      { id: 'board-pair', kind: 'failover', sources: [{ kind: 'test' }, { mountpoint: 'board' }] }]) {
      await server.api.create(mountpoint);
      scope.defer(() => server.api.call('DELETE', `/api/v1/mountpoints/${mountpoint.id}`));
    }
    const page = await openViewerPage(scope, await launchBrowser(scope, FAKE_DEVICES), server.url);
    await Publisher.publish(scope, page, { url: server.whip('board-whip') });
  }

  test('asks for metrics and labels that there are', LIMIT, scoped(async (scope) => {
    const named = [...expressions, ...queries].map((text) => [text, selectors(text)]);
    const names = new Set(named.flatMap(([, all]) => all.map(({ metric }) => metric)));
    assert.ok(names.size > 40, `${names.size} names`);
    await feed(scope);
    const metrics = await waitMetrics('all of them', (seen) => assert.deepEqual(
      [...names].filter((name) => seen.samples(name).length === 0), []), { timeoutMs: 30000 });

    const values = (metric, label) => metrics.samples(metric).map(({ labels }) => labels[label]);
    const has = (metric, label) => GIVEN.includes(label) || !values(metric, label).includes(undefined);
    for (const [text, all] of named) {
      assert.notEqual(all.length, 0, `asks for nothing: ${text}`);
      for (const { metric, wanted } of all) {
        for (const label of [...wanted.map(([, name]) => name), ...grouped(text)]) {
          assert.ok(has(metric, label), `${metric} has no ${label}: ${text}`);
        }
        for (const [, label, value] of wanted.filter(([, , each]) => !each.startsWith('$'))) {
          assert.deepEqual(value.split('|').filter((one) => !values(metric, label).includes(one)),
            [], `${metric} has no such ${label}: ${text}`);
        }
      }
    }
    for (const text of queries) {
      const [, metric, label] = /^label_values\((\w+).*, (\w+)\)$/.exec(text);
      assert.ok(has(metric, label), text);
    }
    for (const { expr, legendFormat } of targets) {
      const [{ metric }] = selectors(expr);
      const kept = (label) => / by \(/.test(expr) ? grouped(expr).includes(label)
        : !/\b(sum|max|min|avg|histogram_quantile)\(/.test(expr) && has(metric, label);
      assert.deepEqual(shown(legendFormat).filter((label) => !kept(label)), [],
        `${legendFormat} of ${expr}`);
    }
  }));

  test('has panels that can be told apart', () => {
    const ids = board.panels.map(({ id }) => id);
    assert.equal(new Set(ids).size, ids.length);
    const places = board.panels.map(({ gridPos: { x, y } }) => `${x} ${y}`);
    assert.equal(new Set(places).size, places.length);
    for (const { gridPos: { x, w } } of board.panels) {
      assert.ok(x + w <= 24);
    }
  });

  test('asks in what Prometheus understands', scoped(async (scope, t) => {
    if (spawnSync('promtool', ['--version']).error) {
      t.skip('there is no promtool');
      return;
    }
    const rules = expressions.map((expression, index) => ({
      record: `board:${index}`,
      expr: expression.replaceAll('$__rate_interval', '5m').replaceAll(/\$\w+/g, '.*'),
    }));
    const file = join(temporaryDirectory(scope, 'rules'), 'rules.json');
    writeFileSync(file, JSON.stringify({ groups: [{ name: 'board', rules }] }));
    const checked = spawnSync('promtool', ['check', 'rules', file], { encoding: 'utf8' });
    assert.equal(checked.status, 0, checked.stdout + checked.stderr);
  }));
});

/** The processor time of the thread that answers. */
const mainThreadMs = ({ pid }) =>
  Number(readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;

test('500 mountpoints', LIMIT, scoped(async (scope) => {
  const big = await startServer(scope);
  for (let i = 0; i < 500; i += 1) {
    await big.api.create({ id: `camera-${i}`, kind: 'whip', persist: false });
  }
  const before = mainThreadMs(big);
  let metrics;
  for (let i = 0; i < READINGS; i += 1) {
    metrics = new Metrics((await big.api.call('GET', '/metrics')).text);
  }
  const ms = (mainThreadMs(big) - before) / READINGS;
  assert.equal(metrics.samples('whepcast_mountpoint_live').length, 500);
  assert.equal(metrics.value('whepcast_mountpoints'), 500);
  const lines = metrics.text.split('\n').length;
  assert.ok(lines / 500 < 100, `${lines} lines`);
  process.stdout.write(`# ${lines} lines, ${metrics.text.length} bytes, `
    + `${ms.toFixed(1)} ms of the main thread each\n`);
}));
