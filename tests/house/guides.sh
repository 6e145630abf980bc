#!/bin/sh
# SPDX-License-Identifier: MIT
# What guides show is so: configurations are accepted, keys and requests exist.
# The second argument is the program.
set -u
here=$(dirname "$0")
# shellcheck source=tests/house/lib.sh
. "$here/lib.sh"
cd "$1" || exit 1
sample=config/whepcast.conf.sample
document=src/http/openapi.json
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
all=$(sources . -name '*.md')

# --- configurations -----------------------------------------------------------

# blocks FILE: each ```ini block becomes a file in $work, named by its line
blocks ()
{
  rm -f "$work"/block.*
  awk -v work="$work" '
    /^```/ { ini = /^```ini/; file = work "/block." FNR; next }
    ini { print > file }
  ' "$1"
}

if [ -x "${2-}" ]; then
  check 'every configuration that is shown is accepted' "$(
    for readme in $all; do
      blocks "$readme"
      for block in "$work"/block.*; do
        [ -e "$block" ] || continue
        "$2" --config "$block" --check-config >/dev/null 2>"$work/error" \
          || echo "$readme:${block##*.}: $(cat "$work/error")"
      done
    done
  )"
else
  skip 'every configuration that is shown is accepted' 'there is no whepcast'
fi
check 'there are configurations' "$(
  blocks config/README.md
  set -- "$work"/block.*
  [ $# -gt 5 ] || echo "$# in config/README.md"
)"

# --- keys and requests --------------------------------------------------------

# "group key" of the sample; of [mountpoint cam1] the group is mountpoint
sed -n 's/^#*\[\([a-z]*\).*/[\1]/p; s/^#\([a-z0-9-]*\)=.*/\1/p' "$sample" \
  | awk '/^\[/ { group = substr($0, 2, length($0) - 2); next }
         { print group, $0 }' | sort -u > "$work/keys"
# "METHOD /path"
awk '
  /^    "\// { path = $1; gsub(/[":]/, "", path) }
  /^  "components"/ { exit }
  path && /^      "(get|post|patch|delete|options)": / {
    method = $1; gsub(/[":]/, "", method); print toupper(method), path
  }
' "$document" | sort -u > "$work/requests"
# Names of members of the API's JSON
grep -o '"[a-z_0-9]*": ' "$document" | tr -d '": ' | sort -u > "$work/members"
sed -n 's/.*{"\([a-z-]*\)", .*0, G_OPTION.*/--\1/p' src/server/options.c \
  > "$work/options"

check 'there are keys, requests, members and options' "$(
  for list in keys requests members options; do
    [ "$(wc -l < "$work/$list")" -gt 5 ] || echo "$list"
  done
)"

# The same as patterns: an example names a mountpoint where there is {id}
sed 's/{[a-z]*}/[^\/ ]+/g; s/^/^/; s/$/$/' "$work/requests" > "$work/patterns"

# quoted FILE: what stands in backquotes
# shellcheck disable=SC2016
quoted ()
{
  grep -o '`[^`]*`' "$1" | tr -d '`' | sort -u
}

has ()
{
  grep -qxF -- "$2" "$work/$1"
}

check 'every [group] key in backquotes is one of the sample' "$(
  for readme in $all; do
    quoted "$readme" | sed -n 's/^\[\([a-z]*\)\] \([a-z0-9-]*\).*/\1 \2/p' \
      | while read -r key; do
        has keys "$key" || echo "$readme: [${key%% *}] ${key#* }"
      done
  done
)"

check 'every request in backquotes is in openapi.json' "$(
  for readme in $all; do
    quoted "$readme" | grep -E '^(GET|POST|PATCH|DELETE|OPTIONS) /[a-z{]' \
      | sed 's/[?#].*//' | grep -v '^GET /v3/' | while read -r request; do
        echo "$request" | grep -qEf "$work/patterns" \
          || echo "$readme: $request"
      done
  done
)"

# The last column of the guides' tables is ours, and nothing in it is made up.
known_word ()
{
  case $1 in
    '[mountpoint ID]' | '[track ID/'*) true ;;
    '['* | *' /'*) true ;; # looked at above
    'ffmpeg '* | 'sysctl') true ;;
    --*) has options "$1" ;;
    -*) true ;;            # an option of an encoder
    kind=*) grep -q "\"${1#kind=}\"" "$document" ;;
    *) cut -d ' ' -f 2 "$work/keys" | grep -qx -- "${1%%=*}" \
      || has members "$1" ;;
  esac
}

check 'tables of the guides name keys, members and options that exist' "$(
  awk -F '|' '/^\|/ && !/^\|---/ { print $(NF - 1) }' config/*.md \
    > "$work/column"
  quoted "$work/column" | while read -r word; do
    known_word "$word" || echo "config: $word"
  done
)"

# --- links --------------------------------------------------------------------

# anchors FILE: what a link behind # may be, as GitHub makes it of headings
anchors ()
{
  awk '/^```/ { code = !code } !code && /^#+ / {
    sub(/^#+ /, ""); text = tolower($0)
    gsub(/[^a-z0-9 _-]/, "", text); gsub(/ /, "-", text); print text
  }' "$1"
}

check 'links lead to headings that exist' "$(
  for readme in $all; do
    grep -o '](\([^): ]*#[^)]*\))' "$readme" | sed 's/^](//; s/)$//' \
      | while read -r link; do
        path=${link%%#*}
        target=$(dirname "$readme")/$path
        [ -n "$path" ] || target=$readme
        [ -e "$target" ] && anchors "$target" | grep -qxF -- "${link#*#}" \
          || echo "$readme: $link"
      done
  done
)"

plan
