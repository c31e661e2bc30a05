/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "runtime/hooks/hooks_priv.h"

const char *pl_hook_why_text(enum pl_hook_why why) {
    static const char *const texts[] = {
#define WHY(name, text) text,
#include "runtime/hooks/why.def"
#undef WHY
    };
    return (size_t)why < PL_LEN(texts) ? texts[why] : "unknown";
}

size_t pl_hooks__frame_open(struct pl_buf *b, uint8_t kind) {
    size_t at = b->n;
    pl_buf_u32(b, 0);
    pl_buf_byte(b, kind);
    return at;
}

void pl_hooks__frame_close(struct pl_buf *b, size_t at) {
    if (b->failed) return;
    size_t n = b->n - at - 4;
    for (size_t i = 0; i < 4; i++) b->p[at + i] = (char)(uint8_t)(n >> (8 * i));
}

enum pl_err pl_hooks__frame_next(const struct pl_buf *b, size_t *at, size_t max,
                                 struct pl_str *frame) {
    if (b->n - *at < 4) return PL_NOT_FOUND;
    size_t n = 0;
    for (size_t i = 0; i < 4; i++) n |= (size_t)(uint8_t)b->p[*at + i] << (8 * i);
    if (n > max) return PL_LIMIT;
    if (b->n - *at - 4 < n) return PL_NOT_FOUND;
    *frame = (struct pl_str){b->p + *at + 4, n};
    *at += 4 + n;
    return PL_OK;
}

static bool path_char(char c) {
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) return true;
    return c && strchr("-._~!$&'()*+,;=:@/%?", c);
}

/* A segment of dots, plain or escaped, would climb out of the service's base URL. */
static bool climbs(struct pl_str segment) {
    size_t dots = 0;
    for (size_t i = 0; i < segment.n; dots++) {
        if (segment.p[i] == '.')
            i++;
        else if (segment.n - i >= 3 && strncasecmp(segment.p + i, "%2e", 3) == 0)
            i += 3;
        else
            return false;
    }
    return dots == 1 || dots == 2;
}

bool pl_hooks__path_ok(struct pl_str path) {
    if (path.n == 0 || path.n > PL_HOOKS__PATH_MAX || path.p[0] != '/') return false;
    if (path.n > 1 && path.p[1] == '/') return false;
    for (size_t i = 0; i < path.n; i++)
        if (!path_char(path.p[i])) return false;
    const char *query = memchr(path.p, '?', path.n);
    size_t end = query ? (size_t)(query - path.p) : path.n;
    for (size_t from = 1, i = 1; i <= end; i++) {
        if (i < end && path.p[i] != '/') continue;
        if (climbs((struct pl_str){path.p + from, i - from})) return false;
        from = i + 1;
    }
    return true;
}

bool pl_hooks__name_ok(struct pl_str name, size_t max) {
    if (name.n == 0 || name.n > max) return false;
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) continue;
        if (c == 0 || !strchr("_.-:", c)) return false;
    }
    return true;
}

static bool type_ok(struct pl_str type) {
    return type.n == 0 || pl_str_is(type, "application/json") ||
           pl_str_is(type, "text/plain; charset=utf-8");
}

static enum pl_err check_http(const struct pl_hooks__said *s, uint8_t method) {
    if (method > PL_HTTP_DELETE || !type_ok(s->type)) return PL_MALFORMED;
    if (!pl_hooks__name_ok(s->service, PL_HOOKS__NAME_MAX)) return PL_MALFORMED;
    if (!pl_hooks__path_ok(s->path)) return PL_MALFORMED;
    return s->body.n > PL_HOOKS__BODY_MAX ? PL_LIMIT : PL_OK;
}

enum pl_err pl_hooks__said_read(struct pl_str frame, struct pl_hooks__said *out) {
    struct pl_reader r = pl_reader_of(frame);
    memset(out, 0, sizeof *out);
    out->kind = pl_read_u8(&r);
    out->id = pl_read_var(&r);
    enum pl_err err = PL_OK;
    uint8_t byte = 0;
    switch (out->kind) {
    case PL_HOOKS__HTTP:
        byte = pl_read_u8(&r);
        out->service = pl_read_text(&r);
        out->path = pl_read_text(&r);
        out->type = pl_read_text(&r);
        out->body = pl_read_text(&r);
        if (!r.bad) err = check_http(out, byte);
        out->method = err ? PL_HTTP_GET : (enum pl_http_method)byte;
        break;
    case PL_HOOKS__VALUE:
        out->body = pl_read_text(&r);
        if (out->body.n > PL_HOOKS__BODY_MAX) err = PL_LIMIT;
        break;
    case PL_HOOKS__FAIL:
        out->name = pl_read_text(&r);
        if (!pl_hooks__name_ok(out->name, PL_HOOKS__NAME_MAX)) err = PL_MALFORMED;
        break;
    case PL_HOOKS__ERROR:
        byte = pl_read_u8(&r);
        out->detail = pl_read_text(&r);
        if (byte != PL_HOOK_WHY_NO_HOOK && byte != PL_HOOK_WHY_LUA_ERROR &&
            byte != PL_HOOK_WHY_BUDGET)
            err = PL_MALFORMED;
        out->why = err ? PL_HOOK_WHY_NONE : (enum pl_hook_why)byte;
        if (out->detail.n > PL_HOOKS__DETAIL_MAX) err = PL_LIMIT;
        break;
    case PL_HOOKS__LOG:
        out->name = pl_read_text(&r);
        out->subject = pl_read_text(&r);
        if (!pl_hooks__name_ok(out->name, 64)) err = PL_MALFORMED;
        if (out->subject.n && !pl_hooks__name_ok(out->subject, 64)) err = PL_MALFORMED;
        break;
    case PL_HOOKS__READY: break;
    default: err = PL_MALFORMED;
    }
    if (r.bad || pl_read_left(&r) != 0) return PL_MALFORMED;
    return err;
}
