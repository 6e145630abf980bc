// SPDX-License-Identifier: MIT
//
// Tabs as the ARIA practices describe them: arrow keys go from one to the next.

import { make } from './parts.js';

let lastId = 0;

/** @param {{ name: string, content: Node[] }[]} pages */
export function makeTabs(label, pages) {
  const root = make('div', 'tabs');
  const list = make('div', 'tab-list');
  list.setAttribute('role', 'tablist');
  list.setAttribute('aria-label', label);
  const entries = pages.map(({ name, content }) => {
    lastId += 1;
    const tab = make('button', 'tab', name);
    const panel = make('div', 'tab-panel');
    Object.assign(tab, { type: 'button', id: `tab-${lastId}` });
    tab.setAttribute('role', 'tab');
    tab.setAttribute('aria-controls', `panel-${lastId}`);
    panel.id = `panel-${lastId}`;
    panel.setAttribute('role', 'tabpanel');
    panel.setAttribute('aria-labelledby', tab.id);
    panel.append(...content);
    return { name, tab, panel };
  });
  const choose = (index, focus) => entries.forEach(({ tab, panel }, at) => {
    const chosen = at === index;
    tab.setAttribute('aria-selected', String(chosen));
    tab.tabIndex = chosen ? 0 : -1;
    panel.hidden = !chosen;
    if (chosen && focus) {
      tab.focus();
    }
  });
  entries.forEach(({ tab }, index) => {
    tab.addEventListener('click', () => choose(index, false));
    tab.addEventListener('keydown', ({ key }) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
      if (step) {
        choose((index + step + entries.length) % entries.length, true);
      }
    });
  });
  choose(0, false);
  list.append(...entries.map(({ tab }) => tab));
  root.append(list, ...entries.map(({ panel }) => panel));
  return root;
}
