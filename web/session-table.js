// SPDX-License-Identifier: MIT
//
// Who watches one mountpoint, asked for while it is looked at. Rows are kept and
// changed where they differ, so that a button under a finger stays there.

import { make, plural, setText } from './parts.js';
import { bitrate, duration, milliseconds, NONE, share } from './units.js';

const EVERY_MS = 3000;
const LIMIT = 100;

/** "Chrome 140 · Linux" out of what browsers have to say; else what it says. */
export function clientName(userAgent) {
  if (!userAgent) {
    return NONE;
  }
  const browser = /(Edg|OPR|Firefox|Chrome|Version)\/(\d+)/.exec(
    userAgent.replace(/Chrome\/\S+ (.*(Edg|OPR)\/)/, '$1'));
  const system = /(Windows|Android|iPhone|iPad|Mac OS X|CrOS|Linux)/.exec(userAgent)?.[1];
  if (!userAgent.startsWith('Mozilla/') || !browser) {
    return userAgent;
  }
  const name = { Edg: 'Edge', OPR: 'Opera', Version: 'Safari' }[browser[1]] ?? browser[1];
  return [`${name} ${browser[2]}`, system?.replace('Mac OS X', 'macOS')].filter(Boolean).join(' · ');
}

const COLUMNS = [
  ['Address', ({ address, media_address: media }) => media ?? address ?? NONE],
  ['Client', ({ user_agent: userAgent }) => clientName(userAgent)],
  ['Codec', (session, item) => (item.tracks ?? [])
    .filter(({ media }) => session.tracks.includes(media))
    .map(({ codec, conversion }) => conversion?.to ?? codec).join(' + ') || NONE],
  ['Layer', ({ layer, layer_choice: choice }) => layer
    ? `${layer}${choice === 'auto' ? ' (auto)' : ''}` : NONE],
  ['Bit rate', ({ bitrate_bps: bps }) => bitrate(bps)],
  ['RTT', ({ rtt_ms: ms }) => milliseconds(ms)],
  ['Loss', ({ loss }) => share(loss)],
  ['Watched', ({ since, state }) => state === 'playing'
    ? duration(Date.now() - Date.parse(since)) : state],
];

export class SessionTable {
  #api;
  #id = null;
  #item = () => ({});
  #timer = 0;
  #rows = new Map();
  #count = make('span', 'count', '');
  #body = make('tbody', '');
  #empty = make('p', 'help', '');
  #table = make('table', 'sessions');
  #onError;

  constructor(api, onError) {
    this.#api = api;
    this.#onError = onError;
    this.root = make('section', 'card section');
    const title = make('h3', '', 'Viewers ');
    title.append(this.#count);
    const head = make('tr', '');
    head.append(...COLUMNS.map(([name]) => {
      const cell = make('th', '', name);
      cell.scope = 'col';
      return cell;
    }), make('td', ''));
    const top = make('thead', '');
    top.append(head);
    this.#table.append(top, this.#body);
    this.root.append(title, this.#empty, this.#table);
  }

  /** @param {() => object} item what the mountpoint is now */
  start(id, item) {
    this.#id = id;
    this.#item = item;
    this.refresh();
  }

  stop() {
    clearTimeout(this.#timer);
    this.#id = null;
  }

  async refresh() {
    const id = this.#id;
    clearTimeout(this.#timer);
    if (id !== null && !document.hidden) {
      await this.#api.sessions(id, LIMIT).then((answer) => {
        if (this.#id === id) {
          this.#show(answer);
        }
      }, () => {}); // the page says by itself when the server is gone
    }
    if (this.#id === id) {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.refresh(), EVERY_MS);
    }
  }

  #show({ items, total }) {
    const present = items.filter(({ state }) => state !== 'closing' && state !== 'closed');
    const ids = new Set(present.map(({ id }) => id));
    for (const [id, row] of this.#rows) {
      if (!ids.has(id)) {
        row.remove();
        this.#rows.delete(id);
      }
    }
    present.forEach((session) => this.#fill(session));
    setText(this.#count, present.length > 0 ? String(present.length) : '');
    this.#table.hidden = present.length === 0;
    setText(this.#empty, present.length === 0 ? 'Nobody watches now.'
      : total > items.length ? `The first ${items.length} of ${plural(total, 'session')}.` : '');
    this.#empty.hidden = this.#empty.textContent === '';
  }

  #fill(session) {
    const row = this.#rows.get(session.id) ?? this.#makeRow(session);
    COLUMNS.forEach(([, read], index) => setText(row.cells[index], read(session, this.#item())));
    row.cells[1].title = session.user_agent ?? '';
  }

  #makeRow({ id, address }) {
    const row = make('tr', '');
    row.dataset.id = id;
    row.append(...COLUMNS.map(([name]) => {
      const cell = make('td', '');
      cell.dataset.label = name;
      return cell;
    }));
    const end = make('button', 'plain small', 'Disconnect');
    end.type = 'button';
    end.setAttribute('aria-label', `Disconnect the viewer at ${address ?? 'an unknown address'}`);
    end.addEventListener('click', async () => {
      end.disabled = true;
      await this.#api.endSession(id).catch((error) => {
        end.disabled = false;
        if (error.status !== 404) {
          this.#onError(error);
        }
      });
      this.refresh();
    });
    const last = make('td', 'row-action');
    last.append(end);
    row.append(last);
    this.#rows.set(id, row);
    this.#body.append(row);
    return row;
  }
}
