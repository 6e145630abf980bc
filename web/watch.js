// SPDX-License-Identifier: MIT
//
// The player page, /watch/{id}: one stream, its state in words, sound, full
// screen and a panel of statistics. The WHEP client is whep-player.js.

import { ADMIN_KEY, keepToken, readToken, takeToken, watchKey }
  from './token.js';
import { wordsFor } from './watch-words.js';
import { WhepPlayer } from './whep-player.js';

const HIDE_CONTROLS_MS = 3000;
const STATS_MS = 1000;

const element = (id) => document.getElementById(id);
const ui = {
  stage: element('stage'),
  video: element('video'),
  poster: element('poster'),
  posterTitle: element('poster-title'),
  posterState: element('poster-state'),
  posterReason: element('poster-reason'),
  posterHelp: element('poster-help'),
  tokenForm: element('token-form'),
  token: element('token'),
  again: element('again'),
  publish: element('publish'),
  soundOnly: element('sound-only'),
  soundOnlyReason: element('sound-only-reason'),
  unmute: element('unmute'),
  bar: element('bar'),
  mute: element('mute'),
  volume: element('volume'),
  title: element('title'),
  chip: element('chip'),
  latency: element('latency'),
  viewers: element('viewers'),
  viewersCount: element('viewers-count'),
  quality: element('quality'),
  stats: element('stats'),
  statsList: element('stats-list'),
  statsButton: element('stats-button'),
  level: element('level'),
  fullscreen: element('fullscreen'),
};

/** The id is the last part of the path; a path it cannot decode has none. */
function idOfPath() {
  try {
    return decodeURIComponent(location.pathname.replace(/\/+$/, '')
      .split('/').pop());
  } catch {
    return '';
  }
}

const id = idOfPath();
// Relative, so that a proxy may serve everything below a prefix.
const root = new URL('../', location.href);
const player = new WhepPlayer(ui.video, {
  url: new URL(`whep/${encodeURIComponent(id)}`, root).href,
  token: takeToken(watchKey(id)),
});

// --- state -------------------------------------------------------------------

function setTitle(title) {
  ui.title.textContent = title;
  ui.posterTitle.textContent = title;
  document.title = `${title} · whepcast`;
}

/** Only an administrator's tab may read what the mountpoint is; others see the id,
 * and no way to publish to it. */
async function fetchTitle() {
  const token = readToken(ADMIN_KEY);
  if (!token) {
    return;
  }
  const url = new URL(`api/v1/mountpoints/${encodeURIComponent(id)}`, root);
  const response = await fetch(url, {
    headers: { Authorization: `Bearer ${token}` }, cache: 'no-store',
  }).catch(() => null);
  const mountpoint = response?.ok ? await response.json().catch(() => null) : null;
  if (typeof mountpoint?.title === 'string' && mountpoint.title) {
    setTitle(mountpoint.title);
  }
  if (mountpoint?.publish_url) {
    ui.publish.href = new URL(`publish/${encodeURIComponent(id)}`, root).href;
    ui.publish.hidden = false;
  }
}

/** A Firefox that has not loaded its H.264 yet, a Chromium built without. */
const lacksH264 = () => RTCRtpReceiver.getCapabilities?.('video').codecs
  .every(({ mimeType }) => mimeType !== 'video/H264') ?? false;

/** An answer that takes the sound and not the picture plays: black needs words. */
function showSoundOnly() {
  const { state, stream } = player;
  const hasPicture = (stream?.getVideoTracks().length ?? 0) > 0;
  ui.soundOnly.hidden = state !== 'playing' || hasPicture;
  ui.soundOnlyReason.textContent = lacksH264()
    ? 'The stream has no picture, or it is H.264, which this browser does not have now.'
    : 'The stream has no picture that this browser can show.';
}

function showState() {
  const { state, error } = player;
  const refused = state === 'failed' && error?.status === 401;
  const words = wordsFor(player);
  ui.stage.dataset.state = state;
  ui.chip.textContent = words.state;
  ui.posterState.textContent = words.headline;
  ui.posterReason.textContent = words.reason;
  ui.posterHelp.textContent = words.help;
  if (state !== 'playing') {
    ui.latency.hidden = true;
  }
  ui.poster.hidden = state === 'playing';
  ui.tokenForm.hidden = !refused;
  ui.again.hidden = refused || (state !== 'failed' && state !== 'closed');
  if (refused && !ui.stage.contains(document.activeElement)) {
    ui.token.focus();
  }
  showSoundOnly();
  showSound();
  wakeControls();
}

function showViewers() {
  const { viewers } = player;
  ui.viewers.hidden = viewers === null;
  ui.viewersCount.textContent = String(viewers);
}

/** Only where there is something to choose. */
function showQuality() {
  const { layers, layer } = player;
  const playing = layers.find((one) => one.playing);
  const name = ({ rid, height }) => height ? `${height}p` : rid;
  const auto = playing && layer === null ? `Auto (${name(playing)})` : 'Auto';
  const options = [['', auto], ...layers.map((one) => [one.rid, name(one)])];
  ui.quality.hidden = layers.length < 2;
  // A list that is open is left alone as long as it is true.
  if (ui.quality.dataset.shown !== JSON.stringify(options)) {
    ui.quality.dataset.shown = JSON.stringify(options);
    ui.quality.replaceChildren(...options.map(([value, textContent]) =>
      Object.assign(document.createElement('option'), { value, textContent })));
  }
  ui.quality.value = layer ?? '';
}

function chooseQuality() {
  player.selectLayer(ui.quality.value || null).catch(() => {}).finally(showQuality);
}

function submitToken(event) {
  event.preventDefault();
  const token = ui.token.value.trim();
  if (token) {
    keepToken(watchKey(id), token);
    player.token = token;
    ui.token.value = '';
    player.start();
  }
}

// --- sound -------------------------------------------------------------------

function showSound() {
  const muted = ui.video.muted || ui.video.volume === 0;
  const hasSound = (player.stream?.getAudioTracks().length ?? 0) > 0;
  ui.mute.classList.toggle('muted', muted);
  ui.mute.setAttribute('aria-label', muted ? 'Unmute' : 'Mute');
  ui.volume.value = String(muted ? 0 : Math.round(ui.video.volume * 100));
  ui.unmute.hidden = !(muted && hasSound && player.state === 'playing') ||
    ui.stage.dataset.soundChosen !== undefined;
}

function setMuted(muted) {
  ui.stage.dataset.soundChosen = '';
  ui.video.muted = muted;
  if (!muted && ui.video.volume === 0) {
    ui.video.volume = 1;
  }
  // A page without a gesture may have been refused to play at all.
  ui.video.play().catch(() => {});
}

function setVolume(percent) {
  const volume = Math.min(100, Math.max(0, percent));
  ui.stage.dataset.soundChosen = '';
  ui.video.volume = volume / 100;
  ui.video.muted = volume === 0;
}

/** Phones keep the volume to themselves: then there is nothing to slide. */
function hideVolumeWhereFixed() {
  ui.video.volume = 0.5;
  ui.volume.hidden = ui.video.volume !== 0.5;
  ui.video.volume = 1;
}

// --- full screen and controls ------------------------------------------------

async function toggleFullscreen() {
  if (document.fullscreenElement) {
    await document.exitFullscreen();
  } else if (ui.stage.requestFullscreen) {
    await ui.stage.requestFullscreen().catch(() => {});
  } else {
    // iPhones only show a video element in full.
    ui.video.webkitEnterFullscreen?.();
  }
}

let hideTimer = 0;

function wakeControls() {
  ui.stage.classList.remove('quiet');
  clearTimeout(hideTimer);
  hideTimer = setTimeout(() => {
    const busy = ui.bar.matches(':hover, :focus-within:has(:focus-visible)');
    if (player.state === 'playing' && !busy) {
      ui.stage.classList.add('quiet');
    }
  }, HIDE_CONTROLS_MS);
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey ||
      event.target === ui.token) {
    return;
  }
  const step = { ArrowUp: 5, ArrowDown: -5 }[event.key];
  const action = {
    m: () => setMuted(!ui.video.muted),
    f: toggleFullscreen,
    s: () => showStats(ui.stats.hidden),
  }[event.key.toLowerCase()];
  if (action) {
    action();
  } else if (step && event.target !== ui.volume) {
    setVolume((ui.video.muted ? 0 : ui.video.volume * 100) + step);
    event.preventDefault();
  }
  wakeControls();
}

// --- statistics --------------------------------------------------------------

function showStats(shown) {
  ui.stats.hidden = !shown;
  ui.statsButton.setAttribute('aria-expanded', String(shown));
  refreshStats();
}

/** Only what is seen is asked for: the panel, or the bar with its latency. */
async function refreshStats() {
  if (document.hidden || (ui.stats.hidden && ui.stage.classList.contains('quiet'))) {
    return;
  }
  const stats = await player.getStats().catch(() => null);
  showLatency(stats);
  if (!ui.stats.hidden) {
    fillStats(stats);
  }
}

function showLatency(stats) {
  const ms = player.state === 'playing' ? stats?.latencyMs ?? null : null;
  ui.latency.hidden = ms === null;
  if (ms !== null) {
    ui.latency.textContent = `${(ms / 1000).toFixed(ms < 950 ? 2 : 1)} s behind`;
  }
}

function fillStats(stats) {
  const rows = stats ? statsRows(stats) : [['State', wordsFor(player).state]];
  ui.statsList.replaceChildren(...rows.flatMap(([name, value]) => {
    const term = document.createElement('dt');
    const description = document.createElement('dd');
    term.textContent = name;
    description.textContent = value;
    return [term, description];
  }));
  // Sound is heard in decibels: -60 dB is an empty bar.
  const db = 20 * Math.log10(Math.max(stats?.audioLevel ?? 0, 1e-3));
  ui.level.style.width = `${Math.max(0, (db + 60) / 60) * 100}%`;
}

function statsRows(stats) {
  const number = (value, unit, digits = 0) =>
    value === null || value === undefined ? '–' : `${value.toFixed(digits)} ${unit}`;
  const picture = stats.width ? `${stats.width} × ${stats.height}` : '–';
  const codecs = [stats.videoCodec, stats.audioCodec].filter(Boolean).join(' + ');
  const total = stats.packetsReceived + stats.packetsLost;
  const lost = total > 0 ? (100 * stats.packetsLost / total).toFixed(2) : '0.00';
  return [
    ['Picture', picture],
    ['Frames', number(stats.fps, 'per second')],
    ['Codec', codecs || '–'],
    ['Bit rate', number(stats.bitrateBps && stats.bitrateBps / 1e6, 'Mbit/s', 2)],
    ['Packets lost', `${stats.packetsLost} (${lost} %)`],
    ['Repaired', stats.retransmitted === null ? '–' : String(stats.retransmitted)],
    ['Jitter', number(stats.jitterMs, 'ms')],
    ['Round trip', number(stats.rttMs, 'ms')],
    ['Behind the server', number(stats.latencyMs, 'ms')],
    ['Frames dropped', String(stats.framesDropped)],
    ['Freezes', String(stats.freezes)],
    ['First picture', number(stats.timeToFirstFrameMs, 'ms')],
  ];
}

// --- wiring --------------------------------------------------------------------

function connectEvents() {
  player.addEventListener('state', showState);
  player.addEventListener('track', showSound);
  player.addEventListener('viewers', showViewers);
  player.addEventListener('layers', showQuality);
  ui.quality.addEventListener('change', chooseQuality);
  ui.tokenForm.addEventListener('submit', submitToken);
  ui.again.addEventListener('click', () => player.start());
  ui.unmute.addEventListener('click', () => setMuted(false));
  ui.mute.addEventListener('click', () => setMuted(!ui.mute.classList.contains('muted')));
  ui.volume.addEventListener('input', () => setVolume(Number(ui.volume.value)));
  ui.video.addEventListener('volumechange', showSound);
  ui.video.addEventListener('dblclick', toggleFullscreen);
  ui.fullscreen.addEventListener('click', toggleFullscreen);
  ui.statsButton.addEventListener('click', () => showStats(ui.stats.hidden));
  document.addEventListener('keydown', onKey);
  for (const name of ['pointermove', 'pointerdown', 'focusin']) {
    document.addEventListener(name, wakeControls);
  }
}

setTitle(id);
hideVolumeWhereFixed();
connectEvents();
showState();
fetchTitle();
setInterval(refreshStats, STATS_MS);
player.start();
