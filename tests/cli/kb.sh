#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: kb.sh PARLANCE REPOSITORY    `kb search`: answers from articles and from documents, and what
# it says of wrong input.
set -u
parlance=$1 repository=$2 wrong=0
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 2
bad() { echo "$*"; wrong=1; }
finds() { # QUESTION LOCALE ID
  said=$("$parlance" kb search "$1" --project shop --locale "$2" --json) || bad "not sure of: $1"
  case $said in '{"sure":true'*'"id":"'"$3"'"'*) ;; *) bad "$1: $said" ;; esac
}
fails() { # CODE TEXT COMMAND…
  local code=$1 text=$2; shift 2
  said=$("$@" 2>&1 < "${input:-/dev/null}"); local got=$?
  [ $got = "$code" ] || bad "$*: exits $got, not $code: $said"
  case $said in *"$text"*) ;; *) bad "$*: says $said" ;; esac
}

mkdir -p shop/kb/en shop/kb/es
printf 'parlance 1\n\nassistant "A"\n  source en-US\n  locales en-US, es-ES\n\nflow hello\n  title "hello" @t\n  on open\n  "Hello" @h\n' > shop/a.flow
cat > shop/kb/en/returns.md <<'END'
---
title: How to return something
questions:
  - send the shoes back
---

You can return **unworn** items within 30 days.
The label is [free](https://shop.example/label).

## The steps

1. Pack the box.
2. Put the label on it.

- no glue
- no string
END
printf -- '---\ntitle: How you can pay\n---\n\nBy card, PayPal or bank transfer.\n' > shop/kb/en/pay.md
printf -- '---\ntitle: Cómo se puede pagar\n---\n\nCon tarjeta, PayPal o transferencia.\n' > shop/kb/es/pay.md
finds "can I pay by card" en pay
finds "send the shoes back" en-GB returns
finds "¿puedo pagar con tarjeta?" es-MX pay
finds "return unworn items" es returns
said=$("$parlance" kb search "return unworn items" --project shop --json)
case $said in
*'"text":"You can return unworn items within 30 days. The label is free (https://shop.example/label)."'*) ;;
*) bad "the text: $said" ;;
esac
said=$("$parlance" kb search "put the label on the box" --project shop --top 1)
case $said in *"1. Pack the box."*"2. Put the label on it."*"• no glue"*) ;; *) bad "the list: $said" ;; esac
case $said in *$'\e'*) bad "paints what is no terminal" ;; esac
if command -v script > /dev/null; then
  painted=$(script -qec "$parlance kb search 'return unworn items' --project shop" /dev/null)
  case $painted in *$'\e[1;33munworn'*) ;; *) bad "does not paint a terminal: $painted" ;; esac
fi

said=$("$parlance" kb search "return unworn items" --project shop --json)
case $said in *'"passage":"You can **return** **unworn** **items** within 30 days.'*) ;; *) bad "the marks: $said" ;; esac
mkdir data
[ "$("$parlance" kb stats --data data)" = "Nobody has opened an article or voted on one yet." ] || bad "stats of nothing"
[ "$("$parlance" kb stats --data data --json)" = '{"articles":[]}' ] || bad "stats of nothing in JSON"
fails 2 "there is no data folder nowhere" "$parlance" kb stats --data nowhere
fails 2 "stats takes" "$parlance" kb stats now
fails 1 "No article surely answers this" "$parlance" kb search "which football club has the best label" --project shop
fails 1 "No article has a word of this" "$parlance" kb search "?" --project shop
fails 2 "one question, in quotes" "$parlance" kb search --project shop
fails 2 "one question, in quotes" "$parlance" kb search "  " --project shop
fails 2 "say \`search\`" "$parlance" kb find x
fails 2 "is not a locale" "$parlance" kb search x --project shop --locale xx-YY
fails 2 "from 1 to" "$parlance" kb search x --project shop --top 0
fails 2 "there are no *.flow files in 'nowhere'" "$parlance" kb search x --project nowhere
{ printf -- '---\ntitle: Long\n---\n\n'; head -c 9000 /dev/zero | tr '\0' a; } > shop/kb/en/bad.md
fails 1 "the paragraph is longer than 8 KiB" "$parlance" kb search x --project shop
"$parlance" kb search x --project shop 2>&1 | grep -q "says nothing" && bad "a long paragraph is not nothing"
printf -- 'title: x\n' > shop/kb/en/bad.md
fails 1 "shop/kb/en/bad.md:1:1" "$parlance" kb search x --project shop
for address in javascript:x //evil.example '/\evil.example' data:text/html,x; do
  printf -- '---\ntitle: x\nurl: %s\n---\n\nText.\n' "$address" > shop/kb/en/bad.md
  fails 1 "\`url\` begins with https://" "$parlance" kb search x --project shop
done
rm -r shop/kb
fails 2 "has no articles" "$parlance" kb search x --project shop

# ---- any documents ----
cat > docs.jsonl <<'END'
{"doc":"a","title":"Returns","text":"You can return unworn items within 30 days."}
{"doc":"b","title":"Paying","text":"We take cards, PayPal and bank transfers."}
END
printf '{"id":"1","text":"do you take paypal"}\n\n{"id":"2","text":"unworn things"}\n{"id":"3","text":"?"}\n' > queries.jsonl
said=$("$parlance" kb search --docs docs.jsonl < queries.jsonl) || bad "--docs failed"
[ "$(head -1 <<<"$said" | cut -c1-22)" = '{"id":"1","docs":["b",' ] || bad "--docs: $said"
[ "$(sed -n 2p <<<"$said" | cut -c1-22)" = '{"id":"2","docs":["a"]' ] || bad "--docs: $said"
[ "$(tail -1 <<<"$said")" = '{"id":"3","docs":[],"sure":false}' ] || bad "--docs: $said"
for language in zh th ru; do # the right document first, nobody having said the language
  data=$repository/tests/kb/xquad
  head -40 "$data/${language}_docs.jsonl" > d && head -60 "$data/${language}_queries.jsonl" > q
  right=$("$parlance" kb search --docs d --top 1 < q | paste -d' ' - q |
    grep -c '"docs":\["\([^"]*\)"\].*"doc": *"\1"')
  [ "$right" -ge 51 ] || bad "--docs $language: $right of 60"
done
# a byte order mark, CRLF, no title, no text, no line's end behind the last
printf '\xef\xbb\xbf{"doc":"c","text":"Gloves keep hands warm."}\r\n{"doc":"d","title":"Umbrellas","text":""}' > rough
printf '{"id":"1","text":"warm gloves"}\r\n{"id":"2","text":"umbrellas"}\r\n{"id":"3","text":""}' > asked
said=$("$parlance" kb search --docs rough < asked | cut -d, -f1,2 | tr '\n' ' ')
[ "$said" = '{"id":"1","docs":["c"] {"id":"2","docs":["d"] {"id":"3","docs":[] ' ] || bad "--docs: $said"
printf '\xef\xbb\xbf{"id":"1","text":"warm gloves"}\n' > asked # before the questions too
said=$("$parlance" kb search --docs rough < asked | cut -d, -f1,2) || bad "--docs: a mark before the questions"
[ "$said" = '{"id":"1","docs":["c"]' ] || bad "--docs: $said"
input=queries.jsonl
fails 2 "none.jsonl: not found" "$parlance" kb search --docs none.jsonl
fails 2 "from standard input" "$parlance" kb search --docs docs.jsonl question
: > empty && fails 2 "there is no document" "$parlance" kb search --docs empty
for line in '{"title":"x"}' '{"doc":"a","text":5}' '{"doc":7,"text":"x"}' '{"doc":"a","title":["x"],"text":"x"}' \
  '{"doc":"a","locale":0,"text":"x"}'; do
  echo "$line" > one && fails 2 'one:1: a document has "doc"' "$parlance" kb search --docs one
done
printf '\n[1]\n' > one && fails 2 "one:2: this is no JSON object" "$parlance" kb search --docs one
printf '{"doc":"a","text":"\xff"}\n' > one && fails 2 "one:1: this is no JSON" "$parlance" kb search --docs one
cat docs.jsonl docs.jsonl > one && fails 2 "two documents have the same id" "$parlance" kb search --docs one
head -c 300000 /dev/urandom > one && fails 2 "one:1: " "$parlance" kb search --docs one
{ printf '{"doc":"big","text":"'; head -c 200000 /dev/zero | tr '\0' a; echo '"}'; } > one
"$parlance" kb search --docs one < queries.jsonl > /dev/null || bad "--docs: a text without a blank"
# as many as there may be, two of them of the same text; one more; an id twice, far apart
many() { # DOCUMENTS
  awk -v n="$1" 'BEGIN { for (i = 1; i <= n; i++)
    printf "{\"doc\":\"d%d\",\"title\":\"Thing %d\",\"text\":\"needle%d here\"}\n", i, i % 9, i == 7777 ? 4242 : i }'
}
many 20000 > full
printf '{"id":"1","text":"needle19999"}\n{"id":"2","text":"needle4242"}\n' > asked
said=$("$parlance" kb search --docs full --top 2 < asked) || bad "--docs of 20,000 failed"
[ "$(head -1 <<<"$said" | cut -d, -f1,2)" = '{"id":"1","docs":["d19999"' ] || bad "--docs of 20,000: $said"
case $(tail -1 <<<"$said") in
*'["d4242","d7777"]'* | *'["d7777","d4242"]'*) ;;
*) bad "--docs: two of the same text: $said" ;;
esac
input=asked
many 20001 > one && fails 2 "one: over 20,000 documents" "$parlance" kb search --docs one
{ head -19999 full; head -1 full; } > one && fails 2 "two documents have the same id" "$parlance" kb search --docs one
for line in '{"id":1,"text":"x"}' '{"id":"x"}' 'x' '{"id":"a","text":"\ud800"}' '{"id":"a","text":null}' \
  '{"id":"a","text":"x","locale":["en"]}'; do
  echo "$line" > odd; input=odd
  fails 2 "standard input:1: a query is" "$parlance" kb search --docs docs.jsonl
done
exit $wrong
