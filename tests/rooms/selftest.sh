#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Shows that rooms.sh finds what it is there for: a small tree without faults passes, and each fault
# planted in it is reported.
set -u
rooms=$(cd "$(dirname "$0")" && pwd)/rooms.sh
tree=$(mktemp -d) || exit 2
trap 'rm -rf "$tree"' EXIT
spdx='/* SPDX-License-Identifier: Apache-2.0 */'
failed=0

put() { # FILE LINE...
  file=$tree/$1
  shift
  mkdir -p "$(dirname "$file")"
  printf '%s\n' "$@" >"$file"
}

plant_clean() {
  rm -rf "$tree"/*
  put cmake/rooms.cmake '# SPDX-License-Identifier: Apache-2.0' \
    'pl_room(runtime/base  0 "" "" "")' \
    'pl_room(runtime/loop  1 "base" "ev.h" "ev")' \
    'pl_room(runtime/store 2 "base;loop" "lmdb.h;mdb/" "lmdb")' \
    'pl_room(grammar       3 "base" "" "")'
  put tests/rooms/grammar.floors '0 source source' '20 lex lex' '40 parse parse'
  put tests/rooms/long-functions '# none'
  put docs/ARCHITECTURE.md '| 0 | `runtime/base` | x | – | libc |' '| 1 | `runtime/loop` | x | base | libev |' \
    '| 2 | `runtime/store` | x | base loop | LMDB |' '| 3 | `grammar` | x | base | – |'
  put runtime/base/base.h "$spdx" '#include <stdint.h>'
  put runtime/base/base.c "$spdx" '#include "runtime/base/base.h"' \
    '/* strcpy(a, b) in a comment, and' ' * sprintf() */' \
    'int f(void) {' '    return g("system(x)") + h.gets(1) + my_rand();' '}'
  put runtime/base/error.def "$spdx"
  put runtime/loop/loop.h "$spdx" '#include "runtime/base/base.h"'
  put runtime/loop/loop_priv.h "$spdx" '#include "runtime/loop/loop.h"'
  put runtime/store/store.c "$spdx" '#include <lmdb.h>' '#include <mdb/x.h>' \
    '#include "runtime/loop/loop.h"' '#include "runtime/base/error.def"'
  put grammar/parse_ask.c "$spdx" '#include "grammar/lex.h"'
  put grammar/lex.h "$spdx" '#include "grammar/source.h"'
  put grammar/source.h "$spdx"
}

lines() { # COUNT
  awk -v n="$1" 'BEGIN { for (i = 0; i < n; i++) print "    x++;" }'
}

expect() { # PATTERN
  if out=$("$rooms" "$tree"); then
    echo "not found: $1"
    failed=1
  elif ! echo "$out" | grep -q "$1"; then
    echo "expected: $1"
    echo "$out" | sed 's/^/     got: /'
    failed=1
  fi
  plant_clean
}

plant_clean
if ! "$rooms" "$tree"; then
  echo "the tree without faults does not pass"
  failed=1
fi

put runtime/base/base.c "$spdx" '#include "runtime/loop/loop.h"'
expect '^runtime/base/base.c:2: not in the room table: runtime/base -> runtime/loop'

put runtime/store/store.c "$spdx" '#include "runtime/loop/loop_priv.h"'
expect '^runtime/store/store.c:2: not the door of runtime/loop'

put runtime/store/store.c "$spdx" '#include "tests/client/client.h"'
expect '^runtime/store/store.c:2: an include from outside the rooms'

put tools/demo/main.c "$spdx" '#include "runtime/loop/loop_priv.h"'
expect '^tools/demo/main.c:2: a private header of runtime/loop'

put runtime/base/base.c "$spdx" '#include <ev.h>'
expect '^runtime/base/base.c:2: <ev.h> belongs to runtime/loop'

put runtime/base/base.c "$spdx" '#include <glib.h>'
expect '^runtime/base/base.c:2: <glib.h> is no header of libc'

banned='sprintf strcpy strcat gets strtok system popen alloca rand'
{
  echo "$spdx"
  for call in $banned; do echo "int f_$call(void) { return ($call (a)); }"; done
} >"$tree/runtime/base/base.c"
out=$("$rooms" "$tree")
for call in $banned; do
  case $out in
  *": $call() is banned"*) ;;
  *) echo "not found: $call()" && failed=1 ;;
  esac
done
plant_clean

{
  echo "$spdx"
  echo 'static int long_one(int a,'
  echo '                    int b) {'
  lines 58
  echo '}'
} >"$tree/runtime/base/base.c"
expect '^runtime/base/base.c:2: long_one() has 61 lines'

{
  echo "$spdx"
  echo 'static int not_long(int a) {'
  lines 58
  echo '}'
} >"$tree/runtime/base/base.c"
"$rooms" "$tree" || failed=1
put tests/rooms/long-functions 'runtime/base/base.c not_long'
expect '^tests/rooms/long-functions:1: .* not longer than 60 lines'

put runtime/base/base.c '/* no licence */'
expect '^runtime/base/base.c:1: no SPDX line'

put grammar/lex.h "$spdx" '#include "grammar/parse.h"'
expect '^grammar/lex.h:2: an include upwards inside grammar'

put grammar/check.c "$spdx" '#include "grammar/lex.h"'
expect '^grammar/check.c:2: tests/rooms/grammar.floors does not say'

put docs/ARCHITECTURE.md '| 0 | `runtime/base` | x | – | libc |' '| 1 | `runtime/loop` | x | base | libev |' \
  '| 2 | `runtime/store` | x | base | LMDB |' '| 3 | `grammar` | x | base | – |'
expect '^docs/ARCHITECTURE.md:3: not as in cmake/rooms.cmake: runtime/store'

put docs/ARCHITECTURE.md '| 0 | `runtime/base` | x | – | libc |' '| 1 | `runtime/loop` | x | base | libev |' \
  '| 3 | `grammar` | x | base | – |'
expect '^cmake/rooms.cmake:1: docs/ARCHITECTURE.md does not describe runtime/store'

put docs/NOTES.md 'See /work/somewhere.'
expect '^docs/NOTES.md:1:See /work/'

put web/package-lock.json '"resolved": "https://registry.example/a.tgz"'
expect '^web/package-lock.json:1:'

put cmake/rooms.cmake '# SPDX-License-Identifier: Apache-2.0' \
  'pl_room(runtime/base  0 "loop" "" "")' 'pl_room(runtime/loop 1 "base" "ev.h" "ev")'
expect '^cmake/rooms.cmake:1: runtime/base includes loop, which is not on a lower floor'

[ $failed = 0 ] && echo "every planted fault was found"
exit $failed
