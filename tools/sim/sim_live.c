/* SPDX-License-Identifier: Apache-2.0
 *
 * A conversation that is a talk in the making: what is done is a line of a talk, played at once,
 * and what the shop answers becomes a stub before it. So the way back is the same talk played again
 * up to an earlier line, what-if is a copy that goes on with another one, and a test is the lines
 * themselves.
 *
 *   deed (line) -> parsed -> played (sim_play) -> the shop's answers, then the deed, are kept
 *
 * The clock stands still between deeds: time goes on by `advance` and `at`.
 */
#include <string.h>

#include "tools/sim/sim_priv.h"

#define SAID_MOST 64 /* characters of a message beside its line */

/* ---- one line ---- */

/* NULL: it is no line of a talk; what is wrong with it is in *why. */
static const struct pl_talk_line *parse(struct pl_arena *a, struct pl_str line,
                                        struct pl_str *why) {
    struct pl_sources sources;
    struct pl_diags diags;
    const struct pl_talk *talks;
    size_t n = 0;
    pl_sources_init(&sources, a);
    pl_diags_init(&diags, a, &sources);
    struct pl_str text =
        pl_arena_printf(a, "parlance 1\n\ntalk \"live\"\n  %.*s\n", PL_STR_ARG(line));
    uint32_t file = pl_sources_add(&sources, PL_STR("live.talk"), text);
    enum pl_err err = pl_grammar_talks(a, &sources, file, &diags, &talks, &n);
    if (err == PL_OK && n == 1 && talks[0].nlines == 1) return &talks[0].lines[0];
    struct pl_buf b = {0};
    if (diags.n) pl_diag_message(&b, diags.v[0]);
    *why = b.n ? pl_arena_str(a, pl_buf_slice(&b)) : PL_STR("it is no line of a talk");
    pl_buf_free(&b);
    return NULL;
}

static void answered(void *ctx, struct pl_str line) {
    struct sim_live *l = ctx;
    PL_PUSH(&l->answers, pl_arena_str(&l->a, line));
}

/* Up to the end of its arguments. */
struct pl_str pl_sim__call_of(struct pl_str hook) {
    size_t value = pl_str_find(hook, PL_STR(") = ")), fails = pl_str_find(hook, PL_STR(") fails "));
    return (struct pl_str){hook.p, value < fails ? value : fails < hook.n ? fails : hook.n};
}

/* Is it what the talk says of this call already? */
static bool stands(const struct sim_live *l, struct pl_str hook) {
    for (size_t i = l->deeds.n; i > 0; i--)
        if (pl_str_eq(pl_sim__call_of(l->deeds.v[i - 1].line), pl_sim__call_of(hook)))
            return pl_str_eq(l->deeds.v[i - 1].line, hook);
    return false;
}

static void keep(struct sim_live *l, struct pl_str line, bool turn, size_t events) {
    struct sim_deed d = {pl_arena_str(&l->a, line), turn, events};
    PL_PUSH(&l->deeds, d);
}

static void keep_answers(struct sim_live *l, size_t events) {
    for (size_t i = 0; i < l->answers.n; i++)
        if (!stands(l, l->answers.v[i])) keep(l, l->answers.v[i], false, events);
    l->answers.n = 0;
}

static bool is_turn(const struct pl_talk_line *line) {
    switch ((enum pl_talk_line_kind)line->kind) {
    case PL_TALK_USER:
    case PL_TALK_PICK:
    case PL_TALK_PRESS:
    case PL_TALK_UPLOAD:
    case PL_TALK_ADVANCE:
    case PL_TALK_AT:
    case PL_TALK_EVENT:
    case PL_TALK_AGENT: return true;
    default: return false;
    }
}

/* A play goes on after a line that it did not take. */
static bool take(struct sim_play *p, struct pl_str line, bool *turn) {
    p->failed = false;
    p->shop.missing = (struct pl_str){0};
    p->world.refused = (struct pl_str){0};
    const struct pl_talk_line *parsed = parse(&p->world.a, line, &p->why);
    if (!parsed) return false;
    *turn = is_turn(parsed);
    pl_sim__play_line(p, parsed);
    return !p->failed;
}

/* ---- the whole of it ---- */

static void open_play(struct sim_live *l) {
    struct sim_play *p = &l->play;
    pl_sim__play_open(p, l->project, &l->talk, l->locale);
    p->shop.live = l->shop;
    p->shop.answered = answered;
    p->shop.answered_ctx = l;
    p->world.came = l->came;
    p->world.traced = l->traced;
    p->world.ctx = l->ctx;
    p->world.watch = l->watch;
    l->open = true;
}

static void close_play(struct sim_live *l) {
    if (l->open) pl_sim__play_free(&l->play);
    l->open = false;
}

bool pl_sim__live_open(struct sim_live *l, const struct pl_str *setup, size_t nsetup) {
    bool turn, good = true;
    close_play(l);
    l->deeds.n = l->answers.n = 0;
    open_play(l);
    for (size_t i = 0; i < nsetup && good; i++) {
        good = take(&l->play, setup[i], &turn);
        if (good) keep(l, setup[i], false, 0);
    }
    if (good && !l->play.begun) pl_sim__play_begin(&l->play);
    keep_answers(l, 0);
    return good && !l->play.failed;
}

bool pl_sim__live_do(struct sim_live *l, struct pl_str line) {
    size_t events = l->play.world.events.n;
    bool turn = false, good = take(&l->play, line, &turn);
    bool happened = good || l->play.world.events.n > events;
    if (happened) keep_answers(l, events);
    if (happened) keep(l, line, turn, events);
    l->answers.n = 0;
    return good;
}

/* Plays the deeds up to `n` again, in silence. */
static bool rehearse(const struct sim_live *l, struct sim_play *p, size_t n) {
    bool turn, good = true;
    p->world.came = NULL;
    p->world.traced = NULL;
    p->shop.rehearses = true;
    for (size_t i = 0; i < n && good; i++) {
        if (!p->begun && l->deeds.v[i].turn) pl_sim__play_begin(p);
        good = take(p, l->deeds.v[i].line, &turn);
    }
    if (good && !p->begun) pl_sim__play_begin(p);
    p->shop.rehearses = false;
    return good && !p->failed;
}

bool pl_sim__live_back(struct sim_live *l, size_t n) {
    size_t to = l->deeds.n;
    for (; to > 0 && n > 0; to--) n -= l->deeds.v[to - 1].turn;
    if (n > 0) return false;
    while (to > 0 && l->deeds.v[to - 1].events == l->deeds.v[to].events && !l->deeds.v[to - 1].turn)
        to--; /* what the shop answered in the turn */
    close_play(l);
    open_play(l);
    l->deeds.n = to;
    bool good = rehearse(l, &l->play, to);
    l->play.world.came = l->came;
    l->play.world.traced = l->traced;
    return good;
}

void pl_sim__live_aside(const struct sim_live *l, struct pl_str line, struct sim_play *aside,
                        size_t *from) {
    bool turn;
    pl_sim__play_open(aside, l->project, &l->talk, l->locale);
    aside->shop.live = l->shop;
    aside->shop.reads_only = true;
    bool good = rehearse(l, aside, l->deeds.n);
    *from = aside->world.events.n;
    if (good) take(aside, line, &turn);
}

void pl_sim__live_close(struct sim_live *l) {
    close_play(l);
    PL_VEC_FREE(&l->deeds);
    PL_VEC_FREE(&l->answers);
}

/* ---- as a file ---- */

/* The message's beginning, for who reads the talk. */
static void write_said(struct sim_live *l, struct pl_buf *out, const struct sim_event *e) {
    struct pl_str text = PL_STR("");
    for (size_t i = 0; i < e->npieces && !text.n; i++)
        if (e->pieces[i].kind == SIM_TEXT) text = pl_sim__clean(&l->a, e->pieces[i].a);
    size_t at = 0, n = 0;
    while (at < text.n && n++ < SAID_MOST) pl_utf8_next(text, &at);
    if (e->id.n && text.n)
        pl_buf_printf(out, "    # %.*s%s", (int)at, text.p, at < text.n ? "…" : "");
}

static void write_bot(struct sim_live *l, struct pl_buf *out, size_t from, size_t to) {
    for (size_t i = from; i < to; i++) {
        const struct sim_event *e = &l->play.world.events.v[i];
        if (!pl_sim__is_bot(e) || (!e->id.n && !e->npieces)) continue;
        if (e->id.n)
            pl_buf_printf(out, "  bot  @%.*s", PL_STR_ARG(e->id));
        else
            pl_buf_c(out, "  bot  ~ ");
        if (!e->id.n) pl_sim__quote(out, pl_sim__clean(&l->a, e->pieces[0].a));
        write_said(l, out, e);
        pl_buf_byte(out, '\n');
    }
}

static void write_handoff(struct pl_buf *out, const struct sim_handoff *h) {
    static const char *const modes[] = {"now", "offer", "callback", "message"};
    pl_buf_printf(out, "  expect handoff %s", modes[h->mode]);
    if (h->queue.n) pl_buf_printf(out, " to %.*s", PL_STR_ARG(h->queue));
    if (h->rule.n) pl_buf_printf(out, " by %.*s", PL_STR_ARG(h->rule));
    pl_buf_byte(out, '\n');
}

static void write_expected(struct sim_live *l, struct pl_buf *out) {
    const struct sim_world *w = &l->play.world;
    for (size_t i = 0; i < w->goals.n; i++)
        pl_buf_printf(out, "  expect goal %.*s\n", PL_STR_ARG(w->goals.v[i]));
    if (w->handoffs.n) write_handoff(out, &w->handoffs.v[w->handoffs.n - 1]);
}

static void write_comment(struct pl_buf *out, struct pl_str about) {
    while (about.n) {
        size_t end = pl_str_find(about, PL_STR("\n")), n = end == SIZE_MAX ? about.n : end;
        pl_buf_printf(out, "# %.*s\n", (int)n, about.p);
        n += n < about.n;
        about = (struct pl_str){about.p + n, about.n - n};
    }
}

void pl_sim__live_write(struct sim_live *l, struct pl_str name, struct pl_str about,
                        struct pl_buf *out) {
    const struct pl_program *p = pl_image_program(l->project->build.image);
    size_t events = l->play.world.events.n, shown = 0;
    pl_buf_c(out, "parlance 1\n\n");
    write_comment(out, about);
    pl_buf_c(out, "talk ");
    pl_sim__quote(out, name);
    pl_buf_byte(out, '\n');
    if (!pl_str_eq(l->locale, p->source_locale))
        pl_buf_printf(out, "  locale %.*s\n", PL_STR_ARG(l->locale));
    for (size_t i = 0; i < l->deeds.n; i++) {
        write_bot(l, out, shown, l->deeds.v[i].events);
        shown = l->deeds.v[i].events;
        pl_buf_printf(out, "  %.*s\n", PL_STR_ARG(l->deeds.v[i].line));
    }
    write_bot(l, out, shown, events);
    write_expected(l, out);
}
