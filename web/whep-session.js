// SPDX-License-Identifier: MIT
//
// WhepSession: one session with a WHEP server, from the offer to the DELETE: the
// peer connection, and everything that is asked of the server about it
// (draft-ietf-wish-whep-04; RFC 9725 for trickle and ICE restarts).
//
// It is used once, and tells what happens; when to begin, what to show and when to
// give up is the affair of its owner, whep-player.js.

import { readEvents } from './server-events.js';
import { WhepError } from './whep-error.js';
import {
  eventsUrlOfLink, iceServersOfLink, layerUrlOfLink, restartedAnswer, stillUrlOfLink,
  trickleFragment, withStereo,
} from './whep-text.js';

/** A browser keeps six connections to a server of HTTP/1.1: so many of them may
 * listen to events, in all players of a page. */
const MAX_LISTENING = 3;
let listening = 0;

const TRICKLE_TYPE = 'application/trickle-ice-sdpfrag';

/** Candidates come in bursts: one PATCH carries a burst. */
const TRICKLE_MS = 50;

export class WhepSession {
  /** What has come; its owner may put another in its place. */
  stream = new MediaStream();
  #url;
  #options;
  #on;
  #pc = null;
  #over = false;
  #sessionUrl = null;
  #etag = null;
  #answer = ''; // of the server, as it is in force
  #eventsUrl = null;
  #layerUrl = null;
  #stillUrl = null;
  #candidates = [];
  #trickle = true;
  #trickling = false;
  #trickled = new AbortController(); // of the PATCH under way
  #restarting = false;
  #deleted = Promise.resolve();
  #abort = new AbortController(); // of what listens to events

  /**
   * @param {string} url      the endpoint
   * @param {object} options  those of WhepPlayer; the token is read when it is sent
   * @param {object} on  what is called, until the session is over:
   *   track(track)           one has come, and is in `stream`
   *   connection(state)      of the peer connection
   *   closed(reason)         the transport has ended
   *   event(name, data)      of the server's events
   */
  constructor(url, options, on) {
    this.#url = url;
    this.#options = options;
    this.#on = on;
  }

  get url() { return this.#url; }
  get pc() { return this.#pc; }
  get over() { return this.#over; }

  /** Offer and answer. Throws a WhepError when the server refuses; returns early
   * when the session is ended meanwhile. */
  async negotiate() {
    this.#createPeer();
    const offer = await this.#pc.createOffer();
    const sdp = this.#sdpOf(offer);
    const answer = await this.#post(sdp);
    if (this.#over) {
      return;
    }
    // Not before the POST: candidates are looked for with the ICE servers that
    // its answer named.
    await this.#setOffer(offer, sdp);
    await this.#pc.setRemoteDescription({ type: 'answer', sdp: answer });
    if (this.#over) {
      return;
    }
    this.#answer = answer;
    this.#watchTransport();
    this.#scheduleTrickle();
  }

  /** Listen to the server's events. Without them everything works as well, only
   * not at once. */
  async listen() {
    if (!this.#eventsUrl || !this.#options.events || listening >= MAX_LISTENING) {
      return;
    }
    listening += 1;
    try {
      const response = await fetch(this.#eventsUrl, {
        headers: this.#headers(), cache: 'no-store', signal: this.#abort.signal,
      });
      if (response.ok) {
        for await (const { event, data } of readEvents(response)) {
          this.#tell('event', event, data);
        }
      }
    } catch {
      // The session is over, or the network is: that is noticed elsewhere.
    } finally {
      listening -= 1;
    }
  }

  /** Ask for the layer `rid`, or with null for what suits the link; nothing is asked
   * of a server that has none. Throws a WhepError if it will not. */
  async selectLayer(rid) {
    if (!this.#layerUrl) {
      return;
    }
    const response = await fetch(this.#layerUrl, {
      method: 'POST',
      headers: this.#headers({ 'Content-Type': 'application/json' }),
      body: JSON.stringify(rid === null ? {} : { rid }),
    });
    if (!response.ok) {
      throw await WhepError.from(response);
    }
  }

  /** A picture of the stream, as a Blob; null: the server has none now. */
  async fetchStill(signal) {
    if (!this.#stillUrl) {
      return null;
    }
    try {
      const response = await fetch(this.#stillUrl, { headers: this.#headers(), signal });
      return response.status === 200 ? await response.blob() : null;
    } catch {
      return null;
    }
  }

  /** The same session by another way, when the network has changed: the picture
   * goes on. Where that cannot be, the session is made anew in time. */
  async restartIce() {
    if (this.#over || this.#restarting || !this.#sessionUrl || !this.#answer) {
      return;
    }
    this.#restarting = true;
    try {
      await this.#exchangeRestart();
    } catch {
      if (!this.#over && this.#pc.signalingState === 'have-local-offer') {
        await this.#pc.setLocalDescription({ type: 'rollback' }).catch(() => {});
      }
    }
    this.#restarting = false;
    this.#scheduleTrickle();
  }

  /** End it, also before its POST is answered. Resolved, always, when the DELETE is
   * answered or has been waited for long enough. */
  end() {
    this.#over = true;
    this.#abort.abort();
    this.#delete();
    this.#pc?.close();
    return this.#deleted;
  }

  #tell(what, ...said) {
    if (!this.#over) {
      this.#on[what](...said);
    }
  }

  // --- offer and answer --------------------------------------------------------

  #createPeer() {
    const { iceServers = [], iceTransportPolicy = 'all', order } = this.#options;
    const pc = new RTCPeerConnection({
      bundlePolicy: 'max-bundle',
      iceServers,
      iceTransportPolicy,
    });
    this.#pc = pc;
    for (const kind of order.filter((name) => this.#options[name])) {
      pc.addTransceiver(kind, { direction: 'recvonly' });
    }
    pc.addEventListener('track', ({ track }) => {
      this.stream.addTrack(track);
      this.#tell('track', track);
    });
    pc.addEventListener('icecandidate', ({ candidate }) => this.#onCandidate(candidate));
    pc.addEventListener('connectionstatechange', () =>
      this.#tell('connection', pc.connectionState));
  }

  #sdpOf(offer) {
    return this.#options.stereo ? withStereo(offer.sdp) : offer.sdp;
  }

  async #setOffer(offer, sdp) {
    try {
      await this.#pc.setLocalDescription({ type: 'offer', sdp });
    } catch {
      // A browser that refuses edited offers still plays, in mono.
      await this.#pc.setLocalDescription(offer);
    }
  }

  /** POST the offer, return the answer's text. */
  async #post(offer) {
    const response = await fetch(this.#url, {
      method: 'POST',
      headers: this.#headers({ 'Content-Type': 'application/sdp' }),
      body: offer,
      cache: 'no-store',
      signal: AbortSignal.timeout(this.#options.postTimeoutMs),
    });
    if (response.status !== 201) {
      throw await WhepError.from(response);
    }
    this.#readFields(response);
    if (this.#over) {
      // Ended while the POST was under way: the session exists, so end it.
      this.#delete();
      return '';
    }
    return response.text();
  }

  #readFields({ headers, url }) {
    const absolute = (found) => found ? new URL(found, url).href : null;
    this.#sessionUrl = absolute(headers.get('location'));
    this.#etag = headers.get('etag');
    const link = headers.get('link');
    this.#eventsUrl = absolute(eventsUrlOfLink(link));
    this.#layerUrl = absolute(layerUrlOfLink(link));
    this.#stillUrl = absolute(stillUrlOfLink(link));
    const iceServers = iceServersOfLink(link);
    if (iceServers.length > 0 && !this.#options.iceServers && !this.#over) {
      this.#pc.setConfiguration({ ...this.#pc.getConfiguration(), iceServers });
    }
  }

  #headers(more = {}) {
    const { token } = this.#options;
    return token ? { ...more, Authorization: `Bearer ${token}` } : more;
  }

  #watchTransport() {
    const transport = this.#pc.getReceivers()[0]?.transport;
    // A server that ends a session sends close_notify; connectionState does not
    // tell in every browser, the transport does.
    transport?.addEventListener('statechange', () => {
      if (transport.state === 'closed' || transport.state === 'failed') {
        this.#tell('closed', transport.state === 'closed'
          ? 'The server ended the session' : 'The secure connection failed');
      }
    });
  }

  #delete() {
    if (!this.#sessionUrl) {
      return;
    }
    const url = this.#sessionUrl;
    this.#sessionUrl = null;
    // keepalive lets the request outlive the page. A dead server must not hold
    // up the next session, hence the deadline.
    this.#deleted = fetch(url, {
      method: 'DELETE',
      headers: this.#headers(),
      keepalive: true,
      signal: AbortSignal.timeout(3000),
    }).then(() => undefined, () => undefined);
  }

  // --- trickle -----------------------------------------------------------------

  #onCandidate(candidate) {
    if (candidate?.candidate) {
      this.#candidates.push(candidate);
    }
    this.#scheduleTrickle();
  }

  /** Those that are of the credentials in force, not of those before a restart. */
  #takeCandidates() {
    const { sdp } = this.#pc.localDescription;
    const taken = this.#candidates.filter(({ usernameFragment }) =>
      !usernameFragment || sdp.includes(`a=ice-ufrag:${usernameFragment}\r\n`));
    this.#candidates = [];
    return taken;
  }

  #scheduleTrickle() {
    const ready = this.#sessionUrl && this.#answer && this.#trickle;
    if (ready && !this.#trickling && !this.#restarting && !this.#over) {
      this.#trickling = true;
      setTimeout(() => this.#sendTrickle(), TRICKLE_MS);
    }
  }

  async #sendTrickle() {
    if (this.#restarting) {
      this.#trickling = false; // its answer comes first, then this again
      return;
    }
    const gathered = () => this.#pc.iceGatheringState === 'complete';
    const complete = gathered();
    const candidates = this.#over ? [] : this.#takeCandidates();
    this.#trickle = !complete;
    if (!this.#over && (candidates.length > 0 || complete)) {
      const headers = this.#headers({ 'Content-Type': TRICKLE_TYPE });
      if (this.#etag) {
        headers['If-Match'] = this.#etag;
      }
      const body = trickleFragment(this.#pc.localDescription.sdp, candidates, complete);
      this.#trickled = new AbortController();
      const response = await fetch(this.#sessionUrl, {
        method: 'PATCH', headers, body, signal: this.#trickled.signal,
      }).catch(() => null);
      // A server without trickle says 405, 422 or 501; ICE works all the same
      // by the addresses our own checks come from, so do not insist.
      this.#trickle &&= response?.ok ?? true;
    }
    this.#trickling = false;
    if (this.#candidates.length > 0 || gathered()) {
      this.#scheduleTrickle();
    }
  }

  // --- ICE restart -------------------------------------------------------------

  async #exchangeRestart() {
    // What is under way is of the credentials before, and would be refused.
    this.#trickled.abort();
    this.#trickle = true;
    const offer = await this.#pc.createOffer({ iceRestart: true });
    await this.#setOffer(offer, this.#sdpOf(offer));
    const response = await fetch(this.#sessionUrl, {
      method: 'PATCH',
      headers: this.#headers({ 'Content-Type': TRICKLE_TYPE, 'If-Match': '*' }),
      body: trickleFragment(this.#pc.localDescription.sdp, [], false),
      signal: AbortSignal.timeout(this.#options.disconnectedMs),
    });
    if (response.status !== 200) {
      throw await WhepError.from(response);
    }
    this.#etag = response.headers.get('etag') ?? this.#etag;
    this.#answer = restartedAnswer(this.#answer, await response.text());
    await this.#pc.setRemoteDescription({ type: 'answer', sdp: this.#answer });
  }
}
