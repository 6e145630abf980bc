// SPDX-License-Identifier: MIT
//
// The texts of WHEP and WHIP: SDP, fragments of it, header fields. Pure functions.

const EVENTS_RELATION = 'urn:ietf:params:whep:ext:core:server-sent-events';
const LAYER_RELATION = 'urn:ietf:params:whep:ext:core:layer';
const STILL_RELATION = 'preview'; // RFC 6903

/** Ask for stereo: without it in the offer browsers play Opus as mono. */
export function withStereo(sdp) {
  const opus = [...sdp.matchAll(/^a=rtpmap:(\d+) opus\/48000\/2\r?$/gim)];
  return opus.reduce((text, [, pt]) => {
    const fmtp = new RegExp(`^(a=fmtp:${pt} [^\\r\\n]*)`, 'm');
    if (!fmtp.test(text)) {
      const rtpmap = new RegExp(`^(a=rtpmap:${pt} [^\\r\\n]*)`, 'm');
      return text.replace(rtpmap, `$1\r\na=fmtp:${pt} stereo=1`);
    }
    return text.replace(fmtp, (line) =>
      /[ ;]stereo=/.test(line) ? line : `${line};stereo=1`);
  }, sdp);
}

/** `Link: <stun:h>; rel="ice-server"; ...` (RFC 9725 section 4.6). */
export function iceServersOfLink(header) {
  return (header ?? '').split(/,\s*(?=<)/)
    .filter((link) => /rel="?ice-server"?/i.test(link))
    .map((link) => {
      const value = (name) => new RegExp(`${name}="((?:[^"\\\\]|\\\\.)*)"`)
        .exec(link)?.[1].replace(/\\(.)/g, '$1');
      const server = { urls: /<([^>]*)>/.exec(link)?.[1] ?? '' };
      const username = value('username');
      return username === undefined
        ? server : { ...server, username, credential: value('credential') };
    })
    .filter((server) => /^(stun|turn)s?:/.test(server.urls));
}

/** The URL of an extension in a Link header, or null. */
function urlOfLink(header, relation) {
  const link = (header ?? '').split(/,\s*(?=<)/)
    .find((one) => one.includes(`rel="${relation}"`));
  return /<([^>]*)>/.exec(link ?? '')?.[1] ?? null;
}

export const eventsUrlOfLink = (header) => urlOfLink(header, EVENTS_RELATION);
export const layerUrlOfLink = (header) => urlOfLink(header, LAYER_RELATION);
export const stillUrlOfLink = (header) => urlOfLink(header, STILL_RELATION);

/** The layers in the data of a `layers` event: those of the first m-line that has
 * some, the best first. */
export function layersOfEvent(data) {
  const lists = Object.values(JSON.parse(data)).filter(Array.isArray);
  return (lists.find((list) => list.length > 0) ?? [])
    .filter(({ rid, bitrate }) => typeof rid === 'string' && bitrate > 0)
    .sort((a, b) => (b.height ?? 0) - (a.height ?? 0) || b.bitrate - a.bitrate);
}

/** Where the data of a `reconnect` event sends its viewer; null: to where it was. Its
 * URL may be relative to `base`. */
export function urlOfReconnect(data, base) {
  try {
    const { url } = JSON.parse(data);
    return url ? new URL(url, base).href : null;
  } catch {
    return null; // a server may send the event without data
  }
}

/** RFC 8840: the candidates found so far, the credentials they belong to. The
 * first section is there in any case. */
export function trickleFragment(sdp, candidates, complete) {
  const line = (name) => new RegExp(`^a=${name}:.*$`, 'm').exec(sdp)?.[0].trim();
  const sections = sdp.split(/^(?=m=)/m).slice(1);
  const lines = [line('ice-ufrag'), line('ice-pwd')];
  sections.forEach((section, index) => {
    const mid = /^a=mid:(.*)$/m.exec(section)?.[1].trim();
    const own = candidates.filter((c) => (c.sdpMid ?? sections[c.sdpMLineIndex]
      ?.match(/^a=mid:(.*)$/m)?.[1].trim()) === mid);
    if (own.length === 0 && index > 0) {
      return;
    }
    lines.push(/^m=.*$/m.exec(section)[0].trim(), `a=mid:${mid}`);
    lines.push(...own.map((c) => `a=${c.candidate}`));
    if (complete && index === 0) {
      lines.push('a=end-of-candidates');
    }
  });
  return lines.filter(Boolean).join('\r\n') + '\r\n';
}

/** The answer of before, with the credentials and candidates of the fragment
 * that answered an ICE restart (RFC 9725 section 4.3.3). */
export function restartedAnswer(answer, fragment) {
  const ofFragment = fragment.split(/\r?\n/);
  const isCandidate = (line) => /^a=(candidate:|end-of-candidates)/.test(line);
  const fresh = (name) => ofFragment.find((line) => line.startsWith(`a=${name}:`));
  const candidates = ofFragment.filter(isCandidate);
  const lines = answer.split(/\r?\n/);
  const first = lines.findIndex(isCandidate);
  const at = first >= 0 ? first : lines.findIndex((line) => line.startsWith('a=mid:')) + 1;
  return lines.flatMap((line, index) => {
    const own = /^a=(ice-ufrag|ice-pwd):/.exec(line);
    const kept = isCandidate(line) ? [] : [(own && fresh(own[1])) ?? line];
    return index === at ? [...candidates, ...kept] : kept;
  }).join('\r\n');
}

/** Retry-After in milliseconds: seconds or a date (RFC 9110 section 10.2.3). */
export function retryAfterMs(header, fallbackMs) {
  if (!header) {
    return fallbackMs;
  }
  const seconds = Number(header);
  const ms = Number.isFinite(seconds)
    ? seconds * 1000 : Date.parse(header) - Date.now();
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 250), 60000) : fallbackMs;
}
