/* SPDX-License-Identifier: Apache-2.0
 *
 * chart: where conversations can go, for tools that draw it.
 *
 * Part of the room's public door: grammar.h includes it. A compilation fills the chart that its
 * input names, also when it ends with errors, as long as it came as far as collecting the names.
 * All of it lives in the arena of the compilation and points into its sources.
 */
#ifndef PL_GRAMMAR_CHART_H
#define PL_GRAMMAR_CHART_H

#include "grammar/source.h"

enum pl_chart_shape {
    PL_CHART_START,
    PL_CHART_RETURN, /* the caller goes on; without one the task is over */
    PL_CHART_END,
    PL_CHART_SAY,
    PL_CHART_ASK, /* waits for the customer, or for a time */
    PL_CHART_BRANCH,
    PL_CHART_HOOK,
    PL_CHART_MODEL,
    PL_CHART_PERSON,
    PL_CHART_CALL, /* of the flow `callee`, which comes back */
    PL_CHART_GOTO, /* for good, to the flow `callee` */
    PL_CHART_STEP  /* anything else */
};
#define PL_CHART_NOWHERE UINT32_MAX

struct pl_chart_step {
    uint8_t shape;      /* enum pl_chart_shape */
    bool unwritten;     /* the language does it, no line says so */
    uint32_t callee;    /* index of a flow, or PL_CHART_NOWHERE */
    struct pl_str text; /* the first line of what stands there, shortened */
    struct pl_span at;
};

/* From one step to another, which may be another flow's START. */
struct pl_chart_way {
    uint32_t from, to;
    bool unwritten; /* as above: an `else` that a question has by default, a hook's `unavailable` */
    bool button;    /* the customer may go there, the flow does not */
    struct pl_str word; /* why; empty: it only goes on */
};

struct pl_chart_flow {
    struct pl_str name, title; /* the title may be empty */
    struct pl_span at;
    bool of_prelude;
    uint32_t start;    /* its step START; RETURN and END are the next two */
    uint32_t first, n; /* its other steps, in the order of the text */
};

struct pl_chart {
    struct pl_chart_flow *flows;
    uint32_t nflows;
    struct pl_chart_step *steps; /* reached or not; only what is reached has ways */
    uint32_t nsteps;
    struct pl_chart_way *ways;
    uint32_t nways;
};

#endif
