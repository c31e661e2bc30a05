/* SPDX-License-Identifier: Apache-2.0 */

// The three conversations of the product, in the widget, against a running server with the demo shop
// behind it: PL_SERVER=http://127.0.0.1:8080 PL_SHOP=http://127.0.0.1:8081 node --test conversations.test.mjs

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { launch, shot, violations } from "./lib/browser.mjs";
import { parts, Play, text } from "./lib/play.mjs";

const SERVER = process.env.PL_SERVER?.replace(/\/$/, "");
const heard = {}; // locale -> every sentence of the assistant
let browser;

// What the customer says. What he hears is checked in full in English; elsewhere by what must hold.
const says = {
    "en-US": {
        where: "Where is my order?",
        shoe: "Do you have the Nike Air Max in size 10?",
        back: "I want to return my shoes",
        reason: "ORDER987654321, they don't fit",
        yes: "Yes, please",
    },
    "es-ES": {
        where: "¿Dónde está mi pedido?",
        shoe: "¿Tienen Nike Air Max en talla 10?",
        back: "Quiero devolver mis zapatos",
        reason: "ORDER987654321, me queda pequeño",
        yes: "Sí",
    },
    "ar-SA": {
        where: "أين طلبي؟",
        shoe: "هل لديكم Nike Air Max بمقاس 10؟",
        back: "أريد إرجاع حذائي",
        reason: "ORDER987654321، مقاسه صغير",
        yes: "نعم",
    },
};

before(async () => {
    assert.ok(SERVER, "PL_SERVER names the server to talk to, as in http://127.0.0.1:8080");
    browser = await launch();
});
after(async () => {
    await browser?.close();
});

// Plays, then checks what holds for every conversation, and keeps a picture.
async function play(locale, name, look, talk) {
    const one = await Play.start(browser, SERVER, locale, look);
    try {
        await talk(one, says[locale], locale === "en-US");
        await one.check();
        assert.deepEqual(await violations(one.page), []);
        (heard[locale] ??= []).push(...parts(one.events().filter((e) => e.from === "bot"), "text").map((p) => p.text));
    } finally {
        await shot(one.page, `${locale}-${name}`);
        await one.close();
    }
}

async function track(one, said, english) {
    const asked = await one.say(said.where);
    if (english) assert.match(text(asked), /confirmation e-?mail/i);
    const found = await one.say("ORDER123456789", () => one.offered().length >= 2);
    assert.ok(parts(found, "fact").length >= 3, "status, location and expected delivery");
    if (english)
        for (const wanted of [/today (by|at) 8:00\sPM/i, /live tracking updates/i, /SMS/]) assert.match(text(found), wanted);
    await one.choose(/yes$/);
    const done = await one.say("+1 202 555 0143");
    assert.match(text(done).replace(/\D/g, ""), /5550143/);
}

async function product(one, said, english) {
    const found = await one.say(said.shoe, () => one.offered().length >= 3);
    assert.ok(parts(found, "fact").length >= 4, "price, old price, stock and rating");
    assert.match(text(found), /Nike Air Max/);
    if (english) {
        for (const wanted of [/^Yes!/m, /\$129\.99/, /15% off/, /\$110\.49/, /5 units/, /4\.8\/5/, /342 reviews/])
            assert.match(text(found), wanted);
        const labels = one.offered().map((c) => c.label).join("\n");
        for (const wanted of [/^add to cart$/im, /^view details$/im, /^notify (me )?on sale$/im]) assert.match(labels, wanted);
    }
    const alike = await one.choose(/similar/, (events) => parts(events, "cards").length > 0);
    const shown = parts(alike, "cards").flatMap((p) => p.items);
    assert.ok(shown.length >= 1 && shown.length <= 5, "one to five similar products");
}

const TRACKING = /\bRET\d{9}\b/;

// Who was here before has sent the same shoes back.
async function forgetReturn() {
    const reply = await fetch(`${process.env.PL_SHOP}/debug/unreturn?order=ORDER987654321`, { method: "POST" });
    assert.equal(reply.status, 200);
}

async function giveBack(one, said, english) {
    await forgetReturn();
    await one.say(said.back);
    const settled = (events) => TRACKING.test(text(events));
    const asked = await one.say(said.reason);
    assert.match(text(asked), /ORDER987654321/);
    const answer = await one.say(said.yes, settled);
    assert.match(text(answer), /RET123456789/);
    assert.equal(parts(answer, "steps").flatMap((p) => p.items).length, 3, "three steps");
    if (english)
        for (const wanted of [/5 minutes/, /\$110\.49/, /5–7 business days/]) assert.match(text(answer), wanted);
}

const phone = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };

for (const locale of Object.keys(says)) {
    describe(`in ${locale}`, () => {
        test("an order is tracked", () => play(locale, "track", {}, track));
        test("a product is found, and what is like it", () => play(locale, "product", { colorScheme: "dark" }, product));
        test("shoes go back", () => play(locale, "return", phone, giveBack));
    });
}

describe("the translations", () => {
    const repeated = (locale) => heard[locale].filter((line) => heard["en-US"].includes(line));

    test("no English sentence is left in Spanish or Arabic", () => {
        assert.ok(Object.keys(says).every((locale) => heard[locale]?.length > 0), "all were played");
        assert.deepEqual(repeated("es-ES"), []);
        assert.deepEqual(repeated("ar-SA"), []);
        for (const line of heard["ar-SA"]) assert.match(line, /[\u0600-\u06ff]/);
    });
});
