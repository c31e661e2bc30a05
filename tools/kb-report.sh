#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# How good the knowledge base's search is, measured on questions of articles that nothing was
# learned from, and how long it takes among 10,000 articles.
# usage: tools/kb-report.sh [--data DIR] [--learn]
#   --learn   learns the weights and the threshold from the other articles and prints them as they
#             stand in runtime/kb (kb_rank.c, kb_answer.c, kb_search.c)
# DIR has <language>_docs.jsonl and _queries.jsonl; tests/kb/xquad without it.
set -eu
cd "$(dirname "$0")/.."
data=tests/kb/xquad learn=
while [ $# -gt 0 ]; do
  case $1 in
  --data) data=$2 && shift ;;
  --learn) learn=1 ;;
  *) sed -n '2,9s/^# //p' "$0" >&2 && exit 2 ;;
  esac
  shift
done
cmake --preset release >/dev/null
cmake --build --preset release --target kb_report parlance -j2 >/dev/null
if [ "$learn" ]; then
  exec build/release/kb_report "$data" --learn
fi
build/release/kb_report "$data"
build/release/kb_report "$data" --bench 10000
# Questions to the reference shop's articles: part a was looked at when the decision was made, b was
# not. "-": no article answers.
tab=$(printf '\t')
tail -n +2 tests/kb/shop.tsv | while IFS=$tab read -r locale part article question; do
  said=$(build/release/parlance kb search "$question" --project flows --locale "$locale" --top 1 \
    --json </dev/null || :)
  case $article:$said in
  -:*'"sure":true'*) echo "$part off-topic wrong" ;;
  -:*) echo "$part off-topic right" ;;
  *:'{"sure":true'*'"id":"'"$article"'"'*) echo "$part in-domain right" ;;
  *:'{"sure":true'*) echo "$part in-domain other article" ;;
  *) echo "$part in-domain not answered" ;;
  esac
done | sort | uniq -c
