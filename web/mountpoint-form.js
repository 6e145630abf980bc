// SPDX-License-Identifier: MIT
//
// Make or edit a mountpoint, in a dialog. What the server refuses is shown in its
// own words beside the field that it names.

import { makeField } from './form-fields.js';
import { COMMON_FIELDS, ID_FIELD, kindOf, KINDS, TITLE_FIELD } from './mountpoint-kinds.js';
import { make, setText } from './parts.js';

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

export class MountpointForm {
  #api;
  #dialog;
  #ui;
  #item = null;
  #kind = KINDS[0];
  #fields = [];
  #first = new Map(); // what a field said when it was made
  #kept = new Map(); // what was written, while kinds are tried out
  #done = null;

  /** @param dialog a <dialog> with the parts named below, in index.html */
  constructor(api, dialog) {
    this.#api = api;
    this.#dialog = dialog;
    const part = (name) => dialog.querySelector(`[data-part="${name}"]`);
    this.#ui = Object.fromEntries(['form', 'title', 'kinds', 'fields', 'advanced', 'more',
      'error', 'note', 'save', 'cancel'].map((name) => [name, part(name)]));
    // Set, not added: the dialog outlives the form.
    this.#ui.form.onsubmit = (event) => this.#submit(event);
    this.#ui.cancel.onclick = () => dialog.close();
  }

  /** @param {(item: object, given: object) => void} done what the server made, and
   *   what it was given: tokens are shown this once */
  create(done) {
    this.#open(null, KINDS[0], done);
    setText(this.#ui.title, 'New mountpoint');
    setText(this.#ui.save, 'Create');
  }

  edit(item, done) {
    this.#open(item, kindOf(item.kind), done);
    setText(this.#ui.title, `Edit ${item.title || item.id}`);
    setText(this.#ui.save, 'Save');
  }

  #open(item, kind, done) {
    this.#item = item;
    this.#done = done;
    this.#kept.clear();
    this.#ui.kinds.hidden = item !== null;
    this.#ui.advanced.open = false;
    setText(this.#ui.note, item ? 'A change of the source starts it anew, and ends its viewers.' : '');
    this.#say('');
    if (!item) {
      this.#showKinds();
    }
    this.#showFields(kind);
    this.#dialog.showModal();
    this.#fields[0].control.focus();
  }

  #showKinds() {
    const legend = make('legend', '', 'Where it comes from');
    this.#ui.kinds.replaceChildren(legend, ...KINDS.map((one) => {
      const label = make('label', 'kind-choice');
      const radio = make('input', '');
      Object.assign(radio, { type: 'radio', name: 'kind', value: one.kind, checked: one === KINDS[0] });
      radio.addEventListener('change', () => this.#showFields(one));
      label.append(radio, make('strong', '', one.name), make('span', 'help', one.hint));
      return label;
    }));
  }

  #showFields(kind) {
    this.#fields.forEach(({ name, control }) => this.#kept.set(name, control.value));
    this.#kind = kind;
    const specs = [...(this.#item ? [] : [ID_FIELD]), TITLE_FIELD, ...kind.fields,
      ...COMMON_FIELDS];
    this.#fields = specs.map((spec) => makeField(spec, this.#item));
    for (const { name, control } of this.#fields) {
      if (['id', 'title', 'watch_token', 'publish_token'].includes(name) && this.#kept.get(name)) {
        control.value = this.#kept.get(name);
      }
    }
    this.#first = new Map(this.#fields.map(({ name, value }) => [name, value()]));
    const roots = (advanced) => this.#fields
      .filter(({ spec }) => Boolean(spec.advanced) === advanced).map(({ root }) => root);
    this.#ui.fields.replaceChildren(...roots(false));
    this.#ui.more.replaceChildren(...roots(true));
  }

  /** What the server is to be told: all of a new one, of an old one the changes. */
  #values() {
    const values = {};
    for (const { name, spec, value } of this.#fields) {
      const now = value();
      const isUntold = this.#item ? same(now, this.#first.get(name))
        : now === '' || now === spec.fallback;
      if (spec.type !== 'track' && !isUntold) {
        values[name] = now;
      }
    }
    this.#addTracks(values);
    return this.#item ? values : { kind: this.#kind.kind, ...values };
  }

  #addTracks(values) {
    const fields = this.#fields.filter(({ spec }) => spec.type === 'track');
    const changed = fields.some(({ name, value }) => !same(value(), this.#first.get(name)));
    if (fields.length > 0 && !values.sdp && (!this.#item || changed)) {
      values.tracks = fields.map(({ value }) => value()).filter(Boolean);
    }
  }

  async #submit(event) {
    event.preventDefault();
    const values = this.#values();
    this.#say('');
    if (this.#item && Object.keys(values).length === 0) {
      this.#dialog.close();
      return;
    }
    this.#ui.save.disabled = true;
    try {
      const item = this.#item ? await this.#api.edit(this.#item.id, values)
        : await this.#api.create(values);
      this.#dialog.close();
      this.#done(item, values);
    } catch (error) {
      this.#refuse(error.message);
    } finally {
      this.#ui.save.disabled = false;
    }
  }

  /** The server names keys with dashes, as the configuration does, or underscores. */
  #refuse(message) {
    const words = message.toLowerCase().replaceAll('_', '-').split(/[^a-z0-9-]+/);
    const field = this.#fields.find(({ name }) => words.includes(name.replaceAll('_', '-')));
    this.#say(message);
    if (field) {
      this.#ui.advanced.open ||= Boolean(field.spec.advanced);
      field.control.setAttribute('aria-invalid', 'true');
      field.control.focus();
    } else {
      this.#ui.error.scrollIntoView({ block: 'nearest' });
    }
  }

  #say(text) {
    setText(this.#ui.error, text);
    this.#ui.error.hidden = text === '';
    this.#fields.forEach(({ control }) => control.removeAttribute('aria-invalid'));
  }
}
