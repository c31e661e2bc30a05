/* SPDX-License-Identifier: Apache-2.0 */

// The parts of a message as elements. Unknown parts, and parts whose shape is wrong, are left out.

import { button, h, icon, safe_url } from "./dom.js";
import type { Card, Part, Source } from "./frames.js";
import type { Strings } from "./strings.js";

export interface PartContext {
    strings: Strings;
    base: string; // what relative addresses are relative to
    locale: string;
    seq: number; // of the event
    press(id: string, label: string): void;
    rate(value: number): void;
}

const RTL_LETTER = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]/;

// A line without a single letter of its paragraph's script (an English answer in an Arabic talk) takes
// its own direction; any other follows the conversation, even when it opens with a brand name.
export function text_direction(text: string): "auto" | null {
    return RTL_LETTER.test(text) ? null : "auto";
}

export function words(tag: "p" | "span" | "h3" | "li" | "dd", text: string): HTMLElement {
    const dir = text_direction(text);
    return h(tag, dir ? { dir } : {}, text);
}

export function outside_link(
    context: Pick<PartContext, "strings" | "base">,
    look: string,
    label: string,
    address: unknown,
): HTMLAnchorElement | null {
    const href = safe_url(address, context.base);
    if (!href) return null;
    return h(
        "a",
        { class: look, href, target: "_blank", rel: "noopener noreferrer" },
        label,
        icon("away"),
        h("span", { class: "unseen" }, ` ${context.strings.new_tab}`),
    );
}

// Texts by turns not marked and marked, as one line.
function marked(tag: "p" | "blockquote", texts: string[], locale?: string): HTMLElement {
    const dir = text_direction(texts.join(""));
    const line = h(tag, { ...(dir && { dir }), ...(locale && { lang: locale }) });
    texts.forEach((text, i) => line.append(i % 2 ? h("mark", {}, text) : text));
    return line;
}

function passage_of(part: Part): string[] {
    const texts = part.type === "source" ? part.passage : undefined;
    return Array.isArray(texts) && texts.every((t) => typeof t === "string") ? texts : [];
}

function picture(context: PartContext, address: unknown, alt: string): HTMLElement | null {
    const src = safe_url(address, context.base);
    if (!src) return null;
    const image = h("img", { src, alt, loading: "lazy", decoding: "async" });
    image.addEventListener("error", () => image.classList.add("broken"));
    return image;
}

function file_name(address: string): string {
    return decodeURIComponent(address.split(/[?#]/)[0]?.split("/").pop() || address);
}

function fact(label: string, value: string): HTMLElement {
    return h("div", {}, h("dt", {}, label), words("dd", value));
}

function press_or_go(context: PartContext, part: Part & { type: "button" }): HTMLElement | null {
    if (part.url !== undefined) return outside_link(context, "action", part.label, part.url);
    return button({ class: "action" }, () => context.press(part.id, part.label), part.label);
}

// Where an answer comes from: a page, or an article that the server shows.
function source(context: PartContext, part: Source): HTMLElement | null {
    const id = part.article?.replace(/^kb\//, "").split("/").map(encodeURIComponent).join("/");
    const locale = encodeURIComponent(part.locale ?? context.locale);
    const address = part.url ?? (id && `/kb/${locale}/${id}`);
    const label = part.label || part.url;
    if (!label) return null;
    const link = address ? outside_link(context, "link", label, address) : null;
    const line = h("p", { class: "source" }, `${context.strings.source} `, link ?? words("span", label));
    const said = passage_of(part);
    if (said.length === 0) return line;
    const passage = h("details", { class: "passage" }, h("summary", {}, context.strings.passage),
        marked("blockquote", said, part.locale));
    return h("div", { class: "sourced" }, line, passage);
}

// An answer that is a passage word for word has the marks itself, and its source needs not say it again.
function join_passages(parts: Part[]): Part[] {
    const same = (text: string): string[] | undefined =>
        parts.map(passage_of).find((texts) => texts.length > 0 && texts.join("").trim() === text.trim());
    const shown = parts.flatMap((part) => (part.type === "text" && same(part.text)) || []).join("").trim();
    return parts.map((part): Part => {
        if (part.type === "text") return { ...part, marked: same(part.text) };
        const again = shown !== "" && passage_of(part).join("").trim() === shown;
        return again && part.type === "source" ? { ...part, passage: [] } : part;
    });
}

// Pressed again, a thumb is taken back.
function rating(context: PartContext): HTMLElement {
    const s = context.strings;
    const thanks = h("span", { role: "status" });
    const thumb = (value: number, look: string, label: string): HTMLButtonElement => {
        const made = button({ class: `thumb ${look}`, "aria-label": label, title: label, "aria-pressed": "false" }, () => {
            const on = made.getAttribute("aria-pressed") !== "true";
            for (const one of thumbs) one.setAttribute("aria-pressed", String(on && one === made));
            thanks.textContent = on ? s.thanks : "";
            context.rate(on ? value : 0);
        }, icon("thumb"));
        return made;
    };
    const thumbs = [thumb(1, "up", s.helped), thumb(-1, "down", s.helped_not)];
    return h("div", { class: "rating", role: "group", "aria-label": s.helpful, "data-seq": String(context.seq) },
        h("span", { "aria-hidden": "true" }, s.helpful), ...thumbs, thanks);
}

// What the server has of it: from before, or from another tab.
export function show_rated(root: ParentNode, seq: number, value: number): void {
    for (const thumb of root.querySelectorAll(`.rating[data-seq="${seq}"] .thumb`))
        thumb.setAttribute("aria-pressed", String(value === (thumb.classList.contains("up") ? 1 : -1)));
}

function card(context: PartContext, part: Card): HTMLElement {
    const all = part.parts ?? [];
    const pictures = all.filter((p) => p.type === "image");
    const rest = all.filter((p) => p.type !== "image");
    return h(
        "div",
        { class: "card" },
        ...render(context, pictures),
        h(
            "div",
            { class: "card-body" },
            part.title ? words("h3", part.title) : null,
            part.text ? words("p", part.text) : null,
            ...render(context, rest),
        ),
    );
}

function cards(context: PartContext, items: Card[]): HTMLElement {
    const list = h("ul", { class: "cards" });
    for (const item of items) list.append(h("li", {}, card(context, item)));
    return h(
        "div",
        { class: "shelf", tabindex: "0", role: "group", "aria-label": context.strings.products },
        list,
    );
}

function one(context: PartContext, part: Part): HTMLElement | null {
    switch (part.type) {
        case "text":
            return part.marked ? marked("p", part.marked) : words("p", part.text);
        case "image":
            return picture(context, part.url, part.alt ?? "");
        case "fact":
            return h("dl", { class: "facts" }, fact(part.label, part.value));
        case "button":
            return h("div", { class: "actions" }, press_or_go(context, part));
        case "link":
            return outside_link(context, "link", part.label, part.url);
        case "steps":
            return h("ol", { class: "steps" }, ...part.items.map((item) => words("li", item)));
        case "file":
            return outside_link(context, "link", file_name(part.url), part.url);
        case "source":
            return source(context, part);
        case "rating":
            return rating(context);
        case "card":
            return card(context, part);
        case "cards":
            return cards(context, part.items);
        default:
            return null;
    }
}

// Neighbours that belong together become one list: facts one table of facts, buttons one row.
function join(before: Element | undefined, next: HTMLElement): boolean {
    const look = next.className;
    if (!before || before.className !== look || (look !== "facts" && look !== "actions")) return false;
    before.append(...next.childNodes);
    return true;
}

export function render(context: PartContext, parts: Part[]): HTMLElement[] {
    const made: HTMLElement[] = [];
    for (const part of join_passages(parts)) {
        let element: HTMLElement | null = null;
        try {
            element = one(context, part);
        } catch {
            // A part of the wrong shape says nothing; the rest of the message still counts.
        }
        if (element && !join(made.at(-1), element)) made.push(element);
    }
    return made;
}
