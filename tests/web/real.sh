#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: real.sh BUILD_DIR TEST.mjs [FLOWS]     runs a browser test against that build's server and demo shop
#
# Both listen on free ports and keep everything in a temporary folder, a copy of the flows among it:
# there hooks have deadlines that a busy machine keeps. The test is told PL_SERVER,
# where the server listens, PL_SHOP, where the shop does, and PL_SERVE, the command that starts the
# server there. restart.test.mjs starts and kills it itself; for other tests it runs already.
set -euo pipefail
build=$(cd "$1" && pwd)
test=$2
flows=${3:-flows}
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."

data=$(mktemp -d)
started=()
stop() {
  local code=$?
  trap '' INT TERM
  [ ${#started[@]} -gt 0 ] && kill "${started[@]}" 2>/dev/null
  wait
  [ "$code" = 0 ] || tail -n 30 "$data"/*.log >&2
  rm -rf "$data"
}
trap stop EXIT
trap 'exit 143' TERM
trap 'exit 130' INT

# says LOG PATTERN PID: waits for a line and prints its address
says() {
  for ((i = 0; i < 600; i++)); do
    grep -om1 "$2http://[0-9.:]*" "$1" 2>/dev/null | grep -o 'http.*' && return
    kill -0 "$3" 2>/dev/null || break
    sleep 0.05
  done
  echo "nothing listens: $1" >&2
  return 1
}

mkdir "$data/project"
cp -r "$flows" "$data/project/flows"
for folder in lua i18n; do
  [ -d "$flows/../$folder" ] && cp -r "$flows/../$folder" "$data/project/$folder"
done
sed -i -E 's/^  within [0-9]+ms/  within 8s/' "$data"/project/flows/*.flow

"$build/demoshop" --port 0 >"$data/shop.log" 2>&1 &
started+=($!)
shop=$(says "$data/shop.log" "demo shop: " $!)
port=$(node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })')
export PL_SHOP=$shop
export PL_SERVER=http://127.0.0.1:$port
export PL_SERVE="env -C $PWD $build/parlance serve $data/project/flows --port $port --data $data/kept --shop-url $shop"

if [ "$test" != restart.test.mjs ]; then
  $PL_SERVE >"$data/server.log" 2>&1 &
  started+=($!)
  says "$data/server.log" "serving .* on " $! >/dev/null
fi
"$here/run.sh" "$test"
