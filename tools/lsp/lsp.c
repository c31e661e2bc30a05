/* SPDX-License-Identifier: Apache-2.0
 *
 * The language server: messages in, answers out. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tools/lsp/lsp_priv.h"

enum {
    PARSE_ERROR = -32700,
    INVALID_REQUEST = -32600,
    METHOD_NOT_FOUND = -32601,
    NOT_INITIALIZED = -32002
};

/* ---- the project's folder ---- */

static bool holds_flows(const char *folder) {
    struct pl_arena a;
    struct pl_str *paths;
    size_t n = 0;
    pl_arena_init(&a, 0);
    bool any = pl_files_under(&a, folder, ".flow", 100000, &paths, &n) == PL_OK && n;
    pl_arena_free(&a);
    return any;
}

/* The folder's `flows`, where it has one, else the folder itself. */
static void find_folder(struct lsp *l, struct pl_str root) {
    char path[PATH_MAX], real[PATH_MAX];
    snprintf(path, sizeof path, "%.*s/flows", PL_STR_ARG(root));
    if (!root.n || l->folder[0]) return;
    if (!holds_flows(path)) snprintf(path, sizeof path, "%.*s", PL_STR_ARG(root));
    if (holds_flows(path) && realpath(path, real))
        snprintf(l->folder, sizeof l->folder, "%s", real);
}

static struct pl_str root_of(struct lsp *l, const struct pl_json *params) {
    const struct pl_json *folders = pl_json_get(params, "workspaceFolders");
    if (folders && folders->kind == PL_JARRAY && folders->n &&
        folders->m[0].value.kind == PL_JOBJECT)
        return pl_lsp__path(&l->arena, pl_json_text(&folders->m[0].value, "uri"));
    struct pl_str uri = pl_json_text(params, "rootUri");
    return uri.n ? pl_lsp__path(&l->arena, uri) : pl_json_text(params, "rootPath");
}

/* ---- initialize ---- */

static const struct pl_json *member(const struct pl_json *j, const char *name) {
    const struct pl_json *v = j && j->kind == PL_JOBJECT ? pl_json_get(j, name) : NULL;
    return v && (v->kind == PL_JOBJECT || v->kind == PL_JARRAY) ? v : NULL;
}

static bool offers_utf8(const struct pl_json *params) {
    const struct pl_json *v =
        member(member(member(params, "capabilities"), "general"), "positionEncodings");
    for (size_t i = 0; v && v->kind == PL_JARRAY && i < v->n; i++)
        if (v->m[i].value.kind == PL_JTEXT && pl_str_is(v->m[i].value.s, "utf-8")) return true;
    return false;
}

static void flag(struct pl_jw *w, const char *name) {
    pl_jw_name(w, name);
    pl_jw_bool(w, true);
}

static void write_options(struct pl_jw *w) {
    pl_jw_name(w, "textDocumentSync");
    pl_jw_raw(w, PL_STR("{\"openClose\":true,\"change\":2,\"save\":true}"));
    pl_jw_name(w, "completionProvider");
    pl_jw_raw(w, PL_STR("{\"triggerCharacters\":[\".\",\"{\",\" \"]}"));
    pl_jw_name(w, "codeActionProvider");
    pl_jw_raw(w, PL_STR("{\"codeActionKinds\":[\"quickfix\"]}"));
    pl_jw_name(w, "renameProvider");
    pl_jw_raw(w, PL_STR("{\"prepareProvider\":true}"));
    pl_jw_name(w, "semanticTokensProvider");
    pl_jw_open(w, '{');
    pl_jw_name(w, "legend");
    pl_lsp__write_legend(w);
    flag(w, "full");
    pl_jw_close(w, '}');
    flag(w, "hoverProvider");
    flag(w, "definitionProvider");
    flag(w, "referencesProvider");
    flag(w, "documentHighlightProvider");
    flag(w, "documentSymbolProvider");
    flag(w, "workspaceSymbolProvider");
    flag(w, "foldingRangeProvider");
    flag(w, "documentFormattingProvider");
    flag(w, "inlayHintProvider");
}

static void initialize(struct lsp *l, const struct pl_json *params, struct pl_jw *w) {
    l->utf8 = offers_utf8(params);
    find_folder(l, root_of(l, params));
    l->initialized = true;
    pl_jw_open(w, '{');
    pl_jw_name(w, "capabilities");
    pl_jw_open(w, '{');
    pl_jw_text_member(w, "positionEncoding", l->utf8 ? PL_STR("utf-8") : PL_STR("utf-16"));
    write_options(w);
    pl_jw_close(w, '}');
    pl_jw_name(w, "serverInfo");
    pl_jw_open(w, '{');
    pl_jw_text_member(w, "name", PL_STR("parlance"));
    pl_jw_text_member(w, "version", PL_STR(PL_VERSION_TEXT));
    pl_jw_close(w, '}');
    pl_jw_close(w, '}');
}

/* ---- requests ---- */

static const struct request {
    const char *method;
    lsp_answer *answer;
} requests[] = {
    {"initialize", initialize},
    {"textDocument/hover", pl_lsp__hover},
    {"textDocument/definition", pl_lsp__definition},
    {"textDocument/references", pl_lsp__references},
    {"textDocument/documentHighlight", pl_lsp__highlight},
    {"textDocument/prepareRename", pl_lsp__prepare_rename},
    {"textDocument/rename", pl_lsp__rename},
    {"textDocument/documentSymbol", pl_lsp__document_symbol},
    {"workspace/symbol", pl_lsp__workspace_symbol},
    {"textDocument/foldingRange", pl_lsp__folding},
    {"textDocument/semanticTokens/full", pl_lsp__tokens},
    {"textDocument/formatting", pl_lsp__formatting},
    {"textDocument/inlayHint", pl_lsp__inlay},
    {"textDocument/codeAction", pl_lsp__code_action},
    {"textDocument/completion", pl_lsp__completion},
};

static void answer(struct lsp *l, struct pl_str method, const struct pl_json *id,
                   const struct pl_json *params) {
    struct pl_buf b = {0};
    struct pl_jw w = {.b = &b};
    size_t i = 0;
    while (i < PL_LEN(requests) && !pl_str_is(method, requests[i].method)) i++;
    if (pl_str_is(method, "shutdown")) {
        l->shut = true;
        pl_lsp__reply(l, id, PL_STR("null"));
    } else if (l->shut) {
        pl_lsp__fail(l, id, INVALID_REQUEST, "the server was shut down");
    } else if (i == PL_LEN(requests)) {
        pl_lsp__fail(l, id, METHOD_NOT_FOUND, "this server does not do that");
    } else if (!l->initialized && i) {
        pl_lsp__fail(l, id, NOT_INITIALIZED, "initialize comes first");
    } else {
        requests[i].answer(l, params, &w);
        pl_lsp__reply(l, id, pl_buf_slice(&b));
    }
    pl_buf_free(&b);
}

/* ---- notifications ---- */

static void did_open(struct lsp *l, const struct pl_json *doc) {
    struct pl_str uri = pl_json_text(doc, "uri"), path = pl_lsp__path(&l->arena, uri);
    if (!path.n) return;
    struct pl_str folder = path;
    while (folder.n && folder.p[folder.n - 1] != '/') folder.n--;
    if (folder.n) folder.n--;
    find_folder(l, pl_arena_str(&l->arena, folder)); /* an editor without a folder */
    pl_lsp__open(l, uri, pl_json_text(doc, "text"));
}

static void did_change(struct lsp *l, const struct pl_json *doc, const struct pl_json *params) {
    const struct pl_json *changes = member(params, "contentChanges");
    for (size_t i = 0; changes && i < changes->n; i++)
        if (changes->m[i].value.kind == PL_JOBJECT)
            pl_lsp__change(l, pl_json_text(doc, "uri"), &changes->m[i].value);
}

static void notified(struct lsp *l, struct pl_str method, const struct pl_json *params) {
    const struct pl_json *doc = member(params, "textDocument");
    if (pl_str_is(method, "exit")) l->done = true;
    if (pl_str_is(method, "workspace/didChangeWatchedFiles") ||
        pl_str_is(method, "textDocument/didSave"))
        l->dirty = true;
    if (!doc) return;
    if (pl_str_is(method, "textDocument/didOpen")) did_open(l, doc);
    if (pl_str_is(method, "textDocument/didChange")) did_change(l, doc, params);
    if (pl_str_is(method, "textDocument/didClose")) pl_lsp__close(l, pl_json_text(doc, "uri"));
}

/* ---- the loop ---- */

static void handle(struct lsp *l, struct pl_str message) {
    static const struct pl_json nothing = {.kind = PL_JOBJECT};
    struct pl_json j;
    size_t at = 0;
    if (pl_json_parse(&l->arena, message, &j, &at) != PL_OK || j.kind != PL_JOBJECT) {
        pl_lsp__fail(l, NULL, PARSE_ERROR, "this is no JSON object");
        return;
    }
    const struct pl_json *id = pl_json_get(&j, "id"), *params = member(&j, "params");
    struct pl_str method = pl_json_text(&j, "method");
    if (!params || params->kind != PL_JOBJECT) params = &nothing;
    if (!method.n) return; /* an answer to what we did not ask */
    if (id)
        answer(l, method, id, params);
    else
        notified(l, method, params);
}

static void close_all(struct lsp *l) {
    pl_lsp__forget(l);
    pl_arena_free(&l->memory);
    pl_parses_free(&l->parses);
    while (l->docs.n) pl_lsp__close(l, l->docs.v[0].uri);
    for (size_t i = 0; i < l->told.n; i++) free(l->told.v[i]);
    PL_VEC_FREE(&l->docs);
    PL_VEC_FREE(&l->told);
    pl_buf_free(&l->read);
    pl_arena_free(&l->arena);
}

/* Edits that come in a row are compiled once, when none waits any more. */
int pl_lsp_serve(int in, int out, const char *flows) {
    struct lsp l = {.in = in, .out = out, .parses = pl_parses_new()};
    struct pl_str message;
    char real[PATH_MAX];
    bool untold = false;
    pl_arena_init(&l.arena, 0);
    if (flows && realpath(flows, real)) snprintf(l.folder, sizeof l.folder, "%s", real);
    while (!l.done && pl_lsp__read(&l, &message)) {
        untold |= l.dirty;
        handle(&l, message);
        untold |= l.dirty;
        if (untold && l.initialized && !l.shut && !pl_lsp__more(&l)) {
            pl_lsp__publish(&l);
            untold = false;
        }
        pl_arena_reset(&l.arena);
    }
    bool clean = l.shut;
    close_all(&l);
    return clean ? 0 : 1;
}
