/* SPDX-License-Identifier: Apache-2.0
 *
 * The shipped models (data/NOTICE) as bytes of the program. PL_NLP_DATA is their folder.
 */
#include "runtime/nlp/nlp_priv.h"

#define DATA(name, file)                                                                           \
    __asm__(".section .rodata\n.balign 64\n" #name ":\n.incbin \"" PL_NLP_DATA "/" file            \
            "\"\n" #name "_end:\n.byte 0\n.previous\n");                                           \
    extern const char name[], name##_end[];

DATA(pl_nlp__language_model, "language.model")

struct pl_str pl_nlp__language_bytes(void) {
    return (struct pl_str){pl_nlp__language_model,
                           (size_t)(pl_nlp__language_model_end - pl_nlp__language_model)};
}

DATA(pl_nlp__sentiment_model, "sentiment.model")

struct pl_str pl_nlp__sentiment_bytes(void) {
    return (struct pl_str){pl_nlp__sentiment_model,
                           (size_t)(pl_nlp__sentiment_model_end - pl_nlp__sentiment_model)};
}
