#!/bin/sh
# SPDX-License-Identifier: MIT
# The manual pages: well-formed, and about the programs as they are.
set -u
here=$(dirname "$0")
# shellcheck source=tests/house/lib.sh
. "$here/../house/lib.sh"
# shellcheck source=tests/packaging/options.sh
. "$here/options.sh"
pages=$2/packaging
sample=$1/config/whepcast.conf.sample
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for page in whepcast.1 whepcast-bench.1 whepcast.conf.5; do
  if command -v mandoc >/dev/null; then
    check "mandoc has nothing to say of $page" "$(
      mandoc -T lint "$pages/$page" 2>&1
    )"
  else
    skip "mandoc has nothing to say of $page" 'there is no mandoc'
  fi
  if command -v man >/dev/null; then
    check "man shows $page without a warning" "$(
      man --warnings -E UTF-8 -l "$pages/$page" 2>&1 >/dev/null
    )"
  else
    skip "man shows $page without a warning" 'there is no man'
  fi
done

# page_options PAGE: the options it has a paragraph for
page_options ()
{
  sed -n '/^\.TP/ { n; s/\\-/-/g; p; }' "$1" | grep -o -e '--[a-z][a-z-]*' \
    | sort -u
}

for program in whepcast tests/bench/whepcast-bench; do
  name=${program##*/}
  help_options "$2/$program" > "$work/help"
  check "$name(1) has the options of --help" "$(
    [ "$(wc -l < "$work/help")" -gt 1 ] || echo 'there is none'
    page_options "$pages/$name.1" | diff "$work/help" -
  )"
done

# page_keys PAGE: "key=value" of each paragraph
page_keys ()
{
  sed -n '/^\.TP/ { n; s/\\f[BIR]//g; s/\\-/-/g; s/\\e/\\/g; p; }' "$1" \
    | grep '^[a-z0-9-]*='
}

# The sample is compared with the table of keys by tests/unit/test-sample-config.c.
check 'whepcast.conf(5) has the keys and defaults of the sample' "$(
  sed -n 's/^#\([a-z0-9-]*=\)/\1/p' "$sample" > "$work/keys"
  [ -s "$work/keys" ] || echo 'there is none'
  page_keys "$pages/whepcast.conf.5" | diff "$work/keys" -
)"
check 'it has the groups of the sample' "$(
  sed -n 's/^#\{0,1\}\(\[.*\]\)$/\1/p' "$sample" > "$work/groups"
  sed -n '/^\.SS \[/ { s/^\.SS //; s/\\-/-/g; p; }' "$pages/whepcast.conf.5" \
    | diff "$work/groups" -
)"
# The words of what a reader sees; hyphenation would part them.
check 'it says what the sample says' "$(
  flat ()
  {
    tr -s ' ' '\n' | grep -v -e '^#$' -e '^$' | tr '\n' ' '
  }
  sed 's/\\f[BIR]//g; s/\\-/-/g; s/\\&//; s/\\e/\\/g' \
    "$pages/whepcast.conf.5" | flat > "$work/page"
  # Sentences between paragraphs, without the introduction, which is its own.
  sed '1,/^\[server\]/d' "$sample" | awk '
    /^# / { text = text (text == "" ? "" : " ") substr ($0, 3); next }
    text != "" { print text; text = "" }' \
    | sed 's/ Allowed: /\n/' | sort -u | while read -r sentence; do
      grep -qF -- "$(echo "$sentence" | flat | sed 's/ $//')" "$work/page" \
        || echo "$sentence"
    done
)"

# A key of tomorrow is in the page of tomorrow.
check 'a new key would be in the page' "$(
  {
    cat "$sample"
    printf '\n# What is new\\old -\n# .here.\n# Allowed: yes\n#new-key=.1\n'
  } > "$work/sample"
  awk -v version=1 -v docdir=/doc -f "$1/packaging/man/keys.awk" \
    "$work/sample" "$1/packaging/man/whepcast.conf.5.in" > "$work/page"
  page_keys "$work/page" | grep -qx 'new-key=\.1' || echo 'it is not'
  grep -qx 'What is new\\eold \\- .here.' "$work/page" || echo 'its text is not'
)"
check 'a sample without keys is an error' "$(
  awk -f "$1/packaging/man/keys.awk" /dev/null \
    "$1/packaging/man/whepcast.conf.5.in" > /dev/null 2>&1 && echo 'it is not'
)"

plan
