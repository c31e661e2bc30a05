#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: optout.sh PARLANCE REPOSITORY    A server and a provider that writes down every byte it gets:
# after a customer's opt-out nothing of him is among them, whoever said it and whenever, while others' is.
set -u
parlance=$1 repo=$2
provider=$(dirname "$parlance")/fake_provider
work=$(mktemp -d)
pids=()
trap '[ ${#pids[@]} -eq 0 ] || kill "${pids[@]}" 2>/dev/null; rm -rf "$work"' EXIT
cd "$work" || exit 2
wrong=0

say() { echo "optout: $1"; wrong=1; }

wait_for() { # FILE TEXT: until it is there
  for _ in $(seq 300); do
    grep -qF -- "$2" "$1" 2>/dev/null && return 0
    sleep 0.1
  done
  say "$1 never had '$2':"
  tail -c 2000 "$1"
  return 1
}

"$provider" --record received >provider.out &
pids+=($!)
wait_for provider.out http || exit 1
base=$(sed -n 's|.*: \(http://[^/]*\)/.*|\1|p' provider.out)
cat >models.conf <<EOF
cache = no
[m]
dialect = openai
url = $base/a/v1
model = m
connect = 10s
first_token = 20s
total = 30s
EOF
"$parlance" token key shop1 >identity.keys
chmod 600 identity.keys

serve() { # [PORT]
  "$parlance" serve "$repo/flows" --port "${1:-0}" --data data --models models.conf --shop-url http://127.0.0.1:9 \
    --identity-keys identity.keys >serve.out 2>serve.err &
  server=$!
  pids+=("$server")
  wait_for serve.out http || { cat serve.err; exit 1; }
  url=$(grep -o 'http://127.0.0.1:[0-9]*' serve.out | head -1)
}

open() { # NAME FRAME: a client with an event stream of its own
  rm -f "$1.head" "$1.out"
  curl -sN -D "$1.head" -H 'Content-Type: application/json' -d "$2" "$url/api/v1/stream" >"$1.out" &
  pids+=($!)
  wait_for "$1.out" '"live"'
}

declare -A count
send() { # NAME TEXT
  count[$1]=$((${count[$1]:-0} + 1))
  local stream instance
  stream=$(sed -n 's/^[Pp]arlance-[Ss]tream: *\([^\r]*\).*/\1/p' "$1.head")
  instance=$(printf '%s' "$1" | md5sum | cut -c1-16)
  curl -s -o "$1.post" -H 'Content-Type: application/json' -H "Parlance-Stream: $stream" \
    -d "{\"t\":\"send\",\"cid\":\"$instance-${count[$1]}\",\"text\":\"$2\"}" "$url/api/v1/frames"
}

question() { echo "how should I wash my muddy $1 sneakers by hand"; }
token() { "$parlance" token customer "$1" --keys identity.keys; }
got() { grep -qaF "$1" received; }

serve
open ann '{"t":"open","locale":"en-US"}'
open bob '{"t":"open","locale":"en-US"}'

# before it: both are sent
send ann "$(question applecanary)"
wait_for received applecanary
send bob "$(question breadcanary)"
wait_for received breadcanary

# said by the customer; asked again, and again after a crash
send ann "no AI please"
wait_for ann.out prelude.no_model
send ann "$(question cherrycanary)"
wait_for ann.out not_understood
send bob "$(question datecanary)"
wait_for received datecanary
resume=$(sed -n 's/.*"resume":"\([^"]*\)".*/\1/p' ann.out | head -1)
kill -9 "$server"
wait "$server" 2>/dev/null
serve "${url##*:}"
open ann "{\"t\":\"open\",\"resume\":\"$resume\"}"
send ann "$(question eldercanary)"
wait_for ann.out eldercanary

# said by the shop, of who has no conversation yet
"$parlance" event customer.no_model on=true --customer c-1 --data data >event.out || { say "event:"; cat event.out; }
open cay "{\"t\":\"open\",\"locale\":\"en-US\",\"token\":\"$(token c-1)\"}"
send cay "$(question figcanary)"
wait_for cay.out not_understood
open dan "{\"t\":\"open\",\"locale\":\"en-US\",\"token\":\"$(token c-2)\"}"
send dan "$(question grapecanary)"
wait_for received grapecanary

# said while the model works: its answer comes too late, and another conversation of his knows it
curl -s -d "stall at=1" "$base/a/fault" >/dev/null
send dan "$(question hazelcanary)"
wait_for received hazelcanary
send dan "don't use AI on me"
wait_for dan.out prelude.no_model
curl -s -d "none" "$base/a/fault" >/dev/null
open eve "{\"t\":\"open\",\"locale\":\"en-US\",\"token\":\"$(token c-2)\"}"
send eve "$(question juniper1)"
send dan "$(question juniper2)"
wait_for eve.out not_understood
wait_for dan.out juniper2

# allowed again: what was written meanwhile is not sent, and what comes after is
open fay '{"t":"open","locale":"en-US"}'
send fay "no AI please"
wait_for fay.out prelude.no_model
send fay "$(question lemoncanary)"
wait_for fay.out not_understood
send fay "you may use AI again"
wait_for fay.out prelude.use_model
send fay "$(question mangocanary)"
wait_for received mangocanary
send fay "$(question nutcanary)"
wait_for received nutcanary

# the last word: others are still sent, and all that was to come has come
open bea '{"t":"open","locale":"en-US"}'
send bea "$(question kiwicanary)"
wait_for received kiwicanary
for word in cherrycanary eldercanary figcanary juniper1 juniper2 lemoncanary; do
  got "$word" && say "$word was sent"
done
exit "$wrong"
