/* SPDX-License-Identifier: Apache-2.0
 *
 * Events as a customer's screen would show them: flat pieces, one a line.
 */
#include <string.h>

#include "tools/sim/sim_priv.h"

typedef PL_VEC(struct sim_piece) pieces;

struct flattener {
    struct pl_arena *a;
    pieces v;
};

static void add(struct flattener *f, enum sim_piece_kind kind, int depth, struct pl_str a,
                struct pl_str b, struct pl_str id) {
    struct sim_piece p = {.kind = (uint8_t)kind, .depth = (uint8_t)depth, .a = a, .b = b, .id = id};
    PL_PUSH(&f->v, p);
}

static void flatten(struct flattener *f, const struct pl_json *parts, int depth);

static void steps(struct flattener *f, const struct pl_json *part, int depth) {
    const struct pl_json *items = pl_json_get(part, "items");
    for (size_t i = 0; items && i < items->n; i++)
        add(f, SIM_STEP, depth, items->m[i].value.s, pl_arena_printf(f->a, "%zu", i + 1),
            PL_STR(""));
}

static void part(struct flattener *f, const struct pl_json *p, int depth) {
    static const struct {
        const char *type;
        enum sim_piece_kind kind;
        const char *a, *b, *id;
    } rows[] = {
        {"text", SIM_TEXT, "text", "", ""},      {"fact", SIM_FACT, "label", "value", ""},
        {"image", SIM_IMAGE, "alt", "url", ""},  {"link", SIM_LINK, "label", "url", ""},
        {"file", SIM_FILE, "url", "", ""},       {"button", SIM_BUTTON, "label", "", "id"},
        {"card", SIM_CARD, "title", "text", ""},
    };
    struct pl_str type = pl_json_text(p, "type");
    if (pl_str_is(type, "steps")) steps(f, p, depth);
    if (pl_str_is(type, "cards")) flatten(f, pl_json_get(p, "items"), depth);
    for (size_t i = 0; i < PL_LEN(rows); i++) {
        if (!pl_str_is(type, rows[i].type)) continue;
        add(f, rows[i].kind, depth, pl_json_text(p, rows[i].a), pl_json_text(p, rows[i].b),
            pl_json_text(p, rows[i].id));
    }
    if (pl_str_is(type, "card")) flatten(f, pl_json_get(p, "parts"), depth + 1);
}

static void flatten(struct flattener *f, const struct pl_json *parts, int depth) {
    for (size_t i = 0; parts && i < parts->n; i++) part(f, &parts->m[i].value, depth);
}

static void note(struct flattener *f, const struct pl_json *event, struct pl_str kind) {
    struct pl_str text = kind;
    if (pl_str_is(kind, "handoff")) {
        struct pl_str mode = pl_json_text(event, "mode"), queue = pl_json_text(event, "queue");
        text = pl_arena_printf(f->a, "handed over (%.*s)%s%.*s", PL_STR_ARG(mode),
                               queue.n ? " to " : "", PL_STR_ARG(queue));
    } else if (pl_str_is(kind, "card_seen")) {
        text = PL_STR("a card number was hidden");
    } else if (pl_str_is(kind, "closed")) {
        text = PL_STR("the conversation is closed");
    } else if (pl_str_is(kind, "agent_joined")) {
        text = PL_STR("a person is here");
    } else if (pl_str_is(kind, "agent_left")) {
        text = PL_STR("the bot has the conversation again");
    }
    add(f, SIM_NOTE, 0, text, PL_STR(""), PL_STR(""));
}

void pl_sim__event_read(struct pl_arena *a, const struct pl_engine_event *e,
                        struct sim_event *out) {
    struct flattener f = {.a = a};
    struct pl_json json;
    size_t at;
    *out = (struct sim_event){.seq = e->seq, .json = pl_arena_str(a, e->json)};
    enum pl_err err = pl_json_parse(a, out->json, &json, &at);
    pl_assert(err == PL_OK); /* the engine's own */
    out->kind = pl_json_text(&json, "kind");
    out->from = pl_json_text(&json, "from");
    out->id = pl_json_text(&json, "id");
    if (pl_str_is(out->kind, "message"))
        flatten(&f, pl_json_get(&json, "parts"), 0);
    else
        note(&f, &json, out->kind);
    const struct pl_json *choices = pl_json_get(&json, "choices");
    for (size_t i = 0; choices && i < choices->n; i++) {
        const struct pl_json *c = &choices->m[i].value;
        add(&f, SIM_CHOICE, 0, pl_json_text(c, "label"), pl_json_text(c, "url"),
            pl_json_text(c, "id"));
    }
    struct sim_piece *v = PL_NEW_ARRAY(a, struct sim_piece, f.v.n + 1);
    if (f.v.n) memcpy(v, f.v.v, f.v.n * sizeof *v);
    out->pieces = v;
    out->npieces = f.v.n;
    PL_VEC_FREE(&f.v);
}

bool pl_sim__is_bot(const struct sim_event *e) {
    return pl_str_is(e->kind, "message") && pl_str_is(e->from, "bot");
}

/* ---- texts ---- */

struct pl_str pl_sim__plain(struct pl_arena *a, struct pl_str s) {
    return pl_str_plain(a, s);
}

bool pl_sim__same(struct pl_arena *a, struct pl_str x, struct pl_str y) {
    return pl_str_eq(pl_sim__plain(a, x), pl_sim__plain(a, y));
}

static void piece_line(struct pl_buf *out, const struct sim_piece *p) {
    struct pl_str a = p->a, b = p->b;
    for (unsigned i = 0; i < p->depth; i++) pl_buf_c(out, "  ");
    switch ((enum sim_piece_kind)p->kind) {
    case SIM_TEXT: pl_buf_str(out, a); break;
    case SIM_FACT: pl_buf_printf(out, "  %.*s: %.*s", PL_STR_ARG(a), PL_STR_ARG(b)); break;
    case SIM_STEP: pl_buf_printf(out, "  %.*s. %.*s", PL_STR_ARG(b), PL_STR_ARG(a)); break;
    case SIM_IMAGE: pl_buf_printf(out, "  (image %.*s) %.*s", PL_STR_ARG(b), PL_STR_ARG(a)); break;
    case SIM_LINK: pl_buf_printf(out, "  (link %.*s) %.*s", PL_STR_ARG(b), PL_STR_ARG(a)); break;
    case SIM_FILE: pl_buf_printf(out, "  (file) %.*s", PL_STR_ARG(a)); break;
    case SIM_BUTTON: pl_buf_printf(out, "  (button) %.*s", PL_STR_ARG(a)); break;
    case SIM_CARD:
        pl_buf_printf(out, "  %.*s%s%.*s", PL_STR_ARG(a), b.n ? ": " : "", PL_STR_ARG(b));
        break;
    case SIM_CHOICE: pl_buf_printf(out, "  [%.*s]", PL_STR_ARG(a)); break;
    case SIM_NOTE: pl_buf_printf(out, "(%.*s)", PL_STR_ARG(a)); break;
    }
    pl_buf_byte(out, '\n');
}

void pl_sim__event_lines(struct pl_arena *a, const struct sim_event *e, struct pl_buf *out) {
    struct pl_buf b = {0};
    for (size_t i = 0; i < e->npieces; i++) piece_line(&b, &e->pieces[i]);
    pl_buf_str(out, pl_sim__plain(a, pl_buf_slice(&b)));
    pl_buf_free(&b);
}
