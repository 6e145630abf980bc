// SPDX-License-Identifier: MIT
//
// Keeps one event stream open for as long as the page is looked at, and says
// whether there is one:
//
//   off -> connecting -> live -> waiting -> connecting ...      any -> off (stop)
//
// Events: `state` { state, error }, `message` { event, data }, `refused`.

const FIGURES_MS = 2000;
const SILENCE_MS = 25000; // the server says something every 2 s, at least every 10
const RETRY_MIN_MS = 1000;
const RETRY_MAX_MS = 10000;

export class LiveFeed extends EventTarget {
  #api;
  #abort = null;
  #timer = 0;
  #silence = 0;
  #retries = 0;
  #state = 'off';

  constructor(api) {
    super();
    this.#api = api;
  }

  get state() { return this.#state; }

  start() {
    if (this.#state === 'off') {
      this.#retries = 0;
      this.#connect();
    }
  }

  stop() {
    clearTimeout(this.#timer);
    this.#end();
    this.#setState('off');
  }

  #end() {
    clearTimeout(this.#silence);
    this.#abort?.abort();
    this.#abort = null;
  }

  async #connect() {
    const abort = new AbortController();
    this.#abort = abort;
    this.#setState('connecting');
    let failure = null;
    try {
      this.#watchSilence(abort);
      for await (const { event, data } of this.#api.events(FIGURES_MS, abort.signal)) {
        if (this.#abort !== abort) {
          return;
        }
        this.#watchSilence(abort);
        this.#retries = 0;
        this.#setState('live');
        this.#say('message', { event, data: JSON.parse(data) });
      }
    } catch (error) {
      failure = error;
    }
    if (this.#abort === abort) {
      this.#end();
      this.#retry(failure);
    }
  }

  #retry(failure) {
    if (failure?.isRefusal) {
      this.#setState('off');
      this.#say('refused', { error: failure });
      return;
    }
    this.#setState('waiting', failure);
    const ceiling = Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** this.#retries);
    this.#retries += 1;
    const wait = Math.max(ceiling * (0.5 + Math.random() / 2),
      (failure?.retryAfterS ?? 0) * 1000);
    this.#timer = setTimeout(() => this.#connect(), wait);
  }

  /** A connection that is dead without saying so, behind a proxy or a sleep. */
  #watchSilence(abort) {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => {
      if (this.#abort === abort) {
        this.#end();
        this.#retry(null);
      }
    }, SILENCE_MS);
  }

  #setState(state, error = null) {
    if (state !== this.#state || error) {
      this.#state = state;
      this.#say('state', { state, error });
    }
  }

  #say(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
