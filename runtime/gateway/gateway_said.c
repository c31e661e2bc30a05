/* SPDX-License-Identifier: Apache-2.0
 *
 * A connection's messages on their way to the engine, in their order. One that brings a file waits
 * until the disk knows that the file is kept, and those behind it wait with it.
 */
#include <stdlib.h>
#include <string.h>

#include "runtime/gateway/gateway_priv.h"

#define LATER_MOST 8

struct pl_gateway__later {
    struct pl_gateway__later *next;
    struct pl_gateway_send send;
    bool file;
    struct pl_blob_id id;
    char text[]; /* send.text's */
};

static void pass(struct pl_gateway__conn *c, const struct pl_gateway_send *send) {
    c->unanswered++;
    c->g->c.door.send(c->g->c.door.ctx, c->id, send);
}

static void kept(void *ctx, uint64_t client, enum pl_err err, const struct pl_blob_info *info,
                 struct pl_str bytes);

static struct pl_gateway__later *pop(struct pl_gateway__conn *c) {
    struct pl_gateway__later *l = c->later;
    c->later = l->next;
    c->nlater--;
    return l;
}

/* Up to the next file, which is asked for. */
static void go_on(struct pl_gateway__conn *c) {
    while (c->later != NULL && !c->later->file) {
        struct pl_gateway__later *l = pop(c);
        pass(c, &l->send);
        free(l);
    }
    if (c->later != NULL) pl_blobs_use(c->g->c.blobs, &c->later->id, kept, c->g, c->id);
}

/* The engine takes a file as "type size reference name". */
static void kept(void *ctx, uint64_t client, enum pl_err err, const struct pl_blob_info *info,
                 struct pl_str bytes) {
    struct pl_gateway *g = ctx;
    struct pl_gateway__conn *c = pl_gateway__find(g, client);
    char ref[PL_BLOB_REF], text[PL_BLOB_NAME + PL_BLOB_REF + 64];
    (void)bytes;
    if (c == NULL) return; /* it comes back, and says it again */
    struct pl_gateway__later *l = pop(c);
    if (err == PL_OK) {
        pl_blob_ref_print(&info->id, ref);
        snprintf(text, sizeof text, "%s %llu %s %s", info->type, (unsigned long long)info->size,
                 ref, info->name);
        l->send.text = pl_str_c(text);
        pass(c, &l->send);
    } else {
        bool gone = err == PL_NOT_FOUND || err == PL_ERASED;
        pl_gateway__refuse(c, gone ? PL_CODE_NOT_FOUND : PL_CODE_UNAVAILABLE, PL_STR(""),
                           l->send.cid);
    }
    free(l);
    go_on(c);
    pl_gateway__leave(c);
}

static struct pl_gateway__later *push(struct pl_gateway__conn *c,
                                      const struct pl_gateway_send *send) {
    struct pl_gateway__later **at = &c->later, *l = calloc(1, sizeof *l + send->text.n);
    pl_assert(l != NULL);
    l->send = *send;
    if (send->text.n) memcpy(l->text, send->text.p, send->text.n);
    l->send.text.p = l->text;
    while (*at != NULL) at = &(*at)->next;
    *at = l;
    c->nlater++;
    return l;
}

void pl_gateway__said(struct pl_gateway__conn *c, const struct pl_gateway_send *send) {
    struct pl_blob_id id;
    char own[33];
    bool file = send->said == PL_SAID_UPLOAD;
    if (file) {
        bool good = c->g->c.blobs != NULL && pl_blob_ref_read(send->text, &id);
        pl_hex(id.conversation, good ? 16 : 0, own);
        if (!good || strcmp(own, c->conversation) != 0) {
            pl_gateway__refuse(c, PL_CODE_NOT_FOUND, PL_STR(""), send->cid);
            return;
        }
    }
    if (!file && c->later == NULL) {
        pass(c, send);
        return;
    }
    if (c->nlater == LATER_MOST) {
        pl_gateway__refuse(c, PL_CODE_BUSY, PL_STR(""), send->cid);
        return;
    }
    bool first = c->later == NULL;
    struct pl_gateway__later *l = push(c, send);
    l->file = file;
    if (file) l->id = id;
    if (first) go_on(c);
}

void pl_gateway__said_forget(struct pl_gateway__conn *c) {
    while (c->later != NULL) free(pop(c));
}
