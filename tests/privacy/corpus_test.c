/* SPDX-License-Identifier: Apache-2.0
 *
 * People of five languages tell a real server what is nobody's business, in all layouts of their
 * countries; it asks a provider that keeps every byte. None of what they told may be in those
 * bytes, in the server's log at its most talkative, in its metrics, or readable in its data folder.
 * And what a model sends back comes to the customer as he wrote it.
 *
 * One person has one conversation: his name and address are asked for by a flow and forgotten by
 * it, or told by the shop's system, or not known at all; of those last ones it is only counted how
 * much was hidden. PRIVACY_MESSAGES in the environment says how many messages.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "tests/kill/site.h"
#include "tests/kill/talk.h"
#include "tests/privacy/look.h"
#include "tests/provider/provider.h"

enum { MESSAGES = 200, EACH = 10, WAIT_MS = 30000 };

static const char *const languages[] = {"en", "es", "ar", "de", "tr"};

struct corpus {
    struct site site;
    struct provider *provider;
    struct pl_locale_tools *t;
    struct pl_arena a;
    struct pl_rand rand;
    struct words words[PL_LEN(languages)];
    struct person *people;
    size_t npeople;
    struct needles needles;
    char record[96];
    unsigned said, asked, restored;
    uint64_t talks;
};

/* ---- the place ---- */

static void put_people(struct corpus *c, const char *file) {
    struct pl_buf b = {0};
    struct pl_str lua;
    char path[192];
    pl_buf_c(&b, "local people = {\n");
    for (size_t i = 0; i < c->npeople; i++) {
        const struct person *p = &c->people[i];
        pl_buf_printf(&b, "[\"%s\"] = { name = \"%s\", home = \"%s\", mail = \"%s\",", p->no,
                      p->name, p->home, p->mail);
        pl_buf_printf(&b, " phone = \"+%s%s\" },\n", p->w->country, p->phone);
    }
    pl_buf_c(&b, "}\n");
    snprintf(path, sizeof path, "tests/privacy/lua/%s.lua", file);
    assert_int_equal(pl_file_read(&c->a, path, 1 << 20, &lua), PL_OK);
    size_t begins = pl_str_find(lua, PL_STR("return {"));
    assert_true(begins != SIZE_MAX);
    pl_buf_str(&b, (struct pl_str){lua.p + begins, lua.n - begins});
    snprintf(path, sizeof path, "%s/lua/%s.lua", c->site.folder, file);
    assert_int_equal(pl_file_replace(path, pl_buf_slice(&b)), PL_OK);
    pl_buf_free(&b);
}

static void start_server(struct corpus *c) {
    static char models[128];
    struct pl_buf b = {0};
    snprintf(models, sizeof models, "%s/models.conf", c->site.folder);
    pl_buf_printf(&b, "[only]\ndialect = openai\nurl = http://127.0.0.1:%d/a/v1\nmodel = m\n",
                  provider_port(c->provider));
    pl_buf_c(&b, "embed = e\nprice = 0 0 USD\nfirst_token = 8s\n");
    assert_int_equal(pl_file_replace(models, pl_buf_slice(&b)), PL_OK);
    pl_buf_free(&b);
    static const char *const more[] = {"--models", models, "--log-level=debug",
                                       "--hook-memory=64MiB", NULL};
    site_server(&c->site, more);
}

static size_t messages(void) {
    const char *n = getenv("PRIVACY_MESSAGES");
    return n ? strtoul(n, NULL, 10) : MESSAGES;
}

static int open_all(void **state) {
    static struct corpus c;
    pl_arena_init(&c.a, 0);
    pl_rand_seed(&c.rand, 20261122);
    c.t = pl_locale_tools_new();
    c.needles.t = c.t;
    c.needles.a = &c.a;
    for (size_t i = 0; i < PL_LEN(languages); i++) words_read(&c.a, languages[i], &c.words[i]);
    c.npeople = (messages() + EACH - 1) / EACH;
    c.people = PL_NEW_ARRAY(&c.a, struct person, c.npeople);
    for (size_t i = 0; i < c.npeople; i++) {
        const struct words *w = &c.words[i % PL_LEN(languages)];
        person_make(&c.a, &c.rand, w, 100000 + (unsigned)i, i / PL_LEN(languages) % 4 == 3,
                    &c.people[i]);
    }
    site_open(&c.site, "tests/privacy/flows");
    put_people(&c, "customers");
    put_people(&c, "orders");
    c.provider = provider_start("tests/provider/streams", 0);
    snprintf(c.record, sizeof c.record, "%s/provider.bytes", c.site.folder);
    assert_true(provider_record(c.provider, c.record));
    start_server(&c);
    *state = &c;
    return 0;
}

static int close_all(void **state) {
    struct corpus *c = *state;
    site_close(&c->site);
    provider_stop(&c->provider);
    PL_VEC_FREE(&c->needles.v);
    pl_locale_tools_free(&c->t);
    pl_arena_free(&c->a);
    return 0;
}

/* ---- a conversation ---- */

static const char *quoted(struct corpus *c, const char *s) {
    struct pl_buf b = {0};
    pl_json_quote(&b, pl_str_c(s));
    struct pl_str in = {b.p + 1, b.n - 2};
    const char *out = pl_arena_printf(&c->a, "%.*s", PL_STR_ARG(in)).p;
    pl_buf_free(&b);
    return out;
}

/* Says it and waits until an event has come whose id begins so. */
static const char *say(struct corpus *c, struct talk *t, const char *text, const char *ids) {
    uint64_t seq = talk_ask(t, quoted(c, text), WAIT_MS);
    const char *event;
    char kind[96];
    while (seq && (event = talk_bot(t, &seq, WAIT_MS)) != NULL) {
        talk_kind(event, kind, sizeof kind);
        for (const char *id = ids; id; id = strchr(id, ' ')) {
            if (*id == ' ') id++;
            size_t n = strcspn(id, " ");
            if (strncmp(kind + strcspn(kind, ":") + 1, id, n) == 0) return event;
        }
    }
    print_error("said: %s; what came:\n", text);
    for (size_t i = 0; i < t->events.n; i++) print_error("  %s\n", t->events.v[i]);
    fail_msg("no answer");
    return NULL;
}

/* What makes his name and address known. */
static void introduce(struct corpus *c, struct talk *t, struct person *p, size_t i) {
    if (i / PL_LEN(languages) % 4 < 2) {
        say(c, t, "ENROL ENROL", "sign_up.name");
        say(c, t, p->name, "sign_up.address");
        say(c, t, p->home, "sign_up.pin");
        say(c, t, p->pin, "sign_up.done");
        p->known = p->enrolled = true;
    } else if (i / PL_LEN(languages) % 4 == 2) {
        say(c, t, "LOOKUP LOOKUP", "look_up.no");
        say(c, t, p->no, "look_up.done");
        p->known = true;
    }
}

#define OPEN_ENDS "open. prelude."

static void speak(struct corpus *c, struct talk *t, const struct person *p, const char *template) {
    const char *text = person_says(p, &c->rand, template, &c->needles);
    say(c, t, text, OPEN_ENDS);
    c->said++;
}

/* A model that asks back with what it was given. */
static void ask_back(struct corpus *c, struct talk *t, const struct person *p) {
    const char *text = person_says(p, &c->rand, p->w->ask.v[0], &c->needles);
    const char *event = say(c, t, text, OPEN_ENDS);
    c->said++;
    if (!strstr(event, "\"open.")) return; /* the prelude took it */
    c->asked++;
    const char *at = strstr(text, "\uff20");
    struct pl_str mail =
        at ? pl_arena_printf(&c->a, "%s", strchr(p->mail, '@') + 1) : pl_str_c(p->mail);
    if (pl_str_find(pl_str_c(event), mail) != SIZE_MAX)
        c->restored++;
    else
        print_error("not put back: %s\n", event);
}

static void sort(struct corpus *c, struct talk *t, const struct person *p, const char *template) {
    say(c, t, "SORT SORT", "sort.story");
    say(c, t, person_says(p, &c->rand, template, &c->needles), "sort.n");
    c->said++;
}

static void begin(struct corpus *c, struct talk *t, size_t i) {
    talk_begin(t, ++c->talks, c->people[i].w->locale);
    if (!talk_connect(t, c->site.server.port)) fail_msg("no connection");
    while (!t->live && talk_hear(t, 10)) continue;
    introduce(c, t, &c->people[i], i);
}

static void end(struct talk *t) {
    if (t->wrong[0]) fail_msg("%s", t->wrong);
    talk_end(t);
}

/* One who was handed over to a person begins again: no model would hear him. */
static void go_on(struct corpus *c, struct talk *t, size_t i) {
    talk_hear(t, 0);
    if (talk_count(t, "handoff") == 0) return;
    end(t);
    begin(c, t, i);
}

static void converse(struct corpus *c, size_t i) {
    const struct person *p = &c->people[i];
    const struct words *w = p->w;
    struct talk t;
    begin(c, &t, i);
    speak(c, &t, p, w->half.v[0]);
    speak(c, &t, p, w->half.v[1]);
    go_on(c, &t, i);
    ask_back(c, &t, p);
    go_on(c, &t, i);
    speak(c, &t, p, w->tool.v[i % w->tool.n]);
    go_on(c, &t, i);
    sort(c, &t, p, w->say.v[(i * 3) % w->say.n]);
    for (size_t k = 5; k < EACH; k++) {
        go_on(c, &t, i);
        speak(c, &t, p, w->say.v[(i / PL_LEN(languages) * 5 + k) % w->say.n]);
    }
    end(&t);
}

/* ---- the test ---- */

static void read_metrics(const struct corpus *c, struct pl_buf *out) {
    struct pl_buf token = {0};
    char auth[256];
    const char *argv[] = {kill_parlance(), "token",  "create",     "corpus", "--may",
                          "metrics",       "--data", c->site.data, NULL};
    if (proc_run(&token, 60000, argv) != 0) fail_msg("%s", token.p);
    const char *at = token.p;
    snprintf(auth, sizeof auth, "Authorization: Bearer %.*s\r\n", (int)strcspn(at, "\n"), at);
    int status = client_http(c->site.server.port, "GET", "/metrics", auth, out);
    if (status != 200) fail_msg("%d: %s", status, token.p);
    pl_buf_free(&token);
}

static void recall(const struct corpus *c) {
    size_t all[NEEDLE_KINDS] = {0}, out[NEEDLE_KINDS] = {0};
    for (size_t i = 0; i < c->needles.v.n; i++) {
        const struct needle *k = &c->needles.v.v[i];
        if (k->known) continue;
        all[k->kind]++;
        out[k->kind] += k->found;
    }
    print_message("not known to the conversation: %zu of %zu names hidden, %zu of %zu addresses\n",
                  all[NAME] - out[NAME], all[NAME], all[HOME] - out[HOME], all[HOME]);
}

static void nothing_personal_leaves(void **state) {
    struct corpus *c = *state;
    struct pl_buf metrics = {0};
    for (size_t i = 0; i < c->npeople; i++) converse(c, i);
    struct look *l = look_new(&c->needles);
    read_metrics(c, &metrics);
    assert_true(pl_str_find(pl_buf_slice(&metrics), PL_STR("parlance_llm_asks")) != SIZE_MAX);
    proc_kill(&c->site.server); /* and nothing more is written */
    size_t at_provider = look_file(l, c->record);
    size_t in_log = look_file(l, c->site.server_log);
    size_t in_metrics = look_into(l, "/metrics", pl_buf_slice(&metrics));
    size_t in_data = look_folder(l, c->site.data, "images/"); /* they have the shop's people */
    print_message("%u messages of %zu people, %zu needles: at the provider %zu, in the log %zu, in "
                  "metrics %zu, in the data folder %zu; %u of %u put back\n",
                  c->said, c->npeople, c->needles.v.n, at_provider, in_log, in_metrics, in_data,
                  c->restored, c->asked);
    recall(c);
    look_free(&l);
    pl_buf_free(&metrics);
    assert_int_equal(at_provider + in_log + in_metrics + in_data, 0);
    assert_int_equal(c->restored, c->asked);
    uint64_t requests = provider_bill(c->provider, 'a').requests;
    print_message("%llu requests\n", (unsigned long long)requests);
    assert_true(requests * 10 >= c->said * 9); /* the prelude took the others */
    assert_true(c->asked * 10 >= c->npeople * 8);
    assert_true(c->said >= messages());
}

/* It sees what it looks for: the same text, in each form, is found. */
static void the_looking_sees(void **state) {
    static const char *const forms[] = {
        "x post.an77@example.com y",
        "{\"a\":\"POST.AN77\\u0040example\\u002ecom\"}",
        "a=post.an77%40example%2Ecom&b",
        "Basic cG9zdC5hbjc3QGV4YW1wbGUuY29t",
        "<post.an77\uff20example.com>",
        "\uff50\uff4f\uff53\uff54.\uff41\uff4e\uff17\uff17@example.com",
    };
    struct corpus *c = *state;
    for (size_t i = 0; i < PL_LEN(forms); i++) {
        struct needles n = {.t = c->t, .a = &c->a};
        PL_PUSH(&n.v, ((struct needle){PL_STR("postan77examplecom"), MAIL, true, false}));
        struct look *l = look_new(&n);
        if (look_into(l, "a form", pl_str_c(forms[i])) != 1) fail_msg("not seen: %s", forms[i]);
        look_free(&l);
        PL_VEC_FREE(&n.v);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_looking_sees),
        cmocka_unit_test(nothing_personal_leaves),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
