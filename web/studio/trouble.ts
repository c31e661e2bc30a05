/* SPDX-License-Identifier: Apache-2.0 */

// Mistakes in the files, over the graph, while the last good version goes on.

import { button, h, icon } from "../widget/dom.js";
import type { Diagnostic, State } from "./state.js";

function mistake({ said, line }: Diagnostic): HTMLElement {
    const where = said.file ? `${said.file}:${said.line}:${said.column}` : "";
    const item = h("li", { class: said.severity },
        h("p", { class: "where" }, where, said.code && h("code", {}, said.code)),
        h("p", { class: "what" }, said.message));
    if (line) item.append(h("pre", { dir: "auto" }, line));
    const notes = (said.notes ?? []).map((n) => h("li", {}, n.message));
    if (notes.length) item.append(h("ul", { class: "notes" }, ...notes));
    return item;
}

// broken: the files do not compile, and what runs is older than they are.
export function show_trouble(panel: HTMLElement, state: State, close: () => void): void {
    const { broken, diagnostics: all } = state;
    const shown = broken ? all.filter((d) => d.said.severity === "error") : all;
    const n = shown.length;
    const word = broken ? (n === 1 ? "mistake" : "mistakes") : n === 1 ? "warning" : "warnings";
    panel.hidden = n === 0;
    if (n === 0) return panel.replaceChildren();
    panel.classList.toggle("soft", !broken);
    panel.replaceChildren(
        h("div", { class: "bar" },
            icon("alert"),
            h("h2", { tabindex: "-1" }, `${n} ${word}`),
            !state.project.stands_in && button({ class: "bare", "aria-label": "Hide the mistakes" }, close, icon("close"))),
        h("p", { class: "calm" }, state.project.stands_in
            ? "The chat begins when they are mended. Mend the file and save it."
            : broken
            ? "The chat goes on with the last good version. Mend the file and save it."
            : "The flows run as they are."),
        h("ol", { class: "mistakes" }, ...shown.map(mistake)),
        h("p", { class: "calm" }, "parlance explain CODE says more of each."),
    );
}
