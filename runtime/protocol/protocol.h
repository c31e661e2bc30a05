/* SPDX-License-Identifier: Apache-2.0
 *
 * protocol: the frames of the wire protocol (docs/PROTOCOL.md). Reads and checks what clients
 * send, prints what the server sends. One list, protocol.def, is the source of both.
 *
 * Owns nothing: parsed frames point into the message or the caller's arena; printed frames go into
 * the caller's buffer, one JSON object each, no separators.
 * Invariants: a frame with code PL_CODE_OK has passed every check of its rows; text is UTF-8.
 * Threads: pure functions.
 */
#ifndef PL_PROTOCOL_H
#define PL_PROTOCOL_H

#include "runtime/base/base.h"
#include "runtime/value/value.h"

#define PL_PROTOCOL_NAME      "parlance.v1" /* the WebSocket subprotocol */
#define PL_PROTOCOL_MAX_BYTES 65536         /* of one message */
#define PL_PROTOCOL_MAX_BATCH 32            /* frames in one message */

enum pl_frame_kind {
#define FRAME(name, word, direction, meaning) PL_FRAME_##name,
#include "runtime/protocol/protocol.def"
};

enum pl_code {
#define CODE(name, word, retry, text) PL_CODE_##name,
#include "runtime/protocol/protocol.def"
};

enum pl_close {
#define CLOSE(name, number, meaning) PL_CLOSE_##name = number,
#include "runtime/protocol/protocol.def"
};

const char *pl_frame_word(enum pl_frame_kind kind);
const char *pl_code_word(enum pl_code code);
const char *pl_code_text(enum pl_code code);
bool pl_code_retry(enum pl_code code);

/* `<client instance, 16 lower-case hex>-<counter, decimal from 1, no leading zero>` */
struct pl_cid {
    uint64_t client;
    uint64_t counter; /* 0: none */
};
#define PL_CID_TEXT 38 /* longest, with the NUL */
bool pl_cid_parse(struct pl_str s, struct pl_cid *out);
size_t pl_cid_print(struct pl_cid cid, char out[PL_CID_TEXT]); /* gives the length */

/* One client frame. Members that the frame's kind does not have are empty; so are optional members
 * that were absent or null (`given` tells them apart from "" and 0). */
struct pl_frame {
    enum pl_frame_kind kind; /* meaningless when code is not OK */
    enum pl_code code;
    struct pl_str message; /* code is not OK: "send.text: expected a text of at most 65536 ..." */
    uint32_t given;        /* bit i: the kind's i-th FIELD row was present and not null */
    struct pl_cid cid;     /* also of a refused frame when it could be read */
    struct pl_str token, resume, locale, epoch, page_url;
    struct pl_str text, choice, button, upload;
    uint64_t seq;
    int64_t value;
    bool on;
};

/* Reads a message: one frame or an array of them. Gives how many were filled in, at least 1. A
 * message that is no JSON, or has over PL_PROTOCOL_MAX_BATCH frames, gives one refused frame and
 * nothing else of it counts; otherwise each frame stands alone. */
size_t pl_protocol_parse(struct pl_arena *a, struct pl_str message,
                         struct pl_frame out[PL_PROTOCOL_MAX_BATCH]);

/* ---- server frames ---- */

struct pl_ready {
    struct pl_str conversation; /* 32 hex */
    struct pl_str resume, with, epoch, locale;
    uint64_t seq;
    bool recovered, rtl;
};

void pl_print_hello(struct pl_buf *b, uint64_t heartbeat_ms, struct pl_str epoch);
void pl_print_ready(struct pl_buf *b, const struct pl_ready *ready);
void pl_print_live(struct pl_buf *b);
void pl_print_ack(struct pl_buf *b, struct pl_cid cid, uint64_t seq, bool dup);
/* body: the event's stored JSON object, beginning with {"kind": — spliced in, not parsed. */
void pl_print_event(struct pl_buf *b, uint64_t seq, int64_t at_ms, struct pl_str body);
void pl_print_typing(struct pl_buf *b, bool on);
struct pl_draft { /* a piece of what a model writes */
    uint64_t turn, attempt;
    uint32_t n;
    bool replace;
    struct pl_str text;
};
void pl_print_stream(struct pl_buf *b, const struct pl_draft *s);
/* An empty message takes the code's own text; a cid with counter 0 is left out. */
void pl_print_error(struct pl_buf *b, enum pl_code code, struct pl_str message, struct pl_cid cid);
void pl_print_bye(struct pl_buf *b, enum pl_code code, uint64_t after_ms);

/* The tables of docs/PROTOCOL.md, Markdown. */
void pl_protocol_tables(struct pl_buf *b);

#endif
