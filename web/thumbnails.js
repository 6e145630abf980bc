// SPDX-License-Identifier: MIT
//
// Pictures of what mountpoints play: only where the page shows them, and never
// many at a time. A mountpoint without one has a quiet placeholder.

const EVERY_MS = 10000; // for each that is seen
const GAP_MS = 250; // between any two requests
const AT_A_TIME = 2;
const AFTER_FAILURE_MS = 30000;
const LOOK_MS = 500;
/** Twice what is shown, for dense screens; two sizes, that the server may keep. */
const WIDTHS = { small: 320, large: 960 };

export class Thumbnails {
  #api;
  #places = new Map(); // <img> -> { id, width, isLive, isSeen, nextAt }
  #observer;
  #inFlight = 0;
  #lastAt = 0;
  #timer;

  /** How many pictures were asked for: a test looks at it. */
  asked = 0;

  constructor(api) {
    this.#api = api;
    this.#observer = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) {
        const place = this.#places.get(target.querySelector('img'));
        if (place) {
          place.isSeen = isIntersecting;
        }
      }
      this.#look();
    }, { rootMargin: '120px 0px' });
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
  }

  /** An <img> in a box of its own that is to show what `id` plays; the box is what is
   * looked at, because a picture that is not there is seen nowhere.
   * @param size small or large */
  add(image, id, size = 'small') {
    this.#places.set(image, {
      id, width: WIDTHS[size], isLive: false, isSeen: false, nextAt: 0,
    });
    this.#observer.observe(image.parentElement);
  }

  setLive(image, isLive) {
    const place = this.#places.get(image);
    if (!place || place.isLive === isLive) {
      return;
    }
    place.isLive = isLive;
    place.nextAt = 0;
    if (!isLive) {
      // What was seen last is no longer what is there.
      image.dataset.stale = '';
    }
  }

  remove(image) {
    this.#places.delete(image);
    this.#observer.unobserve(image.parentElement);
    clear(image);
  }

  stop() {
    clearInterval(this.#timer);
    this.#observer.disconnect();
    [...this.#places.keys()].forEach(clear);
    this.#places.clear();
  }

  #look() {
    const now = performance.now();
    if (document.hidden || this.#inFlight >= AT_A_TIME || now - this.#lastAt < GAP_MS) {
      return;
    }
    let next = null;
    for (const [image, place] of this.#places) {
      if (place.isLive && place.isSeen && place.nextAt <= now
          && (!next || place.nextAt < next[1].nextAt)) {
        next = [image, place];
      }
    }
    if (next) {
      this.#lastAt = now;
      this.#fetch(...next);
    }
  }

  async #fetch(image, place) {
    this.#inFlight += 1;
    this.asked += 1;
    place.nextAt = Infinity;
    let waitMs = EVERY_MS;
    try {
      show(image, await this.#api.snapshot(place.id, place.width));
    } catch (error) {
      // 404, 409 and 503 are answers like others: there is none now.
      waitMs = Math.max(AFTER_FAILURE_MS, (error.retryAfterS ?? 0) * 1000);
      image.dataset.stale = '';
    }
    place.nextAt = performance.now() + waitMs;
    this.#inFlight -= 1;
    setTimeout(() => this.#look(), GAP_MS);
  }
}

function show(image, blob) {
  clear(image);
  image.src = URL.createObjectURL(blob);
  image.hidden = false;
  delete image.dataset.stale;
}

function clear(image) {
  if (image.src) {
    URL.revokeObjectURL(image.src);
    image.removeAttribute('src');
  }
  image.hidden = true;
}
