/* SPDX-License-Identifier: Apache-2.0
 *
 * Server-sent events, as the HTML standard's "event stream" defines them: lines end with LF, CRLF
 * or CR; "data:" lines are joined by line feeds; "event:" names; a colon begins a comment; an empty
 * line ends the event; one without data is none.
 */
#include <string.h>

#include "runtime/llm/llm_priv.h"

static enum pl_err over(struct pl_llm__sse *s) {
    s->over = true;
    return PL_LIMIT;
}

static void dispatch(struct pl_llm__sse *s) {
    if (s->has_data) s->event(s->ctx, pl_buf_slice(&s->name), pl_buf_slice(&s->data));
    pl_buf_clear(&s->name);
    pl_buf_clear(&s->data);
    s->has_data = false;
}

/* "data: x" gives x: one space after the colon belongs to the syntax. */
static bool field_is(struct pl_str line, const char *name, struct pl_str *value) {
    size_t n = strlen(name);
    if (line.n < n || memcmp(line.p, name, n) != 0) return false;
    if (line.n == n) {
        *value = (struct pl_str){"", 0};
        return true;
    }
    if (line.p[n] != ':') return false;
    n++;
    if (line.n > n && line.p[n] == ' ') n++;
    *value = (struct pl_str){line.p + n, line.n - n};
    return true;
}

static enum pl_err take_line(struct pl_llm__sse *s) {
    struct pl_str line = pl_buf_slice(&s->line), value;
    struct pl_str mark = PL_STR("\xEF\xBB\xBF");
    if (!s->begun && pl_str_starts(line, mark))
        line = (struct pl_str){line.p + mark.n, line.n - mark.n};
    s->begun = true;
    if (line.n == 0) {
        dispatch(s);
    } else if (field_is(line, "data", &value)) {
        if (value.n >= s->limits.event - s->data.n) return over(s); /* a line feed goes with it */
        if (s->has_data) pl_buf_byte(&s->data, '\n');
        pl_buf_str(&s->data, value);
        s->has_data = true;
    } else if (field_is(line, "event", &value)) {
        pl_buf_clear(&s->name);
        pl_buf_str(&s->name, value);
    }
    pl_buf_clear(&s->line);
    if (!s->data.failed && !s->name.failed) return PL_OK;
    s->over = true;
    return PL_NOMEM;
}

static enum pl_err add(struct pl_llm__sse *s, struct pl_str part) {
    if (part.n > s->limits.line - s->line.n) return over(s);
    pl_buf_str(&s->line, part);
    if (!s->line.failed) return PL_OK;
    s->over = true;
    return PL_NOMEM;
}

static size_t line_end(struct pl_str s) {
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == '\n' || s.p[i] == '\r') return i;
    return s.n;
}

enum pl_err pl_llm__sse_feed(struct pl_llm__sse *s, struct pl_str bytes) {
    if (s->over || bytes.n > s->limits.total - s->total) return over(s);
    s->total += bytes.n;
    while (bytes.n > 0) {
        if (s->after_cr && bytes.p[0] == '\n') {
            bytes = (struct pl_str){bytes.p + 1, bytes.n - 1};
            s->after_cr = false;
            continue;
        }
        s->after_cr = false;
        size_t n = line_end(bytes);
        enum pl_err err = add(s, (struct pl_str){bytes.p, n});
        if (err) return err;
        if (n == bytes.n) return PL_OK;
        s->after_cr = bytes.p[n] == '\r';
        bytes = (struct pl_str){bytes.p + n + 1, bytes.n - n - 1};
        err = take_line(s);
        if (err) return err;
    }
    return PL_OK;
}

enum pl_err pl_llm__sse_end(struct pl_llm__sse *s) {
    if (s->over) return PL_LIMIT;
    enum pl_err err = s->line.n ? take_line(s) : PL_OK;
    if (!err) dispatch(s);
    return err;
}

void pl_llm__sse_free(struct pl_llm__sse *s) {
    pl_buf_free(&s->line);
    pl_buf_free(&s->name);
    pl_buf_free(&s->data);
}
