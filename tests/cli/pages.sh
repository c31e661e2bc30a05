#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: pages.sh PARLANCE    Articles as pages of a server: whatever an article has, a browser shows
# it as text. What the page may do at all is said by its headers too.
set -u
parlance=$1 wrong=0 server=
work=$(mktemp -d)
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$work"' EXIT
cd "$work" || exit 2
bad() { echo "pages: $*"; wrong=1; }
has() { case $page in *"$1"*) ;; *) bad "has no '$1': $page" ;; esac }
has_no() { case $page in *"$1"*) bad "has '$1': $page" ;; esac }
get() { # PATH CODE: into `page`; its headers into `head`
  local code
  code=$(curl -s --path-as-is -D head -o page -w '%{http_code}' "$url$1")
  [ "$code" = "$2" ] || bad "$1: $code, not $2"
  page=$(cat page)
}

mkdir -p shop/kb/en/a
printf 'parlance 1\n\nassistant "A"\n  source en-US\n\nflow hello\n  title "hello" @t\n  on open\n  "Hello" @h\n' > shop/a.flow
cat > shop/kb/en/a/hostile.md <<'END'
---
title: "</title></h1><script>alert(1)</script> & \"quoted\" 'single'"
url: https://shop.example/"onmouseover="alert(2)
tags:
  - <i>tagcanary</i>
---

First <img src=x onerror=alert(3)> and &lt;b&gt; and `<svg/onload=alert(4)>`.
[Here](javascript:alert(5)) or [there](data:text/html,<script>alert(6)</script>) or <javascript:alert(7)>.

## Part <script src=//evil.example></script> "two"

- <iframe srcdoc="<script>alert(8)</script>"></iframe>
- </p></main><base href=//evil.example>

```
</pre><script>alert(9)</script>
```

| <th onclick=alert(10)> | b |
|---|---|
| ]]><!-- | --> |
END
"$parlance" serve shop --port 0 --data data > out 2> err &
server=$!
for _ in $(seq 300); do grep -q 'http://127' out && break; sleep 0.1; done
url=$(grep -o 'http://127.0.0.1:[0-9]*' out | head -1)
[ -n "$url" ] || { cat out err; exit 1; }

get /kb/en/a/hostile 200
# every tag is one that the page itself has, and none has an attribute from outside
strange=$(grep -o '<[^>]*>' page | grep -vxE '<!doctype html>|<html lang="en" dir="ltr">|<meta charset="utf-8">|<meta name="viewport" content="width=device-width">|<link rel="stylesheet" href="/kb/style.css">|</?(title|main|h1|h2|p|footer|span)>')
[ -z "$strange" ] || bad "tags that are not the page's: $strange"
[ "$(grep -c '<h1>' page)" = 1 ] || bad "more than one title"
has '&lt;script&gt;alert(1)&lt;/script&gt; &amp;'
has '&lt;img src=x onerror=alert(3)&gt;'
has '&lt;svg/onload=alert(4)&gt;'
has '<h2>Part &lt;script src=//evil.example&gt;&lt;/script&gt;'
has '&lt;/p&gt;&lt;/main&gt;&lt;base href=//evil.example&gt;'
has_no tagcanary
has_no ']]><!--'
grep -qi '^content-type: text/html; charset=utf-8' head || bad "type: $(cat head)"
grep -qi '^x-content-type-options: nosniff' head || bad "a browser may guess: $(cat head)"
grep -qi '^content-security-policy: .*default-src' head || bad "no policy: $(cat head)"

# a path is never shown, and never one of files
for path in '/kb/en/%3Cscript%3Ealert(1)%3C/script%3E' '/kb/%3Cb%3E/a/none' '/kb/en/../../a.flow' \
  '/kb/en/..%2f..%2fa.flow' '/kb/en/%ff' '/kb//a/hostile' /kb/en/ /kb/; do
  get "$path" 404
  has_no '<script'
  has_no '<b>'
  has_no 'parlance 1'
done
get '/kb/en/a/hostile%00' 000 # closed without a word
get /kb/en/a/hostile 200

# articles come with the flows: a new one, one that went, and none of those that do not compile
printf -- '---\ntitle: Late\n---\n\nAfter 30 days nothing.\n' > shop/kb/en/late.md
mv shop/kb/en/a/hostile.md .
"$parlance" reload shop --data data > said 2>&1 || bad "reload: $(cat said)"
get /kb/en/late 200
has 'After 30 days nothing.'
get /kb/en/a/hostile 404
printf 'titel: Late\n' > shop/kb/en/late.md
"$parlance" reload shop --data data > said 2>&1 && bad "reloads an article without a head"
grep -q 'shop/kb/en/late.md:1:1' said || bad "does not say where: $(cat said)"
get /kb/en/late 200
has 'After 30 days nothing.'
kill "$server" && wait "$server"
[ $? = 0 ] || bad "the server did not end well: $(cat err)"
server=
exit $wrong
