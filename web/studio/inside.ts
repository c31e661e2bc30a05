/* SPDX-License-Identifier: Apache-2.0 */

// What goes on inside a conversation: why, what it knows, what models were asked.

import { h } from "../widget/dom.js";
import type { Ask, Reply, State, Step } from "./state.js";

type Conversation = NonNullable<State["conversation"]>;

// A turn of the customer, and all that followed from it until the next.
interface Turn {
    said: string | null; // null: the conversation began
    steps: Step[];
}

export function turns_of(c: Conversation | undefined): Turn[] {
    const turns: Turn[] = [];
    for (const { it } of c?.steps ?? []) {
        if (it.kind === "message" || turns.length === 0)
            turns.push({ said: it.kind === "message" ? it.text : null, steps: [] });
        turns.at(-1)?.steps.push(it);
    }
    return turns;
}

// ---- why ----

// Reasons that somebody looks for, told from those that are always there.
const STRONG = new Set(["rule", "handed over", "goal", "missed", "else", "cancelled", "corrected"]);

const LONGEST = 240; // characters of a reason; all of a value stands under Knows

function short(text: string): string {
    return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

function reason([what, text]: [string, string]): HTMLElement {
    const look = what === "mistake" ? "badge bad" : STRONG.has(what) ? "badge strong" : "badge";
    return h("li", {}, h("span", { class: look }, what), h("span", { class: "text" }, short(text)));
}

function stands(step: Step): HTMLElement {
    return h("p", { class: "stands" }, h("strong", {}, "Waits "), step.stands);
}

function turn_card(turn: Turn, newest: boolean): HTMLElement {
    const heading = turn.said === null ? "The conversation begins" : short(turn.said) || "(no words)";
    const card = h("details", { class: "turn" }, h("summary", {}, h("bdi", {}, heading)));
    const list = h("ul", { class: "reasons" });
    for (const step of turn.steps) list.append(...step.reasons.map(reason));
    card.open = newest;
    const last = turn.steps.at(-1);
    card.append(list);
    if (last) card.append(stands(last));
    return card;
}

export function show_why(panel: HTMLElement, turns: Turn[]): void {
    if (turns.length === 0) return empty(panel, "Say something in the chat: here stands what the assistant made of it, and why.");
    panel.replaceChildren(...[...turns].reverse().map((turn, i) => turn_card(turn, i === 0)));
}

// ---- what it knows ----

export function show_knows(panel: HTMLElement, turns: Turn[]): void {
    const now = turns.at(-1)?.steps.at(-1)?.slots ?? [];
    const before = new Map(turns.at(-2)?.steps.at(-1)?.slots ?? []);
    if (now.length === 0) return empty(panel, "Nothing yet. What the conversation keeps appears here as it is filled.");
    const rows = now.flatMap(([name, value]) => {
        const fresh = before.get(name) !== value;
        const term = h("dt", {}, name, fresh && h("span", { class: "badge strong" }, "new"));
        return [term, h("dd", fresh ? { class: "fresh" } : {}, h("bdi", {}, value))];
    });
    panel.replaceChildren(h("dl", { class: "slots" }, ...rows));
}

// ---- models ----

const seconds = (us: number): string => `${(us / 1e6).toFixed(us < 1e7 ? 2 : 1)} s`;
const count = (n: number): string => new Intl.NumberFormat("en").format(n);

function said(label: string, text: string): HTMLElement {
    return h("div", { class: "said" }, h("h3", {}, label), h("pre", { dir: "auto", tabindex: "0" }, text));
}

function figures(reply: Reply): HTMLElement {
    const rows: [string, string][] = [
        ["model", reply.target],
        ["tokens in", count(reply.input + reply.cached) + (reply.cached ? ` (${count(reply.cached)} cached)` : "")],
        ["tokens out", count(reply.output)],
        ["cost", (reply.micro / 1e6).toFixed(6)],
        ["first word", reply.first_us < 0 ? "none" : seconds(reply.first_us)],
        ["in all", seconds(reply.took_us)],
        ["attempts", count(reply.attempts)],
    ];
    return h("dl", { class: "figures" }, ...rows.flatMap(([k, v]) => [h("dt", {}, k), h("dd", {}, v)]));
}

function ask_card(ask: Ask, reply: Reply | undefined, newest: boolean): HTMLElement {
    const what = ask.embed ? `Vectors of ${ask.embed} text${ask.embed > 1 ? "s" : ""}` : ask.schema ? "A decision" : "An answer";
    const state = !reply ? "under way" : reply.failure || "done";
    const card = h("details", { class: "turn" },
        h("summary", {}, what, h("span", { class: reply?.failure ? "badge bad" : "badge" }, state)));
    card.open = newest;
    if (reply) card.append(figures(reply));
    if (ask.system) card.append(said("Sent: instructions", ask.system));
    for (const m of ask.messages)
        card.append(said(`Sent: ${m.role}`, [m.text, ...(m.calls ?? []).map((c) => `${c.name} ${c.arguments}`)].filter(Boolean).join("\n")));
    if (ask.tools.length) card.append(said("Tools", ask.tools.join("\n")));
    for (const call of reply?.calls ?? []) card.append(said(`Calls ${call.name}`, call.arguments));
    if (reply?.text) card.append(said("Came back", reply.text));
    if (reply?.failure) card.append(said("Failed", reply.why || reply.failure));
    return card;
}

export function show_model(panel: HTMLElement, c: Conversation | undefined, models: boolean): void {
    const asks = c?.asks ?? [];
    const none = models
        ? "No model was asked. Here stands what is sent to one, with placeholders in the place of personal data, and what comes back."
        : "No model is connected (--models names a file of them), so questions are answered from the articles.";
    if (asks.length === 0) return empty(panel, none);
    panel.replaceChildren(...[...asks].reverse().map(({ it, reply }, i) => ask_card(it, reply, i === 0)));
}

function empty(panel: HTMLElement, text: string): void {
    panel.replaceChildren(h("p", { class: "empty" }, text));
}
