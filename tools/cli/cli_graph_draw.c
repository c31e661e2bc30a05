/* SPDX-License-Identifier: Apache-2.0
 *
 * From charts to boxes and lines. What stands one after the other without a choice is one box.
 */
#include <string.h>

#include "tools/cli/cli_graph_priv.h"

enum {
    FLOWS_MOST = 60, /* in one picture; more are drawn as files, more files as folders */
    HUB = 12,        /* a box that more lead to has a number in the place of lines */
    LINES_MOST = 6   /* of text in a box */
};

static uint32_t add_box(struct drawing *d, enum draw_shape shape, struct pl_str text) {
    struct draw_box b = {.shape = (uint8_t)shape, .group = UINT32_MAX, .flow = UINT32_MAX};
    pl_buf_str(&b.text, text);
    PL_PUSH(&d->boxes, b);
    return (uint32_t)d->boxes.n - 1;
}

static void add_line(struct drawing *d, uint32_t from, uint32_t to, struct pl_str word,
                     bool faint) {
    for (size_t i = 0; i < d->lines.n; i++) {
        struct draw_line *l = &d->lines.v[i];
        if (l->from != from || l->to != to || !pl_str_eq(l->word, word)) continue;
        l->faint = l->faint && faint;
        return;
    }
    struct draw_line l = {from, to, faint, word};
    PL_PUSH(&d->lines, l);
}

void pl_cli__drawing_free(struct drawing *d) {
    for (size_t i = 0; i < d->boxes.n; i++) {
        pl_buf_free(&d->boxes.v[i].text);
        pl_buf_free(&d->boxes.v[i].also);
        PL_VEC_FREE(&d->boxes.v[i].places);
    }
    PL_VEC_FREE(&d->boxes);
    PL_VEC_FREE(&d->lines);
    PL_VEC_FREE(&d->groups);
    pl_arena_free(&d->arena);
}

/* ---- one flow ---- */

struct flow_drawing {
    struct drawing *d;
    const struct pl_chart *c;
    const struct pl_chart_flow *f;
    bool all;
    uint32_t *box;       /* by step: 1 + its box; 0: none */
    uint32_t *to, *from; /* by step: ways that lead there, and from there */
};

static enum draw_shape shape_of(uint8_t shape) {
    switch ((enum pl_chart_shape)shape) {
    case PL_CHART_START: return DRAW_START;
    case PL_CHART_RETURN:
    case PL_CHART_END: return DRAW_STOP;
    case PL_CHART_SAY: return DRAW_SAY;
    case PL_CHART_ASK: return DRAW_ASK;
    case PL_CHART_BRANCH: return DRAW_BRANCH;
    case PL_CHART_HOOK: return DRAW_HOOK;
    case PL_CHART_MODEL: return DRAW_MODEL;
    case PL_CHART_PERSON: return DRAW_PERSON;
    case PL_CHART_CALL:
    case PL_CHART_GOTO: return DRAW_FLOW;
    case PL_CHART_STEP: break;
    }
    return DRAW_STEP;
}

static bool own(const struct flow_drawing *w, uint32_t step) {
    return (step >= w->f->start && step < w->f->start + 3) ||
           (step >= w->f->first && step < w->f->first + w->f->n);
}

static bool shown(const struct flow_drawing *w, const struct pl_chart_way *way) {
    return own(w, way->from) && (w->all || !way->unwritten);
}

/* The box of the flow that begins with this step. */
static uint32_t flow_box(struct flow_drawing *w, uint32_t start) {
    uint32_t i = 0;
    while (w->c->flows[i].start != start) i++;
    if (!w->box[start]) {
        w->box[start] = 1 + add_box(w->d, DRAW_FLOW, w->c->flows[i].name);
        w->d->boxes.v[w->box[start] - 1].flow = i;
    }
    return w->box[start] - 1;
}

static struct pl_str step_text(const struct flow_drawing *w, uint32_t step) {
    const struct pl_chart_step *s = &w->c->steps[step];
    if (step == w->f->start) return w->f->name;
    if (step == w->f->start + 1) return PL_STR("done");
    return step == w->f->start + 2 ? PL_STR("end of the task") : s->text;
}

static bool quiet(const struct pl_chart_step *s) {
    return s->shape == PL_CHART_SAY || s->shape == PL_CHART_STEP;
}

/* Says and steps in a row stand in one box: this one goes into the box of the one before it. */
static bool joins(const struct flow_drawing *w, uint32_t step, uint32_t before) {
    const struct pl_chart_step *s = &w->c->steps[step], *b = &w->c->steps[before];
    return quiet(s) && quiet(b) && w->to[step] == 1 && w->from[before] == 1 && w->box[before];
}

static void append_text(struct draw_box *b, struct pl_str text) {
    size_t lines = 1;
    for (size_t i = 0; i < b->text.n; i++) lines += b->text.p[i] == '\n';
    if (lines > LINES_MOST) return;
    pl_buf_byte(&b->text, '\n');
    pl_buf_str(&b->text, lines == LINES_MOST ? PL_STR("…") : text);
}

/* Gives the step its box: one of its own, or that of the step before it. */
static void stand_for(struct flow_drawing *w, uint32_t step, uint32_t before) {
    const struct pl_chart_step *s = &w->c->steps[step];
    if (s->shape == PL_CHART_GOTO && s->callee != PL_CHART_NOWHERE) {
        w->box[step] = 1 + flow_box(w, w->c->flows[s->callee].start);
        return;
    }
    if (before != PL_CHART_NOWHERE && joins(w, step, before)) {
        struct draw_box *b = &w->d->boxes.v[w->box[before] - 1];
        append_text(b, s->text);
        if (s->shape == PL_CHART_SAY) b->shape = DRAW_SAY;
        w->box[step] = w->box[before];
        return;
    }
    w->box[step] = 1 + add_box(w->d, shape_of(s->shape), step_text(w, step));
}

static void place(struct flow_drawing *w, uint32_t step, uint32_t before) {
    const struct pl_chart_step *s = &w->c->steps[step];
    if (w->box[step]) return;
    stand_for(w, step, before);
    if (own(w, step)) PL_PUSH(&w->d->boxes.v[w->box[step] - 1].places, s->at);
}

static void count_ways(struct flow_drawing *w) {
    for (uint32_t i = 0; i < w->c->nways; i++) {
        const struct pl_chart_way *way = &w->c->ways[i];
        if (!shown(w, way)) continue;
        w->from[way->from]++;
        w->to[way->to]++;
    }
}

/* In the order of the text, which is that of the ways. */
static void place_steps(struct flow_drawing *w) {
    place(w, w->f->start, PL_CHART_NOWHERE);
    for (uint32_t i = 0; i < w->c->nways; i++) {
        const struct pl_chart_way *way = &w->c->ways[i];
        if (!shown(w, way)) continue;
        place(w, way->from, PL_CHART_NOWHERE);
        if (own(w, way->to)) place(w, way->to, way->from);
    }
}

static void connect(struct flow_drawing *w) {
    for (uint32_t i = 0; i < w->c->nways; i++) {
        const struct pl_chart_way *way = &w->c->ways[i];
        if (!shown(w, way)) continue;
        uint32_t from = w->box[way->from] - 1;
        uint32_t to = own(w, way->to) ? w->box[way->to] - 1 : flow_box(w, way->to);
        if (from != to || w->from[way->from] > 1)
            add_line(w->d, from, to, way->word, way->button || way->unwritten);
    }
}

void pl_cli__draw_flow(struct drawing *d, const struct pl_chart *c, uint32_t flow, bool all) {
    *d = (struct drawing){0};
    pl_arena_init(&d->arena, 0);
    struct flow_drawing w = {.d = d, .c = c, .f = &c->flows[flow], .all = all};
    w.box = PL_NEW_ARRAY(&d->arena, uint32_t, c->nsteps + 1);
    w.to = PL_NEW_ARRAY(&d->arena, uint32_t, c->nsteps + 1);
    w.from = PL_NEW_ARRAY(&d->arena, uint32_t, c->nsteps + 1);
    d->title = w.f->title.n ? w.f->title : w.f->name;
    count_ways(&w);
    place_steps(&w);
    connect(&w);
}

/* ---- the project ---- */

struct project_drawing {
    struct drawing *d;
    const struct pl_sources *s;
    const struct pl_chart *c;
    bool all, folders;
    uint32_t *box;    /* by flow: 1 + its box */
    uint32_t *called; /* by box: how many lead there */
};

static bool wanted(const struct project_drawing *w, uint32_t flow) {
    return w->all || !w->c->flows[flow].of_prelude;
}

static uint32_t flow_of(const struct pl_chart *c, uint32_t step) {
    if (step < 3 * c->nflows) return step / 3;
    uint32_t low = 0, high = c->nflows; /* flows follow one another */
    while (high - low > 1) {
        uint32_t mid = (low + high) / 2;
        if (c->flows[mid].first <= step)
            low = mid;
        else
            high = mid;
    }
    return low;
}

static uint32_t group(struct drawing *d, struct pl_str name) {
    uint32_t i = 0;
    while (i < d->groups.n && !pl_str_eq(d->groups.v[i], name)) i++;
    if (i == d->groups.n) PL_PUSH(&d->groups, name);
    return i;
}

/* What is in a flow, added to what the card has. */
static void count_in(const struct pl_chart *c, uint32_t flow, struct draw_box *card) {
    static const uint8_t counted[PL_CHART_STEP + 1] = {[PL_CHART_ASK] = DRAW_HAS_ASK,
                                                       [PL_CHART_HOOK] = DRAW_HAS_HOOK,
                                                       [PL_CHART_MODEL] = DRAW_HAS_MODEL,
                                                       [PL_CHART_PERSON] = DRAW_HAS_PERSON};
    const struct pl_chart_flow *f = &c->flows[flow];
    for (uint32_t i = f->first; i < f->first + f->n; i++) {
        uint8_t has = counted[c->steps[i].shape];
        if (has && !c->steps[i].unwritten) card->has[has]++;
    }
}

static struct pl_str file_of(const struct project_drawing *w, uint32_t flow) {
    return w->s->v[w->c->flows[flow].at.file].name;
}

static void add_flow_boxes(struct project_drawing *w) {
    for (uint32_t i = 0; i < w->c->nflows; i++) {
        if (!wanted(w, i)) continue;
        w->box[i] = 1 + add_box(w->d, DRAW_CARD, w->c->flows[i].name);
        struct draw_box *b = &w->d->boxes.v[w->box[i] - 1];
        b->group = group(w->d, file_of(w, i));
        b->flow = i;
        count_in(w->c, i, b);
    }
}

/* The file of a flow, or the folder. */
static struct pl_str part_of(const struct project_drawing *w, uint32_t flow) {
    struct pl_str name = file_of(w, flow);
    while (w->folders && name.n && name.p[name.n - 1] != '/') name.n--;
    return name;
}

static uint32_t count_parts(struct project_drawing *w) {
    for (uint32_t i = 0; i < w->c->nflows; i++)
        if (wanted(w, i)) group(w->d, part_of(w, i));
    uint32_t n = (uint32_t)w->d->groups.n;
    w->d->groups.n = 0;
    return n;
}

/* A box for each part with the number of its flows. */
static void add_part_boxes(struct project_drawing *w) {
    w->folders = count_parts(w) > FLOWS_MOST;
    for (uint32_t i = 0; i < w->c->nflows; i++) {
        if (!wanted(w, i)) continue;
        uint32_t part = group(w->d, part_of(w, i));
        if (part == w->d->boxes.n) add_box(w->d, DRAW_CARD, part_of(w, i));
        w->box[i] = 1 + part;
        w->d->boxes.v[part].has[DRAW_HAS_FLOWS]++;
        count_in(w->c, i, &w->d->boxes.v[part]);
    }
    w->d->groups.n = 0;
}

static void each_way(struct project_drawing *w,
                     void (*each)(struct project_drawing *w, uint32_t from, uint32_t to,
                                  bool button)) {
    for (uint32_t i = 0; i < w->c->nsteps; i++) /* calls */
        if (w->c->steps[i].callee != PL_CHART_NOWHERE && !w->c->steps[i].unwritten)
            each(w, flow_of(w->c, i), w->c->steps[i].callee, false);
    for (uint32_t i = 0; i < w->c->nways; i++) {
        const struct pl_chart_way *way = &w->c->ways[i];
        uint32_t from = flow_of(w->c, way->from), to = flow_of(w->c, way->to);
        if (from != to && (w->all || !way->unwritten)) each(w, from, to, way->button);
    }
}

static void connect_flows(struct project_drawing *w, uint32_t from, uint32_t to, bool button) {
    if (!w->box[from] || !w->box[to] || w->box[from] == w->box[to]) return;
    add_line(w->d, w->box[from] - 1, w->box[to] - 1, PL_STR(""), button);
}

/* What nearly everything leads to says so in words. */
static void thin_out(struct project_drawing *w) {
    struct drawing *d = w->d;
    size_t kept = 0;
    w->called = PL_NEW_ARRAY(&d->arena, uint32_t, d->boxes.n + 1);
    for (size_t i = 0; i < d->lines.n; i++) w->called[d->lines.v[i].to]++;
    for (size_t i = 0; i < d->lines.n; i++)
        if (w->called[d->lines.v[i].to] <= HUB) d->lines.v[kept++] = d->lines.v[i];
    d->lines.n = kept;
    for (size_t i = 0; i < d->boxes.n; i++)
        if (w->called[i] > HUB) pl_buf_printf(&d->boxes.v[i].also, "\nfrom %u", w->called[i]);
}

/* Lines between files would cross everything: a card says in words which flows of others it leads
 * to. */
static void say_far(struct drawing *d) {
    size_t kept = 0;
    for (size_t i = 0; i < d->lines.n; i++) {
        struct draw_line l = d->lines.v[i];
        struct draw_box *from = &d->boxes.v[l.from];
        if (from->group == d->boxes.v[l.to].group) {
            d->lines.v[kept++] = l;
            continue;
        }
        pl_buf_str(&from->also, PL_STR("\n→ "));
        pl_buf_str(&from->also, pl_buf_slice(&d->boxes.v[l.to].text));
    }
    d->lines.n = kept;
}

void pl_cli__draw_project(struct drawing *d, const struct pl_sources *s, const struct pl_chart *c,
                          bool all) {
    uint32_t n = 0;
    *d = (struct drawing){.title = PL_STR("all flows"), .wide = true};
    pl_arena_init(&d->arena, 0);
    struct project_drawing w = {.d = d, .s = s, .c = c, .all = all};
    w.box = PL_NEW_ARRAY(&d->arena, uint32_t, c->nflows + 1);
    for (uint32_t i = 0; i < c->nflows; i++) n += wanted(&w, i);
    if (n > FLOWS_MOST)
        add_part_boxes(&w);
    else
        add_flow_boxes(&w);
    each_way(&w, connect_flows);
    thin_out(&w);
    say_far(d);
}
