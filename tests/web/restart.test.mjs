/* SPDX-License-Identifier: Apache-2.0 */

// The server is killed three times in the middle of a conversation; the open page goes on by itself.
//
//     PL_SERVER=http://127.0.0.1:8080  where the server will listen
//     PL_SERVE="build/dev/parlance serve flows --port 8080 --data DIR"  the command that starts it
//
// The command is run by sh with exec, so that SIGKILL meets the server itself.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { launch, shot } from "./lib/browser.mjs";
import { expect, until } from "./lib/expect.mjs";
import { Play } from "./lib/play.mjs";

const SERVER = process.env.PL_SERVER?.replace(/\/$/, "");
const SERVE = process.env.PL_SERVE;
const PATIENCE_MS = 40_000; // the longest wait of the widget's back-off, and a start
let browser;
let server;
let log = ""; // what all the servers wrote to stderr

async function start() {
    server = spawn("sh", ["-c", `exec ${SERVE}`], { stdio: ["ignore", "inherit", "pipe"] });
    server.stderr.setEncoding("utf8").on("data", (text) => { log += text; });
    await until(async () => {
        if (server.exitCode !== null) throw new Error(`the server ended with ${server.exitCode}: ${SERVE}\n${log}`);
        return fetch(SERVER).then(() => true, () => false);
    }, `a server at ${SERVER}`, 20_000);
}

async function kill() {
    const gone = once(server, "exit");
    server.kill("SIGKILL");
    await gone;
}

before(async () => {
    assert.ok(SERVER && SERVE, "PL_SERVER and PL_SERVE say what to start and where it listens");
    browser = await launch();
    await start();
});
after(async () => {
    await browser?.close();
    if (server && server.exitCode === null && server.signalCode === null) await kill();
});

// Three moments: as the message leaves, while nothing is under way, as the answer begins to arrive.
const moments = {
    async "at the send"(act) {
        await act();
        await kill();
        await start();
    },
    async "before it"(act) {
        await kill();
        await act();
        await start();
    },
    async "at the first answer"(act, play) {
        const before = play.wire.received.length;
        await act();
        await until(() => play.wire.received.length > before, "a frame");
        await kill();
        await start();
    },
};

test("a page goes on over three SIGKILLs, nothing lost, nothing twice", { timeout: 240_000 }, async () => {
    const play = await Play.start(browser, SERVER, "en-US");
    const { page, widget } = play;
    await page.evaluate(() => { window.never_reloaded = true; });

    const customers = () => play.events().filter((e) => e.from === "customer").length;
    const answered = async (count) => {
        await until(() => {
            const last = play.events().at(-1);
            return customers() === count && last.from === "bot";
        }, `answer ${count}`, PATIENCE_MS);
    };
    await moments["at the send"](() => widget.say("Where is my order?"), play);
    await answered(1);
    await moments["before it"](() => widget.say("ORDER123456789"), play);
    await answered(2);
    await expect(widget.choices, PATIENCE_MS).count(2);
    await moments["at the first answer"](() => widget.choices.first().click(), play);
    await answered(3);

    await play.check();
    assert.equal(await page.evaluate(() => window.never_reloaded), true);
    await expect(widget.mine).count(3);
    assert.equal(await widget.at(".failed").count(), 0);
    const cids = new Set(play.wire.sent.filter((f) => f.t === "send").map((f) => f.cid));
    assert.equal(cids.size, 3, "one number for each message, however often it was sent");
    const shown = await widget.transcript();
    await shot(page, "after-three-kills");

    // What the page gathered over four lives of the server is what the server has.
    await page.reload();
    await widget.open();
    await expect(widget.messages).count(shown.length);
    assert.deepEqual(await widget.transcript(), shown);
    await play.close();
    assert.doesNotMatch(log, /"diverged"|"level":"error"/, "a conversation made again is the same one");
});
