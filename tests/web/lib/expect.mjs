/* SPDX-License-Identifier: Apache-2.0 */

// Expectations that wait: a page becomes what it should be, or the test says what it was instead.

const PATIENCE_MS = 8000;
const EVERY_MS = 25;

export async function until(holds, what, patience = PATIENCE_MS) {
    const end = Date.now() + patience;
    while (!(await holds())) {
        if (Date.now() > end) throw new Error(`not within ${patience} ms: ${what}`);
        await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    }
}

async function becomes(read, fits, what, patience) {
    let last;
    try {
        await until(async () => fits((last = await read())), what, patience);
    } catch (error) {
        error.message += `, but ${JSON.stringify(last)}`;
        throw error;
    }
}

const matches = (wanted, text) => (wanted instanceof RegExp ? wanted.test(text) : wanted === text);

export function expect(locator, patience = PATIENCE_MS) {
    const name = String(locator);
    return {
        count: (n) => becomes(() => locator.count(), (got) => got === n, `${n} of ${name}`, patience),
        text: (wanted) => becomes(async () => ((await locator.count()) ? (await locator.innerText()).trim() : ""),
            (got) => matches(wanted, got), `${wanted} in ${name}`, patience),
        value: (wanted) => becomes(() => locator.inputValue(), (got) => got === wanted, `${wanted} in ${name}`, patience),
        hidden: () => becomes(() => locator.isVisible(), (seen) => !seen, `${name} hidden`, patience),
        attribute: (key, wanted) => becomes(async () => ((await locator.count()) ? locator.getAttribute(key) : null),
            (got) => got !== null && matches(wanted, got), `${key} ${wanted} of ${name}`, patience),
    };
}
