#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: in_step.sh REPOSITORY    Names that the pages list are those of the sources.
set -u
cd "$1" || exit 2
wrong=0

need() { # PAGE TEXT WHAT
  grep -qF -- "$2" "$1" || { echo "$1 does not name the $3 $2"; wrong=1; }
}

first_field() { sed -n "s/^$1(\([A-Za-z_]*\),.*/\1/p" "$2"; }
quoted() { sed -n "s/^$1([A-Z_]*, \"\([a-z_]*\)\".*/\1/p" "$2"; }

for room in engine store gateway answer; do
  for name in $(first_field COUNTER "runtime/$room/counter.def" | tr '[:upper:]' '[:lower:]'); do
    need docs/OPERATIONS.md "parlance_${room}_$name" counter
  done
done
for name in $(first_field COUNTER runtime/llm/counter.def); do
  need docs/MODELS.md "parlance_llm_$name" counter
done
for name in $(first_field FIELD runtime/llm/target.def); do need docs/MODELS.md "| \`$name\` |" setting; done
for word in $(sed -n 's/^DIALECT([A-Z]*, "\([a-z.-]*\)".*/\1/p' runtime/llm/dialect.def); do
  need docs/MODELS.md "dialect = $word" "example of"
done
for name in $(quoted FACT runtime/program/fact.def); do need docs/LANGUAGE.md "\`$name\`" fact; done
for name in $(quoted FUNC runtime/program/func.def); do need docs/LANGUAGE.md "\`$name(" function; done
for name in $(sed -n 's/^PRELUDE([A-Z_]*, "\([a-z_]*\)", [0-9], 1).*/\1/p' runtime/program/prelude.def); do
  need docs/LANGUAGE.md "\`$name" "prelude flow"
done
index=$(sed -n '/^## Every word/,$p' docs/LANGUAGE.md)
for word in $(sed '1,/^(\* ---- texts/d' grammar/flow.ebnf | grep -oE "'[a-z_]+'" | tr -d "'" | sort -u); do
  case $index in
  *"\`$word\`"*) ;;
  *) echo "docs/LANGUAGE.md, \"Every word\", does not name $word"; wrong=1 ;;
  esac
done
# links within the page lead to a heading
headings=$(sed -n 's/^##* //p' docs/LANGUAGE.md | tr '[:upper:]' '[:lower:]' | tr -d "',.\`" | tr ' ' '-')
for target in $(grep -oE '\]\(#[a-z-]+\)' docs/LANGUAGE.md | tr -d ']()#' | sort -u); do
  grep -qx -- "$target" <<<"$headings" || { echo "docs/LANGUAGE.md links to #$target, no heading"; wrong=1; }
done
for name in $(first_field COMMAND tools/cli/command.def); do
  grep -qE "parlance $name\b" docs/*.md README.md 2>/dev/null ||
    { echo "no page names the command $name"; wrong=1; }
done
# options that the operator's page names exist
for name in $(sed -n 's/^| `\([a-z_`, ]*\)` |.*/\1/p' <(sed -n '/^## Options/,/^## The data/p' docs/OPERATIONS.md) | tr -d '`,'); do
  grep -q "^OPTION($name," runtime/config/config.def ||
    { echo "docs/OPERATIONS.md names an option that is none: $name"; wrong=1; }
done
exit $wrong
