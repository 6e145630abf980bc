// SPDX-License-Identifier: MIT
//
// What the browser counts of a connection, in a few numbers. Pure but for asking.

/** What has come so far. */
export async function countMedia(pc) {
  const counts = { packets: 0, audioPackets: 0, framesDecoded: 0 };
  for (const stat of (await pc.getStats()).values()) {
    if (stat.type === 'inbound-rtp') {
      counts.packets += stat.packetsReceived ?? 0;
      counts.framesDecoded += stat.framesDecoded ?? 0;
      counts.audioPackets += stat.kind === 'audio' ? stat.packetsReceived ?? 0 : 0;
    }
  }
  return counts;
}

/** Loudness of the last packets, where getStats() has none. */
export function sourceLevel(pc) {
  const levels = pc.getReceivers()
    .filter((receiver) => receiver.track?.kind === 'audio')
    .flatMap((receiver) => receiver.getSynchronizationSources?.() ?? [])
    .map((source) => source.audioLevel ?? 0);
  return Math.max(0, ...levels);
}

/** A second's mean of a sum that grows with a count, in ms; null: nothing came. */
function recentMean(now, before, sum, count) {
  const n = (now?.[count] ?? 0) - (before?.[count] ?? 0);
  const seconds = (now?.[sum] ?? NaN) - (before?.[sum] ?? 0);
  return n > 0 && Number.isFinite(seconds) ? seconds * 1000 / n : null;
}

/** How long what leaves the server takes to the screen: half a round trip, and from
 * the first packet of a frame until it is decoded. What the source and its encoder
 * take before the server has it is not in there: nobody here knows. */
function behindServerMs(video, audio, before, rttMs) {
  const stat = video ?? audio;
  const here = recentMean(video, before?.video, 'totalProcessingDelay', 'framesDecoded')
    ?? recentMean(stat, video ? before?.video : before?.audio,
      'jitterBufferDelay', 'jitterBufferEmittedCount');
  return here === null ? null : here + (rttMs ?? 0) / 2;
}

/** @param {RTCStatsReport} report @param {object|null} last what this returned before */
export function summarise(report, last) {
  const all = [...report.values()];
  const inbound = (kind) => all.find((stat) =>
    stat.type === 'inbound-rtp' && stat.kind === kind);
  const video = inbound('video');
  const audio = inbound('audio');
  const pair = all.find((stat) =>
    stat.type === 'candidate-pair' && stat.nominated && stat.state === 'succeeded');
  const codec = (stat) =>
    report.get(stat?.codecId)?.mimeType?.replace(/^.*\//, '') ?? null;
  const bytes = (video?.bytesReceived ?? 0) + (audio?.bytesReceived ?? 0);
  const at = (video ?? audio)?.timestamp ?? 0;
  const ms = (seconds) => seconds === undefined ? null : seconds * 1000;
  const rttMs = ms(pair?.currentRoundTripTime);
  return {
    at,
    bytes,
    raw: { video, audio },
    latencyMs: behindServerMs(video, audio, last?.raw, rttMs),
    bitrateBps: last && at > last.at
      ? Math.max(0, (bytes - last.bytes) * 8000 / (at - last.at)) : null,
    width: video?.frameWidth ?? null,
    height: video?.frameHeight ?? null,
    fps: video?.framesPerSecond ?? null,
    videoCodec: codec(video),
    audioCodec: codec(audio),
    packetsReceived: (video?.packetsReceived ?? 0) + (audio?.packetsReceived ?? 0),
    packetsLost: (video?.packetsLost ?? 0) + (audio?.packetsLost ?? 0),
    retransmitted: video?.retransmittedPacketsReceived ?? null,
    jitterMs: ms((video ?? audio)?.jitter),
    rttMs,
    framesDecoded: video?.framesDecoded ?? 0,
    framesDropped: video?.framesDropped ?? 0,
    freezes: video?.freezeCount ?? 0,
    audioLevel: audio?.audioLevel ?? 0,
  };
}
