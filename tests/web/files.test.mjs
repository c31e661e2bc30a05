/* SPDX-License-Identifier: Apache-2.0 */

// Files that customers send up, and questions that take several answers, in the widget, against a
// running server with the flows of tests/talk/project.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, shot, violations } from "./lib/browser.mjs";
import { expect } from "./lib/expect.mjs";
import { Play, text } from "./lib/play.mjs";

const SERVER = process.env.PL_SERVER?.replace(/\/$/, "");
let browser;

before(async () => {
    assert.ok(SERVER, "PL_SERVER names the server to talk to");
    browser = await launch();
});
after(async () => {
    await browser?.close();
});

const png = (size) => {
    const bytes = Buffer.alloc(size, 7);
    Buffer.from("89504e470d0a1a0a0000000d49484452", "hex").copy(bytes);
    return bytes;
};
const photo = (name, size = 200_000) => ({ name, mimeType: "image/png", buffer: png(size) });

const words = {
    "en-US": { ask: "send a photo", attach: "Send a file", type: /cannot be taken/, wrap: "gift wrapping", send: "Send selection" },
    "ar-SA": { ask: "إرسال صورة", attach: "أرسل ملفًا", type: /لا يمكن قبول/, wrap: "تغليف هدية", send: "أرسل ما اخترته" },
};

async function with_play(locale, name, talk, look) {
    const play = await Play.start(browser, SERVER, locale, look);
    try {
        await talk(play, play.widget, words[locale]);
        await play.check();
    } finally {
        await shot(play.page, `files-${locale}-${name}`);
        await play.close();
    }
}

for (const locale of ["en-US", "ar-SA"]) {
    test(`a photo, by the keyboard and the file dialog: ${locale}`, { timeout: 60_000 }, () =>
        with_play(locale, "photo", async (play, widget, w) => {
            const attach = widget.at(".attach");
            assert.equal(await attach.isVisible(), false, "nothing asks for a file yet");
            await play.say(w.ask);
            await attach.waitFor();
            await expect(attach).attribute("aria-label", w.attach);
            assert.equal(await widget.at("input[type=file]").getAttribute("accept"), "image/*");
            assert.deepEqual(await violations(play.page), []);
            await shot(play.page, `files-${locale}-asked`);

            // What is no photo is refused, whatever it is called; the question stays open.
            const [wrong] = await Promise.all([play.page.waitForEvent("filechooser"), attach.press("Enter")]);
            await wrong.setFiles({ name: "photo.png", mimeType: "image/png", buffer: Buffer.from("PK\x03\x04\x14\0\0\0zip") });
            await expect(widget.at(".failed .meta")).text(w.type);
            assert.deepEqual(await violations(play.page), []);
            await shot(play.page, `files-${locale}-refused`);
            assert.ok(await attach.isVisible(), "another one may be sent");

            const said = await play.turn(async () => {
                const [chooser] = await Promise.all([play.page.waitForEvent("filechooser"), attach.click()]);
                await chooser.setFiles(photo("صورة box.png"));
            });
            assert.ok(said.some((e) => e.id === "photo.thanks"), text(said));
            await expect(widget.mine.last().locator(".bubble")).text("صورة box.png");
            assert.equal(await attach.isVisible(), false, "no file is asked for any more");
            const own = play.wire.sent.filter((f) => f.t === "send" && f.upload);
            assert.equal(own.length, 1);
            assert.match(own[0].upload, /^[a-p]{64}$/);
            assert.deepEqual(await violations(play.page), []);
        }));

    test(`several of the choices: ${locale}`, { timeout: 60_000 }, () =>
        with_play(locale, "several", async (play, widget, w) => {
            await play.say(w.wrap);
            await expect(widget.choices).count(3);
            const send = widget.at(".chosen .action");
            await expect(send).text(w.send);
            await expect(send).attribute("aria-disabled", "true");
            await expect(widget.at(".choices")).attribute("role", "group");
            await send.click({ force: true });
            assert.equal(play.wire.sent.filter((f) => f.choice).length, 0, "nothing is chosen yet");

            const labels = (await widget.choices.allInnerTexts()).map((l) => l.trim());
            await widget.choices.nth(2).click();
            await widget.choices.nth(0).focus();
            await play.page.keyboard.press("Space");
            await widget.choices.nth(1).click();
            await widget.choices.nth(1).click(); // and off again
            for (const [i, on] of ["true", "false", "true"].entries())
                await expect(widget.choices.nth(i)).attribute("aria-pressed", on);
            await expect(send).attribute("aria-disabled", "false");
            assert.deepEqual(await violations(play.page), []);
            await shot(play.page, `files-${locale}-chosen`);

            await play.turn(async () => {
                await send.focus();
                await play.page.keyboard.press("Enter");
            });
            const [sent] = play.wire.sent.filter((f) => f.choice);
            assert.equal(sent.choice.split(",").length, 2);
            await expect(widget.mine.last().locator(".bubble")).text(`${labels[0]}, ${labels[2]}`);
        }));
}

test("a photo that is dropped on the panel, and one that nobody asked for", { timeout: 60_000 }, () =>
    with_play("en-US", "dropped", async (play, widget, w) => {
        const drop = async (name) => {
            const data = await play.page.evaluateHandle(([bytes, called]) => {
                const transfer = new DataTransfer();
                transfer.items.add(new File([new Uint8Array(bytes)], called, { type: "image/png" }));
                return transfer;
            }, [[...png(3000)], name]);
            await widget.panel.dispatchEvent("dragover", { dataTransfer: data });
            if (name === "wanted.png") await widget.at(".drop").waitFor();
            await widget.panel.dispatchEvent("drop", { dataTransfer: data });
        };
        await drop("unwanted.png");
        assert.equal(await widget.mine.count(), 0);
        await play.say(w.ask);
        const said = await play.turn(() => drop("wanted.png"));
        assert.ok(said.some((e) => e.id === "photo.thanks"), text(said));
        assert.equal(await widget.at(".drop").isVisible(), false);
    }));

test("a connection that breaks while a file goes up; the same file again", { timeout: 60_000 }, () =>
    with_play("en-US", "again", async (play, widget, w) => {
        await play.say(w.ask);
        await play.page.route("**/api/v1/uploads", (route) => route.abort("connectionreset"), { times: 1 });
        await widget.at("input[type=file]").setInputFiles(photo("again.png"));
        const again = widget.at(".failed .text-button");
        await expect(again).text("Try again");
        assert.deepEqual(await violations(play.page), []);
        const said = await play.turn(() => again.click());
        assert.ok(said.some((e) => e.id === "photo.thanks"), text(said));
        await expect(widget.at(".failed")).count(0);
    }));

test("progress is shown, and a file that is too large is told", { timeout: 60_000 }, () =>
    with_play("en-US", "large", async (play, widget, w) => {
        await play.say(w.ask);
        await play.page.route("**/api/v1/uploads", async (route) => {
            await new Promise((resolve) => setTimeout(resolve, 600));
            await route.fulfill({ status: 413, json: { error: { code: "too_big", message: "the file is too large" } } });
        }, { times: 1 });
        await widget.at("input[type=file]").setInputFiles(photo("large.png"));
        await expect(widget.at("progress")).attribute("aria-label", "Uploading large.png");
        assert.deepEqual(await violations(play.page), []);
        await expect(widget.at(".failed .meta")).text("The file is too large.");
        assert.equal(await widget.at(".failed .text-button").count(), 0, "sending it again would not help");
    }));
