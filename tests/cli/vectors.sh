#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: vectors.sh PARLANCE REPOSITORY    vectors of articles while an image is made: asked for once,
# kept, and done without when nobody gives them; and at a turn, found by them.
set -u
parlance=$1 repository=$2 wrong=0
work=$(mktemp -d)
pids=()
trap '[ ${#pids[@]} -eq 0 ] || kill "${pids[@]}" 2>/dev/null; rm -rf "$work"' EXIT
cd "$work" || exit 2
export PARLANCE_CACHE=$work/cache
bad() { echo "vectors: $*"; wrong=1; }

provider() { # its address in $base, its process in $!
  "$(dirname "$parlance")/fake_provider" --record "$1" >"$1.out" &
  pids+=($!)
  for _ in $(seq 100); do [ -s "$1.out" ] && break; sleep 0.05; done
  base=$(sed -n 's|.*: \(http://[^/]*\)/.*|\1|p' "$1.out")
}
models() { printf '[t]\ndialect = openai\nurl = %s/a/v1\nmodel = m\nembed = %s\nprice = 1000 0 USD\nconnect = 1s\n' "$base" "$1"; }
asked() { grep -c '"encoding_format"' "$1" 2>/dev/null; }
build() { "$parlance" build shop -o "$1" --models models.conf 2>said || bad "does not build: $(cat said)"; }

mkdir -p shop/kb/en
printf 'parlance 1\n\nassistant "A"\n  source en-US\n\nflow hello\n  title "hello" @t\n  on open\n  "Hello" @h\n' > shop/a.flow
printf -- '---\ntitle: Refunds\n---\n\nIt is paid back to your card.\n' > shop/kb/en/refund.md
printf -- '---\ntitle: Care\n---\n\nClean shoes with a brush.\n\n## Storing\n\nKeep them dry.\n' > shop/kb/en/care.md

provider received
models e > models.conf
"$parlance" build shop -o words.img 2>/dev/null
build one.img
grep -q kb.vectors one.img || bad "no vectors in the image"
grep -q kb.vectors words.img && bad "vectors without a model"
[ "$(asked received)" = 1 ] || bad "asked $(asked received) times, not once"
# what it cost is said: the provider counts a fifth of a request's bytes, at a thousandth of a dollar
tokens=$(($(sed -n 's/\r$//; s/^content-length: *//Ip' received) / 5))
cost=$(printf '%d.%03d000 USD' $((tokens / 1000)) $((tokens % 1000)))
grep -qx "parlance: vectors of articles: 3 texts sent for e, $tokens tokens, $cost" said ||
  bad "not 3 texts, $tokens tokens, $cost: $(cat said)"
build two.img
grep -q 'vectors of articles' said && bad "paid for what it has: $(cat said)"
cmp -s one.img two.img || bad "the same articles give another image"
[ "$(asked received)" = 1 ] || bad "asked again for what it has"
printf -- '---\ntitle: Hours\n---\n\nWe open at nine.\n' > shop/kb/en/hours.md
build three.img
[ "$(asked received)" = 2 ] || bad "asked $(asked received) times after one more article"
[ "$(tail -n +1 received | grep -c 'brush')" = 1 ] || bad "asked for a passage that is not new"
models f > models.conf
build four.img
[ "$(asked received)" = 3 ] || bad "vectors of another model are taken for this one's"

# the model's vectors have become longer or shorter: those kept are asked for anew
shorten() { # FILE: half of each row's vector
  local dims size at
  dims=$(($(od -An -tu4 -j4 -N4 "$1"))) size=$(stat -c %s "$1")
  printf "PKC1\\$(printf %o $((dims / 2)))\\0\\0\\0" > short
  for ((at = 8; at < size; at += 32 + dims)); do
    tail -c +$((at + 1)) "$1" | head -c $((32 + dims / 2)) >> short
  done
  mv short "$1"
}
for kept in "$PARLANCE_CACHE"/*.vectors; do shorten "$kept"; done
printf -- '---\ntitle: Gifts\n---\n\nWe wrap presents.\n' > shop/kb/en/gifts.md
build seven.img
grep -q 'found by words alone' said && bad "fails on vectors of another length: $(cat said)"
grep -q kb.vectors seven.img || bad "no vectors after their length changed"
before=$(asked received)
build four.img
cmp -s seven.img four.img || bad "what was asked for anew is not kept"
[ "$(asked received)" = "$before" ] || bad "asked again for what it has anew"

# nobody there: by words, and said so; what is kept serves all the same
kill "${pids[0]}" && wait "${pids[0]}" 2>/dev/null
pids=()
build five.img
cmp -s four.img five.img || bad "without a provider what is kept does not serve"
printf -- '---\ntitle: New\n---\n\nNew things.\n' > shop/kb/en/new.md
build six.img
grep -q 'found by words alone' said || bad "does not say that there are none: $(cat said)"
grep -q kb.vectors six.img && bad "vectors of some passages only"
exit $wrong
