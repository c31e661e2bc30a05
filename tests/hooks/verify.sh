#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: verify.sh PARLANCE DEMOSHOP    a customer proves who he is by a one-time code: the reference
# assistant, lua/auth.lua and the demo shop, which keeps the mail that it would have sent at /outbox.
# A wrong code is refused, the right one shows his orders, and he is not asked again.
set -u
cd "$(dirname "$0")/../.."
dir=$(mktemp -d /tmp/pl_verify.XXXXXX)
trap 'exec 3>&-; kill $shop $chat 2>/dev/null; wait 2>/dev/null; rm -rf "$dir"' EXIT
shop= chat=
fail() { echo "verify: $1"; cat "$dir/said"; exit 1; }

# until the file has the words
await() {
  for _ in $(seq 300); do
    grep -q -- "$2" "$1" 2>/dev/null && return 0
    sleep 0.1
  done
  fail "nobody said '$2'"
}

"$2" --port 0 > "$dir/shop" 2>&1 & shop=$!
await "$dir/shop" 'http://127.0.0.1:[0-9]'
url=$(grep -o 'http://127.0.0.1:[0-9]*' "$dir/shop" | head -1)
outbox() {
  exec 4<>"/dev/tcp/127.0.0.1/${url##*:}"
  printf 'GET /outbox HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n' >&4
  cat <&4
  exec 4>&-
}

mkfifo "$dir/in"
"$1" sim flows --shop "$url" < "$dir/in" > "$dir/said" 2>&1 & chat=$!
exec 3>"$dir/in"
await "$dir/said" 'How can I help'
echo 'show me all my orders' >&3
await "$dir/said" 'Which e-mail address'
echo 'ann@example.com' >&3
await "$dir/said" 'a code of six digits'
code=$(outbox | grep -o '<code>[0-9]*' | head -1 | grep -o '[0-9]*$')
[ ${#code} = 6 ] || fail "no code in the outbox"
wrong=000000
[ "$code" = "$wrong" ] && wrong=111111
echo "$wrong" >&3
await "$dir/said" 'That is not the code'
echo "$code" >&3
await "$dir/said" 'Thank you'
grep -q "> $code" "$dir/said" || fail "the code was not typed"
echo 'show me all my orders' >&3
sleep 2
exec 3>&-
wait $chat
[ "$(grep -c 'Which e-mail address' "$dir/said")" = 1 ] || fail "asked again"
grep -q 'reach our shop system' "$dir/said" && fail "the shop was down"
echo "as expected"
