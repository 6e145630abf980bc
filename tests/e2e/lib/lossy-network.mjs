// SPDX-License-Identifier: MIT
//
// A network namespace of its own, in which packets between a browser and the
// server can be dropped. For scenarios that run in there; nothing needs undoing:
// the namespace ends with its last process.

import { execFileSync } from 'node:child_process';

export const ADDRESS = '10.9.0.1';
export const ADDRESS_6 = 'fd00:9::1';

/** How to get into a new namespace here, or why there is none. */
export function namespaceCommand() {
  const isRoot = process.getuid() === 0;
  const command = isRoot ? ['unshare', '-n'] : ['unshare', '-Urn'];
  try {
    execFileSync(command[0], [...command.slice(1), 'nft', 'list', 'tables'], { stdio: 'pipe' });
    return { command };
  } catch (error) {
    return { skip: 'no network namespace with nftables here' +
      `${isRoot ? '' : ' (run as root)'}: ${String(error.message).split('\n')[0]}` };
  }
}

function lay(lines) {
  // Chromium gathers nothing in a namespace that has only lo.
  for (const line of ['link set lo up', 'link add v0 type veth peer name v1', ...lines]) {
    execFileSync('ip', line.split(' '));
  }
}

export function layNetwork() {
  lay([
    `addr add ${ADDRESS}/24 dev v0`,
    'link set v0 up',
    'link set v1 up',
    'route add default dev v0',
  ]);
}

/** Without IPv4, but for lo. */
export function layNetwork6() {
  lay([
    'link set v1 up',
    'link set v0 up',
    `-6 addr add ${ADDRESS_6}/64 dev v0 nodad`,
    '-6 route add default dev v0',
  ]);
}

/** Nobody gets a datagram any more. */
export function blockUdp() {
  execFileSync('nft', [
    'add table inet block; ' +
    'add chain inet block in { type filter hook input priority 0; }; ' +
    'add rule inet block in meta l4proto udp counter drop',
  ]);
}

/** How many were not passed since. */
export function blocked() {
  const text = execFileSync('nft', ['list', 'tables'], { encoding: 'utf8' });
  return /inet block/.test(text) ? counted('block') : 0;
}

/**
 * Both ends are addresses of this namespace, so packets pass over lo. Dropped on
 * input: on output the sender would be told (EPERM), which no network does.
 * @param {string} match of nftables, such as 'udp sport 8189'
 */
export function drop(match, percent) {
  execFileSync('nft', [
    'add table inet loss; ' +
    'add chain inet loss in { type filter hook input priority 0; }; ' +
    `add rule inet loss in iifname "lo" ${match} ` +
    `numgen random mod 100 < ${percent} counter drop`,
  ]);
}

function counted(table) {
  const text = execFileSync('nft', ['list', 'table', 'inet', table], { encoding: 'utf8' });
  return Number(/counter packets (\d+)/.exec(text)?.[1] ?? 0);
}

export function dropped() {
  return counted('loss');
}

/** Lets only so much through of what matches; what is more is dropped. */
export function police(match, kbytesPerSecond) {
  execFileSync('nft', [
    'add table inet police; ' +
    'add chain inet police in { type filter hook input priority 0; }; ' +
    `add rule inet police in iifname "lo" ${match} ` +
    `limit rate over ${kbytesPerSecond} kbytes/second burst 20 kbytes counter drop`,
  ]);
}

export function policed() {
  return counted('police');
}

export function unpolice() {
  execFileSync('nft', ['delete', 'table', 'inet', 'police']);
}
