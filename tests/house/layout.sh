#!/bin/sh
# SPDX-License-Identifier: MIT
# .clang-format decides the layout of C, shellcheck reads the shell scripts.
set -u
here=$(dirname "$0")
# shellcheck source=tests/house/lib.sh
. "$here/lib.sh"
cd "$1" || exit 1

# Other versions lay out differently.
format=
for program in clang-format-14 clang-format; do
  if "$program" --version 2>/dev/null | grep -q 'version 14\.'; then
    format=$program
    break
  fi
done
if [ -n "$format" ]; then
  # All files in one go: it takes longer to start than to read a file.
  check 'C is laid out by .clang-format' "$(
    sources . \( -path './src/*' -o -path './tests/*' \) -name '*.[ch]' \
      | xargs "$format" --dry-run -Werror 2>&1 | grep ': error:'
  )"
else
  skip 'C is laid out by .clang-format' 'there is no clang-format 14'
fi

if command -v shellcheck >/dev/null; then
  check 'shellcheck has nothing to say' "$(
    sources . \( -name '*.sh' -o -name run -o -name deb -o -name trial \
      -o -name 'whepcast.post*' -o -name whepcast.bash \) \
      | xargs shellcheck -x -f gcc 2>&1
  )"
else
  skip 'shellcheck has nothing to say' 'there is no shellcheck'
fi

plan
