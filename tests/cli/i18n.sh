#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: i18n.sh PARLANCE REPOSITORY    Texts to translators and back: nothing lost, mistakes named.
set -u
parlance=$1 repository=$2 wrong=0
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 2

# says CODE ARGUMENT...: runs the command and compares both its streams with what stands on stdin
says() {
  local code=$1 got ended
  shift
  got=$("$parlance" i18n "$@" 2>&1 </dev/null)
  ended=$?
  [ "$ended" = "$code" ] || { echo "i18n $*: ended with $ended instead of $code"; wrong=1; }
  diff -u --label "expected of i18n $*" --label said - <(printf '%s\n' "$got") || wrong=1
}
# has TEXT CODE ARGUMENT...: the same for one line among others
has() {
  local text=$1 code=$2 got ended
  shift 2
  got=$("$parlance" i18n "$@" 2>&1 </dev/null)
  ended=$?
  [ "$ended" = "$code" ] || { echo "i18n $*: ended with $ended instead of $code"; wrong=1; }
  grep -qF -- "$text" <<<"$got" || { echo "i18n $*: does not say: $text"; echo "$got"; wrong=1; }
}
holds() { # TEXT FILE
  grep -qF -- "$1" "$2" || { echo "$2 does not hold: $1"; cat "$2"; wrong=1; }
}

mkdir -p shop/flows shop/i18n
cat >shop/flows/shop.flow <<'FLOW'
parlance 1

assistant "Shop"
  locales en-US, es-ES, ar-SA
  source en-US
  zone "Europe/Madrid"

flow hours
  title "our hours" @hours.title
  on says
    en "opening hours"

  "We are open \"all\" day & night <now>." @hours.open

flow cart
  title "your cart" @cart.title
  on says
    en "my cart"

  "Turn {turns}: {turns, plural, one {# item} other {# items}}." @cart.count
  """
  Two lines,
  {turns} of them.
  """ @cart.lines
FLOW
cat >shop/i18n/es-ES.arb <<'ARB'
{
  "@@locale": "es-ES",
  "@@author": "Ana",
  "hours.title": "nuestro horario",
  "hours.open": "Abrimos \\\"todo\\\" el día & la noche <ahora>.",
  "@hours.open": {"x-source": "We open.", "context": "shop"},
  "cart.title": "",
  "cart.count": "Turno {turns}: {turns, plural, one {# artículo} many {# artículos} other {# artículos}}.",
  "gone.text": "ya no está"
}
ARB

says 0 status shop/flows <<'OUT'
locale      texts  translated  missing  stale  ill-formed  extra
es-ES           5           2        2      1           0      1    40 %
ar-SA           5           0        5      0           0      0     0 %
Written in en-US. What is missing is said so until it is translated. --locale L names the texts.
OUT
has "es-ES" 1 status shop/flows --strict
says 0 status shop/flows --locale es-ES <<'OUT'
missing     cart.title                        flows/shop.flow:16
missing     cart.lines                        flows/shop.flow:21
stale       hours.open                        i18n/es-ES.arb:5
extra       gone.text
OUT
says 0 status shop/flows --json <<'OUT'
{"source":"en-US","locales":[{"locale":"es-ES","texts":5,"translated":2,"missing":["cart.title","cart.lines"],"stale":["hours.open"],"ill-formed":[],"extra":["gone.text"]},{"locale":"ar-SA","texts":5,"translated":0,"missing":["hours.title","hours.open","cart.title","cart.count","cart.lines"],"stale":[],"ill-formed":[],"extra":[]}]}
OUT

# To the translator and back untouched: not a byte of a translation changes.
cp shop/i18n/es-ES.arb before.arb
"$parlance" i18n export shop/flows --locale es-ES -o es.xlf || wrong=1
holds '<segment state="initial">' es.xlf
holds 'equiv="{turns}"' es.xlf
says 0 import shop/flows es.xlf <<'OUT'
2 translations in shop/flows/../i18n/es-ES.arb
OUT
holds '"@@author": "Ana"' shop/i18n/es-ES.arb
holds '"gone.text": "ya no está"' shop/i18n/es-ES.arb
holds '"@hours.open": {"x-source": "We open.", "context": "shop"}' shop/i18n/es-ES.arb
node -e '
  const fs = require("fs"), a = JSON.parse(fs.readFileSync("before.arb")), b = JSON.parse(fs.readFileSync("shop/i18n/es-ES.arb"))
  for (const k in a) if (JSON.stringify(a[k]) !== JSON.stringify(b[k])) console.log("changed:", k, a[k], b[k])
' | grep . && wrong=1
has "es-ES           5           2        2      1" 0 status shop/flows

# Translated: as a tool saves it, with segments, tools' own elements and a line end of its own.
cat >done.xlf <<'XLF'
<?xml version="1.0" encoding="UTF-8"?>
<x:xliff xmlns:x="urn:oasis:names:tc:xliff:document:2.0" xmlns:t="urn:tool" version="2.0" srcLang="en-US" trgLang="es-ES">
<x:file id="f1">
<t:made by="me"><t:deep/></t:made>
<x:unit id="cart.lines">
 <x:originalData><x:data id="d1">{turns}</x:data></x:originalData>
 <x:segment><x:source>Two lines,
<x:ph id="1" dataRef="d1"/> of them.</x:source><x:target>Dos líneas,
<x:mrk id="m" type="term"><x:ph id="1" dataRef="d1"/></x:mrk> de<x:cp hex="0020"/>ellas.</x:target></x:segment>
</x:unit>
<x:unit id="hours.open">
 <x:segment state="translated"><x:source>We are open \"all\" day </x:source><x:target>Abierto </x:target></x:segment>
 <x:ignorable><x:source>&amp; </x:source></x:ignorable>
 <x:segment state="final"><x:source>night &lt;now&gt;.</x:source><x:target>siempre.</x:target></x:segment>
</x:unit>
<x:unit id="gone.text"><x:segment><x:source>Gone</x:source><x:target>Ido</x:target></x:segment></x:unit>
</x:file>
</x:xliff>
XLF
has 'done.xlf: the program has no text `gone.text`' 1 import shop/flows done.xlf
holds '"cart.lines": "Dos líneas,\\n{turns} de ellas."' shop/i18n/es-ES.arb
holds '"hours.open": "Abierto & siempre."' shop/i18n/es-ES.arb
has "es-ES           5           4        1      0           0      1    80 %" 0 status shop/flows

# A new catalog, its texts in the order of the program.
cat >ar.arb <<'ARB'
{"@@locale": "ar-SA", "cart.title": "سلتك", "hours.title": "ساعات العمل", "cart.count": ""}
ARB
says 0 import shop/flows ar.arb <<'OUT'
2 translations in shop/flows/../i18n/ar-SA.arb
OUT
says 0 status shop/flows --locale ar-SA <<'OUT'
missing     hours.open                        flows/shop.flow:13
missing     cart.count                        flows/shop.flow:20
missing     cart.lines                        flows/shop.flow:21
OUT
diff -u shop/i18n/ar-SA.arb - <<'ARB' || wrong=1
{
  "@@locale": "ar-SA",
  "hours.title": "ساعات العمل",
  "@hours.title": {"x-source": "our hours"},
  "cart.title": "سلتك",
  "@cart.title": {"x-source": "your cart"}
}
ARB

# In a folder without catalogs, named with a slash: looked at all the same.
cp -r shop bare && rm -r bare/i18n
echo '{"@@locale": "ar-SA", "cart.count": "{turn}"}' >bad.arb
has 'the source has no placeholder {turn}' 1 import bare/flows/ bad.arb
[ ! -e bare/i18n/ar-SA.arb ] || { echo "an ill-formed catalog was written"; wrong=1; }
has '2 translations in' 0 import bare/flows/ ar.arb

# Mistakes: named, and nothing is written.
cp shop/i18n/ar-SA.arb before.arb
cat >bad.arb <<'ARB'
{"@@locale": "ar-SA", "cart.count": "{turn} و {turns, plural, one {#} other {#}}", "cart.lines": "{turns} {", "hours.open": "جيد"}
ARB
has 'the source has no placeholder {turn}' 1 import shop/flows bad.arb
has '2 translations are not well-formed; nothing was written' 1 import shop/flows bad.arb
cmp before.arb shop/i18n/ar-SA.arb || wrong=1
echo '{"@@locale": "ar-SA", "cart.count": "{turns}: {turns, plural, one {#} other {#}}"}' >bad.arb
has 'the plural has no branch few' 1 import shop/flows bad.arb
xliff() { printf '<xliff xmlns="urn:oasis:names:tc:xliff:document:2.0" version="2.0" srcLang="en-US" trgLang="ar-SA">%s' "$1"; }
xliff '<file id="f"><unit id="cart.title"><segment><source>a</source><target><ph id="1" dataRef="d9"/></target>' >bad.xlf
has 'bad.xlf:1: unit cart.title: there is no <data id="d9">: a placeholder was lost' 1 import shop/flows bad.xlf
xliff '<file id="f"><unit id="cart.title"><segment><source>a</source><target><b>x</b></target>' >bad.xlf
has 'an element <b> within a text' 1 import shop/flows bad.xlf
xliff '<file id="f"><unit>' >bad.xlf
has 'a <unit> without an id' 1 import shop/flows bad.xlf
xliff '<file id="f">' >bad.xlf
has 'bad.xlf:1: no element found' 1 import shop/flows bad.xlf
xliff '</xliff>' | sed 's/ar-SA/fr-FR/' >bad.xlf
has "the assistant is not translated into 'fr-FR'; into: es-ES, ar-SA" 2 import shop/flows bad.xlf
printf '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>' >bad.xlf
has 'a document type (<!DOCTYPE …>) is not read: delete it' 1 import shop/flows bad.xlf
printf '<xliff version="1.2" xmlns="urn:oasis:names:tc:xliff:document:1.2"/>' >bad.xlf
has 'this is no XLIFF 2' 1 import shop/flows bad.xlf
head -c 4096 /dev/urandom >bad.xlf
has 'bad.xlf:' 1 import shop/flows bad.xlf
echo '["a"]' >bad.arb
has 'bad.arb:1: this is not a catalog' 2 import shop/flows bad.arb
has 'reading none.xlf' 2 import shop/flows none.xlf
has 'say status, extract, pseudo, export or import' 2 list shop/flows
has 'export for which translator? say --locale L' 2 export shop/flows
has "the assistant is not translated into 'de-DE'" 2 export shop/flows --locale de-DE

# What is to do, for tools that read ARB; and the pseudo-locale.
has '"cart.count": "",' 0 extract shop/flows --locale ar-SA
has '"@hours.open": {"x-source": "We are open \\\"all\\\" day & night <now>.", "description": "flows/shop.flow:13"}' 0 extract shop/flows
has '"cart.count": "[Ţúŕñ {turns}: {turns, plural, one {# íţéɱ} other {# íţéɱš}}. ·]"' 0 pseudo shop/flows
has '"cart.lines": "[Ţŵó ļíñéš,\\n{turns}' 0 pseudo shop/flows
has '"hours.open": "[Ŵé áŕé óþéñ \\\"áļļ\\\" ðáý & ñíĝĥţ <ñóŵ>. ·······]"' 0 pseudo shop/flows

# The reference assistant: out and in again changes no translation.
cp -r "$repository/flows" "$repository/i18n" "$repository/lua" .
for locale in es-ES ar-SA; do
  "$parlance" i18n export flows --locale $locale -o all.xlf && "$parlance" i18n import flows all.xlf >/dev/null || wrong=1
  node -e '
    const fs = require("fs"), [from, to] = process.argv.slice(1).map((f) => JSON.parse(fs.readFileSync(f)))
    for (const k in from) if (from[k] !== to[k]) console.log("changed:", k, from[k], to[k])
  ' "$repository/i18n/$locale.arb" "i18n/$locale.arb" | grep . && wrong=1
done
exit $wrong
