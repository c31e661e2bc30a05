#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: tools/pictures.sh     makes the pictures of docs/DESIGNERS.md again, of the release build
set -euo pipefail
cd "$(dirname "$0")/.."
cmake --preset release >/dev/null
cmake --build --preset release --target parlance demoshop >/dev/null
web/build.sh
(cd tests/web && { [ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --no-audit --no-fund --loglevel=error; })
node tests/web/pictures.mjs build/release docs/images
build/release/parlance graph flows -o docs/images/overview.svg
build/release/parlance graph flows track_order -o docs/images/graph.svg
ls -l docs/images
