/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/kill/talk.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "tests/kill/site.h"

static void wrong(struct talk *t, const char *format, ...) PL_PRINTF(2, 3);

static void wrong(struct talk *t, const char *format, ...) {
    va_list args;
    if (t->wrong[0]) return;
    va_start(args, format);
    vsnprintf(t->wrong, sizeof t->wrong, format, args);
    va_end(args);
}

void talk_begin(struct talk *t, uint64_t instance, const char *locale) {
    *t = (struct talk){.c = {.fd = -1}};
    snprintf(t->instance, sizeof t->instance, "%016llx", (unsigned long long)instance);
    snprintf(t->locale, sizeof t->locale, "%s", locale);
}

void talk_leave(struct talk *t) {
    client_close(&t->c);
    t->on = t->ready = t->live = false;
}

void talk_end(struct talk *t) {
    talk_leave(t);
    for (size_t i = 0; i < t->events.n; i++) free(t->events.v[i]);
    PL_VEC_FREE(&t->events);
    PL_VEC_FREE(&t->said);
}

/* ---- what comes ---- */

static uint64_t number(struct pl_str frame, const char *name) {
    char key[32];
    snprintf(key, sizeof key, "\"%s\":", name);
    size_t at = pl_str_find(frame, pl_str_c(key));
    return at == SIZE_MAX ? 0 : strtoull(frame.p + at + strlen(key), NULL, 10);
}

static void take_event(struct talk *t, struct pl_str frame) {
    uint64_t seq = number(frame, "seq");
    if (seq == 0 || seq > t->events.n + 1) {
        wrong(t, "a gap: event %llu after %zu", (unsigned long long)seq, t->events.n);
    } else if (seq <= t->events.n) {
        t->again++;
        if (!pl_str_is(frame, t->events.v[seq - 1]))
            wrong(t, "event %llu was another one before", (unsigned long long)seq);
    } else {
        char *copy = strndup(frame.p, frame.n);
        pl_assert(copy);
        PL_PUSH(&t->events, copy);
    }
}

static void take_ack(struct talk *t, struct pl_str frame) {
    char cid[64] = "";
    uint64_t seq = number(frame, "seq");
    client_member(frame, "cid", cid, sizeof cid);
    size_t n = strlen(cid) > 17 ? strtoull(cid + 17, NULL, 10) : 0;
    if (strncmp(cid, t->instance, 16) != 0 || n == 0 || n > t->said.n) {
        wrong(t, "an acknowledgement of something never said: %s", cid);
        return;
    }
    if (pl_str_find(frame, PL_STR("\"dup\":true")) != SIZE_MAX) t->dups++;
    if (t->said.v[n - 1].seq && t->said.v[n - 1].seq != seq)
        wrong(t, "message %zu was acknowledged as %llu and as %llu", n,
              (unsigned long long)t->said.v[n - 1].seq, (unsigned long long)seq);
    t->said.v[n - 1].seq = seq;
}

static void say_again(struct talk *t);

static void take_recovered(struct talk *t, bool recovered) {
    if (!recovered && !t->anew) wrong(t, "not recovered");
    if (recovered) return;
    for (size_t i = 0; i < t->events.n; i++) free(t->events.v[i]);
    t->events.n = 0;
}

static void take_frame(struct talk *t, struct pl_str frame) {
    char kind[16] = "";
    client_member(frame, "t", kind, sizeof kind);
    if (strcmp(kind, "event") == 0) {
        take_event(t, frame);
    } else if (strcmp(kind, "ack") == 0) {
        take_ack(t, frame);
    } else if (strcmp(kind, "ready") == 0) {
        t->ready = true;
        client_member(frame, "resume", t->resume, sizeof t->resume);
        client_member(frame, "epoch", t->epoch, sizeof t->epoch);
        client_member(frame, "with", t->with, sizeof t->with);
        take_recovered(t, pl_str_find(frame, PL_STR("\"recovered\":true")) != SIZE_MAX);
        if (number(frame, "seq") < t->events.n)
            wrong(t, "%zu events were shown, the server knows %llu", t->events.n,
                  (unsigned long long)number(frame, "seq"));
    } else if (strcmp(kind, "live") == 0) {
        t->live = true;
        say_again(t);
    } else if (strcmp(kind, "bye") == 0) {
        client_member(frame, "code", t->bye, sizeof t->bye);
        t->bye_after_ms = (int64_t)number(frame, "after_ms");
    } else if (strcmp(kind, "error") == 0) {
        t->errors++;
        client_member(frame, "code", t->error, sizeof t->error);
    }
}

/* The end of the object that begins at `from`. */
static size_t object_end(struct pl_str s, size_t from) {
    bool text = false;
    int depth = 0;
    for (size_t i = from; i < s.n; i++) {
        if (text && s.p[i] == '\\') {
            i++;
        } else if (s.p[i] == '"') {
            text = !text;
        } else if (!text && s.p[i] == '{') {
            depth++;
        } else if (!text && s.p[i] == '}' && --depth == 0) {
            return i + 1;
        }
    }
    return s.n;
}

static void take_message(struct talk *t, struct pl_str s) {
    struct pl_buf copy = {0}; /* frames that are sent meanwhile do not disturb it */
    pl_buf_str(&copy, s);
    for (size_t at = 0; at < copy.n;) {
        if (copy.p[at] != '{') {
            at++;
            continue;
        }
        size_t end = object_end(pl_buf_slice(&copy), at);
        take_frame(t, (struct pl_str){copy.p + at, end - at});
        at = end;
    }
    pl_buf_free(&copy);
}

bool talk_hear(struct talk *t, int64_t ms) {
    struct pl_str s;
    int64_t until = now_ms() + ms;
    do {
        if (!t->on) return false;
        int64_t left = until - now_ms();
        t->c.wait_ms = left > 0 ? left : 0;
        enum client_got got = client_receive(&t->c, &s);
        if (got == CLIENT_TIMEOUT) return true;
        if (got == CLIENT_CLOSED) {
            talk_leave(t);
            return false;
        }
        take_message(t, s);
    } while (ms == 0 || now_ms() < until);
    return true;
}

/* ---- what goes ---- */

static void put(struct talk *t, size_t i) {
    const struct talk_said *m = &t->said.v[i];
    struct pl_buf b = {0};
    pl_buf_printf(&b, "{\"t\":\"send\",\"cid\":\"%s-%zu\",\"%s\":", t->instance, i + 1,
                  m->choice ? "choice" : "text");
    pl_buf_printf(&b, "\"%s\"}", m->text);
    t->c.wait_ms = 2000;
    client_send_bytes(&t->c, b.p, b.n);
    pl_buf_free(&b);
}

static void say_again(struct talk *t) {
    for (size_t i = 0; i < t->said.n; i++)
        if (t->said.v[i].seq == 0) put(t, i);
}

static void say(struct talk *t, const char *text, bool choice) {
    struct talk_said m = {.choice = choice};
    snprintf(m.text, sizeof m.text, "%s", text);
    PL_PUSH(&t->said, m);
    if (t->on && t->live) put(t, t->said.n - 1);
}

void talk_say(struct talk *t, const char *text) {
    say(t, text, false);
}

void talk_choose(struct talk *t, const char *choice) {
    say(t, choice, true);
}

bool talk_connect(struct talk *t, int port) {
    struct pl_buf b = {0};
    talk_leave(t);
    if (!client_connect(&t->c, port)) {
        talk_leave(t);
        return false;
    }
    t->on = true;
    const char *quote = t->identity[0] ? "\"" : "";
    pl_buf_printf(&b, "{\"t\":\"open\",\"token\":%s%s%s,\"locale\":\"%s\"", quote,
                  t->identity[0] ? t->identity : "null", quote, t->locale);
    if (t->resume[0]) {
        t->resumes++;
        pl_buf_printf(&b, ",\"resume\":\"%s\",\"epoch\":\"%s\",\"seq\":%zu}", t->resume, t->epoch,
                      t->events.n);
    } else {
        pl_buf_c(&b, ",\"resume\":null,\"epoch\":null,\"seq\":0}");
    }
    bool sent = client_send_bytes(&t->c, b.p, b.n);
    pl_buf_free(&b);
    return sent;
}

/* ---- looking at it ---- */

void talk_kind(const char *event, char *out, size_t size) {
    struct pl_str e = pl_str_c(event);
    char kind[24] = "", from[24] = "", id[64] = "";
    client_member(e, "kind", kind, sizeof kind);
    client_member(e, "from", from, sizeof from);
    if (strcmp(kind, "message") != 0)
        snprintf(out, size, "%s", kind);
    else if (strcmp(from, "customer") == 0)
        snprintf(out, size, "customer");
    else if (client_member(e, "id", id, sizeof id))
        snprintf(out, size, "%s:%s", from, id);
    else
        snprintf(out, size, "%s:", from);
}

const char *talk_event(struct talk *t, uint64_t seq, int64_t ms) {
    int64_t until = now_ms() + ms;
    while (t->events.n < seq && now_ms() < until)
        if (!talk_hear(t, 10)) break;
    return t->events.n >= seq ? t->events.v[seq - 1] : NULL;
}

const char *talk_bot(struct talk *t, uint64_t *seq, int64_t ms) {
    int64_t until = now_ms() + ms;
    for (;;) {
        char kind[96];
        int64_t left = until - now_ms();
        const char *event = talk_event(t, *seq + 1, left > 0 ? left : 0);
        if (!event) return NULL;
        ++*seq;
        talk_kind(event, kind, sizeof kind);
        if (strcmp(kind, "customer") != 0) return event;
    }
}

uint64_t talk_ask(struct talk *t, const char *text, int64_t ms) {
    int64_t until = now_ms() + ms;
    talk_say(t, text);
    size_t i = t->said.n - 1;
    while (t->said.v[i].seq == 0 && now_ms() < until)
        if (!talk_hear(t, 5)) break;
    if (t->said.v[i].seq == 0) wrong(t, "not acknowledged: %s", text);
    return t->said.v[i].seq;
}

bool talk_until(struct talk *t, uint64_t *seq, const char *id, int64_t ms) {
    int64_t until = now_ms() + ms;
    const char *event;
    char kind[96];
    while ((event = talk_bot(t, seq, until - now_ms())) != NULL) {
        talk_kind(event, kind, sizeof kind);
        if (strncmp(kind, "bot:", 4) == 0 && strcmp(kind + 4, id) == 0) return true;
        if (strcmp(kind, id) == 0) return true;
    }
    fprintf(stderr, "%s did not come; what did:\n", id);
    for (size_t i = 0; i < t->events.n; i++) fprintf(stderr, "  %s\n", t->events.v[i]);
    return false;
}

size_t talk_count(const struct talk *t, const char *kind) {
    char is[96];
    size_t n = 0;
    for (size_t i = 0; i < t->events.n; i++) {
        talk_kind(t->events.v[i], is, sizeof is);
        n += strcmp(is, kind) == 0;
    }
    return n;
}

void talk_check(struct talk *t) {
    size_t acked = 0;
    for (size_t i = 0; i < t->said.n; i++) {
        struct talk_said *m = &t->said.v[i];
        char cid[64];
        if (m->seq == 0) continue;
        acked++;
        snprintf(cid, sizeof cid, "\"cid\":\"%s-%zu\"", t->instance, i + 1);
        if (m->seq > t->events.n)
            wrong(t, "lost: message %zu, acknowledged as %llu of %zu", i + 1,
                  (unsigned long long)m->seq, t->events.n);
        else if (!strstr(t->events.v[m->seq - 1], cid))
            wrong(t, "event %llu is not message %zu", (unsigned long long)m->seq, i + 1);
        else if (!m->choice && !strstr(t->events.v[m->seq - 1], m->text))
            wrong(t, "message %zu has other words: %s", i + 1, t->events.v[m->seq - 1]);
    }
    if (talk_count(t, "customer") != acked)
        wrong(t, "%zu messages were acknowledged, %zu are in the conversation", acked,
              talk_count(t, "customer"));
}

void talk_reread(struct talk *t, int port) {
    struct talk again;
    talk_begin(&again, 1, t->locale);
    snprintf(again.resume, sizeof again.resume, "%s", t->resume);
    snprintf(again.epoch, sizeof again.epoch, "%s", t->epoch);
    if (!talk_connect(&again, port)) wrong(t, "no connection to read it again");
    int64_t until = now_ms() + 5000;
    while (!again.live && now_ms() < until && talk_hear(&again, 20)) continue;
    if (again.wrong[0]) wrong(t, "read again: %s", again.wrong);
    if (again.events.n != t->events.n)
        wrong(t, "%zu events were shown, %zu are kept", t->events.n, again.events.n);
    for (size_t i = 0; i < t->events.n && i < again.events.n; i++)
        if (strcmp(t->events.v[i], again.events.v[i]) != 0)
            wrong(t, "event %zu is kept as another one", i + 1);
    talk_end(&again);
}
