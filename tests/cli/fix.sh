#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: fix.sh PARLANCE REPOSITORY    For each fix/NAME.flow: what --fix makes of it, NAME.fixed,
# and what --fix --unsafe does, NAME.unsafe; without one of them, that changes nothing. A second run
# changes nothing either.
set -u
parlance=$1 repository=$2 wrong=0
here=$repository/tests/cli/fix
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

try() { # NAME EXPECTED OPTION...
  local name=$1 expected=$2
  shift 2
  rm -rf "${dir:?}"/*
  cp -r "$repository/flows/prelude" "$repository/tests/docs/base.flow" "$dir/"
  cp "$here/$name.flow" "$dir/page.flow"
  "$parlance" lint --fix "$@" "$dir" 2> "$dir/said"
  diff -u "$expected" "$dir/page.flow" || { echo "lint --fix $*: $name is mended otherwise"; wrong=1; }
  "$parlance" lint --fix "$@" "$dir" 2>&1 | grep '^mended' && { echo "lint --fix $*: $name is mended twice"; wrong=1; }
}

for flow in "$here"/*.flow; do
  name=$(basename "$flow" .flow)
  fixed=$here/$name.fixed unsafe=$here/$name.unsafe
  [ -e "$fixed" ] || fixed=$flow
  [ -e "$unsafe" ] || unsafe=$fixed
  try "$name" "$fixed"
  try "$name" "$unsafe" --unsafe
done
[ "$(ls "$dir" | wc -l)" = 4 ] || { echo "lint --fix: left files behind"; wrong=1; }
exit $wrong
