/* SPDX-License-Identifier: Apache-2.0
 *
 * Private to this room.
 *
 *   command (post) -> input of a conversation -> turn -> append -> done -> answers
 *
 * A conversation in memory (struct eng_conv) is its record (what snapshot and journal give again)
 * and what is under way (inputs, the turn being appended, hook calls, clients).
 */
#ifndef PL_ENGINE_PRIV_H
#define PL_ENGINE_PRIV_H

#include <pthread.h>
#include <stdatomic.h>

#include "runtime/engine/engine.h"
#include "runtime/escalate/escalate.h"
#include "runtime/kb/kb.h"
#include "runtime/locale/locale.h"
#include "runtime/nlp/nlp.h"
#include "runtime/privacy/privacy.h"
#include "runtime/vm/vm.h"

#define ENG_RECORD_VERSION 6
#define ENG_RECORD_OLDEST  5  /* without what speaks for another language */
#define ENG_CLIENTS        8  /* client instances that dedupe remembers */
#define ENG_RECENT         32 /* messages of each */
#define ENG_BUTTONS        16
#define ENG_NOTES          16 /* that a hand-over carries */
#define ENG_HANDOFFS       16 /* of a conversation that people have at once */
#define ENG_KEYS           32 /* events that are known again */
#define ENG_TURN_ENTRIES   12
#define ENG_TURN_PUTS      12  /* of PL_JOURNAL_RECORDS; a message and its turn take 20 at most */
#define ENG_KEY            120 /* an idempotency key with its NUL */
#define ENG_OTHER_ENOUGH   4   /* for another language; one message gives 3 at most */
#define ENG_READ_AGAIN_MS  30000
#define ENG_TYPING_MS      400   /* an answer that takes longer is announced */
#define ENG_IDLE_MS        5000  /* without input: its snapshot is written */
#define ENG_EVICT_MS       30000 /* and nobody listens: it leaves memory */

#define ENG_STAGES (PL_ENGINE_STAGE_ANSWER_NS - PL_ENGINE_STAGE_TAKE_NS + 1)

struct eng_conv;

/* ---- images ---- */

struct eng_list {    /* values of a `from hook` entity */
    uint32_t entity; /* of the image */
    uint32_t nlp;    /* of the model */
    struct pl_nlp_list *list;
    int64_t asked_ms;
    bool asking;
};

struct eng_articles { /* kb NULL: they are not asked before intents */
    struct pl_kb *kb;
    struct pl_kb_scratch *scratch;
};

struct eng_image {
    struct pl_image *image;
    struct pl_nlp_model *model;
    struct pl_nlp *nlp;
    struct eng_articles articles;
    void *models;                /* opened for them, until it is theirs */
    uint32_t users;              /* conversations in memory, lists being asked for */
    bool held;                   /* kept warm for an operator */
    uint8_t life;                /* enum pl_engine_life */
    int64_t since_ms, unused_ms; /* in this life; without users, 0: it has some */
    struct eng_list *lists;
    uint32_t nlists;
    uint32_t nfinders; /* entities that Lua finds */
    bool timed;        /* some rule may come to hold as time goes by */
    int64_t facts_minute;
    int32_t today;
    struct pl_vm_queue_fact *queues;
    bool *hours;
};

/* ---- the record of a conversation ---- */

struct eng_client_memory {
    uint64_t instance, highest;
    struct {
        uint64_t counter, hash, seq;
    } recent[ENG_RECENT]; /* by counter % ENG_RECENT */
};

struct eng_waiting { /* accepted, not yet answered */
    uint64_t n;
    uint8_t said;
    bool card;
    struct pl_str text, label; /* malloc'd as one block at text.p */
};

struct eng_flight;
struct eng_asking;

enum { ENG_CLASS_MODEL = PL_CLASS_WRITE_ONCE + 1 }; /* beside the classes of hooks */

struct eng_effect { /* a hook's call whose outcome is not definite; a model's turn */
    uint64_t effect, run;
    uint32_t hook, call; /* of a model's turn: models, 0 */
    uint8_t effect_class;
    bool told;                 /* a `write once`: the flow has heard `unconfirmed` */
    bool uncertain;            /* an attempt before a restart may have been sent */
    bool flying;               /* a call is under way */
    uint64_t call_number;      /* of the last one: an answer to another call is none */
    struct eng_flight *flight; /* while it is flying; NULL: answered from the cache */
    uint32_t attempts;
    int64_t asked_ms, again_ms; /* again_ms: when to ask again, 0 not set */
    struct eng_image *image;
    struct pl_buf args; /* values one behind the other */
    uint32_t nargs;
    struct pl_buf about, text; /* of a model's turn ... */
    struct pl_buf acted;       /* ... asked again: a value; else empty */
    struct eng_asking *asking; /* while it is flying */
};

struct eng_button {
    uint32_t number, target, nargs;
    struct pl_buf args;
};

struct eng_handoff { /* a hand-over that people have, or had last */
    uint64_t n;      /* of its entry */
    int64_t since_ms;
    bool done;     /* off their list */
    bool shown;    /* its row in the store says so */
    bool answered; /* a person did something with it */
    struct pl_buf json;
};

struct eng_attached {
    uint64_t client, sent;
};

/* ---- inputs ---- */

enum eng_kind {
    ENG_OPEN,
    ENG_SEND,
    ENG_RATE,
    ENG_HOOK,
    ENG_TIMER,
    ENG_EVENT,
    ENG_CLOCK,    /* rules look at the clock */
    ENG_KEPT,     /* what was kept for the customer is told, one event at a time */
    ENG_ERASE,    /* the conversation is erased */
    ENG_FORGET,   /* a customer is erased; names no conversation */
    ENG_CATCH_UP, /* after a load: go on with what was under way */
    ENG_AGENT,    /* people did something with a hand-over */
    ENG_MODEL,    /* the outcome of a model's turn */
    ENG_WANTS,    /* may a file be sent up? */
    ENG_VIEWED,   /* an article was opened; names no conversation */
    ENG_NO_MODEL, /* the customer's word about models, remembered already: said */
    ENG_LEAVE
};

struct eng_erasure { /* of a customer, under way */
    uint64_t ticket;
    uint8_t customer[16];
    uint32_t left; /* conversations, then what is remembered */
    bool last;     /* that is under way */
    bool known;    /* a conversation of his, or what is remembered, was there */
    enum pl_err err;
};

struct eng_input {
    struct pl_post post;
    struct pl_engine *e;
    struct eng_input *next;
    uint8_t kind, said, outcome;
    bool fresh, resend, known, verified;
    bool answered;                /* an event's sender was told, or will be */
    uint64_t client, seq, effect; /* client: a ticket */
    int64_t value;
    bool by_customer;            /* an event's */
    struct eng_erasure *erasure; /* ERASE */
    struct pl_engine_cid cid;
    uint8_t conversation[16], hash[32], customer[16];
    struct pl_str text, more, epoch; /* behind the struct: one block */
};

/* ---- a turn: what is appended at once ---- */

struct eng_ack {
    uint64_t client, seq;
    struct pl_engine_cid cid;
    bool dup;
};

struct eng_told {
    uint64_t ticket;
    enum pl_err err;
};

struct eng_key { /* hashes of an event's key, and of what it said */
    uint64_t key, what;
};

struct eng_turn {
    struct eng_turn *next; /* in the pool */
    struct pl_engine *e;
    struct eng_conv *c;
    struct pl_arena *a; /* while it is made, then NULL: see `kept` */
    struct pl_journal_append append;
    uint32_t nentries;
    PL_VEC(struct eng_ack) acks;
    PL_VEC(struct pl_engine_event) events;
    struct pl_buf kept;                  /* the texts of events and votes */
    PL_VEC(uint64_t) opens;              /* clients that wait for ready */
    PL_VEC(uint64_t) writes;             /* effects to start when durable */
    PL_VEC(struct eng_told) told;        /* tickets to answer */
    PL_VEC(struct pl_entry_rated) votes; /* to be counted when durable */
    bool snapshot;                       /* something others must see: a hand-over */
    bool timed;                          /* its stages are */
    const struct eng_said *said;         /* the message that is being stepped, or NULL */
};

/* What the shop's Lua finds in the message that is to be read next: its reading waits for it. */
struct eng_heard {
    struct pl_arena a;
    const struct eng_image *image;
    struct pl_str text;
    uint64_t number; /* answers to another one are none */
    uint32_t waiting;
    PL_VEC(struct pl_nlp_given) given;
};

struct eng_conv {
    uint8_t id[16];
    struct pl_conv j;
    struct eng_image *image;
    /* record */
    struct pl_buf state; /* the VM's */
    struct pl_str locale;
    char locale_text[36];
    bool locale_guessed; /* nobody asked for it: the language of the first message decides */
    char other[4];       /* a language he wrote in that is not the locale's, or empty ... */
    uint8_t other_sum;   /* ... and what speaks for it, under ENG_OTHER_ENOUGH */
    uint8_t resume[32];
    bool known, proven;   /* the page said who the customer is, and that he proved it */
    uint8_t customer[16]; /* all zero: nothing is remembered of him */
    int64_t known_ms;     /* since when the conversation is his */
    uint8_t with;
    struct eng_client_memory *memory[ENG_CLIENTS]; /* who spoke last is first; NULL behind */
    struct eng_waiting inbox[PL_ENGINE_INBOX];
    uint32_t ninbox;
    PL_VEC(struct eng_effect *) effects;
    PL_VEC(struct eng_button) buttons;   /* the last ENG_BUTTONS, number k at k % ENG_BUTTONS */
    uint32_t nbuttons;                   /* ever offered */
    PL_VEC(struct eng_handoff) handoffs; /* oldest first; of those that are done the last alone */
    PL_VEC(struct pl_str) notes;         /* for who takes the next hand-over; malloc'd */
    struct eng_key keys[ENG_KEYS];       /* event number k at k % ENG_KEYS */
    uint32_t nkeys;                      /* ever taken */
    int64_t timer_row;                   /* deadline of the hint row in the store, 0 none */
    PL_VEC(struct eng_image *) named;    /* by turns since the last snapshot: users of them */
    uint8_t ref_image[8], ref;           /* its last row (enum eng_ref), 0: not known */
    /* from the state */
    int mode; /* of pl_vm_view */
    uint64_t busy_effect;
    int64_t deadline_ms;
    int64_t lead_ms; /* of ticks before the time of day, when the deadline was set */
    bool in_flow;
    uint32_t nheld;
    bool no_model; /* the customer wants none */
    /* What he wrote while he wanted none goes to none later either: entry and event number up to
     * which that is so, and the entry of the message that the flows are at. */
    bool refusing; /* as of the last step */
    uint64_t unread_n, unread_seq, message_n;
    bool diverged; /* played again, it came out differently; its flow is not to go on */
    int64_t started_ms;
    /* of a canary: in memory since it began; its customer wrote; counted; guards that it failed */
    bool whole, spoke, counted;
    uint32_t bad;
    struct pl_engine_trial *trial; /* of a shadow; NULL: none */
    /* under way */
    struct eng_input *first, *last;
    struct eng_turn *turn;
    struct eng_heard *heard; /* NULL: none yet */
    PL_VEC(struct eng_attached) clients;
    uint32_t flying;                 /* hook calls */
    uint64_t wrote;                  /* the last call when a write of its came back, or 0 */
    PL_VEC(struct eng_keep *) keeps; /* to be remembered once the turn is durable */
    uint32_t keeping;                /* on their way: no snapshot goes past them */
    struct pl_timer timer;
    struct pl_engine *e;
    bool dirty, broken, refused; /* refused: broken by the store alone */
    bool erased, listed;         /* listed: its row among the customer's conversations is written */
    int64_t touched_ms, dirty_ms;
    int64_t said_ms;              /* when its customer was last heard of */
    int64_t clock_ms;             /* when the rules look at the clock next, 0 not */
    int64_t busy_ms;              /* since when an effect is awaited, 0 not */
    bool typing;                  /* the clients were told so */
    uint64_t ticket;              /* of the last snapshot */
    struct eng_conv *prev, *next; /* all in memory, least recently touched first */
};

enum eng_keep_kind {
    ENG_KEEP_CHANGES, /* what is remembered of him changed */
    ENG_KEEP_EVENT,   /* an event waits for him */
    ENG_KEEP_TAKEN,   /* a conversation of his has it */
    ENG_KEEP_SWEEP,   /* events that waited too long are dropped */
    ENG_KEEP_ERASE    /* everything goes */
};

/* Something to be written of a customer. */
struct eng_keep {
    struct eng_keep *next;
    struct pl_engine *e;
    uint8_t kind; /* enum eng_keep_kind */
    uint8_t conversation[16], customer[16];
    bool consent;
    bool lasting;  /* CHANGES: his word about models, whatever he agreed to */
    int8_t turned; /* ... and it was another before: 1, he wants none; -1, he does not mind */
    bool asked;    /* its sender waits */
    int64_t at_ms;
    uint64_t ticket, key, what;  /* EVENT; TAKEN: the key */
    enum pl_err said;            /* EVENT: what became of it */
    struct eng_erasure *erasure; /* ERASE */
    /* CHANGES: names and JSON of values; EVENT: name and arguments; one text behind the other */
    struct pl_buf changes;
    struct pl_conv conv; /* the customer's stream */
    struct pl_journal_append append;
};

struct eng_client {
    uint64_t id;
    struct eng_conv *c;
    bool away; /* its conversation left memory under it, and is this one, seen up to `sent` */
    uint8_t conversation[16];
    uint64_t sent;
};

struct eng_id {
    uint8_t id[16];
};

struct eng_cached {
    struct pl_str key; /* owned with the value, one block */
    struct pl_str value;
    int64_t until_ms;
    uint64_t asked; /* the number of the call */
};

struct pl_engine {
    struct pl_engine_config config;
    struct pl_loop *loop;
    bool own_loop;
    pthread_t thread;
    struct pl_loop *aside; /* of the thread that opens and frees images; NULL: there is none */
    pthread_t aside_thread;
    struct eng_fetch *fetches; /* images being opened that conversations stand on */
    struct eng_fetch *wanted;  /* the one that what is under way cannot go on without */
    const uint8_t *missing;    /* an image that was not found, and is not looked for again */
    struct pl_store_port port;
    struct pl_post port_post;
    atomic_bool port_posted;
    struct pl_journal *journal, *api; /* api: of operators' verbs, behind the lock */
    pthread_mutex_t api_lock;         /* of api */
    pthread_mutex_t active_lock;      /* of active, which `status` reads on another thread */
    struct pl_vm *vm;
    struct pl_locale_tools *tools;
    struct pl_rand rand;
    struct pl_map convs;         /* by 16 id bytes */
    struct pl_map clients;       /* by 8 bytes of the number */
    uint32_t naway;              /* of them */
    PL_VEC(struct eng_id) again; /* the store refused them; loaded anew at a tick */
    struct eng_conv *oldest, *newest;
    PL_VEC(struct eng_image *) images;
    struct eng_image *active;
    struct eng_turn *pool;
    PL_VEC(struct pl_arena *) works; /* for turns to be made in: as many as were made at once */
    struct pl_map cache;             /* hook results */
    struct pl_map flights;           /* calls under way whose results will be there */
    struct eng_asking *asking;       /* turns of models under way */
    struct pl_buf buf, buf2;
    struct eng_keep *keep_first, *keep_last; /* the first is being appended */
    struct pl_timer tick, more;
    int64_t tended_ms;
    int64_t ticks_ms;    /* eng_ticks when the clock's monotonic time was 0 */
    int64_t lead_ms;     /* of ticks before the time of day, as the store has it */
    int64_t settle_ms;   /* in ticks: what was touched until then is written soon, not when idle */
    char rtl_locale[36]; /* as a conversation's: the last that was asked for */
    bool rtl;            /* ... and its answer */
    struct eng_shadow *shadow; /* NULL: none */
    struct eng_canary *canary; /* NULL: there never was one */
    uint64_t system_n, calls;
    bool timed; /* the turn under way */
    int64_t lap_ns;
    _Atomic uint64_t stages[ENG_STAGES][PL_ENGINE_BUCKETS];
    uint64_t laps;
    bool stopped; /* nothing begins any more, nobody is told */
    _Atomic uint64_t nconvs, nimages;
    struct pl_counter counters[PL_ENGINE_COUNTERS];
    pthread_mutex_t promises_lock;
    struct eng_promise *promises; /* of queues; their addresses stay */
};

#define ENG_COUNT(e, name) pl_count(&(e)->counters[PL_ENGINE_##name], 1)
/* What passed since the last lap was this stage's. */
static inline void eng_lap(struct pl_engine *e, enum pl_engine_count stage) {
    if (!e->timed) return;
    int64_t now = e->config.stopwatch();
    int64_t ns = now - e->lap_ns;
    unsigned bucket = 0;
    while (bucket < PL_ENGINE_BUCKETS - 1 && ns > (int64_t)pl_engine_bounds_us[bucket] * 1000)
        bucket++;
    pl_count(&e->counters[stage], (uint64_t)ns);
    /* this thread alone writes: no other look at it is needed */
    _Atomic uint64_t *n = &e->stages[stage - PL_ENGINE_STAGE_TAKE_NS][bucket];
    atomic_store_explicit(n, atomic_load_explicit(n, memory_order_relaxed) + 1,
                          memory_order_relaxed);
    e->lap_ns = now;
}
#define ENG_LAP(e, stage) eng_lap((e), PL_ENGINE_STAGE_##stage##_NS)
static inline void eng_timed(struct pl_engine *e, bool timed) {
    e->timed = timed;
    if (timed) e->lap_ns = e->config.stopwatch();
}

/* The time of day: of events, facts, and whatever is told. It may jump. */
static inline int64_t eng_now(const struct pl_engine *e) {
    return e->config.clock.wall_ms(e->config.clock.ctx);
}
/* Waiting goes by this one: it began as the time of day, and runs on whatever that does. */
static inline int64_t eng_ticks(const struct pl_engine *e) {
    return e->ticks_ms + e->config.clock.mono_us(e->config.clock.ctx) / 1000;
}
/* When the state's deadline is due, in ticks; 0: it has none. */
static inline int64_t eng_due(const struct eng_conv *c) {
    return c->deadline_ms ? c->deadline_ms + c->lead_ms : 0;
}

/* engine_image.c */
/* Opens and takes in, on this thread. */
enum pl_err pl_engine__image_add(struct pl_engine *e, struct pl_image *image,
                                 struct eng_image **out);
/* Opens all that a turn needs of it. Any thread, unless objects are borrowed (config.shared). */
enum pl_err pl_engine__image_open(struct pl_engine *e, struct pl_image *image,
                                  struct eng_image **out);
/* Among the engine's; frees it when there is one of its hash, and gives that. */
struct eng_image *pl_engine__image_take(struct pl_engine *e, struct eng_image *i);
/* No longer among them. */
void pl_engine__image_remove(struct pl_engine *e, struct eng_image *i);
struct eng_image *pl_engine__image_find(struct pl_engine *e, const uint8_t prefix[8]);
void pl_engine__image_use(struct eng_image *i);
void pl_engine__image_leave(struct pl_engine *e, struct eng_image **i);
void pl_engine__image_close(struct pl_engine *e, struct eng_image *i); /* one never taken in */
void pl_engine__life(struct pl_engine *e, struct eng_image *i, enum pl_engine_life life);
void pl_engine__lists_ask(struct pl_engine *e, struct eng_image *i, bool now);
/* Facts of queues and hours at this time. */
void pl_engine__facts(struct pl_engine *e, struct eng_image *i, int64_t now_ms,
                      struct pl_vm_event *event);
bool pl_engine__matches(void *ctx, const struct pl_image *image, uint32_t regex,
                        struct pl_str text);

/* engine_version.c */
/* Runs on the engine's thread while who asks waits. */
struct eng_errand {
    struct pl_post post;
    struct pl_engine *e;
    void (*run)(struct eng_errand *r); /* calls errand_end, then or later */
    pthread_mutex_t lock;
    pthread_cond_t done;
    bool finished;
    enum pl_err err;
};
enum pl_err pl_engine__errand(struct pl_engine *e, struct eng_errand *r,
                              void (*run)(struct eng_errand *r));
void pl_engine__errand_end(struct eng_errand *r, enum pl_err err);
void pl_engine__make_active(struct pl_engine *e, struct eng_image *i);
/* Images that nobody has used for a while leave memory. */
void pl_engine__images_sweep(struct pl_engine *e, int64_t now_ms);

/* engine_uses.c: which images conversations stand on, and which their entries name */
enum eng_ref { /* FLOW: within one of its flows; UNSURE: one of both, it was loaded */
               ENG_REF_ENTRIES = 'e',
               ENG_REF_FLOW = 'f',
               ENG_REF_UNSURE = '?'
};
/* A turn of the conversation names its image. */
void pl_engine__uses(struct eng_conv *c);
/* The rows to write, in the arena; and that they are written. */
#define ENG_REF_ROWS 8
size_t pl_engine__uses_rows(struct eng_conv *c, struct pl_arena *a, struct pl_store_row *rows);
void pl_engine__uses_written(struct pl_engine *e, struct eng_conv *c);
void pl_engine__uses_drop(struct pl_engine *e, const uint8_t id[16]);

/* engine_aside.c */
struct eng_fetch { /* an image that conversations stand on is opened aside */
    struct pl_post post;
    struct pl_engine *e;
    struct eng_fetch *next;
    uint8_t prefix[8];
    struct eng_image *image;         /* NULL: it is not there */
    struct eng_input *first, **last; /* what waits for it, in its order */
};
enum pl_err pl_engine__aside_start(struct pl_engine *e);
void pl_engine__aside_stop(struct pl_engine *e); /* what was begun is ended */
/* Begins to open it, or is at it: e->wanted. */
void pl_engine__fetch(struct pl_engine *e, const uint8_t prefix[8]);
/* The input goes on when what is wanted has come, or cannot come. False: nothing is wanted. */
bool pl_engine__park(struct pl_engine *e, struct eng_input *in);
/* Something of its client's waits: then so does this. */
bool pl_engine__parked_with(struct pl_engine *e, struct eng_input *in);
void pl_engine__fetches_free(struct pl_engine *e);
/* Frees it where nobody waits. */
void pl_engine__image_free(struct pl_engine *e, struct eng_image *i);
/* Images kept the thread since then. */
int64_t pl_engine__hold_begin(const struct pl_engine *e);
void pl_engine__hold_end(struct pl_engine *e, int64_t since_ns);

/* engine_read.c */
struct eng_said {
    uint8_t said;
    bool card;          /* a payment card was masked in it */
    struct pl_str text; /* masked words, or the id; a file's four lines */
    struct pl_str label;
};
void pl_engine__read(struct pl_engine *e, struct eng_conv *c, struct pl_arena *a,
                     const struct eng_said *said, struct pl_vm_event *event);
/* The customer's word about the conversation itself, or about models. */
bool pl_engine__commands(const struct pl_program *p, uint32_t intent);
/* What the state's earlier messages say of the options that it looks at; false: it is no state. */
bool pl_engine__named(struct pl_engine *e, struct eng_conv *c, struct pl_arena *a,
                      struct pl_vm_event *event);
/* The words of an offered choice or button as the customer saw them; false: not offered. */
bool pl_engine__label(struct pl_engine *e, struct eng_conv *c, struct pl_arena *a,
                      const struct eng_said *said, struct pl_str *label);

/* engine_heard.c */
/* Is all that the reading of this text needs there? If not it has been asked for, and the
 * conversation advances when it has come or cannot come any more. */
bool pl_engine__heard(struct pl_engine *e, struct eng_conv *c, struct pl_str masked);
/* What was found in the text. */
void pl_engine__given(const struct eng_conv *c, struct pl_str masked, struct pl_nlp_context *ctx);
void pl_engine__heard_free(struct eng_conv *c);

/* engine_promise.c: whether queues keep what they promise */

/* The queues of a program that promise something are counted from now on. */
void pl_engine__promises(struct pl_engine *e, const struct pl_program *p);
/* It was answered now. */
void pl_engine__promise_kept(struct pl_engine *e, const struct eng_handoff *h);
void pl_engine__promises_free(struct pl_engine *e);

/* engine_article.c */
void pl_engine__articles_open(const struct pl_image *image, struct pl_locale_tools *tools,
                              struct eng_articles *out);
void pl_engine__articles_close(struct eng_articles *articles);
/* Takes back a weak guess where an article surely answers and the message would come to it. */
void pl_engine__article_first(struct pl_engine *e, struct eng_conv *c,
                              const struct pl_vm_view *view, const struct pl_nlp_reading *r,
                              struct pl_vm_reading *out);

/* engine_shared.c: tools and recognisers, its own or borrowed */
struct pl_locale_tools *pl_engine__tools(const struct pl_engine_config *config);
void pl_engine__tools_free(struct pl_engine *e);
enum pl_err pl_engine__reader(struct pl_engine *e, struct eng_image *i);
void pl_engine__reader_free(struct pl_engine *e, struct eng_image *i);

/* engine_say.c */
struct pl_locale *pl_engine__locale(struct pl_engine *e, const struct eng_conv *c);
struct pl_str pl_engine__text(struct pl_engine *e, const struct eng_conv *c,
                              const struct pl_vm_text *t, struct pl_arena *a, int64_t now_ms);
/* buttons: the number of the next button, counted on. */
struct pl_str pl_engine__say(struct pl_engine *e, struct eng_conv *c, const struct pl_vm_say *say,
                             struct pl_arena *a, int64_t now_ms, uint32_t *buttons);
/* The id under which a button of this step is offered. */
void pl_engine__button_id(char out[40], uint32_t number);

/* engine_conv.c */
struct eng_conv *pl_engine__conv_new(struct pl_engine *e, const uint8_t id[16]);
enum pl_err pl_engine__conv_load(struct pl_engine *e, const uint8_t id[16], struct eng_conv **out);
void pl_engine__conv_free(struct pl_engine *e, struct eng_conv **c);
void pl_engine__conv_touch(struct pl_engine *e, struct eng_conv *c);
enum pl_err pl_engine__conv_save(struct pl_engine *e, struct eng_conv *c);
struct eng_conv *pl_engine__conv_find(struct pl_engine *e, const uint8_t id[16]);
/* Takes over the outcome of a step into the record: state, effects, buttons. */
void pl_engine__absorb(struct pl_engine *e, struct eng_conv *c, const struct pl_vm_event *event,
                       const struct pl_vm_result *r);
/* Who has the conversation now; while it is not the bot, no message waits for a turn. */
void pl_engine__with(struct eng_conv *c, uint8_t with);
/* The image that its flows go on with; buttons offered before go where the new one has them. */
void pl_engine__conv_image(struct pl_engine *e, struct eng_conv *c, struct eng_image *i);
/* The like for a conversation in the midst of it, which stays when it cannot be moved. */
bool pl_engine__conv_move(struct pl_engine *e, struct eng_conv *c, struct eng_image *i);
void pl_engine__set_locale(struct eng_conv *c, struct pl_str locale);
/* A guessed locale follows the language of the first message that tells one; any locale follows
 * what several messages say (docs/UNDERSTANDING.md). From the event and the record alone: a replay
 * does the same. */
void pl_engine__follow_language(struct eng_conv *c, const struct pl_vm_event *event);
/* Remembers an arrival for dedupe. */
void pl_engine__remember(struct eng_conv *c, struct pl_engine_cid cid, uint64_t hash, uint64_t seq);
struct eng_client_memory *pl_engine__memory(struct eng_conv *c, uint64_t instance, bool make);
void pl_engine__inbox_push(struct eng_conv *c, uint64_t n, const struct eng_said *said);
void pl_engine__inbox_pop(struct eng_conv *c, uint64_t n);
struct eng_effect *pl_engine__effect(struct eng_conv *c, uint64_t effect);
void pl_engine__effect_drop(struct pl_engine *e, struct eng_conv *c, uint64_t effect);
bool pl_engine__is_definite(const struct pl_vm_event *event);
/* The image that these bytes name, from memory or from the folder; NULL: it is not there. */
struct eng_image *pl_engine__image_of(struct pl_engine *e, const uint8_t prefix[8]);
/* What the record is, as bytes; reading needs the image set. */
void pl_engine__record_write(struct pl_buf *b, const struct eng_conv *c);
enum pl_err pl_engine__record_read(struct pl_engine *e, struct eng_conv *c, struct pl_str bytes);
/* The view of a state that no step has just given. */
enum pl_err pl_engine__conv_look(struct pl_engine *e, struct eng_conv *c);
struct eng_again { /* a step played again */
    struct pl_vm_event event;
    struct pl_vm_result result;
    struct pl_entry *shown; /* if wanted: what the step shows now */
};
/* A turn's step again, as its entry has it. secret: of the entry, revealed. */
enum pl_err pl_engine__turn_again(struct pl_engine *e, struct eng_conv *c, struct pl_arena *a,
                                  const struct pl_entry *entry, struct pl_str secret,
                                  struct eng_again *out);
/* What an entry that is no turn does to the record, votes left aside. */
void pl_engine__record_again(struct eng_conv *c, const struct pl_entry *entry);

/* engine_turn.c */
/* Fills the entry with what the customer sees of the step, its image, its other effects, its hash.
 * False: an entry does not hold all of it. */
bool pl_engine__shown(struct pl_engine *e, struct eng_conv *c, struct pl_arena *a,
                      const struct pl_vm_event *event, const struct pl_vm_result *r,
                      struct pl_entry *entry);
void pl_engine__input(struct pl_engine *e, struct eng_conv *c, struct eng_input *in);
/* Adds an entry to the turn's append. False: the conversation is broken. */
bool pl_engine__add(struct pl_engine *e, struct eng_turn *t, struct pl_entry *entry);
void pl_engine__input_first(struct eng_conv *c, struct eng_input *in);
struct eng_input *pl_engine__input_new(struct pl_engine *e, enum eng_kind kind, struct pl_str text,
                                       struct pl_str more, struct pl_str epoch);
void pl_engine__step(struct pl_engine *e, struct eng_conv *c, struct eng_turn *t,
                     struct pl_vm_event *event, uint64_t of);
/* The event with what the engine knows of now. _event: the conversation goes over to the active
 * image first, if it may; _look: it does not. */
void pl_engine__event(struct pl_engine *e, struct eng_conv *c, enum pl_vm_event_kind kind,
                      struct pl_vm_event *event);
void pl_engine__look(struct pl_engine *e, struct eng_conv *c, enum pl_vm_event_kind kind,
                     struct pl_vm_event *event);
void pl_engine__fail(struct pl_engine *e, struct eng_conv *c, const char *what, enum pl_err err);
void pl_engine__advance(struct pl_engine *e, struct eng_conv *c);
void pl_engine__schedule(struct pl_engine *e, struct eng_conv *c);

/* engine_guard.c */
struct eng_guard_sum {
    uint64_t n, bad;
};
struct eng_guard {                           /* [1] the canary, [0] beside it */
    struct eng_guard_sum seen[2], tested[2]; /* of all; of whole blocks */
    double evidence;                         /* a logarithm */
    uint64_t waiting;                        /* of the canary, for the next blocks, oldest low */
    uint32_t nwaiting, block, block_bad;     /* block: beside it, under way */
};
/* Another conversation is over. m: of those beside the canary to one of its own. */
void pl_engine__guard_seen(struct eng_guard *g, bool canary, bool bad, uint32_t m);
bool pl_engine__guard_worse(const struct eng_guard *g, uint32_t nguards);
uint32_t pl_engine__guard_block(uint32_t share);

/* engine_canary.c */
bool pl_engine__in_share(const uint8_t id[16], uint32_t share, const char *salt);
/* The image that the conversation runs on when its flows let it. */
struct eng_image *pl_engine__home(const struct pl_engine *e, const struct eng_conv *c);
void pl_engine__canary_step(struct eng_conv *c, const struct pl_vm_event *event,
                            const struct pl_vm_result *r);
/* The conversation leaves memory because its customer did. */
void pl_engine__canary_left(struct pl_engine *e, struct eng_conv *c);
void pl_engine__canary_tick(struct pl_engine *e);
void pl_engine__canary_activated(struct pl_engine *e);
void pl_engine__canary_restore(struct pl_engine *e);
void pl_engine__canary_free(struct pl_engine *e);
/* Opens the member that tells of flows being tried out: which, with how many, since when. */
void pl_engine__tried_open(struct pl_jw *w, const char *name, const uint8_t hash[32],
                           uint32_t share, int64_t since_ms);
void pl_engine__canary_write(const struct pl_engine *e, struct pl_jw *w);

/* engine_shadow.c */
void pl_engine__shadow_begin(struct pl_engine *e, struct eng_conv *c);
void pl_engine__shadow_entry(struct pl_engine *e, struct eng_conv *c, const struct pl_entry *entry,
                             const struct pl_engine_step *step);
void pl_engine__shadow_end(struct eng_conv *c);
void pl_engine__shadow_free(struct pl_engine *e);
void pl_engine__shadow_list(const struct eng_shadow *s, struct pl_engine_version *out);

/* engine_player.c */
/* Shows a conversation as its snapshot has it. PL_UNAVAILABLE: its image is not there. */
enum pl_err pl_engine__player_peek(
    struct pl_engine_player *p, const uint8_t id[16], const struct pl_snapshot *snap,
    void (*see)(void *ctx, struct pl_engine *e, const struct eng_conv *c), void *ctx);
/* An entry that is no turn: what of it is not the lane's own doing. */
void pl_engine__lane_note(struct pl_engine_lane *l, const struct pl_entry *entry);
int64_t pl_engine__lane_due(const struct pl_engine_lane *l); /* its timer; 0: none */
bool pl_engine__lane_busy(const struct pl_engine_lane *l);   /* a result is awaited */

/* engine.c: takes the same time wherever they differ */
bool pl_engine__same_hash(const uint8_t a[32], const uint8_t b[32]);

/* engine_file.c */
void pl_engine__wants(struct pl_engine *e, struct eng_conv *c, struct pl_arena *a,
                      struct eng_input *in);

/* engine_event.c */
/* What the active program says of the event; the arguments as a record. PL_TYPE: `why`. */
enum pl_err pl_engine__declared(struct pl_engine *e, struct pl_arena *a, struct pl_str name,
                                struct pl_str args, struct pl_value *value, struct pl_str *why);
/* The arguments by the conversation's own program. */
bool pl_engine__event_args(const struct eng_conv *c, struct pl_arena *a, struct pl_str name,
                           struct pl_str args, struct pl_value *value);
uint64_t pl_engine__key(struct pl_str key);
uint64_t pl_engine__what(struct pl_str name, struct pl_value args);
/* Has the conversation this key, or will it have? */
bool pl_engine__knows_key(const struct eng_conv *c, uint64_t key);
/* The arguments of the event that is the customer's word about models. */
bool pl_engine__says_no_model(struct pl_value args);
void pl_engine__happened(struct pl_engine *e, struct eng_conv *c, struct eng_turn *t,
                         const struct eng_input *in);
void pl_engine__remember_key(struct eng_conv *c, const struct pl_vm_event *event);
/* Rules that look at the clock: once a minute while the customer is there and a question is open
 * or an answer is on its way. */
void pl_engine__clock(struct pl_engine *e, struct eng_conv *c, struct eng_turn *t);
int64_t pl_engine__clock_at(struct pl_engine *e, const struct eng_conv *c, int64_t now_ms);
void pl_engine__told(struct pl_engine *e, uint64_t ticket, enum pl_err err, struct pl_str why);
/* Frees it; one with a ticket that was not handled is answered. */
void pl_engine__input_free(struct pl_engine *e, struct eng_input *in, enum pl_err err);

/* engine_agent.c */
void pl_engine__agent(struct pl_engine *e, struct eng_conv *c, struct eng_turn *t,
                      const struct eng_input *in);
/* The like, read back from its entry. */
void pl_engine__agent_again(struct eng_conv *c, const struct pl_entry_agent *v);

/* engine_customer.c */
bool pl_engine__is_nobody(const uint8_t customer[16]);
/* Fills the event of an open's identity: what is remembered of the customer. */
/* Gives whether events wait for him, too. */
bool pl_engine__recall(struct pl_engine *e, struct eng_conv *c, struct pl_arena *a,
                       struct pl_vm_event *event);
void pl_engine__keep(struct pl_engine *e, struct eng_conv *c, const struct pl_vm_effect *v,
                     int64_t now_ms);
/* Does what is remembered of him say that he wants no model? What cannot be read says so. */
bool pl_engine__refused_models(struct pl_engine *e, const uint8_t customer[16]);
/* The shop says so, or not any more, for him. */
struct eng_keep *pl_engine__keep_no_model(struct pl_engine *e, const uint8_t customer[16], bool no);
/* What the conversation wants remembered is on disk with it: now it may be. */
void pl_engine__keep_start(struct pl_engine *e, struct eng_conv *c);
void pl_engine__keep_free(struct eng_keep **k);
struct eng_keep *pl_engine__keep_new(struct pl_engine *e, enum eng_keep_kind kind,
                                     const uint8_t customer[16]);
/* Behind what is to be written already; takes it over. */
void pl_engine__keep_add(struct pl_engine *e, struct eng_keep *k);
/* What waits to be written of the customer is not written any more, but for the first. */
void pl_engine__keeps_drop(struct pl_engine *e, const uint8_t customer[16]);
struct eng_kept { /* an event that waits for its customer */
    uint64_t key, what;
    int64_t at_ms;
    struct pl_str name, args;
};
/* Those that wait for him now, oldest first, at most PL_VM_HELD. */
uint32_t pl_engine__waiting(struct pl_engine *e, const uint8_t customer[16], struct pl_arena *a,
                            struct eng_kept *out);
void pl_engine__sweep(struct pl_engine *e);

/* engine_person.c: a customer's conversations, and what is sent to him or erased */
void pl_engine__list(struct pl_engine *e, struct eng_conv *c);
void pl_engine__to_customer(struct pl_engine *e, struct eng_input *in);
void pl_engine__kept(struct pl_engine *e, struct eng_conv *c, struct eng_turn *t);
/* The event, if it was a kept one, does not wait any more. */
void pl_engine__taken(struct pl_engine *e, struct eng_conv *c, const struct pl_vm_event *event);
void pl_engine__forget_customer(struct pl_engine *e, struct eng_input *in);
void pl_engine__erase(struct pl_engine *e, struct eng_conv *c, const struct eng_input *in);
void pl_engine__erased(struct pl_engine *e, struct eng_erasure *x, enum pl_err err);
void pl_engine__drop_rows(struct pl_engine *e, const uint8_t id[16]);

/* engine_hook.c */
/* Nobody waits for it any more: a read that nobody else waits for either is ended. */
void pl_engine__hook_cancel(struct pl_engine *e, const struct eng_effect *fx);
void pl_engine__hook_start(struct pl_engine *e, struct eng_conv *c, struct eng_effect *fx);
/* Starts again what is due; gives when the next one is, 0 none. */
int64_t pl_engine__hooks_again(struct pl_engine *e, struct eng_conv *c, int64_t now_ms);
void pl_engine__cache_free(struct pl_engine *e);
struct pl_value *pl_engine__args(struct pl_arena *a, const struct pl_buf *b, uint32_t n);

/* engine_model.c */
void pl_engine__model_start(struct pl_engine *e, struct eng_conv *c, struct eng_effect *fx);
/* Nobody waits for it any more. */
void pl_engine__model_cancel(struct pl_engine *e, struct eng_conv *c, struct eng_effect *fx);
void pl_engine__model_event(const struct eng_input *in, struct pl_arena *a,
                            struct pl_vm_event *event);
/* Shows what models wrote while a turn was being written to disk. */
void pl_engine__drafts(struct pl_engine *e, struct eng_conv *c);

/* Adds a vote's entry when it is news; false: nothing there asks for one. */
bool pl_engine__rate(struct pl_engine *e, struct eng_conv *c, struct eng_turn *t,
                     const struct eng_input *in);
/* A vote that is on disk is counted, once however often it is told. */
void pl_engine__voted(struct pl_engine *e, const struct eng_conv *c,
                      const struct pl_entry_rated *vote);
void pl_engine__votes_drop(struct pl_engine *e, const uint8_t id[16]);
void pl_engine__viewed(struct pl_engine *e, const struct eng_input *in);
void pl_engine__askings_free(struct pl_engine *e);
/* No text of this conversation's may go to a model. */
bool pl_engine__no_model(struct pl_engine *e, const struct eng_conv *c);
/* After each step, whose entry it is: up to where models may read nothing. */
void pl_engine__models_unread(struct eng_conv *c, const struct pl_vm_event *event,
                              const struct pl_entry *entry);
/* Loaded, it may not have heard of it yet that the customer wants none. */
void pl_engine__models_again(struct pl_engine *e, struct eng_conv *c, struct eng_turn *t);
/* The customer wants no model from now on: what one has under way is ended. */
void pl_engine__models_stop(struct pl_engine *e, struct eng_conv *c);
/* What the words of a message say of models: 1, none; -1, they may; 0, nothing. */
int pl_engine__said_of_models(const struct eng_conv *c, const struct pl_vm_reading *r);
/* His word about models, heard beside the flows. */
void pl_engine__step_no_model(struct pl_engine *e, struct eng_conv *c, struct eng_turn *t, bool no,
                              bool remembered);
/* Every conversation of his that is in memory and does not know it yet hears of it. */
void pl_engine__tell_no_model(struct pl_engine *e, const uint8_t customer[16], bool no);

/* engine_queue.c */
/* A hand-over as JSON. */
struct pl_str pl_engine__handoff(struct pl_engine *e, struct eng_conv *c,
                                 const struct pl_vm_effect *fx, struct pl_arena *a, int64_t now_ms);
/* It is people's now: entry n of this time. */
void pl_engine__handoff_add(struct eng_conv *c, uint64_t n, int64_t at_ms, struct pl_str json);
/* A hand-over that is remembered, 0 for the last; or NULL. */
const struct eng_handoff *pl_engine__handoff_find(const struct eng_conv *c, uint64_t n);
/* False: there is none such on the list. */
/* Marks it as answered; gives it when it was not before, else NULL. */
const struct eng_handoff *pl_engine__handoff_answered(struct eng_conv *c, uint64_t n);
bool pl_engine__handoff_done(struct eng_conv *c, uint64_t n);
/* The customer says something that no bot answers: with no hand-over of his on the list the last
 * one is on it again. True: so it was. */
bool pl_engine__handoff_again(struct eng_conv *c);
bool pl_engine__handoff_hidden(const struct eng_conv *c); /* rows of the list are to be written */
/* The rows to write, in the arena; after that they are as good as written. */
size_t pl_engine__handoff_rows(struct pl_engine *e, struct eng_conv *c, struct pl_arena *a,
                               struct pl_store_row *rows, size_t most);
void pl_engine__handoff_shown(struct eng_conv *c);
void pl_engine__handoff_free(struct eng_conv *c);
/* What the next hand-over carries; too much of it is cut. */
void pl_engine__note(struct eng_conv *c, struct pl_str text);
void pl_engine__notes_free(struct eng_conv *c);
extern const char *const pl_engine__modes[4]; /* "now" "offer" "callback" "message" */

/* engine.c */
void pl_engine__command(struct pl_engine *e, struct eng_input *in);
void pl_engine__post(struct pl_engine *e, struct eng_input *in);
void pl_engine__trace(struct pl_engine *e, const char *format, ...) PL_PRINTF(2, 3);
struct eng_client *pl_engine__client(struct pl_engine *e, uint64_t id);
/* A client that left meanwhile stays away. */
void pl_engine__attach(struct pl_engine *e, struct eng_conv *c, uint64_t client, uint64_t sent);
/* The clients that a conversation had when it left memory. */
void pl_engine__attach_again(struct pl_engine *e, struct eng_conv *c);
void pl_engine__error(struct pl_engine *e, uint64_t client, enum pl_engine_error code,
                      struct pl_engine_cid cid);

#endif
