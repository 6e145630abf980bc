// SPDX-License-Identifier: MIT
//
// WHEP offers as text, for tests that need no browser. The default is what
// Chromium sends, shortened; every part can be left out or replaced.

const FINGERPRINT = 'sha-256 ' + Array.from({ length: 32 }, (_, index) =>
  (index * 7 + 16).toString(16).padStart(2, '0').toUpperCase()).join(':');

const CODECS = {
  video: [
    '96 VP8/90000', '97 rtx/90000|apt=96',
    '102 H264/90000|level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f',
    '103 rtx/90000|apt=102',
    '108 H264/90000|level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f',
    '109 rtx/90000|apt=108',
    '114 H264/90000|level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42e01f',
  ],
  audio: ['111 opus/48000/2|minptime=10;useinbandfec=1', '0 PCMU/8000'],
};

export const DEFAULTS = Object.freeze({
  kinds: ['video', 'audio'],
  direction: 'recvonly',
  ufrag: 'wxyZ',
  pwd: 'abcdefghijklmnopqrstuvwx',
  fingerprint: FINGERPRINT,
  setup: 'actpass',
  proto: 'UDP/TLS/RTP/SAVPF',
  bundle: true,
  mids: true,
  candidates: [],
  codecs: CODECS,
  end: '\r\n',
  extra: [], // further lines of every section
});

function codecLines(codecs) {
  return codecs.flatMap((codec) => {
    const [map, fmtp] = codec.split('|');
    const pt = map.split(' ')[0];
    const video = map.includes('/90000') && !map.includes('rtx');
    return [
      `a=rtpmap:${map}`,
      ...(fmtp ? [`a=fmtp:${pt} ${fmtp}`] : []),
      ...(video ? ['nack', 'nack pli', 'ccm fir'].map((fb) => `a=rtcp-fb:${pt} ${fb}`) : []),
    ];
  });
}

function section(kind, index, o) {
  const codecs = o.codecs[kind];
  return [
    `m=${kind} 9 ${o.proto} ${codecs.map((codec) => codec.split(' ')[0]).join(' ')}`,
    'c=IN IP4 0.0.0.0',
    'a=rtcp:9 IN IP4 0.0.0.0',
    ...(o.ufrag ? [`a=ice-ufrag:${o.ufrag}`] : []),
    ...(o.pwd ? [`a=ice-pwd:${o.pwd}`] : []),
    'a=ice-options:trickle',
    ...[o.fingerprint].flat().filter(Boolean).map((value) => `a=fingerprint:${value}`),
    `a=setup:${o.setup}`,
    ...(o.mids ? [`a=mid:${o.mids === true ? index : o.mids[index]}`] : []),
    ...(o.direction ? [`a=${o.direction}`] : []),
    'a=rtcp-mux',
    'a=rtcp-rsize',
    ...codecLines(codecs),
    ...o.candidates.map((candidate) => `a=${candidate}`),
    ...o.extra,
  ];
}

/** @param {Partial<typeof DEFAULTS>} options */
export function offer(options = {}) {
  const o = { ...DEFAULTS, ...options };
  const mids = o.mids === true ? o.kinds.map((_, index) => index) : o.mids ?? [];
  const lines = [
    'v=0', 'o=- 4611731400430051336 2 IN IP4 127.0.0.1', 's=-', 't=0 0',
    ...(o.bundle && o.mids ? [`a=group:BUNDLE ${o.bundleMids ?? mids.join(' ')}`] : []),
    'a=msid-semantic: WMS',
    ...o.kinds.flatMap((kind, index) => section(kind, index, o)),
  ];
  return lines.join(o.end) + o.end;
}

/** RFC 8840 for the offer above. */
export function fragment(options = {}) {
  const { ufrag = DEFAULTS.ufrag, pwd = DEFAULTS.pwd, mid = '0', candidates = [],
    media = 'm=video 9 UDP/TLS/RTP/SAVPF 96', complete = false } = options;
  return [
    ...(ufrag ? [`a=ice-ufrag:${ufrag}`, `a=ice-pwd:${pwd}`] : []),
    ...(media ? [media, `a=mid:${mid}`] : []),
    ...candidates.map((candidate) => `a=${candidate}`),
    ...(complete ? ['a=end-of-candidates'] : []),
    '',
  ].join('\r\n');
}

export const candidate = (port = 50000, address = '127.0.0.1') =>
  `candidate:1 1 udp 2122260223 ${address} ${port} typ host generation 0`;
