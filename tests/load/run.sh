#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Measures the release build under many connections, next to a bare echo server and to the gateway
# without an engine, all in one run.
# usage: tests/load/run.sh [--connections N] [--seconds N] [--think MS]
set -eu
cd "$(dirname "$0")/../.."
build=build/release
seconds=60 connections=1000 think=0
while [ $# -gt 0 ]; do
  case "$1" in
    --seconds) seconds=$2; shift 2 ;;
    --connections) connections=$2; shift 2 ;;
    --think) think=$2; shift 2 ;;
    *) sed -n 3,5p "$0"; exit 2 ;;
  esac
done
for program in pl_load pl_echo pl_door parlance demoshop; do
  [ -x $build/$program ] || { echo "missing $build/$program: cmake --preset release && cmake --build --preset release"; exit 2; }
done
ulimit -n "$(ulimit -Hn)"

data=$(mktemp -d)
pids=()
finish() {
  for pid in "${pids[@]}"; do kill -TERM "$pid" 2>/dev/null || true; done
  for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
  rm -rf "$data"
}
trap finish EXIT

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
listening() { # pid port: waits until the port answers or the server has died
  for _ in $(seq 200); do
    (exec 3<>"/dev/tcp/127.0.0.1/$2") 2>/dev/null && return 0
    kill -0 "$1" 2>/dev/null || { echo "a server did not start; its log:"; cat "$data"/*.log; exit 1; }
    sleep 0.05
  done
  echo "a server does not listen on port $2"; exit 1
}

echo_port=$(free_port) door_port=$(free_port) shop_port=$(free_port) port=$(free_port)
$build/pl_echo "$echo_port" >"$data/echo.log" 2>&1 & pids+=($!); echo_pid=$!
$build/pl_door "$door_port" >"$data/door.log" 2>&1 & pids+=($!); door_pid=$!
$build/demoshop --port "$shop_port" >"$data/shop.log" 2>&1 & pids+=($!); shop_pid=$!
listening "$echo_pid" "$echo_port"
listening "$door_pid" "$door_port"
listening "$shop_pid" "$shop_port"
$build/parlance serve flows --port "$port" --data "$data/data" --shop-url "http://127.0.0.1:$shop_port" \
  --max-connections-per-ip 1000000 --handshakes-per-minute 1000000 --messages-per-minute 1000000 \
  >"$data/parlance.log" 2>&1 & pids+=($!); pid=$!
listening "$pid" "$port"

common=(--connections "$connections" --seconds "$seconds" --think "$think")
$build/pl_load --header
failed=0
$build/pl_load --name echo --echo --port "$echo_port" --pid "$echo_pid" "${common[@]}" || failed=1
$build/pl_load --name gateway --port "$door_port" --pid "$door_pid" "${common[@]}" || failed=1
$build/pl_load --name parlance --port "$port" --pid "$pid" "${common[@]}" || failed=1
exit $failed
