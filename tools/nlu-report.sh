#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# How well intents are understood, measured on texts that nothing was learned from.
# usage: tools/nlu-report.sh [--data DIR] [SET...]
# DIR has the sets that docs/UNDERSTANDING.md names, as folders: banking77 clinc150 hwu64 bitext
# hint3; ../shared/data without it. With SETs only those.
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
cmake --build --preset release --target nlu_report -j2 >/dev/null
exec build/release/nlu_report "$data" "$@"
