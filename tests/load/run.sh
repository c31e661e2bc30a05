#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Measures the release build in one run, on a machine that does nothing else, and prints one line of
# name=value for each measurement, then the table of what is wanted and what was seen (medians of
# all rounds; in about ten minutes):
#   row5  1,000 connections, server and client each on a core of its own: a bare echo, the gateway
#         without an engine, text turns, button turns
#   row6  flows reloaded under the same load
#   row7  10,000 connections: idle, as busy as they can be, at 20,000 and at 5,000 turns a second
#         whatever the server does; beside a bare LMDB commit on the same disk
#   row4  hooks that loop, eat memory or crash, and workers that are killed, beside others (calm:
#         flows alone; parcel: each turn asks the shop; with + while hooks hurt). A hook's own limits
#         usually end it before its deadline: then past_deadline is negative
#   bench the engine alone; growth: a message's instructions; stored: conversations on disk
# usage: tests/load/run.sh [--rounds N] [--seconds N] [--connections N] [--think MS] [--many N]
#                          [--stored N] [--only "PART ..."] [--quick]
# --many 0 and --stored 0 leave those out. PARTs: thousand reload many hooks bench growth stored.
# --quick: one short round of everything, to see that it works; its figures mean nothing.
set -eu
cd "$(dirname "$0")/../.."
build=build/release
rounds=3 seconds=12 connections=1000 think=0 many=10000 stored=143000
parts="thousand reload many hooks bench growth stored"
while [ $# -gt 0 ]; do
  case "$1" in
    --rounds) rounds=$2; shift 2 ;;
    --seconds) seconds=$2; shift 2 ;;
    --connections) connections=$2; shift 2 ;;
    --think) think=$2; shift 2 ;;
    --many) many=$2; shift 2 ;;
    --stored) stored=$2; shift 2 ;;
    --only) parts=$2; shift 2 ;;
    --quick) rounds=1 seconds=3 many=2000 stored=3000; shift ;;
    *) sed -n 3,21p "$0"; exit 2 ;;
  esac
done
wanted() { [[ " $parts " == *" $1 "* ]]; }
for program in pl_load pl_echo pl_door pl_commit pl_stored parlance demoshop; do
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
# The median of a value in all lines of $rows that begin so: value "row5 server=echo" turns_per_s;
# "-" when there is none.
value() {
  { grep "^$1 " "$rows" || true; } | tr ' ' '\n' | sed -n "s/^$2=//p" | sort -g |
    awk '{ v[NR] = $1 } END { print NR ? v[int((NR + 1) / 2)] : "-" }'
}
# On two cores or more the server has the first, and the client and the shop have another.
server_on=() client_on=()
pin() { if [ "$(nproc)" -gt 1 ]; then server_on=(taskset -c 0) client_on=(taskset -c 1); fi; }
unpin() { server_on=() client_on=(); }

project() { # folder: a copy of the flows that may be changed
  mkdir -p "$1"
  cp -r flows lua i18n "$1"
}
serve() { # folder of the project: starts a server, gives $port and $pid
  port=$(free_port)
  "${server_on[@]}" $build/parlance serve "$1/flows" --port "$port" --data "$1/data" --shop-url "http://127.0.0.1:$shop_port" \
    --max-connections-per-ip 1000000 --handshakes-per-minute 1000000 --messages-per-minute 1000000 \
    >"$1.log" 2>&1 & pid=$!
  pids+=("$pid")
  listening "$pid" "$port"
}
load() { # row name more...
  local row=$1 name=$2
  shift 2
  "${client_on[@]}" $build/pl_load --row "$row" --rows "$rows" --name "$name" --seconds "$seconds" "$@" || failed=1
}
running() { $build/parlance status --data "$1/data" | grep -o '"image":"[0-9a-f]*"'; } # the image

# ---- 1,000 connections, and a reload under them ----

reload() { # project: broken flows, then good ones, in the first half of the load
  local before broken good=0 code=0 part
  part=$(awk "BEGIN { print $long / 6 }")
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

touch "$rows"
echo_port=$(free_port) door_port=$(free_port) shop_port=$(free_port)
pin
"${server_on[@]}" $build/pl_echo "$echo_port" >"$data/echo.log" 2>&1 & pids+=($!); echo_pid=$!
"${server_on[@]}" $build/pl_door "$door_port" >"$data/door.log" 2>&1 & pids+=($!); door_pid=$!
"${client_on[@]}" $build/demoshop --port "$shop_port" >"$data/shop.log" 2>&1 & pids+=($!); shop_pid=$!
listening "$echo_pid" "$echo_port"
listening "$door_pid" "$door_port"
listening "$shop_pid" "$shop_port"
common=(--connections "$connections" --think "$think")
$build/pl_load --header

if wanted thousand || wanted reload; then
  project "$data/plain"
  serve "$data/plain"
fi
if wanted thousand; then
  for _ in $(seq "$rounds"); do
    load row5 echo --echo --port "$echo_port" --pid "$echo_pid" "${common[@]}"
    load row5 gateway --port "$door_port" --pid "$door_pid" "${common[@]}"
    load row5 parlance --port "$port" --pid "$pid" "${common[@]}"
    load row5 buttons --port "$port" --pid "$pid" "${common[@]}" --script tests/load/button.script
  done
fi
if wanted reload; then
  long=$((seconds > 12 ? seconds : 12)) # compiling takes its time, too
  reload "$data/plain" & reloading=$!
  load row6 reloaded --port "$port" --pid "$pid" "${common[@]}" --marker "$marker" --seconds $long
  wait "$reloading" || failed=1
  [ "$(value 'row6 server=reloaded' marked)" -gt 0 ] || { echo "no conversation saw the new flows"; failed=1; }
  grep -q '^row6 broken_exit=1 unchanged=yes good_exit=0 changed=yes$' "$rows" ||
    { echo "the reloads did not go as they should:"; cat "$data"/broken.log "$data"/good.log || true; failed=1; }
fi
if wanted thousand || wanted reload; then kill -TERM "$pid"; wait "$pid" || true; fi
unpin

# ---- many connections ----

if wanted many && [ "$many" -gt 0 ]; then
  mkdir "$data/lmdb"
  project "$data/many"
  serve "$data/many"
  at() { load row7 "$1" --port "$port" --pid "$pid" --connections "$many" "${@:2}"; }
  at idle --idle
  for i in $(seq "$rounds"); do
    mkdir "$data/lmdb/$i"
    row "row7 server=lmdb $($build/pl_commit "$data/lmdb/$i" 4)"
    at busy
    at rate20k --rate 20000
    at rate5k --rate 5000
  done
  kill -TERM "$pid"; wait "$pid" || true
fi

# ---- hooks that hurt, beside others ----

if wanted hooks; then
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

# ---- the engine alone, growth, what is stored ----

if wanted bench; then
  for _ in $(seq "$rounds"); do
    said=$("${server_on[@]}" $build/parlance bench flows)
    row "bench $(awk '/turns in/ { print "turns_per_s=" $6 } /understood/ { print "understood_us=" $2 }' <<<"$said" | tr '\n' ' ')"
    echo "$said"
  done
fi
if wanted growth; then
  tests/load/growth.sh $build/parlance | tee "$data/growth" || true
  row "growth $(awk '{ sub(/,/, "", $0); n = $1 } /%/ { match($0, /[0-9]+ %/); print n "=" substr($0, RSTART, RLENGTH - 2) }' "$data/growth" | tr '\n' ' ')"
fi
if wanted stored && [ "$stored" -gt 0 ]; then
  tools/long.sh million --conversations "$stored" --turns 7 >"$data/stored" || true
  cat "$data/stored"
  row "stored $(grep -o 'bytes_per_turn=[0-9]*\|grown_bytes_per_conversation=[-0-9]*' "$data/stored" | tr '\n' ' ')" \
    "$(grep -o '^start_ms=[0-9]* start_ms_with_1000=[0-9]*' "$data/stored" || true)" \
    "sockets_p99_us=$(sed -n 's/^sockets: .*p99_us=\([0-9]*\).*/\1/p' "$data/stored")" \
    "us_per_turn_with_1000=$(sed -n 's/^turns: .*us_per_turn=\([0-9.]*\).*/\1/p' "$data/stored" | sed -n 1p)" \
    "us_per_turn=$(sed -n 's/^turns: .*us_per_turn=\([0-9.]*\).*/\1/p' "$data/stored" | sed -n 2p)"
fi

# ---- the table ----

of() { # VALUE OF: their ratio
  awk -v a="$1" -v b="$2" 'BEGIN { if (a == "-" || b == "-" || b == 0) print "-"; else printf "%.2f\n", a / b }'
}
line() { [ "$3" = - ] || printf '%-62s %-16s %s\n' "$1" "$2" "$3"; }
table() {
  local text="row5 server=parlance" echo="row5 server=echo" buttons="row5 server=buttons"
  line "what (medians of $rounds)" "wanted" "seen"
  line "a text turn, $connections connections: server CPU, us" "32, then 25" "$(value "$text" cpu_us_per_turn)"
  line "  turns/s" "" "$(value "$text" turns_per_s)"
  line "  turns/s of those of the echo" "0.42, then 0.55" "$(of "$(value "$text" turns_per_s)" "$(value "$echo" turns_per_s)")"
  line "  the echo: turns/s" "" "$(value "$echo" turns_per_s)"
  line "  the echo: CPU, us" "" "$(value "$echo" cpu_us_per_turn)"
  line "  the gateway alone: CPU, us" "" "$(value 'row5 server=gateway' cpu_us_per_turn)"
  line "a button turn: server CPU, us" "" "$(value "$buttons" cpu_us_per_turn)"
  line "  turns/s of those of the echo" "" "$(of "$(value "$buttons" turns_per_s)" "$(value "$echo" turns_per_s)")"
  line "understanding a message, us" "10" "$(value bench understood_us)"
  line "the engine alone: turns/s" "100000" "$(value bench turns_per_s)"
  line "$many connections: turns/s" "30000" "$(value 'row7 server=busy' turns_per_s)"
  line "  errors" "0" "$(value 'row7 server=busy' errors)"
  line "  at 20,000 turns/s: p95, ms" "< 100" "$(value 'row7 server=rate20k' reply_p95_ms)"
  line "    turns/s that it came to" "20000" "$(value 'row7 server=rate20k' turns_per_s)"
  line "  at 5,000 turns/s: p99 of that of a bare LMDB commit" "< 3" \
    "$(of "$(value 'row7 server=rate5k' reply_p99_ms)" "$(value 'row7 server=lmdb' p99_ms)")"
  line "    p99, ms" "" "$(value 'row7 server=rate5k' reply_p99_ms)"
  line "    p99 of a bare LMDB commit, ms" "" "$(value 'row7 server=lmdb' p99_ms)"
  line "  idle: bytes a connection" "< 12288" "$(value 'row7 server=idle' bytes_per_conn)"
  line "  idle: share of a core" "< 0.03" "$(value 'row7 server=idle' core_share)"
  line "flows 10 -> 1,000: a message's instructions, %" "< 150" "$(value growth flows)"
  line "intents 30 -> 300, %" "< 300" "$(value growth intents)"
  line "rules 20 -> 200, %" "< 150" "$(value growth rules)"
  line "$stored stored: bytes of disk a turn" "900" "$(value stored bytes_per_turn)"
  line "  memory that is left of a conversation, bytes" "0" "$(value stored grown_bytes_per_conversation)"
  line "  start behind compiling, ms more than with 1,000" "< 1000" \
    "$(awk -v a="$(value stored start_ms)" -v b="$(value stored start_ms_with_1000)" 'BEGIN { print a == "-" ? a : a - b }')"
  line "  going on with one, p99 over sockets, us" "< 5000" "$(value stored sockets_p99_us)"
  line "  a turn's time of that with 1,000" "1" "$(of "$(value stored us_per_turn)" "$(value stored us_per_turn_with_1000)")"
}

echo
sort -s -k1,1 "$rows"
echo
table
echo
if [ $failed = 0 ]; then echo "result=ok errors=0"; else echo "result=failed"; fi
exit $failed
