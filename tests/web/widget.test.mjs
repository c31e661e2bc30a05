/* SPDX-License-Identifier: Apache-2.0 */

// The widget in a real browser against a server that drops, loses, refuses and repeats.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { expect, until } from "./lib/expect.mjs";
import { launch, shot, violations, watch, Widget } from "./lib/browser.mjs";
import { dist, Mock } from "./lib/mock.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
let browser;
let mock;
let contexts = [];

before(async () => {
    browser = await launch();
});
after(async () => {
    await browser?.close();
});
beforeEach(async () => {
    await Promise.all(contexts.map((context) => context.close()));
    contexts = [];
    await mock?.close();
    mock = await new Mock().listen();
});
after(async () => {
    await mock?.close();
});

async function visit({ where = "/index.html", ...options } = {}) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: "reduce", ...options });
    contexts.push(context);
    const page = await context.newPage();
    page.setDefaultTimeout(8000);
    const wrong = watch(page);
    await page.goto(mock.url + where);
    const widget = new Widget(page);
    await widget.launcher.waitFor();
    return { context, page, widget, wrong };
}

const stored = (page) => page.evaluate(() => ({ local: { ...localStorage }, session: { ...sessionStorage } }));

describe("the bundle", () => {
    const source = readFileSync(path.join(dist, "widget.js"), "utf8");

    test("is at most 40 KB gzipped", () => {
        const size = gzipSync(source).length;
        assert.ok(size <= 40 * 1024, `${size} bytes`);
    });

    test("is built from lock files that name no registry", () => {
        for (const folder of ["../../web", "."]) {
            const lock = readFileSync(path.resolve(here, folder, "package-lock.json"), "utf8");
            assert.doesNotMatch(lock, /"resolved"|https?:/);
        }
    });

    test("never makes markup of text, never evaluates, styles no element inline", () => {
        const banned = ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", ".style."];
        for (const word of banned) assert.ok(!source.includes(word), word);
    });
});

describe("before first use", () => {
    test("stores nothing and connects nowhere", async () => {
        const { page, widget, context } = await visit();
        await page.waitForTimeout(300);
        assert.deepEqual(await stored(page), { local: {}, session: {} });
        assert.deepEqual(await context.cookies(), []);
        assert.equal(mock.received.length, 0);
        await widget.open();
        await expect(widget.theirs).count(1);
        const { local, session } = await stored(page);
        assert.equal(Object.keys(local).length, 1);
        assert.equal(Object.keys(session).length, 1);
    });
});

describe("a conversation", () => {
    test("tracks an order under a strict policy", async () => {
        const { page, widget, wrong } = await visit({ reducedMotion: "no-preference" });
        await widget.open();
        await expect(widget.choices).count(3);
        await widget.say("Where is my order?");
        await expect(widget.theirs.last()).text(/confirmation email/);
        await expect(widget.choices).count(0);
        await widget.say("ORDER123456789");
        await expect(widget.at(".facts div")).count(3);
        await expect(widget.at(".facts")).text(/Today by 8:00 PM/);
        await widget.choice("Yes, please").click();
        await expect(widget.theirs.last()).text(/Which number/);
        await expect(widget.mine.last()).text(/Yes, please.*Read/s);
        assert.deepEqual(mock.sent("send").map(({ cid, ...rest }) => ({ n: cid.split("-")[1], ...rest })), [
            { n: "1", t: "send", text: "Where is my order?" },
            { n: "2", t: "send", text: "ORDER123456789" },
            { n: "3", t: "send", choice: "track.sms.yes" },
        ]);
        await until(() => mock.sent("seen").at(-1)?.seq === 8, "the last event is reported as seen");
        assert.deepEqual(wrong, []);
    });

    test("shows pictures, facts, steps, links that lead out, and cards", async () => {
        const { page, widget, wrong } = await visit();
        await widget.open();
        await widget.say("Do you have the Nike Air Max in size 10?");
        await expect(widget.choices).count(4);
        await expect(widget.at(".bubble img")).attribute("alt", /running shoe/);
        await until(() => widget.choices.last().evaluate((e) => {
            const [box, view] = [e.getBoundingClientRect(), e.closest(".scroll").getBoundingClientRect()];
            return e.getRootNode().querySelector("img").complete && box.bottom <= view.bottom;
        }), "the quick replies are in sight, below a picture that came late");
        const details = widget.choice("View details");
        await expect(details).attribute("href", new RegExp(`^${mock.url}/index.html`));
        await expect(details).attribute("rel", /noopener/);
        await shot(page, "product-light");
        await widget.choice("Similar products").click();
        await expect(widget.cards).count(3);
        await expect(widget.cards.first()).text(/Wind jacket.*\$89/s);
        await shot(page, "cards-light");
        await widget.say("I want to return my shoes");
        await widget.say("ORDER987654321, they don't fit");
        await expect(widget.at(".steps li")).count(3);
        await expect(widget.theirs.last()).text(/RET123456789/);
        await shot(page, "return-light");
        assert.deepEqual(wrong, []);
    });

    test("shows hostile text as text and leads to no hostile address", async () => {
        const { page, widget, wrong } = await visit();
        await widget.open();
        await expect(widget.theirs).count(1);
        const evil = '<img src=x onerror="document.title=1"><script>1</script>';
        mock.happen({ kind: "message", from: "bot", parts: [
            { type: "text", text: evil },
            { type: "link", label: "one", url: "javascript:document.title=1" },
            { type: "button", id: "b", label: "two", url: "data:text/html,x" },
            { type: "image", url: "javascript:1", alt: "three" },
            { type: "cards" }, { type: "steps", items: 7 }, { type: "teleport" },
            { type: "link", label: "good", url: "https://shop.example/x" },
        ], choices: [{ id: "c", label: "four", url: "vbscript:1" }] });
        await expect(widget.theirs.last()).text(/<script>1<\/script>/);
        assert.deepEqual(await widget.at("a").evaluateAll((all) => all.map((a) => a.href)), ["https://shop.example/x"]);
        assert.equal(await widget.at("img").count(), 0);
        await widget.say(`echo ${evil}`);
        await expect(widget.theirs.last()).text(/onerror/);
        assert.notEqual(await page.title(), "1");
        assert.deepEqual(wrong, []);
    });

    test("who reads further up is not pulled down, but told", async () => {
        const { widget } = await visit();
        await widget.open();
        for (let i = 0; i < 4; i++) await widget.say("Where is my order?");
        await expect(widget.theirs).count(5);
        await widget.scroll.evaluate((e) => new Promise((resolve) => {
            e.addEventListener("scroll", () => requestAnimationFrame(resolve), { once: true });
            requestAnimationFrame(() => { e.scrollTop = 0; });
        }));
        mock.happen({ kind: "message", from: "bot", parts: [{ type: "text", text: "news" }] });
        await widget.at(".newest").waitFor();
        assert.equal(await widget.scroll.evaluate((e) => e.scrollTop), 0);
        await widget.at(".newest").click();
        await widget.at(".newest").waitFor({ state: "hidden" });
        assert.ok(await widget.scroll.evaluate((e) => e.scrollTop + e.clientHeight >= e.scrollHeight - 2));
    });

    test("a broken frame, an unknown frame and an unknown kind change nothing", async () => {
        const { widget, wrong } = await visit();
        await widget.open();
        await expect(widget.theirs).count(1);
        for (const ws of mock.sockets) ws.send("{no json");
        for (const ws of mock.sockets) ws.send("[1,null,{\"t\":\"event\"},{\"seq\":4},\"x\"]");
        mock.broadcast({ t: "weather", rain: true });
        mock.happen({ kind: "confetti" });
        mock.broadcast({ t: "event", seq: 3, kind: "message", parts: 5 });
        mock.broadcast({ t: "event", seq: 3, kind: "message", parts: [], choices: [null] });
        await widget.say("echo still here");
        await expect(widget.theirs.last()).text(/still here/);
        assert.deepEqual(wrong, []);
    });

    test("says when the assistant writes, and stops saying so", async () => {
        const { widget } = await visit();
        await widget.open();
        await expect(widget.theirs).count(1);
        mock.broadcast({ t: "typing", on: true });
        await widget.at(".typing").waitFor();
        await widget.say("echo done");
        await expect(widget.theirs.last()).text(/done/);
        await widget.at(".typing").waitFor({ state: "hidden" });
    });

    test("a card's number is hidden in the customer's own words", async () => {
        const { widget } = await visit();
        await widget.open();
        await widget.say("echo 4111 1111 1111 1111 it is");
        await expect(widget.theirs.last()).text(/it is/);
        await expect(widget.mine.last()).text(/echo •••• 1111 it is/);
        await widget.say("echo two lines?");
        await expect(widget.mine.last()).text(/echo two lines\?/);
    });

    test("a hand-over, a hidden card number and the end are told", async () => {
        const { widget } = await visit();
        await widget.open();
        await expect(widget.theirs).count(1);
        mock.happen({ kind: "card_seen" });
        await expect(widget.at(".system").last()).text(/hidden the card number/);
        mock.happen({ kind: "handoff", mode: "offer", from: "system", queue: "" });
        mock.happen({ kind: "handoff", mode: "now", from: "system", queue: "our support team" });
        await expect(widget.at(".system").last()).text("We are passing you on to our support team.");
        await expect(widget.at(".system")).count(2);
        await expect(widget.at("#who")).text(/colleague/);
        mock.happen({ kind: "closed" });
        await widget.at(".over button").click();
        await expect(widget.messages).count(1);
        await widget.say("echo fresh");
        await expect(widget.theirs.last()).text(/fresh/);
        assert.equal(mock.byResume.size, 2);
        assert.match(mock.sent("send").at(-1).cid, /-1$/);
    });
});

describe("an answer of a model", () => {
    const piece = (n, text, attempt = 1) => ({ t: "stream", turn: "7", attempt, n, op: "append", text });
    const ANSWER = { kind: "message", from: "bot", parts: [
        { type: "text", text: "You have 30 days. Sale items cannot be returned." },
        { type: "source", label: "How to return something", article: "kb/returns/how to", locale: "en",
          passage: ["You may ", "return", " it within ", "30 days", "<b>."] },
        { type: "source", label: "Terms", url: "https://shop.example/terms" },
        { type: "source", label: "A leaflet" },
        { type: "source" },
        { type: "rating" },
    ] };

    async function asked(options) {
        const seen = await visit(options);
        await seen.widget.open();
        await expect(seen.widget.theirs).count(1);
        return { ...seen, draft: seen.widget.at(".draft") };
    }

    test("is seen as it is written, heard once, and replaced by what is said", async () => {
        const { page, widget, wrong, draft } = await asked();
        await expect(draft).hidden();
        mock.broadcast(piece(1, "You have 30 days."));
        mock.broadcast(piece(2, " Sale items"));
        await expect(draft).text("You have 30 days. Sale items");
        assert.equal(await draft.getAttribute("aria-hidden"), "true");
        assert.equal(await draft.evaluate((e) => e.closest("[aria-live], [role=log]")), null);
        await shot(page, "draft");
        assert.deepEqual(await violations(page), []);
        mock.broadcast(piece(1, "You may <b>return</b> it.", 2));
        await expect(draft).text("You may <b>return</b> it.");
        mock.happen(ANSWER);
        await expect(widget.theirs).count(2);
        await expect(draft).hidden();
        assert.equal((await widget.transcript()).filter((l) => l.includes("30 days")).length, 1);
        assert.deepEqual(wrong, []);
    });

    test("a draft with a gap is not shown further; one of a lost connection is forgotten", async () => {
        const { widget, draft } = await asked();
        mock.broadcast(piece(1, "One."));
        mock.broadcast(piece(3, " Three."));
        mock.broadcast(piece(4, " Four."));
        await expect(draft).text("One.");
        mock.broadcast(piece(2, "Not from the beginning.", 2));
        await expect(draft).hidden();
        mock.broadcast(piece(1, "Again.", 3));
        await expect(draft).text("Again.");
        mock.drop();
        await expect(draft).hidden();
        await expect(widget.theirs).count(1);
    });

    for (const [name, where, options, helpful] of [
        ["light", "/index.html", {}, "Was this helpful?"],
        ["dark", "/es.html", { colorScheme: "dark" }, "¿Te ha servido?"],
        ["phone-rtl", "/ar.html", { viewport: { width: 390, height: 844 } }, "هل أفادك هذا؟"],
    ])
        test(`says where it comes from and asks whether it helped: ${name}`, async () => {
            const { page, widget, wrong } = await asked({ where, ...options });
            mock.happen(ANSWER);
            await expect(widget.at(".source")).count(3);
            const links = widget.at(".source a");
            await expect(links).count(2);
            const [article, terms] = await links.evaluateAll((all) => all.map((a) => a.href));
            assert.match(new URL(article).pathname, /^\/kb\/(en|es|ar)[-A-Za-z]*\/returns\/how%20to$/);
            assert.equal(terms, "https://shop.example/terms");
            const passage = widget.at(".passage blockquote");
            assert.equal(await passage.evaluate((e) => e.lang + " " + getComputedStyle(e).direction), "en ltr");
            await expect(widget.at(".passage mark")).count(2);
            await widget.at(".passage summary").click();
            await expect(passage).text("You may return it within 30 days<b>.");
            await expect(widget.at(".rating > span").first()).text(helpful);
            const { seq } = [...mock.byResume.values()].at(-1).events.at(-1);
            await widget.at(".thumb.up").click();
            await until(() => mock.sent("rate").length === 1, "a rating");
            assert.deepEqual(mock.sent("rate")[0], { t: "rate", seq, value: 1 });
            assert.equal(await widget.at(".thumb.up").getAttribute("aria-pressed"), "true");
            await shot(page, `answer-${name}`);
            assert.deepEqual(await violations(page), []);
            await widget.at(".thumb.down").click();
            await widget.at(".thumb.down").click();
            await until(() => mock.sent("rate").length === 3, "three ratings");
            assert.deepEqual(mock.sent("rate").map((f) => f.value), [1, -1, 0]);
            assert.equal(await widget.at(".thumb[aria-pressed=true]").count(), 0);
            assert.deepEqual(wrong, []);
        });

    test("a passage that is the answer itself has the marks, once", async () => {
        const { page, widget, wrong } = await asked({ where: "/ar.html" });
        mock.happen({ kind: "message", from: "bot", parts: [
            { type: "text", text: "يمكنك إرجاع المنتجات خلال 30 يومًا." },
            { type: "source", label: "الإرجاع", url: "https://shop.example/r", article: "kb/r", locale: "ar",
              passage: ["يمكنك ", "إرجاع", " المنتجات خلال 30 يومًا. "] },
            { type: "rating" },
        ] });
        await expect(widget.at(".source")).count(1);
        await expect(widget.theirs.last().locator("mark")).text("إرجاع");
        await expect(widget.at(".passage")).count(0);
        assert.equal(await widget.at(".source a").getAttribute("href"), "https://shop.example/r");
        await shot(page, "passage-rtl");
        assert.deepEqual(await violations(page), []);
        assert.deepEqual(wrong, []);
    });

    test("a thumb given before, or in another tab, is shown", async () => {
        const { widget, wrong } = await asked();
        mock.happen(ANSWER);
        await expect(widget.at(".thumb.up")).count(1);
        const { seq } = [...mock.byResume.values()].at(-1).events.at(-1);
        const lines = (await widget.transcript()).length;
        mock.happen({ kind: "rated", rates: seq, value: 1 });
        await expect(widget.at(".thumb.up[aria-pressed=true]")).count(1);
        mock.happen({ kind: "rated", rates: seq, value: -1 });
        await expect(widget.at(".thumb.down[aria-pressed=true]")).count(1);
        await expect(widget.at(".thumb[aria-pressed=true]")).count(1);
        mock.happen({ kind: "rated", rates: seq, value: 0 });
        await expect(widget.at(".thumb[aria-pressed=true]")).count(0);
        assert.equal((await widget.transcript()).length, lines);
        assert.deepEqual(wrong, []);
    });

    test("a thumb given without a connection goes out with the next one", async () => {
        const { widget } = await asked();
        mock.happen(ANSWER);
        await expect(widget.at(".thumb.up")).count(1);
        mock.fault = { down: true };
        mock.drop();
        await expect(widget.notice).text(/lost/i);
        await widget.at(".thumb.up").click();
        assert.equal(mock.sent("rate").length, 0);
        mock.fault = {};
        await until(() => mock.sent("rate").length === 1, "a rating");
        assert.equal(mock.sent("rate")[0].value, 1);
    });
});

describe("a bad network", () => {
    test("what was missed arrives once and in order", async () => {
        const { widget } = await visit();
        await widget.open();
        await widget.say("echo one");
        await expect(widget.theirs.last()).text(/one/);
        mock.fault.down = true;
        mock.drop();
        await expect(widget.notice).text(/Connection lost/);
        mock.happen(...["two", "three"].map((t) => ({ kind: "message", from: "bot", parts: [{ type: "text", text: t }] })));
        mock.fault.down = false;
        await expect(widget.theirs.last()).text(/three/);
        await expect(widget.notice).text(/^$/);
        assert.deepEqual((await widget.transcript()).slice(1), ["customer: echo one", "bot: one", "bot: two", "bot: three"]);
        assert.equal(mock.sent("open").at(-1).seq, 3);
    });

    test("events the widget already has are dropped", async () => {
        const { widget } = await visit();
        await widget.open();
        await widget.say("echo one");
        await expect(widget.theirs).count(2);
        const talk = [...mock.byResume.values()][0];
        mock.broadcast(talk.events);
        await widget.say("echo two");
        await expect(widget.theirs.last()).text(/two/);
        await expect(widget.messages).count(5);
    });

    test("a lost acknowledgement: the same message again, processed once, shown once", async () => {
        const { widget } = await visit();
        await widget.open();
        await expect(widget.theirs).count(1);
        mock.fault.loseAck = 1;
        await widget.say("echo once");
        await expect(widget.theirs.last()).text(/once/);
        await widget.say("echo twice");
        await expect(widget.theirs.last()).text(/twice/);
        assert.deepEqual((await widget.transcript()).slice(1),
            ["customer: echo once", "bot: once", "customer: echo twice", "bot: twice"]);
    });

    test("a message lost on the way goes again under the same number", async () => {
        const { widget } = await visit();
        await widget.open();
        await expect(widget.theirs).count(1);
        mock.fault.silent = true;
        await widget.say("echo again");
        await until(() => mock.sent("send").length === 1, "the message is under way");
        mock.drop();
        await until(() => mock.sent("send").length === 2, "and again");
        mock.fault.silent = false;
        mock.drop();
        await expect(widget.theirs.last()).text(/again/);
        await expect(widget.mine).count(1);
        assert.equal(new Set(mock.sent("send").map((f) => f.cid)).size, 1);
    });

    test("an acknowledgement without its events: the events come with the resume", async () => {
        const { widget } = await visit();
        await widget.open();
        await expect(widget.theirs).count(1);
        mock.fault.loseEvents = 1;
        await widget.say("echo kept");
        await expect(widget.theirs.last()).text(/kept/);
        await expect(widget.mine).count(1);
        assert.equal(mock.sent("send").length, 1);
    });

    test("what is written while offline goes out, in order, when the server is back", async () => {
        const { page, widget } = await visit();
        await widget.open();
        await expect(widget.theirs).count(1);
        mock.fault.down = true;
        mock.drop();
        await widget.say("echo a");
        await widget.say("echo b");
        await widget.say("echo c");
        await expect(widget.mine.last()).text(/Sending/);
        await shot(page, "offline-light");
        mock.fault.down = false;
        await expect(widget.theirs).count(4);
        assert.deepEqual((await widget.transcript()).slice(1), ["customer: echo a", "bot: a",
            "customer: echo b", "bot: b", "customer: echo c", "bot: c"]);
        const cids = mock.sent("send").map((f) => f.cid.split("-")[1]);
        assert.deepEqual([...new Set(cids)], ["1", "2", "3"]);
    });

    test("a page that is reloaded shows everything, sends what was unsent, keeps its numbers", async () => {
        const { page, widget } = await visit();
        await widget.open();
        await widget.say("echo before");
        await expect(widget.theirs).count(2);
        mock.fault.silent = true;
        await widget.say("echo during");
        await until(() => mock.sent("send").length === 2, "the message is under way");
        mock.fault.silent = false;
        await page.reload();
        await widget.launcher.waitFor();
        await expect(widget.badge).text("1"); // the answer to what was unsent, not the old ones
        await widget.open();
        await expect(widget.theirs.last()).text(/during/);
        await widget.say("echo after");
        await expect(widget.theirs.last()).text(/after/);
        const said = await widget.transcript();
        assert.deepEqual(said.filter((l) => l.startsWith("customer")),
            ["customer: echo before", "customer: echo during", "customer: echo after"]);
        const cids = mock.sent("send").map((f) => f.cid);
        assert.equal(cids[1], cids[2]);
        assert.equal(new Set(cids.map((c) => c.slice(0, 16))).size, 1);
    });

    test("a page killed after the server took the message does not say it twice", async () => {
        const { page, widget } = await visit();
        await widget.open();
        await expect(widget.theirs).count(1);
        mock.fault.loseAck = 1;
        mock.fault.down = true;
        await widget.say("echo only");
        await until(() => mock.sent("send").length === 1, "the message is under way");
        await page.reload();
        mock.fault.down = false;
        await widget.open();
        await expect(widget.theirs.last()).text(/only/);
        await expect(widget.mine).count(1);
        await expect(widget.mine).text(/Read/);
    });

    test("the server says when to come back", async () => {
        const { widget } = await visit();
        await widget.open();
        await expect(widget.theirs).count(1);
        const opens = mock.sent("open").length;
        mock.broadcast({ t: "bye", code: "drain", retry: true, after_ms: 700 });
        const start = Date.now();
        for (const ws of mock.sockets) ws.close(1001);
        await until(() => mock.sent("open").length > opens, "the widget is back");
        assert.ok(Date.now() - start >= 650, "not before it was asked to");
    });

    test("a final close is final until the visitor asks", async () => {
        const { page, widget } = await visit();
        await widget.open();
        await expect(widget.theirs).count(1);
        for (const ws of mock.sockets) ws.close(4500);
        await expect(widget.notice).text(/not available/);
        const opens = mock.sent("open").length;
        await page.waitForTimeout(800);
        assert.equal(mock.sent("open").length, opens);
        await widget.notice.locator("button").click();
        await until(() => mock.sent("open").length === opens + 1, "asked again");
    });

    test("busy is tried again, a refusal is shown and can be tried again", async () => {
        const { page, widget } = await visit();
        await widget.open();
        await expect(widget.theirs).count(1);
        mock.fault.refuse = [{ code: "busy", retry: true }];
        await widget.say("echo patient");
        await expect(widget.theirs.last()).text(/patient/);
        mock.fault.refuse = [{ code: "bad_field", retry: false }];
        await widget.say("echo refused");
        await expect(widget.at(".failed")).text(/Not sent/);
        await shot(page, "failed-light");
        await widget.at(".failed button").click();
        await expect(widget.theirs.last()).text(/refused/);
        await expect(widget.mine).count(2);
        assert.match(mock.sent("send").at(-1).cid, /-2$/);
    });

    test("out of order: the count starts again under a new name", async () => {
        const { widget } = await visit();
        await widget.open();
        await widget.say("echo one");
        await expect(widget.theirs).count(2);
        [...mock.byResume.values()][0].counters.clear();
        await widget.say("echo two");
        await expect(widget.theirs.last()).text(/two/);
        await expect(widget.mine).count(2);
        const cids = mock.sent("send").map((f) => f.cid);
        assert.match(cids.at(-1), /-1$/);
        assert.notEqual(cids.at(-1).slice(0, 16), cids[0].slice(0, 16));
    });

    test("a restored store: the transcript is told anew", async () => {
        const { widget } = await visit();
        await widget.open();
        await widget.say("echo lost");
        await expect(widget.theirs).count(2);
        mock.restore();
        await expect(widget.messages).count(1);
        await widget.say("echo found");
        await expect(widget.theirs.last()).text(/found/);
    });

    test("a conversation the server no longer knows is forgotten, a new one begun on demand", async () => {
        const { page, widget } = await visit();
        await widget.open();
        await widget.say("echo old");
        await expect(widget.theirs).count(2);
        mock.byResume.clear();
        await page.reload();
        await until(async () => Object.keys((await stored(page)).local).length === 0, "nothing is left");
        assert.equal(mock.byResume.size, 0);
        await widget.open();
        await expect(widget.messages).count(1);
        assert.equal(mock.byResume.size, 1);
    });
});

describe("several tabs", () => {
    test("share the conversation, never a number", async () => {
        const { context, page, widget } = await visit();
        await widget.open();
        await widget.say("echo first");
        await expect(widget.theirs).count(2);
        // A tab opened by the page starts with a copy of its sessionStorage.
        const [page2] = await Promise.all([
            context.waitForEvent("page"),
            page.evaluate(() => void window.open(location.href)),
        ]);
        const widget2 = new Widget(page2);
        await widget2.open();
        await expect(widget2.theirs).count(2);
        await widget2.say("echo second");
        await expect(widget2.theirs.last()).text(/second/);
        await expect(widget.theirs.last()).text(/second/);
        await widget.say("echo third");
        await expect(widget.theirs.last()).text(/third/);
        await expect(widget2.theirs.last()).text(/third/);
        assert.deepEqual(await widget2.transcript(), await widget.transcript());
        const cids = mock.sent("send").map((f) => f.cid);
        assert.equal(new Set(cids).size, 3);
        assert.equal(new Set(cids.map((c) => c.slice(0, 16))).size, 2);
    });

    test("follow when one of them begins anew", async () => {
        const { context, widget } = await visit();
        await widget.open();
        await expect(widget.theirs).count(1);
        const page2 = await context.newPage();
        await page2.goto(mock.url);
        const widget2 = new Widget(page2);
        await widget2.open();
        await widget2.say("echo old");
        await expect(widget.theirs).count(2);
        mock.happen({ kind: "closed" });
        await widget2.at(".over button").click();
        await expect(widget2.messages).count(1);
        await expect(widget.messages).count(1);
        await widget.say("echo new");
        await expect(widget2.theirs.last()).text(/new/);
    });
});

describe("the visitor", () => {
    test("is told of unread messages while the panel is closed", async () => {
        const { page, widget } = await visit();
        await widget.open();
        await expect(widget.theirs).count(1);
        await page.keyboard.press("Escape");
        mock.happen({ kind: "message", from: "bot", parts: [{ type: "text", text: "one more thing" }] });
        mock.happen({ kind: "message", from: "bot", parts: [{ type: "text", text: "and another" }] });
        await expect(widget.badge).text("2");
        await expect(widget.launcher).attribute("aria-label", /Unread messages: 2/);
        await shot(page, "unread-light");
        await page.reload();
        await expect(widget.badge).text("2");
        await widget.open();
        await widget.badge.waitFor({ state: "hidden" });
        await page.reload();
        await page.waitForTimeout(400);
        assert.equal(await widget.badge.isVisible(), false);
    });

    test("needs no mouse", async () => {
        const { page, widget } = await visit();
        const focus = () => page.evaluate(() => {
            const inner = document.querySelector("parlance-chat").shadowRoot.activeElement;
            return inner?.className || inner?.tagName || document.activeElement.tagName;
        });
        await widget.launcher.focus();
        await page.keyboard.press("Enter");
        await expect(widget.choices).count(3);
        assert.equal(await focus(), "TEXTAREA");
        await expect(widget.launcher).attribute("aria-expanded", "true");
        await page.keyboard.press("Shift+Tab");
        assert.equal(await focus(), "choice");
        await page.keyboard.press("Shift+Tab");
        await page.keyboard.press("Shift+Tab");
        await page.keyboard.press("Space"); // Track my order
        await expect(widget.theirs).count(2);
        assert.equal(await focus(), "TEXTAREA");
        await page.keyboard.type("line one");
        await page.keyboard.press("Shift+Enter");
        await page.keyboard.type("line two");
        await page.keyboard.press("Enter");
        await expect(widget.mine.last()).text(/line one\nline two/);
        await page.keyboard.press("Shift+Tab");
        assert.equal(await focus(), "scroll"); // the transcript can be scrolled by keys
        await page.keyboard.press("Escape");
        await widget.panel.waitFor({ state: "hidden" });
        assert.equal(await focus(), "launcher");
    });

    test("on a phone has the whole screen, and Tab stays in it", async () => {
        const { page, widget } = await visit({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
        await widget.launcher.tap();
        await expect(widget.choices).count(3);
        assert.deepEqual(await widget.panel.boundingBox(), { x: 0, y: 0, width: 390, height: 844 });
        await expect(widget.panel).attribute("aria-modal", "true");
        const inside = () => page.evaluate(() => document.activeElement?.tagName);
        for (let i = 0; i < 12; i++) {
            await page.keyboard.press("Tab");
            assert.equal(await inside(), "PARLANCE-CHAT");
        }
        await widget.at(".bare").tap();
        await widget.panel.waitFor({ state: "hidden" });
    });

    test("has 400 by 600 beside the page otherwise", async () => {
        const { widget } = await visit();
        await widget.open();
        const { width, height } = await widget.panel.boundingBox();
        assert.deepEqual([width, height], [400, 600]);
        const moving = await widget.panel.evaluate((e) => getComputedStyle(e).animationName);
        assert.equal(moving, "none");
    });

    test("reads right to left where that is right", async () => {
        const { page, widget, wrong } = await visit({ where: "/ar.html", locale: "ar-SA" });
        await widget.open();
        await expect(widget.root).attribute("dir", "rtl");
        await expect(widget.root).attribute("lang", "ar-SA");
        const { x } = await widget.launcher.boundingBox();
        assert.ok(x < 100, "the launcher is on the left");
        await widget.say("أين طلبي؟");
        await widget.say("ORDER123456789");
        await expect(widget.at(".facts div")).count(3);
        const mine = await widget.mine.last().locator(".bubble").boundingBox();
        const theirs = await widget.theirs.last().locator(".bubble").boundingBox();
        assert.ok(mine.x < theirs.x, "the visitor's words are on the left");
        assert.equal(mock.sent("open")[0].locale, "ar-SA");
        await shot(page, "track-arabic");
        assert.deepEqual(wrong, []);
    });

    test("meets the element as the page has set it up", async () => {
        const { page, widget } = await visit();
        await page.evaluate((url) => {
            const chat = document.createElement("parlance-chat");
            const given = { server: `${url}/elsewhere`, locale: "es_MX", heading: "Zapatos Ardea" };
            for (const [name, value] of Object.entries(given)) chat.setAttribute(name, value);
            document.querySelector("parlance-chat").replaceWith(chat);
            chat.open();
        }, mock.url);
        await expect(widget.choices).count(3);
        await expect(widget.at("#title")).text("Zapatos Ardea");
        await expect(widget.field).attribute("placeholder", /Escribe/);
        assert.equal(mock.sent("open")[0].locale, "es-MX");
        await page.evaluate(() => document.querySelector("parlance-chat").close());
        await widget.panel.waitFor({ state: "hidden" });
    });

    test("in a language without a table gets English words of the widget", async () => {
        const { page, widget } = await visit();
        await page.evaluate(() => {
            const chat = document.createElement("parlance-chat");
            chat.setAttribute("locale", "fi-FI");
            document.querySelector("parlance-chat").replaceWith(chat);
        });
        await widget.open();
        await expect(widget.field).attribute("placeholder", /Write a message/);
        assert.equal(mock.sent("open")[0].locale, "fi-FI");
    });
});

describe("accessibility, by axe-core", () => {
    const desk = { viewport: { width: 1280, height: 800 } };
    const looks = {
        light: { ...desk, colorScheme: "light" },
        dark: { ...desk, colorScheme: "dark" },
        phone: { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 },
        arabic: { ...desk, where: "/ar.html" },
        "arabic-dark-phone": { viewport: { width: 390, height: 844 }, isMobile: true, colorScheme: "dark", where: "/ar.html" },
        "forced-colors": { ...desk, forcedColors: "active" },
    };

    for (const [name, look] of Object.entries(looks)) {
        test(`no violation: ${name}`, async () => {
            const { page, widget } = await visit(look);
            assert.deepEqual(await violations(page), []);
            await shot(page, `axe-${name}-closed`);
            await widget.open();
            await expect(widget.choices).count(3);
            await shot(page, `axe-${name}-welcome`);
            await widget.say("Air Max");
            await expect(widget.choices).count(4);
            await shot(page, `axe-${name}-product`);
            assert.deepEqual(await violations(page), []);
            await widget.choices.last().click();
            await expect(widget.cards).count(3);
            await shot(page, `axe-${name}-cards`);
            assert.deepEqual(await violations(page), []);
            await widget.say("ORDER987654321");
            await expect(widget.at(".steps li")).count(3);
            mock.happen({ kind: "handoff", mode: "now" });
            mock.fault.refuse = [{ code: "bad_field", retry: false }];
            await widget.say("nope");
            await widget.at(".failed").waitFor();
            mock.broadcast({ t: "typing", on: true });
            await widget.at(".typing").waitFor();
            await shot(page, `axe-${name}-return`);
            assert.deepEqual(await violations(page), []);
        });
    }
});
