// SPDX-License-Identifier: MIT
//
// A question before what cannot be undone. The button that does nothing has the
// focus.

import { setText } from './parts.js';

export class ConfirmDialog {
  #dialog;

  /** @param dialog a <dialog> with a form of method=dialog in it, in index.html */
  constructor(dialog) {
    this.#dialog = dialog;
  }

  /** Resolves to whether it was confirmed. */
  ask({ title, text, verb }) {
    const part = (name) => this.#dialog.querySelector(`[data-part="${name}"]`);
    setText(part('title'), title);
    setText(part('text'), text);
    setText(part('yes'), verb);
    this.#dialog.returnValue = '';
    this.#dialog.showModal();
    part('no').focus();
    return new Promise((resolve) => {
      this.#dialog.addEventListener('close',
        () => resolve(this.#dialog.returnValue === 'yes'), { once: true });
    });
  }
}
