#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Checks the sources against the rules of the house:
#   - includes go along the room table (cmake/rooms.cmake), to lower floors and through front doors;
#     inside grammar, along grammar.floors; docs/ARCHITECTURE.md shows the same table
#   - an outside header stands only in the room that owns it
#   - banned functions are not called; functions over 60 lines are listed in long-functions
#   - every source names its licence; no machine's path and no registry's host is written anywhere
# usage: rooms.sh [ROOT]    prints "path:line: what", exits 1 when there is anything
set -u
here=$(cd "$(dirname "$0")" && pwd)
cd "${1:-$here/../..}" || exit 2
LC_ALL=C
export LC_ALL

list=$(mktemp) || exit 2
trap 'rm -f "$list"' EXIT

# What git tracks or would track; without git, all but what builds leave behind.
if [ -e .git ] && git ls-files >/dev/null 2>&1; then
  git ls-files --cached --others --exclude-standard
else
  find . -name .git -prune -o -name build -prune -o -name node_modules -prune -o -name dist -prune \
    -o -type f -print | sed 's|^\./||'
fi | sort >"$list"

bad=0

# shellcheck disable=SC2046  # no source has a space in its name: checked here
if grep -n '[[:space:]]' "$list"; then
  echo "names of files without spaces, please"
  exit 1
fi
sources=$(grep -E '\.(c|h|def|cmake|sh|awk|lua|js|mjs|ts|css)$|(^|/)CMakeLists\.txt$' "$list" |
  grep -v '^tests/unit/.*\.js$' | while read -r f; do [ -f "$f" ] && echo "$f"; done)
# shellcheck disable=SC2086
awk -f "$here/rooms.awk" table=1 cmake/rooms.cmake table=2 tests/rooms/grammar.floors \
  table=3 tests/rooms/long-functions table=5 docs/ARCHITECTURE.md table=4 $sources || bad=1

# Paths of one machine, hosts of registries and mirrors. This folder has to name them.
places='/work/|/home/[a-z]|/Users/|(^|[^a-z])registry\.[a-z]|[a-z]\.npmjs\.|pypi\.org|deb\.debian\.org|artifactory|nexus\.[a-z]'
found=$(grep -v '^tests/rooms/' "$list" | xargs grep -sInE "$places" /dev/null)
if [ -n "$found" ]; then
  echo "$found" | cut -c1-200 | sed 's/$/   <- a path of one machine, or the host of a registry/'
  bad=1
fi

exit $bad
