/* SPDX-License-Identifier: Apache-2.0
 *
 * Files: whether the conversation wants one now, and of what kinds. The file itself goes elsewhere;
 * what comes here is its reference, as a message.
 */
#include "runtime/engine/engine_priv.h"

static enum pl_err wanted(struct pl_engine *e, const struct eng_conv *c, struct pl_arena *a,
                          const struct eng_input *in, struct pl_engine_wanted *out) {
    const struct pl_program *p = pl_image_program(c->image->image);
    struct pl_vm_view view;
    if (!pl_engine__same_hash(c->resume, in->hash)) return PL_DENIED;
    if (c->with != PL_WITH_BOT) return PL_CONFLICT;
    enum pl_err err = pl_vm_look(e->vm, c->image->image, pl_buf_slice(&c->state), a, &view);
    if (err != PL_OK) return err;
    const struct pl_p_wait *w = view.mode == PL_VM_ASKING ? &p->waits[view.wait] : NULL;
    if (!w || w->kind != PL_WAIT_ASK || w->type.kind != PL_KIND_FILE) return PL_CONFLICT;
    *out =
        (struct pl_engine_wanted){.key = c->j.key_id, .naccept = w->naccept, .accept = w->accept};
    return PL_OK;
}

void pl_engine__wants(struct pl_engine *e, struct eng_conv *c, struct pl_arena *a,
                      struct eng_input *in) {
    struct pl_engine_wanted out;
    enum pl_err err = wanted(e, c, a, in, &out);
    in->answered = true;
    if (e->config.sink.wants)
        e->config.sink.wants(e->config.sink.ctx, in->client, err, err == PL_OK ? &out : NULL);
}
