/* SPDX-License-Identifier: Apache-2.0
 *
 * A step as JSON: what was understood and done, where it stands, what it knows, and what was said,
 * in every language that the assistant speaks. On the engine's thread.
 */
#include <string.h>

#include "tools/studio/studio_priv.h"

void pl_studio_engine(struct pl_studio *s, struct pl_engine *e) {
    s->engine = e;
}

/* Told to the conversation whose step it turns out to be. */
void pl_studio_ran(void *studio, const struct pl_image *image, int what, uint32_t at) {
    struct pl_studio *s = studio;
    struct studio_ran r = {image, what, at};
    PL_PUSH(&s->ran, r);
}

/* Its own, or in the place of the one that is looked at least. */
static struct pl_sim_watch *eye(struct pl_studio *s, const uint8_t id[16]) {
    struct studio_eye *e = NULL, fresh = {.used = 0};
    for (size_t i = 0; i < s->eyes.n && !e; i++)
        if (memcmp(s->eyes.v[i].id, id, 16) == 0) e = &s->eyes.v[i];
    if (!e && s->eyes.n < STUDIO_CONVERSATIONS) {
        PL_PUSH(&s->eyes, fresh);
        e = &s->eyes.v[s->eyes.n - 1];
    } else if (!e) {
        e = &s->eyes.v[0];
        for (size_t i = 1; i < s->eyes.n; i++)
            if (s->eyes.v[i].used < e->used) e = &s->eyes.v[i];
        pl_sim_watch_free(&e->watch);
    }
    memcpy(e->id, id, sizeof e->id);
    e->used = s->steps;
    if (!e->watch) e->watch = pl_sim_watch_new(s->tools);
    return e->watch;
}

static void write_reasons(struct pl_jw *w, const struct pl_sim_seen *seen) {
    pl_jw_name(w, "reasons");
    pl_jw_open(w, '[');
    for (size_t i = 0; i < seen->nreasons; i++) {
        pl_jw_open(w, '[');
        pl_jw_text(w, seen->reasons[i].what);
        pl_jw_text(w, seen->reasons[i].text);
        pl_jw_close(w, ']');
    }
    pl_jw_close(w, ']');
    pl_jw_name(w, "ran");
    pl_jw_open(w, '[');
    for (size_t i = 0; i < seen->nran; i++) pl_jw_text(w, seen->ran[i]);
    pl_jw_close(w, ']');
}

static void write_slots(struct pl_jw *w, struct pl_studio *s, const struct pl_program *p,
                        struct pl_value slots) {
    pl_jw_name(w, "slots");
    pl_jw_open(w, '[');
    for (uint32_t i = 0; slots.kind == PL_KIND_RECORD && i < slots.rec.n; i++) {
        struct pl_buf value = {0};
        pl_sim_print(s->tools, p, &value, slots.rec.f[i].value);
        pl_jw_open(w, '[');
        pl_jw_text(w, slots.rec.f[i].name);
        pl_jw_text(w, pl_buf_slice(&value));
        pl_jw_close(w, ']');
        pl_buf_free(&value);
    }
    pl_jw_close(w, ']');
}

/* What was said, by locale. */
static void write_said(struct pl_jw *w, struct pl_studio *s, const uint8_t conversation[16],
                       const struct pl_program *p, const struct pl_vm_result *r, int64_t now_ms) {
    struct pl_arena a;
    struct pl_str *said;
    pl_arena_init(&a, 0);
    pl_jw_name(w, "said");
    pl_jw_open(w, '{');
    for (uint32_t l = 0; l < p->nlocales; l++) {
        size_t n = pl_engine_said_in(s->engine, conversation, p->locales[l], r, now_ms, &a, &said);
        pl_jw_name(w, pl_arena_printf(&a, "%.*s", PL_STR_ARG(p->locales[l])).p);
        pl_jw_open(w, '[');
        for (size_t i = 0; i < n; i++) pl_jw_raw(w, said[i]);
        pl_jw_close(w, ']');
    }
    pl_jw_close(w, '}');
    pl_arena_free(&a);
}

static const char *kind_word(uint8_t kind) {
    static const char *const words[] = {
        [PL_EVENT_OPEN] = "open",         [PL_EVENT_MESSAGE] = "message",
        [PL_EVENT_HOOK] = "hook",         [PL_EVENT_TIMER] = "timer",
        [PL_EVENT_OUTCOME] = "outcome",   [PL_EVENT_RULE] = "rule",
        [PL_EVENT_IDENTITY] = "identity", [PL_EVENT_HAPPENED] = "happened",
        [PL_EVENT_DIVERGED] = "diverged", [PL_EVENT_MODEL] = "model",
        [PL_EVENT_NAMED] = "named",       [PL_EVENT_HANDED_BACK] = "handed_back",
        [PL_EVENT_NO_MODEL] = "no_model",
    };
    return kind < PL_LEN(words) && words[kind] ? words[kind] : "other";
}

void pl_studio_step(void *studio, const uint8_t conversation[16], const struct pl_image *image,
                    const struct pl_vm_event *event, const struct pl_vm_result *result) {
    struct pl_studio *s = studio;
    const struct pl_program *p = pl_image_program(image);
    struct pl_sim_watch *watch = eye(s, conversation);
    struct pl_buf b = {0};
    struct pl_jw w = {.b = &b};
    struct pl_sim_seen seen;
    char hash[17];
    if (!watch) return;
    for (size_t i = 0; i < s->ran.n; i++)
        if (s->ran.v[i].image == image)
            pl_sim_watch_ran(watch, image, s->ran.v[i].what, s->ran.v[i].at);
    s->ran.n = 0;
    pl_sim_watch_step(watch, image, event, result, &seen);
    pl_hex(pl_image_hash(image), 8, hash);
    pl_jw_open(&w, '{');
    pl_jw_text_member(&w, "kind", pl_str_c(kind_word(event->kind)));
    pl_jw_text_member(&w, "text",
                      event->kind == PL_EVENT_MESSAGE ? event->reading.text : event->name);
    pl_jw_int_member(&w, "at_ms", event->now_ms);
    pl_jw_text_member(&w, "image", pl_str_c(hash));
    pl_jw_text_member(&w, "locale", event->locale);
    pl_jw_text_member(&w, "stands", seen.stands);
    pl_jw_text_member(&w, "flow", seen.flow);
    pl_jw_text_member(&w, "place", seen.place);
    write_reasons(&w, &seen);
    write_slots(&w, s, p, seen.slots);
    write_said(&w, s, conversation, p, result, event->now_ms);
    pl_jw_close(&w, '}');
    pl_studio__note(s, STUDIO_STEP, conversation, ++s->steps, &b);
}
