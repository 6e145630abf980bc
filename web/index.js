// SPDX-License-Identifier: MIT
//
// The front page: every mountpoint with its state, its viewers, a link to watch
// it and, where something can be pushed to it, the command that does.

import { showNetwork } from './network.js';
import { fillFindings, make, plural, setText } from './parts.js';
import { ADMIN_KEY, keepToken, takeToken } from './token.js';
import { readEvents } from './whep-player.js';

const POLL_MS = 3000;
const POLL_BESIDE_EVENTS_MS = 15000;
const SETTLE_MS = 100;
const LIMIT = 200;

const element = (id) => document.getElementById(id);
const ui = {
  summary: element('summary'),
  forget: element('forget'),
  tokenForm: element('token-form'),
  tokenError: element('token-error'),
  token: element('token'),
  notice: element('notice'),
  list: element('mountpoints'),
  network: {
    root: element('network'),
    summary: element('network-summary'),
    list: element('network-list'),
    findings: element('network-findings'),
  },
};

let token = takeToken(ADMIN_KEY);
let timer = 0;
let refreshing = false;
let listener = null; // AbortController of what listens to events
let isListening = false;
let settleTimer = 0;
const cards = new Map();

// --- fetching ----------------------------------------------------------------

async function refresh() {
  clearTimeout(timer);
  if (!token) {
    askToken('');
    return;
  }
  if (refreshing) {
    return;
  }
  refreshing = true;
  const used = token;
  const [answer, server] = await Promise.all([fetchList(used), fetchServer(used)]);
  refreshing = false;
  if (used === token) {
    show(answer);
    if (answer.items && server?.network) {
      showNetwork(ui.network, server);
    }
  }
  if (token && !document.hidden) {
    timer = setTimeout(refresh, isListening ? POLL_BESIDE_EVENTS_MS : POLL_MS);
  }
}

/** What changes is looked at at once; where no events come, by polling alone. */
async function listen() {
  const abort = new AbortController();
  listener?.abort();
  listener = abort;
  try {
    const response = await fetch('api/v1/events', {
      headers: { Authorization: `Bearer ${token}` },
      cache: 'no-store', signal: abort.signal,
    });
    isListening = response.ok;
    for await (const _ of response.ok ? readEvents(response) : []) {
      clearTimeout(settleTimer);
      settleTimer = setTimeout(refresh, SETTLE_MS);
    }
  } catch {
    // Aborted, or the server has gone: polling says so.
  }
  if (listener === abort) {
    isListening = false;
    listener = null;
    clearTimeout(timer);
    timer = setTimeout(refresh, POLL_MS);
  }
}

function ensureListening() {
  if (token && !document.hidden && !listener) {
    listen();
  }
}

function stopListening() {
  listener?.abort();
  listener = null;
  isListening = false;
}

/** The list, or what went wrong: { items, total } or { status, reason }. */
async function fetchList(bearer) {
  try {
    const response = await fetch(`api/v1/mountpoints?offset=0&limit=${LIMIT}`, {
      headers: { Authorization: `Bearer ${bearer}` },
      cache: 'no-store',
      signal: AbortSignal.timeout(10000),
    });
    const body = await response.json().catch(() => null);
    if (response.ok && Array.isArray(body?.items)) {
      return body;
    }
    return { status: response.status, reason: body?.detail ?? body?.title };
  } catch {
    return { status: 0 };
  }
}

/** What there is to say about the server, or null: the list is what counts. */
async function fetchServer(bearer) {
  try {
    const response = await fetch('api/v1/server', {
      headers: { Authorization: `Bearer ${bearer}` },
      cache: 'no-store',
      signal: AbortSignal.timeout(10000),
    });
    return response.ok ? await response.json() : null;
  } catch {
    return null;
  }
}

function show(answer) {
  if (answer.items) {
    ui.tokenForm.hidden = true;
    ui.forget.hidden = false;
    showNotice('');
    showList(answer);
    ensureListening();
  } else if (answer.status === 401 || answer.status === 403) {
    forget();
    askToken('This token is wrong.');
  } else if (answer.status === 0) {
    showNotice('The server cannot be reached. Trying again …');
  } else {
    showNotice(answer.reason ?? `The server answered ${answer.status}.`);
  }
}

function showNotice(text) {
  ui.notice.textContent = text;
  ui.notice.hidden = text === '';
}

// --- the token ---------------------------------------------------------------

function askToken(error) {
  ui.tokenForm.hidden = false;
  ui.tokenError.textContent = error;
  ui.tokenError.hidden = error === '';
  ui.token.focus();
}

function submitToken(event) {
  event.preventDefault();
  token = ui.token.value.trim();
  ui.token.value = '';
  keepToken(ADMIN_KEY, token);
  refresh();
}

function forget() {
  token = '';
  stopListening();
  keepToken(ADMIN_KEY, '');
  cards.clear();
  ui.list.replaceChildren();
  ui.network.root.hidden = true;
  ui.summary.textContent = '';
  ui.forget.hidden = true;
}

// --- the list ----------------------------------------------------------------

function showList({ items, total }) {
  const viewers = items.reduce((sum, item) => sum + (item.viewers ?? 0), 0);
  const more = total > items.length ? `, the first ${items.length} shown` : '';
  setText(ui.summary,
    `${plural(total ?? items.length, 'mountpoint')}${more} · ${plural(viewers, 'viewer')}`);
  const ids = new Set(items.map((item) => item.id));
  for (const [id, card] of cards) {
    if (!ids.has(id)) {
      card.root.remove();
      cards.delete(id);
    }
  }
  items.forEach((item, index) => {
    const card = cards.get(item.id) ?? makeCard(item);
    fillCard(card, item);
    if (ui.list.children[index] !== card.root) {
      ui.list.insertBefore(card.root, ui.list.children[index] ?? null);
    }
  });
  if (items.length === 0) {
    showNotice('There is no mountpoint yet. Create one with the API or in the configuration file.');
  }
}

function makeCard({ id }) {
  const card = {
    root: make('li', 'card mountpoint'),
    title: make('a', 'mountpoint-title'),
    id: make('span', 'mountpoint-id', id),
    state: make('span', 'chip'),
    facts: make('p', 'facts'),
    stream: make('p', 'facts stream'),
    findings: make('ul', 'findings'),
    reason: make('p', 'reason'),
    publish: make('a', 'publish-link', 'Publish from this browser'),
    push: make('div', 'push'),
    command: make('code', ''),
    copy: make('button', 'plain', 'Copy'),
  };
  card.title.href = `watch/${encodeURIComponent(id)}`;
  card.copy.type = 'button';
  card.copy.setAttribute('aria-label', `Copy the command that pushes to ${id}`);
  card.copy.addEventListener('click', () => copyCommand(card));
  const head = make('div', 'mountpoint-head');
  head.append(card.title, card.id, card.state);
  card.push.append(card.command, card.copy);
  card.publish.href = `publish/${encodeURIComponent(id)}`;
  card.root.append(head, card.facts, card.stream, card.reason, card.findings,
    card.publish, card.push);
  cards.set(id, card);
  return card;
}

function fillCard(card, item) {
  setText(card.title, item.title || item.id);
  card.id.hidden = !item.title || item.title === item.id;
  setText(card.state, item.state ?? '');
  card.root.dataset.state = item.state ?? '';
  const codecs = (item.tracks ?? []).map((track) => track.codec).filter(Boolean);
  setText(card.facts, [plural(item.viewers ?? 0, 'viewer'), item.kind,
    codecs.join(' + ')].filter(Boolean).join(' · '));
  setText(card.stream, describeStreams(item.tracks ?? []));
  card.stream.hidden = card.stream.textContent === '';
  fillFindings(card, item.state === 'live' ? item.diagnosis ?? [] : []);
  setText(card.reason, item.reason ?? '');
  card.reason.hidden = !item.reason;
  card.publish.hidden = !item.publish_url;
  setText(card.command, item.push ?? '');
  card.push.hidden = !item.push;
}

/** "1280×720 · 30 fps · 2.0 Mbit/s · High 3.1 · key frame every 2.0 s" */
function describeStreams(tracks) {
  const video = tracks.find(({ media }) => media === 'video')?.stream;
  const bits = tracks.reduce((sum, { stream }) => sum + (stream?.bitrate_bps ?? 0), 0);
  return [
    video?.width && `${video.width}×${video.height}`,
    video?.frame_rate && `${Number(video.frame_rate.toFixed(1))} fps`,
    bits > 0 && (bits < 1e6 ? `${Math.round(bits / 1e3)} kbit/s`
      : `${(bits / 1e6).toFixed(1)} Mbit/s`),
    video?.profile && video.level && `${video.profile} ${video.level}`,
    video?.key_frame_interval_ms
      && `key frame every ${(video.key_frame_interval_ms / 1000).toFixed(1)} s`,
  ].filter(Boolean).join(' · ');
}

async function copyCommand({ command, copy }) {
  try {
    await navigator.clipboard.writeText(command.textContent);
    setText(copy, 'Copied');
  } catch {
    // No clipboard on plain http: select it, so that one key press copies.
    getSelection().selectAllChildren(command);
    setText(copy, 'Selected');
  }
  setTimeout(() => setText(copy, 'Copy'), 1500);
}

ui.tokenForm.addEventListener('submit', submitToken);
ui.forget.addEventListener('click', () => {
  forget();
  askToken('');
});
document.addEventListener('visibilitychange', () => {
  if (document.hidden) {
    clearTimeout(timer);
    stopListening();
  } else {
    refresh();
  }
});
addEventListener('hashchange', () => {
  token = takeToken(ADMIN_KEY);
  stopListening();
  refresh();
});
refresh();
