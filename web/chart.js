// SPDX-License-Identifier: MIT
//
// One line that moves: the last five minutes of a number, its present value in
// words beside it. The line is decoration; the words are what is read.

import { make, setText } from './parts.js';

const SVG = 'http://www.w3.org/2000/svg';
const SAMPLES = 150; // two seconds apart
const FEW = 30; // a chart that was just opened is not drawn in a corner
const WIDTH = 300;
const HEIGHT = 60;

function svg(tag, attributes) {
  const node = document.createElementNS(SVG, tag);
  Object.entries(attributes).forEach(([name, value]) => node.setAttribute(name, value));
  return node;
}

export class Chart {
  #values = [];
  #format;
  #value = make('strong', 'chart-value', '–');
  #peak = make('span', 'chart-peak', '');
  #line = svg('path', { class: 'chart-line' });
  #area = svg('path', { class: 'chart-area' });

  /**
   * @param {string} title
   * @param {string} hint what the number means, in a sentence
   * @param {(value: number|null) => string} format
   */
  constructor(title, hint, format) {
    this.#format = format;
    this.root = make('figure', 'card chart');
    this.root.title = hint;
    const head = make('figcaption', 'chart-head');
    head.append(make('span', 'chart-title', title), this.#value);
    const picture = svg('svg', {
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', 'aria-hidden': 'true',
    });
    picture.append(this.#area, this.#line);
    this.root.append(head, picture, this.#peak);
  }

  /** @param {number|null} value null: there is nothing to say of these 2 s */
  add(value) {
    this.#values.push(value);
    this.#values.splice(0, this.#values.length - SAMPLES);
    setText(this.#value, this.#format(this.#values.findLast((one) => one !== null) ?? null));
    this.#draw();
  }

  clear() {
    this.#values = [];
    setText(this.#value, '–');
    this.#draw();
  }

  #draw() {
    const known = this.#values.filter((value) => value !== null);
    const peak = Math.max(0, ...known);
    setText(this.#peak, known.length > 1 ? `peak ${this.#format(peak)}` : '');
    const span = Math.max(FEW, this.#values.length);
    const first = span - this.#values.length;
    const points = this.#values.flatMap((value, index) => value === null ? []
      : [[(first + index) * WIDTH / (span - 1),
        HEIGHT - 2 - (peak > 0 ? value / peak : 0) * (HEIGHT - 8)]]);
    const path = points.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join('L');
    this.#line.setAttribute('d', path ? `M${path}` : '');
    this.#area.setAttribute('d', points.length > 1
      ? `M${points[0][0].toFixed(1)} ${HEIGHT}L${path}L${points.at(-1)[0].toFixed(1)} ${HEIGHT}Z`
      : '');
  }
}
