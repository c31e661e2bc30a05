#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: lint.sh PARLANCE REPOSITORY    Formats and exit codes of lint and build; what --fix does.
set -u
parlance=$1 repository=$2 wrong=0
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 2
bad() { echo "$*"; wrong=1; }
ends() { # CODE ARGUMENT...
  local code=$1; shift
  "$parlance" "$@" >out 2>err </dev/null
  local ended=$?
  [ "$ended" = "$code" ] || { bad "parlance $*: ended with $ended instead of $code"; cat err; }
}
mkdir flows
cp -r "$repository/flows/prelude" flows/
page() { # writes a whole program around the lines of stdin
  { printf 'parlance 1\n\nassistant "Nova"\n  source en-US\n  zone "Europe/Berlin"\n  currency USD\n  start hello\n\n'
    printf 'queue general\n  title "our team" @queue.general\n\n'
    printf 'flow hello\n  title "the start" @hello.title\n'; cat; } > flows/page.flow
}

# exit codes: 0 without errors, 1 with them, and with warnings when they are to fail; 2 for usage
page <<<'  "Hello." @hello.greet'
ends 0 lint flows
grep -q 'no mistakes' err || bad "lint: says mistakes where none are: $(cat err)"
ends 0 lint flows --strict
page <<<'  "Hello."'
ends 0 lint flows
ends 1 lint flows --strict
ends 0 build flows -o a.pimg
ends 1 build flows -o b.pimg --strict
[ -s a.pimg ] || bad "build: a warning kept it from writing"
[ ! -e b.pimg ] || bad "build --strict: wrote an image in spite of a warning"
page <<<'  "Hello {session.ordr}." @hello.greet'
ends 1 lint flows
ends 1 build flows
ends 2 lint flows --json --sarif
ends 2 lint flows --unsafe
ends 2 build flows --dump --sarif
ends 2 lint flows --jsn

# one object a line, with exactly these fields
ends 1 lint flows --json
[ "$(wc -l < out)" = 1 ] || bad "lint --json: not a line an error"
[ ! -s err ] || bad "lint --json: speaks to people as well"
fields=$(sed 's/"[a-z_]*":\[.*//; s/:\("[^"]*"\|[0-9]*\),/ /g; s/[{"]//g' out)
[ "$fields" = "code severity file line column end_line end_column message " ] || bad "lint --json: has $fields"
grep -q '"notes":\[.*\],"fixes":\[.*\]}$' out || bad "lint --json: ends $(cat out)"
cp out lint.json
ends 1 build flows --json
diff lint.json out || bad "build --json: not as lint"
ends 1 lint flows --sarif
grep -q '^{"$schema":.*"version":"2.1.0","runs":\[{"tool":.*"results":\[{"ruleId":"P0200",' out || bad "lint --sarif: $(cat out)"

# which intents are taken for one another
{ printf '  "Hello." @hello.greet\n\nintent parcel\n  en "where is my parcel", "where is the parcel", "has the parcel left", "parcel status", "do you ship on sunday"\n\n'
  printf 'intent hours\n  en "opening hours on sunday", "do you open on sunday", "do you open on monday", "are you open on sunday"\n'; } | page
cp -r flows few
for file in few/prelude/*.flow; do # a few of its examples are enough, and learned sooner
  awk '/^ *(en|es|ar) "/ { skip = /,$/; sub(/,$/, ""); if ($1 == "en") print; next }
       skip { skip = /,$/; next } 1' "$file" > one && mv one "$file"
done
ends 0 lint few --report confusion
grep -q '^[0-9]* intents, [0-9]* examples.*: [0-9]* right' out || bad "lint --report confusion: begins $(head -1 out)"
[ "$(grep -cE '^ +[0-9]+ [a-z_]+( +([0-9]+|\.)){12}$' out)" = 11 ] || bad "lint --report confusion: draws another matrix: $(head -9 out)"
grep -A1 '^parcel read as hours: 1$' out | grep -q '^  en "do you ship on sunday"$' ||
  bad "lint --report confusion: keeps to itself which example is mistaken"
sed -n '/^A row/,/ read as /p' out | grep -E '.{97}' && bad "lint --report confusion: its matrix is wider than a terminal"
grep -qE '^mistaken are left out, and so are [0-9]+ that are mistaken less' out ||
  bad "lint --report confusion: leaves none out: $(head -9 out)"
ends 2 lint flows --report nothing
ends 2 lint flows --report confusion --json

# a talk is none of the program: its mistakes are lint's and test's alone
page <<<'  "Hello." @hello.greet'
printf 'parlance 1\n\ntalk "wrong"\n  user "hi"\n  bot @hello.gret\n' > flows/a.talk
ends 0 build flows
ends 1 lint flows
grep -q 'flows/a.talk:5:7: error P0200' err || bad "lint: does not look at talks"
rm flows/a.talk

# --fix: what is surely meant; a second run changes nothing
page <<'FLOW'
  # allow P0400: no longer so
  if language is "en"
  	"Hello."
  if verified == true
    "Welcome back." @hello.back
  goto anything_els
FLOW
ends 0 lint flows --fix
grep -q '^mended flows/page.flow:16: P0002' err || bad "lint --fix: does not say what it did: $(cat err)"
mv flows/page.flow mended
page <<'FLOW'
  if language is "en"
    "Hello." @hello.hello
  if verified is true
    "Welcome back." @hello.back
  goto anything_else
FLOW
diff flows/page.flow mended || bad "lint --fix: mended otherwise"
mv mended flows/page.flow
ends 0 lint flows --fix
grep -q mended err && bad "lint --fix: mends twice: $(cat err)"

# --previous: what a conversation may stand at, in a folder or an image, is there still
page <<'FLOW'
  on change move
  mark ready
  choose "Ready?" @hello.ready
    option "Yes" @hello.yes
    option "No" @hello.no
FLOW
rm -rf before && cp -r flows before
ends 0 build flows -o before.pimg
ends 0 lint flows --previous before --strict
page <<'FLOW'
  on change move
  choose "Ready?" @hello.ready
    option "Yes" @hello.yes
    option "Never" @hello.never
FLOW
for was in before before.pimg; do
  ends 0 lint flows --previous $was
  [ "$(grep -c 'warning P0360' err)" = 2 ] || bad "lint --previous $was: $(cat err)"
  grep -q 'the mark ready is gone' err || bad "lint --previous $was: no mark is missed"
  grep -q '@hello.no is gone' err || bad "lint --previous $was: no option is missed"
done
ends 1 build flows --previous before.pimg --strict
ends 2 lint flows --previous nowhere
grep -q 'nowhere' err || bad "lint --previous: $(cat err)"
ends 2 lint flows --previous "$repository/README.md"
echo '  goto nowhere' >> before/page.flow
ends 2 build flows --previous before
exit $wrong
