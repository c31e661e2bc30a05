#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: replay.sh PARLANCE REPOSITORY    `parlance replay`: stored conversations on their own flows,
# on others, step by step; the commands of docs/REPLAY.md as they stand there.
set -u
parlance=$1 repository=$2 wrong=0
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 2
bad() { echo "$*"; wrong=1; }
has() { case $1 in *"$2"*) ;; *) bad "no '$2' in: $1" ;; esac; }
says() { # CODE TEXT ARGUMENT…
  local code=$1 text=$2; shift 2
  said=$("$parlance" "$@" 2>&1 < /dev/null); local got=$?
  [ $got = "$code" ] || bad "$*: exits $got, not $code: $said"
  has "$said" "$text"
}

"$parlance" new shop > /dev/null && mv shop/flows shop/lua shop/i18n .
says 2 "no conversation was ever stored" replay --master-key /dev/null
[ ! -e data ] || bad "looking at what is not there made it"
"$parlance" bench flows --turns 30 --conversations 4 --data data > /dev/null || bad "no journal was made"

says 0 "same " replay
has "$said" "100.00%"
before=$(find data -type f ! -name lock.mdb -exec sha256sum {} + | sort)
says 0 '"compared":' replay --json --jobs 2
"$parlance" build flows -o flows.pimg 2> /dev/null
says 0 "replayed on" replay --against flows.pimg
has "$said" " 100.00%  the customer sees the same"
[ "$before" = "$(find data -type f ! -name lock.mdb -exec sha256sum {} + | sort)" ] || bad "replay writes"

# the commands of the page, with the image of the same flows
mkdir bin; ln -s "$parlance" bin/parlance
while read -r line; do
  out=$(PATH="$folder/bin:$PATH" bash -c "$line" 2>&1) || bad "docs/REPLAY.md: $line: $out"
done < <(sed -n '/^```sh$/,/^```$/p' "$repository/docs/REPLAY.md" | grep '^parlance' | sed 's/ flows / flows.pimg /; s/ flows$/ flows.pimg/')
grep -q '<details' replay.html && bad "the page has groups where all is the same"
grep -qE 'https?://|<script' replay.html && bad "the page loads something"

# other flows: each kind of difference
change() { # EXPRESSION…: of flows and hooks
  rm -rf new; mkdir new; cp -r flows lua i18n new
  for e in "$@"; do sed -i "$e" new/flows/track.flow new/lua/orders.lua; done
  "$parlance" build new/flows -o new.pimg > build.log 2>&1 || bad "$(cat build.log)"
}
change 's/is {order.status}\./is now {order.status}./' 's/handoff offer because "order not found"/"Sorry." @track.sorry/'
says 0 "says @track.found" replay --against new.pimg --html r.html
has "$said" "now: Your order ABC123456 is now on its way."
has "$said" "says @prelude.offer → says @track.sorry"
grep -q '<details open>.*track.sorry' r.html || bad "the page does not show the group"
says 1 "beyond the gate: path" replay --against new.pimg --gate "path<1%"
says 0 "replayed on" replay --against new/flows --gate "path<90%,stuck<1"
says 2 "is no limit" replay --against new.pimg --gate "path<1%,bad"
says 2 "name the other flows" replay --gate "path<1%"
id=$("$parlance" replay --json --against new.pimg | grep -o '"conversation":"[0-9a-f]*' | head -1 | cut -d'"' -f4)
change 's/orders\.find/orders.look/' 's/^\( *\)find = /\1look = /'
says 0 "no such result → orders.look" replay --against new.pimg
change 's/"Your order {order.id} is {order.status}." @track.found/set n = 1 \/ (1 - 1)\n  "{n}"/'
says 0 "makes a mistake at flows/track.flow" replay --against new.pimg --last 3
has "$said" "3 conversations"
# a mistake that was made before is no difference when its line moves
"$parlance" bench new/flows --turns 10 --conversations 2 --data mistaken > /dev/null || bad "no mistakes were recorded"
sed -i '1a # a line more' new/flows/track.flow && "$parlance" build new/flows -o moved.pimg 2> /dev/null
says 0 " 100.00%  the customer sees the same" replay --against moved.pimg --data mistaken
says 2 "" replay --against nowhere

# step by step
said=$(printf 'next\nnext\nwhy\nslots\nwhat-if "where is my order"\nback\nback\nlist\nquit\n' |
  "$parlance" replay --step "${id:0:12}" 2>&1) || bad "step: $said"
has "$said" "the conversation begins"
has "$said" "waits "
has "$said" "session.order_id = "
has "$said" "what if> "
has "$said" "(back on the recorded way)"
says 0 "1 conversations" replay "${id:0:12}"
says 2 "there is none that begins so" replay 0123456789abcdef

# a server runs on the folder, and is not kept from anything
"$parlance" serve flows --port 0 --data data > serve.log 2>&1 & server=$!
for _ in $(seq 300); do grep -q serving serve.log && break; sleep 0.1; done
says 0 "100.00%" replay
running() { "$parlance" status | grep -o '"image":"[0-9a-f]*'; }
now=$(running)
change 's/handoff offer because "order not found"/"Sorry." @track.sorry/'
says 1 "beyond the gate: path" reload new/flows --gate "path<1%,stuck<1"
has "$said" "parlance replay --against new/flows --last 1000"
[ "$(running)" = "$now" ] || bad "beyond the gate, and reloaded"
says 0 "the server now runs" reload new/flows --gate "path<99%" --last 5
has "$said" "5 conversations"
[ "$(running)" != "$now" ] || bad "not reloaded"
kill $server; wait $server
mv data/keys/master elsewhere
says 2 "the master key" replay
says 0 "100.00%" replay --master-key elsewhere
exit $wrong
