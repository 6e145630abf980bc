// SPDX-License-Identifier: MIT
//
// Runs in namespaces of its own (network.test.mjs starts it there): interfaces
// that come and go, names whose addresses change, a TURN server. Prints one line
// of JSON.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { launchBrowser, openPage, openViewerPage, screenshot, Viewer } from './browser.mjs';
import { request } from './http.mjs';
import { ADDRESS, layNetwork } from './lossy-network.mjs';
import { offer } from './offer.mjs';
import { reportOneOf } from './scenario.mjs';
import { startServer, temporaryDirectory } from './server.mjs';
import { startTurn } from './turn.mjs';
import { waitFor } from './wait.mjs';

const SMALL = { test_width: 320, test_height: 180 };
const SECRET = 'north-of-the-wall';
const TURN_PORT = 13478;

const ip = (line) => execFileSync('ip', line.split(' '));

/** /etc/hosts of this mount namespace; returns what writes it anew. */
function ownHosts(scope) {
  const directory = temporaryDirectory(scope, 'hosts');
  const hosts = join(directory, 'hosts');
  const resolver = join(directory, 'resolv.conf');
  writeFileSync(hosts, '');
  writeFileSync(resolver, 'nameserver 127.0.0.1\noptions timeout:1 attempts:1\n');
  execFileSync('mount', ['--make-rprivate', '/']);
  execFileSync('mount', ['--bind', hosts, '/etc/hosts']);
  execFileSync('mount', ['--bind', resolver, '/etc/resolv.conf']);
  return (lines) => writeFileSync(hosts, lines.map((line) => `${line}\n`).join(''));
}

/** Waits for the very list of addresses; returns GET /api/v1/server. */
function waitPlaces(server, expected) {
  return waitFor(`viewers are told ${expected}`, async () => {
    const state = await server.api.server();
    const told = (protocol) => state.candidates
      .filter((candidate) => candidate.protocol === protocol).map(({ address }) => address);
    const seen = told('udp');
    assert.deepEqual(told('tcp'), seen);
    if (seen.join() !== expected.join()) {
      throw new Error(seen.join());
    }
    return state;
  }, { timeoutMs: 15000 });
}

async function answerOf(server, id) {
  const answer = await request(server.whep(id), {
    method: 'POST', headers: { 'Content-Type': 'application/sdp' }, body: offer(),
  });
  assert.equal(answer.status, 201, answer.text);
  await request(new URL(answer.headers.location, server.url).href, { method: 'DELETE' });
  return answer;
}

async function testSource(server, id = 'cam') {
  await server.api.create({ id, kind: 'test', ...SMALL });
  await server.api.waitState(id, 'live', { timeoutMs: 20000 });
}

/** A player of ours that may use nothing but the TURN server. */
async function relayedPlayer(page, url) {
  await page.evaluate(async (whep) => {
    const { WhepPlayer } = await import('/whep-player.js');
    const video = document.createElement('video');
    Object.assign(video, { muted: true, autoplay: true, playsInline: true });
    document.body.append(video);
    globalThis.video = video;
    globalThis.player = new WhepPlayer(video, { url: whep, iceTransportPolicy: 'relay' });
    globalThis.player.start();
  }, url);
}

/** What kind of pair is used, once `more` frames have been decoded. */
function relayedFrames(page, more) {
  return waitFor(`${more} frames by TURN`, async () => {
    const seen = await page.evaluate(async () => {
      const pc = globalThis.player.peerConnection;
      const report = [...(await pc?.getStats() ?? new Map()).values()];
      const pair = report.find(({ type, state, nominated }) =>
        type === 'candidate-pair' && nominated && state === 'succeeded');
      const local = report.find(({ id }) => id === pair?.localCandidateId);
      return {
        state: `${globalThis.player.state}: ${globalThis.player.reason}`,
        frames: report.find(({ kind, type }) => type === 'inbound-rtp' && kind === 'video')
          ?.framesDecoded ?? 0,
        type: local?.candidateType, protocol: local?.relayProtocol,
        candidates: report.filter(({ type }) => type === 'local-candidate')
          .map(({ candidateType }) => candidateType),
      };
    });
    // A pair is "in-progress" while its consent is asked for anew.
    if (seen.frames < more || !seen.type) {
      throw new Error(JSON.stringify(seen));
    }
    return seen;
  }, { timeoutMs: 30000 });
}

const scenarios = {
  /** A name resolves, changes, and does not resolve any more. */
  async name(scope) {
    layNetwork();
    const hosts = ownHosts(scope);
    hosts(['203.0.113.9 media.test', '2001:db8::9 media.test']);
    const server = await startServer(scope, {
      config: '[ice]\naddresses=auto,media.test\naddresses-refresh-ms=1000\n',
    });
    const first = await waitPlaces(server, ['203.0.113.9', '2001:db8::9', ADDRESS, '127.0.0.1']);
    assert.equal(first.candidates[0].name, 'media.test');
    assert.equal(first.candidates[0].port, server.udpPort);
    assert.match(first.candidates[0].reachable, /^viewers everywhere, if the port is forwarded/);
    assert.match(first.candidates[2].reachable, /^only viewers in this network/);
    assert.equal(first.candidates[2].interface, 'v0');
    assert.deepEqual(first.network.findings.filter(({ severity }) => severity !== 'note'), []);
    await testSource(server);
    const told = (await answerOf(server, 'cam')).text.match(/^a=candidate:.*$/gm);
    assert.match(told[0], / udp \d+ 203\.0\.113\.9 \d+ typ host/);

    hosts(['203.0.113.10 media.test']);
    await waitPlaces(server, ['203.0.113.10', ADDRESS, '127.0.0.1']);
    hosts([]);
    const last = await waitFor('a finding about the name', async () => {
      const state = await server.api.server();
      return state.network.findings.some(({ code }) => code === 'name') && state;
    });
    assert.equal(last.candidates[0].address, '203.0.113.10');
    const [{ text }] = last.network.findings.filter(({ code }) => code === 'name');
    assert.match(text, /^media\.test in \[ice\] addresses does not resolve .*it had last$/);
    assert.equal((await answerOf(server, 'cam')).text.match(/203\.0\.113\.10 /g).length > 0, true);
    return { told };
  },

  /** A name that does not resolve at the start is waited for. */
  async unresolved(scope) {
    layNetwork();
    const hosts = ownHosts(scope);
    const server = await startServer(scope, {
      config: '[ice]\naddresses=media.test\naddresses-refresh-ms=1000\n',
    });
    const before = await server.api.server();
    assert.equal(before.candidates[0].address, ADDRESS);
    const codes = before.network.findings.map(({ code }) => code);
    assert.ok(codes.includes('name') && (codes.includes('private-only') || codes.includes('container')), codes.join());
    assert.ok(server.log.some((line) => /media\.test .*does not resolve/.test(line)));
    hosts(['203.0.113.9 media.test']);
    const after = await waitPlaces(server, ['203.0.113.9']);
    assert.ok(!after.network.findings.some(({ code }) => code === 'name'));
    return { codes };
  },

  /** `auto` follows the interfaces; filters leave some out. */
  async interfaces(scope) {
    layNetwork();
    const server = await startServer(scope, {
      config: '[ice]\naddresses=auto\ninterfaces=!docker*\nipv6=true\n',
    });
    await waitPlaces(server, [ADDRESS, '127.0.0.1']);
    await testSource(server);
    for (const line of [
      'link add docker0 type veth peer name d1', 'addr add 172.17.0.1/16 dev docker0',
      'link set docker0 up', 'link set d1 up',
      'link add w0 type veth peer name w1', 'addr add 198.51.100.7/24 dev w0',
      'addr add 2001:db8::7/64 dev w0 nodad', 'link set w0 up', 'link set w1 up',
    ]) {
      ip(line);
    }
    const all = await waitPlaces(server, [ADDRESS, '198.51.100.7', '2001:db8::7', '127.0.0.1']);
    assert.equal(all.candidates[1].interface, 'w0');
    assert.match(all.candidates[1].reachable, /^viewers everywhere, if no firewall/);
    const skipped = Object.fromEntries(all.network.skipped.map((one) => [one.address, one.reason]));
    assert.match(skipped['172.17.0.1'], /interfaces leaves this interface out/);
    const local = all.network.skipped.filter(({ address }) => /^fe80:/.test(address));
    assert.ok(local.length > 0 && local.every(({ reason }) => /^link-local: /.test(reason)));
    assert.match((await answerOf(server, 'cam')).text, / 198\.51\.100\.7 /);

    ip('link set w1 down');
    const down = await waitPlaces(server, [ADDRESS, '127.0.0.1']);
    assert.ok(down.network.skipped.some(({ address, reason }) =>
      address === '198.51.100.7' && /is down$/.test(reason)));
    assert.doesNotMatch((await answerOf(server, 'cam')).text, / 198\.51\.100\.7 /);
    ip('link del w0');
    await waitFor('w0 is forgotten', async () =>
      !(await server.api.server()).network.skipped.some(({ interface: name }) => name === 'w0'));

    const browser = await launchBrowser(scope);
    const page = await openPage(scope, browser);
    await page.goto(`${server.url}/#token=${server.token}`);
    await page.click('nav a[href="#/server"]');
    await page.waitForSelector('#network:not([hidden]) .finding.warning');
    const shown = await page.textContent('#network');
    await screenshot(page, 'network');
    assert.ok(shown.includes(ADDRESS) && shown.includes('172.17.0.1'), shown);
    return { shown };
  },

  /** Viewers and a publisher that may use nothing but TURN. */
  async relay(scope, transport) {
    layNetwork();
    const turn = await startTurn(scope, { address: ADDRESS, port: TURN_PORT, secret: SECRET });
    const url = `turn:${ADDRESS}:${TURN_PORT}?transport=${transport}`;
    const server = await startServer(scope, {
      config: `[ice]\naddresses=${ADDRESS}\nice-servers=${url}\nturn-secret=${SECRET}\n`,
    });
    await testSource(server);
    await server.api.create({ id: 'studio', kind: 'whip' });
    const browser = await launchBrowser(scope);
    const page = await openViewerPage(scope, browser, server.url);
    await relayedPlayer(page, server.whep('cam'));
    const seen = await relayedFrames(page, 30);
    assert.ok(turn.stdout.concat(turn.stderr).some((line) =>
      /user <\d{10}:[^>]+>.*ALLOCATE processed, success/.test(line)), turn.stdout.slice(-20).join('\n'));

    const studio = await openViewerPage(scope, browser, server.url);
    await studio.evaluate(async (whip) => {
      const { WhipPublisher } = await import('/whip-publisher.js');
      const canvas = Object.assign(document.createElement('canvas'), { width: 320, height: 180 });
      const paint = canvas.getContext('2d');
      globalThis.painting = setInterval(() => {
        paint.fillStyle = `hsl(${performance.now() / 10 % 360} 80% 50%)`;
        paint.fillRect(0, 0, 320, 180);
      }, 40);
      globalThis.publisher = new WhipPublisher({ url: whip, iceTransportPolicy: 'relay' });
      globalThis.publisher.start(canvas.captureStream(25));
    }, server.whip('studio'));
    await server.api.waitState('studio', 'live', { timeoutMs: 30000 });
    const watcher = await Viewer.watch(scope, await openViewerPage(scope, browser, server.url),
      { url: server.whep('studio'), kinds: ['video'] });
    await watcher.frames(20, { timeoutMs: 30000 });
    const secrets = server.log.filter((line) => line.includes(SECRET));
    return { ...seen, secrets };
  },
};

await reportOneOf(scenarios);
