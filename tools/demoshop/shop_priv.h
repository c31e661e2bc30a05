/* SPDX-License-Identifier: Apache-2.0
 *
 * The demo shop: a small HTTP service with believable data, so that everything runs on a fresh
 * machine, and with faults that can be switched on, so that everything can be tested.
 *
 * One thread. Data lives in memory; each write that was acted upon is one line in the data file,
 * synced before the reply, and is played again at the next start. A write's Idempotency-Key makes a
 * repeat give the first reply without acting again.
 */
#ifndef SHOP_PRIV_H
#define SHOP_PRIV_H

#include "runtime/base/base.h"
#include "runtime/value/value.h"

enum { SHOP_LINES = 4, SHOP_SIZES = 6, SHOP_PARAMS = 2, SHOP_CODES = 32, SHOP_EMAIL = 128 };

/* ---- data ---- */

struct shop_size {
    const char *name;
    int units;
};

struct shop_product {
    int number; /* PROD-000042 */
    const char *name, *kind, *colour;
    int cents, list_cents;
    int rating10, reviews;
    struct shop_size sizes[SHOP_SIZES]; /* ends at a NULL name */
};

struct shop_line {
    int product;
    const char *size;
    int quantity;
};

struct shop_order {
    const char *id, *user, *status;
    const char *place;      /* NULL: not under way */
    int eta_days;           /* from today; -1: none */
    int delivered_days_ago; /* -1: not delivered */
    const char *tracking;
    const char *payment; /* PAID FAILED PENDING REFUNDED */
    const char *return_tracking;
    struct shop_line lines[SHOP_LINES]; /* ends at product 0 */
    char address[256], returned[16];
};

struct shop_user {
    const char *id, *name, *email, *phone, *segment;
    char language[16];
};

extern const struct shop_product shop_products[];
extern const size_t shop_nproducts;
extern const struct shop_order shop_orders[];
extern const size_t shop_norders;
extern const struct shop_user shop_users[];
extern const size_t shop_nusers;

const struct shop_product *shop_product_of(struct pl_str id);
const struct shop_product *shop_product_numbered(int number);
/* The first product whose name has all the words of `name`; NULL: none. */
const struct shop_product *shop_product_named(struct pl_str name);

/* ---- requests and replies ---- */

struct shop_request {
    struct pl_str method, path, query, body, key;
    bool keep_alive;
};

struct shop_reply {
    int status;
    const char *type;
    struct pl_buf body;
};

/* ---- faults ---- */

struct shop_fault {
    char prefix[64]; /* of paths; "" is all */
    int slow_ms;
    double error, garbage, lost;
};

/* "slow=300ms,error=0.1,garbage=0.05,lost=1.0" or "none". */
bool shop_fault_parse(struct pl_str text, struct shop_fault *out);

/* ---- the shop ---- */

/* A write that was acted upon. */
struct shop_acted {
    char *key, *what; /* method, path and body */
    int times, status;
    char *body;
};

/* A one-time code that was sent; all zero: none. */
struct shop_code {
    char email[SHOP_EMAIL], code[7];
    int64_t sent_ms;
    int tries;
};

struct shop {
    struct pl_arena arena; /* of the request at hand */
    struct shop_order *orders;
    struct shop_user *users;
    int returns, carts;
    size_t slowed; /* replies held back by a fault */
    struct {
        struct shop_acted *v;
        size_t n, cap;
    } acted;
    struct {
        struct shop_fault *v;
        size_t n, cap;
    } faults;
    struct shop_code codes[SHOP_CODES];
    struct pl_rand rand;
    struct pl_clock clock;
    char base[64]; /* "http://127.0.0.1:8081" */
    int data_fd;   /* -1: nothing is kept */
};

enum pl_err shop_open(struct shop *s, const char *data_path);
void shop_close(struct shop *s);

/* What the faults make of it. */
struct shop_manner {
    int delay_ms;
    bool drop; /* close without a reply */
};
void shop_answer(struct shop *s, const struct shop_request *request, struct shop_reply *reply,
                 struct shop_manner *manner);

/* The endpoint itself: no faults, no key. */
void shop_route(struct shop *s, const struct shop_request *request, struct shop_reply *reply);
void shop_picture(const struct shop_product *p, struct shop_reply *reply);
void shop_page(const struct shop *s, const struct shop_product *p, struct shop_reply *reply);
void shop_error(struct shop_reply *reply, int status, const char *text);

/* Makes a code and puts it into the outbox; false: that is no address. */
bool shop_code_send(struct shop *s, struct pl_str email);
enum shop_code_answer { SHOP_CODE_RIGHT, SHOP_CODE_WRONG, SHOP_CODE_OLD };
enum shop_code_answer shop_code_check(struct shop *s, struct pl_str email, struct pl_str code);
void shop_outbox(const struct shop *s, struct shop_reply *reply);

/* Serves until SIGTERM or SIGINT; prints the address first. */
enum pl_err shop_serve(struct shop *s, const char *host, int port);

#endif
