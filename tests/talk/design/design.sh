#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: design.sh PARLANCE    the specification's examples as one project, with the repository's
# prelude and the declarations that they leave out (rest.flow): they compile and play as they read.
set -eu
cd "$(dirname "$0")/../../.."
project=$(mktemp -d)
trap 'rm -rf "$project"' EXIT
cp tests/lang/examples/{escalation,product_inquiry,return_item,shop_tasks}.flow tests/lang/examples/support.talk \
  tests/talk/design/*.flow tests/talk/design/*.talk flows/holidays.de.txt "$project"
cp -r flows/prelude "$project"
"$1" test "$project"
