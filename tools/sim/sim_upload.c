/* SPDX-License-Identifier: Apache-2.0
 *
 * `upload "photo.jpg"`: a file that the customer sends up. Its kind goes by its name; a file of
 * that name in the talk's folder gives its size.
 */
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "tools/sim/sim_priv.h"

#define SIZE 1000 /* of a file that is not there */

static const struct {
    const char *ending, *type;
} types[] = {
    {".jpg", "image/jpeg"},      {".jpeg", "image/jpeg"}, {".png", "image/png"},
    {".gif", "image/gif"},       {".webp", "image/webp"}, {".heic", "image/heic"},
    {".pdf", "application/pdf"}, {".txt", "text/plain"},  {".mp3", "audio/mpeg"},
    {".ogg", "audio/ogg"},       {".wav", "audio/wav"},   {".mp4", "video/mp4"},
    {".webm", "video/webm"},
};

/* Machines write endings in capitals too. */
static bool ends(struct pl_str name, const char *ending) {
    size_t n = strlen(ending);
    return name.n >= n && strncasecmp(name.p + name.n - n, ending, n) == 0;
}

struct pl_str pl_sim__upload(struct sim_play *p, struct pl_str name) {
    const char *type = "application/octet-stream";
    struct pl_str path =
        pl_arena_printf(&p->world.a, "%.*s/%.*s", PL_STR_ARG(p->talk->folder), PL_STR_ARG(name));
    struct stat st;
    long long size = stat(path.p, &st) == 0 ? (long long)st.st_size : SIZE;
    for (size_t i = 0; i < PL_LEN(types); i++)
        if (ends(name, types[i].ending)) type = types[i].type;
    return pl_arena_printf(&p->world.a, "%s %lld upload-%llu %.*s", type, size,
                           (unsigned long long)p->world.cid + 1, PL_STR_ARG(name));
}
