/* SPDX-License-Identifier: Apache-2.0 */
/* A bare WebSocket echo on libwebsockets and libev: what any server of this kind pays at least.
 * usage: pl_echo PORT; SIGTERM ends it. */
#include <libwebsockets.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum { MESSAGE_MAX = 1024 };

struct session {
    size_t n;
    unsigned char bytes[LWS_PRE + MESSAGE_MAX];
};

static int echo(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                size_t len) {
    struct session *s = user;
    switch (reason) {
    case LWS_CALLBACK_RECEIVE:
        if (len > MESSAGE_MAX) return -1;
        memcpy(s->bytes + LWS_PRE, in, len);
        s->n = len;
        lws_callback_on_writable(wsi);
        return 0;
    case LWS_CALLBACK_SERVER_WRITEABLE:
        if (s->n == 0) return 0;
        if (lws_write(wsi, s->bytes + LWS_PRE, s->n, LWS_WRITE_TEXT) < (int)s->n) return -1;
        s->n = 0;
        return 0;
    default: return 0;
    }
}

static const struct lws_protocols protocols[] = {
    {.name = "echo",
     .callback = echo,
     .per_session_data_size = sizeof(struct session),
     .rx_buffer_size = MESSAGE_MAX},
    {0},
};

int main(int argc, char **argv) {
    struct lws_context_creation_info info = {0};
    if (argc != 2) {
        fprintf(stderr, "usage: %s PORT\n", argv[0]);
        return 2;
    }
    lws_set_log_level(LLL_ERR, NULL);
    info.port = atoi(argv[1]);
    info.iface = "127.0.0.1";
    info.protocols = protocols;
    info.options =
        LWS_SERVER_OPTION_LIBEV | LWS_SERVER_OPTION_VALIDATE_UTF8 | LWS_SERVER_OPTION_DISABLE_IPV6;
    struct lws_context *context = lws_create_context(&info);
    if (context == NULL) return 1;
    signal(SIGTERM, SIG_DFL); /* nothing to save: the default ends it */
    while (lws_service(context, 0) >= 0) continue;
    lws_context_destroy(context);
    return 0;
}
