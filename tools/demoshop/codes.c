/* SPDX-License-Identifier: Apache-2.0
 *
 * One-time codes by e-mail. The demo shop sends no mail: a developer reads it at /outbox. Codes
 * live in memory alone; a restart forgets them.
 */
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#include "shop_priv.h"

#define CODE_MS    600000 /* ten minutes */
#define CODE_TRIES 5
#define ANOTHER_MS 30000 /* who asks again at once is sent no second mail */

static bool same_address(struct pl_str a, const char *b) {
    return a.n == strlen(b) && strncasecmp(a.p, b, a.n) == 0;
}

static struct shop_code *code_of(struct shop *s, struct pl_str email) {
    for (size_t i = 0; i < SHOP_CODES; i++)
        if (email.n && same_address(email, s->codes[i].email)) return &s->codes[i];
    return NULL;
}

static struct shop_code *oldest(struct shop *s) {
    struct shop_code *c = &s->codes[0];
    for (size_t i = 1; i < SHOP_CODES; i++)
        if (s->codes[i].sent_ms < c->sent_ms) c = &s->codes[i];
    return c;
}

/* Every code is as likely as any other: what is left over above a multiple is drawn again. */
static void draw(char out[7]) {
    uint32_t n = UINT32_MAX;
    while (n >= UINT32_MAX - UINT32_MAX % 1000000)
        if (getrandom(&n, sizeof n, 0) != (ssize_t)sizeof n) n = UINT32_MAX;
    snprintf(out, 7, "%06u", n % 1000000);
}

static bool is_address(struct pl_str email) {
    size_t at = pl_str_find(email, PL_STR("@"));
    return at != SIZE_MAX && at > 0 && at + 1 < email.n && email.n < SHOP_EMAIL;
}

bool shop_code_send(struct shop *s, struct pl_str email) {
    int64_t now = s->clock.wall_ms(s->clock.ctx);
    struct shop_code *c = code_of(s, email);
    if (!is_address(email)) return false;
    if (c && c->sent_ms + ANOTHER_MS > now && c->tries < CODE_TRIES) return true;
    if (!c) c = oldest(s);
    *c = (struct shop_code){.sent_ms = now};
    snprintf(c->email, sizeof c->email, "%.*s", PL_STR_ARG(email));
    draw(c->code);
    return true;
}

/* Looks at all digits, wherever they differ. */
static bool same_digits(const char a[7], struct pl_str b) {
    unsigned differ = b.n != 6;
    for (size_t i = 0; i < 6 && b.n == 6; i++) differ |= (unsigned)(a[i] ^ b.p[i]);
    return differ == 0;
}

enum shop_code_answer shop_code_check(struct shop *s, struct pl_str email, struct pl_str code) {
    struct shop_code *c = code_of(s, email);
    if (!c || s->clock.wall_ms(s->clock.ctx) > c->sent_ms + CODE_MS) return SHOP_CODE_OLD;
    if (c->tries >= CODE_TRIES) return SHOP_CODE_OLD;
    c->tries++;
    if (!same_digits(c->code, code)) return SHOP_CODE_WRONG;
    *c = (struct shop_code){0}; /* good once */
    return SHOP_CODE_RIGHT;
}

static void put_escaped(struct pl_buf *b, const char *text) {
    for (; *text; text++) {
        if (strchr("<>&\"'", *text))
            pl_buf_printf(b, "&#%d;", *text);
        else
            pl_buf_byte(b, (uint8_t)*text);
    }
}

void shop_outbox(const struct shop *s, struct shop_reply *reply) {
    struct pl_buf *b = &reply->body;
    reply->status = 200;
    reply->type = "text/html; charset=utf-8";
    pl_buf_c(
        b, "<!doctype html><title>Outbox</title><h1>Mail that the demo shop would have sent</h1>");
    for (size_t i = 0; i < SHOP_CODES; i++) {
        const struct shop_code *c = &s->codes[i];
        if (!c->sent_ms) continue;
        pl_buf_c(b, "<p>To <b>");
        put_escaped(b, c->email);
        pl_buf_printf(b, "</b>: your code is <code>%s</code>. It is good for ten minutes.</p>",
                      c->code);
    }
}
