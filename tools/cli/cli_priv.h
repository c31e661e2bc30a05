/* SPDX-License-Identifier: Apache-2.0
 *
 * Private to this room: the commands of `parlance`, and the composition root (wire.c).
 *
 * Exit codes: 0 all well, 1 problems were found (in flows, talks), 2 wrong usage or a failure.
 */
#ifndef PL_CLI_PRIV_H
#define PL_CLI_PRIV_H

#include "runtime/base/base.h"
#include "runtime/config/config.h"
#include "runtime/engine/engine.h"
#include "tools/sim/sim.h"
#include "runtime/program/program.h"
#include "tools/compile/compile.h"

enum { CLI_OK = 0, CLI_FOUND = 1, CLI_FAILED = 2 };

/* Arguments behind the command's name. */
struct cli_args {
    int argc;
    char **argv;
};

#define COMMAND(name, usage, help, example) int pl_cli__##name(struct cli_args args);
#include "tools/cli/command.def"
#undef COMMAND
int pl_cli__hook_worker(void);

/* ---- options of the commands ---- */

/* Takes "--name VALUE" or "--name=VALUE" out of the arguments; NULL when it is not there. */
const char *pl_cli__option(struct cli_args *args, const char *name);
/* Takes "--name" out. */
bool pl_cli__flag(struct cli_args *args, const char *name);
/* Prints "parlance: <why>" and the command's usage; gives CLI_FAILED. */
int pl_cli__usage(const char *command, const char *why, ...) PL_PRINTF(2, 3);
int pl_cli__failure(const char *format, ...) PL_PRINTF(1, 2);
/* To the file, or to stdout for NULL. */
int pl_cli__give(const char *path, const struct pl_buf *b);
/* An argument that is an option left over: then its usage was printed. */
bool pl_cli__strange(const char *command, const struct cli_args *args);

/* Is it a terminal, and does NO_COLOR not ask for none? */
bool pl_cli__colour(int fd);

/* ---- lines typed at a terminal: cli_edit.c ---- */

struct cli_edit;
struct cli_edit *pl_cli__edit_open(bool colour); /* NULL: it cannot be edited */
/* As pl_sim_chat wants it; ctx: the struct cli_edit. */
bool pl_cli__edit_read(void *ctx, struct pl_buf *line);
void pl_cli__edit_close(struct cli_edit **e);

/* ---- models without a server: cli_reached.c ---- */

struct pl_llm;
struct cli_reached { /* the models of a models file */
    struct pl_llm *llm;
    struct pl_answer_model model;
};
int pl_cli__reach(struct cli_reached *r, const char *path);
void pl_cli__leave(struct cli_reached *r);

/* ---- compiling ---- */

/* Says what keeps a folder from being read; CLI_FOUND when there are errors in *out. */
int pl_cli__compile_folder(const char *flows, const struct pl_compile_options *options,
                           struct pl_compiled *out);

/* --report confusion: writes what is mistaken into a struct pl_buf; see struct pl_compile_options.
 */
void pl_cli__confusion(void *out, const struct pl_grammar_training *t, const uint32_t *read_as);

/* --previous: the version that conversations stand in, a project's folder or an image's file. */
struct cli_previous {
    bool folder;
    struct pl_compiled compiled;
    struct pl_image *image;
    const struct pl_program *program; /* NULL: none was named */
};
/* *out is always to be closed; CLI_FAILED when it cannot be had, which was said. */
int pl_cli__previous_open(const char *path, struct cli_previous *out);
void pl_cli__previous_close(struct cli_previous *p);

/* How `build` and `lint` tell what they found: --json, --sarif; --strict: warnings fail too. */
enum cli_format { CLI_TEXT, CLI_JSON, CLI_SARIF };
struct cli_report {
    enum cli_format format;
    bool strict;
};
/* Takes the options out; false when they contradict each other. */
bool pl_cli__report_options(struct cli_args *args, struct cli_report *out);
/* For people to stderr, for programs to stdout. Gives `code`, or CLI_FOUND when that is CLI_OK and
 * there are warnings that fail. */
int pl_cli__report(const struct cli_report *r, const struct pl_diags *d, int code);
/* Applies the safe fixes of the project's diagnostics, or all, to its files; says which to stderr.
 * CLI_OK, also when there was nothing to mend. */
int pl_cli__fix(const char *folder, const struct pl_compile_options *options, bool unsafe);

struct cli_image {
    struct pl_arena arena; /* owns the bytes */
    struct pl_str bytes;
    uint8_t hash[32];
    char hex[65];
    bool known; /* when it was written, it was there */
};
/* For a server: talks are not looked at, and to stderr go errors alone, and what of the program
 * that runs now (`previous`, or NULL) cannot move to this one. CLI_OK with *out set, CLI_FOUND when
 * the flows have errors, CLI_FAILED. */
int pl_cli__compile(const struct pl_config *config, const struct pl_program *previous,
                    struct cli_image *out);
/* For struct pl_compile_options; ctx: the models file's path. */
void pl_cli__vectors(void *ctx, struct pl_str index, struct pl_buf *section);
void pl_cli__image_free(struct cli_image *i);
/* images/<hash> of the data folder: temporary name, fsync, rename, fsync the folder. */
enum pl_err pl_cli__image_write(const char *data, struct cli_image *i);
/* Loads and verifies images/<hex>, whose SHA-256 must be its name. */
enum pl_err pl_cli__image_load(const char *data, const char *hex, struct pl_image **out,
                               char why[256]);
/* The one of which the name begins so; NULL when it is not there. */
struct pl_image *pl_cli__image_find(const char *data, const uint8_t prefix[8]);

/* cli_compiled.c: the image that an earlier start made of the same flows */
/* A name for all that the compiler may read and what it is; false: that cannot be told. */
bool pl_cli__compiled_key(const struct pl_config *c, char hex[65]);
bool pl_cli__compiled_find(const char *data, const char sources[65], struct pl_image **out);
void pl_cli__compiled_keep(const char *data, const char sources[65], const char image[65]);

/* ---- stored conversations: cmd_replay.c ---- */

struct cli_stored {
    struct pl_sim_stored from;
    char keys[4096], master[4096];
};
/* Where the configuration has them; out must not move. */
void pl_cli__stored(const struct pl_config *config, struct cli_stored *out);

/* reload --shadow, --canary: cli_trials.c */
struct cli_trial {
    bool wanted, canary, off;
    uint32_t share; /* of 10,000 */
    unsigned guards;
};
bool pl_cli__trial_options(struct cli_args *args, struct cli_trial *out);
int pl_cli__trial_begin(const char *data, const struct cli_trial *t, const char *hex);
int pl_cli__trial_end(const char *data, const struct cli_trial *t);

/* reload --gate: how much may differ in the last conversations. */
struct cli_gate {
    const char *limits; /* NULL: nothing is compared */
    uint64_t last;
};
/* Takes the options out; false: the usage was printed. */
bool pl_cli__gate_options(struct cli_args *args, struct cli_gate *out);
/* CLI_OK: within the limits; CLI_FOUND: beyond one, which is said, and how to look at it. */
int pl_cli__gate(const struct cli_gate *gate, const struct pl_config *config,
                 const struct cli_image *image);

/* Appends the unified difference of two texts that differ. */
void pl_cli__text_diff(struct pl_buf *out, const char *name, struct pl_str before,
                       struct pl_str after);

/* ---- the server ---- */

struct cli_server;
struct pl_studio;
/* Opens everything. On failure a message is on stderr. studio: looks on, and the server is for this
 * machine alone; NULL: none. */
enum pl_err pl_cli__server_open(const struct pl_config *config, struct pl_image *image,
                                struct pl_studio *studio, struct cli_server **out);
/* Any thread: what the studio answers. */
void pl_cli__server_answer(struct cli_server *s, uint64_t ticket, struct pl_str json);
/* Runs until SIGTERM or SIGINT, then drains. */
void pl_cli__server_run(struct cli_server *s);
void pl_cli__server_close(struct cli_server **s);
int pl_cli__server_port(const struct cli_server *s);
int pl_cli__server_ops_port(const struct cli_server *s); /* -1: none of its own */

/* ---- the service manager: cli_notify.c ---- */

/* "READY=1", as sd_notify(3) has it. False: there is none to tell. Any thread. */
bool pl_cli__notify(const char *text);
void pl_cli__notify_reloading(void);
/* Says WATCHDOG=1 as often as WATCHDOG_USEC wants it, as long as this loop and the engine's turn.
 * NULL when nobody wants it. To be stopped when the engine has been. */
struct cli_pulse;
struct pl_loop;
struct cli_pulse *pl_cli__pulse_start(struct pl_loop *loop, struct pl_engine *engine);
/* Asks no more; NULL: nothing. Before the engine goes; _stop when both loops are gone. */
void pl_cli__pulse_hold(struct cli_pulse *p);
void pl_cli__pulse_stop(struct cli_pulse **p);

/* ---- a running server's admin socket: cmd_admin.c ---- */

/* --data, or PARLANCE_DATA, or "data". */
const char *pl_cli__data(struct cli_args *args);
enum pl_err pl_cli__admin_call(const char *data, struct pl_str request, struct pl_buf *answer);
/* Says that nobody answers there. */
int pl_cli__no_server(const char *data, enum pl_err err);
/* The answer's members, or its error on stderr. */
/* To the server when one runs, else (what needs none) to the folder itself; its answer, or its
 * error on stderr. */
int pl_cli__request(const char *data, struct pl_arena *a, struct pl_str request,
                    struct pl_json *out);
int pl_cli__admin_answer(struct pl_arena *a, struct pl_str text, struct pl_json *out);
/* The image that the server runs; NULL when its file cannot be read. */
int pl_cli__running(const char *data, struct pl_arena *a, struct pl_image **out);

/* The token commands on a folder that no server has open; appends the answer's JSON object. */
enum pl_err pl_cli__offline_admin(const char *data, const struct pl_json *request,
                                  struct pl_buf *answer, struct pl_buf *why);

/* A folder that was made from a backup, whose keys nobody has put back. */
bool pl_cli__keys_forgotten(const char *data);

/* ---- versions of the flows: cli_versions.c, on the admin thread ---- */

struct cli_articles;
struct cli_versions { /* all of it the server's */
    struct pl_engine *engine;
    struct pl_store *store;
    struct cli_articles *articles;
    const struct pl_log *log;
    uint64_t started; /* the last commit when the store was opened */
    const char *data;
};
/* At the start, before there is an engine: the image made of the flows, or the one that was made
 * active by hand since these flows are there. A reference. */
struct pl_image *pl_cli__versions_first(const struct cli_versions *v, struct pl_image *made);
/* "hash": its beginning. made: of the flows, not by hand. */
enum pl_err pl_cli__versions_activate(const struct cli_versions *v, const struct pl_json *request,
                                      bool made, struct pl_jw *w, struct pl_buf *why);
enum pl_err pl_cli__versions_discard(const struct cli_versions *v, const struct pl_json *request,
                                     struct pl_jw *w, struct pl_buf *why);
/* Begins one, or, without a hash, ends it. */
enum pl_err pl_cli__versions_shadow(const struct cli_versions *v, const struct pl_json *request,
                                    struct pl_buf *why);
enum pl_err pl_cli__versions_canary(const struct cli_versions *v, const struct pl_json *request,
                                    struct pl_buf *why);
enum pl_err pl_cli__versions_list(const struct cli_versions *v, struct pl_jw *w);
/* What would become of the conversations. */
enum pl_err pl_cli__versions_preview(const struct cli_versions *v, const struct pl_json *request,
                                     struct pl_jw *w, struct pl_buf *why);

/* ---- models ---- */

struct pl_llm;
struct pl_llm_models;
struct pl_store;
/* CLI_FOUND when the file has mistakes, CLI_FAILED when it cannot be read; they are on stderr. */
int pl_cli__models_read(const char *path, struct pl_arena *a, struct pl_llm_models *out);
/* ", 0.000123 USD" of millionths; "" where the models file names no currency. */
void pl_cli__money(int64_t micro, const char *currency, char out[48]);
/* NULL in *out and PL_OK when the configuration names no models file. */
enum pl_err pl_cli__models_open(const struct pl_config *config, struct pl_store *store,
                                const struct pl_log *log, struct pl_llm **out);
/* Those of the client and of each target; none for NULL. */
void pl_cli__models_counters(struct pl_llm *llm, void (*show)(void *to, const struct pl_counter *c),
                             void *to);

/* ---- articles as pages: cli_articles.c ---- */

struct cli_articles;
struct pl_image;
struct cli_articles *pl_cli__articles_new(void); /* NULL: out of memory */
void pl_cli__articles_free(struct cli_articles **a);
/* Shows those of this image from now on. Any thread. */
void pl_cli__articles_take(struct cli_articles *a, struct pl_image *image);
/* Appends the article's page, in the locale or the nearest that has it, and to `name` its own
 * locale and id: "en/returns/how". Any thread. */
bool pl_cli__articles_page(struct cli_articles *a, struct pl_str locale, struct pl_str id,
                           struct pl_buf *out, struct pl_buf *name);
/* Appends what customers made of it, for its page. Any thread. */
void pl_cli__articles_tally(struct pl_store *store, struct pl_str name, struct pl_buf *out);
/* Writes the member "articles": what customers made of each. Any thread. */
enum pl_err pl_cli__articles_stats(struct pl_store *store, struct pl_jw *w);

/* Hooks alone, for the simulator: Lua workers and HTTP to the shop. */
struct cli_hooks;
enum pl_err pl_cli__hooks_open(const char *shop_url, const struct pl_config *config,
                               const struct pl_log *log, struct cli_hooks **out);
struct pl_engine_hooks pl_cli__hooks_doors(struct cli_hooks *h);
void pl_cli__hooks_close(struct cli_hooks **h);

/* The configuration of serve, dev, reload: "FLOWS" is the one argument that is no option. */
int pl_cli__config(const char *command, struct cli_args args, bool flows, struct pl_arena *a,
                   struct pl_config *out);

#endif
