/* SPDX-License-Identifier: Apache-2.0
 *
 * understand: what is read from messages, line by line. For designers, and for those who measure.
 */
#include <stdlib.h>
#include <string.h>

#include "runtime/privacy/privacy.h"
#include "tools/cli/cli_understand_priv.h"

#define LINE_MOST ((size_t)1 << 20)
#define REASONS   32

/* ---- lines ---- */

enum line { LINE_END, LINE_GOOD, LINE_LONG };

/* The next line without its end; of one that is too long the rest is skipped. */
static enum line next_line(FILE *f, struct pl_buf *out) {
    enum line is = LINE_GOOD;
    int c = getc_unlocked(f);
    pl_buf_clear(out);
    if (c == EOF) return LINE_END;
    for (; c != EOF && c != '\n'; c = getc_unlocked(f)) {
        if (out->n < LINE_MOST)
            pl_buf_byte(out, (uint8_t)c);
        else
            is = LINE_LONG;
    }
    return is;
}

static void print_line(struct pl_buf *b) {
    pl_buf_byte(b, '\n');
    fwrite(b->p, 1, b->n, stdout);
}

/* {"line":3,"id":…,"error":…}: what is wrong, and where; the lines after it are read all the same.
 */
static void print_error(size_t line, struct pl_str id, const char *what, size_t at) {
    struct pl_buf b = {0};
    struct pl_jw w = {.b = &b};
    char text[200];
    if (at != SIZE_MAX)
        snprintf(text, sizeof text, "line %zu, byte %zu: %s", line, at + 1, what);
    else
        snprintf(text, sizeof text, "line %zu: %s", line, what);
    pl_jw_open(&w, '{');
    pl_jw_int_member(&w, "line", (int64_t)line);
    pl_jw_name(&w, "id");
    if (id.n)
        pl_jw_text(&w, id);
    else
        pl_jw_null(&w);
    pl_jw_text_member(&w, "error", pl_str_c(text));
    pl_jw_close(&w, '}');
    print_line(&b);
    pl_buf_free(&b);
}

/* ---- one answer ---- */

static void put_real(struct pl_jw *w, const char *name, double v) {
    char number[40];
    snprintf(number, sizeof number, "%.4f", v);
    pl_jw_name(w, name);
    pl_jw_raw(w, pl_str_c(number));
}

static void put_guesses(struct pl_jw *w, const struct cli_understand *u,
                        const struct pl_nlp_reading *r) {
    pl_jw_name(w, "intent");
    if (r->nguesses && !r->rejected)
        pl_jw_text(w, pl_nlp_intent_name(u->model, r->guesses[0].intent));
    else
        pl_jw_null(w);
    put_real(w, "confidence", r->nguesses ? r->guesses[0].confidence : 0);
    pl_jw_name(w, "top");
    pl_jw_open(w, '[');
    for (uint32_t i = 0; i < r->nguesses; i++) {
        pl_jw_open(w, '{');
        pl_jw_text_member(w, "intent", pl_nlp_intent_name(u->model, r->guesses[i].intent));
        put_real(w, "confidence", r->guesses[i].confidence);
        pl_jw_close(w, '}');
    }
    pl_jw_close(w, ']');
}

/* Characters in front of a byte of the text. */
static int64_t characters(struct pl_str text, size_t byte) {
    int64_t n = 0;
    for (size_t i = 0; i < byte && i < text.n; i++) n += ((uint8_t)text.p[i] & 0xc0) != 0x80;
    return n;
}

static void put_entity(struct pl_jw *w, struct pl_str text, struct pl_str type, uint32_t start,
                       uint32_t end, struct pl_str norm) {
    pl_jw_open(w, '{');
    pl_jw_text_member(w, "type", type);
    pl_jw_int_member(w, "start", characters(text, start));
    pl_jw_int_member(w, "end", characters(text, end));
    pl_jw_text_member(w, "value", (struct pl_str){text.p + start, end - start});
    pl_jw_name(w, "norm");
    pl_jw_raw(w, norm);
    pl_jw_close(w, '}');
}

/* "2026-11-22", "17:30:00", "2026-11-22T17:30:00"; nothing of what is not said. */
static void print_moment(struct pl_buf *b, int32_t day, int32_t second) {
    int y, m, d;
    if (day != PL_NLP_OPEN) {
        pl_date_split(day, &y, &m, &d);
        pl_buf_printf(b, "%04d-%02d-%02d", y, m, d);
    }
    if (second == PL_NLP_OPEN) return;
    pl_buf_printf(b, "%s%02d:%02d:%02d", day != PL_NLP_OPEN ? "T" : "", second / 3600,
                  second / 60 % 60, second % 60);
}

/* Spans as "from/to" with an end that is not in it, durations in milliseconds. */
static void put_time(struct pl_jw *w, struct pl_str text, const struct pl_nlp_time *t) {
    static const char *const types[] = {"date",       "time",       "datetime",       "duration",
                                        "date_range", "time_range", "datetime_range", "set"};
    struct pl_buf norm = {0};
    bool span = t->kind >= PL_NLP_IS_DATES && t->kind != PL_NLP_IS_SET;
    if (t->kind == PL_NLP_IS_DURATION) {
        pl_buf_printf(&norm, "%lld", (long long)t->ms);
    } else {
        pl_buf_byte(&norm, '"');
        print_moment(&norm, t->day, t->second);
        if (span) pl_buf_byte(&norm, '/');
        if (span) print_moment(&norm, t->last_day, t->last_second);
        pl_buf_byte(&norm, '"');
    }
    put_entity(w, text, pl_str_c(types[t->kind]), t->start, t->end, pl_buf_slice(&norm));
    pl_buf_free(&norm);
}

/* Is it within a time? A number that is all of one ("2018", "3/4") is both. */
static bool is_in(const struct pl_nlp_reading *r, uint32_t start, uint32_t end, bool all) {
    for (uint32_t i = 0; i < r->ntimes; i++)
        if (start >= r->times[i].start && end <= r->times[i].end &&
            (all || end - start < r->times[i].end - r->times[i].start))
            return true;
    return false;
}

/* Dates stand among the times too, whole: "tomorrow at five" is one. */
static bool is_in_time(const struct pl_nlp_found *f, const struct pl_nlp_reading *r) {
    bool number = f->value.kind == PL_KIND_NUMBER;
    bool time = number || f->value.kind == PL_KIND_DATE || f->value.kind == PL_KIND_PHONE;
    return f->entity == PL_NLP_BUILTIN && time && is_in(r, f->start, f->end, !number);
}

static void put_extras(struct pl_jw *w, struct pl_str text, const struct pl_nlp_reading *r) {
    static const char *const types[] = {[PL_NLP_IS_ORDINAL] = "ordinal",
                                        [PL_NLP_IS_NUMBER] = "number",
                                        [PL_NLP_IS_URL] = "url",
                                        [PL_NLP_IS_YES_NO] = "yes_no"};
    for (uint32_t i = 0; i < r->nextra; i++) {
        const struct pl_nlp_extra *e = &r->extra[i];
        struct pl_buf norm = {0};
        if (is_in(r, e->start, e->end, false)) continue;
        if (e->value.kind == PL_KIND_BOOL)
            pl_buf_c(&norm, e->value.b ? "true" : "false");
        else
            pl_value_to_json(&norm, e->value);
        put_entity(w, text, pl_str_c(types[e->kind]), e->start, e->end, pl_buf_slice(&norm));
        pl_buf_free(&norm);
    }
}

/* What is personal and no value of a flow; NULL: what the reading has too. */
static const char *personal_type(uint8_t kind) {
    switch ((enum pl_personal_kind)kind) {
    case PL_PERSONAL_CARD: return "payment_card";
    case PL_PERSONAL_IBAN: return "iban";
    case PL_PERSONAL_IP: return "ip";
    case PL_PERSONAL_ID: return "national_id";
    default: return NULL;
    }
}

struct personals {
    const struct pl_personal *v;
    size_t n;
};

/* "4111 1111 1111 1111" is no phone number. */
static bool is_in_personal(const struct pl_nlp_found *f, const struct personals *p) {
    for (size_t i = 0; f->entity == PL_NLP_BUILTIN && i < p->n; i++)
        if (personal_type(p->v[i].kind) && f->start < p->v[i].end && f->end > p->v[i].start)
            return true;
    return false;
}

static void put_personals(struct pl_jw *w, struct pl_str text, const struct personals *p) {
    for (size_t i = 0; i < p->n; i++) {
        const char *type = personal_type(p->v[i].kind);
        struct pl_buf norm = {0};
        struct pl_jw n = {.b = &norm};
        if (type == NULL) continue;
        pl_jw_text(&n, (struct pl_str){text.p + p->v[i].start, p->v[i].end - p->v[i].start});
        put_entity(w, text, pl_str_c(type), p->v[i].start, p->v[i].end, pl_buf_slice(&norm));
        pl_buf_free(&norm);
    }
}

static void put_entities(struct pl_jw *w, struct pl_str text, const struct pl_nlp_reading *r,
                         const struct personals *p) {
    uint32_t time = 0;
    pl_jw_name(w, "entities");
    pl_jw_open(w, '[');
    for (uint32_t i = 0; i < r->nfound; i++) {
        const struct pl_nlp_found *f = &r->found[i];
        struct pl_buf norm = {0};
        for (; time < r->ntimes && r->times[time].start <= f->start; time++)
            put_time(w, text, &r->times[time]);
        if (f->needs_after || is_in_time(f, r)) continue; /* its own question alone takes it */
        if (is_in_personal(f, p)) continue;
        pl_value_to_json(&norm, f->value);
        put_entity(w, text, f->name, f->start, f->end, pl_buf_slice(&norm));
        pl_buf_free(&norm);
    }
    for (; time < r->ntimes; time++) put_time(w, text, &r->times[time]);
    put_extras(w, text, r);
    put_personals(w, text, p);
    pl_jw_close(w, ']');
}

static void put_reasons(struct pl_jw *w, struct pl_arena *a, const struct cli_understand *u,
                        struct pl_str text, const struct pl_nlp_context *ctx,
                        const struct pl_nlp_reading *r) {
    struct pl_nlp_reason reasons[REASONS];
    uint32_t n = 0;
    if (r->nguesses) n = pl_nlp_why(u->nlp, a, text, ctx, r->guesses[0].intent, reasons, REASONS);
    pl_jw_name(w, "reasons");
    pl_jw_open(w, '[');
    for (uint32_t i = 0; i < n; i++) {
        pl_jw_open(w, '{');
        pl_jw_text_member(w, "token", reasons[i].token);
        put_real(w, "weight", reasons[i].weight);
        pl_jw_close(w, '}');
    }
    pl_jw_close(w, ']');
    pl_jw_name(w, "exact");
    pl_jw_bool(w, r->exact);
    pl_jw_name(w, "ambiguous");
    pl_jw_bool(w, r->ambiguous);
    put_real(w, "uncertainty", r->uncertainty);
}

struct message {
    size_t line;
    struct pl_str id, text, locale, ref;
};

static void answer(const struct cli_understand *u, struct pl_arena *a, const struct message *m,
                   const struct pl_nlp_context *ctx) {
    struct pl_nlp_reading r;
    struct pl_buf b = {0};
    struct pl_jw w = {.b = &b};
    struct personals p = {NULL, 0};
    pl_nlp_read(u->nlp, a, m->text, ctx, &r);
    if (pl_privacy_find(u->tools, a, m->text, NULL, 0, &p.v, &p.n) != PL_OK) p.n = 0;
    pl_jw_open(&w, '{');
    pl_jw_text_member(&w, "id", m->id);
    put_guesses(&w, u, &r);
    pl_jw_text_member(&w, "language", r.language);
    put_real(&w, "sentiment", r.sentiment);
    put_entities(&w, m->text, &r, &p);
    if (u->explain) put_reasons(&w, a, u, m->text, ctx, &r);
    if (!m->locale.n)
        pl_jw_text_member(
            &w, "warning",
            pl_arena_printf(a, "line %zu: no \"locale\"; the language is told from the text",
                            m->line));
    pl_jw_close(&w, '}');
    print_line(&b);
    pl_buf_free(&b);
}

/* ---- what a line says ---- */

/* "2026-11-23T09:00:00Z"; without an offset as the clocks of the zone have it; a day alone. */
static bool moment(const struct cli_understand *u, struct pl_arena *a, struct pl_str s,
                   int64_t *out) {
    int32_t day;
    bool local = true;
    if (pl_datetime_parse(s, 0, out)) {
        local = s.n > 10 && s.p[10] == ' ';
    } else if (pl_date_parse(s, &day)) {
        *out = day * PL_DAY_MS;
    } else {
        if (s.n < 16 || s.p[10] != 'T') return false;
        char *spaced = (char *)(uintptr_t)pl_arena_str(a, s).p;
        spaced[10] = ' ';
        if (!pl_datetime_parse((struct pl_str){spaced, s.n}, 0, out)) return false;
    }
    if (local) *out -= pl_locale_to_local(u->tools, u->zone, *out).offset_minutes * INT64_C(60000);
    return true;
}

/* An id may be a number. */
static struct pl_str id_of(const struct pl_json *j) {
    const struct pl_json *id = pl_json_get(j, "id");
    return id && (id->kind == PL_JTEXT || id->kind == PL_JNUMBER) ? id->s : PL_STR("");
}

static bool read_line(const struct cli_understand *u, struct pl_arena *a, struct pl_str line,
                      struct message *m, struct pl_nlp_context *ctx) {
    struct pl_json j;
    size_t at = 0;
    if (pl_json_parse(a, line, &j, &at) != PL_OK || j.kind != PL_JOBJECT) {
        print_error(m->line, m->id, "this is no JSON object in UTF-8", at);
        return false;
    }
    const char *wrong = NULL;
    const struct pl_json *text = pl_json_get(&j, "text");
    m->id = id_of(&j);
    m->text = pl_json_text(&j, "text");
    m->locale = pl_json_text(&j, "locale");
    m->ref = pl_json_text(&j, "ref");
    if (!m->id.n)
        wrong = "there is no \"id\"";
    else if (!text || text->kind != PL_JTEXT)
        wrong = "there is no \"text\"";
    else if (m->locale.n && !pl_locale_known(m->locale))
        wrong = "\"locale\" is none, like es or es-ES";
    else if (m->ref.n && !moment(u, a, m->ref, &ctx->now_ms))
        wrong = "\"ref\" is no moment, like 2026-11-23T09:00:00Z";
    if (wrong) print_error(m->line, m->id, wrong, SIZE_MAX);
    ctx->locale = m->locale.n ? m->locale : u->locale;
    ctx->language = pl_locale_language(m->locale);
    return wrong == NULL;
}

static int answer_lines(const struct cli_understand *u) {
    struct pl_clock clock = pl_clock_system();
    struct pl_buf line = {0};
    struct pl_arena a;
    enum line is;
    int code = CLI_OK;
    pl_arena_init(&a, 0);
    for (size_t number = 1; (is = next_line(stdin, &line)) != LINE_END; number++) {
        struct message m = {.line = number};
        struct pl_nlp_context ctx = {
            .currency = u->currency, .zone = u->zone, .now_ms = clock.wall_ms(clock.ctx)};
        struct pl_str s = pl_str_trim(pl_buf_slice(&line));
        pl_arena_reset(&a);
        if (is == LINE_LONG)
            print_error(number, m.id, "this line is over 1 MiB", SIZE_MAX);
        else if (s.n == 0)
            continue;
        else if (read_line(u, &a, s, &m, &ctx)) {
            answer(u, &a, &m, &ctx);
            continue;
        }
        code = CLI_FOUND;
    }
    pl_arena_free(&a);
    pl_buf_free(&line);
    return code;
}

/* ---- models ---- */

static int open_section(struct cli_understand *u, struct pl_str section) {
    enum pl_err err = pl_nlp_open(section, &u->model);
    if (err == PL_OK) err = pl_nlp_new(u->model, u->tools, &u->nlp);
    return err == PL_OK ? CLI_OK : pl_cli__failure("the intent model: %s", pl_err_text(err));
}

static int open_project(struct cli_understand *u, const char *folder) {
    static const struct cli_report report = {.format = CLI_TEXT};
    const struct pl_compile_options options = {.without_talks = true};
    struct pl_compiled c;
    int code = pl_cli__compile_folder(folder, &options, &c);
    if (code == CLI_FOUND) pl_cli__report(&report, &c.diags, code);
    const struct pl_program *p = &c.program;
    for (uint32_t i = 0; code == CLI_OK && i < p->nsections; i++)
        if (pl_str_is(p->sections[i].name, "nlp.model"))
            pl_buf_str(&u->section, p->sections[i].bytes);
    if (code == CLI_OK) {
        u->zone = pl_arena_str(&u->arena, p->zone);
        u->currency = pl_arena_str(&u->arena, (struct pl_str){p->currency, 3});
        u->locale = pl_arena_str(&u->arena, p->source_locale);
        code = open_section(u, pl_buf_slice(&u->section));
    }
    pl_compiled_free(&c);
    return code;
}

int pl_cli__understand(struct cli_args args) {
    struct cli_training from = {.train = pl_cli__option(&args, "--train"),
                                .val = pl_cli__option(&args, "--val"),
                                .oos = pl_cli__option(&args, "--oos"),
                                .locale = pl_cli__option(&args, "--locale")};
    struct cli_understand u = {.explain = pl_cli__flag(&args, "--explain")};
    if (pl_cli__strange("understand", &args)) return CLI_FAILED;
    if (from.train ? args.argc != 0 : args.argc != 1)
        return pl_cli__usage("understand", "either a project's folder or --train FILE");
    if (!from.train && (from.val || from.oos || from.locale))
        return pl_cli__usage("understand", "--val, --oos and --locale go with --train");
    if (from.locale && !pl_locale_known(pl_str_c(from.locale)))
        return pl_cli__failure("'%s' is not a locale, like es or es-ES", from.locale);
    pl_arena_init(&u.arena, 0);
    u.tools = pl_locale_tools_new();
    int code = from.train ? pl_cli__understand_train(&u, &from) : open_project(&u, args.argv[0]);
    if (code == CLI_OK && from.train) code = open_section(&u, pl_buf_slice(&u.section));
    if (code == CLI_OK) code = answer_lines(&u);
    pl_nlp_free(&u.nlp);
    pl_nlp_close(&u.model);
    pl_buf_free(&u.section);
    pl_locale_tools_free(&u.tools);
    pl_arena_free(&u.arena);
    return code;
}
