/* SPDX-License-Identifier: Apache-2.0 */

// Plays a conversation in the page of a running server, and compares what the server said (read off
// the wire) with what the customer saw.

import assert from "node:assert/strict";
import { until } from "./expect.mjs";
import { watch, Widget, wire } from "./browser.mjs";

export const PAGES = { "en-US": "/index.html", "es-ES": "/es.html", "ar-SA": "/ar.html" };
const QUIET_MS = 500; // nothing more for so long: the turn is over
const GREETING_MS = 1_500;
const TURN_MS = 30_000;

// All words of an event that a customer must be able to read.
function words(parts = []) {
    return parts.flatMap((part) => [
        part.text, part.label, part.value, part.title, part.type === "steps" ? part.items : [],
        part.type === "cards" ? words(part.items) : [], words(part.parts),
    ].flat().filter((word) => typeof word === "string" && word.trim() !== ""));
}

export class Play {
    static async start(browser, server, locale, look = {}) {
        const context = await browser.newContext({ locale, viewport: { width: 1280, height: 800 }, reducedMotion: "reduce", ...look });
        const play = new Play();
        play.context = context;
        play.locale = locale;
        play.page = await context.newPage();
        play.page.setDefaultTimeout(TURN_MS);
        play.wrong = watch(play.page);
        play.wire = wire(play.page);
        play.widget = new Widget(play.page);
        await play.page.goto(server + PAGES[locale]);
        await play.widget.open();
        await until(() => play.wire.received.some((f) => f.t === "live"), "the conversation is open", TURN_MS);
        await until(() => play.events().length > 0, "a welcome", GREETING_MS).catch(() => {}); // not every shop has one
        return play;
    }

    // Every event once, in order of seq, whatever connection brought it.
    events() {
        const bySeq = new Map(this.wire.received.filter((f) => f.t === "event").map((f) => [f.seq, f]));
        return [...bySeq.values()].sort((a, b) => a.seq - b.seq);
    }

    // Does something and gives the events from others that came of it, once `enough` of them are there.
    async turn(act, enough = (said) => said.length > 0) {
        const before = this.events().at(-1)?.seq ?? 0;
        const fresh = () => this.events().filter((e) => e.seq > before && e.from !== "customer");
        await act();
        await until(() => enough(fresh()), `an answer in ${this.locale}`, TURN_MS);
        let count;
        do {
            count = this.wire.received.length;
            await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
        } while (this.wire.received.length !== count);
        return fresh();
    }

    say(text, enough) {
        return this.turn(() => this.widget.say(text), enough);
    }

    // Presses a quick reply that is on offer, by its id: ids are the same in every language.
    choose(pattern, enough) {
        const offered = this.offered();
        const choice = offered.find((c) => pattern.test(c.id));
        assert.ok(choice, `${pattern} is not among ${JSON.stringify(offered)}`);
        return this.turn(() => this.widget.choice(choice.label).first().click(), enough);
    }

    offered() {
        return this.events().filter((e) => e.from !== "customer").at(-1)?.choices ?? [];
    }

    async close() {
        await this.context.close();
    }

    // Gapless numbers; every word said is on the page; nothing half-made; the right direction.
    async check() {
        const events = this.events();
        assert.deepEqual(events.map((e) => e.seq), events.map((_, i) => i + 1), "seq has no gap");
        const shown = await this.widget.log.evaluate((log) => log.textContent);
        for (const event of events) {
            for (const word of words(event.parts)) {
                assert.ok(shown.includes(word), `not on the page: ${word}`);
                assert.ok(!/[{}]/.test(word), `half-made: ${word}`);
            }
        }
        assert.equal(await this.widget.at("img.broken").count(), 0, "every picture can be shown");
        const labels = await this.widget.choices.allInnerTexts();
        assert.equal(labels.length, this.offered().length, "the quick replies on offer are on the page");
        const [dir, lang] = await this.widget.root.evaluate((root) => [root.dir, root.lang]);
        assert.deepEqual([dir, lang], [this.locale === "ar-SA" ? "rtl" : "ltr", this.locale]);
        assert.deepEqual(this.wrong, [], "the page broke its policy");
    }
}

export const parts = (events, type) => events.flatMap((e) => e.parts ?? []).filter((p) => p.type === type);
export const lines = (events) => events.filter((e) => e.from === "bot").flatMap((e) => words(e.parts));
export const text = (events) => lines(events).join("\n");
