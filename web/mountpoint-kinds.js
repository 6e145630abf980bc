// SPDX-License-Identifier: MIT
//
// The kinds of mountpoints that can be made here, and what can be said of each: a
// table of fields for the form. Names are those of the API.

const VIDEO_CODECS = ['H264', 'H265', 'VP8', 'VP9', 'AV1'];
const AUDIO_CODECS = ['opus', 'PCMU', 'PCMA', 'G722', 'AAC', 'MP4A-LATM', 'MPA', 'L16'];

const PUBLISH_TOKEN = {
  name: 'publish_token', label: 'Publish token', type: 'secret',
  help: 'Who publishes gives it. Empty: anybody may publish.',
};
const TAKEOVER = {
  name: 'publisher_takeover', label: 'The newest publisher takes the place', type: 'switch',
  fallback: false, help: 'Else a second one is refused while the first is sending.',
};
const ON_DEMAND = {
  name: 'on_demand', label: 'Only while somebody watches', type: 'switch', fallback: true,
  help: 'Else it is pulled all the time, and the first viewer need not wait.',
};
const FINGERPRINT = {
  name: 'tls_fingerprint', label: 'Certificate’s SHA-256', advanced: true,
  help: 'Of a source that signs its own certificate. The reason of the mountpoint tells it.',
};

const track = (media, codecs, payloadType) => ({
  name: `${media}`, type: 'track', media, codecs, payloadType,
  label: media === 'video' ? 'Video' : 'Audio',
});

export const KINDS = [
  {
    kind: 'whip', name: 'Publish by WHIP', hint: 'Browser, OBS, FFmpeg 8, GStreamer',
    fields: [PUBLISH_TOKEN, TAKEOVER],
  },
  {
    kind: 'rtsp', name: 'Pull a camera', hint: 'RTSP, by its URL',
    fields: [
      {
        name: 'url', label: 'URL', required: true, placeholder: 'rtsp://192.0.2.10/stream',
        pattern: 'rtsps?://.+', help: 'rtsp:// or rtsps://, as the camera’s manual says.',
      },
      { name: 'username', label: 'User name' },
      { name: 'password', label: 'Password', type: 'secret' },
      {
        name: 'transport', label: 'Transport', type: 'choice', fallback: 'auto',
        options: ['auto', 'tcp', 'udp'], help: 'auto: UDP, and TCP when nothing comes that way.',
      },
      ON_DEMAND, FINGERPRINT,
    ],
  },
  {
    kind: 'rtsp-push', name: 'Take an encoder', hint: 'It publishes by RTSP: ffmpeg, GStreamer',
    fields: [PUBLISH_TOKEN, TAKEOVER],
  },
  {
    kind: 'rtp', name: 'Receive RTP', hint: 'Plain packets: ffmpeg, GStreamer, multicast',
    fields: [
      track('video', VIDEO_CODECS, 96), track('audio', AUDIO_CODECS, 111),
      {
        name: 'sdp', label: 'Or the source’s SDP', type: 'text',
        help: 'What ffmpeg prints, or writes with -sdp_file. It takes the place of the above.',
      },
    ],
  },
  {
    kind: 'whep', name: 'Relay a WHEP server', hint: 'Such as another whepcast',
    fields: [
      {
        name: 'url', label: 'URL', required: true, placeholder: 'https://origin.example/whep/cam1',
        pattern: 'https?://.+', help: 'The WHEP endpoint there.',
      },
      { name: 'source_token', label: 'Its watch token', type: 'secret' },
      ON_DEMAND, FINGERPRINT,
    ],
  },
  {
    kind: 'failover', name: 'Fail over', hint: 'Several sources, the best first',
    fields: [
      {
        name: 'sources', label: 'Sources', type: 'sources', required: true,
        placeholder: 'cam1\nrtsp://192.0.2.10/stream',
        help: 'One a line, the best first: the id of a mountpoint, an rtsp:// URL, or the '
          + 'http(s):// URL of a WHEP endpoint. All must have the same codecs.',
      },
      {
        name: 'return_after_ms', label: 'Back to a better source after', type: 'number', unit: 'ms',
        min: 0, max: 3600000, fallback: 5000, help: 'So long it must have been live.',
      },
    ],
  },
  {
    kind: 'test', name: 'Test picture', hint: 'Bars and a tone, made here',
    fields: [
      { name: 'test_width', label: 'Width', type: 'number', unit: 'px', min: 64, max: 3840, step: 2, fallback: 1280 },
      { name: 'test_height', label: 'Height', type: 'number', unit: 'px', min: 64, max: 2160, step: 2, fallback: 720 },
      { name: 'test_fps', label: 'Pictures a second', type: 'number', min: 1, max: 60, fallback: 30 },
    ],
  },
];

/** Of a kind that only the configuration makes there are the common ones. */
export const kindOf = (kind) => KINDS.find((one) => one.kind === kind)
  ?? { kind, name: kind, hint: '', fields: [] };

export const ID_FIELD = {
  name: 'id', label: 'Id', required: true, pattern: '[A-Za-z0-9][A-Za-z0-9._\\-]{0,63}',
  placeholder: 'cam1', help: 'In its URLs: letters, digits, “.”, “_” and “-”. It stays as it is.',
};

export const TITLE_FIELD = {
  name: 'title', label: 'Title', placeholder: 'Camera 1', help: 'What pages call it. Empty: its id.',
};

export const COMMON_FIELDS = [
  {
    name: 'watch_token', label: 'Watch token', type: 'secret',
    help: 'Viewers give it. Empty: anybody may watch.',
  },
  {
    name: 'persist', label: 'Keep it when the server restarts', type: 'switch', fallback: true,
    advanced: true,
  },
  {
    name: 'source_timeout_ms', label: 'Lost when silent for', type: 'number', unit: 'ms',
    min: 200, max: 600000, fallback: 2000, advanced: true,
  },
  {
    name: 'viewer_grace_ms', label: 'Then viewers stay for', type: 'number', unit: 'ms',
    min: 0, max: 3600000, fallback: 30000, advanced: true,
  },
  {
    name: 'bframes', label: 'B-frames', type: 'choice', fallback: 'auto', advanced: true,
    options: ['auto', 'pass', 'drop', 'transcode'],
    help: 'Browsers hardly play them. auto: leave them out if that is enough, else encode anew '
      + 'while somebody watches.',
  },
];
