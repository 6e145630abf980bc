// SPDX-License-Identifier: MIT
//
// The configuration, read again while it runs.

import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';

import { assertProblem } from './lib/api.mjs';
import { launchBrowser, openViewerPage, Viewer } from './lib/browser.mjs';
import { rtpMountpoint } from './lib/fixture.mjs';
import { request } from './lib/http.mjs';
import { offer } from './lib/offer.mjs';
import { pushOptions, startPusher } from './lib/pusher.mjs';
import { RtspClient } from './lib/rtsp-publisher.mjs';
import { scoped } from './lib/scope.mjs';
import { LOOPBACK, ROOT, startServer, temporaryDirectory } from './lib/server.mjs';
import { waitFor } from './lib/wait.mjs';
import { SDP, SMALL } from './lib/whep.mjs';

const RELOAD = '/api/v1/reload';

/** A mountpoint of the file with video on a port, or on one that is chosen. */
function rtp(id, { keys = '', port = 0, payloadType = 96 } = {}) {
  return `[mountpoint ${id}]\nkind=rtp\n${keys}` +
    `[track ${id}/video]\ncodec=H264\npayload-type=${payloadType}\nport=${port}\n`;
}

async function reload(server, config) {
  writeFileSync(server.configFile, config);
  return server.api.ok('POST', RELOAD);
}

const effects = ({ mountpoints }) =>
  Object.fromEntries(mountpoints.map(({ id, effect }) => [id, effect]));

const effectOf = ({ keys }, group, key) =>
  keys.find((one) => one.group === group && one.key === key)?.effect;

const portOf = async (server, id) => (await server.api.read(id)).tracks[0].port;

/** So many free ports, even ones, whose successors are free as well. */
async function freePorts(count) {
  const bind = (port) => new Promise((resolve, reject) => {
    const socket = dgram.createSocket('udp4');
    socket.once('error', reject);
    socket.bind(port, '0.0.0.0', () => resolve(socket));
  });
  const ports = [];
  const taken = [];
  while (ports.length < count) {
    const first = await bind(0);
    const { port } = first.address();
    taken.push(first);
    if (port % 2 === 0) {
      const next = await bind(port + 1).catch(() => null);
      if (next) {
        taken.push(next);
        ports.push(port);
      }
    }
  }
  await Promise.all(taken.map((socket) => new Promise((done) => socket.close(done))));
  return ports;
}

const post = (server, id, headers = {}) => request(server.whep(id), {
  method: 'POST', headers: { 'Content-Type': SDP, ...headers }, body: offer(),
});

describe('mountpoints of the file', () => {
  test('what has not changed plays on without a lost packet, the rest becomes what it is',
    { timeout: 120000 }, scoped(async (scope) => {
      const common = rtp('still', { keys: 'title=Still\n' });
      const server = await startServer(scope, {
        config: LOOPBACK + common + rtp('edited') + rtp('other') + rtp('gone'),
      });
      const browser = await launchBrowser(scope);
      const page = await openViewerPage(scope, browser, server.url);
      const viewers = {};
      for (const id of ['still', 'edited', 'other', 'gone']) {
        startPusher(scope, pushOptions(await server.api.read(id), SMALL));
        await server.api.waitState(id, 'live', { timeoutMs: 15000 });
        viewers[id] = await Viewer.watch(scope, page,
          { url: server.whep(id), kinds: ['video'] });
        await viewers[id].frames(5);
      }
      const before = {
        still: (await server.api.sessions('still')).items[0].id,
        edited: (await server.api.sessions('edited')).items[0].id,
        port: await portOf(server, 'still'),
        lost: (await viewers.still.stats()).lost,
      };

      const report = await reload(server, LOOPBACK + common +
        rtp('edited', { keys: 'title=Edited\nwatch-token=secret\n' }) +
        rtp('other', { payloadType: 100 }) + rtp('fresh') +
        '[limits]\nmax-viewers=7\n[fanout]\nhistory-ms=3000\n');
      assert.deepEqual(effects(report),
        { edited: 'edited', other: 'restarted', gone: 'removed', fresh: 'added' });
      assert.equal(effectOf(report, 'limits', 'max-viewers'), 'applied');
      assert.equal(effectOf(report, 'fanout', 'history-ms'), 'needs a restart');
      assert.equal(report.needs_restart, true);

      await viewers.other.ended();
      await viewers.gone.ended();
      for (const id of ['still', 'edited']) {
        const stats = await viewers[id].frames(20);
        assert.equal(stats.lost, 0, JSON.stringify(stats));
        assert.equal(stats.nacks, 0, JSON.stringify(stats));
        assert.equal((await server.api.sessions(id)).items[0].id, before[id]);
      }
      assert.equal(await portOf(server, 'still'), before.port, 'a chosen port stays');
      assert.equal((await server.api.read('edited')).title, 'Edited');
      assert.equal((await post(server, 'edited')).status, 401);
      assert.equal((await server.api.call('GET', '/api/v1/mountpoints/gone')).status, 404);
      assert.equal((await server.api.read('fresh')).origin, 'config');
      assert.equal((await server.api.server()).limits.max_viewers, 7);

      // The pusher of `other` sends what it is no longer; what it is to send plays.
      startPusher(scope, pushOptions({ tracks: [{ ...(await server.api.read('other')).tracks[0],
        payload_type: 100 }] }, SMALL));
      await server.api.waitState('other', 'live', { timeoutMs: 15000 });

      // Nothing else has changed: the same file again changes nothing but says what waits.
      const again = await server.api.ok('POST', RELOAD);
      assert.deepEqual(again.mountpoints, []);
      assert.deepEqual(again.keys.map(({ key }) => key), ['history-ms']);
    }));

  test('ports go from one to another, and an id from the API to the file',
    scoped(async (scope) => {
      const [first, second] = await freePorts(2);
      const server = await startServer(scope, {
        config: LOOPBACK + rtp('a', { port: first }) + rtp('b', { port: second }),
      });
      await server.api.create(rtpMountpoint('mine', { title: 'Mine' }));
      const swapped = await reload(server,
        LOOPBACK + rtp('a', { port: second }) + rtp('b', { port: first }));
      assert.deepEqual(effects(swapped), { a: 'restarted', b: 'restarted' });
      assert.equal(await portOf(server, 'a'), second);
      assert.equal(await portOf(server, 'b'), first);

      const renamed = await reload(server,
        LOOPBACK + rtp('c', { port: second }) + rtp('b', { port: first }) + rtp('mine'));
      assert.deepEqual(effects(renamed), { a: 'removed', c: 'added', mine: 'added' });
      assert.equal((await server.api.read('mine')).origin, 'config');
      assert.match((await server.api.server()).problems.join('\n'), /mine\.json is skipped/);
      startPusher(scope, pushOptions(await server.api.read('c'), SMALL));
      await server.api.waitState('c', 'live', { timeoutMs: 15000 });

      const back = await reload(server, LOOPBACK + rtp('c', { port: second }));
      assert.deepEqual(effects(back), { b: 'removed', mine: 'removed' });
      assert.match(back.mountpoints.find(({ id }) => id === 'mine').note,
        /mine\.json is used again after a restart/);
    }));

  test('one that was disabled stays so; sdp-file is read again', scoped(async (scope) => {
    const folder = temporaryDirectory(scope, 'sdp');
    const [port] = await freePorts(1);
    const sdp = (payloadType) => writeFileSync(join(folder, 'cam.sdp'),
      `v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n` +
      `m=video ${port} RTP/AVP ${payloadType}\na=rtpmap:${payloadType} H264/90000\n`);
    const config = `${LOOPBACK}${rtp('off')}[mountpoint cam]\nkind=rtp\n` +
      `sdp-file=${join(folder, 'cam.sdp')}\n`;
    sdp(96);
    const server = await startServer(scope, { config });
    await server.api.ok('POST', '/api/v1/mountpoints/off/disable');
    sdp(97);
    const report = await reload(server, config.replace('kind=rtp\n', 'kind=rtp\ntitle=Off\n'));
    assert.deepEqual(effects(report), { off: 'edited', cam: 'restarted' });
    assert.equal((await server.api.read('cam')).tracks[0].payload_type, 97);
    const off = await server.api.read('off');
    assert.equal(off.state, 'disabled');
    assert.equal(off.title, 'Off');
  }));
});

describe('keys', () => {
  test('what can be applied is in force at once', scoped(async (scope) => {
    const server = await startServer(scope);
    await server.api.create(rtpMountpoint('m'));
    const folder = temporaryDirectory(scope, 'secrets');
    writeFileSync(join(folder, 'turn'), 'first-secret\n');
    writeFileSync(join(folder, 'admin'), 'another-admin\n');
    const turn = `[ice]\naddresses=127.0.0.2\nice-servers=turn:turn.example\n` +
      `turn-secret-file=${join(folder, 'turn')}\n`;
    const rest = '[server]\nlog-format=json\n' +
      '[http]\npublic-url=https://video.example\ncors-origins=https://site.example\n' +
      'trusted-proxies=127.0.0.1\nsession-auth=strict\n' +
      '[limits]\nmax-mountpoints=1\n';
    const report = await reload(server, turn + rest);
    assert.ok(report.keys.length >= 8, JSON.stringify(report.keys));
    for (const { group, key, effect } of report.keys) {
      assert.equal(effect, 'applied', `[${group}] ${key}`);
    }
    assert.equal(report.needs_restart, false);

    assert.equal((await server.api.read('m')).whep_url, 'https://video.example/whep/m');
    assertProblem(await server.api.call('POST', '/api/v1/mountpoints', rtpMountpoint('n')), 503,
      /max-mountpoints/);
    const { candidates, network } = await server.api.server();
    assert.deepEqual([...new Set(candidates.map(({ address }) => address))], ['127.0.0.2']);
    assert.deepEqual(network.ice_servers, ['turn:turn.example']);
    const options = () => request(server.whep('m'),
      { method: 'OPTIONS', headers: { Origin: 'https://site.example' } });
    const answer = await options();
    assert.equal(answer.headers['access-control-allow-origin'], 'https://site.example');
    await waitFor('the log is JSON', () =>
      server.log.some((line) => line.startsWith('{') && JSON.parse(line).message));

    // A secret that is another is used, and told as the file of its key.
    writeFileSync(join(folder, 'turn'), 'second-secret\n');
    const turned = await server.api.ok('POST', RELOAD);
    assert.deepEqual(turned.keys, []);
    assert.deepEqual(turned.files.map(({ group, key }) => `[${group}] ${key}`),
      ['[ice] turn-secret-file']);

    const guarded = await reload(server,
      `${turn}${rest}[auth]\nadmin-token-file=${join(folder, 'admin')}\n`);
    assert.equal(effectOf(guarded, 'auth', 'admin-token-file'), 'applied');
    assert.equal((await server.api.call('GET', '/api/v1/server')).status, 401);
    server.api.token = 'another-admin';
    await server.api.server();
  }));

  test('those who are there go by what the engine and the RTSP server are told', { timeout: 60000 },
    scoped(async (scope) => {
      const rest = '[rtsp]\nlisten=127.0.0.1:0\n';
      const server = await startServer(scope, { config: LOOPBACK + rest });
      await server.api.create({ id: 'm', kind: 'test', test_width: 160, test_height: 90 });
      const { push } = await server.api.create({ id: 'p', kind: 'rtsp-push' });
      const url = /"(rtsp:\/\/[^"]+)"$/.exec(push)[1];
      await server.api.waitState('m', 'live', { timeoutMs: 15000 });
      const first = await RtspClient.connect(scope, url);
      assert.equal((await first.request('OPTIONS')).status, 200);
      assert.equal((await post(server, 'm')).status, 201);

      const report = await reload(server,
        `${LOOPBACK}connect-timeout-ms=1000\n${rest}max-connections=1\n[fanout]\nfast-start=false\n`);
      assert.deepEqual(report.keys.map(({ key, effect }) => `${key}: ${effect}`),
        ['connect-timeout-ms', 'max-connections', 'fast-start'].map((key) => `${key}: applied`));
      assert.equal((await server.api.server()).rtsp.max_connections, 1);
      const second = await RtspClient.connect(scope, url);
      await second.ended(5000); // a silent one is ended after 10 s anyway
      // The limit it came with is 20 s.
      await waitFor('who did not connect is gone', async () =>
        (await server.api.read('m')).viewers === 0, { timeoutMs: 15000 });
    }));

  /** What the sample says needs a restart, with a value other than its default. */
  const RESTART = {
    'ice tcp-port': '0', 'ice ipv6': 'false', 'ice dscp': '46',
    'rtp port-range': '30000-30999', 'rtp latch-timeout-ms': '600',
    'rtsp listen': '127.0.0.1:0', 'files directory': '/tmp',
    'fanout lane': 'webrtcbin', 'fanout workers': '7', 'fanout history-ms': '3000',
    'fanout gop-max-bytes': '2097152',
  };
  /** Given on the command line of every test, so the file does not matter. */
  const GIVEN = ['server state-dir', 'http listen', 'ice udp-port'];

  test('what needs a restart is told, each time, and is not in force',
    scoped(async (scope) => {
      const sample = readFileSync(join(ROOT, 'config/whepcast.conf.sample'), 'utf8');
      const documented = [];
      let group = '';
      let restart = false;
      for (const line of sample.split('\n')) {
        group = /^\[(\w+)\]$/.exec(line)?.[1] ?? group;
        const key = /^#([a-z0-9-]+)=/.exec(line)?.[1];
        if (key && restart) {
          documented.push(`${group} ${key}`);
        }
        restart = line === '# Changes need a restart.';
      }
      assert.deepEqual(documented.filter((name) => !GIVEN.includes(name)).sort(),
        Object.keys(RESTART).sort(), 'one value for each key that the sample names');

      const lines = { ice: 'addresses=127.0.0.1\n' };
      for (const [name, value] of Object.entries(RESTART)) {
        const [of, key] = name.split(' ');
        lines[of] = `${lines[of] ?? ''}${key}=${value}\n`;
      }
      const config = Object.entries(lines).map(([of, keys]) => `[${of}]\n${keys}`).join('');
      // The lane that a run of the tests asks for is not one of the file.
      const server = await startServer(scope, { env: { WHEPCAST_FANOUT_LANE: '' } });
      const before = await server.api.server();
      for (let round = 0; round < 2; round++) {
        const report = await reload(server, config);
        assert.equal(report.needs_restart, true);
        assert.deepEqual(report.keys.map(({ group: name, key }) => `${name} ${key}`).sort(),
          Object.keys(RESTART).sort());
        for (const { key, effect } of report.keys) {
          assert.equal(effect, 'needs a restart', key);
        }
      }
      const after = await server.api.server();
      for (const what of ['lane', 'rtp', 'candidates']) {
        assert.deepEqual(after[what], before[what], what);
      }
      assert.equal(after.engine.workers, before.engine.workers);
    }));

  test('SIGHUP does the same, and the log says what became of each change',
    scoped(async (scope) => {
      const server = await startServer(scope, { env: { WHEPCAST_FANOUT_LANE: '' } });
      writeFileSync(server.configFile,
        `${LOOPBACK}[limits]\nmax-pending=5\n[fanout]\nlane=webrtcbin\n${rtp('new')}`);
      server.child.signal('SIGHUP');
      for (const pattern of [/INFO +\S+ \[limits\] max-pending: applied/,
        /WARNING +\S+ \[fanout\] lane: needs a restart/,
        /INFO +\S+ \[mountpoint new\]: added/]) {
        await waitFor(`a line like ${pattern}`, () =>
          server.log.some((line) => pattern.test(line)));
      }
    }));
});

describe('a configuration that cannot be used', () => {
  test('changes nothing, and all that is wrong is told', scoped(async (scope) => {
    const good = LOOPBACK + rtp('kept');
    const server = await startServer(scope, { config: good });
    const before = JSON.stringify((await server.api.list()).items.map(({ since, ...rest }) =>
      rest));
    const taken = dgram.createSocket('udp4');
    scope.defer(() => new Promise((done) => taken.close(done)));
    await new Promise((resolve) => taken.bind(0, '0.0.0.0', resolve));
    const missing = join(temporaryDirectory(scope, 'none'), 'secret');

    for (const [text, patterns] of [
      ['[ice]\nudp-port=70000\nnonsense=1\n[limits]\nmax-viewers=-1\n[mountpoint x]\n' +
        'kind=rtp\ntitel=X\n[mountpoint y]\nkind=pigeon\n',
      [/udp-port/, /nonsense/, /max-viewers/, /mountpoint x\] titel/, /mountpoint y\] kind/]],
      ['hello\n[limits]\nmax-viewers\n', [/:1:/, /:3:/]],
      [`[ice]\nturn-secret-file=${missing}\nice-servers=turn:t.example\n` +
        `[auth]\njwt-keys=${missing}\n[http]\ntls-certificate=${missing}\ntls-key=${missing}\n` +
        `[limits]\nmax-viewers=3\n${rtp('new')}${rtp('full', { port: taken.address().port })}`,
      [/turn-secret-file/, /jwt-keys/, /tls-certificate/, /mountpoint full\].*port/]],
    ]) {
      writeFileSync(server.configFile, text);
      const answer = await server.api.call('POST', RELOAD);
      assertProblem(answer, 422, /nothing was changed/);
      assert.equal(answer.json.errors.length, patterns.length, answer.text);
      for (const pattern of patterns) {
        assert.ok(answer.json.errors.some((line) => pattern.test(line)),
          `${pattern}: ${answer.text}`);
      }
      await waitFor('the log has it too', () =>
        server.log.some((line) => line.includes(answer.json.errors.at(-1))));
      const now = JSON.stringify((await server.api.list()).items.map(({ since, ...rest }) =>
        rest));
      assert.equal(now, before);
      assert.equal((await server.api.server()).limits.max_viewers, 0);
      assert.deepEqual((await server.api.server()).network.ice_servers, []);
    }

    // What could have been taken on the way was given back.
    const report = await reload(server, good + rtp('new'));
    assert.deepEqual(effects(report), { new: 'added' });
  }));

  test('is not to be had by a GET, nor without the admin token', scoped(async (scope) => {
    const server = await startServer(scope);
    assert.equal((await server.api.call('GET', RELOAD)).status, 405);
    assert.equal((await server.api.call('POST', RELOAD, undefined, { token: null })).status, 401);
  }));
});
