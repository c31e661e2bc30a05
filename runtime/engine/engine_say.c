/* SPDX-License-Identifier: Apache-2.0
 *
 * Messages as finished JSON, in the conversation's locale.
 */
#include "runtime/engine/engine_priv.h"

#include <string.h>

struct labels { /* for the renderer's questions */
    const struct pl_engine_config *config;
    const struct pl_image *image;
    uint32_t locale;
};

static void showed(const struct labels *l, uint32_t text) {
    if (l->config->showed) l->config->showed(l->config->ran_ctx, l->image, text, l->locale);
}

static bool label(void *ctx, struct pl_str type, struct pl_str member, struct pl_str *code) {
    const struct labels *l = ctx;
    uint32_t text = pl_image_label(l->image, type, member);
    if (text == PL_NOWHERE) return false;
    showed(l, text);
    *code = pl_image_text(l->image, text, l->locale);
    return true;
}

struct pl_locale *pl_engine__locale(struct pl_engine *e, const struct eng_conv *c) {
    const struct pl_program *p = pl_image_program(c->image->image);
    struct pl_str currency = {p->currency, strlen(p->currency)};
    struct pl_locale *l = NULL;
    if (pl_locale_open(e->tools, c->locale, p->zone, currency, &l) == PL_OK) return l;
    enum pl_err err = pl_locale_open(e->tools, p->source_locale, p->zone, currency, &l);
    pl_assert(err == PL_OK); /* the compiler knows its locales */
    return l;
}

struct pl_str pl_engine__text(struct pl_engine *e, const struct eng_conv *c,
                              const struct pl_vm_text *t, struct pl_arena *a, int64_t now_ms) {
    if (t->text == PL_NOWHERE) return (struct pl_str){0};
    const struct pl_image *image = c->image->image;
    struct labels labels = {&e->config, image, pl_image_locale(image, c->locale)};
    struct pl_locale_env env = {.now_ms = now_ms, .label = label, .ctx = &labels};
    struct pl_str code = pl_image_text(image, t->text, labels.locale), words;
    showed(&labels, t->text);
    if (pl_locale_plain(code, &words)) return pl_arena_str(a, words);
    pl_buf_clear(&e->buf2);
    pl_locale_render(pl_engine__locale(e, c), code, t->args, t->nargs, &env, &e->buf2);
    return pl_arena_str(a, pl_buf_slice(&e->buf2));
}

struct saying {
    struct pl_engine *e;
    struct eng_conv *c;
    struct pl_arena *a;
    struct pl_jw w;
    int64_t now_ms;
    uint32_t buttons; /* offered in this step so far */
};

static void text_member(struct saying *s, const char *name, const struct pl_vm_text *t) {
    if (t->text == PL_NOWHERE) return;
    pl_jw_text_member(&s->w, name, pl_engine__text(s->e, s->c, t, s->a, s->now_ms));
}

static void str_member(struct saying *s, const char *name, struct pl_str v) {
    pl_jw_text_member(&s->w, name, v);
}

static void type_member(struct saying *s, const char *type) {
    str_member(s, "type", pl_str_c(type));
}

static void parts(struct saying *s, const struct pl_vm_part *v, uint32_t n);

static void steps(struct saying *s, const struct pl_vm_part *p) {
    type_member(s, "steps");
    pl_jw_name(&s->w, "items");
    pl_jw_open(&s->w, '[');
    for (uint32_t i = 0; i < p->nparts; i++)
        pl_jw_text(&s->w, pl_engine__text(s->e, s->c, &p->parts[i].a, s->a, s->now_ms));
    pl_jw_close(&s->w, ']');
}

static void button(struct saying *s, const struct pl_vm_part *p) {
    char id[40];
    if (p->url.n) {
        type_member(s, "link");
        text_member(s, "label", &p->a);
        str_member(s, "url", p->url);
        return;
    }
    pl_engine__button_id(id, s->buttons++);
    type_member(s, "button");
    str_member(s, "id", pl_str_c(id));
    text_member(s, "label", &p->a);
}

static void source(struct saying *s, const struct pl_vm_source *from) {
    bool page = !pl_str_starts(from->url, PL_STR("kb/"));
    struct pl_str article = from->article.n || page ? from->article : from->url;
    type_member(s, "source");
    str_member(s, "label", from->title);
    if (from->url.n && page) str_member(s, "url", from->url);
    if (article.n) str_member(s, "article", article);
    if (from->locale.n) str_member(s, "locale", from->locale);
    if (!from->npassage) return;
    pl_jw_name(&s->w, "passage");
    pl_jw_open(&s->w, '[');
    for (uint32_t i = 0; i < from->npassage; i++) pl_jw_text(&s->w, from->passage[i]);
    pl_jw_close(&s->w, ']');
}

/* A model's words, where they come from, and the question whether they helped. */
static void answer(struct saying *s, const struct pl_vm_part *p) {
    type_member(s, "text");
    str_member(s, "text", p->said);
    if (p->from.n) str_member(s, "translated_from", p->from);
    for (uint32_t i = 0; i < p->nsources; i++) {
        pl_jw_close(&s->w, '}');
        pl_jw_open(&s->w, '{');
        source(s, &p->sources[i]);
    }
    pl_jw_close(&s->w, '}');
    pl_jw_open(&s->w, '{');
    type_member(s, "rating");
}

static void part(struct saying *s, const struct pl_vm_part *p) {
    pl_jw_open(&s->w, '{');
    switch ((enum pl_vm_part_kind)p->kind) {
    case PL_PART_TEXT:
        type_member(s, "text");
        text_member(s, "text", &p->a);
        break;
    case PL_PART_IMAGE:
        type_member(s, "image");
        str_member(s, "url", p->url);
        text_member(s, "alt", &p->a);
        break;
    case PL_PART_FACT:
        type_member(s, "fact");
        text_member(s, "label", &p->a);
        text_member(s, "value", &p->b);
        break;
    case PL_PART_LINK:
        type_member(s, "link");
        text_member(s, "label", &p->a);
        str_member(s, "url", p->url);
        break;
    case PL_PART_BUTTON: button(s, p); break;
    case PL_PART_FILE:
        type_member(s, "file");
        str_member(s, "url", p->url);
        break;
    case PL_PART_STEPS: steps(s, p); break;
    case PL_PART_CARD:
        type_member(s, "card");
        text_member(s, "title", &p->a);
        text_member(s, "text", &p->b);
        pl_jw_name(&s->w, "parts");
        parts(s, p->parts, p->nparts);
        break;
    case PL_PART_CARDS:
        type_member(s, "cards");
        pl_jw_name(&s->w, "items");
        parts(s, p->parts, p->nparts);
        break;
    case PL_PART_ANSWER: answer(s, p); break;
    }
    pl_jw_close(&s->w, '}');
}

static void parts(struct saying *s, const struct pl_vm_part *v, uint32_t n) {
    pl_jw_open(&s->w, '[');
    for (uint32_t i = 0; i < n; i++) part(s, &v[i]);
    pl_jw_close(&s->w, ']');
}

static void choices(struct saying *s, const struct pl_vm_say *say) {
    pl_jw_name(&s->w, "choices");
    pl_jw_open(&s->w, '[');
    for (uint32_t i = 0; i < say->nchoices; i++) {
        const struct pl_vm_choice *c = &say->choices[i];
        pl_jw_open(&s->w, '{');
        str_member(s, "id", c->id);
        text_member(s, "label", &c->label);
        if (c->url.n) str_member(s, "url", c->url);
        pl_jw_close(&s->w, '}');
    }
    pl_jw_close(&s->w, ']');
}

/* How the open question is answered, when it is not by words or by one choice. */
static void answered_by(struct saying *s, const struct pl_p_wait *w, uint32_t nchoices) {
    if (w->kind != PL_WAIT_ASK) return;
    if (w->type.kind == PL_KIND_LIST && nchoices) {
        pl_jw_name(&s->w, "several");
        pl_jw_bool(&s->w, true);
    }
    if (w->type.kind != PL_KIND_FILE) return;
    pl_jw_name(&s->w, "accept");
    pl_jw_open(&s->w, '[');
    for (uint32_t i = 0; i < w->naccept; i++) pl_jw_text(&s->w, w->accept[i]);
    pl_jw_close(&s->w, ']');
}

void pl_engine__button_id(char out[40], uint32_t number) {
    *out = 'b';
    pl_digits(number, out + 1);
}

static struct pl_str line_id(const struct pl_program *p, const struct pl_vm_say *say) {
    if (say->line < p->ntexts) return p->texts[say->line].id;
    bool answer = say->nparts && say->parts[0].kind == PL_PART_ANSWER;
    return answer ? p->models[say->parts[0].model].id : (struct pl_str){0};
}

struct pl_str pl_engine__say(struct pl_engine *e, struct eng_conv *c, const struct pl_vm_say *say,
                             struct pl_arena *a, int64_t now_ms, uint32_t *buttons) {
    const struct pl_program *p = pl_image_program(c->image->image);
    struct pl_buf *b = &e->buf;
    struct saying s = {.e = e, .c = c, .a = a, .now_ms = now_ms, .buttons = *buttons};
    pl_buf_clear(b);
    s.w.b = b;
    pl_jw_open(&s.w, '{');
    str_member(&s, "kind", PL_STR("message"));
    str_member(&s, "from", PL_STR("bot"));
    struct pl_str id = line_id(p, say);
    if (id.n) str_member(&s, "id", id);
    pl_jw_name(&s.w, "parts");
    parts(&s, say->parts, say->nparts);
    if (say->nchoices) choices(&s, say);
    if (say->asks && say->wait < p->nwaits) answered_by(&s, &p->waits[say->wait], say->nchoices);
    pl_jw_close(&s.w, '}');
    *buttons = s.buttons;
    return pl_arena_str(a, pl_buf_slice(b));
}

size_t pl_engine_said_in(struct pl_engine *e, const uint8_t conversation[16], struct pl_str locale,
                         const struct pl_vm_result *result, int64_t now_ms, struct pl_arena *a,
                         struct pl_str **out) {
    const struct eng_conv *c = pl_engine__conv_find(e, conversation);
    *out = PL_NEW_ARRAY(a, struct pl_str, result->neffects + 1);
    if (!c || pl_image_locale(c->image->image, locale) == PL_NOWHERE) return 0;
    struct eng_conv as = *c; /* nothing of it is changed, but the language it is read in */
    uint32_t buttons = c->nbuttons;
    size_t n = 0;
    as.locale = locale;
    for (uint32_t i = 0; i < result->neffects; i++)
        if (result->effects[i].kind == PL_EFFECT_SAY)
            (*out)[n++] = pl_engine__say(e, &as, &result->effects[i].say, a, now_ms, &buttons);
    return n;
}
