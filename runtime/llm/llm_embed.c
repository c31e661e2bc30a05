/* SPDX-License-Identifier: Apache-2.0
 *
 * Embeddings, as OpenAI has them: one JSON object, no stream. Vectors are emitted in the order of
 * their texts, and only when all of them are there.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/llm/llm_priv.h"

enum { DIMENSIONS_MAX = 16384 };

/* ---- reading ---- */

static bool read_float(const struct pl_json *j, float *out) {
    char digits[64];
    if (j->kind != PL_JNUMBER || j->s.n >= sizeof digits) return false;
    memcpy(digits, j->s.p, j->s.n);
    digits[j->s.n] = 0;
    *out = strtof(digits, NULL);
    return isfinite(*out);
}

static const struct pl_json *row_of(const struct pl_json *data, size_t index) {
    for (size_t i = 0; i < data->n; i++) {
        int64_t at = (int64_t)i;
        pl_llm__number(&data->m[i].value, "index", &at);
        if (at == (int64_t)index) return pl_json_get(&data->m[i].value, "embedding");
    }
    return NULL;
}

static bool emit_row(struct pl_llm__stream *s, const struct pl_json *row, size_t index,
                     bool only_check) {
    if (!row || row->kind != PL_JARRAY || row->n == 0 || row->n > DIMENSIONS_MAX) return false;
    float *v = PL_NEW_ARRAY(&s->arena, float, row->n);
    if (!v) return false;
    for (size_t i = 0; i < row->n; i++)
        if (!read_float(&row->m[i].value, &v[i])) return false;
    if (only_check) return true;
    struct pl_llm_event e = {.kind = PL_LLM_VECTOR, .vector = {index, v, row->n}};
    s->progress++;
    s->emit(s->ctx, &e);
    return true;
}

static bool read_rows(struct pl_llm__stream *s, const struct pl_json *data) {
    if (!data || data->kind != PL_JARRAY || data->n != s->vectors) return false;
    for (size_t i = 0; i < s->vectors; i++)
        if (!emit_row(s, row_of(data, i), i, true)) return false;
    for (size_t i = 0; i < s->vectors; i++) emit_row(s, row_of(data, i), i, false);
    return true;
}

void pl_llm__embed_event(struct pl_llm__stream *s, struct pl_str data) {
    struct pl_json json;
    size_t at;
    if (pl_json_parse(&s->arena, data, &json, &at) != PL_OK || json.kind != PL_JOBJECT) {
        pl_llm__fail(s, PL_LLM_FAIL_CUT, PL_STR("reply"));
        return;
    }
    const struct pl_json *error = pl_json_get(&json, "error");
    if (error && error->kind != PL_JNULL) {
        pl_llm__fail_json(s, &json);
        return;
    }
    if (!read_rows(s, pl_json_get(&json, "data"))) {
        pl_llm__fail(s, PL_LLM_FAIL_MALFORMED, PL_STR("embeddings"));
        return;
    }
    s->has_input = s->has_output =
        pl_llm__tokens(pl_json_get(&json, "usage"), "prompt_tokens", &s->usage.input);
    pl_llm__finish(s, PL_LLM_FINISH_STOP);
}

/* ---- writing ---- */

void pl_llm__embed_write(struct pl_buf *b, const struct pl_llm_request *r,
                         const struct pl_llm_target *t, int64_t max_output) {
    struct pl_jw w = {.b = b};
    (void)max_output;
    pl_jw_open(&w, '{');
    pl_jw_text_member(&w, "model", pl_str_c(t->embed));
    pl_jw_text_member(&w, "encoding_format", PL_STR("float"));
    pl_jw_name(&w, "input");
    pl_jw_open(&w, '[');
    for (size_t i = 0; i < r->nembed; i++) pl_jw_text(&w, r->embed[i]);
    pl_jw_close(&w, ']');
    pl_jw_close(&w, '}');
}
