// SPDX-License-Identifier: MIT
//
// WhipPublisher: a small complete WHIP client (RFC 9725).
//
// It publishes one MediaStream and keeps trying for as long as trying can help: a
// server that restarts, a network that goes away and a place that is taken are
// waited for; a refusal (no token, no such mountpoint) ends in `failed` with the
// server's own words. The stream stays the caller's: its tracks are not stopped.
//
//   const publisher = new WhipPublisher({ url: '/whip/studio', token: '...' });
//   publisher.addEventListener('state', ({ detail }) => show(detail.reason));
//   publisher.start(await navigator.mediaDevices.getUserMedia({ video: true }));
//
// States: idle -> connecting -> publishing <-> waiting -> failed | closed.
// Nothing here depends on one server; it runs in any page as an ES module.

import { WhepError } from './whep-error.js';
import { iceServersOfLink, restartedAnswer, retryAfterMs, trickleFragment } from './whep-text.js';

/** Deadlines and pauses in milliseconds; each can be given as an option. */
const DEFAULTS = Object.freeze({
  postTimeoutMs: 15000,
  connectTimeoutMs: 15000, // from the 201 to the connection
  disconnectedMs: 5000, // ICE may recover by itself for that long
  settledMs: 5000, // having published that long resets the backoff
  backoffMinMs: 500,
  backoffMaxMs: 10000,
});

/** What the picture may cost at most, by its height. */
const BITRATES = [[1080, 4.5e6], [720, 2.5e6], [480, 1.2e6], [0, 700e3]];

export function maxBitrateFor(height) {
  return BITRATES.find(([least]) => height >= least)[1];
}

/** Layers for `options.simulcast`, the smallest first. */
function layersFor(height) {
  return [[4, 'l'], [2, 'm'], [1, 'h']].map(([by, rid]) => ({
    rid, scaleResolutionDownBy: by, maxBitrate: maxBitrateFor(height / by),
  }));
}

export class WhipPublisher extends EventTarget {
  #options;
  #state = 'idle';
  #reason = '';
  #error = null;
  #stream = null;
  #pc = null;
  #sessionUrl = null;
  #answer = ''; // as it is in force
  #run = 0; // a new one makes whatever is still under way stale
  #timer = 0;
  #failures = 0;
  #publishingAt = 0;
  #previous = null;

  /**
   * @param {object} options url; token; simulcast (three layers of the video);
   *   and any of the deadlines above
   */
  constructor(options) {
    super();
    this.#options = { ...DEFAULTS, ...options };
    globalThis.addEventListener?.('pagehide', this.#onPageHide);
    globalThis.addEventListener?.('online', this.#onOnline);
  }

  get state() { return this.#state; }
  get reason() { return this.#reason; }
  get error() { return this.#error; }
  get peerConnection() { return this.#pc; }
  get publishingAt() { return this.#publishingAt; }
  set token(token) { this.#options.token = token; }

  /** Publishes @p stream from now on, in place of what was published before. */
  start(stream) {
    this.#stream = stream;
    this.#failures = 0;
    this.#begin();
  }

  /** Another track of the same kind (a camera, a microphone, a screen), without
   * a new session. Resolves to false when there is no sender for it. */
  async replaceTrack(track) {
    const sender = this.#pc?.getSenders().find((one) => one.track?.kind === track.kind);
    if (!sender) {
      return false;
    }
    await sender.replaceTrack(track);
    return true;
  }

  /** Says goodbye: the mountpoint is idle then. */
  async stop(reason = 'Stopped') {
    this.#run += 1;
    clearTimeout(this.#timer);
    this.#setState('closed', reason);
    await this.#end();
  }

  async dispose() {
    globalThis.removeEventListener?.('pagehide', this.#onPageHide);
    globalThis.removeEventListener?.('online', this.#onOnline);
    await this.stop();
  }

  // --- one attempt -----------------------------------------------------------

  async #begin() {
    const run = this.#run += 1;
    clearTimeout(this.#timer);
    await this.#end();
    if (run !== this.#run) {
      return;
    }
    this.#setState('connecting', 'Connecting');
    try {
      await this.#negotiate(run);
    } catch (error) {
      if (run === this.#run) {
        this.#fail(error);
      }
    }
  }

  #makePeer(run) {
    const { iceTransportPolicy = 'all' } = this.#options;
    const pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle', iceTransportPolicy });
    for (const track of this.#stream.getTracks()) {
      const { height = 720 } = track.getSettings?.() ?? {};
      const video = track.kind === 'video';
      pc.addTransceiver(track, {
        direction: 'sendonly', streams: [this.#stream],
        ...(video ? {
          sendEncodings: this.#options.simulcast
            ? layersFor(height) : [{ maxBitrate: maxBitrateFor(height) }],
        } : {}),
      });
    }
    pc.addEventListener('connectionstatechange', () => {
      if (run === this.#run) {
        this.#onConnection(run, pc.connectionState);
      }
    });
    return pc;
  }

  async #negotiate(run) {
    const pc = this.#pc = this.#makePeer(run);
    const offer = await pc.createOffer();
    const response = await fetch(this.#options.url, {
      method: 'POST',
      headers: this.#headers({ 'Content-Type': 'application/sdp' }),
      body: offer.sdp,
      signal: AbortSignal.timeout(this.#options.postTimeoutMs),
    });
    if (response.status !== 201) {
      throw await WhepError.from(response);
    }
    const answer = await response.text();
    const url = new URL(response.headers.get('location'),
      new URL(this.#options.url, globalThis.location?.href)).href;
    if (run !== this.#run) {
      this.#delete(url);
      return;
    }
    this.#sessionUrl = url;
    const iceServers = iceServersOfLink(response.headers.get('link'));
    if (iceServers.length > 0) {
      pc.setConfiguration({ ...pc.getConfiguration(), iceServers });
    }
    // Not before the POST: candidates are looked for with these ICE servers.
    await pc.setLocalDescription(offer);
    await pc.setRemoteDescription({ type: 'answer', sdp: answer });
    this.#answer = answer;
    this.#timer = setTimeout(() => this.#fail(new Error('No connection to the server')),
      this.#options.connectTimeoutMs);
  }

  #onConnection(run, state) {
    if (state === 'connected') {
      clearTimeout(this.#timer);
      this.#publishingAt = performance.now();
      this.#setState('publishing', 'Live');
    } else if (state === 'disconnected') {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#fail(new Error('The connection was lost')),
        this.#options.disconnectedMs);
      this.#restartIce(run).catch(() => { /* that deadline begins again */ });
    } else if (state === 'failed' || state === 'closed') {
      this.#fail(new Error('The connection was lost'));
    }
  }

  /** The same session by another way (RFC 9725 section 4.3.3). */
  async #restartIce(run) {
    const pc = this.#pc;
    if (pc.signalingState !== 'stable') {
      return; // one is under way
    }
    try {
      await pc.setLocalDescription(await pc.createOffer({ iceRestart: true }));
      const response = await fetch(this.#sessionUrl, {
        method: 'PATCH',
        headers: this.#headers({
          'Content-Type': 'application/trickle-ice-sdpfrag', 'If-Match': '*',
        }),
        body: trickleFragment(pc.localDescription.sdp, [], false),
        signal: AbortSignal.timeout(this.#options.disconnectedMs),
      });
      const fragment = await response.text();
      if (response.status === 200 && run === this.#run) {
        this.#answer = restartedAnswer(this.#answer, fragment);
        await pc.setRemoteDescription({ type: 'answer', sdp: this.#answer });
      }
    } finally {
      if (pc.signalingState === 'have-local-offer') {
        await pc.setLocalDescription({ type: 'rollback' });
      }
    }
  }

  /** What trying again cannot help ends it; everything else is waited for. */
  #fail(error) {
    clearTimeout(this.#timer);
    this.#end();
    this.#error = error;
    const status = error instanceof WhepError ? error.status : 0;
    if ([400, 401, 403, 404, 405, 415, 422].includes(status)) {
      this.#setState('failed', error.message);
      return;
    }
    if (this.#publishingAt > 0 &&
        performance.now() - this.#publishingAt > this.#options.settledMs) {
      this.#failures = 0;
    }
    this.#publishingAt = 0;
    const { backoffMinMs, backoffMaxMs } = this.#options;
    const pause = Math.min(backoffMaxMs, backoffMinMs * 2 ** this.#failures);
    this.#failures += 1;
    this.#setState('waiting', error.message);
    this.#timer = setTimeout(() => this.#begin(),
      retryAfterMs(error.retryAfter, pause * (0.75 + Math.random() / 2)));
  }

  #headers(more) {
    const { token } = this.#options;
    return { ...(token ? { Authorization: `Bearer ${token}` } : {}), ...more };
  }

  // --- endings ---------------------------------------------------------------

  /** Ends what there is of a session; resolves when the server knows. */
  async #end() {
    const url = this.#sessionUrl;
    this.#sessionUrl = null;
    this.#previous = null;
    const pc = this.#pc;
    this.#pc = null;
    if (url) {
      await this.#delete(url);
    }
    pc?.close();
  }

  #delete(url) {
    // keepalive lets the request outlive the page.
    return fetch(url, {
      method: 'DELETE', headers: this.#headers({}), keepalive: true,
      signal: AbortSignal.timeout(3000),
    }).then(() => undefined, () => undefined);
  }

  #onPageHide = () => {
    if (this.#sessionUrl) {
      this.stop('The page was left');
    }
  };

  #onOnline = () => {
    if (this.#state === 'waiting') {
      this.#begin();
    }
  };

  #setState(state, reason) {
    this.#state = state;
    this.#reason = reason;
    if (state !== 'failed' && state !== 'waiting') {
      this.#error = null;
    }
    this.dispatchEvent(new CustomEvent('state', { detail: { state, reason } }));
  }

  // --- statistics ------------------------------------------------------------

  /** Null while nothing is sent; rates are over the time since the last call. */
  async getStats() {
    const pc = this.#pc;
    if (!pc) {
      return null;
    }
    const seen = { at: 0, bytes: 0, packets: 0, resent: 0, lost: 0 };
    const result = {
      width: 0, height: 0, fps: null, codec: null, rttMs: null, availableBps: null,
      limitedBy: null,
    };
    const report = await pc.getStats();
    for (const stat of report.values()) {
      if (stat.type === 'outbound-rtp') {
        seen.at = stat.timestamp;
        seen.bytes += stat.bytesSent + (stat.headerBytesSent ?? 0);
        seen.packets += stat.packetsSent;
        seen.resent += stat.retransmittedPacketsSent ?? 0;
        if (stat.kind === 'video' && (stat.frameHeight ?? 0) >= result.height) {
          result.width = stat.frameWidth ?? 0;
          result.height = stat.frameHeight ?? 0;
          result.fps = stat.framesPerSecond ?? null;
          result.codec = report.get(stat.codecId)?.mimeType?.split('/')[1] ?? null;
          result.limitedBy = stat.qualityLimitationReason ?? null;
        }
      } else if (stat.type === 'remote-inbound-rtp') {
        seen.lost += stat.packetsLost ?? 0;
        if (stat.roundTripTime !== undefined) {
          result.rttMs = stat.roundTripTime * 1000;
        }
      } else if (stat.type === 'candidate-pair' && stat.nominated) {
        result.availableBps = stat.availableOutgoingBitrate ?? null;
        result.rttMs ??= stat.currentRoundTripTime === undefined
          ? null : stat.currentRoundTripTime * 1000;
      }
    }
    const before = this.#previous;
    const elapsed = before ? (seen.at - before.at) / 1000 : 0;
    this.#previous = seen;
    return {
      ...result,
      packetsSent: seen.packets, packetsLost: seen.lost, resent: seen.resent,
      bitrateBps: elapsed > 0 ? (seen.bytes - before.bytes) * 8 / elapsed : null,
    };
  }
}
