/* SPDX-License-Identifier: Apache-2.0
 *
 * Seeds in the formats of today: images of the programs of some folders, and states and events of
 * the small program, played by chance; what reads messages with marks. Binary seeds are made and
 * not kept, since a format's new version would turn all of them into the one case "another
 * version".
 *
 * usage: fuzz_seeds BASE FOLDER … OUT */
#include "grammar/grammar.h"
#include "tests/fuzz/fuzz_play.h"
#include "tests/unit/program/small.h"
#undef S
#include "tests/unit/nlp/marks.h"

enum { SIZE_MOST = 1 << 20, FILES_MOST = 200, IMAGE_MOST = 16384, STEPS = 16, PLAYS = 100 };

static const uint8_t hash[32];

struct maker {
    struct pl_arena arena;
    struct pl_str base;
    const char *out;
    size_t images, states, events;
};

static void put(struct maker *m, const char *door, struct pl_str name, struct pl_str bytes) {
    struct pl_str folder = pl_arena_printf(&m->arena, "%s/%s", m->out, door);
    struct pl_str path =
        pl_arena_printf(&m->arena, "%.*s/%.*s", PL_STR_ARG(folder), PL_STR_ARG(name));
    pl_assert(pl_mkdirs(folder.p) == PL_OK);
    FILE *f = fopen(path.p, "wb");
    pl_assert(f && fwrite(bytes.p, 1, bytes.n, f) == bytes.n && fclose(f) == 0);
}

/* ---- images ---- */

static void put_image(struct maker *m, struct pl_str name, const struct pl_program *p) {
    struct pl_buf bytes = {0};
    pl_program_write(p, &bytes);
    if (bytes.n <= IMAGE_MOST) {
        put(m, "program_image", name, pl_buf_slice(&bytes));
        put(m, "vm_image", name, pl_buf_slice(&bytes));
        m->images++;
    }
    pl_buf_free(&bytes);
}

static void play_image(struct maker *m, const struct pl_program *p);

/* Programs with mistakes in them give none; those that ask models are played too. */
static void compile(struct maker *m, struct pl_str name, struct pl_str text) {
    struct pl_arena a;
    struct pl_sources sources;
    struct pl_diags diags;
    struct pl_program program;
    pl_arena_init(&a, 0);
    pl_sources_init(&sources, &a);
    pl_diags_init(&diags, &a, &sources);
    pl_sources_add(&sources, name, text);
    pl_sources_add(&sources, PL_STR("prelude/base.flow"), m->base);
    struct pl_grammar_input input = {.sources = &sources};
    if (pl_grammar_compile(&a, &input, NULL, &diags, &program) == PL_OK) {
        put_image(m, name, &program);
        if (program.nmodels) play_image(m, &program);
    }
    pl_arena_free(&a);
}

static void compile_folder(struct maker *m, const char *folder) {
    struct pl_str *names, text;
    size_t n = 0;
    pl_assert(pl_files_under(&m->arena, folder, ".flow", FILES_MOST, &names, &n) == PL_OK);
    for (size_t i = 0; i < n; i++) {
        struct pl_str path = pl_arena_printf(&m->arena, "%s/%.*s", folder, PL_STR_ARG(names[i]));
        pl_assert(pl_file_read(&m->arena, path.p, SIZE_MOST, &text) == PL_OK);
        compile(m, names[i], text);
    }
}

/* ---- states and events ---- */

/* One of each kind: what it is, is in its name. */
static void put_state(struct maker *m, struct pl_str state, const struct pl_vm_view *v) {
    struct pl_str name = pl_arena_printf(&m->arena, "%d-%u-%u-%u", (int)v->mode, v->flow % 100,
                                         v->wait % 100, v->nframes + 10 * v->nheld);
    put(m, "vm_state", name, state);
    m->states++;
}

static void put_event(struct maker *m, const struct pl_vm_event *e) {
    struct pl_buf bytes = {0};
    const struct pl_vm_reading *r = &e->reading;
    struct pl_str name = pl_arena_printf(&m->arena, "%d-%u%u%u%d", e->kind, r->nentities,
                                         r->nintents, e->failure.n > 0, e->target != PL_NOWHERE);
    pl_vm_event_write(&bytes, e);
    put(m, "vm_event", name, pl_buf_slice(&bytes));
    pl_buf_free(&bytes);
    m->events++;
}

static void play(struct maker *m, struct pl_vm *vm, const struct pl_image *image, uint64_t seed) {
    struct fuzz_play play = {.p = pl_image_program(image), .now_ms = 1795338000000};
    struct pl_vm_result r;
    struct pl_arena a;
    pl_arena_init(&a, 0);
    pl_rand_seed(&play.rand, seed);
    struct pl_str state = pl_vm_begin(&a, image, play.now_ms);
    for (int i = 0; i < STEPS; i++) {
        struct pl_vm_event e = fuzz_event(&play, i == 0, seed);
        put_event(m, &e);
        pl_assert(pl_vm_step(vm, image, state, &e, &a, &r) == PL_OK);
        state = r.state;
        play.view = r.view;
        put_state(m, state, &r.view);
    }
    pl_arena_free(&a);
}

static void play_image(struct maker *m, const struct pl_program *p) {
    struct pl_buf b = {0};
    struct pl_image *image;
    char why[256];
    pl_program_write(p, &b);
    pl_assert(pl_image_load(pl_buf_slice(&b), hash, &image, why) == PL_OK);
    struct pl_vm *vm = pl_vm_create((struct pl_vm_env){.matches = fuzz_matches});
    for (uint64_t seed = 1; seed <= PLAYS; seed++) play(m, vm, image, seed);
    pl_vm_destroy(&vm);
    pl_image_unref(&image);
    pl_buf_free(&b);
}

static void play_small(struct maker *m) {
    struct small s;
    small_make(&s);
    s.p.start = 0;
    put_image(m, PL_STR("hand"), &s.p);
    play_image(m, &s.p);
    small_free(&s);
}

/* ---- what reads messages ---- */

static void put_model(struct maker *m) {
    struct pl_locale_tools *tools = pl_locale_tools_new();
    struct pl_buf section = {0};
    struct pl_str why;
    pl_assert(pl_nlp_build(tools, &m->arena, &marks, &section, &why) == PL_OK);
    put(m, "nlp_model", PL_STR("marks"), pl_buf_slice(&section));
    pl_buf_free(&section);
    pl_locale_tools_free(&tools);
}

int main(int argc, char **argv) {
    struct maker m = {.out = argv[argc - 1]};
    if (argc < 4) return 2;
    pl_arena_init(&m.arena, 0);
    pl_assert(pl_file_read(&m.arena, argv[1], SIZE_MOST, &m.base) == PL_OK);
    for (int i = 2; i < argc - 1; i++) compile_folder(&m, argv[i]);
    play_small(&m);
    put_model(&m);
    printf("%zu images, %zu states, %zu events\n", m.images, m.states, m.events);
    pl_arena_free(&m.arena);
    return m.images && m.states && m.events ? 0 : 1;
}
