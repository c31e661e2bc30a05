/* SPDX-License-Identifier: Apache-2.0 */
/* The log: a line is built aside and written by one call, so lines of threads never mix. */
#include <time.h>

#include "runtime/base/base.h"

#define LONGEST_TEXT 1024

static size_t escape(const char *text, char *out, size_t room) {
    size_t n = 0;
    for (; *text && n + 7 < room; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\') out[n++] = '\\';
        if (c < 0x20 || c == 0x7F)
            n += (size_t)snprintf(out + n, room - n, "\\u%04x", c);
        else
            out[n++] = (char)c;
    }
    out[n] = '\0';
    return n;
}

static void stamp(const struct pl_log *log, char out[32]) {
    int64_t ms = log->clock.wall_ms ? log->clock.wall_ms(log->clock.ctx) : 0;
    time_t seconds = (time_t)(ms / 1000);
    struct tm t;
    if (ms < 0 || !gmtime_r(&seconds, &t)) t = (struct tm){.tm_mday = 1, .tm_year = 70};
    size_t n = strftime(out, 32, "%Y-%m-%dT%H:%M:%S", &t);
    (void)snprintf(out + n, 32 - n, ".%03dZ", ms < 0 ? 0 : (int)(ms % 1000));
}

void pl_log(const struct pl_log *log, enum pl_log_level level, const char *room, const char *event,
            const char *format, ...) {
    static const char *const levels[] = {"debug", "info", "warn", "error"};
    if (!log || !log->to || level < log->least) return;
    char text[LONGEST_TEXT], escaped[LONGEST_TEXT * 2], at[32];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (log->mask) log->mask(text, sizeof(text));
    (void)escape(text, escaped, sizeof(escaped));
    stamp(log, at);
    char line[LONGEST_TEXT * 2 + 256];
    int n = snprintf(line, sizeof(line),
                     "{\"at\":\"%s\",\"level\":\"%s\",\"room\":\"%s\",\"event\":\"%s\","
                     "\"text\":\"%s\"}\n",
                     at, levels[level], room, event, escaped);
    if (n > 0 && (size_t)n < sizeof(line)) (void)fwrite(line, 1, (size_t)n, log->to);
    (void)fflush(log->to);
}
