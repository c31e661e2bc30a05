#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: types.sh     the widget passes the type checker
set -euo pipefail
cd "$(dirname "$0")/../../web"
./build.sh
exec npm run --silent check
