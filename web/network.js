// SPDX-License-Identifier: MIT
//
// What viewers are told about where the server is, and who can reach that; a part
// of the front page. Of GET /api/v1/server: `candidates` and `network`.

import { fillFindings, make, plural, setText } from './parts.js';

const place = ({ address, port, protocol }) =>
  `${address.includes(':') ? `[${address}]` : address}:${port} ${protocol}`;

/** @param card root: a <details> with summary, list and findings in it */
export function showNetwork(card, { candidates, network }) {
  const { root, summary, list } = card;
  const warnings = network.findings.filter(({ severity }) => severity !== 'note');
  root.hidden = false;
  setText(summary, [
    `Viewers are told ${candidates.map(place)[0] ?? 'no address'}`,
    candidates.length > 1 ? `${candidates.length - 1} more` : '',
    network.ice_servers.length > 0 ? plural(network.ice_servers.length, 'ICE server') : '',
    warnings.length > 0 ? plural(warnings.length, 'warning') : '',
  ].filter(Boolean).join(' · '));
  const lines = [
    ...candidates.map((one) => [place(one), one.name ?? one.interface, one.reachable]),
    ...network.ice_servers.map((url) => [url, null, 'told to viewers and publishers']),
    // Every interface has a link-local one, which is never told.
    ...network.skipped.filter(({ address }) => !/^fe[89ab]/i.test(address))
      .map((one) => [one.address, one.interface, `not told: ${one.reason}`]),
  ];
  const key = JSON.stringify(lines);
  if (list.dataset.key !== key) {
    list.dataset.key = key;
    list.replaceChildren(...lines.map(([what, where, reach]) => {
      const line = make('li', '');
      line.append(make('code', '', what), where ? ` (${where}) ` : ' ', make('span', 'reach', reach));
      return line;
    }));
  }
  // A warning is seen without opening anything, once.
  if (warnings.length > 0 && root.dataset.warned === undefined) {
    root.dataset.warned = '';
    root.open = true;
  }
  fillFindings(card, network.findings);
}
