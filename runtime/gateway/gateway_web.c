/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "runtime/gateway/gateway_priv.h"

static const struct {
    const char *suffix, *type;
} types[] = {
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".json", "application/json"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".jpg", "image/jpeg"},
    {".webp", "image/webp"},
    {".ico", "image/x-icon"},
    {".woff2", "font/woff2"},
    {".txt", "text/plain; charset=utf-8"},
    {".map", "application/json"},
};

/* Kinds of files that are not listed are not served. */
static const char *type_of(struct pl_str path) {
    for (size_t i = 0; i < PL_LEN(types); i++)
        if (pl_str_ends(path, pl_str_c(types[i].suffix))) return types[i].type;
    return NULL;
}

/* Only plain names: no segment is empty or begins with a dot, so none leads upwards or to a hidden
 * file, and no byte needs decoding. */
static bool plain_path(struct pl_str path) {
    bool start = true;
    if (path.n == 0 || path.n > 200) return false;
    for (size_t i = 0; i < path.n; i++) {
        char ch = path.p[i];
        bool word = (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') ||
                    (ch >= '0' && ch <= '9') || ch == '-' || ch == '_';
        if (start && !word) return false;
        if (!word && ch != '.' && ch != '/') return false;
        start = ch == '/';
    }
    return !start;
}

static void not_found(struct pl_gateway__http *answer) {
    pl_gateway__http_error(answer, 404, "not_found", "no such page");
}

/* ---- articles ---- */

void pl_gateway__etag(struct pl_gateway__http *answer) {
    uint64_t hash = pl_fnv(PL_FNV, answer->body.p, answer->body.n);
    snprintf(answer->etag, sizeof answer->etag, "\"%016llx\"", (unsigned long long)hash);
}

void pl_gateway__web(struct pl_gateway *g, struct pl_str path, struct pl_gateway__http *answer) {
    struct pl_str bytes, name = {path.p + 1, path.n - 1};
    if (name.n == 0) name = PL_STR("index.html");
    const char *type = type_of(name);
    if (g->c.web == NULL || g->c.web[0] == '\0' || !plain_path(name) || type == NULL) {
        not_found(answer);
        return;
    }
    struct pl_str file = pl_arena_printf(&g->arena, "%s/%.*s", g->c.web, PL_STR_ARG(name));
    if (pl_file_read(&g->arena, file.p, PL_GATEWAY__WEB_MAX, &bytes) != PL_OK) {
        not_found(answer);
        return;
    }
    answer->status = 200;
    answer->type = type;
    answer->anywhere = strncmp(type, "text/html", 9) != 0;
    pl_buf_str(&answer->body, bytes);
    pl_gateway__etag(answer);
}
