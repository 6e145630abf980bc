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
    -o -name '*.awk' -o -name run \) | xargs awk 'BEGIN {
      for (i = 1; i < ARGC; i++) {
        found = 0
        for (n = 0; n < 4 && (getline line < ARGV[i]) > 0; n++)
          found = found || line ~ /SPDX-License-Identifier: MIT/
        close (ARGV[i])
        if (!found)
          print ARGV[i]
      }
    }'
)"

check 'every run is executable' "$(
  sources . -name run ! -perm -100
)"

check 'no source is above 800 lines' "$(
  sources . \( -name '*.[ch]' -o -name '*.mjs' -o -name '*.js' -o -name '*.sh' \
    -o -name run \) | xargs wc -l \
    | awk '$2 != "total" && $1 > 800 { print $2 " has " $1 }'
)"

check 'no line of the changelog is too long for lintian' "$(
  grep -n '.\{81\}' packaging/debian/changelog
)"

plan
