/* SPDX-License-Identifier: Apache-2.0
 *
 * Plays events to a compiled program and compares what the VM does, line by line. A play stands in
 * the comments of a *.flow file:
 *
 *     # play a customer who knows his order
 *     # > say "where is it" intent=track order_id=ORDER1
 *     # < hook orders.find("ORDER1")
 *     # > done "shipped"
 *     # < say track.found("ORDER1")
 *     # ? mode
 *     # < idle
 *
 * `>` events: open | say "text" MARKS | done [JSON] | failed NAME | outcome ID [NAME] | later 10m |
 *     set closed|open|verified|seed N|subject N|locale L | event NAME {JSON} |
 *     clock (the rules look) | diverged
 * MARKS: intent=a, intent=a?b (ambiguous), command=a, yes, no, change, named, long, choice=N,
 * press=N, sentiment=-0.9, uncertainty=0.9, mention=N, says=N, NAME=VALUE (an entity or a kind),
 *     after:NAME=VALUE (its words before it are missing), slot:NAME=KIND:VALUE (told by the marks
 *     of the intent or the phrase that stands before it)
 * `?` questions: mode | deadline | slot NAME | choices
 *
 * Every step is made twice, the second time from the journal form of its event: both must agree.
 * `vm_play BASE REPAIR --show FILE` prints what happens instead.
 */
#include "grammar/grammar.h"
#include "runtime/escalate/escalate.h"
#include "runtime/program/program.h"
#include "runtime/vm/vm.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>

enum { SIZE_MOST = 1 << 20, FILES_MOST = 200, ENTITIES = 8 };
#define MORNING INT64_C(1795338000000) /* 2026-11-22 09:00 UTC */

struct play {
    uint32_t said; /* the mention that the message is a phrase of */
    struct pl_image *image;
    const struct pl_program *p;
    struct pl_vm *vm, *other;
    struct pl_arena a;
    struct pl_str state;
    int64_t now_ms;
    uint64_t seed, subject;
    bool closed, verified;
    struct pl_str locale;
    uint32_t hook;     /* the last one called */
    struct pl_buf out; /* what happened, a line each */
};

/* ---- compiling ---- */

static unsigned plurals(void *ctx, struct pl_str locale, bool ordinal) {
    (void)ctx;
    (void)locale;
    (void)ordinal;
    return 1u << PL_ONE | 1u << PL_OTHER;
}

struct prelude {
    struct pl_str base, repair;
};

static struct pl_image *compile(const struct prelude *prelude, struct pl_str name,
                                struct pl_str text) {
    static const struct pl_grammar_host host = {.plurals = plurals};
    static const uint8_t hash[32];
    struct pl_arena a;
    struct pl_sources sources;
    struct pl_diags diags;
    struct pl_program program;
    struct pl_image *image = NULL;
    struct pl_buf bytes = {0};
    char why[256] = "";
    pl_arena_init(&a, 0);
    pl_sources_init(&sources, &a);
    pl_diags_init(&diags, &a, &sources);
    pl_sources_add(&sources, name, text);
    pl_sources_add(&sources, PL_STR("prelude/base.flow"), prelude->base);
    pl_sources_add(&sources, PL_STR("prelude/repair.flow"), prelude->repair);
    struct pl_grammar_input input = {.sources = &sources};
    if (pl_grammar_compile(&a, &input, &host, &diags, &program) == PL_OK) {
        pl_program_write(&program, &bytes);
        if (pl_image_load(pl_buf_slice(&bytes), hash, &image, why) != PL_OK)
            printf("%.*s does not load: %s\n", PL_STR_ARG(name), why);
    } else {
        struct pl_buf b = {0};
        pl_diags_print(&b, &diags, false);
        printf("%.*s\n", PL_STR_ARG(pl_buf_slice(&b)));
        pl_buf_free(&b);
    }
    pl_buf_free(&bytes);
    pl_arena_free(&a);
    return image;
}

/* POSIX expressions are enough here: plays use no \d. */
static bool matches(void *ctx, const struct pl_image *image, uint32_t i, struct pl_str text) {
    struct pl_str pattern = pl_image_program(image)->regexes[i];
    char re[256], s[256];
    regex_t compiled;
    (void)ctx;
    snprintf(re, sizeof re, "^(%.*s)$", PL_STR_ARG(pattern));
    snprintf(s, sizeof s, "%.*s", PL_STR_ARG(text));
    if (regcomp(&compiled, re, REG_EXTENDED | REG_NOSUB) != 0) return false;
    bool yes = regexec(&compiled, s, 0, NULL, 0) == 0;
    regfree(&compiled);
    return yes;
}

/* ---- what happened, as lines ---- */

static void put_values(struct play *y, const struct pl_value *v, uint32_t n) {
    for (uint32_t i = 0; i < n; i++) {
        if (i) pl_buf_c(&y->out, ", ");
        pl_value_to_json(&y->out, v[i]);
    }
}

static void put_text(struct play *y, const struct pl_vm_text *t) {
    if (t->text >= y->p->ntexts) return;
    struct pl_str id = y->p->texts[t->text].id;
    pl_buf_str(&y->out, id.n ? id : PL_STR("-"));
    if (!t->nargs) return;
    pl_buf_byte(&y->out, '(');
    put_values(y, t->args, t->nargs);
    pl_buf_byte(&y->out, ')');
}

static void put_parts(struct play *y, const struct pl_vm_part *v, uint32_t n) {
    static const char *const words[] = {"",     "image", "fact", "link", "button",
                                        "file", "steps", "card", "cards"};
    for (uint32_t i = 0; i < n; i++) {
        if (i || v[i].kind != PL_PART_TEXT) pl_buf_printf(&y->out, " %s", words[v[i].kind]);
        if (v[i].kind != PL_PART_TEXT) pl_buf_byte(&y->out, '[');
        put_text(y, &v[i].a);
        if (v[i].b.text != PL_NOWHERE) pl_buf_c(&y->out, ": ");
        put_text(y, &v[i].b);
        if (v[i].url.n) pl_buf_printf(&y->out, " %.*s", PL_STR_ARG(v[i].url));
        if (v[i].args.kind == PL_KIND_LIST && v[i].args.list.n) {
            pl_buf_c(&y->out, " with ");
            put_values(y, v[i].args.list.v, v[i].args.list.n);
        }
        put_parts(y, v[i].parts, v[i].nparts);
        if (v[i].kind != PL_PART_TEXT) pl_buf_byte(&y->out, ']');
    }
}

static void put_say(struct play *y, const struct pl_vm_say *say) {
    pl_buf_c(&y->out, "say ");
    put_parts(y, say->parts, say->nparts);
    if (say->nchoices) pl_buf_c(&y->out, " ?");
    for (uint32_t i = 0; i < say->nchoices; i++) {
        pl_buf_printf(&y->out, "%s%.*s", i ? "," : "", PL_STR_ARG(say->choices[i].id));
        if (say->choices[i].label.nargs) {
            pl_buf_byte(&y->out, '(');
            put_values(y, say->choices[i].label.args, say->choices[i].label.nargs);
            pl_buf_byte(&y->out, ')');
        }
    }
    pl_buf_byte(&y->out, '\n');
}

static void put_hook(struct play *y, const struct pl_vm_effect *e) {
    const struct pl_p_hook *h = &y->p->hooks[e->hook];
    y->hook = e->hook;
    pl_buf_printf(&y->out, "hook %.*s(", PL_STR_ARG(h->name));
    put_values(y, e->args, e->nargs);
    pl_buf_byte(&y->out, ')');
    if (h->effect == PL_CLASS_WRITE_ONCE)
        pl_buf_printf(&y->out, " run %llu id %llu", (unsigned long long)e->run,
                      (unsigned long long)e->id);
    pl_buf_byte(&y->out, '\n');
}

static void put_handoff(struct play *y, const struct pl_vm_effect *e) {
    static const char *const modes[] = {"now", "offer", "callback", "message"};
    pl_buf_printf(&y->out, "handoff %s", modes[e->mode]);
    if (e->queue < y->p->nqueues)
        pl_buf_printf(&y->out, " to %.*s", PL_STR_ARG(y->p->queues[e->queue].name));
    if (e->priority.n) pl_buf_printf(&y->out, " %.*s", PL_STR_ARG(e->priority));
    if (e->rule < y->p->nrules)
        pl_buf_printf(&y->out, " rule %.*s", PL_STR_ARG(y->p->rules[e->rule].name));
    if (e->because.nargs) pl_buf_c(&y->out, " because ");
    put_values(y, e->because.args, e->because.nargs);
    pl_buf_byte(&y->out, '\n');
}

static void put_effect(struct play *y, const struct pl_vm_effect *e) {
    static const char *const words[] = {
#define EFFECT(name, word, meaning) #name,
#include "runtime/vm/effect.def"
#undef EFFECT
    };
    switch ((enum pl_vm_effect_kind)e->kind) {
    case PL_EFFECT_STARTED: return;
    case PL_EFFECT_SAY: put_say(y, &e->say); return;
    case PL_EFFECT_HOOK: put_hook(y, e); return;
    case PL_EFFECT_HANDOFF: put_handoff(y, e); return;
    case PL_EFFECT_ENDED:
        pl_buf_printf(&y->out, "end %.*s %.*s\n",
                      PL_STR_ARG(e->flow < y->p->nflows ? y->p->flows[e->flow].name : PL_STR("?")),
                      PL_STR_ARG(e->name));
        return;
    case PL_EFFECT_NOTE:
        pl_buf_c(&y->out, "note ");
        put_text(y, &e->note);
        break;
    case PL_EFFECT_REMEMBER:
        pl_buf_printf(&y->out, "remember%s ", e->consent ? "" : " nothing");
        pl_value_to_json(&y->out, e->facts);
        break;
    case PL_EFFECT_ERROR: {
        struct pl_str file;
        uint32_t line;
        pl_image_line(y->image, e->at, &file, &line);
        pl_buf_printf(&y->out, "error line %u", line);
        break;
    }
    default:
        pl_buf_printf(&y->out, "%s", words[e->kind]);
        if (e->name.n) pl_buf_printf(&y->out, " %.*s", PL_STR_ARG(e->name));
        if (e->nargs) pl_buf_byte(&y->out, ' ');
        put_values(y, e->args, e->nargs);
    }
    pl_buf_byte(&y->out, '\n');
}

/* ---- steps ---- */

static void event_of(struct play *y, uint8_t kind, struct pl_vm_event *e) {
    struct pl_vm_queue_fact *q = PL_NEW_ARRAY(&y->a, struct pl_vm_queue_fact, y->p->nqueues + 1);
    bool *h = PL_NEW_ARRAY(&y->a, bool, y->p->nhours + 1);
    for (uint32_t i = 0; i < y->p->nqueues; i++)
        q[i] = (struct pl_vm_queue_fact){!y->closed, y->now_ms + (y->closed ? 3600000 : 0),
                                         y->closed ? 0 : 120000};
    for (uint32_t i = 0; i < y->p->nhours; i++) h[i] = !y->closed;
    *e = (struct pl_vm_event){.kind = kind,
                              .now_ms = y->now_ms,
                              .today = (int32_t)(y->now_ms / 86400000),
                              .seed = y->seed++,
                              .subject = y->subject,
                              .locale = y->locale,
                              .verified = y->verified,
                              .nqueues = y->p->nqueues,
                              .queues = q,
                              .nhours = y->p->nhours,
                              .hours = h,
                              .rule = PL_NOWHERE,
                              .target = PL_NOWHERE};
    e->reading.command = PL_NOWHERE;
}

static bool step(struct play *y, const struct pl_vm_event *e) {
    struct pl_vm_result r, again;
    struct pl_vm_event read;
    struct pl_buf b = {0};
    enum pl_err err = pl_vm_step(y->vm, y->image, y->state, e, &y->a, &r);
    pl_vm_event_write(&b, e);
    struct pl_str bytes = pl_arena_str(&y->a, pl_buf_slice(&b));
    pl_buf_clear(&b);
    pl_vm_event_write_secret(&b, e);
    struct pl_str secret = pl_arena_str(&y->a, pl_buf_slice(&b));
    pl_buf_free(&b);
    if (e->reading.secret.n && pl_str_find(bytes, e->reading.secret) != SIZE_MAX)
        pl_buf_c(&y->out, "SECRET IN CLEAR\n");
    if (err == PL_OK) err = pl_vm_event_read(bytes, &y->a, &read);
    if (err == PL_OK) err = pl_vm_event_read_secret(secret, &y->a, &read);
    if (err == PL_OK) err = pl_vm_step(y->other, y->image, y->state, &read, &y->a, &again);
    if (err != PL_OK) {
        pl_buf_printf(&y->out, "refused: %s\n", pl_err_text(err));
        return false;
    }
    if (r.hash != again.hash || !pl_str_eq(r.state, again.state) || r.neffects != again.neffects)
        pl_buf_c(&y->out, "DIFFERS ON REPLAY\n");
    for (uint32_t i = 0; i < r.neffects; i++) put_effect(y, &r.effects[i]);
    y->state = pl_arena_str(&y->a, r.state);
    return true;
}

static bool look(struct play *y, struct pl_vm_view *view) {
    return pl_vm_look(y->vm, y->image, y->state, &y->a, view) == PL_OK;
}

/* ---- events ---- */

static struct pl_str word(struct pl_str *rest) {
    struct pl_str s = pl_str_trim(*rest);
    size_t n = 0;
    if (s.n && s.p[0] == '"') {
        for (n = 1; n < s.n && s.p[n] != '"'; n++) {
        }
        n++;
    } else {
        while (n < s.n && s.p[n] != ' ') n++;
    }
    if (n > s.n) n = s.n;
    *rest = (struct pl_str){s.p + n, s.n - n};
    return (struct pl_str){s.p, n};
}

static bool cut_at(struct pl_str s, char c, struct pl_str *left, struct pl_str *right) {
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] != c) continue;
        *left = (struct pl_str){s.p, i};
        *right = (struct pl_str){s.p + i + 1, s.n - i - 1};
        return true;
    }
    *left = s;
    *right = (struct pl_str){0};
    return false;
}

static uint32_t number(struct pl_str s) {
    int64_t n = 0;
    pl_str_i64(s, &n);
    return (uint32_t)n;
}

static uint8_t kind_of(struct pl_str name) {
    for (int k = PL_KIND_BOOL; k <= PL_KIND_CARD; k++)
        if (pl_str_is(name, pl_kind_word((enum pl_kind)k))) return (uint8_t)k;
    return PL_KIND_NONE;
}

static struct pl_value value_of(uint8_t kind, struct pl_str s) {
    struct pl_value v = {.kind = kind};
    if (kind == PL_KIND_NUMBER || kind == PL_KIND_PERCENT)
        pl_dec_parse(s, &v.n);
    else if (kind == PL_KIND_DATE)
        pl_date_parse(s, &v.date);
    else if (kind == PL_KIND_BOOL)
        v.b = pl_str_is(s, "true");
    else if (kind == PL_KIND_DURATION)
        pl_duration_parse(s, &v.duration);
    else if (kind == PL_KIND_DATETIME)
        pl_datetime_parse(s, 0, &v.datetime);
    else
        v.s = s;
    return v;
}

static void add_entity(struct play *y, struct pl_vm_reading *r, struct pl_vm_entity *list,
                       struct pl_str name, struct pl_str value, bool after) {
    struct pl_vm_entity *e = &list[r->nentities++];
    pl_assert(r->nentities <= ENTITIES);
    *e = (struct pl_vm_entity){.entity = PL_NOWHERE, .needs_after = after};
    for (uint32_t i = 0; i < y->p->nentities; i++)
        if (pl_str_eq(y->p->entities[i].name, name)) e->entity = i;
    if (e->entity == PL_NOWHERE) {
        e->kind = kind_of(name);
        e->value = value_of(e->kind, value);
        return;
    }
    const struct pl_typedef *d = &y->p->types.defs[y->p->entities[e->entity].def];
    e->value = value_of(PL_KIND_TEXT, value);
    if (d->base == PL_KIND_ENUM)
        e->value = (struct pl_value){.kind = PL_KIND_ENUM, .e = {d->name, value}};
    e->kind = e->value.kind;
}

static void add_intents(struct play *y, struct pl_vm_reading *r, struct pl_str names) {
    struct pl_vm_intent *v = PL_NEW_ARRAY(&y->a, struct pl_vm_intent, 2);
    struct pl_str first, second;
    r->ambiguous = cut_at(names, '?', &first, &second);
    v[0] = (struct pl_vm_intent){pl_image_intent(y->image, first), 0.9f};
    v[1] = (struct pl_vm_intent){pl_image_intent(y->image, second), 0.85f};
    r->intents = v;
    r->nintents = r->ambiguous ? 2 : 1;
}

static const uint8_t *bit(struct play *y, uint32_t i) {
    uint8_t *b = PL_NEW_ARRAY(&y->a, uint8_t, y->p->nmentions / 8 + 1);
    b[i / 8] = (uint8_t)(1u << (i % 8));
    return b;
}

static void press(struct play *y, struct pl_vm_event *e, uint32_t target) {
    struct pl_value *v = PL_NEW_ARRAY(&y->a, struct pl_value, 1);
    v[0] = pl_text(PL_STR("pressed"));
    e->target = target;
    e->target_args = v;
    e->ntarget_args = y->p->targets[target].nargs ? 1 : 0;
}

static void mark(struct play *y, struct pl_vm_event *e, struct pl_vm_entity *list,
                 struct pl_str w) {
    struct pl_vm_reading *r = &e->reading;
    struct pl_str name, value, inner;
    bool pair = cut_at(w, '=', &name, &value);
    if (!pair) {
        r->yes_no = pl_str_is(w, "yes") ? 1 : pl_str_is(w, "no") ? -1 : r->yes_no;
        if (pl_str_is(w, "change")) r->change_word = true;
        if (pl_str_is(w, "named")) r->named = true;
        if (pl_str_is(w, "long")) r->too_long = true;
        if (w.n && w.p[0] == '"') r->text = (struct pl_str){w.p + 1, w.n - 2};
    } else if (pl_str_is(name, "secret")) { /* the text was its mask */
        r->secret = value;
    } else if (pl_str_is(name, "intent")) {
        add_intents(y, r, value);
    } else if (pl_str_is(name, "command")) {
        r->command = pl_image_intent(y->image, value);
    } else if (pl_str_is(name, "choice")) {
        r->choice = number(value);
    } else if (pl_str_is(name, "press")) {
        press(y, e, number(value));
    } else if (pl_str_is(name, "sentiment")) {
        r->sentiment = (float)atof(value.p);
    } else if (pl_str_is(name, "mention")) {
        r->mentions = bit(y, number(value));
        r->nmentions = y->p->nmentions;
    } else if (pl_str_is(name, "uncertainty")) {
        r->uncertainty = (float)atof(value.p);
    } else if (pl_str_is(name, "says")) {
        y->said = number(value);
        r->says = (struct pl_str){(const char *)bit(y, y->said), y->p->nmentions / 8 + 1};
    } else if (cut_at(name, ':', &inner, &w) && pl_str_is(inner, "after")) {
        add_entity(y, r, list, w, value, true);
    } else if (pl_str_is(inner, "slot")) {
        cut_at(value, ':', &inner, &value);
        add_entity(y, r, list, inner, value, false);
        list[r->nentities - 1].slot = w;
        if (r->marks == PL_VM_MARKS_NONE) { /* of what was named before it */
            r->marks = r->says.n ? PL_VM_MARKS_SAYS : PL_VM_MARKS_INTENT;
            r->marks_of = r->says.n ? y->said : r->nintents ? r->intents[0].intent : PL_NOWHERE;
        }
    } else {
        add_entity(y, r, list, name, value, false);
    }
}

static bool say(struct play *y, struct pl_str rest) {
    struct pl_vm_event e;
    struct pl_escalation found;
    struct pl_vm_entity *list = PL_NEW_ARRAY(&y->a, struct pl_vm_entity, ENTITIES);
    event_of(y, PL_EVENT_MESSAGE, &e);
    e.reading.language = PL_STR("en");
    e.reading.entities = list;
    while (pl_str_trim(rest).n) mark(y, &e, list, word(&rest));
    e.reading.folded_hash = pl_str_hash(e.reading.text);
    if (pl_escalate(y->vm, y->image, y->state, &e, &y->a, &found) != PL_OK) return false;
    pl_escalate_apply(&found, &e);
    return step(y, &e);
}

/* "named 1 3 order_no=N12": options, and what else was found in the earlier messages. */
static bool named(struct play *y, struct pl_str rest) {
    struct pl_vm_event e;
    struct pl_str name, value;
    struct pl_vm_entity *list = PL_NEW_ARRAY(&y->a, struct pl_vm_entity, ENTITIES);
    uint32_t *picks = PL_NEW_ARRAY(&y->a, uint32_t, ENTITIES);
    event_of(y, PL_EVENT_NAMED, &e);
    e.reading.entities = list;
    e.reading.picks = picks;
    while (pl_str_trim(rest).n && e.reading.npicks < ENTITIES) {
        struct pl_str w = word(&rest);
        if (cut_at(w, '=', &name, &value))
            add_entity(y, &e.reading, list, name, value, false);
        else
            picks[e.reading.npicks++] = number(w);
    }
    return step(y, &e);
}

static bool came(struct play *y, uint8_t kind, uint64_t effect, struct pl_str failure,
                 struct pl_str json) {
    struct pl_vm_event e;
    struct pl_vm_view view;
    if (!look(y, &view)) return false;
    event_of(y, kind, &e);
    e.effect = effect ? effect : view.effect;
    e.failure = failure;
    if (json.n) {
        struct pl_json j;
        size_t at;
        struct pl_str where;
        struct pl_type type = {.kind = PL_KIND_TEXT};
        if (pl_json_parse(&y->a, json, &j, &at) != PL_OK) return false;
        if (y->hook < y->p->nhooks) type = y->p->hooks[y->hook].result;
        if (pl_value_from_json(&y->a, &y->p->types, type, &j, &e.value, &where) != PL_OK)
            return false;
    }
    return step(y, &e);
}

/* A record of whatever the JSON says. */
static bool happened(struct play *y, struct pl_str name, struct pl_str json) {
    const struct pl_type any = {.kind = PL_KIND_ANY};
    struct pl_vm_event e;
    struct pl_json j;
    struct pl_str where;
    size_t at;
    if (pl_json_parse(&y->a, json, &j, &at) != PL_OK) return false;
    event_of(y, PL_EVENT_HAPPENED, &e);
    e.name = name;
    if (pl_value_from_json(&y->a, &y->p->types, any, &j, &e.value, &where) != PL_OK) return false;
    return step(y, &e);
}

static bool known(struct play *y, struct pl_str consent, struct pl_str json) {
    const struct pl_type any = {.kind = PL_KIND_ANY};
    struct pl_vm_event e;
    struct pl_json j;
    struct pl_str where;
    size_t at;
    if (pl_json_parse(&y->a, json, &j, &at) != PL_OK) return false;
    event_of(y, PL_EVENT_IDENTITY, &e);
    e.consent = pl_str_is(consent, "yes") ? 1 : pl_str_is(consent, "no") ? -1 : 0;
    if (pl_value_from_json(&y->a, &y->p->types, any, &j, &e.customer, &where) != PL_OK)
        return false;
    return step(y, &e);
}

/* Time has passed: rules whose facts are the clock's may fire. */
static bool look_at_clock(struct play *y) {
    struct pl_vm_event e;
    struct pl_escalation found;
    event_of(y, PL_EVENT_RULE, &e);
    if (pl_escalate(y->vm, y->image, y->state, &e, &y->a, &found) != PL_OK) return false;
    pl_escalate_apply(&found, &e);
    return step(y, &e);
}

/* The clock stops at every deadline on its way. */
static bool later(struct play *y, struct pl_str much) {
    struct pl_vm_view view;
    struct pl_vm_event e;
    int64_t ms = 0;
    pl_duration_parse(much, &ms);
    int64_t end = y->now_ms + ms;
    for (int i = 0; i < 50; i++) {
        if (!look(y, &view)) return false;
        if (view.deadline_ms == 0 || view.deadline_ms > end) {
            y->now_ms = end;
            return true;
        }
        if (view.deadline_ms > y->now_ms) y->now_ms = view.deadline_ms;
        event_of(y, PL_EVENT_TIMER, &e);
        if (!step(y, &e)) return false;
    }
    pl_buf_c(&y->out, "timers without end\n");
    return false;
}

static bool set(struct play *y, struct pl_str rest) {
    struct pl_str what = word(&rest);
    if (pl_str_is(what, "closed")) y->closed = true;
    if (pl_str_is(what, "open")) y->closed = false;
    if (pl_str_is(what, "verified")) y->verified = true;
    if (pl_str_is(what, "seed")) y->seed = number(word(&rest));
    if (pl_str_is(what, "locale")) y->locale = word(&rest);
    if (pl_str_is(what, "subject")) y->subject = number(word(&rest));
    return true;
}

static bool event(struct play *y, struct pl_str line) {
    struct pl_vm_event e;
    struct pl_str what = word(&line);
    if (pl_str_is(what, "open")) {
        event_of(y, PL_EVENT_OPEN, &e);
        return step(y, &e);
    }
    if (pl_str_is(what, "say")) return say(y, line);
    if (pl_str_is(what, "event")) {
        struct pl_str name = word(&line);
        return happened(y, name, pl_str_trim(line));
    }
    if (pl_str_is(what, "known")) {
        struct pl_str consent = word(&line);
        return known(y, consent, pl_str_trim(line));
    }
    if (pl_str_is(what, "clock")) return look_at_clock(y);
    if (pl_str_is(what, "diverged")) {
        event_of(y, PL_EVENT_DIVERGED, &e);
        return step(y, &e);
    }
    if (pl_str_is(what, "named")) return named(y, line);
    if (pl_str_is(what, "later")) return later(y, word(&line));
    if (pl_str_is(what, "set")) return set(y, line);
    if (pl_str_is(what, "done")) return came(y, PL_EVENT_HOOK, 0, PL_STR(""), pl_str_trim(line));
    if (pl_str_is(what, "failed")) return came(y, PL_EVENT_HOOK, 0, word(&line), PL_STR(""));
    if (pl_str_is(what, "outcome")) {
        uint32_t id = number(word(&line));
        return came(y, PL_EVENT_OUTCOME, id, word(&line), PL_STR(""));
    }
    return false;
}

static bool question(struct play *y, struct pl_str line) {
    static const char *const modes[] = {"idle",  "asking", "busy",  "sleeping",
                                        "agent", "closed", "naming"};
    struct pl_str what = word(&line);
    struct pl_vm_view view;
    if (!look(y, &view)) return false;
    if (pl_str_is(what, "mode")) {
        pl_buf_printf(&y->out, "%s", modes[view.mode]);
        if (view.wait < y->p->nwaits)
            pl_buf_printf(&y->out, " %.*s", PL_STR_ARG(y->p->waits[view.wait].id));
    } else if (pl_str_is(what, "deadline")) {
        pl_buf_printf(&y->out, "in %lld s",
                      view.deadline_ms ? (long long)(view.deadline_ms - y->now_ms) / 1000 : -1);
    } else if (pl_str_is(what, "slot")) {
        pl_value_to_json(&y->out, pl_vm_slot(y->vm, y->image, y->state, &y->a, word(&line)));
    } else if (pl_str_is(what, "held")) {
        pl_buf_printf(&y->out, "%u", view.nheld);
    } else if (pl_str_is(what, "frames")) {
        pl_buf_printf(&y->out, "%u", view.nframes);
    }
    pl_buf_byte(&y->out, '\n');
    return true;
}

/* ---- files ---- */

static void begin(struct play *y, struct pl_image *image) {
    pl_arena_reset(&y->a);
    y->image = image;
    y->p = pl_image_program(image);
    y->now_ms = MORNING;
    y->seed = 1;
    y->subject = 0;
    y->closed = y->verified = false;
    y->locale = (struct pl_str){0};
    y->hook = PL_NOWHERE;
    y->state = pl_vm_begin(&y->a, image, y->now_ms);
    pl_buf_clear(&y->out);
}

static struct pl_str line_at(struct pl_str text, size_t *at) {
    size_t from = *at, to = from;
    while (to < text.n && text.p[to] != '\n') to++;
    *at = to + 1;
    return pl_str_trim((struct pl_str){text.p + from, to - from});
}

/* The next line of what happened is this one. */
static bool expect(struct play *y, size_t *seen, struct pl_str want, struct pl_str name,
                   unsigned line) {
    size_t at = *seen;
    struct pl_str got = at < y->out.n ? line_at(pl_buf_slice(&y->out), &at) : PL_STR("(nothing)");
    *seen = at < y->out.n ? at : y->out.n;
    if (pl_str_eq(got, want)) return true;
    printf("%.*s:%u: expected  %.*s\n", PL_STR_ARG(name), line, PL_STR_ARG(want));
    printf("%.*s:%u: got       %.*s\n", PL_STR_ARG(name), line, PL_STR_ARG(got));
    return false;
}

static bool nothing_left(struct play *y, size_t seen, struct pl_str name, unsigned line) {
    if (seen >= y->out.n) return true;
    printf("%.*s:%u: besides   %.*s", PL_STR_ARG(name), line, (int)(y->out.n - seen),
           y->out.p + seen);
    return false;
}

struct run {
    struct play y;
    size_t seen;
    unsigned plays, wrong;
    bool show, good; /* good: until the play's first surprise */
};

static void surprise(struct run *r) {
    if (r->good) r->wrong++;
    r->good = false;
}

static void act(struct run *r, struct pl_str line, struct pl_str name, unsigned n) {
    bool is_event = pl_str_starts(line, PL_STR("# > "));
    struct pl_str rest = {line.p + 4, line.n - 4};
    if (!r->show && r->good && !nothing_left(&r->y, r->seen, name, n)) surprise(r);
    size_t from = r->y.out.n;
    r->seen = from;
    if (!(is_event ? event(&r->y, rest) : question(&r->y, rest))) {
        printf("%.*s:%u: cannot be played\n", PL_STR_ARG(name), n);
        surprise(r);
    }
    if (!r->show) return;
    printf("%.*s\n", PL_STR_ARG(line));
    for (size_t at = from; at < r->y.out.n;) {
        struct pl_str out = line_at(pl_buf_slice(&r->y.out), &at);
        printf("# < %.*s\n", PL_STR_ARG(out));
    }
}

static void play_line(struct run *r, struct pl_image *image, struct pl_str line, struct pl_str name,
                      unsigned n) {
    if (pl_str_starts(line, PL_STR("# play"))) {
        if (!r->show && r->good && r->plays && !nothing_left(&r->y, r->seen, name, n)) surprise(r);
        begin(&r->y, image);
        r->seen = 0;
        r->plays++;
        r->good = true;
        if (r->show) printf("%.*s\n", PL_STR_ARG(line));
    } else if (pl_str_starts(line, PL_STR("# > ")) || pl_str_starts(line, PL_STR("# ? "))) {
        if (r->good) act(r, line, name, n);
    } else if (pl_str_starts(line, PL_STR("# < ")) && r->good && !r->show) {
        struct pl_str want = {line.p + 4, line.n - 4};
        if (!expect(&r->y, &r->seen, want, name, n)) surprise(r);
    } else if (r->show) {
        printf("%.*s\n", PL_STR_ARG(line));
    }
}

static void play_file(struct run *r, const struct prelude *base, struct pl_str name,
                      struct pl_str text) {
    struct pl_image *image = compile(base, name, text);
    unsigned n = 0, before = r->plays;
    r->good = image != NULL;
    r->seen = 0;
    pl_buf_clear(&r->y.out);
    if (!image) {
        r->wrong++;
        return;
    }
    for (size_t at = 0; at < text.n;) {
        struct pl_str line = line_at(text, &at);
        if (n++ || line.n) play_line(r, image, line, name, n);
    }
    if (!r->show && r->good && !nothing_left(&r->y, r->seen, name, n)) surprise(r);
    if (r->plays == before) r->wrong++;
    pl_image_unref(&image);
}

static void play_folder(struct run *r, const struct prelude *base, const char *folder) {
    struct pl_arena a;
    struct pl_str *names;
    size_t n = 0;
    pl_arena_init(&a, 0);
    if (pl_files_under(&a, folder, ".flow", FILES_MOST, &names, &n) != PL_OK) n = 0;
    for (size_t i = 0; i < n; i++) {
        struct pl_str text, path = pl_arena_printf(&a, "%s/%.*s", folder, PL_STR_ARG(names[i]));
        if (pl_file_read(&a, path.p, SIZE_MOST, &text) == PL_OK)
            play_file(r, base, names[i], text);
        else
            r->wrong++;
    }
    pl_arena_free(&a);
}

static int write_image(const struct prelude *base, struct pl_str text, const char *to) {
    struct pl_image *image = compile(base, PL_STR("seed.flow"), text);
    struct pl_buf b = {0};
    if (!image) return 1;
    pl_program_write(pl_image_program(image), &b);
    enum pl_err err = pl_file_replace(to, pl_buf_slice(&b));
    pl_image_unref(&image);
    pl_buf_free(&b);
    return err == PL_OK ? 0 : 1;
}

int main(int argc, char **argv) {
    struct pl_arena a;
    struct prelude prelude;
    struct pl_str text;
    struct run r = {0};
    int code = 2;
    pl_arena_init(&a, 0);
    pl_arena_init(&r.y.a, 0);
    r.y.vm = pl_vm_create((struct pl_vm_env){.matches = matches});
    r.y.other = pl_vm_create((struct pl_vm_env){.matches = matches});
    if (argc < 4 || pl_file_read(&a, argv[1], SIZE_MOST, &prelude.base) != PL_OK ||
        pl_file_read(&a, argv[2], SIZE_MOST, &prelude.repair) != PL_OK) {
        fprintf(stderr, "usage: vm_play BASE REPAIR FOLDER | --show FILE | --image FILE TO\n");
    } else if (argc == 4) {
        play_folder(&r, &prelude, argv[3]);
        printf("%u plays, %u wrong\n", r.plays, r.wrong);
        code = r.plays && !r.wrong ? 0 : 1;
    } else if (pl_file_read(&a, argv[4], SIZE_MOST, &text) == PL_OK) {
        r.show = argc == 5;
        if (r.show) play_file(&r, &prelude, PL_STR("play.flow"), text);
        code = r.show ? 0 : write_image(&prelude, text, argv[5]);
    }
    pl_vm_destroy(&r.y.vm);
    pl_vm_destroy(&r.y.other);
    pl_buf_free(&r.y.out);
    pl_arena_free(&r.y.a);
    pl_arena_free(&a);
    return code;
}
