/* SPDX-License-Identifier: Apache-2.0
 *
 * `expect` and `forbid`: what must hold of the conversation up to their line.
 */
#include <string.h>

#include "tools/sim/sim_priv.h"

/* ---- goals and ends ---- */

static struct pl_str joined(struct pl_arena *a, const sim_names *names, const char *none) {
    struct pl_buf b = {0};
    for (size_t i = 0; i < names->n; i++)
        pl_buf_printf(&b, "%s%.*s", i ? ", " : "", PL_STR_ARG(names->v[i]));
    if (names->n == 0) pl_buf_c(&b, none);
    struct pl_str s = pl_arena_str(a, pl_buf_slice(&b));
    pl_buf_free(&b);
    return s;
}

static void goal(struct sim_play *p, const struct pl_talk_line *l) {
    for (size_t i = 0; i < p->world.goals.n; i++)
        if (pl_str_eq(p->world.goals.v[i], l->name)) return;
    struct pl_str got = joined(&p->world.a, &p->world.goals, "none");
    pl_sim__fail(p, "goals reached: %.*s", PL_STR_ARG(got));
}

static void mark(struct sim_play *p, const struct pl_talk_line *l) {
    const sim_names *marks = &p->world.marks;
    for (size_t i = 0; i < marks->n; i++)
        if (pl_str_eq(marks->v[i], l->name)) return;
    struct pl_str got = joined(&p->world.a, marks, "none");
    pl_sim__fail(p, "marks passed: %.*s", PL_STR_ARG(got));
}

/* Some note has these words in it, in whatever case. */
static void note(struct sim_play *p, const struct pl_talk_line *l) {
    struct pl_arena *a = &p->world.a;
    struct pl_str part = pl_locale_fold(p->project->tools, a, pl_sim__plain(a, l->text));
    for (size_t i = 0; i < p->world.notes.n; i++) {
        struct pl_str one = pl_sim__plain(a, p->world.notes.v[i]);
        if (pl_str_find(pl_locale_fold(p->project->tools, a, one), part) != SIZE_MAX) return;
    }
    struct pl_str got = joined(a, &p->world.notes, "none");
    pl_sim__fail(p, "notes for the agent: %.*s", PL_STR_ARG(got));
}

static bool track_fits(struct sim_play *p, const struct pl_talk_line *l,
                       const struct sim_track *t) {
    if (!pl_str_eq(t->name, l->name)) return false;
    if (!l->has_args) return true;
    bool same = l->args.n == t->nargs;
    for (uint32_t i = 0; same && i < t->nargs; i++)
        same = pl_sim__value_is(&p->types, &l->args.v[i], t->args[i]);
    return same;
}

static void track(struct sim_play *p, const struct pl_talk_line *l) {
    struct pl_buf b = {0};
    for (size_t i = 0; i < p->world.tracks.n; i++) {
        const struct sim_track *t = &p->world.tracks.v[i];
        if (track_fits(p, l, t)) {
            pl_buf_free(&b);
            return;
        }
        pl_buf_printf(&b, "%s%.*s(", i ? "; " : "", PL_STR_ARG(t->name));
        for (uint32_t k = 0; k < t->nargs; k++) {
            if (k) pl_buf_c(&b, ", ");
            pl_sim__print(&p->types, &b, t->args[k]);
        }
        pl_buf_byte(&b, ')');
    }
    pl_sim__fail(p, "tracked: %.*s", b.n ? (int)b.n : 7, b.n ? b.p : "nothing");
    pl_buf_free(&b);
}

static void end(struct sim_play *p, const struct pl_talk_line *l) {
    const sim_names *ends = &p->world.ends;
    struct pl_str last = ends->n ? ends->v[ends->n - 1] : PL_STR("not at all");
    if (!pl_str_eq(last, l->name)) pl_sim__fail(p, "it ended %.*s", PL_STR_ARG(last));
}

static void direction(struct sim_play *p, const struct pl_talk_line *l) {
    const char *got = p->world.rtl ? "rtl" : "ltr";
    if (!pl_str_is(l->name, got)) pl_sim__fail(p, "the direction is %s", got);
}

/* ---- hooks ---- */

static void hook(struct sim_play *p, const struct pl_talk_line *l) {
    uint32_t want = l->expect == PL_TALK_HOOK_ONCE ? 1 : 0;
    if (!pl_sim__knows_hook(p, l->name)) return;
    uint32_t got = pl_sim__shop_count(&p->shop, l->name);
    if (got == want) return;
    if (got == 0)
        pl_sim__fail(p, "%.*s was not called", PL_STR_ARG(l->name));
    else
        pl_sim__fail(p, "%.*s was called %u time%s", PL_STR_ARG(l->name), got, got == 1 ? "" : "s");
}

/* ---- slots ---- */

static struct pl_str bare(struct pl_str name) {
    for (size_t i = 0; i < name.n; i++)
        if (name.p[i] == '.') return (struct pl_str){name.p + i + 1, name.n - i - 1};
    return name;
}

/* Names of scopes' slots may be written with or without the scope in the table. */
static const struct pl_p_slot *find_slot(const struct pl_p_slot *v, uint32_t n,
                                         struct pl_str name) {
    for (uint32_t i = 0; i < n; i++)
        if (pl_str_eq(v[i].name, name) || pl_str_eq(v[i].name, bare(name))) return &v[i];
    return NULL;
}

/* The slot's declaration: of a scope, or the first flow's that has such a local. */
static const struct pl_p_slot *declared(const struct pl_program *g, struct pl_str name) {
    const struct pl_p_slot *s = NULL;
    if (pl_str_starts(name, PL_STR("session."))) return find_slot(g->session, g->nsession, name);
    if (pl_str_starts(name, PL_STR("customer."))) return find_slot(g->customer, g->ncustomer, name);
    for (uint32_t i = 0; i < g->nflows && !s; i++)
        s = find_slot(g->flows[i].slots, g->flows[i].nslots, name);
    return s;
}

static void slot(struct sim_play *p, const struct pl_talk_line *l) {
    const struct pl_p_slot *s = declared(p->types.program, l->name);
    struct pl_value want = PL_NONE;
    struct pl_str why;
    if (!s) {
        pl_sim__fail(p, "there is no slot %.*s", PL_STR_ARG(l->name));
        return;
    }
    if (l->expect == PL_TALK_SLOT_IS &&
        !pl_sim__value(&p->types, s->type, &l->value, &want, &why)) {
        pl_sim__fail(p, "%.*s", PL_STR_ARG(why));
        return;
    }
    struct pl_value got =
        pl_engine_slot(p->world.engine, p->world.conversation, &p->world.a, l->name);
    if (pl_value_eq(got, want)) return;
    struct pl_buf b = {0};
    pl_sim__print(&p->types, &b, got);
    pl_sim__fail(p, "it is %.*s", (int)b.n, b.p);
    pl_buf_free(&b);
}

/* ---- hand-overs ---- */

static const char *const modes[] = {"now", "offer", "callback", "message"};

static bool fits(const struct pl_talk_line *l, const struct sim_handoff *h) {
    if (!l->any_handoff && l->handoff != h->mode) return false;
    return (!l->queue.n || pl_str_eq(l->queue, h->queue)) &&
           (!l->priority.n || pl_str_eq(l->priority, h->priority)) &&
           (!l->rule.n || pl_str_eq(l->rule, h->rule));
}

static void handoff(struct sim_play *p, const struct pl_talk_line *l) {
    const struct sim_world *w = &p->world;
    struct pl_buf b = {0};
    for (size_t i = 0; i < w->handoffs.n; i++) {
        const struct sim_handoff *h = &w->handoffs.v[i];
        if (fits(l, h)) {
            pl_buf_free(&b);
            return;
        }
        pl_buf_printf(&b, "%shandoff %s", i ? "; " : "", modes[h->mode % PL_LEN(modes)]);
        if (h->queue.n) pl_buf_printf(&b, " to %.*s", PL_STR_ARG(h->queue));
        if (h->priority.n) pl_buf_printf(&b, " priority %.*s", PL_STR_ARG(h->priority));
        if (h->rule.n) pl_buf_printf(&b, " by %.*s", PL_STR_ARG(h->rule));
    }
    if (b.n)
        pl_sim__fail(p, "there was %.*s", (int)b.n, b.p);
    else
        pl_sim__fail(p, "there was no hand-over");
    pl_buf_free(&b);
}

static uint64_t number_of(const struct pl_json *row) {
    struct pl_engine_done d;
    return pl_engine_done_read(pl_json_text(row, "id"), &d) ? d.number : 0;
}

/* The conversation's last hand-over as an operator's list has it. */
static const struct pl_json *waiting(struct sim_play *p, struct pl_json *all) {
    struct pl_buf b = {0};
    struct pl_arena *a = &p->world.a;
    char id[33];
    size_t at;
    pl_hex(p->world.conversation, 16, id);
    char next[PL_ENGINE_CURSOR];
    enum pl_err err = pl_engine_queue(p->world.engine, PL_ENGINE_PAGE, PL_STR(""), &b, next);
    struct pl_str text = pl_arena_str(a, pl_buf_slice(&b));
    pl_buf_free(&b);
    if (err != PL_OK || pl_json_parse(a, text, all, &at) != PL_OK) return NULL;
    const struct pl_json *last = NULL;
    for (size_t i = 0; i < all->n; i++) {
        const struct pl_json *row = &all->m[i].value;
        if (!pl_str_is(pl_json_text(row, "conversation"), id)) continue;
        if (!last || number_of(row) > number_of(last)) last = row;
    }
    return last;
}

static const struct pl_json *member(const struct pl_json *object, struct pl_str name) {
    for (size_t i = 0; object && i < object->n; i++)
        if (pl_str_eq(object->m[i].name, name)) return &object->m[i].value;
    return NULL;
}

/* transcript: what was said; customer, session: the profile, known or not; else a slot. */
static bool carries(const struct pl_json *row, struct pl_str name) {
    const struct pl_json *slots = pl_json_get(row, "slots"), *said = pl_json_get(row, "transcript");
    if (pl_str_is(name, "transcript")) return said && said->n;
    if (pl_str_is(name, "customer") || pl_str_is(name, "session")) return slots != NULL;
    return member(slots, name) || (bare(name).p != name.p && member(slots, bare(name)));
}

static void handoff_carries(struct sim_play *p, const struct pl_talk_line *l) {
    struct pl_json all;
    const struct pl_json *row = waiting(p, &all);
    if (!row) {
        pl_sim__fail(p, "nobody waits for a person");
        return;
    }
    for (size_t i = 0; i < l->ncarries; i++) {
        const struct pl_talk_carried *c = &l->carries[i];
        if (c->optional || carries(row, c->name)) continue;
        pl_sim__fail(p, "it does not carry %.*s", PL_STR_ARG(c->name));
    }
}

/* ---- the table ---- */

static void no_model_calls(struct sim_play *p, const struct pl_talk_line *l) {
    (void)l;
    if (p->models.nasked) pl_sim__fail(p, "the model was asked %u times", p->models.nasked);
}

void pl_sim__expect(struct sim_play *p, const struct pl_talk_line *l) {
    static void (*const table[])(struct sim_play *, const struct pl_talk_line *) = {
        [PL_TALK_GOAL] = goal,
        [PL_TALK_END] = end,
        [PL_TALK_NO_MODEL_CALLS] = no_model_calls,
        [PL_TALK_DIRECTION] = direction,
        [PL_TALK_HOOK_ONCE] = hook,
        [PL_TALK_HOOK_NEVER] = hook,
        [PL_TALK_SLOT_IS] = slot,
        [PL_TALK_SLOT_EMPTY] = slot,
        [PL_TALK_HANDOFF] = handoff,
        [PL_TALK_HANDOFF_CARRIES] = handoff_carries,
        [PL_TALK_MARK] = mark,
        [PL_TALK_NOTE] = note,
        [PL_TALK_TRACK] = track,
    };
    table[l->expect](p, l);
}

/* ---- forbid ---- */

static bool shows(struct sim_play *p, const struct sim_event *e, struct pl_str text) {
    struct pl_buf b = {0};
    pl_sim__event_lines(&p->world.a, e, &b);
    bool found = pl_str_find(pl_buf_slice(&b), pl_sim__plain(&p->world.a, text)) != SIZE_MAX;
    pl_buf_free(&b);
    return found;
}

/* Whoever says it: a card number must not come back in the customer's own line either. */
void pl_sim__forbid(struct sim_play *p, const struct pl_talk_line *l) {
    if (l->name.n && pl_sim__knows_hook(p, l->name) && pl_sim__shop_count(&p->shop, l->name))
        pl_sim__fail(p, "%.*s was called", PL_STR_ARG(l->name));
    if (l->id.n && !pl_sim__knows_id(p, l->id)) return;
    for (size_t i = 0; i < p->world.events.n && !p->failed; i++) {
        const struct sim_event *e = &p->world.events.v[i];
        if (l->id.n && pl_sim__is_bot(e) && pl_sim__id_is(e->id, l->id))
            pl_sim__fail(p, "the bot said @%.*s", PL_STR_ARG(e->id));
        if (l->has_text && shows(p, e, l->text)) pl_sim__fail(p, "it was shown");
    }
}
