#!/bin/sh
# SPDX-License-Identifier: MIT
# What every file and folder of the house has.
set -u
here=$(dirname "$0")
# shellcheck source=tests/house/lib.sh
. "$here/lib.sh"
cd "$1" || exit 1

complaints=
for folder in src src/*/ pipelines config web tests packaging; do
  folder=${folder%/}
  # A layer with nothing in it yet has nothing to say.
  case $folder in
    src/*) [ -n "$(sources . -path "./$folder/*.c")" ] || continue ;;
  esac
  [ -s "$folder/README.md" ] || complaints="$complaints $folder"
done
check 'every folder has a README.md' "$complaints"

check 'every source has the SPDX line' "$(
  sources . \( -name '*.[ch]' -o -name '*.mjs' -o -name '*.js' -o -name '*.sh' \
    -o -name '*.awk' -o -name run \) | while read -r file; do
    head -n 4 "$file" | grep -q 'SPDX-License-Identifier: MIT' \
      || echo "$file"
  done
)"

check 'every run is executable' "$(
  sources . -name run | while read -r file; do
    [ -x "$file" ] || echo "$file"
  done
)"

known 'no source is above 800 lines' "$(
  sources . \( -name '*.[ch]' -o -name '*.mjs' -o -name '*.js' -o -name '*.sh' \
    -o -name run \) | while read -r file; do
    lines=$(wc -l < "$file")
    [ "$lines" -le 800 ] || echo "$file has $lines"
  done
)"

check 'no line of the changelog is too long for lintian' "$(
  grep -n '.\{81\}' packaging/debian/changelog
)"

plan
