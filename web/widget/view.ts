/* SPDX-License-Identifier: Apache-2.0 */

// The launcher, the panel and the transcript. Draws what it is told and reports what the visitor does;
// knows nothing of connections. The transcript is: events in order of seq, then what is still unsent.

import { button, h, icon } from "./dom.js";
import type { Choice, EventFrame, Party, Saying, With } from "./frames.js";
import type { Link } from "./session.js";
import type { Waiting } from "./memory.js";
import { outside_link, render, show_rated, words } from "./parts.js";
import type { PartContext } from "./parts.js";
import { css } from "./style.js";
import { direction, strings } from "./strings.js";
import type { Strings } from "./strings.js";
import { dialog_filter, is_final, trouble_text } from "./upload.js";
import type { Progress, Sending } from "./upload.js";

export interface Visitor {
    opened(): void;
    closed(): void;
    says(saying: Saying): void;
    sends(file: File, progress: Progress): Sending | null; // null: not connected
    rates(seq: number, value: number): void;
    writes(): void;
    renews(): void;
    retries(): void; // asks for a connection that was refused
}

interface Bubble {
    element: HTMLElement;
    meta: HTMLElement;
    message: Waiting;
}

const TYPING_MS = 6_000;
const LONGEST = "4000"; // characters of a message: more are not read
const NEAR_END = 80; // pixels from the end within which the transcript follows what is new
const FULL_SCREEN = "(max-width: 480px), (max-height: 480px)";

export class View {
    readonly #visitor: Visitor;
    readonly #shadow: ShadowRoot;
    readonly #base: string;
    readonly #title: string | null;
    readonly #inline: boolean;
    readonly #height = new CSSStyleSheet(); // follows the on-screen keyboard
    #strings: Strings;
    #locale: string;
    #link: Link = "idle";
    #with: With = "bot";
    #open = false;
    #over = false;
    #catching_up = false;
    #unread = 0;
    #following = true; // the end stays in sight, until the visitor scrolls up
    #tall = 0; // of what is in sight, when it was last observed
    #typing_timer = 0;
    #unsent = new Map<string, Bubble>(); // by key
    #sent = new Map<string, Bubble>(); // by cid, until the event with that cid arrives
    #unread_own: { meta: HTMLElement; at: string | undefined }[] = []; // until the other side says something
    #turn: Party | null = null; // who spoke last
    #accept: string[] | null = null; // kinds of files that the open question takes; null: none
    #uploads = new Set<Sending>();

    readonly #root = h("div", { class: "root" });
    readonly #badge = h("span", { class: "badge", "aria-hidden": "true", hidden: "" });
    readonly #launcher = button(
        { class: "launcher", "aria-expanded": "false", "aria-controls": "panel", "aria-haspopup": "dialog" },
        () => this.toggle(),
        icon("chat"),
        icon("down"),
        this.#badge,
    );
    readonly #heading = h("h2", { id: "title" });
    readonly #who = h("p", { id: "who" });
    readonly #close = button({ class: "bare" }, () => this.close(), icon("close"));
    readonly #notice = h("p", { class: "notice", role: "status" });
    readonly #log = h("div", { class: "log", role: "log", "aria-live": "polite" });
    readonly #typing = h("div", { class: "typing", hidden: "" });
    // Seen as it is written; screen readers hear the whole answer once, when it is said.
    readonly #draft = h("div", { class: "draft", "aria-hidden": "true", hidden: "" });
    readonly #choices = h("div", { class: "choices", role: "group" });
    readonly #scroll = h(
        "div",
        { class: "scroll", tabindex: "0", role: "region" },
        this.#log,
        this.#draft,
        this.#typing,
        this.#choices,
    );
    readonly #newest = button({ class: "newest", hidden: "" }, () => this.#to_end());
    readonly #field = h("textarea", { rows: "1", maxlength: LONGEST, enterkeyhint: "send" });
    readonly #send = h("button", { class: "send", type: "submit" }, icon("send"));
    readonly #file = h("input", { type: "file", hidden: "", tabindex: "-1", "aria-hidden": "true" });
    readonly #attach = button({ class: "attach", hidden: "" }, () => this.#file.click(), icon("clip"));
    readonly #drop = h("div", { class: "drop", "aria-hidden": "true", hidden: "" });
    readonly #foot = h("form", { class: "foot" }, this.#attach, this.#field, this.#send, this.#file);
    readonly #panel = h(
        "div",
        {
            class: "panel",
            id: "panel",
            role: "dialog",
            "aria-labelledby": "title",
            "aria-describedby": "who",
            hidden: "",
        },
        h(
            "div",
            { class: "head" },
            h("span", { class: "face", "aria-hidden": "true" }, icon("chat")),
            h("div", {}, this.#heading, this.#who),
            this.#close,
        ),
        this.#notice,
        this.#scroll,
        this.#newest,
        this.#foot,
        this.#drop,
    );

    // inline: the panel is a part of the page, always open, in the place of a button that opens it.
    constructor(
        shadow: ShadowRoot,
        visitor: Visitor,
        locale: string,
        base: string,
        title: string | null,
        inline = false,
    ) {
        this.#inline = inline;
        this.#shadow = shadow;
        this.#visitor = visitor;
        this.#base = base;
        this.#title = title;
        this.#locale = locale;
        this.#strings = strings(locale);
        const sheet = new CSSStyleSheet();
        sheet.replaceSync(css);
        shadow.adoptedStyleSheets = [sheet, this.#height];
        if (inline) this.#settle_in();
        else this.#root.append(this.#launcher);
        this.#root.append(this.#panel);
        shadow.append(this.#root);
        this.speak(locale, direction(locale));
        this.#listen();
    }

    #settle_in(): void {
        this.#root.classList.add("inline");
        this.#panel.setAttribute("role", "region");
        this.#close.remove();
    }

    get is_open(): boolean {
        return this.#open;
    }

    toggle(): void {
        if (this.#open) this.close();
        else this.open();
    }

    open(): void {
        if (this.#open) return;
        this.#open = true;
        this.#panel.hidden = false;
        this.#launcher.setAttribute("aria-expanded", "true");
        this.unread(0);
        this.#fit();
        this.#to_end();
        if (!this.#inline) this.#to_work();
        this.#visitor.opened();
    }

    close(): void {
        if (!this.#open) return;
        this.#open = false;
        this.#panel.hidden = true;
        this.#launcher.setAttribute("aria-expanded", "false");
        this.#name_launcher();
        this.#launcher.focus();
        this.#visitor.closed();
    }

    // The language and direction of everything the widget says itself.
    speak(locale: string, dir: "ltr" | "rtl"): void {
        const s = (this.#strings = strings(locale));
        this.#locale = locale;
        this.#root.lang = locale;
        this.#root.dir = dir;
        this.#heading.textContent = this.#title ?? s.title;
        this.#close.setAttribute("aria-label", s.close);
        this.#log.setAttribute("aria-label", s.conversation);
        this.#scroll.setAttribute("aria-label", s.conversation);
        this.#name_choices(false);
        this.#attach.setAttribute("aria-label", s.attach);
        this.#attach.title = s.attach;
        this.#drop.textContent = s.drop;
        this.#field.setAttribute("aria-label", s.write);
        this.#field.placeholder = s.write;
        this.#send.setAttribute("aria-label", s.send);
        this.#newest.replaceChildren(s.newest, icon("down"));
        this.partner(this.#with);
        this.#name_launcher();
    }

    partner(who: With): void {
        this.#with = who;
        this.#who.textContent = this.#strings[who === "agent" || who === "waiting" ? who : "bot"];
    }

    link(link: Link): void {
        const s = this.#strings;
        const before = this.#link;
        this.#link = link;
        this.#notice.classList.toggle("bad", link === "refused" || link === "waiting");
        if (link === "refused") {
            const again = button({ class: "text-button" }, () => this.#visitor.retries(), s.again);
            this.#notice.replaceChildren(icon("alert"), s.refused, again);
        } else if (link === "waiting" || (link === "connecting" && before === "waiting")) {
            this.#notice.classList.add("bad"); // one lasting message, not one for each attempt
            if (!this.#notice.textContent?.includes(s.lost)) this.#notice.replaceChildren(s.lost);
            this.#link = "waiting";
        } else this.#notice.replaceChildren(link === "connecting" ? s.connecting : "");
    }

    unread(count: number): void {
        this.#unread = count;
        this.#badge.hidden = count === 0;
        this.#badge.textContent = count > 99 ? "99+" : new Intl.NumberFormat(this.#locale).format(count);
        this.#name_launcher();
    }

    // While missed events arrive, screen readers hear nothing; afterwards only what is new.
    catching_up(on: boolean): void {
        this.#catching_up = on;
        this.#log.setAttribute("aria-live", on ? "off" : "polite");
        this.#log.setAttribute("aria-busy", String(on));
        if (!on) this.#to_end();
    }

    clear(): void {
        for (const sending of this.#uploads) sending.stop();
        this.#uploads.clear();
        this.#take_files(null);
        this.#log.replaceChildren();
        this.#choices.replaceChildren();
        this.#unsent.clear();
        this.#sent.clear();
        this.#unread_own = [];
        this.#turn = null;
        this.#set_over(false);
    }

    event(frame: EventFrame): void {
        if (frame.kind === "rated") return show_rated(this.#log, frame.rates ?? 0, frame.value ?? 0);
        if (frame.from === "customer") this.#customer_event(frame);
        else this.#other_event(frame);
        if (this.#following || frame.from === "customer") this.#to_end();
        else this.#newest.hidden = false;
    }

    typing(on: boolean): void {
        clearTimeout(this.#typing_timer);
        const name = this.#strings[this.#with === "agent" ? "agent_said" : "bot_said"].replace(/:$/, "");
        const beats = [h("i"), h("i"), h("i")];
        this.#typing.replaceChildren(
            h("span", { class: "unseen", role: "status" }, `${name} ${this.#strings.typing}`),
            ...beats,
        );
        this.#typing.hidden = !on;
        if (on) this.#typing_timer = window.setTimeout(() => this.typing(false), TYPING_MS);
    }

    draft(text: string): void {
        this.#draft.hidden = text === "";
        this.#draft.replaceChildren(h("div", { class: "bubble" }, words("p", text)));
    }

    pending(message: Waiting): void {
        const bubble = this.#unsent.get(message.key) ?? this.#customer_bubble(message);
        this.#unsent.set(message.key, bubble);
        bubble.element.className = bubble.element.className.replace(" failed", "");
        this.#choices.replaceChildren();
        this.#take_files(null);
        this.#log.append(bubble.element);
        this.#mark(bubble, this.#strings.sending, null);
        this.#to_end();
    }

    taken(message: Waiting): void {
        const bubble = this.#unsent.get(message.key);
        if (!bubble) return;
        this.#unsent.delete(message.key);
        if (message.cid) this.#sent.set(message.cid, bubble);
        bubble.element.classList.remove("unsent");
        this.#mark(bubble, this.#strings.sent, "check");
    }

    failed(message: Waiting, code: string): void {
        const bubble = this.#unsent.get(message.key);
        if (!bubble) return;
        bubble.element.classList.add("failed");
        this.#mark(bubble, this.#strings.failed, "alert");
        if (code === "closed") return this.#set_over(true);
        const { cid: _, key: __, ...saying } = message;
        const again = button({ class: "text-button" }, () => {
            bubble.element.remove();
            this.#unsent.delete(message.key);
            this.#to_work();
            this.#visitor.says(saying);
        }, this.#strings.again);
        bubble.meta.append(again);
    }

    #name_launcher(): void {
        const s = this.#strings;
        const news = this.#unread ? ` ${s.unread} ${this.#badge.textContent}` : "";
        this.#launcher.setAttribute("aria-label", this.#open ? s.close : `${s.open}${news && "."}${news}`);
    }

    #context(seq: number): PartContext {
        const press = (id: string, label: string): void => this.#visitor.says({ button: id, text: label });
        const rate = (value: number): void => this.#visitor.rates(seq, value);
        return { strings: this.#strings, base: this.#base, locale: this.#locale, seq, press, rate };
    }

    #customer_event(frame: EventFrame): void {
        this.#choices.replaceChildren();
        this.#take_files(null);
        const known = frame.cid ? this.#sent.get(frame.cid) : undefined;
        if (known && frame.cid) {
            this.#sent.delete(frame.cid);
            this.#show_kept(known.element, frame);
            this.#settle(known.element);
            this.#turn = "customer";
            this.#unread_own.push({ meta: known.meta, at: frame.at });
            return this.#mark(known, this.#strings.sent, "check", frame.at);
        }
        const element = this.#message(frame.from ?? "customer");
        const state = [icon("check"), this.#strings.sent, this.#time(frame.at)];
        const meta = h("p", { class: "meta fleeting" }, ...state);
        this.#fill(element, frame, this.#strings.you_said);
        element.append(meta);
        this.#unread_own.push({ meta, at: frame.at });
        this.#settle(element);
    }

    // The other side has said something: it has read what came before.
    #own_are_read(): void {
        for (const { meta, at } of this.#unread_own)
            meta.replaceChildren(icon("check"), this.#strings.read, this.#time(at));
        this.#unread_own = [];
    }

    #other_event(frame: EventFrame): void {
        this.typing(false);
        if (frame.kind === "closed") this.#set_over(true);
        this.#partner_after(frame);
        const own = this.#own_words(frame);
        if (frame.parts?.length) this.#say(frame);
        else if (own) this.#say({ ...frame, from: "system", parts: [{ type: "text", text: own }] });
        if (frame.kind !== "message") return;
        if (frame.several) this.#offer_several(frame.choices ?? []);
        else this.#offer(frame.choices ?? []);
        this.#take_files(frame.accept ?? null);
    }

    // Who is on the other side now; of the past, `ready` has told the outcome.
    #partner_after(frame: EventFrame): void {
        if (this.#catching_up) return;
        if (frame.kind === "handoff" && frame.mode === "now") this.partner("waiting");
        if (frame.kind === "agent_joined") this.partner("agent");
        if (frame.kind === "agent_left") this.partner("bot");
    }

    // What to say of an event that brings no words of its own.
    #own_words(frame: EventFrame): string | null {
        const s = this.#strings;
        const lines: Record<string, string> = {
            card_seen: s.card_seen,
            agent_joined: s.joined,
            agent_left: s.left,
            closed: s.closed,
        };
        if (frame.kind !== "handoff") return lines[frame.kind] ?? null;
        if (frame.mode !== "now") return null; // the flow itself says what an offer or a call-back means
        return frame.queue ? s.handoff_to.replace("{queue}", () => frame.queue ?? "") : s.handoff;
    }

    #say(frame: EventFrame): void {
        const from = frame.from ?? (frame.kind === "message" ? "bot" : "system");
        if (from === "bot" || from === "agent") this.#own_are_read();
        const element = this.#message(from);
        const said = { agent: this.#strings.agent_said, bot: this.#strings.bot_said };
        this.#fill(element, frame, from === "agent" || from === "bot" ? said[from] : null);
        if (from !== "system") element.append(h("p", { class: "meta fleeting" }, this.#time(frame.at)));
        this.#settle(element);
    }

    #message(from: Party): HTMLElement {
        const turn = this.#turn === from ? "" : " turn";
        this.#turn = from;
        return h("div", { class: `message ${from}${turn}` });
    }

    // Cards stand on their own; everything else shares one bubble.
    #fill(element: HTMLElement, frame: EventFrame, said: string | null): void {
        if (said) element.append(h("span", { class: "unseen" }, said));
        const bubble = h("div", { class: "bubble" });
        for (const part of render(this.#context(frame.seq), frame.parts ?? [])) {
            const wide = part.className === "shelf" || part.className === "card";
            (wide ? element : bubble).append(part);
        }
        if (bubble.childNodes.length) element.insertBefore(bubble, element.querySelector(".shelf, .card"));
    }

    // Puts an event behind the events before it, in front of what is unsent; does not touch what is
    // there already, or screen readers would hear it again.
    #settle(element: HTMLElement): void {
        const first = [...this.#unsent.values()][0]?.element;
        if (!element.isConnected || element.nextElementSibling !== (first ?? null))
            this.#log.insertBefore(element, first ?? null);
    }

    #customer_bubble(message: Waiting): Bubble {
        const element = this.#message("customer");
        const meta = h("p", { class: "meta" });
        element.classList.add("unsent");
        element.append(
            h("span", { class: "unseen" }, this.#strings.you_said),
            h("div", { class: "bubble" }, words("p", message.text)),
            meta,
        );
        return { element, meta, message };
    }

    // What the server keeps of it: a card's number, for one, is hidden.
    #show_kept(element: HTMLElement, frame: EventFrame): void {
        const part = frame.parts?.length === 1 ? frame.parts[0] : undefined;
        const own = element.querySelector(".bubble");
        if (!own || part?.type !== "text" || own.textContent === part.text) return;
        own.replaceChildren(words("p", part.text));
    }

    #mark(bubble: Bubble, text: string, mark: "check" | "alert" | null, at?: string): void {
        bubble.meta.classList.toggle("fleeting", mark === "check");
        bubble.meta.replaceChildren(...(mark ? [icon(mark)] : []), text, this.#time(at));
    }

    #time(at: string | undefined): Node {
        const date = new Date(at ?? "");
        if (Number.isNaN(date.getTime())) return document.createTextNode("");
        const clock = new Intl.DateTimeFormat(this.#locale, { hour: "numeric", minute: "2-digit" });
        return h("time", { datetime: date.toISOString() }, clock.format(date));
    }

    #name_choices(several: boolean): void {
        this.#choices.setAttribute("aria-label", several ? this.#strings.several : this.#strings.suggestions);
    }

    // Switches, and a button that sends those that are on, in the order shown.
    #offer_several(choices: Choice[]): void {
        const send = button({ class: "action", "aria-disabled": "true" }, () => {
            const on = choices.filter((_, i) => switches[i]?.getAttribute("aria-pressed") === "true");
            if (on.length === 0) return;
            this.#to_work();
            this.#visitor.says({ choice: on.map((c) => c.id).join(","), text: on.map((c) => c.label).join(", ") });
        }, this.#strings.send_chosen);
        const switches = choices.map((choice) => {
            const one = button({ class: "choice", "aria-pressed": "false" }, () => {
                one.setAttribute("aria-pressed", String(one.getAttribute("aria-pressed") !== "true"));
                const none = !switches.some((s) => s.getAttribute("aria-pressed") === "true");
                send.setAttribute("aria-disabled", String(none));
            }, icon("check"), choice.label);
            return one;
        });
        this.#name_choices(true);
        this.#choices.replaceChildren(...switches, h("div", { class: "chosen" }, send));
    }

    // Whether files are taken now, and of which kinds.
    #take_files(accept: string[] | null): void {
        this.#accept = accept;
        this.#attach.hidden = accept === null;
        this.#drop.hidden = true;
        this.#file.value = "";
        this.#file.accept = accept ? dialog_filter(accept) : "";
    }

    // One file at a time: one question is answered by one.
    #send_file(file: File | undefined): void {
        this.#file.value = "";
        if (!file || this.#accept === null || this.#over) return;
        const s = this.#strings;
        const element = this.#message("customer");
        const bar = h("progress", { max: "1", value: "0", "aria-label": `${s.uploading} ${file.name}` });
        const meta = h("p", { class: "meta" }, bar);
        const name = h("p", { class: "file" }, icon("clip"), h("bdi", {}, file.name));
        element.classList.add("unsent");
        element.append(h("span", { class: "unseen" }, s.you_said), h("div", { class: "bubble" }, name), meta);
        const sending = this.#visitor.sends(file, {
            moved: (part) => { bar.value = part; },
            done: (sent) => {
                if (sending) this.#uploads.delete(sending);
                element.remove(); // from now on it is a message like any other
                this.#visitor.says({ upload: sent.upload, text: sent.name });
            },
            failed: (what) => {
                if (sending) this.#uploads.delete(sending);
                element.classList.add("failed");
                const again = button({ class: "text-button" }, () => {
                    element.remove();
                    this.#to_work();
                    this.#send_file(file);
                }, s.again);
                meta.replaceChildren(icon("alert"), trouble_text(s, what), ...(is_final(what) ? [] : [again]));
            },
        });
        if (!sending) return;
        this.#uploads.add(sending);
        this.#log.append(element);
        this.#to_work();
        this.#to_end();
    }

    #offer(choices: Choice[]): void {
        this.#name_choices(false);
        const context = { strings: this.#strings, base: this.#base };
        const made = choices.map((choice) => {
            if (choice.url !== undefined) return outside_link(context, "choice", choice.label, choice.url);
            const press = (): void => {
                this.#to_work();
                this.#visitor.says({ choice: choice.id, text: choice.label });
            };
            return button({ class: "choice" }, press, choice.label);
        });
        this.#choices.replaceChildren(...made.filter((element) => element !== null));
    }

    #set_over(over: boolean): void {
        if (this.#over === over) return;
        this.#over = over;
        const renew = button({ class: "action" }, () => {
            this.#visitor.renews();
            this.#to_work();
        }, this.#strings.renew);
        this.#choices.replaceChildren();
        this.#take_files(null);
        if (over) this.#foot.replaceChildren(h("div", { class: "over" }, renew));
        else this.#foot.replaceChildren(this.#attach, this.#field, this.#send, this.#file);
    }

    // Where writing goes on. Not on touch screens, where focus would raise the keyboard over the talk.
    #to_work(): void {
        const touch = matchMedia("(pointer: coarse)").matches;
        (touch || this.#over ? this.#scroll : this.#field).focus({ preventScroll: true });
    }

    #near_end(): boolean {
        const { scrollHeight, scrollTop, clientHeight } = this.#scroll;
        return scrollHeight - scrollTop - clientHeight < NEAR_END;
    }

    #to_end(): void {
        this.#following = true;
        this.#scroll.scrollTop = this.#scroll.scrollHeight;
        this.#newest.hidden = true;
    }

    #submit(): void {
        const text = this.#field.value.trim();
        if (!text) return;
        this.#field.value = "";
        this.#ready_to_send();
        this.#visitor.says({ text });
    }

    #ready_to_send(): void {
        // Words take their own direction; an empty field keeps the panel's, for its placeholder.
        this.#field.dir = this.#field.value ? "auto" : "";
        this.#send.setAttribute("aria-disabled", String(this.#field.value.trim() === ""));
    }

    #listen(): void {
        this.#foot.addEventListener("submit", (event) => {
            event.preventDefault();
            this.#submit();
        });
        this.#field.addEventListener("keydown", (event) => {
            if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
            event.preventDefault();
            this.#submit();
        });
        this.#field.addEventListener("input", () => {
            this.#ready_to_send();
            this.#visitor.writes();
        });
        this.#file.addEventListener("change", () => this.#send_file(this.#file.files?.[0]));
        this.#panel.addEventListener("dragover", (event) => this.#dragged(event));
        this.#panel.addEventListener("dragleave", (event) => {
            if (!this.#panel.contains(event.relatedTarget as Node | null)) this.#drop.hidden = true;
        });
        this.#panel.addEventListener("drop", (event) => {
            if (this.#dragged(event)) this.#send_file(event.dataTransfer?.files[0]);
            this.#drop.hidden = true;
        });
        this.#panel.addEventListener("keydown", (event) => this.#key(event));
        this.#scroll.addEventListener("scroll", () => {
            if (this.#scroll.clientHeight !== this.#tall) return; // not the visitor: it has another size
            this.#following = this.#near_end();
            if (this.#following) this.#newest.hidden = true;
        });
        // Late pictures, quick replies and a growing field must not push the end out of sight.
        const grown = new ResizeObserver(() => {
            this.#tall = this.#scroll.clientHeight;
            if (this.#following) this.#to_end();
        });
        for (const part of [this.#log, this.#draft, this.#typing, this.#choices, this.#scroll]) grown.observe(part);
        visualViewport?.addEventListener("resize", () => this.#fit());
        this.#ready_to_send();
    }

    // A file over the panel: the browser shall not open it in place of the page, wanted or not.
    #dragged(event: DragEvent): boolean {
        if (!event.dataTransfer?.types.includes("Files")) return false;
        event.preventDefault();
        const wanted = this.#accept !== null && !this.#over;
        event.dataTransfer.dropEffect = wanted ? "copy" : "none";
        this.#drop.hidden = !wanted;
        return wanted;
    }

    #key(event: KeyboardEvent): void {
        if (this.#inline) return;
        if (event.key === "Escape" && !event.isComposing) {
            event.stopPropagation();
            this.close();
        } else if (event.key === "Tab" && matchMedia(FULL_SCREEN).matches) this.#keep_inside(event);
    }

    // A full-screen panel hides the page, so Tab goes round in it; beside the page it does not.
    #keep_inside(event: KeyboardEvent): void {
        const all = this.#panel.querySelectorAll<HTMLElement>("button, a[href], textarea, [tabindex='0']");
        const stops = [...all].filter((e) => e.offsetParent !== null);
        const [first, last] = [stops[0], stops.at(-1)];
        const leaving = event.shiftKey ? first : last;
        if (this.#shadow.activeElement !== leaving) return;
        event.preventDefault();
        (event.shiftKey ? last : first)?.focus();
    }

    #fit(): void {
        if (this.#inline) return;
        const full = matchMedia(FULL_SCREEN).matches;
        this.#panel.setAttribute("aria-modal", String(full));
        const pixels = Math.round(visualViewport?.height ?? innerHeight);
        this.#height.replaceSync(full ? `:host { --tall: ${pixels}px; }` : "");
        if (this.#open && full) this.#to_end();
    }
}
