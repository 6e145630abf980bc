// SPDX-License-Identifier: MIT
//
// A line plot as SVG text, for light and dark pages alike: the colours of text and lines
// follow prefers-color-scheme, those of the curves are read on both.

const WIDTH = 760;
const HEIGHT = 420;
const LEFT = 64;
const RIGHT = 24;
const TOP = 56;
const BOTTOM = 58;
const COLOURS = ['#1f8f5f', '#d9632a', '#3f7fd0', '#a35bb5', '#8a8a2a'];
const DASHES = ['', '6 4', '2 3', '9 3 2 3', '12 4'];

const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #24292f }
  .title { font-size: 15px; font-weight: 600 }
  .grid { stroke: #d0d7de; stroke-width: 1 }
  .axis { stroke: #57606a; stroke-width: 1.2 }
  .end { fill: #ffffff }
  @media (prefers-color-scheme: dark) {
    text { fill: #d7dde3 }
    .grid { stroke: #30363d }
    .axis { stroke: #8b949e }
    .end { fill: #0d1117 }
  }`;

function escape(text) {
  return String(text).replace(/[&<>"]/g,
    (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]);
}

/** 1, 2 or 5 times a power of ten, so that there are at most eight lines. */
export function niceStep(most) {
  const raw = most / 8;
  const power = 10 ** Math.floor(Math.log10(raw));
  return power * [1, 2, 5, 10].find((factor) => factor * power >= raw);
}

function ticks(most) {
  const step = niceStep(most);
  return Array.from({ length: Math.floor(most / step + 1e-9) + 1 }, (_, i) => i * step);
}

class Plot {
  constructor({ mostX, mostY }) {
    this.x = (value) => LEFT + value / mostX * (WIDTH - LEFT - RIGHT);
    this.y = (value) => HEIGHT - BOTTOM - value / mostY * (HEIGHT - TOP - BOTTOM);
    this.mostX = mostX;
    this.mostY = mostY;
    this.parts = [];
  }

  add(text) { this.parts.push(text); }

  text(x, y, text, attributes = '') {
    this.add(`<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${attributes}>${escape(text)}</text>`);
  }

  line(x1, y1, x2, y2, name) {
    this.add(`<line x1="${x1.toFixed(1)}" y1="${y1.toFixed(1)}" x2="${x2.toFixed(1)}" `
      + `y2="${y2.toFixed(1)}" class="${name}"/>`);
  }

  axes(labelX, labelY) {
    for (const value of ticks(this.mostX)) {
      this.line(this.x(value), this.y(0), this.x(value), this.y(0) + 5, 'axis');
      this.text(this.x(value), this.y(0) + 20, value.toLocaleString('en'),
        'text-anchor="middle"');
    }
    for (const value of ticks(this.mostY)) {
      this.line(LEFT, this.y(value), WIDTH - RIGHT, this.y(value), 'grid');
      this.text(LEFT - 8, this.y(value) + 4, value.toLocaleString('en'), 'text-anchor="end"');
    }
    this.line(LEFT, this.y(0), WIDTH - RIGHT, this.y(0), 'axis');
    this.line(LEFT, this.y(0), LEFT, TOP, 'axis');
    this.text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14, labelX, 'text-anchor="middle"');
    const middle = (TOP + HEIGHT - BOTTOM) / 2;
    this.text(18, middle, labelY,
      `text-anchor="middle" transform="rotate(-90 18 ${middle.toFixed(1)})"`);
  }

  /** A point where something was lost is hollow. */
  curve({ points }, colour, dash) {
    const path = points.map(({ x, y }, i) =>
      `${i === 0 ? 'M' : 'L'}${this.x(x).toFixed(1)} ${this.y(y).toFixed(1)}`).join(' ');
    this.add(`<path d="${path}" fill="none" stroke="${colour}" stroke-width="2.2"`
      + `${dash ? ` stroke-dasharray="${dash}"` : ''}/>`);
    for (const { x, y, good } of points) {
      this.add(`<circle cx="${this.x(x).toFixed(1)}" cy="${this.y(y).toFixed(1)}" r="4" `
        + `stroke="${colour}" stroke-width="2" `
        + `${good ? `fill="${colour}"` : 'class="end"'}/>`);
    }
  }

  /** Each curve's name at its end, in its colour, apart from each other. */
  names(series) {
    const ends = series.map(({ name, points }, i) => {
      const { x, y } = points.at(-1);
      const late = this.x(x) > LEFT + 0.7 * (WIDTH - LEFT - RIGHT);
      return {
        name, late, colour: COLOURS[i % COLOURS.length],
        x: this.x(x) + (late ? -12 : 12), y: this.y(y) + (late ? -6 : 4),
      };
    }).toSorted((a, b) => a.y - b.y);
    ends.forEach((end, i) => {
      const above = ends.slice(0, i).filter(({ late }) => late === end.late).at(-1);
      end.y = above ? Math.max(end.y, above.y + 18) : end.y;
      this.text(end.x, end.y, end.name, `text-anchor="${end.late ? 'end' : 'start'}" `
        + `style="fill:${end.colour};font-weight:600"`);
    });
  }
}

/**
 * @param {object} plot title, subtitle, labelX, labelY,
 *   series: [{ name, points: [{ x, y, good }] }]
 * @returns {string} the SVG
 */
export function drawPlot({ title, subtitle, labelX, labelY, series }) {
  const drawn = series.filter((one) => one.points.length > 0);
  const points = drawn.flatMap((one) => one.points);
  const plot = new Plot({
    mostX: Math.max(1, ...points.map(({ x }) => x)) * 1.04,
    mostY: Math.max(1, ...points.map(({ y }) => y)) * 1.08,
  });
  plot.text(LEFT, 22, title, 'class="title"');
  plot.text(LEFT, 42, subtitle);
  plot.axes(labelX, labelY);
  drawn.forEach((one, i) => plot.curve(one, COLOURS[i % COLOURS.length],
    DASHES[i % DASHES.length]));
  plot.names(drawn);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" `
    + `role="img" aria-label="${escape(title)}">\n<style>${STYLE}\n</style>\n`
    + `${plot.parts.join('\n')}\n</svg>\n`;
}
