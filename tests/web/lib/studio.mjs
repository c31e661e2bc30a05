/* SPDX-License-Identifier: Apache-2.0 */

// `parlance dev` on a copy of a project, and its page as a designer meets it.

import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { watch } from "./browser.mjs";

const START_MS = 60_000;

// The address that a program prints when it listens.
function address(child, pattern) {
    return new Promise((resolve, reject) => {
        let text = "";
        const late = setTimeout(() => reject(new Error(`it did not start: ${text}`)), START_MS);
        const read = (bytes) => {
            text += bytes;
            const found = pattern.exec(text);
            if (!found) return;
            clearTimeout(late);
            resolve(found[1]);
        };
        child.stdout.on("data", read);
        child.stderr.on("data", read);
        child.on("exit", (code) => reject(new Error(`it ended with ${code}: ${text}`)));
    });
}

export function run(program, args, pattern) {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
    return address(child, pattern).then((url) => ({ child, url }));
}

export class Dev {
    // folders: of the project, copied side by side; the first holds the flows. `prepare` may change
    // the copy.
    static async start(parlance, web, folders, options = [], prepare = () => {}) {
        const dev = new Dev();
        dev.folder = mkdtempSync(path.join(tmpdir(), "studio-"));
        for (const from of folders) cpSync(from, path.join(dev.folder, path.basename(from)), { recursive: true });
        dev.flows = path.join(dev.folder, path.basename(folders[0]));
        prepare(dev);
        const started = await run(parlance, ["dev", dev.flows, "--port", "0", "--web", web, ...options], /open (http:\S+)/);
        Object.assign(dev, started);
        return dev;
    }

    read(file) {
        return readFileSync(path.join(this.folder, file), "utf8");
    }

    // As an editor saves.
    edit(file, change) {
        const before = this.read(file);
        const after = change(before);
        if (after === before) throw new Error(`${file} is as it was`);
        writeFileSync(path.join(this.folder, file), after);
        return before;
    }

    async stop() {
        const ended = new Promise((resolve) => this.child.on("exit", resolve));
        this.child.kill("SIGTERM");
        const code = await ended;
        rmSync(this.folder, { recursive: true, force: true });
        return code;
    }
}

export class Studio {
    static async open(browser, url, look = {}) {
        const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: "reduce", ...look });
        const studio = new Studio();
        studio.context = context;
        studio.page = await context.newPage();
        studio.wrong = watch(studio.page);
        const at = (css) => studio.page.locator(css);
        studio.state = at("#state");
        studio.chat = at("#chat");
        studio.mirror = at("#mirror");
        studio.trouble = at("#trouble");
        studio.why = at("#panel-why");
        studio.here = at("#canvas .node.here");
        await studio.page.goto(url);
        await studio.bot().or(studio.trouble.locator("h2")).first().waitFor();
        return studio;
    }

    bot(pane = this.chat) {
        return pane.locator(".message.bot .bubble");
    }

    async say(text) {
        const field = this.chat.locator("textarea");
        await field.fill(text);
        await field.press("Enter");
    }

    choice(label, pane = this.chat) {
        return pane.locator(".choice").filter({ hasText: label });
    }

    tab(name) {
        return this.page.getByRole("tab", { name });
    }
}
