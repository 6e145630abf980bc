// SPDX-License-Identifier: MIT
//
// How something is pushed to a mountpoint: ready lines for ffmpeg, OBS, GStreamer
// and a browser. Pure; of the object of the API.

/** Browsers decode 4:2:0 of 8 bits, which encoders do not choose by themselves. */
const I420 = 'videoconvert ! video/x-raw,format=I420';
const X264 = `${I420} ! x264enc tune=zerolatency key-int-max=60 bitrate=2000 ! `
  + 'video/x-h264,profile=baseline';

const ENCODERS = {
  H264: `${X264} ! rtph264pay config-interval=-1 aggregate-mode=zero-latency`,
  H265: `${I420} ! x265enc tune=zerolatency key-int-max=60 bitrate=2000 ! `
    + 'rtph265pay config-interval=-1',
  VP8: `${I420} ! vp8enc deadline=1 keyframe-max-dist=60 target-bitrate=2000000 ! rtpvp8pay`,
  VP9: `${I420} ! vp9enc deadline=1 keyframe-max-dist=60 target-bitrate=2000000 ! rtpvp9pay`,
  opus: 'audioconvert ! audioresample ! opusenc ! rtpopuspay',
  PCMU: 'audioconvert ! audioresample ! mulawenc ! rtppcmupay',
  PCMA: 'audioconvert ! audioresample ! alawenc ! rtppcmapay',
};
const FIXED_TYPES = { PCMU: 0, PCMA: 8, G722: 9 };

const PICTURE = 'videotestsrc is-live=true ! video/x-raw,width=1280,height=720,framerate=30/1';
const TONE = 'audiotestsrc is-live=true';

const code = (text) => ({ code: text });
const words = (text) => ({ text });

// --- WHIP ------------------------------------------------------------------------

function whipOfGStreamer(item, token) {
  return `gst-launch-1.0 whipclientsink name=w signaller::whip-endpoint='${item.whip_url}'`
    + `${token ? ` signaller::auth-token="${token}"` : ''} ${PICTURE} ! w. ${TONE} ! w.`;
}

function bearerWords(item, token) {
  if (!item.publish_token) {
    return '(leave it empty)';
  }
  return token.startsWith('$') ? 'the publish token' : token;
}

function whip(item, token) {
  return [
    {
      tool: 'Browser',
      parts: [words('Camera or screen, from the publisher page. Browsers give cameras only to '
        + 'pages of https or localhost.'), { link: item.publish_url, name: 'Open the publisher page' }],
    },
    {
      tool: 'OBS',
      parts: [
        words('OBS 30 or newer. Settings, Stream:'),
        { rows: [['Service', 'WHIP'], ['Server', item.whip_url],
          ['Bearer Token', bearerWords(item, token)]] },
        words('Settings, Output, Output Mode Advanced, Streaming, with x264:'),
        { rows: [['Keyframe Interval', '2 s'], ['Tune', 'zerolatency'], ['x264 Options', 'bframes=0']] },
        words('Hardware encoders: Max B-frames 0.'),
      ],
    },
    { tool: 'ffmpeg', parts: [words('FFmpeg 8 or newer:'), code(item.push)] },
    { tool: 'GStreamer', parts: [words('With gst-plugins-rs:'), code(whipOfGStreamer(item, token))] },
  ];
}

// --- RTSP ------------------------------------------------------------------------

function rtspPush(item) {
  const url = /rtsp:\/\/[^"']+/.exec(item.push)?.[0] ?? '';
  return [
    { tool: 'ffmpeg', parts: [code(item.push)] },
    {
      tool: 'GStreamer',
      parts: [code(`gst-launch-1.0 -e ${PICTURE} ! ${X264} ! rtspclientsink name=r protocols=tcp location="${url}" `
        + `${TONE} ! audioconvert ! audioresample ! opusenc ! r.`)],
    },
    obsElsewhere('RTSP'),
  ];
}

// --- RTP -------------------------------------------------------------------------

function rtpOfGStreamer(item) {
  const host = /rtp:\/\/(\[[^\]]+\]|[^:/'"]+):/.exec(item.push)?.[1]?.replace(/^\[|\]$/g, '');
  const parts = (item.tracks ?? []).filter(({ port }) => port).map((track) => {
    const encoder = ENCODERS[track.codec];
    const type = track.payload_type ?? FIXED_TYPES[track.codec]
      ?? (track.media === 'video' ? 96 : 111);
    return encoder && `${track.media === 'video' ? PICTURE : TONE} ! ${encoder} mtu=1200 pt=${type} ! `
      + `udpsink host=${host} port=${track.port}`;
  });
  return parts.every(Boolean) && host ? `gst-launch-1.0 ${parts.join(' ')}` : null;
}

function rtp(item) {
  const line = rtpOfGStreamer(item);
  return [
    { tool: 'ffmpeg', parts: [code(item.push)] },
    ...(line ? [{ tool: 'GStreamer', parts: [code(line)] }] : []),
    obsElsewhere('RTP'),
  ];
}

const obsElsewhere = (what) => ({
  tool: 'OBS',
  parts: [words(`OBS does not stream by ${what}. Make a mountpoint of kind WHIP for it: `
    + 'the same UDP port, and what is lost on the way is sent again.')],
});

/**
 * @param {object} item the mountpoint
 * @param {string} token the publish token where it is known, else ''; lines then
 *   have $PUBLISH_TOKEN for the shell to put in
 * @returns {{ tool: string, parts: object[] }[]} parts: { text }, { code },
 *   { rows: [name, value][] } or { link, name }; none where nothing can be pushed
 */
export function pushLines(item, token = '') {
  if (!item.push) {
    return [];
  }
  const needed = item.publish_token ? token || '$PUBLISH_TOKEN' : '';
  const push = token ? item.push.replaceAll('$PUBLISH_TOKEN', token) : item.push;
  const told = { ...item, push };
  switch (item.kind) {
    case 'whip': return whip(told, needed);
    case 'rtsp-push': return rtspPush(told);
    case 'rtp': return rtp(told);
    default: return [{ tool: 'ffmpeg', parts: [code(push)] }];
  }
}

/** For a page of one's own. */
export function embedLine(item) {
  return `<iframe src="${item.watch_url}" title="${item.id}" width="1280" height="720" `
    + 'style="border: 0" allow="autoplay; fullscreen; picture-in-picture"></iframe>';
}
