/* SPDX-License-Identifier: Apache-2.0
 *
 * A hit's sentences cut at the words that were found, for all who show them. */
#include "runtime/kb/kb.h"

#define MORE "\u2026"

/* Where at most `bytes` of [start, end) end: behind a word if there is one, never inside a letter.
 */
static uint32_t cut(const struct pl_kb_hit *h, uint32_t start, uint32_t end, size_t bytes) {
    if (end - start <= bytes) return end;
    bytes = bytes > sizeof MORE - 1 ? bytes - (sizeof MORE - 1) : 0;
    uint32_t at = start + (uint32_t)bytes, word = at;
    while (word > start && (uint8_t)h->text.p[word] > ' ') word--;
    if (word > start + bytes / 2) return word;
    while (at > start && ((uint8_t)h->text.p[at] & 0xc0) == 0x80) at--;
    return at;
}

static uint32_t put(struct pl_kb_piece *out, uint32_t n, const struct pl_kb_hit *h, uint32_t from,
                    uint32_t to) {
    out[n] = (struct pl_kb_piece){{h->text.p + from, to - from}, n % 2 == 1};
    return n + 1;
}

uint32_t pl_kb_pieces(const struct pl_kb_hit *h, size_t bytes,
                      struct pl_kb_piece out[PL_KB_MOST_PIECES]) {
    bool some = h->answer.end > h->answer.start;
    uint32_t at = some ? h->answer.start : 0;
    uint32_t whole = some ? h->answer.end : (uint32_t)h->text.n, end = cut(h, at, whole, bytes);
    uint32_t n = 0;
    for (uint32_t i = 0; i < h->nmarks; i++) {
        struct pl_kb_range m = h->marks[i];
        if (m.start < at || m.end > end) continue;
        n = put(out, n, h, at, m.start);
        n = put(out, n, h, m.start, m.end);
        at = m.end;
    }
    if (at < end || n == 0) n = put(out, n, h, at, end);
    if (end == whole) return n;
    if (n % 2 == 0) /* behind a word that was found */
        out[n++] = (struct pl_kb_piece){PL_STR(MORE), false};
    else
        n = put(out, n, h, end, end); /* a found one without a letter keeps the turns */
    if (!out[n - 1].found) return n;
    out[n++] = (struct pl_kb_piece){PL_STR(MORE), false};
    return n;
}
