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

import { readEvents } from './server-events.js';
import { countMedia, sourceLevel, summarise } from './whep-stats.js';
import {
  eventsUrlOfLink, iceServersOfLink, layersOfEvent, layerUrlOfLink, restartedAnswer,
  retryAfterMs, trickleFragment, withStereo,
} from './whep-text.js';

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

/** A browser keeps six connections to a server of HTTP/1.1: so many of them may
 * listen to events, in all players of a page. */
const MAX_LISTENING = 3;
let listening = 0;

const TRICKLE_TYPE = 'application/trickle-ice-sdpfrag';

/** A refusal of the server, with what it said about it. */
export class WhepError extends Error {
  constructor(status, message, { code = '', retryAfter = null } = {}) {
    super(message);
    this.name = 'WhepError';
    this.status = status;
    this.code = code;
    this.retryAfter = retryAfter;
  }

  static async from(response) {
    let problem = {};
    if (/json/i.test(response.headers.get('content-type') ?? '')) {
      problem = (await response.json().catch(() => null)) ?? {};
    }
    const said = [problem.detail, problem.title, problem.error]
      .find((text) => typeof text === 'string' && text !== '');
    return new WhepError(response.status,
      said ?? `The server answered ${response.status} ${response.statusText}`, {
        code: typeof problem.error === 'string' ? problem.error : '',
        retryAfter: response.headers.get('retry-after'),
      });
  }
}

/** The media part of one attempt; a player makes a new one for each. */
class Attempt {
  constructor(url) { this.url = url; }

  pc = null;
  sessionUrl = null;
  etag = null;
  stream = new MediaStream();
  startedAt = performance.now();
  answeredAt = 0;
  playingAt = 0;
  firstFrameMs = null;
  packets = 0;
  packetsAt = 0;
  audioAt = 0;
  disconnectedAt = 0;
  candidates = [];
  gathered = false;
  trickle = true;
  trickling = false;
  answer = ''; // of the server, as it is in force
  restarting = false;
  over = false;
  eventsUrl = null;
  layerUrl = null;
  inactive = false; // the server said that the source has gone
  abort = new AbortController(); // of what listens to events
}

export class WhepPlayer extends EventTarget {
  #video;
  #options;
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
      audio: true, video: true, stereo: true, events: true, order: ['video', 'audio'],
      ...DEFAULTS, ...options,
    };
    globalThis.addEventListener?.('pagehide', this.#onPageHide);
    globalThis.addEventListener?.('pageshow', this.#onPageShow);
    globalThis.addEventListener?.('online', this.#onOnline);
    globalThis.navigator?.connection?.addEventListener?.('change', this.#onNetwork);
  }

  get state() { return this.#state; }
  get reason() { return this.#reason; }
  /** The last WhepError, or null; `error.status` tells a 401 from a 422. */
  get error() { return this.#error; }
  get stream() { return this.#attempt?.stream ?? null; }
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
  get peerConnection() { return this.#attempt?.pc ?? null; }

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
    this.#finish(this.#next);
    this.#endAttempt();
    this.#setState('closed', 'Stopped');
    await this.#ending;
  }

  /** Ask for a layer by its rid, or with null for what suits the link. It is asked
   * for again in later sessions. Throws a WhepError if the server will not. */
  async selectLayer(rid) {
    this.#layer = rid;
    await this.#postLayer(this.#attempt);
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
    const attempt = new Attempt(this.#movedTo ?? this.#options.url);
    this.#attempt = attempt;
    try {
      await this.#negotiate(attempt);
    } catch (error) {
      this.#onAttemptFailed(attempt, error);
    }
  }

  async #negotiate(attempt) {
    this.#createPeer(attempt);
    const offer = await attempt.pc.createOffer();
    const sdp = this.#sdpOf(offer);
    const answer = await this.#post(attempt, sdp);
    if (attempt.over) {
      return;
    }
    // Not before the POST: candidates are looked for with the ICE servers that
    // its answer named.
    await this.#setOffer(attempt.pc, offer, sdp);
    await attempt.pc.setRemoteDescription({ type: 'answer', sdp: answer });
    if (attempt.over) {
      return;
    }
    attempt.answer = answer;
    attempt.answeredAt = performance.now();
    attempt.packetsAt = attempt.answeredAt;
    this.#scheduleTrickle(attempt);
    if (attempt !== this.#next) {
      this.#setState('connecting', 'Waiting for the first picture');
      this.#attend(attempt);
    }
  }

  #attend(attempt) {
    this.#watchTransport(attempt);
    this.#scheduleWatch(attempt, 100);
    this.#listen(attempt);
  }

  #createPeer(attempt) {
    const { iceServers = [], iceTransportPolicy = 'all', order } = this.#options;
    const pc = new RTCPeerConnection({
      bundlePolicy: 'max-bundle',
      iceServers,
      iceTransportPolicy,
    });
    attempt.pc = pc;
    for (const kind of order.filter((name) => this.#options[name])) {
      pc.addTransceiver(kind, { direction: 'recvonly' });
    }
    pc.addEventListener('track', (event) => this.#onTrack(attempt, event));
    pc.addEventListener('icecandidate', ({ candidate }) =>
      this.#onCandidate(attempt, candidate));
    pc.addEventListener('connectionstatechange', () =>
      this.#onConnectionState(attempt));
  }

  #sdpOf(offer) {
    return this.#options.stereo ? withStereo(offer.sdp) : offer.sdp;
  }

  async #setOffer(pc, offer, sdp) {
    try {
      await pc.setLocalDescription({ type: 'offer', sdp });
    } catch {
      // A browser that refuses edited offers still plays, in mono.
      await pc.setLocalDescription(offer);
    }
  }

  /** POST the offer, return the answer's text; the session belongs to attempt. */
  async #post(attempt, offer) {
    const response = await fetch(attempt.url, {
      method: 'POST',
      headers: this.#headers({ 'Content-Type': 'application/sdp' }),
      body: offer,
      cache: 'no-store',
      signal: AbortSignal.timeout(this.#options.postTimeoutMs),
    });
    if (response.status !== 201) {
      throw await WhepError.from(response);
    }
    const location = response.headers.get('location');
    if (location) {
      attempt.sessionUrl = new URL(location, response.url).href;
    }
    attempt.etag = response.headers.get('etag');
    const link = response.headers.get('link');
    const iceServers = iceServersOfLink(link);
    if (iceServers.length > 0 && !this.#options.iceServers && !attempt.over) {
      attempt.pc.setConfiguration({ ...attempt.pc.getConfiguration(), iceServers });
    }
    const events = eventsUrlOfLink(link);
    attempt.eventsUrl = events ? new URL(events, response.url).href : null;
    const layer = layerUrlOfLink(link);
    attempt.layerUrl = layer ? new URL(layer, response.url).href : null;
    if (this.#layer !== null) {
      // One that this publisher does not send is no reason not to play.
      this.#postLayer(attempt).catch(() => {});
    }
    if (attempt.over) {
      // Stopped while the POST was under way: the session exists, so end it.
      this.#deleteSession(attempt);
      return '';
    }
    return response.text();
  }

  #headers(more) {
    const { token } = this.#options;
    return token ? { ...more, Authorization: `Bearer ${token}` } : more;
  }

  #onTrack(attempt, { track }) {
    attempt.stream.addTrack(track);
    if (attempt === this.#next) {
      return; // shown when there is something to see
    }
    const video = this.#video;
    if (video && video.srcObject !== attempt.stream) {
      video.srcObject = attempt.stream;
      this.#watchFirstFrame(attempt);
      video.play().catch((error) => this.dispatchEvent(
        new CustomEvent('blocked', { detail: { error } })));
    }
    this.dispatchEvent(new CustomEvent('track', { detail: { track } }));
  }

  #watchFirstFrame(attempt) {
    this.#video.requestVideoFrameCallback?.(() => {
      attempt.firstFrameMs ??= performance.now() - attempt.startedAt;
    });
  }

  // --- trickle ---------------------------------------------------------------

  #onCandidate(attempt, candidate) {
    if (candidate?.candidate) {
      attempt.candidates.push(candidate);
    } else {
      attempt.gathered = true;
    }
    this.#scheduleTrickle(attempt);
  }

  #scheduleTrickle(attempt) {
    const ready = attempt.sessionUrl && attempt.answeredAt && attempt.trickle;
    if (ready && !attempt.trickling && !attempt.restarting && !attempt.over) {
      attempt.trickling = true;
      // Candidates come in bursts: one PATCH carries a burst.
      setTimeout(() => this.#sendTrickle(attempt), 50);
    }
  }

  async #sendTrickle(attempt) {
    if (attempt.restarting) {
      attempt.trickling = false; // its answer comes first, then this again
      return;
    }
    const { candidates, gathered } = attempt;
    attempt.candidates = [];
    attempt.trickle = !gathered;
    if (!attempt.over && (candidates.length > 0 || gathered)) {
      const headers = this.#headers({ 'Content-Type': TRICKLE_TYPE });
      if (attempt.etag) {
        headers['If-Match'] = attempt.etag;
      }
      const body = trickleFragment(
        attempt.pc.localDescription.sdp, candidates, gathered);
      const response = await fetch(attempt.sessionUrl, {
        method: 'PATCH', headers, body,
      }).catch(() => null);
      // A server without trickle says 405, 422 or 501; ICE works all the same
      // by the addresses our own checks come from, so do not insist.
      attempt.trickle &&= response?.ok ?? true;
    }
    attempt.trickling = false;
    if (attempt.candidates.length > 0) {
      this.#scheduleTrickle(attempt);
    }
  }

  // --- ICE restart -----------------------------------------------------------

  /** The same session by another way, when the network has changed: the picture
   * goes on. Where that cannot be, the session is made anew in time. */
  async #restartIce(attempt) {
    if (attempt.over || attempt.restarting || !attempt.sessionUrl || !attempt.answer) {
      return;
    }
    attempt.restarting = true;
    try {
      await this.#exchangeRestart(attempt);
    } catch {
      if (!attempt.over && attempt.pc.signalingState === 'have-local-offer') {
        await attempt.pc.setLocalDescription({ type: 'rollback' }).catch(() => {});
      }
    }
    attempt.restarting = false;
    this.#scheduleTrickle(attempt);
  }

  async #exchangeRestart(attempt) {
    attempt.candidates = [];
    attempt.gathered = false;
    attempt.trickle = true;
    const offer = await attempt.pc.createOffer({ iceRestart: true });
    await this.#setOffer(attempt.pc, offer, this.#sdpOf(offer));
    const response = await fetch(attempt.sessionUrl, {
      method: 'PATCH',
      headers: this.#headers({ 'Content-Type': TRICKLE_TYPE, 'If-Match': '*' }),
      body: trickleFragment(attempt.pc.localDescription.sdp, [], false),
      signal: AbortSignal.timeout(this.#options.disconnectedMs),
    });
    if (response.status !== 200) {
      throw await WhepError.from(response);
    }
    attempt.etag = response.headers.get('etag') ?? attempt.etag;
    attempt.answer = restartedAnswer(attempt.answer, await response.text());
    await attempt.pc.setRemoteDescription({ type: 'answer', sdp: attempt.answer });
  }

  // --- events ----------------------------------------------------------------

  /** Without events everything works as well, only not at once. */
  async #listen(attempt) {
    if (!attempt.eventsUrl || !this.#options.events || listening >= MAX_LISTENING) {
      return;
    }
    listening += 1;
    try {
      const response = await fetch(attempt.eventsUrl, {
        headers: this.#headers({}), cache: 'no-store', signal: attempt.abort.signal,
      });
      if (response.ok) {
        for await (const { event, data } of readEvents(response)) {
          this.#onEvent(attempt, event, data);
        }
      }
    } catch {
      // The session is over, or the network is: that is noticed elsewhere.
    } finally {
      listening -= 1;
    }
  }

  #onEvent(attempt, event, data) {
    if (attempt.over) {
      return;
    }
    switch (event) {
      case 'active':
        attempt.inactive = false;
        attempt.packetsAt = performance.now();
        break;
      case 'inactive':
        attempt.inactive = true;
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
    const next = new Attempt(url);
    this.#next = next;
    try {
      // Not all of its viewers arrive there as one.
      await pause(Math.random() * Math.min(2000, leftMs / 4));
      if (!next.over) {
        await this.#negotiate(next);
        await this.#waitForPicture(next);
        this.#replaceBy(next);
      }
    } catch {
      this.#finish(next);
    }
    this.#next = null;
  }

  async #waitForPicture(next) {
    const end = performance.now() + this.#options.connectTimeoutMs;
    for (;;) {
      const counts = await countMedia(next.pc);
      if (next.over || performance.now() > end) {
        throw new Error('No picture came');
      }
      if (counts.audioPackets > 0) {
        next.audioAt ||= performance.now();
      }
      if (isPlaying(next, counts)) {
        return;
      }
      await pause(50);
    }
  }

  /** The stream stays the same, so that the element goes on with what it shows. */
  #replaceBy(next) {
    const last = this.#attempt;
    const stream = last?.stream ?? next.stream;
    const old = last ? stream.getTracks() : [];
    if (last) {
      next.stream.getTracks().forEach((track) => stream.addTrack(track));
      old.forEach((track) => stream.removeTrack(track));
    } else if (this.#video) {
      this.#video.srcObject = stream;
    }
    clearTimeout(this.#retryTimer);
    Object.assign(next, { stream, playingAt: performance.now(), packetsAt: performance.now() });
    this.#movedTo = next.url;
    this.#attempt = next;
    this.#next = null;
    this.#lastStats = null;
    this.#finish(last);
    this.#setState('playing', 'Playing');
    this.#attend(next);
    this.dispatchEvent(new CustomEvent('moved', { detail: { url: next.url } }));
  }

  #setViewers(count) {
    this.#viewers = Number.isFinite(count) ? count : null;
    this.dispatchEvent(new CustomEvent('viewers', { detail: { viewers: this.#viewers } }));
  }

  async #postLayer(attempt) {
    if (!attempt?.layerUrl) {
      return;
    }
    const response = await fetch(attempt.layerUrl, {
      method: 'POST',
      headers: this.#headers({ 'Content-Type': 'application/json' }),
      body: JSON.stringify(this.#layer === null ? {} : { rid: this.#layer }),
    });
    if (!response.ok) {
      throw await WhepError.from(response);
    }
  }

  #setLayers(layers) {
    this.#layers = layers;
    this.dispatchEvent(new CustomEvent('layers', { detail: { layers } }));
  }

  // --- watching it ---------------------------------------------------------

  #watchTransport(attempt) {
    const transport = attempt.pc.getReceivers()[0]?.transport;
    // A server that ends a session sends close_notify; connectionState does not
    // tell in every browser, the transport does.
    transport?.addEventListener('statechange', () => {
      if (transport.state === 'closed' || transport.state === 'failed') {
        this.#restart(attempt, transport.state === 'closed'
          ? 'The server ended the session' : 'The secure connection failed');
      }
    });
  }

  #onConnectionState(attempt) {
    const state = attempt.pc?.connectionState;
    if (state === 'failed') {
      this.#restart(attempt, 'The connection failed');
    } else if (state === 'disconnected') {
      attempt.disconnectedAt = performance.now();
      this.#restartIce(attempt);
    } else {
      attempt.disconnectedAt = 0;
    }
  }

  #scheduleWatch(attempt, delayMs) {
    clearTimeout(this.#watchTimer);
    this.#watchTimer = setTimeout(() => this.#watch(attempt), delayMs);
  }

  async #watch(attempt) {
    const counts = await countMedia(attempt.pc).catch(() => null);
    if (attempt.over) {
      return;
    }
    if (counts) {
      this.#onCounts(attempt, counts);
    }
    if (!attempt.over) {
      this.#scheduleWatch(attempt, attempt.playingAt ? 1000 : 100);
    }
  }

  #onCounts(attempt, counts) {
    const now = performance.now();
    if (counts.packets !== attempt.packets) {
      attempt.packets = counts.packets;
      attempt.packetsAt = now;
    }
    if (counts.audioPackets > 0) {
      attempt.audioAt ||= now;
    }
    const { settledMs, disconnectedMs } = this.#options;
    if (attempt.playingAt && now - attempt.playingAt > settledMs) {
      this.#retries = 0;
    }
    if (attempt.disconnectedAt && now - attempt.disconnectedAt > disconnectedMs) {
      this.#restart(attempt, 'The connection was lost');
    } else {
      this.#judge(attempt, counts, now - attempt.packetsAt);
    }
  }

  /** What the packet counters of one moment mean for the state. */
  #judge(attempt, counts, silentMs) {
    const { stallMs, noPacketsMs, connectTimeoutMs } = this.#options;
    const limit = attempt.packets > 0 ? noPacketsMs : connectTimeoutMs;
    if (attempt.inactive) {
      // The server keeps the session while it waits, and says when it does not.
      attempt.packetsAt = performance.now();
      return;
    }
    if (silentMs > limit) {
      this.#restart(attempt, attempt.packets > 0
        ? 'No media is arriving' : 'No media came; the network may block UDP');
    } else if (attempt.playingAt && silentMs > stallMs) {
      this.#setState('waiting', 'No media is arriving; the source may have paused');
    } else if (attempt.disconnectedAt) {
      this.#setState('waiting', 'The connection is interrupted');
    } else if (attempt.playingAt) {
      this.#setState('playing', 'Playing');
    } else if (isPlaying(attempt, counts)) {
      attempt.playingAt = performance.now();
      attempt.firstFrameMs ??= attempt.playingAt - attempt.startedAt;
      this.#error = null;
      this.#setState('playing', 'Playing');
    }
  }

  // --- trying again --------------------------------------------------------

  #restart(attempt, reason) {
    if (attempt.over || attempt === this.#next) {
      return;
    }
    this.#endAttempt();
    this.#retry(reason, this.#backoffMs());
  }

  #onAttemptFailed(attempt, error) {
    if (attempt.over) {
      return;
    }
    this.#endAttempt();
    if (this.#movedTo) {
      // What another server says is not the last word: back to where it was.
      this.#movedTo = null;
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
    clearTimeout(this.#watchTimer);
    this.#finish(attempt);
  }

  #finish(attempt) {
    if (attempt) {
      attempt.over = true;
      attempt.abort.abort();
      this.#deleteSession(attempt);
      attempt.pc?.close();
    }
  }

  #deleteSession(attempt) {
    if (!attempt.sessionUrl) {
      return;
    }
    const url = attempt.sessionUrl;
    attempt.sessionUrl = null;
    // keepalive lets the request outlive the page. A dead server must not hold
    // up the next attempt, hence the deadline.
    this.#ending = fetch(url, {
      method: 'DELETE',
      headers: this.#headers({}),
      keepalive: true,
      signal: AbortSignal.timeout(3000),
    }).then(() => undefined, () => undefined);
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
      this.#restartIce(this.#attempt);
    }
  };

  // Another network: the old way may be gone before anybody notices.
  #onNetwork = () => {
    const { type } = globalThis.navigator.connection;
    if (this.#attempt && type !== this.#network && type !== 'none') {
      this.#restartIce(this.#attempt);
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
    const attempt = this.#attempt;
    if (!attempt?.pc) {
      return null;
    }
    const report = await attempt.pc.getStats();
    const stats = summarise(report, this.#lastStats);
    this.#lastStats = stats;
    const { raw, ...told } = stats;
    return {
      ...told,
      state: this.#state,
      timeToFirstFrameMs: attempt.firstFrameMs,
      audioLevel: stats.audioLevel || sourceLevel(attempt.pc),
    };
  }
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function isPlaying(attempt, counts) {
  if (counts.framesDecoded > 0) {
    return true;
  }
  const video = attempt.pc.getTransceivers().some((t) =>
    t.receiver.track.kind === 'video' && t.currentDirection === 'recvonly');
  // Sound alone is all there is, or all that came: better than a black screen
  // that says it is connecting.
  return attempt.audioAt > 0 &&
    (!video || performance.now() - attempt.audioAt > 3000);
}
