/* SPDX-License-Identifier: Apache-2.0
 *
 * Phrases with marks of every kind: the source that tests and seeds of marks are about.
 */
#ifndef PL_TEST_MARKS_H
#define PL_TEST_MARKS_H

#include "runtime/nlp/nlp.h"

#define S(literal)                                                                                 \
    { ("" literal), sizeof(literal) - 1 }

enum { TRIP, SWAP, NOTE, HOURS };
static const struct pl_str mark_langs[] = {S("en"), S("ar")};
static const struct pl_str intents[] = {S("trip"), S("swap"), S("note"), S("hours")};
static const struct pl_nlp_example examples[] = {
    {TRIP, S("en"), S("a trip from ⟨from:city⟩ to ⟨to:city⟩")},
    {TRIP, S("en"), S("fly to ⟨to:city⟩ from ⟨from:city⟩")},
    {TRIP, S("en"), S("⟨from:city⟩ to ⟨to:city⟩")},
    {TRIP, S("en"), S("book a trip to ⟨to:city⟩ on ⟨day:date⟩")},
    {TRIP, S("en"), S("I want to travel")},
    {TRIP, S("en"), S("a trip for ⟨persons:number⟩ persons")},
    {TRIP, S("ar"), S("رحلة من ⟨from:city⟩ إلى ⟨to:city⟩")},
    {TRIP, S("ar"), S("أريد السفر")},
    {SWAP, S("en"), S("return ⟨old:size⟩ for ⟨new:size⟩")},
    {SWAP, S("en"), S("change my shoes to size ⟨new:size⟩")},
    {SWAP, S("en"), S("I need another size")},
    {NOTE, S("en"), S("please tell them ⟨note:text⟩")},
    {NOTE, S("en"), S("leave a note saying ⟨note:text⟩ gift wrapped ⟨wrap:bool⟩")},
    {NOTE, S("en"), S("leave a note")},
    {HOURS, S("en"), S("what are your opening hours")},
    {HOURS, S("en"), S("when are you open")},
};
static const struct pl_nlp_synonym cities[] = {
    {S("berlin"), S("en"), S("berlin")}, {S("paris"), S("en"), S("paris")},
    {S("rome"), S("en"), S("rome")},     {S("new_york"), S("en"), S("new york")},
    {S("york"), S("en"), S("york")},     {S("paris"), S("ar"), S("باريس")},
    {S("rome"), S("ar"), S("روما")},
};
static const struct pl_nlp_regex sizes[] = {{S("\\d{2}(\\.5)?"), S("")}};
static const struct pl_nlp_entity entities[] = {
    {.name = S("city"), .kind = PL_KIND_ENUM, .words = cities, .nwords = PL_LEN(cities)},
    {.name = S("size"), .kind = PL_KIND_TEXT, .regexes = sizes, .nregexes = 1},
    {.name = S("gate"), .kind = PL_KIND_TEXT, .flags = PL_NLP_UPPER},
};
enum { GATE = 2 };
static const struct pl_nlp_phrase out_in[] = {{S("en"), S("⟨old:size⟩ out, ⟨new:size⟩ in")},
                                              {S("en"), S("⟨new:size⟩ in, please")}};
static const struct pl_nlp_phrase gate_of[] = {{S("en"), S("⟨gate:gate⟩ of ⟨name:text⟩")}};
static const struct pl_nlp_mention mentions[] = {{out_in, 2}, {gate_of, 1}};
static const struct pl_nlp_source marks = {
    .langs = mark_langs,
    .nlangs = 2,
    .intents = intents,
    .nintents = PL_LEN(intents),
    .examples = examples,
    .nexamples = PL_LEN(examples),
    .entities = entities,
    .nentities = PL_LEN(entities),
    .mentions = mentions,
    .nmentions = PL_LEN(mentions),
};

#endif
