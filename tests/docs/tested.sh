#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: tested.sh REPOSITORY    Every code of grammar/diag.def has an `# expect` line in a program
# of tests/lang, or a line in tested.txt that says which test makes it, and why.
set -u
cd "$1" || exit 2
wrong=0
bad() { echo "$*"; wrong=1; }
declare -A expected file
while read -r code; do expected[$code]=1; done < <(grep -rhoaE '^ *# expect (error|warning) P[0-9]{4}' tests/lang | sed 's/.* //')
while read -r code where reason; do
  case $code in P*) ;; *) continue ;; esac
  file[$code]=$where
  [ -n "$reason" ] || bad "tests/docs/tested.txt: no reason is given for $code"
done < tests/docs/tested.txt
while read -r number name; do
  printf -v code 'P%04d' "$number"
  if [ -z "${file[$code]-}" ]; then
    [ -n "${expected[$code]-}" ] || bad "$code: no program of tests/lang has a line \`# expect … $code\`"
  elif [ -n "${expected[$code]-}" ]; then
    bad "tests/docs/tested.txt excuses $code, which tests/lang has"
  else
    grep -q "PL_D_$name\b" "${file[$code]}" || bad "tests/docs/tested.txt: ${file[$code]} does not make $code"
  fi
done < <(sed -n 's/^DIAG(\([0-9]*\), \([A-Z_]*\),.*/\1 \2/p' grammar/diag.def)
[ "${#expected[@]}" -gt 100 ] || bad "tests/lang was not found"
exit $wrong
