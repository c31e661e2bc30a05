/* SPDX-License-Identifier: Apache-2.0
 *
 * From a masked message to the reading that the VM takes: recognition, and which of the offered
 * choices is meant.
 */
#include "runtime/engine/engine_priv.h"

#include <string.h>

#define REJECT 0.35 /* a guess below is none */

struct offer { /* a phrase that means the choice */
    uint32_t choice;
};

static uint8_t asked_kind(const struct pl_program *p, const struct pl_vm_view *view) {
    if (view->mode != PL_VM_ASKING) return PL_KIND_NONE;
    const struct pl_p_wait *w = &p->waits[view->wait];
    if (w->kind == PL_WAIT_CONFIRM) return PL_KIND_BOOL;
    return w->kind == PL_WAIT_ASK ? w->type.kind : PL_KIND_NONE;
}

/* The entity that the open question asks for, + 1; 0 for none. */
static uint32_t asked_entity(const struct pl_program *p, const struct pl_vm_view *view) {
    if (view->mode != PL_VM_ASKING || p->waits[view->wait].kind != PL_WAIT_ASK) return 0;
    return p->waits[view->wait].entity + 1; /* none wraps to 0 */
}

/* Labels as shown, and the phrases that options `say`. */
static uint32_t offered(struct pl_engine *e, struct eng_conv *c, struct pl_arena *a,
                        const struct pl_vm_choice *choices, uint32_t nchoices,
                        struct pl_nlp_phrase **phrases, struct offer **offers) {
    const struct pl_program *p = pl_image_program(c->image->image);
    uint32_t n = 0, most = 0;
    for (uint32_t i = 0; i < nchoices; i++) {
        uint32_t says = p->options[choices[i].option].says;
        most += 1 + (says == PL_NOWHERE ? 0 : p->mentions[says].n);
    }
    *phrases = PL_NEW_ARRAY(a, struct pl_nlp_phrase, most + 1);
    *offers = PL_NEW_ARRAY(a, struct offer, most + 1);
    for (uint32_t i = 0; i < nchoices; i++) {
        uint32_t says = p->options[choices[i].option].says;
        (*offers)[n].choice = i;
        (*phrases)[n++].text = pl_engine__text(e, c, &choices[i].label, a, eng_now(e));
        for (uint32_t k = 0; says != PL_NOWHERE && k < p->mentions[says].n; k++) {
            if (p->mentions[says].words[k].marked)
                continue; /* the recognisers know it as a whole */
            (*offers)[n].choice = i;
            (*phrases)[n].lang = p->mentions[says].words[k].lang;
            (*phrases)[n++].text = p->mentions[says].words[k].phrase;
        }
    }
    return n;
}

static uint32_t choice_by_id(const struct pl_vm_view *view, struct pl_str id) {
    for (uint32_t i = 0; i < view->nchoices; i++)
        if (pl_str_eq(view->choices[i].id, id)) return i + 1;
    return 0;
}

/* Ids with commas between, of a question that takes several; how many, 0 when one is none. */
static uint32_t choices_by_ids(const struct pl_vm_view *view, struct pl_str ids, uint32_t *out) {
    uint32_t n = 0;
    while (ids.n && n < view->nchoices) {
        size_t comma = pl_str_find(ids, PL_STR(","));
        struct pl_str id = {ids.p, comma == SIZE_MAX ? ids.n : comma};
        out[n] = choice_by_id(view, pl_str_trim(id));
        if (out[n++] == 0) return 0;
        size_t skip = comma == SIZE_MAX ? ids.n : comma + 1;
        ids = (struct pl_str){ids.p + skip, ids.n - skip};
    }
    return ids.n ? 0 : n;
}

/* A question for yes or no is answered by words of its own; its labels count only as a whole. */
static bool is_yes_no(const struct pl_program *p, const struct pl_vm_view *view) {
    const struct pl_p_wait *w = &p->waits[view->wait];
    return w->kind == PL_WAIT_CONFIRM || (w->kind == PL_WAIT_ASK && w->type.kind == PL_KIND_BOOL);
}

static void pick_several(struct eng_conv *c, struct pl_arena *a, const struct pl_nlp_reading *r,
                         const struct pl_nlp_phrase *phrases, const struct offer *offers,
                         uint32_t n, struct pl_vm_reading *out) {
    uint32_t *picks = PL_NEW_ARRAY(a, uint32_t, n + 1);
    out->npicks = pl_nlp_picks(c->image->nlp, a, r, phrases, n, picks);
    for (uint32_t i = 0; i < out->npicks; i++) picks[i] = offers[picks[i]].choice + 1;
    out->picks = picks;
}

static bool is_said(const struct pl_nlp_reading *r, uint32_t mention) {
    return r->says && mention < r->nmentions && r->says[mention / 8] >> (mention % 8) & 1;
}

static bool tells_slots(const struct pl_nlp_reading *r, uint8_t by, uint32_t of) {
    for (uint32_t i = 0; i < r->nmarked; i++)
        if (r->marked[i].by == by && r->marked[i].of == of) return true;
    return false;
}

/* The first option of which the message is a phrase with marks, from 1; 0: none. */
static uint32_t marked_option(const struct pl_program *p, const struct pl_vm_view *view,
                              const struct pl_nlp_reading *r) {
    for (uint32_t i = 0; i < view->nchoices && r->nmarked; i++) {
        uint32_t says = p->options[view->choices[i].option].says;
        if (is_said(r, says) && tells_slots(r, PL_NLP_MARKED_SAYS, says)) return i + 1;
    }
    return 0;
}

/* Which options the words of the message mean. */
static void pick(struct pl_engine *e, struct eng_conv *c, struct pl_arena *a,
                 const struct pl_vm_view *view, const struct pl_nlp_reading *r,
                 struct pl_vm_reading *out) {
    const struct pl_program *p = pl_image_program(c->image->image);
    struct pl_nlp_phrase *phrases;
    struct offer *offers;
    if (view->mode != PL_VM_ASKING) return;
    if (view->several && pl_nlp_says_none(a, r)) out->yes_no = -1;
    uint32_t n = offered(e, c, a, view->choices, view->nchoices, &phrases, &offers), i = n;
    if (view->several)
        pick_several(c, a, r, phrases, offers, n, out);
    else if (is_yes_no(p, view))
        i = pl_nlp_is_option(c->image->nlp, a, r, phrases, n);
    else if (n)
        i = pl_nlp_pick(c->image->nlp, a, r, phrases, n);
    if (i < n) out->choice = offers[i].choice + 1;
    uint32_t marked = marked_option(p, view, r);
    if (marked && !view->several) out->choice = marked;
    n = offered(e, c, a, view->earlier, view->nearlier, &phrases, &offers);
    i = n ? pl_nlp_pick(c->image->nlp, a, r, phrases, n) : n;
    if (i < n) out->earlier = offers[i].choice + 1;
}

static void take_intents(const struct pl_nlp_reading *r, struct pl_arena *a,
                         struct pl_vm_reading *out) {
    struct pl_vm_intent *v = PL_NEW_ARRAY(a, struct pl_vm_intent, PL_NLP_GUESSES);
    for (uint32_t i = 0; i < r->nguesses; i++) {
        if (r->guesses[i].confidence < REJECT) break;
        v[out->nintents].intent = r->guesses[i].intent;
        v[out->nintents++].confidence = (float)r->guesses[i].confidence;
    }
    out->intents = v;
    out->ambiguous = r->ambiguous && out->nintents > 1;
}

static struct pl_vm_entity entity_of(const struct pl_nlp_found *f) {
    return (struct pl_vm_entity){
        .entity = f->entity == PL_NLP_BUILTIN ? PL_NOWHERE : f->entity,
        .kind = f->value.kind,
        .needs_after = f->needs_after,
        .start = f->start,
        .end = f->end,
        .value = f->value,
    };
}

static void take_entities(const struct pl_nlp_reading *r, struct pl_arena *a,
                          struct pl_vm_reading *out) {
    struct pl_vm_entity *v = PL_NEW_ARRAY(a, struct pl_vm_entity, (size_t)r->nfound + 1);
    for (uint32_t i = 0; i < r->nfound; i++) v[i] = entity_of(&r->found[i]);
    out->entities = v;
    out->nentities = r->nfound;
}

/* ---- marks ---- */

/* What the message does, as far as its words alone tell: the option it chose, the phrase it is, the
 * intent it means. The VM may come to another end, then the slots do not count. */
static void find_marks(const struct pl_program *p, const struct pl_vm_view *view,
                       const struct pl_nlp_reading *r, struct pl_vm_reading *out) {
    uint32_t option = marked_option(p, view, r);
    if (view->mode == PL_VM_ASKING && option && option == out->choice) {
        out->marks = PL_VM_MARKS_SAYS;
        out->marks_of = p->options[view->choices[option - 1].option].says;
        return;
    }
    for (uint32_t i = 0; i < p->ntriggers; i++) {
        const struct pl_p_trigger *t = &p->triggers[i];
        if (t->kind != PL_ON_SAYS || !is_said(r, t->arg)) continue;
        out->marks = tells_slots(r, PL_NLP_MARKED_SAYS, t->arg) ? PL_VM_MARKS_SAYS : 0;
        out->marks_of = t->arg;
        return;
    }
    if (out->nintents && tells_slots(r, PL_NLP_MARKED_INTENT, out->intents[0].intent)) {
        out->marks = PL_VM_MARKS_INTENT;
        out->marks_of = out->intents[0].intent;
    }
}

static bool is_same(const struct pl_vm_entity *a, const struct pl_vm_entity *b) {
    return a->entity == b->entity && a->start == b->start && a->end == b->end && a->kind == b->kind;
}

/* Puts the slot beside the value; a value that only the mark found comes in by its place. */
static void take_mark(const struct pl_nlp_marked *mark, struct pl_vm_entity *v, uint32_t *n) {
    struct pl_vm_entity e = entity_of(&mark->found);
    uint32_t at = *n;
    e.slot = mark->slot;
    for (uint32_t i = 0; i < *n; i++)
        if (is_same(&v[i], &e)) {
            v[i].slot = mark->slot;
            return;
        }
    while (at > 0 && v[at - 1].start > e.start) at--;
    memmove(&v[at + 1], &v[at], (*n - at) * sizeof *v);
    v[at] = e;
    ++*n;
}

static void take_marks(const struct pl_program *p, const struct pl_vm_view *view,
                       const struct pl_nlp_reading *r, struct pl_arena *a,
                       struct pl_vm_reading *out) {
    if (r->nmarked == 0) return;
    find_marks(p, view, r, out);
    uint8_t by = out->marks == PL_VM_MARKS_SAYS ? PL_NLP_MARKED_SAYS : PL_NLP_MARKED_INTENT;
    if (out->marks == PL_VM_MARKS_NONE) return;
    struct pl_vm_entity *v =
        PL_NEW_ARRAY(a, struct pl_vm_entity, (size_t)out->nentities + r->nmarked + 1);
    uint32_t n = out->nentities;
    memcpy(v, out->entities, n * sizeof *v);
    for (uint32_t i = 0; i < r->nmarked; i++)
        if (r->marked[i].by == by && r->marked[i].of == out->marks_of)
            take_mark(&r->marked[i], v, &n);
    out->entities = v;
    out->nentities = n;
}

bool pl_engine__commands(const struct pl_program *p, uint32_t intent) {
    static const char *const commands[] = {"cancel", "restart",        "repeat",   "skip",
                                           "back",   "speak_to_human", "no_model", "use_model"};
    if (intent >= p->nintents) return false;
    for (size_t i = 0; i < PL_LEN(commands); i++)
        if (pl_str_is(p->intents[intent], commands[i])) return true;
    return false;
}

/* A message that as a whole is one of these intents' phrases is a command. */
static uint32_t command_of(const struct pl_program *p, const struct pl_nlp_reading *r) {
    if (!r->exact || r->nguesses == 0) return PL_NOWHERE;
    return pl_engine__commands(p, r->guesses[0].intent) ? r->guesses[0].intent : PL_NOWHERE;
}

static void read_words(struct eng_conv *c, struct pl_arena *a, struct pl_str text,
                       const struct pl_vm_view *view, int64_t now_ms, struct pl_nlp_reading *r) {
    const struct pl_program *p = pl_image_program(c->image->image);
    const struct pl_nlp_list **lists =
        PL_NEW_ARRAY(a, const struct pl_nlp_list *, c->image->nlists + 1);
    uint32_t nlists = 0;
    for (uint32_t i = 0; i < c->image->nlists; i++)
        if (c->image->lists[i].list) lists[nlists++] = c->image->lists[i].list;
    struct pl_nlp_context ctx = {.language = pl_locale_language(c->locale),
                                 .locale = c->locale,
                                 .currency = {p->currency, 3},
                                 .zone = p->zone,
                                 .now_ms = now_ms,
                                 .asked = asked_kind(p, view),
                                 .asked_entity = asked_entity(p, view),
                                 .lists = lists,
                                 .nlists = nlists};
    if (ctx.asked_entity) ctx.example = p->entities[ctx.asked_entity - 1].example;
    pl_engine__given(c, text, &ctx);
    pl_nlp_read(c->image->nlp, a, text, &ctx, r);
}

static void recognise(struct pl_engine *e, struct eng_conv *c, struct pl_arena *a,
                      const struct eng_said *said, const struct pl_vm_view *view,
                      struct pl_vm_event *event) {
    const struct pl_program *p = pl_image_program(c->image->image);
    struct pl_nlp_reading r = {0};
    read_words(c, a, said->text, view, event->now_ms, &r);
    struct pl_vm_reading *out = &event->reading;
    take_intents(&r, a, out);
    take_entities(&r, a, out);
    out->folded_hash = r.folded_hash;
    out->language = r.language;
    out->letters = r.letters;
    out->worded = r.worded;
    out->command = command_of(p, &r);
    out->yes_no = (int8_t)(r.answer == PL_NLP_YES ? 1 : r.answer == PL_NLP_NO ? -1 : 0);
    out->change_word = r.change;
    out->named = r.named;
    out->sentiment = (float)r.sentiment;
    out->uncertainty = (float)r.uncertainty;
    out->mentions = r.mentions;
    out->nmentions = r.nmentions;
    if (r.says) out->says = (struct pl_str){(const char *)r.says, (r.nmentions + 7) / 8};
    pick(e, c, a, view, &r, out);
    pl_engine__article_first(e, c, view, &r, out);
    take_marks(p, view, &r, a, out);
}

static const struct eng_button *find_button(const struct eng_conv *c, struct pl_str id) {
    char text[40];
    for (size_t i = 0; i < c->buttons.n; i++) {
        const struct eng_button *b = &c->buttons.v[i];
        pl_engine__button_id(text, b->number);
        if (pl_str_is(id, text)) return b->target == PL_NOWHERE ? NULL : b;
    }
    return NULL;
}

/* The next word of "type size reference name"; the rest is left. */
static struct pl_str take_word(struct pl_str *s) {
    size_t n = 0;
    while (n < s->n && s->p[n] != ' ') n++;
    struct pl_str word = {s->p, n};
    n += n < s->n;
    *s = (struct pl_str){s->p + n, s->n - n};
    return word;
}

static bool upload_of(struct pl_str s, struct pl_vm_upload *out) {
    int64_t size = 0;
    *out = (struct pl_vm_upload){.type = take_word(&s)};
    bool good = pl_str_i64(take_word(&s), &size) && size >= 0;
    out->size = (uint64_t)size;
    out->ref = take_word(&s);
    out->name = s;
    return good && out->type.n && out->ref.n && out->name.n;
}

/* An answer to a secret question: nobody but the machine reads what it says. A command is none. */
static void hide_answer(const struct pl_program *p, const struct pl_vm_view *view,
                        struct pl_vm_reading *r) {
    if (view->mode != PL_VM_ASKING || r->command != PL_NOWHERE || r->choice) return;
    const struct pl_p_wait *w = &p->waits[view->wait];
    if (w->kind != PL_WAIT_ASK || !(w->type.quals & PL_SECRET)) return;
    if (w->type.kind == PL_KIND_CARD) return; /* its number is masked already */
    r->secret = r->text;
    r->text = pl_privacy_hidden().s;
    r->folded_hash = 0;
    r->nmentions = 0;
    r->says = (struct pl_str){0};
}

/* Half a message may mean the opposite of all of it: only whose language it is counts. */
static void read_no_further(struct pl_vm_reading *r) {
    *r = (struct pl_vm_reading){.text = r->text,
                                .language = r->language,
                                .letters = r->letters,
                                .worded = r->worded,
                                .folded_hash = r->folded_hash,
                                .card = r->card,
                                .command = PL_NOWHERE,
                                .too_long = true};
}

static void read_choice(const struct pl_vm_view *view, struct pl_arena *a, struct pl_str ids,
                        struct pl_vm_reading *r) {
    uint32_t *picks = PL_NEW_ARRAY(a, uint32_t, view->nchoices + 1);
    r->choice = choice_by_id(view, ids);
    if (r->choice || !view->several) return;
    r->npicks = choices_by_ids(view, ids, picks);
    r->picks = picks;
}

void pl_engine__read(struct pl_engine *e, struct eng_conv *c, struct pl_arena *a,
                     const struct eng_said *said, struct pl_vm_event *event) {
    struct pl_vm_view view;
    struct pl_str state = pl_buf_slice(&c->state);
    struct pl_vm_reading *r = &event->reading;
    bool text = said->said == PL_ENGINE_SAID_TEXT || said->said == PL_ENGINE_SAID_LONG;
    r->text = text ? said->text : said->label;
    r->command = PL_NOWHERE;
    r->card = text && said->card;
    if (pl_vm_look(e->vm, c->image->image, state, a, &view) != PL_OK) return;
    switch (said->said) {
    case PL_ENGINE_SAID_TEXT:
        recognise(e, c, a, said, &view, event);
        hide_answer(pl_image_program(c->image->image), &view, r);
        break;
    case PL_ENGINE_SAID_LONG:
        recognise(e, c, a, said, &view, event);
        read_no_further(r);
        hide_answer(pl_image_program(c->image->image), &view, r);
        break;
    case PL_ENGINE_SAID_UPLOAD:
        r->text = (struct pl_str){0}; /* its name is no word of the customer's */
        upload_of(said->text, &r->upload);
        break;
    case PL_ENGINE_SAID_CHOICE: read_choice(&view, a, said->text, r); break;
    default: {
        const struct eng_button *b = find_button(c, said->text);
        if (!b) break;
        event->target = b->target;
        event->ntarget_args = b->nargs;
        event->target_args = pl_engine__args(a, &b->args, b->nargs);
    }
    }
}

bool pl_engine__named(struct pl_engine *e, struct eng_conv *c, struct pl_arena *a,
                      struct pl_vm_event *event) {
    struct pl_vm_view view;
    struct pl_nlp_phrase *phrases;
    struct offer *offers;
    struct pl_nlp_reading r = {0};
    struct pl_vm_reading *out = &event->reading;
    struct pl_str state = pl_buf_slice(&c->state);
    if (pl_vm_look(e->vm, c->image->image, state, a, &view) != PL_OK) return false;
    read_words(c, a, view.said, &view, event->now_ms, &r);
    take_entities(&r, a, out);
    out->command = PL_NOWHERE;
    uint32_t n = offered(e, c, a, view.choices, view.nchoices, &phrases, &offers);
    uint32_t *picks = PL_NEW_ARRAY(a, uint32_t, n + 1);
    out->npicks = pl_nlp_named(c->image->nlp, a, &r, phrases, n, picks);
    for (uint32_t i = 0; i < out->npicks; i++) picks[i] = offers[picks[i]].choice + 1;
    out->picks = picks;
    return true;
}

/* The button's label; where values are printed in it, which are not kept, what its flow is called.
 */
static struct pl_str button_words(struct pl_engine *e, struct eng_conv *c, struct pl_arena *a,
                                  const struct pl_p_target *t) {
    const struct pl_program *p = pl_image_program(c->image->image);
    struct pl_vm_text text = {.text = PL_NOWHERE};
    for (uint32_t i = 0; i < p->ntexts && t->id.n; i++)
        if (pl_str_eq(p->texts[i].id, t->id) && p->texts[i].nargs == 0) text.text = i;
    if (text.text == PL_NOWHERE && t->flow < p->nflows) text.text = p->flows[t->flow].title;
    if (text.text == PL_NOWHERE || p->texts[text.text].nargs) return t->id;
    return pl_engine__text(e, c, &text, a, eng_now(e));
}

bool pl_engine__label(struct pl_engine *e, struct eng_conv *c, struct pl_arena *a,
                      const struct eng_said *said, struct pl_str *label) {
    struct pl_vm_view view;
    *label = (struct pl_str){0};
    struct pl_vm_upload upload;
    if (said->said == PL_ENGINE_SAID_TEXT || said->said == PL_ENGINE_SAID_LONG) return true;
    if (said->said == PL_ENGINE_SAID_UPLOAD) {
        bool good = upload_of(said->text, &upload);
        *label = upload.name;
        return good;
    }
    if (said->said == PL_ENGINE_SAID_BUTTON) {
        const struct eng_button *b = find_button(c, said->text);
        if (b)
            *label = button_words(e, c, a, &pl_image_program(c->image->image)->targets[b->target]);
        return b != NULL;
    }
    if (pl_vm_look(e->vm, c->image->image, pl_buf_slice(&c->state), a, &view) != PL_OK)
        return false;
    struct pl_vm_reading r = {0};
    read_choice(&view, a, said->text, &r);
    if (r.choice) *label = pl_engine__text(e, c, &view.choices[r.choice - 1].label, a, eng_now(e));
    for (uint32_t i = 0; i < r.npicks; i++) {
        struct pl_str one =
            pl_engine__text(e, c, &view.choices[r.picks[i] - 1].label, a, eng_now(e));
        *label =
            pl_arena_printf(a, "%.*s%s%.*s", PL_STR_ARG(*label), i ? ", " : "", PL_STR_ARG(one));
    }
    return r.choice || r.npicks;
}
