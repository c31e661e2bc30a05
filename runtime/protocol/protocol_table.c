/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/protocol/protocol_priv.h"

const struct pl_protocol__frame pl_protocol__frames[] = {
#define FRAME(name, word, direction, meaning) {word, direction, meaning},
#include "runtime/protocol/protocol.def"
};
const size_t pl_protocol__nframes = PL_LEN(pl_protocol__frames);

const struct pl_protocol__field pl_protocol__fields[] = {
#define FIELD(frame, name, type, max, need, meaning)                                               \
    {PL_FRAME_##frame, name, type, max, need, PL_PROTOCOL__NO_MEMBER, meaning},
#define INPUT(frame, member, name, type, max, need, meaning)                                       \
    {PL_FRAME_##frame, name, type, max, need, offsetof(struct pl_frame, member), meaning},
#include "runtime/protocol/protocol.def"
};
const size_t pl_protocol__nfields = PL_LEN(pl_protocol__fields);

static const struct {
    const char *word, *text;
    bool retry;
} codes[] = {
#define CODE(name, word, retry, text) {word, text, retry},
#include "runtime/protocol/protocol.def"
};

static const struct {
    int number;
    const char *meaning;
} closes[] = {
#define CLOSE(name, number, meaning) {number, meaning},
#include "runtime/protocol/protocol.def"
};

const char *pl_frame_word(enum pl_frame_kind kind) {
    return pl_protocol__frames[kind].word;
}

const char *pl_code_word(enum pl_code code) {
    return codes[code].word;
}

const char *pl_code_text(enum pl_code code) {
    return codes[code].text;
}

bool pl_code_retry(enum pl_code code) {
    return codes[code].retry;
}

static void print_type(struct pl_buf *b, const struct pl_protocol__field *f) {
    switch (f->type) {
    case TEXT: pl_buf_printf(b, "text, up to %u characters", f->max); break;
    case HEX: pl_buf_printf(b, "up to %u hex digits", f->max); break;
    case CID: pl_buf_c(b, "`<16 hex>-<counter from 1>`"); break;
    case COUNT: pl_buf_c(b, "whole number from 0"); break;
    case INT: pl_buf_printf(b, "whole number from -%u to %u", f->max, f->max); break;
    case BOOL: pl_buf_c(b, "true or false"); break;
    case TIME: pl_buf_c(b, "RFC 3339, UTC"); break;
    case LIST: pl_buf_c(b, "list"); break;
    }
}

static void print_fields(struct pl_buf *b, enum pl_frame_kind kind) {
    static const char *const needs[] = {"yes", "no", "exactly one of these"};
    bool any = false;
    for (size_t i = 0; i < pl_protocol__nfields; i++) {
        const struct pl_protocol__field *f = &pl_protocol__fields[i];
        if (f->frame != kind) continue;
        if (!any) pl_buf_c(b, "| field | is | needed | meaning |\n|---|---|---|---|\n");
        any = true;
        pl_buf_printf(b, "| `%s` | ", f->name);
        print_type(b, f);
        pl_buf_printf(b, " | %s | %s |\n", needs[f->need], f->meaning);
    }
    if (any) pl_buf_c(b, "\n");
}

void pl_protocol_tables(struct pl_buf *b) {
    static const char *const who[] = {"client", "server", "client and server"};
    for (size_t k = 0; k < pl_protocol__nframes; k++) {
        const struct pl_protocol__frame *f = &pl_protocol__frames[k];
        pl_buf_printf(b, "### `%s` (%s)\n\n%c%s.\n\n", f->word, who[f->direction],
                      f->meaning[0] - ('a' - 'A'), f->meaning + 1);
        print_fields(b, (enum pl_frame_kind)k);
    }
    pl_buf_c(b, "### Codes of `error` and `bye`\n\n| code | retry | meaning |\n|---|---|---|\n");
    for (size_t i = PL_CODE_OK + 1; i < PL_LEN(codes); i++)
        pl_buf_printf(b, "| `%s` | %s | %s |\n", codes[i].word, codes[i].retry ? "yes" : "no",
                      codes[i].text);
    pl_buf_c(b, "\n### Close codes\n\n| code | meaning |\n|---|---|\n");
    for (size_t i = 0; i < PL_LEN(closes); i++)
        pl_buf_printf(b, "| %d | %s |\n", closes[i].number, closes[i].meaning);
}
