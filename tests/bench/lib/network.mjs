// SPDX-License-Identifier: MIT
//
// Two network namespaces joined by a veth pair: the server in one, on CPU 0, its
// viewers in the other, on CPU 1. What arrives for the viewers is handled on their
// CPU (receive packet steering), so that it is not charged to the server.

import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';

export const SERVER_IP = '10.9.0.1';
const CLIENT_IP = '10.9.0.2';
/** An address for each viewer: local to the client's namespace as a whole. */
export const VIEWERS = '10.64.0.0/12';
/** The upper half of them: the viewers that only count. */
const COUNTED = '10.72.0.0/13';
export const COUNTER = 'netdev bench dropped';

/** Media (RFC 7983: 128 to 191) without RTCP, dropped where it arrives. */
const RULES = `table netdev bench {
  counter dropped {}
  chain media {
    type filter hook ingress device client priority 0;
    ip daddr ${COUNTED} meta l4proto udp @th,64,2 2 @th,72,8 != 192-223 counter name dropped drop
  }
}
`;

function run(command, args, options = {}) {
  return execFileSync(command, args, { stdio: ['pipe', 'pipe', 'inherit'], ...options });
}

export class Network {
  constructor() {
    this.server = `bench-server-${process.pid}`;
    this.client = `bench-client-${process.pid}`;
    this.children = new Set();
    this.cores = cpus().length;
  }

  open() {
    run('ip', ['netns', 'add', this.server]);
    run('ip', ['netns', 'add', this.client]);
    run('ip', ['link', 'add', 'server', 'netns', this.server, 'type', 'veth',
      'peer', 'name', 'client', 'netns', this.client]);
    this.#configure(this.server, 'server', SERVER_IP);
    this.#configure(this.client, 'client', CLIENT_IP);
    run('ip', ['-n', this.server, 'route', 'add', VIEWERS, 'via', CLIENT_IP]);
    run('ip', ['-n', this.client, 'route', 'add', 'local', VIEWERS, 'dev', 'lo']);
    run('ip', ['netns', 'exec', this.client, 'nft', '-f', '-'], { input: RULES });
    this.steering = this.#steer();
    return this;
  }

  #configure(namespace, device, ip) {
    const commands = [['addr', 'add', `${ip}/24`, 'dev', device],
      ['link', 'set', device, 'up'], ['link', 'set', 'lo', 'up'],
      ['route', 'add', 'default', 'dev', device]];
    for (const command of commands) {
      run('ip', ['-n', namespace, ...command]);
    }
  }

  /** Not every kernel has it; without it, receiving is charged to the server. */
  #steer() {
    const file = '/sys/class/net/client/queues/rx-0/rps_cpus';
    const result = spawnSync('ip', ['netns', 'exec', this.client, 'sh', '-c',
      `echo 2 > ${file} && cat ${file}`], { encoding: 'utf8' });
    return this.cores > 1 && result.status === 0;
  }

  /** The command line that runs `args` on the side of `side`. */
  #wrap(side, args) {
    const namespace = side === 'server' ? this.server : this.client;
    const cpu = side === 'server' || this.cores < 2 ? 0 : 1;
    return ['netns', 'exec', namespace, 'taskset', '--cpu-list', String(cpu), ...args];
  }

  /** Its pid is the program's own: ip and taskset replace themselves. */
  spawn(side, args, options = {}) {
    const child = spawn('ip', this.#wrap(side, args), options);
    this.children.add(child);
    child.on('exit', () => this.children.delete(child));
    return child;
  }

  /** Whether a GET from the client's side is answered with 200. */
  answers(url) {
    return spawnSync('ip', this.#wrap('client', ['curl', '--silent', '--fail',
      '--max-time', '2', '--output', '/dev/null', url])).status === 0;
  }

  close() {
    for (const child of this.children) {
      child.kill('SIGKILL');
    }
    for (const namespace of [this.server, this.client]) {
      spawnSync('ip', ['netns', 'del', namespace]);
    }
  }
}

/** "Intel(R) Xeon(R) ..., 2 cores, Linux 6.1.0". */
export function describeMachine() {
  const release = readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim();
  return `${cpus()[0].model.trim()}, ${cpus().length} cores, Linux ${release}`;
}
