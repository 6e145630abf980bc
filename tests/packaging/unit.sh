#!/bin/sh
# SPDX-License-Identifier: MIT
# The unit as it is installed, read by systemd: without a mistake, and confined.
set -u
here=$(dirname "$0")
# shellcheck source=tests/house/lib.sh
. "$here/../house/lib.sh"
unit=$2/packaging/whepcast.service
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if ! command -v systemd-analyze >/dev/null; then
  skip 'the unit' 'there is no systemd-analyze'
  plan
  exit
fi

# The program is not where the unit will find it.
sed "s|^ExecStart=[^ ]*|ExecStart=$2/whepcast|" "$unit" > "$work/whepcast.service"
check 'systemd understands every line' "$(
  systemd-analyze verify --man=no "$work/whepcast.service" 2>&1
)"

# exposed UNIT: says so when it is, above 2.0
exposed ()
{
  systemd-analyze security --offline=true --no-pager --threshold=20 "$1" \
    > "$work/exposure" 2>&1 || tail -n 1 "$work/exposure"
}

check 'the exposure is at most 2.0' "$(exposed "$unit")"
# And the check can fail.
grep -v '^SystemCallFilter=\|^Protect' "$unit" > "$work/open.service"
check 'without its filters it would not be' "$(
  [ -n "$(exposed "$work/open.service")" ] || echo 'it is'
)"

check 'it is told what the program tells' "$(
  for line in Type=notify WatchdogSec= 'ExecReload=kill -HUP' User=whepcast \
    StateDirectory=whepcast; do
    grep -q "^$line" "$unit" || echo "there is no $line"
  done
)"
check 'its user is the one that is made' "$(
  grep -q '^u whepcast ' "$1/packaging/systemd/whepcast.sysusers" \
    || echo 'another'
)"

plan
