/* SPDX-License-Identifier: Apache-2.0
 *
 * Private to the command `graph`: what is drawn, apart from how it is written.
 */
#ifndef PL_CLI_GRAPH_PRIV_H
#define PL_CLI_GRAPH_PRIV_H

#include "grammar/grammar.h"
#include "tools/cli/cli_priv.h"

/* SHAPE(NAME, "class", "what it is"): how a box looks, in the order of the legend */
#define DRAW_SHAPES(SHAPE)                                                                         \
    SHAPE(START, "start", "where it begins")                                                       \
    SHAPE(SAY, "say", "the bot speaks")                                                            \
    SHAPE(ASK, "ask", "waits for the customer")                                                    \
    SHAPE(BRANCH, "branch", "a condition")                                                         \
    SHAPE(HOOK, "hook", "asks the shop")                                                           \
    SHAPE(MODEL, "model", "a model's turn")                                                        \
    SHAPE(PERSON, "person", "hands over to a person")                                              \
    SHAPE(FLOW, "flow", "another flow")                                                            \
    SHAPE(CARD, "card", "a flow of the overview, or a file of flows")                              \
    SHAPE(STEP, "step", "anything else")                                                           \
    SHAPE(STOP, "stop", "where it ends")
enum draw_shape {
#define SHAPE(name, class, what) DRAW_##name,
    DRAW_SHAPES(SHAPE)
#undef SHAPE
};

/* What a flow of an overview has in it. */
enum draw_has {
    DRAW_HAS_FLOWS,
    DRAW_HAS_ASK,
    DRAW_HAS_HOOK,
    DRAW_HAS_MODEL,
    DRAW_HAS_PERSON,
    DRAW_HAS_N
};

struct draw_box {
    uint8_t shape;                 /* enum draw_shape */
    uint32_t has[DRAW_HAS_N];      /* of a card: how many of each */
    struct pl_buf also;            /* of a card: lines below, each with \n before it */
    uint32_t group;                /* index in groups, or UINT32_MAX */
    uint32_t flow;                 /* that it stands for, or UINT32_MAX */
    struct pl_buf text;            /* lines with \n between */
    PL_VEC(struct pl_span) places; /* where what it stands for is written */
};
struct draw_line {
    uint32_t from, to; /* boxes */
    bool faint;        /* a way that only the customer can take, or one that no line says */
    struct pl_str word;
};
struct drawing {
    struct pl_arena arena;
    struct pl_str title;
    bool wide; /* from left to right: many boxes beside each other */
    bool bare; /* without title and legend: the page has its own */
    PL_VEC(struct draw_box) boxes;
    PL_VEC(struct draw_line) lines;
    PL_VEC(struct pl_str) groups;
};

/* Of one flow; `all`: with what no line says. */
void pl_cli__draw_flow(struct drawing *d, const struct pl_chart *c, uint32_t flow, bool all);
/* Of the whole project: its flows, or its files when there are many flows. `all`: the prelude's,
 * too. */
void pl_cli__draw_project(struct drawing *d, const struct pl_sources *s, const struct pl_chart *c,
                          bool all);
void pl_cli__drawing_free(struct drawing *d);

void pl_cli__write_dot(const struct drawing *d, struct pl_buf *out);
void pl_cli__write_mermaid(const struct drawing *d, struct pl_buf *out);
/* By Graphviz' `dot`; CLI_FAILED when there is none, with how to get it on stderr. */
int pl_cli__write_svg(const struct drawing *d, struct pl_buf *out);
/* { "svg", "boxes": [{ "id": that it has in the SVG, "flow", "part": the file or folder that a card
 * stands for, "places": ["flows/a.flow:12"] }] } */
int pl_cli__write_page(const struct drawing *d, const struct pl_sources *s,
                       const struct pl_chart *c, struct pl_buf *out);

#endif
