/* SPDX-License-Identifier: Apache-2.0
 *
 * What people do with a conversation that they have: end a hand-over, speak, give it back.
 *
 *   AGENT entry: the action; data: the hand-over's number, and behind a blank the note
 */
#include "runtime/engine/engine_priv.h"

#include <stdlib.h>
#include <string.h>

#define JOINED "{\"kind\":\"agent_joined\",\"from\":\"system\"}"
#define LEFT   "{\"kind\":\"agent_left\",\"from\":\"system\"}"

static struct pl_str words(struct pl_arena *a, struct pl_str text) {
    struct pl_buf b = {0};
    struct pl_jw w = {.b = &b};
    pl_jw_open(&w, '{');
    pl_jw_text_member(&w, "kind", PL_STR("message"));
    pl_jw_text_member(&w, "from", PL_STR("agent"));
    pl_jw_name(&w, "parts");
    pl_jw_open(&w, '[');
    pl_jw_open(&w, '{');
    pl_jw_text_member(&w, "type", PL_STR("text"));
    pl_jw_text_member(&w, "text", text);
    pl_jw_close(&w, '}');
    pl_jw_close(&w, ']');
    pl_jw_close(&w, '}');
    struct pl_str json = pl_arena_str(a, pl_buf_slice(&b));
    pl_buf_free(&b);
    return json;
}

/* What the customer sees of it, at most two events. */
static uint32_t outputs(const struct eng_conv *c, struct pl_arena *a, uint8_t action,
                        struct pl_str text, struct pl_str out[2]) {
    uint32_t n = 0;
    bool there = c->with == PL_WITH_AGENT;
    if (action == PL_ENGINE_SAYS && !there) out[n++] = PL_STR(JOINED);
    if (action == PL_ENGINE_SAYS) out[n++] = words(a, text);
    if (action == PL_ENGINE_BACK && there) out[n++] = PL_STR(LEFT);
    return n;
}

static enum pl_err judge(const struct eng_conv *c, const struct eng_input *in, struct pl_str *why) {
    const struct eng_handoff *h = pl_engine__handoff_find(c, in->seq);
    *why = PL_STR("");
    if (!h || (in->said == PL_ENGINE_DONE && h->done)) return PL_NOT_FOUND;
    if (in->said == PL_ENGINE_DONE || c->with != PL_WITH_BOT) return PL_OK;
    *why = PL_STR("the bot has this conversation");
    return PL_CONFLICT;
}

/* Leaves the record as it is after the entry, when it is made and when it is read again. Gives the
 * hand-over when this is the first that a person does with it, else NULL. */
static const struct eng_handoff *apply(struct eng_conv *c, uint8_t action, uint64_t number,
                                       struct pl_str note) {
    const struct eng_handoff *first = pl_engine__handoff_answered(c, number);
    if (action == PL_ENGINE_SAYS) {
        pl_engine__with(c, PL_WITH_AGENT);
        return first;
    }
    pl_engine__handoff_done(c, number);
    if (action == PL_ENGINE_BACK) {
        pl_engine__with(c, PL_WITH_BOT);
        pl_engine__note(c, note);
    }
    return first;
}

void pl_engine__agent(struct pl_engine *e, struct eng_conv *c, struct eng_turn *t,
                      const struct eng_input *in) {
    struct pl_entry entry = {.kind = PL_ENTRY_AGENT, .flags = PL_ENTRY_WAITS};
    struct pl_vm_event event;
    struct pl_str out[2], why;
    enum pl_err err = judge(c, in, &why);
    if (err != PL_OK) {
        pl_engine__told(e, in->client, err, why);
        return;
    }
    struct pl_str text = pl_privacy_mask(t->a, pl_arena_str(t->a, in->text)).s;
    uint64_t number = pl_engine__handoff_find(c, in->seq)->n;
    memcpy(entry.agent.agent, in->hash, sizeof entry.agent.agent);
    entry.agent.action = in->said;
    entry.agent.data =
        pl_arena_printf(t->a, "%llu %.*s", (unsigned long long)number,
                        in->said == PL_ENGINE_BACK ? (int)text.n : 0, text.n ? text.p : "");
    entry.noutputs = outputs(c, t->a, in->said, text, out);
    entry.outputs = out;
    PL_PUSH(&t->told, ((struct eng_told){in->client, PL_OK}));
    t->snapshot = true;
    if (!pl_engine__add(e, t, &entry)) return;
    const struct eng_handoff *first = apply(c, in->said, number, text);
    if (first) pl_engine__promise_kept(e, first);
    if (in->said != PL_ENGINE_BACK) return;
    pl_engine__event(e, c, PL_EVENT_HANDED_BACK, &event);
    pl_engine__step(e, c, t, &event, 0);
}

void pl_engine__agent_again(struct eng_conv *c, const struct pl_entry_agent *v) {
    size_t blank = pl_str_find(v->data, PL_STR(" "));
    size_t n = blank == SIZE_MAX ? v->data.n : blank, from = blank == SIZE_MAX ? n : n + 1;
    struct pl_str note = {v->data.p + from, v->data.n - from};
    int64_t number;
    if (v->action > PL_ENGINE_BACK || !pl_str_i64((struct pl_str){v->data.p, n}, &number)) return;
    apply(c, v->action, (uint64_t)number, note);
}
