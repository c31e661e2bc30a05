#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: run.sh PARLANCE [EDITS]     talks to the language server as an editor does; EDITS random
#                                    edits (default 45; tools/long.sh lsp makes 10,000)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$here/../../build"
exec 9>"$here/../../build/.lsp-tests.lock"
flock 9
[ "$here/node_modules/.package-lock.json" -nt "$here/package-lock.json" ] ||
  (cd "$here" && npm ci --no-audit --no-fund --loglevel=error)
exec 9>&-
cd "$here"
PARLANCE=$1 EDITS=${2:-45} exec node --test lsp.test.mjs
