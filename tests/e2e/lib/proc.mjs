// SPDX-License-Identifier: MIT
//
// What the kernel says about a process.

import { readdirSync, readFileSync } from 'node:fs';

export function descriptors(pid) {
  return readdirSync(`/proc/${pid}/fd`).length;
}

function statusField(pid, name) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)[1]);
}

export const threads = (pid) => statusField(pid, 'Threads');
export const residentKiB = (pid) => statusField(pid, 'VmRSS');
