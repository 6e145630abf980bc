// SPDX-License-Identifier: MIT
//
// The proxies of packaging/, with the samples that are there: as they are, but for
// ports, certificate and the name.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { install, makeCertificate } from './certificate.mjs';
import { Child } from './child.mjs';
import { request } from './http.mjs';
import { freeTcpPort } from './ports.mjs';
import { ROOT, temporaryDirectory } from './server.mjs';
import { waitFor } from './wait.mjs';

/** A sample with other words in some places, which must be there. */
function sample(file, changes) {
  let text = readFileSync(join(ROOT, 'packaging', file), 'utf8');
  for (const [from, to] of changes) {
    assert.ok(text.includes(from), `${file} has ${from}`);
    text = text.replaceAll(from, to);
  }
  return text;
}

function nginxArguments({ folder, upstream, port, plainPort }) {
  mkdirSync(join(folder, 'tmp'));
  const site = sample('nginx/whepcast.conf', [
    ['listen 443 ', `listen 127.0.0.1:${port} `], ['listen [::]:443 ssl http2;', ''],
    ['listen 80;', `listen 127.0.0.1:${plainPort};`], ['listen [::]:80;', ''],
    ['/etc/letsencrypt/live/live.example.org/fullchain.pem', `${folder}/cert.pem`],
    ['/etc/letsencrypt/live/live.example.org/privkey.pem', `${folder}/key.pem`],
    ['http://127.0.0.1:8080', `http://127.0.0.1:${upstream}`],
  ]);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${folder}/tmp/${name};`).join(' ');
  const user = process.getuid?.() === 0 ? 'user root;' : '';
  const file = join(folder, 'nginx.conf');
  writeFileSync(file, `daemon off; pid ${folder}/pid; error_log stderr; ${user}
    worker_processes 1; events {}
    http { access_log off; ${temporary}\n${site}\n}`);
  return ['-p', folder, '-c', file];
}

function caddyArguments({ folder, upstream, port, plainPort }) {
  const site = sample('caddy/Caddyfile', [
    ['\nlive.example.org {', `\n127.0.0.1 {\n\ttls ${folder}/cert.pem ${folder}/key.pem`],
    ['127.0.0.1:8080', `127.0.0.1:${upstream}`],
  ].reverse());
  const file = join(folder, 'Caddyfile');
  writeFileSync(file, `{\n\tadmin off\n\thttp_port ${plainPort}\n\thttps_port ${port}
\tdefault_bind 127.0.0.1\n}\n${site}`);
  return ['run', '--config', file, '--adapter', 'caddyfile'];
}

const PROXIES = {
  nginx: { programs: ['/usr/sbin/nginx', '/usr/bin/nginx'], arguments: nginxArguments },
  caddy: { programs: ['/usr/bin/caddy'], arguments: caddyArguments },
};

export const PROXY_NAMES = Object.keys(PROXIES);

export const proxyProgram = (name) => PROXIES[name].programs.find(existsSync);

/** Starts one in front of a port of this machine; its URLs, of HTTPS and of HTTP. */
export async function startProxy(scope, name, upstream) {
  const folder = temporaryDirectory(scope, name);
  makeCertificate(folder, 'proxy');
  install(folder);
  const [port, plainPort] = [await freeTcpPort(), await freeTcpPort()];
  const child = new Child(scope, proxyProgram(name),
    PROXIES[name].arguments({ folder, upstream, port, plainPort }), {
      name,
      env: { ...process.env, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
    });
  const url = `https://127.0.0.1:${port}`;
  await waitFor(`${name} answers`, async () => {
    assert.equal(child.exit, null, child.stderr.join('\n'));
    return (await request(`${url}/healthz`).catch(() => ({}))).status === 200;
  });
  return { url, plainUrl: `http://127.0.0.1:${plainPort}` };
}
