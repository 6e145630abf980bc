// SPDX-License-Identifier: MIT
//
// kind=failover and kind=file: a source dies and another takes over, and whoever
// watches goes on watching.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { assertProblem } from './lib/api.mjs';
import { launchBrowser, openViewerPage, Viewer } from './lib/browser.mjs';
import { listen } from './lib/events.mjs';
import { createMountpoint, rtpMountpoint } from './lib/fixture.mjs';
import { pushOptions, startPusher } from './lib/pusher.mjs';
import { scoped, suiteScope } from './lib/scope.mjs';
import { LOOPBACK, startServer, temporaryDirectory } from './lib/server.mjs';
import { waitFor } from './lib/wait.mjs';

const LIMIT = { timeout: 120000 };
const suite = suiteScope(after);
let server;
let browser;

/** Two seconds of a picture with sound, as an operator would make a slate. */
function makeSlate() {
  const directory = temporaryDirectory(suite, 'files');
  execFileSync('ffmpeg', ['-nostdin', '-loglevel', 'error',
    '-f', 'lavfi', '-i', 'smptebars=size=640x360:rate=25',
    '-f', 'lavfi', '-i', 'sine=frequency=880:sample_rate=48000', '-t', '2',
    '-filter:a', 'volume=1', '-c:v', 'libx264', '-profile:v', 'baseline', '-bf', '0',
    '-g', '25', '-pix_fmt', 'yuv420p', '-preset', 'ultrafast', '-c:a', 'libopus',
    join(directory, 'slate.mkv')]);
  return directory;
}

before(async () => {
  const directory = makeSlate();
  server = await startServer(suite, { config: `${LOOPBACK}
[files]
directory=${directory}
[mountpoint slate]
kind=file
path=slate.mkv
[mountpoint gone-file]
kind=file
path=../../etc/passwd
` });
  browser = await launchBrowser(suite);
});

async function watch(scope, id, options = {}) {
  const page = await openViewerPage(scope, browser, server.url);
  return Viewer.watch(scope, page, { url: server.whep(id), ...options });
}

/** What a source of kind rtp is, of whatever mountpoint. */
function rtpSource(options) {
  const { kind, tracks } = rtpMountpoint('unused', options);
  return { kind, tracks, source_timeout_ms: 1000 };
}

async function createFailover(scope, id, sources, more = {}) {
  const mountpoint = await server.api.create({
    id, kind: 'failover', sources, source_timeout_ms: 1000, return_after_ms: 1500, ...more,
  });
  scope.defer(() => server.api.call('DELETE', `/api/v1/mountpoints/${id}`));
  return mountpoint;
}

function plays(id, number, options) {
  return waitFor(`source ${number} of ${id} plays`, async () => {
    const mountpoint = await server.api.read(id);
    if (mountpoint.playing !== number) {
      throw new Error(`${mountpoint.playing}: ${mountpoint.reason}`);
    }
    return mountpoint;
  }, { timeoutMs: 20000, ...options });
}

function toSwitch(id, body) {
  return server.api.call('POST', `/api/v1/mountpoints/${id}/switch`, body);
}

describe('a source dies', () => {
  test('the next takes over, the first comes back, the viewer stays', LIMIT,
    scoped(async (scope) => {
      const mountpoint = await createFailover(scope, 'pair', [rtpSource(), rtpSource()]);
      const start = (index) => startPusher(scope, pushOptions(mountpoint.sources[index]));
      let primary = start(0);
      start(1);
      await plays('pair', 1);
      const viewer = await watch(scope, 'pair');
      await viewer.frames(25);
      for (let round = 0; round < 3; round += 1) {
        await primary.kill();
        await plays('pair', 2);
        const on = await waitFor('the first is lost', async () => {
          const seen = await server.api.read('pair');
          return seen.sources[0].state === 'lost' && seen;
        });
        assert.match(on.reason, /^source 1 is lost \(.*\); source 2 plays$/);
        assert.deepEqual(on.sources.map(({ playing }) => playing), [false, true]);
        await viewer.frames(25);
        await viewer.tone([440]);
        primary = start(0);
        const back = await plays('pair', 1);
        assert.equal(back.reason, null);
        await viewer.frames(25);
      }
      const { connection } = await viewer.states();
      assert.equal(connection, 'connected');
      assert.equal((await server.api.read('pair')).viewers, 1);
      assert.ok(server.log.some((line) => /pair: source 2 plays/.test(line)));
    }));

  test('every switch is told, with what it was for', LIMIT, scoped(async (scope) => {
    const mountpoint = await createFailover(scope, 'told', [rtpSource(), rtpSource()]);
    const stream = await listen(scope, `${server.url}/api/v1/events`,
      { Authorization: `Bearer ${server.token}` });
    const switches = () => stream.events
      .filter(([name, { id }]) => name === 'switch' && id === 'told')
      .map(([, told]) => told);
    const next = async (number, from, to, reason) => {
      const last = await waitFor(`from ${from} to ${to}`, () => switches()[number],
        { timeoutMs: 20000 });
      assert.deepEqual([last.from, last.to], [from, to]);
      assert.match(last.reason, reason);
      const { id, ...told } = last;
      const seen = await server.api.read('told');
      assert.deepEqual(seen.last_switch, told);
      assert.ok(Math.abs(Date.now() - Date.parse(told.at)) < 60000);
      return seen;
    };
    assert.equal((await server.api.read('told')).last_switch, null);
    const start = (index) => startPusher(scope, pushOptions(mountpoint.sources[index]));
    let primary = start(0);
    await next(0, null, 1, /it is the first that is live/);
    const second = start(1);
    await waitFor('the second is live', async () =>
      (await server.api.read('told')).sources[1].state === 'live', { timeoutMs: 20000 });
    assert.equal((await server.api.read('told')).switches, 0);
    await primary.kill();
    await next(1, 1, 2, /^source 1 is \w+ \(.+\)$/);
    primary = start(0);
    await next(2, 2, 1, /the better one/);
    await toSwitch('told', { source: 2 });
    const seen = await next(3, 1, 2, /chosen by hand/);
    assert.equal(seen.switches, 3);
    assert.equal(stream.last('mountpoint').playing, 2);
    await primary.kill();
    await waitFor('the first is lost', async () =>
      (await server.api.read('told')).sources[0].state === 'lost');
    await second.kill();
    await next(4, 2, null, /^source 1 is \w+ \(.+\); source 2 is \w+ \(.+\)$/);
    assert.equal(switches().length, 5);
    assert.ok(server.log.some((line) => /told: source 2 plays, and source 1 no longer: /.test(line)));
  }));

  test('a slate by reference fills the gap', LIMIT, scoped(async (scope) => {
    const mountpoint = await createFailover(scope, 'with-slate',
      [rtpSource(), { mountpoint: 'slate' }]);
    await plays('with-slate', 2);
    const viewer = await watch(scope, 'with-slate');
    // The file is two seconds long: it has been played more than once.
    await viewer.frames(125, { timeoutMs: 30000 });
    await viewer.tone([880]);
    const pusher = startPusher(scope, pushOptions(mountpoint.sources[0]));
    await plays('with-slate', 1);
    await viewer.tone([440]);
    await pusher.kill();
    await plays('with-slate', 2);
    await viewer.tone([880]);
    await viewer.frames(25);
  }));
});

describe('references', () => {
  test('one that is disabled, destroyed, or made later is told', LIMIT,
    scoped(async (scope) => {
      await createFailover(scope, 'follower', [{ mountpoint: 'leader' }]);
      const absent = await server.api.read('follower');
      assert.match(absent.sources[0].reason, /there is no mountpoint "leader"/);
      const source = { mountpoint: await createMountpoint(scope, server, 'leader') };
      startPusher(scope, pushOptions(source.mountpoint));
      await plays('follower', 1);
      await server.api.ok('POST', '/api/v1/mountpoints/leader/disable');
      await waitFor('it says so', async () =>
        /"leader" is disabled/.test((await server.api.read('follower')).sources[0].reason));
      assert.equal((await server.api.read('follower')).playing, null);
      await server.api.ok('POST', '/api/v1/mountpoints/leader/enable');
      await plays('follower', 1);
      await server.api.destroy('leader');
      await server.api.waitState('follower', 'lost');
    }));

  test('those that lead back are refused', LIMIT, scoped(async (scope) => {
    await createFailover(scope, 'ring-a', [{ mountpoint: 'ring-b' }]);
    const answer = await server.api.call('POST', '/api/v1/mountpoints',
      { id: 'ring-b', kind: 'failover', sources: [{ mountpoint: 'ring-a' }] });
    assertProblem(answer, 422, /source 1: mountpoint "ring-a" leads back to "ring-b"/);
    assertProblem(await server.api.call('POST', '/api/v1/mountpoints',
      { id: 'self', kind: 'failover', sources: [{ mountpoint: 'self' }] }), 422,
    /would be its own source/);
  }));
});

describe('by hand', () => {
  test('switch chooses a source, null gives it back to the order', LIMIT,
    scoped(async (scope) => {
      const mountpoint = await createFailover(scope, 'desk', [rtpSource(), rtpSource()]);
      startPusher(scope, pushOptions(mountpoint.sources[0]));
      startPusher(scope, pushOptions(mountpoint.sources[1]));
      await plays('desk', 1);
      const viewer = await watch(scope, 'desk');
      await viewer.frames(10);
      for (const number of [2, 1, 2, 1, 2]) {
        const answer = await toSwitch('desk', { source: number });
        assert.equal(answer.status, 200);
        assert.equal(answer.json.chosen, number);
        await plays('desk', number);
        await viewer.frames(10);
      }
      const answer = await toSwitch('desk', { source: null });
      assert.equal(answer.json.chosen, null);
      await plays('desk', 1);
      await viewer.frames(10);
    }));

  test('what cannot be switched is refused', LIMIT, scoped(async (scope) => {
    await createFailover(scope, 'small', [rtpSource(), rtpSource()]);
    await createMountpoint(scope, server, 'plain');
    for (const body of [{ source: 3 }, { source: 0 }, { source: '1' }, {}, { source: 1, x: 1 }]) {
      assertProblem(await toSwitch('small', body), 422, /from 1 to 2/);
    }
    assertProblem(await toSwitch('plain', { source: 1 }), 422, /of kind rtp/);
    assertProblem(await toSwitch('nobody', { source: 1 }), 404);
    const anonymous = await server.api.call('POST', '/api/v1/mountpoints/small/switch',
      { source: 1 }, { token: null });
    assertProblem(anonymous, 401);
  }));
});

describe('codecs', () => {
  test('sources known to differ are refused', LIMIT, scoped(async (scope) => {
    const create = (id, sources) => server.api.call('POST', '/api/v1/mountpoints',
      { id, kind: 'failover', sources });
    assertProblem(await create('mixed', [rtpSource(), rtpSource({ video: 'VP8' })]), 422,
      /source 2.* its video is VP8, and that of a source before it is H264/);
    await server.api.waitState('slate', 'live', { timeoutMs: 20000 });
    assertProblem(await create('mixed', [{ mountpoint: 'slate' }, rtpSource({ video: 'VP8' })]),
      422, /source 2: its video is VP8, and that of a better source is H264/);
    assert.equal((await server.api.call('GET', '/api/v1/mountpoints/mixed')).status, 404);
  }));

  test('one that turns out to differ is passed over', LIMIT, scoped(async (scope) => {
    const other = await createMountpoint(scope, server, 'other', { video: 'VP8' });
    await server.api.ok('POST', '/api/v1/mountpoints/other/disable');
    const mountpoint = await createFailover(scope, 'picky',
      [rtpSource(), { mountpoint: 'other' }, rtpSource()]);
    await server.api.ok('POST', '/api/v1/mountpoints/other/enable');
    startPusher(scope, pushOptions(other));
    await waitFor('it says why', async () => {
      const { sources } = await server.api.read('picky');
      return /its video is VP8/.test(sources[1].reason);
    }, { timeoutMs: 20000 });
    startPusher(scope, pushOptions(mountpoint.sources[2]));
    await plays('picky', 3);
  }));
});

describe('the API', () => {
  test('sources survive a restart with their ports; PATCH changes them', LIMIT,
    scoped(async (scope) => {
      const stateDir = temporaryDirectory(scope);
      const first = await startServer(scope, { stateDir });
      const made = await first.api.create({
        id: 'kept', kind: 'failover', return_after_ms: 2500,
        sources: [rtpSource(), { kind: 'test' }],
      });
      const port = made.sources[0].tracks[0].port;
      assert.ok(port > 0);
      await first.stop();
      const second = await startServer(scope, { stateDir });
      const kept = await second.api.read('kept');
      assert.equal(kept.sources[0].tracks[0].port, port);
      assert.equal(kept.return_after_ms, 2500);
      assert.equal(kept.sources[1].kind, 'test');
      const edited = await second.api.edit('kept',
        { sources: [{ kind: 'test', test_width: 320, test_height: 240 }], return_after_ms: 0 });
      assert.equal(edited.sources.length, 1);
      assert.equal(edited.sources[0].test_width, 320);
      assert.equal(edited.return_after_ms, 0);
    }));

  test('passwords of sources are not shown, and kept by ***', LIMIT, scoped(async (scope) => {
    const source = { kind: 'whep', url: 'http://127.0.0.1:9/whep/x', source_token: 'hidden-1' };
    const made = await createFailover(scope, 'secret', [source]);
    assert.equal(made.sources[0].source_token, '***');
    const edited = await server.api.edit('secret',
      { sources: [{ ...source, source_token: '***' }, { kind: 'test' }] });
    assert.equal(edited.sources[0].source_token, '***');
    const answer = await server.api.call('PATCH', '/api/v1/mountpoints/secret',
      { sources: [{ kind: 'test' }, { ...source, source_token: '***' }] });
    assertProblem(answer, 422, /of source 2/);
    assert.ok(!server.log.some((line) => line.includes('hidden-1')));
  }));

  test('wrong sources are refused by name', LIMIT, scoped(async () => {
    const create = (sources) => server.api.call('POST', '/api/v1/mountpoints',
      { id: 'bad', kind: 'failover', sources });
    assertProblem(await create([{ kind: 'test' }, { kind: 'test', tilte: 'x' }]), 422,
      /unknown key "tilte" of source 2/);
    assertProblem(await create([]), 422, /0 sources are not allowed; 1 to 8/);
    assertProblem(await create([{ kind: 'file', path: 'x' }]), 422,
      /"path" of source 1: is a key of the configuration file alone/);
    assertProblem(await create([{ kind: 'whip' }]), 422, /make a mountpoint of it/);
  }));
});

describe('files', () => {
  test('a file is played over and over', LIMIT, scoped(async (scope) => {
    await server.api.waitState('slate', 'live', { timeoutMs: 20000 });
    const viewer = await watch(scope, 'slate');
    const stats = await viewer.frames(150, { timeoutMs: 40000 });
    assert.deepEqual([stats.width, stats.height], [640, 360]);
    await viewer.tone([880]);
  }));

  test('a file outside of the directory is not', LIMIT, scoped(async () => {
    const mountpoint = await waitFor('it failed', async () => {
      const seen = await server.api.read('gone-file');
      return seen.reason !== null && seen;
    });
    assert.match(mountpoint.reason, /leads out of the directory|No such file/);
    assertProblem(await server.api.call('POST', '/api/v1/mountpoints',
      { id: 'by-api', kind: 'file' }), 422, /for the configuration file alone/);
  }));
});
