/* SPDX-License-Identifier: Apache-2.0
 *
 * A chat in the terminal: a real engine and the real time, one customer.
 *
 *   a line -> a command (:why), an offered number, or what the customer says -> the engine
 *   events -> lines on the screen, numbers beside what can be picked
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tools/sim/sim_priv.h"

#define WIDTH_MOST 88
#define LINE_MOST  16384
#define QUIET_MS   300

struct chat {
    const struct pl_sim_chat *given;
    struct sim_build build;
    struct sim_keys keys;
    struct sim_world world;
    struct pl_sim_models *models;
    struct pl_loop *loop;
    struct pl_locale_tools *tools;
    struct pl_fd input;
    struct pl_signal interrupt, terminate;
    struct pl_buf line; /* bytes read, not yet a line */
    struct pl_buf trace;
    struct pl_str locale;
    uint64_t conversations;
    PL_VEC(struct sim_piece) offers; /* what numbers stand for */
    bool terminal, ended, prompt;    /* prompt: it stands on the screen */
};

/* ---- the screen ---- */

static void style(struct chat *c, const char *code) {
    if (c->given->colour) fprintf(c->given->out, "\033[%sm", code);
}

static size_t columns(const struct chat *c) {
    struct winsize size = {0};
    bool known = ioctl(fileno(c->given->out), TIOCGWINSZ, &size) == 0 && size.ws_col > 20;
    return known && size.ws_col < WIDTH_MOST ? size.ws_col - 1u : WIDTH_MOST;
}

static void prompt(struct chat *c) {
    if (!c->terminal || c->ended || c->prompt) return;
    style(c, "1");
    fputs("> ", c->given->out);
    style(c, "0");
    fflush(c->given->out);
    c->prompt = true;
}

/* Something is printed while the customer may be typing. */
static void clear_prompt(struct chat *c) {
    if (c->prompt) fputs("\r\033[K", c->given->out);
    c->prompt = false;
}

static size_t length(struct chat *c, struct pl_str s) {
    return pl_locale_graphemes(c->tools, s);
}

/* Breaks at blanks; every line after the first is indented. */
static void wrapped(struct chat *c, struct pl_str s, size_t indent) {
    size_t most = columns(c) - indent, at = 0;
    for (size_t i = 0; i < s.n;) {
        size_t end = i;
        while (end < s.n && s.p[end] != ' ' && s.p[end] != '\n') end++;
        struct pl_str word = {s.p + i, end - i};
        size_t n = length(c, word);
        if (at && (at + 1 + n > most || s.p[i - 1] == '\n')) {
            fprintf(c->given->out, "\n%*s", (int)indent, "");
            at = 0;
        }
        at += n + (at > 0 ? 1 : 0);
        fprintf(c->given->out, "%s%.*s", at > n ? " " : "", PL_STR_ARG(word));
        i = end + (end < s.n);
    }
    fputc('\n', c->given->out);
}

static uint32_t offer(struct chat *c, const struct sim_piece *p) {
    PL_PUSH(&c->offers, *p);
    return (uint32_t)c->offers.n;
}

static size_t widest_fact(struct chat *c, const struct sim_event *e) {
    size_t most = 0;
    for (size_t i = 0; i < e->npieces; i++) {
        size_t n = e->pieces[i].kind == SIM_FACT ? length(c, e->pieces[i].a) : 0;
        if (n > most) most = n;
    }
    return most;
}

static void show_fact(struct chat *c, const struct sim_piece *p, int indent, size_t wide) {
    size_t n = length(c, p->a);
    fprintf(c->given->out, "%*s", indent, "");
    style(c, "2");
    fprintf(c->given->out, "%.*s", PL_STR_ARG(p->a));
    style(c, "0");
    fprintf(c->given->out, "%*s", (int)(wide - n + 2), "");
    wrapped(c, p->b, (size_t)indent + wide + 2);
}

static void show_piece(struct chat *c, const struct sim_piece *p, size_t wide) {
    FILE *out = c->given->out;
    int indent = 4 + 2 * p->depth;
    switch ((enum sim_piece_kind)p->kind) {
    case SIM_TEXT:
        fputs("  ", out);
        wrapped(c, p->a, 2);
        break;
    case SIM_FACT: show_fact(c, p, indent, wide); break;
    case SIM_STEP:
        fprintf(out, "%*s%.*s. ", indent, "", PL_STR_ARG(p->b));
        wrapped(c, p->a, (size_t)indent + 3);
        break;
    case SIM_CARD:
        fprintf(out, "%*s", indent - 1, "");
        style(c, "1");
        fprintf(out, " %.*s\n", PL_STR_ARG(p->a));
        style(c, "0");
        if (!p->b.n) break;
        fprintf(out, "%*s", indent, "");
        wrapped(c, p->b, (size_t)indent);
        break;
    case SIM_IMAGE:
    case SIM_LINK:
        fprintf(out, "%*s%s%.*s <%.*s>\n", indent, "", p->kind == SIM_IMAGE ? "image: " : "",
                PL_STR_ARG(p->a), PL_STR_ARG(p->b));
        break;
    case SIM_FILE: fprintf(out, "%*sfile: %.*s\n", indent, "", PL_STR_ARG(p->a)); break;
    case SIM_BUTTON:
    case SIM_CHOICE:
        style(c, "36");
        fprintf(out, "%*s%u  %s%.*s%s", indent, "", offer(c, p), p->kind == SIM_BUTTON ? "[" : "",
                PL_STR_ARG(p->a), p->kind == SIM_BUTTON ? "]" : "");
        if (p->b.n) fprintf(out, "  <%.*s>", PL_STR_ARG(p->b));
        style(c, "0");
        fputc('\n', out);
        break;
    case SIM_NOTE:
        style(c, "33");
        fprintf(out, "  -- %.*s --\n", PL_STR_ARG(p->a));
        style(c, "0");
        break;
    }
}

/* Where an answer comes from. */
static void show_sources(struct chat *c, const struct sim_event *e) {
    struct pl_arena a;
    struct pl_json json;
    size_t at;
    pl_arena_init(&a, 0);
    bool read = pl_json_parse(&a, e->json, &json, &at) == PL_OK;
    const struct pl_json *parts = read ? pl_json_get(&json, "parts") : NULL;
    for (size_t i = 0; parts && parts->kind == PL_JARRAY && i < parts->n; i++) {
        const struct pl_json *p = &parts->m[i].value;
        struct pl_str article = pl_json_text(p, "article"), url = pl_json_text(p, "url");
        if (!pl_str_is(pl_json_text(p, "type"), "source")) continue;
        style(c, "2");
        fprintf(c->given->out, "    source: %.*s <%.*s>\n", PL_STR_ARG(pl_json_text(p, "label")),
                PL_STR_ARG(url.n ? url : article));
        style(c, "0");
    }
    pl_arena_free(&a);
}

static void show(void *ctx, const struct sim_event *e) {
    struct chat *c = ctx;
    if (pl_str_is(e->from, "customer")) return; /* it stands there already */
    clear_prompt(c);
    size_t wide = widest_fact(c, e);
    for (size_t i = 0; i < e->npieces; i++) show_piece(c, &e->pieces[i], wide);
    show_sources(c, e);
}

static void note_trace(void *ctx, struct pl_str line) {
    struct chat *c = ctx;
    pl_buf_str(&c->trace, line);
    pl_buf_byte(&c->trace, '\n');
    if (!c->given->trace) return;
    clear_prompt(c);
    style(c, "2");
    fprintf(c->given->out, "    | %.*s\n", PL_STR_ARG(line));
    style(c, "0");
}

/* At the end of each round of the loop: everything that came is on the screen. */
static void rested(void *ctx) {
    struct chat *c = ctx;
    if (c->world.refused.n) {
        clear_prompt(c);
        fprintf(c->given->out, "  (refused: %.*s)\n", PL_STR_ARG(c->world.refused));
        c->world.refused = (struct pl_str){0};
    }
    fflush(c->given->out);
    prompt(c);
}

/* ---- commands ---- */

static void begin(struct chat *c) {
    FILE *out = c->given->out;
    c->offers.n = 0;
    pl_buf_clear(&c->trace);
    style(c, "2");
    fprintf(out, "%.*s, %.*s%s\n", PL_STR_ARG(pl_image_program(c->build.image)->assistant),
            PL_STR_ARG(c->locale), pl_locale_rtl(c->locale) ? ", right to left" : "");
    style(c, "0");
    pl_sim__world_begin(&c->world, c->locale, ++c->conversations);
}

static void help(struct chat *c, struct pl_str rest) {
    (void)rest;
    fputs("  Write what a customer would write, or the number of what is offered.\n"
          "  :slots          what the conversation knows\n"
          "  :why            what was understood and done since your last line\n"
          "  :agent WORDS    somebody who took over writes to the customer\n"
          "  :back NOTE      … and gives the conversation back; the note may be left out\n"
          "  :locale LOCALE  a new conversation in another language\n"
          "  :restart        a new conversation\n"
          "  :quit           the end\n",
          c->given->out);
}

static void print_slot(struct chat *c, const struct pl_p_slot *slot, const char *scope) {
    struct pl_arena a;
    struct pl_buf b = {0};
    pl_arena_init(&a, 0);
    bool full = pl_str_starts(slot->name, pl_str_c(scope));
    struct pl_str name = pl_arena_printf(&a, "%s%.*s", full ? "" : scope, PL_STR_ARG(slot->name));
    struct pl_value v = pl_engine_slot(c->world.engine, c->world.conversation, &a, name);
    if (v.kind == PL_KIND_NONE)
        v = pl_engine_slot(c->world.engine, c->world.conversation, &a, slot->name);
    struct sim_types t = {&a, pl_image_program(c->build.image), c->tools};
    if (v.kind != PL_KIND_NONE) {
        pl_sim__print(&t, &b, v);
        fprintf(c->given->out, "  %.*s = ", PL_STR_ARG(name));
        wrapped(c, pl_buf_slice(&b), 5 + length(c, name));
    }
    pl_buf_free(&b);
    pl_arena_free(&a);
}

/* Locals of the flow that is open; of two flows with the same name for one the first speaks. */
static void slots(struct chat *c, struct pl_str rest) {
    const struct pl_program *p = pl_image_program(c->build.image);
    struct pl_map seen = {0};
    (void)rest;
    for (uint32_t i = 0; i < p->nsession; i++) print_slot(c, &p->session[i], "session.");
    for (uint32_t i = 0; i < p->ncustomer; i++) print_slot(c, &p->customer[i], "customer.");
    for (uint32_t i = 0; i < p->nflows; i++) {
        for (uint32_t k = 0; k < p->flows[i].nslots; k++) {
            const struct pl_p_slot *s = &p->flows[i].slots[k];
            if (pl_map_get(&seen, s->name)) continue;
            pl_map_put(&seen, s->name, (void *)(uintptr_t)s);
            print_slot(c, s, "");
        }
    }
    pl_map_free(&seen);
}

static void why(struct chat *c, struct pl_str rest) {
    struct pl_str all = pl_buf_slice(&c->trace);
    (void)rest;
    while (all.n) {
        const char *end = memchr(all.p, '\n', all.n);
        size_t n = end ? (size_t)(end - all.p) : all.n;
        fprintf(c->given->out, "  %.*s\n", (int)n, all.p);
        all = (struct pl_str){all.p + n + 1, all.n - n - 1};
    }
}

static void restart(struct chat *c, struct pl_str rest) {
    (void)rest;
    begin(c);
}

static void locale(struct chat *c, struct pl_str rest) {
    const struct pl_program *p = pl_image_program(c->build.image);
    for (uint32_t i = 0; i < p->nlocales; i++) {
        if (!pl_str_eq(p->locales[i], rest)) continue;
        c->locale = p->locales[i];
        begin(c);
        return;
    }
    fputs("  there are", c->given->out);
    for (uint32_t i = 0; i < p->nlocales; i++)
        fprintf(c->given->out, " %.*s", PL_STR_ARG(p->locales[i]));
    fputc('\n', c->given->out);
}

static void deed(struct chat *c, enum pl_engine_deed what, struct pl_str text) {
    pl_buf_clear(&c->trace);
    if (c->world.handoffs.n)
        pl_sim__world_agent(&c->world, what, text);
    else
        fputs("  nobody has this conversation: it was not handed over\n", c->given->out);
}

static void agent(struct chat *c, struct pl_str rest) {
    if (rest.n)
        deed(c, PL_ENGINE_SAYS, rest);
    else
        help(c, rest);
}

static void back(struct chat *c, struct pl_str rest) {
    deed(c, PL_ENGINE_BACK, rest);
}

static void quit(struct chat *c, struct pl_str rest) {
    (void)rest;
    c->ended = true;
    pl_loop_stop(c->loop);
}

static void command(struct chat *c, struct pl_str line) {
    static const struct {
        const char *word;
        void (*run)(struct chat *c, struct pl_str rest);
    } rows[] = {{":help", help},       {":slots", slots},   {":why", why},     {":quit", quit},
                {":restart", restart}, {":locale", locale}, {":agent", agent}, {":back", back}};
    size_t n = 0;
    while (n < line.n && line.p[n] != ' ') n++;
    struct pl_str word = {line.p, n}, rest = pl_str_trim((struct pl_str){line.p + n, line.n - n});
    for (size_t i = 0; i < PL_LEN(rows); i++) {
        if (!pl_str_is(word, rows[i].word)) continue;
        rows[i].run(c, rest);
        return;
    }
    help(c, rest);
}

/* ---- the customer's lines ---- */

static void pick(struct chat *c, const struct sim_piece *p) {
    if (p->b.n) {
        fprintf(c->given->out, "  (the page opens: %.*s)\n", PL_STR_ARG(p->b));
        return;
    }
    bool button = p->kind == SIM_BUTTON;
    pl_sim__world_say(&c->world, button ? PL_ENGINE_SAID_BUTTON : PL_ENGINE_SAID_CHOICE, p->id);
}

static void take_line(struct chat *c, struct pl_str line) {
    int64_t number;
    line = pl_str_trim(line);
    c->prompt = false; /* the terminal has moved on */
    if (line.n == 0) return;
    if (line.p[0] == ':') {
        command(c, line);
        return;
    }
    pl_buf_clear(&c->trace);
    bool offered =
        pl_str_i64(line, &number) && number >= 1 && (uint64_t)number <= c->offers.n && line.n < 4;
    if (offered)
        pick(c, &c->offers.v[number - 1]);
    else
        pl_sim__world_say(&c->world, PL_ENGINE_SAID_TEXT, line);
    c->offers.n = 0; /* numbers speak of what came since the last line */
}

static void take_lines(struct chat *c) {
    size_t from = 0;
    for (size_t i = 0; i < c->line.n && !c->ended; i++) {
        if (c->line.p[i] != '\n') continue;
        take_line(c, (struct pl_str){c->line.p + from, i - from});
        from = i + 1;
    }
    memmove(c->line.p, c->line.p + from, c->line.n - from);
    c->line.n -= from;
}

static void readable(struct pl_fd *w, int ready) {
    struct chat *c = w->ctx;
    char bytes[4096];
    (void)ready;
    ssize_t n = read(w->fd, bytes, sizeof bytes);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (n <= 0) {
        c->ended = true;
        return;
    }
    pl_buf_add(&c->line, bytes, (size_t)n);
    take_lines(c);
    if (c->line.n > LINE_MOST) pl_buf_clear(&c->line);
}

/* Until nothing has come for a while. */
static void settle(struct chat *c) {
    struct pl_clock clock = pl_loop_clock(c->loop);
    int64_t since = clock.mono_us(clock.ctx);
    size_t events = c->world.events.n;
    while (clock.mono_us(clock.ctx) - since < QUIET_MS * 1000) {
        pl_loop_once(c->loop, 20);
        if (c->world.events.n == events) continue;
        events = c->world.events.n;
        since = clock.mono_us(clock.ctx);
    }
}

/* Input that is no terminal: each line waits for the answers to the one before. */
static void run_script(struct chat *c) {
    char line[LINE_MOST];
    FILE *in = fdopen(dup(c->given->in), "r");
    if (!in) return;
    settle(c);
    while (!c->ended && fgets(line, sizeof line, in)) {
        struct pl_str s = pl_str_trim(pl_str_c(line));
        style(c, "1");
        fprintf(c->given->out, "> %.*s\n", PL_STR_ARG(s));
        style(c, "0");
        take_line(c, s);
        settle(c);
    }
    fclose(in);
}

static void signalled(struct pl_signal *s) {
    struct chat *c = s->ctx;
    c->ended = true;
}

static void run_terminal(struct chat *c) {
    fputs("(:help for commands)\n", c->given->out);
    c->input.fn = readable;
    c->input.ctx = c;
    c->interrupt = (struct pl_signal){.fn = signalled, .ctx = c};
    c->terminate = c->interrupt;
    pl_signal_start(c->loop, &c->interrupt, SIGINT);
    pl_signal_start(c->loop, &c->terminate, SIGTERM);
    settle(c); /* what is typed before the welcome waits for it */
    pl_fd_start(c->loop, &c->input, c->given->in, PL_READ);
    while (!c->ended) pl_loop_once(c->loop, 1000);
    pl_signal_stop(&c->interrupt);
    pl_signal_stop(&c->terminate);
    if (c->prompt) fputc('\n', c->given->out);
}

/* ---- run ---- */

static bool choose_locale(struct chat *c) {
    const struct pl_program *p = pl_image_program(c->build.image);
    c->locale = p->source_locale;
    if (!c->given->locale) return true;
    for (uint32_t i = 0; i < p->nlocales; i++) {
        if (!pl_str_is(p->locales[i], c->given->locale)) continue;
        c->locale = p->locales[i];
        return true;
    }
    fprintf(c->given->err, "%s is none of the assistant's locales\n", c->given->locale);
    return false;
}

static bool open_world(struct chat *c) {
    struct pl_engine_hooks hooks = c->given->hooks ? *c->given->hooks : pl_sim__no_shop();
    struct pl_clock clock = pl_clock_system();
    if (pl_loop_create(clock, &c->loop) != PL_OK || pl_sim__keys_make(&c->keys) != PL_OK)
        return false;
    struct sim_world_config k = {
        .loop = c->loop, .clock = clock, .keys = &c->keys, .hooks = &hooks, .log = c->given->log};
    struct pl_sim_models_config models = {
        .locales = c->tools, .hooks = hooks, .clock = clock, .log = c->given->log};
    if (c->given->model) models.model = *c->given->model;
    c->models = pl_sim_models_create(&models);
    if (!c->models) return false;
    k.models = pl_sim_models(c->models);
    c->world.came = show;
    c->world.traced = note_trace;
    c->world.ctx = c;
    enum pl_err err = pl_sim__world_open(&c->world, &k, c->build.image);
    if (err != PL_OK) fprintf(c->given->err, "no engine: %s\n", pl_err_text(err));
    return err == PL_OK;
}

static int run(struct chat *c) {
    const struct pl_sim_chat *g = c->given;
    const struct sim_said to = {.err = g->err, .colour = g->colour};
    if (!pl_sim__build(g->folder, &to, &c->build)) return 2;
    if (!choose_locale(c) || !open_world(c)) return 2;
    c->terminal = isatty(g->in) && isatty(fileno(g->out));
    if (!g->hooks) fputs("(no shop is connected: its hooks are unavailable)\n", g->out);
    pl_loop_on_batch(c->loop, rested, c);
    begin(c);
    if (c->terminal)
        run_terminal(c);
    else
        run_script(c);
    return 0;
}

int pl_sim_chat_main(const struct pl_sim_chat *chat) {
    struct chat c = {.given = chat};
    pl_arena_init(&c.world.a, 0);
    c.tools = pl_locale_tools_new();
    int code = c.tools ? run(&c) : 2;
    fflush(chat->out);
    if (c.loop) pl_fd_stop(&c.input);
    pl_engine_destroy(&c.world.engine);
    pl_sim_models_destroy(&c.models);
    pl_sim__world_close(&c.world);
    if (c.loop) pl_loop_destroy(&c.loop);
    pl_sim__keys_remove(&c.keys);
    pl_sim__build_free(&c.build);
    pl_locale_tools_free(&c.tools);
    PL_VEC_FREE(&c.offers);
    pl_buf_free(&c.line);
    pl_buf_free(&c.trace);
    return code;
}
