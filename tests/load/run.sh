#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Measures the release build under many connections, next to a bare echo server and to the gateway
# without an engine, all in one run; reloads the flows in the middle of it; then puts hooks that
# loop, eat memory or crash, and workers that are killed, beside other conversations (calm: flows
# alone; parcel: each turn asks the shop; with + while hooks hurt). A hook's own limits usually end
# it before its deadline: then past_deadline is negative. Prints a table, then one line of
# name=value for each measurement. Meant for a machine that does nothing else; --seconds 6 is a
# quick look.
# usage: tests/load/run.sh [--connections N] [--seconds N] [--think MS] [--no-faults] [--many N]
# --many N: also N connections (10,000), as busy as they can be, then at 20,000 and at 5,000 turns a
# second whatever the server does, beside a bare LMDB commit on the same disk, then idle.
set -eu
cd "$(dirname "$0")/../.."
build=build/release
seconds=60 connections=1000 think=0 faults=1 many=0
while [ $# -gt 0 ]; do
  case "$1" in
    --seconds) seconds=$2; shift 2 ;;
    --connections) connections=$2; shift 2 ;;
    --think) think=$2; shift 2 ;;
    --no-faults) faults=0; shift ;;
    --many) many=$2; shift 2 ;;
    *) sed -n 3,12p "$0"; exit 2 ;;
  esac
done
for program in pl_load pl_echo pl_door pl_commit parlance demoshop; do
  [ -x $build/$program ] || { echo "missing $build/$program: cmake --preset release && cmake --build --preset release"; exit 2; }
done
ulimit -n "$(ulimit -Hn)"

data=$(mktemp -d)
rows=$data/rows
pids=()
failed=0
finish() {
  for pid in "${pids[@]}"; do kill -TERM "$pid" 2>/dev/null || true; done
  for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
  rm -rf "$data"
}
trap finish EXIT

free_port() {
  node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close() })'
}
listening() { # pid port: waits until the port answers or the server has died
  for _ in $(seq 600); do
    (exec 3<>"/dev/tcp/127.0.0.1/$2") 2>/dev/null && return 0
    kill -0 "$1" 2>/dev/null || { echo "a server did not start; its log:"; cat "$data"/*.log; exit 1; }
    sleep 0.05
  done
  echo "a server does not listen on port $2"; exit 1
}
row() { echo "$*" >>"$rows"; }
# A value of the line of $rows that begins so: value "row5 server=echo" turns_per_s
value() { grep "^$1 " "$rows" | tail -1 | tr ' ' '\n' | sed -n "s/^$2=//p"; }

project() { # folder: a copy of the flows that may be changed
  mkdir -p "$1"
  cp -r flows lua i18n "$1"
}
serve() { # folder of the project: starts a server, gives $port and $pid
  port=$(free_port)
  $build/parlance serve "$1/flows" --port "$port" --data "$1/data" --shop-url "http://127.0.0.1:$shop_port" \
    --max-connections-per-ip 1000000 --handshakes-per-minute 1000000 --messages-per-minute 1000000 \
    >"$1.log" 2>&1 & pid=$!
  pids+=("$pid")
  listening "$pid" "$port"
}
load() { # row name more...
  local row=$1 name=$2
  shift 2
  $build/pl_load --row "$row" --rows "$rows" --name "$name" --seconds "$seconds" "$@" || failed=1
}
running() { $build/parlance status --data "$1/data" | grep -o '"image":"[0-9a-f]*"'; } # the image

# ---- 1,000 connections, and a reload under them ----

reload() { # project: broken flows, then good ones, in the first half of the load
  local before broken good=0 code=0 part
  part=$(awk "BEGIN { print $seconds / 6 }")
  sleep "$part"
  before=$(running "$1")
  project "$data/broken"
  echo 'flow half a' >>"$data/broken/flows/orders.flow"
  $build/parlance reload "$data/broken/flows" --data "$1/data" >"$data/broken.log" 2>&1 || code=$?
  broken=$(running "$1")
  sleep "$part"
  project "$data/good"
  sed -i "s/I'd be happy to help you track your order!/$marker/" "$data/good/flows/orders.flow"
  $build/parlance reload "$data/good/flows" --data "$1/data" >"$data/good.log" 2>&1 || good=$?
  row "row6 broken_exit=$code unchanged=$([ "$before" = "$broken" ] && echo yes || echo no)" \
    "good_exit=$good changed=$([ "$before" != "$(running "$1")" ] && echo yes || echo no)"
}
marker="Tracking is what I like best!"

echo_port=$(free_port) door_port=$(free_port) shop_port=$(free_port)
$build/pl_echo "$echo_port" >"$data/echo.log" 2>&1 & pids+=($!); echo_pid=$!
$build/pl_door "$door_port" >"$data/door.log" 2>&1 & pids+=($!); door_pid=$!
$build/demoshop --port "$shop_port" >"$data/shop.log" 2>&1 & pids+=($!); shop_pid=$!
listening "$echo_pid" "$echo_port"
listening "$door_pid" "$door_port"
listening "$shop_pid" "$shop_port"
project "$data/plain"
serve "$data/plain"

common=(--connections "$connections" --think "$think")
$build/pl_load --header
load row5 echo --echo --port "$echo_port" --pid "$echo_pid" "${common[@]}"
load row5 gateway --port "$door_port" --pid "$door_pid" "${common[@]}"
load row5 parlance --port "$port" --pid "$pid" "${common[@]}"
reload "$data/plain" & reloading=$!
load row6 reloaded --port "$port" --pid "$pid" "${common[@]}" --marker "$marker"
wait "$reloading" || failed=1
[ "$(value 'row6 server=reloaded' marked)" -gt 0 ] || { echo "no conversation saw the new flows"; failed=1; }
grep -q '^row6 broken_exit=1 unchanged=yes good_exit=0 changed=yes$' "$rows" ||
  { echo "the reloads did not go as they should:"; cat "$data"/broken.log "$data"/good.log || true; failed=1; }
kill -TERM "$pid"; wait "$pid" || true

ratio() { awk "BEGIN { printf \"%.2f\", $(value "row5 server=$2" "$1") / $(value "row5 server=echo" "$1") }"; }
row "row5 ratio=parlance/echo turns_per_s=$(ratio turns_per_s parlance)" \
  "cpu_us_per_turn=$(ratio cpu_us_per_turn parlance) reply_p95_ms=$(ratio reply_p95_ms parlance)"

# ---- many connections ----

if [ "$many" -gt 0 ]; then
  mkdir "$data/lmdb"
  row "row7 server=lmdb $($build/pl_commit "$data/lmdb" 5)"
  project "$data/many"
  serve "$data/many"
  at() { load row7 "$1" --port "$port" --pid "$pid" --connections "$many" "${@:2}"; }
  at idle --idle
  at busy
  at rate20k --rate 20000
  at rate5k --rate 5000
  kill -TERM "$pid"; wait "$pid" || true
fi

# ---- hooks that hurt, beside others ----

if [ $faults = 1 ]; then
  deadline=200
  project "$data/faults"
  sed "s/within 600ms/within ${deadline}ms/" tests/kill/hurt.flow >"$data/faults/flows/hurt.flow"
  cp tests/kill/hurt.lua "$data/faults/lua"
  serve "$data/faults"
  # With time to think, so that the machine is not full and only the faults make a difference.
  quiet() { load row4 "$1" --port "$port" --pid "$pid" --connections "$connections" --think 2000; }
  beside() { # name connections think script more...: in the background
    $build/pl_load --row row4 --rows "$rows" --name "$1" --seconds "$seconds" --port "$port" --connections "$2" \
      --think "$3" --script "tests/load/$4.script" "${@:5}" >"$data/$1.out" 2>&1 & others+=($!)
  }
  finished() { # names...
    for one in "${others[@]}"; do wait "$one" || failed=1; done
    for one in "$@"; do cat "$data/$one.out"; done
    others=()
  }
  others=()
  beside parcel 20 200 parcel
  quiet calm
  finished parcel
  for kind in loop eat crash; do beside $kind 3 700 hurt_$kind --deadline $deadline; done
  beside parcel+ 20 200 parcel
  { sleep "$(awk "BEGIN { print $seconds / 2 }")"; cat "/proc/$pid/task/"*/children | xargs -r kill -KILL; } & others+=($!)
  quiet calm+
  finished parcel+ loop eat crash
  # More than the workers can be started again for: most wait in line until their deadline.
  beside crowd 60 100 hurt_loop --deadline $deadline
  finished crowd
  ended=$(grep -c worker_ended "$data/faults.log") || true
  row "row4 workers_ended=$ended"
fi

echo
sort -s -k1,1 "$rows"
if [ $failed = 0 ]; then echo "result=ok errors=0"; else echo "result=failed"; fi
exit $failed
