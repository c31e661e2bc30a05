/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "tests/load/load.h"

/* ---- the script ---- */

static void script_line(struct load *l, struct pl_str line) {
    line = pl_str_trim(line);
    if (line.n == 0 || line.p[0] == '#') return;
    size_t arrow = pl_str_find(line, PL_STR("=>"));
    if (pl_str_starts(line, PL_STR("@turns "))) {
        pl_str_i64((struct pl_str){line.p + 7, line.n - 7}, &l->talk_turns);
        return;
    }
    if (arrow == SIZE_MAX) {
        l->opening = line;
        return;
    }
    pl_assert(l->nlines < PL_LEN(l->lines));
    struct line *s = &l->lines[l->nlines++];
    s->pattern = pl_str_trim((struct pl_str){line.p, arrow});
    s->words = pl_str_trim((struct pl_str){line.p + arrow + 2, line.n - arrow - 2});
}

bool load_script(struct load *l, const char *path) {
    struct pl_str text;
    if (pl_file_read(&l->script_arena, path, 65536, &text) != PL_OK) return false;
    while (text.n > 0) {
        size_t end = pl_str_find(text, PL_STR("\n"));
        size_t n = end == SIZE_MAX ? text.n : end;
        script_line(l, (struct pl_str){text.p, n});
        size_t step = end == SIZE_MAX ? n : n + 1;
        text = (struct pl_str){text.p + step, text.n - step};
    }
    return l->opening.n > 0;
}

/* ---- saying ---- */

void load_say(struct conn *c, struct pl_str words) {
    struct load *l = c->l;
    struct pl_buf b = {0};
    bool presses = words.p[0] == '!';
    c->cid++;
    pl_buf_printf(&b, "{\"t\":\"send\",\"cid\":\"%016zx-%llu\",\"%s\":", (size_t)(c - l->conns) + 1,
                  (unsigned long long)c->cid, presses ? "button" : "text");
    pl_json_quote(&b, presses ? (struct pl_str){words.p + 1, words.n - 1} : words);
    pl_buf_byte(&b, '}');
    c->waiting = true;
    c->acked = false;
    c->speak_us = 0;
    c->said_us = load_now_us();
    l->waiting++;
    load_send(c, l->o.echo ? words : pl_buf_slice(&b));
    pl_buf_free(&b);
}

void load_shaken(struct conn *c) {
    c->stage = OPENING;
    if (!c->l->o.echo) return; /* hello comes first */
    c->stage = READY;
    c->next = c->l->opening;
    c->l->ready++;
}

/* The turn is over: the next words, at once or after a while. */
static void replied(struct conn *c, struct pl_str next) {
    struct load *l = c->l;
    int64_t now_us = load_now_us();
    if (c->waiting) {
        l->waiting--;
        if (l->measuring) {
            l->turns++;
            PL_PUSH(&l->replies, (uint32_t)(now_us - c->said_us));
        }
    }
    c->waiting = false;
    if (l->measuring && ++c->turns == l->talk_turns) {
        c->again = true;
        return;
    }
    c->next = next;
    c->speak_us = now_us + l->o.think_ms * 1000;
    if (l->measuring && l->o.think_ms == 0 && l->o.rate == 0) load_say(c, next);
}

/* ---- checking ---- */

static uint64_t number(const struct pl_json *frame, const char *name) {
    const struct pl_json *v = pl_json_get(frame, name);
    int64_t n = -1;
    if (v != NULL && v->kind == PL_JNUMBER) pl_str_i64(v->s, &n);
    return (uint64_t)n;
}

static void next_seq(struct conn *c, uint64_t seq, struct pl_str text) {
    if (seq <= c->seq) load_error(c->l, &c->l->twice, "seq came twice", text);
    if (seq > c->seq + 1) load_error(c->l, &c->l->gaps, "seq skipped", text);
    c->seq = seq;
}

static void got_ack(struct conn *c, const struct pl_json *frame, struct pl_str text) {
    struct load *l = c->l;
    char cid[48];
    snprintf(cid, sizeof cid, "%016zx-%llu", (size_t)(c - l->conns) + 1,
             (unsigned long long)c->cid);
    if (!pl_str_is(pl_json_text(frame, "cid"), cid) || c->acked || !c->waiting)
        load_error(l, &l->twice, "an ack that was not due", text);
    c->acked = true;
    c->own_seq = number(frame, "seq");
    next_seq(c, c->own_seq, text);
    if (l->measuring) PL_PUSH(&l->acks, (uint32_t)(load_now_us() - c->said_us));
}

/* Whether any text in it holds the pattern. */
static bool mentions(const struct pl_json *j, struct pl_str pattern) {
    if (j->kind == PL_JTEXT) return pl_str_find(j->s, pattern) != SIZE_MAX;
    if (j->kind != PL_JARRAY && j->kind != PL_JOBJECT) return false;
    for (size_t i = 0; i < j->n; i++)
        if (mentions(&j->m[i].value, pattern)) return true;
    return false;
}

static void got_event(struct conn *c, const struct pl_json *frame, struct pl_str text) {
    struct load *l = c->l;
    uint64_t seq = number(frame, "seq");
    if (c->acked && seq == c->own_seq && pl_str_is(pl_json_text(frame, "from"), "customer")) {
        c->own_seq = 0; /* the acknowledged message itself, once */
        return;
    }
    next_seq(c, seq, text);
    if (l->o.marker != NULL && !c->marked && mentions(frame, pl_str_c(l->o.marker))) {
        c->marked = true;
        l->marked++;
    }
    if (!c->waiting || !c->acked) return; /* the end of an earlier turn */
    for (size_t i = 0; i < l->nlines && c->heard == NULL; i++)
        if (mentions(frame, l->lines[i].pattern)) c->heard = &l->lines[i];
}

static void got_frame(struct conn *c, const struct pl_json *frame, struct pl_str text) {
    struct load *l = c->l;
    struct pl_str t = pl_json_text(frame, "t");
    if (pl_str_is(t, "hello")) {
        load_send(c, PL_STR("{\"t\":\"open\",\"locale\":\"en-US\"}"));
    } else if (pl_str_is(t, "ready")) {
        c->seq = 0; /* asked for all events, which follow */
    } else if (pl_str_is(t, "live")) {
        c->stage = READY;
        c->next = l->opening;
        c->marked = false;
        l->ready++;
        l->talks++;
    } else if (pl_str_is(t, "ack")) {
        got_ack(c, frame, text);
    } else if (pl_str_is(t, "event")) {
        got_event(c, frame, text);
    } else if (pl_str_is(t, "error")) {
        load_error(l, &l->refused, "error frame", text);
    }
}

void load_message(struct conn *c, struct pl_str text) {
    struct load *l = c->l;
    struct pl_json json;
    size_t at;
    if (l->o.echo) {
        if (!pl_str_eq(text, l->opening)) load_error(l, &l->gaps, "another echo", text);
        replied(c, l->opening);
        return;
    }
    pl_arena_reset(&l->arena);
    if (pl_json_parse(&l->arena, text, &json, &at) != PL_OK) {
        load_break(c, "not JSON");
        return;
    }
    c->heard = NULL;
    if (json.kind != PL_JARRAY) got_frame(c, &json, text);
    for (size_t i = 0; json.kind == PL_JARRAY && i < json.n; i++)
        got_frame(c, &json.m[i].value, text);
    /* Only now: all frames of the message belong to the turn that it ends. */
    if (c->heard != NULL) replied(c, c->heard->words);
}
