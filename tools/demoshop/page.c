/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "shop_priv.h"

static const char *shape_of(const char *kind) {
    if (strcmp(kind, "shoes") == 0)
        return "<path d='M40 190c40 4 60-40 84-60l30 26c30 26 90 22 96 50v14H40z'/>"
               "<path d='M40 226h210' stroke='#222' stroke-width='8'/>";
    if (strcmp(kind, "clothing") == 0)
        return "<path d='M100 70l-56 44 22 36 26-16v106h116V134l26 16 22-36-56-44c-20 26-80 26-100 "
               "0z'/>";
    if (strcmp(kind, "bags") == 0)
        return "<path d='M110 110v-18c0-44 80-44 80 0v18' fill='none' stroke='#222' "
               "stroke-width='10'/><rect x='70' y='108' width='160' height='130' rx='18'/>";
    return "<rect x='120' y='50' width='60' height='28' rx='8'/><rect x='104' y='84' width='92' "
           "height='160' rx='24'/>";
}

void shop_picture(const struct shop_product *p, struct shop_reply *reply) {
    reply->status = 200;
    reply->type = "image/svg+xml";
    pl_buf_printf(&reply->body,
                  "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 300 300' role='img'>"
                  "<title>%s</title><rect width='300' height='300' fill='#f4f4f2'/>"
                  "<g fill='%s'>%s</g></svg>\n",
                  p->name, p->colour, shape_of(p->kind));
}

void shop_page(const struct shop *s, const struct shop_product *p, struct shop_reply *reply) {
    reply->status = 200;
    reply->type = "text/html; charset=utf-8";
    pl_buf_printf(&reply->body,
                  "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>%s</title>"
                  "<meta name=\"viewport\" content=\"width=device-width\">"
                  "<style>body{font:16px/1.5 system-ui;max-width:40rem;margin:2rem auto;padding:0 "
                  "1rem}img{width:100%%;max-width:20rem}s{color:#767676}</style>"
                  "<main><h1>%s</h1><img src=\"%s/img/PROD-%06d.svg\" alt=\"%s\"><p>$%d.%02d",
                  p->name, p->name, s->base, p->number, p->name, p->cents / 100, p->cents % 100);
    if (p->list_cents > p->cents)
        pl_buf_printf(&reply->body, " <s>$%d.%02d</s>", p->list_cents / 100, p->list_cents % 100);
    pl_buf_printf(&reply->body, "</p><p>%d.%d of 5, %d reviews</p></main></html>\n",
                  p->rating10 / 10, p->rating10 % 10, p->reviews);
}

void shop_error(struct shop_reply *reply, int status, const char *text) {
    reply->status = status;
    reply->type = "application/json";
    pl_buf_clear(&reply->body);
    pl_buf_c(&reply->body, "{\"error\":");
    pl_json_quote(&reply->body, pl_str_c(text));
    pl_buf_c(&reply->body, "}");
}
