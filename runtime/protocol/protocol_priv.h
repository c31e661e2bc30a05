/* SPDX-License-Identifier: Apache-2.0
 * Private to this room: the rows of protocol.def as data. */
#ifndef PL_PROTOCOL_PRIV_H
#define PL_PROTOCOL_PRIV_H

#include "runtime/protocol/protocol.h"

enum pl_protocol__type { TEXT, HEX, CID, COUNT, INT, BOOL, TIME, LIST };
enum pl_protocol__need { MUST, MAY, ONE };
enum pl_protocol__direction { CLIENT, SERVER, BOTH };

#define PL_PROTOCOL__NO_MEMBER SIZE_MAX
#define PL_PROTOCOL__COUNT_MAX INT64_C(9007199254740992) /* 2^53: exact in every JSON reader */

struct pl_protocol__frame {
    const char *word;
    enum pl_protocol__direction direction;
    const char *meaning;
};

struct pl_protocol__field {
    enum pl_frame_kind frame;
    const char *name; /* "seq", "page.url" */
    enum pl_protocol__type type;
    uint32_t max;
    enum pl_protocol__need need;
    size_t member; /* offset in struct pl_frame */
    const char *meaning;
};

extern const struct pl_protocol__frame pl_protocol__frames[];
extern const size_t pl_protocol__nframes;
extern const struct pl_protocol__field pl_protocol__fields[];
extern const size_t pl_protocol__nfields;

#endif
