/* SPDX-License-Identifier: Apache-2.0 */

// The chat, as customers have it, and the same conversation as it reads in another language.

import type { EventFrame, ReadyFrame, Saying } from "../widget/frames.js";
import { Memory } from "../widget/memory.js";
import type { Waiting } from "../widget/memory.js";
import { Session } from "../widget/session.js";
import type { Link, Listener } from "../widget/session.js";
import { send_file } from "../widget/upload.js";
import type { Progress, Sending } from "../widget/upload.js";
import { View } from "../widget/view.js";
import type { Visitor } from "../widget/view.js";
import type { Locale, Said } from "./state.js";

const socket = new URL("/ws", location.href.replace(/^http/, "ws")).href;

export interface Watcher {
    conversation(id: string): void;
    transcript(frames: EventFrame[]): void;
}

export class Chat implements Listener, Visitor {
    readonly #view: View;
    readonly #session: Session;
    readonly #watcher: Watcher;
    #frames: EventFrame[] = [];

    constructor(pane: HTMLElement, locale: string, watcher: Watcher) {
        this.#watcher = watcher;
        const host = document.createElement("div");
        pane.replaceChildren(host);
        const shadow = host.attachShadow({ mode: "open" });
        this.#view = new View(shadow, this, locale, location.href, null, true);
        // A conversation for each language; all of them end with the server.
        this.#session = new Session(socket, locale, new Memory(`studio ${locale}`), this);
        this.#view.open();
    }

    stop(): void {
        this.#session.stop();
    }

    // What the visitor does.

    opened(): void {
        this.#session.start();
    }
    closed(): void {}
    says(saying: Saying): void {
        this.#session.say(saying);
    }
    sends(file: File, progress: Progress): Sending | null {
        const secret = this.#session.secret;
        return secret ? send_file(location.origin, secret, file, progress) : null;
    }
    rates(seq: number, value: number): void {
        this.#session.rate(seq, value);
    }
    writes(): void {
        this.#session.typing();
    }
    renews(): void {
        this.#session.renew();
    }
    retries(): void {
        this.#session.start();
    }

    // What the session tells.

    link(link: Link): void {
        this.#view.link(link);
        if (link === "connecting") this.#view.catching_up(true);
    }
    ready(frame: ReadyFrame): void {
        this.#view.speak(frame.locale, frame.dir);
        this.#view.partner(frame.with);
        this.#watcher.conversation(frame.conversation);
    }
    restart(): void {
        this.#frames = [];
        this.#view.clear();
        this.#watcher.transcript(this.#frames);
    }
    gone(): void {
        this.#session.start();
    }
    live(): void {
        this.#view.catching_up(false);
    }
    event(frame: EventFrame): void {
        this.#frames.push(frame);
        this.#view.event(frame);
        this.#session.read(frame.seq);
        this.#watcher.transcript(this.#frames);
    }
    typing(on: boolean): void {
        this.#view.typing(on);
    }
    draft(text: string): void {
        this.#view.draft(text);
    }
    pending(message: Waiting): void {
        this.#view.pending(message);
    }
    taken(message: Waiting): void {
        this.#view.taken(message);
    }
    failed(message: Waiting, code: string): void {
        this.#view.failed(message, code);
    }
}

const LOOKS_ON = ".foot { display: none; }";

// What the bot said, in the other language; what the customer said stays as it was said. Its buttons
// answer for the customer, as those beside it do.
export class Mirror implements Visitor {
    readonly #view: View;
    readonly #chat: Chat;
    #shown: EventFrame[] = [];

    constructor(pane: HTMLElement, locale: Locale, chat: Chat) {
        this.#chat = chat;
        const host = document.createElement("div");
        pane.replaceChildren(host);
        const shadow = host.attachShadow({ mode: "open" });
        this.#view = new View(shadow, this, locale.id, location.href, null, true);
        const sheet = new CSSStyleSheet();
        sheet.replaceSync(LOOKS_ON);
        shadow.adoptedStyleSheets.push(sheet);
        this.#view.speak(locale.id, locale.dir);
        this.#view.open();
    }

    // The transcript as it was, and what was said in this language, in the same order.
    show(frames: EventFrame[], said: Said[]): void {
        const same = frames.length >= this.#shown.length && this.#shown.every((f, i) => f === frames[i]);
        if (!same) {
            this.#shown = [];
            this.#view.clear();
        }
        let spoken = this.#shown.filter(of_bot).length;
        for (const frame of frames.slice(this.#shown.length)) {
            const own = of_bot(frame) ? said[spoken++] : undefined;
            if (of_bot(frame) && !own) return; // it comes with the next state
            this.#shown.push(frame);
            this.#view.event(own ? { ...frame, parts: own.parts, choices: own.choices ?? [] } : frame);
        }
    }

    opened(): void {}
    closed(): void {}
    says(saying: Saying): void {
        if (saying.choice ?? saying.button) this.#chat.says(saying);
    }
    sends(): null {
        return null;
    }
    rates(): void {}
    writes(): void {}
    renews(): void {
        this.#chat.renews();
    }
    retries(): void {}
}

function of_bot(frame: EventFrame): boolean {
    return frame.kind === "message" && frame.from === "bot";
}
