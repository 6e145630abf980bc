#!/bin/sh
# SPDX-License-Identifier: MIT
# What README.md files and guides speak of exists; what they show is looked at by guides.sh.
set -u
here=$(dirname "$0")
# shellcheck source=tests/house/lib.sh
. "$here/lib.sh"
cd "$1" || exit 1

# exists PATTERN: does a file match?
exists ()
{
  # shellcheck disable=SC2086 # it is a pattern
  set -- $1
  [ -e "$1" ]
}

all=$(sources . -name '*.md')

# Paths from the root in backquotes: `src/sdp/answer.c`, `src/engine/*.c`
# shellcheck disable=SC2016
check 'paths in backquotes exist' "$(
  for readme in $all; do
    grep -o '`[^` ]*`' "$readme" | tr -d '`' \
      | grep -E '^(src|pipelines|config|web|tests|packaging|\.ci)/' \
      | sort -u | while read -r path; do
        exists "$path" || echo "$readme: $path"
      done
  done
)"

check 'links to files lead somewhere' "$(
  for readme in $all; do
    grep -o '](\([^)#]*\)[^)]*)' "$readme" \
      | sed 's/^](//; s/[#)].*//' | grep -v -e '^[a-z]*:' -e '^$' \
      | while read -r path; do
        [ -e "$(dirname "$readme")/$path" ] || echo "$readme: $path"
      done
  done
)"

# Lines of code blocks that call a script of ours
check 'commands in code blocks are there' "$(
  for readme in $all; do
    awk '/^```/ { code = !code; next } code { print $1 }' "$readme" \
      | sed 's|^\./||' | grep -E '^(packaging|tests|\.ci)/' | sort -u \
      | while read -r command; do
        [ -f "$command" ] && [ -x "$command" ] || echo "$readme: $command"
      done
  done
)"

# One list of packages for the two commands
# shellcheck disable=SC2016
check 'both commands take their packages from one place' "$(
  for script in packaging/run tests/run; do
    grep -q '^source "$root/packaging/dependencies.sh"' "$script" \
      || echo "$script"
  done
)"

plan
