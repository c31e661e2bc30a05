/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "runtime/gateway/gateway_priv.h"

#define CATCHING_UP 16 /* times what may wait for a reader that is live */

/* ---- the queue out ---- */

static void free_queue(struct pl_gateway__conn *c) {
    while (c->first != NULL) {
        struct pl_gateway__out *out = c->first;
        c->first = out->next;
        pl_gateway__out_free(out);
    }
    c->last = NULL;
    c->queued = 0;
}

/* The socket is full, so no close frame would arrive either: cut it off. */
static void cut_off(struct pl_gateway__conn *c) {
    pl_gateway__count(c->g, PL_GATEWAY_slow_readers, 1);
    pl_log(c->g->c.log, PL_LOG_INFO, "gateway", "slow_reader", "conn=%llu queued=%zu",
           (unsigned long long)c->id, c->queued);
    free_queue(c);
    pl_gateway__kill(c);
}

void pl_gateway__shut(struct pl_gateway__conn *c, int code) {
    if (c->state == CLOSING) return;
    c->state = CLOSING;
    c->code = code;
    c->since_us = pl_loop_now_us(c->g->c.loop);
}

static void due(struct pl_gateway__conn *c) {
    if (!c->due) PL_PUSH(&c->g->due, c->id);
    c->due = true;
}

void pl_gateway__kill(struct pl_gateway__conn *c) {
    c->state = CLOSING;
    c->dead = true;
    due(c);
}

/* A socket nearly always takes what is written: asking it first costs three calls of the system for
 * each message. Nothing is written in here, since more may follow in this round. */
static void will_write(struct pl_gateway__conn *c) {
    if (c->via->may_write == NULL) {
        c->via->wake(c);
        return;
    }
    due(c);
}

/* A long conversation comes back in one piece: until `live` has been written more may wait. */
void pl_gateway__queue(struct pl_gateway__conn *c, struct pl_gateway__out *out) {
    size_t max = (size_t)c->g->c.max_queued * (c->live ? 1 : CATCHING_UP);
    if (c->state == CLOSING) {
        pl_gateway__out_free(out);
        return;
    }
    if (out->kind == DROPPABLE && c->queued > max / 4) {
        pl_gateway__count(c->g, PL_GATEWAY_dropped, 1);
        pl_gateway__out_free(out);
        return;
    }
    out->next = NULL;
    *(c->last != NULL ? &c->last->next : &c->first) = out;
    c->last = out;
    c->queued += out->text.n;
    if (c->queued > max)
        cut_off(c);
    else
        will_write(c);
}

void pl_gateway__refuse(struct pl_gateway__conn *c, enum pl_code code, struct pl_str message,
                        struct pl_cid cid) {
    struct pl_gateway__out *out = pl_gateway__out(c->g, c->id);
    pl_print_error(&out->text, code, message, cid);
    pl_gateway__queue(c, out);
}

void pl_gateway__close(struct pl_gateway__conn *c, enum pl_code bye, uint64_t after_ms, int code) {
    if (c->state == CLOSING) return;
    struct pl_gateway__out *out = pl_gateway__out(c->g, c->id);
    pl_print_bye(&out->text, bye, after_ms);
    pl_gateway__queue(c, out);
    if (c->state == CLOSING) return; /* cut off by this very frame */
    c->state = CLOSING;
    c->code = code;
    c->since_us = pl_loop_now_us(c->g->c.loop);
}

void pl_gateway__leave(struct pl_gateway__conn *c) {
    struct pl_gateway *g = c->g;
    bool busy = c->state == OPENING || c->unanswered > 0 || c->later != NULL;
    if (!g->draining || busy) return;
    uint64_t after_ms = 200 + pl_rand_below(&g->jitter, g->spread_ms);
    pl_gateway__close(c, PL_CODE_DRAIN, after_ms, PL_CLOSE_AWAY);
}

void pl_gateway__ready(struct pl_gateway__conn *c, struct pl_gateway__out *out) {
    struct pl_str locale = pl_arena_str(&c->g->arena, pl_buf_slice(&out->text));
    struct pl_ready ready = {.conversation = pl_str_c(c->conversation),
                             .resume = pl_str_c(c->resume),
                             .with = pl_str_c(out->with),
                             .epoch = pl_str_c(c->g->c.epoch),
                             .locale = locale,
                             .seq = out->seq,
                             .recovered = out->recovered,
                             .rtl = out->rtl};
    pl_buf_clear(&out->text);
    pl_print_ready(&out->text, &ready);
    pl_arena_reset(&c->g->arena);
    memset(c->resume, 0, sizeof c->resume);
    c->state = OPEN;
    pl_gateway__queue(c, out);
}

/* ---- frames in ---- */

/* What the page says of the customer; if it is no good, that has been said. */
static bool identified(struct pl_gateway__conn *c, struct pl_str token,
                       struct pl_gateway_open *open) {
    const struct pl_identity_keys *keys = c->g->c.identity;
    struct pl_clock clock = pl_loop_clock(c->g->c.loop);
    struct pl_identity id;
    struct pl_cid none = {0};
    if (!keys || keys->n == 0) {
        pl_gateway__refuse(c, PL_CODE_TOKEN_NOT_SUPPORTED, PL_STR(""), none);
        return false;
    }
    enum pl_err err = pl_identity_check(keys, token, clock.wall_ms(clock.ctx), &id);
    if (err != PL_OK) {
        struct pl_str why = err == PL_TIMEOUT ? PL_STR("the signed identity has run out")
                            : err == PL_LIMIT
                                ? PL_STR("a signed identity is good for a day at most")
                                : PL_STR("");
        pl_gateway__count(c->g, PL_GATEWAY_identities_refused, 1);
        pl_gateway__refuse(c, PL_CODE_TOKEN_REFUSED, why, none);
        return false;
    }
    open->known = true;
    open->verified = id.verified;
    memcpy(open->customer, id.customer, sizeof open->customer);
    return true;
}

static void said_open(struct pl_gateway__conn *c, const struct pl_frame *f) {
    struct pl_resume resume;
    struct pl_cid none = {0};
    if (c->state != NEW) {
        pl_gateway__refuse(c, PL_CODE_ALREADY_OPEN, PL_STR(""), none);
        return;
    }
    struct pl_gateway_open open = {.fresh = f->resume.n == 0,
                                   .locale = f->locale,
                                   .page_url = f->page_url,
                                   .epoch = f->epoch,
                                   .seq = f->seq};
    if (f->token.n > 0 && !identified(c, f->token, &open)) return;
    if (open.fresh && pl_resume_make(&resume, c->resume) != PL_OK) {
        pl_gateway__refuse(c, PL_CODE_INTERNAL, PL_STR(""), none);
        return;
    }
    if (!open.fresh && !pl_resume_read(f->resume, &resume)) {
        pl_gateway__refuse(c, PL_CODE_RESUME_REFUSED, PL_STR(""), none);
        return;
    }
    if (!open.fresh) memcpy(c->resume, f->resume.p, f->resume.n);
    memcpy(open.conversation, resume.conversation, sizeof open.conversation);
    memcpy(open.hash, resume.hash, sizeof open.hash);
    pl_hex(open.conversation, sizeof open.conversation, c->conversation);
    c->state = OPENING;
    c->told = true;
    c->g->c.door.open(c->g->c.door.ctx, c->id, &open);
}

static void said_send(struct pl_gateway__conn *c, const struct pl_frame *f) {
    struct pl_gateway_send send = {.cid = f->cid, .said = PL_SAID_TEXT, .text = f->text};
    if (f->choice.n > 0) send.said = PL_SAID_CHOICE, send.text = f->choice;
    if (f->button.n > 0) send.said = PL_SAID_BUTTON, send.text = f->button;
    if (f->upload.n > 0) send.said = PL_SAID_UPLOAD, send.text = f->upload;
    pl_gateway__said(c, &send);
}

/* Whether a message may be taken now; if not, it has been refused. */
static bool within_rate(struct pl_gateway__conn *c, const struct pl_frame *f, int64_t now_us) {
    int64_t wait = pl_bucket_take(&c->messages, 1, now_us);
    if (wait == 0) return true;
    char text[80];
    int n = snprintf(text, sizeof text, "too many messages; try again in %lld ms", (long long)wait);
    pl_gateway__count(c->g, PL_GATEWAY_rate_limited, 1);
    pl_gateway__refuse(c, PL_CODE_RATE_LIMITED, (struct pl_str){text, (size_t)n}, f->cid);
    return false;
}

static void said(struct pl_gateway__conn *c, const struct pl_frame *f, int64_t now_us) {
    const struct pl_gateway_door *door = &c->g->c.door;
    if (f->kind == PL_FRAME_OPEN) {
        said_open(c, f);
        return;
    }
    if (c->state != OPEN) {
        pl_gateway__refuse(c, PL_CODE_NOT_OPEN, PL_STR(""), f->cid);
        return;
    }
    switch (f->kind) {
    case PL_FRAME_SEND:
        if (within_rate(c, f, now_us)) said_send(c, f);
        break;
    case PL_FRAME_SEEN: door->seen(door->ctx, c->id, f->seq); break;
    case PL_FRAME_TYPING: door->typing(door->ctx, c->id, f->on); break;
    case PL_FRAME_RATE:
        if (within_rate(c, f, now_us)) door->rate(door->ctx, c->id, f->seq, (int)f->value);
        break;
    default: pl_assert(false); /* protocol lets no other kind through */
    }
}

static void bad_frame(struct pl_gateway__conn *c, const struct pl_frame *f, int64_t now_us) {
    pl_gateway__count(c->g, PL_GATEWAY_bad_frames, 1);
    pl_gateway__refuse(c, f->code, f->message, f->cid);
    if (pl_bucket_take(&c->bad, 1, now_us) > 0)
        pl_gateway__close(c, PL_CODE_ABUSE, 0, PL_CLOSE_ABUSE);
}

void pl_gateway__message(struct pl_gateway__conn *c, struct pl_str text) {
    struct pl_gateway *g = c->g;
    struct pl_frame frames[PL_PROTOCOL_MAX_BATCH];
    if (g->draining) return; /* nothing new is begun: it is not acknowledged, so it comes again */
    int64_t now_us = pl_loop_now_us(g->c.loop);
    size_t n = pl_protocol_parse(&g->arena, text, frames);
    pl_gateway__count(g, PL_GATEWAY_frames_in, n);
    pl_gateway__count(g, PL_GATEWAY_bytes_in, text.n);
    for (size_t i = 0; i < n && c->state != CLOSING; i++) {
        if (pl_bucket_take(&c->frames, 1, now_us) > 0) {
            pl_gateway__count(g, PL_GATEWAY_rate_limited, 1);
            pl_gateway__close(c, PL_CODE_RATE_LIMITED, 60000, PL_CLOSE_RATE_LIMITED);
        } else if (frames[i].code != PL_CODE_OK) {
            bad_frame(c, &frames[i], now_us);
        } else {
            said(c, &frames[i], now_us);
        }
    }
    pl_arena_reset(&g->arena);
}

void pl_gateway__check(struct pl_gateway__conn *c, int64_t now_us) {
    if (c->state == NEW && now_us - c->since_us > c->g->c.open_wait_ms * 1000)
        pl_gateway__close(c, PL_CODE_OPEN_LATE, 1000, PL_CLOSE_OPEN_LATE);
    else if (c->state != CLOSING)
        c->via->look(c, now_us);
    else if (now_us - c->since_us > 5000000) /* it does not read its bye */
        pl_gateway__kill(c);
}

/* ---- bytes out ---- */

/* Joins waiting frames into one message: alone as an object, several as an array. Leaves the room
 * around it that transports need. */
static uint32_t join(struct pl_gateway__conn *c, struct pl_buf *b) {
    static const char before[PL_GATEWAY__BEFORE];
    uint32_t frames = 0;
    pl_buf_clear(b);
    pl_buf_add(b, before, sizeof before);
    pl_buf_byte(b, ' ');
    while (c->first != NULL && (frames == 0 || b->n + c->first->text.n < PL_GATEWAY__BATCH)) {
        struct pl_gateway__out *out = c->first;
        if (frames > 0) pl_buf_byte(b, ',');
        pl_buf_str(b, pl_buf_slice(&out->text));
        frames += out->frames;
        c->queued -= out->text.n;
        if (out->kind == LIVE) c->live = true;
        c->first = out->next;
        if (c->first == NULL) c->last = NULL;
        pl_gateway__out_free(out);
    }
    if (frames > 1) {
        b->p[PL_GATEWAY__BEFORE] = '[';
        pl_buf_byte(b, ']');
    }
    pl_buf_reserve(b, PL_GATEWAY__AFTER);
    return frames;
}

/* One message of what waits. */
static bool write_some(struct pl_gateway__conn *c) {
    struct pl_gateway *g = c->g;
    uint32_t frames = join(c, &g->scratch);
    pl_assert(!g->scratch.failed);
    size_t skip = PL_GATEWAY__BEFORE + (frames == 1 ? 1 : 0); /* the place of '[' */
    size_t n = g->scratch.n - skip;
    if (!c->via->write(c, g->scratch.p + skip, n)) return false;
    pl_gateway__count(g, PL_GATEWAY_frames_out, frames);
    pl_gateway__count(g, PL_GATEWAY_messages_out, 1);
    pl_gateway__count(g, PL_GATEWAY_bytes_out, n);
    return true;
}

int pl_gateway__writeable(struct pl_gateway__conn *c) {
    if (c->first == NULL) {
        if (c->state != CLOSING) return 0;
        c->via->end(c);
        return -1;
    }
    if (!write_some(c)) return -1;
    if (c->first != NULL || c->state == CLOSING) c->via->wake(c);
    return 0;
}

/* What the socket does not take now, and what ends the connection, waits for it to be writable. */
static void write_now(struct pl_gateway__conn *c) {
    c->due = false;
    bool now = c->state != CLOSING && c->first != NULL && c->via->may_write(c);
    if (c->dead || (now && !write_some(c))) { /* or it is broken */
        c->via->hang_up(c);
        return;
    }
    if (c->first != NULL || c->state == CLOSING) c->via->wake(c);
}

void pl_gateway__flush(void *gateway) {
    struct pl_gateway *g = gateway;
    for (size_t i = 0; i < g->due.n; i++) {
        struct pl_gateway__conn *c = pl_gateway__find(g, g->due.v[i]);
        if (c != NULL) write_now(c);
    }
    g->due.n = 0;
}

/* ---- the life of a connection ---- */

void pl_gateway__begin(struct pl_gateway *g, struct pl_gateway__conn *c,
                       struct pl_gateway__peer *peer, const struct pl_gateway__transport *via) {
    int64_t now_us = pl_loop_now_us(g->c.loop);
    double per_minute = (double)g->c.messages_per_minute;
    *c = (struct pl_gateway__conn){
        .g = g, .peer = peer, .via = via, .since_us = now_us, .heard_us = now_us};
    pl_bucket_init(&c->messages, per_minute, per_minute / 60, now_us);
    pl_bucket_init(&c->frames, per_minute * PL_GATEWAY__FRAMES,
                   per_minute * PL_GATEWAY__FRAMES / 60, now_us);
    pl_bucket_init(&c->bad, PL_GATEWAY__BAD, PL_GATEWAY__BAD / 60.0, now_us);
    pl_gateway__add(g, c);
    pl_gateway__count(g, PL_GATEWAY_accepted, 1);
    struct pl_gateway__out *out = pl_gateway__out(g, c->id);
    pl_print_hello(&out->text, (uint64_t)g->c.heartbeat_ms, pl_str_c(g->c.epoch));
    pl_gateway__queue(c, out);
}

void pl_gateway__end(struct pl_gateway__conn *c) {
    struct pl_gateway *g = c->g;
    if (g == NULL) return; /* never begun */
    pl_gateway__count(g, PL_GATEWAY_closed, 1);
    if (c->told && !g->ending) g->c.door.leave(g->c.door.ctx, c->id);
    free_queue(c);
    pl_gateway__said_forget(c);
    memset(c->resume, 0, sizeof c->resume);
    pl_gateway__remove(g, c);
    c->g = NULL;
}
