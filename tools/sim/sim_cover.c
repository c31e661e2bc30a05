/* SPDX-License-Identifier: Apache-2.0
 *
 * What talks have reached of a program, counted while they play and summed up after them.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "tools/sim/sim_priv.h"

/* ---- the bytes ---- */

static void index_points(struct sim_cover *c, struct pl_arena *a, const struct pl_program *p) {
    c->at_code = PL_NEW_ARRAY(a, uint32_t, p->ncode + 1);
    c->at_option = PL_NEW_ARRAY(a, uint32_t, p->noptions + 1);
    c->next = PL_NEW_ARRAY(a, uint32_t, p->npoints + 1);
    for (uint32_t i = 0; i < p->npoints; i++) {
        const struct pl_p_point *t = &p->points[i];
        uint32_t *first = t->kind == PL_POINT_OPTION ? &c->at_option[t->to] : &c->at_code[t->to];
        c->next[i] = *first;
        *first = i + 1;
    }
}

enum pl_err pl_sim__cover_open(struct sim_cover *c, struct pl_arena *a, struct pl_image *image) {
    const struct pl_program *p = pl_image_program(image);
    size_t waits = (size_t)p->nwaits * SIM_SITUATIONS, texts = (size_t)p->ntexts * p->nlocales;
    c->nbytes = p->npoints + waits + p->nrules + texts + 1;
    void *bytes = mmap(NULL, c->nbytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (bytes == MAP_FAILED) return PL_NOMEM;
    c->image = image;
    c->bytes = bytes;
    c->points = c->bytes;
    c->waits = c->points + p->npoints;
    c->rules = c->waits + waits;
    c->texts = c->rules + p->nrules;
    index_points(c, a, p);
    return PL_OK;
}

void pl_sim__cover_close(struct sim_cover *c) {
    if (c->bytes) munmap(c->bytes, c->nbytes);
    c->bytes = NULL;
}

/* ---- counting ---- */

/* Two processes may write the same byte at once: both write 1. */
static void reach(uint8_t *byte) {
    __atomic_store_n(byte, 1, __ATOMIC_RELAXED);
}

void pl_sim__cover_ran(struct sim_cover *c, enum pl_vm_trace what, uint32_t at, uint32_t *last) {
    const struct pl_program *p = pl_image_program(c->image);
    if (what >= PL_TRACE_ANSWERED) {
        reach(&c->waits[(size_t)at * SIM_SITUATIONS + (size_t)(what - PL_TRACE_ANSWERED)]);
        return;
    }
    bool run = what == PL_TRACE_RUN;
    for (uint32_t i = run ? c->at_code[at] : c->at_option[at]; i; i = c->next[i - 1]) {
        const struct pl_p_point *t = &p->points[i - 1];
        if (!run || t->from == PL_NOWHERE || t->from == *last) reach(&c->points[i - 1]);
    }
    if (run) *last = at;
}

void pl_sim__cover_step(struct sim_cover *c, const struct pl_vm_event *event) {
    const struct pl_program *p = pl_image_program(c->image);
    if (event->rule < p->nrules) reach(&c->rules[event->rule]);
    for (uint32_t i = 0; i < event->nrules && i < p->nrules; i++)
        if (p->rules[i].route && (event->rules_true[i / 8] >> (i % 8) & 1)) reach(&c->rules[i]);
}

void pl_sim__cover_text(struct sim_cover *c, uint32_t text, uint32_t locale) {
    const struct pl_program *p = pl_image_program(c->image);
    if (text < p->ntexts && locale < p->nlocales)
        reach(&c->texts[(size_t)locale * p->ntexts + text]);
}

/* ---- what can happen at a wait ---- */

static bool has_recogniser(const struct pl_p_wait *w) {
    return w->entity != PL_NOWHERE || w->type.kind == PL_KIND_EMAIL ||
           w->type.kind == PL_KIND_PHONE;
}

/* A free text takes whatever is said, unless a check refuses it. */
static bool may_miss(const struct pl_p_wait *w) {
    bool text = w->kind == PL_WAIT_ASK && w->type.kind == PL_KIND_TEXT && w->entity == PL_NOWHERE &&
                !w->has_options && !w->nchecks;
    return !text && w->otherwise == PL_NOWHERE;
}

static bool looks_at_silence(const struct pl_program *p) {
    for (uint32_t i = 0; i < p->ntriggers; i++)
        if (p->triggers[i].kind == PL_ON_IDLE) return true;
    return false;
}

/* Commands are intents of these names. */
static bool has_command(const struct pl_program *p, const char *name) {
    for (uint32_t i = 0; i < p->nintents; i++)
        if (pl_str_is(p->intents[i], name)) return true;
    return false;
}

static bool asks_before(const struct pl_program *p, const struct pl_p_wait *w) {
    for (uint32_t i = 0; i < p->nwaits; i++)
        if (p->waits[i].kind == PL_WAIT_ASK && p->waits[i].flow == w->flow &&
            p->waits[i].at < w->at)
            return true;
    return false;
}

bool pl_sim__cover_applies(const struct pl_program *p, uint32_t wait, enum pl_vm_trace what) {
    const struct pl_p_wait *w = &p->waits[wait];
    bool question =
        w->kind == PL_WAIT_ASK || w->kind == PL_WAIT_CONFIRM || w->kind == PL_WAIT_CHOOSE;
    if (what == PL_TRACE_ANSWERED) return true;
    if (!question) return what == PL_TRACE_ELSE && w->kind == PL_WAIT_AWAIT;
    switch (what) {
    case PL_TRACE_MISSED: return may_miss(w) && w->tries > 1;
    case PL_TRACE_ELSE: return may_miss(w);
    case PL_TRACE_CORRECTED: return w->kind == PL_WAIT_ASK && has_recogniser(w);
    case PL_TRACE_DIGRESSED: return p->flows[w->flow].interrupt != PL_INTERRUPT_NEVER;
    case PL_TRACE_SKIPPED: return w->optional;
    case PL_TRACE_CANCELLED: return has_command(p, "cancel");
    case PL_TRACE_REPEATED: return has_command(p, "repeat");
    case PL_TRACE_WENT_BACK: return has_command(p, "back") && asks_before(p, w);
    case PL_TRACE_SILENT: return looks_at_silence(p);
    default: return true;
    }
}

/* ---- summing up ---- */

bool pl_sim__is_prelude(struct pl_str file) {
    struct pl_str folder = PL_STR("prelude/"), name = PL_STR("prelude.flow");
    if (pl_str_starts(file, folder) || pl_str_find(file, PL_STR("/prelude/")) != SIZE_MAX)
        return true;
    return pl_str_eq(file, name) || pl_str_ends(file, PL_STR("/prelude.flow"));
}

static int by_place(const void *x, const void *y) {
    const struct sim_site *a = x, *b = y;
    int c = pl_str_cmp(a->file, b->file);
    if (c) return c;
    if (a->line != b->line) return a->line < b->line ? -1 : 1;
    if (a->column != b->column) return a->column < b->column ? -1 : 1;
    if (a->kind != b->kind) return a->kind - b->kind;
    return pl_str_cmp(a->name, b->name);
}

static void sum_sites(const struct sim_cover *c, struct pl_arena *a, struct sim_covered *out) {
    const struct pl_program *p = pl_image_program(c->image);
    struct sim_site *v = PL_NEW_ARRAY(a, struct sim_site, p->npoints + 1);
    size_t n = 0;
    for (uint32_t i = 0; i < p->npoints; i++) {
        const struct pl_p_point *t = &p->points[i];
        struct pl_str file = p->consts[t->file].s;
        v[i] = (struct sim_site){t->kind, c->points[i], pl_sim__is_prelude(file), file, t->name,
                                 t->line, t->column};
    }
    qsort(v, p->npoints, sizeof *v, by_place);
    for (uint32_t i = 0; i < p->npoints; i++) {
        if (n && by_place(&v[n - 1], &v[i]) == 0)
            v[n - 1].covered |= v[i].covered;
        else
            v[n++] = v[i];
    }
    out->sites = v;
    out->nsites = n;
}

static void count(struct sim_covered *s, bool prelude, enum sim_measure m, bool covered) {
    struct sim_count *parts[] = {&s->counts[prelude ? SIM_PRELUDE : SIM_PROJECT][m],
                                 &s->counts[SIM_ALL][m]};
    for (size_t i = 0; i < PL_LEN(parts); i++) {
        parts[i]->total++;
        parts[i]->covered += covered;
    }
}

static bool code_of_prelude(const struct sim_cover *c, uint32_t at) {
    struct pl_str file;
    uint32_t line;
    pl_image_line(c->image, at, &file, &line);
    return pl_sim__is_prelude(file);
}

/* A text belongs to the prelude when its id does. */
static void count_texts(struct sim_covered *s, const struct sim_cover *c) {
    const struct pl_program *p = pl_image_program(c->image);
    for (uint32_t l = 0; l < p->nlocales; l++)
        for (uint32_t i = 0; i < p->ntexts; i++)
            if (p->texts[i].id.n)
                count(s, pl_str_starts(p->texts[i].id, PL_STR("prelude.")), SIM_LOCALES,
                      c->texts[(size_t)l * p->ntexts + i]);
}

void pl_sim__cover_sum(const struct sim_cover *c, struct pl_arena *a, struct sim_covered *out) {
    const struct pl_program *p = pl_image_program(c->image);
    *out = (struct sim_covered){.cover = c};
    sum_sites(c, a, out);
    for (size_t i = 0; i < out->nsites; i++)
        count(out, out->sites[i].prelude,
              out->sites[i].kind == PL_POINT_STEP ? SIM_STEPS : SIM_BRANCHES,
              out->sites[i].covered);
    for (uint32_t i = 0; i < p->nrules; i++)
        count(out, code_of_prelude(c, p->rules[i].cond), SIM_RULES, c->rules[i]);
    for (uint32_t i = 0; i < p->nwaits; i++)
        for (unsigned k = 0; k < SIM_SITUATIONS; k++)
            if (pl_sim__cover_applies(p, i, (enum pl_vm_trace)(PL_TRACE_ANSWERED + k)))
                count(out, code_of_prelude(c, p->waits[i].at), SIM_REPAIR,
                      c->waits[(size_t)i * SIM_SITUATIONS + k]);
    count_texts(out, c);
}
