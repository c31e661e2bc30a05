/* SPDX-License-Identifier: Apache-2.0
 *
 * The format corpus: every stream of tests/provider/streams gives the events in its .events file,
 * whole and cut in 1,000 random ways. The first part of a name is the format. With UPDATE_EVENTS in
 * the environment the .events files are written anew, to be read before they are kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "runtime/llm/llm_priv.h"

#define STREAMS "tests/provider/streams"
enum { CUTS = 1000 };

/* ---- events as lines ---- */

static void show(void *ctx, const struct pl_llm_event *e) {
    struct pl_buf *b = ctx;
    pl_buf_c(b, pl_llm_event_word(e->kind));
    switch (e->kind) {
    case PL_LLM_TEXT:
    case PL_LLM_REFUSAL:
        pl_buf_byte(b, ' ');
        pl_json_quote(b, e->text);
        break;
    case PL_LLM_TOOL:
        pl_buf_printf(b, " %.*s %.*s %.*s", PL_STR_ARG(e->call.id), PL_STR_ARG(e->call.name),
                      PL_STR_ARG(e->call.arguments));
        break;
    case PL_LLM_VECTOR:
        pl_buf_printf(b, " %zu:", e->vector.index);
        for (size_t i = 0; i < e->vector.n; i++) pl_buf_printf(b, " %g", (double)e->vector.v[i]);
        break;
    case PL_LLM_USAGE:
        pl_buf_printf(b, " input=%lld cached=%lld output=%lld", (long long)e->usage.input,
                      (long long)e->usage.cached, (long long)e->usage.output);
        break;
    case PL_LLM_FINISH: pl_buf_printf(b, " %s", pl_llm_finish_word(e->done.finish)); break;
    case PL_LLM_FAILED:
        pl_buf_printf(b, " %s: %.*s", pl_llm_failure_word(e->done.failure),
                      PL_STR_ARG(e->done.why));
        break;
    default: break;
    }
    pl_buf_byte(b, '\n');
}

static enum pl_llm__format format_of(struct pl_str path) {
    if (pl_str_starts(path, PL_STR("chat_"))) return PL_LLM__CHAT;
    if (pl_str_starts(path, PL_STR("responses_"))) return PL_LLM__RESPONSES;
    if (pl_str_starts(path, PL_STR("messages_"))) return PL_LLM__MESSAGES;
    assert_true(pl_str_starts(path, PL_STR("embed_")));
    return PL_LLM__EMBED;
}

/* Pieces of 1 to `most` bytes; 0: all at once. */
static void run(enum pl_llm__format format, struct pl_str text, size_t most, struct pl_rand *rand,
                struct pl_buf *out) {
    struct pl_llm__stream s;
    pl_llm__stream_open(&s, format, 2, show, out);
    while (text.n) {
        size_t n = most ? 1 + pl_rand_below(rand, most) : text.n;
        if (n > text.n) n = text.n;
        char *piece = malloc(n); /* of its own, so that a read beyond it is seen */
        memcpy(piece, text.p, n);
        pl_llm__stream_feed(&s, (struct pl_str){piece, n});
        free(piece);
        text = (struct pl_str){text.p + n, text.n - n};
    }
    pl_llm__stream_end(&s);
    pl_llm__stream_close(&s);
}

static void check_file(struct pl_arena *a, struct pl_str name) {
    char path[512];
    struct pl_str text, expected = {"", 0};
    struct pl_buf whole = {0}, cut = {0};
    struct pl_rand rand;
    pl_rand_seed(&rand, pl_str_hash(name));
    snprintf(path, sizeof path, STREAMS "/%.*s", PL_STR_ARG(name));
    assert_int_equal(pl_file_read(a, path, 1 << 20, &text), PL_OK);
    run(format_of(name), text, 0, &rand, &whole);
    snprintf(path, sizeof path, STREAMS "/%.*s.events", (int)name.n - 4, name.p);
    if (getenv("UPDATE_EVENTS"))
        assert_int_equal(pl_file_replace(path, pl_buf_slice(&whole)), PL_OK);
    assert_int_equal(pl_file_read(a, path, 1 << 20, &expected), PL_OK);
    if (!pl_str_eq(expected, pl_buf_slice(&whole)))
        fail_msg("%s\nexpected:\n%.*sgot:\n%.*s", path, PL_STR_ARG(expected), (int)whole.n,
                 whole.p);
    for (int i = 0; i < CUTS; i++) {
        pl_buf_clear(&cut);
        run(format_of(name), text, (size_t)1 << (i % 8), &rand, &cut);
        if (!pl_str_eq(pl_buf_slice(&cut), expected))
            fail_msg("%s, cut %d: got\n%.*s", path, i, (int)cut.n, cut.p);
    }
    pl_buf_free(&whole);
    pl_buf_free(&cut);
}

static void every_stream_gives_its_events_however_it_is_cut(void **state) {
    struct pl_arena a;
    struct pl_str *paths;
    size_t n = 0;
    (void)state;
    pl_arena_init(&a, 0);
    assert_int_equal(pl_files_under(&a, STREAMS, ".txt", 1000, &paths, &n), PL_OK);
    assert_true(n >= 50);
    for (size_t i = 0; i < n; i++) check_file(&a, paths[i]);
    pl_arena_free(&a);
}

/* Cut at every byte: nothing but a failure may come of it, and never an end that was not there. */
static void no_beginning_of_a_stream_is_taken_for_a_whole_one(void **state) {
    static const char *const names[] = {"chat_text",      "chat_tools",    "responses_text",
                                        "responses_tool", "messages_text", "messages_tool"};
    struct pl_arena a;
    (void)state;
    pl_arena_init(&a, 0);
    for (size_t i = 0; i < PL_LEN(names); i++) {
        char path[128];
        struct pl_str text;
        snprintf(path, sizeof path, STREAMS "/%s.txt", names[i]);
        assert_int_equal(pl_file_read(&a, path, 1 << 20, &text), PL_OK);
        for (size_t n = 0; n + 3 < text.n; n++) { /* without the brace or bracket of the end */
            struct pl_buf out = {0};
            run(format_of(pl_str_c(names[i])), (struct pl_str){text.p, n}, 0, NULL, &out);
            pl_buf_byte(&out, 0);
            assert_null(strstr(out.p, "finish"));
            assert_null(strstr(out.p, "tool "));
            assert_non_null(strstr(out.p, "failed cut"));
            pl_buf_free(&out);
        }
    }
    pl_arena_free(&a);
}

static void limits_hold_at_n_and_n_plus_one(void **state) {
    struct pl_buf line = {0};
    (void)state;
    for (int over = 0; over < 2; over++) {
        struct pl_buf out = {0};
        struct pl_llm__stream s;
        pl_llm__stream_open(&s, PL_LLM__CHAT, 0, show, &out);
        s.sse.limits = (struct pl_llm__limits){.line = 64, .event = 1000, .total = 1000};
        pl_buf_clear(&line);
        pl_buf_c(&line, ": ");
        for (int i = 0; i < 62 + over; i++) pl_buf_byte(&line, 'x');
        pl_llm__stream_feed(&s, pl_buf_slice(&line));
        assert_int_equal(s.ended, over);
        pl_llm__stream_close(&s);
        pl_buf_free(&out);
    }
    for (int over = 0; over < 2; over++) {
        struct pl_buf out = {0};
        struct pl_llm__stream s;
        pl_llm__stream_open(&s, PL_LLM__CHAT, 0, show, &out);
        s.sse.limits =
            (struct pl_llm__limits){.line = 64, .event = 100, .total = (size_t)13 + !over};
        pl_llm__stream_feed(&s, PL_STR(": 345678\n: 4\n\n"));
        assert_int_equal(s.ended, over);
        pl_llm__stream_close(&s);
        pl_buf_free(&out);
    }
    for (int over = 0; over < 2; over++) {
        struct pl_buf out = {0};
        struct pl_llm__stream s;
        pl_llm__stream_open(&s, PL_LLM__CHAT, 0, show, &out);
        s.sse.limits =
            (struct pl_llm__limits){.line = 64, .event = (size_t)9 - (size_t)over, .total = 1000};
        pl_llm__stream_feed(&s, PL_STR("data: 1234\ndata: 678\n")); /* 4, a line feed each, 3 */
        pl_llm__stream_feed(&s, PL_STR("data: \n"));
        assert_int_equal(s.ended, over);
        pl_llm__stream_close(&s);
        pl_buf_free(&out);
    }
    pl_buf_free(&line);
}

static void an_endless_stream_ends(void **state) {
    struct pl_buf out = {0};
    struct pl_llm__stream s;
    (void)state;
    pl_llm__stream_open(&s, PL_LLM__MESSAGES, 0, show, &out);
    size_t fed = 0;
    for (; !s.ended && fed < 100 << 20; fed += 16)
        pl_llm__stream_feed(&s, PL_STR(": keep me alive\n"));
    assert_true(s.ended && fed <= (8 << 20) + 16);
    pl_llm__stream_close(&s);
    pl_buf_byte(&out, 0);
    assert_string_equal(out.p, "failed too_large: stream\n");
    pl_buf_free(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_stream_gives_its_events_however_it_is_cut),
        cmocka_unit_test(no_beginning_of_a_stream_is_taken_for_a_whole_one),
        cmocka_unit_test(limits_hold_at_n_and_n_plus_one),
        cmocka_unit_test(an_endless_stream_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
