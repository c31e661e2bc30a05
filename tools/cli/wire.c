/* SPDX-License-Identifier: Apache-2.0
 *
 * The composition root: the only place that sees every room. Opens them bottom up, joins gateway,
 * engine and hooks by their callbacks, closes them top down.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/stat.h>

#include "runtime/crypto/crypto.h"
#include "runtime/privacy/privacy.h"
#include "tools/cli/wire_priv.h"

/* ---- the log ---- */

/* E-mail addresses and phone numbers, should one ever come this far. */
static void mask_log(char *text, size_t room) {
    struct pl_arena a;
    pl_arena_init(&a, 64 * 1024);
    struct pl_str masked = pl_privacy_log_line(&a, pl_str_c(text));
    snprintf(text, room, "%.*s", PL_STR_ARG(masked));
    pl_arena_free(&a);
}

/* ---- open, run, close ---- */

static struct pl_image *find_image(void *ctx, const uint8_t prefix[8]) {
    const struct cli_server *s = ctx;
    return pl_cli__image_find(s->config.data, prefix);
}

static void key_paths(const struct cli_server *s, char keys[4096], char master[4096]) {
    snprintf(keys, 4096, "%s/keys", s->config.data);
    snprintf(master, 4096, "%s/keys/master", s->config.data);
    if (s->config.master_key[0]) snprintf(master, 4096, "%s", s->config.master_key);
}

static enum pl_err open_store(struct cli_server *s) {
    struct pl_store_why why = {{0}};
    char keys[4096], master[4096];
    key_paths(s, keys, master);
    if (pl_cli__keys_forgotten(s->config.data)) {
        pl_cli__failure("the data folder %s is a backup without its keys, and the conversations in "
                        "it cannot be read: put the files of keys into %s and the master key at "
                        "%s; or, when they are lost for good, make the folder by `parlance restore "
                        "--without-keys`",
                        s->config.data, keys, master);
        return PL_NOT_FOUND;
    }
    struct pl_store_config config = {
        .folder = s->config.data, .map_bytes = (uint64_t)s->config.store_size, .log = &s->log};
    enum pl_err err = pl_store_open(&config, &s->store, &why);
    if (err != PL_OK)
        pl_cli__failure("the data folder cannot be opened: %s",
                        why.text[0] ? why.text : pl_err_text(err));
    return err;
}

/* Nearly always it is the master key. */
static void engine_failure(enum pl_err err, const char *keys, const char *master) {
    switch (err) {
    case PL_NOT_FOUND:
        pl_cli__failure("the master key %s is gone, and the key files in %s are of no use without "
                        "it; put it back from where it is kept",
                        master, keys);
        break;
    case PL_DENIED:
        pl_cli__failure("the master key %s may be read by others, or this user may not read it; "
                        "chmod 600 it",
                        master);
        break;
    case PL_MALFORMED:
        pl_cli__failure("the master key %s must be a file of 32 bytes", master);
        break;
    default: pl_cli__failure("the keys in %s: %s", keys, pl_err_text(err)); break;
    }
}

static uint64_t ask_llm(void *ctx, const struct pl_llm_request *request) {
    return pl_llm_ask(ctx, request);
}

static void cancel_llm(void *ctx, uint64_t id) {
    pl_llm_cancel(ctx, id);
}

static void forget_llm(void *ctx, const uint8_t conversation[16]) {
    if (ctx) pl_llm_forget(ctx, conversation);
}

static enum pl_err read_secret(const struct cli_server *s, uint8_t out[PL_KEY_SIZE]) {
    char keys[4096], master[4096];
    struct pl_keys *k = NULL;
    key_paths(s, keys, master);
    enum pl_err err = pl_keys_open(keys, master, &k);
    if (err != PL_OK) {
        engine_failure(err, keys, master);
        return err;
    }
    pl_keys_derive(k, "marks in prompts", out);
    pl_keys_close(&k);
    return PL_OK;
}

/* Without a client the articles answer alone. */
static enum pl_err open_models(struct cli_server *s) {
    uint8_t secret[PL_KEY_SIZE];
    struct pl_sim_models_config config = {
        .hooks = pl_cli__hooks_doors(s->hooks), .clock = pl_clock_system(), .log = &s->log};
    s->words = pl_locale_tools_new();
    config.locales = s->words;
    config.secret = secret;
    config.forget = forget_llm;
    enum pl_err err = read_secret(s, secret);
    if (err != PL_OK) return err;
    if (s->llm)
        config.model =
            (struct pl_answer_model){.ctx = s->llm, .ask = ask_llm, .cancel = cancel_llm};
    config.forget_ctx = s->llm;
    if (s->studio) config.model = pl_studio_model(s->studio, config.model);
    if (s->words) s->models = pl_sim_models_create(&config);
    pl_crypto_wipe(secret, sizeof secret);
    return s->models ? PL_OK : PL_NOMEM;
}

static int64_t stopwatch(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static enum pl_err open_engine(struct cli_server *s, struct pl_image *image) {
    char keys[4096], master[4096];
    key_paths(s, keys, master);
    struct pl_engine_config config = {
        .store = s->store,
        .keys = keys,
        .master = master,
        .clock = pl_clock_system(),
        .log = &s->log,
        .sink = pl_cli__sink(s),
        .hooks = pl_cli__hooks_doors(s->hooks),
        .models = pl_sim_models(s->models),
        .find_image = find_image,
        .find_ctx = s,
        .stopwatch = stopwatch,
    };
    if (s->studio) {
        config.step = pl_studio_step;
        config.ran = pl_studio_ran;
        config.step_ctx = config.ran_ctx = s->studio;
    }
    enum pl_err err = pl_engine_create(&config, image, &s->engine);
    if (err == PL_OK && s->studio) pl_studio_engine(s->studio, s->engine);
    if (err != PL_OK) engine_failure(err, keys, master);
    return err;
}

static enum pl_err open_articles(struct cli_server *s, struct pl_image *image) {
    s->articles = pl_cli__articles_new();
    if (!s->articles) return PL_NOMEM;
    pl_cli__articles_take(s->articles, image);
    return PL_OK;
}

/* Made of the flows, or what an operator chose since these flows are there. */
static enum pl_err open_version(struct cli_server *s, struct pl_image *made) {
    s->started = pl_store_last_commit(s->store);
    const struct cli_versions v = pl_cli__versions_of(s);
    struct pl_image *image = pl_cli__versions_first(&v, made);
    enum pl_err err = open_engine(s, image);
    if (err == PL_OK) err = open_articles(s, image);
    pl_image_unref(&image);
    return err;
}

static enum pl_err open_blobs(struct cli_server *s) {
    char keys[4096], master[4096], dir[4096];
    key_paths(s, keys, master);
    snprintf(dir, sizeof dir, "%s/uploads", s->config.data);
    struct pl_blobs_config config = {
        .dir = dir,
        .keys = keys,
        .master = master,
        .loop = s->loop,
        .clock = pl_clock_system(),
        .log = &s->log,
        .max_bytes = (uint64_t)s->config.upload_bytes,
        .per_conversation = (uint32_t)s->config.uploads_per_conversation,
        .unused_ms = 86400000,
    };
    enum pl_err err = pl_blobs_create(&config, &s->blobs);
    if (err != PL_OK) pl_cli__failure("the folder %s: %s", dir, pl_err_text(err));
    return err;
}

/* The secrets in it are the shop's: nobody else may read it. */
static enum pl_err open_identity(struct cli_server *s) {
    const char *path = s->config.identity_keys;
    struct pl_arena a;
    struct pl_str text;
    struct stat st;
    unsigned line = 0;
    if (!path[0]) return PL_OK;
    if (stat(path, &st) == 0 && st.st_mode & 077) {
        pl_cli__failure("the identity keys %s may be read by others; chmod 600 it", path);
        return PL_DENIED;
    }
    pl_arena_init(&a, 0);
    enum pl_err err = pl_file_read(&a, path, 65536, &text);
    if (err != PL_OK)
        pl_cli__failure("the identity keys %s: %s", path, pl_err_text(err));
    else if ((err = pl_identity_keys_read(text, &s->identity, &line)) != PL_OK)
        pl_cli__failure("the identity keys %s, line %u: %s", path, line,
                        err == PL_LIMIT    ? "more than 8 keys"
                        : err == PL_EXISTS ? "this id is there twice"
                                           : "a line is an id, a blank and 64 to 128 hex digits");
    pl_arena_free(&a);
    return err;
}

static enum pl_err open_gateway(struct cli_server *s) {
    const struct pl_config *c = &s->config;
    struct pl_gateway_config config = {
        .loop = s->loop,
        .log = &s->log,
        .store = s->store,
        .identity = &s->identity,
        .epoch = pl_store_epoch(s->store),
        .door = pl_cli__door(s),
        .api = pl_cli__api(s),
        .host = c->host,
        .port = (int)c->port,
        .ops_host = c->ops_port >= 0 ? c->ops_host : NULL,
        .ops_port = (int)c->ops_port,
        .web = c->web,
        .origins = c->origins,
        .local_only = s->studio != NULL,
        .heartbeat_ms = c->heartbeat,
        .pong_wait_ms = c->pong_wait,
        .open_wait_ms = c->open_wait,
        .message_wait_ms = c->message_wait,
        .max_connections = c->max_connections,
        .max_connections_per_ip = c->max_connections_per_ip,
        .max_queued = c->max_queued,
        .messages_per_minute = c->messages_per_minute,
        .handshakes_per_minute = c->handshakes_per_minute,
        .blobs = s->blobs,
        .upload_bytes = c->upload_bytes,
        .uploads_per_minute = c->uploads_per_minute,
    };
    enum pl_err err = pl_gateway_create(&config, &s->gateway);
    if (err != PL_OK)
        pl_cli__failure("cannot listen on %s port %lld: %s", c->host, (long long)c->port,
                        err == PL_EXISTS      ? "the port is taken; --port takes another one"
                        : err == PL_NOT_FOUND ? "that is no address of this machine"
                        : err == PL_DENIED    ? "this user may not take that port"
                                              : pl_err_text(err));
    return err;
}

static void drained(void *ctx) {
    struct cli_server *s = ctx;
    pl_loop_stop(s->loop);
}

void pl_cli__server_stop(struct cli_server *s) {
    if (s->stopping) {
        pl_loop_stop(s->loop); /* asked twice: at once */
        return;
    }
    s->stopping = true;
    pl_cli__notify("STOPPING=1");
    if (s->studio) pl_studio_rest(s->studio);
    pl_gateway_drain(s->gateway, 1000, s->config.drain_wait, drained, s);
}

static void on_signal(struct pl_signal *w) {
    pl_cli__server_stop(w->ctx);
}

/* The gateway comes last, and so do connections: everything they reach is there. */
enum pl_err pl_cli__server_open(const struct pl_config *config, struct pl_image *image,
                                struct pl_studio *studio, struct cli_server **out) {
    struct cli_server *s = calloc(1, sizeof *s);
    if (!s) return PL_NOMEM;
    s->config = *config;
    s->studio = studio;
    pl_cli__waiter_open(&s->waiter);
    s->log = (struct pl_log){config->log_level, stderr, pl_clock_system(), mask_log};
    signal(SIGPIPE, SIG_IGN);
    enum pl_err err = pl_loop_create(pl_clock_system(), &s->loop);
    if (err == PL_OK) err = open_store(s);
    if (err == PL_OK) {
        err = pl_cli__hooks_open(config->shop_url, config, &s->log, &s->hooks);
        if (err != PL_OK) pl_cli__failure("the hook workers: %s", pl_err_text(err));
    }
    if (err == PL_OK) err = pl_cli__models_open(config, s->store, &s->log, &s->llm);
    if (err == PL_OK) err = open_models(s);
    if (err == PL_OK) err = open_version(s, image);
    if (err == PL_OK) err = pl_cli__api_open(s);
    if (err == PL_OK) err = open_identity(s);
    if (err == PL_OK) err = open_blobs(s);
    if (err == PL_OK) err = open_gateway(s);
    if (err == PL_OK) err = pl_cli__admin_open(s);
    if (err != PL_OK) {
        pl_cli__server_close(&s);
        return err;
    }
    s->term.fn = s->interrupt.fn = on_signal;
    s->term.ctx = s->interrupt.ctx = s;
    pl_signal_start(s->loop, &s->term, SIGTERM);
    pl_signal_start(s->loop, &s->interrupt, SIGINT);
    *out = s;
    return PL_OK;
}

int pl_cli__server_port(const struct cli_server *s) {
    return pl_gateway_port(s->gateway);
}

int pl_cli__server_ops_port(const struct cli_server *s) {
    return pl_gateway_ops_port(s->gateway);
}

void pl_cli__server_run(struct cli_server *s) {
    s->pulse = pl_cli__pulse_start(s->loop, s->engine);
    pl_cli__notify("READY=1");
    pl_loop_run(s->loop);
}

void pl_cli__server_close(struct cli_server **server) {
    struct cli_server *s = *server;
    if (!s) return;
    *server = NULL;
    pl_cli__pulse_hold(s->pulse); /* the gateway's loop turns once more when the engine is gone */
    if (s->admin) pl_gateway_admin_stop(&s->admin);
    pl_cli__api_close(s);
    if (s->engine) pl_engine_stop(s->engine);
    pl_sim_models_destroy(&s->models); /* its turns stand on the engine's loop */
    pl_locale_tools_free(&s->words);
    if (s->hooks) pl_cli__hooks_close(&s->hooks);
    if (s->llm) pl_llm_destroy(&s->llm);
    if (s->engine) pl_engine_destroy(&s->engine);
    if (s->gateway) pl_gateway_destroy(&s->gateway);
    pl_cli__articles_free(&s->articles);
    pl_blobs_destroy(&s->blobs);
    if (s->store) pl_store_close(&s->store);
    if (s->loop) {
        pl_signal_stop(&s->term);
        pl_signal_stop(&s->interrupt);
        pl_loop_destroy(&s->loop);
    }
    pl_cli__pulse_stop(&s->pulse); /* its posts were both loops' */
    memset(&s->identity, 0, sizeof s->identity);
    pl_cli__waiter_close(&s->waiter);
    free(s);
}
