/* SPDX-License-Identifier: Apache-2.0
 *
 * Talks out of the tree, into plain data.
 */
#include "grammar/talk.h"

#include <string.h>

#include "grammar/parse.h"

struct maker {
    struct pl_arena *a;
    const struct pl_sources *sources;
    const struct pl_source *file;
};

/* ---- values ---- */

static void items(struct maker *m, struct pl_talk_value *out, const struct pl_ast_expr *e);

static struct pl_talk_value value(struct maker *m, const struct pl_ast_expr *e) {
    struct pl_talk_value v = {.kind = PL_TALK_V_OTHER, .span = e->span};
    switch (e->kind) {
    case PL_EXPR_PATH:
        v.kind = PL_TALK_V_NAME;
        v.s = e->path.s;
        break;
    case PL_EXPR_TEXT:
        v.kind = PL_TALK_V_TEXT;
        v.s = e->text->s;
        break;
    case PL_EXPR_NUMBER:
    case PL_EXPR_PERCENT:
        v.kind = e->kind == PL_EXPR_NUMBER ? PL_TALK_V_NUMBER : PL_TALK_V_PERCENT;
        v.n = e->number;
        break;
    case PL_EXPR_DURATION:
        v.kind = PL_TALK_V_DURATION;
        v.ms = e->duration;
        break;
    case PL_EXPR_MONEY:
        v.kind = PL_TALK_V_MONEY;
        v.n = e->money.amount;
        memcpy(v.currency, e->money.currency, sizeof v.currency);
        break;
    case PL_EXPR_BOOL:
        v.kind = PL_TALK_V_BOOL;
        v.yes = e->yes;
        break;
    case PL_EXPR_LIST:
    case PL_EXPR_RECORD: items(m, &v, e); break;
    default: break;
    }
    return v;
}

static void items(struct maker *m, struct pl_talk_value *out, const struct pl_ast_expr *e) {
    bool list = e->kind == PL_EXPR_LIST;
    size_t n = list ? e->list.n : e->record.n;
    struct pl_talk_value *v = PL_NEW_ARRAY(m->a, struct pl_talk_value, n + 1);
    struct pl_str *names = PL_NEW_ARRAY(m->a, struct pl_str, n + 1);
    for (size_t i = 0; i < n; i++) {
        v[i] = value(m, list ? e->list.v[i] : e->record.v[i].value);
        if (!list) names[i] = e->record.v[i].name.s;
    }
    out->kind = list ? PL_TALK_V_LIST : PL_TALK_V_RECORD;
    out->v = v;
    out->names = names;
    out->nv = n;
}

static struct pl_talk_values values(struct maker *m, const struct pl_ast_args *args) {
    struct pl_talk_value *v = PL_NEW_ARRAY(m->a, struct pl_talk_value, args->n + 1);
    for (size_t i = 0; i < args->n; i++) v[i] = value(m, args->v[i]);
    return (struct pl_talk_values){v, args->n};
}

static struct pl_talk_texts texts(struct maker *m, const struct pl_ast_texts *t) {
    struct pl_str *v = PL_NEW_ARRAY(m->a, struct pl_str, t->n + 1);
    for (size_t i = 0; i < t->n; i++) v[i] = t->v[i]->s;
    return (struct pl_talk_texts){v, t->n};
}

static struct pl_talk_texts names(struct maker *m, const struct pl_ast_names *t) {
    struct pl_str *v = PL_NEW_ARRAY(m->a, struct pl_str, t->n + 1);
    for (size_t i = 0; i < t->n; i++) v[i] = t->v[i].s;
    return (struct pl_talk_texts){v, t->n};
}

/* ---- lines ---- */

static void stub(struct maker *m, const struct pl_ast_play *p, struct pl_talk_line *out) {
    out->name = p->stub.path.s;
    out->args = values(m, &p->stub.args);
    switch (p->stub.kind) {
    case PL_STUB_VALUE:
        out->stub = PL_TALK_STUB_VALUE;
        out->value = value(m, p->stub.value);
        break;
    case PL_STUB_FAILS:
        out->stub = PL_TALK_STUB_FAILS;
        out->fails = p->stub.failure.s;
        break;
    case PL_STUB_LIKE:
        out->stub = PL_TALK_STUB_LIKE;
        out->like = p->stub.like->s;
        break;
    }
}

static void bot(struct maker *m, const struct pl_ast_play *p, struct pl_talk_line *out) {
    struct pl_talk_part *parts = PL_NEW_ARRAY(m->a, struct pl_talk_part, p->bot.parts.n + 1);
    out->id = p->bot.id.s;
    out->has_text = p->bot.text != NULL;
    if (p->bot.text) out->text = p->bot.text->s;
    for (size_t i = 0; i < p->bot.parts.n; i++) {
        const struct pl_ast_bot_part *b = &p->bot.parts.v[i];
        parts[i] = (struct pl_talk_part){.options = b->options, .span = b->span};
        if (b->options) {
            parts[i].texts = texts(m, &b->texts);
            continue;
        }
        parts[i].label = b->label->s;
        parts[i].value = b->value->s;
    }
    out->parts = parts;
    out->nparts = p->bot.parts.n;
}

static void expect(struct maker *m, const struct pl_ast_expect *e, struct pl_talk_line *out) {
    static const uint8_t kinds[] = {
        [PL_EXPECT_GOAL] = PL_TALK_GOAL,
        [PL_EXPECT_END] = PL_TALK_END,
        [PL_EXPECT_NO_MODEL_CALLS] = PL_TALK_NO_MODEL_CALLS,
        [PL_EXPECT_DIRECTION] = PL_TALK_DIRECTION,
        [PL_EXPECT_HOOK_ONCE] = PL_TALK_HOOK_ONCE,
        [PL_EXPECT_HOOK_NEVER] = PL_TALK_HOOK_NEVER,
        [PL_EXPECT_SLOT_IS] = PL_TALK_SLOT_IS,
        [PL_EXPECT_SLOT_EMPTY] = PL_TALK_SLOT_EMPTY,
        [PL_EXPECT_HANDOFF] = PL_TALK_HANDOFF,
        [PL_EXPECT_HANDOFF_CARRIES] = PL_TALK_HANDOFF_CARRIES,
        [PL_EXPECT_MARK] = PL_TALK_MARK,
        [PL_EXPECT_NOTE] = PL_TALK_NOTE,
        [PL_EXPECT_TRACK] = PL_TALK_TRACK,
    };
    struct pl_talk_carried *carries = PL_NEW_ARRAY(m->a, struct pl_talk_carried, e->carries.n + 1);
    for (size_t i = 0; i < e->carries.n; i++)
        carries[i] = (struct pl_talk_carried){e->carries.v[i].path.s, e->carries.v[i].optional};
    out->expect = kinds[e->kind];
    out->name = e->name.s.n ? e->name.s : e->path.s;
    if (e->value) out->value = value(m, e->value);
    if (e->text) out->text = e->text->s;
    out->args = values(m, &e->args);
    out->has_args = e->args.present;
    out->any_handoff = e->mode == PL_AST_HANDOFF_PLAIN;
    if (!out->any_handoff)
        out->handoff = (uint8_t)(PL_HANDOFF_NOW + (e->mode - PL_AST_HANDOFF_NOW));
    out->queue = e->to.s;
    out->priority = e->priority.s;
    out->rule = e->by.s;
    out->carries = carries;
    out->ncarries = e->carries.n;
}

static void forbid(const struct pl_ast_play *p, struct pl_talk_line *out) {
    out->id = p->forbid.id.s;
    out->name = p->forbid.hook.s;
    out->has_text = p->forbid.text != NULL;
    if (p->forbid.text) out->text = p->forbid.text->s;
}

static void line(struct maker *m, const struct pl_ast_play *p, struct pl_talk_line *out) {
    out->kind = (uint8_t)p->kind;
    out->span = p->span;
    out->line = pl_source_pos(m->file, p->span.start).line;
    out->source = pl_str_trim(pl_span_text(m->sources, p->span));
    switch (p->kind) {
    case PL_PLAY_LOCALE: out->locales = names(m, &p->locales); break;
    case PL_PLAY_AS:
        out->name = p->as.who.s;
        out->has_value = p->as.remembered != NULL;
        if (out->has_value) out->value = value(m, p->as.remembered);
        break;
    case PL_PLAY_STRICT:
    case PL_PLAY_MODEL_DOWN:
    case PL_PLAY_MODEL_REFUSES: break;
    case PL_PLAY_HOOK: stub(m, p, out); break;
    case PL_PLAY_MODEL_CALLS:
        out->name = p->stub.path.s;
        out->args = values(m, &p->stub.args);
        break;
    case PL_PLAY_BOT: bot(m, p, out); break;
    case PL_PLAY_ADVANCE: out->ms = p->advance.ms; break;
    case PL_PLAY_EVENT:
        out->name = p->event.path.s;
        out->args = values(m, &p->event.args);
        break;
    case PL_PLAY_FORBID: forbid(p, out); break;
    case PL_PLAY_EXPECT: expect(m, &p->expect, out); break;
    case PL_PLAY_AGENT:
        out->back = p->agent.back;
        if (p->agent.text) out->text = p->agent.text->s;
        break;
    default: out->text = p->text->s; break;
    }
}

enum pl_err pl_grammar_talks(struct pl_arena *arena, const struct pl_sources *sources,
                             uint32_t file, struct pl_diags *diags, const struct pl_talk **talks,
                             size_t *n) {
    struct maker m = {arena, sources, &sources->v[file]};
    struct pl_ast_file *tree = pl_parse(arena, sources, file, diags);
    *talks = NULL;
    *n = 0;
    if (tree->broken) return PL_MALFORMED;
    struct pl_talk *v = PL_NEW_ARRAY(arena, struct pl_talk, tree->decls.n + 1);
    for (size_t i = 0; i < tree->decls.n; i++) {
        const struct pl_ast_decl *d = tree->decls.v[i];
        if (d->kind != PL_DECL_TALK) continue;
        struct pl_talk_line *lines = PL_NEW_ARRAY(arena, struct pl_talk_line, d->talk.plays.n + 1);
        for (size_t k = 0; k < d->talk.plays.n; k++) line(&m, &d->talk.plays.v[k], &lines[k]);
        v[(*n)++] = (struct pl_talk){.name = d->talk.title->s,
                                     .file = m.file->name,
                                     .line = pl_source_pos(m.file, d->span.start).line,
                                     .lines = lines,
                                     .nlines = d->talk.plays.n};
    }
    *talks = v;
    return PL_OK;
}
