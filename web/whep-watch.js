// SPDX-License-Identifier: MIT
//
// MediaWatch: whether the media of a session is there, by what the browser has
// counted. It judges; what follows is the affair of its owner, whep-player.js.

import { countMedia } from './whep-stats.js';

/** Sound alone plays when the picture has not come so long after it. */
const SOUND_ALONE_MS = 3000;

export class MediaWatch {
  #session;
  #limits;
  #startedAt = performance.now();
  #packets = 0;
  #packetsAt = 0;
  #audioAt = 0;
  #playingAt = 0;
  #disconnectedAt = 0;
  #isActive = true; // as far as the server says
  #firstFrameMs = null;

  /** @param session a WhepSession   @param limits deadlines: options of WhepPlayer */
  constructor(session, limits) {
    this.#session = session;
    this.#limits = limits;
  }

  get isPlaying() { return this.#playingAt > 0; }
  get firstFrameMs() { return this.#firstFrameMs; }

  /** The session is agreed on: from now on packets are waited for. */
  onAnswer() { this.#packetsAt = performance.now(); }

  onFrame() { this.#firstFrameMs ??= performance.now() - this.#startedAt; }

  /** Of the peer connection. */
  onConnection(state) {
    this.#disconnectedAt = state === 'disconnected' ? performance.now() : 0;
  }

  /** The server says that the source is there, or has gone. */
  onActive(isActive) {
    this.#isActive = isActive;
    this.#packetsAt = performance.now();
  }

  /** What another watch of the same stream has waited for is there. */
  onPlaying() {
    this.#playingAt = performance.now();
    this.#packetsAt = this.#playingAt;
  }

  /** It has played for so long that whatever was wrong before is over. */
  get hasSettled() {
    return this.#playingAt > 0 && performance.now() - this.#playingAt > this.#limits.settledMs;
  }

  /** Whether there is something to see, or to hear. */
  async hasMedia() {
    const counts = await countMedia(this.#session.pc);
    this.#take(counts);
    return this.#isThere(counts);
  }

  /** What the counters say now: { state, reason }, where the state `lost` wants
   * another session; null: nothing has come yet, and may still. */
  async look() {
    const counts = await countMedia(this.#session.pc).catch(() => null);
    if (!counts || this.#session.over) {
      return null;
    }
    this.#take(counts);
    return this.#judge(counts);
  }

  #take({ packets, audioPackets }) {
    const now = performance.now();
    if (packets !== this.#packets) {
      this.#packets = packets;
      this.#packetsAt = now;
    }
    if (audioPackets > 0) {
      this.#audioAt ||= now;
    }
  }

  #judge(counts) {
    const { stallMs, noPacketsMs, connectTimeoutMs, disconnectedMs } = this.#limits;
    const now = performance.now();
    const silentMs = now - this.#packetsAt;
    if (this.#disconnectedAt && now - this.#disconnectedAt > disconnectedMs) {
      return { state: 'lost', reason: 'The connection was lost' };
    }
    if (!this.#isActive) {
      // The server keeps the session while it waits, and says when it does not.
      this.#packetsAt = now;
      return null;
    }
    if (silentMs > (this.#packets > 0 ? noPacketsMs : connectTimeoutMs)) {
      return { state: 'lost', reason: this.#packets > 0
        ? 'No media is arriving' : 'No media came; the network may block UDP' };
    }
    if (this.isPlaying && silentMs > stallMs) {
      return { state: 'waiting', reason: 'No media is arriving; the source may have paused' };
    }
    if (this.#disconnectedAt) {
      return { state: 'waiting', reason: 'The connection is interrupted' };
    }
    if (!this.isPlaying && this.#isThere(counts)) {
      this.#playingAt = now;
      this.onFrame();
    }
    return this.isPlaying ? { state: 'playing', reason: 'Playing' } : null;
  }

  #isThere({ framesDecoded }) {
    if (framesDecoded > 0 || this.#firstFrameMs !== null) {
      return true;
    }
    const isVideoAgreed = this.#session.pc.getTransceivers().some((t) =>
      t.receiver.track.kind === 'video' && t.currentDirection === 'recvonly');
    // Sound alone is all there is, or all that came: better than a black screen
    // that says it is connecting.
    return this.#audioAt > 0 &&
      (!isVideoAgreed || performance.now() - this.#audioAt > SOUND_ALONE_MS);
  }
}
