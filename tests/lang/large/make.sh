#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: make.sh LINES FOLDER    writes a project of about so many lines: flows of 25 lines, each with
# its own intent in ten, hooks, entities, texts, a question, a choice, a match; 2,000 lines a file.
set -eu
lines=$1 folder=$2
rm -rf "$folder"
mkdir -p "$folder"
cat >"$folder/assistant.flow" <<'FLOW'
parlance 1

assistant "Large"
  source   en-US
  locales  en-US
  zone     "Europe/Berlin"
  currency USD

entity order_id: text
  title   "order number" @order_id.title
  match   /[A-Z]{5}\d{6}/
  example "ORDER123456"

type level: one of guest "Guest", bronze "Bronze", silver "Silver", gold "Gold"

type order
  id:    order_id
  total: money
  place: text?
  level: level

session
  order_id: order_id title "order number" @session.order_id

queue general
  title "our support team" @queue.general

hook orders.find(id: order_id) -> order
  effect read
  fails  not_found
  within 200ms

intent start_over_here
  en "begin with the first thing", "take me to the first flow", "show me the beginning of it"

flow first
  title "the first" @first.title
  on intent start_over_here

  "Here we go." @first.text
  goto flow_0
FLOW
awk -v lines="$lines" -v folder="$folder" 'BEGIN {
  flows = int(lines / 25)
  for (i = 0; i < flows; i++) {
    file = sprintf("%s/f%04d.flow", folder, int(i / 80))
    if (i % 80 == 0) print "parlance 1" > file
    printf "\nflow flow_%d\n  title \"task %d\" @t%d.title\n\n", i, i, i > file
    printf "  mark again\n  ask session.order_id\n    \"What is the order number of task %d?\" @t%d.ask\n", i, i > file
    printf "    again \"It looks like {order_id.example}.\" @t%d.again\n    tries 3\n    else handoff because \"not recognised\"\n", i > file
    printf "  call order_%d = orders.find(session.order_id)\n    not_found\n      clear session.order_id\n", i > file
    printf "      back again at most 3 else handoff because \"order not found\"\n" > file
    printf "  \"I found {order_%d.id}, {order_%d.total}.\" @t%d.found\n", i, i, i > file
    printf "    fact \"Location\": \"{order_%d.place}\" @t%d.place if order_%d.place\n", i, i, i > file
    printf "  match order_%d.level\n    guest, bronze\n      \"Thank you for your order.\" @t%d.small\n    silver, gold\n      \"Thank you for your loyalty.\" @t%d.big\n", i, i, i > file
    printf "  choose \"What next?\" @t%d.next\n    option \"Go on\" @t%d.go\n      goto flow_%d\n    option \"Stop\" @t%d.stop\n  end resolved\n", i, i, (i + 1) % flows, i > file
    if (i % 80 == 79) close(file)
  }
}'
