// SPDX-License-Identifier: MIT
//
// What the page knows of every mountpoint: the object of the API, kept true by
// the events of the server, and `live`, the numbers that move. Whoever shows it
// hears once a frame which ids have changed.

const SETTLE_MS = 150;
const AT_ONCE = 12; // more than so many at a time: the list costs less
const SECOND_LOOK_MS = 5000; // what a stream is, shows only some time after it began
const SLOW_REFRESH_MS = 60000; // what no event tells, such as another's edit

export class MountpointStore extends EventTarget {
  #api;
  #items = new Map();
  #changed = new Set();
  #wanted = new Set();
  #frame = 0;
  #settle = 0;
  #slow = 0;
  #later = new Map();
  #isLoading = false;
  #loaded = false;

  constructor(api) {
    super();
    this.#api = api;
  }

  /** FALSE until the first list is there. */
  get isLoaded() { return this.#loaded; }
  get size() { return this.#items.size; }
  get(id) { return this.#items.get(id); }
  values() { return this.#items.values(); }

  get viewers() {
    let sum = 0;
    for (const { viewers } of this.#items.values()) {
      sum += viewers ?? 0;
    }
    return sum;
  }

  /** Everything anew. Throws an ApiError. */
  async load() {
    if (this.#isLoading) {
      return;
    }
    this.#isLoading = true;
    try {
      const items = await this.#api.mountpoints();
      const ids = new Set(items.map(({ id }) => id));
      for (const id of this.#items.keys()) {
        if (!ids.has(id)) {
          this.#remove(id);
        }
      }
      items.forEach((item) => this.put(item));
      if (!this.#loaded) {
        this.#loaded = true;
        this.#notify();
      }
    } finally {
      this.#isLoading = false;
      clearTimeout(this.#slow);
      this.#slow = setTimeout(() => this.load().catch(() => {}), SLOW_REFRESH_MS);
    }
  }

  /** One mountpoint as the API gave it. */
  put(item) {
    const known = this.#items.get(item.id);
    this.#items.set(item.id, { ...item, live: known?.live ?? null });
    this.#touch(item.id);
  }

  /** A message of the event stream. */
  apply(event, data) {
    switch (event) {
      case 'mountpoint':
        this.#applyState(data);
        break;
      case 'switch':
        this.#want(data.id);
        break;
      case 'removed':
        this.#remove(data.id);
        break;
      case 'figures':
        this.#applyFigures(data.mountpoints);
        break;
      default: // of a newer server
    }
  }

  stop() {
    clearTimeout(this.#slow);
    clearTimeout(this.#settle);
    cancelAnimationFrame(this.#frame);
    this.#later.forEach((timer) => clearTimeout(timer));
    this.#later.clear();
  }

  #remove(id) {
    this.#items.delete(id);
    this.#wanted.delete(id);
    this.#touch(id);
  }

  #applyState(data) {
    const known = this.#items.get(data.id);
    if (!known) {
      // While the first list is on its way it is in there.
      if (this.#loaded) {
        this.#want(data.id);
      }
      return;
    }
    const stateChanged = known.state !== data.state;
    if (stateChanged || known.reason !== data.reason || known.viewers !== data.viewers) {
      this.#items.set(data.id, {
        ...known, state: data.state, reason: data.reason, viewers: data.viewers,
        live: data.state === 'live' ? known.live : null,
        since: stateChanged ? new Date().toISOString() : known.since,
      });
      this.#touch(data.id);
    }
    if (stateChanged) {
      this.#want(data.id);
      if (data.state === 'live') {
        this.#wantLater(data.id);
      }
    }
  }

  #applyFigures(figures) {
    for (const now of figures) {
      const item = this.#items.get(now.id);
      if (item) {
        const live = { ...now, loss: recentLoss(item.live, now) };
        this.#items.set(now.id, { ...item, live });
        this.#touch(now.id);
      }
    }
  }

  // --- asking for more ---------------------------------------------------------

  #want(id) {
    this.#wanted.add(id);
    clearTimeout(this.#settle);
    this.#settle = setTimeout(() => this.#fetchWanted(), SETTLE_MS);
  }

  #wantLater(id) {
    clearTimeout(this.#later.get(id));
    this.#later.set(id, setTimeout(() => {
      this.#later.delete(id);
      this.#want(id);
    }, SECOND_LOOK_MS));
  }

  async #fetchWanted() {
    const ids = [...this.#wanted];
    this.#wanted.clear();
    if (ids.length > AT_ONCE) {
      await this.load().catch(() => {});
      return;
    }
    for (const id of ids) {
      await this.#api.mountpoint(id).then((item) => this.put(item), (error) => {
        if (error.status === 404) {
          this.#remove(id);
        }
      });
    }
  }

  // --- telling -------------------------------------------------------------------

  #touch(id) {
    this.#changed.add(id);
    this.#notify();
  }

  #notify() {
    if (!this.#frame) {
      this.#frame = requestAnimationFrame(() => {
        const ids = this.#changed;
        this.#changed = new Set();
        this.#frame = 0;
        this.dispatchEvent(new CustomEvent('change', { detail: { ids } }));
      });
    }
  }
}

/** Of what came since the figures before these; null when nothing was expected. */
function recentLoss(before, now) {
  const packets = now.packets - (before?.packets ?? now.packets);
  const lost = now.lost - (before?.lost ?? now.lost);
  const expected = packets + lost;
  return expected > 0 && lost >= 0 && packets >= 0 ? lost / expected : before?.loss ?? null;
}
