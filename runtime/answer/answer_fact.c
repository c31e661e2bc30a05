/* SPDX-License-Identifier: Apache-2.0
 *
 * What a sentence states that can be looked up: numbers with their units, dates, ids, names, links;
 * and the words that carry its meaning.
 */
#include "runtime/answer/answer_priv.h"

#include <string.h>

struct scan {
    const struct reading *r;
    struct pl_arena *a; /* the scratch */
    struct pl_str s;
    struct pl_words w;
    PL_VEC(struct fact) facts;
    PL_VEC(struct pl_str) stems;
    bool *linked; /* by word: part of a link */
    bool lacks;   /* the next word that says something is what it is without */
    uint32_t denies;
};

/* ---- words of languages ---- */

static const struct {
    const char *language, *words;
} denials[] = {
    {"en", " not no never none cannot can't don't doesn't didn't won't isn't aren't nor "
           "neither nothing unable "},
    {"es", " no nunca ningun ninguna ninguno tampoco jamas nada "},
    {"de", " nicht kein keine keinen keinem keiner nie niemals weder nichts "},
    {"fr", " pas jamais aucun aucune rien ni "},
    {"it", " non mai nessun nessuna nessuno niente ne "},
    {"pt", " nao nunca nenhum nenhuma nada nem "},
    {"ar", " لا ليس ليست لن لم ما "},
};

static const struct {
    const char *language, *words;
} yes[] = {{"en", " yes yeah yep sure absolutely definitely correct certainly right "},
           {"es", " si claro correcto exacto exactamente "},
           {"de", " ja genau sicher richtig naturlich "},
           {"fr", " oui certainement exactement "},
           {"it", " si certo esatto "},
           {"pt", " sim certo claro "},
           {"ar", " نعم بلي اجل بالتاكيد صحيح طبعا "}};

/* Before what something lacks or is not. */
static const char without[] = " without sin ohne sans senza sem غير بدون دون ";

/* What promises more than most words do: it is taken from no other sentence. */
static const struct {
    uint8_t kind;
    const char *words;
} strong[] = {
    {FACT_FREE,
     " free gratis gratuito gratuita gratuitos gratuitas kostenlos kostenfrei umsonst gratuit "
     "gratuite gratuits مجاني مجانيه مجانا "},
    {FACT_ALL,
     " always all every everyone everybody everything anything anytime whenever siempre "
     "todos todas cualquier immer alle alles jeder jede jederzeit toujours tous toutes sempre "
     "tutti tutte todos دائما جميع كل "},
};

bool pl_answer__denies(struct pl_str language, struct pl_str folded) {
    for (size_t i = 0; i < PL_LEN(denials); i++)
        if (pl_str_is(language, denials[i].language))
            return pl_locale_among(denials[i].words, folded);
    return false;
}

bool pl_answer__knows(struct pl_str language) {
    for (size_t i = 0; i < PL_LEN(denials); i++)
        if (pl_str_is(language, denials[i].language)) return true;
    return false;
}

/* ---- links ---- */

static bool is_space(uint8_t c) {
    return c <= ' ' || strchr("<>()[]{}\"'`|,;", c) != NULL;
}

static bool is_alpha(uint8_t c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(uint8_t c) {
    return c >= '0' && c <= '9';
}

/* Two letters of a domain's end: ASCII, or four bytes of others. */
static bool ends_domain(struct pl_str s) {
    size_t n = 0;
    while (n < s.n && n < 4 && (uint8_t)s.p[n] >= 0x80) n++;
    return n == 4 || (s.n >= 2 && is_alpha((uint8_t)s.p[0]) && is_alpha((uint8_t)s.p[1]));
}

/* "shop.example", and not "e.g" or "4.8" */
static bool has_domain(struct pl_str s) {
    for (size_t i = 1; i + 2 < s.n; i++) {
        if (s.p[i] != '.') continue;
        uint8_t b = (uint8_t)s.p[i - 1];
        if ((is_alpha(b) || is_digit(b) || b >= 0x80) &&
            ends_domain((struct pl_str){s.p + i + 1, s.n - i - 1}))
            return true;
    }
    return false;
}

static bool is_link(struct pl_str s) {
    return pl_str_find(s, PL_STR("://")) != SIZE_MAX || pl_str_find(s, PL_STR("@")) != SIZE_MAX ||
           pl_str_starts(s, PL_STR("www.")) || pl_str_starts(s, PL_STR("mailto:")) || has_domain(s);
}

static void find_links(struct scan *x) {
    for (size_t i = 0, end; i < x->s.n; i = end + 1) {
        for (end = i; end < x->s.n && !is_space((uint8_t)x->s.p[end]); end++) continue;
        size_t to = end;
        while (to > i && strchr(".:!?*_", x->s.p[to - 1]) != NULL) to--;
        struct pl_str link = {x->s.p + i, to - i};
        if (!is_link(link)) continue;
        PL_PUSH(&x->facts, ((struct fact){.kind = FACT_LINK, .text = link}));
        for (uint32_t k = 0; k < x->w.n; k++)
            x->linked[k] |= x->w.v[k].start >= i && x->w.v[k].end <= end;
    }
}

/* ---- numbers ---- */

/* The digits with '.' for the decimal sign: of two kinds of separators the last is it, one kind
 * that comes twice or has three digits behind it groups thousands. */
static bool number_of(struct pl_str s, struct pl_dec *out) {
    char b[40];
    size_t n = 0, last = SIZE_MAX, seps = 0;
    bool mixed = false;
    for (size_t i = 0; i < s.n; i++) {
        if (is_digit((uint8_t)s.p[i])) continue;
        if (last != SIZE_MAX) mixed |= s.p[last] != s.p[i];
        last = i;
        seps++;
    }
    bool decimal = seps > 0 && (mixed || (seps == 1 && s.n - last - 1 != 3));
    for (size_t i = 0; i < s.n && n + 2 < sizeof b; i++) {
        if (is_digit((uint8_t)s.p[i]))
            b[n++] = s.p[i];
        else if (decimal && i == last)
            b[n++] = '.';
    }
    size_t zero = 0;
    while (zero + 1 < n && b[zero] == '0' && b[zero + 1] != '.') zero++;
    return pl_dec_parse((struct pl_str){b + zero, n - zero}, out);
}

static uint32_t sign_at(struct pl_str s, size_t at) {
    while (at < s.n &&
           (s.p[at] == ' ' || pl_str_starts((struct pl_str){s.p + at, s.n - at}, PL_STR("\u00a0"))))
        at += s.p[at] == ' ' ? 1 : 2;
    return at < s.n ? pl_utf8_next(s, &at) : 0;
}

static uint32_t sign_before(struct pl_str s, size_t at) {
    while (at > 0 && (s.p[at - 1] == ' ' || (uint8_t)s.p[at - 1] == 0xa0)) {
        at -= s.p[at - 1] == ' ' || at < 2 ? 1 : 2;
    }
    if (at == 0) return 0;
    do at--;
    while (at > 0 && ((uint8_t)s.p[at] & 0xc0) == 0x80);
    return pl_utf8_next(s, &at);
}

static uint8_t unit_of_sign(uint32_t c) {
    switch (c) {
    case '%':
    case 0x66a: return '%';
    case '$': return '$';
    case 0x20ac: return 'e';
    case 0xa3: return 'p';
    case 0xa5:
    case 0xffe5: return 'y';
    case 0x20b9: return 'r';
    default: return 0;
    }
}

static uint8_t unit_of_word(struct pl_str w) {
    static const struct {
        const char *word;
        uint8_t unit;
    } rows[] = {{"usd", '$'},     {"dollars", '$'}, {"dollar", '$'}, {"eur", 'e'},
                {"euros", 'e'},   {"euro", 'e'},    {"gbp", 'p'},    {"pounds", 'p'},
                {"percent", '%'}, {"sar", 's'},     {"ريال", 's'},   {"ر.س", 's'},
                {"jpy", 'y'},     {"cny", 'y'},     {"yen", 'y'},    {"yuan", 'y'}};
    for (size_t i = 0; i < PL_LEN(rows); i++)
        if (pl_str_is(w, rows[i].word)) return rows[i].unit;
    return 0;
}

static uint8_t unit_of(const struct scan *x, uint32_t i) {
    uint8_t unit = unit_of_sign(sign_at(x->s, x->w.v[i].end));
    if (unit == 0) unit = unit_of_sign(sign_before(x->s, x->w.v[i].start));
    if (unit == 0 && i + 1 < x->w.n) unit = unit_of_word(x->w.v[i + 1].folded);
    if (unit == 0 && i > 0) unit = unit_of_word(x->w.v[i - 1].folded);
    return unit;
}

/* How the folded word begins: bytes of digits with separators. */
static size_t digits_of(struct pl_str f) {
    size_t n = 0;
    while (n < f.n && (is_digit((uint8_t)f.p[n]) || (n > 0 && strchr(".,:'", f.p[n]) != NULL))) n++;
    while (n > 0 && !is_digit((uint8_t)f.p[n - 1])) n--;
    return n;
}

static bool has_digit(struct pl_str f) {
    for (size_t i = 0; i < f.n; i++)
        if (is_digit((uint8_t)f.p[i])) return true;
    return false;
}

/* What is counted: the words right behind a number, after at most one that says little ("two more
 * days"). */
static void put_counted(const struct scan *x, uint32_t i, struct fact *f) {
    uint32_t n = 0;
    for (uint32_t k = i + 1; k < x->w.n && k <= i + 3 && n < 2; k++) {
        struct pl_word w = x->w.v[k];
        int32_t value;
        bool says = !pl_locale_is_stop(x->r->language, w.folded) && unit_of_word(w.folded) == 0;
        says = says && !has_digit(w.folded) && !pl_answer__denies(x->r->language, w.folded) &&
               pl_locale_said(x->r->l, w.folded, &value) == PL_SAID_NOTHING;
        if (!says && (n > 0 || k > i + 1)) return;
        if (says) f->of[n++] = w.stem;
    }
}

/* "4.8", "30", "10th", "5x"; else an id, such as "ret123". */
static void add_number(struct scan *x, uint32_t i) {
    struct pl_str f = x->w.v[i].folded;
    size_t n = digits_of(f);
    struct fact number = {.kind = FACT_NUMBER, .unit = unit_of(x, i), .at = i};
    bool fits = n > 0 && n <= 18 && f.n - n <= 8 && !has_digit((struct pl_str){f.p + n, f.n - n}) &&
                number_of((struct pl_str){f.p, n}, &number.n);
    if (fits) put_counted(x, i, &number);
    if (fits)
        PL_PUSH(&x->facts, number);
    else
        PL_PUSH(&x->facts, ((struct fact){.kind = FACT_ID, .text = f}));
}

/* ---- names ---- */

static bool is_upper(uint32_t c) {
    return (c >= 'A' && c <= 'Z') || (c >= 0xc0 && c <= 0xde && c != 0xd7) ||
           (c >= 0x391 && c <= 0x3a9) || (c >= 0x400 && c <= 0x42f);
}

/* Written with a capital though it begins nothing. In German all nouns are. */
static bool is_name(const struct scan *x, uint32_t i) {
    if (i == 0 || pl_str_is(x->r->language, "de")) return false;
    size_t at = x->w.v[i].start;
    uint32_t before = sign_before(x->s, at);
    if (before == ':' || before == '"' || before == 0x201c || before == '*' || before == '.' ||
        before == '-' || before == 0x2022 || before == '!' || before == '?' || before == 0xab ||
        before == 0xbf || before == 0xa1)
        return false;
    return is_upper(pl_utf8_next(x->s, &at)) && x->w.v[i].end - x->w.v[i].start > 2;
}

/* ---- words ---- */

static bool near_number(const struct scan *x, uint32_t i) {
    uint32_t from = i >= 2 ? i - 2 : 0;
    for (uint32_t k = from; k < x->w.n && k <= i + 2; k++)
        if (k != i && has_digit(x->w.v[k].folded)) return true;
    return false;
}

static bool add_strong(struct scan *x, uint32_t i) {
    for (size_t k = 0; k < PL_LEN(strong); k++) {
        if (!pl_locale_among(strong[k].words, x->w.v[i].folded)) continue;
        PL_PUSH(&x->facts, ((struct fact){.kind = strong[k].kind, .at = i}));
        return true;
    }
    return false;
}

/* "unworn" is "~worn", and so is "worn" behind "without". */
static struct pl_str signed_stem(struct scan *x, uint32_t i) {
    struct pl_str s = x->w.v[i].stem;
    bool un = pl_str_starts(s, PL_STR("un")) && s.n >= 6 &&
              (pl_str_is(x->r->language, "en") || pl_str_is(x->r->language, "de"));
    if (!un && !x->lacks) return s;
    x->lacks = false;
    if (un) s = (struct pl_str){s.p + 2, s.n - 2};
    struct pl_str out = pl_arena_printf(x->a, "~%.*s", PL_STR_ARG(s));
    return out.p == NULL ? s : out;
}

static bool add_said(struct scan *x, uint32_t i) {
    int32_t value = 0;
    enum pl_said said = pl_locale_said(x->r->l, x->w.v[i].folded, &value);
    struct fact f = {.value = value, .at = i};
    switch (said) {
    case PL_SAID_NUMBER:
        f.kind = FACT_NUMBER;
        f.n = (struct pl_dec){value, 0};
        f.unit = unit_of(x, i);
        put_counted(x, i, &f);
        break;
    case PL_SAID_MONTH:
        if (!near_number(x, i)) return false; /* "you may return it" */
        f.kind = FACT_MONTH;
        break;
    case PL_SAID_WEEKDAY: f.kind = FACT_WEEKDAY; break;
    case PL_SAID_DAY: f.kind = FACT_DAY; break;
    case PL_SAID_UNIT: f.kind = FACT_UNIT; break;
    default: return false;
    }
    PL_PUSH(&x->facts, f);
    return true;
}

static void add_word(struct scan *x, uint32_t i) {
    struct pl_word w = x->w.v[i];
    if (x->linked[i]) return;
    if (pl_answer__denies(x->r->language, w.folded)) {
        x->denies++;
        return;
    }
    if (has_digit(w.folded)) {
        add_number(x, i);
        return;
    }
    if (pl_locale_among(without, w.folded)) {
        x->lacks = true;
        return;
    }
    if (add_strong(x, i) || add_said(x, i) || pl_locale_is_stop(x->r->language, w.folded) ||
        unit_of_word(w.folded) != 0)
        return;
    if (is_name(x, i)) PL_PUSH(&x->facts, ((struct fact){.kind = FACT_NAME, .text = w.stem}));
    PL_PUSH(&x->stems, signed_stem(x, i));
}

static bool is_yes(struct pl_str language, struct pl_str folded) {
    for (size_t i = 0; i < PL_LEN(yes); i++)
        if (pl_str_is(language, yes[i].language)) return pl_locale_among(yes[i].words, folded);
    return false;
}

/* "No, …": answers the question, and does not deny what follows. */
static uint32_t after_answer(const struct scan *x) {
    if (x->w.n < 2 || !pl_answer__denies(x->r->language, x->w.v[0].folded)) return 0;
    size_t end = x->w.v[0].end;
    struct pl_str rest = {x->s.p + end, x->s.n - end};
    bool comma = pl_str_starts(rest, PL_STR(",")) || pl_str_starts(rest, PL_STR("،")) ||
                 pl_str_starts(rest, PL_STR("."));
    return comma ? 1 : 0;
}

static bool is_question(struct pl_str s) {
    static const char *const marks[] = {"?", "؟", "？"};
    s = pl_str_trim(s);
    for (size_t i = 0; i < PL_LEN(marks); i++)
        if (pl_str_ends(s, pl_str_c(marks[i]))) return true;
    return false;
}

/* A text out of the scratch. */
static struct pl_str keep(const struct scan *x, struct pl_str s) {
    if (x->a == x->r->a || s.n == 0) return s;
    uintptr_t from = (uintptr_t)x->s.p, at = (uintptr_t)s.p;
    if (at >= from && at < from + x->s.n) return s;
    return pl_arena_str(x->r->a, s);
}

static bool keep_found(const struct scan *x, struct claim *out) {
    struct pl_arena *a = x->r->a;
    struct fact *facts = PL_NEW_ARRAY(a, struct fact, x->facts.n + 1);
    struct pl_str *stems = PL_NEW_ARRAY(a, struct pl_str, x->stems.n + 1);
    if (facts == NULL || stems == NULL) return false;
    for (size_t i = 0; i < x->facts.n; i++) {
        facts[i] = x->facts.v[i];
        facts[i].text = keep(x, facts[i].text);
        for (size_t k = 0; k < PL_LEN(facts[i].of); k++) facts[i].of[k] = keep(x, facts[i].of[k]);
    }
    for (size_t i = 0; i < x->stems.n; i++) stems[i] = keep(x, x->stems.v[i]);
    out->facts = facts;
    out->stems = stems;
    out->nfacts = (uint32_t)x->facts.n;
    out->nstems = (uint32_t)x->stems.n;
    return true;
}

bool pl_answer__claim(const struct reading *r, struct pl_str sentence, struct claim *out) {
    struct scan x = {.r = r, .a = r->scratch != NULL ? r->scratch : r->a, .s = sentence};
    if (r->scratch != NULL) pl_arena_reset(r->scratch);
    x.w = pl_locale_words(r->t, x.a, sentence, r->language);
    x.linked = PL_NEW_ARRAY(x.a, bool, x.w.n + 1);
    bool ok = x.w.v != NULL && x.linked != NULL;
    if (ok) find_links(&x);
    for (uint32_t i = ok ? after_answer(&x) : 0; ok && i < x.w.n; i++) add_word(&x, i);
    *out =
        (struct claim){.text = sentence,
                       .denies = x.denies,
                       .asks = is_question(sentence),
                       .replies = x.w.n > 0 && (is_yes(r->language, x.w.v[0].folded) ||
                                                pl_answer__denies(r->language, x.w.v[0].folded))};
    ok = ok && keep_found(&x, out);
    PL_VEC_FREE(&x.facts);
    PL_VEC_FREE(&x.stems);
    return ok;
}
