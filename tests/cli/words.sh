#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: words.sh PARLANCE REPOSITORY    What the commands say and the codes they end with.
set -u
parlance=$1 repository=$2 wrong=0
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 2

# says CODE ARGUMENT...: runs the command and compares both its streams with what stands on stdin
says() {
  local code=$1 got
  shift
  got=$("$parlance" "$@" 2>&1 </dev/null)
  local ended=$?
  [ "$ended" = "$code" ] || { echo "parlance $*: ended with $ended instead of $code"; wrong=1; }
  diff -u --label "expected of parlance $*" --label "said" - <(printf '%s\n' "$got") || wrong=1
}

# has TEXT CODE ARGUMENT...: the same for one line among others
has() {
  local text=$1 code=$2 got
  shift 2
  got=$("$parlance" "$@" 2>&1 </dev/null)
  local ended=$?
  [ "$ended" = "$code" ] || { echo "parlance $*: ended with $ended instead of $code"; wrong=1; }
  grep -qF -- "$text" <<<"$got" || { echo "parlance $*: does not say: $text"; echo "$got"; wrong=1; }
}

has "  lint     say what is wrong with the flows" 0 --help
has "parlance COMMAND --help shows a command's arguments and an example." 0 --help
has "parlance: there is no command 'lnit'; did you mean 'lint'?" 2 lnit
has "for example: parlance lint flows" 0 lint --help
has "parlance: there are no *.flow files in 'nowhere'" 2 lint nowhere
has "unknown option '--prot'; did you mean '--port'?" 2 serve flows --prot 1
has "parlance token: say create, list, revoke, key or customer" 2 token

mkdir flows
cp -r "$repository/flows/prelude" "$repository/tests/docs/base.flow" flows/
cat > flows/page.flow <<'FLOW'
parlance 1

flow hello
  title "the start" @hello.title
  on intent track_order

  "Hello {session.ordr}." @hello.greet
  goto track_ordr
FLOW
cat > lint.expected <<'TEXT'
flows/page.flow:7:19: error P0200: there is no session slot `ordr`
     7 |   "Hello {session.ordr}." @hello.greet
       |                   ^~~~
       = why: every name is looked up now, so that no customer reaches a line that leads nowhere
       = fix: there is no other session slot than order_id, proved_email

flows/page.flow:8:8: error P0200: there is no flow `track_ordr`
     8 |   goto track_ordr
       |        ^~~~~~~~~~
       = why: every name is looked up now, so that no customer reaches a line that leads nowhere
       = fix: write it as it is declared, or declare it

2 errors, 0 warnings
TEXT
says 1 lint flows < lint.expected
has '"code":"P0200","severity":"error","file":"flows/page.flow","line":7,"column":19' 1 lint --json flows
[ "$("$parlance" lint --json flows 2>/dev/null | wc -l)" = 2 ] || { echo "lint --json: not a line an error"; wrong=1; }
has "there is no flow \`track_ordr\`" 1 build flows -o shop.pimg
[ ! -e shop.pimg ] || { echo "build: wrote an image of flows with errors"; wrong=1; }

cat > flows/page.flow <<'FLOW'
parlance 1

flow hello
    title "the start" @hello.title
    on intent track_order
    "Hello." @hello.greet
FLOW
says 1 fmt --check flows <<<"not laid out: flows/page.flow"
says 0 fmt flows <<<"laid out flows/page.flow"
"$parlance" fmt --check flows || { echo "fmt: laid out twice"; wrong=1; }
has " flows, " 0 build flows -o shop.pimg
[ -s shop.pimg ] || { echo "build: no image"; wrong=1; }

# talks: what cannot be asked for, and everything at once
has "only one of --tap and --json" 2 test flows --tap --json
has "--jobs takes a number from 1" 2 test flows --jobs 0
has "a threshold is written steps=100,branches=95" 2 test flows --threshold steps=101
has "there is no talk to play" 2 test flows
cat > flows/page.talk <<'TALK'
parlance 1

talk "hello"
  user "where is my order"
  bot  @hello.greet "Hello."

talk "good-bye"
  user "where is my order"
  bot  @hello.greet "Good-bye."
TALK
has "1 passed, 1 failed" 1 test flows
has "1 passed, 0 failed" 0 test flows --filter hel
has "coverage: steps" 1 test flows --filter hel --threshold steps=100
has "not ok 2 - good-bye [en-US]" 1 test flows --tap --jobs 2 --junit talks.xml --coverage --coverage-html pages
has '"talk":"good-bye"' 1 test flows --json
has "talks.d/talks.xml: " 2 test flows --filter hel --junit talks.d/talks.xml
grep -q '<testsuite name="flows/page.talk" .* tests="2" failures="1"' talks.xml || { echo "test --junit: $(cat talks.xml)"; wrong=1; }
grep -q '>flows/page.flow</a>' pages/index.html || { echo "test --coverage-html: no index"; wrong=1; }
[ -s pages/flows-page.flow.html ] || { echo "test --coverage-html: no page of page.flow"; wrong=1; }

# tokens, with no server on the folder
token=$("$parlance" token create console --may queue --data data) || wrong=1
[ "${#token}" -ge 32 ] || { echo "token create: printed '$token'"; wrong=1; }
has console 0 token list --data data
id=$("$parlance" token list --data data | awk '/console/ {print $1; exit}')
"$parlance" token revoke "$id" --data data >/dev/null || { echo "token revoke $id: failed"; wrong=1; }
"$parlance" token list --data data | grep console | grep -qv revoked && { echo "token revoke: still listed"; wrong=1; }
! grep -rqF -- "$token" data || { echo "token create: kept the token itself"; wrong=1; }
has "create needs --may" 2 token create x --data data
has "no server runs on the data folder nope" 2 reload flows --data nope
[ ! -e nope ] || { echo "reload: wrote to a folder that no server has"; wrong=1; }
exit $wrong
