/* SPDX-License-Identifier: Apache-2.0
 *
 * diag: what the front end has to say about a program, collected as data and printed later.
 *
 * Part of the room's public door: grammar.h includes it. A collector (struct pl_diags) and all it
 * holds live in the arena it was made with; it borrows the source set. At most PL_DIAG_MOST
 * diagnostics are kept a run, later ones are counted; an error then takes a warning's place.
 * `# allow P0123: reason` above a line removes a warning of that code from that line; errors cannot
 * be allowed away. Threads: one owner.
 *
 * Codes are stable once released (diag.def): 00xx characters and layout, 01xx syntax, 02xx names,
 * 03xx types, 04xx flow, 05xx texts and translations, 06xx rules, 07xx hooks, 08xx understanding,
 * 09xx project and what is not built yet.
 */
#ifndef PL_GRAMMAR_DIAG_H
#define PL_GRAMMAR_DIAG_H

#include "grammar/source.h"

#define PL_DIAG_MOST 200
#define PL_DIAG_ARGS 4

enum pl_severity { PL_SEVERITY_ERROR, PL_SEVERITY_WARNING };

enum pl_diag_code {
#define DIAG(number, name, severity, message, why, fix) PL_D_##name = number,
#include "grammar/diag.def"
#undef DIAG
};

/* One row of diag.def. {0}…{3} in message, why and fix stand for the arguments. */
struct pl_diag_info {
    uint16_t code;
    const char *name;
    enum pl_severity severity;
    const char *message, *why, *fix; /* why and fix may be "" */
};
/* NULL for a number that is no code. */
const struct pl_diag_info *pl_diag_info(uint16_t code);
/* The i-th row, NULL past the last: for documentation and tests. */
const struct pl_diag_info *pl_diag_info_at(size_t i);

struct pl_diag_note {
    struct pl_span span;
    struct pl_str text;
};
/* Replace the span's bytes by `text`. */
struct pl_diag_edit {
    struct pl_span span;
    struct pl_str text;
};
/* A way to mend it, whole by itself: the fixes of one diagnostic are alternatives, the edits of one
 * fix belong together and do not overlap. A safe one is surely what was meant, and is applied
 * without a question. */
struct pl_diag_fix {
    struct pl_str title; /* "write `is`" */
    bool safe;
    struct pl_diag_edit *edits;
    size_t nedits, edits_cap;
};
enum pl_fix_kind { PL_FIX_UNSAFE, PL_FIX_SAFE };
struct pl_diag {
    uint16_t code;
    enum pl_severity severity;
    struct pl_span span;
    struct pl_str args[PL_DIAG_ARGS];
    struct pl_str hint; /* "did you mean …?": printed instead of the row's fix */
    struct pl_diag_note *notes;
    struct pl_diag_fix *fixes;
    size_t nnotes, notes_cap, nfixes, fixes_cap;
};

struct pl_diag_allow {
    struct pl_span span; /* of the comment */
    uint32_t line;       /* the line it speaks of */
    uint16_t code;
    bool used;
};

struct pl_diags {
    struct pl_arena *arena;
    const struct pl_sources *sources;
    struct pl_diag **v; /* sorted by place once finished */
    size_t n, cap;
    size_t errors, warnings; /* counts of all, the dropped ones included */
    size_t dropped;          /* over the limit */
    struct pl_diag_allow *allows;
    size_t nallows, allows_cap;
    struct pl_diag scratch;   /* what reporting gives when nothing is kept */
    struct pl_diag *repeated; /* the last report was one more place of this one, or NULL */
};

void pl_diags_init(struct pl_diags *d, struct pl_arena *arena, const struct pl_sources *sources);

/* Report. The same mistake at the same place is reported once; a name that is unknown at several
 * places once, with the others as notes. The result takes notes and fixes, and is never NULL; what
 * is not kept takes them in vain. Arguments are copied. The span decides the line that an `allow`
 * speaks of. */
struct pl_diag *pl_diag(struct pl_diags *d, enum pl_diag_code code, struct pl_span at);
struct pl_diag *pl_diag1(struct pl_diags *d, enum pl_diag_code code, struct pl_span at,
                         struct pl_str a);
struct pl_diag *pl_diag2(struct pl_diags *d, enum pl_diag_code code, struct pl_span at,
                         struct pl_str a, struct pl_str b);
struct pl_diag *pl_diag3(struct pl_diags *d, enum pl_diag_code code, struct pl_span at,
                         struct pl_str a, struct pl_str b, struct pl_str c);
/* "first written here", with its place. */
void pl_diag_note(struct pl_diags *d, struct pl_diag *diag, struct pl_span at, const char *format,
                  ...) PL_PRINTF(4, 5);
/* A fix that replaces `at` by `text`; _edit adds one more edit to the fix given last. */
void pl_diag_fix(struct pl_diags *d, struct pl_diag *diag, enum pl_fix_kind kind, struct pl_span at,
                 struct pl_str text, const char *title, ...) PL_PRINTF(6, 7);
/* One that writes whole lines into the block of `head`, at its beginning; and one that deletes the
 * lines of a place. */
void pl_diag_fix_below(struct pl_diags *d, struct pl_diag *diag, enum pl_fix_kind kind,
                       struct pl_span head, struct pl_str lines, const char *title, ...)
    PL_PRINTF(6, 7);
void pl_diag_fix_delete(struct pl_diags *d, struct pl_diag *diag, enum pl_fix_kind kind,
                        struct pl_span lines, const char *title, ...) PL_PRINTF(5, 6);
void pl_diag_edit(struct pl_diags *d, struct pl_diag *diag, struct pl_span at, struct pl_str text);
/* Sets the hint. */
void pl_diag_hint(struct pl_diags *d, struct pl_diag *diag, const char *format, ...)
    PL_PRINTF(3, 4);
/* The nearest of n names as hint ("did you mean `x`?") and as fix of `at`; nothing when none is
 * near. Gives whether there was one. The fix is safe when one name alone is a single letter away,
 * no other is nearly as near, and the name is long enough for that to mean something. */
bool pl_diag_nearest(struct pl_diags *d, struct pl_diag *diag, struct pl_span at, struct pl_str got,
                     const struct pl_str *names, size_t n);

/* Is a name unknown within the span? Then what seems to be unset there may be the one that was
 * meant. */
bool pl_diags_lost(const struct pl_diags *d, struct pl_span within);

/* The lexer's: a suppression that speaks of `line`. */
void pl_diags_allow(struct pl_diags *d, struct pl_span comment, uint32_t line, uint16_t code);
/* After the last check: warns of suppressions that removed nothing when `unused` is set, and sorts
 * by file and offset. */
void pl_diags_finish(struct pl_diags *d, bool unused);

/* "error", "warning". */
const char *pl_severity_word(enum pl_severity severity);
/* The message with its arguments, appended. */
void pl_diag_message(struct pl_buf *out, const struct pl_diag *diag);

/* For people: file:line:col, the marked line, why, fix, notes. Colour by ANSI codes when asked. */
void pl_diag_print(struct pl_buf *out, const struct pl_diags *d, const struct pl_diag *diag,
                   bool colour);
/* Errors, then warnings, of one code only the first few, and a closing count of all. */
void pl_diags_print(struct pl_buf *out, const struct pl_diags *d, bool colour);
/* For programs: one JSON object a line, with code, severity, file, line, column, end_line,
 * end_column, message, notes and fixes. Why and how to mend it are among the notes. */
void pl_diags_print_json(struct pl_buf *out, const struct pl_diags *d);
/* One SARIF 2.1.0 log; a file's URI is its name in the source set. */
void pl_diags_print_sarif(struct pl_buf *out, const struct pl_diags *d);

#endif
