/* SPDX-License-Identifier: Apache-2.0
 *
 * Messages on the wire: a header with the length, a blank line, JSON. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "tools/lsp/lsp_priv.h"

#define MESSAGE_MOST ((size_t)64 << 20)

static bool read_more(struct lsp *l) {
    char bytes[65536];
    ssize_t n;
    do n = read(l->in, bytes, sizeof bytes);
    while (n < 0 && errno == EINTR);
    if (n > 0) pl_buf_add(&l->read, bytes, (size_t)n);
    return n > 0 && !l->read.failed;
}

static void drop(struct pl_buf *b, size_t n) {
    memmove(b->p, b->p + n, b->n - n);
    b->n -= n;
}

/* The length that the header tells; SIZE_MAX: none, or too long. */
static size_t length(struct pl_str header) {
    static const struct pl_str name = {"content-length:", 15};
    while (header.n) {
        size_t end = pl_str_find(header, PL_STR("\r\n"));
        struct pl_str line = {header.p, end == SIZE_MAX ? header.n : end};
        int64_t n = 0;
        if (line.n > name.n && strncasecmp(line.p, name.p, name.n) == 0) {
            struct pl_str digits = pl_str_trim((struct pl_str){line.p + name.n, line.n - name.n});
            bool good = pl_str_i64(digits, &n) && n >= 0 && (uint64_t)n <= MESSAGE_MOST;
            return good ? (size_t)n : SIZE_MAX;
        }
        size_t used = end == SIZE_MAX ? header.n : end + 2;
        header = (struct pl_str){header.p + used, header.n - used};
    }
    return SIZE_MAX;
}

bool pl_lsp__read(struct lsp *l, struct pl_str *out) {
    size_t end;
    while ((end = pl_str_find(pl_buf_slice(&l->read), PL_STR("\r\n\r\n"))) == SIZE_MAX)
        if (l->read.n > 65536 || !read_more(l)) return false;
    size_t n = length((struct pl_str){l->read.p, end});
    if (n == SIZE_MAX) return false;
    drop(&l->read, end + 4);
    while (l->read.n < n)
        if (!read_more(l)) return false;
    *out = pl_arena_str(&l->arena, (struct pl_str){l->read.p, n});
    drop(&l->read, n);
    return true;
}

bool pl_lsp__more(struct lsp *l) {
    struct pollfd p = {.fd = l->in, .events = POLLIN};
    return l->read.n || poll(&p, 1, 0) > 0;
}

static void write_all(int fd, const char *p, size_t n) {
    while (n) {
        ssize_t done = write(fd, p, n);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) return; /* the editor is gone: the next read says so */
        p += done;
        n -= (size_t)done;
    }
}

void pl_lsp__send(struct lsp *l, struct pl_str json) {
    char header[64];
    int n = snprintf(header, sizeof header, "Content-Length: %zu\r\n\r\n", json.n);
    write_all(l->out, header, (size_t)n);
    write_all(l->out, json.p, json.n);
}

static void write_id(struct pl_buf *b, const struct pl_json *id) {
    pl_buf_str(b, PL_STR("{\"jsonrpc\":\"2.0\",\"id\":"));
    if (id && id->kind == PL_JTEXT)
        pl_json_quote(b, id->s);
    else if (id && id->kind == PL_JNUMBER)
        pl_buf_str(b, id->s);
    else
        pl_buf_str(b, PL_STR("null"));
}

void pl_lsp__reply(struct lsp *l, const struct pl_json *id, struct pl_str result) {
    struct pl_buf b = {0};
    write_id(&b, id);
    pl_buf_str(&b, PL_STR(",\"result\":"));
    pl_buf_str(&b, result.n ? result : PL_STR("null"));
    pl_buf_byte(&b, '}');
    pl_lsp__send(l, pl_buf_slice(&b));
    pl_buf_free(&b);
}

void pl_lsp__fail(struct lsp *l, const struct pl_json *id, int code, const char *why) {
    struct pl_buf b = {0};
    write_id(&b, id);
    pl_buf_printf(&b, ",\"error\":{\"code\":%d,\"message\":", code);
    pl_json_quote(&b, pl_str_c(why));
    pl_buf_str(&b, PL_STR("}}"));
    pl_lsp__send(l, pl_buf_slice(&b));
    pl_buf_free(&b);
}
