# SPDX-License-Identifier: MIT
# shellcheck shell=sh

# help_options PROGRAM: the long options that its --help lists, one a line, and --help
# itself, which proves to be one
help_options ()
{
  {
    "$1" --help | sed -n 's/^ *\(-[a-zA-Z], \)\{0,1\}\(--[a-z][a-z-]*\).*/\2/p'
    echo --help
  } | sort -u
}
