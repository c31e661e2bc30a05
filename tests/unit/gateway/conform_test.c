/* SPDX-License-Identifier: Apache-2.0 */
/* Plays the cases of ws.cases against a real gateway. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/gateway/rig.h"

#define CASES "tests/unit/gateway/ws.cases"

/* ---- a case's words ---- */

static struct pl_str word(struct pl_str *rest) {
    *rest = pl_str_trim(*rest);
    size_t n = 0;
    while (n < rest->n && rest->p[n] != ' ') n++;
    struct pl_str w = {rest->p, n};
    *rest = (struct pl_str){rest->p + n, rest->n - n};
    return w;
}

/* The part of a word up to a character, which is skipped. */
static struct pl_str upto(struct pl_str *rest, char end) {
    size_t n = 0;
    while (n < rest->n && rest->p[n] != end) n++;
    struct pl_str part = {rest->p, n};
    size_t step = n < rest->n ? n + 1 : n;
    *rest = (struct pl_str){rest->p + step, rest->n - step};
    return part;
}

static void unescape(struct pl_buf *b, struct pl_str s) {
    for (size_t i = 0; i < s.n; i++) {
        uint8_t byte = (uint8_t)(s.p[i] == '_' ? ' ' : s.p[i]);
        if (s.p[i] == '\\') {
            assert_true(i + 2 < s.n && pl_unhex((struct pl_str){s.p + i + 1, 2}, &byte, 1));
            i += 2;
        }
        pl_buf_byte(b, byte);
    }
}

struct made { /* a frame that is being made */
    int opcode;
    uint8_t first;
    bool masked, claims;
    size_t wide;
    uint64_t times, claim;
    struct pl_buf payload;
};

static uint64_t number(struct pl_str option, const char *name) {
    int64_t n = -1;
    size_t k = strlen(name);
    if (!pl_str_starts(option, pl_str_c(name)) || option.n == k) return UINT64_MAX;
    if (!pl_str_i64((struct pl_str){option.p + k, option.n - k}, &n)) return UINT64_MAX;
    return (uint64_t)n;
}

static int opcode_of(struct pl_str kind) {
    static const struct {
        const char *name;
        int opcode;
    } kinds[] = {{"cont", 0}, {"text", 1}, {"bin", 2}, {"close", 8}, {"ping", 9}, {"pong", 10}};
    for (size_t i = 0; i < PL_LEN(kinds); i++)
        if (pl_str_is(kind, kinds[i].name)) return kinds[i].opcode;
    uint64_t n = number(kind, "op");
    if (n > 15) fail_msg("no such kind: %.*s", PL_STR_ARG(kind));
    return (int)n;
}

static void option(struct made *m, struct pl_str o) {
    uint64_t n;
    if (pl_str_is(o, "more")) {
        m->first &= 0x7f;
    } else if (pl_str_is(o, "bare")) {
        m->masked = false;
    } else if ((n = number(o, "rsv")) <= 3) {
        m->first |= (uint8_t)(0x80 >> n);
    } else if ((n = number(o, "wide")) <= 8) {
        m->wide = n;
    } else if ((n = number(o, "claim")) != UINT64_MAX) {
        m->claims = true;
        m->claim = n;
    } else if ((n = number(o, "times")) != UINT64_MAX) {
        m->times = n;
    } else if ((n = number(o, "x")) != UINT64_MAX) {
        for (uint64_t i = 0; i < n; i++) pl_buf_byte(&m->payload, 'x');
    } else {
        fail_msg("no such option: %.*s", PL_STR_ARG(o));
    }
}

/* KIND[/OPTION…][:PAYLOAD] */
static struct made read_word(struct pl_str w) {
    struct made m = {.first = 0x80, .masked = true, .times = 1};
    struct pl_str head = upto(&w, ':');
    m.opcode = opcode_of(upto(&head, '/'));
    while (head.n > 0) option(&m, upto(&head, '/'));
    unescape(&m.payload, w);
    return m;
}

static void put_frame(struct pl_buf *b, const struct made *m) {
    static const uint8_t mask[4] = {0x37, 0xfa, 0x21, 0x3d};
    uint64_t n = m->claims ? m->claim : m->payload.n;
    size_t wide = m->wide ? m->wide : n < 126 ? 0 : n < 65536 ? 2 : 8;
    uint8_t bit = m->masked ? 0x80 : 0;
    pl_buf_byte(b, (uint8_t)(m->first | m->opcode));
    pl_buf_byte(b, (uint8_t)(bit | (wide == 8 ? 127 : wide == 2 ? 126 : n)));
    for (size_t i = wide; i > 0; i--) pl_buf_byte(b, (uint8_t)(n >> 8 * (i - 1)));
    if (m->masked) pl_buf_add(b, mask, sizeof mask);
    for (size_t i = 0; i < m->payload.n; i++)
        pl_buf_byte(b, (uint8_t)((uint8_t)m->payload.p[i] ^ (m->masked ? mask[i % 4] : 0)));
}

static void put_word(struct pl_buf *b, struct pl_str w) {
    if (pl_str_starts(w, PL_STR("raw:"))) {
        unescape(b, (struct pl_str){w.p + 4, w.n - 4});
        return;
    }
    struct made m = read_word(w);
    for (uint64_t i = 0; i < m.times; i++) put_frame(b, &m);
    pl_buf_free(&m.payload);
}

/* ---- playing it ---- */

enum way { AT_ONCE, BYTEWISE, HALVES, BEHIND, WAYS };

static void send_all(struct client *c, const struct pl_buf *b, enum way way) {
    size_t step = way == BYTEWISE ? (b->n > 8192 ? 977 : 1) : way == HALVES ? b->n / 2 + 1 : b->n;
    for (size_t at = 0; at < b->n; at += step) /* who is closed on hears no more */
        if (!client_raw(c, b->p + at, b->n - at < step ? b->n - at : step)) return;
}

/* What came, or should come: messages and pongs each in their order, a close code or 0. */
struct heard {
    struct pl_buf texts, pongs;
    int closed;
};

static void heard_free(struct heard *h) {
    pl_buf_free(&h->texts);
    pl_buf_free(&h->pongs);
}

/* "error:bad_frame bye:too_big", as the frames of a message are. */
static void note_text(struct heard *h, struct pl_str text) {
    static const char *const kinds[] = {"error", "bye"};
    char begin[32];
    for (size_t i = 0; i < text.n; i++)
        for (size_t k = 0; k < PL_LEN(kinds); k++) {
            struct pl_str rest = {text.p + i, text.n - i};
            snprintf(begin, sizeof begin, "{\"t\":\"%s\",\"code\":\"", kinds[k]);
            if (!pl_str_starts(rest, pl_str_c(begin))) continue;
            rest = (struct pl_str){rest.p + strlen(begin), rest.n - strlen(begin)};
            struct pl_str code = upto(&rest, '"');
            pl_buf_printf(&h->texts, "%s:%.*s ", kinds[k], PL_STR_ARG(code));
        }
}

static void note_pong(struct heard *h, struct pl_str payload) {
    pl_buf_c(&h->pongs, "<");
    pl_buf_str(&h->pongs, payload);
    pl_buf_c(&h->pongs, ">");
}

/* Until it is closed, or the last ping is answered and as much text came as should: pongs overtake
 * the answers to messages. */
static void hear(struct client *c, struct heard *h, const struct heard *should,
                 struct pl_str last) {
    struct pl_str payload;
    int opcode;
    for (bool over = false; !over || h->texts.n < should->texts.n;) {
        enum client_got got = client_hear(c, &opcode, &payload);
        if (got == CLIENT_TIMEOUT) return; /* what is missing will be seen */
        if (got == CLIENT_CLOSED || opcode == 8) {
            h->closed = c->close_code;
            return;
        }
        if (opcode == 1) note_text(h, payload);
        bool ours = opcode == 10 && pl_str_eq(payload, last);
        over = over || ours;
        if (opcode == 10 && !ours) note_pong(h, payload);
    }
    c->wait_ms = 0; /* nothing else came with it */
    while (client_hear(c, &opcode, &payload) == CLIENT_TEXT)
        if (opcode == 1) note_text(h, payload);
}

static void should_come(struct heard *h, struct pl_str comes, enum way way) {
    if (way == BEHIND) note_pong(h, PL_STR("first"));
    while (pl_str_trim(comes).n > 0) {
        struct pl_str w = word(&comes), value = w, kind = upto(&value, ':');
        if (pl_str_is(kind, "close")) {
            h->closed = atoi(value.p);
        } else if (pl_str_starts(kind, PL_STR("pong"))) {
            struct made m = read_word(w);
            note_pong(h, pl_buf_slice(&m.payload));
            pl_buf_free(&m.payload);
        } else if (!pl_str_is(kind, "open")) {
            pl_buf_printf(&h->texts, "%.*s ", PL_STR_ARG(w));
        }
    }
}

static void play(struct server *s, const char *name, struct pl_str sent, struct pl_str comes,
                 enum way way, unsigned *wrong) {
    static const char *const ways[] = {"at once", "byte by byte", "in halves", "behind a ping"};
    struct client c;
    struct pl_buf b = {0};
    struct heard is = {.closed = 0}, should = {.closed = 0};
    assert_true(client_connect(&c, pl_gateway_port(s->g)));
    if (way == BEHIND) put_word(&b, PL_STR("ping:first"));
    while (pl_str_trim(sent).n > 0) put_word(&b, word(&sent));
    send_all(&c, &b, way);
    should_come(&should, comes, way);
    if (should.closed == 0) client_frame(&c, 9, true, "still there?", 12);
    hear(&c, &is, &should, PL_STR("still there?"));
    bool same = is.closed == should.closed &&
                pl_str_eq(pl_buf_slice(&is.texts), pl_buf_slice(&should.texts)) &&
                pl_str_eq(pl_buf_slice(&is.pongs), pl_buf_slice(&should.pongs));
    if (!same)
        print_error("%s, %s: messages '%.*s', pongs '%.*s', closed with %d\n", name, ways[way],
                    (int)is.texts.n, is.texts.n ? is.texts.p : "", (int)is.pongs.n,
                    is.pongs.n ? is.pongs.p : "", is.closed);
    *wrong += !same;
    client_close(&c);
    heard_free(&is);
    heard_free(&should);
    pl_buf_free(&b);
}

static void play_line(struct server *s, struct pl_str line, unsigned *wrong) {
    char name[64];
    size_t colon = pl_str_find(line, PL_STR(": ")), arrow = pl_str_find(line, PL_STR(" => "));
    if (colon == SIZE_MAX || arrow == SIZE_MAX) fail_msg("no case: %.*s", PL_STR_ARG(line));
    struct pl_str title = pl_str_trim((struct pl_str){line.p, colon});
    snprintf(name, sizeof name, "%.*s", PL_STR_ARG(title));
    struct pl_str sent = {line.p + colon + 2, arrow - colon - 2};
    struct pl_str comes = {line.p + arrow + 4, line.n - arrow - 4};
    for (int way = 0; way < WAYS; way++) play(s, name, sent, comes, (enum way)way, wrong);
}

static void cases(void **state) {
    struct server s;
    struct pl_arena a;
    struct pl_str all;
    size_t n = 0;
    unsigned wrong = 0;
    (void)state;
    pl_arena_init(&a, 0);
    assert_int_equal(pl_file_read(&a, CASES, 1 << 20, &all), PL_OK);
    prepare(&s);
    s.config.handshakes_per_minute = 100000;
    start(&s);
    while (all.n > 0) {
        struct pl_str line = pl_str_trim(upto(&all, '\n'));
        if (line.n == 0 || line.p[0] == '#') continue;
        play_line(&s, line, &wrong);
        n++;
    }
    print_message("%zu cases, each in %d ways\n", n, WAYS);
    assert_true(n > 100);
    assert_int_equal(wrong, 0);
    stop(&s);
    pl_arena_free(&a);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(cases)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
