// SPDX-License-Identifier: MIT
//
// Small things that pages are made of.

export function make(tag, className, text) {
  const node = document.createElement(tag);
  node.className = className;
  if (text !== undefined) {
    node.textContent = text;
  }
  return node;
}

/** Change what differs only: a selection or the focus must survive a poll. */
export function setText(node, text) {
  if (node.textContent !== text) {
    node.textContent = text;
  }
}

export function plural(count, one) {
  return `${count} ${one}${count === 1 ? '' : 's'}`;
}

/** What a browser will not like, and what helps. */
export function fillFindings(card, findings) {
  const key = JSON.stringify(findings);
  if (card.findingsKey === key) {
    return;
  }
  card.findingsKey = key;
  card.findings.hidden = findings.length === 0;
  card.findings.replaceChildren(...findings.map(({ severity, media, text, fix }) => {
    const line = make('li', `finding ${severity}`);
    line.append(make('strong', '', media ? `${severity}, ${media}: ` : `${severity}: `), text);
    if (fix) {
      line.append(make('span', 'fix', fix));
    }
    return line;
  }));
}
