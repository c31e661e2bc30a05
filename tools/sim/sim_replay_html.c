/* SPDX-License-Identifier: Apache-2.0
 *
 * What a replay found, as one page. Nothing is loaded from anywhere, nothing in it runs.
 */
#include <string.h>

#include "tools/sim/sim_replay_priv.h"

static const char style[] =
    ":root{color-scheme:light dark;--fg:#1d2430;--bg:#fff;--soft:#667085;--line:#e4e7ec;"
    "--box:#f7f8fa;--same:#1a7f42;--wording:#175cd3;--path:#8a5a00;--stuck:#b42318;"
    "--missing:#6941c6}\n"
    "@media(prefers-color-scheme:dark){:root{--fg:#e6e9ef;--bg:#14171c;--soft:#98a2b3;"
    "--line:#2b313b;--box:#1b2027;--same:#6fcf97;--wording:#84adff;--path:#f0c060;"
    "--stuck:#ff9a8f;--missing:#c3a6ff}}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:2rem auto;max-width:64rem;padding:0 1rem;color:var(--fg);background:var(--bg);"
    "font:15px/1.5 system-ui,sans-serif}\n"
    "h1{font-size:1.4rem;margin-bottom:.2rem}h2{font-size:1.1rem;margin:2rem 0 .6rem}\n"
    ".soft{color:var(--soft)}\n"
    "code{font:13px ui-monospace,monospace;overflow-wrap:anywhere}\n"
    ".bar{display:flex;height:.9rem;margin:1.2rem 0;border:1px solid var(--line);overflow:hidden}\n"
    ".bar i{display:block;min-width:2px}\n"
    "table{border-collapse:collapse}td,th{padding:.25rem 1.2rem .25rem 0;text-align:left;"
    "vertical-align:top;font-weight:400}td.n{text-align:right;font-variant-numeric:tabular-nums}\n"
    ".tag{display:inline-block;min-width:4.6rem;font-weight:600}\n"
    "details{border:1px solid var(--line);border-radius:.5rem;margin:.6rem "
    "0;background:var(--box)}\n"
    "summary{padding:.6rem .9rem;cursor:pointer}summary b{font-variant-numeric:tabular-nums}\n"
    ".in{padding:0 .9rem .7rem}\n"
    ".ex{border-top:1px solid var(--line);padding:.6rem 0}\n"
    ".pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(16rem,1fr));gap:.8rem;"
    "margin-top:.4rem}\n"
    ".pair div{white-space:pre-wrap;overflow-wrap:anywhere;border-left:3px solid var(--line);"
    "padding-left:.7rem}\n"
    ".same{color:var(--same)}.wording{color:var(--wording)}.path{color:var(--path)}"
    ".stuck{color:var(--stuck)}.missing{color:var(--missing)}\n"
    ".bar .same{background:var(--same)}.bar .wording{background:var(--wording)}"
    ".bar .path{background:var(--path)}.bar .stuck{background:var(--stuck)}"
    ".bar .missing{background:var(--missing)}\n";

static const char *const meanings[] = {
#define VERDICT(name, word, meaning) meaning,
#include "runtime/engine/verdict.def"
#undef VERDICT
};

static double share(const struct sums *s, uint64_t n) {
    uint64_t all = pl_sim__compared(s);
    return all ? 100.0 * (double)n / (double)all : 0;
}

static void head(const struct sums *s, struct pl_buf *b) {
    char hex[65], from[26], to[26];
    pl_datetime_print(s->from_ms, from);
    pl_datetime_print(s->to_ms, to);
    pl_buf_printf(b,
                  "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                  "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
                  "<title>Replay</title><style>%s</style></head><body>\n<h1>Replay</h1>\n",
                  style);
    pl_buf_printf(b, "<p class=\"soft\">%llu conversations, %llu messages of customers",
                  (unsigned long long)s->conversations, (unsigned long long)s->turns);
    if (s->conversations) pl_buf_printf(b, ", from %.10s to %.10s", from, to);
    if (s->replay->against) {
        pl_hex(pl_image_hash(s->replay->against), 32, hex);
        pl_buf_printf(b, ", played on <code>%.12s</code> with the results that were recorded", hex);
    } else {
        pl_buf_c(b, ", each played again on its own image");
    }
    pl_buf_printf(b, ", in %.2f s.</p>\n", (double)s->took_us / 1e6);
}

static void bar(const struct sums *s, struct pl_buf *b) {
    pl_buf_c(b, "<div class=\"bar\" aria-hidden=\"true\">");
    for (int v = 0; v < PL_ENGINE_VERDICTS; v++)
        if (s->verdicts[v])
            pl_buf_printf(b, "<i class=\"%s\" style=\"width:%.3f%%\"></i>",
                          pl_engine_verdict_word((enum pl_engine_verdict)v),
                          share(s, s->verdicts[v]));
    pl_buf_c(b, "</div>\n");
}

static void row(struct pl_buf *b, const char *word, uint64_t n, double percent,
                const char *meaning) {
    pl_buf_printf(b,
                  "<tr><th scope=\"row\" class=\"%s\">%s</th><td class=\"n\">%llu</td>"
                  "<td class=\"n\">%.2f %%</td><td class=\"soft\">%s</td></tr>\n",
                  word, word, (unsigned long long)n, percent, meaning);
}

static void verdicts(const struct sums *s, struct pl_buf *b) {
    pl_buf_c(b, "<table>\n");
    for (int v = 0; v < PL_ENGINE_VERDICTS; v++)
        if (s->replay->against || v == PL_ENGINE_SAME)
            row(b, pl_engine_verdict_word((enum pl_engine_verdict)v), s->verdicts[v],
                share(s, s->verdicts[v]), s->replay->against ? meanings[v] : "byte for byte");
    pl_buf_c(b, "</table>\n");
    pl_buf_printf(
        b,
        "<p class=\"soft\">Not compared: %llu came out differently on their own image, "
        "%llu erased, %llu without their image, %llu could not be read.</p>\n",
        (unsigned long long)s->fates[FATE_DIVERGED], (unsigned long long)s->fates[FATE_ERASED],
        (unsigned long long)s->fates[FATE_NO_IMAGE], (unsigned long long)s->fates[FATE_UNREADABLE]);
}

static void side(struct pl_buf *b, struct pl_arena *a, const char *name, struct pl_str text) {
    struct pl_str words = text.n ? text : PL_STR("–");
    pl_buf_printf(b, "<div><span class=\"soft\">%s</span>\n", name);
    pl_buf_markup(b, pl_str_plain(a, words));
    pl_buf_c(b, "</div>");
}

static void example(const struct example *e, struct pl_arena *a, struct pl_buf *b) {
    pl_buf_printf(b, "<div class=\"ex\"><code>%s</code>", e->id);
    if (e->turn) pl_buf_printf(b, " message %llu", (unsigned long long)e->turn);
    if (e->said.n) {
        pl_buf_c(b, ": “");
        pl_buf_markup(b, pl_sim__clean(a, e->said));
        pl_buf_c(b, "”");
    }
    if (e->showed.n || e->shows.n) {
        pl_buf_c(b, "<div class=\"pair\">");
        side(b, a, "was", pl_sim__event_text(a, e->showed));
        side(b, a, "now", pl_sim__event_text(a, e->shows));
        pl_buf_c(b, "</div>");
    }
    pl_buf_c(b, "</div>\n");
}

static void group(const struct group *g, bool open, struct pl_arena *a, struct pl_buf *b) {
    const char *word = pl_engine_verdict_word((enum pl_engine_verdict)g->verdict);
    pl_buf_printf(b, "<details%s><summary><span class=\"tag %s\">%s</span> <b>%llu</b> · ",
                  open ? " open" : "", word, word, (unsigned long long)g->n);
    if (g->verdict != PL_ENGINE_WORDING) {
        pl_buf_markup(b, g->at);
        pl_buf_c(b, ": ");
    }
    pl_buf_markup(b, g->was);
    if (g->verdict != PL_ENGINE_WORDING) {
        pl_buf_c(b, " → ");
        pl_buf_markup(b, g->now);
    }
    pl_buf_c(b, "</summary><div class=\"in\">\n");
    for (size_t i = 0; i < EXAMPLES && i < g->n; i++) example(&g->examples[i], a, b);
    pl_buf_c(b, "</div></details>\n");
}

static void diverged(const struct told *t, struct pl_arena *a, struct pl_buf *b) {
    char id[33];
    pl_hex(t->id, sizeof t->id, id);
    pl_buf_printf(b, "<div class=\"ex\"><code>%s</code> entry %llu<div class=\"pair\">", id,
                  (unsigned long long)t->n);
    side(b, a, "recorded", t->recorded);
    side(b, a, "made", t->made);
    pl_buf_c(b, "</div></div>\n");
}

void pl_sim__replay_html(const struct sums *s, struct pl_buf *out) {
    struct pl_arena a;
    pl_arena_init(&a, 0);
    head(s, out);
    bar(s, out);
    verdicts(s, out);
    if (s->groups.n) pl_buf_c(out, "<h2>What differs</h2>\n");
    for (size_t i = 0; i < s->groups.n; i++) group(&s->groups.v[i], i < 3, &a, out);
    if (s->diverged.n) pl_buf_c(out, "<h2>Different on their own image</h2>\n");
    for (size_t i = 0; i < s->diverged.n; i++) diverged(&s->diverged.v[i], &a, out);
    pl_buf_c(out, "</body></html>\n");
    pl_arena_free(&a);
}
