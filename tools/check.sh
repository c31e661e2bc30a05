#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: tools/check.sh [--no-fuzz] [ctest options …]
#
# Installs what is missing, builds with the address and undefined-behaviour sanitizers, and runs
# every test through ctest, whose summary is the last thing said.
# The program is compiled as it is released, too: what the optimiser warns of must not wait for an
# installation. With clang the fuzz entries are built and run 2 seconds each among the tests. Long
# forms are in tools/long.sh.
set -euo pipefail
cd "$(dirname "$0")/.."

fuzz=on
if [ "${1:-}" = --no-fuzz ]; then
  fuzz=off
  shift
fi
if [ "${1:-}" = --help ]; then
  sed -n 's/^# \{0,1\}//; 3,9p' "$0"
  exit 0
fi
step() { printf '== %s\n' "$*"; }
quietly() { # runs it; its output only when it fails
  local log
  log=$(mktemp)
  if ! "$@" >"$log" 2>&1; then
    tail -n 60 "$log"
    rm -f "$log"
    echo "failed: $*" >&2
    exit 1
  fi
  rm -f "$log"
}

tools/deps.sh check
command -v clang-14 >/dev/null && has_clang=on || has_clang=off
jobs=$(nproc)
seconds=0
[ $fuzz = on ] && [ $has_clang = on ] && seconds=2

step "building (sanitizers: address, undefined)"
quietly cmake --preset dev -DPL_FUZZ_SECONDS=$seconds
quietly cmake --build --preset dev -j "$jobs"

step "compiling the release"
quietly cmake --preset release
quietly cmake --build --preset release -j "$jobs" --target parlance

if [ $seconds != 0 ]; then
  step "building the fuzz entries"
  quietly cmake --preset fuzz
  quietly cmake --build --preset fuzz -j "$jobs" --target fuzzers
fi

export POWER_PARLANCE=$PWD/build/release/parlance # what it starts many times
step "tests"
# Many wait more than they compute: two more at a time than there are cores.
ctest --preset dev -j "$((jobs + 2))" --output-on-failure "$@"
