// SPDX-License-Identifier: MIT
//
// Both servers on the same media, in turn: see --help. Run by tests/bench/compare, which
// installs what is missing.

import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

import { describeMachine, Network } from './network.mjs';
import { drawPlot } from './plot.mjs';
import { measureCurve, rows } from './rows.mjs';
import { knownServers } from './servers.mjs';
import { inTurn, median, ratio } from './statistics.mjs';

const USAGE = `Usage: tests/bench/compare [OPTION...] [ROW...]

Measures whepcast and Debian's janus on the same media, in turn (A B B A ...), each
started afresh, and prints the figures and the ratios. As root: it makes two network
namespaces of its own. The server runs on CPU 0, its viewers on CPU 1.

Rows, all of them by default:
${Object.entries(rows).map(([name, row]) =>
    `  ${name.padEnd(12)} ${row.title({ viewers: 200, joins: 200, crowd: 500, churn: 10000 })}`)
    .join('\n')}
  curve        CPU against viewers, for --plot

  --build DIR     where whepcast and tests/bench/whepcast-bench are [build]
  --lane LANE     [fanout] lane of whepcast: direct or webrtcbin [its default]
  --pairs N       how often each is measured [3]; capacity and churn: once
  --peers LIST    janus, janus-gcm, janus-packaged, or none [each row's own]
  --loops N       event_loops and threads of tuned Janus [cores]
  --quick         small and short: does it work? Its figures say little.
  --plot FILE     draw the curve there, as SVG
  --replot FILE   only draw, from the --json FILE of an earlier run
  --json FILE     all figures of all runs
  --out FILE      keep what is printed there too
`;

const PEERS = ['janus', 'janus-gcm', 'janus-packaged'];

const SIZES = {
  full: {
    viewers: 200, seconds: 20, joins: 200, crowd: 500, churn: 10000,
    firstViewers: 200, mostViewers: 20000,
    curve: [25, 50, 100, 200, 300, 400, 600, 800, 1200, 1600, 2400, 3200, 4800, 6400],
  },
  quick: {
    viewers: 20, seconds: 4, joins: 20, crowd: 50, churn: 100,
    firstViewers: 20, mostViewers: 40, curve: [10, 40],
  },
};

function readOptions() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      build: { type: 'string', default: 'build' }, lane: { type: 'string' },
      pairs: { type: 'string' }, peers: { type: 'string' }, loops: { type: 'string' },
      quick: { type: 'boolean', default: false }, plot: { type: 'string' },
      replot: { type: 'string' }, json: { type: 'string' }, out: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const known = [...Object.keys(rows), 'curve'];
  const unknown = positionals.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new Error(`no row ${unknown.join(', ')}; there are ${known.join(', ')}`);
  }
  const peers = values.peers?.split(',').filter((name) => name !== 'none');
  if (peers?.some((name) => !PEERS.includes(name))) {
    throw new Error(`--peers takes ${PEERS.join(', ')} and none`);
  }
  return {
    ...values,
    peers,
    pairs: Number(values.pairs ?? (values.quick ? 1 : 3)),
    rows: positionals.length > 0 ? positionals : known,
  };
}

class Output {
  constructor(file) {
    this.file = file;
    this.text = '';
  }

  print(line = '') {
    console.log(line);
    this.text += `${line}\n`;
    if (this.file) {
      writeFileSync(this.file, this.text);
    }
  }

  /** A Markdown table, its columns aligned for people too. */
  table(lines) {
    const widths = lines[0].map((_, i) => Math.max(...lines.map((line) => line[i].length)));
    lines.forEach((line, n) => {
      this.print(`| ${line.map((cell, i) => cell.padEnd(widths[i])).join(' | ')} |`);
      if (n === 0) {
        this.print(`|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`);
      }
    });
  }
}

function showValue(values, { decimals, unit }) {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? '-' : `${median(known).toFixed(decimals)} ${unit}`.trim();
}

/** How many times better we are, whichever way that is. */
function showRatio(figure, ours, theirs) {
  const { value, low, high } = figure.better === 'less'
    ? ratio(ours, theirs) : ratio(theirs, ours);
  if (figure.plain || !Number.isFinite(value)) {
    return '';
  }
  return Number.isFinite(low)
    ? `${value.toFixed(2)} (${low.toFixed(2)}-${high.toFixed(2)})` : value.toFixed(2);
}

function showRow(output, row, title, names, servers, results) {
  const peers = names.slice(1);
  const column = (name, key) => results[name].map((figures) => figures[key]);
  const head = ['', servers.whepcast.title];
  for (const name of peers) {
    head.push(servers[name].title, 'times better');
  }
  output.print(`\n### ${title}\n`);
  output.table([head, ...row.figures.map((figure) => {
    const ours = column('whepcast', figure.key);
    const line = [figure.label, showValue(ours, figure)];
    for (const name of peers) {
      const theirs = column(name, figure.key);
      line.push(showValue(theirs, figure), showRatio(figure, ours, theirs));
    }
    return line;
  })]);
}

async function compareRow(context, name) {
  const { options, servers, output } = context;
  const row = rows[name];
  const peers = options.peers ?? row.peers;
  const names = ['whepcast', ...peers];
  const results = Object.fromEntries(names.map((one) => [one, []]));
  context.log(`${name}: ${row.title(context.size)}`);
  for (const turn of inTurn(names, row.once ? 1 : options.pairs)) {
    for (const one of turn) {
      results[one].push(await row.measure(context, servers[one]));
    }
  }
  context.results[name] = results;
  showRow(output, row, row.title(context.size), names, servers, results);
}

async function compareCurve(context) {
  const { options, servers } = context;
  const peers = options.peers ?? ['janus', 'janus-packaged'];
  const series = [];
  context.log('curve: CPU against viewers');
  for (const name of ['whepcast', ...peers]) {
    const points = await measureCurve(context, servers[name]);
    series.push({
      name: servers[name].title,
      points: points.map(({ viewers, cpu, clean }) => ({ x: viewers, y: cpu, good: clean })),
    });
  }
  context.results.curve = series;
  context.output.print('\n### CPU against viewers of 2 Mbit/s, % of a core\n');
  context.output.table([['', 'viewers: CPU'], ...series.map(({ name, points }) => [name,
    points.map(({ x, y, good }) => `${x}: ${y.toFixed(0)}${good ? '' : ' (loss)'}`).join(', '),
  ])]);
}

function plotCurve(series, machine, file) {
  writeFileSync(file, drawPlot({
    title: 'CPU against viewers',
    subtitle: 'H.264 of 2 Mbit/s and Opus per viewer, one core; hollow: packets were lost',
    labelX: 'viewers', labelY: 'CPU of the server, % of a core', series,
  }));
}

function version(command, args) {
  return execFileSync(command, args, { encoding: 'utf8' }).split('\n')[0].trim();
}

/** What the figures are of. */
function printHead(context) {
  const { output, options, build, network } = context;
  output.print(`${version(join(build, 'whepcast'), ['--version'])}, lane `
    + `${options.lane ?? 'default'}; janus `
    + `${version('dpkg-query', ['-W', '-f', '${Version}', 'janus'])}, `
    + `event_loops ${context.loops}`);
  output.print(`${describeMachine()}, ${new Date().toISOString().slice(0, 10)}, `
    + `${options.pairs} pairs${options.quick ? ', --quick: these figures say little' : ''}`
    + `${network.steering ? '' : '; no receive packet steering: receiving is charged to the '
      + 'servers'}`);
}

async function compareAll(context) {
  printHead(context);
  for (const name of context.options.rows) {
    if (name === 'curve') {
      await compareCurve(context);
    } else {
      await compareRow(context, name);
    }
    if (context.options.json) {
      writeFileSync(context.options.json,
        `${JSON.stringify({ machine: describeMachine(), ...context.results }, null, 1)}\n`);
    }
  }
  if (context.options.plot && context.results.curve) {
    plotCurve(context.results.curve, describeMachine(), context.options.plot);
  }
}

async function main() {
  const options = readOptions();
  if (options.help) {
    console.log(USAGE);
    return;
  }
  if (options.replot) {
    const saved = JSON.parse(readFileSync(options.replot, 'utf8'));
    plotCurve(saved.curve, saved.machine, options.plot);
    return;
  }
  const network = new Network().open();
  const build = resolve(options.build);
  const loops = Number(options.loops ?? network.cores);
  const context = {
    options, network, build, loops,
    size: options.quick ? SIZES.quick : SIZES.full,
    servers: knownServers({ build, lane: options.lane, loops }),
    output: new Output(options.out),
    results: {},
    log: (line) => console.error(line),
  };
  const end = (status) => {
    network.close();
    process.exit(status);
  };
  process.on('SIGINT', () => end(130));
  process.on('SIGTERM', () => end(143));
  try {
    await compareAll(context);
  } finally {
    network.close();
  }
}

try {
  await main();
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
