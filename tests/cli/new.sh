#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: new.sh PARLANCE REPOSITORY    What `new` makes is laid out, has no mistake, and its talks pass.
set -u
parlance=$1 wrong=0
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 2
bad() { echo "$*"; wrong=1; }

"$parlance" new shop > said || bad "new: failed"
grep -qF 'parlance test shop/flows' said || bad "new: does not say how to go on"
[ "$("$parlance" lint --strict shop/flows 2>&1)" = "no mistakes" ] || { "$parlance" lint shop/flows; bad "new: not without a word"; }
"$parlance" fmt --check shop/flows || bad "new: not laid out"
"$parlance" test shop/flows > said 2>&1 || { cat said; bad "new: its talks fail"; }
[ "$(find shop -name '*.talk' | wc -l)" = 1 ] || bad "new: no talk"
[ "$(wc -l < shop/README.md)" -le 12 ] || bad "new: the page is long"
[ "$(head -1 shop/README.md)" = "# shop" ] || bad "new: the page has another name"
[ "$(find shop -type f -newer said | wc -l)" = 0 ] || bad "test: wrote into the project"

# never overwrites
find shop -type f -exec sha256sum {} + | sort > before
said=$("$parlance" new shop 2>&1) && bad "new: writes over a folder"
case $said in *"'shop' is there already"*) ;; *) bad "new: says $said" ;; esac
find shop -type f -exec sha256sum {} + | sort | diff before - || bad "new: changed a folder"
touch file
"$parlance" new file 2> /dev/null && bad "new: writes over a file"
"$parlance" new no/such/shop 2> said && bad "new: makes the folders above"
grep -qF "making the folder 'no/such/shop': No such file or directory" said || bad "new: says $(cat said)"
"$parlance" new 2> /dev/null; [ $? = 2 ] || bad "new without a name: ended otherwise"
"$parlance" new 'a b/' > /dev/null && "$parlance" lint --strict 'a b/flows' 2> /dev/null || bad "new: not with a space"
exit $wrong
