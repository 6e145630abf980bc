# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Completion of whepcast(1) for bash, with the functions of bash-completion 2.

_whepcast ()
{
  # shellcheck disable=SC2034 # _init_completion sets them all
  local cur prev words cword split
  _init_completion -s || return

  case $prev in
    --config | -c)
      _filedir
      return
      ;;
    --state-dir | -s)
      _filedir -d
      return
      ;;
    --listen | -l)
      mapfile -t COMPREPLY < <(compgen -W '0.0.0.0:8080 127.0.0.1:8080' -- "$cur")
      __ltrim_colon_completions "$cur"
      return
      ;;
    --udp-port | -u)
      return
      ;;
  esac
  # shellcheck disable=SC2154 # _init_completion sets it
  if $split; then return; fi

  mapfile -t COMPREPLY < <(compgen -W '--help --config= --listen= --udp-port=
    --state-dir= --demo --check-config --version --verbose' -- "$cur")
  if [[ ${COMPREPLY-} == *= ]]; then compopt -o nospace; fi
} && complete -F _whepcast whepcast
