// SPDX-License-Identifier: MIT
//
// Poster: the picture in a <video> until its first frame: the newest still of the
// stream, where the server has one for its viewers, or one that the page chose.

export class Poster {
  #video;
  #wish;
  #shown = null; // the URL of what was put there
  #abort = null; // of the request for a still

  /**
   * @param {HTMLVideoElement|null} video  one with a poster of its own keeps it
   * @param {boolean|string} wish  true: a still of the stream; a URL: that picture
   */
  constructor(video, wish) {
    this.#video = video;
    this.#wish = video?.hasAttribute('poster') === false && wish;
    this.reset();
  }

  /** There is no session: what was chosen is shown, if anything was. */
  reset() {
    this.clear();
    if (typeof this.#wish === 'string') {
      this.#show(this.#wish);
    }
  }

  /** @param session a WhepSession that is agreed on */
  async showStill(session) {
    if (this.#wish !== true) {
      return;
    }
    const abort = new AbortController();
    this.#abort = abort;
    const still = await session.fetchStill(abort.signal);
    if (still && !abort.signal.aborted) {
      this.#show(URL.createObjectURL(still));
    }
  }

  /** There is something better to see. */
  clear() {
    this.#abort?.abort();
    this.#abort = null;
    if (this.#shown !== null) {
      this.#video.removeAttribute('poster');
      URL.revokeObjectURL(this.#shown);
      this.#shown = null;
    }
  }

  #show(url) {
    this.#shown = url;
    this.#video.poster = url;
  }
}
