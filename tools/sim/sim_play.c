/* SPDX-License-Identifier: Apache-2.0
 *
 * One talk in one locale, line by line.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "tools/sim/sim_priv.h"

#define SEED        20261124
#define HOOK_LIKE   8 /* `like` of `like` */
#define REAL_MS     50
#define ADVANCE_MAX (400 * INT64_C(86400000))

/* ---- verdicts and rows ---- */

void pl_sim__fail(struct sim_play *p, const char *format, ...) {
    struct pl_buf b = {0};
    char text[1024];
    va_list args;
    if (p->failed) return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    pl_buf_c(&b, text);
    p->failed = true;
    p->failed_line = p->at ? p->at->line : p->talk->talk.line;
    p->awaited = p->at ? p->at->source : PL_STR("");
    p->why = pl_arena_str(&p->world.a, pl_buf_slice(&b));
    pl_buf_free(&b);
}

static void row(struct sim_play *p, enum sim_row_kind kind, struct pl_str expected,
                struct pl_str got) {
    struct sim_row r = {(uint8_t)kind, expected, got};
    PL_PUSH(&p->rows, r);
}

static struct pl_str shown_as(struct sim_play *p, const struct sim_event *e) {
    struct pl_buf b = {0};
    if (e->id.n) pl_buf_printf(&b, "@%.*s\n", PL_STR_ARG(e->id));
    pl_sim__event_lines(&p->world.a, e, &b);
    struct pl_str s = pl_arena_str(&p->world.a, pl_buf_slice(&b));
    pl_buf_free(&b);
    return s;
}

static bool is_customers(const struct sim_event *e) {
    return pl_str_is(e->from, "customer");
}

/* Events up to here were not asked for. */
static void pass_over(struct sim_play *p, size_t upto) {
    for (; p->shown < upto; p->shown++) {
        const struct sim_event *e = &p->world.events.v[p->shown];
        if (!is_customers(e)) row(p, SIM_ROW_EXTRA, PL_STR(""), shown_as(p, e));
    }
}

struct pl_str pl_sim__near(struct pl_arena *a, struct pl_str got, const struct pl_str *names,
                           size_t n) {
    struct pl_near near = pl_near(got);
    for (size_t i = 0; i < n; i++) pl_near_offer(&near, names[i]);
    if (near.best.n == 0) return (struct pl_str){0};
    return pl_arena_printf(a, "; did you mean %.*s?", PL_STR_ARG(near.best));
}

bool pl_sim__knows_hook(struct sim_play *p, struct pl_str name) {
    const struct pl_program *g = pl_image_program(p->image);
    if (pl_image_hook(p->image, name) != PL_NOWHERE) return true;
    struct pl_str *names = PL_NEW_ARRAY(&p->world.a, struct pl_str, g->nhooks + 1);
    for (uint32_t i = 0; i < g->nhooks; i++) names[i] = g->hooks[i].name;
    struct pl_str near = pl_sim__near(&p->world.a, name, names, g->nhooks);
    pl_sim__fail(p, "there is no hook %.*s%.*s", PL_STR_ARG(name), PL_STR_ARG(near));
    return false;
}

/* @a.b, or @a for one of its variants @a.1, @a.2. */
bool pl_sim__id_is(struct pl_str id, struct pl_str wanted) {
    if (!pl_str_starts(id, wanted)) return false;
    if (id.n == wanted.n) return true;
    if (id.p[wanted.n] != '.' || id.n == wanted.n + 1) return false;
    for (size_t i = wanted.n + 1; i < id.n; i++)
        if (id.p[i] < '0' || id.p[i] > '9') return false;
    return true;
}

static bool has_id(const struct pl_image *image, struct pl_str id) {
    const struct pl_program *g = pl_image_program(image);
    for (uint32_t i = 0; i < g->ntexts; i++)
        if (pl_sim__id_is(g->texts[i].id, id)) return true;
    for (uint32_t i = 0; i < g->nmodels; i++)
        if (g->models[i].kind == PL_MODEL_ANSWER && pl_sim__id_is(g->models[i].id, id)) return true;
    return false;
}

/* After a reload what began before may still speak. */
bool pl_sim__knows_id(struct sim_play *p, struct pl_str id) {
    const struct pl_program *g = pl_image_program(p->image);
    for (size_t i = 0; i < p->world.images.n; i++)
        if (has_id(p->world.images.v[i], id)) return true;
    struct pl_str *names = PL_NEW_ARRAY(&p->world.a, struct pl_str, g->ntexts + 1);
    for (uint32_t i = 0; i < g->ntexts; i++) names[i] = g->texts[i].id;
    struct pl_str near = pl_sim__near(&p->world.a, id, names, g->ntexts);
    pl_sim__fail(p, "no line of the flows is @%.*s%.*s", PL_STR_ARG(id), PL_STR_ARG(near));
    return false;
}

/* ---- begin ---- */

/* What was recorded is not what is asked now: the flow, an article or the prompt is another. */
static void stale(struct sim_play *p) {
    const struct pl_talk_line *l = p->models.cassette_line;
    pl_sim__fail(p,
                 "the model is asked what cassette \"%.*s\" (line %u) has no reply to; record it "
                 "anew: parlance test --record",
                 PL_STR_ARG(l->text), l->line);
}

/* A real shop or model, in real time. */
static bool waits_outside(const struct sim_play *p) {
    return p->shop.pending || (p->models.cassette && pl_sim__cassette_records(p->models.cassette));
}

/* Everything that is due runs; then what went wrong meanwhile is found. */
static void pump(struct sim_play *p, int64_t ms) {
    pl_loop_fake_advance(p->loop, ms);
    while (waits_outside(p)) {
        pl_loop_once(p->loop, REAL_MS);
        pl_loop_fake_advance(p->loop, 0);
    }
    if (p->shop.missing.n)
        pl_sim__fail(p, "a hook was called that the talk has no stub for; add:\n  %.*s",
                     PL_STR_ARG(p->shop.missing));
    if (p->models.cassette && pl_sim__cassette_missing(p->models.cassette)) stale(p);
    if (p->shop.broke.n) pl_sim__fail(p, "%.*s", PL_STR_ARG(p->shop.broke));
    if (p->world.refused.n) pl_sim__fail(p, "it was refused: %.*s", PL_STR_ARG(p->world.refused));
}

void pl_sim__play_begin(struct sim_play *p) {
    struct pl_engine_hooks hooks = pl_sim__shop_hooks(&p->shop);
    p->begun = true;
    if (pl_loop_fake_create(p->start_ms, &p->loop) != PL_OK) {
        pl_sim__fail(p, "no loop could be made");
        return;
    }
    p->logged = open_memstream(&p->log_text, &p->log_size);
    p->log = (struct pl_log){PL_LOG_ERROR, p->logged, pl_loop_clock(p->loop), NULL};
    struct sim_world_config k = {.loop = p->loop,
                                 .clock = p->log.clock,
                                 .log = &p->log,
                                 .keys = &p->project->keys,
                                 .hooks = &hooks,
                                 .seed = SEED,
                                 .shared = p->project->shared};
    struct sim_models_config models = {.world = &p->world,
                                       .tools = p->project->tools,
                                       .hooks = &hooks,
                                       .clock = k.clock,
                                       .talk = &p->talk->talk};
    if (!pl_sim__models_open(&p->models, &models)) {
        pl_sim__fail(p, "%s", pl_err_text(PL_NOMEM));
        return;
    }
    k.models = pl_sim_models(p->models.bridge);
    enum pl_err err = pl_sim__world_open(&p->world, &k, p->image);
    if (err != PL_OK) {
        pl_sim__fail(p, "the engine could not be made: %s", pl_err_text(err));
        return;
    }
    pump(p, 0); /* lists of hooks come before the first word */
    pl_sim__world_begin(&p->world, p->locale, 1);
    pump(p, 0);
}

/* ---- lines before the conversation, and between ---- */

static const struct pl_talk_line *like(struct sim_play *p, const struct pl_talk_line *l) {
    for (int depth = 0; l && l->stub == PL_TALK_STUB_LIKE; depth++) {
        const struct sim_talk *other = pl_sim__talk(p->project, l->like);
        const struct pl_talk_line *found = NULL;
        if (!other || depth == HOOK_LIKE) {
            pl_sim__fail(p, other ? "`like` goes in a circle" : "there is no talk \"%.*s\"",
                         PL_STR_ARG(l->like));
            return NULL;
        }
        for (size_t i = 0; i < other->talk.nlines; i++) {
            const struct pl_talk_line *x = &other->talk.lines[i];
            if (x->kind != PL_TALK_HOOK || !pl_str_eq(x->name, l->name)) continue;
            bool same = x->args.n == l->args.n;
            for (size_t k = 0; k < l->args.n && same; k++)
                same = pl_sim__written_same(&x->args.v[k], &l->args.v[k]);
            if (same) found = x;
        }
        if (!found) pl_sim__fail(p, "the talk \"%.*s\" has no such stub", PL_STR_ARG(l->like));
        l = found;
    }
    return l;
}

static void stub(struct sim_play *p, const struct pl_talk_line *l) {
    struct pl_str why = {0};
    if (!pl_sim__knows_hook(p, l->name)) return;
    const struct pl_talk_line *from = like(p, l);
    if (!from) return;
    if (!pl_sim__shop_add(&p->shop, p->image, from, &why)) {
        pl_sim__fail(p, "%.*s", PL_STR_ARG(why));
        return;
    }
    if (p->begun && pl_sim__is_list(p->types.program, pl_image_hook(p->image, l->name))) {
        pl_engine_refresh_lists(p->world.engine);
        pump(p, 0);
    }
}

static void model_calls(struct sim_play *p, const struct pl_talk_line *l) {
    struct pl_str why = {0};
    if (!pl_sim__knows_hook(p, l->name)) return;
    if (!pl_sim__models_call(&p->models, &p->types, pl_image_hook(p->image, l->name), l, &why))
        pl_sim__fail(p, "%.*s", PL_STR_ARG(why));
}

/* Time goes on, as a turn of its own. */
static void go_on(struct sim_play *p, int64_t ms) {
    pl_sim__why_turn(&p->world);
    pump(p, ms);
}

static const struct pl_p_slot *customer_slot(const struct pl_program *g, struct pl_str name) {
    struct pl_str scope = PL_STR("customer.");
    for (uint32_t i = 0; i < g->ncustomer; i++) {
        struct pl_str slot = g->customer[i].name;
        if (pl_str_starts(slot, scope) &&
            pl_str_eq((struct pl_str){slot.p + scope.n, slot.n - scope.n}, name))
            return &g->customer[i];
    }
    return NULL;
}

/* What is remembered of him: a record of customer's slots. */
static void remember(struct sim_play *p, const struct pl_talk_value *v) {
    struct pl_arena *a = &p->world.a;
    struct pl_field *f = PL_NEW_ARRAY(a, struct pl_field, v->nv + 1);
    struct pl_str why;
    for (size_t i = 0; i < v->nv && !p->failed; i++) {
        const struct pl_p_slot *slot = customer_slot(p->types.program, v->names[i]);
        if (!slot) {
            pl_sim__fail(p, "customer has no %.*s", PL_STR_ARG(v->names[i]));
        } else {
            f[i].name = slot->name;
            if (!pl_sim__value(&p->types, slot->type, &v->v[i], &f[i].value, &why))
                pl_sim__fail(p, "%.*s: %.*s", PL_STR_ARG(v->names[i]), PL_STR_ARG(why));
        }
    }
    p->world.remembered =
        (struct pl_value){.kind = PL_KIND_RECORD, .rec = {.f = f, .n = (uint32_t)v->nv}};
}

/* Who the customer is, as the page's token says it. */
static void as(struct sim_play *p, const struct pl_talk_line *l) {
    static const struct pl_str who[] = {PL_STR("anonymous"), PL_STR("known"), PL_STR("verified")};
    size_t i = 0;
    while (i < PL_LEN(who) && !pl_str_eq(l->name, who[i])) i++;
    if (i == PL_LEN(who)) {
        struct pl_str near = pl_sim__near(&p->world.a, l->name, who, PL_LEN(who));
        pl_sim__fail(p, "a customer is anonymous, known or verified%.*s", PL_STR_ARG(near));
    } else if (p->begun) {
        pl_sim__fail(p, "who the customer is stands before what is said");
    } else if (l->has_value && i == 0) {
        pl_sim__fail(p, "nothing is remembered of who is anonymous");
    } else {
        if (l->has_value) remember(p, &l->value);
        p->world.known = i > 0;
        p->world.verified = i > 1;
    }
}

static void at(struct sim_play *p, const struct pl_talk_line *l) {
    int64_t ms;
    if (!pl_sim__time(&p->types, l->text, &ms)) {
        pl_sim__fail(p, "a time is written \"2026-11-24 10:00\"");
        return;
    }
    if (!p->begun) {
        p->start_ms = ms;
        return;
    }
    struct pl_clock clock = pl_loop_clock(p->loop);
    int64_t now = clock.wall_ms(clock.ctx);
    if (ms < now || ms - now > ADVANCE_MAX)
        pl_sim__fail(p, ms < now ? "time cannot go back here" : "that is more than a year ahead");
    else
        go_on(p, ms - now);
}

static void reload(struct sim_play *p, const struct pl_talk_line *l) {
    struct pl_str folder = pl_sim__reload_folder(&p->world.a, p->talk, l);
    struct pl_image *image = pl_sim__reloaded(p->project, folder);
    if (!image) {
        pl_sim__fail(p, "%.*s does not compile", PL_STR_ARG(folder));
        return;
    }
    pl_sim__world_keep(&p->world, image);
    enum pl_err err = pl_engine_activate(p->world.engine, image);
    if (err != PL_OK) pl_sim__fail(p, "it was not taken: %s", pl_err_text(err));
    p->image = image;
    p->types.program = pl_image_program(image);
    pump(p, 0);
}

/* Does this run record it from the start? Once a run, whichever talk comes first. */
static bool renews(struct sim_play *p, struct pl_str path) {
    struct sim_project *project = p->project;
    if (!project->test->record) return false;
    for (size_t i = 0; i < project->renewed.n; i++)
        if (pl_str_eq(project->renewed.v[i], path)) return false;
    PL_PUSH(&project->renewed, pl_arena_str(&project->a, path));
    return true;
}

static void save_cassette(struct sim_play *p) {
    enum pl_err err = p->models.cassette ? pl_sim__cassette_save(p->models.cassette) : PL_OK;
    if (err != PL_OK) pl_sim__fail(p, "the cassette could not be written: %s", pl_err_text(err));
}

static void cassette(struct sim_play *p, const struct pl_talk_line *l) {
    struct pl_str path = pl_sim__reload_folder(&p->world.a, p->talk, l), why;
    save_cassette(p);
    pl_sim__cassette_close(&p->models.cassette);
    p->models.cassette_line = l;
    p->models.cassette =
        pl_sim__cassette_open(path, p->project->test->record, renews(p, path), &why);
    if (!p->models.cassette)
        pl_sim__fail(p, "%.*s: %.*s; record it: parlance test --record", PL_STR_ARG(l->text),
                     PL_STR_ARG(why));
}

/* A reply that nothing asks for would make a talk say more than it tests. */
static void check_unsaid(struct sim_play *p) {
    p->at = pl_sim__models_unsaid(&p->models);
    if (p->at) pl_sim__fail(p, "the model was not asked for this");
    p->at = NULL;
}

/* ---- what the customer does ---- */

/* Before the customer acts: in a strict talk everything said must have been awaited. */
static void rest(struct sim_play *p) {
    size_t n = p->world.events.n;
    for (size_t i = p->shown; i < n && p->strict; i++) {
        const struct sim_event *e = &p->world.events.v[i];
        if (!pl_sim__is_bot(e)) continue;
        pl_sim__fail(p, "the bot said more than this strict talk has: @%.*s", PL_STR_ARG(e->id));
        break;
    }
    pass_over(p, n);
}

static void say(struct sim_play *p, const struct pl_talk_line *l, enum pl_engine_said said,
                struct pl_str text, struct pl_str words) {
    row(p, SIM_ROW_SAME, l->source, pl_arena_printf(&p->world.a, "> %.*s", PL_STR_ARG(words)));
    pl_sim__why_turn(&p->world);
    pl_sim__world_say(&p->world, said, text);
    pump(p, 0);
}

/* Somebody to whom the conversation was handed over. */
static void agent(struct sim_play *p, const struct pl_talk_line *l) {
    row(p, SIM_ROW_SAME, l->source, PL_STR(""));
    pl_sim__why_turn(&p->world);
    if (p->world.handoffs.n == 0) {
        pl_sim__fail(p, "nobody has this conversation: it was not handed over");
        return;
    }
    pl_sim__world_agent(&p->world, l->back ? PL_ENGINE_BACK : PL_ENGINE_SAYS, l->text);
    pump(p, 0);
}

/* The newest piece of the kind with this label or id. */
static const struct sim_piece *offered(struct sim_play *p, enum sim_piece_kind kind,
                                       struct pl_str text) {
    bool by_id = text.n && text.p[0] == '@';
    struct pl_str id = by_id ? (struct pl_str){text.p + 1, text.n - 1} : text;
    for (size_t i = p->world.events.n; i > 0; i--) {
        const struct sim_event *e = &p->world.events.v[i - 1];
        bool any = false;
        for (size_t k = 0; k < e->npieces; k++) {
            const struct sim_piece *x = &e->pieces[k];
            any = any || x->kind == kind;
            if (x->kind != kind) continue;
            if (pl_str_eq(x->id, id) || pl_sim__same(&p->world.a, x->a, text)) return x;
        }
        if (any && kind == SIM_CHOICE) return NULL; /* older ones are gone */
    }
    return NULL;
}

static void list_offers(struct sim_play *p, enum sim_piece_kind kind, struct pl_buf *b) {
    for (size_t i = p->world.events.n; i > 0 && b->n == 0; i--) {
        const struct sim_event *e = &p->world.events.v[i - 1];
        for (size_t k = 0; k < e->npieces; k++)
            if (e->pieces[k].kind == kind)
                pl_buf_printf(b, "%s\"%.*s\"", b->n ? ", " : "", PL_STR_ARG(e->pieces[k].a));
    }
}

/* A page that an option opens is opened by the customer's browser: the bot hears nothing of it. */
static void opened(struct sim_play *p, struct pl_str option) {
    uint32_t i = pl_image_option(p->image, option);
    if (i != PL_NOWHERE && p->world.cover && p->world.cover->image == p->image)
        pl_sim__cover_ran(p->world.cover, PL_TRACE_CHOSE, i, &p->world.ran_last);
}

static void pick(struct sim_play *p, const struct pl_talk_line *l, enum sim_piece_kind kind) {
    const struct sim_piece *x = offered(p, kind, l->text);
    struct pl_buf b = {0};
    if (x && kind == SIM_CHOICE && x->b.n) {
        opened(p, x->id);
        row(p, SIM_ROW_SAME, l->source, PL_STR("> (a page opens)")); /* it sends nothing */
    } else if (x) {
        say(p, l, kind == SIM_CHOICE ? PL_ENGINE_SAID_CHOICE : PL_ENGINE_SAID_BUTTON, x->id, x->a);
    } else {
        list_offers(p, kind, &b);
        pl_sim__fail(p, "there is no such %s; %s%.*s", kind == SIM_CHOICE ? "choice" : "button",
                     b.n ? "these are offered: " : "none is offered", (int)b.n, b.n ? b.p : "");
    }
    pl_buf_free(&b);
}

/* ---- what the bot says ---- */

static const struct sim_piece *first_of(const struct sim_event *e, enum sim_piece_kind kind) {
    for (size_t i = 0; i < e->npieces; i++)
        if (e->pieces[i].kind == kind) return &e->pieces[i];
    return NULL;
}

static bool text_fits(struct sim_play *p, const struct pl_talk_line *l, const struct sim_event *e,
                      struct pl_str *why) {
    const struct sim_piece *x = first_of(e, SIM_TEXT);
    if (!l->has_text) return true;
    struct pl_str got = pl_sim__plain(&p->world.a, x ? x->a : PL_STR(""));
    if (pl_sim__same(&p->world.a, got, l->text)) return true;
    *why = pl_arena_printf(&p->world.a, "its text is \"%.*s\"", PL_STR_ARG(got));
    return false;
}

static bool contains(struct sim_play *p, const struct pl_talk_line *l, const struct sim_event *e) {
    struct pl_buf b = {0};
    struct pl_arena *a = &p->world.a;
    pl_sim__event_lines(a, e, &b);
    struct pl_str all = pl_locale_fold(p->project->tools, a, pl_buf_slice(&b));
    struct pl_str part = pl_locale_fold(p->project->tools, a, pl_sim__plain(a, l->text));
    bool found = pl_str_find(all, part) != SIZE_MAX;
    pl_buf_free(&b);
    return found;
}

/* Facts stand in the order of the talk, others may stand between them: *from is behind the last. */
static bool fact_fits(struct sim_play *p, const struct pl_talk_part *want,
                      const struct sim_event *e, size_t *from, struct pl_str *why) {
    struct pl_arena *a = &p->world.a;
    bool before = false;
    *why = pl_arena_printf(a, "it has no fact \"%.*s\"", PL_STR_ARG(want->label));
    for (size_t i = 0; i < e->npieces; i++) {
        const struct sim_piece *x = &e->pieces[i];
        if (x->kind != SIM_FACT || !pl_sim__same(a, x->a, want->label)) continue;
        if (pl_sim__same(a, x->b, want->value)) {
            before = i < *from;
            if (before) continue;
            *from = i + 1;
            return true;
        }
        struct pl_str got = pl_sim__plain(a, x->b);
        *why = pl_arena_printf(a, "its fact \"%.*s\" is \"%.*s\"", PL_STR_ARG(want->label),
                               PL_STR_ARG(got));
    }
    if (before)
        *why = pl_arena_printf(a, "its fact \"%.*s\" stands before the one above it here",
                               PL_STR_ARG(want->label));
    return false;
}

static bool options_fit(struct sim_play *p, const struct pl_talk_part *want,
                        const struct sim_event *e, struct pl_str *why) {
    struct pl_arena *a = &p->world.a;
    struct pl_buf b = {0};
    size_t n = 0;
    bool same = true;
    for (size_t i = 0; i < e->npieces; i++) {
        const struct sim_piece *x = &e->pieces[i];
        if (x->kind != SIM_CHOICE) continue;
        same = same && n < want->texts.n && pl_sim__same(a, x->a, want->texts.v[n]);
        pl_buf_printf(&b, "%s\"%.*s\"", n++ ? ", " : "", PL_STR_ARG(pl_sim__plain(a, x->a)));
    }
    if (n == 0)
        *why = PL_STR("it offers no options");
    else
        *why = pl_arena_printf(a, "its options are %.*s", (int)b.n, b.p);
    pl_buf_free(&b);
    return same && n == want->texts.n;
}

static bool parts_fit(struct sim_play *p, const struct pl_talk_line *l, const struct sim_event *e,
                      struct pl_str *why) {
    size_t from = 0;
    for (size_t i = 0; i < l->nparts; i++) {
        const struct pl_talk_part *want = &l->parts[i];
        if (want->options ? !options_fit(p, want, e, why) : !fact_fits(p, want, e, &from, why))
            return false;
    }
    return true;
}

/* Is this the message? near: it is but for its text or parts, and `why` says what differs. */
static bool is_awaited(struct sim_play *p, const struct pl_talk_line *l, const struct sim_event *e,
                       bool *near, struct pl_str *why) {
    *near = false;
    if (!pl_sim__is_bot(e)) return false;
    if (l->id.n ? !pl_sim__id_is(e->id, l->id) : !contains(p, l, e)) return false;
    *near = true;
    if (l->id.n && !text_fits(p, l, e, why)) return false;
    return parts_fit(p, l, e, why);
}

/* Where it comes, from the cursor on; SIZE_MAX when it does not, and `why` of the nearest. */
static size_t find_awaited(struct sim_play *p, const struct pl_talk_line *l, struct pl_str *why) {
    struct pl_str nearest = {0}, here = {0};
    p->nearest = SIZE_MAX;
    for (size_t i = p->shown; i < p->world.events.n; i++) {
        const struct sim_event *e = &p->world.events.v[i];
        bool near;
        if (is_awaited(p, l, e, &near, &here)) return i;
        if (near && nearest.n == 0) {
            nearest = here;
            p->nearest = i;
        }
        if (p->strict && pl_sim__is_bot(e)) {
            if (!near) nearest = pl_arena_printf(&p->world.a, "@%.*s came", PL_STR_ARG(e->id));
            break;
        }
    }
    *why = nearest;
    return SIZE_MAX;
}

static void bot(struct sim_play *p, const struct pl_talk_line *l) {
    struct pl_str why = {0};
    if (l->id.n && !pl_sim__knows_id(p, l->id)) return;
    size_t i = find_awaited(p, l, &why);
    if (i != SIZE_MAX) {
        pass_over(p, i);
        row(p, SIM_ROW_SAME, l->source, shown_as(p, &p->world.events.v[i]));
        p->shown = i + 1;
        return;
    }
    size_t n = p->world.events.n;
    if (why.n)
        pl_sim__fail(p, "%.*s", PL_STR_ARG(why));
    else
        pl_sim__fail(p, p->shown == n ? "the bot said nothing" : "the bot did not say it");
}

/* ---- after the last line ---- */

/* What the engine had to complain of explains a failure, and is of no interest otherwise. */
static void show_log(struct sim_play *p) {
    if (!p->logged) return;
    fflush(p->logged);
    struct pl_str text = pl_str_trim((struct pl_str){p->log_text, p->log_size});
    for (size_t i = 0; i < p->world.mistakes.n; i++)
        row(p, SIM_ROW_EXTRA, PL_STR(""),
            pl_arena_printf(&p->world.a, "! the flow made a mistake at %.*s",
                            PL_STR_ARG(p->world.mistakes.v[i])));
    if (text.n && p->world.mistakes.n == 0)
        row(p, SIM_ROW_EXTRA, PL_STR(""), pl_arena_str(&p->world.a, text));
}

static void compare_events(struct sim_play *p, const sim_events *again) {
    if (again->n != p->world.events.n) {
        pl_sim__fail(p, "read back from its journal, it has %zu events instead of %zu", again->n,
                     p->world.events.n);
        return;
    }
    for (size_t i = 0; i < again->n; i++) {
        const struct sim_event *x = &p->world.events.v[i], *y = &again->v[i];
        if (x->seq == y->seq && pl_str_eq(x->json, y->json)) continue;
        pl_sim__fail(p, "read back from its journal, event %llu is another",
                     (unsigned long long)x->seq);
        return;
    }
}

/* Everything of a conversation must come out of its journal again, with its snapshot and without.
 */
static void replay(struct sim_play *p) {
    sim_events again = {0};
    struct pl_engine *e = p->world.engine;
    enum pl_err err = pl_engine_again(e, p->world.conversation);
    pl_engine_forget(e, p->world.conversation); /* now from its snapshot and what follows it */
    p->world.to = &again;
    pl_sim__world_resume(&p->world);
    pl_loop_fake_advance(p->loop, 0);
    p->world.to = &p->world.events;
    uint64_t diverged = pl_counter_read(&pl_engine_counters(e)[PL_ENGINE_DIVERGED]);
    if (diverged)
        pl_sim__fail(p, "played again from its journal, %llu steps came out differently",
                     (unsigned long long)diverged);
    else if (err == PL_CONFLICT)
        pl_sim__fail(p, "played again from its journal, it came to another state");
    else if (err != PL_OK)
        pl_sim__fail(p, "it could not be played again from its journal: %s", pl_err_text(err));
    else if (p->world.refused.n)
        pl_sim__fail(p, "it could not be opened again: %.*s", PL_STR_ARG(p->world.refused));
    compare_events(p, &again);
    PL_VEC_FREE(&again);
    if (!p->failed) pl_sim__replay_check(p);
}

/* ---- the talk ---- */

static void line(struct sim_play *p, const struct pl_talk_line *l) {
    switch ((enum pl_talk_line_kind)l->kind) {
    case PL_TALK_LOCALE: break; /* the caller's */
    case PL_TALK_STRICT: p->strict = true; break;
    case PL_TALK_HOOK: stub(p, l); break;
    case PL_TALK_AT: at(p, l); break;
    case PL_TALK_AS: as(p, l); break;
    case PL_TALK_USER:
        rest(p);
        if (!p->failed) say(p, l, PL_ENGINE_SAID_TEXT, l->text, l->text);
        break;
    case PL_TALK_PICK:
    case PL_TALK_PRESS:
        rest(p);
        if (!p->failed) pick(p, l, l->kind == PL_TALK_PICK ? SIM_CHOICE : SIM_BUTTON);
        break;
    case PL_TALK_ADVANCE:
        row(p, SIM_ROW_SAME, l->source, PL_STR(""));
        if (l->ms > ADVANCE_MAX)
            pl_sim__fail(p, "that is more than a year ahead");
        else
            go_on(p, l->ms);
        break;
    case PL_TALK_EVENT:
        row(p, SIM_ROW_SAME, l->source, PL_STR(""));
        pl_sim__why_turn(&p->world);
        if (pl_sim__happen(p, l)) pump(p, 0);
        break;
    case PL_TALK_AGENT: agent(p, l); break;
    case PL_TALK_BOT: bot(p, l); break;
    case PL_TALK_RELOAD: reload(p, l); break;
    case PL_TALK_FORBID: pl_sim__forbid(p, l); break;
    case PL_TALK_EXPECT: pl_sim__expect(p, l); break;
    case PL_TALK_UPLOAD:
        rest(p);
        if (!p->failed)
            say(p, l, PL_ENGINE_SAID_UPLOAD, pl_sim__upload(p, l->text),
                pl_arena_printf(&p->world.a, "(file) %.*s", PL_STR_ARG(l->text)));
        break;
    case PL_TALK_MODEL:
    case PL_TALK_MODEL_DOWN:
    case PL_TALK_MODEL_REFUSES: pl_sim__models_say(&p->models, l); break;
    case PL_TALK_MODEL_CALLS: model_calls(p, l); break;
    case PL_TALK_CASSETTE: cassette(p, l); break;
    }
}

static bool is_setup(const struct pl_talk_line *l) {
    return l->kind == PL_TALK_LOCALE || l->kind == PL_TALK_AS || l->kind == PL_TALK_STRICT ||
           l->kind == PL_TALK_HOOK || l->kind == PL_TALK_AT || l->kind == PL_TALK_MODEL ||
           l->kind == PL_TALK_MODEL_DOWN || l->kind == PL_TALK_MODEL_REFUSES ||
           l->kind == PL_TALK_MODEL_CALLS || l->kind == PL_TALK_CASSETTE;
}

/* The row that was awaited stands beside the message that came nearest to it. */
static void failed(struct sim_play *p) {
    struct pl_str got = {0};
    if (p->nearest < p->world.events.n && p->nearest >= p->shown) {
        pass_over(p, p->nearest);
        got = shown_as(p, &p->world.events.v[p->shown++]);
    }
    struct sim_row *last = p->rows.n ? &p->rows.v[p->rows.n - 1] : NULL;
    if (last && p->awaited.n && last->expected.p == p->awaited.p) /* the customer's own line */
        last->kind = SIM_ROW_AWAITED;
    else
        row(p, SIM_ROW_AWAITED, p->awaited, got);
    pass_over(p, p->world.events.n);
    show_log(p);
    for (size_t i = 0; i < p->world.said.n; i++) PL_PUSH(&p->reasons, p->world.said.v[i]);
    if (p->world.now.n)
        PL_PUSH(&p->reasons, ((struct pl_sim_reason){PL_STR("waits"), p->world.now}));
}

void pl_sim__play_line(struct sim_play *p, const struct pl_talk_line *l) {
    p->at = l;
    if (!p->begun && !is_setup(l)) pl_sim__play_begin(p);
    if (!p->failed) line(p, l);
}

static void play_lines(struct sim_play *p) {
    for (size_t i = 0; i < p->talk->talk.nlines && !p->failed; i++)
        pl_sim__play_line(p, &p->talk->talk.lines[i]);
    if (!p->failed && !p->begun) pl_sim__play_begin(p);
    if (p->failed) {
        failed(p);
        return;
    }
    p->at = NULL;
    rest(p);
    save_cassette(p);
    if (!p->failed) check_unsaid(p);
    if (!p->failed && !p->project->test->no_replay) replay(p);
}

void pl_sim__play_open(struct sim_play *p, struct sim_project *project, const struct sim_talk *talk,
                       struct pl_str locale) {
    *p = (struct sim_play){.project = project, .talk = talk, .locale = locale};
    pl_arena_init(&p->world.a, 0);
    p->image = project->build.image;
    p->shop.a = &p->world.a;
    p->shop.tools = project->tools;
    p->types = (struct sim_types){&p->world.a, pl_image_program(p->image), project->tools};
    p->world.types = &p->types;
    p->world.cover = project->cover.bytes ? &project->cover : NULL;
    p->nearest = SIZE_MAX;
    pl_sim__time(&p->types, PL_STR("2026-11-24 10:00"), &p->start_ms);
}

void pl_sim__play(struct sim_play *p, struct sim_project *project, const struct sim_talk *talk,
                  struct pl_str locale) {
    pl_sim__play_open(p, project, talk, locale);
    for (size_t i = 0; i < talk->talk.nlines && !p->at; i++)
        if (talk->talk.lines[i].kind == PL_TALK_LOCALE) p->at = &talk->talk.lines[i];
    if (pl_image_locale(p->image, locale) == PL_NOWHERE)
        pl_sim__fail(p, "%.*s is none of the assistant's locales", PL_STR_ARG(locale));
    else
        play_lines(p);
}

void pl_sim__play_free(struct sim_play *p) {
    pl_engine_destroy(&p->world.engine);
    pl_sim__models_close(&p->models);
    pl_sim__world_close(&p->world);
    if (p->loop) pl_loop_destroy(&p->loop);
    if (p->logged) fclose(p->logged);
    free(p->log_text);
    pl_sim__shop_free(&p->shop);
    PL_VEC_FREE(&p->rows);
    PL_VEC_FREE(&p->reasons);
    pl_sim__keys_clear(&p->project->keys);
}
