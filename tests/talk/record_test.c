/* SPDX-License-Identifier: Apache-2.0
 *
 * Cassettes: recorded from a model that the test plays, played back without it, stale once the flow
 * asks something else, recorded anew.
 */
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/sim/sim.h"

static const char flow[] = "parlance 1\n"
                           "\n"
                           "assistant \"Test\"\n"
                           "  source en-US\n"
                           "  locales en-US\n"
                           "  zone \"Europe/Berlin\"\n"
                           "  currency USD\n"
                           "\n"
                           "queue general\n"
                           "  title \"our team\" @queue.general\n"
                           "\n"
                           "flow ask_anything\n"
                           "  title \"your question\" @any.title\n"
                           "  on says\n"
                           "    en \"I have a question for you\"\n"
                           "\n"
                           "  answer @any.answer\n"
                           "    never  \"%s\"\n"
                           "    budget 1 call, 2s\n"
                           "    unsure\n"
                           "      \"Not sure.\" @any.unsure\n"
                           "    down\n"
                           "      \"Not now.\" @any.down\n";
static const char talk[] = "parlance 1\n"
                           "\n"
                           "talk \"recorded\"\n"
                           "  cassette \"said.json\"\n"
                           "  user \"I have a question for you\"\n"
                           "  bot  @any.answer \"What is your question?\"\n";

struct reply {
    struct pl_post post; /* first */
    pl_llm_on_event *on_event;
    void *ctx;
};

static void speak(struct pl_post *post) {
    struct reply *r = (struct reply *)(void *)post;
    struct pl_llm_event e = {.kind = PL_LLM_TEXT, .attempt = 1};
    e.text = PL_STR("What is your question?");
    r->on_event(r->ctx, &e);
    e = (struct pl_llm_event){.kind = PL_LLM_DONE, .attempt = 1};
    e.done.finish = PL_LLM_FINISH_STOP;
    r->on_event(r->ctx, &e);
    free(r);
}

static uint64_t ask(void *ctx, const struct pl_llm_request *request) {
    struct reply *r = calloc(1, sizeof *r);
    pl_assert(r);
    *r = (struct reply){{.fn = speak}, request->on_event, request->ctx};
    ++*(unsigned *)ctx;
    pl_loop_post(request->loop, &r->post);
    return 1;
}

static void put(const char *folder, const char *name, struct pl_str text) {
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    pl_assert(pl_file_replace(path, text) == PL_OK);
}

static void write_flow(const char *folder, const char *never) {
    struct pl_buf b = {0};
    pl_buf_printf(&b, flow, never);
    put(folder, "shop.flow", pl_buf_slice(&b));
    pl_buf_free(&b);
}

/* Plays the project; its exit code, and whether its report has these words. */
static int play(const char *folder, const struct pl_answer_model *record, const char *words,
                bool *has) {
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);
    struct pl_sim_test test = {.folder = folder, .jobs = 1, .record = record, .out = out};
    test.err = out;
    int code = pl_sim_test_main(&test);
    fclose(out);
    *has = words && strstr(text, words) != NULL;
    if (code && !*has) fputs(text, stdout);
    free(text);
    return code;
}

static int unlink_one(const char *path, const struct stat *st, int type, struct FTW *ftw) {
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

static int wrong(const char *what) {
    printf("wrong: %s\n", what);
    return 1;
}

static int run(const char *folder) {
    unsigned asked = 0;
    struct pl_answer_model model = {.ctx = &asked, .ask = ask};
    bool has;
    write_flow(folder, "promise a refund");
    put(folder, "said.talk", pl_str_c(talk));
    if (play(folder, NULL, "said.json: not found", &has) != 1 || !has) return wrong("no cassette");
    if (play(folder, &model, NULL, &has) != 0 || asked != 1) return wrong("recording");
    if (play(folder, NULL, NULL, &has) != 0 || asked != 1) return wrong("playing");
    write_flow(folder, "promise a discount");
    if (play(folder, NULL, "has no reply to", &has) != 1 || !has) return wrong("stale");
    if (play(folder, &model, NULL, &has) != 0 || asked != 2) return wrong("recording anew");
    if (play(folder, NULL, NULL, &has) != 0 || asked != 2) return wrong("playing anew");
    return 0;
}

int main(void) {
    char folder[] = "/tmp/pl_record_XXXXXX";
    pl_assert(mkdtemp(folder));
    int code = run(folder);
    nftw(folder, unlink_one, 16, FTW_DEPTH | FTW_PHYS);
    return code;
}
