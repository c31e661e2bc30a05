// SPDX-License-Identifier: Apache-2.0
// usage: speed.mjs PARLANCE FOLDER [EDITS]    how long after an edit diagnostics are there
//
// A file of the project is open, and each edit makes a mistake or mends it. Time is told, and the
// server's processor time, which other work on the machine does not lengthen much.
import { spawn } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { pathToFileURL } from "node:url"
import rpc from "vscode-languageserver-protocol/node.js"

const [parlance, given, edits = "60"] = process.argv.slice(2)
const folder = resolve(given)
const server = spawn(parlance, ["lsp"], { stdio: ["pipe", "pipe", "inherit"] })
const connection = rpc.createProtocolConnection(
    new rpc.StreamMessageReader(server.stdout), new rpc.StreamMessageWriter(server.stdin))
const file = readdirSync(folder).filter((f) => f.endsWith(".flow")).sort().at(-1)
const uri = pathToFileURL(join(folder, file)).href
const lines = readFileSync(join(folder, file), "utf8").split("\n")
let wake = () => {}
connection.onNotification("textDocument/publishDiagnostics", (p) => { if (p.uri === uri) wake(p.diagnostics) })
connection.listen()

const told = () => new Promise((r) => { wake = r })
const cpu_us = () => { // of the server's threads, in nanoseconds first
    const [ns] = readFileSync(`/proc/${server.pid}/schedstat`, "utf8").split(" ")
    return Number(ns) / 1000
}
const of = (all, part) => [...all].sort((a, b) => a - b)[Math.min(all.length - 1, Math.floor(all.length * part))].toFixed(1)

await connection.sendRequest("initialize", { processId: process.pid, rootUri: pathToFileURL(folder).href, capabilities: {} })
connection.sendNotification("initialized", {})
let next = told()
connection.sendNotification("textDocument/didOpen", { textDocument: { uri, languageId: "flow", version: 1, text: lines.join("\n") } })
const before = (await next).length

const end = { line: lines.length - 1, character: lines.at(-1).length }
const times = [], work = []
for (let i = 0; i < Number(edits); i++) {
    const wrong = i % 2 === 0
    const range = wrong ? { start: end, end } : { start: end, end: { line: end.line + 1, character: 6 } }
    next = told()
    const from = performance.now(), used = cpu_us()
    connection.sendNotification("textDocument/didChange", {
        textDocument: { uri, version: i + 2 }, contentChanges: [{ range, text: wrong ? "\nbroken" : "" }] })
    const got = (await next).length
    times.push(performance.now() - from)
    work.push((cpu_us() - used) / 1000)
    if (got > before !== wrong) throw new Error(`${got} diagnostics after edit ${i + 1}`)
}
const all = readdirSync(folder).filter((f) => f.endsWith(".flow")).map((f) => readFileSync(join(folder, f), "utf8").split("\n").length - 1)
console.log(`files=${all.length} lines=${all.reduce((a, b) => a + b, 0)} edits=${edits} ms_median=${of(times, 0.5)} ms_p95=${of(times, 0.95)} ms_least=${of(times, 0)} cpu_ms_median=${of(work, 0.5)}`)
await connection.sendRequest("shutdown")
connection.sendNotification("exit")
