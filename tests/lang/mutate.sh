#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: mutate.sh LANG_MUTATE MISTAKES LEAST    200 mistakes in two correct projects, one after another
# (or: LANG_MUTATE --from SEED MISTAKES LEAST: others; LANG_MUTATE --show SEED: one)
set -eu
cd "$(dirname "$0")/../.."
project=$(mktemp -d)
trap 'rm -rf "$project"' EXIT
cp tests/lang/examples/{escalation,product_inquiry,return_item,shop_tasks}.flow tests/talk/design/rest.flow \
  flows/holidays.de.txt "$project"
"$@" "$project" flows
