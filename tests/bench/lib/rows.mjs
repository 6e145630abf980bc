// SPDX-License-Identifier: MIT
//
// What is compared: each row is one kind of measurement and gives some figures. README.md
// says what they mean.

import { measure } from './client.mjs';

const BITRATE = 2_000_000;
const FPS = 30;
/** 2 s; where the wait for a key frame matters, 4 s. */
const GOP = ['--gop', String(2 * FPS)];
const LONG_GOP = ['--gop', String(4 * FPS)];
const MEDIA = ['--bitrate', String(BITRATE), '--fps', String(FPS)];
/** What the joins left behind is over by then: a group of pictures, and the second that
 * a frame is waited for. */
const LEAD = ['--lead', '3500'];

function figure(key, label, unit, more = {}) {
  return { key, label, unit, better: 'less', decimals: 1, ...more };
}

/** Of which a ratio would say nothing. */
function count(key, label, unit, more = {}) {
  return figure(key, label, unit, { plain: true, ...more });
}

/** The source and the viewers are not read at the same instant: a key frame may be between. */
const SKEW_PACKETS = 60;

/** All there, nothing lost, and nobody starved without a gap in the numbers. */
export function isClean(figures, viewers, outside) {
  const missing = figures.sent_packets * (1 - figures.got_share_percent_min / 100);
  return figures.joined === viewers && figures.joins_failed === 0
    && figures.lost_steady === 0 && missing <= SKEW_PACKETS + figures.sent_packets / 1000
    && (!outside || figures.outside_share_percent >= 98.5);
}

function isClientLimited(figures) {
  return figures.client_cpu_percent >= 95 || figures.client_overflows > 0;
}

/** `viewers` on the server, most of which only count. */
async function load(context, server, viewers, seconds) {
  const verify = Math.max(5, Math.min(100, 1000 / viewers));
  const counted = verify < 100;
  const figures = await measure(context, server, ['--viewers', String(viewers),
    '--join-rate', '50', '--verify', String(Math.round(verify)), ...MEDIA, ...GOP, ...LEAD,
    '--duration', String(seconds)], { counted });
  return {
    figures,
    clean: isClean(figures, viewers, counted),
    clientLimited: isClientLimited(figures),
  };
}

/** Doubles until it fails, then halves the interval until it is within 5 %. */
async function searchCapacity(context, server, first, seconds) {
  let good = 0;
  let bad = Infinity;
  let limited = false;
  let next = first;
  while (bad - good > Math.max(good * 0.05, 5) && next <= context.size.mostViewers) {
    const result = await load(context, server, next, seconds);
    const { figures } = result;
    context.log(`    ${next} viewers: ${result.clean ? 'clean' : 'not clean'}, CPU `
      + `${figures.server_cpu_percent} % and ${figures.client_cpu_percent} %, joined `
      + `${figures.joined}, lost ${figures.lost_steady}, least share `
      + `${figures.got_share_percent_min} %, of the counted `
      + `${figures.outside_share_percent ?? '-'} %`);
    if (result.clean) {
      good = next;
    } else {
      bad = next;
      limited = result.clientLimited;
    }
    next = Number.isFinite(bad) ? Math.floor((good + bad) / 2) : good * 2;
  }
  return { most_viewers: good, client_limited: Number(limited || !Number.isFinite(bad)) };
}

export const rows = {
  packet: {
    title: (size) => `${size.viewers} viewers of 2 Mbit/s`,
    peers: ['janus', 'janus-gcm', 'janus-packaged'],
    measure: (context, server) => measure(context, server, [
      '--viewers', String(context.size.viewers), '--join-rate', '40', '--verify', '10',
      ...MEDIA, ...GOP, ...LEAD, '--duration', String(context.size.seconds)]),
    figures: [
      figure('server_us_per_packet', 'CPU per delivered packet', 'us', { decimals: 2 }),
      figure('rss_kib_per_viewer', 'memory per viewer', 'KiB', { decimals: 0 }),
      figure('threads_per_viewer', 'threads per viewer', '', { decimals: 2 }),
      figure('fds_per_viewer', 'descriptors per viewer', '', { decimals: 2 }),
      figure('got_share_percent_min', 'least that a viewer got', '%',
        { better: 'more', decimals: 2 }),
    ],
  },
  capacity: {
    title: () => 'as many viewers of 2 Mbit/s as one core serves without loss',
    peers: ['janus'],
    once: true,
    measure: (context, server) => searchCapacity(context, server,
      context.size.firstViewers, context.size.seconds),
    figures: [
      figure('most_viewers', 'most viewers', '', { better: 'more', decimals: 0 }),
      count('client_limited', 'the client was the limit (1: yes)', '', { decimals: 0 }),
    ],
  },
  join: {
    title: (size) => `${size.joins} viewers who join and leave, 20 a second`,
    peers: ['janus', 'janus-packaged'],
    measure: (context, server) => measure(context, server, [
      '--viewers', String(context.size.joins), '--join-rate', '20', '--stay', '0',
      '--bitrate', '100000', '--fps', String(FPS), ...GOP]),
    figures: [
      figure('server_ms_per_join', 'CPU per join and leave', 'ms', { decimals: 2 }),
      count('joins_failed', 'joins failed', '', { decimals: 0 }),
    ],
  },
  'first-frame': {
    title: (size) => `${size.joins} joins one after another, a key frame every 4 s`,
    peers: ['janus', 'janus-packaged'],
    measure: (context, server) => measure(context, server, [
      '--viewers', String(context.size.joins), '--sequential', '--join-rate', '7',
      ...MEDIA, ...LONG_GOP, '--warmup', '5000']),
    figures: [
      figure('post_to_key_frame_ms_p50', 'POST to first decodable frame, p50', 'ms'),
      figure('post_to_key_frame_ms_p99', 'POST to first decodable frame, p99', 'ms'),
      figure('answer_to_key_frame_ms_p50', 'of it after the answer, p50', 'ms'),
    ],
  },
  crowd: {
    title: (size) => `50 watch while ${size.crowd} join, 100 a second`,
    peers: ['janus'],
    measure: (context, server) => measure(context, server, [
      '--viewers', '50', '--join-rate', '25', '--verify', '20', ...MEDIA, ...GOP, ...LEAD,
      '--duration', '5', '--crowd', String(context.size.crowd), '--crowd-rate', '100']),
    figures: [
      figure('crowd_pause_ms_max', 'longest pause of those who watch', 'ms'),
      figure('pause_ms_max', 'the same before the crowd', 'ms'),
      figure('crowd_delay_ms_max', 'latest packet of those who watch', 'ms'),
      figure('delay_ms_max', 'the same before the crowd', 'ms'),
      count('joins_failed', 'joins failed', '', { decimals: 0 }),
    ],
  },
  loss: {
    title: (size) => `${size.viewers} viewers who lose 5 % of all packets`,
    peers: ['janus'],
    measure: (context, server) => measure(context, server, [
      '--viewers', String(context.size.viewers), '--join-rate', '40', '--verify', '25',
      '--loss', '5', ...MEDIA, ...GOP, ...LEAD, '--duration', String(context.size.seconds)]),
    figures: [
      figure('decodable_percent', 'frames decodable within a second', '%',
        { better: 'more', decimals: 3 }),
      figure('server_us_per_packet', 'CPU per delivered packet', 'us', { decimals: 2 }),
    ],
  },
  churn: {
    title: (size) => `${size.churn} viewers who join and leave, 100 a second`,
    peers: ['janus'],
    once: true,
    async measure(context, server) {
      const figures = await measure(context, server, [
        '--viewers', String(context.size.churn), '--join-rate', '100', '--stay', '0',
        '--at-once', '100', '--bitrate', '500000', '--fps', String(FPS), ...GOP,
        '--settle', '20000']);
      return {
        ...figures,
        rss_growth_mib: figures.rss_mib_after - figures.rss_mib_before,
        threads_growth: figures.threads_after - figures.threads_before,
        fds_growth: figures.fds_after - figures.fds_before,
      };
    },
    figures: [
      count('rss_growth_mib', 'memory afterwards, against before', 'MiB', { decimals: 2 }),
      count('threads_growth', 'threads afterwards, against before', '', { decimals: 0 }),
      count('fds_growth', 'descriptors afterwards, against before', '', { decimals: 0 }),
      figure('joins_per_s', 'joins and leaves per second', '', { better: 'more' }),
      count('joins_failed', 'joins failed', '', { decimals: 0 }),
    ],
  },
};

/** CPU against viewers: [{ viewers, cpu, clean }] until it is not clean any more. */
export async function measureCurve(context, server) {
  const points = [];
  for (const viewers of context.size.curve) {
    const { figures, clean, clientLimited } = await load(context, server, viewers,
      context.size.seconds);
    context.log(`    ${viewers} viewers: CPU ${figures.server_cpu_percent} %, `
      + `${clean ? 'clean' : 'not clean'}`);
    points.push({ viewers, cpu: figures.server_cpu_percent, clean, clientLimited });
    if (!clean) {
      break;
    }
  }
  return points;
}
