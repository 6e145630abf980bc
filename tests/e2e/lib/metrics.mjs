// SPDX-License-Identifier: MIT
//
// A reader of Prometheus's text format 0.0.4 that forgives nothing: what it takes
// without a word is what any Prometheus takes.

import assert from 'node:assert/strict';

import { request } from './http.mjs';

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LABEL = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"/;
const NUMBER = /^(?:[+-]?Inf|NaN|[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/;
const TYPES = ['counter', 'gauge', 'histogram'];
const ESCAPES = { n: '\n', '"': '"', '\\': '\\' };

function parseNumber(text) {
  assert.match(text, NUMBER, `"${text}" is no number`);
  return Number(text.replace('Inf', 'Infinity'));
}

/** `a="b",c="d"}` -> [labels, what follows the brace] */
function parseLabels(text) {
  const labels = {};
  let rest = text;
  while (!rest.startsWith('}')) {
    const match = LABEL.exec(rest);
    assert.ok(match, `no label at ${rest}`);
    const [all, name, value] = match;
    assert.ok(!(name in labels), `label ${name} twice`);
    labels[name] = value.replace(/\\(.)/g, (_, escaped) => ESCAPES[escaped]);
    rest = rest.slice(all.length);
    assert.match(rest, /^(,(?!})|})/, `neither comma nor brace at ${rest}`);
    rest = rest.replace(/^,/, '');
  }
  return [labels, rest.slice(1)];
}

function parseSample(line) {
  const [, name, rest] = /^([^{ ]*)(.*)$/.exec(line);
  assert.match(name, NAME, `"${name}" is no name`);
  const [labels, tail] = rest.startsWith('{') ? parseLabels(rest.slice(1)) : [{}, rest];
  assert.match(tail, /^ \S+$/, 'one blank and one number, no time');
  return { name, labels, value: parseNumber(tail.slice(1)) };
}

const familyOf = (name, families) => families.get(name)
  ?? families.get(name.replace(/_(bucket|sum|count)$/, ''));

/** Labels in an order that does not depend on the text, without those left out. */
function key(labels, ...without) {
  return JSON.stringify(Object.entries(labels)
    .filter(([name]) => !without.includes(name)).sort());
}

function checkCounter({ name, samples }) {
  assert.match(name, /_total$/, 'a counter ends in _total');
  for (const sample of samples) {
    assert.ok(Number.isFinite(sample.value) && sample.value >= 0, `${sample.value}`);
  }
}

function checkGauge({ name }) {
  assert.doesNotMatch(name, /_(total|bucket|sum|count)$/, 'a gauge is called like one');
}

/** One histogram: bounds that rise to +Inf, counts that do not fall, all agree. */
function checkSeries(samples, name) {
  const of = (suffix) => samples.filter((sample) => sample.name === name + suffix);
  const buckets = of('_bucket').map(({ labels, value }) =>
    ({ bound: parseNumber(labels.le ?? ''), value }));
  assert.equal(of('_sum').length, 1, 'one sum');
  assert.equal(of('_count').length, 1, 'one count');
  assert.equal(samples.length, buckets.length + 2, 'nothing else');
  buckets.forEach(({ bound, value }, index) => {
    const before = buckets[index - 1];
    assert.ok(!before || (bound > before.bound && value >= before.value),
      `bucket ${bound} after ${before?.bound}`);
  });
  assert.equal(buckets.at(-1)?.bound, Infinity, 'the last bucket is +Inf');
  assert.equal(buckets.at(-1).value, of('_count')[0].value, '+Inf is the count');
}

function checkHistogram({ name, samples }) {
  const series = new Map();
  for (const sample of samples) {
    const at = key(sample.labels, 'le');
    series.set(at, [...series.get(at) ?? [], sample]);
  }
  for (const each of series.values()) {
    checkSeries(each, name);
  }
}

const CHECKS = { counter: checkCounter, gauge: checkGauge, histogram: checkHistogram };

function takeComment(line, state) {
  const match = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line);
  assert.ok(match && NAME.test(match[2]), 'neither HELP nor TYPE');
  const [, word, name, text] = match;
  if (word === 'HELP') {
    assert.ok(!state.families.has(name), `${name} is here twice`);
    state.family = { name, help: text, samples: [] };
    state.families.set(name, state.family);
  } else {
    assert.equal(state.family?.name, name, 'TYPE follows HELP of the same name');
    assert.equal(state.family.type, undefined, 'TYPE once');
    assert.ok(TYPES.includes(text), `type ${text}`);
    state.family.type = text;
  }
}

function takeSample(line, state) {
  const sample = parseSample(line);
  const family = familyOf(sample.name, state.families);
  assert.ok(family?.type, 'HELP and TYPE come first');
  assert.equal(family, state.family, 'a family is all in one place');
  assert.equal(family.type === 'histogram', sample.name !== family.name,
    'only a histogram has suffixes, and all of its samples');
  const id = sample.name + key(sample.labels);
  assert.ok(!state.seen.has(id), 'a sample is there once');
  state.seen.add(id);
  family.samples.push(sample);
}

/** @returns the families, name -> { name, help, type, samples } */
export function parseMetrics(text) {
  const state = { families: new Map(), family: null, seen: new Set() };
  assert.ok(text.endsWith('\n'), 'the last line has an end');
  text.slice(0, -1).split('\n').forEach((line, index) => {
    try {
      (line.startsWith('#') ? takeComment : takeSample)(line, state);
    } catch (error) {
      throw new Error(`line ${index + 1}: ${line}: ${error.message}`);
    }
  });
  for (const family of state.families.values()) {
    assert.ok(family.type, `${family.name} has a type`);
    try {
      CHECKS[family.type](family);
    } catch (error) {
      throw new Error(`${family.name}: ${error.message}`);
    }
  }
  return state.families;
}

/** What was read at one moment. */
export class Metrics {
  constructor(text) {
    this.text = text;
    this.families = parseMetrics(text);
  }

  static async read(server) {
    const answer = await request(`${server.url}/metrics`,
      { headers: { Authorization: `Bearer ${server.token}` } });
    assert.equal(answer.status, 200, answer.text.slice(0, 600));
    return new Metrics(answer.text);
  }

  samples(name) {
    return (familyOf(name, this.families)?.samples ?? [])
      .filter((sample) => sample.name === name);
  }

  /** The sum of the samples that have these labels; there must be one. */
  value(name, labels = {}) {
    const found = this.samples(name).filter((sample) =>
      Object.entries(labels).every(([label, value]) => sample.labels[label] === value));
    assert.notEqual(found.length, 0, `${name}${JSON.stringify(labels)} is not there`);
    return found.reduce((sum, sample) => sum + sample.value, 0);
  }

  /** How many samples carry a label with this value. */
  mentions(label, value) {
    return [...this.families.values()].flatMap(({ samples }) => samples)
      .filter(({ labels }) => labels[label] === value).length;
  }

  /** Counters, and buckets, sums and counts of histograms: what must not fall. */
  * rising() {
    for (const { type, samples } of this.families.values()) {
      for (const sample of type === 'gauge' ? [] : samples) {
        yield [sample.name + key(sample.labels), sample.value];
      }
    }
  }
}

/** Nothing that is counted has fallen from one reading to the next. */
export function assertRising(before, after) {
  const later = new Map(after.rising());
  for (const [id, value] of before.rising()) {
    assert.ok(later.has(id), `${id} has gone`);
    assert.ok(later.get(id) >= value, `${id} fell from ${value} to ${later.get(id)}`);
  }
}
