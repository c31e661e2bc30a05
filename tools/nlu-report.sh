#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# How well messages are understood, measured on texts that nothing was learned from.
# usage: tools/nlu-report.sh [--data DIR] [TABLE [SET...]]
# DIR has the sets that docs/UNDERSTANDING.md names, as folders; ../shared/data without it. A TABLE
# is the name of a file tests/nlu/TABLE.c; without one all are printed.
set -eu
cd "$(dirname "$0")/.."
data=../shared/data
case ${1:-} in
--data) data=$2 && shift 2 ;;
-*) sed -n '3,6s/^# //p' "$0" >&2 && exit 2 ;;
esac
if [ ! -d "$data" ]; then
  echo "the data is not there: $data (name its folder with --data)"
  exit 0
fi
cmake --preset release >/dev/null
cmake --build --preset release --target nlu_tables train_sentiment -j2 >/dev/null

# What the parts of reading a message cost in instructions, each with what it calls: unlike times
# they do not depend on the machine's load.
stages() {
  command -v valgrind >/dev/null || { echo "valgrind is not there: no counts" && return; }
  tmp=$(mktemp -d)
  trap 'rm -rf "$tmp"' EXIT
  build/release/nlu_speed "$data" "$tmp/model"
  n=$(valgrind --tool=callgrind --callgrind-out-file="$tmp/counts" --toggle-collect=read_counted \
    build/release/nlu_speed "$data" "$tmp/model" 2>/dev/null)
  callgrind_annotate --auto=no --inclusive=yes --threshold=100 "$tmp/counts" | awk -v n="$n" '
    BEGIN {
      stages = "read language entities builtins times answer sentiment intents score marks"
      count = split(stages, order)
      for (i = 1; i <= count; i++)
        name[order[i] == "read" ? "pl_nlp_read" : "pl_nlp__" order[i]] = order[i]
      name["pl_locale_words"] = "words"; name["pl_locale_stems"] = "stems"; name["malloc"] = "malloc"
      count += split("words stems malloc", more)
      for (i = 1; i in more; i++) order[count - 3 + i] = more[i]
    }
    { function_name = $0; sub(/ \[[^\]]*\]$/, "", function_name); sub(/.*:/, "", function_name)
      if (function_name in name && !(name[function_name] in cost)) {
        gsub(/,/, "", $1); cost[name[function_name]] = $1
      } }
    END {
      print "instructions a message, each with what it calls"
      for (i = 1; i <= count; i++) printf "%-10s %8d\n", order[i], cost[order[i]] / n
    }'
}

show() {
  build/release/nlu_"$@"
  [ "$1" != speed ] || stages
  [ "$1" != sentiment ] ||
    build/release/train_sentiment "$data" tests/nlu/train/sentiment_words.tsv --try 4 2>/dev/null
}

if [ $# -gt 0 ]; then
  table=$1 && shift
  show "$table" "$data" "$@"
  exit
fi
for file in tests/nlu/*.c; do
  table=$(basename "$file" .c)
  [ "$table" = nlu ] && continue
  printf '== %s\n' "$table"
  show "$table" "$data"
done
