// SPDX-License-Identifier: MIT
//
// The dashboard behind the token: puts the parts together, and chooses by the
// address which of them is seen.
//
//   #/             the list        #/m/ID      one mountpoint
//   #/previews     the wall        #/server    the server

import { ApiClient } from './api-client.js';
import { ConfirmDialog } from './confirm-dialog.js';
import { LiveFeed } from './live-feed.js';
import { MountpointForm } from './mountpoint-form.js';
import { detailsHash, MountpointList } from './mountpoint-list.js';
import { MountpointPage } from './mountpoint-page.js';
import { MountpointStore } from './mountpoint-store.js';
import { setText } from './parts.js';
import { PreviewWall } from './preview-wall.js';
import { ServerCharts } from './server-charts.js';
import { ServerPage } from './server-page.js';
import { Thumbnails } from './thumbnails.js';
import { keepToken, readToken, watchKey } from './token.js';

const TOAST_MS = 4000;
const FEED_WORDS = {
  off: 'Off', connecting: 'Connecting', live: 'Connected', waiting: 'Reconnecting',
};

const element = (id) => document.getElementById(id);

export class Dashboard {
  #onRefused;
  #feed;
  #views;
  #view = null;
  #toastTimer = 0;
  #scrollOfList = 0;

  store;
  list;
  thumbnails;

  /** @param {() => void} onRefused the server does not want this token any more */
  constructor(token, onRefused) {
    const api = new ApiClient(token);
    this.#onRefused = onRefused;
    this.#feed = new LiveFeed(api);
    this.store = new MountpointStore(api);
    this.thumbnails = new Thumbnails(api);
    this.list = new MountpointList(this.store, this.thumbnails, {
      list: element('mountpoints'), summary: element('summary'), search: element('search'),
      state: element('filter'), empty: element('empty'),
    });
    this.#views = this.#makeViews(api);
    this.#charts = new ServerCharts(element('charts'));
    this.#connect();
  }

  #charts;

  #makeViews(api) {
    const form = new MountpointForm(api, element('form'));
    const tools = {
      form, confirm: new ConfirmDialog(element('confirm')),
      say: (error) => this.#say(error), tell: (text) => this.#tell(text),
      watchToken: (id) => readToken(watchKey(id)),
    };
    const page = new MountpointPage(api, this.store, this.thumbnails,
      element('view-mountpoint'), tools);
    this.#openForm = () => form.create((item, given) => {
      page.keepToken(item.id, given.publish_token);
      keepToken(watchKey(item.id), given.watch_token ?? '');
      this.store.put(item);
      location.hash = detailsHash(item.id);
      this.#tell(`${item.id} is made.`);
    });
    const server = new ServerPage(api, {
      root: element('view-server'), facts: element('server-facts'), warnings: element('warnings'),
      network: {
        root: element('network'), summary: element('network-summary'),
        list: element('network-list'), findings: element('network-findings'),
      },
    });
    return {
      list: { open: () => this.#openList(), close: () => this.#closeList() },
      mountpoint: page,
      previews: new PreviewWall(this.store, this.thumbnails, element('view-previews'),
        tools.watchToken),
      server,
    };
  }

  #openForm = () => {};

  /** Shows what there is. Throws an ApiError when the first list is refused. */
  async start() {
    await this.store.load();
    this.#feed.start();
    this.#views.server.refresh();
    this.route();
  }

  stop() {
    this.#feed.stop();
    this.store.stop();
    this.#view?.close();
    this.#view = null;
    this.thumbnails.stop();
    document.removeEventListener('keydown', this.#onKey);
    document.removeEventListener('visibilitychange', this.#onVisibility);
    element('create').removeEventListener('click', this.#onCreate);
    element('mountpoints').replaceChildren();
    setText(element('summary'), '');
    element('feed').hidden = true;
  }

  // --- what is seen -------------------------------------------------------------

  route() {
    const [, name, id] = /^#\/(\w*)\/?(.*)$/.exec(location.hash) ?? [];
    const view = { m: 'mountpoint', previews: 'previews', server: 'server' }[name] ?? 'list';
    this.#view?.close();
    this.#view = this.#views[view];
    this.#view.open(view === 'mountpoint' ? decodeId(id) : undefined);
    for (const link of document.querySelectorAll('#nav a')) {
      const isHere = link.dataset.view === view;
      link.toggleAttribute('aria-current', isHere);
      if (isHere) {
        link.setAttribute('aria-current', 'page');
      }
    }
  }

  #openList() {
    element('view-list').hidden = false;
    scrollTo(0, this.#scrollOfList);
  }

  #closeList() {
    this.#scrollOfList = scrollY;
    element('view-list').hidden = true;
  }

  // --- what comes ------------------------------------------------------------------

  #connect() {
    let wasAway = false;
    this.#feed.addEventListener('message', ({ detail: { event, data } }) => {
      this.store.apply(event, data);
      if (event === 'figures') {
        this.#charts.add(data, this.store.viewers);
      }
    });
    this.#feed.addEventListener('state', ({ detail: { state, error } }) => {
      this.#showFeed(state, error);
      if (state === 'waiting') {
        wasAway = true;
      } else if (state === 'live' && wasAway) {
        // What happened meanwhile nobody told.
        wasAway = false;
        this.store.load().catch(() => {});
        this.#views.server.refresh();
      }
    });
    this.#feed.addEventListener('refused', () => this.#onRefused());
    document.addEventListener('keydown', this.#onKey);
    document.addEventListener('visibilitychange', this.#onVisibility);
    element('create').addEventListener('click', this.#onCreate);
  }

  #showFeed(state, error) {
    const chip = element('feed');
    chip.hidden = false;
    chip.dataset.state = state;
    setText(chip, FEED_WORDS[state]);
    const notice = element('notice');
    notice.hidden = state !== 'waiting';
    setText(notice, state === 'waiting'
      ? `${error?.message ?? 'The connection to the server was lost.'} Trying again …` : '');
  }

  #onCreate = () => this.#openForm();

  /** Nobody looks: nothing is asked for. */
  #onVisibility = () => {
    if (document.hidden) {
      this.#feed.stop();
    } else {
      this.store.load().catch(() => {});
      this.#feed.start();
    }
  };

  #onKey = (event) => {
    const isTyping = event.target.closest?.('input, textarea, select, dialog');
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping) {
      return;
    }
    if (event.key === '/') {
      event.preventDefault();
      location.hash = '#/';
      element('view-list').hidden = false;
      element('search').focus();
    } else if (event.key === 'n') {
      event.preventDefault();
      this.#openForm();
    } else if (event.key === 'Escape' && this.#view === this.#views.mountpoint) {
      location.hash = '#/';
    }
  };

  // --- words at the edge -------------------------------------------------------------

  #say(error) {
    if (error.isRefusal) {
      this.#onRefused();
    } else {
      this.#tell(error.message, true);
    }
  }

  #tell(text, isBad = false) {
    const toast = element('toast');
    toast.classList.toggle('bad', isBad);
    toast.hidden = false;
    setText(toast, text);
    clearTimeout(this.#toastTimer);
    this.#toastTimer = setTimeout(() => {
      toast.hidden = true;
    }, isBad ? 3 * TOAST_MS : TOAST_MS);
  }
}

function decodeId(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
