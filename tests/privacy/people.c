/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/privacy/people.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#define LEAST_NEEDLE 5 /* bytes: what is shorter is in any text by chance */

/* ---- the words ---- */

static void split(struct pl_arena *a, struct pl_str s, const char *sign, struct list *out) {
    while (s.n > 0) {
        size_t at = pl_str_find(s, pl_str_c(sign));
        size_t n = at == SIZE_MAX ? s.n : at;
        struct pl_str one = pl_str_trim((struct pl_str){s.p, n});
        assert_true(out->n < ROWS);
        if (one.n > 0) out->v[out->n++] = pl_arena_printf(a, "%.*s", PL_STR_ARG(one)).p;
        s = at == SIZE_MAX ? (struct pl_str){0}
                           : (struct pl_str){s.p + n + strlen(sign), s.n - n - strlen(sign)};
    }
}

static void add_row(struct pl_arena *a, struct pl_str key, struct pl_str text, struct words *w) {
    struct {
        const char *key, *sign;
        struct list *list;
    } lists[] = {{"first", " ", &w->first},    {"last", " ", &w->last},
                 {"street", ",", &w->street},  {"town", " ", &w->town},
                 {"layout", NULL, &w->layout}, {"short", " ", &w->shorter},
                 {"say", NULL, &w->say},       {"ask", NULL, &w->ask},
                 {"tool", NULL, &w->tool},     {"half", NULL, &w->half}};
    struct {
        const char *key, **to;
    } texts[] = {{"locale", &w->locale},
                 {"home", &w->home},
                 {"country", &w->country},
                 {"national", &w->national},
                 {"iban", &w->iban}};
    const char *copy = pl_arena_printf(a, "%.*s", PL_STR_ARG(text)).p;
    for (size_t i = 0; i < PL_LEN(texts); i++)
        if (pl_str_is(key, texts[i].key)) *texts[i].to = copy;
    for (size_t i = 0; i < PL_LEN(lists); i++) {
        if (!pl_str_is(key, lists[i].key)) continue;
        if (lists[i].sign)
            split(a, text, lists[i].sign, lists[i].list);
        else
            lists[i].list->v[lists[i].list->n++] = copy;
    }
}

void words_read(struct pl_arena *a, const char *language, struct words *out) {
    char path[128];
    struct pl_str s;
    *out = (struct words){0};
    snprintf(path, sizeof path, "tests/privacy/words/%s.txt", language);
    assert_int_equal(pl_file_read(a, path, 1 << 20, &s), PL_OK);
    for (size_t from = 0, to; from < s.n; from = to + 1) {
        for (to = from; to < s.n && s.p[to] != '\n'; to++) continue;
        struct pl_str line = {s.p + from, to - from};
        size_t tab = pl_str_find(line, PL_STR("\t"));
        if (line.n == 0 || line.p[0] == '#') continue;
        assert_true(tab != SIZE_MAX);
        add_row(a, (struct pl_str){line.p, tab},
                (struct pl_str){line.p + tab + 1, line.n - tab - 1}, out);
    }
    assert_true(out->say.n >= 10 && out->tool.n >= 2 && out->half.n == 2 && out->layout.n >= 3);
}

/* ---- a person ---- */

static const char *any(struct pl_rand *r, const struct list *l) {
    return l->v[pl_rand_below(r, l->n)];
}

/* '#' becomes a digit. */
static const char *digits(struct pl_arena *a, struct pl_rand *r, const char *pattern) {
    struct pl_buf b = {0};
    for (const char *p = pattern; *p; p++)
        pl_buf_byte(&b, (uint8_t)(*p == '#' ? '0' + (int)pl_rand_below(r, 10) : *p));
    pl_buf_byte(&b, 0);
    const char *out = pl_arena_str(a, pl_buf_slice(&b)).p;
    pl_buf_free(&b);
    return out;
}

/* The last digit makes the sum right. */
static const char *card_of(struct pl_arena *a, struct pl_rand *r) {
    static const char *const brands[] = {"4##############", "51#############", "55#############",
                                         "2221###########", "6011###########", "9792###########",
                                         "37############"};
    const char *s = digits(a, r, brands[pl_rand_below(r, PL_LEN(brands))]);
    size_t n = strlen(s);
    unsigned sum = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned v = (unsigned)(s[n - 1 - i] - '0');
        sum += i % 2 ? v : v < 5 ? v * 2 : v * 2 - 9;
    }
    return pl_arena_printf(a, "%s%u", s, (10 - sum % 10) % 10).p;
}

static unsigned mod97(const char *s) {
    unsigned m = 0;
    for (; *s; s++) {
        unsigned v = *s <= '9' ? (unsigned)(*s - '0') : (unsigned)(*s - 'A') + 10;
        m = (v > 9 ? m * 100 + v : m * 10 + v) % 97;
    }
    return m;
}

/* "GB 22 WEST": the country, how long it is, how it begins. */
static const char *iban_of(struct pl_arena *a, struct pl_rand *r, const char *how) {
    char country[3] = {how[0], how[1], 0}, *begins;
    size_t n = strtoul(how + 2, &begins, 10);
    struct pl_buf b = {0};
    pl_buf_c(&b, *begins ? begins + 1 : "");
    while (b.n < n - 4) pl_buf_byte(&b, '#');
    pl_buf_byte(&b, 0);
    const char *rest = digits(a, r, b.p);
    pl_buf_free(&b);
    unsigned check = 98 - mod97(pl_arena_printf(a, "%s%s00", rest, country).p);
    return pl_arena_printf(a, "%s%02u%s", country, check, rest).p;
}

static const char *put_parts(struct pl_arena *a, const char *format, const char *const (*parts)[2],
                             size_t n) {
    struct pl_buf b = {0};
    for (const char *p = format; *p; p++) {
        size_t i = 0;
        while (i < n && strncmp(p, parts[i][0], strlen(parts[i][0])) != 0) i++;
        if (i == n) {
            pl_buf_byte(&b, (uint8_t)*p);
            continue;
        }
        pl_buf_c(&b, parts[i][1]);
        p += strlen(parts[i][0]) - 1;
    }
    pl_buf_byte(&b, 0);
    const char *out = pl_arena_str(a, pl_buf_slice(&b)).p;
    pl_buf_free(&b);
    return out;
}

static void put_home(struct pl_arena *a, struct pl_rand *r, bool stranger, struct person *p) {
    const char *number = digits(a, r, stranger ? "9##" : "1##");
    const char *const parts[][2] = {{"{street}", any(r, &p->w->street)},
                                    {"{number}", number},
                                    {"{town}", any(r, &p->w->town)},
                                    {"{post}", digits(a, r, "2####")}};
    p->home = put_parts(a, p->w->home, parts, PL_LEN(parts));
    /* As far as the town: "Lindenstraße 112" or "112 Sycamore Street". */
    bool first = strncmp(p->w->home, "{number}", 8) == 0;
    p->street = pl_arena_printf(a, first ? "%s %s" : "%s %s", first ? number : parts[0][1],
                                first ? parts[0][1] : number)
                    .p;
}

/* Of the first half of a list, or of the second. */
static const char *any_half(struct pl_rand *r, const struct list *l, bool second) {
    size_t half = l->n / 2;
    return second ? l->v[half + pl_rand_below(r, l->n - half)] : l->v[pl_rand_below(r, half)];
}

void person_make(struct pl_arena *a, struct pl_rand *r, const struct words *w, unsigned number,
                 bool stranger, struct person *p) {
    static const char *const domains[] = {"example.com", "mail.example.org", "post.example.net"};
    *p = (struct person){.w = w};
    p->no = pl_arena_printf(a, "USER-%06u", number).p;
    p->first = any_half(r, &w->first, stranger);
    p->last = any_half(r, &w->last, stranger);
    p->name = pl_arena_printf(a, "%s %s", p->first, p->last).p;
    p->mail = pl_arena_printf(a, "%s%u@%s", digits(a, r, "post.an+##"), number,
                              domains[pl_rand_below(r, PL_LEN(domains))])
                  .p;
    p->phone = digits(a, r, w->national);
    p->phone2 = digits(a, r, w->national);
    p->card = card_of(a, r);
    p->cut = pl_rand_below(r, 2) ? 8 : 12;
    p->iban = iban_of(a, r, w->iban);
    p->pin = digits(a, r, "Zq##Wv##");
    put_home(a, r, stranger, p);
}

/* ---- needles ---- */

struct pl_str plain_of(struct pl_locale_tools *t, struct pl_arena *a, struct pl_str s) {
    struct pl_str f = pl_locale_fold(t, a, s);
    char *p = pl_arena_alloc(a, f.n + 1);
    size_t n = 0;
    assert_non_null(p);
    for (size_t i = 0; i < f.n; i++) {
        uint8_t c = (uint8_t)f.p[i];
        if (c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z')) p[n++] = f.p[i];
    }
    return (struct pl_str){p, n};
}

static void note(struct needles *out, enum needle_kind kind, struct pl_str text, bool known) {
    struct needle k = {plain_of(out->t, out->a, text), (uint8_t)kind, known, false};
    if (k.text.n >= LEAST_NEEDLE) PL_PUSH(&out->v, k);
}

/* Each word of a name. */
static void note_name(struct needles *out, const char *name, bool known) {
    struct pl_words w = pl_locale_words(out->t, out->a, pl_str_c(name), PL_STR(""));
    for (uint32_t i = 0; i < w.n; i++) note(out, NAME, w.v[i].folded, known);
}

/* ---- layouts ---- */

static const char *const zeros[] = {"0", "0", "0", "0", "\u0660", "\uff10"};

/* The digits of a text in another script; one zero for all of it. */
static const char *in_script(struct pl_arena *a, struct pl_rand *r, const char *s) {
    const char *zero = zeros[pl_rand_below(r, PL_LEN(zeros))];
    size_t n = strlen(zero);
    struct pl_buf b = {0};
    for (; *s; s++) {
        bool digit = *s >= '0' && *s <= '9';
        if (digit && n > 1) {
            pl_buf_add(&b, zero, n - 1);
            pl_buf_byte(&b, (uint8_t)((uint8_t)zero[n - 1] + (*s - '0')));
        } else {
            pl_buf_byte(&b, (uint8_t)*s);
        }
    }
    pl_buf_byte(&b, 0);
    const char *out = pl_arena_str(a, pl_buf_slice(&b)).p;
    pl_buf_free(&b);
    return out;
}

/* In groups, with one separator. */
static const char *grouped(struct pl_arena *a, struct pl_rand *r, const char *s, size_t group) {
    static const char *const signs[] = {"", " ", "-", "\u00a0", "\n", "  ", ".", " - ", "\u2009"};
    const char *sign = signs[pl_rand_below(r, PL_LEN(signs))];
    struct pl_buf b = {0};
    for (size_t i = 0; s[i]; i++) {
        if (i > 0 && i % group == 0) pl_buf_c(&b, sign);
        pl_buf_byte(&b, (uint8_t)s[i]);
    }
    pl_buf_byte(&b, 0);
    const char *out = pl_arena_str(a, pl_buf_slice(&b)).p;
    pl_buf_free(&b);
    return out;
}

/* N is the next digit. */
static const char *phone_of(struct pl_arena *a, struct pl_rand *r, const struct words *w,
                            const char *number) {
    struct pl_buf b = {0};
    for (const char *p = any(r, &w->layout); *p; p++)
        pl_buf_byte(&b, (uint8_t)(*p == 'N' && *number ? *number++ : *p));
    pl_buf_byte(&b, 0);
    const char *out = pl_arena_str(a, pl_buf_slice(&b)).p;
    pl_buf_free(&b);
    return in_script(a, r, out);
}

static const char *upper(struct pl_arena *a, const char *s) {
    char *out = (char *)(uintptr_t)pl_arena_printf(a, "%s", s).p;
    for (char *p = out; *p; p++)
        if (*p >= 'a' && *p <= 'z') *p = (char)(*p - 32);
    return out;
}

/* "Müller" is "Mueller" where there are no umlauts. */
static const char *translit(struct pl_arena *a, const char *s) {
    static const char *const rows[][2] = {{"ä", "ae"}, {"ö", "oe"}, {"ü", "ue"},
                                          {"Ö", "Oe"}, {"Ü", "Ue"}, {"ß", "ss"}};
    return put_parts(a, s, rows, PL_LEN(rows));
}

/* By a row such as "Street=St." */
static const char *shorter(struct pl_arena *a, const char *one, const char *home) {
    const char *is = strchr(one, '=');
    const char *const rows[][2] = {{pl_arena_printf(a, "%.*s", (int)(is - one), one).p, is + 1}};
    return put_parts(a, home, rows, 1);
}

static const char *mail_of(struct pl_arena *a, struct pl_rand *r, const char *mail) {
    static const char *const at[] = {"@", "@", "@", "\uff20"};
    const char *const rows[][2] = {{"@", at[pl_rand_below(r, PL_LEN(at))]}};
    return put_parts(a, mail, rows, 1);
}

static const char *name_of(struct pl_arena *a, struct pl_rand *r, struct pl_locale_tools *t,
                           const char *name) {
    switch (pl_rand_below(r, 4)) {
    case 0: return pl_arena_printf(a, "%.*s", PL_STR_ARG(pl_locale_fold(t, a, pl_str_c(name)))).p;
    case 1: return upper(a, name);
    default: return name;
    }
}

/* ---- what he says ---- */

/* All of it, as far as the town, and from there. */
static const char *home_of(const struct person *p, struct pl_rand *r, struct pl_str key,
                           struct needles *out) {
    struct pl_arena *a = out->a;
    bool whole = !pl_str_is(key, "street");
    const char *street = p->street, *home = p->home;
    if (pl_rand_below(r, 2)) {
        const char *rule = any(r, &p->w->shorter);
        street = shorter(a, rule, street);
        home = shorter(a, rule, home);
    }
    const char *arabic = strstr(home, "\u060c");
    size_t comma = arabic ? (size_t)(arabic - home) : strcspn(home, ",");
    note(out, HOME, pl_str_c(street), p->known);
    if (whole) note(out, HOME, pl_str_c(home), p->known);
    if (whole) note(out, HOME, pl_str_c(home + comma), p->known);
    return in_script(a, r, !whole ? street : key.p[0] == 'H' ? upper(a, home) : home);
}

static const char *name_note(struct needles *out, const char *s, bool known) {
    note_name(out, s, known);
    return s;
}

static const char *put(const struct person *p, struct pl_rand *r, struct pl_str key,
                       struct needles *out) {
    struct pl_arena *a = out->a;
    const struct words *w = p->w;
    static const struct {
        const char *key;
        enum needle_kind kind;
    } sure[] = {{"mail", MAIL}, {"MAIL", MAIL}, {"phone", PHONE}, {"phone2", PHONE}, {"card", CARD},
                {"iban", IBAN}, {"pin", PIN},   {"card1", CARD},  {"card2", CARD}};
    const char *first = pl_arena_printf(a, "%.*s", (int)p->cut, p->card).p;
    const char *is[] = {p->mail, p->mail, p->phone, p->phone2,       p->card,
                        p->iban, p->pin,  first,    p->card + p->cut};
    for (size_t i = 0; i < PL_LEN(sure); i++) {
        if (!pl_str_is(key, sure[i].key)) continue;
        bool known = sure[i].kind != PIN || p->enrolled;
        if (strlen(is[i]) >= 7) note(out, sure[i].kind, pl_str_c(is[i]), known);
        if (sure[i].kind == MAIL) return mail_of(a, r, key.p[0] == 'M' ? upper(a, is[i]) : is[i]);
        if (sure[i].kind == PHONE) return phone_of(a, r, w, is[i]);
        if (sure[i].kind == PIN) return is[i];
        return in_script(a, r, grouped(a, r, is[i], 4));
    }
    struct pl_locale_tools *t = out->t;
    if (pl_str_is(key, "first")) return name_note(out, name_of(a, r, t, p->first), p->known);
    if (pl_str_is(key, "last")) return name_note(out, name_of(a, r, t, p->last), p->known);
    if (pl_str_is(key, "name")) return name_note(out, name_of(a, r, t, p->name), p->known);
    if (pl_str_is(key, "NAME")) return name_note(out, upper(a, p->name), p->known);
    if (pl_str_is(key, "FIRST")) return name_note(out, upper(a, p->first), p->known);
    if (pl_str_is(key, "LAST")) return name_note(out, upper(a, p->last), p->known);
    if (pl_str_is(key, "translit")) return name_note(out, translit(a, p->name), p->known);
    if (pl_str_is(key, "no")) return p->no;
    assert_true(pl_str_is(key, "home") || pl_str_is(key, "street") || pl_str_is(key, "HOME"));
    return home_of(p, r, key, out);
}

const char *person_says(const struct person *p, struct pl_rand *r, const char *template,
                        struct needles *out) {
    struct pl_buf b = {0};
    for (const char *s = template; *s; s++) {
        const char *end = strchr(s, '}');
        bool key = *s == '{' && s[1] != '"' && end;
        if (s[0] == '\\' && s[1] == 'n') {
            pl_buf_byte(&b, '\n');
            s++;
        } else if (key) {
            pl_buf_c(&b, put(p, r, (struct pl_str){s + 1, (size_t)(end - s - 1)}, out));
            s = end;
        } else {
            pl_buf_byte(&b, (uint8_t)*s);
        }
    }
    pl_buf_byte(&b, 0);
    const char *said = pl_arena_str(out->a, pl_buf_slice(&b)).p;
    pl_buf_free(&b);
    return said;
}
