/* SPDX-License-Identifier: Apache-2.0 */

// Elements without markup: text is always a text node, so nothing a server or a customer writes can
// become HTML, and pages that enforce Trusted Types have nothing to object to.

type Child = Node | string | null | undefined | false;

export function h<K extends keyof HTMLElementTagNameMap>(
    tag: K,
    attributes: Record<string, string> = {},
    ...children: Child[]
): HTMLElementTagNameMap[K] {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    for (const child of children) if (child) element.append(child);
    return element;
}

export function button(
    attributes: Record<string, string>,
    press: () => void,
    ...children: Child[]
): HTMLButtonElement {
    const element = h("button", { type: "button", ...attributes }, ...children);
    element.addEventListener("click", press);
    return element;
}

const SVG = "http://www.w3.org/2000/svg";

const shapes = {
    chat: "M4 5.5A2.5 2.5 0 0 1 6.5 3h11A2.5 2.5 0 0 1 20 5.5v8a2.5 2.5 0 0 1-2.5 2.5H11l-4.6 4.1c-.5.5-1.4.1-1.4-.6V15.8A2.5 2.5 0 0 1 4 13.5z",
    close: "M6 6l12 12M18 6L6 18",
    down: "M6 9l6 6 6-6",
    send: "M5 12h13M12 5l7 7-7 7",
    away: "M14 5h5v5M19 5l-8 8M11 6H6v12h12v-5",
    clip: "M20 11.5l-8.2 8.1a5 5 0 0 1-7.1-7.1L13 4.3a3.4 3.4 0 0 1 4.8 4.8l-8.2 8.1a1.7 1.7 0 0 1-2.4-2.4l7.5-7.4",
    thumb: "M4 11h3v9H4zM7 11l4-8a2.4 2.4 0 0 1 2.4 2.5V9h5.1a2 2 0 0 1 2 2.3l-1.2 7a2 2 0 0 1-2 1.7H7",
    check: "M5 12.5l4.5 4.5L19 7.5",
    alert: "M12 7v6M12 16.5v.5M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z",
};

export function icon(name: keyof typeof shapes): SVGElement {
    const svg = document.createElementNS(SVG, "svg");
    const path = document.createElementNS(SVG, "path");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("class", `icon icon-${name}`);
    svg.setAttribute("aria-hidden", "true");
    path.setAttribute("d", shapes[name]);
    svg.append(path);
    return svg;
}

// Only addresses a customer may be sent to; relative ones belong to the server.
export function safe_url(text: unknown, base: string): string | null {
    if (typeof text !== "string") return null;
    try {
        const url = new URL(text, base);
        return url.protocol === "https:" || url.protocol === "http:" ? url.href : null;
    } catch {
        return null;
    }
}
