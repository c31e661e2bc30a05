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
cmake --build --preset release --target nlu_tables -j2 >/dev/null
if [ $# -gt 0 ]; then
  table=$1 && shift
  exec build/release/nlu_"$table" "$data" "$@"
fi
for file in tests/nlu/*.c; do
  table=$(basename "$file" .c)
  [ "$table" = nlu ] && continue
  printf '== %s\n' "$table"
  build/release/nlu_"$table" "$data"
done
