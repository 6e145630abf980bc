// SPDX-License-Identifier: MIT
//
// What a mountpoint plays, in one line or in a list: of the object of the API and
// of the numbers that move.

import { bitrate, frameRate, NONE, share } from './units.js';

const trackOf = (item, media) => (item.tracks ?? []).find((track) => track.media === media);

/** "1280×720", of now or of the last look. */
export function pictureSize(item) {
  const stream = trackOf(item, 'video')?.stream;
  const width = item.live?.width || stream?.width;
  const height = item.live?.height || stream?.height;
  return width && height ? `${width}×${height}` : '';
}

/** "H264 + opus": what viewers get. */
export function codecs(item) {
  return (item.tracks ?? [])
    .map(({ codec, conversion }) => conversion?.to ?? codec)
    .filter(Boolean).join(' + ');
}

/** Bits per second that come, or null. */
export function incoming(item) {
  if (item.state !== 'live') {
    return null;
  }
  return item.live?.bitrate_bps
    ?? (item.tracks ?? []).reduce((sum, { stream }) => sum + (stream?.bitrate_bps ?? 0), 0);
}

export function incomingLoss(item) {
  return item.state === 'live' ? item.live?.loss ?? null : null;
}

/** "1280×720 · 30 fps · H264 + opus" */
export function streamLine(item) {
  const stream = trackOf(item, 'video')?.stream;
  return [pictureSize(item), frameRate(item.live?.frame_rate ?? stream?.frame_rate),
    codecs(item)].filter(Boolean).join(' · ');
}

/** What is worth a finding that nobody should overlook: "1 problem", or ''. */
export function worstFinding(item) {
  const found = item.state === 'live' ? item.diagnosis ?? [] : [];
  const count = (wanted) => found.filter(({ severity }) => severity === wanted).length;
  for (const severity of ['problem', 'warning']) {
    const n = count(severity);
    if (n > 0) {
      return { severity, text: `${n} ${severity}${n === 1 ? '' : 's'}` };
    }
  }
  return null;
}

/** [name, value] pairs for the page of one mountpoint. */
export function sourceFacts(item) {
  const video = trackOf(item, 'video');
  const audio = trackOf(item, 'audio');
  const stream = video?.stream;
  const converted = (track) => track?.conversion?.to && track.conversion.to !== track.codec
    ? `${track.codec}, made ${track.conversion.to}` : track?.codec;
  return [
    ['From', item.url ?? ''],
    ['Picture', [pictureSize(item),
      frameRate(item.live?.frame_rate ?? stream?.frame_rate)].filter(Boolean).join(' · ')],
    ['Video', [converted(video), stream?.profile && `${stream.profile} ${stream.level ?? ''}`.trim()]
      .filter(Boolean).join(' · ')],
    ['Audio', [converted(audio), audio?.clock_rate && `${audio.clock_rate / 1000} kHz`,
      audio?.channels && (audio.channels === 1 ? 'mono' : `${audio.channels} channels`)]
      .filter(Boolean).join(' · ')],
    ['Bit rate', bitrate(incoming(item))],
    ['Lost on the way here', share(incomingLoss(item))],
    ['Key frame', stream?.key_frame_interval_ms
      ? `every ${(stream.key_frame_interval_ms / 1000).toFixed(1)} s` : ''],
    ['Jitter', video?.packets ? `${Math.round(video.jitter_ms)} ms` : ''],
    ['Layers', (item.publisher?.layers ?? []).filter(({ active }) => active)
      .map(({ rid, width, height }) => width ? `${rid} ${width}×${height}` : rid).join(' · ')],
    ['Publisher', item.publisher
      ? [item.publisher.media_address ?? item.publisher.address, item.publisher.user_agent]
        .filter(Boolean).join(' · ') : ''],
  ].filter(([, value]) => value && value !== NONE);
}
