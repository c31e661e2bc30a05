/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "runtime/protocol/protocol_priv.h"

/* ---- cid ---- */

static bool lower_hex(struct pl_str s) {
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] >= 'A' && s.p[i] <= 'F') return false;
    return true;
}

bool pl_cid_parse(struct pl_str s, struct pl_cid *out) {
    uint8_t bytes[8];
    *out = (struct pl_cid){0};
    if (s.n < 18 || s.n > 17 + 19 || s.p[16] != '-') return false;
    struct pl_str hex = {s.p, 16}, digits = {s.p + 17, s.n - 17};
    if (!lower_hex(hex) || !pl_unhex(hex, bytes, sizeof bytes)) return false;
    if (digits.p[0] < '1' || digits.p[0] > '9') return false;
    int64_t counter;
    if (!pl_str_i64(digits, &counter)) return false;
    for (size_t i = 0; i < sizeof bytes; i++) out->client = out->client << 8 | bytes[i];
    out->counter = (uint64_t)counter;
    return true;
}

size_t pl_cid_print(struct pl_cid cid, char out[PL_CID_TEXT]) {
    uint8_t bytes[8];
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)(cid.client >> (56 - 8 * i));
    pl_hex(bytes, sizeof bytes, out);
    return 16 +
           (size_t)snprintf(out + 16, PL_CID_TEXT - 16, "-%llu", (unsigned long long)cid.counter);
}

/* ---- refusals ---- */

static bool refuse(struct pl_frame *f, enum pl_code code, struct pl_str message) {
    if (f->code == PL_CODE_OK) { /* the first reason stands */
        f->code = code;
        f->message = message;
    }
    return false;
}

static const char *word_of(const struct pl_protocol__field *row) {
    return pl_frame_word(row->frame);
}

/* "send.text: expected a text of at most 65536 characters" */
static bool expected(struct pl_arena *a, struct pl_frame *f, const struct pl_protocol__field *row) {
    struct pl_str m = {0};
    const char *w = word_of(row), *n = row->name;
    switch (row->type) {
    case TEXT:
        m = pl_arena_printf(a, "%s.%s: expected a text of at most %u characters", w, n, row->max);
        break;
    case HEX:
        m = pl_arena_printf(a, "%s.%s: expected at most %u hex digits", w, n, row->max);
        break;
    case CID:
        m = pl_arena_printf(a,
                            "%s.%s: expected <client instance, 16 lower-case hex digits>-"
                            "<counter from 1>",
                            w, n);
        break;
    case COUNT:
        m = pl_arena_printf(a, "%s.%s: expected a whole number from 0 to %lld", w, n,
                            (long long)PL_PROTOCOL__COUNT_MAX);
        break;
    case INT:
        m = pl_arena_printf(a, "%s.%s: expected a whole number from -%u to %u", w, n, row->max,
                            row->max);
        break;
    case BOOL: m = pl_arena_printf(a, "%s.%s: expected true or false", w, n); break;
    case TIME:
    case LIST: pl_assert(false && "no client field has this type");
    }
    return refuse(f, PL_CODE_BAD_FIELD, m);
}

/* ---- one field ---- */

/* Characters are code points; NUL is none, because C rooms below may end there. */
static bool text_fits(struct pl_str s, uint32_t max) {
    if (s.n > (size_t)max * 4 || (s.n > 0 && memchr(s.p, 0, s.n) != NULL)) return false;
    if (s.n <= max) return true;
    size_t at = 0, chars = 0;
    while (at < s.n) {
        pl_utf8_next(s, &at);
        chars++;
    }
    return chars <= max;
}

static bool hex_fits(struct pl_str s, uint32_t max) {
    if (s.n > max) return false;
    for (size_t i = 0; i < s.n; i++)
        if (strchr("0123456789abcdefABCDEF", s.p[i]) == NULL) return false;
    return true;
}

static bool whole(const struct pl_json *v, int64_t least, int64_t most, int64_t *out) {
    return v->kind == PL_JNUMBER && pl_str_i64(v->s, out) && *out >= least && *out <= most;
}

static bool read_field(struct pl_arena *a, struct pl_frame *f, const struct pl_protocol__field *row,
                       const struct pl_json *v) {
    void *to = (char *)f + row->member;
    int64_t n = 0;
    bool good = false;
    switch (row->type) {
    case TEXT: good = v->kind == PL_JTEXT && text_fits(v->s, row->max); break;
    case HEX: good = v->kind == PL_JTEXT && hex_fits(v->s, row->max); break;
    case CID: good = v->kind == PL_JTEXT && pl_cid_parse(v->s, to); break;
    case COUNT: good = whole(v, 0, PL_PROTOCOL__COUNT_MAX, &n); break;
    case INT: good = whole(v, -(int64_t)row->max, row->max, &n); break;
    case BOOL: good = v->kind == PL_JBOOL; break;
    case TIME:
    case LIST: pl_assert(false && "no client field has this type");
    }
    if (!good) return expected(a, f, row);
    if (row->type == TEXT || row->type == HEX) memcpy(to, &v->s, sizeof v->s);
    if (row->type == COUNT || row->type == INT) memcpy(to, &n, sizeof n);
    if (row->type == BOOL) memcpy(to, &v->b, sizeof v->b);
    return true;
}

/* ---- one frame ---- */

struct rows {
    const struct pl_protocol__field *v;
    size_t n;
};

static struct rows rows_of(enum pl_frame_kind kind) {
    struct rows r = {0};
    for (size_t i = 0; i < pl_protocol__nfields; i++) {
        if (pl_protocol__fields[i].frame != kind) continue;
        if (r.n == 0) r.v = &pl_protocol__fields[i];
        r.n++;
    }
    return r;
}

static bool unknown(struct pl_arena *a, struct pl_frame *f, struct rows rows, const char *prefix,
                    struct pl_str name) {
    size_t shown = name.n > 40 ? 40 : name.n;
    while (shown < name.n && ((uint8_t)name.p[shown] & 0xc0) == 0x80)
        shown--; /* whole characters */
    struct pl_str full = pl_arena_printf(a, "%s%.*s", prefix, (int)shown, name.n > 0 ? name.p : "");
    struct pl_near near = pl_near(full);
    for (size_t i = 0; i < rows.n; i++) pl_near_offer(&near, pl_str_c(rows.v[i].name));
    const char *w = pl_frame_word(f->kind);
    if (near.best.n > 0)
        return refuse(f, PL_CODE_BAD_FIELD,
                      pl_arena_printf(a, "%s.%.*s: no such field; did you mean '%.*s'?", w,
                                      PL_STR_ARG(full), PL_STR_ARG(near.best)));
    return refuse(f, PL_CODE_BAD_FIELD,
                  pl_arena_printf(a, "%s.%.*s: no such field", w, PL_STR_ARG(full)));
}

/* Whether the row is named prefix + name. */
static bool names(const struct pl_protocol__field *row, const char *prefix, struct pl_str name) {
    size_t n = strlen(prefix);
    return strncmp(row->name, prefix, n) == 0 && pl_str_is(name, row->name + n);
}

static bool has_inside(struct rows rows, struct pl_str name) {
    for (size_t i = 0; i < rows.n; i++) {
        struct pl_str row = pl_str_c(rows.v[i].name);
        if (row.n > name.n && pl_str_starts(row, name) && row.p[name.n] == '.') return true;
    }
    return false;
}

static bool read_members(struct pl_arena *a, struct pl_frame *f, struct rows rows,
                         const char *prefix, const struct pl_json *object);

static bool read_member(struct pl_arena *a, struct pl_frame *f, struct rows rows,
                        const char *prefix, const struct pl_json_member *m) {
    for (size_t i = 0; i < rows.n; i++) {
        if (!names(&rows.v[i], prefix, m->name)) continue;
        if (m->value.kind == PL_JNULL) return true;
        f->given |= UINT32_C(1) << i;
        return read_field(a, f, &rows.v[i], &m->value);
    }
    if (*prefix != '\0' || !has_inside(rows, m->name)) return unknown(a, f, rows, prefix, m->name);
    if (m->value.kind == PL_JNULL) return true;
    if (m->value.kind != PL_JOBJECT)
        return refuse(f, PL_CODE_BAD_FIELD,
                      pl_arena_printf(a, "%s.%.*s: expected an object", pl_frame_word(f->kind),
                                      PL_STR_ARG(m->name)));
    struct pl_str inside = pl_arena_printf(a, "%.*s.", PL_STR_ARG(m->name));
    return read_members(a, f, rows, inside.p, &m->value);
}

static bool read_members(struct pl_arena *a, struct pl_frame *f, struct rows rows,
                         const char *prefix, const struct pl_json *object) {
    for (size_t i = 0; i < object->n; i++) {
        const struct pl_json_member *m = &object->m[i];
        if (*prefix == '\0' && pl_str_is(m->name, "t")) continue;
        if (!read_member(a, f, rows, prefix, m)) return false;
    }
    return true;
}

static bool empty_choice(const struct pl_frame *f, const struct pl_protocol__field *row) {
    struct pl_str s;
    memcpy(&s, (const char *)f + row->member, sizeof s);
    return s.n == 0;
}

/* MUST rows are there; of the ONE rows exactly one is, and says something. */
static bool check_needs(struct pl_arena *a, struct pl_frame *f, struct rows rows) {
    struct pl_str list = {"", 0};
    size_t ones = 0, given = 0;
    for (size_t i = 0; i < rows.n; i++) {
        const struct pl_protocol__field *row = &rows.v[i];
        bool there = (f->given >> i & 1) != 0;
        if (row->need == MUST && !there) return expected(a, f, row);
        if (row->need != ONE) continue;
        if (there && empty_choice(f, row))
            return refuse(f, PL_CODE_BAD_FIELD,
                          pl_arena_printf(a, "%s.%s: is empty", word_of(row), row->name));
        list = pl_arena_printf(a, "%.*s%s%s", PL_STR_ARG(list), ones > 0 ? ", " : "", row->name);
        ones++;
        given += there;
    }
    if (ones == 0 || given == 1) return true;
    return refuse(f, PL_CODE_BAD_FIELD,
                  pl_arena_printf(a, "%s: expected exactly one of %.*s", pl_frame_word(f->kind),
                                  PL_STR_ARG(list)));
}

static bool find_kind(struct pl_arena *a, struct pl_frame *f, const struct pl_json *json) {
    const struct pl_json *t = json->kind == PL_JOBJECT ? pl_json_get(json, "t") : NULL;
    if (t == NULL || t->kind != PL_JTEXT)
        return refuse(f, PL_CODE_BAD_FRAME,
                      PL_STR("expected an object whose \"t\" names the kind of frame"));
    for (size_t k = 0; k < pl_protocol__nframes; k++) {
        if (!pl_str_is(t->s, pl_protocol__frames[k].word)) continue;
        f->kind = (enum pl_frame_kind)k;
        if (pl_protocol__frames[k].direction != SERVER) return true;
        return refuse(
            f, PL_CODE_BAD_FRAME,
            pl_arena_printf(a, "%s: only the server sends this", pl_protocol__frames[k].word));
    }
    return refuse(f, PL_CODE_BAD_FRAME,
                  PL_STR("no such kind of frame; expected open, send, seen, typing or rate"));
}

static void read_frame(struct pl_arena *a, struct pl_frame *f, const struct pl_json *json) {
    *f = (struct pl_frame){.code = PL_CODE_OK};
    if (!find_kind(a, f, json)) return;
    struct rows rows = rows_of(f->kind);
    if (read_members(a, f, rows, "", json) && check_needs(a, f, rows)) return;
    if (f->cid.counter == 0) pl_cid_parse(pl_json_text(json, "cid"), &f->cid);
}

size_t pl_protocol_parse(struct pl_arena *a, struct pl_str message,
                         struct pl_frame out[PL_PROTOCOL_MAX_BATCH]) {
    struct pl_json json;
    size_t at = 0;
    out[0] = (struct pl_frame){.code = PL_CODE_OK};
    enum pl_err err = pl_json_parse(a, message, &json, &at);
    if (err != PL_OK) {
        refuse(&out[0], PL_CODE_MALFORMED,
               pl_arena_printf(a, "not JSON: %s at byte %zu", pl_err_text(err), at));
        return 1;
    }
    if (json.kind != PL_JARRAY) {
        read_frame(a, &out[0], &json);
        return 1;
    }
    if (json.n == 0 || json.n > PL_PROTOCOL_MAX_BATCH) {
        enum pl_code code = json.n == 0 ? PL_CODE_BAD_FRAME : PL_CODE_TOO_MANY_FRAMES;
        refuse(&out[0], code,
               pl_arena_printf(a, "expected 1 to %d frames in a message, got %zu",
                               PL_PROTOCOL_MAX_BATCH, json.n));
        return 1;
    }
    for (size_t i = 0; i < json.n; i++) read_frame(a, &out[i], &json.m[i].value);
    return json.n;
}
