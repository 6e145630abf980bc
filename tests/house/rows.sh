#!/bin/sh
# SPDX-License-Identifier: MIT
# Every row of the conformance list is named by a test, or left out with a
# reason. The rows are in tests/e2e/rows.txt.
set -u
here=$(dirname "$0")
# shellcheck source=tests/house/lib.sh
. "$here/lib.sh"
cd "$1" || exit 1

row='[A-Z]-[0-9][0-9]'
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# listed HEADING: the rows of the first column of a table of tests/e2e/README.md
listed ()
{
  awk -v heading="## $1" '
    /^## / { inside = $0 == heading }
    inside && /^\| *[A-Z]-[0-9]/ { print }
  ' tests/e2e/README.md
}

# complain WITH-WHAT: lines of a list as complaints
complain ()
{
  sed "s|\$| $1|"
}

grep -o "^$row " tests/e2e/rows.txt | tr -d ' ' | sort > "$work/rows"
sources tests -name '*.mjs' | while read -r file; do
  grep -o "\[[A-Z][^]]*\]" "tests/$file" | grep -wo "$row"
done > "$work/named"
sources tests -name '*.[ch]' | while read -r file; do
  grep -wo "$row" "tests/$file"
done >> "$work/named"
sort -u "$work/named" -o "$work/named"
listed 'Rows left out' > "$work/left-out.table"
listed 'Rows not yet tested' > "$work/missing.table"
for table in left-out missing; do
  cut -d '|' -f 2 "$work/$table.table" | grep -o "$row" | sort \
    > "$work/$table"
done
sort "$work/left-out" "$work/missing" > "$work/listed"

check 'every row is there once' "$(
  uniq -d "$work/rows"
  [ -s "$work/rows" ] || echo 'there is none'
)"
check 'every row is tested, or listed as left out' "$(
  cat "$work/named" "$work/listed" | sort -u \
    | comm -23 "$work/rows" - | complain 'is neither tested nor left out'
)"
check 'what is left out has a reason' "$(
  awk -F '|' 'length($3) < 12' "$work/left-out.table"
)"
check 'what is listed as left out is not tested' "$(
  comm -12 "$work/named" "$work/listed" | complain 'is tested'
)"
check 'tests and lists name rows that there are' "$(
  sort -u "$work/listed" | comm -23 - "$work/rows"
  comm -23 "$work/named" "$work/rows"
)"
known 'nothing is left to be tested' "$(cat "$work/missing")"

plan
