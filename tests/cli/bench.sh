#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: bench.sh PARLANCE REPOSITORY    The engine alone is measured, and says where its time goes.
set -u
wrong=0
out=$("$1" bench "$2/flows" --conversations 20 --turns 60) || { echo "bench failed: $out"; exit 1; }
need() { grep -qE -- "$1" <<<"$out" || { echo "not printed: $1"; wrong=1; }; }
need '^[1-9][0-9]* talks, 20 customers at once'
need '^[1-9][0-9]* turns in [0-9.]+ s: [1-9][0-9]* turns/s on one core'
need ' 0 messages refused'
need '^  understood +[0-9.]+ us +[0-9.]+ %'
need '^  written and sealed +[0-9.]+ us'
"$1" bench "$2/flows" --turns none >/dev/null 2>&1 && { echo "a count that is none was taken"; wrong=1; }
"$1" bench "$2/flows" --locale xx >/dev/null 2>&1 && { echo "a locale that is none was taken"; wrong=1; }
[ $wrong = 0 ] || echo "$out"
exit $wrong
