/* SPDX-License-Identifier: Apache-2.0
 *
 * index: the names of a program, where each is declared and where it is used: for editors.
 *
 * Part of the room's public door: grammar.h includes it. A compilation fills the index that its
 * input names as far as it comes: with mistakes in the flows, of what could be resolved. Uses are
 * what the checks themselves looked up. All of it lives in the arena of the compilation and points
 * into its sources.
 */
#ifndef PL_GRAMMAR_INDEX_H
#define PL_GRAMMAR_INDEX_H

#include "grammar/source.h"

/* NAME(KIND, "word") */
#define PL_INDEX_KINDS(NAME)                                                                       \
    NAME(INTENT, "intent")                                                                         \
    NAME(ENTITY, "entity")                                                                         \
    NAME(TYPE, "type")                                                                             \
    NAME(HOOK, "hook")                                                                             \
    NAME(EVENT, "event")                                                                           \
    NAME(HOURS, "hours")                                                                           \
    NAME(QUEUE, "queue")                                                                           \
    NAME(RULE, "rule")                                                                             \
    NAME(FLOW, "flow")                                                                             \
    NAME(SLOT, "slot")                                                                             \
    NAME(MEMBER, "member")
enum pl_index_kind {
#define NAME(kind, word) PL_INDEX_##kind,
    PL_INDEX_KINDS(NAME)
#undef NAME
};

struct pl_index_name {
    uint8_t kind; /* enum pl_index_kind */
    bool of_prelude;
    struct pl_str name;   /* a slot's without its scope */
    struct pl_str owner;  /* of a slot its flow, "session" or "customer"; of a member its type */
    struct pl_span at;    /* the name where it is declared, or first written */
    struct pl_span whole; /* the declaration */
    struct pl_str detail; /* one line: how it is declared, or a slot's type */
    struct pl_str doc;    /* its ## lines */
    const struct pl_str *words; /* of a hook its failures; of a type or word list its members */
    uint32_t nwords;
};
struct pl_index_use {
    struct pl_span at;
    uint32_t name; /* index in names */
};
struct pl_index {
    struct pl_index_name *names;
    size_t nnames, names_cap;
    struct pl_index_use *uses; /* by file and place; declarations among them */
    size_t nuses, uses_cap;
};

#endif
