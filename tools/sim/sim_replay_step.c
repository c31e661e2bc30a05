/* SPDX-License-Identifier: Apache-2.0
 *
 * A stored conversation, step by step in the terminal: forward, back, why, what was known, and what
 * would have come of other words. Every step's state is kept, so that back is as quick as forward.
 *
 *   moment: the conversation after so many steps      aside: a copy that goes another way (what-if)
 */
#include <stdlib.h>
#include <string.h>

#include "tools/sim/sim_replay_priv.h"

#define LINE_MOST   8192
#define ASIDE_STEPS 64 /* of one answer aside */

struct moment {
    size_t entry; /* the turn's, in the record */
    struct pl_engine_lane *after;
    struct pl_sim_reason *reasons;
    size_t nreasons;
    struct pl_str now; /* what it waits for */
};

struct kept_result { /* of a call, for asides */
    struct pl_engine_wants of;
    size_t entry; /* of the step that took it */
    bool used;    /* in this aside */
};

struct stepping {
    const struct pl_sim_replay *given;
    struct stored stored;
    struct record record;
    struct pl_engine_player *player;
    struct pl_locale_tools *tools;
    struct sim_types types;
    struct sim_screen screen;
    struct sim_world why; /* of which only what tells why is used */
    PL_VEC(struct moment) moments;
    PL_VEC(struct kept_result) results;
    size_t at;                    /* moments shown: 0 none yet */
    struct pl_engine_lane *aside; /* NULL: on the recorded way */
    struct moment aside_why;
    uint64_t asked; /* asides so far: each draws another chance */
    bool over;
};

/* ---- telling why ---- */

static void ran(void *ctx, const struct pl_image *image, int what, uint32_t at) {
    struct stepping *s = ctx;
    pl_sim__why_trace(&s->why, image, (enum pl_vm_trace)what, at);
}

static void take_why(struct stepping *s, const struct pl_engine_step *step, struct moment *m) {
    s->types.program = pl_image_program(step->image);
    pl_sim__why_step(&s->why, step->image, step->event, step->result);
    m->reasons = PL_NEW_ARRAY(&s->why.a, struct pl_sim_reason, s->why.said.n + 1);
    m->nreasons = s->why.said.n;
    if (m->nreasons) memcpy(m->reasons, s->why.said.v, m->nreasons * sizeof *m->reasons);
    m->now = s->why.now;
}

/* ---- playing it once ---- */

static bool is_result(const struct pl_vm_event *e) {
    return e->kind == PL_EVENT_HOOK || e->kind == PL_EVENT_MODEL;
}

static enum pl_err play(struct stepping *s, struct pl_engine_lane *lane) {
    struct record *r = &s->record;
    enum pl_err err = PL_OK;
    for (size_t i = 0; i < r->entries.n && err == PL_OK; i++) {
        struct pl_engine_step step;
        struct kept_result result = {.entry = i};
        bool wants = pl_engine_lane_wants(lane, &r->a, &result.of);
        pl_sim__why_turn(&s->why);
        err = pl_engine_lane_again(lane, &r->entries.v[i], r->secrets.v[i], &r->a, &step);
        if (err != PL_OK) break;
        PL_PUSH(&r->steps, step);
        if (!step.image) continue;
        struct moment m = {.entry = i, .after = pl_engine_lane_copy(lane)};
        take_why(s, &step, &m);
        PL_PUSH(&s->moments, m);
        if (wants && is_result(step.event)) PL_PUSH(&s->results, result);
    }
    return err;
}

/* ---- showing ---- */

static void print_lines(FILE *out, const char *before, struct pl_str text) {
    while (text.n) {
        size_t end = pl_str_find(text, PL_STR("\n")), n = end == SIZE_MAX ? text.n : end;
        fprintf(out, "%s%.*s\n", before, (int)n, text.p);
        n += n < text.n;
        text = (struct pl_str){text.p + n, text.n - n};
    }
}

/* Line by line, so that nothing in it moves the cursor. */
static void show_outputs(struct stepping *s, const struct pl_engine_step *step) {
    struct pl_arena a;
    pl_arena_init(&a, 0);
    for (uint32_t i = 0; i < step->noutputs; i++) {
        struct pl_str text = pl_sim__event_text(&a, step->outputs[i]);
        while (text.n) {
            size_t end = pl_str_find(text, PL_STR("\n")), n = end == SIZE_MAX ? text.n : end;
            print_lines(s->given->out, "  ", pl_sim__clean(&a, (struct pl_str){text.p, n}));
            n += n < text.n;
            text = (struct pl_str){text.p + n, text.n - n};
        }
    }
    pl_arena_free(&a);
}

static struct pl_str came(struct pl_arena *a, const struct pl_engine_step *step) {
    static const char *const words[] = {
        [PL_EVENT_OPEN] = "the conversation begins",
        [PL_EVENT_HOOK] = "a hook's result comes",
        [PL_EVENT_TIMER] = "a time has come",
        [PL_EVENT_OUTCOME] = "the late outcome of a write comes",
        [PL_EVENT_RULE] = "a rule looks at the clock",
        [PL_EVENT_IDENTITY] = "the page says who the customer is",
        [PL_EVENT_DIVERGED] = "loaded, it came out differently",
        [PL_EVENT_MODEL] = "a model's turn ends",
        [PL_EVENT_NAMED] = "earlier messages are looked through",
        [PL_EVENT_HANDED_BACK] = "people give it back",
        [PL_EVENT_NO_MODEL] = "the customer's word about models",
    };
    const struct pl_vm_event *e = step->event;
    if (e->kind == PL_EVENT_HAPPENED) return pl_arena_printf(a, "event %.*s", PL_STR_ARG(e->name));
    if (e->kind != PL_EVENT_MESSAGE) return pl_str_c(words[e->kind]);
    bool label = step->said != PL_ENGINE_SAID_TEXT && step->said != PL_ENGINE_SAID_LONG;
    struct pl_str words_of = label ? step->label : e->reading.text;
    return pl_arena_printf(a, "> %.*s", PL_STR_ARG(pl_sim__clean(a, words_of)));
}

static void show(struct stepping *s) {
    struct pl_arena a;
    char at[26];
    if (s->at == 0) {
        fprintf(s->given->out, "before the first of %zu steps; Enter goes on\n", s->moments.n);
        return;
    }
    const struct moment *m = &s->moments.v[s->at - 1];
    const struct pl_entry *e = &s->record.entries.v[m->entry];
    const struct pl_engine_step *step = &s->record.steps.v[m->entry];
    pl_arena_init(&a, 0);
    pl_datetime_print(e->at_ms, at);
    fprintf(s->given->out, "\n%zu/%zu  entry %llu  %.19s\n%.*s\n", s->at, s->moments.n,
            (unsigned long long)e->n, at, PL_STR_ARG(came(&a, step)));
    show_outputs(s, step);
    if (!pl_engine_lane_same(e, step))
        fprintf(s->given->out, "! it was recorded differently: this step diverges\n");
    pl_arena_free(&a);
}

/* ---- commands ---- */

static void leave_aside(struct stepping *s) {
    if (s->aside) fprintf(s->given->out, "(back on the recorded way)\n");
    pl_engine_lane_free(&s->aside);
}

static void next(struct stepping *s, struct pl_str rest) {
    (void)rest;
    leave_aside(s);
    if (s->at == s->moments.n) {
        fprintf(s->given->out, "that was the last step\n");
        return;
    }
    s->at++;
    show(s);
}

static void back(struct stepping *s, struct pl_str rest) {
    (void)rest;
    bool aside = s->aside != NULL;
    leave_aside(s);
    if (!aside && s->at) s->at--;
    show(s);
}

static void go(struct stepping *s, struct pl_str rest) {
    int64_t n;
    if (!pl_str_i64(rest, &n) || n < 0 || (size_t)n > s->moments.n) {
        fprintf(s->given->out, "go takes a number from 0 to %zu\n", s->moments.n);
        return;
    }
    leave_aside(s);
    s->at = (size_t)n;
    show(s);
}

static void list(struct stepping *s, struct pl_str rest) {
    struct pl_arena a;
    (void)rest;
    pl_arena_init(&a, 0);
    for (size_t i = 0; i < s->moments.n; i++) {
        struct pl_str what = came(&a, &s->record.steps.v[s->moments.v[i].entry]);
        fprintf(s->given->out, "%s%4zu  %.*s\n", i + 1 == s->at ? "*" : " ", i + 1,
                PL_STR_ARG(what));
    }
    pl_arena_free(&a);
}

static void why(struct stepping *s, struct pl_str rest) {
    const struct moment *m = s->aside ? &s->aside_why : s->at ? &s->moments.v[s->at - 1] : NULL;
    (void)rest;
    if (m)
        pl_sim__tell_why(&s->screen, m->reasons, m->nreasons, m->now);
    else
        show(s);
}

static struct pl_engine_lane *here(struct stepping *s) {
    if (s->aside) return s->aside;
    return s->at ? s->moments.v[s->at - 1].after : NULL;
}

static void slots(struct stepping *s, struct pl_str rest) {
    struct pl_arena a;
    struct pl_engine_lane *lane = here(s);
    (void)rest;
    pl_arena_init(&a, 0);
    pl_sim__tell_slots(&s->screen, &s->types, lane ? pl_engine_lane_slots(lane, &a) : PL_NONE);
    pl_arena_free(&a);
}

/* ---- what if ---- */

static struct kept_result *find_result(struct stepping *s, const struct pl_engine_wants *w) {
    struct kept_result *last = NULL;
    for (size_t i = 0; i < s->results.n; i++) {
        struct kept_result *r = &s->results.v[i];
        bool same = r->of.model == w->model && pl_str_eq(r->of.name, w->name) &&
                    r->of.nargs == w->nargs && !w->model;
        for (uint32_t k = 0; same && k < w->nargs; k++)
            same = pl_value_eq(r->of.args[k], w->args[k]);
        if (!same) continue;
        if (!r->used) return r;
        last = r;
    }
    return last;
}

static void say_wants(struct stepping *s, const struct pl_engine_wants *w) {
    struct pl_buf b = {0};
    struct pl_arena a;
    pl_arena_init(&a, 0);
    for (uint32_t i = 0; i < w->nargs; i++) {
        if (i) pl_buf_c(&b, ", ");
        pl_sim__print(&s->types, &b, w->args[i]);
    }
    fprintf(s->given->out, "  (it would %s %.*s(%.*s): no such result was recorded)\n",
            w->model ? "ask the model at" : "call", PL_STR_ARG(w->name),
            PL_STR_ARG(pl_sim__clean(&a, pl_buf_slice(&b))));
    pl_arena_free(&a);
    pl_buf_free(&b);
}

/* One more step of the aside; false: it rests, or cannot go on. */
static bool aside_goes_on(struct stepping *s) {
    struct pl_engine_step step;
    struct pl_engine_wants w;
    enum pl_err err;
    if (pl_engine_lane_wants(s->aside, &s->record.a, &w)) {
        struct kept_result *r = find_result(s, &w);
        if (!r) {
            say_wants(s, &w);
            return false;
        }
        r->used = true;
        err = pl_engine_lane_result(s->aside, &s->record.steps.v[r->entry], &s->record.a, &step);
    } else {
        err = pl_engine_lane_go_on(s->aside, &s->record.a, &step);
    }
    if (err != PL_OK || !step.image) return false;
    take_why(s, &step, &s->aside_why);
    show_outputs(s, &step);
    return true;
}

static void say_aside(struct stepping *s, struct pl_str text) {
    const struct pl_engine_step *last = &s->record.steps.v[s->moments.v[s->at - 1].entry];
    struct pl_vm_event event = {.kind = PL_EVENT_MESSAGE};
    struct pl_engine_step words = {.image = last->image, .event = &event}, step;
    event.now_ms = last->event->now_ms + 1000 * (int64_t)++s->asked;
    event.seed = s->asked;
    event.subject = last->event->subject;
    words.said = PL_ENGINE_SAID_TEXT;
    words.text = pl_privacy_mask(&s->record.a, pl_arena_str(&s->record.a, text)).s;
    pl_sim__why_turn(&s->why);
    enum pl_err err = pl_engine_lane_take(s->aside, &words, &s->record.a, &step);
    if (err != PL_OK) {
        fprintf(s->given->out, "  (it is not the bot's turn)\n");
        return;
    }
    take_why(s, &step, &s->aside_why);
    show_outputs(s, &step);
    for (int i = 0; i < ASIDE_STEPS && aside_goes_on(s); i++) continue;
}

static void what_if(struct stepping *s, struct pl_str rest) {
    struct pl_engine_lane *lane = here(s);
    bool quoted = rest.n >= 2 && rest.p[0] == '"' && rest.p[rest.n - 1] == '"';
    if (quoted) rest = (struct pl_str){rest.p + 1, rest.n - 2};
    if (!lane || rest.n == 0 || !pl_utf8_valid(rest)) {
        fprintf(s->given->out, "what-if takes what the customer says, after a first step\n");
        return;
    }
    if (!s->aside) {
        for (size_t i = 0; i < s->results.n; i++) s->results.v[i].used = false;
        s->aside = pl_engine_lane_copy(lane);
        s->why.slots = pl_engine_lane_slots(lane, &s->why.a);
    }
    say_aside(s, rest);
}

static void quit(struct stepping *s, struct pl_str rest) {
    (void)rest;
    s->over = true;
}

static void help(struct stepping *s, struct pl_str rest) {
    (void)rest;
    fputs(
        "  Enter, next     the next step\n"
        "  back            the one before; out of a what-if\n"
        "  go N            the step with this number\n"
        "  list            all steps\n"
        "  why             what was understood and done in this step\n"
        "  slots           what the conversation knows after it\n"
        "  what-if WORDS   what the bot would answer to these words now; go on with more of them\n"
        "  quit\n",
        s->given->out);
}

static void command(struct stepping *s, struct pl_str line) {
    static const struct {
        const char *word;
        void (*run)(struct stepping *s, struct pl_str rest);
    } rows[] = {{"next", next},       {"back", back}, {"go", go},
                {"list", list},       {"why", why},   {"slots", slots},
                {"what-if", what_if}, {"quit", quit}, {"help", help}};
    size_t n = 0;
    if (line.n && line.p[0] == ':') line = (struct pl_str){line.p + 1, line.n - 1};
    while (n < line.n && line.p[n] != ' ') n++;
    struct pl_str word = {line.p, n}, rest = pl_str_trim((struct pl_str){line.p + n, line.n - n});
    if (n == 0) {
        next(s, rest);
        return;
    }
    for (size_t i = 0; i < PL_LEN(rows); i++) {
        if (!pl_str_starts(pl_str_c(rows[i].word), word)) continue; /* beginnings are enough */
        rows[i].run(s, rest);
        return;
    }
    help(s, rest);
}

/* ---- run ---- */

static bool open_all(struct stepping *s, const uint8_t id[16]) {
    struct pl_engine_player_config config = {.find_image = s->given->from.find_image,
                                             .find_ctx = s->given->from.find_ctx,
                                             .ran = ran,
                                             .ran_ctx = s};
    s->tools = pl_locale_tools_new();
    s->player = pl_engine_player_new(&config);
    if (!s->player || !s->tools) return false;
    s->screen = (struct sim_screen){.out = s->given->out, .tools = s->tools};
    s->types = (struct sim_types){.a = &s->why.a, .tools = s->tools};
    s->why.types = &s->types;
    s->why.vm = pl_vm_create((struct pl_vm_env){.matches = NULL});
    struct pl_engine_lane *lane = pl_engine_lane_new(s->player, id, NULL);
    enum pl_err err = pl_sim__record_read(&s->stored, id, &s->record);
    if (err == PL_OK) err = play(s, lane);
    pl_engine_lane_free(&lane);
    if (err == PL_OK && s->moments.n == 0) err = PL_NOT_FOUND;
    const char *why = err == PL_UNAVAILABLE ? "the image that it ran on is not in the data folder"
                      : err == PL_ERASED    ? "it was erased"
                      : err == PL_NOT_FOUND ? "there is no such conversation"
                                            : pl_err_text(err);
    if (err != PL_OK) fprintf(s->given->err, "parlance: %s: %s\n", s->given->conversation, why);
    return err == PL_OK;
}

static void close_all(struct stepping *s) {
    pl_engine_lane_free(&s->aside);
    for (size_t i = 0; i < s->moments.n; i++) pl_engine_lane_free(&s->moments.v[i].after);
    PL_VEC_FREE(&s->moments);
    PL_VEC_FREE(&s->results);
    PL_VEC_FREE(&s->why.said);
    PL_VEC_FREE(&s->why.tracing);
    if (s->why.vm) pl_vm_destroy(&s->why.vm);
    pl_sim__record_free(&s->record);
    pl_engine_player_free(&s->player);
    if (s->tools) pl_locale_tools_free(&s->tools);
    pl_arena_free(&s->why.a);
    pl_sim__stored_close(&s->stored);
}

static void talk(struct stepping *s) {
    char line[LINE_MOST];
    fprintf(s->given->out, "%zu steps; help lists the commands\n", s->moments.n);
    next(s, PL_STR(""));
    while (!s->over) {
        fputs(s->aside ? "what if> " : "step> ", s->given->out);
        fflush(s->given->out);
        if (!fgets(line, sizeof line, s->given->in)) break;
        command(s, pl_str_trim(pl_str_c(line)));
    }
}

int pl_sim_replay_step_main(const struct pl_sim_replay *replay) {
    struct stepping s = {.given = replay};
    uint8_t id[16];
    int code = 2;
    if (!pl_sim__stored_open(&s.stored, &replay->from, replay->err)) return code;
    pl_arena_init(&s.why.a, 0);
    pl_sim__record_init(&s.record);
    if (pl_sim__stored_find(&s.stored, replay->conversation, id, replay->err) && open_all(&s, id)) {
        talk(&s);
        code = 0;
    }
    close_all(&s);
    return code;
}
