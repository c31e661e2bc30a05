#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: growth.sh PARLANCE      how a turn's cost grows with flows, intents and rules
#
# Makes projects that differ in one number, lets the engine play the same talks on each, and counts
# the instructions of a message by callgrind: they are the same on a busy machine. Ends with 1 when
# one grows more than it may.
set -euo pipefail
parlance=$(realpath "$1")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
turns=600 conversations=60
export PARLANCE_CACHE=$folder/cache # learned once, and not under valgrind

# make NAME FLOWS INTENTS RULES
make() {
  mkdir -p "$folder/$1"
  awk -v flows="$2" -v intents="$3" -v rules="$4" 'BEGIN {
    print "parlance 1\n\nassistant \"Growth\"\n  source   en-US\n  locales  en-US\n  zone     \"UTC\"\n  currency USD\n"
    print "queue general\n  title \"our support team\" @queue.general\n"
    nverbs = split("cancel change check collect compare confirm deliver describe exchange extend insure move order pack print renew repair replace return rate", verb, " ")
    nthings = split("order parcel invoice ticket account address bicycle lamp sofa mirror kettle carpet guitar camera helmet jacket", thing, " ")
    for (i = 0; i < intents; i++) {
      v = verb[i % nverbs + 1]; t = thing[int(i / nverbs) % nthings + 1]
      printf "intent i%d\n  en \"%s my %s\", \"I want to %s the %s\", \"how can I %s my %s\",\n", i, v, t, v, t, v, t
      printf "     \"please help me to %s this %s\", \"can you %s the %s that I have here\"\n\n", v, t, v, t
    }
    for (i = 0; i < rules; i++) {
      printf "rule r%d\n", i
      if (i % 2) printf "  when failures > %d\n", 20 + i
      else printf "  when message mentions\n    en \"%s %s today\"\n", verb[i % nverbs + 1] "ingly", thing[int(i / nverbs) % nthings + 1]
      printf "  handoff offer to general priority low because \"rule %d\"\n\n", i
    }
    for (i = 0; i < flows; i++) {
      printf "flow f%d\n  title \"task %d\" @t%d.title\n", i, i, i
      if (i < intents) printf "  on intent i%d\n", i
      printf "\n  \"This is task %d.\" @t%d.text\n", i, i
      printf "  choose \"What next?\" @t%d.next\n    option \"Go on\" @t%d.go\n      goto f%d\n    option \"Stop\" @t%d.stop\n      \"Done.\" @t%d.done\n  end resolved\n\n", i, i, (i + 1) % flows, i, i
    }
    for (i = flows; i < intents; i++)
      printf "flow f%d\n  title \"task %d\" @t%d.title\n  on intent i%d\n\n  \"This is task %d.\" @t%d.text\n  end resolved\n\n", i, i, i, i, i, i
  }' >"$folder/$1/assistant.flow"
  awk 'BEGIN {
    n = split("cancel my order|change my order|how can I check my order|please help me to collect this order|I want to compare the order", says, "|")
    print "parlance 1"
    for (i = 1; i <= n; i++)
      printf "\ntalk \"t%d\"\n  user \"%s\"\n  user \"go on\"\n  user \"stop\"\n  user \"what is this then\"\n", i, says[i]
  }' >"$folder/$1/growth.talk"
}

# cost NAME: instructions of a message, its share of an opening included
cost() {
  local out
  out=$("$parlance" build "$folder/$1" -o "$folder/$1.image" 2>&1) || { echo "$out" >&2; exit 2; }
  out=$(valgrind --tool=callgrind --callgrind-out-file=/dev/null --toggle-collect=play "$parlance" bench "$folder/$1" \
    --turns "$turns" --conversations "$conversations" 2>&1) || { echo "$out" >&2; exit 2; }
  awk '/Collected/ { all = $4 } / turns in / { turns = $1 } END { if (!turns) exit 1; print int(all / turns) }' <<<"$out"
}

code=0
# row WHAT FEW MANY MOST(percent)
row() {
  local few many grown
  few=$(cost "$2")
  many=$(cost "$3")
  grown=$((100 * many / few))
  echo "$1: $few -> $many instructions a message, $grown %, at most $4 %"
  [ "$grown" -le "$4" ] || code=1
}

make flows_10 10 30 20
make flows_1000 1000 30 20
make intents_300 300 300 20
make intents_30 300 30 20
make rules_200 30 30 200
make rules_20 30 30 20
row "flows 10 -> 1,000" flows_10 flows_1000 150
row "intents 30 -> 300" intents_30 intents_300 300
row "rules 20 -> 200" rules_20 rules_200 150
exit $code
