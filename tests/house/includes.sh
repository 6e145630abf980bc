#!/bin/sh
# SPDX-License-Identifier: MIT
# #include goes one way (src/README.md). Also proves that the check can fail.
set -u
here=$(dirname "$0")
here=$(cd "$here" && pwd)
# shellcheck source=tests/house/lib.sh
. "$here/lib.sh"

# complaints ROOT
complaints ()
{
  (
    cd "$1" || exit
    find src -name '*.[ch]' | sort | xargs awk -f "$here/includes.awk" 2>&1 \
      || echo 'awk failed'
  )
}

check 'there is a src to look at' "$([ -e "$1/src/base/id.c" ] || echo "$1")"
check 'src includes only downwards' "$(complaints "$1")"

# Planted trees of one file with one include: the bad ones must be found, the
# good ones not.
planted=$(mktemp -d)
trap 'rm -rf "$planted"' EXIT

# plant FILE INCLUDE: a tree with nothing but this edge
plant ()
{
  rm -rf "$planted/src"
  mkdir -p "$planted/$(dirname "$1")"
  echo "#include $2" > "$planted/$1"
}

while read -r verdict file include; do
  plant "$file" "$include"
  found=$(complaints "$planted")
  case $verdict-$found in
    good-*) check "$file including $include is fine" "$found" ;;
    bad-"$file":1:* | bad-"$file":\ *is\ not\ a\ layer*)
      check "$file including $include is found" ''
      ;;
    *) check "$file including $include is found" "got: $found" ;;
  esac
done <<'END'
bad src/base/id.c "config/spec.h"
bad src/engine/track.c "peer/peer.h"
bad src/engine/track.c "sdp/sdp.h"
bad src/engine/track.c "config/config.h"
bad src/sdp/sdp.c "config/config.h"
bad src/config/config.c "sdp/sdp.h"
bad src/access/tokens.c "stats/counters.h"
bad src/stats/counters.c "access/tokens.h"
bad src/peer/peer.c "ingest/ingest.h"
bad src/peer/peer.c <ingest/ingest.h>
bad src/peer/peer.c "../base/id.h"
bad src/peer/peer.c "media/id.h"
bad src/engine/track.c <gst/gst.h>
bad src/engine/worker.c <stun/stunagent.h>
bad src/http/whep.c "server/server.h"
bad src/extra/extra.c "base/id.h"
good src/engine/stun.c <stun/stunagent.h>
good src/engine/track.c "base/clock.h"
good src/peer/peer.c "sdp/offer.h"
good src/http/whep.c "access/tokens.h"
good src/server/server.c "base/id.h"
good src/main.c "server/server.h"
END

plan
