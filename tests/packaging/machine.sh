# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Bare systems of Debian below $work, for the trial: made by debootstrap, run in and
# booted by systemd-nspawn. Nothing happens by sourcing this file. $work and $mirror
# are the caller's.

: "${work:?}" "${mirror:?}"
machine_suite=bookworm
declare -A machine_leader=() # the process 1 of each that is booted
trap machine_end_all EXIT

machine_requirements ()
{
  local program

  ((EUID == 0)) || { echo 'trial: root is needed' >&2; return 1; }
  for program in debootstrap systemd-nspawn; do
    command -v "$program" >/dev/null || {
      echo "trial: there is no $program; apt-get install debootstrap" \
        "systemd-container" >&2
      return 1
    }
  done
}

# machine_new NAME: a minimal Debian, with nothing else in it
machine_new ()
{
  local base=$work/base-$machine_suite

  if [[ ! -e $base ]]; then
    rm -rf "$base.part"
    debootstrap --variant=minbase "$machine_suite" "$base.part" "$mirror"
    mv "$base.part" "$base"
  fi
  rm -rf "${work:?}/$1"
  cp -a "$base" "$work/$1"
  # Nobody misses what a power failure would take from it.
  echo force-unsafe-io >"$work/$1/etc/dpkg/dpkg.cfg.d/trial"
}

# machine_run NAME COMMAND...: in the system that is not booted, with the network of
# this one; services are not started
machine_run ()
{
  local directory=$work/$1 status=0
  shift

  printf '#!/bin/sh\nexit 101\n' >"$directory/usr/sbin/policy-rc.d"
  chmod +x "$directory/usr/sbin/policy-rc.d"
  systemd-nspawn -q -D "$directory" --register=no --keep-unit --pipe \
    --resolv-conf=copy-host --setenv=DEBIAN_FRONTEND=noninteractive \
    "$@" </dev/null || status=$?
  rm -f "$directory/usr/sbin/policy-rc.d"
  return "$status"
}

# machine_process_1 PID: the child of this systemd-nspawn that is process 1 in there,
# and not the one that only makes it; nothing when there is none yet
machine_process_1 ()
{
  local child

  for child in $(ps --no-headers -o pid --ppid "$1"); do
    if grep -q '^NSpid:.*[[:space:]]1$' "/proc/$child/status" 2>/dev/null; then
      echo "$child"
      return
    fi
  done
}

# machine_start NAME OPTION-OR-COMMAND...: systemd-nspawn in the background, with a
# network of its own, which is loopback
machine_start ()
{
  local name=$1 container i
  shift

  systemd-nspawn -q -D "$work/$name" --register=no --keep-unit \
    --private-network --console=pipe "$@" </dev/null >"$work/$name.log" 2>&1 &
  container=$!
  for ((i = 0; i < 50; i++)); do
    machine_leader[$name]=$(machine_process_1 "$container")
    if [[ -n ${machine_leader[$name]} ]]; then return; fi
    sleep 0.2
  done
  cat "$work/$name.log" >&2
  return 1
}

# machine_boot NAME
machine_boot ()
{
  machine_start "$1" --boot
  wait_for 60 machine_exec "$1" sh -c \
    'systemctl is-system-running | grep -E "running|degraded"' >/dev/null
}

# machine_exec NAME COMMAND...: in the system that is booted
machine_exec ()
{
  local leader=${machine_leader[$1]}
  shift

  nsenter --target "$leader" --all --root --wd \
    env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@" </dev/null
}

# machine_end NAME [SIGNAL]: that, to its process 1; when it has not ended after ten
# seconds, by force, which is a failure. RTMIN+4 is what systemd takes for a halt
# (systemd(1)).
machine_end ()
{
  local leader=${machine_leader[$1]-}

  [[ -n $leader ]] || return 0
  unset "machine_leader[$1]"
  kill -s "${2:-RTMIN+4}" "$leader" 2>/dev/null || return 0
  wait_for 10 test ! -e "/proc/$leader" || {
    kill -KILL "$leader"
    return 1
  }
}

machine_end_all ()
{
  local name

  for name in "${!machine_leader[@]}"; do
    machine_end "$name" || true
  done
}

# wait_for SECONDS COMMAND...: until it succeeds
wait_for ()
{
  local deadline=$((SECONDS + $1))
  shift

  until "$@"; do
    ((SECONDS < deadline)) || return 1
    sleep 0.5
  done
}
