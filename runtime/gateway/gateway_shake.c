/* SPDX-License-Identifier: Apache-2.0
 *
 * The head of a request that wants a WebSocket, and the answer to it.
 */
#include <string.h>
#include <strings.h>

#include "runtime/crypto/crypto.h"
#include "runtime/gateway/gateway_priv.h"

static bool same_name(struct pl_str a, struct pl_str b) {
    return a.n == b.n && strncasecmp(a.p, b.p, a.n) == 0;
}

/* The next line, without its end; false when the empty one came. */
static bool next_line(struct pl_str *rest, struct pl_str *line) {
    size_t end = pl_str_find(*rest, PL_STR("\r\n"));
    if (end == 0 || end == SIZE_MAX) return false;
    *line = (struct pl_str){rest->p, end};
    *rest = (struct pl_str){rest->p + end + 2, rest->n - end - 2};
    return true;
}

/* How many headers have the name; the value of the last of them. */
static size_t header(struct pl_str head, struct pl_str name, struct pl_str *value) {
    struct pl_str line;
    size_t n = 0;
    *value = PL_STR("");
    for (bool first = true; next_line(&head, &line); first = false) {
        size_t colon = pl_str_find(line, PL_STR(":"));
        if (first || colon == SIZE_MAX || !same_name((struct pl_str){line.p, colon}, name))
            continue;
        *value = pl_str_trim((struct pl_str){line.p + colon + 1, line.n - colon - 1});
        n++;
    }
    return n;
}

bool pl_gateway__upgrades(struct pl_str head) {
    struct pl_str value;
    return header(head, PL_STR("upgrade"), &value) > 0 &&
           pl_gateway__lists(value, PL_STR("websocket"), true);
}

/* "localhost:8080": what people call this machine on itself. */
static bool own_name(const struct pl_gateway *g, struct pl_str name) {
    static const char *const hosts[] = {"127.0.0.1", "localhost", "[::1]"};
    char own[32];
    for (size_t i = 0; i < PL_LEN(hosts); i++) {
        snprintf(own, sizeof own, "%s:%d", hosts[i], pl_gateway_port(g));
        if (same_name(name, pl_str_c(own))) return true;
    }
    return false;
}

bool pl_gateway__local(struct pl_gateway *g, struct pl_str head, struct pl_gateway__http *no) {
    static const struct pl_str http = {"http://", 7};
    struct pl_str value;
    if (header(head, PL_STR("host"), &value) != 1 || !own_name(g, value))
        return pl_gateway__no(no, 403, "host", "this server is for this machine alone");
    if (header(head, PL_STR("origin"), &value) == 0) return true;
    if (!pl_str_starts(value, http) ||
        !own_name(g, (struct pl_str){value.p + http.n, value.n - http.n}))
        return pl_gateway__no(no, 403, "origin", "pages of this origin may not connect");
    return true;
}

/* "GET /ws HTTP/1.1", perhaps with something behind a '?'. */
static bool asks_for_us(struct pl_str head) {
    struct pl_str line;
    if (!next_line(&head, &line) || !pl_str_starts(line, PL_STR("GET /ws"))) return false;
    line = (struct pl_str){line.p + 7, line.n - 7};
    size_t blank = pl_str_find(line, PL_STR(" "));
    return blank != SIZE_MAX && (blank == 0 || line.p[0] == '?') &&
           pl_str_is((struct pl_str){line.p + blank, line.n - blank}, " HTTP/1.1");
}

/* 16 bytes in base64. */
static bool good_key(struct pl_str key) {
    if (key.n != 24 || !pl_str_ends(key, PL_STR("=="))) return false;
    for (size_t i = 0; i < 22; i++) {
        char c = key.p[i];
        bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (!letter && (c < '0' || c > '9') && c != '+' && c != '/') return false;
    }
    return true;
}

static bool well_formed(struct pl_str head, struct pl_str *key, struct pl_gateway__http *a) {
    struct pl_str value;
    if (!asks_for_us(head))
        return pl_gateway__no(a, 404, "not_found", "the WebSocket is at GET /ws");
    if (header(head, PL_STR("host"), &value) != 1)
        return pl_gateway__no(a, 400, "host", "a request has one Host");
    if (header(head, PL_STR("connection"), &value) == 0 ||
        !pl_gateway__lists(value, PL_STR("upgrade"), true))
        return pl_gateway__no(a, 400, "connection", "send Connection: Upgrade");
    if (header(head, PL_STR("sec-websocket-version"), &value) != 1 || !pl_str_is(value, "13"))
        return pl_gateway__no(a, 426, "version", "only version 13 of WebSocket is spoken");
    if (header(head, PL_STR("sec-websocket-key"), key) != 1 || !good_key(*key))
        return pl_gateway__no(a, 400, "key", "Sec-WebSocket-Key takes 16 bytes in base64");
    if (header(head, PL_STR("content-length"), &value) > 0 && !pl_str_is(value, "0"))
        return pl_gateway__no(a, 400, "body", "a handshake has no body");
    return true;
}

/* The protocol may be one of several that the client offers, in one header or in more. */
static bool offered(struct pl_str head) {
    struct pl_str line, name = PL_STR("sec-websocket-protocol");
    while (next_line(&head, &line)) {
        size_t colon = pl_str_find(line, PL_STR(":"));
        if (colon == SIZE_MAX || !same_name((struct pl_str){line.p, colon}, name)) continue;
        if (pl_gateway__lists((struct pl_str){line.p + colon + 1, line.n - colon - 1},
                              PL_STR(PL_PROTOCOL_NAME), false))
            return true;
    }
    return false;
}

/* What proves that the server understood: SHA-1 of the key and a fixed text, in base64. */
static void accept_of(struct pl_str key, char out[29]) {
    uint8_t hash[20];
    char text[64];
    int n =
        snprintf(text, sizeof text, "%.*s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", PL_STR_ARG(key));
    pl_crypto_sha1((struct pl_str){text, (size_t)n}, hash);
    pl_crypto_base64((struct pl_str){(const char *)hash, sizeof hash}, out);
}

bool pl_gateway__shake(struct pl_gateway *g, const struct pl_gateway__peer *peer,
                       struct pl_str head, struct pl_buf *yes, struct pl_gateway__http *no) {
    struct pl_str key, origin;
    char proof[29];
    if (!well_formed(head, &key, no)) return false;
    if (!offered(head))
        return pl_gateway__no(no, 400, "protocol", "ask for the subprotocol " PL_PROTOCOL_NAME);
    header(head, PL_STR("origin"), &origin);
    if (!pl_gateway__origin(g, origin, no) || !pl_gateway__room(g, peer, no)) return false;
    accept_of(key, proof);
    pl_buf_printf(yes,
                  "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n"
                  "connection: Upgrade\r\nsec-websocket-accept: %s\r\n"
                  "sec-websocket-protocol: " PL_PROTOCOL_NAME "\r\n\r\n",
                  proof);
    return true;
}
