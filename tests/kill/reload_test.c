/* SPDX-License-Identifier: Apache-2.0
 *
 * An operator's commands against a running server: reload (a broken project changes nothing, a good
 * one is for what begins after it), tokens, the queue of people who wait. All of it outlives a
 * kill.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/kill/play.h"

static void prepare(const struct site *s) {
    site_shell(s, "sed -i '/^  open  *support/d' \"$D/flows/escalation.flow\""); /* at any hour */
}

static int open_site(void **state) {
    return play_site(state, prepare);
}

/* The words of the answer to it. */
static void answer(struct talk *t, const char *say, const char *id, const char *words) {
    uint64_t seq = play_say(t, say, id);
    if (!strstr(t->events.v[seq - 1], words))
        fail_msg("not with the words \"%s\": %s", words, t->events.v[seq - 1]);
}

static int reload(const struct site *s, struct pl_buf *out) {
    return play_command(s, out, (const char *[]){"reload", s->flows, NULL});
}

/* ---- reload ---- */

static void broken_changes_nothing(void **state) {
    struct site *s = *state;
    struct talk t;
    struct pl_buf out = {0};
    play_begin(&t, s, 1);
    answer(&t, "where is my order?", "track.ask", "I'd be happy");
    site_shell(s, "cp \"$D/flows/general.flow\" \"$D/general.good\""
                  " && echo '  \"And {nothing}\" @broken' >> \"$D/flows/general.flow\"");
    assert_int_equal(reload(s, &out), 1);
    if (!strstr(out.p, "general.flow:") || !strstr(out.p, "nothing was changed"))
        fail_msg("%s", out.p);
    site_shell(s, "mv \"$D/general.good\" \"$D/flows/general.flow\"");
    answer(&t, "ORDER123456789", "track.found", "Great! I found your order");
    answer(&t, "no thanks", "prelude.anything_else", "Is there anything else");
    answer(&t, "how much is shipping", "shipping.price", "The exact price");
    play_end(&t, s);
    pl_buf_free(&out);
}

static void change(const struct site *s, const char *was, const char *is) {
    struct pl_buf out = {0};
    setenv("WAS", was, 1);
    setenv("IS", is, 1);
    site_shell(s, "sed -i \"s/$WAS/$IS/\" \"$D\"/flows/*.flow");
    if (reload(s, &out) != 0) fail_msg("%s", out.p);
    pl_buf_free(&out);
}

/* In the middle of a task: it ends as it began; the next one is the new one. */
static void good_is_for_what_begins(void **state) {
    struct site *s = *state;
    struct talk before, after;
    play_begin(&before, s, 1);
    answer(&before, "where is my order?", "track.ask", "I'd be happy");
    change(s, "Great! I found your order", "Here it is, order");
    play_begin(&after, s, 2);
    answer(&after, "where is ORDER123456789?", "track.found", "Here it is, order");
    answer(&before, "ORDER123456789", "track.found", "Great! I found your order");
    answer(&before, "no thanks", "prelude.anything_else", "Is there anything else");
    answer(&before, "track ORDER987654321", "track.found", "Here it is, order");
    play_end(&before, s);
    play_end(&after, s);
}

/* From its file to the active one, and what the one before becomes. */
static void its_life_is_told(void **state) {
    static const char *const lives[] = {"loading", "verified", "warm", "active", "draining"};
    char word[32];
    struct pl_buf log = {0};
    const char *at = site_log(*state, &log);
    for (size_t i = 0; i < PL_LEN(lives); i++) {
        snprintf(word, sizeof word, " life=%s\"", lives[i]);
        const char *found = i == 0 ? strstr(at, word) : at ? strstr(at + 1, word) : NULL;
        if (!found) fail_msg("no %s behind the one before it: %s", word, log.p);
        at = found;
    }
    pl_buf_free(&log);
}

static void it_outlives_a_kill(void **state) {
    struct site *s = *state;
    struct talk before, after;
    play_begin(&before, s, 1);
    answer(&before, "where is my order?", "track.ask", "I'd be happy");
    change(s, "Here it is, order", "There we have it, order");
    play_restart(s);
    play_back(&before, s);
    answer(&before, "ORDER123456789", "track.found", "Here it is, order");
    play_begin(&after, s, 2);
    answer(&after, "where is ORDER123456789?", "track.found", "There we have it, order");
    play_restart(s); /* now its snapshot and its entries name different images */
    play_back(&before, s);
    answer(&before, "no thanks", "prelude.anything_else", "Is there anything else");
    answer(&before, "track ORDER987654321", "track.found", "There we have it, order");
    play_end(&before, s);
    play_end(&after, s);
}

/* New slots and flows: what is known of the customer is still known. */
static void slots_move_over(void **state) {
    struct site *s = *state;
    struct talk t;
    play_begin(&t, s, 1);
    answer(&t, "where is ORDER123456789?", "track.found", "There we have it, order");
    answer(&t, "no thanks", "prelude.anything_else", "Is there anything else");
    site_shell(s,
               "sed -i 's/^  order_id: .*/  voucher: text title \"voucher\" @session.voucher\\n&/'"
               " \"$D/flows/assistant.flow\"");
    change(s, "There we have it, order", "Once more, order");
    answer(&t, "where is my order?", "track.found", "Once more, order ORDER123456789");
    play_restart(s);
    play_back(&t, s);
    answer(&t, "no thanks", "prelude.anything_else", "Is there anything else");
    play_end(&t, s);
}

/* ---- shadow and canary ---- */

/* A command that must do and say this. */
static void says(const struct site *s, const char *const *words, const char *expected) {
    struct pl_buf out = {0};
    if (play_command(s, &out, words) != 0 || !strstr(out.p, expected))
        fail_msg("%s: no \"%s\" in %s", words[0], expected, out.p);
    pl_buf_free(&out);
}

/* What a new customer is told of his order. */
static void new_customer(const struct site *s, uint64_t number, const char *words) {
    struct talk t;
    play_begin(&t, s, number);
    answer(&t, "where is ORDER123456789?", "track.found", words);
    play_end(&t, s);
}

static void tried_out_beside(void **state) {
    const struct site *s = *state;
    const char *shadow[] = {"reload", s->flows, "--shadow", "100%", NULL};
    const char *canary[] = {"reload", s->flows, "--canary", "100%", "--guard", "repair", NULL};
    const char *versions[] = {"versions", NULL}, *status[] = {"status", NULL};
    site_shell(s, "sed -i 's/Once more, order/Tried out, order/' \"$D\"/flows/*.flow");
    says(s, shadow, "are played by");
    says(s, versions, "  shadow  ");
    new_customer(s, 3, "Once more, order");
    says(s, status, "\"wording\":1");
    says(s, (const char *[]){"reload", "--shadow", "off", NULL}, "the shadow has ended");
    says(s, canary, "run on");
    says(s, versions, "  canary  ");
    new_customer(s, 4, "Tried out, order");
    play_restart(*state);
    new_customer(s, 5, "Tried out, order");
    says(s, (const char *[]){"reload", "--canary", "off", NULL}, "the canary has ended");
    new_customer(s, 6, "Once more, order");
    site_shell(s, "sed -i 's/Tried out, order/Once more, order/' \"$D\"/flows/*.flow");
}

/* ---- tokens and the queue ---- */

static int queue(const struct site *s, const char *token, struct pl_buf *out) {
    char header[256] = "";
    if (token) snprintf(header, sizeof header, "Authorization: Bearer %s\r\n", token);
    return client_http(s->server.port, "GET", "/api/v1/queue", header, out);
}

static void carries(const struct pl_buf *out, const char *what) {
    if (!strstr(out->p, what)) fail_msg("the queue lacks %s: %s", what, out->p);
}

static void looks_right(const struct pl_buf *out) {
    carries(out, "asked for a person");
    carries(out, "where is my order?"); /* the transcript */
    carries(out, "ORDER123456789");     /* the slot */
    carries(out, "\"transcript\"");
    carries(out, "\"facts\"");
    carries(out, "\"slots\"");
}

static const char *body_of(const struct pl_buf *out) {
    const char *body = strstr(out->p, "\r\n\r\n");
    return body ? body + 4 : "";
}

static void take_off(const struct site *s, const char *token, const struct pl_buf *list,
                     int status) {
    char path[128], header[256];
    struct pl_buf out = {0};
    const char *id = strstr(list->p, "\"id\":\"");
    assert_non_null(id);
    snprintf(path, sizeof path, "/api/v1/queue/%.*s/done", (int)strcspn(id + 6, "\""), id + 6);
    snprintf(header, sizeof header, "Authorization: Bearer %s\r\n", token);
    assert_int_equal(client_http(s->server.port, "POST", path, header, &out), status);
    pl_buf_free(&out);
}

static void queue_is_listed(void **state) {
    struct site *s = *state;
    struct talk t;
    struct pl_buf out = {0}, again = {0};
    char good[128], narrow[128];
    play_begin(&t, s, 1);
    answer(&t, "where is my order?", "track.ask", "I'd be happy");
    answer(&t, "ORDER123456789", "track.found", "order");
    answer(&t, "I want to talk to a person", "prelude.handed_over", "I'm handing you over");
    assert_int_equal(talk_count(&t, "handoff"), 1);
    play_token(s, "console", "queue", good);
    play_token(s, "watcher", "metrics", narrow);
    assert_int_equal(queue(s, NULL, &out), 401);
    assert_int_equal(queue(s, "plt_0000", &out), 401);
    assert_int_equal(queue(s, narrow, &out), 403);
    assert_null(strstr(out.p, "ORDER"));
    assert_int_equal(queue(s, good, &out), 200);
    looks_right(&out);
    play_restart(s);
    assert_int_equal(queue(s, good, &again), 200);
    looks_right(&again);
    assert_string_equal(body_of(&again), body_of(&out));
    play_back(&t, s);
    assert_string_equal(t.with, "waiting");
    talk_ask(&t, "are you there?", WAIT_MS); /* kept for the person, not answered by the bot */
    talk_hear(&t, 300);
    assert_true(t.said.v[t.said.n - 1].seq == t.events.n);
    assert_int_equal(queue(s, good, &out), 200);
    carries(&out, "are you there?");
    pl_buf_clear(&again);
    pl_buf_str(&again, pl_buf_slice(&out));
    pl_buf_byte(&again, 0);
    take_off(s, narrow, &again, 403);
    take_off(s, good, &again, 200);
    play_restart(s);
    assert_int_equal(queue(s, good, &out), 200);
    assert_non_null(strstr(out.p, "{\"queue\":[]}"));
    take_off(s, good, &again, 404);
    play_end(&t, s);
    pl_buf_free(&out);
    pl_buf_free(&again);
}

static void a_token_can_be_revoked(void **state) {
    struct site *s = *state;
    struct pl_buf out = {0};
    char good[128], id[17];
    play_token(s, "short-lived", "queue", good);
    assert_int_equal(queue(s, good, &out), 200);
    assert_int_equal(play_command(s, &out, (const char *[]){"token", "list", NULL}), 0);
    const char *at = strstr(out.p, "short-lived");
    assert_non_null(at);
    assert_null(strstr(out.p, good)); /* only its hash is kept */
    snprintf(id, sizeof id, "%.16s", at - 18);
    assert_int_equal(play_command(s, &out, (const char *[]){"token", "revoke", id, NULL}), 0);
    assert_int_equal(queue(s, good, &out), 401);
    play_restart(s);
    assert_int_equal(queue(s, good, &out), 401);
    pl_buf_free(&out);
}

/* On the folder itself, when no server has it. */
static void a_token_without_a_server(void **state) {
    struct site *s = *state;
    struct pl_buf out = {0};
    char good[128];
    kill(s->server.pid, SIGTERM);
    assert_int_equal(proc_wait(&s->server, 20000), 0);
    play_token(s, "early", "queue", good);
    assert_int_not_equal(reload(s, &out), 0);
    if (!strstr(out.p, "no server runs on the data folder")) fail_msg("%s", out.p);
    site_server(s, NULL);
    assert_int_equal(queue(s, good, &out), 200);
    pl_buf_free(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(broken_changes_nothing),   cmocka_unit_test(good_is_for_what_begins),
        cmocka_unit_test(its_life_is_told),         cmocka_unit_test(it_outlives_a_kill),
        cmocka_unit_test(slots_move_over),          cmocka_unit_test(tried_out_beside),
        cmocka_unit_test(queue_is_listed),          cmocka_unit_test(a_token_can_be_revoked),
        cmocka_unit_test(a_token_without_a_server),
    };
    give_up_after(140);
    return cmocka_run_group_tests_name("reload", tests, open_site, play_close);
}
