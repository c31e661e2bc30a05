#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: tools/long.sh load [--connections N] [--seconds N] [--think MS]
#        tools/long.sh torture [--rounds N]      each test again and again; then under the thread sanitizer
#        tools/long.sh fuzz [--seconds N] [ENTRY …]   each fuzz entry for N seconds (default 600)
#
# The tests that take too long for tools/check.sh. Each ends with 0, or with 1 and what was found.
set -euo pipefail
cd "$(dirname "$0")/.."
usage() { sed -n 's/^# \{0,1\}//; 3,7p' "$0" >&2; exit 2; }
jobs=$(nproc)

load() {
  cmake --preset release -DPL_TESTS=OFF >/dev/null
  cmake --build --preset release -j "$jobs" >/dev/null
  exec tests/load/run.sh "$@"
}

torture() {
  local rounds=20
  while [ $# -gt 0 ]; do
    case $1 in
    --rounds) rounds=${2:?}; shift 2 ;;
    *) usage ;;
    esac
  done
  cmake --preset dev -DPL_FUZZ_SECONDS=0 >/dev/null
  cmake --build --preset dev -j "$jobs" >/dev/null
  ctest --preset dev -j "$jobs" -E '^(web|rooms|golden|lang)/' --repeat "until-fail:$rounds" --output-on-failure
  cmake --preset tsan >/dev/null
  cmake --build --preset tsan -j "$jobs" >/dev/null
  ctest --preset tsan -j "$jobs" -R '^(unit|hooks)/' --output-on-failure
}

fuzz() {
  local seconds=600 entries=()
  while [ $# -gt 0 ]; do
    case $1 in
    --seconds) seconds=${2:?}; shift 2 ;;
    -*) usage ;;
    *) entries+=("$1"); shift ;;
    esac
  done
  cmake --preset fuzz >/dev/null
  cmake --build --preset fuzz -j "$jobs" --target fuzzers >/dev/null
  cmake --preset dev "-DPL_FUZZ_SECONDS=$seconds" >/dev/null
  local names=${entries[*]:-.*}
  ctest --preset dev -j "$jobs" -L '^fuzz$' -R "^fuzz/run/(${names// /|})\$" --output-on-failure
}

what=${1:-}
[ $# -gt 0 ] && shift
case $what in
load | torture | fuzz) "$what" "$@" ;;
*) usage ;;
esac
