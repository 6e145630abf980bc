// SPDX-License-Identifier: MIT
//
// The program from start to end: configuration, state on disk, signals.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';

import { assertProblem } from './lib/api.mjs';
import { launchBrowser, openViewerPage, Viewer } from './lib/browser.mjs';
import { liveMountpoint, rtpMountpoint } from './lib/fixture.mjs';
import { request } from './lib/http.mjs';
import { offer } from './lib/offer.mjs';
import { scoped } from './lib/scope.mjs';
import { LOOPBACK, spawnServer, startServer, temporaryDirectory } from './lib/server.mjs';
import { waitFor, within } from './lib/wait.mjs';
import { SECRET, startReceiver } from './lib/webhook-receiver.mjs';
import { SDP } from './lib/whep.mjs';

const PATH = '/api/v1/mountpoints';

/** The file in the state directory that keeps a mountpoint. */
function stateFile(server, id) {
  const name = readdirSync(server.stateDir, { recursive: true })
    .find((path) => path.endsWith('.json') && (path.includes(id) ||
      readFileSync(join(server.stateDir, path), 'utf8').includes(`"${id}"`)));
  assert.ok(name, `a file for ${id} in the state directory`);
  return join(server.stateDir, name);
}

const logged = (server, pattern) => waitFor(`a log line like ${pattern}`, () =>
  server.log.some((line) => pattern.test(line)));

describe('state that survives', () => {
  for (const [name, end] of [['SIGTERM', (server) => server.stop()],
    ['kill -9', (server) => server.kill()]]) {
    test(`mountpoints of the API are there after ${name}`, scoped(async (scope) => {
      const first = await startServer(scope);
      const kept = await first.api.create(rtpMountpoint('kept',
        { title: 'Kept', watch_token: 'secret' }));
      await first.api.create(rtpMountpoint('passing', { persist: false }));
      await first.api.create(rtpMountpoint('destroyed'));
      await first.api.destroy('destroyed');
      await first.api.create(rtpMountpoint('off'));
      await first.api.ok('POST', `${PATH}/off/disable`);
      await first.api.edit('kept', { title: 'Kept and edited' });
      assert.equal(statSync(stateFile(first, 'kept')).mode & 0o777, 0o600);
      assert.equal(statSync(join(first.stateDir, 'admin-token')).mode & 0o777, 0o600);
      await end(first);

      const second = await startServer(scope, { stateDir: first.stateDir });
      assert.equal(second.token, first.token);
      // A port that somebody has taken meanwhile is waited for.
      const items = await waitFor('both that were kept', async () => {
        const list = await second.api.list();
        return list.items.length >= 2 && list.items;
      });
      assert.deepEqual(items.map(({ id }) => id).sort(), ['kept', 'off']);
      const again = await second.api.read('kept');
      assert.equal(again.title, 'Kept and edited');
      assert.deepEqual(again.tracks.map(({ port }) => port),
        kept.tracks.map(({ port }) => port), 'chosen ports are kept');
      assert.equal((await second.api.read('off')).state, 'disabled');
      const guarded = await request(second.whep('kept'), { method: 'POST' });
      assert.equal(guarded.status, 401, 'the watch token is kept');
    }));
  }

  test('broken state files are reported, the rest is loaded', scoped(async (scope) => {
    const first = await startServer(scope);
    for (const id of ['whole', 'short', 'hand']) {
      await first.api.create(rtpMountpoint(id));
    }
    const short = stateFile(first, 'short');
    const hand = stateFile(first, 'hand');
    await first.stop();
    truncateSync(short, 20);
    writeFileSync(hand, readFileSync(hand, 'utf8').replace(/"rtp"/, '"pigeon"'));

    const second = await startServer(scope, { stateDir: first.stateDir });
    assert.deepEqual((await second.api.list()).items.map(({ id }) => id), ['whole']);
    const nameOf = (path) => path.split('/').pop().replaceAll('.', '\\.');
    await logged(second, new RegExp(nameOf(short)));
    await logged(second, new RegExp(nameOf(hand)));
    // Nothing that a person could still repair is deleted.
    assert.ok(statSync(short).size === 20);
    assert.match(readFileSync(hand, 'utf8'), /pigeon/);
  }));
});

describe('configuration', () => {
  const MOUNTPOINT = '[mountpoint conf]\nkind=rtp\ntitle=From the file\n' +
    '[track conf/video]\ncodec=H264\npayload-type=96\n';

  test('a configured mountpoint can be disabled, not edited or destroyed',
    scoped(async (scope) => {
      const options = { config: LOOPBACK + MOUNTPOINT };
      const first = await startServer(scope, options);
      const made = await first.api.read('conf');
      assert.equal(made.origin, 'config');
      assert.equal(made.title, 'From the file');
      for (const [method, value] of [['PATCH', { title: 'x' }], ['DELETE', undefined]]) {
        assertProblem(await first.api.call(method, `${PATH}/conf`, value), 409,
          /whepcast\.conf/);
      }
      await first.api.ok('POST', `${PATH}/conf/disable`);
      await first.stop();
      const second = await startServer(scope, { ...options, stateDir: first.stateDir });
      assert.equal((await second.api.read('conf')).state, 'disabled');
    }));

  for (const [name, text, pattern] of [
    ['an unknown key', '[http]\nlistn=1\n', /http.*listn/s],
    ['an unknown group', '[htttp]\nlisten=127.0.0.1:0\n', /htttp/],
    ['a repeated key', '[ice]\nudp-port=0\nudp-port=1\n', /ice.*udp-port/s],
    ['a value out of range', '[ice]\nudp-port=70000\n', /ice.*udp-port/s],
    ['a word that is none of those', '[fanout]\nlane=fast\n', /fanout.*lane/s],
    ['an unknown kind', '[mountpoint x]\nkind=pigeon\n', /mountpoint x.*kind/s],
    ['no key file at all', 'hello\n', /whepcast\.conf/],
  ]) {
    test(`${name}: exit 2 naming file, group and key`, scoped(async (scope) => {
      const file = join(temporaryDirectory(scope, 'config'), 'whepcast.conf');
      writeFileSync(file, text);
      for (const args of [['--check-config'], ['--listen', '127.0.0.1:0', '--udp-port', '0',
        '--state-dir', temporaryDirectory(scope)]]) {
        const child = spawnServer(scope, ['--config', file, ...args]);
        const { code } = await within('it ends', 10000, child.ended);
        const said = child.stderr.join('\n');
        assert.equal(code, 2, said);
        assert.ok(said.includes(file), said);
        assert.match(said, pattern);
      }
    }));
  }

  test('a good file: --check-config is 0; --version says one', scoped(async (scope) => {
    const file = join(temporaryDirectory(scope, 'config'), 'whepcast.conf');
    writeFileSync(file, LOOPBACK + MOUNTPOINT);
    for (const args of [['--config', file, '--check-config'], ['--version']]) {
      const child = spawnServer(scope, args);
      assert.equal((await within('it ends', 10000, child.ended)).code, 0,
        child.stderr.join('\n'));
    }
  }));

  test('an unknown option and a missing file are errors', scoped(async (scope) => {
    const option = spawnServer(scope, ['--no-such-option']);
    assert.ok((await within('it ends', 10000, option.ended)).code > 0);
    const file = spawnServer(scope, ['--config', '/nonexistent/whepcast.conf']);
    assert.equal((await within('it ends', 10000, file.ended)).code, 2);
    assert.match(file.stderr.join('\n'), /nonexistent/);
  }));

  test('a key from the environment', scoped(async (scope) => {
    const server = await startServer(scope, {
      env: { WHEPCAST_HTTP_PUBLIC_URL: 'https://video.example' },
    });
    const made = await server.api.create(rtpMountpoint('env'));
    assert.equal(made.whep_url, 'https://video.example/whep/env');
  }));

  test('a port that is taken is told, and the program ends', scoped(async (scope) => {
    const first = await startServer(scope);
    const child = spawnServer(scope, ['--listen', `127.0.0.1:${first.port}`,
      '--udp-port', '0', '--state-dir', temporaryDirectory(scope)]);
    const { code } = await within('it ends', 10000, child.ended);
    assert.notEqual(code, 0);
    assert.match(child.stderr.join('\n'), new RegExp(String(first.port)));
  }));
});

// Root may do what a service may not, and then nothing is refused.
const UNPRIVILEGED = ['setpriv', '--no-new-privs',
  ...process.getuid() === 0 ? ['--bounding-set=-all'] : []];

describe('without privileges', () => {
  for (const lane of ['direct', 'webrtcbin']) {
    test(`viewers come, and nothing is amiss in the log: lane=${lane}`, { timeout: 60000 },
      scoped(async (scope) => {
        const server = await startServer(scope, {
          config: `${LOOPBACK}[fanout]\nlane=${lane}\n`, through: UNPRIVILEGED,
        });
        await liveMountpoint(scope, server, 'plain');
        const browser = await launchBrowser(scope);
        for (let n = 0; n < 3; n += 1) {
          const page = await openViewerPage(scope, browser, server.url);
          const viewer = await Viewer.watch(scope, page, { url: server.whep('plain') });
          await viewer.frames(20);
        }
        await server.stop();
        // It warns of that loopback is all the network there is.
        const amiss = server.log.filter((line) => !/ INFO | peer: network: /.test(line));
        assert.deepEqual(amiss, []);
      }));
  }
});

describe('signals', () => {
  for (const signal of ['SIGTERM', 'SIGINT']) {
    test(`${signal}: viewers are told, the program ends within 3 s [D-12]`,
      { timeout: 60000 }, scoped(async (scope) => {
        const server = await startServer(scope);
        await liveMountpoint(scope, server, 'ending');
        const browser = await launchBrowser(scope);
        const page = await openViewerPage(scope, browser, server.url);
        const viewer = await Viewer.watch(scope, page, { url: server.whep('ending') });
        await viewer.frames(20);
        const began = Date.now();
        server.child.signal(signal);
        const { code } = await within('it ends', 5000, server.child.ended);
        assert.equal(code, 0);
        assert.ok(Date.now() - began < 3500, `after ${Date.now() - began} ms`);
        // ICE would notice by itself only after tens of seconds.
        await viewer.ended({ timeoutMs: 3000 });
      }));
  }

  test('who comes while it ends is told to come back, not that there is nothing', { timeout: 60000 },
    scoped(async (scope) => {
      // It waits 2 s for a receiver of events that does not answer.
      const deaf = await startReceiver(scope, () => new Promise(() => {}));
      const server = await startServer(scope, { config:
        `${LOOPBACK}[events]\nwebhook-url=${deaf.url}\nwebhook-secret=${SECRET}\n` });
      await server.api.create({ id: 'here', kind: 'whip' });
      await waitFor('it is asked', () => deaf.attempts.length > 0);
      server.child.signal('SIGTERM');
      await logged(server, /\bstopping$/);
      const body = { headers: { 'Content-Type': SDP }, body: offer() };
      const [alive, preflight, ...answers] = await Promise.all([
        request(`${server.url}/healthz`),
        request(server.whep('here'), { method: 'OPTIONS',
          headers: { Origin: 'http://x', 'Access-Control-Request-Method': 'POST' } }),
        request(server.whep('here'), { method: 'POST', ...body }),
        request(server.whip('here'), { method: 'POST', ...body }),
        request(`${server.whep('here')}/secret`, { method: 'DELETE' }),
        server.api.call('GET', `${PATH}/here`),
      ]);
      for (const answer of answers) {
        assertProblem(answer, 503, /stopping/);
        assert.match(answer.headers['retry-after'], /^[1-9]\d*$/);
      }
      assert.deepEqual([alive.status, preflight.status], [200, 200]);
      assert.equal((await server.child.ended).code, 0);
    }));

  test('SIGHUP reads the log level again', scoped(async (scope) => {
    const level = (name) => `${LOOPBACK}[server]\nlog-level=${name}\n`;
    const server = await startServer(scope, { config: level('error') });
    await server.api.create(rtpMountpoint('silent'));
    await server.api.destroy('silent');
    assert.ok(!server.log.some((line) => line.includes('silent')), server.child.tail());
    writeFileSync(server.configFile, level('debug'));
    server.child.signal('SIGHUP');
    await waitFor('life cycles are logged', async () => {
      await server.api.create(rtpMountpoint('told'));
      await server.api.destroy('told');
      return server.log.some((line) => line.includes('told'));
    });
    assert.equal(server.child.exit, null);
  }));
});
