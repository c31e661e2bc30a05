/* SPDX-License-Identifier: Apache-2.0
 *
 * explain: the pages of docs/diagnostics in the terminal.
 */
#include <ctype.h>
#include <string.h>
#include <unistd.h>

#include "grammar/grammar.h"
#include "tools/cli/cli_files_priv.h"
#include "tools/cli/cli_priv.h"

struct paint {
    const char *bold, *red, *yellow, *code, *off;
};
static const struct paint plain = {"", "", "", "", ""};
static const struct paint ansi = {"\x1b[1m", "\x1b[1;31m", "\x1b[1;33m", "\x1b[36m", "\x1b[0m"};

static struct pl_str take_line(struct pl_str *rest) {
    size_t n = pl_str_find(*rest, PL_STR("\n"));
    struct pl_str line = {rest->p, n == SIZE_MAX ? rest->n : n};
    size_t used = n == SIZE_MAX ? rest->n : n + 1;
    *rest = (struct pl_str){rest->p + used, rest->n - used};
    return line;
}

static struct pl_str from(struct pl_str s, size_t n) {
    return (struct pl_str){s.p + n, s.n - n};
}

/* ---- a page ---- */

/* A line of prose: the word of its severity and what stands in backticks are painted. */
static void put_prose(struct pl_buf *out, struct pl_str line, const struct paint *p) {
    bool code = false;
    pl_buf_c(out, line.n ? "  " : "");
    if (pl_str_starts(line, PL_STR("**Error.**"))) {
        pl_buf_printf(out, "%sError.%s", p->red, p->off);
        line = from(line, 10);
    } else if (pl_str_starts(line, PL_STR("**Warning.**"))) {
        pl_buf_printf(out, "%sWarning.%s", p->yellow, p->off);
        line = from(line, 12);
    }
    for (size_t i = 0; i < line.n; i++) {
        bool tick = line.p[i] == '`';
        if (tick && !code) pl_buf_c(out, p->code);
        pl_buf_byte(out, (uint8_t)line.p[i]);
        if (tick && code) pl_buf_c(out, p->off);
        code ^= tick;
    }
    if (code) pl_buf_c(out, p->off);
    pl_buf_byte(out, '\n');
}

static bool is_mark(struct pl_str line) {
    line = pl_str_trim(line);
    if (!line.n || line.p[0] != '^') return false;
    for (size_t i = 1; i < line.n; i++)
        if (line.p[i] != '~') return false;
    return true;
}

static void put_code(struct pl_buf *out, struct pl_str line, const struct paint *p) {
    const char *colour = is_mark(line) ? p->red : "";
    pl_buf_printf(out, "%s%s%.*s%s\n", line.n ? "      " : "", colour, PL_STR_ARG(line),
                  *colour ? p->off : "");
}

/* The file that a block is, when its fence names one: "lua lua/orders.lua". */
static void put_file_name(struct pl_buf *out, struct pl_str fence) {
    size_t space = pl_str_find(fence, PL_STR(" "));
    if (space == SIZE_MAX) return;
    struct pl_str name = pl_str_trim(from(fence, space));
    if (!pl_str_is(name, "alone")) pl_buf_printf(out, "    %.*s:\n", PL_STR_ARG(name));
}

static void put_page(struct pl_buf *out, struct pl_str text, const struct paint *p) {
    bool inside = false;
    while (text.n) {
        struct pl_str line = take_line(&text);
        bool fence = pl_str_starts(line, PL_STR("```"));
        if (fence && !inside)
            put_file_name(out, line);
        else if (!fence && inside)
            put_code(out, line, p);
        else if (pl_str_starts(line, PL_STR("## ")))
            pl_buf_printf(out, "%s%.*s%s\n", p->bold, PL_STR_ARG(from(line, 3)), p->off);
        else if (pl_str_starts(line, PL_STR("# ")))
            pl_buf_printf(out, "%s%.*s%s\n", p->bold, PL_STR_ARG(from(line, 2)), p->off);
        else if (!fence)
            put_prose(out, line, p);
        inside ^= fence;
    }
}

/* ---- the list ---- */

/* The message with … for its arguments. */
static void put_row(struct pl_buf *out, const struct pl_diag_info *info) {
    pl_buf_printf(out, "P%04u %-7s ", (unsigned)info->code, pl_severity_word(info->severity));
    for (const char *c = info->message; *c; c++) {
        bool slot = c[0] == '{' && isdigit((unsigned char)c[1]) && c[2] == '}';
        if (slot)
            pl_buf_c(out, "…");
        else
            pl_buf_byte(out, (uint8_t)*c);
        c += slot ? 2 : 0;
    }
    pl_buf_byte(out, '\n');
}

static bool has_word(struct pl_str row, const char *word) {
    size_t n = strlen(word);
    for (size_t i = 0; i + n <= row.n; i++)
        if (strncasecmp(row.p + i, word, n) == 0) return true;
    return false;
}

/* The rows that have the word, all without one; gives how many. */
static size_t put_list(struct pl_buf *out, const char *word) {
    const struct pl_diag_info *info;
    size_t n = 0;
    for (size_t i = 0; (info = pl_diag_info_at(i)); i++) {
        struct pl_buf row = {0};
        put_row(&row, info);
        if (!word || has_word(pl_buf_slice(&row), word)) {
            pl_buf_str(out, pl_buf_slice(&row));
            n++;
        }
        pl_buf_free(&row);
    }
    return n;
}

/* ---- codes ---- */

/* "P0200", "p200", "200"; 0 when it is no number. */
static unsigned code_of(const char *word) {
    unsigned code = 0;
    const char *c = *word == 'P' || *word == 'p' ? word + 1 : word;
    if (!*c || strlen(c) > 4) return 0;
    for (; *c; c++) {
        if (!isdigit((unsigned char)*c)) return 0;
        code = code * 10 + (unsigned)(*c - '0');
    }
    return code;
}

/* The code that is nearest by its digits, then by its number. */
static unsigned nearest(unsigned code) {
    const struct pl_diag_info *info;
    unsigned best = 0, least = UINT32_MAX;
    char got[16], other[16];
    snprintf(got, sizeof got, "%04u", code);
    for (size_t i = 0; (info = pl_diag_info_at(i)); i++) {
        snprintf(other, sizeof other, "%04u", (unsigned)info->code);
        unsigned digits = (unsigned)pl_edit_distance(pl_str_c(got), pl_str_c(other), 4);
        unsigned apart = info->code > code ? info->code - code : code - info->code;
        if (digits * 10000 + apart >= least) continue;
        least = digits * 10000 + apart;
        best = info->code;
    }
    return best;
}

static bool find_page(unsigned code, struct pl_str *page) {
    char name[16];
    snprintf(name, sizeof name, "P%04u.md", code);
    for (const struct pl_embedded *f = pl_cli__pages; f->name; f++) {
        if (strcmp(f->name, name) != 0) continue;
        *page = f->bytes;
        return true;
    }
    return false;
}

static int explain_code(struct pl_buf *out, unsigned code) {
    const struct pl_diag_info *info = pl_diag_info((uint16_t)code);
    struct pl_str page;
    if (!info)
        return pl_cli__failure("there is no code P%04u; did you mean P%04u? `parlance explain` "
                               "lists them all",
                               code, nearest(code));
    if (find_page(code, &page))
        put_page(out, page, pl_cli__colour(STDOUT_FILENO) ? &ansi : &plain);
    else
        put_row(out, info);
    return CLI_OK;
}

int pl_cli__explain(struct cli_args args) {
    struct pl_buf out = {0};
    int result = CLI_OK;
    if (pl_cli__strange("explain", &args)) return CLI_FAILED;
    if (args.argc > 1) return pl_cli__usage("explain", "name one code, or one word");
    const char *what = args.argc ? args.argv[0] : NULL;
    if (what && code_of(what))
        result = explain_code(&out, code_of(what));
    else if (!put_list(&out, what))
        result = pl_cli__failure("no message says '%s'; `parlance explain` lists them all", what);
    if (out.n) fwrite(out.p, 1, out.n, stdout);
    pl_buf_free(&out);
    return result;
}
