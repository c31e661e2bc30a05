/* SPDX-License-Identifier: Apache-2.0 */

// The pictures of docs/DESIGNERS.md, made of the reference assistant: tools/pictures.sh runs this.
// usage: node pictures.mjs BUILD FOLDER    the build's programs; where the pictures go

import path from "node:path";
import { fileURLToPath } from "node:url";
import { launch } from "./lib/browser.mjs";
import { expect } from "./lib/expect.mjs";
import { Dev, run, Studio } from "./lib/studio.mjs";

const [build, folder] = process.argv.slice(2).map((p) => path.resolve(p));
const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const look = { viewport: { width: 1400, height: 780 }, colorScheme: "light", timezoneId: "Europe/Berlin" };

const shop = await run(path.join(build, "demoshop"), ["--port", "0"], /demo shop: (http:\S+)/);
const dev = await Dev.start(path.join(build, "parlance"), path.join(root, "web/dist"),
    ["flows", "i18n", "lua"].map((f) => path.join(root, f)), ["--shop-url", shop.url]);
const browser = await launch();
const picture = (studio, name) => studio.page.screenshot({ path: path.join(folder, `${name}.png`) });

try {
    const studio = await Studio.open(browser, dev.url, look);
    await studio.say("Where is my order?");
    await expect(studio.here).count(1);
    await picture(studio, "studio");

    await studio.say("ORDER123456789");
    await studio.choice("No, thanks").waitFor();
    await studio.tab("Knows").click();
    await studio.page.selectOption("#beside", "ar-SA");
    await studio.choice("لا، شكرا", studio.mirror).waitFor();
    await studio.page.click("#fit");
    await picture(studio, "studio-arabic");

    await studio.page.selectOption("#beside", "");
    await studio.tab("Why").click();
    dev.edit("flows/orders.flow", (t) => t.replace("  mark find_order", "  makr find_order"));
    await studio.trouble.waitFor();
    await picture(studio, "studio-mistake");
    await studio.context.close();
} finally {
    await browser.close();
    await dev.stop();
    shop.child.kill();
}
