/* SPDX-License-Identifier: Apache-2.0
 *
 * How the turns of each prompt ended. Rows are only ever added, so whoever shows them needs no
 * lock.
 */
#include "runtime/answer/answer_priv.h"

#include <stdlib.h>

#define PROMPTS_MOST 200 /* versions come and go; what is more is not counted apart */

static const struct {
    const char *word, *help;
} ends[] = {
    [PL_ANSWER_OK] = {"ok", "turns with this prompt that gave an answer"},
    [PL_ANSWER_UNSURE] = {"unsure", "turns with this prompt whose reply was not to be shown"},
    [PL_ANSWER_DOWN] = {"down", "turns with this prompt without a reply in time"},
    [PL_ANSWER_PROPOSED] = {"proposed",
                            "turns with this prompt that ended with a tool that writes"},
};

struct prompt_count {
    struct prompt_count *next;
    char name[100]; /* "answer@3" */
    char names[PL_LEN(ends)][140];
    struct pl_counter counters[PL_LEN(ends)];
};

static struct prompt_count *add(struct pl_answer *a, const char *name) {
    struct prompt_count *p = a->nprompts < PROMPTS_MOST ? calloc(1, sizeof *p) : NULL;
    if (!p) return NULL;
    a->nprompts++;
    snprintf(p->name, sizeof p->name, "%s", name);
    for (size_t i = 0; i < PL_LEN(ends); i++) {
        snprintf(p->names[i], sizeof p->names[i], "answer.prompt.%s.%s", name, ends[i].word);
        for (char *c = p->names[i]; *c; c++)
            if (*c == '@') *c = '.';
        p->counters[i].name = p->names[i];
        p->counters[i].help = ends[i].help;
    }
    p->next = a->prompts;
    a->prompts = p;
    return p;
}

void pl_answer__prompt_name(const struct turn *t, char out[100]) {
    snprintf(out, 100, "none");
    if (t->spec->prompt == PL_NOWHERE) return;
    const struct pl_p_prompt *p = &t->program->prompts[t->spec->prompt];
    snprintf(out, 100, "%.*s@%u", (int)(p->name.n < 80 ? p->name.n : 80), p->name.p, p->version);
}

void pl_answer__count_prompt(const struct turn *t) {
    char name[100];
    struct prompt_count *p = t->owner->prompts;
    if (t->spec->prompt == PL_NOWHERE) return;
    pl_answer__prompt_name(t, name);
    while (p && !pl_str_is(pl_str_c(p->name), name)) p = p->next;
    if (!p) p = add(t->owner, name);
    if (p) pl_count(&p->counters[t->outcome], 1);
}

void pl_answer_prompt_counters(const struct pl_answer *a,
                               void (*show)(void *to, const struct pl_counter *c), void *to) {
    for (const struct prompt_count *p = a->prompts; p; p = p->next)
        for (size_t i = 0; i < PL_LEN(ends); i++) show(to, &p->counters[i]);
}

void pl_answer__counts_free(struct pl_answer *a) {
    struct prompt_count *next;
    for (struct prompt_count *p = a->prompts; p; p = next) {
        next = p->next;
        free(p);
    }
    a->prompts = NULL;
}
