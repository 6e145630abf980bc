// SPDX-License-Identifier: MIT
//
// Where viewers are sent to: addresses, names and interfaces, ICE servers in Link
// fields, viewers and publishers behind a TURN server (issue 5, item 2).
// Rows in brackets are those of the WHEP conformance list.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { assertProblem } from './lib/api.mjs';
import { launchBrowser, openViewerPage, Viewer } from './lib/browser.mjs';
import { liveMountpoint } from './lib/fixture.mjs';
import { request } from './lib/http.mjs';
import { offer } from './lib/offer.mjs';
import { runScenario, scenarioSkip } from './lib/scenario.mjs';
import { scoped, suiteScope } from './lib/scope.mjs';
import { startServer } from './lib/server.mjs';
import { turnMissing } from './lib/turn.mjs';
import { ORIGIN, SDP, SMALL } from './lib/whep.mjs';

const suite = suiteScope(after);
const USERNAME = 'anna "the" viewer'.replaceAll(' ', '-');
const PASSWORD = 'back\\slash"quote';
const SERVERS = ['stun:127.0.0.1:9', 'turn:127.0.0.1:9?transport=udp',
  'turns:turn.example:5349?transport=tcp'];
let server;

before(async () => {
  server = await startServer(suite, {
    config: `[ice]\naddresses=127.0.0.1\nice-servers=${SERVERS.join(',')}\n` +
      `turn-username=${USERNAME}\nturn-password=${PASSWORD.replace('\\', '\\\\')}\n`,
  });
  await liveMountpoint(suite, server, 'live', {}, SMALL);
  await liveMountpoint(suite, server, 'guarded', { watch_token: 'good-token' }, SMALL);
  await server.api.create({ id: 'studio', kind: 'whip' });
});

/** Each field by itself, as it was sent. */
function linksOf({ raw }) {
  return raw.filter((_, index) => index % 2 === 1 && /^link$/i.test(raw[index - 1]));
}

const iceLinksOf = (answer) => linksOf(answer).filter((link) => link.includes('ice-server'));

/** How MediaMTX's reader takes them apart; it throws at anything else. */
function asMediaMtx(links) {
  return links.join(', ').split(', ').map((link) => {
    const match = /^<(.+?)>; rel="ice-server"(; username="(.*?)"; credential="(.*?)"; credential-type="password")?/i
      .exec(link);
    return {
      urls: [match[1]],
      ...(match[3] === undefined ? {} : {
        username: JSON.parse(`"${match[3]}"`), credential: JSON.parse(`"${match[4]}"`),
        credentialType: 'password',
      }),
    };
  });
}

const EXPECTED = SERVERS.map((urls) => ({
  urls: [urls],
  ...(urls.startsWith('stun') ? {} : {
    username: USERNAME, credential: PASSWORD, credentialType: 'password',
  }),
}));

async function post(id = 'live', headers = {}) {
  const answer = await request(server.whep(id), {
    method: 'POST', headers: { 'Content-Type': SDP, ...headers }, body: offer(),
  });
  assert.equal(answer.status, 201, answer.text);
  await request(new URL(answer.headers.location, server.url).href, { method: 'DELETE' });
  return answer;
}

const options = (url, headers = {}) => request(url, { method: 'OPTIONS', headers });

describe('ICE servers', () => {
  test('a Link field for each, in a form that positional parsers read [X-01 X-04]', async () => {
    const links = iceLinksOf(await post());
    assert.equal(links.length, SERVERS.length);
    assert.equal(links[0], '<stun:127.0.0.1:9>; rel="ice-server"');
    assert.equal(links[1], '<turn:127.0.0.1:9?transport=udp>; rel="ice-server"; ' +
      'username="anna-\\"the\\"-viewer"; credential="back\\\\slash\\"quote"; ' +
      'credential-type="password"');
    assert.deepEqual(asMediaMtx(links), EXPECTED);
  });

  test('OPTIONS has the same ones and no other Link [X-02 X-03]', async () => {
    for (const url of [server.whep('live'), server.whip('studio')]) {
      const answer = await options(url);
      assert.equal(answer.status, 200);
      assert.deepEqual(asMediaMtx(linksOf(answer)), EXPECTED);
    }
  });

  test('OPTIONS tells them only to who may watch', async () => {
    const url = server.whep('guarded');
    const bearer = (token) => ({ Authorization: `Bearer ${token}` });
    const without = await options(url);
    assert.equal(without.status, 200);
    assert.deepEqual(linksOf(without), []);
    assertProblem(await options(url, bearer('wrong-token')), 401);
    assert.equal(linksOf(await options(url, bearer('good-token'))).length, SERVERS.length);
  });

  test('a preflight has none [C-10]', async () => {
    const answer = await options(server.whep('live'), {
      Origin: ORIGIN, 'Access-Control-Request-Method': 'POST',
      'Access-Control-Request-Headers': 'authorization,content-type',
    });
    assert.equal(answer.status, 200);
    assert.deepEqual(linksOf(answer), []);
  });

  test('none on OPTIONS where that is switched off', scoped(async (scope) => {
    const quiet = await startServer(scope, {
      config: '[ice]\naddresses=127.0.0.1\nice-servers=stun:127.0.0.1:9\n' +
        'ice-links-on-options=false\n',
    });
    await quiet.api.create({ id: 'studio', kind: 'whip' });
    assert.deepEqual(linksOf(await options(quiet.whip('studio'))), []);
  }));

  test('a dead STUN server delays nothing [W-07]', async () => {
    const startedAt = performance.now();
    await post();
    assert.ok(performance.now() - startedAt < 2000);
  });

  test('who ignores them plays all the same [X-05]', { timeout: 60000 },
    scoped(async (scope) => {
      const browser = await launchBrowser(scope);
      const page = await openViewerPage(scope, browser, server.url);
      const viewer = await Viewer.watch(scope, page, { url: server.whep('live') });
      await viewer.frames(10);
    }));

  test('the password is neither in the API nor in the log', async () => {
    const { text, json } = await server.api.call('GET', '/api/v1/server');
    assert.deepEqual(json.network.ice_servers, SERVERS);
    for (const where of [text, server.log.join('\n')]) {
      assert.ok(!where.includes('slash') && !where.includes('anna'));
    }
  });
});

test('what is told looks like what it is', async () => {
  const { candidates, network } = await server.api.server();
  const { engine } = await server.api.server();
  assert.deepEqual(candidates, [['udp', server.udpPort], ['tcp', engine.tcp_port]].map(
    ([protocol, port]) => ({
      address: '127.0.0.1', port, protocol, type: 'host', interface: 'lo', name: null,
      reachable: 'only viewers on this machine can reach it',
    })));
  const codes = network.findings.map(({ code }) => code);
  assert.ok(codes.includes('loopback-only'), codes.join());
  assert.ok(server.log.some((line) => /network: viewers are told a loopback address alone/.test(line)));
});

const run = (scope, ...args) => runScenario(scope, 'network', args, { timeoutMs: 120000 });

describe('addresses', { skip: scenarioSkip, timeout: 120000 }, () => {
  test('a name comes first, is followed, and kept when it is lost [R-15 S-24]',
    scoped((scope) => run(scope, 'name')));

  test('a name that does not resolve at the start', scoped((scope) => run(scope, 'unresolved')));

  test('auto follows the interfaces', scoped((scope) => run(scope, 'interfaces')));
});

describe('TURN', { skip: scenarioSkip ?? turnMissing(), timeout: 180000 }, () => {
  for (const transport of ['udp', 'tcp']) {
    test(`viewers and publishers by relay alone, over ${transport}`, scoped(async (scope) => {
      const seen = await run(scope, 'relay', transport);
      assert.equal(seen.type, 'relay');
      assert.equal(seen.protocol, transport);
      assert.ok(seen.candidates.every((type) => ['relay', 'prflx'].includes(type)), seen.candidates.join());
      assert.deepEqual(seen.secrets, []);
    }));
  }
});
