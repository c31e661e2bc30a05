#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: prelude.sh PARLANCE    a project without a prelude gets the program's, in its own languages;
# one that has a folder prelude is taken as it is.
set -eu
parlance=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
mkdir shop
cat >shop/shop.flow <<'E2'
parlance 1

assistant "Tiny"
  source  es-ES
  # allow P0528: the English are served in Spanish, by a prelude that speaks English
  locales es-ES, en-GB

intent hours
  es "¿cuándo abren?", "horario", "¿a qué hora cierran?"
  en "opening hours", "when are you open", "until when are you open"

flow hours
  title "el horario" @hours.title
  on intent hours

  "Abrimos de 8 a 20." @hours.text
E2
cat >shop/shop.talk <<'E2'
parlance 1

talk "the prelude speaks the project's language"
  bot  @prelude.welcome "¡Hola! ¿En qué puedo ayudarte?"
  user "horario"
  bot  @hours.text
  bot  @prelude.anything_else "¿Puedo ayudarte en algo más?"

talk "and English where the project has an English locale"
  locale en-GB
  user "when are you open"
  bot  @hours.text
  bot  @prelude.anything_else "Is there anything else I can help you with?"
E2
"$parlance" lint --strict shop
"$parlance" test shop
# its own places are listed, the prelude's counted
"$parlance" test shop --coverage --filter locale >cover.txt
grep -q '^  prelude  ' cover.txt || { cat cover.txt; echo "the prelude is not counted"; exit 1; }
! grep -E '^prelude/|@prelude' cover.txt || { echo "the prelude's places are listed"; exit 1; }
grep -q '@hours.title' cover.txt || { cat cover.txt; echo "the project's texts are not listed"; exit 1; }
mkdir shop/prelude
printf 'parlance 1\n' >shop/prelude/own.flow
! "$parlance" lint shop >own.txt 2>&1 || { echo "an empty prelude was not missed"; exit 1; }
grep -q 'P0209: the program has no flow `not_understood`' own.txt || { cat own.txt; exit 1; }
