/* SPDX-License-Identifier: Apache-2.0
 *
 * What the bot shows, as lines of a terminal: wrapped at blanks, numbers beside what can be picked.
 */
#include <sys/ioctl.h>

#include "tools/sim/sim_priv.h"

#define WIDTH_MOST 88

void pl_sim__style(const struct sim_screen *c, const char *code) {
    if (c->colour) fprintf(c->out, "\033[%sm", code);
}

static size_t columns(const struct sim_screen *c) {
    struct winsize size = {0};
    bool known = ioctl(fileno(c->out), TIOCGWINSZ, &size) == 0 && size.ws_col > 20;
    return known && size.ws_col < WIDTH_MOST ? size.ws_col - 1u : WIDTH_MOST;
}

static size_t length(struct sim_screen *c, struct pl_str s) {
    return pl_locale_graphemes(c->tools, s);
}

/* Breaks at blanks; every line after the first is indented. */
void pl_sim__wrapped(struct sim_screen *c, struct pl_str s, size_t indent) {
    size_t most = columns(c) - indent, at = 0;
    for (size_t i = 0; i < s.n;) {
        size_t end = i;
        while (end < s.n && s.p[end] != ' ' && s.p[end] != '\n') end++;
        struct pl_str word = {s.p + i, end - i};
        size_t n = length(c, word);
        if (at && (at + 1 + n > most || s.p[i - 1] == '\n')) {
            fprintf(c->out, "\n%*s", (int)indent, "");
            at = 0;
        }
        at += n + (at > 0 ? 1 : 0);
        fprintf(c->out, "%s%.*s", at > n ? " " : "", PL_STR_ARG(word));
        i = end + (end < s.n);
    }
    fputc('\n', c->out);
}

static uint32_t offer(struct sim_screen *c, const struct sim_piece *p) {
    PL_PUSH(&c->offers, *p);
    return (uint32_t)c->offers.n;
}

static size_t widest_fact(struct sim_screen *c, const struct sim_event *e) {
    size_t most = 0;
    for (size_t i = 0; i < e->npieces; i++) {
        size_t n = e->pieces[i].kind == SIM_FACT ? length(c, e->pieces[i].a) : 0;
        if (n > most) most = n;
    }
    return most;
}

static void show_fact(struct sim_screen *c, const struct sim_piece *p, int indent, size_t wide) {
    size_t n = length(c, p->a);
    fprintf(c->out, "%*s", indent, "");
    pl_sim__style(c, "2");
    fprintf(c->out, "%.*s", PL_STR_ARG(p->a));
    pl_sim__style(c, "0");
    fprintf(c->out, "%*s", (int)(wide - n + 2), "");
    pl_sim__wrapped(c, p->b, (size_t)indent + wide + 2);
}

static void show_piece(struct sim_screen *c, const struct sim_piece *p, size_t wide) {
    FILE *out = c->out;
    int indent = 4 + 2 * p->depth;
    switch ((enum sim_piece_kind)p->kind) {
    case SIM_TEXT:
        fputs("  ", out);
        pl_sim__wrapped(c, p->a, 2);
        break;
    case SIM_FACT: show_fact(c, p, indent, wide); break;
    case SIM_STEP:
        fprintf(out, "%*s%.*s. ", indent, "", PL_STR_ARG(p->b));
        pl_sim__wrapped(c, p->a, (size_t)indent + 3);
        break;
    case SIM_CARD:
        fprintf(out, "%*s", indent - 1, "");
        pl_sim__style(c, "1");
        fprintf(out, " %.*s\n", PL_STR_ARG(p->a));
        pl_sim__style(c, "0");
        if (!p->b.n) break;
        fprintf(out, "%*s", indent, "");
        pl_sim__wrapped(c, p->b, (size_t)indent);
        break;
    case SIM_IMAGE:
    case SIM_LINK:
        fprintf(out, "%*s%s%.*s <%.*s>\n", indent, "", p->kind == SIM_IMAGE ? "image: " : "",
                PL_STR_ARG(p->a), PL_STR_ARG(p->b));
        break;
    case SIM_FILE: fprintf(out, "%*sfile: %.*s\n", indent, "", PL_STR_ARG(p->a)); break;
    case SIM_BUTTON:
    case SIM_CHOICE:
        pl_sim__style(c, "36");
        fprintf(out, "%*s%u  %s%.*s%s", indent, "", offer(c, p), p->kind == SIM_BUTTON ? "[" : "",
                PL_STR_ARG(p->a), p->kind == SIM_BUTTON ? "]" : "");
        if (p->b.n) fprintf(out, "  <%.*s>", PL_STR_ARG(p->b));
        pl_sim__style(c, "0");
        fputc('\n', out);
        break;
    case SIM_NOTE:
        pl_sim__style(c, "33");
        fprintf(out, "  -- %.*s --\n", PL_STR_ARG(p->a));
        pl_sim__style(c, "0");
        break;
    }
}

/* Where an answer comes from. */
static void show_sources(struct sim_screen *c, const struct sim_event *e) {
    struct pl_arena a;
    struct pl_json json;
    size_t at;
    pl_arena_init(&a, 0);
    bool read = pl_json_parse(&a, e->json, &json, &at) == PL_OK;
    const struct pl_json *parts = read ? pl_json_get(&json, "parts") : NULL;
    for (size_t i = 0; parts && parts->kind == PL_JARRAY && i < parts->n; i++) {
        const struct pl_json *p = &parts->m[i].value;
        struct pl_str article = pl_json_text(p, "article"), url = pl_json_text(p, "url");
        if (!pl_str_is(pl_json_text(p, "type"), "source")) continue;
        pl_sim__style(c, "2");
        fprintf(c->out, "    source: %.*s <%.*s>\n", PL_STR_ARG(pl_json_text(p, "label")),
                PL_STR_ARG(url.n ? url : article));
        pl_sim__style(c, "0");
    }
    pl_arena_free(&a);
}

void pl_sim__screen_show(struct sim_screen *c, const struct sim_event *e) {
    size_t wide = widest_fact(c, e);
    for (size_t i = 0; i < e->npieces; i++) show_piece(c, &e->pieces[i], wide);
    show_sources(c, e);
}
