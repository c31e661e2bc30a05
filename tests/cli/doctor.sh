#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: doctor.sh PARLANCE REPOSITORY    `parlance doctor` on folders with something wrong in them, and
# with --models against a provider that fails.
set -u
parlance=$1
provider=$(dirname "$parlance")/fake_provider
work=$(mktemp -d)
pids=()
trap '[ ${#pids[@]} -eq 0 ] || kill "${pids[@]}" 2>/dev/null; rm -rf "$work"' EXIT
cd "$work" || exit 2
wrong=0

say() { echo "doctor: $1"; wrong=1; }

"$provider" --record received "b=401" "c=cut at=4" "d=no_usage" "e=404" "f=headers" >provider.out &
pids+=($!)
for _ in $(seq 100); do [ -s provider.out ] && break; sleep 0.05; done
base=$(sed -n 's|.*: \(http://[^/]*\)/.*|\1|p' provider.out)

target() { # NAME DIALECT PATH MORE...
  printf '[%s]\ndialect = %s\nurl = %s%s\nmodel = m\nconnect = 10s\nfirst_token = 10s\n' "$1" "$2" "$base" "$3"
  shift 3
  printf '%s\n' "$@"
}

# a file: what doctor must say, by code and by lines
check() { # CODE FILE LINE...
  local code=$1 file=$2
  shift 2
  TEST_KEY=sk-secret "$parlance" doctor --models "$file" >out 2>err
  [ $? -eq "$code" ] || { say "$file: not $code:"; cat out err; }
  for line in "$@"; do
    grep -qF -- "$line" out err || { say "$file does not give '$line':"; cat out err; }
  done
  grep -q sk-secret out err && say "$file: the key was shown"
}

target good openai /a/v1 "embed = e" "key = env TEST_KEY" "price = 1 2 USD" >good.conf
check 0 good.conf "well:  answers" "well:  keeps to a schema" "well:  gives embeddings of 96 numbers"
{ target one anthropic /a; target two openai-responses /a/v1; target three azure "/a/v1?v=1"; } >three.conf
check 0 three.conf "one (anthropic" "two (openai-responses" "three (azure"
target t openai /a/v1 "key = env NO_SUCH_KEY" >nokey.conf
check 1 nokey.conf "the environment has no NO_SUCH_KEY" "mend:  set it for the user"
target t openai /b/v1 "key = env TEST_KEY" >badkey.conf
check 1 badkey.conf "the key is not accepted (401, 403): 401 invalid_api_key" "mend:  put a valid key"
echo sk-secret >key && chmod 644 key
target t openai /a/v1 "key = file $PWD/key" "price = 0 0 USD" >open.conf
check 0 open.conf "others may read the key's file" "chmod 600 it"
target t openai /a/v1 "key = file /nothing" >nofile.conf
check 1 nofile.conf "write the key into that file"
target t openai /a/v1 "ca = /nothing.pem" >noca.conf
check 1 noca.conf "the file of certificates /nothing.pem: No such file or directory"
target t vllm /c/v1 >cut.conf
check 1 cut.conf "the stream ended without its end mark" "a proxy in between"
target t ollama /d/v1 >usage.conf
check 0 usage.conf "it does not tell how many tokens it used"
target t openai /e/v1 >nothere.conf
check 1 nothere.conf "404 model_not_found" "compare dialect, url and model"
target t openai /f/v1 | sed "s/first_token = 10s/first_token = 200ms/" >silent.conf
check 1 silent.conf "no first token in time" "longer \`first_token\`"
{ echo "ceiling_day = 1 USD"; target t openai /a/v1; } >noprice.conf
check 0 noprice.conf "it has no price, so the ceilings do not see it"
printf '[t]\ndialect = openai\nurl = http://127.0.0.1:9/v1\nmodel = m\n' >refused.conf
check 1 refused.conf "no connection" "is the server running"
printf 'modle = 1\n' >mistake.conf
check 1 mistake.conf "mistake.conf:1: 'modle' stands before the first [target]"
check 2 nothing.conf "nothing.conf: not found"
: >empty.conf
check 2 empty.conf "empty.conf names no target"

[ "$(grep -c '^Authorization: Bearer sk-secret' received)" -ge 4 ] || say "the key was not sent"
"$parlance" doctor --models good.conf --json >out 2>err
grep -q '^\[{"target":"good",.*"findings":\[{"level":"wrong",' out || { say "--json:"; cat out err; }

# The machine and a data folder. Warnings alone are no failure.
folder() { # CODE LINE...: what it must say about the data folder d
  local code=$1
  shift
  "$parlance" doctor --data d >out 2>err
  [ $? -eq "$code" ] || { say "folder: not $code:"; cat out err; }
  for line in "$@"; do
    grep -qF -- "$line" out err || { say "folder: no '$line':"; cat out err; }
  done
}
folder 0 "look:  d: No such file or directory" "open files"
[ -e d ] && say "it made the folder"
"$parlance" token create t --may queue --data d >out 2>err || { say "no token:"; cat out err; }
chmod 700 d
mkdir -p d/keys
head -c 32 /dev/urandom >d/keys/master
chmod 600 d/keys/master
folder 0 "well:  data of version" "the data folder is on"
folder 0 "MiB free" "look:  the master key is in the data folder"
chmod 755 d
folder 0 "look:  the data folder is open to others (755)"
chmod 700 d
chmod 644 d/keys/master
folder 1 "wrong: the master key d/keys/master may be read by others (644)" "chmod 600 it"
chmod 600 d/keys/master
head -c 8192 /dev/urandom >d/keys/20000
folder 1 "wrong: the key file d/keys/20000"
mv d/keys/master master
folder 1 "wrong: the master key d/keys/master: No such file or directory" "put it back from where it is kept"
rm d/keys/20000
mv master d/keys/master
mkdir -p d/images
head -c 100 /dev/urandom >"d/images/$(printf '%064d' 7)"
folder 0 "look:  the image 000000000000"
(ulimit -n 256; "$parlance" doctor --data d >out 2>err; [ $? -eq 1 ] && grep -q "wrong: 256 open files" out) || { say "limits:"; cat out err; }
head -c 100000 /dev/urandom >d/journal/data.mdb
folder 1 "wrong: the data cannot be opened"

# A certificate that nobody has signed is not trusted, unless it is named.
if command -v openssl >/dev/null; then
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -keyout key.pem \
    -out cert.pem -subj /CN=localhost -addext subjectAltName=DNS:localhost 2>/dev/null
  openssl s_server -accept 0 -cert cert.pem -key key.pem -www >tls.out 2>tls.err &
  pids+=($!)
  for _ in $(seq 100); do grep -q ^ACCEPT tls.out && break; sleep 0.05; done
  port=$(sed -n 's/^ACCEPT.*:\([0-9]*\)$/\1/p' tls.out)
  tls() { printf '[t]\ndialect = openai\nurl = https://%s:%s/v1\nmodel = m\nconnect = 20s\n%s\n' "$1" "$port" "$2"; }
  tls localhost "" >untrusted.conf
  check 1 untrusted.conf "no trusted TLS connection: certificate not trusted" "say \`ca = FILE\`"
  tls 127.0.0.1 "ca = $work/cert.pem" >othername.conf
  check 1 othername.conf "no trusted TLS connection: certificate not trusted"
  tls localhost "ca = $work/cert.pem" >trusted.conf
  check 1 trusted.conf "wrong:"
  grep -q "TLS" out && { say "a certificate that is named is not trusted:"; cat out; }
fi
exit $wrong
