#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: chat.sh PARLANCE    the terminal chat, its input a file: what it prints is chat.expected.
# Without a shop, what the project's own Lua finds in a message is found.
set -eu
cd "$(dirname "$0")"
"$1" sim project --no-shop < chat.txt | diff -u chat.expected - && echo "as expected"
echo "the way from b-12 to gate C 3" | "$1" sim marks --no-shop | grep -F "From B12 to C3." && echo "found"
