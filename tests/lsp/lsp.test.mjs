// SPDX-License-Identifier: Apache-2.0
// Every request an editor makes, over the wire, on a copy of the reference assistant.
import assert from "node:assert/strict"
import { spawn } from "node:child_process"
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, before, test } from "node:test"
import { pathToFileURL } from "node:url"
import rpc from "vscode-languageserver-protocol/node.js"

const repository = join(import.meta.dirname ?? new URL(".", import.meta.url).pathname, "..", "..")
const folder = mkdtempSync(join(tmpdir(), "parlance lsp ä-")) // a path that a URI must escape
const edits = Number(process.env.EDITS)

const started = [] // a test that fails leaves none behind

class Editor {
    constructor(root, encodings) {
        this.process = spawn(process.env.PARLANCE, ["lsp"], { stdio: ["pipe", "pipe", "inherit"] })
        started.push(this.process)
        this.exit = new Promise((resolve) => this.process.on("exit", (code) => resolve(code)))
        this.connection = rpc.createProtocolConnection(
            new rpc.StreamMessageReader(this.process.stdout), new rpc.StreamMessageWriter(this.process.stdin))
        this.diagnostics = new Map()
        this.waiting = []
        this.connection.onNotification("textDocument/publishDiagnostics", (p) => {
            this.diagnostics.set(p.uri, p.diagnostics)
            this.waiting.splice(0).forEach((wake) => wake())
        })
        this.connection.listen()
        this.texts = new Map()
        this.root = root
        this.encodings = encodings
    }
    async open() {
        this.init = await this.ask("initialize", {
            processId: process.pid, rootUri: pathToFileURL(this.root).href,
            capabilities: { general: { positionEncodings: this.encodings } } })
        this.tell("initialized", {})
        return this
    }
    ask(method, params) { return this.connection.sendRequest(method, params) }
    tell(method, params) { this.connection.sendNotification(method, params) }
    show(path) {
        const uri = pathToFileURL(join(this.root, path)).href, text = readFileSync(join(this.root, path), "utf8")
        this.texts.set(uri, text)
        this.tell("textDocument/didOpen", { textDocument: { uri, languageId: "flow", version: 1, text } })
        return uri
    }
    units(text) { return this.encodings[0] === "utf-8" ? Buffer.byteLength(text) : text.length }
    position(uri, index) {
        const lines = this.texts.get(uri).slice(0, index).split("\n")
        return { line: lines.length - 1, character: this.units(lines.at(-1)) }
    }
    at(uri, words, inside = 0) {
        const index = this.texts.get(uri).indexOf(words)
        assert.notEqual(index, -1, `no "${words}" in ${uri}`)
        return { textDocument: { uri }, position: this.position(uri, index + inside) }
    }
    text(uri, range) {
        const lines = this.texts.get(uri).split("\n")
        return lines[range.start.line].slice(range.start.character, range.end.character)
    }
    change(uri, from, to, text) {
        const range = { start: this.position(uri, from), end: this.position(uri, to) }
        const was = this.texts.get(uri)
        this.texts.set(uri, was.slice(0, from) + text + was.slice(to))
        this.tell("textDocument/didChange", { textDocument: { uri, version: 2 }, contentChanges: [{ range, text }] })
    }
    replace(uri, words, text) {
        const from = this.texts.get(uri).indexOf(words)
        assert.notEqual(from, -1, `no "${words}"`)
        this.change(uri, from, from + words.length, text)
    }
    // The diagnostics of a file as soon as they are what is waited for.
    async until(uri, holds) {
        for (const end = Date.now() + 60_000; ;) {
            const now = this.diagnostics.get(uri)
            if (now && holds(now)) return now
            assert.ok(Date.now() < end, `diagnostics of ${uri} stayed ${JSON.stringify(now)}`)
            await new Promise((resolve) => { this.waiting.push(resolve); setTimeout(resolve, 1000) })
        }
    }
    async close() {
        await this.ask("shutdown")
        this.tell("exit")
        return this.exit
    }
}

let editor, orders
before(async () => {
    for (const part of ["flows", "i18n", "lua"]) cpSync(join(repository, part), join(folder, part), { recursive: true })
    editor = await new Editor(folder, ["utf-16"]).open()
    orders = editor.show("flows/orders.flow")
})
after(async () => {
    assert.equal(await editor.close(), 0)
    for (const p of started) p.kill()
    rmSync(folder, { recursive: true })
})

test("the server says what it can, and how it counts", () => {
    const c = editor.init.capabilities
    assert.equal(c.positionEncoding, "utf-16")
    for (const name of ["hover", "definition", "references", "documentHighlight", "documentSymbol", "workspaceSymbol",
        "foldingRange", "documentFormatting", "inlayHint"])
        assert.equal(c[`${name}Provider`], true, name)
    assert.deepEqual(c.completionProvider.triggerCharacters, [".", "{", " "])
})

test("hover: how it is declared, what it fails with, its doc", async () => {
    const hook = await editor.ask("textDocument/hover", editor.at(orders, "orders.find(session", 3))
    assert.match(hook.contents.value, /hook orders\.find\(id: order_id\) -> order/)
    assert.match(hook.contents.value, /fails with: `not_found`/)
    assert.equal(editor.text(orders, hook.range), "orders.find")
    const slot = await editor.ask("textDocument/hover", editor.at(orders, "ask customer.phone", 14))
    assert.match(slot.contents.value, /customer\.phone: .*phone/)
    assert.equal(await editor.ask("textDocument/hover", editor.at(orders, "parlance 1", 0)), null)
})

test("definition and references, of a flow and of a slot", async () => {
    const place = editor.at(orders, "goto no_updates", 8)
    const definition = await editor.ask("textDocument/definition", place)
    assert.equal(definition.uri, orders)
    assert.equal(editor.text(orders, definition.range), "no_updates")
    assert.match(editor.texts.get(orders).split("\n")[definition.range.start.line], /^flow no_updates/)
    const references = await editor.ask("textDocument/references", { ...place, context: { includeDeclaration: true } })
    assert.equal(references.length, editor.texts.get(orders).match(/\bno_updates\b/g).length)
    for (const r of references) assert.equal(editor.text(orders, r.range), "no_updates")
    const uses = await editor.ask("textDocument/references", { ...place, context: { includeDeclaration: false } })
    assert.equal(uses.length, references.length - 1)
    const slot = await editor.ask("textDocument/references",
        { ...editor.at(orders, "ask session.order_id", 15), context: { includeDeclaration: true } })
    assert.ok(slot.some((r) => r.uri !== orders) && slot.length > 10)
    const marks = await editor.ask("textDocument/documentHighlight", place)
    assert.equal(marks.filter((m) => m.kind === 3).length, 1)
})

test("rename: everywhere, or not at all", async () => {
    const place = editor.at(orders, "goto no_updates", 8)
    assert.equal((await editor.ask("textDocument/prepareRename", place)).placeholder, "no_updates")
    const edit = await editor.ask("textDocument/rename", { ...place, newName: "no_texts" })
    assert.deepEqual(Object.keys(edit.changes), [orders])
    const before = editor.texts.get(orders)
    for (const e of edit.changes[orders].toReversed?.() ?? [...edit.changes[orders]].reverse()) {
        const lines = editor.texts.get(orders).split("\n").slice(0, e.range.start.line).join("\n").length + 1
        editor.change(orders, lines + e.range.start.character, lines + e.range.end.character, e.newText)
    }
    assert.equal(editor.texts.get(orders), before.replaceAll(/\bno_updates\b/g, "no_texts"))
    const errors = (await editor.until(orders, () => true)).filter((d) => d.severity === 1)
    assert.deepEqual(errors, [])
    editor.change(orders, 0, editor.texts.get(orders).length, before)
    assert.equal(await editor.ask("textDocument/rename", { ...place, newName: "track_order" }), null, "a name that is taken")
    assert.equal(await editor.ask("textDocument/rename", { ...place, newName: "No Name" }), null)
    assert.equal(await editor.ask("textDocument/prepareRename", editor.at(orders, "orders.find(session", 3)), null, "Lua has it")
})

test("symbols, folding, tokens, layout", async () => {
    const doc = { textDocument: { uri: orders } }
    const symbols = await editor.ask("textDocument/documentSymbol", doc)
    assert.ok(symbols.some((s) => s.name === "track_order" && s.kind === 12))
    const found = await editor.ask("workspace/symbol", { query: "rtrnitem" })
    assert.ok(found.some((s) => s.name === "return_item" && s.location.uri.endsWith("return_item.flow")))
    const folds = await editor.ask("textDocument/foldingRange", doc)
    const line = editor.at(orders, "flow track_order").position.line
    assert.ok(folds.some((f) => f.startLine === line && f.endLine > line + 20))
    const { data } = await editor.ask("textDocument/semanticTokens/full", doc)
    assert.equal(data.length % 5, 0)
    let at = 0, column = 0
    const names = []
    for (let i = 0; i < data.length; i += 5) {
        at += data[i]
        column = data[i] ? data[i + 1] : column + data[i + 1]
        names.push(editor.texts.get(orders).split("\n")[at].slice(column, column + data[i + 2]))
    }
    assert.ok(names.includes("track_order") && names.every((n) => /^[\p{L}\w.]+$/u.test(n)), names.find((n) => !/^[\p{L}\w.]+$/u.test(n)))
    assert.deepEqual(await editor.ask("textDocument/formatting", { ...doc, options: {} }), [])
    editor.replace(orders, "flow no_updates", "flow    no_updates")
    const [layout] = await editor.ask("textDocument/formatting", { ...doc, options: {} })
    assert.ok(layout.newText.includes("\nflow no_updates\n"))
    editor.replace(orders, "flow    no_updates", "flow no_updates")
})

test("completion: what may stand there", async () => {
    const labels = async (words, inside) =>
        (await editor.ask("textDocument/completion", editor.at(orders, words, inside))).map((i) => i.label)
    const flows = await labels("goto no_updates", 5)
    assert.ok(flows.includes("track_order") && flows.includes("return_item") && !flows.includes("orders.find"))
    assert.ok((await labels("call order = orders.find", 13)).includes("orders.find"))
    assert.deepEqual((await labels("ask session.order_id", 12)).filter((l) => l.includes(".")), [])
    assert.ok((await labels("ask session.order_id", 12)).includes("order_id"))
    assert.ok((await labels("I found your order {order.id}", 20)).includes("session.order_id"))
    const failures = await labels("    not_found\n", 4)
    assert.ok(failures.includes("not_found") && failures.includes("unavailable"))
})

test("diagnostics follow the text; a fix mends it", async () => {
    editor.replace(orders, "goto no_updates", "goto no_update")
    const [broken] = await editor.until(orders, (d) => d.some((x) => x.code === "P0200"))
    assert.match(broken.message, /there is no flow `no_update`/)
    const [action] = await editor.ask("textDocument/codeAction",
        { textDocument: { uri: orders }, range: broken.range, context: { diagnostics: [broken] } })
    assert.equal(action.title, "write `no_updates`")
    const [mend] = action.edit.changes[orders]
    assert.equal(mend.newText, "no_updates")
    editor.replace(orders, "goto no_update", "goto no_updates")
    await editor.until(orders, (d) => d.every((x) => x.severity !== 1))
})

test("a broken line hides no name of the others", async () => {
    editor.replace(orders, "goto no_updates", "goto goto no_updates")
    await editor.until(orders, (d) => d.some((x) => x.severity === 1))
    const hook = await editor.ask("textDocument/hover", editor.at(orders, "orders.find(session", 3))
    assert.match(hook.contents.value, /hook orders\.find/)
    editor.replace(orders, "goto goto no_updates", "goto no_updates")
    await editor.until(orders, (d) => d.every((x) => x.severity !== 1))
})

test("ids that lines would get, beside the lines", async () => {
    const uri = editor.show("flows/general.flow")
    editor.replace(uri, "\nflow contact\n", "\nflow contact\n  \"Hello there.\"\n")
    const range = { start: { line: 0, character: 0 }, end: { line: 9999, character: 0 } }
    const hints = await editor.ask("textDocument/inlayHint", { textDocument: { uri }, range })
    assert.ok(hints.some((h) => /@contact\./.test(h.label)), JSON.stringify(hints))
    editor.tell("textDocument/didClose", { textDocument: { uri } })
    assert.deepEqual(await editor.ask("textDocument/inlayHint", { textDocument: { uri }, range }), [], "the file on disk again")
})

test("UTF-8 where the editor offers it", async () => {
    writeFileSync(join(folder, "flows/extra.flow"), 'parlance 1\n\nflow emoji\n  title "😀é" @emoji.title\n  on says\n    en "😀"\n\n  "😀é {session.order_id}" @emoji.text\n')
    for (const encoding of ["utf-8", "utf-16"]) {
        const other = await new Editor(folder, [encoding]).open()
        assert.equal(other.init.capabilities.positionEncoding, encoding)
        const uri = other.show("flows/extra.flow")
        const slot = await other.ask("textDocument/hover", other.at(uri, "order_id}", 2))
        assert.match(slot.contents.value, /session\.order_id/)
        assert.equal(slot.range.start.character, other.at(uri, "order_id}").position.character)
        assert.equal(await other.close(), 0)
    }
    rmSync(join(folder, "flows/extra.flow"))
})

test("nonsense is answered, not died of", async () => {
    await assert.rejects(editor.ask("textDocument/teleport", {}), /does not do that/)
    assert.equal(await editor.ask("textDocument/hover", { textDocument: { uri: "untitled:1" }, position: { line: 0, character: 0 } }), null)
    assert.equal(await editor.ask("textDocument/hover", {}), null)
    assert.equal(await editor.ask("textDocument/definition", { textDocument: { uri: orders }, position: { line: 999999, character: 999999 } }), null)
    assert.deepEqual(await editor.ask("textDocument/codeAction", { textDocument: 7, range: [] }), [])
})

test(`${edits} random edits: no crash, no stale answer`, { timeout: 3_600_000 }, async () => {
    let seed = 42
    const random = (n) => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) % n
    const pieces = ["\n", "  ", "{", "}", "\"", "goto ", "ask x: text\n", "session.", "😀", "é", "@", "flow ", "if ", "(", ")", "", "", ""]
    const original = editor.texts.get(orders)
    const fresh = async () => { // what a server says that has never seen another text
        const other = await new Editor(folder, ["utf-16"]).open()
        const uri = pathToFileURL(join(folder, "flows/orders.flow")).href
        other.tell("textDocument/didOpen", { textDocument: { uri, languageId: "flow", version: 1, text: editor.texts.get(orders) } })
        const symbols = await other.ask("textDocument/documentSymbol", { textDocument: { uri } })
        const tokens = await other.ask("textDocument/semanticTokens/full", { textDocument: { uri } })
        await other.close()
        return { symbols, tokens }
    }
    for (let i = 1; i <= edits; i++) {
        const text = editor.texts.get(orders)
        let from = random(text.length), to = Math.min(text.length, from + (random(3) ? 0 : random(12)))
        const inPair = (k) => /[\udc00-\udfff]/.test(text[k] ?? "")
        if (inPair(from)) from--
        if (inPair(to)) to++
        editor.change(orders, from, to, pieces[random(pieces.length)])
        if (i % 10 === 0) editor.change(orders, 0, editor.texts.get(orders).length, original)
        if (i % 7 === 0) await editor.ask("textDocument/hover", { textDocument: { uri: orders }, position: { line: random(300), character: random(40) } })
        if (i % 11 === 0) await editor.ask("textDocument/completion", { textDocument: { uri: orders }, position: { line: random(300), character: random(20) } })
        if (i % 45 === 0) {
            const now = { symbols: await editor.ask("textDocument/documentSymbol", { textDocument: { uri: orders } }),
                tokens: await editor.ask("textDocument/semanticTokens/full", { textDocument: { uri: orders } }) }
            assert.deepEqual(now, await fresh())
        }
    }
    editor.change(orders, 0, editor.texts.get(orders).length, original)
    await editor.until(orders, (d) => d.every((x) => x.severity !== 1))
})
