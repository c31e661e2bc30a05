#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: fmt.sh PARLANCE REPOSITORY    fmt --check and --diff tell what fmt would do, and do nothing.
set -u
parlance=$1 repository=$2 wrong=0
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 2
bad() { echo "$*"; wrong=1; }

# everything of the repository is laid out, but for what shows the formatter at work
"$parlance" fmt --check "$repository/flows" "$repository/tests/talk/project" "$repository/tools/cli/new" ||
  bad "fmt: flows that are not laid out"

mkdir flows
cat > flows/a.flow <<'FLOW'
parlance 1
# one
flow first
    title "the first"   @a.title # why
    # two
    "1" @a.1
    "2" @a.2
    "3" @a.3
    "4" @a.4


flow second
  "1" @b.1
  "2" @b.2
  "3" @b.3
  "4" @b.4
  "5" @b.5
  "6" @b.6
  "7" @b.7
  "8" @b.8
  if   verified
    "9"  @b.9
FLOW
printf 'parlance 1\n\ntalk "t"\n  user "x"' > flows/b.talk
cp -r flows before
said=$("$parlance" fmt --check flows) && bad "fmt --check: ended with 0"
[ "$said" = "not laid out: flows/a.flow
not laid out: flows/b.talk" ] || bad "fmt --check: says $said"
"$parlance" fmt --diff flows > diff && bad "fmt --diff: ended with 0"
diff -r before flows || bad "fmt --check, --diff: wrote"
grep -q '^--- flows/a.flow$' diff || bad "fmt --diff: $(cat diff)"
grep -q '^ No newline' diff && bad "fmt --diff: marks the end wrongly"
"$parlance" fmt flows > /dev/null || bad "fmt: failed"
diff -u before/a.flow flows/a.flow | tail -n +3 > a.want
sed -n '/^--- flows\/a.flow/,/^--- flows\/b.talk/p' diff | sed '/^--- flows\/b.talk/d' | tail -n +3 > a.got
diff a.want a.got || bad "fmt --diff: another difference than diff -u"
if command -v patch > /dev/null; then
  (cd before && patch -sp1 < ../diff) || bad "fmt --diff: patch does not read it"
  diff -r before flows || bad "fmt --diff: is not what fmt does"
fi
[ -z "$("$parlance" fmt --diff flows)" ] || bad "fmt --diff: differs after fmt"
grep -c '#' flows/a.flow | grep -qx 3 || bad "fmt: lost a comment"

# a file with a mistake stays as it is, the others are laid out
printf 'parlance 1\n\nflow   c\n  "x\n' > flows/c.flow
printf 'parlance 1\n\nflow   d\n  "x" @d.x\n' > flows/d.flow
cp flows/c.flow c.flow
"$parlance" fmt flows > said 2> err; [ $? = 1 ] || bad "fmt: a mistake did not end with 1"
diff c.flow flows/c.flow || bad "fmt: wrote a file with a mistake"
grep -q 'c.flow:4:3: error P0005' err || bad "fmt: says $(cat err)"
[ "$(cat said)" = "laid out flows/d.flow" ] || bad "fmt: says $(cat said)"
"$parlance" fmt nowhere 2> /dev/null; [ $? = 2 ] || bad "fmt nowhere: ended otherwise"
exit $wrong
