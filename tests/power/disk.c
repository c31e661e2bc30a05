/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/power/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/kill/site.h"

#define NEVER  SIZE_MAX
#define SECTOR 512
#define PAGE   4096

struct write {
    size_t record, safe; /* records from which on it is made, and must be on disk */
    uint64_t at, token;
    const char *p; /* NULL: the size becomes `at` */
    size_t n;
};

/* A name comes (node) or goes (NULL) in a folder. A rename between folders is two that are kept or
 * lost together. */
struct change {
    size_t record, safe;
    struct pl_str name;
    struct node *node;
    struct node *twin_folder;
    size_t twin;
};

struct node {
    bool folder;
    PL_VEC(struct write) writes;
    PL_VEC(struct change) changes;
    size_t kept; /* changes that the image has */
};

struct sync {
    uint64_t token;
    struct node *node;
    size_t began;
};

struct power_disk {
    struct pl_arena arena;
    struct pl_str log;
    PL_VEC(size_t) starts; /* of records in the log */
    PL_VEC(struct node *) nodes;
    struct pl_map opened; /* id, 8 bytes -> node */
    PL_VEC(struct sync) syncs;
};

/* ---- the tree while the log is read ---- */

static struct node *node_new(struct power_disk *d, bool folder) {
    struct node *n = calloc(1, sizeof *n);
    pl_assert(n);
    n->folder = folder;
    PL_PUSH(&d->nodes, n);
    return n;
}

/* What a name in a folder is after so many changes. */
static struct node *look(const struct node *folder, struct pl_str name, size_t changes) {
    for (size_t i = changes; i-- > 0;)
        if (pl_str_eq(folder->changes.v[i].name, name)) return folder->changes.v[i].node;
    return NULL;
}

/* The folder that a path is in, and its last name. */
static struct node *parent_of(struct power_disk *d, struct pl_str path, struct pl_str *name) {
    struct node *at = d->nodes.v[0];
    for (;;) {
        size_t n = 0;
        while (n < path.n && path.p[n] != '/') n++;
        *name = (struct pl_str){path.p, n};
        if (n == path.n) return at;
        at = look(at, *name, at->changes.n);
        if (!at || !at->folder) DIE("no folder %.*s in the log", PL_STR_ARG(*name));
        while (n < path.n && path.p[n] == '/') n++;
        path = (struct pl_str){path.p + n, path.n - n};
    }
}

static struct node *node_of(struct power_disk *d, struct pl_str path) {
    struct pl_str name;
    if (path.n == 0) return d->nodes.v[0];
    struct node *folder = parent_of(d, path, &name);
    return name.n ? look(folder, name, folder->changes.n) : folder;
}

static struct change *change(struct power_disk *d, size_t record, struct pl_str path,
                             struct node *node) {
    struct change c = {.record = record, .safe = NEVER, .node = node};
    struct node *folder = parent_of(d, path, &c.name);
    PL_PUSH(&folder->changes, c);
    return &folder->changes.v[folder->changes.n - 1];
}

static void moved(struct power_disk *d, size_t record, struct pl_str from, struct pl_str to) {
    struct pl_str name;
    struct node *node = node_of(d, from), *here = parent_of(d, from, &name),
                *there = parent_of(d, to, &name);
    if (!node) DIE("record %zu moves what is not there", record);
    change(d, record, to, node);
    change(d, record, from, NULL);
    if (here == there) { /* one change of one folder: the two are never apart */
        struct change *both = &here->changes.v[here->changes.n - 2];
        both[0].twin_folder = here;
        both[0].twin = here->changes.n - 1;
        return;
    }
    struct change *gone = &here->changes.v[here->changes.n - 1];
    struct change *come = &there->changes.v[there->changes.n - 1];
    gone->twin_folder = there;
    gone->twin = there->changes.n - 1;
    come->twin_folder = here;
    come->twin = here->changes.n - 1;
}

/* ---- reading the log ---- */

static struct pl_str id_key(const uint64_t *id) {
    return (struct pl_str){(const char *)id, sizeof *id};
}

static struct node *opened(struct power_disk *d, uint64_t id) {
    struct node *n = pl_map_get(&d->opened, id_key(&id));
    if (!n) DIE("a descriptor that was never opened");
    return n;
}

static void take_open(struct power_disk *d, size_t record, const struct power_record *r,
                      struct pl_str path) {
    struct node *n = node_of(d, path);
    if (!n && r->flag) {
        n = node_new(d, false);
        change(d, record, path, n);
    }
    if (!n) DIE("record %zu opens %.*s, which is not there", record, PL_STR_ARG(path));
    uint64_t *key = pl_arena_alloc(&d->arena, sizeof *key);
    *key = r->id;
    pl_map_put(&d->opened, id_key(key), n);
}

static void take_synced(struct power_disk *d, size_t record, uint64_t token) {
    for (size_t i = d->syncs.n; i-- > 0;) {
        struct sync s = d->syncs.v[i];
        if (s.token != token) continue;
        for (size_t k = 0; k < s.node->writes.n; k++) {
            struct write *w = &s.node->writes.v[k];
            bool covered = s.began == NEVER ? w->token == token : w->record < s.began;
            if (covered && w->safe == NEVER) w->safe = record;
        }
        for (size_t k = 0; s.began != NEVER && k < s.node->changes.n; k++) {
            struct change *c = &s.node->changes.v[k];
            if (c->record < s.began && c->safe == NEVER) c->safe = record;
        }
        d->syncs.v[i] = d->syncs.v[--d->syncs.n];
        return;
    }
    DIE("record %zu ends a sync that never began", record);
}

static void take_write(struct power_disk *d, size_t record, const struct power_record *r,
                       struct pl_str bytes) {
    struct node *n = opened(d, r->id);
    struct write w = {.record = record, .safe = NEVER, .at = r->at, .token = r->token};
    if (r->op == POWER_WRITE) w.p = bytes.p, w.n = bytes.n;
    PL_PUSH(&n->writes, w);
    if (r->flag) PL_PUSH(&d->syncs, ((struct sync){r->token, n, NEVER}));
}

static void take(struct power_disk *d, size_t record, const struct power_record *r,
                 struct pl_str one, struct pl_str two) {
    switch ((enum power_op)r->op) {
    case POWER_OPEN: take_open(d, record, r, one); break;
    case POWER_WRITE:
    case POWER_SIZE: take_write(d, record, r, one); break;
    case POWER_SYNC: PL_PUSH(&d->syncs, ((struct sync){r->token, opened(d, r->id), record})); break;
    case POWER_SYNCED: take_synced(d, record, r->token); break;
    case POWER_MKDIR:
        if (one.n) change(d, record, one, node_new(d, true)); /* else the folder itself */
        break;
    case POWER_RMDIR:
    case POWER_UNLINK: change(d, record, one, NULL); break;
    case POWER_LINK: change(d, record, two, node_of(d, one)); break;
    case POWER_RENAME: moved(d, record, one, two); break;
    case POWER_SEEN: break;
    }
}

struct power_record power_disk_record(const struct power_disk *d, size_t n, struct pl_str *bytes) {
    struct power_record r;
    memcpy(&r, d->log.p + d->starts.v[n], sizeof r);
    *bytes = (struct pl_str){d->log.p + d->starts.v[n] + sizeof r, r.n};
    return r;
}

size_t power_disk_records(const struct power_disk *d) {
    return d->starts.n;
}

struct power_disk *power_disk_load(const char *log) {
    struct power_disk *d = calloc(1, sizeof *d);
    pl_assert(d);
    pl_arena_init(&d->arena, 0);
    if (pl_file_read(&d->arena, log, UINT32_MAX, &d->log) != PL_OK) DIE("%s cannot be read", log);
    node_new(d, true);
    for (size_t at = 0; at < d->log.n;) {
        struct power_record r;
        if (d->log.n - at < sizeof r) break;
        memcpy(&r, d->log.p + at, sizeof r);
        if (d->log.n - at < sizeof r + r.n + r.m) break; /* a killed server's last one */
        PL_PUSH(&d->starts, at);
        struct pl_str one = {d->log.p + at + sizeof r, r.n};
        take(d, d->starts.n - 1, &r, one, (struct pl_str){one.p + r.n, r.m});
        at += sizeof r + r.n + r.m;
    }
    return d;
}

void power_disk_free(struct power_disk **disk) {
    struct power_disk *d = *disk;
    for (size_t i = 0; i < d->nodes.n; i++) {
        PL_VEC_FREE(&d->nodes.v[i]->writes);
        PL_VEC_FREE(&d->nodes.v[i]->changes);
        free(d->nodes.v[i]);
    }
    PL_VEC_FREE(&d->nodes);
    PL_VEC_FREE(&d->starts);
    PL_VEC_FREE(&d->syncs);
    pl_map_free(&d->opened);
    pl_arena_free(&d->arena);
    free(d);
    *disk = NULL;
}

/* ---- an image ---- */

struct image {
    size_t upto;
    enum power_cut cut;
    struct pl_rand rand;
};

/* Between what must be there and what there was. */
static size_t draw(struct image *im, size_t least, size_t most) {
    uint64_t kind = pl_rand_below(&im->rand, 3);
    if (im->cut == POWER_LEAST) return least;
    if (im->cut == POWER_ALL || kind == 0) return most;
    return kind == 1 ? least : least + (size_t)pl_rand_below(&im->rand, most - least + 1);
}

static void draw_changes(struct image *im, struct node *n) {
    size_t least = 0, most = 0;
    for (size_t i = 0; i < n->changes.n && n->changes.v[i].record < im->upto; i++) {
        most = i + 1;
        if (n->changes.v[i].safe < im->upto) least = i + 1;
    }
    n->kept = draw(im, least, most);
}

/* A rename is on both sides of it or on neither. Gives whether anything had to be added. */
static bool join_twins(struct power_disk *d) {
    bool more = false;
    for (size_t i = 0; i < d->nodes.n; i++) {
        for (size_t k = 0; k < d->nodes.v[i]->kept; k++) {
            const struct change *c = &d->nodes.v[i]->changes.v[k];
            if (!c->twin_folder || c->twin_folder->kept > c->twin) continue;
            c->twin_folder->kept = c->twin + 1;
            more = true;
        }
    }
    return more;
}

/* A sector on its way: writes up to `until` reached the disk. */
struct sector {
    size_t least, most, until;
};

/* What a write touches; cutting a file short touches all behind. */
static size_t touched_end(const struct write *w, size_t longest) {
    return w->p ? w->at + w->n : longest;
}

static void apply(char *bytes, const struct sector *sectors, size_t size, const struct write *w,
                  size_t nth, size_t longest) {
    for (size_t at = w->at, end = touched_end(w, longest); at < end;) {
        size_t next = (at / size + 1) * size;
        if (next > end) next = end;
        if (nth >= sectors[at / size].until)
            (void)0;
        else if (w->p)
            memcpy(bytes + at, w->p + (at - w->at), next - at);
        else
            memset(bytes + at, 0, next - at);
        at = next;
    }
}

static size_t size_after(const struct node *n, size_t writes) {
    size_t size = 0;
    for (size_t i = 0; i < writes; i++) {
        const struct write *w = &n->writes.v[i];
        if (!w->p || w->at + w->n > size) size = w->at + w->n;
    }
    return size;
}

static void spill(const char *path, const char *bytes, size_t n) {
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) DIE("%s: %s", path, strerror(errno));
    for (size_t at = 0; at < n;) {
        ssize_t put = write(fd, bytes + at, n - at);
        if (put <= 0) DIE("%s: %s", path, strerror(errno));
        at += (size_t)put;
    }
    close(fd);
}

/* Which writes a file has had, and what of them must be there. */
static void measure(const struct image *im, const struct node *n, struct sector *all,
                    size_t *longest) {
    *all = (struct sector){0};
    *longest = 0;
    for (size_t i = 0; i < n->writes.n && n->writes.v[i].record < im->upto; i++) {
        const struct write *w = &n->writes.v[i];
        all->most = i + 1;
        if (w->safe < im->upto) all->least = i + 1;
        if (w->at + w->n > *longest) *longest = w->at + w->n;
    }
}

static void draw_sectors(struct image *im, const struct node *n, size_t writes, size_t longest,
                         size_t size, struct sector *sectors) {
    for (size_t i = 0; i < writes; i++) {
        const struct write *w = &n->writes.v[i];
        for (size_t at = w->at / size; at * size < touched_end(w, longest); at++) {
            sectors[at].most = i + 1;
            if (w->safe < im->upto) sectors[at].least = i + 1;
        }
    }
    for (size_t at = 0; at * size < longest; at++)
        sectors[at].until = draw(im, sectors[at].least, sectors[at].most);
}

static void make_file(struct image *im, const struct node *n, const char *path) {
    struct sector all;
    size_t longest, size = im->cut == POWER_PAGES ? PAGE : SECTOR;
    measure(im, n, &all, &longest);
    char *bytes = calloc(longest + 1, 1);
    struct sector *sectors = calloc(longest / size + 1, sizeof *sectors);
    pl_assert(bytes && sectors);
    draw_sectors(im, n, all.most, longest, size, sectors);
    for (size_t i = 0; i < all.most; i++) apply(bytes, sectors, size, &n->writes.v[i], i, longest);
    spill(path, bytes, size_after(n, draw(im, all.least, all.most)));
    free(bytes);
    free(sectors);
}

static void make_folder(struct image *im, const struct node *n, const char *path) {
    if (mkdir(path, 0700) != 0) DIE("%s: %s", path, strerror(errno));
    for (size_t i = 0; i < n->kept; i++) {
        const struct change *c = &n->changes.v[i];
        char under[4096];
        bool again = false;
        for (size_t k = i + 1; k < n->kept; k++) again |= pl_str_eq(n->changes.v[k].name, c->name);
        if (again || !c->node) continue;
        snprintf(under, sizeof under, "%s/%.*s", path, PL_STR_ARG(c->name));
        if (c->node->folder)
            make_folder(im, c->node, under);
        else
            make_file(im, c->node, under);
    }
}

void power_disk_make(struct power_disk *d, size_t upto, enum power_cut cut, uint64_t seed,
                     const char *folder) {
    struct image im = {.upto = upto, .cut = cut};
    pl_rand_seed(&im.rand, seed);
    for (size_t i = 0; i < d->nodes.n; i++) draw_changes(&im, d->nodes.v[i]);
    while (join_twins(d)) continue;
    make_folder(&im, d->nodes.v[0], folder);
}
