/* SPDX-License-Identifier: Apache-2.0
 *
 * Erasing a customer, as his data see it: once it is acknowledged, neither his words nor a key that
 * opens them are anywhere in the data folder or in the log, whoever is killed right after it.
 */
#include <setjmp.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "runtime/crypto/crypto.h"
#include "tests/kill/play.h"

#define WHO     "c-canary-4711"
#define SLOT    64 /* of a key file: the box of a key, and its state */
#define BOX     (PL_BOX_EXTRA + PL_KEY_SIZE)
#define PHONE   "15123457351"
#define WORDS   "canary under the couch"
#define PICTURE "canary in the picture"

struct erasing {
    struct site *site;
    char identity[PLAY_IDENTITY], erase[128];
    struct talk known, second; /* two conversations of his */
    struct talk other;         /* somebody else's */
};

/* ---- looking through everything ---- */

static struct {
    const void *what;
    size_t n;
    char where[256]; /* the first file that has it; "" none */
} sought;            /* nftw hands nothing on */

static int look_into(const char *path, const struct stat *st, int kind, struct FTW *at) {
    (void)at;
    if (kind != FTW_F || st->st_size == 0) return 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return 0; /* gone meanwhile */
    void *p = mmap(NULL, (size_t)st->st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    assert_true(p != MAP_FAILED);
    if (memmem(p, (size_t)st->st_size, sought.what, sought.n))
        snprintf(sought.where, sizeof sought.where, "%s", path);
    munmap(p, (size_t)st->st_size);
    return sought.where[0] != 0;
}

/* The file of the data folder, or the log, that has these bytes; NULL: none has. */
static const char *found(const struct site *s, const void *what, size_t n) {
    sought.what = what;
    sought.n = n;
    sought.where[0] = 0;
    nftw(s->data, look_into, 16, FTW_PHYS);
    if (!sought.where[0]) nftw(s->server_log, look_into, 16, FTW_PHYS);
    return sought.where[0] ? sought.where : NULL;
}

static void nowhere(const struct site *s, const char *name, const void *what, size_t n) {
    const char *where = found(s, what, n);
    if (where) fail_msg("%s is in %s", name, where);
}

static void words_are_nowhere(const struct site *s) {
    static const char *const all[] = {WORDS, PHONE, PICTURE, WHO};
    for (size_t i = 0; i < PL_LEN(all); i++) nowhere(s, all[i], all[i], strlen(all[i]));
}

/* ---- keys ---- */

static struct pl_keys *open_keys(const struct site *s, const char *folder) {
    char dir[128], master[160];
    struct pl_keys *k;
    snprintf(dir, sizeof dir, "%s/%s", s->folder, folder);
    snprintf(master, sizeof master, "%s/master", dir);
    assert_int_equal(pl_keys_open(dir, master, &k), PL_OK);
    return k;
}

/* The day's key file as it was before the erasing; gives its day. */
static uint32_t kept_file(const struct site *s, struct pl_arena *a, struct pl_str *bytes) {
    char line[256] = "", command[160];
    snprintf(command, sizeof command, "ls %s/kept/[0-9]*", s->folder);
    FILE *f = popen(command, "r");
    assert_non_null(f);
    assert_non_null(fgets(line, sizeof line, f));
    pclose(f);
    line[strcspn(line, "\n")] = 0;
    assert_int_equal(pl_file_read(a, line, 64 << 20, bytes), PL_OK);
    return (uint32_t)strtoul(strrchr(line, '/') + 1, NULL, 10);
}

/* Neither as they lie on disk nor as they are in memory; gives how many were erased. The other keys
 * are found: this sees what it looks at. */
static unsigned keys_are_nowhere(const struct site *s) {
    struct pl_arena a;
    struct pl_str bytes;
    unsigned erased = 0, left = 0;
    pl_arena_init(&a, 0);
    uint32_t day = kept_file(s, &a, &bytes);
    struct pl_keys *before = open_keys(s, "kept"), *now = open_keys(s, "data/keys");
    for (uint32_t i = 1; (i + 1) * SLOT <= bytes.n; i++) {
        uint8_t was[PL_KEY_SIZE], is[PL_KEY_SIZE];
        const char *box = bytes.p + (size_t)i * SLOT;
        if (pl_keys_get(before, (struct pl_key_id){day, i}, was) != PL_OK) continue;
        if (pl_keys_get(now, (struct pl_key_id){day, i}, is) == PL_ERASED) {
            erased++;
            nowhere(s, "the box of a key", box, BOX);
            nowhere(s, "the end of a box", box + BOX - 16, 16);
            nowhere(s, "a key", was, sizeof was);
        } else if (left++ == 0) {
            assert_non_null(found(s, box, BOX));
        }
    }
    pl_keys_close(&before);
    pl_keys_close(&now);
    pl_arena_free(&a);
    assert_true(left > 0);
    return erased;
}

/* ---- the customer ---- */

static void prepare(const struct site *s) {
    site_shell(s, "cp tests/kill/photo.flow \"$D/flows\"");
    play_identities(s);
}

static void send_photo(struct erasing *x, struct talk *t) {
    char head[512];
    struct pl_buf out = {0};
    static const char picture[] = "\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR" PICTURE;
    snprintf(head, sizeof head,
             "Authorization: Bearer %s\r\nParlance-Name: " WHO ".png\r\nConnection: close\r\n",
             t->resume);
    int status = client_post(x->site->server.port, "/api/v1/uploads", head, picture,
                             sizeof picture - 1, &out);
    if (status != 201) fail_msg("%d: %s", status, out.p);
    pl_buf_free(&out);
}

/* He leaves something everywhere: words, a number that is remembered, a file, an event for him. */
static void talks(struct erasing *x) {
    play_begin_as(&x->known, x->site, 1, x->identity);
    play_say(&x->known, "where is ORDER123456789?", "track.sms");
    play_say(&x->known, "yes", "track.phone");
    play_say(&x->known, "+49" PHONE, "prelude.consent");
    play_say(&x->known, "yes", "prelude.consent.yes");
    play_begin_as(&x->second, x->site, 2, x->identity);
    talk_ask(&x->second, WORDS, WAIT_MS);
    play_say(&x->second, "take my photo", "photo.ask");
    send_photo(x, &x->second);
    play_begin(&x->other, x->site, 3);
    play_say(&x->other, "where is ORDER123456789?", "track.sms");
    site_shell(x->site, "cp -r \"$D/data/keys\" \"$D/kept\"");
}

static int open_erasing(void **state) {
    static struct erasing x;
    void *site;
    play_site(&site, prepare);
    x = (struct erasing){.site = site};
    play_sign(WHO, x.identity);
    play_token(x.site, "eraser", "erase", x.erase);
    talks(&x);
    *state = &x;
    return 0;
}

static int close_erasing(void **state) {
    struct erasing *x = *state;
    talk_end(&x->known);
    talk_end(&x->second);
    site_close(x->site);
    return 0;
}

/* ---- erasing ---- */

static void by_command(struct erasing *x) {
    struct pl_buf out = {0};
    if (play_command(x->site, &out, (const char *[]){"erase", "no-such-one", "--yes", NULL}) != 1)
        fail_msg("of nobody: %s", out.p);
    pl_buf_clear(&out);
    if (play_command(x->site, &out, (const char *[]){"erase", WHO, "--yes", NULL}) != 0)
        fail_msg("%s", out.p);
    pl_buf_free(&out);
}

static void by_request(struct erasing *x) {
    char head[256];
    struct pl_buf out = {0};
    snprintf(head, sizeof head, "Authorization: Bearer %s\r\n", x->erase);
    int status = client_http(x->site->server.port, "DELETE", "/api/v1/customers/" WHO, head, &out);
    if (status != 200) fail_msg("%d: %s", status, out.p);
    pl_buf_free(&out);
}

static void opens_as_erased(struct erasing *x, struct talk *t) {
    assert_true(talk_connect(t, x->site->server.port));
    t->error[0] = 0;
    for (int64_t until = now_ms() + WAIT_MS; !t->error[0] && now_ms() < until;)
        if (!talk_hear(t, 10)) break;
    if (strcmp(t->error, "erased") != 0)
        fail_msg("not erased but '%s', bye '%s', closed %d, ready %d", t->error, t->bye,
                 t->c.close_code, t->ready);
}

static unsigned files_sent_up(const struct site *s) {
    unsigned n = 0;
    char line[256], command[160];
    snprintf(command, sizeof command, "find %s/uploads -type f", s->data);
    FILE *f = popen(command, "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) n++;
    pclose(f);
    return n;
}

/* He is nobody any more; the other one does not notice. */
static void is_gone(struct erasing *x) {
    struct talk again;
    opens_as_erased(x, &x->known);
    opens_as_erased(x, &x->second);
    play_begin_as(&again, x->site, 4, x->identity);
    play_say(&again, "where is ORDER123456789?", "track.sms");
    play_say(&again, "yes", "track.phone"); /* the number is asked for again */
    talk_end(&again);
    play_back(&x->other, x->site);
    play_say(&x->other, "no thanks", "prelude.anything_else");
    play_end(&x->other, x->site);
}

static void ends(struct erasing *x) {
    kill(x->site->server.pid, SIGTERM);
    assert_int_equal(proc_wait(&x->site->server, WAIT_MS), 0);
    words_are_nowhere(x->site);
    assert_int_equal(keys_are_nowhere(x->site), 3); /* two conversations and his memory */
}

static void erased_by_command(void **state) {
    struct erasing *x = *state;
    assert_int_equal(files_sent_up(x->site), 1);
    by_command(x);
    is_gone(x);
    ends(x);
}

static void erased_by_request(void **state) {
    struct erasing *x = *state;
    by_request(x);
    is_gone(x);
    ends(x);
}

/* What is on disk at that moment is what counts; the next start finds no more than it may. */
static void killed_right_after(void **state) {
    struct erasing *x = *state;
    by_request(x);
    proc_kill(&x->site->server);
    words_are_nowhere(x->site);
    assert_int_equal(keys_are_nowhere(x->site), 3);
    site_server(x->site, NULL);
    is_gone(x);
    assert_int_equal(files_sent_up(x->site), 0);
    by_command(x); /* again: nothing is left to do, and it is no failure */
    ends(x);
}

int main(void) {
#define CASE(f) cmocka_unit_test_setup_teardown(f, open_erasing, close_erasing)
    const struct CMUnitTest tests[] = {
        CASE(erased_by_command),
        CASE(erased_by_request),
        CASE(killed_right_after),
    };
    give_up_after(140);
    return cmocka_run_group_tests_name("erase", tests, NULL, NULL);
}
