/* SPDX-License-Identifier: Apache-2.0
 *
 * Tools: hooks that the flow lets the model call. A model is an unknown user: it may name only the
 * hooks of its `answer`, only with arguments of their types, and only with values that this
 * customer has said or that this conversation knows. Each call runs once, also when the answer is
 * made again. One that writes is not run here at all: the turn ends with the proposal, whoever
 * asked lets the customer decide, and asks again with what came of it.
 */
#include "runtime/answer/answer_priv.h"

#include <stdlib.h>
#include <string.h>

#define MOST_NAME 64

/* ---- offering ---- */

/* "orders.find" is "orders_find" to models. */
static struct pl_str tool_name(struct pl_arena *a, struct pl_str hook) {
    char name[MOST_NAME];
    size_t n = hook.n < sizeof name ? hook.n : sizeof name;
    for (size_t i = 0; i < n; i++) name[i] = hook.p[i] == '.' ? '_' : hook.p[i];
    return pl_arena_str(a, (struct pl_str){name, n});
}

static void put_type(struct turn *t, struct pl_buf *b, struct pl_type type) {
    const struct pl_typedef *d = NULL;
    if (type.kind == PL_KIND_ENUM || type.kind == PL_KIND_ENTITY)
        d = &t->program->types.defs[type.def];
    struct pl_jw w = {.b = b};
    if (d != NULL && (d->kind == PL_KIND_ENUM || d->base == PL_KIND_ENUM)) {
        pl_buf_c(b, "{\"type\":\"string\",\"enum\":");
        pl_jw_open(&w, '[');
        for (uint32_t i = 0; i < d->nfields; i++) pl_jw_text(&w, d->fields[i].name);
        pl_jw_close(&w, ']');
        pl_buf_c(b, "}");
    } else if (type.kind == PL_KIND_BOOL) {
        pl_buf_c(b, "{\"type\":\"boolean\"}");
    } else if (type.kind == PL_KIND_NUMBER || type.kind == PL_KIND_PERCENT) {
        pl_buf_c(b, "{\"type\":\"number\"}");
    } else {
        pl_buf_printf(b, "{\"type\":\"string\",\"description\":\"%s\"}", pl_kind_word(type.kind));
    }
}

static struct pl_str schema_of(struct turn *t, const struct pl_p_hook *h) {
    struct pl_buf b = {0};
    pl_buf_c(&b, "{\"type\":\"object\",\"properties\":{");
    for (uint32_t i = 0; i < h->nparams; i++) {
        if (i > 0) pl_buf_c(&b, ",");
        pl_json_quote(&b, h->params[i].name);
        pl_buf_c(&b, ":");
        put_type(t, &b, h->params[i].type);
    }
    pl_buf_c(&b, "},\"required\":[");
    bool comma = false;
    for (uint32_t i = 0; i < h->nparams; i++) {
        if (h->params[i].type.optional) continue;
        if (comma) pl_buf_c(&b, ",");
        pl_json_quote(&b, h->params[i].name);
        comma = true;
    }
    pl_buf_c(&b, "],\"additionalProperties\":false}");
    struct pl_str s = pl_arena_str(&t->a, pl_buf_slice(&b));
    pl_buf_free(&b);
    return s;
}

/* What the tool is for; of one that writes also that the customer has the last word. */
static struct pl_str about_of(struct turn *t, const struct pl_p_hook *h) {
    if (h->effect != PL_CLASS_WRITE_ONCE) return h->name;
    struct pl_buf b = {0};
    struct pl_locale_env env = {0};
    uint32_t source = pl_image_locale(t->in.image, t->program->source_locale);
    pl_buf_printf(&b, "%.*s: ", PL_STR_ARG(h->name));
    if (h->title > 0)
        pl_locale_render(t->l, pl_image_text(t->in.image, h->title - 1, source), NULL, 0, &env, &b);
    pl_buf_c(&b, ". Call it when the customer wants that done: he is asked to agree first.");
    struct pl_str s = pl_arena_str(&t->a, pl_buf_slice(&b));
    pl_buf_free(&b);
    return s;
}

bool pl_answer__offer(struct turn *t) {
    if (t->spec->ntools == 0 || t->owner->config.tools.call == NULL) return true;
    struct pl_llm_tool *v = PL_NEW_ARRAY(&t->a, struct pl_llm_tool, t->spec->ntools);
    if (v == NULL) return false;
    for (uint32_t i = 0; i < t->spec->ntools; i++) {
        const struct pl_p_hook *h = &t->program->hooks[t->spec->tools[i]];
        v[i].name = tool_name(&t->a, h->name);
        v[i].about = about_of(t, h);
        v[i].schema = schema_of(t, h);
        if (v[i].schema.p == NULL || v[i].about.p == NULL) return false;
    }
    t->request.tools = v;
    t->request.ntools = t->spec->ntools;
    return true;
}

/* ---- may it be called so? ---- */

static uint32_t hook_of(const struct turn *t, struct pl_str name) {
    for (size_t i = 0; i < t->request.ntools; i++)
        if (pl_str_eq(t->request.tools[i].name, name)) return t->spec->tools[i];
    return PL_NOWHERE;
}

static bool is_part(uint8_t c) {
    return c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '_';
}

/* As whole words: the beginning of an id is another's id. */
static bool in_text(struct turn *t, struct pl_str text, struct pl_str folded) {
    struct pl_str f = pl_locale_fold(t->owner->config.locales, &t->a, text);
    for (size_t at = 0; at < f.n;) {
        size_t i = pl_str_find((struct pl_str){f.p + at, f.n - at}, folded);
        if (i == SIZE_MAX) return false;
        size_t from = at + i, to = from + folded.n;
        bool begins = from == 0 || !is_part((uint8_t)f.p[from - 1]);
        if (begins && (to == f.n || !is_part((uint8_t)f.p[to]))) return true;
        at = from + 1;
    }
    return false;
}

static struct pl_str text_of(struct turn *t, struct pl_value v) {
    switch (v.kind) {
    case PL_KIND_TEXT:
    case PL_KIND_EMAIL:
    case PL_KIND_PHONE:
    case PL_KIND_URL:
    case PL_KIND_FILE:
    case PL_KIND_CARD: return v.s;
    case PL_KIND_NUMBER:
    case PL_KIND_PERCENT: {
        char b[32];
        size_t n = pl_dec_print(v.n, b);
        return pl_arena_str(&t->a, (struct pl_str){b, n});
    }
    default: return (struct pl_str){0};
    }
}

static bool in_value(struct turn *t, struct pl_value v, struct pl_str folded, int depth) {
    if (depth > 8) return false;
    if (v.kind == PL_KIND_RECORD) {
        for (uint32_t i = 0; i < v.rec.n; i++)
            if (in_value(t, v.rec.f[i].value, folded, depth + 1)) return true;
        return false;
    }
    if (v.kind == PL_KIND_LIST) {
        for (uint32_t i = 0; i < v.list.n; i++)
            if (in_value(t, v.list.v[i], folded, depth + 1)) return true;
        return false;
    }
    struct pl_str s = text_of(t, v);
    return s.n > 0 && pl_str_eq(pl_locale_fold(t->owner->config.locales, &t->a, s), folded);
}

/* The customer wrote it, in this conversation. */
static bool is_typed(struct turn *t, struct pl_str folded) {
    if (folded.n == 0 || in_text(t, t->in.text, folded)) return folded.n > 0;
    for (uint32_t i = 0; i < t->in.nlines; i++)
        if (t->in.lines[i].customer && in_text(t, t->in.lines[i].text, folded)) return true;
    return false;
}

/* A whole word of what the customer wrote, or a value of the conversation: nobody else's. */
static bool is_known(struct turn *t, struct pl_str text) {
    struct pl_str f = pl_locale_fold(t->owner->config.locales, &t->a, pl_str_trim(text));
    if (f.n == 0) return false;
    if (in_value(t, t->in.slots, f, 0)) return true;
    for (uint32_t i = 0; i < t->in.nargs; i++)
        if (in_value(t, t->in.args[i], f, 0)) return true;
    return f.n >= 3 && is_typed(t, f);
}

static bool holds(struct pl_value v, struct pl_value one, int depth) {
    if (depth > 8) return false;
    for (uint32_t i = 0; v.kind == PL_KIND_RECORD && i < v.rec.n; i++)
        if (holds(v.rec.f[i].value, one, depth + 1)) return true;
    for (uint32_t i = 0; v.kind == PL_KIND_LIST && i < v.list.n; i++)
        if (holds(v.list.v[i], one, depth + 1)) return true;
    return pl_value_eq(v, one);
}

static bool counts(const struct claim *c, struct pl_dec n) {
    for (uint32_t i = 0; i < c->nfacts; i++)
        if (c->facts[i].kind == FACT_NUMBER && pl_dec_cmp(c->facts[i].n, n) == 0) return true;
    return false;
}

/* An amount is not a model's to choose either: it is one of the conversation's, or was typed. */
static bool is_known_money(struct turn *t, struct pl_value v) {
    if (holds(t->in.slots, v, 0)) return true;
    for (uint32_t i = 0; i < t->in.nargs; i++)
        if (holds(t->in.args[i], v, 0)) return true;
    for (size_t i = 0; i < t->evidence.said.n; i++)
        if (counts(&t->evidence.said.v[i], v.money.amount)) return true;
    return counts(&t->evidence.question, v.money.amount);
}

static bool may_pass(struct turn *t, struct pl_value v, int depth) {
    if (depth > 8) return false;
    switch (v.kind) {
    case PL_KIND_NONE:
    case PL_KIND_BOOL:
    case PL_KIND_ENUM: return true;
    case PL_KIND_RECORD:
        for (uint32_t i = 0; i < v.rec.n; i++)
            if (!may_pass(t, v.rec.f[i].value, depth + 1)) return false;
        return true;
    case PL_KIND_LIST:
        for (uint32_t i = 0; i < v.list.n; i++)
            if (!may_pass(t, v.list.v[i], depth + 1)) return false;
        return true;
    default: {
        struct pl_str s = text_of(t, v);
        /* Dates and money name nobody. */
        return s.n == 0 ? v.kind != PL_KIND_TEXT : is_known(t, s);
    }
    }
}

/* Personal data, in each text by itself: however a model escapes a placeholder, and whatever signs
 * the value has, it stays one text. */
static void put_back(struct turn *t, struct pl_json *v) {
    if (v->kind == PL_JTEXT) {
        struct pl_buf b = {0};
        pl_veil_show(t->veil, v->s, true, &b);
        v->s = pl_arena_str(&t->a, pl_buf_slice(&b));
        pl_buf_free(&b);
    }
    bool holds = v->kind == PL_JARRAY || v->kind == PL_JOBJECT;
    for (size_t i = 0; holds && i < v->n; i++) put_back(t, &v->m[i].value);
}

/* What is written is the customer's, as he said it: nothing private of the shop's records while it
 * is not proved who he is, and no amount of the model's. */
static bool may_write(struct turn *t, struct pl_type type, struct pl_value v) {
    if (v.kind == PL_KIND_MONEY) return is_known_money(t, v);
    if (!(type.quals & PL_PRIVATE) || t->in.verified || v.kind == PL_KIND_NONE) return true;
    struct pl_str s = text_of(t, v);
    return s.n == 0 || is_typed(t, pl_locale_fold(t->owner->config.locales, &t->a, pl_str_trim(s)));
}

/* The arguments, personal data put back; NULL: they are not what the hook takes. */
static struct pl_value *arguments(struct turn *t, const struct pl_p_hook *h, struct pl_str json) {
    struct pl_json doc;
    size_t at;
    uint32_t foreign = pl_veil_foreign(t->veil);
    struct pl_value *v = PL_NEW_ARRAY(&t->a, struct pl_value, h->nparams + 1);
    if (v == NULL || pl_json_parse(&t->a, json, &doc, &at) != PL_OK) return NULL;
    if (doc.kind != PL_JOBJECT || doc.n > h->nparams) return NULL;
    put_back(t, &doc);
    if (pl_veil_foreign(t->veil) != foreign) return NULL;
    for (uint32_t i = 0; i < h->nparams; i++) {
        struct pl_str where, name = h->params[i].name;
        const struct pl_json *arg = NULL;
        for (size_t k = 0; k < doc.n; k++)
            if (pl_str_eq(doc.m[k].name, name)) arg = &doc.m[k].value;
        struct pl_type type = h->params[i].type;
        if (arg == NULL && !type.optional) return NULL;
        v[i] = PL_NONE;
        if (arg != NULL &&
            pl_value_from_json(&t->a, &t->program->types, type, arg, &v[i], &where) != PL_OK)
            return NULL;
        if (type.quals & PL_SECRET || !may_pass(t, v[i], 0)) return NULL;
        if (h->effect == PL_CLASS_WRITE_ONCE && !may_write(t, type, v[i])) return NULL;
    }
    return v;
}

/* ---- running ---- */

static bool same_call(const struct pl_llm_call *a, const struct pl_llm_call *b) {
    return pl_str_eq(a->name, b->name) && pl_str_eq(a->arguments, b->arguments);
}

enum answer_why pl_answer__called(struct turn *t, const struct pl_llm_call *call) {
    if (t->tools.n >= PL_ANSWER_MOST_ROUNDS * 4) return WHY_TOOL;
    struct tool_run *r = calloc(1, sizeof *r);
    if (r == NULL) return WHY_TOOL;
    r->turn = t;
    r->call.id = pl_arena_str(&t->a, call->id);
    r->call.name = pl_arena_str(&t->a, call->name);
    r->call.arguments = pl_arena_str(&t->a, call->arguments);
    PL_PUSH(&t->tools, r);
    return WHY_NONE;
}

static bool all_there(const struct turn *t) {
    for (size_t i = 0; i < t->tools.n; i++)
        if (t->tools.v[i]->result.n == 0) return false;
    return true;
}

/* A text that came from elsewhere may name any address; a field of type url is the shop's. */
static void learn_urls(struct turn *t, struct pl_value v, int depth) {
    if (depth > 8) return;
    if (v.kind == PL_KIND_URL) pl_answer__learn(&t->evidence, v.s, true);
    for (uint32_t i = 0; v.kind == PL_KIND_RECORD && i < v.rec.n; i++)
        learn_urls(t, v.rec.f[i].value, depth + 1);
    for (uint32_t i = 0; v.kind == PL_KIND_LIST && i < v.list.n; i++)
        learn_urls(t, v.list.v[i], depth + 1);
}

/* What a hook gave, as evidence and as data for the model: as the hook's type has it, without what
 * is private in it. */
static struct pl_str keep_result(struct turn *t, uint32_t hook, struct pl_str json) {
    struct pl_type type = t->program->hooks[hook].result;
    struct pl_json doc;
    struct pl_value v;
    struct pl_str where, hidden = {0}, result = PL_STR("{\"failed\":\"no result\"}");
    size_t at;
    struct pl_buf b = {0};
    if (pl_json_parse(&t->a, json, &doc, &at) == PL_OK &&
        pl_value_from_json(&t->a, &t->program->types, type, &doc, &v, &where) == PL_OK) {
        v = pl_answer__public(t, type, v);
        pl_answer__print(t, v, &b);
        learn_urls(t, v, 0);
    }
    pl_answer__learn(&t->evidence, pl_buf_slice(&b), false);
    if (pl_veil_hide(t->veil, pl_buf_slice(&b), &hidden) == PL_OK && hidden.n > 0)
        result = pl_arena_printf(&t->a, "<%s>\n%.*s</%s>", t->fence, PL_STR_ARG(hidden), t->fence);
    pl_buf_free(&b);
    return result;
}

static void go_on(struct turn *t) {
    if (t->state != RUNS_TOOLS || !all_there(t)) return;
    for (size_t i = 0; i < t->tools.n; i++) {
        struct tool_run *r = t->tools.v[i];
        struct pl_llm_message m = {.role = PL_LLM_TOOL_RESULT, .text = r->result};
        m.call_id = r->call.id;
        PL_PUSH(&t->messages, m);
    }
    pl_answer__stop_tools(t);
    pl_answer__ask(t);
}

static void tool_done(void *ctx, struct pl_str json, struct pl_str failure) {
    struct tool_run *r = ctx;
    r->number = 0;
    if (failure.n > 0)
        r->result = pl_arena_printf(&r->turn->a, "{\"failed\":\"%.*s\"}", PL_STR_ARG(failure));
    else
        r->result = keep_result(r->turn, r->hook, json);
    if (r->result.n == 0) r->result = PL_STR("{\"failed\":\"too_large\"}"); /* no room for it */
    go_on(r->turn);
}

/* ---- tools that write ---- */

static struct pl_field number(const char *name, int64_t n) {
    return (struct pl_field){pl_str_c(name), pl_int(n)};
}

static struct pl_value spent(struct turn *t) {
    struct pl_field *f = PL_NEW_ARRAY(&t->a, struct pl_field, 4);
    int64_t left = (t->until_us - pl_loop_now_us(t->in.loop)) / 1000;
    pl_assert(f != NULL);
    f[0] = number("calls", t->asks);
    f[1] = number("tokens", t->tokens);
    f[2] = number("micro", t->micro);
    f[3] = number("ms", t->in.within_ms - left);
    return (struct pl_value){.kind = PL_KIND_RECORD, .rec = {f, 4}};
}

/* The turn is over: the customer is asked, by whoever asked the model. */
static void propose(struct turn *t, const struct pl_p_hook *h, const struct pl_value *args) {
    struct pl_field f[3];
    struct pl_buf b = {0};
    f[0] = (struct pl_field){PL_STR("hook"), pl_text(h->name)};
    f[1] = (struct pl_field){PL_STR("args"), {.kind = PL_KIND_LIST, .list = {args, h->nparams}}};
    f[2] = (struct pl_field){PL_STR("spent"), spent(t)};
    pl_value_write(&b, (struct pl_value){.kind = PL_KIND_RECORD, .rec = {f, 3}});
    t->value = b.failed ? (struct pl_str){0} : pl_arena_str(&t->a, pl_buf_slice(&b));
    pl_buf_free(&b);
    if (t->value.p == NULL)
        pl_answer__end(t, PL_ANSWER_DOWN, WHY_LONG);
    else
        pl_answer__end(t, PL_ANSWER_PROPOSED, WHY_NONE);
}

static int64_t used(struct pl_value of, struct pl_str name) {
    struct pl_value v = of.kind == PL_KIND_RECORD ? pl_rec_get(of, name) : PL_NONE;
    return v.kind == PL_KIND_NUMBER && v.n.scale == 0 && v.n.m > 0 ? v.n.m : 0;
}

static uint32_t hook_acted(const struct turn *t) {
    struct pl_value name = pl_rec_get(t->in.acted, PL_STR("hook"));
    for (uint32_t i = 0; name.kind == PL_KIND_TEXT && i < t->spec->nactions; i++)
        if (pl_str_eq(t->program->hooks[t->spec->actions[i].hook].name, name.s))
            return t->spec->actions[i].hook;
    return PL_NOWHERE;
}

/* The call as the model made it, personal data hidden. */
static struct pl_str arguments_acted(struct turn *t, const struct pl_p_hook *h) {
    struct pl_value args = pl_rec_get(t->in.acted, PL_STR("args"));
    struct pl_str hidden = {0};
    struct pl_buf b = {0};
    pl_buf_c(&b, "{");
    for (uint32_t i = 0, n = 0; args.kind == PL_KIND_LIST && i < args.list.n && i < h->nparams;
         i++) {
        if (args.list.v[i].kind == PL_KIND_NONE) continue;
        if (n++ > 0) pl_buf_c(&b, ",");
        pl_json_quote(&b, h->params[i].name);
        pl_buf_c(&b, ":");
        pl_value_to_json(&b, args.list.v[i]);
    }
    pl_buf_c(&b, "}");
    if (pl_veil_hide(t->veil, pl_buf_slice(&b), &hidden) != PL_OK) hidden = (struct pl_str){0};
    pl_buf_free(&b);
    return hidden;
}

/* "returns.create" is "returns create" among words. */
static void put_words(struct pl_buf *b, struct pl_str name) {
    for (size_t i = 0; i < name.n; i++)
        pl_buf_byte(b, name.p[i] == '.' || name.p[i] == '_' ? ' ' : (uint8_t)name.p[i]);
    pl_buf_c(b, "\n");
}

/* What was done may be said again: by its title, and with what was written. */
static void learn_action(struct turn *t, const struct pl_p_hook *h) {
    struct pl_value args = pl_rec_get(t->in.acted, PL_STR("args"));
    struct pl_locale_env env = {0};
    struct pl_buf b = {0};
    uint32_t locale = pl_image_locale(t->in.image, t->in.locale);
    if (h->title > 0)
        pl_locale_render(t->l, pl_image_text(t->in.image, h->title - 1, locale), NULL, 0, &env, &b);
    pl_buf_c(&b, "\n");
    put_words(&b, h->name);
    for (uint32_t i = 0; args.kind == PL_KIND_LIST && i < args.list.n && i < h->nparams; i++)
        pl_answer__print(t, pl_answer__public(t, h->params[i].type, args.list.v[i]), &b);
    pl_answer__learn(&t->evidence, pl_buf_slice(&b), false);
    pl_buf_free(&b);
}

static struct pl_str result_acted(struct turn *t, uint32_t hook) {
    struct pl_str failure = pl_rec_get(t->in.acted, PL_STR("failure")).s, came = {0};
    if (failure.n > 0)
        return pl_arena_printf(&t->a, "{\"failed\":\"%.*s\"} The customer was told that it failed.",
                               PL_STR_ARG(failure));
    if (t->program->hooks[hook].result.kind != PL_KIND_NONE) {
        struct pl_buf b = {0};
        pl_value_to_json(&b, pl_rec_get(t->in.acted, PL_STR("value")));
        came = keep_result(t, hook, pl_buf_slice(&b));
        pl_buf_free(&b);
    }
    return pl_arena_printf(&t->a, "It was done, and the customer was told so.\n%.*s",
                           PL_STR_ARG(came));
}

enum pl_err pl_answer__acted(struct turn *t) {
    if (t->in.acted.kind != PL_KIND_RECORD) return PL_OK;
    uint32_t hook = hook_acted(t);
    if (hook == PL_NOWHERE) return PL_MALFORMED;
    const struct pl_p_hook *h = &t->program->hooks[hook];
    struct pl_value had = pl_rec_get(t->in.acted, PL_STR("spent"));
    t->asks = (uint32_t)used(had, PL_STR("calls"));
    t->tokens += used(had, PL_STR("tokens")); /* the question's vector was paid for just now */
    t->micro += used(had, PL_STR("micro"));
    learn_action(t, h);
    struct pl_llm_call *call = PL_NEW(&t->a, struct pl_llm_call);
    struct pl_llm_message said = {.role = PL_LLM_ASSISTANT, .calls = call, .ncalls = 1};
    struct pl_llm_message came = {.role = PL_LLM_TOOL_RESULT, .call_id = PL_STR("action")};
    if (call == NULL) return PL_NOMEM;
    *call = (struct pl_llm_call){.id = PL_STR("action"), .name = tool_name(&t->a, h->name)};
    call->arguments = arguments_acted(t, h);
    came.text = t->acted = result_acted(t, hook);
    if (call->arguments.p == NULL || came.text.p == NULL) return PL_NOMEM;
    PL_PUSH(&t->messages, said);
    PL_PUSH(&t->messages, came);
    return PL_OK;
}

/* The same again, of the turn that goes on: it is not done twice. */
static bool is_acted(const struct turn *t, uint32_t hook, const struct pl_value *args) {
    struct pl_value had = pl_rec_get(t->in.acted, PL_STR("args"));
    const struct pl_p_hook *h = &t->program->hooks[hook];
    if (hook != hook_acted(t) || had.kind != PL_KIND_LIST || had.list.n != h->nparams) return false;
    for (uint32_t i = 0; i < h->nparams; i++)
        if (!pl_value_eq(had.list.v[i], args[i])) return false;
    return true;
}

/* True: it is dealt with. */
static bool writes(struct turn *t, struct tool_run *r, uint32_t hook, const struct pl_value *args) {
    const struct pl_p_hook *h = &t->program->hooks[hook];
    if (h->effect != PL_CLASS_WRITE_ONCE) return false;
    if (t->in.acted.kind == PL_KIND_NONE) {
        propose(t, h, args);
    } else if (is_acted(t, hook, args)) {
        r->result = t->acted;
    } else {
        pl_answer__count(t->owner, PL_ANSWER_COUNT_TOOLS_DENIED);
        r->result = PL_STR("{\"failed\":\"one action for each message\"}");
    }
    return true;
}

static void run(struct turn *t, struct tool_run *r) {
    const struct pl_answer_tools *tools = &t->owner->config.tools;
    uint32_t hook = hook_of(t, r->call.name);
    const struct pl_p_hook *h = hook == PL_NOWHERE ? NULL : &t->program->hooks[hook];
    struct pl_value *args = NULL;
    if (h != NULL) args = arguments(t, h, r->call.arguments);
    if (args == NULL) {
        pl_answer__count(t->owner, PL_ANSWER_COUNT_TOOLS_DENIED);
        r->result = PL_STR("{\"failed\":\"not allowed\"}");
        return;
    }
    r->hook = hook;
    if (writes(t, r, hook, args)) return;
    int64_t left = (t->until_us - pl_loop_now_us(t->in.loop)) / 1000;
    if (h->within_ms > 0 && left > h->within_ms) left = h->within_ms;
    pl_answer__count(t->owner, PL_ANSWER_COUNT_TOOLS);
    r->number = tools->call(tools->ctx, t->in.image, hook, args, h->nparams, left > 0 ? left : 1,
                            t->in.loop, tool_done, r);
    if (r->number == 0) r->result = PL_STR("{\"failed\":\"unavailable\"}");
}

enum answer_why pl_answer__run(struct turn *t) {
    if (++t->rounds > PL_ANSWER_MOST_ROUNDS) return WHY_TOOL;
    struct pl_llm_call *calls = PL_NEW_ARRAY(&t->a, struct pl_llm_call, t->tools.n);
    struct pl_llm_message m = {.role = PL_LLM_ASSISTANT, .calls = calls, .ncalls = t->tools.n};
    if (calls == NULL) return WHY_LONG;
    m.text = pl_arena_str(&t->a, pl_buf_slice(&t->raw));
    for (size_t i = 0; i < t->tools.n; i++) calls[i] = t->tools.v[i]->call;
    PL_PUSH(&t->messages, m);
    t->state = RUNS_TOOLS;
    for (size_t i = 0; i < t->tools.n; i++) {
        struct tool_run *r = t->tools.v[i];
        for (size_t k = 0; k < i && r->result.n == 0; k++)
            if (same_call(&r->call, &t->tools.v[k]->call))
                r->result = PL_STR("{\"failed\":\"called twice\"}");
        if (r->result.n == 0) run(t, r);
        if (t->state == ENDS) return WHY_NONE; /* proposed: its tools are gone */
    }
    go_on(t);
    return WHY_NONE;
}

void pl_answer__stop_tools(struct turn *t) {
    for (size_t i = 0; i < t->tools.n; i++) {
        struct tool_run *r = t->tools.v[i];
        if (r->number != 0 && t->owner->config.tools.cancel != NULL)
            t->owner->config.tools.cancel(t->owner->config.tools.ctx, r->number);
        free(r);
    }
    PL_VEC_FREE(&t->tools);
}
