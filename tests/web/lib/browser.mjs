/* SPDX-License-Identifier: Apache-2.0 */

// Debian's Chromium, driven by playwright-core, and the widget in it as a visitor meets it.

import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const CHROMIUM = process.env.PL_CHROMIUM ?? "/usr/bin/chromium-headless-shell";
const here = path.dirname(fileURLToPath(import.meta.url));
const SHOTS = process.env.PL_SHOTS ?? path.resolve(here, "../../../build/web-shots");
const QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync"];

export async function launch() {
    if (!existsSync(CHROMIUM)) throw new Error(`${CHROMIUM} is missing: apt-get install chromium-headless-shell, or set PL_CHROMIUM`);
    mkdirSync(SHOTS, { recursive: true });
    return chromium.launch({ executablePath: CHROMIUM, headless: true, args: QUIET });
}

export async function shot(page, name) {
    await page.screenshot({ path: path.join(SHOTS, `${name}.png`) });
}

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

// What axe-core has against the page and the widget on it, one line for each rule.
export async function violations(page) {
    await page.evaluate(AXE);
    const result = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
    return result.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.flat().join(" ")).join(", ")}`);
}

// Everything a page must never do under its strict policy. Gives a list that has to stay empty.
export function watch(page) {
    const wrong = [];
    page.on("pageerror", (error) => wrong.push(String(error)));
    page.on("console", (message) => {
        if (/Content Security Policy|Trusted/i.test(message.text())) wrong.push(message.text());
    });
    return wrong;
}

// Frames as they go over the wire, both ways, without looking at the widget.
export function wire(page) {
    const seen = { sent: [], received: [] };
    const take = (list) => ({ payload }) => {
        const value = JSON.parse(String(payload));
        list.push(...(Array.isArray(value) ? value : [value]));
    };
    page.on("websocket", (socket) => {
        socket.on("framesent", take(seen.sent));
        socket.on("framereceived", take(seen.received));
    });
    return seen;
}

export class Widget {
    constructor(page) {
        this.page = page;
        const at = (css) => page.locator(`parlance-chat ${css}`);
        this.launcher = at(".launcher");
        this.badge = at(".badge");
        this.panel = at(".panel");
        this.root = at(".root");
        this.notice = at(".notice");
        this.log = at(".log");
        this.scroll = at(".scroll");
        this.messages = at(".message");
        this.mine = at(".message.customer");
        this.theirs = at(".message.bot");
        this.choices = at(".choice");
        this.cards = at(".shelf .card");
        this.field = at("textarea");
        this.at = at;
    }

    async open() {
        await this.launcher.click();
        await this.panel.waitFor();
    }

    async say(text) {
        await this.field.fill(text);
        await this.field.press("Enter");
    }

    choice(label) {
        return this.choices.filter({ hasText: label });
    }

    // What has been said, oldest first, as "customer: where is my order?".
    async transcript() {
        return this.messages.evaluateAll((all) => all.map((m) => {
            const who = ["customer", "bot", "agent", "system"].find((name) => m.classList.contains(name));
            const said = [...m.querySelectorAll(".bubble > p")].map((p) => p.textContent);
            return `${who}: ${said.join(" / ")}`;
        }));
    }
}
