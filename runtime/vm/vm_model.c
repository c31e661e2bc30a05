/* SPDX-License-Identifier: Apache-2.0
 *
 * Turns of a language model: what it is asked, and what may come back. Whoever asked it is not
 * trusted: what cannot be shown is taken as if nothing had come.
 */
#include "runtime/vm/vm_priv.h"

#define TITLE_MOST  200  /* bytes of a source's title */
#define URL_MOST    2048 /* bytes */
#define LOCALE_MOST 35   /* bytes */

static struct pl_vm_text about(struct vm_machine *m, const struct pl_p_model *row) {
    struct pl_vm_text t = {.text = row->about};
    if (row->about == PL_NOWHERE) return t;
    t.nargs = m->p->texts[row->about].nargs;
    t.args = pl_vm__pop_n(m, t.nargs);
    return t;
}

/* The customer wants no model, and nobody else could answer. */
static void refuse(struct vm_machine *m, struct vm_frame *f, const struct pl_p_model *row) {
    struct pl_value *slot = NULL;
    about(m, row); /* off the stack */
    if (row->kind == PL_MODEL_DECIDE) slot = pl_vm__slot(m->p, m->s, f, row->slot);
    if (slot) *slot = PL_NONE;
    f->pc = row->down;
}

/* ---- actions: a tool that writes is proposed, and the flow asks the customer ---- */

static struct pl_value *slot_of(struct vm_machine *m, struct vm_frame *f,
                                const struct pl_p_action *action, uint32_t i) {
    return pl_vm__slot(m->p, m->s, f, action->slots[i]);
}

/* What the model is told of it: as it proposed it, and what came back. */
static struct pl_value acted(struct vm_machine *m, struct vm_frame *f) {
    const struct vm_action *a = &f->action;
    const struct pl_p_action *row = &m->p->models[a->model].actions[a->action];
    const struct pl_p_call *call = &m->p->calls[row->call];
    struct pl_field *v = PL_NEW_ARRAY(m->a, struct pl_field, 5);
    struct pl_value *args = PL_NEW_ARRAY(m->a, struct pl_value, row->nslots + 1);
    const struct pl_value *came =
        call->result == PL_NOWHERE ? NULL : pl_vm__slot(m->p, m->s, f, call->result);
    for (uint32_t i = 0; i < row->nslots; i++) args[i] = *slot_of(m, f, row, i);
    v[0] = (struct pl_field){PL_STR("hook"), pl_text(m->p->hooks[row->hook].name)};
    v[1] = (struct pl_field){PL_STR("args"),
                             {.kind = PL_KIND_LIST, .list = {.v = args, .n = row->nslots}}};
    v[2] = (struct pl_field){PL_STR("spent"), a->spent};
    v[3] = (struct pl_field){PL_STR("failure"), pl_text(a->failure)};
    v[4] = (struct pl_field){PL_STR("value"), came ? *came : PL_NONE};
    return (struct pl_value){.kind = PL_KIND_RECORD, .rec = {.f = v, .n = 5}};
}

static bool is_settled(const struct vm_frame *f, uint32_t model) {
    return f->action.model == model && f->action.settled;
}

void pl_vm__acted(struct vm_machine *m, struct vm_frame *f, uint32_t call, struct pl_str failure) {
    struct vm_action *a = &f->action;
    if (a->model == PL_NOWHERE || m->p->models[a->model].actions[a->action].call != call) return;
    a->settled = true;
    a->failure = failure;
}

static const struct pl_p_action *action_named(const struct vm_machine *m,
                                              const struct pl_p_model *row, struct pl_value hook) {
    for (uint32_t i = 0; hook.kind == PL_KIND_TEXT && i < row->nactions; i++)
        if (pl_str_eq(m->p->hooks[row->actions[i].hook].name, hook.s)) return &row->actions[i];
    return NULL;
}

/* False: it is nothing that the customer could be asked. */
static bool propose(struct vm_machine *m, struct vm_frame *f, uint32_t model) {
    const struct pl_p_model *row = &m->p->models[model];
    struct pl_value v = m->e->value;
    if (v.kind != PL_KIND_RECORD) return false;
    const struct pl_p_action *action = action_named(m, row, pl_rec_get(v, PL_STR("hook")));
    struct pl_value args = pl_rec_get(v, PL_STR("args"));
    if (!action || args.kind != PL_KIND_LIST || args.list.n != action->nslots) return false;
    const struct pl_p_hook *hook = &m->p->hooks[action->hook];
    for (uint32_t i = 0; i < action->nslots; i++)
        if (!pl_value_is(&m->p->types, hook->params[i].type, args.list.v[i])) return false;
    for (uint32_t i = 0; i < action->nslots; i++) *slot_of(m, f, action, i) = args.list.v[i];
    f->action = (struct vm_action){.model = model,
                                   .action = (uint32_t)(action - row->actions),
                                   .text = m->s->message,
                                   .spent = pl_rec_get(v, PL_STR("spent"))};
    return true;
}

/* ---- asking ---- */

void pl_vm__ask_model(struct vm_machine *m, struct vm_frame *f, uint32_t model, bool again) {
    const struct pl_p_model *row = &m->p->models[model];
    const struct pl_value *args = pl_vm__pop_n(m, row->ngiven);
    pl_vm__forget_behind(m, f, f->pc - 1);
    again = again && is_settled(f, model);
    if (!again) f->action = (struct vm_action){.model = PL_NOWHERE};
    bool refused = pl_vm__refuses_models(m->p, m->s);
    if (refused && again) {
        about(m, row); /* off the stack */
        f->pc = f->action.failure.n == 0 ? row->next : row->down;
        f->action = (struct vm_action){.model = PL_NOWHERE};
        return;
    }
    if (refused && (row->kind == PL_MODEL_DECIDE || row->passages == 0)) {
        refuse(m, f, row);
        return;
    }
    struct pl_vm_effect *e = pl_vm__effect(m, PL_EFFECT_MODEL);
    e->id = m->s->next_effect++;
    e->model = model;
    e->run = f->run;
    e->args = args;
    e->nargs = row->ngiven;
    e->about = about(m, row);
    e->text = again ? f->action.text : m->s->message;
    if (again) e->acted = acted(m, f);
    e->no_model = refused;
    f->waiting = VM_MODEL;
    f->effect = e->id;
    f->hook_call = model;
}

/* ---- what may be shown ---- */

/* Words for people: UTF-8 without control characters, line ends apart. */
static bool is_words(struct pl_str s) {
    if (!pl_utf8_valid(s)) return false;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char ch = (unsigned char)s.p[i];
        if ((ch < 0x20 && ch != '\n' && ch != '\t') || ch == 0x7f) return false;
    }
    return true;
}

static bool is_long(struct pl_str s) {
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
    return n > PL_VM_ANSWER_TEXT;
}

static bool is_path(struct pl_str s) {
    for (size_t i = 0; i < s.n; i++) {
        char ch = s.p[i];
        bool word = (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') ||
                    (ch >= '0' && ch <= '9') || ch == '-' || ch == '_' || ch == '#';
        bool next = i + 1 < s.n && s.p[i + 1] != '.' && s.p[i + 1] != '/';
        if (!word && !((ch == '/' || ch == '.') && next)) return false;
    }
    return true;
}

static bool is_article(struct pl_str s) {
    return s.n <= URL_MOST && pl_str_starts(s, PL_STR("kb/")) && is_path(s);
}

/* A page of the web, or an article's path; nothing that a browser would run. */
static bool is_url(struct pl_str s) {
    if (s.n > URL_MOST) return false;
    if (pl_str_starts(s, PL_STR("kb/"))) return is_article(s);
    if (!pl_str_starts(s, PL_STR("https://")) && !pl_str_starts(s, PL_STR("http://"))) return false;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char ch = (unsigned char)s.p[i];
        if (ch <= ' ' || ch >= 0x7f || ch == '"' || ch == '<' || ch == '>' || ch == '\\')
            return false;
    }
    return true;
}

/* The text of a field, which may be absent; false: it is something else. */
static bool words_of(struct pl_value rec, struct pl_str name, struct pl_str *out) {
    struct pl_value v = pl_rec_get(rec, name);
    *out = (struct pl_str){0};
    if (v.kind == PL_KIND_NONE) return true;
    if (v.kind != PL_KIND_TEXT && v.kind != PL_KIND_URL) return false;
    *out = v.s;
    return is_words(v.s);
}

/* Texts by turns not marked and marked. */
static bool read_passage(struct vm_machine *m, struct pl_value list, struct pl_vm_source *out) {
    size_t bytes = 0;
    if (list.kind == PL_KIND_NONE) return true;
    if (list.kind != PL_KIND_LIST || list.list.n > PL_VM_ANSWER_CUTS) return false;
    struct pl_str *v = PL_NEW_ARRAY(m->a, struct pl_str, list.list.n + 1);
    for (uint32_t i = 0; i < list.list.n; i++) {
        if (list.list.v[i].kind != PL_KIND_TEXT || !is_words(list.list.v[i].s)) return false;
        v[i] = list.list.v[i].s;
        bytes += v[i].n;
    }
    out->passage = v;
    out->npassage = list.list.n;
    return bytes <= PL_VM_ANSWER_PASSAGE;
}

/* A locale's tag, or nothing. */
static bool is_locale(struct pl_str s) {
    for (size_t i = 0; i < s.n; i++) {
        char ch = s.p[i];
        bool word = (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') ||
                    (ch >= '0' && ch <= '9') || ch == '-';
        if (!word) return false;
    }
    return s.n <= LOCALE_MOST;
}

static bool read_source(struct vm_machine *m, struct pl_value v, struct pl_vm_source *out) {
    return v.kind == PL_KIND_RECORD && words_of(v, PL_STR("title"), &out->title) &&
           words_of(v, PL_STR("url"), &out->url) && out->title.n && out->title.n <= TITLE_MOST &&
           (out->url.n == 0 || is_url(out->url)) && words_of(v, PL_STR("article"), &out->article) &&
           (out->article.n == 0 || is_article(out->article)) &&
           words_of(v, PL_STR("locale"), &out->locale) && is_locale(out->locale) &&
           read_passage(m, pl_rec_get(v, PL_STR("passage")), out);
}

static bool read_sources(struct vm_machine *m, struct pl_value list, struct pl_vm_part *part) {
    if (list.kind == PL_KIND_NONE) return true;
    if (list.kind != PL_KIND_LIST || list.list.n > PL_VM_ANSWER_SOURCES) return false;
    struct pl_vm_source *v = PL_NEW_ARRAY(m->a, struct pl_vm_source, list.list.n + 1);
    for (uint32_t i = 0; i < list.list.n; i++)
        if (!read_source(m, list.list.v[i], &v[i])) return false;
    part->sources = v;
    part->nsources = list.list.n;
    return true;
}

static size_t size_of(const struct pl_vm_source *s) {
    size_t n = s->title.n + s->url.n + s->article.n + s->locale.n;
    for (uint32_t i = 0; i < s->npassage; i++) n += s->passage[i].n;
    return n;
}

/* Whoever reads a translation is told so. */
static void tell_translated(struct vm_machine *m, struct pl_str from) {
    uint32_t flow = m->p->prelude[PL_PRELUDE_TRANSLATED];
    size_t n = pl_str_find(from, PL_STR("-"));
    struct pl_value language =
        pl_vm__name_value(PL_KIND_LANGUAGE, (struct pl_str){from.p, n == SIZE_MAX ? from.n : n});
    if (from.n && flow != PL_NOWHERE) pl_vm__speak(m, flow, &language, 1);
}

static bool is_blank(struct pl_str s) {
    return pl_str_trim(s).n == 0;
}

/* False: it is nothing to be shown. */
static bool say(struct vm_machine *m, uint32_t model, struct pl_value v) {
    struct pl_vm_part *part = PL_NEW(m->a, struct pl_vm_part);
    *part = (struct pl_vm_part){.kind = PL_PART_ANSWER,
                                .a.text = PL_NOWHERE,
                                .b.text = PL_NOWHERE,
                                .target = PL_NOWHERE,
                                .model = model};
    if (v.kind != PL_KIND_RECORD || !words_of(v, PL_STR("text"), &part->said) ||
        !words_of(v, PL_STR("translated"), &part->from) || !is_locale(part->from) ||
        is_blank(part->said) || is_long(part->said) ||
        !read_sources(m, pl_rec_get(v, PL_STR("sources")), part))
        return false;
    size_t bytes = part->said.n;
    for (uint32_t i = 0; i < part->nsources; i++) bytes += size_of(&part->sources[i]);
    if (bytes > m->room) return false;
    m->room -= bytes;
    pl_vm__effect(m, PL_EFFECT_SAY)->say =
        (struct pl_vm_say){.line = PL_NOWHERE, .nparts = 1, .parts = part};
    tell_translated(m, part->from);
    return true;
}

/* ---- what came ---- */

static bool decide(struct vm_machine *m, struct vm_frame *f, const struct pl_p_model *row) {
    struct pl_value *slot = pl_vm__slot(m->p, m->s, f, row->slot);
    bool good = m->e->failure.n == 0 && m->e->value.kind != PL_KIND_NONE &&
                pl_value_is(&m->p->types, row->type, m->e->value);
    if (slot) *slot = good ? m->e->value : PL_NONE;
    return good;
}

/* What came of it was told already: a model that has nothing to add does no harm. */
static uint32_t outcome_again(struct vm_machine *m, struct vm_frame *f, uint32_t model) {
    const struct pl_p_model *row = &m->p->models[model];
    bool done = f->action.failure.n == 0;
    f->action = (struct vm_action){.model = PL_NOWHERE};
    if (m->e->failure.n == 0 && say(m, model, m->e->value)) return row->next;
    if (done) return row->next;
    return pl_str_is(m->e->failure, "unsure") ? row->unsure : row->down;
}

static uint32_t outcome(struct vm_machine *m, struct vm_frame *f, uint32_t model) {
    const struct pl_p_model *row = &m->p->models[model];
    if (row->kind == PL_MODEL_DECIDE) return decide(m, f, row) ? row->next : row->down;
    if (is_settled(f, model)) return outcome_again(m, f, model);
    if (pl_str_is(m->e->failure, "unsure")) return row->unsure;
    if (pl_str_is(m->e->failure, "proposed"))
        return propose(m, f, model) ? m->p->models[model].actions[f->action.action].code
                                    : row->down;
    return m->e->failure.n == 0 && say(m, model, m->e->value) ? row->next : row->down;
}

void pl_vm__model_came(struct vm_machine *m) {
    struct vm_frame *f = pl_vm__top(m->s);
    if (f && f->waiting == VM_MODEL && f->effect == m->e->effect) {
        f->waiting = VM_RUNS;
        m->moved = true;
        f->pc = outcome(m, f, f->hook_call);
        /* He is served: what a rule thought before that was known is out of date, and is looked at
         * again with his next message. */
        bool proposed = pl_str_is(m->e->failure, "proposed");
        if (m->e->failure.n == 0 || proposed) m->s->offer_rule = PL_NOWHERE;
    } /* else nobody waits for it any more */
    pl_vm__go(m);
}
