#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: understand.sh PARLANCE REPOSITORY    `understand`: what is read from messages, with a model
# trained from files, and what it says of wrong input.
set -u
parlance=$1 wrong=0
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 2
bad() { echo "$*"; wrong=1; }
said() { # LINE TEXT: what the answers' line of that number has
  case $(sed -n "$1p" out) in *"$2"*) ;; *) bad "line $1: $(sed -n "$1p" out), not $2" ;; esac
}
fails() { # TEXT OPTION…
  local text=$1 out; shift
  out=$("$parlance" understand "$@" 2>&1 </dev/null) && bad "$*: succeeds"
  case $out in *"$text"*) ;; *) bad "$*: says $out" ;; esac
}

printf 'text\tintent\nwhere is my parcel\ttrack\ntrack my order please\ttrack\nwhen does my parcel arrive\ttrack\nI want my money back\trefund\nrefund this please\trefund\nhow do I get a refund\trefund\n' > train.tsv
printf 'what is the capital of France\nwho won the match last night\n' > oos.tsv
printf 'where is the parcel now\ttrack\nplease refund my order\trefund\nwho was the first man on the moon\toos\n' > val.tsv

# right lines; wrong ones, and the good one after them
cat > in <<'END'
{"id":"1","text":"where on earth is my parcel?","locale":"en-US"}
{"id":"2","text":"I want my money back","locale":"en"}
{"id":"3","text":"📦 refund 12.50 €","locale":"en"}
{"id":"4","text":"by tomorrow","locale":"en","ref":"2026-11-20T09:00:00"}
{"id":"5","text":"my parcel"}
hello
{"id":"7","locale":"en"}
{"text":"a","locale":"en"}
{"id":"9","text":"a","locale":"no such"}
{"id":"10","text":"a","locale":"en","ref":"yesterday"}
END
{ printf '{"id":"11","text":"\377","locale":"en"}\n{"id":'; head -c 2000000 /dev/zero | tr '\0' a; printf '\n\n{"id":"last","text":"refund 4111 1111 1111 1111 to DE89370400440532013000","locale":"en"}'; } >> in
"$parlance" understand --explain --train train.tsv < in > out; [ $? = 1 ] || bad "wrong lines are fine"
said 1 '{"id":"1","intent":"track","confidence":0.'
said 1 '{"token":"parcel","weight":'
said 2 '"intent":"refund","confidence":1.0000'
said 3 '"type":"money","start":9,"end":16,"value":"12.50 €","norm":{"amount":"12.5","currency":"EUR"}'
said 4 '"type":"date_range","start":0,"end":11,"value":"by tomorrow","norm":"/2026-11-21"'
said 5 '"warning":"line 5: no \"locale\"'
said 6 '"error":"line 6, byte 1: this is no JSON'
said 7 '"error":"line 7: there is no \"text\""'
said 8 '"error":"line 8: there is no \"id\""'
said 9 'none, like es'
said 10 'no moment, like'
said 11 'line 11, byte 20: this is no JSON object in UTF-8'
said 12 'line 12: this line is over 1 MiB'
said 13 '{"id":"last","intent":"refund"'
said 13 '"entities":[{"type":"payment_card","start":7,"end":26,'
said 13 '{"type":"iban","start":30,"end":52,'

head -3 in | "$parlance" understand --train train.tsv --oos oos.tsv --val val.tsv > out || bad "right lines fail"
said 1 '"intent":"track"'
echo '{"id":"1","text":"who won the first match of France","locale":"en"}' |
  "$parlance" understand --train train.tsv --oos oos.tsv --val val.tsv > out
said 1 '"intent":null'

fails 'either a project' --explain
fails 'go with --train' flows --oos oos.tsv
fails 'no.tsv' --train no.tsv
fails 'oos.tsv:1: a line is' --train oos.tsv
printf 'a b\tx\nc d\ty\n' > other.tsv
fails "no example has the intent 'x'" --train train.tsv --val other.tsv
printf 'a \xff\tx\n' > other.tsv
fails 'other.tsv:1: this is no UTF-8' --train other.tsv
exit $wrong
