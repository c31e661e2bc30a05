/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "runtime/protocol/protocol_priv.h"

/* Opens {"t":"<word>"; the members follow. */
static struct pl_jw begin(struct pl_buf *b, enum pl_frame_kind kind) {
    struct pl_jw w = {.b = b};
    pl_jw_open(&w, '{');
    pl_jw_text_member(&w, "t", pl_str_c(pl_frame_word(kind)));
    return w;
}

static void count(struct pl_jw *w, const char *name, uint64_t n) {
    pl_jw_int_member(w, name, (int64_t)n);
}

static void yes(struct pl_jw *w, const char *name, bool b) {
    pl_jw_name(w, name);
    pl_jw_bool(w, b);
}

static void cid_member(struct pl_jw *w, struct pl_cid cid) {
    char s[PL_CID_TEXT];
    size_t n = pl_cid_print(cid, s);
    pl_jw_text_member(w, "cid", (struct pl_str){s, n});
}

void pl_print_hello(struct pl_buf *b, uint64_t heartbeat_ms, struct pl_str epoch) {
    struct pl_jw w = begin(b, PL_FRAME_HELLO);
    count(&w, "heartbeat_ms", heartbeat_ms);
    count(&w, "max_bytes", PL_PROTOCOL_MAX_BYTES);
    pl_jw_text_member(&w, "epoch", epoch);
    pl_jw_close(&w, '}');
}

void pl_print_ready(struct pl_buf *b, const struct pl_ready *r) {
    struct pl_jw w = begin(b, PL_FRAME_READY);
    pl_jw_text_member(&w, "conversation", r->conversation);
    pl_jw_text_member(&w, "resume", r->resume);
    pl_jw_text_member(&w, "with", r->with);
    pl_jw_text_member(&w, "epoch", r->epoch);
    yes(&w, "recovered", r->recovered);
    count(&w, "seq", r->seq);
    pl_jw_text_member(&w, "dir", r->rtl ? PL_STR("rtl") : PL_STR("ltr"));
    pl_jw_text_member(&w, "locale", r->locale);
    pl_jw_close(&w, '}');
}

void pl_print_live(struct pl_buf *b) {
    pl_buf_c(b, "{\"t\":\"live\"}");
}

void pl_print_ack(struct pl_buf *b, struct pl_cid cid, uint64_t seq, bool dup) {
    struct pl_jw w = begin(b, PL_FRAME_ACK);
    cid_member(&w, cid);
    count(&w, "seq", seq);
    yes(&w, "dup", dup);
    pl_jw_close(&w, '}');
}

void pl_print_event(struct pl_buf *b, uint64_t seq, int64_t at_ms, struct pl_str body) {
    pl_assert(body.n > 2 && body.p[0] == '{' && body.p[body.n - 1] == '}');
    char at[26];
    pl_datetime_print(at_ms, at);
    struct pl_jw w = begin(b, PL_FRAME_EVENT);
    count(&w, "seq", seq);
    pl_jw_text_member(&w, "at", pl_str_c(at));
    pl_buf_byte(b, ',');
    pl_buf_add(b, body.p + 1, body.n - 1);
}

void pl_print_typing(struct pl_buf *b, bool on) {
    pl_buf_c(b, on ? "{\"t\":\"typing\",\"on\":true}" : "{\"t\":\"typing\",\"on\":false}");
}

void pl_print_stream(struct pl_buf *b, const struct pl_draft *s) {
    char turn[24];
    struct pl_jw w = begin(b, PL_FRAME_STREAM);
    snprintf(turn, sizeof turn, "%llu", (unsigned long long)s->turn);
    pl_jw_text_member(&w, "turn", pl_str_c(turn));
    count(&w, "attempt", s->attempt);
    count(&w, "n", s->n);
    pl_jw_text_member(&w, "op", s->replace ? PL_STR("replace") : PL_STR("append"));
    pl_jw_text_member(&w, "text", s->text);
    pl_jw_close(&w, '}');
}

void pl_print_error(struct pl_buf *b, enum pl_code code, struct pl_str message, struct pl_cid cid) {
    struct pl_jw w = begin(b, PL_FRAME_ERROR);
    pl_jw_text_member(&w, "code", pl_str_c(pl_code_word(code)));
    pl_jw_text_member(&w, "message", message.n > 0 ? message : pl_str_c(pl_code_text(code)));
    if (cid.counter > 0) cid_member(&w, cid);
    yes(&w, "retry", pl_code_retry(code));
    pl_jw_close(&w, '}');
}

void pl_print_bye(struct pl_buf *b, enum pl_code code, uint64_t after_ms) {
    struct pl_jw w = begin(b, PL_FRAME_BYE);
    pl_jw_text_member(&w, "code", pl_str_c(pl_code_word(code)));
    yes(&w, "retry", pl_code_retry(code));
    count(&w, "after_ms", after_ms);
    pl_jw_close(&w, '}');
}
