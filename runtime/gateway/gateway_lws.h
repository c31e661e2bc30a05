/* SPDX-License-Identifier: Apache-2.0
 * Private to this room: the callbacks that libwebsockets calls. */
#ifndef PL_GATEWAY_LWS_H
#define PL_GATEWAY_LWS_H

#include <libwebsockets.h>

int pl_gateway__http_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user,
                              void *in, size_t len);

#endif
