#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: run.sh TEST.mjs ...     builds the widget, checks its types, runs browser tests with node
# Set PL_NODE_MODULES_READY=1 to skip the installing; PL_SHOTS to say where screenshots go.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
web=$here/../../web

need() { # program package
  command -v "$1" >/dev/null || { echo "web tests need $1: apt-get install $2" >&2; exit 2; }
}
need node nodejs
need npm npm
chromium=${PL_CHROMIUM:-/usr/bin/chromium-headless-shell}
[ -x "$chromium" ] || {
  echo "web tests need Chromium at $chromium: apt-get install chromium-headless-shell, or set PL_CHROMIUM" >&2
  exit 2
}

if [ -z "${PL_NODE_MODULES_READY:-}" ]; then
  "$web/build.sh"
  exec 9>"$here/../../build/.web-tests.lock"
  flock 9
  [ "$here/node_modules/.package-lock.json" -nt "$here/package-lock.json" ] ||
    (cd "$here" && npm ci --no-audit --no-fund --loglevel=error)
  exec 9>&-
fi

export PL_SHOTS=${PL_SHOTS:-$here/../../build/web-shots}
cd "$here"
exec node --test "$@"
