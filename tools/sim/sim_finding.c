/* SPDX-License-Identifier: Apache-2.0
 *
 * Looks on while a conversation goes on, and says what is wrong with it. It knows the lines of the
 * talk and what the engine did, nothing of why the customer wrote them: so a talk that is played
 * from its text shows the same.
 */
#include <string.h>

#include "tools/sim/sim_explore_priv.h"

#define MISSES   8 /* useless messages in a row to one question */
#define RETURNS  6 /* times that an answered question comes back with nothing else learnt */
#define SILENCES 6 /* times that the bot speaks up in a row */

static const struct {
    const char *class, *word, *meaning;
} kinds[] = {
#define FINDING(name, class, word, meaning) {class, word, meaning},
#include "tools/sim/finding.def"
#undef FINDING
};

bool pl_sim__finding_same(const struct sim_finding *x, const struct sim_finding *y) {
    return x->kind == y->kind && x->line == y->line && pl_str_eq(x->file, y->file) &&
           pl_str_eq(x->what, y->what);
}

void pl_sim__finding_print(struct pl_buf *b, const struct sim_finding *f) {
    pl_buf_printf(b, "%.*s:%u: %s: %s (%.*s)", PL_STR_ARG(f->file), f->line, kinds[f->kind].class,
                  kinds[f->kind].meaning, PL_STR_ARG(f->what));
}

void pl_sim__finder_open(struct sim_finder *w, struct pl_arena *a, struct pl_image *image) {
    *w = (struct sim_finder){.a = a, .image = image, .flow = PL_NOWHERE, .wait = PL_NOWHERE};
    w->missed = w->answered = PL_NOWHERE;
}

void pl_sim__finder_close(struct sim_finder *w) {
    PL_VEC_FREE(&w->found);
    PL_VEC_FREE(&w->seen);
}

/* ---- findings ---- */

static void add(struct sim_finder *w, struct sim_finding f) {
    for (size_t i = 0; i < w->found.n; i++)
        if (pl_sim__finding_same(&w->found.v[i], &f)) return;
    PL_PUSH(&w->found, f);
}

static void found(struct sim_finder *w, enum sim_finding_kind kind, uint32_t at,
                  struct pl_str what) {
    struct sim_finding f = {.kind = (uint8_t)kind, .what = pl_arena_str(w->a, what)};
    pl_image_line(w->image, at, &f.file, &f.line);
    add(w, f);
}

static void found_at(struct sim_finder *w, enum sim_finding_kind kind, uint32_t flow,
                     uint32_t wait) {
    const struct pl_program *p = pl_image_program(w->image);
    if (wait < p->nwaits)
        found(w, kind, p->waits[wait].at,
              pl_arena_printf(w->a, "@%.*s", PL_STR_ARG(p->waits[wait].id)));
    else if (flow < p->nflows)
        found(w, kind, p->flows[flow].entry, p->flows[flow].name);
    else
        found(w, kind, p->flows[p->start].entry, PL_STR("between flows"));
}

/* ---- placeholders that print nothing ---- */

static bool is_nothing(struct pl_value v) {
    bool text = v.kind == PL_KIND_TEXT || v.kind == PL_KIND_EMAIL || v.kind == PL_KIND_PHONE ||
                v.kind == PL_KIND_URL;
    return v.kind == PL_KIND_NONE || (text && v.s.n == 0) ||
           (v.kind == PL_KIND_LIST && v.list.n == 0);
}

/* What stands inside of plurals and selections is theirs to decide. */
static bool prints_nothing(const struct pl_image *image, const struct pl_vm_text *t) {
    struct pl_reader r = pl_reader_of(pl_image_text(image, t->text, 0));
    while (!r.bad && pl_read_left(&r)) {
        uint8_t op = (uint8_t)pl_read_u8(&r);
        if (op == PL_MSG_TEXT) {
            pl_read_text(&r);
        } else if (op == PL_MSG_ARG) {
            uint64_t arg = pl_read_var(&r);
            pl_read_var(&r);
            if (!r.bad && arg < t->nargs && is_nothing(t->args[arg])) return true;
        } else if (op == PL_MSG_PLURAL || op == PL_MSG_ORDINAL || op == PL_MSG_SELECT) {
            pl_read_var(&r);
            uint64_t n = pl_read_var(&r);
            for (uint64_t i = 0; i < n && !r.bad; i++) {
                if (op == PL_MSG_SELECT)
                    pl_read_text(&r);
                else
                    pl_read_var(&r);
                pl_read_text(&r);
            }
        }
    }
    return false;
}

static void look_at_text(struct sim_finder *w, const struct pl_vm_text *t, uint32_t at) {
    const struct pl_program *p = pl_image_program(w->image);
    if (t->text >= p->ntexts || !prints_nothing(w->image, t)) return;
    found(w, SIM_FOUND_UNSET, at, pl_arena_printf(w->a, "@%.*s", PL_STR_ARG(p->texts[t->text].id)));
}

static void look_at_parts(struct sim_finder *w, const struct pl_vm_part *v, uint32_t n,
                          uint32_t at) {
    for (uint32_t i = 0; i < n; i++) {
        look_at_text(w, &v[i].a, at);
        look_at_text(w, &v[i].b, at);
        look_at_parts(w, v[i].parts, v[i].nparts, at);
    }
}

/* ---- while it happens ---- */

static void effect(struct sim_finder *w, const struct pl_program *p, const struct pl_vm_effect *v) {
    bool offers = v->flow == p->prelude[PL_PRELUDE_AGENT_UNAVAILABLE] ||
                  v->flow == p->prelude[PL_PRELUDE_OFFER_PERSON];
    switch ((enum pl_vm_effect_kind)v->kind) {
    case PL_EFFECT_SAY:
        look_at_parts(w, v->say.parts, v->say.nparts, v->at);
        for (uint32_t i = 0; i < v->say.nchoices; i++)
            look_at_text(w, &v->say.choices[i].label, v->at);
        break;
    case PL_EFFECT_HANDOFF: w->person = true; break;
    case PL_EFFECT_STARTED: w->person |= offers; break;
    case PL_EFFECT_ENDED: w->ended |= !pl_str_is(v->name, "left"); break; /* for another flow */
    case PL_EFFECT_ERROR: found(w, SIM_FOUND_MISTAKE, v->at, p->flows[v->flow].name); break;
    default: break;
    }
}

void pl_sim__finder_step(struct sim_finder *w, const struct pl_image *image,
                         const struct pl_vm_event *event, const struct pl_vm_result *r) {
    const struct pl_program *p = pl_image_program(image);
    uint32_t wish = pl_image_intent(image, PL_STR("speak_to_human"));
    if (image != w->image) return;
    if (event->kind == PL_EVENT_MESSAGE && wish != PL_NOWHERE)
        w->wished |= event->reading.command == wish;
    for (uint32_t i = 0; i < r->neffects; i++) effect(w, p, &r->effects[i]);
    w->mode = (uint8_t)r->view.mode;
    w->flow = r->view.flow;
    w->wait = r->view.wait;
    w->deadline_ms = r->view.deadline_ms;
}

void pl_sim__finder_ran(struct sim_finder *w, enum pl_vm_trace what, uint32_t at) {
    for (size_t i = 0; i < w->ntargets && what == PL_TRACE_RUN; i++)
        if (w->targets[i].at == at) add(w, w->targets[i].finding);
    if (what == PL_TRACE_RUN || what == PL_TRACE_CHOSE) return;
    if (what == PL_TRACE_ANSWERED) w->answered = at;
    if (what != PL_TRACE_ANSWERED && what != PL_TRACE_MISSED) w->ended = true;
    if (what != PL_TRACE_MISSED) {
        w->missed = PL_NOWHERE;
        return;
    }
    w->misses = w->missed == at ? w->misses + 1 : 1;
    w->missed = at;
    if (w->misses == MISSES) found_at(w, SIM_FOUND_STUCK, PL_NOWHERE, at);
}

/* ---- turns ---- */

struct sim_before pl_sim__finder_before(struct sim_finder *w, const struct sim_world *world) {
    w->wished = w->person = w->ended = false;
    w->answered = PL_NOWHERE;
    return (struct sim_before){w->mode,         w->flow,           w->wait,
                               world->events.n, world->mistakes.n, world->cid};
}

static bool spoke(const struct sim_world *world, size_t from) {
    for (size_t i = from; i < world->events.n; i++)
        if (!pl_str_is(world->events.v[i].from, "customer")) return true;
    return false;
}

/* The same question answered again, and nothing learnt in between. */
static void came_back(struct sim_finder *w, const struct sim_world *world) {
    const struct pl_program *p = pl_image_program(w->image);
    if (w->ended || w->answered == PL_NOWHERE) w->seen.n = w->ended ? 0 : w->seen.n;
    if (w->answered == PL_NOWHERE || w->mode != PL_VM_ASKING || w->wait >= p->nwaits) return;
    struct pl_buf b = {0};
    pl_buf_var(&b, w->wait);
    pl_value_write(&b, world->slots);
    uint64_t key = pl_fnv(UINT64_C(14695981039346656037), b.p, b.n);
    pl_buf_free(&b);
    for (size_t i = 0; i < w->seen.n; i++) {
        if (w->seen.v[i].key != key) continue;
        if (++w->seen.v[i].n == RETURNS) found_at(w, SIM_FOUND_LOOP, PL_NOWHERE, w->wait);
        return;
    }
    struct sim_place_seen s = {key, 1};
    PL_PUSH(&w->seen, s);
}

static bool is_customers(const struct pl_talk_line *l) {
    return l->kind == PL_TALK_USER || l->kind == PL_TALK_PICK || l->kind == PL_TALK_PRESS ||
           l->kind == PL_TALK_UPLOAD;
}

static void customer_turn(struct sim_finder *w, const struct sim_world *world,
                          const struct sim_before *b) {
    bool waits = b->mode == PL_VM_IDLE || b->mode == PL_VM_ASKING || b->mode == PL_VM_SLEEPING;
    bool sent = world->cid != b->cid; /* a page that opens hears nothing */
    bool silent = waits && sent && !spoke(world, b->events) && w->mode != PL_VM_WITH_AGENT;
    if (silent && w->mode == PL_VM_SLEEPING) /* the flow that sleeps is to say so */
        found_at(w, SIM_FOUND_SILENT, w->flow, PL_NOWHERE);
    else if (silent)
        found_at(w, SIM_FOUND_SILENT, b->flow, b->wait);
    if (waits && w->wished && !w->person && w->mode != PL_VM_BUSY)
        found_at(w, SIM_FOUND_NOBODY, b->flow, b->wait);
    w->silences = 0;
    came_back(w, world);
}

void pl_sim__finder_turn(struct sim_finder *w, const struct sim_world *world,
                         const struct sim_before *before, const struct pl_talk_line *line) {
    if (is_customers(line)) customer_turn(w, world, before);
    if (line->kind != PL_TALK_ADVANCE && line->kind != PL_TALK_AT) return;
    w->seen.n = 0;
    if (!spoke(world, before->events)) return;
    if (++w->silences == SILENCES) found_at(w, SIM_FOUND_ALONE, w->flow, PL_NOWHERE);
}
