/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/privacy/look.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SLOTS = 1 << 16, PIECE = 1 << 16, OVERLAP = 512, TOLD = 40 };

struct look {
    struct needles *n;
    uint32_t first[SLOTS], *next; /* needles by their first four bytes, from 1 */
    int told;
};

static uint32_t slot_of(const char *p) {
    uint32_t h;
    memcpy(&h, p, sizeof h);
    return (h * 2654435761u) >> 16;
}

struct look *look_new(struct needles *n) {
    struct look *l = calloc(1, sizeof *l);
    assert_non_null(l);
    l->n = n;
    l->next = calloc(n->v.n + 1, sizeof *l->next);
    assert_non_null(l->next);
    for (size_t i = 0; i < n->v.n; i++) {
        uint32_t s = slot_of(n->v.v[i].text.p);
        l->next[i] = l->first[s];
        l->first[s] = (uint32_t)i + 1;
    }
    return l;
}

void look_free(struct look **l) {
    free((*l)->next);
    free(*l);
    *l = NULL;
}

/* ---- one text ---- */

static void tell(struct look *l, const char *where, const struct needle *k, struct pl_str s,
                 size_t at) {
    static const char *const kinds[] = {"mail", "phone", "card", "iban", "name", "home", "pin"};
    size_t from = at > 60 ? at - 60 : 0;
    size_t n = s.n - from < 160 ? s.n - from : 160;
    if (!k->known || l->told++ >= TOLD) return;
    print_error("%s in %s: %.*s: …%.*s…\n", kinds[k->kind], where, PL_STR_ARG(k->text), (int)n,
                s.p + from);
}

static size_t seek(struct look *l, const char *where, struct pl_str s) {
    size_t found = 0;
    for (size_t at = 0; at + 4 <= s.n; at++)
        for (uint32_t i = l->first[slot_of(s.p + at)]; i; i = l->next[i - 1]) {
            struct needle *k = &l->n->v.v[i - 1];
            struct pl_str rest = {s.p + at, s.n - at};
            if (k->found || !pl_str_starts(rest, k->text)) continue;
            k->found = true;
            found += k->known;
            tell(l, where, k, s, at);
        }
    return found;
}

static int hex(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    c = (char)(c | 32);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "\u0040", "\/", "\n"; a pair of surrogates too. */
static void without_json(struct pl_str s, struct pl_buf *out) {
    uint32_t high = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] != '\\' || i + 1 == s.n) {
            pl_buf_byte(out, (uint8_t)s.p[i]);
            continue;
        }
        uint32_t c = 0;
        bool u = s.p[i + 1] == 'u' && i + 5 < s.n;
        for (size_t k = 2; u && k < 6; k++) c = c * 16 + (uint32_t)(hex(s.p[i + k]) & 15);
        i += u ? 5 : 1;
        if (!u) {
            pl_buf_byte(out, (uint8_t)(strchr("nrtbf", s.p[i]) ? ' ' : s.p[i]));
        } else if (c >= 0xd800 && c < 0xdc00) {
            high = c;
        } else {
            if (c >= 0xdc00 && c < 0xe000)
                c = high ? 0x10000 + ((high - 0xd800) << 10) + (c - 0xdc00) : 0xfffd;
            high = 0;
            char b[4];
            pl_buf_add(out, b, pl_utf8_put(c, b));
        }
    }
}

static void without_url(struct pl_str s, struct pl_buf *out) {
    for (size_t i = 0; i < s.n; i++) {
        bool is = s.p[i] == '%' && i + 2 < s.n && hex(s.p[i + 1]) >= 0 && hex(s.p[i + 2]) >= 0;
        pl_buf_byte(out, (uint8_t)(is              ? hex(s.p[i + 1]) * 16 + hex(s.p[i + 2])
                                   : s.p[i] == '+' ? ' '
                                                   : s.p[i]));
        if (is) i += 2;
    }
}

static int sextet(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : -1;
}

/* What runs of sixteen letters and more are, if they are base64. */
static void of_base64(struct pl_str s, struct pl_buf *out) {
    for (size_t i = 0, end; i < s.n; i = end + 1) {
        for (end = i; end < s.n && sextet(s.p[end]) >= 0; end++) continue;
        if (end - i < 16) continue;
        uint32_t bits = 0;
        for (size_t k = i; k < end; k++) {
            bits = bits << 6 | (uint32_t)sextet(s.p[k]);
            if ((k - i) % 4 == 0) continue;
            pl_buf_byte(out, (uint8_t)(bits >> (6 - 2 * ((k - i) % 4))));
        }
        pl_buf_byte(out, ' ');
    }
}

static size_t in_all_forms(struct look *l, const char *where, struct pl_str s) {
    void (*const forms[])(struct pl_str, struct pl_buf *) = {without_json, without_url, of_base64};
    struct pl_arena a;
    pl_arena_init(&a, 0);
    size_t found = seek(l, where, plain_of(l->n->t, &a, s));
    for (size_t i = 0; i < PL_LEN(forms); i++) {
        struct pl_buf b = {0};
        forms[i](s, &b);
        found += seek(l, where, plain_of(l->n->t, &a, pl_buf_slice(&b)));
        pl_buf_free(&b);
    }
    pl_arena_free(&a);
    return found;
}

static size_t as_it_is(struct look *l, const char *where, struct pl_str s) {
    struct pl_arena a;
    pl_arena_init(&a, 0);
    size_t found = seek(l, where, plain_of(l->n->t, &a, s));
    pl_arena_free(&a);
    return found;
}

/* ---- much text ---- */

typedef size_t look_at(struct look *l, const char *where, struct pl_str s);

static size_t in_pieces(struct look *l, const char *where, struct pl_str s, look_at *look) {
    size_t found = 0;
    for (size_t from = 0; from < s.n; from += PIECE) {
        size_t n = s.n - from < PIECE + OVERLAP ? s.n - from : PIECE + OVERLAP;
        found += look(l, where, (struct pl_str){s.p + from, n});
    }
    return found;
}

size_t look_into(struct look *l, const char *where, struct pl_str bytes) {
    return in_pieces(l, where, bytes, in_all_forms);
}

static size_t with_file(struct look *l, const char *path, look_at *look) {
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) fail_msg("%s cannot be read", path);
    assert_int_equal(fstat(fd, &st), 0);
    size_t n = (size_t)st.st_size, found = 0;
    if (n > 0) {
        char *p = mmap(NULL, n, PROT_READ, MAP_PRIVATE, fd, 0);
        assert_true(p != MAP_FAILED);
        found = in_pieces(l, path, (struct pl_str){p, n}, look);
        munmap(p, n);
    }
    close(fd);
    return found;
}

size_t look_file(struct look *l, const char *path) {
    return with_file(l, path, in_all_forms);
}

size_t look_folder(struct look *l, const char *folder, const char *but) {
    struct pl_arena a;
    struct pl_str *paths;
    size_t n = 0, found = 0;
    char path[4096];
    pl_arena_init(&a, 0);
    assert_int_equal(pl_files_under(&a, folder, "", 100000, &paths, &n), PL_OK);
    assert_true(n > 0);
    for (size_t i = 0; i < n; i++) {
        if (pl_str_starts(paths[i], pl_str_c(but))) continue;
        snprintf(path, sizeof path, "%s/%.*s", folder, PL_STR_ARG(paths[i]));
        found += with_file(l, path, as_it_is);
    }
    pl_arena_free(&a);
    return found;
}
