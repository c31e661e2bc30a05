#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: tools/long.sh load [--connections N] [--seconds N] [--think MS]
#        tools/long.sh torture [--rounds N]      each test again and again; then under the thread sanitizer
#        tools/long.sh fuzz [--seconds N] [ENTRY …]   each fuzz entry for N seconds (default 600)
#        tools/long.sh outage       models that fail in every way, and ten minutes without any
#        tools/long.sh ledger       10,000 turns of all kinds against the provider's bill, and crashes
#        tools/long.sh streams [--streams N] [--seconds N]   what we add to a turn of a model while N (1,000) stream
#        tools/long.sh lsp [--edits N]           the language server under random edits (default 10,000);
#                                                 how soon it answers in a project of 5,000 lines
#        tools/long.sh explore      2,000 made-up customers find what was planted, and nothing in the reference assistant
#        tools/long.sh foretold     what diff says of conversations under way, for 10,000 talks by chance
#        tools/long.sh language     how long projects of 1,000, 10,000 and 100,000 lines take to compile
#        tools/long.sh privacy [--messages N]   what people tell of themselves, against a provider that
#                                           keeps every byte (default 5000)
#        tools/long.sh million [--conversations N] [--turns N] [--samples N]   N (1,000,000) stored conversations of
#                                           N (2) turns: disk, memory, start, going on with them
#        tools/long.sh growth       what a turn costs with many flows, intents and rules, in instructions
#
# The tests that take too long for tools/check.sh. Each ends with 0, or with 1 and what was found.
set -euo pipefail
cd "$(dirname "$0")/.."
usage() { sed -n 's/^# \{0,1\}//; 3,18p' "$0" >&2; exit 2; }
jobs=$(nproc)

load() {
  cmake --preset release -DPL_TESTS=OFF >/dev/null
  cmake --build --preset release -j "$jobs" >/dev/null
  exec tests/load/run.sh "$@"
}

explore() {
  cmake --preset release -DPL_TESTS=OFF >/dev/null
  cmake --build --preset release -j "$jobs" --target parlance >/dev/null
  exec bash tests/explore/explore.sh "$PWD/build/release/parlance" whole
}

foretold() {
  [ $# -eq 0 ] || usage
  cmake --preset dev -DPL_FUZZ_SECONDS=0 >/dev/null
  cmake --build --preset dev -j "$jobs" --target diff_foretold >/dev/null
  exec build/dev/diff_foretold --talks 10000
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

lsp() {
  local edits=10000
  while [ $# -gt 0 ]; do
    case $1 in
    --edits) edits=${2:?}; shift 2 ;;
    *) usage ;;
    esac
  done
  cmake --preset dev >/dev/null
  cmake --build --preset dev -j "$jobs" --target parlance >/dev/null
  tests/lsp/run.sh "$PWD/build/dev/parlance" "$edits"
  cmake --preset release >/dev/null
  cmake --build --preset release -j "$jobs" --target parlance >/dev/null
  local folder
  folder=$(mktemp -d)
  tests/lang/large/make.sh 5000 "$folder/flows"
  node tests/lsp/speed.mjs "$PWD/build/release/parlance" "$folder/flows"
  rm -rf "$folder"
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

# The image of a small desk that answers by a model, and the program that plays with it.
models() {
  cmake --preset release -DPL_TESTS=OFF >/dev/null
  cmake --build --preset release -j "$jobs" --target parlance fake_provider pl_model_load >/dev/null
  folder=$(mktemp -d)
  trap 'if [ -n "${provider:-}" ]; then kill "$provider"; fi; rm -rf "$folder"' EXIT
  build/release/parlance build tests/load/desk -o "$folder/desk" >/dev/null
}

# Release build; the second takes ten minutes, as long as the models are out.
outage() {
  [ $# -eq 0 ] || usage
  models
  cmake --preset dev -DPL_FUZZ_SECONDS=0 >/dev/null
  cmake --build --preset dev -j "$jobs" --target unit_llm_outage_test >/dev/null
  local code=0
  PL_TIMED=1 build/dev/unit_llm_outage_test || code=1
  build/release/pl_model_load "$folder/desk" outage 500 1 || code=1
  build/release/pl_model_load "$folder/desk" blackout 600 1 || code=1
  return $code
}

ledger() {
  [ $# -eq 0 ] || usage
  cmake --preset dev >/dev/null
  cmake --build --preset dev -j "$jobs" --target unit_llm_mix_test unit_llm_ledger_test >/dev/null
  LLM_TURNS=10000 build/dev/unit_llm_mix_test
  build/dev/unit_llm_ledger_test
}

# At real-time priority where that is allowed, the provider below us, so that what else runs on the
# machine does not count. Without it the times are those of a busy machine.
streams() {
  local n=1000 seconds=30 url us=() provider_runs=()
  while [ $# -gt 0 ]; do
    case $1 in
    --streams) n=${2:?}; shift 2 ;;
    --seconds) seconds=${2:?}; shift 2 ;;
    *) usage ;;
    esac
  done
  models
  ulimit -n "$(ulimit -Hn)"
  if chrt -f 20 true 2>/dev/null; then
    us=(chrt -f 20)
    provider_runs=(chrt -f 10)
  else
    echo "no real-time priority: other programs' work is in the times"
  fi
  "${provider_runs[@]}" build/release/fake_provider --times "$folder/times" "a=none gap=50000" \
    >"$folder/provider" & # 20 tokens a second
  provider=$!
  for _ in $(seq 100); do [ -s "$folder/provider" ] && break; sleep 0.05; done
  url=$(sed -n 's|.*: \(http://[^/]*\)/.*|\1|p' "$folder/provider")
  "${us[@]}" build/release/pl_model_load "$folder/desk" streams "$url" "$folder/times" "$n" "$seconds"
}

growth() {
  [ $# -eq 0 ] || usage
  cmake --preset release -DPL_TESTS=OFF >/dev/null
  cmake --build --preset release -j "$jobs" --target parlance >/dev/null
  exec tests/load/growth.sh build/release/parlance
}

# The value of NAME= in a line that pl_stored has written.
value() { tr ' ' '\n' <<<"$2" | sed -n "s/^$1=//p"; }

# A server on the data folder $1 until it says its address; its pid in $server, its port in $port,
# the time in $start_ms.
start_stored() {
  local from
  from=$(date +%s%3N)
  PARLANCE_CACHE=$folder/cache build/release/parlance serve flows --data "$1" --port 0 --web '' --max-connections-per-ip 1000 \
    --handshakes-per-minute 1000000 >"$folder/said" 2>"$folder/log" &
  server=$!
  until grep -q '^serving' "$folder/said"; do
    kill -0 "$server" 2>/dev/null || { cat "$folder/log"; return 1; }
    sleep 0.01
  done
  start_ms=$(($(date +%s%3N) - from))
  port=$(sed -n 's|.*:\([0-9]*\)/$|\1|p' "$folder/said")
}

stop_stored() {
  kill -TERM "$server"
  wait "$server" || true
  server=
}

# Bounds: 900 bytes a turn, 1 s to start behind its compiling, 5 ms (p99) to go on, a turn's cost within a
# quarter of that with 1,000.
million() {
  local n=1000000 turns=2 samples=2000 code=0 said
  while [ $# -gt 0 ]; do
    case $1 in
    --conversations) n=${2:?}; shift 2 ;;
    --turns) turns=${2:?}; shift 2 ;;
    --samples) samples=${2:?}; shift 2 ;;
    *) usage ;;
    esac
  done
  cmake --preset release -DPL_TESTS=OFF >/dev/null
  cmake --build --preset release -j "$jobs" --target parlance pl_stored >/dev/null
  folder=$(mktemp -d -p "${TMPDIR:-/var/tmp}")
  trap 'if [ -n "${server:-}" ]; then kill "$server"; fi; rm -rf "$folder"' EXIT
  local image=$folder/image data=$folder/data small=$folder/small stored=build/release/pl_stored
  build/release/parlance build flows -o "$image" >/dev/null
  bound() { # WHAT VALUE MOST
    if [ "$2" -gt "$3" ]; then echo "too much: $1 is $2, at most $3"; code=1; fi
  }
  said=$("$stored" "$image" "$data" fill "$n" "$turns")
  echo "$said"
  local bytes of_turns grown
  bytes=$(du -sB1 "$data" | cut -f1)
  of_turns=$(value turns "$said")
  grown=$(value grown_kib "$said")
  echo "disk_bytes=$bytes bytes_per_turn=$((bytes / of_turns)) grown_bytes_per_conversation=$((grown * 1024 / n))"
  [ "$turns" -lt 7 ] || bound bytes_per_turn $((bytes / of_turns)) 900
  bound grown_bytes_per_conversation $((grown * 1024 / n)) 40
  "$stored" "$image" "$small" fill 1000 "$turns" >/dev/null
  start_stored "$small"; stop_stored # the models of the flows are trained once
  start_stored "$small"; local small_ms=$start_ms; stop_stored
  start_stored "$data"
  echo "start_ms=$start_ms start_ms_with_1000=$small_ms"
  bound start_ms $((start_ms - small_ms)) 1000
  said=$("$stored" sockets "$port" "$n" "$samples")
  echo "sockets: $said"
  bound p99_us "$(value p99_us "$said")" 5000
  stop_stored
  said=$("$stored" "$image" "$data" resume "$n" "$samples")
  echo "engine: $said"
  bound p99_us "$(value p99_us "$said")" 5000
  local few many
  few=$("$stored" "$image" "$small" turns 1000 4000 7)
  many=$("$stored" "$image" "$data" turns "$n" 4000 7)
  echo "turns: $few"
  echo "turns: $many"
  few=$(value us_per_turn "$few")
  many=$(value us_per_turn "$many")
  bound "a turn's cost, percent" "$(awk -v a="$few" -v b="$many" 'BEGIN { print int(100 * b / a) }')" 125
  return $code
}

# CPU time of all programs that this script has run, in milliseconds.
cpu_ms() {
  awk -v hz="$(getconf CLK_TCK)" '{ print int(($16 + $17) * 1000 / hz) }' "/proc/$$/stat"
}

what=${1:-}
[ $# -gt 0 ] && shift
case $what in
load | torture | fuzz | outage | ledger | streams | lsp | explore | foretold | language | privacy | million | growth) "$what" "$@" ;;
*) usage ;;
esac
