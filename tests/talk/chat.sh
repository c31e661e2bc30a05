#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: chat.sh PARLANCE    the terminal chat, its input a file: what it prints is chat.expected
set -eu
cd "$(dirname "$0")"
"$1" sim project --no-shop < chat.txt | diff -u chat.expected - && echo "as expected"
