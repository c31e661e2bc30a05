# SPDX-License-Identifier: Apache-2.0
# The room table: every room, its floor, the rooms it may include and the one outside library it
# owns. The build's calls come from it, and tests/rooms checks the sources against it, so a line
# here is the only way to add an arrow. Columns: NAME FLOOR "INCLUDES" "OUTSIDE HEADERS" "LINK"
#
# A room is a folder; its sources are globbed, so a new file needs no line here.

pl_room(runtime/base     0 "" "" "")
pl_room(runtime/value    1 "base" "" "")
pl_room(runtime/crypto   1 "base" "openssl/;crypt.h" "crypto;crypt")
pl_room(runtime/loop     1 "base" "ev.h" "ev")
pl_room(runtime/store    2 "base;loop" "lmdb.h" "lmdb")
pl_room(runtime/program  2 "base;value" "" "")
pl_room(runtime/locale   2 "base;value" "unicode/;libstemmer.h" "icui18n;icuuc;icudata;stemmer")
pl_room(runtime/http     2 "base;loop" "curl/" "curl")
pl_room(runtime/protocol 2 "base;value" "" "")
pl_room(runtime/config   2 "base;value" "" "")
pl_room(runtime/vm       3 "base;value;program" "" "")
pl_room(runtime/nlp      3 "base;value;locale" "" "")
pl_room(runtime/kb       3 "base;value;locale" "" "")
pl_room(runtime/privacy  3 "base;value;locale;crypto" "" "")
pl_room(runtime/hooks    3 "base;value;loop;http" "lua.h;lauxlib.h;lualib.h;lua5.4/;seccomp.h" "lua5.4;seccomp")
pl_room(runtime/auth     3 "base;value;crypto;store" "" "")
pl_room(runtime/blobs    3 "base;crypto;loop" "" "")
pl_room(grammar          3 "base;value;program" "" "")
pl_room(runtime/escalate 4 "base;value;program;vm" "" "")
pl_room(runtime/journal  4 "base;value;crypto;store;privacy" "zstd.h" "zstd")
pl_room(runtime/llm      4 "base;value;crypto;loop;store;http;privacy" "" "")
pl_room(runtime/answer   5 "base;value;crypto;loop;program;locale;privacy;kb;llm" "" "")
pl_room(tools/compile    5 "base;value;program;grammar;nlp;kb;locale;hooks" "" "")
pl_room(runtime/engine   6 "base;value;loop;store;program;locale;privacy;nlp;kb;vm;escalate;journal" "" "")
pl_room(tools/sim        7 "base;value;crypto;loop;store;program;locale;nlp;hooks;vm;journal;llm;answer;engine;grammar;compile" "" "")
pl_room(tools/lsp        7 "base;value;program;grammar;compile" "" "")
pl_room(tools/studio     8 "base;value;loop;program;locale;vm;llm;answer;engine;grammar;compile;sim" "" "")
pl_room(runtime/gateway  8 "base;value;crypto;loop;protocol;auth;blobs;engine" "libwebsockets.h" "websockets")
pl_room(tools/cli        9 "base;value;crypto;loop;store;program;locale;http;protocol;config;vm;nlp;kb;privacy;hooks;auth;blobs;grammar;escalate;journal;llm;compile;engine;sim;lsp;studio;gateway" "expat.h;histedit.h" "expat;edit")
