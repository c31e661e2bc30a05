#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: web/build.sh     makes web/dist; does nothing when no source is newer than it
set -euo pipefail
web=$(cd "$(dirname "$0")" && pwd)
cd "$web"

# Two builds at a time would write over each other. The lock lies where git does not look.
mkdir -p ../build
exec 9>../build/.web.lock
flock 9

[ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --no-audit --no-fund --loglevel=error

if [ ! -e dist/widget.js ] ||
  [ -n "$(find widget demo studio package.json package-lock.json -newer dist/widget.js -print -quit)" ]; then
  npm run --silent build
  touch dist/widget.js # esbuild leaves a file alone whose content is the same
fi
