/* SPDX-License-Identifier: Apache-2.0 */
#include "grammar/diag_priv.h"

static const struct pl_diag_info infos[] = {
#define DIAG(number, name, severity, message, why, fix)                                            \
    {number, #name, PL_SEVERITY_##severity, message, why, fix},
#include "grammar/diag.def"
#undef DIAG
};

const struct pl_diag_info *pl_diag_info(uint16_t code) {
    for (size_t i = 0; i < PL_LEN(infos); i++)
        if (infos[i].code == code) return &infos[i];
    return NULL;
}

const struct pl_diag_info *pl_diag_info_at(size_t i) {
    return i < PL_LEN(infos) ? &infos[i] : NULL;
}

void pl_diags_init(struct pl_diags *d, struct pl_arena *arena, const struct pl_sources *sources) {
    *d = (struct pl_diags){.arena = arena, .sources = sources};
}

void *pl_diag__grown(struct pl_arena *arena, void *v, size_t n, size_t *cap, size_t size) {
    if (n < *cap) return v;
    *cap = *cap ? *cap * 2 : 4;
    char *bigger = pl_arena_array(arena, *cap, size);
    for (size_t i = 0; i < n * size; i++) bigger[i] = ((char *)v)[i];
    return bigger;
}

static bool allowed(struct pl_diags *d, enum pl_diag_code code, struct pl_span at) {
    bool found = false;
    uint32_t line = pl_source_pos(&d->sources->v[at.file], at.start).line;
    for (size_t i = 0; i < d->nallows; i++) {
        struct pl_diag_allow *a = &d->allows[i];
        if (a->span.file == at.file && a->line == line && a->code == code) found = a->used = true;
    }
    return found;
}

/* A name that is unknown at one place is so at all: one message, which names the others. */
static bool about_names(uint16_t code) {
    return code == PL_D_UNKNOWN || code == PL_D_NO_FIELD || code == PL_D_NOT_MEMBER;
}

static bool same_args(const struct pl_diag *diag, const struct pl_str *args, size_t nargs) {
    for (size_t i = 0; i < nargs; i++)
        if (!pl_str_eq(diag->args[i], args[i])) return false;
    return true;
}

enum { PLACES_MOST = 5 };

/* What was reported before: at this very place, or of the same name at another. */
static bool repeats(struct pl_diags *d, uint16_t code, struct pl_span at, const struct pl_str *args,
                    size_t nargs) {
    for (size_t i = 0; i < d->n; i++) {
        struct pl_diag *old = d->v[i];
        bool here =
            old->span.file == at.file && old->span.start == at.start && old->span.end == at.end;
        if (old->code != code || (!here && !about_names(code)) || !same_args(old, args, nargs))
            continue;
        for (size_t k = 0; k < old->nnotes && !here; k++)
            here = old->notes[k].span.file == at.file && old->notes[k].span.start == at.start;
        if (!here && old->nnotes < PLACES_MOST) pl_diag_note(d, old, at, "and here");
        d->repeated = here ? NULL : old;
        return true;
    }
    return false;
}

/* The last one, so that an error has its place. */
static bool drop_warning(struct pl_diags *d) {
    size_t at = d->n;
    while (at && d->v[at - 1]->severity != PL_SEVERITY_WARNING) at--;
    if (!at) return false;
    for (d->n--; at <= d->n; at++) d->v[at - 1] = d->v[at];
    return true;
}

static struct pl_diag *report(struct pl_diags *d, enum pl_diag_code code, struct pl_span at,
                              const struct pl_str *args, size_t nargs) {
    const struct pl_diag_info *info = pl_diag_info((uint16_t)code);
    pl_assert(info);
    d->scratch = (struct pl_diag){.code = info->code, .severity = info->severity, .span = at};
    d->repeated = NULL;
    if (info->severity == PL_SEVERITY_WARNING && allowed(d, code, at)) return &d->scratch;
    if (info->severity == PL_SEVERITY_ERROR && repeats(d, info->code, at, args, nargs))
        return &d->scratch;
    if (info->severity == PL_SEVERITY_ERROR)
        d->errors++;
    else
        d->warnings++;
    if (d->n >= PL_DIAG_MOST) d->dropped++;
    if (d->n >= PL_DIAG_MOST && !(info->severity == PL_SEVERITY_ERROR && drop_warning(d)))
        return &d->scratch;
    struct pl_diag *diag = PL_NEW(d->arena, struct pl_diag);
    *diag = d->scratch;
    for (size_t i = 0; i < nargs; i++) diag->args[i] = pl_arena_str(d->arena, args[i]);
    d->v = pl_diag__grown(d->arena, d->v, d->n, &d->cap, sizeof(*d->v));
    d->v[d->n++] = diag;
    return diag;
}

struct pl_diag *pl_diag(struct pl_diags *d, enum pl_diag_code code, struct pl_span at) {
    return report(d, code, at, NULL, 0);
}

struct pl_diag *pl_diag1(struct pl_diags *d, enum pl_diag_code code, struct pl_span at,
                         struct pl_str a) {
    return report(d, code, at, &a, 1);
}

struct pl_diag *pl_diag2(struct pl_diags *d, enum pl_diag_code code, struct pl_span at,
                         struct pl_str a, struct pl_str b) {
    return report(d, code, at, (struct pl_str[]){a, b}, 2);
}

struct pl_diag *pl_diag3(struct pl_diags *d, enum pl_diag_code code, struct pl_span at,
                         struct pl_str a, struct pl_str b, struct pl_str c) {
    return report(d, code, at, (struct pl_str[]){a, b, c}, 3);
}

struct pl_str pl_diag__format(struct pl_arena *arena, const char *format, va_list list) {
    char line[512];
    int n = vsnprintf(line, sizeof(line), format, list);
    size_t length = n < 0 ? 0 : (size_t)n;
    if (length >= sizeof(line)) length = sizeof(line) - 1;
    return pl_arena_str(arena, (struct pl_str){line, length});
}

void pl_diag_note(struct pl_diags *d, struct pl_diag *diag, struct pl_span at, const char *format,
                  ...) {
    if (diag == &d->scratch) return;
    va_list list;
    va_start(list, format);
    struct pl_str text = pl_diag__format(d->arena, format, list);
    va_end(list);
    diag->notes =
        pl_diag__grown(d->arena, diag->notes, diag->nnotes, &diag->notes_cap, sizeof(*diag->notes));
    diag->notes[diag->nnotes++] = (struct pl_diag_note){at, text};
}

void pl_diag_hint(struct pl_diags *d, struct pl_diag *diag, const char *format, ...) {
    va_list list;
    va_start(list, format);
    if (diag != &d->scratch) diag->hint = pl_diag__format(d->arena, format, list);
    va_end(list);
}

bool pl_diags_lost(const struct pl_diags *d, struct pl_span within) {
    for (size_t i = 0; i < d->n; i++) {
        const struct pl_diag *diag = d->v[i];
        if (!about_names(diag->code)) continue;
        for (size_t k = 0; k <= diag->nnotes; k++) {
            struct pl_span at = k ? diag->notes[k - 1].span : diag->span;
            if (at.file == within.file && at.start >= within.start && at.end <= within.end)
                return true;
        }
    }
    return false;
}

void pl_diags_allow(struct pl_diags *d, struct pl_span comment, uint32_t line, uint16_t code) {
    d->allows = pl_diag__grown(d->arena, d->allows, d->nallows, &d->allows_cap, sizeof(*d->allows));
    d->allows[d->nallows++] = (struct pl_diag_allow){comment, line, code, false};
}

void pl_diag__allow_again(struct pl_diags *d, const struct pl_diag_allow *allow) {
    pl_diags_allow(d, allow->span, allow->line, allow->code);
    d->allows[d->nallows - 1].used = allow->used;
}

static bool comes_after(const struct pl_diag *a, const struct pl_diag *b) {
    if (a->span.file != b->span.file) return a->span.file > b->span.file;
    return a->span.start > b->span.start;
}

/* `allow P0017` above a line allows its other suppressions to be of no use. */
static bool may_be_unused(struct pl_diags *d, const struct pl_diag_allow *a) {
    for (size_t i = 0; i < d->nallows; i++) {
        struct pl_diag_allow *b = &d->allows[i];
        if (b == a || b->code != PL_D_ALLOW_UNUSED || b->line != a->line) continue;
        if (b->span.file == a->span.file) return b->used = true;
    }
    return false;
}

static void report_unused(struct pl_diags *d, bool about_unused) {
    for (size_t i = 0; i < d->nallows; i++) {
        const struct pl_diag_allow *a = &d->allows[i];
        if (a->used || (a->code == PL_D_ALLOW_UNUSED) != about_unused) continue;
        if (!about_unused && may_be_unused(d, a)) continue;
        char code[16];
        snprintf(code, sizeof(code), "P%04u", (unsigned)a->code);
        struct pl_diag *diag = pl_diag1(d, PL_D_ALLOW_UNUSED, a->span, pl_str_c(code));
        pl_diag_fix_delete(d, diag, PL_FIX_SAFE, a->span, "delete the comment");
    }
}

void pl_diags_finish(struct pl_diags *d, bool unused) {
    if (unused) report_unused(d, false);
    if (unused) report_unused(d, true);
    /* Insertion sort: at most PL_DIAG_MOST, mostly in order already, and it is stable. */
    for (size_t i = 1; i < d->n; i++) {
        struct pl_diag *moved = d->v[i];
        size_t at = i;
        for (; at > 0 && comes_after(d->v[at - 1], moved); at--) d->v[at] = d->v[at - 1];
        d->v[at] = moved;
    }
}
