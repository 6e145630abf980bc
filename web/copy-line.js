// SPDX-License-Identifier: MIT
//
// A line to paste elsewhere, and the button that copies it.

import { make, setText } from './parts.js';

async function copy(code, button) {
  try {
    await navigator.clipboard.writeText(code.textContent);
    setText(button, 'Copied');
  } catch {
    // No clipboard on plain http: select it, so that one key press copies.
    getSelection().selectAllChildren(code);
    setText(button, 'Selected');
  }
  setTimeout(() => setText(button, 'Copy'), 1500);
}

/** @param {string} what names it for those who do not see it */
export function copyLine(text, what) {
  const root = make('div', 'push');
  const code = make('code', '', text);
  const button = make('button', 'plain', 'Copy');
  button.type = 'button';
  button.setAttribute('aria-label', `Copy ${what}`);
  button.addEventListener('click', () => copy(code, button));
  root.append(code, button);
  return root;
}
