#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Are the C sources laid out as .clang-format says? Exits 77 (not run) without clang-format-14 or git.
cd "$(dirname "$0")/../.." || exit 2
command -v clang-format-14 >/dev/null && git ls-files >/dev/null 2>&1 || exit 77
git ls-files '*.c' '*.h' | while read -r f; do [ -f "$f" ] && echo "$f"; done |
  xargs clang-format-14 --dry-run -Werror
