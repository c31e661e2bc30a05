#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: tools/up.sh [--port P] [--data DIR]     everything, from a fresh Debian 12 to a page with the chat on it
#
#   --port P     where the page is, 8080 without it; the demo shop takes the port above
#   --data DIR   conversations, keys, logs; var/data in this repository without it
#
# Installs what is missing, builds what has changed, starts the demo shop and the server on
# 127.0.0.1 and prints the address. Ctrl-C stops everything.
set -euo pipefail
root=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)
port=8080
data=$root/var/data

usage() {
  sed -n 's/^# \{0,1\}//; 3,9p' "${BASH_SOURCE[0]}"
}
fail() {
  echo "up: $*" >&2
  exit 2
}

while [ $# -gt 0 ]; do
  case $1 in
    --port=* | --data=*) set -- "${1%%=*}" "${1#*=}" "${@:2}" ;;
    --port) port=${2:-}; shift 2 || fail "--port takes a number" ;;
    --data) data=${2:-}; shift 2 || fail "--data takes a folder" ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; fail "there is no option '$1'" ;;
  esac
done
[[ $port =~ ^[0-9]{1,5}$ ]] && [ "$port" -ge 1 ] && [ "$port" -le 65534 ] ||
  fail "--port takes a number from 1 to 65534"
[ -n "$data" ] || fail "--data takes a folder"
mkdir -p "$data" || fail "the data folder '$data' cannot be made"
data=$(cd "$data" && pwd)
cd "$root"
mkdir -p build && [ -w build ] || fail "$root/build belongs to another user; clone the repository for yourself"

# step "what it does" COMMAND...: quiet; what takes longer than a second shows that it lives, and a
# failure shows what the command wrote.
step() {
  local what=$1 log=build/up.log pid code=0 shown= from=$SECONDS
  shift
  "$@" >"$log" 2>&1 </dev/null &
  pid=$!
  working=-$pid # the whole group
  for ((tick = 0; ; tick++)); do
    kill -0 "$pid" 2>/dev/null || break
    if ((tick >= 10)) && [ -t 1 ]; then
      printf '\r\e[K%s … %s' "$what" "$(tail -c 200 "$log" | grep -o '\[[0-9]*/[0-9]*\]' | tail -1)"
      shown=yes
    elif ((tick == 10)); then
      echo "$what …"
    fi
    sleep 0.1
  done
  wait "$pid" || code=$?
  working=
  [ -n "$shown" ] && printf '\r\e[K%s: %d s\n' "$what" $((SECONDS - from))
  [ "$code" = 0 ] && return
  cat "$log" >&2
  fail "$what: failed; the lines above say why"
}

packages() { # installed once, looked at again when dpkg or the list has changed
  [ build/.deps -nt tools/deps.sh ] && [ build/.deps -nt /var/lib/dpkg/status ] && return
  tools/deps.sh run
  touch build/.deps
}

server_build() {
  [ -e build/release/build.ninja ] || cmake --preset release
  cmake --build --preset release --target parlance demoshop
}

# Started programs end with this script, even when it is killed. The log of the start before is kept.
start() { # name COMMAND...
  local name=$1
  shift
  [ -e "$data/$name.log" ] && mv "$data/$name.log" "$data/$name.log.1"
  setpriv --pdeathsig TERM "$@" >"$data/$name.log" 2>&1 </dev/null &
  started+=($!)
}

stop() {
  trap '' INT TERM HUP
  [ -n "$working" ] && kill -- "$working"
  [ ${#started[@]} -gt 0 ] && kill "${started[@]}"
  wait
} 2>/dev/null

# Waits until the program has said in its log that it listens.
ready() { # pid name says
  for ((i = 0; i < 600; i++)); do
    grep -q "$3" "$data/$2.log" && return
    kill -0 "$1" 2>/dev/null || break
    sleep 0.05
  done
  cat "$data/$2.log" >&2
  fail "the $2 did not start; the lines above say why"
}

set -m # what is started has a process group of its own: Ctrl-C reaches this script, which stops it
started=()
working=
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

packages
step "building the server" server_build
step "building the widget" web/build.sh

shop=http://127.0.0.1:$((port + 1))
start shop build/release/demoshop --port $((port + 1)) --data "$data/shop.journal"
ready "${started[0]}" shop "demo shop:"
start server build/release/parlance serve flows --port "$port" --data "$data" --shop-url "$shop" --drain-wait 1s
ready "${started[1]}" server "serving "

echo "Open http://127.0.0.1:$port/ and talk to the shop. Ctrl-C stops it. Logs: $data/*.log"
wait -n "${started[@]}" || true
for i in 0 1; do
  kill -0 "${started[$i]}" 2>/dev/null && continue
  name=$([ "$i" = 0 ] && echo "demo shop" || echo server)
  tail -5 "$data/$([ "$i" = 0 ] && echo shop || echo server).log" >&2
  fail "the $name has ended; everything else was stopped"
done
