#!/bin/sh
# SPDX-License-Identifier: MIT
# src/http/openapi.json lists the codes of findings that the sources have, which
# are in no table; routes and keys are compared by tests/unit/test-openapi.c.
set -u
here=$(dirname "$0")
# shellcheck source=tests/house/lib.sh
. "$here/lib.sh"
cd "$1" || exit 1
document=src/http/openapi.json

# codes FILE: the first text of each wc_findings_add ()
codes ()
{
  tr -d '\n' < "$1" | grep -o 'wc_findings_add *([^"]*"[a-z0-9-]*"' \
    | grep -o '[a-z0-9-]*"$' | tr -d '"' | sort -u
}

# listed SCHEMA: what its code may be
listed ()
{
  awk -v start="      \"$1\": {" '
    index($0, start) == 1 { inside = 1 }
    inside { print }
    inside && /^      }/ { exit }
  ' "$document" | tr -d '\n' | grep -o '"code": {[^}]*}' \
    | grep -o '\[[^]]*\]' | grep -o '"[a-z0-9-]*"' | tr -d '"' | sort -u
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
while read -r schema file; do
  codes "$file" > "$work/codes"
  listed "$schema" > "$work/listed"
  check "the codes of $schema are those of $file" "$(
    [ -s "$work/codes" ] || echo "there is none in $file"
    comm -23 "$work/codes" "$work/listed" | sed 's/$/ is not in '"$schema"'/'
    comm -13 "$work/codes" "$work/listed" | sed 's|$| is not in '"$file"'|'
  )"
done <<'END'
Finding src/ingest/diagnosis.c
NetworkFinding src/peer/reach.c
END

plan
