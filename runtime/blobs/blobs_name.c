/* SPDX-License-Identifier: Apache-2.0 */
/* Names and types. */
#include <string.h>

#include "runtime/blobs/blobs_priv.h"

#define NAME_MOST 100 /* code points */

/* ---- references ---- */

static void put_letters(const uint8_t *bytes, size_t n, char *out) {
    for (size_t i = 0; i < n; i++) {
        out[2 * i] = (char)('a' + (bytes[i] >> 4));
        out[2 * i + 1] = (char)('a' + (bytes[i] & 15));
    }
}

void pl_blob_ref_print(const struct pl_blob_id *id, char out[PL_BLOB_REF]) {
    put_letters(id->conversation, 16, out);
    put_letters(id->number, 16, out + 32);
    out[64] = '\0';
}

bool pl_blob_ref_read(struct pl_str text, struct pl_blob_id *out) {
    uint8_t bytes[32];
    if (text.n != PL_BLOB_REF - 1) return false;
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] < 'a' || text.p[i] > 'p') return false;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)((text.p[2 * i] - 'a') << 4 | (text.p[2 * i + 1] - 'a'));
    memcpy(out->conversation, bytes, 16);
    memcpy(out->number, bytes + 16, 16);
    return true;
}

/* ---- names ---- */

/* Control characters, and those that turn the direction of what follows: "gpj.exe" could be shown
 * as "exe.jpg". */
static bool is_shown(uint32_t c) {
    bool control = c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029;
    bool turns = c == 0x61c || c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) ||
                 (c >= 0x2066 && c <= 0x2069);
    return !control && !turns && c != 0xfffd && c != 0xfeff;
}

void pl_blob_name_clean(struct pl_str raw, char out[PL_BLOB_NAME]) {
    size_t from = 0, n = 0, at, points = 0;
    for (size_t i = 0; i < raw.n; i++)
        if (raw.p[i] == '/' || raw.p[i] == '\\') from = i + 1;
    raw = pl_str_trim((struct pl_str){raw.p + from, raw.n - from});
    for (at = 0; at < raw.n && points < NAME_MOST;) {
        uint32_t c = pl_utf8_next(raw, &at);
        if (!is_shown(c)) continue;
        n += pl_utf8_put(c, out + n);
        points++;
    }
    out[n] = '\0';
    struct pl_str name = pl_str_trim((struct pl_str){out, n});
    if (name.n == 0 || pl_str_is(name, ".") || pl_str_is(name, ".."))
        memcpy(out, "file", sizeof "file");
    else if (name.n < n)
        memmove(out, name.p, name.n), out[name.n] = '\0';
}

/* ---- types ---- */

struct magic {
    size_t at, n;
    const char *bytes;
};
struct known {
    const char *type;
    struct magic a, b;
};

static const struct known known[] = {
#define TYPE(type, at, bytes, at2, bytes2)                                                         \
    {type, {at, sizeof(bytes) - 1, bytes}, {at2, sizeof(bytes2) - 1, bytes2}},
#include "runtime/blobs/type.def"
#undef TYPE
};

static bool has(struct pl_str s, const struct magic *m) {
    return s.n >= m->at + m->n && memcmp(s.p + m->at, m->bytes, m->n) == 0;
}

/* A character that the end cuts off is none when there is more to come. */
static bool is_text(struct pl_str s, bool all) {
    for (size_t cut = 0; !all && cut < 3 && s.n > 0 && !pl_utf8_valid(s); cut++) s.n--;
    if (s.n == 0 || !pl_utf8_valid(s)) return false;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c == 0x7f || (c < 0x20 && c != '\t' && c != '\n' && c != '\r' && c != '\f'))
            return false;
    }
    return true;
}

const char *pl_blob_sniff(struct pl_str bytes, bool all) {
    for (size_t i = 0; i < PL_LEN(known); i++)
        if (has(bytes, &known[i].a) && has(bytes, &known[i].b)) return known[i].type;
    return is_text(bytes, all) ? "text/plain" : NULL;
}

bool pl_blob_is_kind(const char *type, struct pl_str kind) {
    if (pl_str_is(kind, "pdf")) return strcmp(type, "application/pdf") == 0;
    const char *slash = strchr(type, '/');
    size_t n = slash ? (size_t)(slash - type) : 0;
    bool group = pl_str_is(kind, "image") || pl_str_is(kind, "audio") || pl_str_is(kind, "video") ||
                 pl_str_is(kind, "text");
    return group && pl_str_eq(kind, (struct pl_str){type, n});
}
