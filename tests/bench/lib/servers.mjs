// SPDX-License-Identifier: MIT
//
// The servers that are compared: each with a configuration in a temporary directory,
// fed by RTP on the same two ports, started afresh for every measurement.

import { mkdirSync, mkdtempSync, openSync, closeSync, readFileSync, rmSync, writeFileSync }
  from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { SERVER_IP } from './network.mjs';

export const VIDEO_PORT = 5004;
export const AUDIO_PORT = 5006;
const HTTP_PORT = 8080;
const FMTP = 'packetization-mode=1;profile-level-id=42c01e';
const START_TIMEOUT_MS = 15000;
const STOP_TIMEOUT_MS = 20000;

function whepcastConfig(directory, lane) {
  return `[server]
state-dir=${directory}/state
[http]
listen=${SERVER_IP}:${HTTP_PORT}
[ice]
udp-port=8189
tcp-port=0
addresses=${SERVER_IP}
[limits]
max-pending=0
[fanout]
${lane ? `lane=${lane}\n` : ''}[mountpoint bench]
kind=rtp
[track bench/video]
codec=H264
port=${VIDEO_PORT}
payload-type=96
fmtp=${FMTP}
[track bench/audio]
codec=opus
port=${AUDIO_PORT}
payload-type=111
`;
}

/** As Debian's janus.jcfg has it, or with what its documentation advises. */
function janusConfig(directory, tuned, loops) {
  return `general: {
  configs_folder = "${directory}"
  plugins_folder = "/usr/lib/${LIBRARIES}/janus/plugins"
  transports_folder = "/usr/lib/${LIBRARIES}/janus/transports"
  debug_level = ${tuned ? 3 : 4}
  session_timeout = 0
${tuned ? `  event_loops = ${loops}\n` : ''}}
nat: {
  nice_debug = false
${tuned ? '  ice_lite = true\n' : ''}}
plugins: {
  disable = "${UNUSED_PLUGINS.map((name) => `libjanus_${name}.so`).join(',')}"
}
transports: {
  disable = "${UNUSED_TRANSPORTS.map((name) => `libjanus_${name}.so`).join(',')}"
}
`;
}

const LIBRARIES = process.arch === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu';
/** They would only open ports and files. */
const UNUSED_PLUGINS = ['audiobridge', 'duktape', 'echotest', 'lua', 'nosip', 'recordplay',
  'sip', 'textroom', 'videocall', 'videoroom', 'voicemail'];
const UNUSED_TRANSPORTS = ['mqtt', 'nanomsg', 'pfunix', 'rabbitmq', 'websockets'];

function janusStreaming(tuned, loops) {
  return `bench: {
  type = "rtp"
  id = 1
  media = (
    { type = "video", mid = "v", label = "video", port = ${VIDEO_PORT},
      rtcpport = ${VIDEO_PORT + 1}, pt = 96, codec = "h264", fmtp = "${FMTP}",
      bufferkf = ${tuned} },
    { type = "audio", mid = "a", label = "audio", port = ${AUDIO_PORT}, pt = 111,
      codec = "opus" }
  )
${tuned ? `  threads = ${loops}\n` : ''}}
`;
}

const JANUS_HTTP = `general: {
  json = "compact"
  base_path = "/janus"
  http = true
  port = ${HTTP_PORT}
  https = false
}
admin: { admin_http = false }
`;

/** What can be compared: how it is started, and how it is spoken to. */
export function knownServers({ build, lane, loops }) {
  const janus = (tuned, srtp, title) => ({
    title,
    ready: `http://${SERVER_IP}:${HTTP_PORT}/janus/info`,
    client: ['--api', 'janus', '--url', `http://${SERVER_IP}:${HTTP_PORT}/janus`,
      '--mountpoint', '1', '--janus-keepalive', '0', '--srtp', srtp],
    prepare(directory) {
      const files = {
        'janus.jcfg': janusConfig(directory, tuned, loops),
        'janus.plugin.streaming.jcfg': janusStreaming(tuned, loops),
        'janus.transport.http.jcfg': JANUS_HTTP,
      };
      for (const [name, text] of Object.entries(files)) {
        writeFileSync(join(directory, name), text);
      }
      return ['janus', '--configs-folder', directory, '--config',
        join(directory, 'janus.jcfg'), '--disable-colors'];
    },
  });
  return {
    whepcast: {
      title: `whepcast${lane ? ` (${lane})` : ''}`,
      ready: `http://${SERVER_IP}:${HTTP_PORT}/readyz`,
      client: ['--url', `http://${SERVER_IP}:${HTTP_PORT}/whep/bench`],
      prepare(directory) {
        mkdirSync(join(directory, 'state'));
        const file = join(directory, 'whepcast.conf');
        writeFileSync(file, whepcastConfig(directory, lane));
        return [join(build, 'whepcast'), '--config', file];
      },
    },
    janus: janus(true, 'aes-cm', 'Janus, tuned'),
    'janus-gcm': janus(true, 'aes-gcm', 'Janus, tuned, AES-GCM'),
    'janus-packaged': janus(false, 'aes-cm', 'Janus, as packaged'),
  };
}

/** A running server. */
export class Server {
  static async start(network, description) {
    const server = new Server();
    server.description = description;
    server.directory = mkdtempSync(join(tmpdir(), 'whepcast-compare-'));
    const log = openSync(join(server.directory, 'log'), 'w');
    server.child = network.spawn('server', description.prepare(server.directory),
      { stdio: ['ignore', log, log] });
    closeSync(log);
    const end = Date.now() + START_TIMEOUT_MS;
    while (!network.answers(description.ready)) {
      if (server.child.exitCode !== null || Date.now() > end) {
        const text = readFileSync(join(server.directory, 'log'), 'utf8');
        await server.stop();
        throw new Error(`${description.title} did not start:\n${text}`);
      }
      await delay(100);
    }
    return server;
  }

  get pid() { return this.child.pid; }

  async stop() {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const gone = once(this.child, 'exit');
      const timer = setTimeout(() => this.child.kill('SIGKILL'), STOP_TIMEOUT_MS);
      this.child.kill('SIGTERM');
      await gone;
      clearTimeout(timer);
    }
    rmSync(this.directory, { recursive: true, force: true });
  }
}
