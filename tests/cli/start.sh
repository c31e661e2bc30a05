#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: start.sh PARLANCE REPOSITORY    a start takes the image of the last one when nothing has
# changed, and compiles when something has.
set -u
parlance=$1 wrong=0
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 2
bad() { echo "$*"; wrong=1; }

start() { # starts and stops a server; what `compiled` says then, and which file that is
  : >said
  "$parlance" serve flows --port 0 --data data --web '' >said 2>log &
  local pid=$!
  for _ in $(seq 600); do
    grep -q '^serving' said && break
    kill -0 "$pid" 2>/dev/null || { cat log; exit 1; }
    sleep 0.05
  done
  kill -TERM "$pid"
  wait "$pid" || bad "the server ended with $?"
  now=$(stat -c %i data/compiled)-$(cat data/compiled)
}

"$parlance" new shop >/dev/null && mv shop/flows shop/lua shop/i18n .
start; first=$now
start; [ "$now" = "$first" ] || bad "nothing changed, and it was compiled again"
echo "-- another" >>"$(find lua -name '*.lua' | head -1)"
start; second=$now
[ "${second#*-}" != "${first#*-}" ] || bad "a hook changed, and it was not compiled again"
printf x >>"data/images/$(cut -d' ' -f2 data/compiled)"
start; [ "$now" != "$second" ] && [ "${now#*-}" = "${second#*-}" ] || bad "a damaged image was taken"
exit $wrong
