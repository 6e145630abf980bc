#!/bin/sh
# SPDX-License-Identifier: MIT
# meson install puts everything where the FHS wants it, and uninstall takes all of it
# away again.
set -u
here=$(dirname "$0")
# shellcheck source=tests/house/lib.sh
. "$here/../house/lib.sh"
build=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

prefix=$(meson introspect --buildoptions "$build" \
  | python3 -c 'import json, sys
print(next(o["value"] for o in json.load(sys.stdin) if o["name"] == "prefix"))')

check 'meson install' "$(
  meson install -C "$build" --no-rebuild --destdir "$work" \
    > "$work.log" 2>&1 || cat "$work.log"
  rm -f "$work.log"
)"

find "$work" ! -type d | sed "s|^$work$prefix/||" | sort > "$work.found"
cat > "$work.expected" <<'END'
bin/whepcast
bin/whepcast-bench
lib/systemd/system/whepcast.service
lib/sysusers.d/whepcast.conf
share/bash-completion/completions/whepcast
share/doc/whepcast/README.md
share/doc/whepcast/config/README.md
share/doc/whepcast/config/api.md
share/doc/whepcast/config/from-janus.md
share/doc/whepcast/config/from-mediamtx.md
share/doc/whepcast/config/sources.md
share/doc/whepcast/examples/Caddyfile
share/doc/whepcast/examples/grafana-whepcast.json
share/doc/whepcast/examples/nginx-whepcast.conf
share/doc/whepcast/whepcast.conf.sample
share/fish/vendor_completions.d/whepcast.fish
share/man/man1/whepcast-bench.1
share/man/man1/whepcast.1
share/man/man5/whepcast.conf.5
share/zsh/site-functions/_whepcast
END
check 'what is installed, and where' "$(
  LC_ALL=C sort "$work.expected" | diff - "$work.found"
)"
rm -f "$work.expected" "$work.found"

check 'nothing but the programs is executable' "$(
  find "$work" -type f -perm /111 ! -path '*/bin/*'
)"
check 'no place is left to be filled in' "$(
  find "$work$prefix/share" "$work$prefix/lib" -type f \
    -exec grep -lE '@[a-z]+@' {} +
)"
check 'the unit starts the program that was installed' "$(
  program=$(sed -n 's/^ExecStart=//p' \
    "$work$prefix/lib/systemd/system/whepcast.service")
  [ -x "$work$program" ] || echo "there is no $program"
)"
check 'what was installed runs' "$(
  "$work$prefix/bin/whepcast" --version 2>&1 | grep -v '^whepcast [0-9]'
)"

check 'uninstall leaves nothing' "$(
  ninja -C "$build" uninstall > "$work.log" 2>&1 || cat "$work.log"
  rm -f "$work.log"
  find "$work" ! -type d
)"

plan
