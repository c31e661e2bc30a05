/* SPDX-License-Identifier: Apache-2.0 */

// The designer's page: joins the chat, the graph and what goes on inside, and follows the files.

import { button, h } from "../widget/dom.js";
import type { EventFrame } from "../widget/frames.js";
import { Chat, Mirror } from "./chat.js";
import { Graph } from "./graph.js";
import { show_knows, show_model, show_why, turns_of } from "./inside.js";
import { Watch } from "./state.js";
import { BUSY } from "./state.js";
import type { Project, State } from "./state.js";
import { show_trouble } from "./trouble.js";

function at<T extends HTMLElement>(id: string): T {
    const element = document.getElementById(id);
    if (!element) throw new Error(`the page has no ${id}`);
    return element as T;
}

const locale = at<HTMLSelectElement>("locale");
const beside = at<HTMLSelectElement>("beside");
const flow = at<HTMLSelectElement>("flow");
const follow = at<HTMLInputElement>("follow");
const trouble = at("trouble");
const status_line = at("state");

let state: State | null = null;
let chat: Chat | null = null;
let mirror: Mirror | null = null;
let frames: EventFrame[] = [];
let lost = false;

const graph = new Graph(at("canvas"), (name) => {
    follow.checked = false;
    flow.value = name;
    draw();
});
const watch = new Watch(told, (now) => {
    if (now === lost) return;
    lost = now;
    tell_status();
});

// ---- what stands in the header ----

function name_of(id: string): string {
    return new Intl.DisplayNames(["en"], { type: "language" }).of(id) ?? id;
}

function options(select: HTMLSelectElement, rows: [string, string][], chosen: string): void {
    const same = select.options.length === rows.length && rows.every(([v], i) => select.options[i]?.value === v);
    if (!same) select.replaceChildren(...rows.map(([value, text]) => h("option", { value }, text)));
    select.value = rows.some(([value]) => value === chosen) ? chosen : (rows[0]?.[0] ?? "");
}

function plural(n: number, one: string, many: string): string {
    return n === 1 ? `one conversation ${one}` : `${n} conversations ${many}`;
}

// What became of the conversations that were under way.
function mapped(r: Project["reload"]): string {
    if (!r) return "";
    const parts = [
        r.moved && plural(r.moved, "goes on where it stood", "go on where they stood"),
        r.asked && plural(r.asked, "is asked again", "are asked again"),
        r.stayed && plural(r.stayed, "ends on the version it began on", "end on the version they began on"),
        r.lost && plural(r.lost, "could not be moved and ends on the old version", "could not be moved and end on the old version"),
    ].filter((part) => typeof part === "string");
    return parts.join(", ");
}

function tell_status(): void {
    if (!state) return;
    const { project, broken, diagnostics } = state;
    const warnings = diagnostics.filter((d) => d.said.severity !== "error").length;
    const look = lost || broken ? "dot bad" : "dot";
    const words = lost
        ? "The server does not answer."
        : project.stands_in
            ? "The files have mistakes; the assistant begins when they are mended."
        : broken
            ? `${project.assistant}: the files have mistakes; the last good version goes on.`
            : project.builds === 0
                ? `${project.assistant} runs, and follows the files.`
                : `${project.assistant}: change ${project.builds} taken up in ${project.took_ms} ms.`;
    const fate = !lost && !broken ? mapped(project.reload) : "";
    status_line.replaceChildren(h("span", { class: look, "aria-hidden": "true" }), words, fate && ` ${fate[0]?.toUpperCase()}${fate.slice(1)}.`);
    const label = broken ? "Show them" : `${warnings} ${warnings === 1 ? "warning" : "warnings"}`;
    if (!lost && (broken || warnings)) status_line.append(" ", button({ class: "text-button" }, reveal, label));
}

// ---- what is shown ----

function reveal(): void {
    if (!state) return;
    show_trouble(trouble, state, put_away);
    look_at("graph"); // where they stand
    trouble.querySelector<HTMLElement>("h2")?.focus();
}

// While nothing of the files runs there is nothing below it.
function put_away(): void {
    if (state?.project.stands_in) return;
    trouble.hidden = true;
    at("canvas").focus();
}

function current(): { flow: string; place: string } {
    const step = state?.conversation?.steps.at(-1)?.it;
    return { flow: step?.flow ?? "", place: step?.place ?? "" };
}

function draw(): void {
    if (!state) return;
    const now = current();
    if (follow.checked) flow.value = state.project.flows.some((f) => f.name === now.flow) ? now.flow : "";
    if (state.project.stands_in) return; // the mistakes stand in its place
    void graph.show(flow.value, state.project.builds);
    const turn = turns_of(state.conversation).at(-1);
    graph.light(now.place, now.flow, turn?.steps.flatMap((s) => s.ran) ?? []);
}

function reflect(): void {
    const said = state?.conversation?.steps.flatMap(({ it }) => it.said[beside.value] ?? []) ?? [];
    mirror?.show(frames, said);
}

let project_shown = "";

function told(next: State): void {
    const first = state === null || (state.project.stands_in && !next.project.stands_in);
    const was_broken = state?.broken ?? false;
    const mistakes_before = JSON.stringify(state?.diagnostics);
    state = next;
    const { project } = next;
    if (first || project_shown !== JSON.stringify(project)) {
        project_shown = JSON.stringify(project);
        document.title = `${project.assistant} – Parlance studio`;
        const locales = project.locales.map((l): [string, string] => [l.id, name_of(l.id)]);
        options(locale, locales, (!first && locale.value) || remembered("locale") || project.source_locale);
        options(beside, [["", "nothing"], ...locales], first ? (remembered("beside") ?? "") : beside.value);
        list_flows(project);
    }
    if (first) begin();
    const turns = turns_of(next.conversation);
    show_why(at("panel-why"), turns);
    show_knows(at("panel-knows"), turns);
    show_model(at("panel-model"), next.conversation, project.models);
    if (next.broken && mistakes_before !== JSON.stringify(next.diagnostics))
        show_trouble(trouble, next, put_away);
    else if (!next.broken && was_broken) trouble.hidden = true;
    tell_status();
    draw();
    reflect();
    say_again();
}

function list_flows(project: Project): void {
    const own = project.flows.filter((f) => !f.prelude);
    const prelude = project.flows.filter((f) => f.prelude);
    const chosen = flow.value;
    const group = (label: string, flows: Project["flows"]): HTMLElement =>
        h("optgroup", { label }, ...flows.map((f) => h("option", { value: f.name }, f.name)));
    flow.replaceChildren(h("option", { value: "" }, "all flows"), group("of the project", own), group("of the prelude", prelude));
    flow.value = project.flows.some((f) => f.name === chosen) ? chosen : "";
}

// ---- choices that this tab remembers ----

function remembered(name: string): string | null {
    try {
        return sessionStorage.getItem(`studio ${name}`);
    } catch {
        return null;
    }
}

function remember(name: string, value: string): void {
    try {
        sessionStorage.setItem(`studio ${name}`, value);
    } catch {
        // it is forgotten with the page
    }
}

// ---- the chats ----

function begin(): void {
    chat?.stop();
    frames = [];
    again = null;
    if (state?.project.stands_in) {
        at("chat").replaceChildren(h("p", { class: "empty" }, "The chat begins when the files have no mistakes."));
        return;
    }
    chat = new Chat(at("chat"), locale.value, {
        conversation: (id) => watch.follow(id),
        transcript: (all) => {
            frames = all;
            reflect();
            say_again();
        },
    });
    place_mirror();
}

function place_mirror(): void {
    const pane = at("mirror");
    const other = state?.project.locales.find((l) => l.id === beside.value);
    pane.hidden = !other;
    pane.replaceChildren();
    mirror = other && chat ? new Mirror(pane, other, chat) : null;
    document.body.classList.toggle("mirrored", mirror !== null);
    reflect();
}

// ---- one turn back ----

// A new conversation in which all that was said is said again, but for the last; the shop is asked
// again, too. Null: none is under way.
let again: { left: string[]; said: number; from: string } | null = null;

function own_words(): string[] {
    const own = frames.filter((f) => f.kind === "message" && f.from === "customer");
    return own.map((f) => f.parts?.map((part) => (part.type === "text" ? part.text : "")).join(" ") ?? "");
}

function step_back(): void {
    const said = own_words();
    if (!chat || again || said.length === 0) return;
    again = { left: said.slice(0, -1), said: 0, from: state?.conversation?.id ?? "" };
    chat.renews();
    say_again();
}

// When it waits for the customer who has said all before; who says something else goes on from there.
function say_again(): void {
    const c = state?.conversation;
    const standing = c && c.steps.at(-1)?.it.stands;
    if (again && c && standing && c.id !== again.from && standing !== BUSY) {
        const said = c.steps.filter(({ it }) => it.kind === "message").length;
        const next = said === again.said ? again.left.shift() : undefined;
        if (next !== undefined) chat?.says({ text: next });
        if (next !== undefined) again.said++;
        else if (said >= again.said) again = null;
    }
    at<HTMLButtonElement>("back").disabled = again !== null || own_words().length === 0;
}

// ---- what the designer does ----

locale.addEventListener("change", () => {
    remember("locale", locale.value);
    begin();
});
beside.addEventListener("change", () => {
    remember("beside", beside.value);
    place_mirror();
});
at("restart").addEventListener("click", () => {
    again = null;
    chat?.renews();
});
at("back").addEventListener("click", step_back);
flow.addEventListener("change", () => {
    follow.checked = false;
    draw();
});
follow.addEventListener("change", draw);
at("smaller").addEventListener("click", () => graph.zoom(-1));
at("larger").addEventListener("click", () => graph.zoom(1));
at("fit").addEventListener("click", () => graph.zoom(0));
new ResizeObserver(() => graph.settle()).observe(at("canvas"));
document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !trouble.hidden) put_away();
});

const tabs = [...document.querySelectorAll<HTMLElement>("[role=tab]")];

function choose_tab(tab: HTMLElement): void {
    for (const other of tabs) {
        const on = other === tab;
        other.setAttribute("aria-selected", String(on));
        other.tabIndex = on ? 0 : -1;
        at(other.getAttribute("aria-controls") ?? "").hidden = !on;
    }
    tab.focus();
}

for (const [i, tab] of tabs.entries()) {
    tab.addEventListener("click", () => choose_tab(tab));
    tab.addEventListener("keydown", (event) => {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        const next = step && tabs[(i + step + tabs.length) % tabs.length];
        if (next) choose_tab(next);
    });
}

// On a narrow screen one of the three at a time.
const views = [...document.querySelectorAll<HTMLElement>(".views button")];
function look_at(name: string): void {
    document.body.dataset.view = name;
    for (const view of views) view.setAttribute("aria-pressed", String(view.dataset.to === name));
    graph.settle();
}

for (const view of views) view.addEventListener("click", () => look_at(view.dataset.to ?? "chat"));

const LEGEND: [string, string][] = [
    ["say", "speaks"],
    ["ask", "waits for the customer"],
    ["branch", "decides"],
    ["hook", "asks the shop"],
    ["model", "asks a model"],
    ["person", "hands over"],
    ["flow", "another flow"],
    ["here", "stands here"],
    ["went", "came this way"],
    ["maybe", "only if the customer takes it"],
];
at("legend").append(...LEGEND.map(([look, text]) => h("span", { class: `key ${look}` }, h("i", { "aria-hidden": "true" }), text)));
