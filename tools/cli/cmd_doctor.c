/* SPDX-License-Identifier: Apache-2.0
 *
 * doctor: looks at the machine and the data folder, or with --models asks every target of the
 * models file a small question; says what is wrong and how to mend it.
 */
#include <string.h>

#include "tools/cli/cli_doctor_priv.h"

/* ---- telling ---- */

static void end_about(struct doctor *d) {
    if (!d->about || !d->json) return;
    pl_jw_close(&d->w, ']');
    pl_jw_close(&d->w, '}');
}

void pl_cli__doctor_about(struct doctor *d, const char *kind, struct pl_str name,
                          struct pl_str more) {
    end_about(d);
    d->about = true;
    if (!d->json) {
        printf("%.*s (%.*s)\n", PL_STR_ARG(name), PL_STR_ARG(more));
        fflush(stdout);
        return;
    }
    pl_jw_open(&d->w, '{');
    pl_jw_text_member(&d->w, kind, name);
    pl_jw_text_member(&d->w, "about", more);
    pl_jw_name(&d->w, "findings");
    pl_jw_open(&d->w, '[');
}

static void tell(struct doctor *d, enum doctor_level level, const char *what, const char *mend) {
    static const char *const words[] = {"well", "look", "wrong"};
    if (!d->json) {
        printf("  %s:%*s%s\n", words[level], (int)(6 - strlen(words[level])), "", what);
        if (level != DOCTOR_WELL && mend[0]) printf("  mend:  %s\n", mend);
        fflush(stdout);
        return;
    }
    pl_jw_open(&d->w, '{');
    pl_jw_text_member(&d->w, "level", pl_str_c(words[level]));
    pl_jw_text_member(&d->w, "what", pl_str_c(what));
    pl_jw_text_member(&d->w, "mend", pl_str_c(level == DOCTOR_WELL ? "" : mend));
    pl_jw_close(&d->w, '}');
}

void pl_cli__find(struct doctor *d, enum doctor_level level, const char *mend, const char *format,
                  ...) {
    char what[512];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    if (level > d->worst) d->worst = level;
    tell(d, level, what, mend);
}

/* ---- the command ---- */

static int ask_models(struct doctor *d, const char *file) {
    struct pl_llm_models models;
    if (!file[0])
        return pl_cli__failure("no models file is named: give one here, or as `models` in "
                               "parlance.conf; docs/MODELS.md shows how to write it");
    int code = pl_cli__models_read(file, d->a, &models);
    if (code == CLI_OK && models.ntargets == 0) code = pl_cli__failure("%s names no target", file);
    if (code == CLI_OK) pl_cli__doctor_models(d, &models);
    return code;
}

static int examine(struct doctor *d, bool models, const char *file,
                   const struct pl_config *config) {
    int code = CLI_OK;
    d->w.b = &d->out;
    if (d->json) pl_jw_open(&d->w, '[');
    if (models)
        code = ask_models(d, file ? file : config->models);
    else
        pl_cli__doctor_host(d, config);
    end_about(d);
    if (d->json) pl_jw_close(&d->w, ']');
    if (code == CLI_OK && d->json) printf("%.*s\n", (int)d->out.n, d->out.p);
    pl_buf_free(&d->out);
    return code == CLI_OK && d->worst == DOCTOR_WRONG ? CLI_FOUND : code;
}

int pl_cli__doctor(struct cli_args args) {
    struct pl_arena a;
    struct pl_config config;
    struct doctor d = {.a = &a, .json = pl_cli__flag(&args, "--json")};
    bool models = pl_cli__flag(&args, "--models");
    const char *file = NULL;
    if (models && args.argc == 1 && args.argv[0][0] != '-') {
        file = args.argv[0];
        args.argc = 0;
    }
    pl_arena_init(&a, 0);
    int code = pl_cli__config("doctor", args, false, &a, &config);
    if (code == CLI_OK) code = examine(&d, models, file, &config);
    pl_arena_free(&a);
    return code;
}
