#!/bin/sh
# SPDX-License-Identifier: MIT
# What the Debian package says of itself agrees with the tree. That it builds and works
# is tried by tests/packaging/trial.
set -u
here=$(dirname "$0")
# shellcheck source=tests/house/lib.sh
. "$here/../house/lib.sh"
cd "$1" || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# names FIELD: the packages of a field of debian/control, of all its paragraphs
names ()
{
  awk -v field="$1:" '
    $1 == field { on = 1; $1 = "" }
    on && /^[^ ]/ { on = 0 }
    on { print }' packaging/debian/control \
    | tr ',' '\n' | sed 's/[([].*//; s/ //g' | grep -v -e '^$' -e '^\$' \
    | sort -u
}

# listed ARRAY...: packages of dependencies.sh
listed ()
{
  # shellcheck disable=SC2016 # it is for bash
  bash -c '. packaging/dependencies.sh
    for array; do declare -n names=$array; printf "%s\n" "${names[@]}"; done' \
    bash "$@" | sort -u
}

# What every Debian that builds packages has, and what debhelper brings.
given='gcc libc6-dev ninja-build dpkg-dev debhelper make debhelper-compat
dh-sequence-installsysusers whepcast-bench'
without_given ()
{
  grep -vxF "$(echo "$given" | tr ' ' '\n')"
}

names Build-Depends > "$work/build"
check 'debian/control has build dependencies' "$(
  [ "$(wc -l < "$work/build")" -gt 10 ] || cat "$work/build"
)"
{
  cat "$work/build"
  names Depends
  names Recommends
} | sort -u | without_given > "$work/control"
# libipsec-mb-dev is for one architecture.
check 'debian/control and dependencies.sh name the same packages' "$(
  { listed build_packages deb_packages; echo libipsec-mb-dev; } | sort -u \
    | without_given | diff - "$work/control"
)"

if command -v dpkg-parsechangelog >/dev/null; then
  check 'the version is that of meson.build' "$(
    version=$(dpkg-parsechangelog -l packaging/debian/changelog -S Version)
    grep -q "^  version: '${version%%[-+~]*}'" meson.build || echo "$version"
  )"
else
  skip 'the version is that of meson.build' 'there is no dpkg-dev'
fi

check 'the licence is that of LICENSE' "$(
  sed '1,/^License: Expat$/d' packaging/debian/copyright \
    | sed '1,/^License: Expat$/d' | sed 's/^ \.$//; s/^ //' > "$work/copyright"
  sed '1,/^Copyright/d' LICENSE | sed '1d' | diff - "$work/copyright"
)"

plan
