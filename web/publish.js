// SPDX-License-Identifier: MIT
//
// The publisher page, /publish/{id}: camera or screen, microphone, a preview, and
// one button. The WHIP client is whip-publisher.js.

import { keepToken, publishKey, takeToken } from './token.js';
import { WhipPublisher } from './whip-publisher.js';

const STATS_MS = 1000;
const LEVEL_MS = 100;

const STATE_WORDS = {
  idle: 'Off air',
  connecting: 'Connecting',
  publishing: 'Live',
  waiting: 'Waiting',
  failed: 'Refused',
  closed: 'Off air',
};

const SIZES = { 480: [640, 480], 720: [1280, 720], 1080: [1920, 1080] };

const element = (id) => document.getElementById(id);
const ui = Object.fromEntries(['studio', 'preview', 'empty', 'level', 'title', 'chip',
  'watch', 'camera', 'microphone', 'size', 'reason', 'token', 'go', 'mute', 'stats']
  .map((id) => [id, element(id)]));
ui.useCamera = element('use-camera');
ui.useScreen = element('use-screen');
ui.tokenForm = element('token-form');

/** The id is the last part of the path; a path it cannot decode has none. */
function idOfPath() {
  try {
    return decodeURIComponent(location.pathname.replace(/\/+$/, '').split('/').pop());
  } catch {
    return '';
  }
}

const id = idOfPath();
// Relative, so that a proxy may serve everything below a prefix.
const root = new URL('../', location.href);
const publisher = new WhipPublisher({
  url: new URL(`whip/${encodeURIComponent(id)}`, root).href,
  token: takeToken(publishKey(id)),
});

let source = 'camera';
let picture = null; // MediaStream of the camera or the screen
let sound = null; // MediaStream of the microphone
let muted = false;

// --- what is captured -----------------------------------------------------------

function stopTracks(stream) {
  stream?.getTracks().forEach((track) => track.stop());
}

function say(text) {
  ui.reason.textContent = text;
  ui.reason.hidden = text === '';
}

/** What a browser's error means to a person. */
function wordsFor(error) {
  return {
    NotAllowedError: 'The browser was not allowed to use it. Allow it in the ' +
      'address bar and try again.',
    NotFoundError: 'There is no such device.',
    NotReadableError: 'Another program is using it.',
    OverconstrainedError: 'The device cannot do that.',
  }[error.name] ?? error.message;
}

async function openCamera() {
  const [width, height] = SIZES[ui.size.value];
  return navigator.mediaDevices.getUserMedia({
    video: {
      width: { ideal: width }, height: { ideal: height }, frameRate: { ideal: 30 },
      ...(ui.camera.value ? { deviceId: { exact: ui.camera.value } } : {}),
    },
  });
}

async function openScreen() {
  const stream = await navigator.mediaDevices.getDisplayMedia({
    video: { frameRate: { ideal: 30 } }, audio: true,
  });
  const [track] = stream.getVideoTracks();
  track.contentHint = 'detail';
  // The browser has a button of its own that ends it.
  track.addEventListener('ended', () => useSource('camera'));
  return stream;
}

async function openMicrophone() {
  if (ui.microphone.value === 'none') {
    return null;
  }
  return navigator.mediaDevices.getUserMedia({
    audio: ui.microphone.value ? { deviceId: { exact: ui.microphone.value } } : true,
  });
}

/** Names are known only after the first permission; Firefox tells those of cameras
 * after that for the camera, and so on. Until then there is one without a name. */
async function listDevices() {
  const devices = await navigator.mediaDevices.enumerateDevices();
  const fill = (select, kind, track, more = []) => {
    const word = kind === 'videoinput' ? 'Camera' : 'Microphone';
    const chosen = select.value || track?.getSettings().deviceId || '';
    const all = devices.filter((device) => device.kind === kind);
    const named = all.filter(({ deviceId }) => deviceId);
    const options = (named.length > 0 ? named : all.slice(0, 1)).map((device, index) =>
      [device.deviceId, device.label || (device.deviceId ? `${word} ${index + 1}` : word)]);
    select.replaceChildren(...[...options, ...more].map(([value, text]) => {
      const option = document.createElement('option');
      option.value = value;
      option.textContent = text;
      option.selected = value === chosen;
      return option;
    }));
  };
  fill(ui.camera, 'videoinput',
    source === 'camera' ? picture?.getVideoTracks()[0] : undefined);
  fill(ui.microphone, 'audioinput', sound?.getAudioTracks()[0], [['none', 'None']]);
}

/** Tracks change under a running session; another kind of track needs a new one. */
async function takeTracks(stream) {
  for (const track of stream.getTracks()) {
    if (publisher.state === 'publishing' && !await publisher.replaceTrack(track)) {
      publisher.start(publishedStream());
      return;
    }
  }
}

async function changePicture(open) {
  try {
    const stream = await open();
    stopTracks(picture);
    picture = stream;
    ui.preview.srcObject = stream;
    say('');
    await takeTracks(new MediaStream(stream.getVideoTracks()));
  } catch (error) {
    say(wordsFor(error));
  }
  await listDevices();
  showState();
}

async function changeSound() {
  try {
    const stream = await openMicrophone();
    stopTracks(sound);
    sound = stream;
    listen();
    applyMute();
    if (stream) {
      await takeTracks(stream);
    } else if (publisher.state === 'publishing') {
      publisher.start(publishedStream());
    }
  } catch (error) {
    say(wordsFor(error));
  }
  await listDevices();
  showState();
}

async function useSource(wanted) {
  source = wanted;
  ui.studio.dataset.source = wanted;
  ui.useCamera.setAttribute('aria-checked', String(wanted === 'camera'));
  ui.useScreen.setAttribute('aria-checked', String(wanted === 'screen'));
  await changePicture(wanted === 'camera' ? openCamera : openScreen);
}

/** The microphone's sound, or that of the screen when there is none. */
function publishedStream() {
  const voices = sound?.getAudioTracks() ?? [];
  const audio = voices.length > 0 ? voices : picture?.getAudioTracks() ?? [];
  return new MediaStream([...(picture?.getVideoTracks() ?? []), ...audio]);
}

// --- sound ------------------------------------------------------------------------

let meter = null;

/** A level beside the preview: people see that they are heard. */
function listen() {
  meter?.context.close();
  meter = null;
  if (!sound) {
    return;
  }
  const context = new AudioContext();
  const analyser = new AnalyserNode(context, { fftSize: 1024 });
  context.createMediaStreamSource(sound).connect(analyser);
  meter = { context, analyser, samples: new Float32Array(analyser.fftSize) };
}

function showLevel() {
  let db = -60;
  if (meter && !muted) {
    meter.analyser.getFloatTimeDomainData(meter.samples);
    const power = meter.samples.reduce((sum, value) => sum + value * value, 0);
    db = 10 * Math.log10(Math.max(power / meter.samples.length, 1e-6));
  }
  ui.level.style.height = `${Math.max(0, Math.min(1, (db + 60) / 60)) * 100}%`;
}

function applyMute() {
  sound?.getAudioTracks().forEach((track) => { track.enabled = !muted; });
  ui.mute.textContent = muted ? 'Unmute' : 'Mute';
  ui.mute.setAttribute('aria-pressed', String(muted));
}

function toggleMute() {
  muted = !muted;
  applyMute();
}

// --- state ------------------------------------------------------------------------

const isOn = () => !['idle', 'closed', 'failed'].includes(publisher.state);

function showState() {
  const { state, reason, error } = publisher;
  const refused = state === 'failed' && error?.status === 401;
  ui.studio.dataset.state = state;
  ui.chip.textContent = STATE_WORDS[state];
  ui.chip.dataset.state = state;
  ui.tokenForm.hidden = !refused;
  if (refused) {
    ui.token.focus();
  }
  if (state === 'failed' || state === 'waiting') {
    say(reason);
  } else if (state === 'publishing' || state === 'connecting') {
    say('');
  }
  ui.empty.hidden = Boolean(picture);
  ui.go.disabled = !picture && !sound;
  ui.go.textContent = isOn() ? 'Stop' : 'Go live';
  ui.mute.hidden = !sound;
  ui.studio.classList.toggle('mirrored', source === 'camera');
}

function toggleLive() {
  if (isOn()) {
    publisher.stop();
  } else {
    publisher.start(publishedStream());
  }
}

function submitToken(event) {
  event.preventDefault();
  const token = ui.token.value.trim();
  if (token) {
    keepToken(publishKey(id), token);
    publisher.token = token;
    ui.token.value = '';
    publisher.start(publishedStream());
  }
}

// --- statistics -------------------------------------------------------------------

function duration(ms) {
  const seconds = Math.floor(ms / 1000);
  const two = (value) => String(value).padStart(2, '0');
  return `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}

function statsRows(stats) {
  const number = (value, unit, digits = 0) =>
    value === null || value === undefined ? '–' : `${value.toFixed(digits)} ${unit}`;
  const total = stats.packetsSent;
  const lost = total > 0 ? 100 * Math.max(0, stats.packetsLost) / total : 0;
  const limits = { cpu: 'limited by this computer', bandwidth: 'limited by the uplink' };
  return [
    ['On air', duration(performance.now() - publisher.publishingAt)],
    ['Bit rate', number(stats.bitrateBps && stats.bitrateBps / 1e6, 'Mbit/s', 2)],
    ['Picture', [stats.width ? `${stats.width} × ${stats.height}` : '–',
      stats.fps ? `${Math.round(stats.fps)} / s` : '', limits[stats.limitedBy] ?? '']
      .filter(Boolean).join(', ')],
    ['Codec', stats.codec ?? '–'],
    ['Round trip', number(stats.rttMs, 'ms')],
    ['Lost, sent again', `${lost.toFixed(1)} %, ${stats.resent}`],
  ];
}

async function refreshStats() {
  const stats = publisher.state === 'publishing'
    ? await publisher.getStats().catch(() => null) : null;
  ui.stats.hidden = !stats;
  if (!stats) {
    return;
  }
  ui.stats.replaceChildren(...statsRows(stats).flatMap(([name, value]) => {
    const term = document.createElement('dt');
    const description = document.createElement('dd');
    term.textContent = name;
    description.textContent = value;
    return [term, description];
  }));
}

// --- wiring -----------------------------------------------------------------------

function connectEvents() {
  publisher.addEventListener('state', showState);
  ui.useCamera.addEventListener('click', () => useSource('camera'));
  ui.useScreen.addEventListener('click', () => useSource('screen'));
  ui.camera.addEventListener('change', () => changePicture(openCamera));
  ui.size.addEventListener('change', () => changePicture(openCamera));
  ui.microphone.addEventListener('change', changeSound);
  ui.go.addEventListener('click', toggleLive);
  ui.mute.addEventListener('click', toggleMute);
  ui.tokenForm.addEventListener('submit', submitToken);
  document.addEventListener('keydown', (event) => {
    const typing = event.target.matches?.('input, select');
    if (event.key.toLowerCase() === 'm' && !typing && !event.ctrlKey && !event.metaKey) {
      toggleMute();
    }
  });
  setInterval(refreshStats, STATS_MS);
  setInterval(showLevel, LEVEL_MS);
}

async function begin() {
  ui.title.textContent = id;
  document.title = `${id} · publish · whepcast`;
  ui.watch.href = new URL(`watch/${encodeURIComponent(id)}`, root).href;
  connectEvents();
  showState();
  if (!navigator.mediaDevices?.getUserMedia) {
    say('Browsers give cameras only to pages that came over https, or from localhost.');
    return;
  }
  ui.useScreen.hidden = !navigator.mediaDevices.getDisplayMedia;
  navigator.mediaDevices.addEventListener('devicechange', listDevices);
  await useSource('camera');
  await changeSound();
}

begin();
