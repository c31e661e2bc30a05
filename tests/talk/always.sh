#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: always.sh PARLANCE    the tests that every project has find a question whose `else` is broken,
# though no talk comes there: what is said of it is always.expected, and the exit code is 1
set -u
cd "$(dirname "$0")"
said=$("$1" test always)
code=$?
[ "$code" = 1 ] || { echo "exit code $code"; exit 1; }
printf '%s\n' "$said" | grep -v ' passed, ' | diff -u always.expected - && echo "as expected"
