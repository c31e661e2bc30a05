/* SPDX-License-Identifier: Apache-2.0
 *
 * The admin socket's commands, on the admin thread. What they ask of the engine they wait for.
 */
#include <string.h>
#include <unistd.h>

#include "tools/cli/wire_priv.h"

/* ---- what the admin thread asks of the engine, and waits for ---- */

enum { ADMIN_WAIT_MS = 20000 };

void pl_cli__waiter_open(struct cli_waiter *w) {
    pthread_condattr_t clock;
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->came, &clock);
    pthread_condattr_destroy(&clock);
}

void pl_cli__waiter_close(struct cli_waiter *w) {
    pthread_cond_destroy(&w->came);
    pthread_mutex_destroy(&w->lock);
}

/* An answer to what was given up meanwhile is for nobody. */
void pl_cli__waiter_answer(struct cli_waiter *w, uint64_t ticket, enum pl_err err,
                           struct pl_str why) {
    pthread_mutex_lock(&w->lock);
    if (ticket == w->ticket) {
        w->answered = true;
        w->err = err;
        snprintf(w->why, sizeof w->why, "%.*s", (int)(why.n < 200 ? why.n : 200),
                 why.n ? why.p : "");
        pthread_cond_signal(&w->came);
    }
    pthread_mutex_unlock(&w->lock);
}

static uint64_t waiter_ticket(struct cli_waiter *w) {
    pthread_mutex_lock(&w->lock);
    w->ticket = ADMIN_TICKET | ((w->ticket + 1) & ~ADMIN_TICKET);
    w->answered = false;
    pthread_mutex_unlock(&w->lock);
    return w->ticket;
}

/* PL_TIMEOUT: it may still be done. */
static enum pl_err waiter_wait(struct cli_waiter *w, char why[256]) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ADMIN_WAIT_MS / 1000;
    pthread_mutex_lock(&w->lock);
    int late = 0;
    while (!w->answered && late == 0) late = pthread_cond_timedwait(&w->came, &w->lock, &until);
    enum pl_err err = w->answered ? w->err : PL_TIMEOUT;
    snprintf(why, 256, "%s", w->answered ? w->why : "");
    w->ticket++; /* an answer that comes later is another's */
    pthread_mutex_unlock(&w->lock);
    return err;
}

/* ---- admin commands, on the admin thread ---- */

struct cli_versions pl_cli__versions_of(const struct cli_server *s) {
    return (struct cli_versions){s->engine, s->store,   s->articles,
                                 &s->log,   s->started, s->config.data};
}

static enum pl_err admin_reload(void *ctx, const struct pl_json *request, struct pl_jw *answer,
                                struct pl_buf *why) {
    const struct cli_versions v = pl_cli__versions_of(ctx);
    pl_cli__notify_reloading();
    enum pl_err err = pl_cli__versions_activate(&v, request, true, answer, why);
    pl_cli__notify("READY=1");
    return err;
}

static enum pl_err admin_activate(void *ctx, const struct pl_json *request, struct pl_jw *answer,
                                  struct pl_buf *why) {
    const struct cli_versions v = pl_cli__versions_of(ctx);
    return pl_cli__versions_activate(&v, request, false, answer, why);
}

static enum pl_err admin_discard(void *ctx, const struct pl_json *request, struct pl_jw *answer,
                                 struct pl_buf *why) {
    const struct cli_versions v = pl_cli__versions_of(ctx);
    return pl_cli__versions_discard(&v, request, answer, why);
}

static enum pl_err admin_preview(void *ctx, const struct pl_json *request, struct pl_jw *answer,
                                 struct pl_buf *why) {
    const struct cli_versions v = pl_cli__versions_of(ctx);
    return pl_cli__versions_preview(&v, request, answer, why);
}

static enum pl_err admin_versions(void *ctx, const struct pl_json *request, struct pl_jw *answer,
                                  struct pl_buf *why) {
    const struct cli_versions v = pl_cli__versions_of(ctx);
    (void)request;
    (void)why;
    return pl_cli__versions_list(&v, answer);
}

static enum pl_err admin_shadow(void *ctx, const struct pl_json *request, struct pl_jw *answer,
                                struct pl_buf *why) {
    const struct cli_versions v = pl_cli__versions_of(ctx);
    (void)answer;
    return pl_cli__versions_shadow(&v, request, why);
}

static enum pl_err admin_canary(void *ctx, const struct pl_json *request, struct pl_jw *answer,
                                struct pl_buf *why) {
    const struct cli_versions v = pl_cli__versions_of(ctx);
    (void)answer;
    return pl_cli__versions_canary(&v, request, why);
}

static enum pl_err admin_status(void *ctx, const struct pl_json *request, struct pl_jw *answer,
                                struct pl_buf *why) {
    struct cli_server *s = ctx;
    (void)request;
    (void)why;
    pl_jw_text_member(answer, "version", pl_str_c(PL_VERSION_TEXT));
    pl_jw_int_member(answer, "pid", getpid());
    pl_jw_int_member(answer, "port", pl_gateway_port(s->gateway));
    pl_engine_status(s->engine, answer);
    pl_engine_trials(s->engine, answer);
    return PL_OK;
}

static void stop_posted(struct pl_post *post) {
    pl_cli__server_stop(
        (struct cli_server *)(void *)((char *)post - offsetof(struct cli_server, stop)));
}

static enum pl_err admin_stop(void *ctx, const struct pl_json *request, struct pl_jw *answer,
                              struct pl_buf *why) {
    struct cli_server *s = ctx;
    (void)request;
    (void)answer;
    (void)why;
    s->stop.fn = stop_posted;
    if (!s->stopping) pl_loop_post(s->loop, &s->stop);
    return PL_OK;
}

static enum pl_err admin_token_create(void *ctx, const struct pl_json *request,
                                      struct pl_jw *answer, struct pl_buf *why) {
    struct cli_server *s = ctx;
    char name[64] = "", text[PL_TOKEN_TEXT];
    struct pl_str n = pl_json_text(request, "name"), bad = {0};
    uint32_t scopes = 0;
    struct pl_token token;
    int64_t days = 0, now = pl_clock_system().wall_ms(NULL);
    const struct pl_json *d = pl_json_get(request, "days");
    if (n.n == 0 || n.n >= sizeof name) {
        pl_buf_c(why, "a token's name has 1 to 63 bytes");
        return PL_MALFORMED;
    }
    memcpy(name, n.p, n.n);
    if (pl_scopes_read(pl_json_text(request, "may"), &scopes, &bad) != PL_OK) {
        pl_buf_printf(why, "there is no permission '%.*s'; there are: ", PL_STR_ARG(bad));
        pl_scopes_print(why, UINT32_MAX);
        return PL_MALFORMED;
    }
    if (d && !pl_str_i64(d->s, &days)) return PL_MALFORMED;
    enum pl_err err =
        pl_token_make(name, scopes, now, days ? now + days * 86400000 : 0, &token, text);
    if (err == PL_OK) err = pl_token_save(s->store, &token);
    if (err == PL_OK) err = pl_store_flush(s->store);
    if (err != PL_OK) return err;
    pl_jw_text_member(answer, "token", pl_str_c(text));
    return PL_OK;
}

static void show_token(struct pl_jw *w, const struct pl_token *t) {
    char id[17];
    struct pl_buf scopes = {0};
    pl_hex(t->id, 8, id);
    pl_scopes_print(&scopes, t->scopes);
    pl_jw_open(w, '{');
    pl_jw_text_member(w, "id", pl_str_c(id));
    pl_jw_text_member(w, "name", pl_str_c(t->name));
    pl_jw_text_member(w, "may", pl_buf_slice(&scopes));
    pl_jw_int_member(w, "expires_ms", t->expires_ms);
    pl_jw_close(w, '}');
    pl_buf_free(&scopes);
}

static enum pl_err admin_token_list(void *ctx, const struct pl_json *request, struct pl_jw *answer,
                                    struct pl_buf *why) {
    struct cli_server *s = ctx;
    struct pl_token some[64], last;
    size_t n = 0;
    (void)request;
    (void)why;
    pl_jw_name(answer, "tokens");
    pl_jw_open(answer, '[');
    enum pl_err err = pl_token_list(s->store, NULL, some, PL_LEN(some), &n);
    while (err == PL_OK && n > 0) {
        for (size_t i = 0; i < n; i++) show_token(answer, &some[i]);
        last = some[n - 1];
        err = pl_token_list(s->store, &last, some, PL_LEN(some), &n);
    }
    pl_jw_close(answer, ']');
    return err;
}

static enum pl_err admin_token_revoke(void *ctx, const struct pl_json *request,
                                      struct pl_jw *answer, struct pl_buf *why) {
    struct cli_server *s = ctx;
    uint8_t id[8];
    (void)answer;
    if (!pl_unhex(pl_json_text(request, "id"), id, sizeof id)) {
        pl_buf_c(why, "a token's id has 16 hex digits; `parlance token list` shows them");
        return PL_MALFORMED;
    }
    enum pl_err err = pl_token_revoke(s->store, id);
    if (err == PL_NOT_FOUND)
        pl_buf_c(why, "there is no such token; `parlance token list` shows them");
    return err == PL_OK ? pl_store_flush(s->store) : err;
}

static const char *event_failure(enum pl_err err) {
    switch (err) {
    case PL_NOT_FOUND: return "there is no such conversation";
    case PL_ERASED: return "the conversation was erased";
    case PL_CONFLICT: return "this key was used for another event";
    case PL_TIMEOUT: return "the server has not answered in time; send it again, with the same key";
    default: return pl_err_text(err);
    }
}

static enum pl_err admin_event(void *ctx, const struct pl_json *request, struct pl_jw *answer,
                               struct pl_buf *why) {
    struct cli_server *s = ctx;
    char more[256];
    struct pl_str customer = pl_json_text(request, "customer");
    struct pl_engine_happening h = {.by_customer = customer.n > 0,
                                    .name = pl_json_text(request, "event"),
                                    .args = pl_json_text(request, "args"),
                                    .key = pl_json_text(request, "key")};
    bool whom = h.by_customer ? pl_identity_customer(customer, h.customer)
                              : pl_unhex(pl_json_text(request, "conversation"), h.conversation, 16);
    if (!whom) {
        pl_buf_c(why, "event takes \"customer\", his id, or \"conversation\", 32 hex digits");
        return PL_MALFORMED;
    }
    pl_engine_event(s->engine, waiter_ticket(&s->waiter), &h);
    enum pl_err err = waiter_wait(&s->waiter, more);
    if (err != PL_OK && err != PL_EXISTS) {
        pl_buf_c(why, more[0] ? more : event_failure(err));
        return err;
    }
    pl_jw_name(answer, "repeated");
    pl_jw_bool(answer, err == PL_EXISTS);
    pl_jw_name(answer, "kept");
    pl_jw_bool(answer, strcmp(more, "kept") == 0);
    return PL_OK;
}

static enum pl_err admin_erase(void *ctx, const struct pl_json *request, struct pl_jw *answer,
                               struct pl_buf *why) {
    struct cli_server *s = ctx;
    char more[256];
    uint8_t customer[16];
    if (!pl_identity_customer(pl_json_text(request, "customer"), customer)) {
        pl_buf_c(why, "erase takes \"customer\", the shop's id of him");
        return PL_MALFORMED;
    }
    pl_engine_erase(s->engine, waiter_ticket(&s->waiter), customer);
    enum pl_err err = waiter_wait(&s->waiter, more);
    if (err != PL_OK) pl_buf_c(why, event_failure(err));
    pl_jw_name(answer, "nobody");
    pl_jw_bool(answer, strcmp(more, "nobody") == 0);
    return err;
}

static enum pl_err admin_kb_stats(void *ctx, const struct pl_json *request, struct pl_jw *answer,
                                  struct pl_buf *why) {
    struct cli_server *s = ctx;
    (void)request;
    (void)why;
    return pl_cli__articles_stats(s->store, answer);
}

static const struct pl_gateway_admin_command admin_commands[] = {
    {"activate", admin_activate},
    {"canary", admin_canary},
    {"discard", admin_discard},
    {"erase", admin_erase},
    {"event", admin_event},
    {"kb-stats", admin_kb_stats},
    {"preview", admin_preview},
    {"reload", admin_reload},
    {"shadow", admin_shadow},
    {"status", admin_status},
    {"stop", admin_stop},
    {"token-create", admin_token_create},
    {"token-list", admin_token_list},
    {"token-revoke", admin_token_revoke},
    {"versions", admin_versions},
};

enum pl_err pl_cli__admin_open(struct cli_server *s) {
    char path[4096];
    snprintf(path, sizeof path, "%s/admin.sock", s->config.data);
    enum pl_err err =
        pl_gateway_admin_start(path, admin_commands, PL_LEN(admin_commands), s, &s->admin);
    if (err != PL_OK) pl_cli__failure("the admin socket %s: %s", path, pl_err_text(err));
    return err;
}

/* The same commands on a folder that no server has open. */
enum pl_err pl_cli__offline_admin(const char *data, const struct pl_json *request,
                                  struct pl_buf *answer, struct pl_buf *why) {
    struct cli_server s = {0};
    struct pl_store_why store_why = {{0}};
    struct pl_store_config store = {.folder = data};
    struct pl_str cmd = pl_json_text(request, "cmd");
    enum pl_err err = pl_store_open(&store, &s.store, &store_why);
    if (err != PL_OK) {
        pl_buf_c(why, store_why.text);
        return err;
    }
    struct pl_jw w = {.b = answer};
    pl_jw_open(&w, '{');
    err = PL_NOT_FOUND;
    for (size_t i = 0; i < PL_LEN(admin_commands); i++)
        if (pl_str_is(cmd, admin_commands[i].name) &&
            (pl_str_starts(cmd, PL_STR("token")) || pl_str_is(cmd, "kb-stats")))
            err = admin_commands[i].run(&s, request, &w, why);
    pl_jw_close(&w, '}');
    pl_store_close(&s.store);
    return err;
}
