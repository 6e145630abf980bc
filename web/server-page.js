// SPDX-License-Identifier: MIT
//
// The server itself: how long it runs, what it uses, what is wrong with what it was
// given, and where viewers are told it is.

import { showNetwork } from './network.js';
import { make, plural, setText } from './parts.js';
import { duration } from './units.js';

const EVERY_MS = 10000;

const mebibytes = (bytes) => `${Math.round(bytes / 1048576)} MiB`;

function factsOf(server) {
  const { process, engine, limits } = server;
  return [
    ['Version', server.version],
    ['Running for', duration(server.uptime_ms)],
    ['Memory', mebibytes(process.rss_bytes)],
    ['Threads', String(process.threads)],
    ['Open files', `${process.descriptors} of ${process.descriptors_max}`],
    ['Lane', server.lane],
    ['Viewers, at most', limits.max_viewers > 0 ? String(limits.max_viewers) : 'as many as come'],
    ['UDP port', String(engine.udp_port)],
    ['TCP port', engine.tcp_port ? String(engine.tcp_port) : 'none'],
    ...server.problems.map((problem) => ['Problem', problem]),
  ];
}

export class ServerPage {
  #api;
  #ui;
  #timer = 0;
  #isOpen = false;

  /** @param ui root, facts, network (for network.js), warnings: elements */
  constructor(api, ui) {
    this.#api = api;
    this.#ui = ui;
  }

  /** Also without being open: the number of warnings is always seen. */
  async refresh() {
    clearTimeout(this.#timer);
    const server = await this.#api.server().catch(() => null);
    if (server) {
      this.#show(server);
    }
    if (this.#isOpen) {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.refresh(), EVERY_MS);
    }
  }

  open() {
    this.#isOpen = true;
    this.#ui.root.hidden = false;
    this.#ui.root.querySelector('h2').focus({ preventScroll: true });
    this.refresh();
  }

  close() {
    this.#isOpen = false;
    this.#ui.root.hidden = true;
    clearTimeout(this.#timer);
  }

  #show(server) {
    const { facts, warnings, network } = this.#ui;
    const rows = factsOf(server);
    const found = server.network.findings.filter(({ severity }) => severity !== 'note').length
      + server.problems.length;
    facts.replaceChildren(...rows.flatMap(([name, value]) =>
      [make('dt', '', name), make('dd', '', value)]));
    warnings.hidden = found === 0;
    setText(warnings, String(found));
    warnings.setAttribute('aria-label', plural(found, 'warning'));
    showNetwork(network, server);
  }
}
