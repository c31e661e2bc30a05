// SPDX-License-Identifier: Apache-2.0
// Starts `parlance lsp` and hands the editor's questions to it.
const { workspace } = require("vscode")
const { LanguageClient } = require("vscode-languageclient/node")

let client

exports.activate = (context) => {
    const command = workspace.getConfiguration("parlance").get("program")
    client = new LanguageClient("parlance", "Parlance", { command, args: ["lsp"] }, {
        documentSelector: [{ scheme: "file", language: "flow" }],
        synchronize: { fileEvents: workspace.createFileSystemWatcher("**/*.{flow,talk,arb,lua,md}") },
    })
    context.subscriptions.push(client)
    return client.start()
}

exports.deactivate = () => client?.stop()
