#!/bin/sh
# SPDX-License-Identifier: MIT
# Completion of the shells: the options of whepcast --help, no more and no less.
set -u
here=$(dirname "$0")
# shellcheck source=tests/house/lib.sh
. "$here/../house/lib.sh"
# shellcheck source=tests/packaging/options.sh
. "$here/options.sh"
files=$1/packaging/completion
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
help_options "$2/whepcast" > "$work/help"
check 'whepcast has options' "$(
  [ "$(wc -l < "$work/help")" -gt 1 ] || echo 'none'
)"

library=/usr/share/bash-completion/bash_completion
mkdir "$work/place" "$work/place/folder"
: > "$work/place/file.conf"

# complete_bash WORD...: what bash offers for the last of them
complete_bash ()
{
  (
    cd "$work/place" || exit
    # shellcheck disable=SC2016 # it is for bash
    bash --norc -c '
      shopt -s extglob progcomp
      . "$1" && . "$2" || exit
      shift 2
      # As readline parts words: = and : are words by themselves.
      COMP_WORDS=(whepcast "$@") COMP_CWORD=$# COMP_TYPE=9
      COMP_LINE="${COMP_WORDS[*]}" COMP_LINE=${COMP_LINE/ = /=}
      COMP_POINT=${#COMP_LINE}
      compopt () { :; } # there is no line that is being edited
      _whepcast
      printf "%s\n" "${COMPREPLY[@]}"
    ' bash "$library" "$files/whepcast.bash" "$@" 2>&1 | sort
  )
}

if [ -e "$library" ]; then
  check 'bash completes the options of --help' "$(
    complete_bash -- | sed 's/=$//' | diff "$work/help" -
  )"
  check 'and those that begin so' "$(
    complete_bash --ver | tr '\n' ' ' | grep -vx -e '--verbose --version '
  )"
  check 'files behind --config' "$(
    complete_bash --config '' | tr '\n' ' ' | grep -vx 'file.conf folder '
  )"
  check 'directories behind --state-dir' "$(
    complete_bash --state-dir '' | tr '\n' ' ' | grep -vx 'folder '
  )"
  check 'and behind --state-dir=' "$(
    complete_bash --state-dir = f | tr '\n' ' ' | grep -vx 'folder '
  )"
else
  skip 'bash completes the options of --help' 'there is no bash-completion'
fi

# zsh and fish: their own check of the syntax, where they are, and the options.
for shell in zsh:_whepcast fish:whepcast.fish; do
  name=${shell%:*} file=$files/${shell#*:}
  if command -v "$name" >/dev/null; then
    check "$name can read its file" "$("$name" -n "$file" 2>&1)"
  else
    skip "$name can read its file" "there is no $name"
  fi
done
check 'zsh has the options of --help' "$(
  grep -o -e '--[a-z][a-z-]*' "$files/_whepcast" | sort -u \
    | diff "$work/help" -
)"
check 'fish has the options of --help' "$(
  sed -n 's/.* -l \([a-z-]*\).*/--\1/p' "$files/whepcast.fish" | sort -u \
    | diff "$work/help" -
)"

plan
