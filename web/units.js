// SPDX-License-Identifier: MIT
//
// Numbers as people read them.

export const NONE = '–';

const isNumber = (value) => typeof value === 'number' && Number.isFinite(value);

/** 2_100_000 -> "2.1 Mbit/s" */
export function bitrate(bps) {
  if (!isNumber(bps)) {
    return NONE;
  }
  if (bps < 1e6) {
    return `${Math.round(bps / 1e3)} kbit/s`;
  }
  return bps < 1e9 ? `${(bps / 1e6).toFixed(1)} Mbit/s` : `${(bps / 1e9).toFixed(2)} Gbit/s`;
}

/** 0.0123 -> "1.2 %"; what is lost is never rounded to nothing. */
export function share(part) {
  if (!isNumber(part)) {
    return NONE;
  }
  const percent = part * 100;
  if (percent === 0) {
    return '0 %';
  }
  return percent < 0.1 ? '< 0.1 %' : `${percent.toFixed(1)} %`;
}

export function milliseconds(ms) {
  if (!isNumber(ms)) {
    return NONE;
  }
  return ms < 10000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** 3723 s -> "1 h 02 min"; below a minute in seconds. */
export function duration(ms) {
  if (!isNumber(ms)) {
    return NONE;
  }
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (value) => String(value).padStart(2, '0');
  if (seconds < 60) {
    return `${seconds} s`;
  }
  if (seconds < 3600) {
    return `${Math.floor(seconds / 60)} min ${two(seconds % 60)} s`;
  }
  if (seconds < 86400) {
    return `${Math.floor(seconds / 3600)} h ${two(Math.floor(seconds / 60) % 60)} min`;
  }
  return `${Math.floor(seconds / 86400)} d ${two(Math.floor(seconds / 3600) % 24)} h`;
}

export function frameRate(fps) {
  return isNumber(fps) && fps > 0 ? `${Number(fps.toFixed(1))} fps` : '';
}
