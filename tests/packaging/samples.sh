#!/bin/sh
# SPDX-License-Identifier: MIT
# The samples for other programs, read by those programs.
set -u
here=$(dirname "$0")
# shellcheck source=tests/house/lib.sh
. "$here/../house/lib.sh"
cd "$1/packaging" || exit 1
PATH=$PATH:/usr/sbin:/sbin
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The sample as it is, but for its certificate and its ports, which need root.
if command -v nginx >/dev/null; then
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
    -subj /CN=live.example.org -days 1 -keyout "$work/privkey.pem" \
    -out "$work/fullchain.pem" 2> "$work/openssl.log"
  {
    echo "pid $work/pid;"
    echo "error_log $work/error.log;"
    echo 'events {}'
    echo 'http {'
    echo "access_log $work/access.log;"
    for place in client_body proxy fastcgi uwsgi scgi; do
      echo "${place}_temp_path $work/$place;"
    done
    sed -e "s|/etc/letsencrypt/live/live.example.org|$work|" \
      -e 's|:443 |:8443 |; s|listen 443|listen 8443|' \
      -e 's|:80;|:8081;|; s|listen 80;|listen 8081;|' nginx/whepcast.conf
    echo '}'
  } > "$work/nginx.conf"
  check 'nginx takes its sample' "$(
    nginx -t -p "$work" -c "$work/nginx.conf" > "$work/log" 2>&1 \
      || cat "$work/log"
    grep warn "$work/log"
  )"
else
  skip 'nginx takes its sample' 'there is no nginx'
fi

if command -v caddy >/dev/null; then
  check 'Caddy takes its sample' "$(
    HOME=$work XDG_DATA_HOME=$work XDG_CONFIG_HOME=$work \
      caddy validate --config caddy/Caddyfile --adapter caddyfile \
      > "$work/log" 2>&1 || cat "$work/log"
  )"
  check 'and it is laid out as Caddy does' "$(
    caddy fmt caddy/Caddyfile 2>&1 | diff caddy/Caddyfile -
  )"
else
  skip 'Caddy takes its sample' 'there is no caddy'
fi

# A guide shows the important part of the first.
check 'config/README.md shows the nginx of the sample' "$(
  awk '/^```nginx/ { on = 1; next } /^```/ { on = 0 } on' \
    ../config/README.md | sed 's/^ *//' > "$work/shown"
  [ -s "$work/shown" ] || echo 'there is none'
  while read -r line; do
    grep -qF "$line" nginx/whepcast.conf || echo "$line"
  done < "$work/shown"
)"

plan
