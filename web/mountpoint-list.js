// SPDX-License-Identifier: MIT
//
// The list of mountpoints. Rows are made once and changed where they differ: of
// five hundred, those that the page does not show cost nothing (content-visibility
// in dashboard.css), and one that changes does not touch the others.

import { make, plural, setText } from './parts.js';
import { incoming, incomingLoss, streamLine, worstFinding } from './source-facts.js';
import { bitrate, share } from './units.js';

const STATES = ['live', 'starting', 'lost', 'idle', 'failed', 'disabled'];
const byId = new Intl.Collator('en', { numeric: true }).compare;

export const detailsHash = (id) => `#/m/${encodeURIComponent(id)}`;

function number(name) {
  const value = make('dd', '');
  const box = make('div', 'number');
  box.append(make('dt', '', name), value);
  return { box, value };
}

class Row {
  constructor(id) {
    this.root = make('li', 'card mountpoint');
    this.root.dataset.id = id;
    this.picture = make('img', '');
    this.picture.alt = '';
    this.picture.hidden = true;
    this.title = make('a', 'mountpoint-title');
    this.title.href = detailsHash(id);
    this.id = make('span', 'mountpoint-id', id);
    this.state = make('span', 'chip');
    this.finding = make('span', 'flag');
    this.kind = make('span', 'kind');
    this.stream = make('p', 'facts stream');
    this.reason = make('p', 'reason');
    this.viewers = number('Viewers');
    this.bitrate = number('Bit rate');
    this.loss = number('Loss');
    this.watch = make('a', 'plain watch-link', 'Watch');
    this.watch.href = `watch/${encodeURIComponent(id)}`;
    this.watch.target = '_blank';
    this.watch.rel = 'noopener';
    this.watch.setAttribute('aria-label', `Watch ${id} in a new tab`);
    const thumb = make('div', 'thumb');
    thumb.append(this.picture);
    const head = make('div', 'mountpoint-head');
    head.append(this.title, this.id, this.state, this.finding);
    const who = make('div', 'who');
    who.append(head, this.stream, this.reason);
    const numbers = make('dl', 'numbers');
    numbers.append(this.viewers.box, this.bitrate.box, this.loss.box);
    this.root.append(thumb, who, numbers, this.watch);
  }

  /** TRUE when something that is shown has changed. */
  fill(item) {
    setText(this.title, item.title || item.id);
    this.id.hidden = !item.title || item.title === item.id;
    setText(this.state, item.state ?? '');
    if (this.root.dataset.state !== item.state) {
      this.root.dataset.state = item.state ?? '';
    }
    const finding = worstFinding(item);
    setText(this.finding, finding?.text ?? '');
    this.finding.hidden = !finding;
    if (finding) {
      this.finding.dataset.severity = finding.severity;
    }
    setText(this.stream, [item.kind, streamLine(item)].filter(Boolean).join(' · '));
    setText(this.reason, item.reason ?? '');
    this.reason.hidden = !item.reason;
    const loss = incomingLoss(item);
    setText(this.viewers.value, String(item.viewers ?? 0));
    setText(this.bitrate.value, bitrate(incoming(item)));
    setText(this.loss.value, share(loss));
    this.loss.box.classList.toggle('bad', loss > 0.01);
  }
}

export class MountpointList {
  #store;
  #thumbnails;
  #ui;
  #rows = new Map();
  #order = []; // ids, as they are shown

  /** How often a row was filled: a test looks at it. */
  filled = 0;

  /** @param ui list, summary, search, state, empty: elements */
  constructor(store, thumbnails, ui) {
    this.#store = store;
    this.#thumbnails = thumbnails;
    this.#ui = ui;
    // Set, not added: the elements outlive the list.
    ui.search.oninput = () => this.#filter();
    ui.state.onchange = () => this.#filter();
    ui.list.onclick = (event) => this.#onClick(event);
    store.addEventListener('change', ({ detail }) => this.#update(detail.ids));
  }

  /** A click anywhere on a row opens it, unless text is being selected. */
  #onClick(event) {
    const row = event.target.closest('li.mountpoint');
    if (row && !event.target.closest('a, button') && getSelection().isCollapsed) {
      location.hash = detailsHash(row.dataset.id);
    }
  }

  #update(ids) {
    let moved = false;
    for (const id of ids) {
      const item = this.#store.get(id);
      const row = this.#rows.get(id);
      if (!item) {
        moved = this.#drop(id, row) || moved;
        continue;
      }
      if (!row) {
        this.#rows.set(id, new Row(id));
        moved = true;
      }
      this.#fill(id, item);
    }
    if (moved) {
      this.#arrange();
    }
    this.#filter();
  }

  #drop(id, row) {
    if (row) {
      this.#thumbnails.remove(row.picture);
      row.root.remove();
      this.#rows.delete(id);
    }
    return Boolean(row);
  }

  #fill(id, item) {
    const row = this.#rows.get(id);
    this.filled += 1;
    row.fill(item);
    if (!row.root.isConnected) {
      this.#thumbnails.add(row.picture, id);
    }
    this.#thumbnails.setLive(row.picture, item.state === 'live');
  }

  #arrange() {
    this.#order = [...this.#rows.keys()].sort(byId);
    this.#order.forEach((id, index) => {
      const { root } = this.#rows.get(id);
      if (this.#ui.list.children[index] !== root) {
        this.#ui.list.insertBefore(root, this.#ui.list.children[index] ?? null);
      }
    });
  }

  #filter() {
    const words = this.#ui.search.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const state = this.#ui.state.value;
    let shown = 0;
    const counts = Object.fromEntries(STATES.map((name) => [name, 0]));
    for (const [id, { root }] of this.#rows) {
      const item = this.#store.get(id);
      counts[item.state] = (counts[item.state] ?? 0) + 1;
      const text = `${id} ${item.title ?? ''} ${item.kind}`.toLowerCase();
      const hidden = (state !== '' && item.state !== state)
        || words.some((word) => !text.includes(word));
      if (root.hidden !== hidden) {
        root.hidden = hidden;
      }
      shown += hidden ? 0 : 1;
    }
    this.#showCounts(counts, shown);
  }

  #showCounts(counts, shown) {
    const total = this.#rows.size;
    for (const option of this.#ui.state.options) {
      const count = option.value === '' ? total : counts[option.value];
      setText(option, `${option.dataset.name} (${count})`);
    }
    setText(this.#ui.summary, `${plural(total, 'mountpoint')} · `
      + `${counts.live} live · ${plural(this.#store.viewers, 'viewer')}`);
    const { empty } = this.#ui;
    empty.hidden = shown > 0 || !this.#store.isLoaded;
    setText(empty, total === 0
      ? 'There is no mountpoint yet. Make one with “New mountpoint”: it shows the line that pushes to it.'
      : 'No mountpoint is like that.');
  }
}
