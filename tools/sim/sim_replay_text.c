/* SPDX-License-Identifier: Apache-2.0
 *
 * What a replay found, for a terminal (one screen: groups, each with a few examples) and as JSON.
 */
#include <string.h>

#include "tools/sim/sim_replay_priv.h"

#define GROUPS_SHOWN 8
#define WIDTH        100
#define WORDS_MOST   60 /* characters of what a customer said, on one line */

/* ---- words ---- */

struct pl_str pl_sim__event_text(struct pl_arena *a, struct pl_str json) {
    struct pl_engine_event raw = {.json = json};
    struct sim_event event;
    struct pl_buf b = {0};
    if (json.n == 0) return PL_STR("");
    pl_sim__event_read(a, &raw, &event);
    pl_sim__event_lines(a, &event, &b);
    struct pl_str text = pl_str_trim(pl_arena_str(a, pl_buf_slice(&b)));
    pl_buf_free(&b);
    return text;
}

static struct pl_str shortened(struct pl_arena *a, struct pl_str s, size_t most) {
    struct pl_str clean = pl_sim__clean(a, s);
    size_t at = 0, n = 0;
    while (at < clean.n && n < most) {
        pl_utf8_next(clean, &at);
        n++;
    }
    if (at == clean.n) return clean;
    return pl_arena_printf(a, "%.*s…", (int)at, clean.p);
}

/* ---- text ---- */

static const char *const fates[] = {
    [FATE_PLAYED] = "",
    [FATE_DIVERGED] = "came out differently on their own image",
    [FATE_ERASED] = "erased",
    [FATE_NO_IMAGE] = "their image is not in the data folder",
    [FATE_UNREADABLE] = "could not be read",
};

static const char *colour_of(const struct sums *s, uint8_t verdict) {
    static const char *const colours[] = {[PL_ENGINE_SAME] = "32",
                                          [PL_ENGINE_WORDING] = "36",
                                          [PL_ENGINE_PATH] = "33",
                                          [PL_ENGINE_STUCK] = "31",
                                          [PL_ENGINE_MISSING] = "35"};
    return s->replay->colour ? colours[verdict] : NULL;
}

static void paint(struct pl_buf *b, const char *colour, const char *text) {
    if (colour)
        pl_buf_printf(b, "\033[%sm%s\033[0m", colour, text);
    else
        pl_buf_c(b, text);
}

static void head(const struct sums *s, struct pl_buf *b) {
    char from[26] = "", to[26] = "", hex[65];
    pl_datetime_print(s->from_ms, from);
    pl_datetime_print(s->to_ms, to);
    pl_buf_printf(b, "%llu conversations, %llu messages of customers, %llu steps",
                  (unsigned long long)s->conversations, (unsigned long long)s->turns,
                  (unsigned long long)s->steps);
    if (s->conversations) pl_buf_printf(b, ", from %.10s to %.10s", from, to);
    if (s->replay->against) {
        pl_hex(pl_image_hash(s->replay->against), 32, hex);
        pl_buf_printf(b, "\nreplayed on %.12s", hex);
    } else {
        pl_buf_c(b, "\nreplayed, each on its own image,");
    }
    pl_buf_printf(b, " in %.2f s\n\n", (double)s->took_us / 1e6);
}

static void verdicts(const struct sums *s, struct pl_buf *b) {
    uint64_t all = pl_sim__compared(s);
    for (int v = 0; v < PL_ENGINE_VERDICTS; v++) {
        char word[16];
        static const char *const meanings[] = {
#define VERDICT(name, word, meaning) meaning,
#include "runtime/engine/verdict.def"
#undef VERDICT
        };
        if (!s->replay->against && v != PL_ENGINE_SAME) continue;
        snprintf(word, sizeof word, "%-8s", pl_engine_verdict_word((enum pl_engine_verdict)v));
        pl_buf_c(b, "  ");
        paint(b, colour_of(s, (uint8_t)v), word);
        pl_buf_printf(b, " %8llu  %6.2f%%  %s\n", (unsigned long long)s->verdicts[v],
                      all ? 100.0 * (double)s->verdicts[v] / (double)all : 0.0,
                      s->replay->against ? meanings[v] : "byte for byte");
    }
    for (int f = FATE_DIVERGED; f < FATES; f++)
        if (s->fates[f])
            pl_buf_printf(b, "  %-8s %8llu           %s\n", "–", (unsigned long long)s->fates[f],
                          fates[f]);
}

static void example(const struct sums *s, const struct group *g, const struct example *e,
                    struct pl_arena *a, struct pl_buf *b) {
    unsigned width = s->replay->width ? s->replay->width : WIDTH;
    struct pl_str said = shortened(a, e->said, WORDS_MOST);
    pl_buf_printf(b, "      %.12s", e->id);
    if (e->turn) pl_buf_printf(b, " message %llu", (unsigned long long)e->turn);
    if (said.n) pl_buf_printf(b, ": \"%.*s\"", PL_STR_ARG(said));
    pl_buf_byte(b, '\n');
    if (g->verdict != PL_ENGINE_WORDING) return;
    struct pl_str x = shortened(a, pl_sim__event_text(a, e->showed), width - 14);
    struct pl_str y = shortened(a, pl_sim__event_text(a, e->shows), width - 14);
    pl_buf_printf(b, "        was: %.*s\n        now: %.*s\n", PL_STR_ARG(x), PL_STR_ARG(y));
}

static void group(const struct sums *s, const struct group *g, struct pl_arena *a,
                  struct pl_buf *b) {
    char word[16];
    snprintf(word, sizeof word, "%-8s", pl_engine_verdict_word((enum pl_engine_verdict)g->verdict));
    pl_buf_byte(b, '\n');
    paint(b, colour_of(s, g->verdict), word);
    pl_buf_printf(b, " %5llu  ", (unsigned long long)g->n);
    if (g->verdict == PL_ENGINE_WORDING)
        pl_buf_printf(b, "%.*s\n", PL_STR_ARG(g->was));
    else
        pl_buf_printf(b, "%.*s: %.*s → %.*s\n", PL_STR_ARG(g->at), PL_STR_ARG(g->was),
                      PL_STR_ARG(g->now));
    /* of wordings one is enough: they are the same line */
    size_t most = g->verdict == PL_ENGINE_WORDING ? 1 : EXAMPLES;
    for (size_t i = 0; i < most && i < g->n; i++) example(s, g, &g->examples[i], a, b);
}

static void diverged(const struct told *t, struct pl_arena *a, struct pl_buf *b) {
    char id[33];
    pl_hex(t->id, sizeof t->id, id);
    if (t->fate == FATE_UNREADABLE) {
        pl_buf_printf(b, "\n%s %.*s\n", id, PL_STR_ARG(t->made));
        return;
    }
    struct pl_str x = shortened(a, t->recorded, WIDTH), y = shortened(a, t->made, WIDTH);
    pl_buf_printf(b, "\n%s diverges at entry %llu\n  recorded: %.*s\n  made:     %.*s\n", id,
                  (unsigned long long)t->n, PL_STR_ARG(x), PL_STR_ARG(y));
}

void pl_sim__replay_text(const struct sums *s, struct pl_buf *out) {
    struct pl_arena a;
    pl_arena_init(&a, 0);
    head(s, out);
    verdicts(s, out);
    for (size_t i = 0; i < s->groups.n && i < GROUPS_SHOWN; i++) group(s, &s->groups.v[i], &a, out);
    if (s->groups.n > GROUPS_SHOWN)
        pl_buf_printf(out, "\n%zu more groups; --json and --html FILE show all\n",
                      s->groups.n - GROUPS_SHOWN);
    for (size_t i = 0; i < s->diverged.n; i++) diverged(&s->diverged.v[i], &a, out);
    pl_arena_free(&a);
}

/* ---- JSON ---- */

static void number(struct pl_jw *w, const char *name, uint64_t n) {
    pl_jw_int_member(w, name, (int64_t)n);
}

static void text(struct pl_jw *w, const char *name, struct pl_str s) {
    if (s.n == 0) return;
    pl_jw_text_member(w, name, s);
}

static void json_example(struct pl_jw *w, const struct example *e) {
    pl_jw_open(w, '{');
    text(w, "conversation", pl_str_c(e->id));
    number(w, "message", e->turn);
    text(w, "said", e->said);
    if (e->showed.n) {
        pl_jw_name(w, "showed");
        pl_jw_raw(w, e->showed);
    }
    if (e->shows.n) {
        pl_jw_name(w, "shows");
        pl_jw_raw(w, e->shows);
    }
    pl_jw_close(w, '}');
}

static void json_group(struct pl_jw *w, const struct group *g) {
    pl_jw_open(w, '{');
    text(w, "verdict", pl_str_c(pl_engine_verdict_word((enum pl_engine_verdict)g->verdict)));
    text(w, "at", g->at);
    text(w, "was", g->was);
    text(w, "now", g->now);
    number(w, "conversations", g->n);
    pl_jw_name(w, "examples");
    pl_jw_open(w, '[');
    for (size_t i = 0; i < EXAMPLES && i < g->n; i++) json_example(w, &g->examples[i]);
    pl_jw_close(w, ']');
    pl_jw_close(w, '}');
}

static void json_diverged(struct pl_jw *w, const struct told *t) {
    char id[33];
    pl_hex(t->id, sizeof t->id, id);
    pl_jw_open(w, '{');
    text(w, "conversation", pl_str_c(id));
    if (t->n) number(w, "n", t->n);
    text(w, "recorded", t->recorded);
    text(w, t->n ? "made" : "why", t->made);
    pl_jw_close(w, '}');
}

static void json_counts(const struct sums *s, struct pl_jw *w) {
    char hex[65];
    number(w, "conversations", s->conversations);
    number(w, "messages", s->turns);
    number(w, "steps", s->steps);
    number(w, "took_us", (uint64_t)s->took_us);
    if (s->replay->against) {
        pl_hex(pl_image_hash(s->replay->against), 32, hex);
        text(w, "against", pl_str_c(hex));
    }
    number(w, "compared", pl_sim__compared(s));
    for (int v = 0; v < PL_ENGINE_VERDICTS; v++)
        if (s->replay->against || v == PL_ENGINE_SAME)
            number(w, pl_engine_verdict_word((enum pl_engine_verdict)v), s->verdicts[v]);
    number(w, "diverged", s->fates[FATE_DIVERGED]);
    number(w, "erased", s->fates[FATE_ERASED]);
    number(w, "without_image", s->fates[FATE_NO_IMAGE]);
    number(w, "unreadable", s->fates[FATE_UNREADABLE]);
}

void pl_sim__replay_json(const struct sums *s, struct pl_buf *out) {
    struct pl_jw w = {.b = out};
    pl_jw_open(&w, '{');
    json_counts(s, &w);
    pl_jw_name(&w, "groups");
    pl_jw_open(&w, '[');
    for (size_t i = 0; i < s->groups.n; i++) json_group(&w, &s->groups.v[i]);
    pl_jw_close(&w, ']');
    pl_jw_name(&w, "differ");
    pl_jw_open(&w, '[');
    for (size_t i = 0; i < s->diverged.n; i++) json_diverged(&w, &s->diverged.v[i]);
    pl_jw_close(&w, ']');
    pl_jw_close(&w, '}');
    pl_buf_byte(out, '\n');
}
