/* SPDX-License-Identifier: Apache-2.0
 *
 * A chat in the terminal: one customer, who can also look behind what the bot says, take lines
 * back, try others, let time go on, and keep the conversation as a test.
 *
 *   a line -> a command (:why), an offered number, or what the customer says -> a line of a talk
 *   (sim_live) -> events -> the screen
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/sim/sim_priv.h"

#define LINE_MOST    16384
#define MINUTE_MS    60000
#define CASSETTE     "model.cassette"
#define SETUPS       3
#define COMMAND_WIDE 18

struct chat {
    const struct pl_sim_chat *given;
    struct sim_project project;
    struct pl_sim_test test;
    struct sim_live live;
    struct sim_screen screen;
    struct sim_shop examples; /* answers as the project's talks do */
    struct pl_engine_hooks example_doors, no_shop;
    const char *as; /* who the customer is: "anonymous", "known", "verified" */
    bool answers;   /* what is shown next is the first answer to a line: numbers begin anew */
    bool ended;
};

static const struct pl_program *program(const struct chat *c) {
    return pl_image_program(c->project.build.image);
}

static void note(struct chat *c, const char *format, ...) PL_PRINTF(2, 3);
static void note(struct chat *c, const char *format, ...) {
    va_list args;
    pl_sim__style(&c->screen, "33");
    fputs("  (", c->given->out);
    va_start(args, format);
    vfprintf(c->given->out, format, args);
    va_end(args);
    fputs(")\n", c->given->out);
    pl_sim__style(&c->screen, "0");
}

/* ---- what the world tells ---- */

static void came(void *ctx, const struct sim_event *e) {
    struct chat *c = ctx;
    if (pl_str_is(e->from, "customer")) return; /* it stands there already */
    if (c->answers) c->screen.offers.n = 0;
    c->answers = false;
    pl_sim__screen_show(&c->screen, e);
}

static void traced(void *ctx, struct pl_str line) {
    struct chat *c = ctx;
    pl_sim__style(&c->screen, "2");
    fprintf(c->given->out, "    | %.*s\n", PL_STR_ARG(line));
    pl_sim__style(&c->screen, "0");
}

static void say_mistakes(struct chat *c, const struct sim_world *w, size_t from) {
    for (size_t i = from; i < w->mistakes.n; i++)
        note(c, "the flow made a mistake at %.*s", PL_STR_ARG(w->mistakes.v[i]));
}

static void say_why_not(struct chat *c) {
    note(c, "%.*s", PL_STR_ARG(c->live.play.why));
}

/* ---- doing ---- */

static void act(struct chat *c, struct pl_str line) {
    size_t mistakes = c->live.play.world.mistakes.n;
    c->answers = true;
    bool good = pl_sim__live_do(&c->live, line);
    if (!good) say_why_not(c);
    say_mistakes(c, &c->live.play.world, mistakes);
}

static void act_quoted(struct chat *c, const char *word, struct pl_str text) {
    struct pl_buf b = {0};
    pl_buf_printf(&b, "%s ", word);
    pl_sim__quote(&b, text);
    act(c, pl_buf_slice(&b));
    pl_buf_free(&b);
}

static void begin(struct chat *c) {
    FILE *out = c->given->out;
    const struct pl_program *p = program(c);
    struct sim_types t = {&c->live.a, p, c->project.tools};
    struct pl_clock clock = pl_clock_system();
    struct pl_value now = {.kind = PL_KIND_DATETIME};
    struct pl_str setup[SETUPS];
    struct pl_buf b = {0};
    size_t n = 0;
    now.datetime = clock.wall_ms(clock.ctx) / MINUTE_MS * MINUTE_MS;
    c->screen.offers.n = 0;
    pl_sim__style(&c->screen, "2");
    fprintf(out, "%.*s, %.*s%s%s%s\n", PL_STR_ARG(p->assistant), PL_STR_ARG(c->live.locale),
            pl_locale_rtl(c->live.locale) ? ", right to left" : "",
            c->as ? ", the customer is " : "", c->as ? c->as : "");
    pl_sim__style(&c->screen, "0");
    pl_buf_c(&b, "at ");
    pl_sim__print(&t, &b, now);
    setup[n++] = pl_arena_str(&c->live.a, pl_buf_slice(&b));
    if (c->as) setup[n++] = pl_arena_printf(&c->live.a, "as %s", c->as);
    if (c->given->model) setup[n++] = PL_STR("cassette \"" CASSETTE "\"");
    pl_buf_free(&b);
    if (!pl_sim__live_open(&c->live, setup, n)) say_why_not(c);
}

/* ---- commands ---- */

static void help(struct chat *c, struct pl_str rest);

static void why(struct chat *c, struct pl_str rest) {
    const struct sim_world *w = &c->live.play.world;
    (void)rest;
    pl_sim__tell_why(&c->screen, w->said.v, w->said.n, w->now);
}

static void slots(struct chat *c, struct pl_str rest) {
    (void)rest;
    pl_sim__tell_slots(&c->screen, &c->live.play.types, c->live.play.world.slots);
}

/* What the bot said since the last turn began, once more. */
static void show_again(struct chat *c) {
    const struct sim_live *l = &c->live;
    size_t from = 0;
    for (size_t i = l->deeds.n; i > 0 && !from; i--)
        if (l->deeds.v[i - 1].turn) from = l->deeds.v[i - 1].events;
    c->screen.offers.n = 0;
    for (size_t i = from; i < l->play.world.events.n; i++)
        if (!pl_str_is(l->play.world.events.v[i].from, "customer"))
            pl_sim__screen_show(&c->screen, &l->play.world.events.v[i]);
}

static void back(struct chat *c, struct pl_str rest) {
    int64_t n = 1;
    bool good = (rest.n == 0 || pl_str_i64(rest, &n)) && n >= 1;
    c->live.play.failed = false; /* a line that was refused before is no reason */
    if (!good || !pl_sim__live_back(&c->live, (size_t)n)) {
        note(c,
             good && c->live.play.failed ? "it cannot be played again: %.*s"
                                         : "there are not so many turns to take back%.*s",
             good && c->live.play.failed ? (int)c->live.play.why.n : 0, c->live.play.why.p);
        return;
    }
    note(c, n == 1 ? "one turn back" : "%lld turns back", (long long)n);
    show_again(c);
}

static struct pl_str unquoted(struct pl_str s) {
    bool quoted = s.n >= 2 && s.p[0] == '"' && s.p[s.n - 1] == '"';
    return quoted ? (struct pl_str){s.p + 1, s.n - 2} : s;
}

static void what_if(struct chat *c, struct pl_str rest) {
    struct sim_play aside;
    struct pl_buf b = {0};
    size_t from, offers = c->screen.offers.n;
    rest = unquoted(rest);
    if (rest.n == 0) {
        help(c, rest);
        return;
    }
    pl_buf_c(&b, "user ");
    pl_sim__quote(&b, rest);
    pl_sim__live_aside(&c->live, pl_buf_slice(&b), &aside, &from);
    for (size_t i = from; i < aside.world.events.n; i++)
        if (!pl_str_is(aside.world.events.v[i].from, "customer"))
            pl_sim__screen_show(&c->screen, &aside.world.events.v[i]);
    if (aside.shop.missing.n)
        note(c, "it would write, and the shop was not asked to: %.*s",
             PL_STR_ARG(pl_sim__call_of(aside.shop.missing)));
    else if (aside.failed)
        note(c, "%.*s", PL_STR_ARG(aside.why));
    say_mistakes(c, &aside.world, 0);
    pl_sim__tell_why(&c->screen, NULL, 0, aside.world.now);
    note(c, "that was aside: the conversation is where it was");
    c->screen.offers.n = offers;
    pl_sim__play_free(&aside);
    pl_buf_free(&b);
}

static void restart(struct chat *c, struct pl_str rest) {
    (void)rest;
    begin(c);
}

static void locale(struct chat *c, struct pl_str rest) {
    const struct pl_program *p = program(c);
    for (uint32_t i = 0; i < p->nlocales; i++) {
        if (!pl_str_eq(p->locales[i], rest)) continue;
        c->live.locale = p->locales[i];
        begin(c);
        return;
    }
    struct pl_str one = rest.n ? rest : c->live.locale;
    fprintf(c->given->out, "  %.*s is %s; there are", PL_STR_ARG(one),
            rest.n ? "unknown" : "in use");
    for (uint32_t i = 0; i < p->nlocales; i++)
        fprintf(c->given->out, " %.*s", PL_STR_ARG(p->locales[i]));
    fputc('\n', c->given->out);
}

static void as(struct chat *c, struct pl_str rest) {
    static const char *const who[] = {"anonymous", "known", "verified"};
    for (size_t i = 0; i < PL_LEN(who); i++) {
        if (!pl_str_is(rest, who[i])) continue;
        c->as = i ? who[i] : NULL;
        begin(c);
        return;
    }
    note(c, "a customer is anonymous, known or verified");
}

static void say_time(struct chat *c) {
    struct sim_types *t = &c->live.play.types;
    struct pl_clock clock = pl_loop_clock(c->live.play.loop);
    struct pl_value now = {.kind = PL_KIND_DATETIME};
    struct pl_buf b = {0};
    now.datetime = clock.wall_ms(clock.ctx);
    pl_sim__print(t, &b, now);
    pl_buf_printf(&b, " in %.*s", PL_STR_ARG(program(c)->zone));
    fprintf(c->given->out, "  %.*s\n", PL_STR_ARG(pl_buf_slice(&b)));
    pl_buf_free(&b);
}

/* Nothing, +10m, or a time. */
static void clock_of(struct chat *c, struct pl_str rest) {
    rest = unquoted(rest);
    if (rest.n && rest.p[0] == '+')
        act(c, pl_arena_printf(&c->live.a, "advance %.*s", (int)rest.n - 1, rest.p + 1));
    else if (rest.n)
        act_quoted(c, "at", rest);
    say_time(c);
}

static void agent(struct chat *c, struct pl_str rest) {
    struct pl_str back_word = PL_STR("back");
    bool gives = pl_str_starts(rest, back_word) && (rest.n == 4 || rest.p[4] == ' ');
    if (!rest.n)
        help(c, rest);
    else if (!gives)
        act_quoted(c, "agent", rest);
    else if (rest.n == back_word.n)
        act(c, PL_STR("agent back"));
    else
        act_quoted(c, "agent back", pl_str_trim((struct pl_str){rest.p + 4, rest.n - 4}));
}

static void upload(struct chat *c, struct pl_str rest) {
    act_quoted(c, "upload", unquoted(rest));
}

static void event(struct chat *c, struct pl_str rest) {
    act(c, pl_arena_printf(&c->live.a, "event %.*s", PL_STR_ARG(rest)));
}

/* ---- keeping it ---- */

/* The name of a file for a talk of this name. */
static struct pl_str file_of(struct chat *c, struct pl_str name) {
    struct pl_str end = PL_STR(".talk");
    bool path = pl_str_ends(name, end) || memchr(name.p, '/', name.n);
    if (path) return pl_arena_printf(&c->live.a, "%.*s", PL_STR_ARG(name));
    struct pl_str s = pl_arena_printf(&c->live.a, "%s/%.*s.talk", c->given->folder,
                                      PL_STR_ARG(name.n ? name : PL_STR("saved")));
    char *p = (char *)(uintptr_t)s.p;
    for (size_t i = strlen(c->given->folder) + 1; i < s.n; i++)
        if (p[i] == ' ' || p[i] == '/') p[i] = '_';
    return s;
}

static struct pl_str name_of(struct pl_str name) {
    for (size_t i = name.n; i > 0; i--)
        if (name.p[i - 1] == '/') {
            name = (struct pl_str){name.p + i, name.n - i};
            break;
        }
    if (pl_str_ends(name, PL_STR(".talk"))) name.n -= 5;
    return name.n ? name : PL_STR("saved");
}

/* What the model said goes beside the talk, whose line names it. */
static enum pl_err save_cassette(struct chat *c, struct pl_str talk) {
    struct pl_str bytes, from = pl_arena_printf(&c->live.a, "%s/" CASSETTE, c->project.keys.root);
    size_t n = talk.n;
    while (n && talk.p[n - 1] != '/') n--;
    struct pl_str to = pl_arena_printf(&c->live.a, "%.*s" CASSETTE, (int)n, talk.p);
    enum pl_err err = pl_sim__cassette_save(c->live.play.models.cassette);
    if (err == PL_OK) err = pl_file_read(&c->live.a, from.p, LINE_MOST * 256, &bytes);
    if (err == PL_NOT_FOUND) return PL_OK; /* it was not asked */
    return err == PL_OK ? pl_file_replace(to.p, bytes) : err;
}

/* :save talk NAME, :save NAME, :save FOLDER/FILE.talk */
static void save(struct chat *c, struct pl_str rest) {
    struct pl_buf b = {0};
    struct pl_str word = PL_STR("talk");
    if (pl_str_starts(rest, word) && (rest.n == 4 || rest.p[4] == ' '))
        rest = pl_str_trim((struct pl_str){rest.p + 4, rest.n - 4});
    rest = unquoted(rest);
    struct pl_str path = file_of(c, rest);
    if (access(path.p, F_OK) == 0) {
        note(c, "%.*s is there already: give another name", PL_STR_ARG(path));
        return;
    }
    pl_sim__live_write(&c->live, name_of(rest), PL_STR(""), &b);
    enum pl_err err = pl_file_replace(path.p, pl_buf_slice(&b));
    if (err == PL_OK && c->live.play.models.cassette) err = save_cassette(c, path);
    if (err == PL_OK)
        fprintf(c->given->out, "  saved: %.*s\n  parlance test %s %.*s\n", PL_STR_ARG(path),
                c->given->folder, PL_STR_ARG(path));
    else
        note(c, "%.*s: %s", PL_STR_ARG(path), pl_err_text(err));
    pl_buf_free(&b);
}

static void quit(struct chat *c, struct pl_str rest) {
    (void)rest;
    c->ended = true;
}

static const struct command {
    const char *word, *args, *meaning;
    void (*run)(struct chat *c, struct pl_str rest);
} commands[] = {
    {":why", "", "what was understood of your last line, and what came of it", why},
    {":slots", "", "what the conversation knows", slots},
    {":back", "3", "takes your last three turns back; :back the last one", back},
    {":what-if", "\"…\"", "what the bot would answer now; it is not done", what_if},
    {":clock", "+10m", "lets time go on; :clock says what time it is", clock_of},
    {":save", "NAME", "keeps the conversation as a test of the project", save},
    {":locale", "es-ES", "begins anew in another language", locale},
    {":as", "verified", "begins anew as a known or verified customer", as},
    {":agent", "WORDS", "somebody who took over writes to the customer", agent},
    {":agent back", "NOTE", "… and gives the conversation back to the bot", agent},
    {":event", "name(…)", "the shop sends an event", event},
    {":upload", "x.jpg", "the customer sends a file", upload},
    {":restart", "", "begins anew", restart},
    {":help", "", "this", help},
    {":quit", "", "the end", quit},
};

static void help(struct chat *c, struct pl_str rest) {
    FILE *out = c->given->out;
    (void)rest;
    fputs("  Write what a customer would write, or the number of what is offered.\n", out);
    for (size_t i = 0; i < PL_LEN(commands); i++) {
        const struct command *k = &commands[i];
        struct pl_str args = pl_str_c(k->args);
        int wide = COMMAND_WIDE - (int)strlen(k->word) - 1 -
                   (int)pl_locale_graphemes(c->project.tools, args);
        fprintf(out, "  %s %.*s%*s %s\n", k->word, PL_STR_ARG(args), wide > 0 ? wide : 0, "",
                k->meaning);
    }
}

static void command(struct chat *c, struct pl_str line) {
    size_t n = 0;
    while (n < line.n && line.p[n] != ' ') n++;
    struct pl_str word = {line.p, n}, rest = pl_str_trim((struct pl_str){line.p + n, line.n - n});
    for (size_t i = 0; i < PL_LEN(commands); i++) {
        if (!pl_str_is(word, commands[i].word)) continue;
        commands[i].run(c, rest);
        return;
    }
    help(c, rest);
}

const char *pl_sim_chat_command(size_t i) {
    return i < PL_LEN(commands) ? commands[i].word : NULL;
}

/* ---- the customer's lines ---- */

/* By its label where that is the only one, so that the saved talk reads well. */
static void pick(struct chat *c, const struct sim_piece *p) {
    struct pl_arena *a = &c->live.a;
    struct pl_str name = pl_sim__plain(a, p->a);
    size_t same = 0;
    for (size_t i = 0; i < c->screen.offers.n; i++) {
        const struct sim_piece *x = &c->screen.offers.v[i];
        same += x->kind == p->kind && pl_sim__same(a, x->a, p->a);
    }
    if (same != 1) name = pl_arena_printf(a, "@%.*s", PL_STR_ARG(p->id));
    if (p->b.n) note(c, "the page opens: %.*s", PL_STR_ARG(p->b));
    act_quoted(c, p->kind == SIM_BUTTON ? "press" : "pick", name);
}

static void take_line(struct chat *c, struct pl_str line) {
    int64_t number;
    line = pl_str_trim(line);
    if (line.n == 0) return;
    if (line.p[0] == ':') {
        command(c, line);
        return;
    }
    struct sim_screen *s = &c->screen;
    bool offered =
        pl_str_i64(line, &number) && number >= 1 && (uint64_t)number <= s->offers.n && line.n < 4;
    struct sim_piece picked = offered ? s->offers.v[number - 1] : (struct sim_piece){0};
    if (!pl_utf8_valid(line))
        note(c, "that is no text");
    else if (offered)
        pick(c, &picked);
    else
        act_quoted(c, "user", line);
}

/* ---- where lines come from ---- */

/* What did not fit of a line goes by, so that it does not come as others. */
static bool whole_line(FILE *in, const char *line) {
    size_t n = strlen(line);
    if (n + 1 < LINE_MOST || line[n - 1] == '\n') return true;
    for (int ch = getc(in); ch != EOF && ch != '\n';) ch = getc(in);
    return false;
}

/* Input that is no terminal is shown, so that what is printed reads as a conversation. */
static void run_script(struct chat *c) {
    char line[LINE_MOST];
    FILE *in = fdopen(dup(c->given->in), "r");
    if (!in) return;
    while (!c->ended && fgets(line, sizeof line, in)) {
        bool whole = whole_line(in, line);
        struct pl_str s = whole ? pl_str_trim(pl_str_c(line)) : PL_STR("...");
        pl_sim__style(&c->screen, "1");
        fprintf(c->given->out, "> %.*s\n", PL_STR_ARG(s));
        pl_sim__style(&c->screen, "0");
        if (whole)
            take_line(c, s);
        else
            note(c, "the line is longer than 16 KiB: nothing of it was said");
        fflush(c->given->out);
    }
    fclose(in);
}

static void run_terminal(struct chat *c) {
    struct pl_buf line = {0};
    note(c, ":help for commands; time stands still until you let it go on");
    fflush(c->given->out);
    while (!c->ended && c->given->read(c->given->read_ctx, &line)) {
        take_line(c, pl_buf_slice(&line));
        fflush(c->given->out);
    }
    pl_buf_free(&line);
}

/* ---- run ---- */

static bool choose_locale(struct chat *c) {
    const struct pl_program *p = program(c);
    c->live.locale = p->source_locale;
    if (!c->given->locale) return true;
    for (uint32_t i = 0; i < p->nlocales; i++) {
        if (!pl_str_is(p->locales[i], c->given->locale)) continue;
        c->live.locale = p->locales[i];
        return true;
    }
    fprintf(c->given->err, "%s is none of the assistant's locales\n", c->given->locale);
    return false;
}

/* Which shop answers: the one that is given, what the project's talks say of it, or none. */
static const struct pl_engine_hooks *shop_of(struct chat *c) {
    if (c->given->hooks) return c->given->hooks;
    c->no_shop = pl_sim__no_shop();
    if (c->given->alone || !pl_sim__find_talks(&c->project)) {
        fputs("(no shop is connected: its hooks are unavailable)\n", c->given->out);
        return &c->no_shop;
    }
    for (size_t i = 0; i < c->project.talks.n; i++)
        pl_sim__shop_learn(&c->examples, c->project.build.image, &c->project.talks.v[i].talk);
    fputs("(hooks answer as in the project's talks)\n", c->given->out);
    c->example_doors = pl_sim__shop_hooks(&c->examples);
    return &c->example_doors;
}

static int run(struct chat *c) {
    const struct pl_sim_chat *g = c->given;
    const struct sim_said to = {.err = g->err, .colour = g->colour};
    if (!pl_sim__build(g->folder, &to, &c->project.build)) return 2;
    if (!choose_locale(c) || pl_sim__keys_make(&c->project.keys) != PL_OK) return 2;
    c->live.project = &c->project;
    c->live.shop = shop_of(c);
    c->live.talk = (struct sim_talk){.talk = {.name = PL_STR("live")},
                                     .folder = pl_str_c(c->project.keys.root)};
    static const struct pl_talk_line recorded = {.kind = PL_TALK_CASSETTE};
    if (g->model) c->live.talk.talk.lines = &recorded; /* a talk with a model in it */
    c->live.talk.talk.nlines = g->model != NULL;
    c->live.came = came;
    c->live.traced = g->trace ? traced : NULL;
    c->live.ctx = c;
    begin(c);
    fflush(g->out); /* whoever writes by a pipe waits for the welcome */
    if (g->read)
        run_terminal(c);
    else
        run_script(c);
    return 0;
}

int pl_sim_chat_main(const struct pl_sim_chat *chat) {
    struct chat c = {.given = chat, .screen = {.out = chat->out, .colour = chat->colour}};
    c.test = (struct pl_sim_test){
        .folder = chat->folder, .record = chat->model, .out = chat->out, .err = chat->err};
    c.project.test = &c.test;
    pl_arena_init(&c.project.a, 0);
    pl_arena_init(&c.live.a, 0);
    pl_sources_init(&c.project.sources, &c.project.a);
    c.project.tools = c.screen.tools = c.examples.tools = pl_locale_tools_new();
    c.examples.a = &c.project.a;
    int code = c.project.tools ? run(&c) : 2;
    fflush(chat->out);
    pl_sim__live_close(&c.live);
    pl_sim__keys_remove(&c.project.keys);
    pl_sim__shop_free(&c.examples);
    PL_VEC_FREE(&c.project.talks);
    PL_VEC_FREE(&c.project.renewed);
    pl_sim__build_free(&c.project.build);
    pl_locale_tools_free(&c.project.tools);
    PL_VEC_FREE(&c.screen.offers);
    pl_arena_free(&c.live.a);
    pl_arena_free(&c.project.a);
    return code;
}
