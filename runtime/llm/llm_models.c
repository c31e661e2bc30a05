/* SPDX-License-Identifier: Apache-2.0
 *
 * The models file: "name = value" lines; those before the first [target] are about all of them.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/llm/llm_priv.h"

enum { TARGETS_MAX = 16, PRICES_MAX = 32, KEY_MAX = 4096 };
#define MICRO_MAX INT64_C(10000000000) /* 10,000 a million tokens: products stay within 64 bits */

#define CACHE_DEFAULT INT64_C(600000)    /* ms */
#define CACHE_MOST    INT64_C(604800000) /* a week */

enum type { TEXT, KEY, INT, BOOL, DURATION, DIALECT };

struct field {
    const char *name;
    enum type type;
    const char *def;
    int64_t min, max;
    size_t at;
};

static const struct field fields[] = {
#define FIELD(name, type, def, min, max, help)                                                     \
    {#name, type, def, min, max, offsetof(struct pl_llm_target, name)},
#include "runtime/llm/target.def"
#undef FIELD
};

struct parse {
    struct pl_arena *a;
    const char *file;
    struct pl_buf *errors;
    struct pl_llm_models *out;
    struct pl_llm_target *targets; /* TARGETS_MAX */
    struct pl_llm_price *prices;   /* PRICES_MAX, of the target at hand */
    size_t line;
    size_t begun;                                     /* line of the target at hand; 0: none yet */
    bool given[PL_LEN(fields)], said[PL_LEN(fields)]; /* said: in the file */
    bool bad;
};

static struct pl_llm_target *at_hand(struct parse *p) {
    return &p->targets[p->out->ntargets - 1];
}

static void mistake(struct parse *p, const char *format, ...) PL_PRINTF(2, 3);
static void mistake(struct parse *p, const char *format, ...) {
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    pl_buf_printf(p->errors, "%s:%zu: %s\n", p->file, p->line, text);
    p->bad = true;
}

/* ---- values ---- */

static bool to_micro(struct pl_str s, int64_t *out) {
    struct pl_dec d;
    if (!pl_dec_parse(s, &d) || d.scale > 6 || d.m < 0) return false;
    int64_t v = d.m;
    for (uint8_t i = d.scale; i < 6; i++)
        if (__builtin_mul_overflow(v, 10, &v)) return false;
    *out = v;
    return true;
}

static struct pl_str next_word(struct pl_str *s) {
    *s = pl_str_trim(*s);
    size_t n = 0;
    while (n < s->n && s->p[n] != ' ' && s->p[n] != '\t') n++;
    struct pl_str word = {s->p, n};
    *s = (struct pl_str){s->p + n, s->n - n};
    return word;
}

/* All money of the file is in one currency, since it is added up. */
static bool take_currency(struct parse *p, struct pl_str word) {
    bool sound = word.n == 3;
    for (size_t i = 0; sound && i < 3; i++) sound = word.p[i] >= 'A' && word.p[i] <= 'Z';
    if (!sound) {
        mistake(p, "expected a currency such as USD, got '%.*s'", PL_STR_ARG(word));
        return false;
    }
    if (!p->out->currency[0]) snprintf(p->out->currency, 4, "%.*s", PL_STR_ARG(word));
    if (pl_str_is(word, p->out->currency)) return true;
    mistake(p, "prices and ceilings must be in one currency: %s before, %.*s here",
            p->out->currency, PL_STR_ARG(word));
    return false;
}

static void take_ceiling(struct parse *p, struct pl_str value, int64_t *out) {
    struct pl_str amount = next_word(&value), currency = next_word(&value);
    if (!to_micro(amount, out) || *out == 0 || pl_str_trim(value).n)
        mistake(p, "expected an amount above 0 and a currency, such as 50.00 USD");
    else
        take_currency(p, currency);
}

static void take_cache(struct parse *p, struct pl_str value) {
    bool none = pl_str_is(value, "no");
    if (none) p->out->cache = 0;
    if (none || (pl_duration_parse(value, &p->out->cache) && p->out->cache >= 1000 &&
                 p->out->cache <= CACHE_MOST))
        return;
    mistake(p, "cache: expected no, or a duration from 1s to 7d, got '%.*s'", PL_STR_ARG(value));
}

static bool price_words(struct parse *p, struct pl_str value, struct pl_llm_price *price) {
    struct pl_str input = next_word(&value), output = next_word(&value);
    struct pl_str currency = next_word(&value);
    if (!to_micro(input, &price->input) || !to_micro(output, &price->output)) return false;
    price->cached = price->input;
    price->from = INT32_MIN;
    if (!take_currency(p, currency)) return true; /* said already */
    for (struct pl_str word; (word = next_word(&value)).n;) {
        struct pl_str what = next_word(&value);
        if (pl_str_is(word, "cached") && to_micro(what, &price->cached)) continue;
        if (pl_str_is(word, "from") && pl_date_parse(what, &price->from)) continue;
        return false;
    }
    return price->input <= MICRO_MAX && price->output <= MICRO_MAX && price->cached <= MICRO_MAX;
}

static void take_price(struct parse *p, struct pl_str value) {
    struct pl_llm_target *t = at_hand(p);
    struct pl_llm_price price = {0};
    size_t said = p->errors->n;
    bool sound = price_words(p, value, &price);
    if (p->errors->n != said) return; /* about the currency */
    if (!sound) {
        mistake(p, "expected the price of a million tokens of prompt and of output, such as "
                   "0.15 0.60 USD, and then perhaps: cached 0.075 from 2027-01-01; none is over "
                   "10000");
        return;
    }
    if (t->nprices == PRICES_MAX) {
        mistake(p, "more than %d prices", PRICES_MAX);
        return;
    }
    if (t->nprices && p->prices[t->nprices - 1].from >= price.from) {
        mistake(p, "prices stand in the order of their dates, the first without one");
        return;
    }
    p->prices[t->nprices++] = price;
}

static bool take_dialect(struct parse *p, struct pl_str value, enum pl_llm_dialect *out) {
    struct pl_near near = pl_near(value);
    for (size_t i = 0; i < PL_LLM_DIALECTS; i++) {
        struct pl_str word = pl_str_c(pl_llm__dialects[i].word);
        if (pl_str_eq(value, word)) {
            *out = (enum pl_llm_dialect)i;
            return true;
        }
        pl_near_offer(&near, word);
    }
    if (near.best.n == 0) near.best = PL_STR("openai"); /* what most speak */
    mistake(p, "unknown dialect '%.*s'; did you mean '%.*s'?", PL_STR_ARG(value),
            PL_STR_ARG(near.best));
    return false;
}

static void take_key(struct parse *p, struct pl_str value, const char **out) {
    struct pl_str all = value, kind = next_word(&value), where = pl_str_trim(value);
    if (value.n && where.n && (pl_str_is(kind, "env") || pl_str_is(kind, "file")))
        *out = pl_arena_printf(p->a, "%.*s %.*s", PL_STR_ARG(kind), PL_STR_ARG(where)).p;
    else if (all.n) /* perhaps the key itself: not to be repeated */
        mistake(p, "key: expected 'env NAME' or 'file PATH'; the key itself does not belong here");
}

static void take_number(struct parse *p, const struct field *f, struct pl_str value, int64_t *out) {
    bool sound = f->type == INT ? pl_str_i64(value, out) : pl_duration_parse(value, out);
    if (sound && *out >= f->min && *out <= f->max) return;
    mistake(p, "%s: expected %s from %lld to %lld%s, got '%.*s'", f->name,
            f->type == INT ? "a whole number" : "a duration such as 250ms, 4s or 2m,",
            (long long)f->min, (long long)f->max, f->type == INT ? "" : " ms", PL_STR_ARG(value));
}

static void take_field(struct parse *p, const struct field *f, struct pl_str value) {
    void *to = (char *)at_hand(p) + f->at;
    switch (f->type) {
    case TEXT: *(const char **)to = pl_arena_str(p->a, value).p; break;
    case KEY: take_key(p, value, to); break;
    case INT:
    case DURATION: take_number(p, f, value, to); break;
    case DIALECT: take_dialect(p, value, to); break;
    case BOOL:
        if (!pl_str_is(value, "yes") && !pl_str_is(value, "no"))
            mistake(p, "%s: expected yes or no, got '%.*s'", f->name, PL_STR_ARG(value));
        *(bool *)to = pl_str_is(value, "yes");
        break;
    }
}

/* ---- targets ---- */

static void set_defaults(struct parse *p) {
    for (size_t i = 0; i < PL_LEN(fields); i++) {
        void *to = (char *)at_hand(p) + fields[i].at;
        if (fields[i].type == TEXT || fields[i].type == KEY) *(const char **)to = "";
        if (fields[i].def[0]) take_field(p, &fields[i], pl_str_c(fields[i].def));
        p->given[i] = fields[i].def[0] || fields[i].type == KEY;
        p->said[i] = false;
    }
}

/* The host in an address; a bracketed IPv6 address without its brackets. */
static struct pl_str host_of(struct pl_str url) {
    size_t at = pl_str_find(url, PL_STR("://")), n = 0;
    if (at == SIZE_MAX) return (struct pl_str){"", 0};
    url = (struct pl_str){url.p + at + 3, url.n - at - 3};
    char end = url.n && url.p[0] == '[' ? ']' : ':';
    if (end == ']') url = (struct pl_str){url.p + 1, url.n - 1};
    while (n < url.n && url.p[n] != end && url.p[n] != '/' && url.p[n] != '?') n++;
    return (struct pl_str){url.p, n};
}

struct pl_str pl_llm__host(const struct pl_llm_target *t) {
    return host_of(pl_str_c(t->url));
}

static bool is_here(struct pl_str host) {
    char text[64];
    struct in_addr v4;
    snprintf(text, sizeof text, "%.*s", PL_STR_ARG(host));
    return strcmp(text, "localhost") == 0 || strcmp(text, "::1") == 0 ||
           (inet_pton(AF_INET, text, &v4) == 1 && ntohl(v4.s_addr) >> 24 == 127);
}

/* What stands behind the host: nothing, a path, a query, or a port from 1 to 65535. */
static bool port_is_sound(struct pl_str url, struct pl_str host) {
    const char *at = host.p + host.n;
    int64_t port;
    if (at < url.p + url.n && *at == ']') at++;
    if (at == url.p + url.n || *at != ':') return true;
    struct pl_str digits = {++at, 0};
    while (at < url.p + url.n && *at != '/' && *at != '?') at++;
    digits.n = (size_t)(at - digits.p);
    return pl_str_i64(digits, &port) && port >= 1 && port <= 65535;
}

/* The base address: what the dialect appends is not there already. */
static void check_path(struct parse *p, const struct pl_llm_target *t, struct pl_str url) {
    struct pl_str path = pl_str_c(pl_llm__dialects[t->dialect].chat);
    size_t query = pl_str_find(url, PL_STR("?"));
    if (query != SIZE_MAX) url.n = query;
    while (url.n && url.p[url.n - 1] == '/') url.n--;
    if (pl_str_ends(url, path))
        mistake(p, "[%s] url: leave %.*s away, which the dialect appends", t->name,
                PL_STR_ARG(path));
}

static void check_url(struct parse *p, const struct pl_llm_target *t) {
    struct pl_str url = pl_str_c(t->url), host = host_of(url);
    bool plain = pl_str_starts(url, PL_STR("http://"));
    if ((!plain && !pl_str_starts(url, PL_STR("https://"))) || host.n == 0)
        mistake(p, "[%s] url: expected an address such as https://api.openai.com/v1", t->name);
    else if (memchr(url.p, '@', url.n) || memchr(url.p, '#', url.n))
        mistake(p, "[%s] url: neither a user nor a fragment belongs there", t->name);
    else if (!port_is_sound(url, host))
        mistake(p, "[%s] url: a port is a number from 1 to 65535", t->name);
    else if (plain && !t->plain && !is_here(host))
        mistake(p,
                "[%s] url: http:// sends customers' words and the key readable for anyone on the "
                "way; use https://, or say plain = yes",
                t->name);
    else
        check_path(p, t, url);
}

static void check_times(struct parse *p, const struct pl_llm_target *t) {
    const int64_t parts[] = {t->connect, t->first_token, t->stall};
    static const char *const names[] = {"connect", "first_token", "stall"};
    for (size_t i = 0; i < PL_LEN(parts); i++)
        if (parts[i] > t->total)
            mistake(p, "[%s] %s is longer than total, which ends the whole attempt", t->name,
                    names[i]);
}

static void end_target(struct parse *p) {
    if (p->out->ntargets == 0) return;
    size_t line = p->line;
    struct pl_llm_target *t = at_hand(p);
    p->line = p->begun;
    bool whole = true;
    for (size_t i = 0; i < PL_LEN(fields); i++) {
        if (p->given[i]) continue;
        mistake(p, "[%s] needs '%s'", t->name, fields[i].name);
        whole = false;
    }
    if (whole) check_url(p, t);
    if (whole) check_times(p, t);
    if (strcmp(t->embed, "-") == 0) t->embed = "";
    if (whole && t->embed[0] && !pl_llm__dialects[t->dialect].embed[0])
        mistake(p, "[%s] embed: %s has no embeddings", t->name, pl_llm_dialect_word(t->dialect));
    if (strcmp(t->ca, "-") == 0) t->ca = "";
    p->line = line;
}

static bool name_is_sound(struct pl_str name) {
    for (size_t i = 0; i < name.n; i++)
        if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789_-.", name.p[i])) return false;
    return name.n > 0 && name.n < 64;
}

static void begin_target(struct parse *p, struct pl_str name) {
    end_target(p);
    if (!name_is_sound(name))
        mistake(p, "a target's name has small letters, digits, _, - and ., at most 63 of them");
    for (size_t i = 0; i < p->out->ntargets; i++)
        if (pl_str_is(name, p->targets[i].name))
            mistake(p, "[%.*s] is there twice", PL_STR_ARG(name));
    if (p->out->ntargets == TARGETS_MAX) {
        mistake(p, "more than %d targets", TARGETS_MAX);
        return;
    }
    p->begun = p->line;
    p->out->ntargets++;
    p->prices = PL_NEW_ARRAY(p->a, struct pl_llm_price, PRICES_MAX);
    *at_hand(p) = (struct pl_llm_target){.name = pl_arena_str(p->a, name).p, .prices = p->prices};
    set_defaults(p);
}

/* ---- lines ---- */

static void unknown(struct parse *p, struct pl_str name) {
    struct pl_near near = pl_near(name);
    for (size_t i = 0; i < PL_LEN(fields); i++) pl_near_offer(&near, pl_str_c(fields[i].name));
    pl_near_offer(&near, PL_STR("price"));
    if (near.best.n > 0)
        mistake(p, "unknown setting '%.*s'; did you mean '%.*s'?", PL_STR_ARG(name),
                PL_STR_ARG(near.best));
    else
        mistake(p, "unknown setting '%.*s'; docs/MODELS.md lists them", PL_STR_ARG(name));
}

/* Those before the first [target]. */
static void take_common(struct parse *p, struct pl_str name, struct pl_str value) {
    struct pl_near near = pl_near(name);
    if (pl_str_is(name, "ceiling_day")) {
        take_ceiling(p, value, &p->out->ceiling_day);
    } else if (pl_str_is(name, "ceiling_conversation")) {
        take_ceiling(p, value, &p->out->ceiling_conversation);
    } else if (pl_str_is(name, "cache")) {
        take_cache(p, value);
    } else {
        pl_near_offer(&near, PL_STR("ceiling_day"));
        pl_near_offer(&near, PL_STR("ceiling_conversation"));
        pl_near_offer(&near, PL_STR("cache"));
        mistake(p,
                "'%.*s' stands before the first [target]; only ceiling_day, "
                "ceiling_conversation and cache may%s%.*s%s",
                PL_STR_ARG(name), near.best.n ? "; did you mean '" : "", PL_STR_ARG(near.best),
                near.best.n ? "'?" : "");
    }
}

static void take_setting(struct parse *p, struct pl_str name, struct pl_str value) {
    if (p->out->ntargets == 0) {
        take_common(p, name, value);
        return;
    }
    if (pl_str_is(name, "price")) {
        take_price(p, value);
        return;
    }
    for (size_t i = 0; i < PL_LEN(fields); i++) {
        if (!pl_str_is(name, fields[i].name)) continue;
        if (p->said[i])
            mistake(p, "%s stands twice in [%s]", fields[i].name, at_hand(p)->name);
        else if (value.n == 0)
            mistake(p, "%s: nothing stands behind the =", fields[i].name);
        else
            take_field(p, &fields[i], value);
        p->given[i] = p->said[i] = true;
        return;
    }
    unknown(p, name);
}

/* A comment begins a line, or follows a blank. */
static struct pl_str without_comment(struct pl_str line) {
    for (size_t i = 0; i < line.n; i++)
        if (line.p[i] == '#' && (i == 0 || line.p[i - 1] == ' ' || line.p[i - 1] == '\t'))
            return (struct pl_str){line.p, i};
    return line;
}

static void take_line(struct parse *p, struct pl_str line) {
    line = pl_str_trim(without_comment(line));
    if (line.n == 0) return;
    if (line.p[0] == '[' && line.p[line.n - 1] == ']') {
        begin_target(p, pl_str_trim((struct pl_str){line.p + 1, line.n - 2}));
        return;
    }
    size_t eq = pl_str_find(line, PL_STR("="));
    if (eq == SIZE_MAX) {
        mistake(p, "expected [target] or name = value");
        return;
    }
    struct pl_str value = pl_str_trim((struct pl_str){line.p + eq + 1, line.n - eq - 1});
    take_setting(p, pl_str_trim((struct pl_str){line.p, eq}), value);
}

enum pl_err pl_llm_models_parse(struct pl_arena *a, struct pl_str text, const char *file,
                                struct pl_llm_models *out, struct pl_buf *errors) {
    struct parse p = {.a = a, .file = file, .errors = errors, .out = out};
    *out = (struct pl_llm_models){.cache = CACHE_DEFAULT};
    p.targets = PL_NEW_ARRAY(a, struct pl_llm_target, TARGETS_MAX);
    out->targets = p.targets;
    if (!pl_utf8_valid(text) || (text.n && memchr(text.p, 0, text.n))) {
        p.line = 1;
        mistake(&p, "this is no text");
        return PL_MALFORMED;
    }
    if (pl_str_starts(text, PL_STR("\xef\xbb\xbf"))) /* the mark some editors begin with */
        text = (struct pl_str){text.p + 3, text.n - 3};
    while (text.n) {
        size_t end = pl_str_find(text, PL_STR("\n"));
        size_t n = end == SIZE_MAX ? text.n : end, step = end == SIZE_MAX ? n : n + 1;
        p.line++;
        take_line(&p, (struct pl_str){text.p, n});
        text = (struct pl_str){text.p + step, text.n - step};
    }
    end_target(&p);
    return p.bad ? PL_MALFORMED : PL_OK;
}

/* ---- keys ---- */

static bool key_of_file(const char *path, struct pl_buf *out, char why[256]) {
    struct pl_arena a;
    struct pl_str text;
    pl_arena_init(&a, 0);
    enum pl_err err = pl_file_read(&a, path, KEY_MAX, &text);
    if (err) {
        snprintf(why, 256, "the key's file %s: %s", path, pl_err_text(err));
    } else {
        pl_buf_str(out, pl_str_trim(text));
        if (text.n) explicit_bzero((char *)(uintptr_t)text.p, text.n);
    }
    pl_arena_free(&a);
    return !err;
}

static bool key_is_sound(struct pl_str key) {
    for (size_t i = 0; i < key.n; i++)
        if (key.p[i] <= ' ' || key.p[i] >= 127) return false;
    return key.n > 0 && key.n <= KEY_MAX;
}

bool pl_llm__key_read(const struct pl_llm_target *t, struct pl_buf *out, char why[256]) {
    why[0] = 0;
    if (!t->key[0]) return true;
    if (strncmp(t->key, "env ", 4) == 0) {
        const char *value = getenv(t->key + 4);
        if (!value) {
            snprintf(why, 256, "the environment has no %s, where the key should be", t->key + 4);
            return false;
        }
        pl_buf_str(out, pl_str_trim(pl_str_c(value)));
    } else if (!key_of_file(t->key + 5, out, why)) {
        return false;
    }
    if (!out->failed && key_is_sound(pl_buf_slice(out))) return true;
    snprintf(why, 256, "what stands in '%s' is no key: it is empty or has blanks in it", t->key);
    pl_llm__key_wipe(out);
    return false;
}

void pl_llm__key_wipe(struct pl_buf *key) {
    if (key->p) explicit_bzero(key->p, key->cap);
    pl_buf_free(key);
}

bool pl_llm_key_check(const struct pl_llm_target *target, char why[256]) {
    struct pl_buf key = {0};
    bool there = pl_llm__key_read(target, &key, why);
    pl_llm__key_wipe(&key);
    return there;
}

/* ---- addresses ---- */

/* "https://host/base?query" and "/path" give "https://host/base/path?query". */
void pl_llm__url(struct pl_buf *b, const struct pl_llm_target *t, const char *path) {
    struct pl_str url = pl_str_c(t->url), query = {"", 0};
    size_t mark = pl_str_find(url, PL_STR("?"));
    if (mark != SIZE_MAX) {
        query = (struct pl_str){url.p + mark, url.n - mark};
        url.n = mark;
    }
    while (url.n && url.p[url.n - 1] == '/') url.n--;
    /* Anthropic's paths begin with a version, which some put into the base already. */
    if (strncmp(path, "/v1/", 4) == 0 && pl_str_ends(url, PL_STR("/v1"))) path += 3;
    pl_buf_str(b, url);
    pl_buf_c(b, path);
    pl_buf_str(b, query);
}

struct pl_str pl_llm_address(struct pl_arena *a, const struct pl_llm_target *target) {
    struct pl_buf b = {0};
    pl_llm__url(&b, target, pl_llm__dialects[target->dialect].chat);
    struct pl_str url = pl_buf_slice(&b);
    size_t mark = pl_str_find(url, PL_STR("?"));
    if (mark != SIZE_MAX) url.n = mark;
    struct pl_str out = pl_arena_str(a, url);
    pl_buf_free(&b);
    return out;
}
