// SPDX-License-Identifier: MIT
//
// One mountpoint: what it plays, what can be done about it, how something is
// pushed to it, how it is embedded, who watches.

import { copyLine } from './copy-line.js';
import { fillFindings, make, plural, setText } from './parts.js';
import { embedLine, pushLines } from './push-lines.js';
import { SessionTable } from './session-table.js';
import { sourceFacts } from './source-facts.js';
import { makeTabs } from './tabs.js';
import { duration } from './units.js';
import { WhepPlayer } from './whep-player.js';

const TICK_MS = 1000;
const ORIGINS = { config: 'made by the configuration file', demo: 'made by --demo' };

function button(text, className = 'plain') {
  const node = make('button', className, text);
  node.type = 'button';
  return node;
}

function section(title) {
  const root = make('section', 'card section');
  root.append(make('h3', '', title));
  return root;
}

/** A part of push-lines.js as elements. */
function partNode(part, what) {
  if (part.code) {
    return copyLine(part.code, what);
  }
  if (part.rows) {
    const list = make('dl', 'settings');
    part.rows.forEach(([name, value]) => list.append(make('dt', '', name), make('dd', '', value)));
    return list;
  }
  if (part.link) {
    const link = make('a', 'primary link-button', part.name);
    Object.assign(link, { href: part.link, target: '_blank', rel: 'noopener' });
    return link;
  }
  return make('p', 'help', part.text);
}

export class MountpointPage {
  #api;
  #store;
  #thumbnails;
  #tools; // form, confirm, say
  #root;
  #ui = null;
  #id = null;
  #tokens = new Map(); // id -> publish token that was given on this page
  #player = null;
  #sessions = null;
  #timer = 0;

  constructor(api, store, thumbnails, root, tools) {
    this.#api = api;
    this.#store = store;
    this.#thumbnails = thumbnails;
    this.#root = root;
    this.#tools = tools;
    store.addEventListener('change', ({ detail }) => {
      if (this.#id !== null && (detail.ids.has(this.#id) || !this.#ui)) {
        this.#fill();
      }
    });
  }

  get id() { return this.#id; }

  /** Shown until the server shows it no more. */
  keepToken(id, token) {
    if (token && token !== '***') {
      this.#tokens.set(id, token);
    }
  }

  open(id) {
    this.close();
    this.#id = id;
    this.#root.hidden = false;
    this.#fill();
    this.#api.mountpoint(id).then((item) => this.#store.put(item), () => {});
  }

  close() {
    this.#player?.dispose();
    this.#player = null;
    this.#sessions?.stop();
    clearInterval(this.#timer);
    if (this.#ui) {
      this.#thumbnails.remove(this.#ui.picture);
    }
    this.#ui = null;
    this.#id = null;
    delete this.#root.dataset.gone;
    this.#root.replaceChildren();
    this.#root.hidden = true;
  }

  // --- building ------------------------------------------------------------------

  #build(item) {
    const ui = {
      title: make('h2', 'page-title', ''),
      state: make('span', 'chip'),
      subtitle: make('p', 'facts', ''),
      reason: make('p', 'notice reason', ''),
      picture: make('img', ''),
      video: make('video', ''),
      play: button('Play here', 'primary play'),
      facts: make('dl', 'facts-list', ''),
      nothing: make('p', 'help', 'Nothing comes from it now.'),
      findings: make('ul', 'findings'),
      sources: make('ol', 'sources'),
      push: section('Push to it'),
      tabs: make('div', ''),
      actions: make('div', 'page-actions'),
    };
    this.#ui = ui;
    ui.title.tabIndex = -1;
    const back = make('a', 'back', '← All mountpoints');
    back.href = '#/';
    const head = make('div', 'page-head');
    const names = make('div', 'page-names');
    const line = make('div', 'mountpoint-head');
    line.append(ui.title, ui.state);
    names.append(line, ui.subtitle);
    this.#buildActions(item);
    head.append(names, ui.actions);
    this.#sessions = new SessionTable(this.#api, this.#tools.say);
    this.#sessions.start(item.id, () => this.#store.get(item.id) ?? item);
    const about = section('Source');
    about.append(ui.findings, ui.facts, ui.nothing, ui.sources);
    const top = make('div', 'page-top');
    top.append(this.#buildStage(item), about);
    ui.push.append(ui.tabs);
    this.#root.replaceChildren(back, head, ui.reason, top, ui.push, this.#sessions.root,
      this.#buildEmbed(item));
    this.#timer = setInterval(() => this.#showSince(), TICK_MS);
    ui.title.focus({ preventScroll: true });
    scrollTo(0, 0);
  }

  #buildStage(item) {
    const { picture, video, play } = this.#ui;
    const stage = make('div', 'thumb large');
    this.#ui.stage = stage;
    picture.alt = '';
    picture.hidden = true;
    Object.assign(video, { muted: true, autoplay: true, playsInline: true, hidden: true });
    video.setAttribute('aria-label', `Preview of ${item.title || item.id}, without sound`);
    play.addEventListener('click', () => this.#togglePlay(item));
    stage.append(picture, video, play);
    this.#thumbnails.add(picture, item.id, 'large');
    return stage;
  }

  /** Only when it is asked for: a preview is a viewer, and counts as one. */
  #togglePlay(item) {
    const { video, play } = this.#ui;
    if (this.#player) {
      this.#player.dispose();
      this.#player = null;
    } else {
      this.#player = new WhepPlayer(video, {
        url: new URL(`whep/${encodeURIComponent(item.id)}`, document.baseURI).href,
        token: this.#tools.watchToken(item.id), audio: false, events: false,
        poster: false,
        onstate: (state, reason) => setText(play,
          state === 'playing' ? 'Stop' : `Stop · ${reason}`),
      });
      this.#player.start();
    }
    video.hidden = !this.#player;
    setText(play, this.#player ? 'Stop' : 'Play here');
  }

  #buildActions(item) {
    const { actions } = this.#ui;
    const watch = make('a', 'plain link-button', 'Watch');
    Object.assign(watch, {
      href: `watch/${encodeURIComponent(item.id)}`, target: '_blank', rel: 'noopener',
    });
    const act = {
      edit: button('Edit'), toggle: button('Disable'), kick: button('Kick viewers'),
      destroy: button('Destroy', 'plain danger'),
    };
    this.#ui.act = act;
    act.edit.addEventListener('click', () => this.#edit());
    act.toggle.addEventListener('click', () => this.#toggle());
    act.kick.addEventListener('click', () => this.#kick());
    act.destroy.addEventListener('click', () => this.#destroy());
    actions.append(watch, act.edit, act.toggle, act.kick, act.destroy);
  }

  #buildEmbed(item) {
    const root = section('Watch and embed');
    root.append(make('p', 'help', 'For people:'), copyLine(item.watch_url, 'the address to watch'),
      make('p', 'help', 'In a page of your own:'), copyLine(embedLine(item), 'the iframe'),
      make('p', 'help', 'For WHEP players:'), copyLine(item.whep_url, 'the WHEP endpoint'));
    return root;
  }

  // --- showing ---------------------------------------------------------------------

  #fill() {
    const item = this.#store.get(this.#id);
    if (!item) {
      this.#showGone();
      return;
    }
    if (!this.#ui) {
      delete this.#root.dataset.gone;
      this.#build(item);
    }
    const ui = this.#ui;
    setText(ui.title, item.title || item.id);
    setText(ui.state, item.state);
    this.#root.dataset.state = item.state;
    this.#showSince();
    setText(ui.reason, item.reason ?? '');
    ui.reason.hidden = !item.reason;
    this.#thumbnails.setLive(ui.picture, item.state === 'live');
    ui.stage.hidden = item.state !== 'live' && !this.#player;
    this.#fillFacts(item);
    fillFindings(ui, item.state === 'live' ? item.diagnosis ?? [] : []);
    this.#fillSources(item);
    this.#fillPush(item);
    this.#fillActions(item);
  }

  #showGone() {
    const id = this.#id;
    // It may be in the list that is on its way.
    if (!this.#store.isLoaded || this.#root.dataset.gone === id) {
      return;
    }
    this.close();
    this.#id = id;
    this.#root.dataset.gone = id;
    this.#root.hidden = false;
    const back = make('a', 'back', '← All mountpoints');
    back.href = '#/';
    this.#root.replaceChildren(back, make('p', 'notice', `There is no mountpoint ${id}.`));
  }

  #showSince() {
    const item = this.#store.get(this.#id);
    if (item && this.#ui) {
      setText(this.#ui.subtitle, [item.title ? item.id : '', item.kind,
        plural(item.viewers ?? 0, 'viewer'),
        `${item.state} for ${duration(Date.now() - Date.parse(item.since))}`,
        ORIGINS[item.origin]].filter(Boolean).join(' · '));
    }
  }

  #fillFacts(item) {
    const rows = sourceFacts(item);
    this.#ui.nothing.hidden = rows.length > 0;
    const shape = rows.map(([name]) => name).join();
    const { facts } = this.#ui;
    if (facts.dataset.shape !== shape) {
      facts.dataset.shape = shape;
      facts.replaceChildren(...rows.flatMap(([name]) => [make('dt', '', name), make('dd', '', '')]));
    }
    rows.forEach(([, value], index) => setText(facts.children[2 * index + 1], value));
  }

  /** Of kind=failover: which one plays, and a button for each. */
  #fillSources(item) {
    const { sources } = this.#ui;
    const list = item.sources ?? [];
    const key = JSON.stringify([list, item.chosen]);
    sources.hidden = list.length === 0;
    if (sources.dataset.key === key) {
      return;
    }
    sources.dataset.key = key;
    sources.replaceChildren(...list.map((source, index) => {
      const line = make('li', source.playing ? 'playing' : '');
      const name = source.mountpoint ?? source.url ?? source.kind;
      line.append(make('code', '', name), ` ${source.playing ? 'plays' : source.state}`);
      const chosen = item.chosen === index + 1;
      const take = button(chosen ? 'By order again' : 'Switch to it', 'plain small');
      take.setAttribute('aria-label', chosen ? 'Choose by the order of the sources again'
        : `Switch to source ${index + 1}, ${name}`);
      take.addEventListener('click', () => this.#do(() =>
        this.#api.switchTo(item.id, chosen ? null : index + 1)));
      line.append(take);
      return line;
    }));
  }

  #fillPush(item) {
    const tools = pushLines(item, this.#tokens.get(item.id));
    const key = JSON.stringify(tools);
    const { push, tabs } = this.#ui;
    push.hidden = tools.length === 0;
    if (push.dataset.key !== key) {
      push.dataset.key = key;
      tabs.replaceChildren(tools.length === 0 ? '' : makeTabs('How to push',
        tools.map(({ tool, parts }) => ({
          name: tool, content: parts.map((part) => partNode(part, `the line for ${tool}`)),
        }))));
    }
  }

  #fillActions(item) {
    const { edit, toggle, kick, destroy } = this.#ui.act;
    const isConfigured = item.origin === 'config';
    setText(toggle, item.state === 'disabled' ? 'Enable' : 'Disable');
    kick.disabled = !item.viewers;
    edit.hidden = isConfigured;
    destroy.hidden = isConfigured;
  }

  // --- doing -----------------------------------------------------------------------

  async #do(action) {
    try {
      const item = await action();
      if (item) {
        this.#store.put(item);
      }
      this.#sessions?.refresh();
    } catch (error) {
      this.#tools.say(error);
    }
  }

  #edit() {
    this.#tools.form.edit(this.#store.get(this.#id), (item, given) => {
      this.keepToken(item.id, given.publish_token);
      this.#store.put(item);
      this.#tools.tell(`${item.id} is changed.`);
    });
  }

  async #toggle() {
    const { id, state, viewers } = this.#store.get(this.#id);
    const verb = state === 'disabled' ? 'enable' : 'disable';
    const isSure = verb === 'enable' || !viewers || await this.#tools.confirm.ask({
      title: `Disable ${id}?`, verb: 'Disable',
      text: `${plural(viewers, 'viewer')} will be disconnected. It can be enabled again.`,
    });
    if (isSure) {
      await this.#do(() => this.#api.act(id, verb));
    }
  }

  async #kick() {
    const { id, viewers } = this.#store.get(this.#id);
    const isSure = await this.#tools.confirm.ask({
      title: `Disconnect ${plural(viewers, 'viewer')} of ${id}?`, verb: 'Kick viewers',
      text: 'They may come back at once, unless a watch token keeps them out.',
    });
    if (isSure) {
      await this.#do(() => this.#api.act(id, 'kick'));
    }
  }

  async #destroy() {
    const { id, viewers } = this.#store.get(this.#id);
    const isSure = await this.#tools.confirm.ask({
      title: `Destroy ${id}?`, verb: 'Destroy',
      text: `It is gone for good${viewers ? `, and ${plural(viewers, 'viewer')} with it` : ''}.`,
    });
    if (isSure) {
      await this.#do(async () => {
        await this.#api.destroy(id);
        this.#tokens.delete(id);
        location.hash = '#/';
        this.#tools.tell(`${id} is destroyed.`);
      });
    }
  }
}
