// SPDX-License-Identifier: MIT
//
// HTTPS by the program itself. Rows in brackets are those of the WHEP conformance list.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import tls from 'node:tls';

import { install, makeCertificate, tlsConfig } from './lib/certificate.mjs';
import { liveMountpoint } from './lib/fixture.mjs';
import { request } from './lib/http.mjs';
import { offer } from './lib/offer.mjs';
import { scoped } from './lib/scope.mjs';
import { spawnServer, startServer, temporaryDirectory } from './lib/server.mjs';
import { waitFor } from './lib/wait.mjs';
import { SDP, SMALL } from './lib/whep.mjs';

async function startTls(scope) {
  const folder = temporaryDirectory(scope, 'tls');
  makeCertificate(folder, 'first');
  install(folder);
  const server = await startServer(scope, { config: tlsConfig(folder) });
  return { server, folder, ca: readFileSync(join(folder, 'cert.pem')) };
}

/** Handshakes; what was agreed, or the error. */
function handshake(port, options = {}) {
  return new Promise((resolve) => {
    const socket = tls.connect({
      port, host: '127.0.0.1', rejectUnauthorized: false, ...options,
    }, () => {
      resolve({
        version: socket.getProtocol(), cipher: socket.getCipher().name,
        alpn: socket.alpnProtocol, name: socket.getPeerCertificate().subject.CN,
      });
      socket.destroy();
    });
    socket.on('error', (error) => resolve({ error: error.code ?? String(error) }));
  });
}

const threads = (pid) => readdirSync(`/proc/${pid}/task`).length;

describe('HTTPS', () => {
  test('everything works, and URLs say so [A-14]', scoped(async (scope) => {
    const { server, ca } = await startTls(scope);
    assert.match(server.url, /^https:/);
    await liveMountpoint(scope, server, 'live', { audio: false }, SMALL);
    const answer = await request(server.whep('live'), {
      method: 'POST', headers: { 'Content-Type': SDP }, body: offer(), ca,
    });
    assert.equal(answer.status, 201, answer.text);
    const session = new URL(answer.headers.location, server.url).href;
    assert.equal((await request(session, { method: 'DELETE', ca })).status, 200);
    const mountpoint = await server.api.read('live');
    assert.equal(mountpoint.whep_url, server.whep('live'));
    const page = await request(`${server.url}/watch/live`, { ca });
    assert.equal(page.status, 200);
  }));

  test('a large body, and two requests on one connection', scoped(async (scope) => {
    const { server } = await startTls(scope);
    const text = await new Promise((resolve, reject) => {
      let all = '';
      const socket = tls.connect({ port: server.port, rejectUnauthorized: false }, () =>
        socket.write(`POST /whep/none HTTP/1.1\r\nHost: x\r\nContent-Length: 131072\r\n\r\n${
          'a'.repeat(131072)}GET /whep-player.js HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`));
      socket.on('data', (data) => { all += data; });
      socket.on('end', () => resolve(all));
      socket.on('error', reject);
    });
    assert.deepEqual([...text.matchAll(/HTTP\/1\.1 (\d+) /g)].map(([, code]) => code),
      ['404', '200']);
  }));

  test('TLS 1.2 and 1.3 with forward secrecy, nothing older', scoped(async (scope) => {
    const { server } = await startTls(scope);
    assert.equal((await handshake(server.port)).version, 'TLSv1.3');
    const older = await handshake(server.port, { maxVersion: 'TLSv1.2' });
    assert.equal(older.version, 'TLSv1.2');
    assert.match(older.cipher, /^ECDHE-.*(GCM|CHACHA20)/);
    for (const options of [
      { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' },
      { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA' },
    ]) {
      assert.ok((await handshake(server.port, options)).error, JSON.stringify(options));
    }
  }));

  test('HTTP/1.1 is the only protocol', scoped(async (scope) => {
    const { server } = await startTls(scope);
    const both = await handshake(server.port, { ALPNProtocols: ['h2', 'http/1.1'] });
    assert.equal(both.alpn, 'http/1.1');
    assert.ok((await handshake(server.port, { ALPNProtocols: ['h2'] })).error);
  }));

  test('plain HTTP is closed, and clients that say nothing hold no thread',
    scoped(async (scope) => {
      const { server } = await startTls(scope);
      const before = threads(server.pid);
      for (let i = 0; i < 200; i++) {
        const socket = net.connect(server.port, '127.0.0.1', () => socket.write('\x16\x03'));
        socket.on('error', () => {});
        scope.defer(() => socket.destroy());
      }
      await new Promise((resolve) => {
        const socket = net.connect(server.port, '127.0.0.1', () =>
          socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'));
        socket.resume();
        socket.on('close', resolve);
        socket.on('error', () => {});
      });
      assert.equal((await request(`${server.url}/healthz`)).status, 200);
      assert.ok(threads(server.pid) <= before + 1, `${threads(server.pid)} of ${before}`);
    }));

  test('the certificate is read again when it changes, and on SIGHUP',
    scoped(async (scope) => {
      const { server, folder } = await startTls(scope);
      const name = async () => (await handshake(server.port)).name;
      assert.equal(await name(), 'first');

      makeCertificate(folder, 'second');
      install(folder);
      process.kill(server.pid, 'SIGHUP');
      await waitFor('the second is in use', async () => await name() === 'second');

      makeCertificate(folder, 'third');
      install(folder);
      await waitFor('the third is in use', async () => await name() === 'third',
        { timeoutMs: 15000 });

      // Half of a new pair is no pair: the old one stays until the other half comes.
      makeCertificate(folder, 'fourth');
      install(folder, ['cert']);
      process.kill(server.pid, 'SIGHUP');
      await waitFor('it says why', () => server.log.some((line) =>
        /certificate stays as it was: .*tls-key/.test(line)));
      assert.equal(await name(), 'third');
      install(folder, ['key']);
      await waitFor('the fourth is in use', async () => await name() === 'fourth',
        { timeoutMs: 15000 });
    }));

  test('a certificate that cannot be used is an error at start', scoped(async (scope) => {
    const folder = temporaryDirectory(scope, 'tls');
    makeCertificate(folder, 'first');
    install(folder);
    makeCertificate(folder, 'second');
    install(folder, ['key']);
    const config = join(folder, 'whepcast.conf');
    for (const [text, pattern] of [
      [tlsConfig(folder), /tls-key is not that of the certificate|key values mismatch/],
      [tlsConfig(join(folder, 'none')), /tls-certificate: .*none\/cert\.pem/],
    ]) {
      writeFileSync(config, text);
      const child = spawnServer(scope, ['--config', config, '--listen', '127.0.0.1:0',
        '--udp-port', '0', '--state-dir', temporaryDirectory(scope)]);
      assert.equal((await child.ended).code, 2);
      assert.match(child.stderr.join('\n'), pattern);
    }
  }));
});
