/* SPDX-License-Identifier: Apache-2.0
 *
 * config: the server's options from one list, config.def. Sources, later over earlier: defaults,
 * the file parlance.conf, the environment (PARLANCE_NAME), the command line (--name).
 *
 * Owns nothing: texts live in the caller's arena. Invariant: a loaded config has every option set
 * and within its bounds. Threads: plain data.
 */
#ifndef PL_CONFIG_H
#define PL_CONFIG_H

#include "runtime/base/base.h"

/* C types of the option types. Durations are milliseconds, sizes bytes, levels pl_log_level. */
#define PL_CONFIG_C_TEXT     const char *
#define PL_CONFIG_C_PATH     const char *
#define PL_CONFIG_C_INT      int64_t
#define PL_CONFIG_C_BOOL     bool
#define PL_CONFIG_C_DURATION int64_t
#define PL_CONFIG_C_SIZE     int64_t
#define PL_CONFIG_C_LEVEL    enum pl_log_level

struct pl_config {
#define OPTION(name, type, def, min, max, help) PL_CONFIG_C_##type name;
#include "runtime/config/config.def"
};

struct pl_config_sources {
    const char *file;       /* NULL: none; a missing file is an error only when file_must */
    bool file_must;         /* the user named it */
    const char *const *env; /* "NAME=value", NULL-terminated; NULL: none */
    int argc;               /* arguments after the command's name */
    const char *const *argv;
};

struct pl_config_rest { /* arguments that are no options, in order */
    const char **v;
    size_t n;
};

/* Fills *out. Reads every source to its end: each mistake is one line in `errors`, such as
 * "parlance.conf:3: unknown option 'prot'; did you mean 'port'?" or
 * "--port: expected a whole number from 0 to 65535, got 'x'"; then PL_MALFORMED. "--" ends
 * options; "--name value" and "--name=value" are the same; a yes/no option may stand alone. */
enum pl_err pl_config_load(struct pl_arena *a, const struct pl_config_sources *from,
                           struct pl_config *out, struct pl_config_rest *rest,
                           struct pl_buf *errors);

/* One line per option: --name TYPE  help (default). */
void pl_config_help(struct pl_buf *b);
/* "name = value" lines, readable as a file. */
void pl_config_print(struct pl_buf *b, const struct pl_config *c);

#endif
