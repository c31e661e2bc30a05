#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: ids.sh PARLANCE REPOSITORY    `fmt --ids` gives every line an id that nobody has, once.
set -eu
parlance=$1 repository=$2
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
mkdir "$dir/flows"
cp -r "$repository/flows/prelude" "$repository/tests/docs/base.flow" "$dir/flows/"
cat > "$dir/flows/page.flow" <<'FLOW'
parlance 1

flow hello
  title "the start"
  on intent track_order

  "Hello."
    fact "Now": "open" @hello.1
  # allow P0208: said in no other language
  "Servus." if verified
  "{session.order_id}" if session.order_id
  choose "What is it about?"
    option "A person" -> human_request
    option "No, it's Änderung Nº 2!" -> human_request
    option "A person, {session.order_id}" -> human_request if session.order_id
FLOW
cat > "$dir/expected" <<'FLOW'
parlance 1

flow hello
  title "the start" @hello.title
  on intent track_order

  "Hello." @hello.hello
    fact "Now": "open" @hello.1
  # allow P0208: said in no other language
  "Servus." if verified
  "{session.order_id}" if session.order_id
  choose "What is it about?" @hello.what_about
    option "A person" @hello.person -> human_request
    option "No, it's Änderung Nº 2!" @hello.no_anderung_no -> human_request
    option "A person, {session.order_id}" @hello.person_2 -> human_request if session.order_id
FLOW
"$parlance" fmt "$dir/flows" --ids > /dev/null
diff "$dir/expected" "$dir/flows/page.flow"
[ -z "$("$parlance" fmt "$dir/flows" --ids)" ] || { echo "a second run changes something"; exit 1; }
printf 'flow wrong\n  "No id."\n  goto nowhere\n' >> "$dir/flows/page.flow"
cp "$dir/flows/page.flow" "$dir/before"
! "$parlance" fmt "$dir/flows" --ids > "$dir/said" 2>&1 || { echo "ids: wrote in spite of an error"; exit 1; }
grep -q 'no ids are written while there are errors' "$dir/said" || { cat "$dir/said"; exit 1; }
! grep -q 'warning P' "$dir/said" || { echo "ids: warnings beside the errors"; cat "$dir/said"; exit 1; }
diff "$dir/before" "$dir/flows/page.flow"
