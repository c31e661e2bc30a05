/* SPDX-License-Identifier: Apache-2.0
 *
 * The endpoints. Each handler reads the request and writes its reply's JSON; writers change the
 * shop's memory only when they answer 200.
 */
#include <string.h>
#include <time.h>

#include "shop_priv.h"

/* One request on its way through its handler. */
struct turn {
    struct shop *shop;
    const struct shop_request *request;
    struct shop_reply *reply;
    struct pl_str params[SHOP_PARAMS];
    struct pl_json body; /* null when there is none */
    struct pl_jw w;
};

/* ---- small things ---- */

static void name_text(struct turn *t, const char *name, const char *text) {
    pl_jw_name(&t->w, name);
    if (text)
        pl_jw_text(&t->w, pl_str_c(text));
    else
        pl_jw_null(&t->w);
}

static void name_int(struct turn *t, const char *name, int64_t n) {
    pl_jw_int_member(&t->w, name, n);
}

static void name_money(struct turn *t, const char *name, int cents) {
    char text[32];
    snprintf(text, sizeof text, "%d.%02d", cents / 100, cents % 100);
    pl_jw_name(&t->w, name);
    pl_jw_raw(&t->w, pl_str_c(text));
}

static void name_currency(struct turn *t) {
    name_text(t, "currency", "USD");
}

/* Eight in the evening, `days` from today, where the shop is. */
static void name_evening(struct turn *t, const char *name, int days) {
    time_t now = (time_t)(t->shop->clock.wall_ms(t->shop->clock.ctx) / 1000);
    struct tm tm;
    char text[26];
    localtime_r(&now, &tm);
    tm.tm_mday += days;
    tm.tm_hour = 20;
    tm.tm_min = tm.tm_sec = 0;
    tm.tm_isdst = -1;
    pl_datetime_print((int64_t)mktime(&tm) * 1000, text);
    name_text(t, name, text);
}

static void open_reply(struct turn *t) {
    t->reply->status = 200;
    t->w = (struct pl_jw){.b = &t->reply->body};
    pl_jw_open(&t->w, '{');
}

static void close_reply(struct turn *t) {
    pl_jw_close(&t->w, '}');
}

static void reply_done(struct turn *t) {
    open_reply(t);
    pl_jw_name(&t->w, "ok");
    pl_jw_bool(&t->w, true);
    close_reply(t);
}

static void refuse(struct turn *t, int status, const char *text) {
    shop_error(t->reply, status, text);
}

/* The value of ?name=, decoded. */
static struct pl_str query_text(struct turn *t, const char *name) {
    struct pl_str q = t->request->query;
    size_t n = strlen(name);
    while (q.n) {
        const char *end = memchr(q.p, '&', q.n);
        size_t len = end ? (size_t)(end - q.p) : q.n;
        if (len > n && q.p[n] == '=' && memcmp(q.p, name, n) == 0) {
            char *out = pl_arena_alloc(&t->shop->arena, len + 1);
            size_t used = 0;
            for (size_t i = n + 1; i < len; i++) {
                uint8_t byte = (uint8_t)q.p[i];
                if (byte == '+') byte = ' ';
                if (byte == '%' && i + 2 < len &&
                    pl_unhex((struct pl_str){q.p + i + 1, 2}, &byte, 1))
                    i += 2;
                out[used++] = (char)byte;
            }
            return (struct pl_str){out, used};
        }
        q = end ? (struct pl_str){end + 1, q.n - len - 1} : (struct pl_str){q.p, 0};
    }
    return q;
}

static struct shop_order *order_of(struct turn *t, struct pl_str id) {
    for (size_t i = 0; i < shop_norders; i++)
        if (pl_str_is(id, t->shop->orders[i].id)) return &t->shop->orders[i];
    return NULL;
}

static int order_total(const struct shop_order *o) {
    int cents = 0;
    for (size_t i = 0; i < SHOP_LINES && o->lines[i].product; i++)
        cents += shop_product_numbered(o->lines[i].product)->cents * o->lines[i].quantity;
    return cents;
}

/* ---- products ---- */

static void product_links(struct turn *t, const struct shop_product *p) {
    struct pl_arena *a = &t->shop->arena;
    name_text(t, "productId", pl_arena_printf(a, "PROD-%06d", p->number).p);
    name_text(t, "name", p->name);
    name_text(t, "image", pl_arena_printf(a, "%s/img/PROD-%06d.svg", t->shop->base, p->number).p);
    name_text(t, "url", pl_arena_printf(a, "%s/p/%d", t->shop->base, p->number).p);
}

static void product_stock(struct turn *t, const struct shop_product *p) {
    pl_jw_name(&t->w, "stock");
    pl_jw_open(&t->w, '{');
    for (size_t i = 0; i < SHOP_SIZES && p->sizes[i].name; i++)
        name_int(t, p->sizes[i].name, p->sizes[i].units);
    pl_jw_close(&t->w, '}');
    pl_jw_name(&t->w, "sizes"); /* an object has no order */
    pl_jw_open(&t->w, '[');
    for (size_t i = 0; i < SHOP_SIZES && p->sizes[i].name; i++)
        pl_jw_text(&t->w, pl_str_c(p->sizes[i].name));
    pl_jw_close(&t->w, ']');
}

static void product_members(struct turn *t, const struct shop_product *p) {
    char rating[16];
    product_links(t, p);
    name_text(t, "category", p->kind);
    name_money(t, "price", p->cents);
    name_money(t, "listPrice", p->list_cents);
    name_currency(t);
    snprintf(rating, sizeof rating, "%d.%d", p->rating10 / 10, p->rating10 % 10);
    pl_jw_name(&t->w, "rating");
    pl_jw_raw(&t->w, pl_str_c(rating));
    name_int(t, "reviewCount", p->reviews);
    product_stock(t, p);
}

static void get_products(struct turn *t) {
    struct pl_str name = query_text(t, "name");
    if (name.n) {
        const struct shop_product *p = shop_product_named(name);
        if (!p) {
            refuse(t, 404, "no such product");
            return;
        }
        open_reply(t);
        product_members(t, p);
        close_reply(t);
        return;
    }
    open_reply(t);
    pl_jw_name(&t->w, "names");
    pl_jw_open(&t->w, '[');
    for (size_t i = 0; i < shop_nproducts; i++) pl_jw_text(&t->w, pl_str_c(shop_products[i].name));
    pl_jw_close(&t->w, ']');
    pl_jw_name(&t->w, "nicknames"); /* what people call one of them */
    pl_jw_open(&t->w, '[');
    pl_jw_text(&t->w, PL_STR("Nike Air Max"));
    pl_jw_close(&t->w, ']');
    close_reply(t);
}

static void get_inventory(struct turn *t) {
    const struct shop_product *p = shop_product_of(t->params[0]);
    if (!p) {
        refuse(t, 404, "no such product");
        return;
    }
    open_reply(t);
    product_links(t, p);
    product_stock(t, p);
    close_reply(t);
}

static void get_similar(struct turn *t) {
    const struct shop_product *p = shop_product_of(t->params[0]);
    size_t n = 0;
    open_reply(t);
    pl_jw_name(&t->w, "products");
    pl_jw_open(&t->w, '[');
    for (size_t i = 0; p && i < shop_nproducts && n < 5; i++) {
        if (&shop_products[i] == p || strcmp(shop_products[i].kind, p->kind) != 0) continue;
        pl_jw_open(&t->w, '{');
        product_members(t, &shop_products[i]);
        pl_jw_close(&t->w, '}');
        n++;
    }
    pl_jw_close(&t->w, ']');
    close_reply(t);
}

static void post_watch(struct turn *t) {
    if (!shop_product_of(t->params[0]))
        refuse(t, 404, "no such product");
    else if (pl_json_text(&t->body, "email").n == 0)
        refuse(t, 422, "email is missing");
    else
        reply_done(t);
}

static void post_restock(struct turn *t) {
    t->params[0] = pl_json_text(&t->body, "productId");
    post_watch(t);
}

static int units_of(const struct shop_product *p, struct pl_str size) {
    int units = 0;
    for (size_t i = 0; i < SHOP_SIZES && p->sizes[i].name; i++)
        if (size.n == 0 || pl_str_is(size, p->sizes[i].name)) units += p->sizes[i].units;
    return units;
}

static void post_cart(struct turn *t) {
    const struct shop_product *p = shop_product_of(pl_json_text(&t->body, "productId"));
    if (!p) {
        refuse(t, 404, "no such product");
        return;
    }
    if (units_of(p, pl_json_text(&t->body, "size")) == 0) {
        refuse(t, 422, "sold out");
        return;
    }
    open_reply(t);
    name_text(t, "cartId", pl_arena_printf(&t->shop->arena, "CART-%06d", ++t->shop->carts).p);
    name_int(t, "count", 1);
    name_money(t, "total", p->cents);
    name_currency(t);
    close_reply(t);
}

/* ---- orders ---- */

static void order_lines(struct turn *t, const struct shop_order *o) {
    pl_jw_name(&t->w, "items");
    pl_jw_open(&t->w, '[');
    for (size_t i = 0; i < SHOP_LINES && o->lines[i].product; i++) {
        const struct shop_product *p = shop_product_numbered(o->lines[i].product);
        pl_jw_open(&t->w, '{');
        product_links(t, p);
        name_text(t, "size", o->lines[i].size);
        name_int(t, "quantity", o->lines[i].quantity);
        name_money(t, "price", p->cents);
        pl_jw_close(&t->w, '}');
    }
    pl_jw_close(&t->w, ']');
}

static void order_members(struct turn *t, const struct shop_order *o) {
    name_text(t, "orderId", o->id);
    name_text(t, "userId", o->user);
    name_text(t, "status", o->status);
    name_text(t, "currentLocation", o->place);
    if (o->eta_days >= 0) name_evening(t, "estimatedDelivery", o->eta_days);
    if (o->delivered_days_ago >= 0) name_evening(t, "deliveredAt", -o->delivered_days_ago);
    name_text(t, "trackingNumber", o->tracking);
    if (o->address[0]) name_text(t, "shippingAddress", o->address);
    name_money(t, "total", order_total(o));
    name_currency(t);
    order_lines(t, o);
}

static void get_order(struct turn *t) {
    const struct shop_order *o = order_of(t, t->params[0]);
    if (!o) {
        refuse(t, 404, "no such order");
        return;
    }
    open_reply(t);
    order_members(t, o);
    close_reply(t);
}

static struct pl_str user_with(const struct shop *s, struct pl_str email) {
    for (size_t i = 0; i < shop_nusers; i++)
        if (pl_str_is(email, s->users[i].email)) return pl_str_c(s->users[i].id);
    return (struct pl_str){0};
}

/* ?userId=USER-1001 or ?email=alex@example.com */
static void get_orders(struct turn *t) {
    struct pl_str user = query_text(t, "userId"), email = query_text(t, "email");
    if (email.n) user = user_with(t->shop, email);
    open_reply(t);
    pl_jw_name(&t->w, "orders");
    pl_jw_open(&t->w, '[');
    for (size_t i = 0; i < shop_norders; i++) {
        if (!pl_str_is(user, t->shop->orders[i].user)) continue;
        pl_jw_open(&t->w, '{');
        order_members(t, &t->shop->orders[i]);
        pl_jw_close(&t->w, '}');
    }
    pl_jw_close(&t->w, ']');
    close_reply(t);
}

static bool not_sent_yet(const struct shop_order *o) {
    return strcmp(o->status, "PLACED") == 0 || strcmp(o->status, "PACKED") == 0;
}

static void post_cancel(struct turn *t) {
    struct shop_order *o = order_of(t, t->params[0]);
    if (!o) {
        refuse(t, 404, "no such order");
    } else if (!not_sent_yet(o)) {
        refuse(t, 422, "it is on its way");
    } else {
        o->status = "CANCELLED";
        if (strcmp(o->payment, "PAID") == 0) o->payment = "REFUNDED";
        o->eta_days = -1;
        reply_done(t);
    }
}

static void patch_order(struct turn *t) {
    struct shop_order *o = order_of(t, t->params[0]);
    struct pl_str address = pl_json_text(&t->body, "shippingAddress");
    if (!o) {
        refuse(t, 404, "no such order");
    } else if (!not_sent_yet(o) || address.n == 0 || address.n >= sizeof o->address) {
        refuse(t, 422, "the address cannot be changed");
    } else {
        snprintf(o->address, sizeof o->address, "%.*s", PL_STR_ARG(address));
        reply_done(t);
    }
}

/* ---- shipping ---- */

static void get_shipping(struct turn *t) {
    const struct shop_order *o = NULL;
    for (size_t i = 0; i < shop_norders; i++)
        if (t->shop->orders[i].tracking && pl_str_is(t->params[0], t->shop->orders[i].tracking))
            o = &t->shop->orders[i];
    if (!o) {
        refuse(t, 404, "no such parcel");
        return;
    }
    open_reply(t);
    name_text(t, "trackingNumber", o->tracking);
    name_text(t, "carrier", "UPS");
    name_text(t, "status", o->status);
    name_text(t, "currentLocation", o->place);
    if (o->eta_days >= 0) name_evening(t, "estimatedDelivery", o->eta_days);
    close_reply(t);
}

static void get_estimate(struct turn *t) {
    const struct shop_order *o = order_of(t, query_text(t, "orderId"));
    if (!o || o->eta_days < 0) {
        refuse(t, 404, "no delivery to come");
        return;
    }
    open_reply(t);
    name_text(t, "orderId", o->id);
    name_evening(t, "estimatedDelivery", o->eta_days);
    close_reply(t);
}

static void post_subscribe(struct turn *t) {
    if (!order_of(t, pl_json_text(&t->body, "orderId")))
        refuse(t, 404, "no such order");
    else if (pl_json_text(&t->body, "phone").n == 0)
        refuse(t, 422, "phone is missing");
    else
        reply_done(t);
}

/* ---- returns ---- */

/* Why an order cannot be sent back; NULL when it can. */
static const char *hindrance(const struct shop_order *o) {
    if (strcmp(o->status, "CANCELLED") == 0) return "CANCELLED";
    if (strcmp(o->status, "DELIVERED") != 0) return "NOT_DELIVERED";
    return o->delivered_days_ago <= 30 ? NULL : "TOO_LATE";
}

static bool may_return(const struct shop_order *o) {
    return hindrance(o) == NULL;
}

static void get_eligibility(struct turn *t) {
    const struct shop_order *o = order_of(t, t->params[0]);
    if (!o) {
        refuse(t, 404, "no such order");
        return;
    }
    open_reply(t);
    name_text(t, "orderId", o->id);
    pl_jw_name(&t->w, "eligible");
    pl_jw_bool(&t->w, may_return(o));
    name_text(t, "reason", hindrance(o));
    pl_jw_name(&t->w, "returnStarted");
    pl_jw_bool(&t->w, o->returned[0] != 0);
    name_int(t, "windowDays", 30);
    name_money(t, "refundAmount", order_total(o));
    name_currency(t);
    name_int(t, "refundDaysMin", 5);
    name_int(t, "refundDaysMax", 7);
    order_lines(t, o);
    close_reply(t);
}

/* Nothing named: all of it. */
static bool has_item(const struct shop_order *o, struct pl_str id) {
    const struct shop_product *p = shop_product_of(id);
    for (size_t i = 0; p && i < SHOP_LINES && o->lines[i].product; i++)
        if (o->lines[i].product == p->number) return true;
    return id.n == 0;
}

static void post_return(struct turn *t) {
    struct shop_order *o = order_of(t, pl_json_text(&t->body, "orderId"));
    if (!o) {
        refuse(t, 404, "no such order");
        return;
    }
    if (!may_return(o) || !has_item(o, pl_json_text(&t->body, "productId"))) {
        refuse(t, 422, "this order cannot be returned");
        return;
    }
    /* a return that is under way gets its label again */
    if (!o->returned[0] && o->return_tracking)
        snprintf(o->returned, sizeof o->returned, "%s", o->return_tracking);
    else if (!o->returned[0])
        snprintf(o->returned, sizeof o->returned, "RET%09d", 200000000 + ++t->shop->returns);
    open_reply(t);
    name_text(t, "orderId", o->id);
    name_text(t, "trackingNumber", o->returned);
    name_int(t, "labelMinutes", 5);
    name_text(t, "carrier", "UPS");
    close_reply(t);
}

/* ---- customers and payments ---- */

static struct shop_user *user_of(struct turn *t, struct pl_str id) {
    for (size_t i = 0; i < shop_nusers; i++)
        if (pl_str_is(id, t->shop->users[i].id)) return &t->shop->users[i];
    return NULL;
}

static void get_user(struct turn *t) {
    const struct shop_user *u = user_of(t, t->params[0]);
    if (!u) {
        refuse(t, 404, "no such customer");
        return;
    }
    open_reply(t);
    name_text(t, "userId", u->id);
    name_text(t, "name", u->name);
    name_text(t, "email", u->email);
    name_text(t, "phone", u->phone);
    name_text(t, "segment", u->segment);
    name_text(t, "locale", u->language);
    close_reply(t);
}

static void patch_preferences(struct turn *t) {
    struct shop_user *u = user_of(t, t->params[0]);
    struct pl_str language = pl_json_text(&t->body, "language");
    if (!u) {
        refuse(t, 404, "no such customer");
    } else if (language.n == 0 || language.n >= sizeof u->language) {
        refuse(t, 422, "language is missing");
    } else {
        snprintf(u->language, sizeof u->language, "%.*s", PL_STR_ARG(language));
        reply_done(t);
    }
}

static void post_interaction(struct turn *t) {
    if (!user_of(t, pl_json_text(&t->body, "userId")))
        refuse(t, 404, "no such customer");
    else
        reply_done(t);
}

static void reply_payment(struct turn *t, const struct shop_order *o) {
    open_reply(t);
    name_text(t, "paymentId", pl_arena_printf(&t->shop->arena, "PAY-%s", o->id).p);
    name_text(t, "status", o->payment);
    name_money(t, "amount", order_total(o));
    name_currency(t);
    close_reply(t);
}

static void get_payment(struct turn *t) {
    const struct shop_order *o = order_of(t, t->params[0]);
    if (!o)
        refuse(t, 404, "no such order");
    else
        reply_payment(t, o);
}

/* From one state of the payment to another. */
static void move_payment(struct turn *t, struct pl_str order, const char *from, const char *to) {
    struct shop_order *o = order_of(t, order);
    if (!o) {
        refuse(t, 404, "no such order");
    } else if (strcmp(o->payment, from) != 0) {
        refuse(t, 422, "not in this state");
    } else {
        o->payment = to;
        reply_payment(t, o);
    }
}

static void post_payment_retry(struct turn *t) {
    move_payment(t, t->params[0], "FAILED", "PAID");
}

static void post_refund(struct turn *t) {
    move_payment(t, pl_json_text(&t->body, "orderId"), "PAID", "REFUNDED");
}

/* ---- one-time codes ---- */

static void post_code(struct turn *t) {
    if (shop_code_send(t->shop, pl_json_text(&t->body, "email")))
        reply_done(t);
    else
        refuse(t, 422, "no e-mail address");
}

static void post_code_check(struct turn *t) {
    switch (
        shop_code_check(t->shop, pl_json_text(&t->body, "email"), pl_json_text(&t->body, "code"))) {
    case SHOP_CODE_RIGHT: reply_done(t); break;
    case SHOP_CODE_WRONG: refuse(t, 409, "that is not the code"); break;
    case SHOP_CODE_OLD: refuse(t, 410, "ask for a new code"); break;
    }
}

static void get_outbox(struct turn *t) {
    shop_outbox(t->shop, t->reply);
}

/* ---- pictures and pages ---- */

static void get_picture(struct turn *t) {
    struct pl_str name = t->params[0];
    const struct shop_product *p = NULL;
    if (pl_str_ends(name, PL_STR(".svg"))) p = shop_product_of((struct pl_str){name.p, name.n - 4});
    if (p)
        shop_picture(p, t->reply);
    else
        refuse(t, 404, "no such picture");
}

static void get_page(struct turn *t) {
    const struct shop_product *p = shop_product_of(t->params[0]);
    if (p)
        shop_page(t->shop, p, t->reply);
    else
        refuse(t, 404, "no such page");
}

/* ---- the table ---- */

struct route {
    const char *method, *path; /* ":" takes one piece */
    void (*handle)(struct turn *t);
};

static const struct route routes[] = {
    {"GET", "/api/orders", get_orders},
    {"GET", "/api/orders/:", get_order},
    {"POST", "/api/orders/:/cancel", post_cancel},
    {"PATCH", "/api/orders/:", patch_order},
    {"GET", "/api/products", get_products},
    {"GET", "/api/products/:/inventory", get_inventory},
    {"GET", "/api/products/:/similar", get_similar},
    {"POST", "/api/products/:/watch", post_watch},
    {"POST", "/api/notifications/restock", post_restock},
    {"POST", "/api/cart", post_cart},
    {"GET", "/api/users/:", get_user},
    {"PATCH", "/api/users/:/preferences", patch_preferences},
    {"POST", "/api/crm/interactions", post_interaction},
    {"POST", "/api/payments/:/retry", post_payment_retry},
    {"POST", "/api/payments/refunds", post_refund},
    {"GET", "/api/payments/:/status", get_payment},
    {"GET", "/api/shipping/estimate", get_estimate},
    {"GET", "/api/shipping/:", get_shipping},
    {"POST", "/api/shipping/subscribe", post_subscribe},
    {"GET", "/api/returns/:/eligibility", get_eligibility},
    {"POST", "/api/returns", post_return},
    {"POST", "/api/auth/codes", post_code},
    {"POST", "/api/auth/codes/check", post_code_check},
    {"GET", "/outbox", get_outbox},
    {"GET", "/img/:", get_picture},
    {"GET", "/p/:", get_page},
};

static bool matches(const char *pattern, struct pl_str path, struct pl_str *params) {
    size_t i = 0, n = 0;
    for (; *pattern; pattern++) {
        if (*pattern != ':') {
            if (i == path.n || path.p[i++] != *pattern) return false;
            continue;
        }
        size_t from = i;
        while (i < path.n && path.p[i] != '/') i++;
        if (i == from || n == SHOP_PARAMS) return false;
        params[n++] = (struct pl_str){path.p + from, i - from};
    }
    return i == path.n;
}

void shop_route(struct shop *s, const struct shop_request *request, struct shop_reply *reply) {
    struct turn t = {.shop = s, .request = request, .reply = reply};
    size_t at;
    if (request->body.n && pl_json_parse(&s->arena, request->body, &t.body, &at) != PL_OK) {
        shop_error(reply, 400, "the body is not JSON");
        return;
    }
    for (size_t i = 0; i < PL_LEN(routes); i++) {
        if (!pl_str_is(request->method, routes[i].method)) continue;
        if (!matches(routes[i].path, request->path, t.params)) continue;
        reply->type = "application/json";
        routes[i].handle(&t);
        return;
    }
    shop_error(reply, 404, "no such endpoint");
}
