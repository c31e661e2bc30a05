/* SPDX-License-Identifier: Apache-2.0 */

// The page's end: the element <parlance-chat>, and the one script tag that brings it.
//
//     <script src="https://shop.example/widget.js" data-locale="en-US" async></script>
//
// data-server   address of the server's WebSocket; without it, /ws where the script came from
// data-locale   the page's language; without it, <html lang>, then the browser's
// data-title    the panel's heading, in place of "Customer support"
//
// A page that wants the element somewhere itself writes <parlance-chat server="..."> and the script
// adds none. Methods for the page: open(), close(), toggle().

import type { EventFrame, ReadyFrame, Saying } from "./frames.js";
import { Memory } from "./memory.js";
import type { Waiting } from "./memory.js";
import { Session } from "./session.js";
import type { Link, Listener } from "./session.js";
import { canonical } from "./strings.js";
import { send_file } from "./upload.js";
import type { Progress, Sending } from "./upload.js";
import { View } from "./view.js";
import type { Visitor } from "./view.js";

const TAG = "parlance-chat";
const script = document.currentScript as HTMLScriptElement | null;
const home = script?.src || location.href;

// Any spelling of the server's address, relative ones included, as ws: or wss:.
function socket_address(text: string | null): string {
    const url = new URL(text || "/ws", home);
    if (url.protocol === "http:") url.protocol = "ws:";
    if (url.protocol === "https:") url.protocol = "wss:";
    return url.href;
}

function page_locale(): string {
    return document.documentElement.lang || navigator.language || "en-US";
}

class ParlanceChat extends HTMLElement implements Listener, Visitor {
    #view: View | null = null;
    #session: Session | null = null;
    #home = ""; // the server, for plain requests
    #newest = 0; // seq of the newest event shown
    #unread = 0;
    readonly #online = (): void => this.#session?.hurry();
    readonly #offline = (): void => this.#session?.offline();
    readonly #visible = (): void => {
        if (document.visibilityState !== "visible") return;
        this.#session?.hurry();
        this.#look();
    };
    readonly #storage = (event: StorageEvent): void => {
        if (event.storageArea !== localStorage) return;
        this.#session?.other_tab();
        this.#look();
    };

    connectedCallback(): void {
        if (!this.#view) this.#build();
        window.addEventListener("online", this.#online);
        window.addEventListener("offline", this.#offline);
        window.addEventListener("storage", this.#storage);
        document.addEventListener("visibilitychange", this.#visible);
        if (this.#session?.known) this.#session.start();
    }

    disconnectedCallback(): void {
        window.removeEventListener("online", this.#online);
        window.removeEventListener("offline", this.#offline);
        window.removeEventListener("storage", this.#storage);
        document.removeEventListener("visibilitychange", this.#visible);
        this.#session?.stop();
    }

    open(): void {
        this.#view?.open();
    }

    close(): void {
        this.#view?.close();
    }

    toggle(): void {
        this.#view?.toggle();
    }

    #build(): void {
        const server = socket_address(this.getAttribute("server"));
        const locale = canonical(this.getAttribute("locale") || page_locale());
        const base = (this.#home = server.replace(/^ws/, "http"));
        const shadow = this.attachShadow({ mode: "open" });
        this.#view = new View(shadow, this, locale, base, this.getAttribute("heading"));
        this.#session = new Session(server, locale, new Memory(server), this);
    }

    // What the visitor does.

    opened(): void {
        this.#session?.start();
        this.#look();
    }

    closed(): void {}

    says(saying: Saying): void {
        this.#session?.say(saying);
    }

    sends(file: File, progress: Progress): Sending | null {
        const secret = this.#session?.secret;
        return secret ? send_file(this.#home, secret, file, progress) : null;
    }

    rates(seq: number, value: number): void {
        this.#session?.rate(seq, value);
    }

    writes(): void {
        this.#session?.typing();
    }

    renews(): void {
        this.#session?.renew();
    }

    retries(): void {
        this.#session?.start();
    }

    // What the session tells.

    link(link: Link): void {
        this.#view?.link(link);
        if (link === "connecting") this.#view?.catching_up(true);
    }

    ready(frame: ReadyFrame): void {
        this.#view?.speak(canonical(frame.locale), frame.dir === "rtl" ? "rtl" : "ltr");
        this.#view?.partner(frame.with);
    }

    restart(): void {
        this.#newest = this.#unread = 0;
        this.#view?.clear();
        this.#view?.unread(0);
    }

    gone(): void {
        if (this.#view?.is_open) this.#session?.start();
    }

    live(): void {
        this.#view?.catching_up(false);
        this.#look();
    }

    event(frame: EventFrame): void {
        this.#newest = frame.seq;
        const news = frame.from !== "customer" && frame.seq > (this.#session?.seen ?? 0);
        if (news && frame.parts?.length) this.#unread++;
        this.#view?.event(frame);
        this.#look();
    }

    typing(on: boolean): void {
        this.#view?.typing(on);
    }

    draft(text: string): void {
        this.#view?.draft(text);
    }

    pending(message: Waiting): void {
        this.#view?.pending(message);
    }

    taken(message: Waiting): void {
        this.#view?.taken(message);
    }

    failed(message: Waiting, code: string): void {
        this.#view?.failed(message, code);
    }

    // Read is what is shown in an open panel on a visible page, or was read in another tab.
    #look(): void {
        const looking = this.#view?.is_open && document.visibilityState === "visible";
        if (looking) this.#session?.read(this.#newest);
        if ((this.#session?.seen ?? 0) >= this.#newest) this.#unread = 0;
        this.#view?.unread(this.#view.is_open ? 0 : this.#unread);
    }
}

function place(): void {
    if (document.querySelector(TAG)) return;
    const chat = document.createElement(TAG);
    const given = { server: "server", locale: "locale", title: "heading" };
    for (const [from, to] of Object.entries(given)) {
        const value = script?.dataset[from];
        if (value) chat.setAttribute(to, value);
    }
    document.body.append(chat);
}

if (!customElements.get(TAG)) {
    customElements.define(TAG, ParlanceChat);
    if (document.body) place();
    else document.addEventListener("DOMContentLoaded", place);
}
