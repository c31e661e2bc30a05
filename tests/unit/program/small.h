/* SPDX-License-Identifier: Apache-2.0
 *
 * A program made by hand, with at least one row in every table: what an image can hold, small
 * enough to read. Its one project flow asks for an order, calls a hook and a flow, and hands over.
 */
#ifndef TEST_PROGRAM_SMALL_H
#define TEST_PROGRAM_SMALL_H

#include "runtime/program/program.h"

#include <string.h>

#define W PL_WORD
#define S PL_STR
enum { NPRELUDE = PL_PRELUDES };

/* Addresses of the code below. */
enum {
    AT_MAIN = 0,
    AT_ASK = 3,
    AT_HOOK = 5,
    AT_FOUND = 6,
    AT_SLEEP = 18,
    AT_CHOOSE = 19,
    AT_CONFIRM = 20,
    AT_YES = 21,
    AT_NO = 23,
    AT_MISSING = 24,
    AT_ELSE = 27,
    AT_PROMPT = 28,
    AT_CHECK = 35,
    AT_REFUSE = 38,
    AT_CHOICES = 42,
    AT_PLAIN = 48,
    AT_COND = 56,
    NCODE = 58
};

struct small {
    struct pl_program p;
    struct pl_value consts[4];
    struct pl_typedef_field members[2];
    struct pl_typedef defs[2];
    struct pl_type types[1];
    struct pl_p_text texts[4];
    struct pl_str codes[4][2];
    uint32_t code[NCODE];
    struct pl_p_line lines[2];
    struct pl_p_slot slots[3];
    struct pl_p_flow flows[1 + NPRELUDE];
    struct pl_p_slot params[2];
    struct pl_p_trigger triggers[5];
    struct pl_p_slot session[1], customer[1];
    struct pl_p_wait waits[4];
    uint32_t again[1], shows[1];
    struct pl_p_check checks[1];
    struct pl_p_option options[2];
    struct pl_p_target targets[2];
    struct pl_p_call calls[3];
    struct pl_p_failure failures[1];
    struct pl_p_hook hooks[1];
    struct pl_typedef_field hook_params[1];
    struct pl_str fails[1];
    struct pl_p_entity entities[1];
    struct pl_str intents[2], regexes[1], locales[2], skills[1], languages[1];
    struct pl_p_back backs[1];
    struct pl_p_handoff handoffs[1];
    struct pl_p_rule rules[2];
    struct pl_p_hours hours[1];
    struct pl_p_open open[1];
    int32_t holidays[1];
    struct pl_p_queue queues[1];
    struct pl_p_mention mentions[1];
    struct pl_p_words words[2];
    struct pl_p_section sections[1];
    struct pl_p_point points[3];
    struct pl_buf text[3]; /* message code */
};

static void small_code(uint32_t *w) {
    const uint32_t code[NCODE] = {
        /* main: a picked greeting, the question */
        [AT_MAIN] = W(PL_OP_PICK, 2),
        3,
        3,
        [AT_ASK] = W(PL_OP_ASK, 0),
        W(PL_OP_LOAD, PL_SLOT(PL_SCOPE_SESSION, 0)),
        [AT_HOOK] = W(PL_OP_CALL_HOOK, 0),
        [AT_FOUND] = W(PL_OP_LOAD, 1),
        W(PL_OP_ITER, 3),
        W(PL_OP_ITER_NEXT, 2),
        11,
        W(PL_OP_JUMP, 8),
        W(PL_OP_CALL_FLOW, 1),
        W(PL_OP_MARK, 0),
        W(PL_OP_GOAL, 0),
        W(PL_OP_CONST, 0),
        W(PL_OP_TRACK, 2),
        W(PL_OP_JUMP, 17),
        W(PL_OP_CONST, 2),
        [AT_SLEEP] = W(PL_OP_SLEEP, 3),
        [AT_CHOOSE] = W(PL_OP_CHOOSE, 2),
        [AT_CONFIRM] = W(PL_OP_CONFIRM, 1),
        [AT_YES] = W(PL_OP_CONST, 0),
        W(PL_OP_HANDOFF, 0),
        [AT_NO] = W(PL_OP_END, 0),
        /* the hook's failure, bounded */
        [AT_MISSING] = W(PL_OP_CLEAR, PL_SLOT(PL_SCOPE_SESSION, 0)),
        W(PL_OP_BACK, 0),
        W(PL_OP_RETURN, 0),
        [AT_ELSE] = W(PL_OP_END, 1),
        /* blocks: the prompt with a button, the check, its refusal, choices, a plain prompt */
        [AT_PROMPT] = W(PL_OP_TEXT, 0),
        W(PL_OP_SAY, 0),
        W(PL_OP_CONST, 0),
        W(PL_OP_TEXT, 0),
        W(PL_OP_PART_BUTTON, 0),
        W(PL_OP_SAY_END, 0),
        W(PL_OP_DONE, 0),
        [AT_CHECK] = W(PL_OP_LOAD, PL_SLOT(PL_SCOPE_SESSION, 0)),
        W(PL_OP_MATCHES, 0),
        W(PL_OP_DONE, 0),
        [AT_REFUSE] = W(PL_OP_TEXT, 0),
        W(PL_OP_SAY, 0),
        W(PL_OP_SAY_END, 0),
        W(PL_OP_DONE, 0),
        [AT_CHOICES] = W(PL_OP_TEXT, 0),
        W(PL_OP_SAY, 0),
        W(PL_OP_SAY_END, 0),
        W(PL_OP_TEXT, 0),
        W(PL_OP_OPTION, 0),
        W(PL_OP_DONE, 0),
        [AT_PLAIN] = W(PL_OP_CONST, 0),
        W(PL_OP_TEXT, 1),
        W(PL_OP_SAY, 0),
        W(PL_OP_SAY_END, 0),
        W(PL_OP_DONE, 0),
        /* a body for every flow of the prelude */
        W(PL_OP_OPEN, 0),
        W(PL_OP_JUMP_FALSE, 55),
        W(PL_OP_RETURN, 0),
        /* a condition */
        [AT_COND] = W(PL_OP_MENTIONS, 0),
        W(PL_OP_DONE, 0),
    };
    memcpy(w, code, sizeof code);
}

static struct pl_type small_type(enum pl_kind kind) {
    return (struct pl_type){.kind = (uint8_t)kind};
}

static void small_texts(struct small *m) {
    pl_buf_byte(&m->text[0], PL_MSG_TEXT);
    pl_buf_text(&m->text[0], S("Hello"));
    pl_buf_byte(&m->text[1], PL_MSG_ARG);
    pl_buf_var(&m->text[1], 0);
    pl_buf_var(&m->text[1], 0);
    pl_buf_byte(&m->text[2], PL_MSG_TEXT);
    pl_buf_text(&m->text[2], S("Hola"));
    for (int i = 0; i < 4; i++) {
        m->codes[i][0] = pl_buf_slice(&m->text[i == 1]);
        m->texts[i] = (struct pl_p_text){.id = S("t"), .nargs = i == 1, .code = m->codes[i]};
    }
    m->codes[0][1] = pl_buf_slice(&m->text[2]);
}

static void small_flows(struct small *m) {
    static const char *const names[] = {
#define PRELUDE(name, flow, params, required) flow,
#include "runtime/program/prelude.def"
#undef PRELUDE
    };
    static const uint32_t nparams[] = {
#define PRELUDE(name, flow, params, required) params,
#include "runtime/program/prelude.def"
#undef PRELUDE
    };
    m->slots[0] = (struct pl_p_slot){S("reason"), small_type(PL_KIND_TEXT), 2};
    m->slots[1] = (struct pl_p_slot){S("items"), {.kind = PL_KIND_LIST, .def = 0}, PL_NOWHERE};
    m->slots[2] = (struct pl_p_slot){S("item"), small_type(PL_KIND_TEXT), PL_NOWHERE};
    m->params[0] = (struct pl_p_slot){S("a"), small_type(PL_KIND_ANY), PL_NOWHERE};
    m->params[1] = (struct pl_p_slot){S("b"), small_type(PL_KIND_ANY), PL_NOWHERE};
    m->flows[0] = (struct pl_p_flow){.name = S("main"),
                                     .title = 2,
                                     .resume = 3,
                                     .nslots = 3,
                                     .slots = m->slots,
                                     .entry = AT_MAIN,
                                     .end = AT_PLAIN + 5,
                                     .interrupt = PL_INTERRUPT_AFTER_ANSWER,
                                     .on_change = PL_CHANGE_RESTART};
    for (int i = 0; i < NPRELUDE; i++) {
        m->flows[1 + i] = (struct pl_p_flow){.name = pl_str_c(names[i]),
                                             .title = PL_NOWHERE,
                                             .resume = PL_NOWHERE,
                                             .nparams = nparams[i],
                                             .nslots = nparams[i],
                                             .slots = m->params,
                                             .entry = AT_PLAIN + 5,
                                             .end = AT_COND,
                                             .prelude = true};
        m->p.prelude[i] = 1 + (uint32_t)i;
    }
}

static void small_waits(struct small *m) {
    m->again[0] = AT_REFUSE;
    m->shows[0] = PL_SLOT(PL_SCOPE_SESSION, 0);
    m->checks[0] = (struct pl_p_check){AT_CHECK, AT_REFUSE};
    for (int i = 0; i < 4; i++)
        m->waits[i] = (struct pl_p_wait){.entity = PL_NOWHERE,
                                         .tries = 3,
                                         .els = AT_ELSE,
                                         .no = PL_NOWHERE,
                                         .otherwise = PL_NOWHERE,
                                         .id = S("wait")};
    m->waits[0].slot = PL_SLOT(PL_SCOPE_SESSION, 0);
    m->waits[0].type = (struct pl_type){.kind = PL_KIND_ENTITY, .def = 1};
    m->waits[0].entity = 0;
    m->waits[0].at = AT_ASK;
    m->waits[0].next = AT_ASK + 1;
    m->waits[0].prompt = AT_PROMPT;
    m->waits[0].nagain = m->waits[0].nchecks = 1;
    m->waits[0].again = m->again;
    m->waits[0].checks = m->checks;
    m->waits[0].optional = true;
    m->waits[1].kind = PL_WAIT_CONFIRM;
    m->waits[1].at = AT_CONFIRM;
    m->waits[1].next = AT_YES;
    m->waits[1].no = AT_NO;
    m->waits[1].prompt = AT_PLAIN;
    m->waits[1].shown = 1;
    m->waits[1].shows = m->shows;
    m->waits[2].kind = PL_WAIT_CHOOSE;
    m->waits[2].at = AT_CHOOSE;
    m->waits[2].next = AT_CONFIRM;
    m->waits[2].prompt = AT_CHOICES;
    m->waits[2].otherwise = AT_CONFIRM;
    m->waits[3].kind = PL_WAIT_SLEEP;
    m->waits[3].at = AT_SLEEP;
    m->waits[3].next = AT_CHOOSE;
    m->waits[3].els = PL_NOWHERE;
    m->options[0] = (struct pl_p_option){.kind = PL_OPT_BLOCK,
                                         .id = S("yes"),
                                         .wait = 2,
                                         .code = AT_CONFIRM,
                                         .flow = PL_NOWHERE,
                                         .item = PL_NOWHERE,
                                         .says = 0};
    m->options[1] = (struct pl_p_option){.kind = PL_OPT_FLOW,
                                         .id = S("other"),
                                         .wait = 2,
                                         .code = PL_NOWHERE,
                                         .flow = 0,
                                         .item = 2,
                                         .says = PL_NOWHERE,
                                         .value = pl_int(7)};
    m->targets[0] = (struct pl_p_target){.id = S("open"), .open = true, .flow = PL_NOWHERE};
    m->targets[1] = (struct pl_p_target){.id = S("go"), .flow = 0, .nargs = 1};
}

static void small_calls(struct small *m) {
    m->failures[0] = (struct pl_p_failure){S("unavailable"), AT_MISSING};
    m->calls[0] = (struct pl_p_call){.id = S("1"),
                                     .nargs = 1,
                                     .result = 1,
                                     .next = AT_FOUND,
                                     .nfailures = 1,
                                     .failures = m->failures};
    m->calls[1] = (struct pl_p_call){.id = S("2"), .callee = 1, .result = PL_NOWHERE};
    m->calls[2] = (struct pl_p_call){.id = S("event"), .nargs = 1, .result = PL_NOWHERE};
    m->hook_params[0] = (struct pl_typedef_field){S("id"), small_type(PL_KIND_TEXT), 0};
    m->fails[0] = S("not_found");
    m->hooks[0] = (struct pl_p_hook){.name = S("orders.find"),
                                     .effect = PL_CLASS_READ,
                                     .nparams = 1,
                                     .params = m->hook_params,
                                     .result = {.kind = PL_KIND_LIST, .def = 0},
                                     .nfails = 1,
                                     .fails = m->fails,
                                     .within_ms = 200,
                                     .cache_ms = 30000};
    m->entities[0] = (struct pl_p_entity){.name = S("order_id"),
                                          .def = 1,
                                          .title = 2,
                                          .example = S("ORDER1"),
                                          .hook = 0,
                                          .refresh_ms = 1000,
                                          .lua = PL_NOWHERE};
    m->backs[0] = (struct pl_p_back){.to = AT_ASK, .most = 3, .els = AT_ELSE};
}

static void small_people(struct small *m) {
    m->handoffs[0] = (struct pl_p_handoff){.mode = PL_HANDOFF_NOW,
                                           .queue_slot = PL_NOWHERE,
                                           .priority = S("high"),
                                           .because = 1,
                                           .closed = AT_NO};
    m->rules[0] = (struct pl_p_rule){.name = S("angry"), .cond = AT_COND, .every_ms = 1800000};
    m->rules[0].handoff = (struct pl_p_handoff){
        .mode = PL_HANDOFF_OFFER, .queue_slot = PL_NOWHERE, .because = 0, .closed = PL_NOWHERE};
    m->rules[1] = m->rules[0];
    m->rules[1].name = S("routed");
    m->rules[1].route = true;
    m->open[0] = (struct pl_p_open){4, 540, 1020};
    m->holidays[0] = -3;
    m->hours[0] = (struct pl_p_hours){S("office"), S("Europe/Berlin"), 1, m->open, 1, m->holidays};
    m->skills[0] = S("orders");
    m->languages[0] = S("es");
    m->queues[0] = (struct pl_p_queue){.name = S("general"),
                                       .title = 2,
                                       .nskills = 1,
                                       .nlanguages = 1,
                                       .skills = m->skills,
                                       .languages = m->languages,
                                       .within_ms = 60000,
                                       .percent = 80};
    m->words[0] = (struct pl_p_words){S("en"), S("lawyer"), false};
    m->words[1] = (struct pl_p_words){S("es"), S("⟨old:size⟩ abogado"), true};
    m->mentions[0] = (struct pl_p_mention){2, m->words};
    for (int i = 0; i < 5; i++)
        m->triggers[i] = (struct pl_p_trigger){(uint8_t)i, 0, 0, i ? PL_NOWHERE : AT_COND};
}

static void small_points(struct small *m) {
    m->points[0] = (struct pl_p_point){PL_POINT_STEP, PL_NOWHERE, AT_ASK, 0, 3, 5, {0}};
    m->points[1] = (struct pl_p_point){PL_POINT_BRANCH, AT_HOOK, AT_MISSING, 0, 7, 3, S("gone")};
    m->points[2] = (struct pl_p_point){PL_POINT_OPTION, PL_NOWHERE, 1, 0, 9, 3, S("option")};
}

#define PUT(table) (m->p.table = m->table, m->p.n##table = PL_LEN(m->table))

static void small_make(struct small *m) {
    memset(m, 0, sizeof *m);
    m->consts[0] = pl_text(S("flows/main.flow"));
    m->consts[1] = pl_int(-42);
    m->consts[2] = (struct pl_value){.kind = PL_KIND_DURATION, .duration = 60000};
    m->consts[3] = pl_bool(true);
    m->members[0] = (struct pl_typedef_field){S("placed"), small_type(PL_KIND_NONE), 3};
    m->members[1] = (struct pl_typedef_field){S("shipped"), small_type(PL_KIND_NONE), 0};
    m->defs[0] = (struct pl_typedef){S("status"), PL_KIND_ENUM, PL_KIND_TEXT, 2, m->members};
    m->defs[1] =
        (struct pl_typedef){.name = S("order_id"), .kind = PL_KIND_ENTITY, .base = PL_KIND_TEXT};
    m->types[0] = small_type(PL_KIND_TEXT);
    m->session[0] = (struct pl_p_slot){S("session.order"), {.kind = PL_KIND_ENTITY, .def = 1}, 2};
    m->customer[0] = (struct pl_p_slot){S("customer.name"), small_type(PL_KIND_TEXT), PL_NOWHERE};
    m->customer[0].type.quals = PL_PRIVATE;
    m->lines[0] = (struct pl_p_line){0, 0, 3};
    m->lines[1] = (struct pl_p_line){AT_HOOK, 0, 9};
    m->intents[0] = S("track");
    m->intents[1] = S("cancel");
    m->regexes[0] = S("(?i)[a-z]+");
    m->locales[0] = S("en-US");
    m->locales[1] = S("es-ES");
    m->sections[0] = (struct pl_p_section){S("nlp.model"), S("opaque\0bytes")};
    small_code(m->code);
    small_texts(m);
    small_flows(m);
    small_waits(m);
    small_calls(m);
    small_people(m);
    small_points(m);
    m->p.assistant = S("Test");
    m->p.source_locale = m->locales[0];
    m->p.zone = S("Europe/Berlin");
    memcpy(m->p.currency, "USD", 4);
    m->p.callback_ms = 5;
    m->p.types = (struct pl_types){m->defs, 2, m->types, 1};
    PUT(consts), PUT(texts), PUT(code), PUT(lines), PUT(flows), PUT(triggers), PUT(session);
    PUT(customer), PUT(waits), PUT(options), PUT(targets), PUT(calls), PUT(hooks), PUT(entities);
    PUT(intents), PUT(backs), PUT(handoffs), PUT(rules), PUT(hours), PUT(queues), PUT(mentions);
    PUT(regexes), PUT(sections), PUT(locales), PUT(points);
}

static void small_free(struct small *m) {
    for (size_t i = 0; i < PL_LEN(m->text); i++) pl_buf_free(&m->text[i]);
}

#undef PUT
#undef W
#undef S
#endif
