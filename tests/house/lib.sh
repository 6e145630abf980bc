# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# TAP for the house tests. A test is a shell script that gets the root of the
# source tree as its argument, calls check for each thing it looks at, and
# plan at the end.

LC_ALL=C
export LC_ALL
n_checks=0
n_failed=0

# check WHAT COMPLAINTS: passes when there are no complaints
check ()
{
  n_checks=$((n_checks + 1))
  if [ -z "$2" ]; then
    echo "ok $n_checks - $1"
  else
    n_failed=$((n_failed + 1))
    echo "not ok $n_checks - $1"
    echo "$2" | sed 's/^/# /'
  fi
}

# skip WHAT REASON
skip ()
{
  n_checks=$((n_checks + 1))
  echo "ok $n_checks - $1 # SKIP $2"
}

# known WHAT COMPLAINTS: like check, but complaints are shown, not failed
known ()
{
  if [ -z "$2" ]; then
    check "$1" ''
  else
    n_checks=$((n_checks + 1))
    echo "not ok $n_checks - $1 # TODO" "$(echo "$2" | tr '\n' ' ')"
  fi
}

plan ()
{
  echo "1..$n_checks"
  [ "$n_failed" -eq 0 ]
}

# sources ROOT [FIND-EXPRESSION...]: the files of the house, without what was
# built or installed, with paths relative to ROOT
sources ()
{
  (
    cd "$1" || exit
    shift
    find . \( -path './.git' -o -path './build*' -o -name node_modules \) \
      -prune -o -type f "$@" -print | sed 's|^\./||' | sort
  )
}
