#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: tools/long.sh load [--connections N] [--seconds N] [--think MS]
#        tools/long.sh torture [--rounds N]      each test again and again; then under the thread sanitizer
#        tools/long.sh fuzz [--seconds N] [ENTRY …]   each fuzz entry for N seconds (default 600)
#        tools/long.sh language     how long projects of 1,000, 10,000 and 100,000 lines take to compile
#        tools/long.sh privacy [--messages N]   what people tell of themselves, against a provider that
#                                           keeps every byte (default 5000)
#
# The tests that take too long for tools/check.sh. Each ends with 0, or with 1 and what was found.
set -euo pipefail
cd "$(dirname "$0")/.."
usage() { sed -n 's/^# \{0,1\}//; 3,10p' "$0" >&2; exit 2; }
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

privacy() {
  local messages=5000
  while [ $# -gt 0 ]; do
    case $1 in
    --messages) messages=${2:?}; shift 2 ;;
    *) usage ;;
    esac
  done
  cmake --preset dev >/dev/null
  cmake --build --preset dev -j "$jobs" --target privacy_corpus parlance demoshop >/dev/null
  PRIVACY_MESSAGES=$messages exec build/dev/privacy_corpus
}

# Parsing, checking, emitting and recognisers of six examples; CPU time, release build.
language() {
  cmake --preset release >/dev/null
  cmake --build --preset release -j "$jobs" --target parlance >/dev/null
  local folder
  folder=$(mktemp -d)
  for lines in 1000 10000 100000; do
    tests/lang/large/make.sh "$lines" "$folder/flows"
    local n before after
    n=$(cat "$folder"/flows/*.flow | wc -l)
    before=$(cpu_ms)
    build/release/parlance build "$folder/flows" -o "$folder/image" >/dev/null
    after=$(cpu_ms)
    echo "lines=$n cpu_ms=$((after - before)) us_per_line=$(((after - before) * 1000 / n))"
  done
  rm -rf "$folder"
}

# CPU time of all programs that this script has run, in milliseconds.
cpu_ms() {
  awk -v hz="$(getconf CLK_TCK)" '{ print int(($16 + $17) * 1000 / hz) }' "/proc/$$/stat"
}

what=${1:-}
[ $# -gt 0 ] && shift
case $what in
load | torture | fuzz | language | privacy) "$what" "$@" ;;
*) usage ;;
esac
