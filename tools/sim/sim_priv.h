/* SPDX-License-Identifier: Apache-2.0
 *
 * Private to this room.
 *
 *   build (folder -> image) -> world (engine, store, loop, one conversation) -> events (pieces)
 *   talk x locale = job -> play (world, shop of stubs, rows, reasons) -> result -> report
 *   jobs run in processes of their own; what they reach is counted in memory that all share
 *
 * Everything a talk makes lies in its world's arena and goes with it; results are copies.
 */
#ifndef PL_SIM_PRIV_H
#define PL_SIM_PRIV_H

#include "grammar/grammar.h"
#include "runtime/locale/locale.h"
#include "runtime/vm/vm.h"
#include "tools/compile/compile.h"
#include "tools/sim/sim.h"

/* ---- builds: sim_build.c ---- */

struct sim_build {
    struct pl_compiled compiled;
    struct pl_image *image;
};
/* Where what is wrong is said. */
struct sim_said {
    FILE *err;
    FILE *json; /* diagnostics as JSON lines; NULL: for people, to err */
    bool warnings, colour;
};
/* Compiles the flows, without talks, and loads. False: no image. */
bool pl_sim__build(const char *folder, const struct sim_said *to, struct sim_build *out);
bool pl_sim__build_with(const char *folder, const struct pl_compile_options *options,
                        const struct sim_said *to, struct sim_build *out);
void pl_sim__build_free(struct sim_build *b);

/* A folder of this process for conversation keys. */
struct sim_keys {
    char root[PL_SIM_SCRATCH], keys[80], master[80];
};
enum pl_err pl_sim__keys_make(struct sim_keys *k);
void pl_sim__keys_clear(struct sim_keys *k); /* keeps the folder */
void pl_sim__keys_remove(struct sim_keys *k);

/* ---- events: sim_event.c ---- */

enum sim_piece_kind {
    SIM_TEXT,
    SIM_FACT,
    SIM_STEP,
    SIM_IMAGE,
    SIM_LINK,
    SIM_FILE,
    SIM_BUTTON,
    SIM_CARD,
    SIM_CHOICE,
    SIM_NOTE /* what is no message: handed over, closed */
};
/* One line of a message, parts of cards and lists laid out flat. */
struct sim_piece {
    uint8_t kind, depth;
    struct pl_str a, b; /* text | label, value | step | alt, url | label, url | title, text */
    struct pl_str id;   /* BUTTON, CHOICE */
};
struct sim_event {
    uint64_t seq;
    struct pl_str json, kind, from, id;
    const struct sim_piece *pieces;
    size_t npieces;
};
void pl_sim__event_read(struct pl_arena *a, const struct pl_engine_event *e, struct sim_event *out);
bool pl_sim__is_bot(const struct sim_event *e);
/* As a customer sees it: without marks of direction, every blank a space. */
struct pl_str pl_sim__plain(struct pl_arena *a, struct pl_str s);
bool pl_sim__same(struct pl_arena *a, struct pl_str x, struct pl_str y);
/* Its pieces as lines of text. */
void pl_sim__event_lines(struct pl_arena *a, const struct sim_event *e, struct pl_buf *out);

/* ---- coverage: sim_cover.c (counting), sim_cover_text.c, sim_cover_html.c ---- */

#define SIM_SITUATIONS (PL_TRACES - PL_TRACE_ANSWERED)

/* What plays have reached of one image: a byte for each place, 0 or 1, in memory that processes
 * share, so that nothing needs to be gathered. */
struct sim_cover {
    struct pl_image *image; /* borrowed; plays of other images are not counted */
    /* points by the address they end at, or by option: 1 + the first, then 1 + the next */
    uint32_t *at_code, *at_option, *next;
    uint8_t *bytes; /* of all that follow; NULL: nothing is counted */
    size_t nbytes;
    uint8_t *points, *waits, *rules, *texts; /* waits: SIM_SITUATIONS each; texts: by locale */
};
enum pl_err pl_sim__cover_open(struct sim_cover *c, struct pl_arena *a, struct pl_image *image);
void pl_sim__cover_close(struct sim_cover *c);
/* `last`: the address that ran before, kept by the caller for each conversation. */
void pl_sim__cover_ran(struct sim_cover *c, enum pl_vm_trace what, uint32_t at, uint32_t *last);
void pl_sim__cover_step(struct sim_cover *c, const struct pl_vm_event *event);
void pl_sim__cover_text(struct sim_cover *c, uint32_t text, uint32_t locale);
/* Can this happen at the wait at all? */
bool pl_sim__cover_applies(const struct pl_program *p, uint32_t wait, enum pl_vm_trace what);

enum sim_measure { SIM_STEPS, SIM_BRANCHES, SIM_RULES, SIM_REPAIR, SIM_LOCALES, SIM_MEASURES };
enum sim_part { SIM_PROJECT, SIM_PRELUDE, SIM_ALL, SIM_PARTS };
struct sim_count {
    uint32_t covered, total;
};
/* A place in the source: a step, or a way on from a branch. Code that one place became several
 * times (variants of a prompt) counts once. */
struct sim_site {
    uint8_t kind; /* enum pl_point_kind; PL_POINT_OPTION counts as a branch */
    bool covered, prelude;
    struct pl_str file, name;
    uint32_t line, column;
};
struct sim_covered {
    const struct sim_cover *cover;
    struct sim_count counts[SIM_PARTS][SIM_MEASURES];
    struct sim_site *sites; /* by file, line, column */
    size_t nsites;
    bool counted_only; /* the prelude is the one of the program: people are not told its places */
};
void pl_sim__cover_sum(const struct sim_cover *c, struct pl_arena *a, struct sim_covered *out);
/* Its file lies in a folder "prelude", or is called so. */
bool pl_sim__is_prelude(struct pl_str file);
struct sim_project;
void pl_sim__cover_text_report(const struct sim_project *p, const struct sim_covered *c,
                               struct pl_buf *out);
void pl_sim__cover_json(const struct sim_covered *c, struct pl_buf *out);
/* An index and a page for each flow file. What pl_file_replace may give. */
enum pl_err pl_sim__cover_html(const struct sim_project *project, const struct sim_covered *c,
                               struct pl_arena *a, const char *folder);
/* "steps=100,project.branches=95". False: `why` says what is wrong with it. */
bool pl_sim__threshold_parse(const char *s, struct pl_buf *why);
/* False: something is below; said in `why`. */
bool pl_sim__threshold_met(const char *s, const struct sim_covered *c, struct pl_buf *why);

/* ---- the world: sim_world.c, sim_why.c ---- */

struct sim_handoff {
    uint8_t mode; /* enum pl_handoff_mode */
    struct pl_str queue, priority, rule;
};
struct sim_track { /* an analytics event */
    struct pl_str name;
    const struct pl_value *args;
    uint32_t nargs;
};
typedef PL_VEC(struct pl_sim_reason) sim_reasons;
typedef PL_VEC(struct sim_event) sim_events;
typedef PL_VEC(struct pl_str) sim_names;
typedef PL_VEC(struct sim_handoff) sim_handoffs;

struct sim_finder;
struct sim_world {
    struct pl_arena a;
    struct pl_store *store;
    struct pl_engine *engine;
    struct pl_loop *loop; /* the caller's */
    uint8_t conversation[16];
    uint64_t cid;
    /* seen by the customer */
    sim_events events;
    sim_events *to; /* where events are collected */
    bool ready, rtl;
    bool known, verified;       /* who the customer will be, when the conversation begins */
    struct pl_value remembered; /* of him: a record; none: nothing */
    struct pl_str with;
    struct pl_str refused; /* the engine's last error, empty: none */
    /* seen by who looks on */
    sim_names goals, ends, mistakes, marks, notes;
    PL_VEC(struct sim_track) tracks;
    sim_handoffs handoffs;
    uint32_t offer_rule;
    /* images that entries may name */
    PL_VEC(struct pl_image *) images;
    struct sim_cover *cover;  /* NULL: nothing is counted */
    struct sim_finder *watch; /* NULL: nobody looks for what is wrong */
    uint32_t ran_last;
    /* why: `said` since the last turn, `tracing` since the last step; types NULL: not wanted */
    struct sim_types *types;
    struct pl_vm *vm;
    sim_reasons said, tracing;
    struct pl_value slots;
    struct pl_str now; /* what it waits for */
    /* of the chat: called when events came, and with lines of the trace */
    void (*came)(void *ctx, const struct sim_event *e);
    void (*traced)(void *ctx, struct pl_str line);
    void *ctx;
};

struct sim_world_config {
    struct pl_loop *loop;
    struct pl_clock clock;
    const struct sim_keys *keys;
    const struct pl_engine_hooks *hooks;
    struct pl_engine_models models;
    const struct pl_log *log;
    uint64_t seed;
    struct pl_engine_shared *shared; /* may be NULL */
};
/* The caller has made the arena, and set `came`, `traced` and `ctx`. */
enum pl_err pl_sim__world_open(struct sim_world *w, const struct sim_world_config *k,
                               struct pl_image *image);
void pl_sim__world_close(struct sim_world *w);
/* `number` tells conversations of one world apart. */
void pl_sim__world_begin(struct sim_world *w, struct pl_str locale, uint64_t number);
void pl_sim__world_resume(struct sim_world *w); /* the same again, from its first event */
void pl_sim__world_say(struct sim_world *w, enum pl_engine_said said, struct pl_str text);
/* Somebody who has the conversation speaks, or gives it back with a note. */
void pl_sim__world_agent(struct sim_world *w, enum pl_engine_deed what, struct pl_str text);
/* Something that the shop sends; arguments as a JSON object. */
void pl_sim__world_happen(struct sim_world *w, struct pl_str name, struct pl_str args);
/* sim_finding.c, of who explores */
void pl_sim__finder_step(struct sim_finder *w, const struct pl_image *image,
                         const struct pl_vm_event *event, const struct pl_vm_result *r);
void pl_sim__finder_ran(struct sim_finder *w, enum pl_vm_trace what, uint32_t at);
void pl_sim__world_keep(struct sim_world *w, struct pl_image *image);

/* A new turn: what was told of the last one is forgotten. */
void pl_sim__why_turn(struct sim_world *w);
void pl_sim__why_trace(struct sim_world *w, const struct pl_image *image, enum pl_vm_trace what,
                       uint32_t at);
void pl_sim__why_step(struct sim_world *w, const struct pl_image *image,
                      const struct pl_vm_event *event, const struct pl_vm_result *r);

/* ---- values: sim_value.c ---- */

struct sim_types {
    struct pl_arena *a;
    const struct pl_program *program;
    struct pl_locale_tools *tools;
};
/* The value by its type. False: `why` says what does not fit. */
bool pl_sim__value(struct sim_types *t, struct pl_type type, const struct pl_talk_value *v,
                   struct pl_value *out, struct pl_str *why);
/* "2026-11-22 09:00" in the assistant's zone, or RFC 3339. */
bool pl_sim__time(struct sim_types *t, struct pl_str s, int64_t *ms);
/* As a talk writes it. */
void pl_sim__print(struct sim_types *t, struct pl_buf *b, struct pl_value v);
/* A value of the type to start from: what is not optional, first members, small numbers. */
void pl_sim__print_sample(struct sim_types *t, struct pl_buf *b, struct pl_type type);
/* Is it what the talk writes? A value says by itself of what type it is. */
bool pl_sim__value_is(struct sim_types *t, const struct pl_talk_value *v, struct pl_value got);
bool pl_sim__written_same(const struct pl_talk_value *x, const struct pl_talk_value *y);

/* ---- the shop: sim_shop.c ---- */

struct sim_shop {
    struct pl_arena *a;
    struct pl_locale_tools *tools;
    PL_VEC(const struct pl_talk_line *) stubs; /* `like` is followed already */
    sim_names calls;                           /* every call's hook, but those of lists */
    sim_names keys;                            /* of writes */
    struct pl_str missing;                     /* of a call without a stub: the line to add */
    struct pl_str broke;                       /* of a pure hook that has a mistake */
    /* A shop that answers instead of the stubs; NULL: none. What it answers is told as a line of a
     * talk. */
    const struct pl_engine_hooks *live;
    bool reads_only; /* it is not asked to write */
    bool rehearses;  /* it is not asked yet: the stubs say what it answered before */
    void (*answered)(void *ctx, struct pl_str line);
    void *answered_ctx;
    uint32_t pending; /* its answers that have not come */
};
struct pl_engine_hooks pl_sim__shop_hooks(struct sim_shop *s);
/* Checks names and values against the program. False: `why`. */
bool pl_sim__shop_add(struct sim_shop *s, const struct pl_image *image,
                      const struct pl_talk_line *line, struct pl_str *why);
/* All stubs of the talk that fit the program. */
void pl_sim__shop_learn(struct sim_shop *s, const struct pl_image *image,
                        const struct pl_talk *talk);
/* Is there a stub for this call? */
bool pl_sim__shop_knows(const struct sim_shop *s, const struct pl_engine_call *call);
uint32_t pl_sim__shop_count(const struct sim_shop *s, struct pl_str hook);
void pl_sim__shop_free(struct sim_shop *s);
/* The hooks of a chat without a shop: pure ones run, lists are empty, all else is unavailable. */
struct pl_engine_hooks pl_sim__no_shop(void);
/* Is the hook the source of an entity's values? */
bool pl_sim__is_list(const struct pl_program *p, uint32_t hook);
/* What the shop will have answered: filled, then posted to the call's loop, which tells it and
 * frees it. */
struct sim_answer {
    struct pl_post post; /* first */
    pl_engine_hook_done *done;
    void *ctx;
    enum pl_engine_outcome outcome;
    struct pl_buf value;
    char failure[64];
};
struct sim_answer *pl_sim__answer_to(const struct pl_engine_call *call,
                                     enum pl_engine_outcome outcome);
/* What an e-mail address, a phone number ... looks like; `text` for the kinds that are any text. */
struct pl_str pl_sim__example_text(uint8_t kind, struct pl_str text);

/* ---- models: sim_model.c, sim_cassette.c ---- */

struct sim_said_by { /* a model's reply */
    uint8_t kind;    /* PL_TALK_MODEL, _MODEL_CALLS, _MODEL_DOWN or _MODEL_REFUSES */
    struct pl_str text;
    const struct pl_llm_call *calls;
    size_t ncalls;
    const struct pl_talk_line *line; /* NULL: of a cassette */
};
struct sim_cassette;
struct reply;
struct sim_models {
    struct pl_sim_models *bridge;
    struct sim_world *world;
    PL_VEC(struct sim_said_by) lines; /* in order, each once */
    size_t next;
    uint32_t nasked;
    uint64_t asked;
    struct reply *replies; /* under way */
    struct sim_cassette *cassette;
    const struct pl_talk_line *cassette_line;
};
struct sim_models_config {
    struct sim_world *world;
    struct pl_locale_tools *tools;
    const struct pl_engine_hooks *hooks;
    struct pl_clock clock;
    const struct pl_log *log;
    const struct pl_talk *talk; /* one without lines for a model plays as where none is connected */
};
bool pl_sim__models_open(struct sim_models *m, const struct sim_models_config *k);
void pl_sim__models_close(struct sim_models *m); /* after the engine */
/* The model calls a tool. False: `why` says what does not fit. */
bool pl_sim__models_call(struct sim_models *m, struct sim_types *t, uint32_t hook,
                         const struct pl_talk_line *l, struct pl_str *why);
void pl_sim__models_say(struct sim_models *m, const struct pl_talk_line *l);
/* A line that the model was never asked for; NULL: none. */
const struct pl_talk_line *pl_sim__models_unsaid(const struct sim_models *m);

/* renew: what is on it is not looked at. NULL: `why`. */
struct sim_cassette *pl_sim__cassette_open(struct pl_str path, const struct pl_answer_model *record,
                                           bool renew, struct pl_str *why);
bool pl_sim__cassette_find(struct sim_cassette *c, uint64_t key, struct sim_said_by *out);
/* Asks the model that is recorded from; 0: there is none. */
uint64_t pl_sim__cassette_record(struct sim_cassette *c, const struct pl_llm_request *request);
void pl_sim__cassette_cancel(struct sim_cassette *c, uint64_t number);
bool pl_sim__cassette_records(const struct sim_cassette *c); /* a recording is under way */
/* Something was asked that is not on it. */
bool pl_sim__cassette_missing(const struct sim_cassette *c);
enum pl_err pl_sim__cassette_save(struct sim_cassette *c); /* if something was recorded */
void pl_sim__cassette_close(struct sim_cassette **c);

/* ---- a project under test: sim_test.c ---- */

struct sim_talk {
    struct pl_talk talk;
    struct pl_str folder; /* on disk, that it lies in */
    struct pl_str broken; /* its file has no talks to play: why; the talk has only a file */
};
/* A talk in a locale. */
struct sim_job {
    const struct sim_talk *talk;
    struct pl_str locale;
};
struct sim_reloaded {
    struct pl_str folder;
    struct sim_build build;
    bool good;
};
struct sim_project {
    const struct pl_sim_test *test;
    struct pl_arena a;
    struct sim_build build;
    struct pl_sources sources; /* of talks */
    struct sim_cover cover;
    struct pl_engine_shared *shared; /* of this process */
    PL_VEC(struct sim_job) jobs;
    PL_VEC(struct sim_talk) talks;
    PL_VEC(struct sim_reloaded *) reloaded;
    sim_names renewed; /* cassettes that are recorded anew, and were begun */
    struct pl_locale_tools *tools;
    struct sim_keys keys;
};
/* Reads the files that the test names, or all of the project's. False: some could not be read. */
bool pl_sim__find_talks(struct sim_project *p);
const struct sim_talk *pl_sim__talk(const struct sim_project *p, struct pl_str name);
struct pl_str pl_sim__reload_folder(struct pl_arena *a, const struct sim_talk *t,
                                    const struct pl_talk_line *l);
/* The image of a folder, compiled once; NULL when it does not compile, which is printed. */
struct pl_image *pl_sim__reloaded(struct sim_project *p, struct pl_str folder);

/* ---- playing: sim_play.c, sim_expect.c ---- */

enum sim_row_kind { SIM_ROW_SAME, SIM_ROW_EXTRA, SIM_ROW_AWAITED };
struct sim_row {
    uint8_t kind;
    struct pl_str expected, got;
};
struct sim_play {
    struct sim_project *project;
    const struct sim_talk *talk;
    struct pl_str locale;
    struct pl_loop *loop;
    struct pl_log log; /* into log_text */
    FILE *logged;
    char *log_text;
    size_t log_size;
    struct pl_image *image; /* the active one */
    struct sim_world world;
    struct sim_shop shop;
    struct sim_models models;
    struct sim_types types;
    bool strict, begun;
    int64_t start_ms;
    size_t shown;                  /* events that are matched or passed over */
    size_t nearest;                /* the event most like what was awaited last, or SIZE_MAX */
    const struct pl_talk_line *at; /* the line under way; NULL after the last */
    PL_VEC(struct sim_row) rows;
    sim_reasons reasons; /* of a failure */
    bool failed;
    uint32_t failed_line;
    struct pl_str awaited, why;
};
/* Line by line, for who makes them up on the way: `talk` has a name and a folder. */
void pl_sim__play_open(struct sim_play *p, struct sim_project *project, const struct sim_talk *talk,
                       struct pl_str locale);
/* The conversation begins with the first line that is none of the setup, or here. */
void pl_sim__play_begin(struct sim_play *p);
void pl_sim__play_line(struct sim_play *p, const struct pl_talk_line *l);
/* Plays to the end or the first failure. The result stays until _play_free. */
void pl_sim__play(struct sim_play *p, struct sim_project *project, const struct sim_talk *talk,
                  struct pl_str locale);
void pl_sim__play_free(struct sim_play *p);
/* The talk has failed here. */
void pl_sim__fail(struct sim_play *p, const char *format, ...) PL_PRINTF(2, 3);
void pl_sim__expect(struct sim_play *p, const struct pl_talk_line *l);
/* Sends the line's event; false: the talk has failed. */
bool pl_sim__happen(struct sim_play *p, const struct pl_talk_line *l);
void pl_sim__forbid(struct sim_play *p, const struct pl_talk_line *l);
/* The file as pl_engine_send wants it. */
struct pl_str pl_sim__upload(struct sim_play *p, struct pl_str name);
bool pl_sim__id_is(struct pl_str id, struct pl_str wanted);
/* A name near `got` among n, as "; did you mean x?", or empty. */
struct pl_str pl_sim__near(struct pl_arena *a, struct pl_str got, const struct pl_str *names,
                           size_t n);
/* Is there such a hook, line, goal …? Fails the talk when not. */
bool pl_sim__knows_hook(struct sim_play *p, struct pl_str name);
bool pl_sim__knows_id(struct sim_play *p, struct pl_str id);

/* Fails the talk when its journal does not come out again as `parlance replay` plays it. */
void pl_sim__replay_check(struct sim_play *p);

/* ---- a conversation that is a talk in the making: sim_live.c ---- */

/* What somebody did, as a line of a talk. */
struct sim_deed {
    struct pl_str line;
    bool turn;     /* the customer's, time's or a person's: what `back` counts */
    size_t events; /* how many had come before it */
};
struct sim_live {
    struct pl_arena a; /* of the lines */
    struct sim_project *project;
    const struct pl_engine_hooks *shop; /* that it asks; NULL: calls need a stub */
    struct sim_finder *watch;           /* NULL: nobody looks for what is wrong */
    struct pl_str locale;
    PL_VEC(struct sim_deed) deeds;
    PL_VEC(struct pl_str) answers; /* of the shop in the turn under way */
    struct sim_talk talk;
    struct sim_play play;
    bool open;
    /* as of the world */
    void (*came)(void *ctx, const struct sim_event *e);
    void (*traced)(void *ctx, struct pl_str line);
    void *ctx;
};
/* Begins; `setup`: lines before the conversation ("as verified"). False: play.why says why. */
bool pl_sim__live_open(struct sim_live *l, const struct pl_str *setup, size_t nsetup);
/* Plays a line of a talk. False: it was not taken, and play.why says why. */
bool pl_sim__live_do(struct sim_live *l, struct pl_str line);
/* Takes the last n turns back: all before them is played again, and no shop is asked for it. False:
 * there are not so many, or play.why. */
bool pl_sim__live_back(struct sim_live *l, size_t n);
/* Where this line would lead, on a copy: events from *from on are its answer. The shop is not asked
 * to write: that would be in shop.missing. Freed by _play_free. */
void pl_sim__live_aside(const struct sim_live *l, struct pl_str line, struct sim_play *aside,
                        size_t *from);
/* The conversation as a file of one talk that passes. `about`: its comment's lines. */
void pl_sim__live_write(struct sim_live *l, struct pl_str name, struct pl_str about,
                        struct pl_buf *out);
void pl_sim__live_close(struct sim_live *l);
/* "hook orders.find(…" of a stub, up to its arguments' end. */
struct pl_str pl_sim__call_of(struct pl_str hook);
/* "…" as talks write texts. */
void pl_sim__quote(struct pl_buf *b, struct pl_str s);

/* ---- the terminal: sim_screen.c ---- */

struct sim_screen {
    FILE *out;
    bool colour;
    struct pl_locale_tools *tools;
    PL_VEC(struct sim_piece) offers; /* what numbers stand for, from 1 */
};
void pl_sim__style(const struct sim_screen *c, const char *code); /* "1" bold; "0" as before */
/* Breaks at blanks; every line after the first is indented. */
void pl_sim__wrapped(struct sim_screen *c, struct pl_str s, size_t indent);
void pl_sim__screen_show(struct sim_screen *c, const struct sim_event *e);

/* ---- told to people: sim_tell.c ---- */

/* On one line, without what a terminal would obey. */
struct pl_str pl_sim__clean(struct pl_arena *a, struct pl_str s);
void pl_sim__tell_why(struct sim_screen *c, const struct pl_sim_reason *reasons, size_t n,
                      struct pl_str now);
void pl_sim__tell_slots(struct sim_screen *c, struct sim_types *t, struct pl_value slots);

/* ---- what every project is tested for: sim_always.c ---- */

/* Says what it found. False: a question was not equal to it. */
bool pl_sim__always(struct sim_project *p);

/* ---- results: sim_result.c ---- */

/* What is told of a job that was played, free of its play. */
struct sim_result {
    bool failed;
    uint32_t line;
    struct pl_str awaited, why;
    const struct sim_row *rows;
    size_t nrows;
    const struct pl_sim_reason *reasons;
    size_t nreasons;
    int64_t took_us;
};
/* Borrows from the play. */
void pl_sim__result_of(const struct sim_play *p, int64_t took_us, struct sim_result *out);
void pl_sim__result_write(struct pl_buf *b, const struct sim_result *r);
/* Points into the bytes and the arena. False: they are no result. */
bool pl_sim__result_read(struct pl_str bytes, struct pl_arena *a, struct sim_result *out);

/* ---- jobs in processes: sim_jobs.c ---- */

struct sim_work {
    size_t n; /* jobs */
    void *ctx;
    bool (*begin)(void *ctx); /* in each process, before its first job; may be NULL */
    void (*end)(void *ctx);   /* ... and behind its last */
    /* The job's result is appended. */
    void (*play)(void *ctx, size_t job, struct pl_buf *out);
    /* Its process went down with it: a result that says so. */
    void (*died)(void *ctx, size_t job, const char *why, struct pl_buf *out);
    /* In the jobs' order, in the caller's process. */
    void (*done)(void *ctx, size_t job, struct pl_str result);
};
/* Has every job done, by so many processes or in this one (then without begin and end). */
void pl_sim__work(const struct sim_work *work, unsigned processes);

/* ---- reports: sim_report.c ---- */

struct sim_report {
    const struct pl_sim_test *test;
    struct sim_project *project;
    uint32_t passed, failed;
    size_t left, right; /* the columns' widths */
    int64_t from_us;
    /* JUnit's, written at the end: a suite for each file */
    struct pl_buf suites, cases;
    struct pl_str suite;
    uint32_t suite_tests, suite_failures;
    int64_t suite_us;
};
void pl_sim__report_begin(struct sim_report *r);
void pl_sim__report(struct sim_report *r, size_t job, const struct sim_result *result);
/* False: a file could not be written. */
bool pl_sim__report_end(struct sim_report *r);

#endif
