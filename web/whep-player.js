// SPDX-License-Identifier: MIT
//
// WhepPlayer: a small complete WHEP client (draft-ietf-wish-whep-04).
//
// One player shows one stream. It owns at most one WHEP session at a time and
// keeps trying for as long as trying can help: a source that is not live yet, a
// server that restarts and a network that goes away are waited for; a refusal
// (no token, no codec in common) ends in `failed` with the server's own words.
//
//   const player = new WhepPlayer(video, { url: '/whep/cam1' });
//   player.addEventListener('state', ({ detail }) => show(detail.reason));
//   player.start();
//
// States: idle -> connecting -> playing <-> waiting -> failed | closed.
// Nothing here depends on one server; it runs in any page as an ES module.
//
// What is said to the server is in whep-session.js, whether media comes in
// whep-watch.js; here is what a person sees of both: states, words, patience.

import { WhepError } from './whep-error.js';
import { Poster } from './whep-poster.js';
import { WhepSession } from './whep-session.js';
import { sourceLevel, summarise } from './whep-stats.js';
import { layersOfEvent, retryAfterMs, urlOfReconnect } from './whep-text.js';
import { MediaWatch } from './whep-watch.js';

export { WhepError };

/** Deadlines and pauses, all in milliseconds; each can be given as an option. */
const DEFAULTS = Object.freeze({
  postTimeoutMs: 20000, // an on-demand source may keep the POST waiting
  connectTimeoutMs: 15000, // from the 201 to the first media packet
  stallMs: 3000, // without packets: say so, keep the session
  noPacketsMs: 10000, // without packets: begin again
  disconnectedMs: 5000, // ICE may recover by itself for that long
  settledMs: 5000, // having played that long resets the backoff
  backoffMinMs: 500,
  backoffMaxMs: 10000,
  unknownRetryMs: 10000, // 404: perhaps somebody creates it later
});

export class WhepPlayer extends EventTarget {
  #video;
  #options;
  #poster;
  #state = 'idle';
  #reason = 'Not started';
  #error = null;
  #attempt = null;
  #next = null; // what is to take its place, on another server
  #movedTo = null; // the endpoint there
  #ending = Promise.resolve();
  #retries = 0;
  #retryTimer = 0;
  #watchTimer = 0;
  #resumeOnShow = false;
  #lastStats = null;
  #running = false;
  #viewers = null;
  #network = globalThis.navigator?.connection?.type;
  #layers = [];
  #layer = null;

  /**
   * @param {HTMLVideoElement|null} video gets the stream; null: take `stream`
   * @param {object} options
   *   url         the WHEP endpoint, absolute or relative to the page
   *   token       sent as `Authorization: Bearer`, default none
   *   audio, video  what to ask for, default both; `order` puts one first
   *   stereo      ask for stereo sound, default true
   *   events      listen to the server's events if it has any, default true
   *   poster      until the first frame: true (the default) for a still of the stream,
   *               the URL of another picture, or false; a video that has a poster
   *               of its own keeps it
   *   iceServers  default: those of the server's Link headers, else none
   *   iceTransportPolicy  `relay`: by a TURN server or not at all
   *   onstate     called as onstate(state, reason), beside the `state` event
   */
  constructor(video, options) {
    super();
    if (!options?.url) {
      throw new TypeError('WhepPlayer: the option url is missing');
    }
    this.#video = video ?? null;
    this.#options = {
      audio: true, video: true, stereo: true, events: true, poster: true,
      order: ['video', 'audio'], ...DEFAULTS, ...options,
    };
    this.#poster = new Poster(this.#video, this.#options.poster);
    globalThis.addEventListener?.('pagehide', this.#onPageHide);
    globalThis.addEventListener?.('pageshow', this.#onPageShow);
    globalThis.addEventListener?.('online', this.#onOnline);
    globalThis.navigator?.connection?.addEventListener?.('change', this.#onNetwork);
  }

  get state() { return this.#state; }
  get reason() { return this.#reason; }
  /** The last WhepError, or null; `error.status` tells a 401 from a 422. */
  get error() { return this.#error; }
  get stream() { return this.#attempt?.session.stream ?? null; }
  /** How many watch, if the server says so, else null; the `viewers` event. */
  get viewers() { return this.#viewers; }
  /** The layers to choose from: { rid, bitrate, width, height, playing }, the best
   * first; none without simulcast. The `layers` event. */
  get layers() { return this.#layers; }
  /** The rid that was chosen; null: the server chooses. */
  get layer() { return this.#layer; }
  /** The endpoint of another server that it has been sent to, or null; the `moved`
   * event. */
  get movedTo() { return this.#movedTo; }
  /** The RTCPeerConnection of now, for those who want more than getStats(). */
  get peerConnection() { return this.#attempt?.session.pc ?? null; }

  set token(token) { this.#options.token = token; }

  /** Begin, or begin again after `failed` and `closed`; otherwise no effect. */
  start() {
    if (this.#running) {
      return;
    }
    this.#running = true;
    this.#retries = 0;
    this.#movedTo = null;
    this.#error = null;
    this.#setState('connecting', 'Connecting');
    this.#begin();
  }

  /** End: the session is deleted also when the page is going away. */
  async stop() {
    if (!this.#running && this.#state !== 'failed') {
      return;
    }
    this.#running = false;
    clearTimeout(this.#retryTimer);
    if (this.#next) {
      this.#awaitEnd(this.#next.session);
    }
    this.#endAttempt();
    this.#setState('closed', 'Stopped');
    await this.#ending;
  }

  /** Ask for a layer by its rid, or with null for what suits the link. It is asked
   * for again in later sessions. Throws a WhepError if the server will not. */
  async selectLayer(rid) {
    this.#layer = rid;
    await this.#attempt?.session.selectLayer(rid);
  }

  /** Stop and forget the page's events: the object is not used again. */
  async dispose() {
    globalThis.removeEventListener?.('pagehide', this.#onPageHide);
    globalThis.removeEventListener?.('pageshow', this.#onPageShow);
    globalThis.removeEventListener?.('online', this.#onOnline);
    globalThis.navigator?.connection?.removeEventListener?.('change', this.#onNetwork);
    await this.stop();
  }

  // --- one attempt ---------------------------------------------------------

  async #begin() {
    // The previous session's DELETE is sent first: a viewer never counts twice.
    await this.#ending;
    if (!this.#running || this.#attempt) {
      return;
    }
    const attempt = this.#makeAttempt(this.#movedTo ?? this.#options.url);
    this.#attempt = attempt;
    try {
      await this.#negotiate(attempt);
      if (!attempt.session.over) {
        this.#poster.showStill(attempt.session);
        this.#setState('connecting', 'Waiting for the first picture');
        this.#attend(attempt);
      }
    } catch (error) {
      this.#onAttemptFailed(attempt, error);
    }
  }

  /** A session, and the watch over its media. */
  #makeAttempt(url) {
    const session = new WhepSession(url, this.#options, {
      track: (track) => this.#onTrack(attempt, track),
      connection: (state) => this.#onConnection(attempt, state),
      closed: (reason) => this.#restart(attempt, reason),
      event: (name, data) => this.#onEvent(attempt, name, data),
    });
    const attempt = { session, watch: new MediaWatch(session, this.#options) };
    return attempt;
  }

  async #negotiate({ session, watch }) {
    await session.negotiate();
    if (session.over) {
      this.#awaitEnd(session);
      return;
    }
    watch.onAnswer();
    if (this.#layer !== null) {
      // One that this publisher does not send is no reason not to play.
      session.selectLayer(this.#layer).catch(() => {});
    }
  }

  #attend(attempt) {
    this.#scheduleWatch(attempt, 100);
    attempt.session.listen();
  }

  #onTrack(attempt, track) {
    if (attempt === this.#next) {
      return; // shown when there is something to see
    }
    const video = this.#video;
    const { stream } = attempt.session;
    if (video && video.srcObject !== stream) {
      video.srcObject = stream;
      video.requestVideoFrameCallback?.(() => this.#onFirstFrame(attempt));
      video.play().catch((error) => this.dispatchEvent(
        new CustomEvent('blocked', { detail: { error } })));
    }
    this.dispatchEvent(new CustomEvent('track', { detail: { track } }));
  }

  #onFirstFrame(attempt) {
    attempt.watch.onFrame();
    if (attempt === this.#attempt) {
      this.#look(attempt);
    }
  }

  // --- events ----------------------------------------------------------------

  #onEvent(attempt, event, data) {
    switch (event) {
      case 'active':
        attempt.watch.onActive(true);
        break;
      case 'inactive':
        attempt.watch.onActive(false);
        this.#setState('waiting', 'The source has stopped; waiting for it to return');
        break;
      case 'viewercount':
        this.#setViewers(JSON.parse(data).viewercount);
        break;
      case 'layers':
        this.#setLayers(layersOfEvent(data));
        break;
      case 'drain':
        this.#move(JSON.parse(data));
        break;
      case 'reconnect':
        // The server ends the session; not all of its viewers return as one.
        this.#setMovedTo(urlOfReconnect(data, attempt.session.url) ?? this.#movedTo);
        this.#endAttempt();
        this.#retry('The server asked to connect again', Math.random() * 1000);
        break;
      default:
    }
  }

  // --- moving ----------------------------------------------------------------

  /** The server will not be here for long, and said where to go: what it sends
   * is shown until the other one's picture is there. If that one cannot be had,
   * this one stays for as long as it can. */
  async #move({ url, left_ms: leftMs }) {
    if (!url || this.#next || !this.#running) {
      return;
    }
    const next = this.#makeAttempt(url);
    this.#next = next;
    try {
      // Not all of its viewers arrive there as one.
      await pause(Math.random() * Math.min(2000, leftMs / 4));
      if (!next.session.over) {
        await this.#negotiate(next);
        await this.#waitForMedia(next);
        this.#replaceBy(next);
      }
    } catch {
      this.#awaitEnd(next.session);
    }
    this.#next = null;
  }

  async #waitForMedia({ session, watch }) {
    const end = performance.now() + this.#options.connectTimeoutMs;
    for (;;) {
      const isThere = await watch.hasMedia();
      if (session.over || performance.now() > end) {
        throw new Error('No picture came');
      }
      if (isThere) {
        return;
      }
      await pause(50);
    }
  }

  /** The stream stays the same, so that the element goes on with what it shows. */
  #replaceBy(next) {
    const last = this.#attempt;
    const { session } = next;
    if (last) {
      const { stream } = last.session;
      const old = stream.getTracks();
      session.stream.getTracks().forEach((track) => stream.addTrack(track));
      old.forEach((track) => stream.removeTrack(track));
      session.stream = stream;
    } else if (this.#video) {
      this.#video.srcObject = session.stream;
    }
    clearTimeout(this.#retryTimer);
    next.watch.onPlaying();
    this.#attempt = next;
    this.#next = null;
    this.#lastStats = null;
    if (last) {
      this.#awaitEnd(last.session);
    }
    this.#setState('playing', 'Playing');
    this.#attend(next);
    this.#setMovedTo(session.url);
  }

  #setMovedTo(url) {
    if (url !== this.#movedTo) {
      this.#movedTo = url;
      this.dispatchEvent(new CustomEvent('moved', { detail: { url } }));
    }
  }

  #setViewers(count) {
    this.#viewers = Number.isFinite(count) ? count : null;
    this.dispatchEvent(new CustomEvent('viewers', { detail: { viewers: this.#viewers } }));
  }

  #setLayers(layers) {
    this.#layers = layers;
    this.dispatchEvent(new CustomEvent('layers', { detail: { layers } }));
  }

  // --- watching it ---------------------------------------------------------

  #onConnection(attempt, state) {
    attempt.watch.onConnection(state);
    if (state === 'failed') {
      this.#restart(attempt, 'The connection failed');
    } else if (state === 'disconnected') {
      attempt.session.restartIce();
    }
  }

  #scheduleWatch(attempt, delayMs) {
    clearTimeout(this.#watchTimer);
    this.#watchTimer = setTimeout(() => this.#look(attempt), delayMs);
  }

  async #look(attempt) {
    const { session, watch } = attempt;
    const seen = await watch.look();
    if (session.over) {
      return;
    }
    if (watch.hasSettled) {
      this.#retries = 0;
    }
    if (seen?.state === 'lost') {
      this.#restart(attempt, seen.reason);
      return;
    }
    if (seen?.state === 'playing') {
      this.#error = null;
      this.#poster.clear();
    }
    if (seen) {
      this.#setState(seen.state, seen.reason);
    }
    this.#scheduleWatch(attempt, watch.isPlaying ? 1000 : 100);
  }

  // --- trying again --------------------------------------------------------

  #restart(attempt, reason) {
    if (attempt.session.over || attempt === this.#next) {
      return;
    }
    this.#endAttempt();
    this.#retry(reason, this.#backoffMs());
  }

  #onAttemptFailed(attempt, error) {
    if (attempt.session.over) {
      return;
    }
    this.#endAttempt();
    if (this.#movedTo) {
      // What another server says is not the last word: back to where it was.
      this.#setMovedTo(null);
      this.#retry(error.message, this.#backoffMs());
      return;
    }
    this.#error = error;
    const next = error instanceof WhepError
      ? this.#planAfterStatus(error) : this.#planAfterError(error);
    if (next.retryMs === null) {
      this.#running = false;
      this.#setState('failed', next.reason);
    } else {
      this.#retry(next.reason, next.retryMs);
    }
  }

  #planAfterStatus(error) {
    const { status, message, retryAfter } = error;
    switch (status) {
      case 404:
        return { reason: message, retryMs: this.#options.unknownRetryMs };
      case 409:
        return { reason: message, retryMs: retryAfterMs(retryAfter, 2000) };
      case 429:
      case 503:
        return { reason: message, retryMs: retryAfterMs(retryAfter, 5000) };
      default:
        // Other 4xx: the same request would be refused again.
        return { reason: message, retryMs: status < 500 ? null : this.#backoffMs() };
    }
  }

  #planAfterError(error) {
    if (error instanceof TypeError || error.name === 'TimeoutError') {
      return { reason: 'The server cannot be reached', retryMs: this.#backoffMs() };
    }
    // An answer this browser refuses will not get better by asking again soon.
    return {
      reason: `The browser refused the answer: ${error.message}`,
      retryMs: this.#options.backoffMaxMs,
    };
  }

  #retry(reason, delayMs) {
    this.#setState('waiting', reason);
    clearTimeout(this.#retryTimer);
    this.#retryTimer = setTimeout(() => this.#begin(), delayMs);
  }

  /** 0.5 to 10 s, doubling, with jitter: a crowd must not return as one. */
  #backoffMs() {
    const { backoffMinMs, backoffMaxMs } = this.#options;
    const ceiling = Math.min(backoffMaxMs, backoffMinMs * 2 ** this.#retries);
    this.#retries += 1;
    return Math.max(backoffMinMs, ceiling * (0.5 + Math.random() / 2));
  }

  #endAttempt() {
    const attempt = this.#attempt;
    if (!attempt) {
      return;
    }
    this.#setViewers(null);
    this.#setLayers([]);
    this.#attempt = null;
    this.#lastStats = null;
    this.#poster.reset();
    clearTimeout(this.#watchTimer);
    this.#awaitEnd(attempt.session);
  }

  /** The next session begins when this one has been deleted. */
  #awaitEnd(session) {
    const before = this.#ending;
    this.#ending = session.end().then(() => before);
  }

  #onPageHide = () => {
    if (this.#running) {
      this.#resumeOnShow = true;
      this.stop();
    }
  };

  // A page restored from the back/forward cache goes on where it was.
  #onPageShow = (event) => {
    if (event.persisted && this.#resumeOnShow) {
      this.#resumeOnShow = false;
      this.start();
    }
  };

  #onOnline = () => {
    if (this.#running && !this.#attempt) {
      clearTimeout(this.#retryTimer);
      this.#begin();
    } else if (this.#running) {
      this.#attempt.session.restartIce();
    }
  };

  // Another network: the old way may be gone before anybody notices.
  #onNetwork = () => {
    const { type } = globalThis.navigator.connection;
    if (this.#attempt && type !== this.#network && type !== 'none') {
      this.#attempt.session.restartIce();
    }
    this.#network = type;
  };

  #setState(state, reason) {
    // Between two tries the words stay those of the last refusal: a viewer
    // should read "not live yet", not a flicker of "connecting".
    if (state === this.#state && reason === this.#reason) {
      return;
    }
    this.#state = state;
    this.#reason = reason;
    this.#options.onstate?.(state, reason);
    this.dispatchEvent(new CustomEvent('state', { detail: { state, reason } }));
  }

  // --- statistics ------------------------------------------------------------

  /** A summary of the connection, or null when there is none. */
  async getStats() {
    const { session, watch } = this.#attempt ?? {};
    if (!session?.pc) {
      return null;
    }
    const report = await session.pc.getStats();
    const stats = summarise(report, this.#lastStats);
    this.#lastStats = stats;
    const { raw, ...told } = stats;
    return {
      ...told,
      state: this.#state,
      timeToFirstFrameMs: watch.firstFrameMs,
      audioLevel: stats.audioLevel || sourceLevel(session.pc),
    };
  }
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
