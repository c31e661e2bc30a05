/* SPDX-License-Identifier: Apache-2.0
 *
 * Lines typed at a terminal: editing, a history of the session, commands completed by Tab.
 */
#include <histedit.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "tools/cli/cli_priv.h"
#include "tools/sim/sim.h"

#define HISTORY 1000

struct cli_edit {
    EditLine *line;
    History *history;
    bool colour;
};

/* \1 stands around what takes no room. */
static const char *prompt(EditLine *line) {
    struct cli_edit *e;
    el_get(line, EL_CLIENTDATA, &e);
    return e->colour ? "\1\033[1m\1>\1\033[0m\1 " : "> ";
}

/* A command of which the beginning stands there, when it is the only one. */
static unsigned char complete(EditLine *line, int key) {
    const LineInfo *now = el_line(line);
    size_t n = (size_t)(now->cursor - now->buffer);
    const char *found = NULL, *word;
    (void)key;
    for (size_t i = 0; (word = pl_sim_chat_command(i)); i++) {
        if (strncmp(word, now->buffer, n) != 0) continue;
        if (found && strncmp(word, found, strlen(found)) != 0) return CC_ERROR;
        if (!found) found = word;
    }
    if (!found || n == 0) return CC_ERROR;
    return el_insertstr(line, found + n) == 0 ? CC_REFRESH : CC_ERROR;
}

struct cli_edit *pl_cli__edit_open(bool colour) {
    struct cli_edit *e = calloc(1, sizeof *e);
    HistEvent event;
    if (!e) return NULL;
    if (!setlocale(LC_CTYPE, "")) setlocale(LC_CTYPE, "C.UTF-8");
    if (MB_CUR_MAX == 1) setlocale(LC_CTYPE, "C.UTF-8"); /* what customers write is UTF-8 */
    e->colour = colour;
    e->line = el_init("parlance", stdin, stdout, stderr);
    e->history = history_init();
    if (!e->line || !e->history) {
        pl_cli__edit_close(&e);
        return NULL;
    }
    history(e->history, &event, H_SETSIZE, HISTORY);
    history(e->history, &event, H_SETUNIQUE, 1);
    el_set(e->line, EL_CLIENTDATA, e);
    el_set(e->line, EL_EDITOR, "emacs");
    el_set(e->line, EL_SIGNAL, 1);
    el_set(e->line, EL_HIST, history, e->history);
    el_set(e->line, EL_PROMPT_ESC, prompt, '\1');
    el_set(e->line, EL_ADDFN, "complete", "completes a command", complete);
    el_set(e->line, EL_BIND, "\t", "complete", NULL);
    el_set(e->line, EL_BIND, "^R", "em-inc-search-prev", NULL);
    return e;
}

bool pl_cli__edit_read(void *ctx, struct pl_buf *line) {
    struct cli_edit *e = ctx;
    HistEvent event;
    int n = 0;
    const char *s = el_gets(e->line, &n);
    pl_buf_clear(line);
    if (!s || n <= 0) {
        fputc('\n', stdout);
        return false;
    }
    while (n > 0 && s[n - 1] == '\n') n--;
    pl_buf_add(line, s, (size_t)n);
    pl_buf_byte(line, 0);
    line->n--;
    if (n) history(e->history, &event, H_ENTER, (const char *)line->p);
    return true;
}

void pl_cli__edit_close(struct cli_edit **out) {
    struct cli_edit *e = *out;
    if (!e) return;
    if (e->history) history_end(e->history);
    if (e->line) el_end(e->line);
    free(e);
    *out = NULL;
}
