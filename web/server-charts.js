// SPDX-License-Identifier: MIT
//
// The four numbers that tell how the server is: of the `figures` of its event
// stream, which count from its start, as rates between two of them.

import { Chart } from './chart.js';
import { bitrate, milliseconds, NONE } from './units.js';

const FEW_PACKETS = 200; // a processor's time over fewer says nothing

const microseconds = (us) => us === null ? NONE : `${us.toFixed(us < 10 ? 1 : 0)} µs`;
const whole = (value) => value === null ? NONE : String(value);

export class ServerCharts {
  #last = null;
  #charts = {
    viewers: new Chart('Viewers', 'Who watches now, of all mountpoints', whole),
    egress: new Chart('Egress', 'What is sent to viewers', (bps) => bitrate(bps ?? NaN)),
    join: new Chart('Join time',
      'From a viewer\'s request to its first packet: the mean of those who came', (ms) =>
        milliseconds(ms ?? NaN)),
    cpu: new Chart('CPU per packet',
      'Processor time of the whole server for each packet it sends', microseconds),
  };

  /** @param {Element} root gets the charts */
  constructor(root) {
    root.replaceChildren(...Object.values(this.#charts).map((chart) => chart.root));
  }

  add(figures, viewers) {
    const last = this.#last;
    this.#last = figures;
    if (!last || figures.uptime_ms <= last.uptime_ms) {
      this.#charts.viewers.add(viewers);
      return; // the first, or of a server that was started again
    }
    const since = (name) => figures[name] - last[name];
    const joins = since('joins');
    const packets = since('datagrams_out');
    this.#charts.viewers.add(viewers);
    this.#charts.egress.add(since('bytes_out') * 8000 / since('uptime_ms'));
    this.#charts.join.add(joins > 0 ? since('waited_ms') / joins : null);
    this.#charts.cpu.add(packets >= FEW_PACKETS ? since('cpu_ms') * 1000 / packets : null);
  }

  clear() {
    this.#last = null;
    Object.values(this.#charts).forEach((chart) => chart.clear());
  }
}
