// SPDX-License-Identifier: MIT
//
// GET /api/v1/openapi.json is true: every operation is called, every documented
// answer is made to happen, and each answer is judged by the document. What it
// says of routes and keys is compared with their tables by tests/unit/test-openapi.c.

import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { Validator } from '@seriousme/openapi-schema-validator';

import { FAKE_DEVICES, launchBrowser, openViewerPage, Publisher, Viewer } from './lib/browser.mjs';
import { Contract } from './lib/contract.mjs';
import { listen } from './lib/events.mjs';
import { liveMountpoint } from './lib/fixture.mjs';
import { request } from './lib/http.mjs';
import { LAYERS, shows } from './lib/layers.mjs';
import { candidate, fragment, offer } from './lib/offer.mjs';
import { bindUdp } from './lib/ports.mjs';
import { scoped, suiteScope } from './lib/scope.mjs';
import { ROOT, startServer, temporaryDirectory } from './lib/server.mjs';
import { waitFor } from './lib/wait.mjs';
import { SECRET, startReceiver } from './lib/webhook-receiver.mjs';
import { SDP, SMALL as PUSHED, TRICKLE } from './lib/whep.mjs';

/** What is documented and is not made to happen here, and why. */
const NOT_SEEN = {
  'watch 500': 'GStreamer or OpenSSL would have to fail',
  'publish 500': 'GStreamer or OpenSSL would have to fail',
};

const LIMIT = { timeout: 120000 };
const SMALL = { test_width: 160, test_height: 90, test_fps: 10 };
const WHIP_OFFER = readFileSync(join(ROOT, 'tests/data/offers/whip-obs.sdp'), 'utf8');
const CONFIG = `
[ice]
addresses=127.0.0.1
ice-servers=stun:stun.example.org:3478
[rtsp]
listen=127.0.0.1:0
[mountpoint fixed]
kind=test
enabled=false
`;

const suite = suiteScope(after);
let server;
let contract;

/** An operation of the management API, with the admin token. */
const manage = (id, options = {}) => contract.call(server, id, { token: server.token, ...options });
const on = (id) => ({ params: { id } });

async function is(status, answer) {
  const { status: given, text } = await answer;
  assert.equal(given, status, text.slice(0, 400));
  return answer;
}

async function create(scope, json) {
  const answer = await is(201, manage('createMountpoint', { json }));
  scope.defer(() => server.child.exit
    || server.api.call('DELETE', `/api/v1/mountpoints/${json.id}`));
  return answer.json;
}

/** Parameters of the session that a 201 has made. */
const sessionOf = ({ headers }) => {
  const [, , id, secret] = new URL(headers.location, server.url).pathname.split('/');
  return { id, secret };
};

const watch = (at, id, options = {}) => contract.call(at, 'watch',
  { params: { id }, type: SDP, body: offer(), ...options });
const publish = (at, id, options = {}) => contract.call(at, 'publish',
  { params: { id }, type: SDP, body: WHIP_OFFER, ...options });

/** Until the source of a mountpoint of kind test has a key frame. */
async function liveTest(at, id, more = {}) {
  await at.api.create({ id, kind: 'test', ...SMALL, ...more });
  await at.api.waitState(id, 'live', { timeoutMs: 15000 });
}

before(async () => {
  server = await startServer(suite, { config: CONFIG });
  const { json } = await server.api.call('GET', '/api/v1/openapi.json');
  contract = new Contract(json);
  await liveTest(server, 'live');
});

describe('the document', () => {
  test('is OpenAPI 3.1', async () => {
    const validator = new Validator();
    const { valid, errors } = await validator.validate(structuredClone(contract.document));
    assert.ok(valid, JSON.stringify(errors, null, 1)?.slice(0, 2000));
    assert.equal(validator.version, '3.1');
  });

  test('is that of this version, and is not sent twice', async () => {
    const { headers } = await is(200, manage('readOpenapi'));
    await is(304, manage('readOpenapi', { headers: { 'If-None-Match': headers.etag } }));
    const { json } = await is(200, manage('readServer'));
    assert.equal(contract.document.info.version, json.version);
  });

  test('does not take what is not so', () => {
    const problem = contract.schema('Problem');
    const good = { title: 'Conflict', status: 409, detail: 'x', error: 'x' };
    contract.validate(problem, good, 'a problem');
    for (const bad of [{ ...good, more: 1 }, { ...good, status: 'x' }, { title: 'x' }]) {
      assert.throws(() => contract.validate(problem, bad, 'a problem'), /not as documented/);
    }
    const answer = { status: 204, headers: { 'x-content-type-options': 'nosniff' }, text: '' };
    for (const bad of [{ status: 299 }, { text: 'x' },
      { headers: { ...answer.headers, location: '/x' } }]) {
      assert.throws(() => contract.judge('endSession', { ...answer, ...bad }));
    }
  });
});

describe('mountpoints', () => {
  const URL_NOWHERE = 'rtsp://viewer:secret@127.0.0.1:9/x';
  const TRACKS = [{ media: 'video', codec: 'H264', payload_type: 96 },
    { media: 'audio', codec: 'opus', payload_type: 111 }];

  for (const json of [
    { id: 'k-rtp', kind: 'rtp', tracks: TRACKS, watch_token: 'secret-one' },
    { id: 'k-rtsp', kind: 'rtsp', url: URL_NOWHERE, transport: 'tcp' },
    { id: 'k-rtsp-push', kind: 'rtsp-push', publish_token: 'secret-two' },
    { id: 'k-whip', kind: 'whip', publisher_takeover: true },
    { id: 'k-whep', kind: 'whep', url: 'http://127.0.0.1:9/whep/x', source_token: 'secret-three' },
    { id: 'k-test', kind: 'test', ...SMALL },
    { id: 'k-failover', kind: 'failover', sources: [{ kind: 'test', ...SMALL },
      { kind: 'rtsp', url: URL_NOWHERE, password: 'secret-four' },
      { kind: 'whep', url: 'http://127.0.0.1:9/whep/x' }, { mountpoint: 'live' }] },
    { id: 'k-failover-rtp', kind: 'failover', sources: [{ kind: 'rtp', tracks: TRACKS }] },
  ]) {
    test(`of kind ${json.kind}: ${json.id}, from its creation to its end`, scoped(async (scope) => {
      const { id } = json;
      await create(scope, json);
      const read = await is(200, manage('readMountpoint', on(id)));
      assert.equal(read.json.kind, json.kind);
      await is(200, manage('editMountpoint', {
        ...on(id), json: { title: 'A title', watch_redirect: null, source_timeout_ms: 3000 },
      }));
      await is(200, manage('disableMountpoint', on(id)));
      await is(200, manage('enableMountpoint', on(id)));
      await is(200, manage('kickViewers', on(id)));
      await is(200, manage('listSessions', on(id)));
      await is(200, manage('listMountpoints'));
      await is(204, manage('destroyMountpoint', on(id)));
    }));
  }

  test('what is read is what can be written', scoped(async (scope) => {
    const { json } = await is(200, manage('readMountpoint', on('live')));
    const keys = new Set(Object.keys(contract.document.components.schemas.CreateTest.properties));
    const written = Object.fromEntries(Object.entries(json).filter(([key]) => keys.has(key)));
    await create(scope, { ...written, id: 'copy' });
  }));

  test('sources are switched, and events tell of it', LIMIT, scoped(async (scope) => {
    const events = await listen(scope, `${server.url}/api/v1/events?figures=1000`,
      { Authorization: `Bearer ${server.token}` });
    await create(scope, { id: 'two', kind: 'failover',
      sources: [{ kind: 'test', ...SMALL }, { mountpoint: 'live' }] });
    await server.api.waitState('two', 'live', { timeoutMs: 15000 });
    await is(200, manage('switchSource', { ...on('two'), json: { source: 2 } }));
    await waitFor('the second source plays', async () =>
      (await server.api.read('two')).playing === 2, { timeoutMs: 15000 });
    await is(200, manage('switchSource', { ...on('two'), json: { source: null } }));
    const { json } = await is(200, manage('readMountpoint', on('two')));
    assert.equal(json.last_switch.to, 2);
    await is(204, manage('destroyMountpoint', on('two')));
    await waitFor('the end is told', () => events.names().includes('removed'));
    await waitFor('figures of two moments', () =>
      events.names().filter((name) => name === 'figures').length > 1);
    contract.judgeEvents('readEvents', events);
    assert.ok(events.names().includes('switch'));
  }));

  test('what happens is told, and an operator\'s own server is told the same', LIMIT,
    scoped(async (scope) => {
      const receiver = await startReceiver(scope);
      const at = await startServer(scope, { config:
        `${CONFIG}[events]\nwebhook-url=${receiver.url}\nwebhook-secret=${SECRET}\n` });
      const events = await listen(scope, `${at.url}/api/v1/events`,
        { Authorization: `Bearer ${at.token}`, 'Last-Event-ID': 'of-another-run' });
      await liveTest(at, 'live');
      await at.api.create({ id: 'two', kind: 'failover',
        sources: [{ kind: 'test', ...SMALL }, { mountpoint: 'live' }] });
      await at.api.waitState('two', 'live', { timeoutMs: 15000 });
      await at.api.ok('POST', '/api/v1/mountpoints/two/switch', { source: 2 });
      const browser = await launchBrowser(scope);
      const page = await openViewerPage(scope, browser, at.url);
      const viewer = await Viewer.watch(scope, page, { url: at.whep('live'), kinds: ['video'] });
      await viewer.frames(5);
      await viewer.remove();
      await waitFor('the switch', () => events.names().includes('switch'));
      await at.api.destroy('two');
      const types = ['mountpoint', 'switch', 'joined', 'left', 'removed'];
      await waitFor('all is told', () => types.every((name) => events.names().includes(name)));
      contract.judgeEvents('readEvents', events);
      assert.equal(events.names()[0], 'reset');
      await waitFor('there as well', () => types.every((name) =>
        receiver.taken.some(({ type }) => type === name)));
      receiver.taken.forEach((event) => contract.judgeWebhook('event', event));
      assert.throws(() => contract.judgeWebhook('event',
        { ...receiver.taken.find(({ type }) => type === 'left'), type: 'joined' }), /not as documented/);
      const { json } = await is(200, contract.call(at, 'readServer', { token: at.token }));
      assert.equal(json.webhooks.lost, 0);
    }));

  test('a picture of it', scoped(async (scope) => {
    const { headers } = await is(200, manage('readSnapshot', on('live')));
    await is(304, manage('readSnapshot',
      { ...on('live'), headers: { 'If-None-Match': headers.etag } }));
    await is(400, manage('readSnapshot', { ...on('live'), query: '?width=1' }));
    await create(scope, { id: 'dark', kind: 'whip' });
    await is(409, manage('readSnapshot', on('dark')));
    await is(403, manage('readSnapshot', on('fixed')));
  }));

  test('a source is probed', LIMIT, scoped(async (scope) => {
    const source = { kind: 'test', ...SMALL };
    const { json } = await is(200, manage('probeSource', { json: { source } }));
    assert.equal(json.state, 'live');
    const { port } = await bindUdp(scope);
    await is(409, manage('probeSource', { json: { source: {
      kind: 'rtp', tracks: [{ media: 'video', codec: 'VP8', port }] } } }));
    await is(422, manage('probeSource', { json: { source: { kind: 'whip' } } }));
    const slow = { source: { kind: 'rtp', tracks: TRACKS }, timeout_ms: 2000 };
    const many = await Promise.all(Array.from({ length: 5 }, () =>
      manage('probeSource', { json: slow })));
    assert.deepEqual(many.map(({ status }) => status).sort(), [200, 200, 200, 200, 503]);
  }));

  test('the configuration is read again', scoped(async () => {
    writeFileSync(server.configFile, CONFIG.replace('[rtsp]',
      'dscp=46\n[limits]\nmax-viewers=9\n[rtsp]').replace('kind=test', 'kind=test\ntitle=New'));
    const { json } = await is(200, manage('reload'));
    assert.deepEqual([json.keys.length, json.mountpoints.length], [2, 1]);
    writeFileSync(server.configFile, 'nonsense');
    await is(422, manage('reload'));
    writeFileSync(server.configFile, CONFIG);
    await is(200, manage('reload'));
  }));

  test('the server is emptied', LIMIT, scoped(async (scope) => {
    const at = await startServer(scope, { config: CONFIG });
    await liveTest(at, 'live');
    const call = (id, options = {}) => contract.call(at, id, { token: at.token, ...options });
    const params = sessionOf(await is(201, watch(at, 'live')));
    const events = await listen(scope, `${at.url}/whep/live/${params.secret}/events`);
    await is(200, call('beginDrain', { json: { deadline_ms: 60000, to: 'https://b.example' } }));
    await is(307, watch(at, 'live'));
    await is(503, call('ready'));
    await is(200, call('readServer'));
    await waitFor('viewers are told', () => events.names().includes('drain'));
    const { items: [{ id: session }] } = await at.api.sessions('live');
    await is(204, call('endSession', { params: { session } }));
    await waitFor('where to go', () => events.last('reconnect'));
    assert.equal(events.last('reconnect').url, 'https://b.example/whep/live');
    contract.judgeEvents('readAllWhepEvents', events);
    await is(422, call('beginDrain', { json: {} }));
    await is(400, call('beginDrain', { body: '{', type: 'application/json' }));
    await is(415, call('beginDrain', { body: '{}', type: 'text/plain' }));
    await is(200, call('endDrain'));
    await is(201, watch(at, 'live'));
  }));

  test('what is not there: 404', async () => {
    for (const { operationId, path } of contract.operations.values()) {
      if (/^\/api\/.*\{/.test(path)) {
        const json = operationId === 'editMountpoint' ? {} : undefined;
        await is(404, manage(operationId, { params: { id: 'nobody', session: 'nobody' }, json }));
      }
    }
  });

  test('refusals of bodies and queries: 400, 409, 415, 422', scoped(async (scope) => {
    const ids = { createMountpoint: {}, editMountpoint: on('live'), switchSource: on('live'),
      probeSource: {} };
    for (const [id, where] of Object.entries(ids)) {
      await is(400, manage(id, { ...where, body: '{', type: 'application/json' }));
      await is(415, manage(id, { ...where, body: '{}', type: 'text/plain' }));
      await is(422, manage(id, { ...where, json: { colour: 'red' } }));
    }
    await is(400, manage('listMountpoints', { query: '?limit=many' }));
    await is(400, manage('readEvents', { query: '?figures=1' }));
    await is(400, manage('listSessions', { ...on('live'), query: '?offset=-1' }));
    await is(200, manage('listMountpoints', { query: '?offset=1&limit=1' }));
    await is(409, manage('createMountpoint', { json: { id: 'live', kind: 'test' } }));
    await is(409, manage('editMountpoint', { ...on('fixed'), json: { title: 'x' } }));
    await is(409, manage('destroyMountpoint', on('fixed')));
    await create(scope, { id: 'refused', kind: 'whip' });
  }));

  test('a state directory that cannot be written: 500', scoped(async (scope) => {
    const broken = await startServer(scope);
    await broken.api.create({ id: 'kept', kind: 'whip' });
    const path = join(broken.stateDir, 'mountpoints');
    rmSync(path, { recursive: true });
    writeFileSync(path, '');
    const call = (id, options) => is(500, contract.call(broken, id,
      { token: broken.token, ...options }));
    await call('createMountpoint', { json: { id: 'new', kind: 'whip' } });
    await call('editMountpoint', { ...on('kept'), json: { title: 'x' } });
    await call('disableMountpoint', on('kept'));
    await call('destroyMountpoint', on('kept'));
    rmSync(path);
    mkdirSync(path);
    await is(200, contract.call(broken, 'disableMountpoint',
      { token: broken.token, ...on('kept') }));
    rmSync(path, { recursive: true });
    writeFileSync(path, '');
    await call('enableMountpoint', on('kept'));
  }));
});

for (const [side, names, type] of [
  ['WHEP', { post: 'watch', look: 'lookWhep', options: 'optionsWhep', patch: 'trickleWhep',
    end: 'leave', lookSession: 'lookWhepSession', optionsSession: 'optionsWhepSession' }, 'test'],
  ['WHIP', { post: 'publish', look: 'lookWhip', options: 'optionsWhip', patch: 'trickleWhip',
    end: 'unpublish', lookSession: 'lookWhipSession', optionsSession: 'optionsWhipSession' }, 'whip'],
]) {
  describe(side, () => {
    const post = side === 'WHEP' ? watch : publish;
    const redirect = side === 'WHEP' ? 'watch_redirect' : 'publish_redirect';
    const body = side === 'WHEP' ? offer() : WHIP_OFFER;
    const id = `at-${type}`;

    /** A session of its own, and what is needed to talk to it. */
    async function session(scope) {
      const at = `${id}-${crypto.randomBytes(3).toString('hex')}`;
      await create(scope, { id: at, kind: type, ...(type === 'test' ? SMALL : {}) });
      if (type === 'test') {
        await server.api.waitState(at, 'live', { timeoutMs: 15000 });
      }
      const answer = await is(201, post(server, at));
      return { params: sessionOf(answer), etag: answer.headers.etag, answer };
    }

    test('an endpoint: what is there, what it takes, where else to go', scoped(async (scope) => {
      await create(scope, { id, kind: type });
      if (type === 'test') {
        await server.api.waitState(id, 'live', { timeoutMs: 15000 });
      }
      await create(scope, { id: 'moved', kind: type, [redirect]: 'https://other.example/x' });
      await is(200, contract.call(server, names.look, on(id)));
      const { headers } = await is(200, contract.call(server, names.options, on(id)));
      assert.match(headers.link, /stun:stun\.example\.org/);
      await is(307, post(server, 'moved'));
      for (const name of ['post', 'look', 'options']) {
        const options = name === 'post' ? { body, type: SDP } : {};
        await is(404, contract.call(server, names[name], { ...on('nobody'), ...options }));
      }
      await is(400, post(server, id, { body: 'v=1\r\n' }));
      await is(415, post(server, id, { type: 'text/plain' }));
      await is(422, post(server, id, { body: unplayable(body) }));
      await is(200, manage('disableMountpoint', on(id)));
      await is(403, post(server, id));
    }));

    test('a session: candidates, ICE restarts, its end', LIMIT, scoped(async (scope) => {
      const { params, etag } = await session(scope);
      const [, ufrag] = /^a=ice-ufrag:(\S*)/m.exec(body);
      const [, pwd] = /^a=ice-pwd:(\S*)/m.exec(body);
      const call = (name, options = {}) => contract.call(server, names[name],
        { params, ...options });
      const patch = (text, options = {}) => call('patch', { body: text, type: TRICKLE, ...options });
      const own = fragment({ ufrag, pwd, candidates: [candidate()] });
      const other = fragment({ ufrag: 'abcd1234', pwd: 'aPasswordOf22OctetsAtLeast' });
      await is(200, call('lookSession'));
      await is(200, call('optionsSession'));
      await is(204, patch(own, { headers: { 'If-Match': etag } }));
      await is(400, patch('hello\r\n'));
      await is(412, patch(own, { headers: { 'If-Match': '"other"' } }));
      await is(415, patch(own, { type: 'text/plain' }));
      await is(428, patch(other));
      await is(422, patch(fragment({ ufrag: 'abcd1234', pwd }), { headers: { 'If-Match': '*' } }));
      await is(200, patch(other, { headers: { 'If-Match': '*' } }));
      await waitFor('it is too many', async () => (await patch(other)).status === 429,
        { everyMs: 1 });
      await is(200, call('end'));
      for (const name of ['lookSession', 'optionsSession', 'end']) {
        await is(404, call(name));
      }
      await is(404, patch(own));
    }));

    test('a place that is taken, a source that is not there: 409', scoped(async (scope) => {
      if (side === 'WHIP') {
        const { params } = await session(scope);
        await is(409, post(server, params.id));
      } else {
        await create(scope, { id: 'silent', kind: 'rtp',
          tracks: [{ media: 'video', codec: 'VP8' }] });
        await is(409, post(server, 'silent'));
      }
    }));
  });
}

/** An offer of what nobody can play. */
const unplayable = (sdp) => sdp.replaceAll(/a=rtpmap:(\d+) (?!rtx)[^/\r]+\//g, 'a=rtpmap:$1 theora/');

describe("WHEP's extensions", () => {
  test('streams of events', LIMIT, scoped(async (scope) => {
    const params = sessionOf(await is(201, watch(server, 'live')));
    const call = (id, options = {}) => contract.call(server, id, { params, ...options });
    const base = `${server.url}/whep/live/${params.secret}/events`;
    const made = await is(201, call('createWhepEvents', { json: ['active', 'viewercount'] }));
    const stream = { params: { ...params, stream: made.headers.location.split('/').at(-1) } };
    for (const [id, url] of [['readWhepEvents', `${base}/${stream.params.stream}`],
      ['readAllWhepEvents', base]]) {
      const events = await listen(scope, url);
      await waitFor('events come', () => events.names().includes('viewercount'));
      contract.judgeEvents(id, events);
    }
    await is(200, call('endWhepEvents', stream));
    await is(404, call('endWhepEvents', stream));
    await is(404, call('readWhepEvents', stream));
    await is(400, call('createWhepEvents', { json: ['nonsense'] }));
    await is(415, call('createWhepEvents', { body: '[]', type: 'text/plain' }));
    await waitFor('eight are too many', async () =>
      (await call('createWhepEvents')).status === 409);
    await is(409, call('readAllWhepEvents'));
    await is(200, call('leave'));
    for (const id of ['createWhepEvents', 'readAllWhepEvents']) {
      await is(404, call(id));
    }
  }));

  test('events of a source that stops and a session that is ended', LIMIT, scoped(async (scope) => {
    const { pusher } = await liveMountpoint(scope, server, 'pushed',
      { audio: false, viewer_grace_ms: 60000, source_timeout_ms: 500 }, PUSHED);
    const params = sessionOf(await is(201, watch(server, 'pushed')));
    const events = await listen(scope, `${server.url}/whep/pushed/${params.secret}/events`);
    await waitFor('it plays', () => events.names().includes('active'));
    await pusher.stop();
    await waitFor('it has stopped', () => events.names().includes('inactive'));
    await is(204, manage('endSession', { params: {
      session: (await server.api.sessions('pushed')).items[0].id } }));
    await waitFor('its end', () => events.names().includes('reconnect'));
    contract.judgeEvents('readAllWhepEvents', events);
  }));

  test('a still for who waits for the picture', LIMIT, scoped(async () => {
    await liveTest(server, 'posed');
    const answer = await is(201, watch(server, 'posed'));
    const params = sessionOf(answer);
    assert.match(answer.headers.link, new RegExp(
      `</whep/posed/${params.secret}/poster.jpg>; rel="preview"; type="image/jpeg"`));
    await is(200, contract.call(server, 'readPoster', { params }));
    await is(200, manage('disableMountpoint', on('posed')));
    await is(204, contract.call(server, 'readPoster', { params }));
    await is(200, contract.call(server, 'leave', { params }));
    await is(404, contract.call(server, 'readPoster', { params }));
    await is(204, manage('destroyMountpoint', on('posed')));
  }));

  test('layers are refused where there are none', scoped(async () => {
    const params = sessionOf(await is(201, watch(server, 'live')));
    const call = (options) => contract.call(server, 'selectLayer', { params, ...options });
    await is(409, call({ json: { rid: 'h' } }));
    await is(400, call({ body: '[]', type: 'application/json' }));
    await is(415, call({ body: '{}', type: 'text/plain' }));
    await is(422, call({ json: { spatialLayerId: 1 } }));
    await is(204, manage('endSession', { params: {
      session: (await server.api.sessions('live')).items.at(-1).id } }));
    await is(200, contract.call(server, 'leave', { params }));
    await is(404, call({ json: {} }));
  }));

  test('a publisher of simulcast, and who watches it', LIMIT, scoped(async (scope) => {
    await create(scope, { id: 'studio', kind: 'whip' });
    const browser = await launchBrowser(scope, FAKE_DEVICES);
    const page = await openViewerPage(scope, browser, server.url);
    await Publisher.publish(scope, page, { url: server.whip('studio'), codec: 'VP8', ...LAYERS.any });
    await server.api.waitState('studio', 'live', { timeoutMs: 15000 });
    const viewer = await Viewer.watch(scope, page, { url: server.whep('studio') });
    await viewer.frames(10);
    const [, , id, secret] = new URL(viewer.answer.session).pathname.split('/');
    const params = { id, secret };
    const events = await listen(scope, `${viewer.answer.session}/events`);
    await waitFor('three layers come', async () =>
      (await server.api.read('studio')).publisher.layers.filter(({ active }) => active).length === 3,
    { timeoutMs: 40000 });
    await is(200, contract.call(server, 'selectLayer', { params, json: { mediaId: '0', rid: 'm' } }));
    await shows(viewer, 640);
    await is(200, contract.call(server, 'selectLayer', { params, json: {} }));
    const sessions = await is(200, manage('listSessions', on('studio')));
    assert.equal(sessions.json.items[0].state, 'playing');
    const { json } = await is(200, manage('readMountpoint', on('studio')));
    assert.equal(json.publisher.state, 'publishing');
    await waitFor('layers are told', () => events.names().includes('layers'));
    contract.judgeEvents('readAllWhepEvents', events);
  }));
});

describe('who may', () => {
  /** What can be asked of these sessions and mountpoints, by operation. */
  function requests(at) {
    return [...contract.operations.values()]
      .filter(({ security }) => security === undefined || security.length > 0)
      .map(({ operationId, path, method }) => {
        const params = path.startsWith('/whip/') ? at.whip : at.whep;
        const body = !['post', 'patch'].includes(method) ? {}
          : path.split('/').length === 3 ? { type: SDP, body: offer() } : {};
        return [operationId, { params: { ...params, session: 'x' }, ...body }];
      });
  }

  /** A server whose mountpoints want tokens, and a session of either kind. */
  async function guarded(scope, lines, own = {}) {
    const at = await startServer(scope, { config: `[ice]\naddresses=127.0.0.1\n`
      + `ice-servers=stun:stun.example.org\n[http]\nsession-auth=strict\n${lines}` });
    await liveTest(at, 'live', own.watch ? { watch_token: own.watch } : {});
    await at.api.create({ id: 'studio', kind: 'whip',
      ...(own.publish ? { publish_token: own.publish } : {}) });
    return at;
  }

  async function sessions(at, tokens) {
    const whep = sessionOf(await is(201, watch(at, 'live', { token: tokens.watch })));
    const whip = sessionOf(await is(201, publish(at, 'studio', { token: tokens.publish })));
    const made = await is(201, contract.call(at, 'createWhepEvents',
      { params: whep, token: tokens.watch }));
    return { whep: { ...whep, stream: made.headers.location.split('/').at(-1) }, whip };
  }

  const OWN = { watch: 'may-watch', publish: 'may-publish' };

  test('no token, and the wrong one: 401; too many of them: 429', LIMIT, scoped(async (scope) => {
    const at = await guarded(scope, '', OWN);
    const all = requests(await sessions(at, OWN));
    for (const [id, options] of all) {
      // Who asks for options without a token learns what is open to all.
      await is(/^options/.test(id) ? 200 : 401, contract.call(at, id, options));
      await is(401, contract.call(at, id, { ...options, token: 'wrong' }));
    }
    await waitFor('it is too many', async () =>
      (await contract.call(at, 'readServer', { token: 'wrong' })).status === 429, { everyMs: 1 });
    for (const [id, options] of all) {
      await is(429, contract.call(at, id, { ...options, token: 'wrong' }));
    }
  }));

  test('a signed token for something else: 403', LIMIT, scoped(async (scope) => {
    const { jwks, sign } = signer();
    const file = join(temporaryDirectory(scope, 'keys'), 'jwks.json');
    writeFileSync(file, jwks);
    const at = await guarded(scope, `[auth]\njwt-keys=${file}\n`);
    const tokens = { watch: sign({ mountpoint: 'live', action: 'watch' }),
      publish: sign({ mountpoint: 'studio', action: 'publish' }) };
    const other = sign({ mountpoint: 'other', action: 'watch' });
    for (const [id, options] of requests(await sessions(at, tokens))) {
      await is(403, contract.call(at, id, { ...options, token: other }));
    }
  }));

  test('keys that cannot be had: 503', LIMIT, scoped(async (scope) => {
    const at = await guarded(scope, '[auth]\njwt-keys=http://127.0.0.1:9/keys\n', OWN);
    const { sign } = signer();
    for (const [id, options] of requests(await sessions(at, OWN))) {
      await is(503, contract.call(at, id, { ...options, token: sign({ action: 'watch' }) }));
    }
  }));

  test('the hook is asked as documented', scoped(async (scope) => {
    const asked = [];
    const hook = http.createServer((incoming, outgoing) => {
      let text = '';
      incoming.on('data', (part) => { text += part; });
      incoming.on('end', () => {
        asked.push(JSON.parse(text));
        outgoing.writeHead(403).end();
      });
    }).listen(0, '127.0.0.1');
    await once(hook, 'listening');
    scope.defer(() => { hook.closeAllConnections(); hook.close(); });
    const at = await guarded(scope, `[auth]\nhook-url=http://127.0.0.1:${hook.address().port}/\n`);
    await is(403, watch(at, 'live', { token: 'x' }));
    await is(403, publish(at, 'studio'));
    assert.deepEqual(asked.map(({ action }) => action), ['watch', 'publish']);
    asked.forEach((question) => contract.judgeWebhook('authorise', question));
  }));

  /** A key pair: its JWK Set, and what signs claims with it. */
  function signer() {
    const { publicKey, privateKey } = crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
    return {
      jwks: JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k', alg: 'ES256' }] }),
      sign: (claims) => {
        const text = `${encode({ alg: 'ES256', kid: 'k' })}.${encode({
          exp: Math.floor(Date.now() / 1000) + 600, ...claims })}`;
        const signature = crypto.sign('sha256', Buffer.from(text),
          { key: privateKey, dsaEncoding: 'ieee-p1363' });
        return `${text}.${signature.toString('base64url')}`;
      },
    };
  }
});

describe('what README.md and the guides show', () => {
  /** Every curl of the code blocks, with the path that it asks for. */
  const examples = ['README.md', 'config/README.md', 'config/sources.md', 'config/api.md'].flatMap((file) =>
    readFileSync(join(ROOT, file), 'utf8').split('```').filter((text) => text.startsWith('sh\n'))
      .flatMap((text) => text.split(/^(?=curl )/m))
      .map((text) => [text, /(?:(?:\/api\/v1|\$API)(\/[^\s?'"]+)|\$SESSION(\/\w+))/.exec(text)])
      .filter(([text, path]) => text.startsWith('curl ') && path));

  test('is what the document allows', () => {
    assert.ok(examples.length > 20, `${examples.length} examples`);
    for (const [command, [, api, session]] of examples) {
      const path = session ? `/whep/x/y${session}` : `/api/v1${api}`;
      const body = / -d '(\{[^']*\})'/.exec(command)?.[1];
      const method = / -X (\w+)/.exec(command)?.[1] ?? (body ? 'POST' : 'GET');
      const operation = [...contract.operations.values()].find((each) =>
        each.method === method.toLowerCase()
        && new RegExp(`^${each.path.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(path));
      assert.ok(operation, `${method} ${path}: ${command}`);
      assert.equal(body !== undefined, operation.requestBody !== undefined, command);
      if (body) {
        contract.validate(operation.requestBody.content['application/json'].schema,
          JSON.parse(body), command);
      }
    }
  });
});

describe('every operation', () => {
  const params = { id: 'live', secret: 'x', stream: 'x', session: 'x', file: 'style.css' };

  test('that takes a body takes none that is too large: 413', async () => {
    for (const { operationId, requestBody } of contract.operations.values()) {
      if (requestBody) {
        await is(413, manage(operationId, { params, type: Object.keys(requestBody.content)[0],
          body: 'x'.repeat(200 * 1024) }));
      }
    }
  });

  test('and path: HEAD where there is GET, OPTIONS, 405 for what it has not', async () => {
    for (const [path, item] of Object.entries(contract.document.paths)) {
      const [operation] = [...contract.operations.values()].filter((each) => each.path === path);
      const url = `${server.url}${contract.path(operation, params)}`;
      const headers = { Authorization: `Bearer ${server.token}` };
      const preflight = await request(url, { method: 'OPTIONS',
        headers: { Origin: 'http://x', 'Access-Control-Request-Method': 'GET' } });
      assert.equal(preflight.status, 200, path);
      const methods = Object.keys(item).filter((name) => name !== 'parameters')
        .flatMap((name) => name === 'get' ? ['GET', 'HEAD'] : [name.toUpperCase()]);
      assert.deepEqual(new Set(preflight.headers.allow.split(', ')),
        new Set([...methods, 'OPTIONS']), path);
      const refused = await request(url, { method: 'PUT', headers });
      assert.equal(refused.status, 405, path);
      contract.judgeRefusal(operation.operationId, refused);
      if (item.get && !/events|secret/.test(path)) {
        const got = await request(url, { headers });
        const { status, text } = await request(url, { method: 'HEAD', headers });
        assert.deepEqual([status, text], [got.status, ''], path);
      }
    }
  });

  test('what is refused before it is looked at is a problem document as well', async () => {
    const long = await request(`${server.url}/healthz`,
      { headers: { 'X-Long': 'x'.repeat(64 * 1024) } });
    assert.equal(long.status, 431);
    contract.judgeRefusal('alive', long);
  });

  test('of pages, health and metrics', async () => {
    await is(200, manage('readMetrics'));
    await is(200, contract.call(server, 'alive'));
    await is(200, contract.call(server, 'ready'));
    for (const [id, file] of [['pageIndex'], ['pageWatch'], ['pagePublish'],
      ...['whep-player.js', 'style.css', 'icon.svg', 'watch.html'].map((name) => ['pageFile', name])]) {
      const where = { params: { ...params, file } };
      const { headers } = await is(200, contract.call(server, id, where));
      await is(304, contract.call(server, id,
        { ...where, headers: { 'If-None-Match': headers.etag } }));
    }
  });
});

test('every documented answer has been seen', () => {
  const unseen = contract.unseen();
  assert.deepEqual(unseen.filter((each) => !NOT_SEEN[each]), []);
  assert.deepEqual(Object.keys(NOT_SEEN).filter((each) => !unseen.includes(each)), [],
    'seen, though listed as not seen');
  assert.deepEqual(contract.unseenEvents(), []);
});
