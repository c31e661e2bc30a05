/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/config/config.h"

#include <string.h>

enum type { TEXT, PATH, INT, BOOL, DURATION, SIZE, LEVEL };

struct option {
    const char *name;
    enum type type;
    const char *def;
    int64_t min, max;
    const char *help;
    size_t at, size; /* of the member in struct pl_config */
};

static const struct option options[] = {
#define OPTION(name, type, def, min, max, help)                                                    \
    {#name,                                                                                        \
     type,                                                                                         \
     def,                                                                                          \
     min,                                                                                          \
     max,                                                                                          \
     help,                                                                                         \
     offsetof(struct pl_config, name),                                                             \
     sizeof(((struct pl_config *)0)->name)},
#include "runtime/config/config.def"
};

static const char *const levels[] = {"debug", "info", "warn", "error"};

struct unit {
    const char *word;
    int64_t factor;
};
static const struct unit durations[] = {
    {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
static const struct unit sizes[] = {
    {"", 1}, {"KiB", 1024}, {"MiB", 1048576}, {"GiB", 1073741824}, {"TiB", INT64_C(1099511627776)}};

/* ---- reading one value ---- */

static bool read_units(struct pl_str s, const struct unit *units, size_t n, int64_t *out) {
    size_t digits = 0;
    int64_t v;
    while (digits < s.n && s.p[digits] >= '0' && s.p[digits] <= '9') digits++;
    if (!pl_str_i64((struct pl_str){s.p, digits}, &v)) return false;
    struct pl_str word = {s.p + digits, s.n - digits};
    for (size_t i = 0; i < n; i++)
        if (pl_str_is(word, units[i].word)) return !__builtin_mul_overflow(v, units[i].factor, out);
    return false;
}

static bool read_bool(struct pl_str s, bool *out) {
    static const char *const words[] = {"no", "yes", "false", "true", "off", "on", "0", "1"};
    for (size_t i = 0; i < PL_LEN(words); i++) {
        if (!pl_str_is(s, words[i])) continue;
        *out = i % 2 == 1;
        return true;
    }
    return false;
}

static bool read_level(struct pl_str s, enum pl_log_level *out) {
    for (size_t i = 0; i < PL_LEN(levels); i++) {
        if (!pl_str_is(s, levels[i])) continue;
        *out = (enum pl_log_level)i;
        return true;
    }
    return false;
}

static bool read_number(const struct option *o, struct pl_str s, int64_t *out) {
    bool good = o->type == INT        ? pl_str_i64(s, out)
                : o->type == DURATION ? read_units(s, durations, PL_LEN(durations), out)
                                      : read_units(s, sizes, PL_LEN(sizes), out);
    return good && *out >= o->min && *out <= o->max;
}

static bool read_text(struct pl_arena *a, struct pl_str s, const char **out) {
    if (!pl_utf8_valid(s) || (s.n > 0 && memchr(s.p, 0, s.n) != NULL)) return false;
    *out = pl_arena_str(a, s).p;
    return true;
}

static bool set(struct pl_arena *a, const struct option *o, struct pl_str s, struct pl_config *c) {
    void *to = (char *)c + o->at;
    int64_t n;
    switch (o->type) {
    case TEXT:
    case PATH: return read_text(a, s, to);
    case BOOL: return read_bool(s, to);
    case LEVEL: return read_level(s, to);
    case INT:
    case DURATION:
    case SIZE:
        if (!read_number(o, s, &n)) return false;
        memcpy(to, &n, sizeof n);
        return true;
    }
    return false;
}

/* ---- printing one value ---- */

/* The largest unit that leaves no rest, so that it reads back as the same. */
static void print_units(struct pl_buf *b, int64_t v, const struct unit *units, size_t n) {
    size_t best = 0;
    for (size_t i = 0; i < n; i++)
        if (v != 0 && v % units[i].factor == 0) best = i;
    pl_buf_printf(b, "%lld%s", (long long)(v / units[best].factor), units[best].word);
}

static void print_value(struct pl_buf *b, const struct option *o, const struct pl_config *c) {
    const void *from = (const char *)c + o->at;
    int64_t n = 0;
    if (o->size == sizeof n) memcpy(&n, from, sizeof n);
    switch (o->type) {
    case TEXT:
    case PATH: pl_buf_c(b, *(const char *const *)from); break;
    case INT: pl_buf_printf(b, "%lld", (long long)n); break;
    case BOOL: pl_buf_c(b, *(const bool *)from ? "yes" : "no"); break;
    case LEVEL: pl_buf_c(b, levels[*(const enum pl_log_level *)from]); break;
    case DURATION: print_units(b, n, durations, PL_LEN(durations)); break;
    case SIZE: print_units(b, n, sizes, PL_LEN(sizes)); break;
    }
}

static void print_type(struct pl_buf *b, const struct option *o) {
    switch (o->type) {
    case TEXT: pl_buf_c(b, "a text"); break;
    case PATH: pl_buf_c(b, "a path"); break;
    case BOOL: pl_buf_c(b, "yes or no"); break;
    case LEVEL: pl_buf_c(b, "debug, info, warn or error"); break;
    case INT:
        pl_buf_printf(b, "a whole number from %lld to %lld", (long long)o->min, (long long)o->max);
        break;
    case DURATION:
        pl_buf_c(b, "a duration from ");
        print_units(b, o->min, durations, PL_LEN(durations));
        pl_buf_c(b, " to ");
        print_units(b, o->max, durations, PL_LEN(durations));
        break;
    case SIZE:
        pl_buf_c(b, "a size from ");
        print_units(b, o->min, sizes, PL_LEN(sizes));
        pl_buf_c(b, " to ");
        print_units(b, o->max, sizes, PL_LEN(sizes));
        break;
    }
}

/* ---- one load ---- */

struct load {
    struct pl_arena *a;
    struct pl_config *c;
    struct pl_buf *errors;
    bool bad;
};

static void mistake(struct load *l, struct pl_str where) {
    l->bad = true;
    pl_buf_printf(l->errors, "%.*s: ", PL_STR_ARG(where));
}

/* Names are compared in the file's spelling; where a source has its own, `dashed` prints it so. */
static struct pl_str spelled(struct pl_arena *a, struct pl_str s, char from, char to) {
    struct pl_str copy = pl_arena_str(a, s);
    char *p = (char *)copy.p; /* ours: just made */
    for (size_t i = 0; i < copy.n; i++)
        if (p[i] == from) p[i] = to;
    return copy;
}

static const struct option *find(struct pl_str name) {
    for (size_t i = 0; i < PL_LEN(options); i++)
        if (pl_str_is(name, options[i].name)) return &options[i];
    return NULL;
}

/* shown: the name as its source spells it. */
static void unknown(struct load *l, struct pl_str where, struct pl_str shown, struct pl_str name,
                    const char *prefix, char underscore) {
    struct pl_near near = pl_near(name);
    for (size_t i = 0; i < PL_LEN(options); i++) pl_near_offer(&near, pl_str_c(options[i].name));
    mistake(l, where);
    pl_buf_printf(l->errors, "unknown option '%.*s'", PL_STR_ARG(shown));
    if (near.best.n > 0) {
        struct pl_str s = spelled(l->a, near.best, '_', underscore);
        pl_buf_printf(l->errors, "; did you mean '%s%.*s'?", prefix, PL_STR_ARG(s));
    }
    pl_buf_c(l->errors, "\n");
}

static void take(struct load *l, struct pl_str where, const struct option *o, struct pl_str value) {
    if (set(l->a, o, value, l->c)) return;
    mistake(l, where);
    pl_buf_c(l->errors, "expected ");
    print_type(l->errors, o);
    pl_buf_printf(l->errors, ", got '%.*s'\n", (int)(value.n > 80 ? 80 : value.n),
                  value.n > 0 ? value.p : "");
}

static void load_defaults(struct load *l) {
    for (size_t i = 0; i < PL_LEN(options); i++) {
        bool good = set(l->a, &options[i], pl_str_c(options[i].def), l->c);
        pl_assert(good);
    }
}

/* ---- file ---- */

/* SYNTAX: line = [ name '=' value ] [ '#' comment, only at the line's start ] */
static void load_line(struct load *l, const char *file, size_t number, struct pl_str line) {
    line = pl_str_trim(line);
    if (line.n == 0 || line.p[0] == '#') return;
    struct pl_str where = pl_arena_printf(l->a, "%s:%zu", file, number);
    size_t eq = pl_str_find(line, PL_STR("="));
    if (eq == SIZE_MAX) {
        mistake(l, where);
        pl_buf_c(l->errors, "expected name = value\n");
        return;
    }
    struct pl_str name = pl_str_trim((struct pl_str){line.p, eq});
    struct pl_str value = pl_str_trim((struct pl_str){line.p + eq + 1, line.n - eq - 1});
    const struct option *o = find(name);
    if (o == NULL) {
        unknown(l, where, name, name, "", '_');
        return;
    }
    take(l, pl_arena_printf(l->a, "%.*s: %s", PL_STR_ARG(where), o->name), o, value);
}

static void load_file(struct load *l, const char *file, bool must) {
    struct pl_str text;
    enum pl_err err = pl_file_read(l->a, file, 1 << 20, &text);
    if (err == PL_NOT_FOUND && !must) return;
    if (err != PL_OK) {
        mistake(l, pl_str_c(file));
        pl_buf_printf(l->errors, "%s\n", pl_err_text(err));
        return;
    }
    for (size_t number = 1; text.n > 0; number++) {
        size_t end = pl_str_find(text, PL_STR("\n"));
        size_t n = end == SIZE_MAX ? text.n : end;
        load_line(l, file, number, (struct pl_str){text.p, n});
        size_t step = end == SIZE_MAX ? n : n + 1;
        text = (struct pl_str){text.p + step, text.n - step};
    }
}

/* ---- environment ---- */

static void load_env(struct load *l, const char *const *env) {
    for (; *env != NULL; env++) {
        struct pl_str pair = pl_str_c(*env), prefix = PL_STR("PARLANCE_");
        size_t eq = pl_str_find(pair, PL_STR("="));
        if (!pl_str_starts(pair, prefix) || eq == SIZE_MAX) continue;
        struct pl_str shown = {pair.p, eq};
        struct pl_str name = pl_arena_str(l->a, (struct pl_str){pair.p + prefix.n, eq - prefix.n});
        for (char *p = (char *)name.p; *p != '\0'; p++)
            if (*p >= 'A' && *p <= 'Z') *p = (char)(*p + ('a' - 'A'));
        struct pl_str value = {pair.p + eq + 1, pair.n - eq - 1};
        const struct option *o = find(name);
        /* That one is of all commands that compile, and read there. */
        if (pl_str_is(name, "cache")) continue;
        if (o != NULL)
            take(l, shown, o, value);
        else
            unknown(l, PL_STR("environment"), shown, name, "", '_');
    }
}

/* ---- command line ---- */

/* Gives how many arguments it took. */
static int load_option(struct load *l, const struct pl_config_sources *from, int i) {
    struct pl_str arg = pl_str_c(from->argv[i]);
    size_t eq = pl_str_find(arg, PL_STR("="));
    struct pl_str shown = {arg.p, eq == SIZE_MAX ? arg.n : eq};
    struct pl_str name = spelled(l->a, (struct pl_str){shown.p + 2, shown.n - 2}, '-', '_');
    const struct option *o = find(name);
    if (o == NULL) {
        unknown(l, PL_STR("command line"), shown, name, "--", '-');
        return 1;
    }
    if (eq != SIZE_MAX) {
        take(l, shown, o, (struct pl_str){arg.p + eq + 1, arg.n - eq - 1});
        return 1;
    }
    if (o->type == BOOL) {
        take(l, shown, o, PL_STR("yes"));
        return 1;
    }
    if (i + 1 < from->argc) {
        take(l, shown, o, pl_str_c(from->argv[i + 1]));
        return 2;
    }
    mistake(l, shown);
    pl_buf_c(l->errors, "expected ");
    print_type(l->errors, o);
    pl_buf_c(l->errors, " after it\n");
    return 1;
}

static void load_args(struct load *l, const struct pl_config_sources *from,
                      struct pl_config_rest *rest) {
    bool ended = false;
    for (int i = 0; i < from->argc;) {
        const char *arg = from->argv[i];
        if (!ended && strcmp(arg, "--") == 0) {
            ended = true;
            i++;
        } else if (!ended && strncmp(arg, "--", 2) == 0) {
            i += load_option(l, from, i);
        } else {
            rest->v[rest->n++] = arg;
            i++;
        }
    }
}

enum pl_err pl_config_load(struct pl_arena *a, const struct pl_config_sources *from,
                           struct pl_config *out, struct pl_config_rest *rest,
                           struct pl_buf *errors) {
    struct load l = {.a = a, .c = out, .errors = errors};
    *out = (struct pl_config){0};
    *rest = (struct pl_config_rest){.v = PL_NEW_ARRAY(a, const char *, (size_t)from->argc + 1)};
    load_defaults(&l);
    if (from->file != NULL) load_file(&l, from->file, from->file_must);
    if (from->env != NULL) load_env(&l, from->env);
    load_args(&l, from, rest);
    return l.bad ? PL_MALFORMED : PL_OK;
}

/* ---- what is shown ---- */

void pl_config_help(struct pl_buf *b) {
    struct pl_arena a;
    pl_arena_init(&a, 0);
    for (size_t i = 0; i < PL_LEN(options); i++) {
        const struct option *o = &options[i];
        struct pl_str name = spelled(&a, pl_str_c(o->name), '_', '-');
        pl_buf_printf(b, "  --%-26.*s%s", PL_STR_ARG(name), o->help);
        if (o->def[0] != '\0') pl_buf_printf(b, " (%s)", o->def);
        pl_buf_c(b, "\n");
    }
    pl_arena_free(&a);
}

void pl_config_print(struct pl_buf *b, const struct pl_config *c) {
    for (size_t i = 0; i < PL_LEN(options); i++) {
        pl_buf_printf(b, "%s = ", options[i].name);
        print_value(b, &options[i], c);
        pl_buf_c(b, "\n");
    }
}
