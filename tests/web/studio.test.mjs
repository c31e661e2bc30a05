/* SPDX-License-Identifier: Apache-2.0 */

// The designer's page of `parlance dev`, over real files: edited, broken, mended, played in Arabic,
// with a model that is a small provider on this machine. PL_BUILD names the build.

import assert from "node:assert/strict";
import { cpSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { WebSocket } from "ws";
import { launch, shot, violations } from "./lib/browser.mjs";
import { expect, until } from "./lib/expect.mjs";
import { Dev, run, Studio } from "./lib/studio.mjs";

const BUILD = process.env.PL_BUILD;
const here = path.dirname(fileURLToPath(import.meta.url));
const project = ["flows", "i18n"].map((name) => path.join(here, "studio", name));
const work = mkdtempSync(path.join(tmpdir(), "studio-models-"));
let browser, dev, good_at_first, provider, studio;

before(async () => {
    assert.ok(BUILD, "PL_BUILD names the folder of the build");
    provider = await run(path.join(BUILD, "fake_provider"), [], /(http:\/\/[0-9.:]+)/);
    const models = path.join(work, "models.conf");
    writeFileSync(models, `cache = no\n[local]\ndialect = openai\nurl = ${provider.url}/a/v1\nmodel = m\nprice = 1 2 EUR\n`);
    [dev, browser] = await Promise.all([
        Dev.start(path.join(BUILD, "parlance"), path.join(here, "../../web/dist"), project, ["--models", models], (copy) => {
            good_at_first = copy.edit("flows/wrap.flow", (t) => t.replace("  ask ribbon", "  akk ribbon"));
        }),
        launch(),
    ]);
    studio = await Studio.open(browser, dev.url);
}, { timeout: 90_000 });
after(async () => {
    await browser?.close();
    assert.equal(await dev?.stop(), 0);
    provider?.child.kill();
    rmSync(work, { recursive: true, force: true });
});

const words = (locator) => locator.evaluateAll((all) => all.map((e) => e.textContent));

test("flows that have mistakes at the start are shown, and begin when they are mended", { timeout: 30_000 }, async () => {
    await expect(studio.trouble.locator("h2")).text(/^\d+ mistakes?$/);
    await expect(studio.trouble.locator("pre").first()).text(/akk ribbon/);
    await expect(studio.state).text(/begins when they are mended/);
    await expect(studio.chat).text(/begins when the files have no mistakes/);
    assert.deepEqual(await violations(studio.page), []);
    await shot(studio.page, "studio-start");
    dev.edit("flows/wrap.flow", () => good_at_first);
    await expect(studio.state).text(/change 1 taken up/);
    await expect(studio.trouble).attribute("hidden", "");
    await expect(studio.page.locator("#locale")).value("en-US");
    await studio.bot().first().waitFor();
});

test("chat, graph, reasons and slots follow what is said", { timeout: 30_000 }, async () => {
    await studio.say("do you wrap presents?");
    await expect(studio.bot().last()).text("Which colour shall the ribbon have?");
    await expect(studio.here).count(1);
    assert.match(await studio.here.textContent(), /ask ribbon/);
    await expect(studio.page.locator("#flow")).value("wrap");
    const reasons = await words(studio.why.locator(".turn").first().locator(".reasons li"));
    assert.ok(reasons.some((r) => /understood.*intent wrap/.test(r)), reasons.join("; "));
    assert.ok(reasons.some((r) => /began.*wrap \(flows\/wrap\.flow:\d+\)/.test(r)), reasons.join("; "));
});

test("a change on disk is taken up under the running chat", { timeout: 30_000 }, async () => {
    dev.edit("flows/wrap.flow", (t) => t.replace("A {ribbon} ribbon", "One {ribbon} ribbon").replace("  if mood", "  mark felt\n  if mood"));
    await expect(studio.state).text(/change 2 taken up .* One conversation goes on where it stood/);
    await expect(studio.page.locator("#canvas text", { hasText: "mark felt" })).count(1);
    assert.match(await studio.here.textContent(), /ask ribbon/, "it stands where it stood");
});

test("a mistake is shown while the last good version goes on, until it is mended", { timeout: 30_000 }, async () => {
    const good = dev.edit("flows/wrap.flow", (t) => t.replace("  mark felt", "  makr felt"));
    await expect(studio.trouble.locator("h2")).text(/^1 mistake$/);
    await expect(studio.trouble.locator(".where")).text(/flows\/wrap\.flow:\d+:3/);
    await expect(studio.trouble.locator("pre")).text(/makr felt/);
    await expect(studio.state).text(/the last good version goes on/);
    assert.deepEqual(await violations(studio.page), []);
    await shot(studio.page, "studio-trouble");

    await studio.page.keyboard.press("Escape");
    await expect(studio.trouble).attribute("hidden", "");
    await studio.say("red");
    await expect(studio.bot().filter({ hasText: /red ribbon/i })).count(1);

    dev.edit("flows/wrap.flow", () => good);
    await expect(studio.state).text(/change 3 taken up/);
});

test("a folder that went away and came back, and a file that is never calm", { timeout: 30_000 }, async () => {
    renameSync(dev.flows, `${dev.flows}.gone`);
    await expect(studio.trouble).text(/the flows cannot be read/);
    cpSync(`${dev.flows}.gone`, dev.flows, { recursive: true });
    await expect(studio.trouble).attribute("hidden", "");
    const other = dev.read("flows/wrap.flow").replace("mark felt", "mark seen");
    let n = 0;
    const busy = setInterval(() => dev.edit("flows/wrap.flow", () => `${other}# ${++n}\n`), 40);
    await expect(studio.state).text(/change [45] taken up/);
    clearInterval(busy);
});

test("what the model was sent and gave, and what the conversation knew", { timeout: 30_000 }, async () => {
    await studio.tab("Model").click();
    const card = studio.page.locator("#panel-model .turn").first();
    await expect(card.locator("summary")).text(/A decision/);
    const figures = await words(card.locator(".figures dt"));
    assert.deepEqual(figures, ["model", "tokens in", "tokens out", "cost", "first word", "in all", "attempts"]);
    await expect(card.locator(".figures dd").first()).text("local");
    assert.ok((await words(card.locator(".said pre"))).some((t) => t.includes("How does the customer feel?")));
    assert.deepEqual(await violations(studio.page), []);

    await studio.page.click("#back"); // all before the last is said again
    await expect(studio.chat.locator(".message.customer")).count(1);
    await expect(studio.bot().last()).text("Which colour shall the ribbon have?");
    await studio.tab("Model").press("ArrowLeft"); // the tabs by keyboard
    await expect(studio.tab("Knows")).attribute("aria-selected", "true");
    await expect(studio.here).count(1);
});

test("in Arabic, and side by side", { timeout: 30_000 }, async () => {
    await studio.page.selectOption("#beside", "ar-SA");
    await expect(studio.bot(studio.mirror).last()).text("ما لون الشريط الذي تريده؟");
    assert.deepEqual(await studio.mirror.locator(".root").evaluate((r) => [r.dir, r.lang]), ["rtl", "ar-SA"]);
    assert.equal(await studio.bot(studio.mirror).count(), await studio.bot().count());
    assert.deepEqual(await violations(studio.page), []);
    await shot(studio.page, "studio-beside");

    await studio.page.selectOption("#beside", "");
    await studio.page.selectOption("#locale", "ar-SA");
    await expect(studio.chat.locator(".root")).attribute("dir", "rtl");
    await studio.bot().first().waitFor();
    await studio.say("هل تغلفون الهدايا");
    await expect(studio.bot().last()).text("ما لون الشريط الذي تريده؟");
    await studio.say("أريد شخص حقيقي");
    await studio.tab("Why").click();
    await expect(studio.why.locator(".badge.strong").first()).text("rule");
    await expect(studio.why.locator(".turn").first().locator(".reasons")).text(/sentiment/);
    await shot(studio.page, "studio-arabic");
    assert.deepEqual(studio.wrong, []);
});

test("on a dark phone", { timeout: 30_000 }, async () => {
    const look = { viewport: { width: 390, height: 844 }, colorScheme: "dark" };
    const phone = await Studio.open(browser, dev.url, look);
    await phone.say("do you wrap presents?");
    await expect(phone.here).count(1);
    await phone.page.click("[data-to=graph]");
    assert.ok(await phone.here.isVisible());
    assert.equal(await phone.chat.isVisible(), false);
    const width = await phone.page.evaluate(() => document.documentElement.scrollWidth);
    assert.equal(width, 390, "nothing sticks out");
    assert.deepEqual(await violations(phone.page), []);
    await shot(phone.page, "studio-phone");

    await phone.page.setViewportSize({ width: 390, height: 560 }); // a chat that was away, and then is smaller
    await phone.page.click("[data-to=chat]");
    await phone.say("can you gift-wrap it");
    await expect(phone.bot()).count(4);
    await phone.page.click("[data-to=graph]");
    await phone.page.click("[data-to=chat]");
    await phone.page.selectOption("#beside", "ar-SA");
    const left = () => phone.chat.locator(".scroll").evaluate((e) => e.scrollHeight - e.scrollTop - e.clientHeight);
    await until(async () => (await left()) < 2, "the end of the chat in sight");
    await phone.context.close();
});

// The status of a request, or of a handshake.
function ask(headers, target = "/studio/state") {
    const { hostname, port } = new URL(dev.url);
    return new Promise((resolve, reject) => {
        const sent = request({ hostname, port, path: target, headers }, (answer) => {
            answer.resume();
            resolve(answer.statusCode);
        });
        sent.on("error", reject);
        sent.end();
    });
}

function socket(origin) {
    const made = new WebSocket(dev.url.replace(/^http(.*)studio\.html$/, "ws$1ws"), "parlance.v1", { origin });
    made.on("error", () => {});
    return made;
}

test("other pages stay outside, and nonsense harms nobody", { timeout: 30_000 }, async () => {
    const { host } = new URL(dev.url);
    assert.equal(await ask({ host }), 200);
    assert.equal(await ask({ host: `rebound.example:${new URL(dev.url).port}` }), 403);
    assert.equal(await ask({ host, origin: "http://evil.example" }), 403);
    assert.equal(await ask({ host }, "/studio/nothing"), 404);
    assert.equal(await ask({ host }, `/studio/graph?flow=${"x".repeat(400)}`), 400);
    assert.equal(await ask({ host }, "/studio/graph?flow=%ff"), 200, "it says that there is no such flow");

    const foreign = socket("http://evil.example");
    const [, refused] = await new Promise((resolve) => foreign.on("unexpected-response", (...all) => resolve(all)));
    assert.equal(refused.statusCode, 403);
    const own = socket(`http://${host}`);
    const frames = [];
    await new Promise((resolve) => own.on("open", resolve));
    own.on("message", (m) => frames.push(String(m)));
    own.send('{"t":"reveal"}');
    own.send("x".repeat(200_000));
    const code = await new Promise((resolve) => own.on("close", resolve));
    assert.ok(code >= 1006, `closed with ${code}`);
    assert.ok(frames.some((f) => f.includes('"error"')), "an unknown message is told to be one");
    assert.equal(await ask({ host }), 200);
});
