/* SPDX-License-Identifier: Apache-2.0
 *
 * Vectors of the articles' passages, from the models file's embedding model, while an image is
 * made. What was asked for once is kept in the cache folder and not asked for again. Whatever goes
 * wrong, the image is made without: articles are found by words then. An image is made without a
 * data folder, so there is no ledger to write to: what was paid is said where it is made.
 *
 *   file: magic, dims | row after row: SHA-256 of the text (32), the vector (dims)
 */
#include <stdlib.h>
#include <string.h>

#include "runtime/crypto/crypto.h"
#include "runtime/kb/kb.h"
#include "runtime/llm/llm.h"
#include "runtime/loop/loop.h"
#include "tools/cli/cli_priv.h"

#define MAGIC     "PKC1"
#define HEADER    8
#define KEY       32
#define FILE_MOST ((size_t)1 << 30)
#define BATCH     64
#define WAIT_MS   30000

struct making {
    struct pl_arena a;
    struct pl_llm_models models;
    const char *model; /* its name */
    struct pl_llm *llm;
    struct pl_loop *loop;
    struct pl_kb *kb;
    uint32_t n, dims, known; /* passages; dims 0: not told yet */
    struct pl_str *texts;
    uint8_t (*keys)[KEY];
    int8_t **rows; /* NULL: not there yet */
    uint32_t batch[BATCH], nbatch;
    bool done, good;
    bool other; /* a vector that came is not as long as those before it */
    char why[160];
    uint32_t asked; /* texts that were sent */
    struct pl_llm_usage usage;
    int64_t micro;
};

/* ---- what is kept ---- */

static void file_name(const struct making *m, char path[4200]) {
    uint8_t hash[32];
    char hex[65], folder[4096];
    path[0] = 0;
    pl_compile_cache_folder(NULL, folder);
    pl_crypto_sha256(pl_str_c(m->model), hash);
    pl_hex(hash, sizeof hash, hex);
    if (folder[0]) snprintf(path, 4200, "%s/%.16s.vectors", folder, hex);
}

static int by_key(const void *a, const void *b) {
    return memcmp(*(const uint8_t *const *)a, *(const uint8_t *const *)b, KEY);
}

static void read_rows(struct making *m, struct pl_str file) {
    uint32_t dims = 0;
    memcpy(&dims, file.p + 4, sizeof dims);
    size_t size = (size_t)KEY + dims, n = dims ? (file.n - HEADER) / size : 0;
    if (dims == 0 || dims > PL_KB_MOST_DIMS || (file.n - HEADER) % size != 0) return;
    const char **v = PL_NEW_ARRAY(&m->a, const char *, n + 1);
    for (size_t i = 0; i < n; i++) v[i] = file.p + HEADER + i * size;
    qsort(v, n, sizeof *v, by_key);
    for (uint32_t i = 0; i < m->n; i++) {
        const char *key = (const char *)m->keys[i];
        const char **found = bsearch(&key, v, n, sizeof *v, by_key);
        if (!found) continue;
        m->rows[i] = PL_NEW_ARRAY(&m->a, int8_t, dims);
        memcpy(m->rows[i], *found + KEY, dims);
        m->known++;
        m->dims = dims;
    }
}

static void read_known(struct making *m) {
    char path[4200];
    struct pl_str file;
    file_name(m, path);
    if (!path[0] || pl_file_read(&m->a, path, FILE_MOST, &file) != PL_OK || file.n < HEADER ||
        memcmp(file.p, MAGIC, 4) != 0)
        return;
    read_rows(m, file);
}

/* What no passage has any more is left out. */
static void write_known(struct making *m) {
    char path[4200], *slash;
    struct pl_buf b = {0};
    file_name(m, path);
    if (!path[0] || !m->dims) return;
    pl_buf_add(&b, MAGIC, 4);
    pl_buf_add(&b, &m->dims, sizeof m->dims);
    for (uint32_t i = 0; i < m->n; i++) {
        if (!m->rows[i]) continue;
        pl_buf_add(&b, m->keys[i], KEY);
        pl_buf_add(&b, m->rows[i], m->dims);
    }
    slash = strrchr(path, '/');
    *slash = 0;
    bool there = pl_mkdirs(path) == PL_OK;
    *slash = '/';
    if (there && !b.failed) (void)pl_file_replace(path, pl_buf_slice(&b));
    pl_buf_free(&b);
}

/* ---- asking ---- */

static void take(struct making *m, const struct pl_llm_event *e) {
    uint32_t n = (uint32_t)e->vector.n;
    if (e->vector.index >= m->nbatch || n == 0 || n > PL_KB_MOST_DIMS) return;
    if (!m->dims) m->dims = n;
    if (n != m->dims) {
        m->other = true;
        snprintf(m->why, sizeof m->why, "its vectors are not all of one length");
        return;
    }
    int8_t *row = PL_NEW_ARRAY(&m->a, int8_t, n);
    if (pl_kb_vector_row(e->vector.v, n, row) == PL_OK) m->rows[m->batch[e->vector.index]] = row;
}

/* Also of what failed: its attempts may have cost something. */
static void pay(struct making *m, const struct pl_llm_event *e) {
    m->usage.input += e->done.usage.input;
    m->usage.cached += e->done.usage.cached;
    m->usage.output += e->done.usage.output;
    m->usage.estimated = m->usage.estimated || e->done.usage.estimated;
    m->micro += e->done.micro;
}

static void on_event(void *ctx, const struct pl_llm_event *e) {
    struct making *m = ctx;
    if (e->kind == PL_LLM_VECTOR) take(m, e);
    if (e->kind != PL_LLM_DONE) return;
    pay(m, e);
    m->done = true;
    m->good = e->done.failure == PL_LLM_FAIL_NONE;
    if (!m->good)
        snprintf(m->why, sizeof m->why, "%s: %.*s", pl_llm_failure_meaning(e->done.failure),
                 (int)(e->done.why.n < 80 ? e->done.why.n : 80), e->done.why.p);
}

static bool ask_batch(struct making *m) {
    struct pl_str texts[BATCH];
    for (uint32_t i = 0; i < m->nbatch; i++) texts[i] = m->texts[m->batch[i]];
    struct pl_llm_request r = {.embed = texts,
                               .nembed = m->nbatch,
                               .embed_model = pl_str_c(m->model),
                               .deadline_ms = WAIT_MS,
                               .loop = m->loop,
                               .on_event = on_event,
                               .ctx = m};
    m->done = false;
    m->asked += m->nbatch;
    pl_llm_ask(m->llm, &r);
    while (!m->done) pl_loop_once(m->loop, 100);
    for (uint32_t i = 0; i < m->nbatch; i++) m->good = m->good && m->rows[m->batch[i]];
    return m->good;
}

static bool ask_all(struct making *m) {
    struct pl_llm_config config = {.models = &m->models, .clock = pl_clock_system()};
    bool good =
        pl_loop_create(config.clock, &m->loop) == PL_OK && pl_llm_create(&config, &m->llm) == PL_OK;
    for (uint32_t i = 0; good && i < m->n;) {
        m->nbatch = 0;
        for (; i < m->n && m->nbatch < BATCH; i++)
            if (!m->rows[i]) m->batch[m->nbatch++] = i;
        if (m->nbatch) good = ask_batch(m);
    }
    if (m->llm) pl_llm_destroy(&m->llm);
    if (m->loop) pl_loop_destroy(&m->loop);
    return good;
}

/* The model has become another one under the same name: what was kept of it is worth nothing. */
static bool ask_anew(struct making *m) {
    for (uint32_t i = 0; i < m->n; i++) m->rows[i] = NULL;
    m->dims = m->known = 0;
    m->other = false;
    m->why[0] = 0;
    return ask_all(m);
}

/* ---- the section ---- */

static void read_passages(struct making *m) {
    struct pl_kb_hit hit;
    while (pl_kb_passage(m->kb, m->n, &hit)) m->n++;
    m->texts = PL_NEW_ARRAY(&m->a, struct pl_str, m->n + 1);
    m->keys = (uint8_t(*)[KEY])PL_NEW_ARRAY(&m->a, uint8_t, (size_t)KEY * (m->n + 1));
    m->rows = PL_NEW_ARRAY(&m->a, int8_t *, m->n + 1);
    for (uint32_t i = 0; i < m->n && pl_kb_passage(m->kb, i, &hit); i++) {
        m->rows[i] = NULL;
        m->texts[i] = pl_kb_vector_text(&m->a, &hit);
        pl_crypto_sha256(m->texts[i], m->keys[i]);
    }
}

static void put_section(struct making *m, struct pl_str index, struct pl_buf *section) {
    int8_t *all = PL_NEW_ARRAY(&m->a, int8_t, (size_t)m->n * m->dims + 1);
    for (size_t i = 0; i < m->n; i++) memcpy(all + i * m->dims, m->rows[i], m->dims);
    size_t before = section->n;
    if (pl_kb_vectors_build(m->kb, index, pl_str_c(m->model), m->dims, all, section) != PL_OK)
        section->n = before;
}

static void say_paid(const struct making *m) {
    char cost[48];
    int64_t tokens = m->usage.input + m->usage.cached + m->usage.output;
    if (tokens == 0 && m->micro == 0) return;
    pl_cli__money(m->micro, m->models.currency, cost);
    fprintf(stderr, "parlance: vectors of articles: %u texts sent for %s, %lld tokens%s%s\n",
            m->asked, m->model, (long long)tokens, cost,
            m->usage.estimated ? " (partly guessed)" : "");
}

static void make(struct making *m, struct pl_str index, struct pl_buf *section) {
    read_passages(m);
    read_known(m);
    uint32_t known = m->known;
    bool good = m->n && (known == m->n || ask_all(m));
    if (!good && m->other && known > 0) good = ask_anew(m);
    if (known < m->n) write_known(m); /* also what came before something failed */
    say_paid(m);
    if (good)
        put_section(m, index, section);
    else if (m->n)
        fprintf(
            stderr,
            "parlance: %s gave no vectors of the articles (%s); they are found by words alone\n",
            m->model, m->why[0] ? m->why : "not all of them");
}

void pl_cli__vectors(void *ctx, struct pl_str index, struct pl_buf *section) {
    const char *file = ctx;
    struct making m = {.model = ""};
    pl_arena_init(&m.a, 0);
    bool read = pl_cli__models_read(file, &m.a, &m.models) == CLI_OK;
    for (size_t i = 0; read && !m.model[0] && i < m.models.ntargets; i++)
        m.model = m.models.targets[i].embed;
    if (m.model[0] && pl_kb_open(index, &m.kb) == PL_OK) make(&m, index, section);
    pl_kb_close(&m.kb);
    pl_arena_free(&m.a);
}
