#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: chat.sh PARLANCE    the terminal chat, its input a file: what it prints is chat.expected.
# Without a shop, what the project's own Lua finds in a message is found; without one that is not
# wanted, hooks answer as in the project's talks. A conversation that is saved is a talk that passes,
# and every prefix of it that is gone back to is as it was.
set -eu
parlance=$1
cd "$(dirname "$0")"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
"$parlance" sim project --no-shop < chat.txt > "$dir/out"
diff -u chat.expected "$dir/out" && echo "as expected"
printf ':clock ten\n:back 99\n' | "$parlance" sim project --no-shop | grep -F "not so many turns" && echo "counted"
{ head -c 100000 /dev/zero | tr '\0' a; echo; } | "$parlance" sim project --no-shop > "$dir/long"
[ "$(grep -c "nothing of it was said" "$dir/long")" = 1 ] && echo "once"
echo "the way from b-12 to gate C 3" | "$parlance" sim marks --no-shop | grep -F "From B12 to C3." && echo "found"

cp -r ../../flows "$dir/flows"
cat > "$dir/lines" << END
where is my parcel
:clock +3m
ORDER123456789
2
:back
1
+15550100101
:save talk a parcel
:locale ar-SA
1
:save $dir/arabic.talk
END
"$parlance" sim "$dir/flows" --shop talks < "$dir/lines" > "$dir/out" 2>&1 || {
  cat "$dir/out"
  exit 1
}
for talk in "$dir/flows/a_parcel.talk" "$dir/arabic.talk"; do
  "$parlance" test "$dir/flows" "$talk" || {
    cat "$talk"
    exit 1
  }
  "$parlance" fmt --check "$talk"
done
grep -q 'pick "Yes, please"' "$dir/flows/a_parcel.talk"
! grep -q 'pick "No, thanks"' "$dir/flows/a_parcel.talk"
grep -q 'advance 3m' "$dir/flows/a_parcel.talk"
grep -q 'locale ar-SA' "$dir/arabic.talk" && echo "saved and played"

# The conversation of the documentation, as it is printed there.
sed -n '/^> where is my parcel$/,/^```$/p' ../../docs/SIMULATING.md | sed '$d' > "$dir/page"
sed -n 's/^> //p' "$dir/page" | "$parlance" sim "$dir/flows" --shop talks | sed -n '/^> /,$p' > "$dir/out"
diff -u "$dir/page" "$dir/out" && [ -s "$dir/page" ] && echo "as the documentation has it"
