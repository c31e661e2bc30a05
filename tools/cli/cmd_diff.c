/* SPDX-License-Identifier: Apache-2.0
 *
 * diff: what changed in meaning between two versions of the flows, and what would become of
 * conversations at every place where they can stand. It asks the machine that moves them, about
 * made-up conversations: nothing of that is known here a second time.
 */
#include <string.h>

#include "runtime/vm/vm.h"
#include "tools/cli/cli_priv.h"

enum {
    CALLS_MOST = 4, /* how deep calls are followed back */
    FATES_MOST = 64 /* of one place */
};

struct fate { /* of one who stands there in this way */
    enum pl_vm_moves how;
    uint32_t calls[CALLS_MOST], ncalls; /* the outermost first */
    bool verified;
};

struct place {
    uint32_t wait;
    uint32_t *options, noptions; /* all are supposed to be offered */
    struct fate fates[FATES_MOST];
    size_t n;
    unsigned of[4]; /* by enum pl_vm_moves */
};

struct comparing {
    struct pl_arena a;
    struct cli_previous was, is; /* was there, is there now */
    struct pl_image *old, *new;
    const struct pl_program *p; /* the old one */
    struct pl_vm *vm;
    uint32_t *caller; /* of each call: the flow that makes it, or PL_NOWHERE */
    bool *begins;     /* of each flow: something begins it */
    const struct pl_change *changes;
    size_t nchanges;
    struct place *places;
    size_t nplaces;
};

/* ---- opening ---- */

/* An image to move conversations between; recognisers have no part in that. */
static int image_of(const struct cli_previous *v, struct pl_image **out) {
    static const uint8_t hash[32];
    struct pl_buf b = {0};
    char why[256] = "";
    if (v->image) {
        *out = pl_image_ref(v->image);
        return CLI_OK;
    }
    pl_program_write(v->program, &b);
    enum pl_err err = pl_image_load(pl_buf_slice(&b), hash, out, why);
    pl_buf_free(&b);
    return err == PL_OK ? CLI_OK : pl_cli__failure("%s", why);
}

static int open_both(struct comparing *c, const char *was, const char *is) {
    int code = pl_cli__previous_open(was, &c->was);
    if (code == CLI_OK) code = pl_cli__previous_open(is, &c->is);
    if (code == CLI_OK) code = image_of(&c->was, &c->old);
    if (code == CLI_OK) code = image_of(&c->is, &c->new);
    if (code == CLI_OK) c->p = pl_image_program(c->old);
    return code;
}

/* ---- where conversations can stand ---- */

static void begins(struct comparing *c, uint32_t flow) {
    if (flow < c->p->nflows) c->begins[flow] = true;
}

static void find_beginnings(struct comparing *c) {
    const struct pl_program *p = c->p;
    begins(c, p->start);
    begins(c, p->prelude[PL_PRELUDE_ANYTHING_ELSE]);
    begins(c, p->prelude[PL_PRELUDE_CONTINUE_INTERRUPTED]);
    for (uint32_t i = 0; i < p->ntriggers; i++) begins(c, p->triggers[i].flow);
    for (uint32_t i = 0; i < p->ntargets; i++)
        if (!p->targets[i].open) begins(c, p->targets[i].flow);
    for (uint32_t i = 0; i < p->noptions; i++)
        if (p->options[i].kind == PL_OPT_FLOW) begins(c, p->options[i].flow);
}

static void find_callers(struct comparing *c) {
    const struct pl_program *p = c->p;
    memset(c->caller, 0xff, p->ncalls * sizeof *c->caller);
    for (uint32_t i = 0; i < p->nflows; i++)
        for (uint32_t at = p->flows[i].entry; at < p->flows[i].end;
             at += 1 + pl_op_extra(p->code[at])) {
            uint32_t w = p->code[at], arg = PL_WORD_ARG(w);
            if (PL_WORD_OP(w) == PL_OP_CALL_FLOW || PL_WORD_OP(w) == PL_OP_CALL_VALUE)
                c->caller[arg] = i;
            if (PL_WORD_OP(w) == PL_OP_GOTO_FLOW) begins(c, p->calls[arg].callee);
        }
}

/* A flow that wants a verified customer has no other in it. */
static bool only_verified(const struct comparing *c, const struct fate *f, uint32_t flow) {
    bool only = c->p->flows[flow].verified;
    for (uint32_t i = 0; i < f->ncalls; i++) only |= c->p->flows[c->caller[f->calls[i]]].verified;
    return only;
}

static void judge(struct comparing *c, struct place *place, struct fate f) {
    struct pl_vm_park at = {f.calls,        f.ncalls,        place->wait,
                            place->options, place->noptions, f.verified};
    struct pl_vm_moving m;
    struct pl_arena a;
    struct pl_str state;
    pl_arena_init(&a, 0);
    if (place->n < FATES_MOST && pl_vm_parked(c->vm, c->old, &at, &a, &state) == PL_OK &&
        pl_vm_moving(c->vm, c->old, state, c->new, &a, &m) == PL_OK) {
        f.how = m.how;
        place->of[f.how]++;
        place->fates[place->n++] = f;
    }
    pl_arena_free(&a);
}

static bool is_in(const struct comparing *c, const struct fate *f, uint32_t flow) {
    for (uint32_t i = 0; i < f->ncalls; i++)
        if (c->caller[f->calls[i]] == flow) return true;
    return false;
}

/* All ways to come into the flow that the chain begins with. */
static void come_from(struct comparing *c, struct place *place, struct fate f, uint32_t flow) {
    uint32_t last = c->p->waits[place->wait].flow;
    if (c->begins[flow]) {
        f.verified = true;
        judge(c, place, f);
        f.verified = false;
        if (!only_verified(c, &f, last)) judge(c, place, f);
    }
    for (uint32_t i = 0; i < c->p->ncalls && f.ncalls < CALLS_MOST; i++) {
        if (c->caller[i] == PL_NOWHERE || c->p->calls[i].callee != flow) continue;
        if (c->caller[i] == last || is_in(c, &f, c->caller[i])) continue;
        struct fate longer = f;
        memmove(longer.calls + 1, longer.calls, f.ncalls * sizeof *f.calls);
        longer.calls[0] = i;
        longer.ncalls++;
        come_from(c, place, longer, c->caller[i]);
    }
}

static void offered(struct comparing *c, struct place *place) {
    place->options = PL_NEW_ARRAY(&c->a, uint32_t, c->p->noptions + 1);
    place->noptions = 0;
    for (uint32_t i = 0; i < c->p->noptions; i++)
        if (c->p->options[i].wait == place->wait) place->options[place->noptions++] = i;
}

static void predict(struct comparing *c) {
    const struct pl_program *p = c->p;
    c->caller = PL_NEW_ARRAY(&c->a, uint32_t, p->ncalls + 1);
    c->begins = PL_NEW_ARRAY(&c->a, bool, p->nflows + 1);
    c->places = PL_NEW_ARRAY(&c->a, struct place, p->nwaits + 1);
    find_beginnings(c);
    find_callers(c);
    for (uint32_t i = 0; i < p->nwaits; i++) {
        struct place *place = &c->places[c->nplaces];
        place->wait = i;
        offered(c, place);
        come_from(c, place, (struct fate){0}, p->waits[i].flow);
        c->nplaces += place->n > 0;
    }
}

/* ---- telling people ---- */

static const char *const fates[] = {"go on where they stand", "are asked again",
                                    "finish on the old version",
                                    "cannot be mapped: they finish on the old version"};

/* Of a flow that is new or gone everything else goes without saying. */
static bool whole_flow(const struct comparing *c, const struct pl_change *v) {
    if (v->flow.n == 0) return false;
    for (size_t i = 0; i < c->nchanges; i++)
        if ((c->changes[i].kind == PL_CHANGE_FLOW_NEW ||
             c->changes[i].kind == PL_CHANGE_FLOW_GONE) &&
            pl_str_eq(c->changes[i].name, v->flow))
            return true;
    return false;
}

static void say_change(const struct pl_change *v, const char *indent) {
    struct pl_buf line = {0};
    struct pl_change bare = *v;
    bare.flow = (struct pl_str){0};
    pl_change_say(&line, &bare);
    printf("%s%.*s\n", indent, PL_STR_ARG(pl_buf_slice(&line)));
    pl_buf_free(&line);
}

static size_t say_flow(const struct comparing *c, struct pl_str flow) {
    size_t n = 0;
    for (size_t i = 0; i < c->nchanges; i++) {
        const struct pl_change *v = &c->changes[i];
        if (!pl_str_eq(v->flow, flow) || whole_flow(c, v)) continue;
        if (n++ == 0 && flow.n) printf("in %.*s\n", PL_STR_ARG(flow));
        say_change(v, flow.n ? "  " : "");
    }
    return n;
}

static void say_changes(const struct comparing *c) {
    size_t said = say_flow(c, (struct pl_str){0});
    const struct pl_program *both[] = {c->p, pl_image_program(c->new)};
    for (size_t k = 0; k < PL_LEN(both); k++)
        for (uint32_t i = 0; i < both[k]->nflows; i++) {
            struct pl_str name = both[k]->flows[i].name;
            if (k == 0 || pl_image_flow(c->old, name) == PL_NOWHERE) said += say_flow(c, name);
        }
    if (said == 0) printf("nothing differs in meaning\n");
}

static bool alike(const struct place *p) {
    return p->of[p->fates[0].how] == p->n;
}

static void say_fate(const struct comparing *c, const struct fate *f) {
    printf("    %s", f->ncalls ? "called from " : "begun by itself");
    for (uint32_t i = f->ncalls; i-- > 0;)
        printf("%.*s%s", PL_STR_ARG(c->p->flows[c->caller[f->calls[i]]].name),
               i ? ", called from " : "");
    printf("%s: they %s\n", f->verified ? ", of verified customers" : "", fates[f->how]);
}

static struct pl_str flow_of(const struct comparing *c, const struct place *p) {
    return c->p->flows[c->p->waits[p->wait].flow].name;
}

/* Those of this fate, flow by flow; gives how many. */
static size_t say_group(const struct comparing *c, enum pl_vm_moves how) {
    struct pl_str flow = {0};
    size_t n = 0;
    for (size_t i = 0; i < c->nplaces; i++) {
        const struct place *p = &c->places[i];
        if (!alike(p) || p->fates[0].how != how) continue;
        if (n++ == 0) printf("  they %s\n", fates[how]);
        bool same = pl_str_eq(flow, flow_of(c, p));
        flow = flow_of(c, p);
        if (same)
            printf(", ");
        else
            printf("%s    %.*s: ", n > 1 ? "\n" : "", PL_STR_ARG(flow));
        printf("%.*s", PL_STR_ARG(c->p->waits[p->wait].id));
    }
    if (n) putchar('\n');
    return n;
}

static void say_places(const struct comparing *c) {
    size_t others = 0, standing = 0;
    for (size_t i = 0; i < c->nplaces; i++)
        standing += alike(&c->places[i]) && c->places[i].fates[0].how == PL_VM_MOVES_STANDS;
    printf("conversations that stand at a question or wait when the new version is activated\n");
    others += say_group(c, PL_VM_MOVES_LOST);
    others += say_group(c, PL_VM_MOVES_ASKS);
    others += say_group(c, PL_VM_MOVES_STAYS);
    for (size_t i = 0; i < c->nplaces; i++) {
        const struct place *p = &c->places[i];
        if (alike(p)) continue;
        printf("  %.*s: %.*s\n", PL_STR_ARG(flow_of(c, p)), PL_STR_ARG(c->p->waits[p->wait].id));
        for (size_t k = 0; k < p->n; k++) say_fate(c, &p->fates[k]);
        others++;
    }
    if (standing)
        printf("  %s they %s (%zu %s)\n", others ? "everywhere else" : "everywhere",
               fates[PL_VM_MOVES_STANDS], standing, standing == 1 ? "place" : "places");
    if (c->nplaces == 0) printf("  there is no such place\n");
}

/* ---- telling programs ---- */

static void json_change(struct pl_jw *w, const struct pl_change *v) {
    static const char *const kinds[] = {
#define CHANGE(name, thing, what) #name,
#include "runtime/program/change.def"
#undef CHANGE
    };
    struct pl_buf line = {0};
    pl_change_say(&line, v);
    pl_jw_open(w, '{');
    pl_jw_text_member(w, "change", pl_str_c(kinds[v->kind]));
    pl_jw_text_member(w, "flow", v->flow);
    pl_jw_text_member(w, "name", v->name);
    pl_jw_text_member(w, "text", pl_buf_slice(&line));
    pl_jw_close(w, '}');
    pl_buf_free(&line);
}

static void json_fate(const struct comparing *c, struct pl_jw *w, const struct fate *f) {
    static const char *const words[] = {"goes_on", "asked_again", "finishes_old", "lost"};
    pl_jw_open(w, '{');
    pl_jw_text_member(w, "becomes", pl_str_c(words[f->how]));
    pl_jw_name(w, "verified");
    pl_jw_bool(w, f->verified);
    pl_jw_name(w, "callers");
    pl_jw_open(w, '[');
    for (uint32_t i = 0; i < f->ncalls; i++)
        pl_jw_text(w, c->p->flows[c->caller[f->calls[i]]].name);
    pl_jw_close(w, ']');
    pl_jw_close(w, '}');
}

static void json(const struct comparing *c, struct pl_buf *b) {
    struct pl_jw w = {.b = b};
    pl_jw_open(&w, '{');
    pl_jw_name(&w, "changes");
    pl_jw_open(&w, '[');
    for (size_t i = 0; i < c->nchanges; i++) json_change(&w, &c->changes[i]);
    pl_jw_close(&w, ']');
    pl_jw_name(&w, "places");
    pl_jw_open(&w, '[');
    for (size_t i = 0; i < c->nplaces; i++) {
        const struct pl_p_wait *wait = &c->p->waits[c->places[i].wait];
        pl_jw_open(&w, '{');
        pl_jw_text_member(&w, "flow", c->p->flows[wait->flow].name);
        pl_jw_text_member(&w, "wait", wait->id);
        pl_jw_name(&w, "conversations");
        pl_jw_open(&w, '[');
        for (size_t k = 0; k < c->places[i].n; k++) json_fate(c, &w, &c->places[i].fates[k]);
        pl_jw_close(&w, ']');
        pl_jw_close(&w, '}');
    }
    pl_jw_close(&w, ']');
    pl_jw_close(&w, '}');
    pl_buf_byte(b, '\n');
}

static int tell(const struct comparing *c, bool as_json) {
    struct pl_buf b = {0};
    if (!as_json) {
        say_changes(c);
        say_places(c);
        return CLI_OK;
    }
    json(c, &b);
    int code = pl_cli__give(NULL, &b);
    pl_buf_free(&b);
    return code;
}

static int diff(const char *was, const char *is, bool as_json) {
    struct comparing c = {0};
    pl_arena_init(&c.a, 0);
    c.vm = pl_vm_create((struct pl_vm_env){0});
    int code = open_both(&c, was, is);
    if (code == CLI_OK) {
        c.nchanges = pl_program_compare(&c.a, c.p, pl_image_program(c.new), &c.changes);
        predict(&c);
        code = tell(&c, as_json);
    }
    pl_vm_destroy(&c.vm);
    pl_image_unref(&c.old);
    pl_image_unref(&c.new);
    pl_cli__previous_close(&c.was);
    pl_cli__previous_close(&c.is);
    pl_arena_free(&c.a);
    return code;
}

int pl_cli__diff(struct cli_args args) {
    bool as_json = pl_cli__flag(&args, "--json");
    if (pl_cli__strange("diff", &args)) return CLI_FAILED;
    if (args.argc != 2) return pl_cli__usage("diff", "name the old version and the new one");
    return diff(args.argv[0], args.argv[1], as_json);
}
