#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: graph.sh PARLANCE REPOSITORY    Pictures of flows: what is in them, and that they stay small.
set -u
parlance=$1 repository=$2 wrong=0
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 2
fail() { echo "$*"; wrong=1; }

mkdir -p shop/flows
cat >shop/flows/shop.flow <<'FLOW'
parlance 1

assistant "Shop"
  locales en-US
  source en-US
  zone "Europe/Madrid"

hook stock.find(name: text) -> number
  effect read
  fails  not_found
  within 200ms

flow buy
  title "buying" @buy.title
  on says
    en "buy"

  ask name: text
    title "name" @buy.name.title
    "What \"shall\" it be?" @buy.name
  call n = stock.find(name)
    not_found
      "There is none." @buy.none
      goto sorry
  if n > 10
    "There are many." @buy.many
    "Take your time." @buy.time
  else
    handoff because "few left"
  end resolved

flow sorry
  title "sorry" @sorry.title
  on says
    en "sorry"

  "Sorry." @sorry.text
FLOW
cp -r "$repository/flows/prelude" shop/flows/
diff -u - <("$parlance" graph shop/flows buy 2>&1 | grep -v classDef) <<'OUT' || wrong=1
flowchart TD
  b0(["buy"]):::start
  b1[/"ask name: text<br/>#34;What \#34;shall\#34; it be?#34;"/]:::ask
  b2[("call n = stock.find(name)")]:::hook
  b3{"n #62; 10"}:::branch
  b4["#34;There is none.#34;"]:::say
  b5[["sorry"]]:::flow
  b6["#34;There are many.#34;<br/>#34;Take your time.#34;"]:::say
  b7[\"handoff because #34;few left#34;"\]:::person
  b8(["end resolved"]):::stop
  b9(["end of the task"]):::stop
  b10[["agent_unavailable"]]:::flow
  b0 --> b1
  b1 --> b2
  b2 --> b3
  b2 -->|"not_found"| b4
  b4 --> b5
  b3 -->|"yes"| b6
  b3 -->|"no"| b7
  b6 --> b8
  b7 --> b9
  b7 -->|"nobody is there"| b10
OUT
# What no line says is there when asked for, in faint lines.
"$parlance" graph shop/flows buy --all | grep -qF -- '-.->|"no answer"|' || fail "--all shows no way without an answer"
diff -u - <("$parlance" graph shop/flows | grep -v classDef) <<'OUT' || wrong=1
flowchart LR
  subgraph g0["flows/shop.flow"]
  b0("buy<br/>1 question, shop, person"):::card
  b1("sorry"):::card
  end
  b0 --> b1
OUT
# From file to file a card says it in words: lines would cross everything.
cp -r shop two && printf 'parlance 1\n\nflow menu\n  title "menu" @menu.title\n  on says\n    en "menu"\n  goto buy\n' >two/flows/menu.flow
"$parlance" graph two/flows >out && grep -qF 'b0("menu<br/>→ buy"):::card' out || fail "no word of the other file's flow"
[ "$(grep -c -- '-->' out)" = 1 ] || fail "a line from file to file"
"$parlance" graph two/flows --dot >out && grep -qF '>1 question</font>' out && grep -qF 'waits for the customer' out ||
  fail "the cards have no badges, or nothing says what they mean"
"$parlance" graph shop/flows --dot | grep -qF 'subgraph cluster_0' || fail "flows are not grouped by their files"
"$parlance" graph shop/flows byu 2>&1 | grep -qF "there is no flow 'byu'; did you mean 'buy'?" || fail "no suggestion"

# A broken flow is drawn as far as it goes, and its mistake said.
cp -r shop broken && sed -i 's/goto sorry/goto sory/' broken/flows/shop.flow
"$parlance" graph broken/flows buy >out 2>said && fail "mistakes end with 0"
grep -q P02 said && grep -qF 'call n = stock.find(name)' out || fail "a flow with a mistake is not drawn"

if command -v dot >/dev/null; then
  for flow in "" buy; do
    # shellcheck disable=SC2086 # one word, or none
    "$parlance" graph shop/flows $flow -o out.svg && grep -q '</svg>' out.svg || fail "no SVG of '$flow'"
  done
fi
(PATH=/nowhere "$parlance" graph shop/flows --svg 2>&1) | grep -qF 'apt-get install graphviz' || fail "does not say what draws SVG"

# 200 flows: an overview, no hairball.
mkdir -p many/flows
cp -r "$repository/flows/prelude" many/flows/
for file in $(seq 40); do
  {
    printf 'parlance 1\n'
    [ "$file" != 1 ] || printf '\nassistant "Shop"\n  locales en-US\n  source en-US\n  zone "Europe/Madrid"\n'
    for flow in $(seq 5); do
      printf '\nflow f%s_%s\n  title "flow" @f%s_%s.title\n  on says\n    en "flow %s of %s"\n  "Hello." @f%s_%s.text\n' \
        "$file" "$flow" "$file" "$flow" "$flow" "$file" "$file" "$flow"
      [ "$file" = 1 ] || printf '  goto f%s_1\n' $(((file * flow) % (file - 1) + 1))
    done
  } >many/flows/file$file.flow
done
"$parlance" graph many/flows >out 2>said || { fail "200 flows are not drawn"; head -20 said; }
boxes=$(grep -c ':::' out) lines=$(grep -c -- '-->' out)
[ "$boxes" = 40 ] && [ "$lines" -le 160 ] || fail "200 flows: $boxes boxes, $lines lines"

# Every flow of the reference assistant, and all of them.
for flow in track_order return_item product_inquiry; do
  "$parlance" graph "$repository/flows" $flow | grep -q ':::ask' || fail "$flow has no question"
done
exit $wrong
