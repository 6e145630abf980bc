// SPDX-License-Identifier: MIT
//
// What README.md and the guides of config/ tell people to type works as it stands there,
// on the ports that stand there: in a network namespace, where these are free.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { launchBrowser, openPage, startForeignOrigin } from './lib/browser.mjs';
import { Child } from './lib/child.mjs';
import { inNamespace } from './lib/namespace.mjs';
import { scoped, suiteScope } from './lib/scope.mjs';
import { ROOT, startServer, temporaryDirectory } from './lib/server.mjs';
import { waitFor } from './lib/wait.mjs';

const LIMIT = { timeout: 60000 };
const LIVE = { timeoutMs: 20000 };

/** The code blocks of a language below a heading. */
function blocks(file, heading, language = 'sh') {
  const text = readFileSync(join(ROOT, file), 'utf8');
  const [, section] = text.split(new RegExp(`^##* ${heading}\n`, 'm'));
  assert.ok(section, `${file} has no ${heading}`);
  const found = [...section.split(/^## /m)[0].matchAll(/^( *)```(\w+)\n([^]*?)^ *```$/gm)]
    .filter(([, , name]) => name === language).map(([, , , code]) => code);
  assert.notEqual(found.length, 0, `${heading} of ${file} shows no ${language}`);
  return found;
}

await inNamespace(import.meta.url, { name: 'what guides show', timeout: 240000 }, () => {
  describe('what guides show', () => {
    const suite = suiteScope(after);
    let server;
    let cwd;

    before(async () => {
      cwd = temporaryDirectory(suite, 'guides');
      const stateDir = join(cwd, 'build/state');
      mkdirSync(stateDir, { recursive: true });
      server = await startServer(suite, { stateDir, address: '0.0.0.0', port: 8080,
        udpPort: 8189, config: '[ice]\naddresses=auto\n' });
    });

    /** A block that ends by itself. */
    async function run(scope, text) {
      const child = new Child(scope, 'sh', ['-ec', text], { cwd, name: 'sh' });
      const { code } = await child.ended;
      assert.equal(code, 0, `${text}\n${child.stderr.join('\n')}`);
    }

    /** One that goes on until it is stopped: a single command. */
    const start = (scope, text) => new Child(scope, 'sh', ['-ec', `exec ${text}`], { cwd, name: 'sh' });

    test('push and play in a minute', LIMIT, scoped(async (scope) => {
      const [create, push] = blocks('README.md', 'Push and play in a minute');
      const [file, describeIt] = blocks('config/sources.md', 'RTP');
      await run(scope, create);
      start(scope, push);
      await server.api.waitState('cam1', 'live', LIVE);
      await run(scope, 'ffmpeg -v error -f lavfi -i testsrc2=size=320x180:rate=25:duration=8 '
        + '-f lavfi -i sine=440:duration=8 -c:v libx264 -tune zerolatency -g 25 -pix_fmt yuv420p '
        + '-c:a aac clip.mp4');
      start(scope, file.replace('FILE.mp4', 'clip.mp4'));
      await waitFor('ffmpeg writes what it sends', () => existsSync(join(cwd, 'file1.sdp'))
        && readFileSync(join(cwd, 'file1.sdp'), 'utf8').includes('m=audio'), LIVE);
      await run(scope, describeIt);
      await server.api.waitState('file1', 'live', LIVE);
    }));

    test('an encoder', LIMIT, scoped(async (scope) => {
      const [create, ffmpeg, gstreamer] = blocks('config/sources.md', 'An encoder');
      await run(scope, create);
      const first = start(scope, ffmpeg);
      await server.api.waitState('encoder', 'live', LIVE);
      await first.stop();
      await waitFor('it is not live', async () =>
        (await server.api.read('encoder')).state !== 'live', LIVE);
      start(scope, gstreamer);
      await server.api.waitState('encoder', 'live', LIVE);
    }));

    for (const [heading, ids] of [['A camera', ['gate']],
      ['Publishing by WHIP', ['studio']],
      ['A relay, a slate, a second source', ['relay', 'main']]]) {
      test(heading.toLowerCase(), LIMIT, scoped(async (scope) => {
        const [create, ...more] = blocks('config/sources.md', heading);
        await run(scope, create);
        for (const block of heading.startsWith('A relay') ? more : []) {
          await run(scope, block);
        }
        for (const id of ids) {
          await server.api.read(id);
        }
      }));
    }

    test('the API by example', LIMIT, scoped(async (scope) => {
      const [example] = blocks('config/api.md', 'The API');
      const lines = example.split('\n').filter((line) => !/PUBLIC-ID|curl -N/.test(line));
      assert.ok(lines.length > 10, example);
      // Somebody who tries it has just done that.
      start(scope, blocks('README.md', 'Push and play in a minute')[1]);
      await waitFor('cam1 has a picture', async () =>
        (await server.api.call('GET', '/api/v1/mountpoints/cam1/snapshot.jpg')).status === 200,
      LIVE);
      // One of them drains the server, for good.
      scope.defer(() => server.api.ok('DELETE', '/api/v1/drain'));
      await run(scope, `curl() { command curl -fsS "$@"; }\n${lines.join('\n')}`);
      assert.equal((await server.api.call('GET', '/api/v1/mountpoints/cam1')).status, 404);
    }));

    test('a camera wall', LIMIT, scoped(async (scope) => {
      const [html] = blocks('config/README.md', 'A camera wall', 'html');
      await server.api.call('DELETE', '/api/v1/mountpoints/gate');
      for (const id of ['gate', 'yard']) {
        await server.api.create({ id, kind: 'test', watch_token: 'the-wall',
          test_width: 320, test_height: 180, test_fps: 15 });
      }
      const page = await openPage(scope, await launchBrowser(scope));
      await page.goto(await startForeignOrigin(scope));
      await page.setContent(html.replaceAll('https://live.example.org', 'http://127.0.0.1:8080'));
      await waitFor('two pictures move', async () => {
        const seen = await page.evaluate(() => [...document.querySelectorAll('video')]
          .map(({ videoWidth, currentTime }) => ({ videoWidth, currentTime })));
        if (seen.length !== 2
          || seen.some(({ videoWidth, currentTime }) => videoWidth === 0 || currentTime < 1)) {
          throw new Error(JSON.stringify(seen));
        }
        return true;
      }, LIVE);
    }));
  });
});
