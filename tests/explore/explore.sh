#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: explore.sh PARLANCE quick|whole    made-up customers find what was planted.
#
#   quick  four of them, in two files of it: a loop, and most of what is unreachable; every talk
#          that is kept passes as a test
#   whole  2,000 of them find all twenty of planted.txt, and nothing in the reference assistant; few
#          of them find the same in one process and in two
set -euo pipefail
parlance=$1
cd "$(dirname "$0")"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

explore() { # FOLDER NUMBER OUT JOBS; 1: something was found
  local rc=0
  "$parlance" sim "$1" --explore "$2" --seed 1 --out "$3" --jobs "$4" > "$3.txt" || rc=$?
  [ "$rc" -le 1 ] || {
    cat "$3.txt"
    exit 1
  }
}

is_found() { # FILE NUMBER CLASS PLACE WHAT
  grep -qF -e "$4: $3: " "$1" && grep -F -e "$4: $3: " "$1" | grep -qF -e "($5)"
}

count_planted() { # FILE; prints what is missing and how many are there
  local found=0 class place what number rest
  while read -r number rest; do
    place=$(grep -o 'planted/[a-z_]*\.flow:[0-9]*' <<< "$rest")
    class=${rest%% "$place"*}
    what=${rest#*"$place" }
    if is_found "$1" "$number" "$class" "$place" "$what"; then
      found=$((found + 1))
    else
      echo "not found: $number $rest" >&2
    fi
  done < planted.txt
  echo "$found"
}

case ${2:-quick} in
  quick)
    for part in unreachable loops; do
      mkdir -p "$dir/$part/planted"
      cp planted/{shop,$part}.flow "$dir/$part/planted"
      explore "$dir/$part/planted" 4 "$dir/few_$part" 1
      "$parlance" test "$dir/$part/planted" "$dir/few_$part" --jobs 1
    done
    cat "$dir"/few_*.txt > "$dir/few.txt"
    found=$(count_planted "$dir/few.txt" 2> /dev/null)
    [ "$found" -ge 5 ] || { # of what four can come to
      cat "$dir/few.txt"
      exit 1
    }
    echo "$found of 20 by four customers"
    ;;
  whole)
    explore planted 30 "$dir/one" 1
    explore planted 30 "$dir/two" 2
    diff -r "$dir/one" "$dir/two"
    explore planted 2000 "$dir/planted" 2
    found=$(count_planted "$dir/planted.txt")
    tail -1 "$dir/planted.txt"
    echo "$found of 20"
    "$parlance" test planted "$dir/planted"
    explore ../../flows 2000 "$dir/flows" 2
    cat "$dir/flows.txt"
    [ "$found" = 20 ] && grep -q ': 0 findings' "$dir/flows.txt"
    ;;
  *)
    sed -n 's/^# \{0,1\}//; 3,8p' "$(basename "$0")" >&2
    exit 2
    ;;
esac
