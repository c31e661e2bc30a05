#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: tools/torture.sh [ROW …]      without a row: all of them; --list says which there are
#
# The long forms of what is promised about loss, duplicates and hostile surroundings; their quick
# forms are in tools/check.sh. A row is a function below: it builds what it needs, prints figures,
# and ends with 0, or with 1 when a promise was broken. What a row says is kept in build/torture.
set -euo pipefail
cd "$(dirname "$0")/.."
jobs=$(nproc)

# The programs of a build, made when they are out of date: `built release parlance demoshop`.
built() {
  local preset=$1
  shift
  cmake --preset "$preset" >/dev/null
  cmake --build --preset "$preset" -j "$jobs" --target "$@" >/dev/null
}
# Tests that start servers take the release build's.
with_release() { PARLANCE=build/release/parlance DEMOSHOP=build/release/demoshop "$@"; }

# kill: SIGKILL at 500 random moments under 200 customers who write 500 messages a second.
row_kill() {
  built release parlance demoshop
  built dev kill_sudden
  with_release build/dev/kill_sudden --kills 500 --talks 200 --rate 500 --within 1000
}

# power: 2,000 data folders as a power cut may leave them, each opened by a server; 40 recordings.
row_power() {
  built release parlance demoshop
  built dev power_cut
  for _ in $(seq 40); do
    with_release build/dev/power_cut --images 50 --lives 4 | grep -v '^image'
  done
}

# backup: backups one after another beside 200 customers, then a restore elsewhere; the slowest of a
# hundred answers at most twice as slow.
row_backup() {
  built release parlance demoshop
  built dev kill_backup
  with_release build/dev/kill_backup --seconds 30 --talks 200 --rate 500 --times 200
}

# full: the disk full 20 times under 200 customers, to the reserve and to the last byte.
row_full() {
  built release parlance demoshop
  built dev kill_full
  with_release build/dev/kill_full --times 10 --talks 200 --rate 500 --full 3000
}

# fault: the nth system call or allocation of each operation on what is on disk fails, for every n.
row_fault() {
  built dev fault_each
  build/dev/fault_each
}

# late: the store's own suite, and a model of it, over a store that commits late and in any order.
row_late() {
  built dev unit_store_contract_test unit_store_late_test
  build/dev/unit_store_contract_test
  STORE_SEEDS=20000 build/dev/unit_store_late_test
}

# hooks: scripts that want to hurt, again and again, each ended in time and kept from everything else; then what
# customers notice of them who talk to the same server.
row_hooks() {
  built release parlance demoshop
  built dev hostile_test kill_hostile
  HOSTILE_ROUNDS=5 HOSTILE_SLACK_MS=100 build/dev/hostile_test
  with_release build/dev/kill_hostile --turns 4000
}

# once: server, hook workers and shop killed, one or all of them, at 40 random moments around a write that is done
# once; the shop acts once, and the customer is told once.
row_once() {
  built release parlance demoshop
  built dev kill_once
  with_release build/dev/kill_once --times 40
}

# clock: the time of day jumps by hours and days, there and back, and over the end of 32-bit seconds, while 100
# customers' flows sleep; every third time the server is killed, too.
row_clock() {
  built release parlance demoshop
  built dev engine_clock kill_clock
  build/dev/engine_clock
  with_release build/dev/kill_clock --customers 100 --rounds 18
}

# cut: the customer's connection cut after the k-th byte, both ways, over 10,000 turns.
row_cut() {
  built release parlance demoshop
  built dev net_torture
  with_release build/dev/net_torture cut
}

# drain: SIGTERM at 1,000 turns a second with 5,000 sockets.
row_drain() {
  built release parlance demoshop
  built dev net_torture
  with_release build/dev/net_torture drain
}

# hostile: frames that break the rules, 1,000 requests that never end, 10,000 connections where nobody is.
row_hostile() {
  built release parlance demoshop
  built dev net_torture
  with_release build/dev/net_torture hostile
}

# slow: 1,000 of 5,000 customers read 100 bytes a second, and 20 nothing at all.
row_slow() {
  built release parlance demoshop
  built dev net_torture
  with_release build/dev/net_torture slow
}

# reload: 200 versions of the flows at 1,000 messages a second, one in five broken.
row_reload() {
  built release parlance demoshop
  built dev kill_reloads
  with_release build/dev/kill_reloads --reloads 200 --talks 400 --rate 1000 --hold-us 5000
}

# ---- running them ----

rows() { sed -n 's/^row_\([a-z_]*\)() {$/\1/p' "$0"; }

usage() {
  sed -n 's/^# \{0,1\}//; 3,7p' "$0" >&2
  echo "rows: $(rows | tr '\n' ' ')" >&2
  exit 2
}

run_row() { # a row in a shell of its own, so that `set -e` holds within it
  local log=build/torture/$1.log code=0
  mkdir -p build/torture
  echo "== $1"
  "$BASH" "$0" --row "$1" >"$log" 2>&1 || code=$?
  tail -n 12 "$log"
  if [ $code = 0 ]; then echo "== $1: kept"; else echo "== $1: BROKEN ($code), see $log"; fi
  return $code
}

case ${1:-} in
--list) rows; exit 0 ;;
--row) "row_$2"; exit 0 ;;
-*) usage ;;
esac

# shellcheck disable=SC2046
[ $# -gt 0 ] || set -- $(rows)
broken=()
for row in "$@"; do
  declare -F "row_$row" >/dev/null || usage
  run_row "$row" || broken+=("$row")
done
[ ${#broken[@]} = 0 ] || { echo "broken: ${broken[*]}"; exit 1; }
