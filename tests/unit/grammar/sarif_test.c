/* SPDX-License-Identifier: Apache-2.0
 *
 * The SARIF of diagnostics has what the schema of 2.1.0 requires, with values of its types, and
 * says the same as the diagnostics. The required properties are those of the schema's definitions;
 * of any object only properties that these definitions know may be there.
 */
#include "grammar/grammar.h"
#include "grammar/parse.h"
#include "runtime/value/value.h"

#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

/* A property of the schema: its owner, its name, what it is. A type that begins with a capital is
 * an owner itself; with [] a list of it. */
static const struct property {
    const char *owner, *name, *type;
    bool required;
} schema[] = {
    {"Log", "$schema", "text", false},
    {"Log", "version", "text", true},
    {"Log", "runs", "[]Run", true},
    {"Run", "tool", "Tool", true},
    {"Run", "columnKind", "text", false},
    {"Run", "results", "[]Result", false},
    {"Tool", "driver", "Component", true},
    {"Component", "name", "text", true},
    {"Component", "version", "text", false},
    {"Component", "rules", "[]Descriptor", false},
    {"Descriptor", "id", "text", true},
    {"Descriptor", "name", "text", false},
    {"Descriptor", "shortDescription", "Message", false},
    {"Descriptor", "fullDescription", "Message", false},
    {"Descriptor", "help", "Message", false},
    {"Descriptor", "defaultConfiguration", "Configuration", false},
    {"Configuration", "level", "level", false},
    {"Message", "text", "text", true},
    {"Result", "ruleId", "text", false},
    {"Result", "ruleIndex", "number", false},
    {"Result", "level", "level", false},
    {"Result", "message", "Message", true},
    {"Result", "locations", "[]Location", false},
    {"Result", "relatedLocations", "[]Location", false},
    {"Result", "fixes", "[]Fix", false},
    {"Location", "physicalLocation", "Physical", false},
    {"Location", "message", "Message", false},
    {"Physical", "artifactLocation", "Artifact", true},
    {"Physical", "region", "Region", false},
    {"Artifact", "uri", "uri", false},
    {"Region", "startLine", "positive", false},
    {"Region", "startColumn", "positive", false},
    {"Region", "endLine", "positive", false},
    {"Region", "endColumn", "positive", false},
    {"Fix", "description", "Message", false},
    {"Fix", "artifactChanges", "[]Change", true},
    {"Change", "artifactLocation", "Artifact", true},
    {"Change", "replacements", "[]Replacement", true},
    {"Replacement", "deletedRegion", "Region", true},
    {"Replacement", "insertedContent", "Content", false},
    {"Content", "text", "text", false},
};

static void check_value(const struct pl_json *v, const char *type);

static const struct property *find_property(const char *owner, struct pl_str name) {
    for (size_t i = 0; i < PL_LEN(schema); i++)
        if (strcmp(schema[i].owner, owner) == 0 && pl_str_is(name, schema[i].name))
            return &schema[i];
    return NULL;
}

static void check_object(const struct pl_json *v, const char *owner) {
    assert_int_equal(v->kind, PL_JOBJECT);
    for (size_t i = 0; i < v->n; i++) {
        const struct property *p = find_property(owner, v->m[i].name);
        if (!p) fail_msg("%s has no %.*s", owner, PL_STR_ARG(v->m[i].name));
        check_value(&v->m[i].value, p->type);
    }
    for (size_t i = 0; i < PL_LEN(schema); i++)
        if (schema[i].required && strcmp(schema[i].owner, owner) == 0 &&
            !pl_json_get(v, schema[i].name))
            fail_msg("a %s lacks %s", owner, schema[i].name);
}

static void check_list(const struct pl_json *v, const char *type) {
    assert_int_equal(v->kind, PL_JARRAY);
    for (size_t i = 0; i < v->n; i++) check_value(&v->m[i].value, type);
}

static int64_t number_of(const struct pl_json *v) {
    int64_t n = -1;
    assert_int_equal(v->kind, PL_JNUMBER);
    assert_true(pl_str_i64(v->s, &n));
    return n;
}

static void check_value(const struct pl_json *v, const char *type) {
    if (strncmp(type, "[]", 2) == 0) {
        check_list(v, type + 2);
    } else if (type[0] >= 'A' && type[0] <= 'Z') {
        check_object(v, type);
    } else if (strcmp(type, "number") == 0 || strcmp(type, "positive") == 0) {
        assert_true(number_of(v) >= (type[0] == 'p'));
    } else {
        assert_int_equal(v->kind, PL_JTEXT);
        if (strcmp(type, "level") == 0)
            assert_true(pl_str_is(v->s, "error") || pl_str_is(v->s, "warning"));
        if (strcmp(type, "uri") == 0) assert_true(pl_str_find(v->s, PL_STR(" ")) == SIZE_MAX);
    }
}

struct run {
    struct pl_arena arena;
    struct pl_sources sources;
    struct pl_diags diags;
    struct pl_buf text;
    struct pl_json log;
};

static void run_start(struct run *r, struct pl_str name, struct pl_str text) {
    *r = (struct run){0};
    pl_arena_init(&r->arena, 0);
    pl_sources_init(&r->sources, &r->arena);
    pl_diags_init(&r->diags, &r->arena, &r->sources);
    pl_sources_add(&r->sources, name, text);
    pl_parse(&r->arena, &r->sources, 0, &r->diags);
    pl_diags_finish(&r->diags, true);
}

static void run_print(struct run *r) {
    size_t stop = 0;
    pl_diags_print_sarif(&r->text, &r->diags);
    assert_int_equal(pl_json_parse(&r->arena, pl_buf_slice(&r->text), &r->log, &stop), PL_OK);
    check_value(&r->log, "Log");
    assert_true(pl_str_is(pl_json_text(&r->log, "version"), "2.1.0"));
}

static void run_end(struct run *r) {
    pl_buf_free(&r->text);
    pl_arena_free(&r->arena);
}

static const struct pl_json *at(const struct pl_json *v, const char *name) {
    const struct pl_json *found = pl_json_get(v, name);
    if (!found) fail_msg("there is no %s", name);
    return found;
}

static const struct pl_json *first(const struct pl_json *list) {
    assert_true(list->n > 0);
    return &list->m[0].value;
}

/* Every property of the schema above is met by what is printed here. */
static void test_all(void **state) {
    struct run r;
    (void)state;
    run_start(&r, PL_STR("flows/my shop.flow"),
              PL_STR("parlance 1\nflow a\n  if x == 1\n    pass\n  \"日本\" @x iff y\n"
                     "  # allow P0208: nothing\n  end resolved\n  if a = b\n    pass\n"));
    struct pl_span other = {0, 11, 15};
    pl_diag_note(&r.diags, r.diags.v[0], other, "the flow is here");
    run_print(&r);
    const struct pl_json *run = first(at(&r.log, "runs")), *results = at(run, "results");
    const struct pl_json *rules = at(at(at(run, "tool"), "driver"), "rules");
    assert_int_equal(results->n, r.diags.n);
    assert_int_equal(r.diags.n, 4);
    assert_int_equal(rules->n, 3);
    for (size_t i = 0; i < results->n; i++) {
        const struct pl_json *result = &results->m[i].value;
        int64_t index = number_of(at(result, "ruleIndex"));
        assert_in_range(index, 0, rules->n - 1);
        assert_true(
            pl_str_eq(pl_json_text(result, "ruleId"), pl_json_text(&rules->m[index].value, "id")));
    }
    const struct pl_json *result = first(results);
    const struct pl_json *place = at(first(at(result, "locations")), "physicalLocation");
    assert_true(
        pl_str_is(pl_json_text(at(place, "artifactLocation"), "uri"), "flows/my%20shop.flow"));
    assert_int_equal(number_of(at(at(place, "region"), "startLine")), 3);
    assert_int_equal(number_of(at(at(place, "region"), "endColumn")), 10);
    const struct pl_json *change = first(at(first(at(result, "fixes")), "artifactChanges"));
    const struct pl_json *content = at(first(at(change, "replacements")), "insertedContent");
    assert_true(pl_str_is(pl_json_text(content, "text"), "is"));
    assert_true(
        pl_str_is(pl_json_text(at(first(at(result, "relatedLocations")), "message"), "text"),
                  "the flow is here"));
    run_end(&r);
}

/* A project without a mistake is a log too. */
static void test_none(void **state) {
    struct run r;
    (void)state;
    run_start(&r, PL_STR("a.flow"), PL_STR("parlance 1\nflow a\n  end resolved\n"));
    assert_int_equal(r.diags.n, 0);
    run_print(&r);
    assert_int_equal(at(first(at(&r.log, "runs")), "results")->n, 0);
    run_end(&r);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_all), cmocka_unit_test(test_none)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
