#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: diff.sh PARLANCE REPOSITORY    What changed between two versions, in a designer's words.
# That what it says of conversations happens to them is tested in tests/diff.
set -u
parlance=$1 repository=$2 wrong=0
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 2

mkdir -p old
cat >old/shop.flow <<'FLOW'
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
  on change move

  ask name: text
    title "name" @buy.name.title
    "What shall it be?" @buy.name
  call n = stock.find(name)
    not_found
      "There is none." @buy.none
      end unresolved
  if n > 10
    "There are many." @buy.many
  call sure
  end resolved

flow sure
  title "being sure" @sure.title
  on change move

  confirm "Are you sure?" @sure.ask
    no
      "Then not." @sure.no

flow gone
  title "going" @gone.title
  on says
    en "bye"

  "Bye." @gone.text
FLOW
cp -r "$repository/flows/prelude" old/
cp -r old new
sed -i -e 's/name: text) -> number/name: text, size: number) -> number/' \
  -e 's/stock.find(name)$/stock.find(name, 1)/' -e 's/n > 10/n > 20/' -e '/^flow gone/,$d' \
  -e 's/What shall it be/What would you like/' -e 's/@sure.ask/@sure.really/' \
  -e 's/^      end unresolved/      handoff because "none"/' new/shop.flow

diff -u - <("$parlance" diff old new 2>&1) <<'OUT' || wrong=1
flow gone: gone
text buy.name: other words, "What shall it be?" -> "What would you like?"
text sure.really: new
text sure.ask: gone
text gone.title: gone
text gone.text: gone
hook stock.find: called otherwise, read (name: text) gives number, fails not_found, within 200 ms -> read (name: text, size: number) gives number, fails not_found, within 200 ms
in buy
  path from message buy.none to a person: new
  path from message buy.none to the end, unresolved: gone
  path from question buy.name, answered to hook stock.find: decides or works out something else on the way
  path from hook stock.find to flow sure or message buy.many: decides or works out something else on the way
in sure
  question sure.really: new
  question sure.ask: gone
  option sure.really.yes: new
  option sure.really.no: new
  option sure.ask.yes: gone
  option sure.ask.no: gone
  path from the beginning to question sure.really: new
  path from question sure.really, not answered to flow offer_person: new
  path from question sure.really, no to message sure.no: new
  path from question sure.really, yes to the end of the flow: new
  path from the beginning to question sure.ask: gone
  path from question sure.ask, not answered to flow offer_person: gone
  path from question sure.ask, no to message sure.no: gone
  path from question sure.ask, yes to the end of the flow: gone
conversations that stand at a question or wait when the new version is activated
  they cannot be mapped: they finish on the old version
    sure: sure.ask
  they finish on the old version
    feedback: prelude.feedback.csat, prelude.feedback.nps
    forget_me: prelude.forget
    offer_person: prelude.offer
  everywhere else they go on where they stand (1 place)
OUT
diff -u - <("$parlance" diff new new 2>&1 | head -1) <<'OUT' || wrong=1
nothing differs in meaning
OUT

# an image is a version, too; programs read the same
"$parlance" build old -o old.pimg >/dev/null 2>&1
cmp <("$parlance" diff old new --json) <("$parlance" diff old.pimg new --json) || wrong=1
"$parlance" diff old.pimg new --json |
  node -e '
    const d = JSON.parse(require("fs").readFileSync(0, "utf8"));
    const at = (wait) => d.places.find((p) => p.wait === wait).conversations.map((c) => c.becomes);
    console.log(d.changes.length > 0, at("buy.name"), at("sure.ask"));
  ' >json
diff -u - json <<'OUT' || wrong=1
true [ 'goes_on', 'goes_on' ] [ 'lost', 'lost' ]
OUT

# what cannot be compared
printf 'flow x\n  call nothing\n' >>new/shop.flow
"$parlance" diff old new >out 2>&1
[ $? = 2 ] || { echo "mistakes in the new flows: $(cat out)"; wrong=1; }
"$parlance" diff old nothing >out 2>&1
[ $? = 2 ] && grep -q 'nothing: there is no such file' out || { cat out; wrong=1; }
exit $wrong
