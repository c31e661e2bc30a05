#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: explain.sh PARLANCE REPOSITORY    `explain` has every code and every page, anywhere.
set -u
parlance=$1 repository=$2 wrong=0
cd / || exit 2
bad() { echo "$*"; wrong=1; }

"$parlance" explain > /dev/null || bad "explain: failed"
listed=$("$parlance" explain | awk '{print $1}')
[ "$listed" = "$(sed -n 's/^DIAG(\([0-9]*\),.*/\1/p' "$repository/grammar/diag.def" | xargs printf 'P%04d\n')" ] ||
  bad "explain: its list is not that of diag.def"
# a page of twelve: each takes a start of the program
for page in $(ls "$repository"/docs/diagnostics/P*.md | awk "NR % 12 == 1"); do
  code=$(basename "$page" .md)
  said=$("$parlance" explain "$code") || bad "explain $code: failed"
  [ "$(head -1 <<<"$said")" = "$(sed -n '1s/^# //p' "$page")" ] || bad "explain $code: another title"
  # nothing of the page is lost but its marks of layout
  diff <(sed 's/^ *//; s/^\*\*\(Error\|Warning\)\.\*\*/\1./; /^```/d; s/^##* P\([0-9]\)/P\1/; s/^## //' "$page") \
       <(sed 's/^ *//; /^\(i18n\|lua\|kb\)\/[^ ]*:$/d; /^[a-z]*\.[a-z]*:$/d' <<<"$said") || bad "explain $code: not the page"
  case $said in *$'\e'*) bad "explain $code: paints what is no terminal" ;; esac
done
[ "$("$parlance" explain p0200)" = "$("$parlance" explain 200)" ] || bad "explain 200: not P0200"
"$parlance" explain 0200 > /dev/null || bad "explain 0200: failed"
said=$("$parlance" explain P0201x 2>&1) && bad "explain P0201x: did not fail"
said=$("$parlance" explain P2000 2>&1) && bad "explain P2000: did not fail"
case $said in *"there is no code P2000; did you mean P0200?"*) ;; *) bad "explain P2000: says $said" ;; esac
"$parlance" explain translation | grep -q '^P0520 warning ' || bad "explain translation: lacks P0520"
[ "$("$parlance" explain P0200 | grep -c '\^~')" = 1 ] || bad "explain P0200: lost the mark"
if command -v script > /dev/null; then
  painted=$(script -qec "$parlance explain P0200" /dev/null)
  case $painted in *$'\e[1;31mError.'*) ;; *) bad "explain: does not paint a terminal" ;; esac
fi
exit $wrong
