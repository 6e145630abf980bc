// SPDX-License-Identifier: MIT
//
// Counts what a run of tests said. Used by tests/run:
//   node tests/tally.mjs LABEL testlog.json|FILE.tap DETAILS
// prints `PASSED FAILED SKIPPED`, appends to the file DETAILS.skipped a line
// for each skipped test and to DETAILS.failed the end of each failed one's log.

import {appendFileSync, existsSync, readFileSync} from 'node:fs';

const TAIL_LINES = 60;
const BAD = new Set(['FAIL', 'UNEXPECTEDPASS', 'ERROR', 'TIMEOUT', 'INTERRUPT']);

const [label, file, details] = process.argv.slice(2);
const count = {passed: 0, failed: 0, skipped: 0};

function skip(name, reason) {
  count.skipped++;
  appendFileSync(`${details}.skipped`, `${label}: ${name}: ${reason || 'no reason given'}\n`);
}

function fail(name, log) {
  const lines = log.trimEnd().split('\n').slice(-TAIL_LINES);
  appendFileSync(`${details}.failed`,
    `--- ${label}: ${name}\n${lines.map((line) => `    ${line}\n`).join('')}`);
}

// One line of TAP that is a verdict, at the left margin.
function tapVerdict(line) {
  const match = /^(not )?ok\b\s*\d*\s*(?:- )?(.*?)(?:\s+#\s*(SKIP|TODO)\S*\s*(.*))?$/i.exec(line);
  if (!match)
    return null;
  const [, not, name, directive, reason] = match;
  return {ok: !not, name, directive: directive?.toUpperCase(), reason};
}

// A test program of meson: each subtest counts; a program without TAP is one;
// one that died counts as a failure besides what it had said before.
function countProgram(test) {
  const output = test.stdout ?? '';
  const log = `${output}\n${test.stderr ?? ''}`;
  let verdicts = 0;
  let failed = 0;

  for (const line of output.split('\n')) {
    const verdict = tapVerdict(line);
    if (!verdict)
      continue;
    verdicts++;
    if (verdict.directive === 'SKIP' || (verdict.directive && !verdict.ok))
      skip(`${test.name} ${verdict.name}`, verdict.reason);
    else if (verdict.ok)
      count.passed++;
    else
      failed++;
  }

  if (BAD.has(test.result)) {
    if (failed === 0 || (test.result !== 'FAIL' && test.result !== 'ERROR'))
      failed++;
    fail(`${test.name} (${test.result})`, log);
  } else if (verdicts === 0 && test.result === 'SKIP') {
    skip(test.name, /#\s*SKIP\S*\s+(.*)/i.exec(output)?.[1] ?? log.trim().split('\n').pop());
  } else if (verdicts === 0) {
    count.passed++;
  }
  count.failed += failed;
}

function countMeson(text) {
  for (const line of text.split('\n'))
    if (line)
      countProgram(JSON.parse(line));
}

// What a file that broke off had printed: node puts it in comments before the verdict.
function commentsBefore(lines, index) {
  const isComment = (line) => line.startsWith('# ');
  const start = lines.findLastIndex((line, at) => at < index && !isComment(line)) + 1;
  return lines.slice(start, index).filter((line) => !line.startsWith('# Subtest: ')).join('\n');
}

// The TAP of `node --test`: its own totals at the end; verdicts at any depth
// for the reasons and the logs.
function countNode(text) {
  const lines = text.split('\n');
  const total = (name) => Number(lines.findLast((line) =>
    line.startsWith(`# ${name} `))?.split(' ')[2] ?? NaN);

  for (const [index, line] of lines.entries()) {
    const verdict = tapVerdict(line.trimStart());
    if (!verdict)
      continue;
    if (verdict.directive) {
      appendFileSync(`${details}.skipped`,
        `${label}: ${verdict.name}: ${verdict.reason || 'no reason given'}\n`);
    } else if (!verdict.ok) {
      const rest = lines.slice(index + 1, index + TAIL_LINES);
      const end = rest.findIndex((next) => next.trim() === '...');
      const log = rest.slice(0, end < 0 ? rest.length : end).join('\n');
      // The parent's own entry says why.
      fail(verdict.name, /'cancelledByParent'/.test(log) ? '(cancelled with its parent)'
        : /^ *exitCode:/m.test(log) ? `${commentsBefore(lines, index)}\n${log}` : log);
    }
  }

  if (Number.isNaN(total('pass'))) {
    count.failed++;
    fail('the run ended before its end', text);
    return;
  }
  count.passed += total('pass');
  count.failed += total('fail') + (total('cancelled') || 0);
  count.skipped += (total('skipped') || 0) + (total('todo') || 0);
}

const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
if (file.endsWith('.tap'))
  countNode(text);
else
  countMeson(text);
console.log(count.passed, count.failed, count.skipped);
