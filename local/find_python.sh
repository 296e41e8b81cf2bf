#!/usr/bin/env bash
# Prints the path of a Python 3.13 that works: on PATH, else among pyenv's versions. A pyenv shim may exist and not work.
set -u
works() { "$1" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 13))' >/dev/null 2>&1; }
candidates=(python3.13 python3 python "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.13*/bin/python3.13)
for candidate in "${candidates[@]}"; do
  path=$(command -v "$candidate") || continue
  if works "$path"; then
    "$path" -c 'import sys; print(sys.executable)'
    exit 0
  fi
done
cat >&2 <<'TEXT'
Signalbox needs Python 3.13, and none was found on PATH or among pyenv's versions.
Install it in one of these ways, then run the same command again:
  pyenv install 3.13        (any system)
  brew install python@3.13  (macOS)
  apt-get install python3.13 python3.13-venv  (Debian 13, Ubuntu 25.04 and newer)
TEXT
exit 1
