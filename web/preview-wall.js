// SPDX-License-Identifier: MIT
//
// Every live mountpoint at once, muted: those that are seen play, as many as a
// browser decodes without trouble, the others show their last picture. A preview is
// a viewer, and counts as one.

import { detailsHash } from './mountpoint-list.js';
import { make, plural, setText } from './parts.js';
import { WhepPlayer } from './whep-player.js';

const MAX_PLAYING = 9;

export class PreviewWall {
  #store;
  #thumbnails;
  #root;
  #watchToken;
  #tiles = new Map();
  #observer = null;
  #note = make('p', 'facts', '');
  #grid = make('ul', 'wall');
  #isOpen = false;

  constructor(store, thumbnails, root, watchToken) {
    this.#store = store;
    this.#thumbnails = thumbnails;
    this.#root = root;
    this.#watchToken = watchToken;
    const title = make('h2', 'page-title', 'Previews');
    title.tabIndex = -1;
    root.replaceChildren(title, this.#note, this.#grid);
    store.addEventListener('change', () => {
      if (this.#isOpen) {
        this.#update();
      }
    });
  }

  open() {
    this.#isOpen = true;
    this.#root.hidden = false;
    this.#observer = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) {
        const tile = this.#tiles.get(target.dataset.id);
        if (tile) {
          tile.isSeen = isIntersecting;
        }
      }
      this.#share();
    });
    this.#update();
    this.#root.querySelector('h2').focus({ preventScroll: true });
  }

  close() {
    this.#isOpen = false;
    this.#root.hidden = true;
    this.#observer?.disconnect();
    [...this.#tiles.keys()].forEach((id) => this.#drop(id));
  }

  #update() {
    const live = [...this.#store.values()].filter(({ state }) => state === 'live');
    const ids = new Set(live.map(({ id }) => id));
    [...this.#tiles.keys()].filter((id) => !ids.has(id)).forEach((id) => this.#drop(id));
    for (const item of live) {
      const tile = this.#tiles.get(item.id) ?? this.#make(item);
      setText(tile.title, item.title || item.id);
      setText(tile.facts, plural(item.viewers ?? 0, 'viewer'));
    }
    setText(this.#note, live.length === 0 ? 'No mountpoint is live now.'
      : `${plural(live.length, 'live mountpoint')}, without sound; at most ${MAX_PLAYING} play at a time.`);
  }

  #make(item) {
    const tile = {
      id: item.id, isSeen: false, player: null,
      root: make('li', 'tile'), picture: make('img', ''), video: make('video', ''),
      title: make('a', 'tile-title', ''), facts: make('span', 'tile-facts', ''),
      words: make('p', 'tile-words', ''),
    };
    tile.root.dataset.id = item.id;
    tile.picture.alt = '';
    tile.picture.hidden = true;
    tile.title.href = detailsHash(item.id);
    Object.assign(tile.video, { muted: true, autoplay: true, playsInline: true, hidden: true });
    tile.video.setAttribute('aria-hidden', 'true');
    const thumb = make('div', 'thumb');
    const line = make('div', 'tile-line');
    line.append(tile.title, tile.facts);
    thumb.append(tile.picture, tile.video, tile.words);
    tile.root.append(thumb, line);
    this.#tiles.set(item.id, tile);
    this.#grid.append(tile.root);
    this.#thumbnails.add(tile.picture, item.id);
    this.#thumbnails.setLive(tile.picture, true);
    this.#observer.observe(tile.root);
    return tile;
  }

  #drop(id) {
    const tile = this.#tiles.get(id);
    this.#observer?.unobserve(tile.root);
    this.#stop(tile);
    this.#thumbnails.remove(tile.picture);
    tile.root.remove();
    this.#tiles.delete(id);
  }

  /** The places go to the first that are seen. */
  #share() {
    const tiles = [...this.#tiles.values()];
    const chosen = new Set(tiles.filter(({ isSeen }) => isSeen).slice(0, MAX_PLAYING));
    tiles.filter((tile) => !chosen.has(tile)).forEach((tile) => this.#stop(tile));
    chosen.forEach((tile) => this.#start(tile));
  }

  #start(tile) {
    if (tile.player) {
      return;
    }
    tile.player = new WhepPlayer(tile.video, {
      url: new URL(`whep/${encodeURIComponent(tile.id)}`, document.baseURI).href,
      token: this.#watchToken(tile.id), audio: false, events: false, poster: false,
      onstate: (state, reason) => {
        const isTokenWanted = state === 'failed' && tile.player?.error?.status === 401;
        tile.video.hidden = state !== 'playing';
        setText(tile.words, state === 'playing' ? ''
          : isTokenWanted ? 'Needs its watch token' : reason);
      },
    });
    tile.player.start();
  }

  #stop(tile) {
    tile.player?.dispose();
    tile.player = null;
    tile.video.hidden = true;
    setText(tile.words, '');
  }
}
