# SPDX-License-Identifier: MIT
# Completion of whepcast(1) for fish.
complete -c whepcast -f
complete -c whepcast -s h -l help -d 'Print the options and exit'
complete -c whepcast -s c -l config -r -F -d 'Configuration file'
complete -c whepcast -s l -l listen -x -d 'Where HTTP listens'
complete -c whepcast -s u -l udp-port -x -d 'The UDP port of all viewers'
complete -c whepcast -s s -l state-dir -x -a '(__fish_complete_directories)' -d 'Where mountpoints and the admin token are kept'
complete -c whepcast -l demo -d 'Add a live test mountpoint called demo'
complete -c whepcast -l check-config -d 'Check the configuration and exit'
complete -c whepcast -s V -l version -d 'Print the version and exit'
complete -c whepcast -s v -l verbose -d 'Log at level debug'
