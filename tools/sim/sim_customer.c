/* SPDX-License-Identifier: Apache-2.0
 *
 * A made-up customer, and the shop that answers him: both follow from his seed.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/sim/sim_explore_priv.h"

#define LINES_LEAST 6
#define LINES_MORE  18
#define SILENT_MS   1800000

/* Some answer whatever is asked, some are like people, some do one thing over and over. */
enum manner { DUTIFUL, ORDINARY, GARBLED, GONE, TWICE };

/* ---- the shop ---- */

/* What is in the answer under an argument's name is what was asked for. */
static void agree(struct pl_value *v, const struct pl_p_hook *hook,
                  const struct pl_engine_call *call) {
    for (uint32_t i = 0; v->kind == PL_KIND_RECORD && i < v->rec.n; i++) {
        struct pl_field *f = (struct pl_field *)(uintptr_t)&v->rec.f[i];
        for (uint32_t k = 0; k < hook->nparams; k++)
            if (pl_str_eq(hook->params[k].name, f->name) && call->args[k].kind == f->value.kind)
                f->value = call->args[k];
    }
}

static void fail_somehow(struct sim_answer *x, const struct pl_p_hook *hook, uint64_t *random) {
    uint32_t more = hook->effect == PL_CLASS_WRITE_ONCE ? 2 : hook->effect == PL_CLASS_READ;
    uint32_t which = pl_sim__below(random, hook->nfails + more);
    x->outcome = PL_OUTCOME_FAILED;
    if (which < hook->nfails)
        snprintf(x->failure, sizeof x->failure, "%.*s", PL_STR_ARG(hook->fails[which]));
    else
        x->outcome = which == hook->nfails ? PL_OUTCOME_UNAVAILABLE : PL_OUTCOME_UNCONFIRMED;
}

/* The same call gets the same answer of this customer's shop, whenever it comes. */
static uint64_t guess_call(void *ctx, const struct pl_engine_call *call) {
    struct sim_customer *c = ctx;
    const struct pl_p_hook *hook = &c->guess->program->hooks[call->hook];
    struct sim_answer *x = pl_sim__answer_to(call, PL_OUTCOME_OK);
    struct pl_buf b = {0};
    pl_buf_var(&b, c->seed);
    pl_buf_text(&b, hook->name);
    for (uint32_t i = 0; i < call->nargs; i++) pl_value_write(&b, call->args[i]);
    uint64_t random = pl_fnv(PL_FNV, b.p, b.n);
    pl_buf_free(&b);
    bool list = pl_sim__is_list(c->guess->program, call->hook);
    if (!list && pl_sim__below(&random, 10) < 3 &&
        (hook->nfails || hook->effect != PL_CLASS_PURE)) {
        fail_somehow(x, hook, &random);
    } else {
        struct pl_value v = pl_sim__guess_value(c->guess, &random, &c->live.a, hook->result, 0);
        agree(&v, hook, call);
        if (hook->result.kind != PL_KIND_NONE) pl_value_write(&x->value, v);
    }
    pl_loop_post(call->loop, &x->post);
    return 0;
}

/* Half of the shops know what the project's talks say; what they do not, they make up. */
static uint64_t shop_call(void *ctx, const struct pl_engine_call *call) {
    struct sim_customer *c = ctx;
    const struct pl_engine_hooks *talks = &c->guess->doors;
    bool knows = c->seed % 2 && pl_sim__shop_knows(&c->guess->examples, call);
    return knows ? talks->call(talks->ctx, call) : guess_call(c, call);
}

/* ---- what he does ---- */

static bool chance(struct sim_customer *c, uint32_t percent) {
    return pl_sim__below(&c->random, 100) < percent;
}

static bool take(struct sim_customer *c, const char *word, struct pl_str text) {
    struct pl_buf b = {0};
    pl_buf_printf(&b, "%s ", word);
    pl_sim__quote(&b, text);
    bool good = pl_sim__customer_do(c, pl_buf_slice(&b));
    pl_buf_free(&b);
    return good;
}

static void say(struct sim_customer *c, struct pl_str text) {
    if (text.n == 0) text = PL_STR("hello");
    c->last = pl_arena_str(&c->live.a, text);
    take(c, "user", text);
}

/* One of the options that the last message offers, by its label; no page that opens. */
static bool pick_some(struct sim_customer *c, enum sim_piece_kind kind) {
    const struct sim_world *w = &c->live.play.world;
    const struct sim_piece *v[64];
    uint32_t n = 0;
    for (size_t i = w->events.n; i > 0 && n == 0; i--) {
        const struct sim_event *e = &w->events.v[i - 1];
        if (pl_str_is(e->from, "customer") && kind == SIM_CHOICE) break;
        for (size_t k = 0; k < e->npieces && n < PL_LEN(v); k++)
            if (e->pieces[k].kind == kind && !e->pieces[k].b.n) v[n++] = &e->pieces[k];
    }
    if (n == 0) return false;
    const struct sim_piece *x = v[pl_sim__below(&c->random, n)];
    struct pl_str label = pl_sim__plain(&c->live.a, x->a);
    c->last = label;
    if (kind == SIM_BUTTON) return take(c, "press", label);
    if (chance(c, 15)) return take(c, "user", label);
    return take(c, "pick", label);
}

static void answer(struct sim_customer *c) {
    const struct pl_program *p = c->guess->program;
    const struct pl_p_wait *w = &p->waits[c->watch.wait];
    static const char *const files[] = {"photo.png", "bill.pdf", "photo.jpg"};
    if (pick_some(c, SIM_CHOICE)) return;
    if (w->kind == PL_WAIT_CONFIRM)
        say(c, chance(c, 70) ? PL_STR("yes") : PL_STR("no"));
    else if (w->kind == PL_WAIT_ASK && w->type.kind == PL_KIND_FILE)
        take(c, "upload", pl_str_c(files[pl_sim__below(&c->random, PL_LEN(files))]));
    else if (w->kind == PL_WAIT_ASK)
        say(c, pl_sim__guess_words(c->guess, &c->random, &c->live.a, w->type));
    else
        say(c, PL_STR("the first one"));
}

/* A phrase of some intent, those of the project's and of commands alike; or of a trigger. */
static void begin_something(struct sim_customer *c) {
    const struct pl_program *p = c->guess->program;
    for (int i = 0; i < 8; i++) {
        const struct pl_p_trigger *t = &p->triggers[pl_sim__below(&c->random, p->ntriggers)];
        struct pl_str phrase = PL_STR("");
        if (t->kind == PL_ON_INTENT)
            phrase = pl_sim__guess_phrase(c->guess, &c->random, &c->live.a, t->arg);
        const struct pl_p_mention *m = t->kind == PL_ON_SAYS ? &p->mentions[t->arg] : NULL;
        if (m && m->n) phrase = m->words[pl_sim__below(&c->random, m->n)].phrase;
        if (!phrase.n) continue;
        say(c, phrase);
        return;
    }
    say(c, PL_STR("hello"));
}

static void command(struct sim_customer *c, const char *name) {
    uint32_t intent = pl_image_intent(c->guess->project->build.image, pl_str_c(name));
    if (intent == PL_NOWHERE) return;
    say(c, pl_sim__guess_phrase(c->guess, &c->random, &c->live.a, intent));
}

static void correct(struct sim_customer *c) {
    const struct pl_program *p = c->guess->program;
    const struct pl_p_wait *w = &p->waits[pl_sim__below(&c->random, p->nwaits)];
    if (w->kind != PL_WAIT_ASK) return;
    struct pl_str v = pl_sim__guess_words(c->guess, &c->random, &c->live.a, w->type);
    say(c, pl_arena_printf(&c->live.a, "no wait, %.*s", PL_STR_ARG(v)));
}

static void be_silent(struct sim_customer *c) {
    struct pl_clock clock = pl_loop_clock(c->live.play.loop);
    int64_t ms = c->watch.deadline_ms - clock.wall_ms(clock.ctx);
    if (ms <= 0 || ms > INT64_C(40) * 86400000) ms = SILENT_MS;
    ms = (ms + 999) / 1000; /* seconds */
    pl_sim__customer_do(c, pl_arena_printf(&c->live.a, "advance %llds", (long long)ms));
}

static void say_again(struct sim_customer *c) {
    struct pl_str last = c->last;
    if (last.n) say(c, last);
}

static void disturb(struct sim_customer *c) {
    static const char *const commands[] = {"cancel", "speak_to_human", "repeat",
                                           "back",   "skip",           "restart"};
    switch (pl_sim__below(&c->random, 7)) {
    case 0: command(c, commands[pl_sim__below(&c->random, PL_LEN(commands))]); break;
    case 1: command(c, commands[pl_sim__below(&c->random, 2)]); break;
    case 2: correct(c); break;
    case 3: begin_something(c); break;
    case 4: be_silent(c); break;
    case 5: say(c, PL_STR("qwzx vbnm")); break;
    default: say_again(c); break;
    }
}

/* What the shop sends, when somebody waits for it. */
static void send_event(struct sim_customer *c) {
    const struct pl_program *p = c->guess->program;
    const struct pl_p_event *e = &p->events[pl_sim__below(&c->random, p->nevents)];
    struct sim_types t = {&c->live.a, p, c->guess->project->tools};
    struct pl_buf b = {0};
    if (p->nevents == 0) return;
    pl_buf_printf(&b, "event %.*s(", PL_STR_ARG(e->name));
    for (uint32_t i = 0; i < e->nparams; i++) {
        if (i) pl_buf_c(&b, ", ");
        pl_sim__print(&t, &b,
                      pl_sim__guess_value(c->guess, &c->random, &c->live.a, e->params[i].type, 0));
    }
    pl_buf_byte(&b, ')');
    pl_sim__customer_do(c, pl_buf_slice(&b));
    pl_buf_free(&b);
}

static void between_flows(struct sim_customer *c) {
    if (chance(c, 25) && pick_some(c, SIM_BUTTON)) return;
    if (chance(c, 5))
        send_event(c);
    else
        begin_something(c);
}

static void do_something(struct sim_customer *c) {
    bool asked = c->watch.mode == PL_VM_ASKING;
    if (asked && c->manner == GARBLED && chance(c, 85))
        say(c, PL_STR("qwzx vbnm"));
    else if (asked && c->manner == GONE && chance(c, 90))
        be_silent(c);
    else if (c->manner == TWICE && chance(c, 40) && c->last.n)
        say_again(c);
    else if (c->manner != DUTIFUL && chance(c, 30))
        disturb(c);
    else if (asked)
        answer(c);
    else if (c->watch.mode == PL_VM_SLEEPING && chance(c, 60))
        be_silent(c);
    else if (c->watch.mode == PL_VM_SLEEPING)
        send_event(c);
    else if (c->manner == GONE && chance(c, 60))
        be_silent(c);
    else
        between_flows(c);
}

bool pl_sim__customer_do(struct sim_customer *c, struct pl_str line) {
    struct sim_world *world = &c->live.play.world;
    struct sim_before before = pl_sim__finder_before(&c->watch, world);
    bool good = pl_sim__live_do(&c->live, line);
    if (good) pl_sim__finder_turn(&c->watch, world, &before, c->live.play.at);
    return good;
}

void pl_sim__customer_talk(struct sim_customer *c) {
    uint32_t lines = LINES_LEAST + pl_sim__below(&c->random, LINES_MORE);
    for (uint32_t i = 0; i < lines && c->watch.mode != PL_VM_CLOSED; i++) {
        if (c->watch.mode == PL_VM_WITH_AGENT && !pl_sim__customer_do(c, PL_STR("agent back")))
            return;
        do_something(c);
    }
}

/* ---- coming and going ---- */

static enum manner manner_of(uint64_t *random) {
    static const uint8_t manners[] = {DUTIFUL,  DUTIFUL,  DUTIFUL, DUTIFUL, ORDINARY, ORDINARY,
                                      ORDINARY, ORDINARY, GARBLED, GONE,    TWICE};
    return manners[pl_sim__below(random, PL_LEN(manners))];
}

void pl_sim__customer_open(struct sim_customer *c, const struct sim_guess *g, uint64_t seed,
                           const struct sim_target *targets, size_t ntargets) {
    static const char *const when[] = {"2026-11-22 11:00", "2026-11-24 23:30", "2026-12-25 10:00",
                                       "2027-02-26 17:59"};
    static const char *const who[] = {"known", "verified"};
    struct pl_str setup[2];
    size_t n = 0;
    *c = (struct sim_customer){.guess = g, .seed = seed, .random = seed};
    pl_arena_init(&c->live.a, 0);
    c->doors = (struct pl_engine_hooks){.ctx = c, .call = shop_call};
    c->live.project = g->project;
    c->live.shop = &c->doors;
    c->live.locale = g->program->source_locale;
    c->live.talk = (struct sim_talk){.talk = {.name = PL_STR("live")}, .folder = PL_STR(".")};
    pl_sim__finder_open(&c->watch, &c->live.a, g->project->build.image);
    c->watch.targets = targets;
    c->watch.ntargets = ntargets;
    for (size_t i = 0; i < ntargets; i++)
        if (targets[i].at == PL_NOWHERE) PL_PUSH(&c->watch.found, targets[i].finding);
    c->live.watch = &c->watch;
    c->manner = (uint8_t)manner_of(&c->random);
    if (chance(c, 30))
        setup[n++] =
            pl_arena_printf(&c->live.a, "at \"%s\"", when[pl_sim__below(&c->random, PL_LEN(when))]);
    if (chance(c, 40))
        setup[n++] =
            pl_arena_printf(&c->live.a, "as %s", who[pl_sim__below(&c->random, PL_LEN(who))]);
    pl_sim__live_open(&c->live, setup, n);
}

void pl_sim__customer_close(struct sim_customer *c) {
    pl_sim__live_close(&c->live);
    pl_sim__finder_close(&c->watch);
    pl_arena_free(&c->live.a);
}
