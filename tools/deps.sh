#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: tools/deps.sh run|check     installs the Debian packages that are missing; silent when none is
#
#   run    what building and starting Parlance needs
#   check  that, and what its tests need
#
# As root it installs them and asks nothing. Without root it prints the one command to run and exits 1.
set -euo pipefail

run="build-essential cmake ninja-build ccache tzdata ca-certificates nodejs npm
  libssl-dev libcrypt-dev libev-dev liblmdb-dev libicu-dev libstemmer-dev libcurl4-openssl-dev
  liblua5.4-dev libseccomp-dev libwebsockets-dev libwebsockets-evlib-ev
  libexpat1-dev libzstd-dev libedit-dev"
check="$run clang-14 libclang-rt-14-dev clang-format-14 libcmocka-dev chromium-headless-shell fonts-noto-core graphviz"

# Programs that may also come from elsewhere than Debian's own package of that name.
declare -A program=([nodejs]=node [npm]=npm)

case "${1:-}" in
  run) wanted=$run ;;
  check) wanted=$check ;;
  *) sed -n 's/^# \{0,1\}//; 3,8p' "$0" >&2; exit 2 ;;
esac

command -v dpkg-query >/dev/null && command -v apt-get >/dev/null || {
  echo "deps: Parlance is built on Debian 12; there is no apt-get here" >&2
  exit 2
}

# shellcheck disable=SC2086 # a list of words
have=$(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' $wanted 2>/dev/null | sed -n 's/^ii  *//p') || true
missing=
for package in $wanted; do
  grep -qx "$package" <<<"$have" && continue
  [ -n "${program[$package]:-}" ] && command -v "${program[$package]}" >/dev/null && continue
  missing="$missing $package"
done
[ -z "$missing" ] && exit 0

if [ "$(id -u)" != 0 ]; then
  echo "Some Debian packages are missing. Run this once, then start again:" >&2
  echo >&2
  echo "  sudo sh -c 'apt-get update && apt-get install -y --no-install-recommends$missing'" >&2
  exit 1
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
export DEBIAN_FRONTEND=noninteractive
echo "installing$missing" >&2
# shellcheck disable=SC2086
{ apt-get update -q && apt-get install -y -q --no-install-recommends $missing; } >"$log" 2>&1 </dev/null || {
  tail -20 "$log" >&2
  echo "deps: installing failed; the lines above say why" >&2
  exit 2
}
