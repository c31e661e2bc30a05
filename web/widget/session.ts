/* SPDX-License-Identifier: Apache-2.0 */

// One customer's conversation with the server, over as many connections as it takes. Knows the
// protocol and the memory, not the page: what happens is told to a Listener.
//
// Always holds: events reach the listener once and in order of seq; a message stays in the outbox
// until the server has acknowledged it; one message is under way at a time, so numbers never skip.
//
//     idle --start--> connecting --open--> opening --ready--> catching up --live--> live
//       ^                 |                                                          |
//       |                 +<--------- wait (full jitter) <------- closed ------------+
//       +--- told not to come back

import { Draft } from "./draft.js";
import { parse_frames } from "./frames.js";
import type { ErrorFrame, EventFrame, ReadyFrame, Saying, ServerFrame } from "./frames.js";
import { new_sender, random_hex } from "./memory.js";
import type { Conversation, Memory, Sender, Waiting } from "./memory.js";

export type Link = "idle" | "connecting" | "waiting" | "live" | "refused";

export interface Listener {
    link(link: Link): void;
    ready(frame: ReadyFrame): void;
    restart(): void; // what was shown is void: the server starts the story again
    gone(): void; // the conversation no longer exists, and nothing waits to be said
    live(): void;
    event(frame: EventFrame): void;
    typing(on: boolean): void;
    draft(text: string): void; // of the answer that is being written; empty: none
    pending(message: Waiting): void;
    taken(message: Waiting): void; // durable on the server
    failed(message: Waiting, code: string): void;
}

const PROTOCOL = "parlance.v1";
const ACK_PATIENCE_MS = 10_000; // no acknowledgement for so long: the connection is dead
const OPEN_PATIENCE_MS = 15_000;
const BUSY_MS = 1_000;
const BACKOFF_FIRST_MS = 500;
const BACKOFF_MOST_MS = 30_000;
const FINAL_CLOSE = 4500; // from here on: do not come back
const TYPING_EVERY_MS = 3_000;

// A frame carries exactly one of these; the server knows the words of its own choices.
function meaning({ text, choice, button, upload }: Saying): object {
    if (upload !== undefined) return { upload };
    if (choice !== undefined) return { choice };
    if (button !== undefined) return { button };
    return { text };
}

export class Session {
    readonly #server: string;
    readonly #locale: string;
    readonly #memory: Memory;
    readonly #listener: Listener;
    #socket: WebSocket | null = null;
    #link: Link = "idle";
    #conversation: Conversation | null;
    #sender: Sender = new_sender();
    #loaded = false; // the sender is the tab's own, claimed and with what was left unsent
    #last = 0; // seq of the last event handed to the listener
    #seen = 0;
    #telling = false; // #seen is about to be saved and sent
    #greeted = false; // this connection has had its `ready`
    #live = false;
    #attempts = 0;
    #timer = 0; // reconnect
    #patience = 0; // open or acknowledge
    #come_back_ms: number | null = null;
    #under_way: Waiting | null = null;
    #typed_at = 0;
    readonly #draft = new Draft();
    readonly #ratings = new Map<number, number>(); // not sent yet, by seq

    constructor(server: string, locale: string, memory: Memory, listener: Listener) {
        this.#server = server;
        this.#locale = locale;
        this.#memory = memory;
        this.#listener = listener;
        this.#conversation = memory.conversation();
        this.#seen = this.#conversation?.seen ?? 0;
    }

    // A conversation from an earlier page: worth connecting for before the visitor asks.
    get known(): boolean {
        return this.#conversation !== null;
    }

    // Opens the conversation to whoever holds it: for a file that goes up beside the connection.
    get secret(): string | null {
        return this.#conversation?.resume ?? null;
    }

    get seen(): number {
        return this.#seen;
    }

    start(): void {
        if (this.#link !== "idle" && this.#link !== "refused") return;
        this.#change("connecting");
        if (this.#loaded) return this.#connect();
        void this.#load_sender().then(() => {
            if (this.#link === "connecting" && !this.#socket) this.#connect();
        });
    }

    stop(): void {
        clearTimeout(this.#timer);
        this.#drop();
        this.#change("idle");
    }

    say(saying: Saying): void {
        const message: Waiting = { ...saying, key: random_hex(6) };
        this.#sender.outbox.push(message);
        this.#save_sender();
        this.#listener.pending(message);
        if (this.#link === "idle" || this.#link === "refused") this.start();
        else this.#send_next();
    }

    // The customer is writing; only a person on the other side cares.
    typing(): void {
        const now = Date.now();
        if (!this.#live || now - this.#typed_at < TYPING_EVERY_MS) return;
        this.#typed_at = now;
        this.#write({ t: "typing", on: true });
    }

    // Did it help: 1, -1, or 0 to take it back.
    rate(seq: number, value: number): void {
        this.#ratings.set(seq, value);
        if (this.#live) this.#tell_ratings();
    }

    read(seq: number): void {
        if (seq <= this.#seen) return;
        this.#seen = seq;
        if (!this.#telling) queueMicrotask(() => this.#tell_seen());
        this.#telling = true;
    }

    // The network is gone: say so at once instead of finding out at the next message.
    offline(): void {
        if (this.#link === "live" || this.#link === "connecting") this.#closed(1006);
    }

    // The network is back, or the visitor is: do not sit out a long wait.
    hurry(): void {
        if (this.#link !== "waiting" || this.#come_back_ms !== null) return;
        this.#attempts = 0;
        this.#connect();
    }

    // Leaves the finished conversation and opens a new one.
    renew(): void {
        this.stop();
        this.#sender.outbox = [];
        this.#forget();
        this.#show_again();
        this.start();
    }

    // Another tab opened, read or replaced the conversation that all tabs share.
    other_tab(): void {
        const theirs = this.#memory.conversation();
        if (!theirs) return;
        if (theirs.conversation === this.#conversation?.conversation) {
            this.#seen = Math.max(this.#seen, theirs.seen);
            return;
        }
        this.stop();
        this.#conversation = theirs;
        this.#last = 0;
        this.#seen = theirs.seen;
        this.#renumber();
        this.#show_again();
        this.start();
    }

    async #load_sender(): Promise<void> {
        const early = this.#sender.outbox;
        this.#sender = await this.#memory.sender();
        this.#loaded = true;
        for (const message of this.#sender.outbox) this.#listener.pending(message);
        this.#sender.outbox.push(...early);
    }

    #show_again(): void {
        this.#end_draft();
        this.#listener.restart();
        for (const message of this.#sender.outbox) this.#listener.pending(message);
    }

    #tell_ratings(): void {
        for (const [seq, value] of this.#ratings) this.#write({ t: "rate", seq, value });
        this.#ratings.clear();
    }

    #end_draft(): void {
        if (this.#draft.drop()) this.#listener.draft("");
    }

    // Once for all events of one message.
    #tell_seen(): void {
        this.#telling = false;
        this.#save();
        if (this.#live && this.#seen > 0) this.#write({ t: "seen", seq: this.#seen });
    }

    #change(link: Link): void {
        if (this.#link === link) return;
        this.#link = link;
        this.#listener.link(link);
    }

    #connect(): void {
        clearTimeout(this.#timer);
        this.#drop();
        this.#change("connecting");
        let socket: WebSocket;
        try {
            socket = new WebSocket(this.#server, PROTOCOL);
        } catch {
            this.#change("refused"); // not an address a page may connect to
            return;
        }
        this.#socket = socket;
        this.#come_back_ms = null;
        this.#expect(OPEN_PATIENCE_MS);
        socket.onopen = () => this.#open();
        socket.onmessage = (message) => this.#receive(socket, message.data);
        socket.onclose = (close) => this.#closed(close.code);
    }

    #open(): void {
        const known = this.#conversation;
        this.#write({
            t: "open",
            token: null,
            resume: known?.resume ?? null,
            locale: this.#locale,
            epoch: known?.epoch ?? null,
            seq: known ? this.#last : 0,
            page: { url: location.origin + location.pathname },
        });
    }

    // Forgets the socket first, so that nothing late from it is heard.
    #drop(): void {
        clearTimeout(this.#patience);
        const socket = this.#socket;
        this.#socket = null;
        this.#greeted = this.#live = false;
        this.#under_way = null;
        if (!socket) return;
        socket.onopen = socket.onmessage = socket.onclose = null;
        socket.close();
    }

    #expect(ms: number): void {
        clearTimeout(this.#patience);
        this.#patience = window.setTimeout(() => this.#closed(1006), ms);
    }

    #closed(code: number): void {
        this.#drop();
        this.#listener.typing(false);
        this.#end_draft();
        if (code < FINAL_CLOSE) this.#wait();
        else this.#drop_and_refuse(`closed_${code}`);
    }

    // Full jitter: anywhere between now and the growing limit, so that a crowd comes back spread out.
    #wait(): void {
        const limit = Math.min(BACKOFF_MOST_MS, BACKOFF_FIRST_MS * 2 ** this.#attempts++);
        const asked = this.#come_back_ms;
        const ms = asked === null ? Math.random() * limit : asked * (1 + Math.random());
        this.#change("waiting");
        clearTimeout(this.#timer);
        this.#timer = window.setTimeout(() => this.#connect(), ms);
    }

    #drop_and_refuse(code: string): void {
        this.#drop();
        clearTimeout(this.#timer);
        this.#change("refused");
        const outbox = this.#sender.outbox.splice(0);
        this.#save_sender();
        for (const message of outbox) this.#listener.failed(message, code);
    }

    #write(frame: object): void {
        if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame));
    }

    #receive(socket: WebSocket, data: unknown): void {
        if (!this.#live) this.#expect(OPEN_PATIENCE_MS);
        for (const frame of parse_frames(data)) {
            if (this.#socket !== socket) return; // a frame before this one ended the connection
            this.#take(frame);
        }
    }

    #take(frame: ServerFrame): void {
        switch (frame.t) {
            case "ready":
                return this.#ready(frame);
            case "live":
                return this.#caught_up();
            case "event":
                return this.#event(frame);
            case "ack":
                return this.#acknowledged(frame.cid);
            case "typing":
                return this.#listener.typing(frame.on === true);
            case "stream":
                return this.#listener.draft(this.#draft.take(frame));
            case "error":
                return this.#error(frame);
            case "bye":
                return this.#bye(frame.retry !== false, frame.after_ms);
            default: // hello, and whatever a newer server adds
        }
    }

    #ready(frame: ReadyFrame): void {
        const before = this.#conversation;
        this.#greeted = true;
        if (!before || before.conversation !== frame.conversation || frame.recovered === false) {
            if (before && before.conversation !== frame.conversation) this.#renumber();
            if (this.#last > 0) this.#show_again();
            this.#last = 0;
            this.#seen = Math.min(before ? this.#seen : 0, frame.seq);
        }
        this.#conversation = {
            conversation: frame.conversation,
            resume: frame.resume,
            epoch: frame.epoch,
            seq: this.#last,
            seen: this.#seen,
        };
        this.#save();
        this.#save_sender();
        this.#listener.ready(frame);
    }

    #caught_up(): void {
        clearTimeout(this.#patience);
        this.#attempts = 0;
        this.#live = true;
        this.#save();
        this.#change("live");
        this.#listener.live();
        this.#tell_seen();
        this.#tell_ratings();
        this.#send_next();
    }

    #event(frame: EventFrame): void {
        if (frame.seq <= this.#last) return;
        this.#last = frame.seq;
        if (this.#live) this.#save();
        if (frame.cid) this.#acknowledged(frame.cid); // an event of ours proves what a lost ack would have
        if (frame.from !== "customer" && frame.kind !== "rated") this.#end_draft();
        this.#listener.event(frame);
    }

    #acknowledged(cid: string): void {
        const sender = this.#sender;
        const at = sender.outbox.findIndex((m) => m.cid === cid);
        if (at < 0) return;
        const [message] = sender.outbox.splice(at, 1);
        this.#count(cid);
        this.#save_sender();
        if (message) this.#listener.taken(message);
        if (this.#under_way?.cid === cid) this.#next_after(0);
    }

    #count(cid: string): void {
        const sender = this.#sender;
        const [instance, counter] = cid.split("-");
        if (instance !== sender.instance) return;
        sender.counter = Math.max(sender.counter, Number(counter));
    }

    #next_after(ms: number): void {
        clearTimeout(this.#patience);
        this.#under_way = null;
        if (ms === 0) this.#send_next();
        else this.#patience = window.setTimeout(() => this.#send_next(), ms);
    }

    #send_next(): void {
        const sender = this.#sender;
        const message = sender.outbox[0];
        if (!message || !this.#live || this.#under_way) return;
        if (!message.cid) {
            message.cid = `${sender.instance}-${sender.counter + 1}`;
            this.#save_sender(); // before sending: a page that dies now must repeat this very number
        }
        this.#under_way = message;
        this.#write({ t: "send", cid: message.cid, ...meaning(message) });
        this.#expect(ACK_PATIENCE_MS);
    }

    #error(frame: ErrorFrame): void {
        if (frame.cid && this.#under_way?.cid === frame.cid) this.#send_refused(frame);
        else if (frame.code === "resume_refused" || frame.code === "erased") this.#gone();
        else if (!this.#greeted && frame.retry !== true) this.#drop_and_refuse(frame.code);
    }

    #send_refused(frame: ErrorFrame): void {
        const message = this.#under_way;
        if (!message) return;
        if (frame.code === "out_of_order") {
            this.#renumber(); // it was not processed, nor was anything after it: safe under new numbers
            this.#next_after(BUSY_MS);
        } else if (frame.retry) {
            this.#next_after(BUSY_MS * (1 + Math.random()));
        } else {
            this.#sender.outbox.shift();
            if (frame.code === "cid_reused") this.#renumber();
            this.#save_sender();
            this.#listener.failed(message, frame.code);
            this.#next_after(0);
        }
    }

    // The server knows this conversation no more: forget it, and begin again only for a visitor who
    // has something to say.
    #gone(): void {
        this.#drop();
        this.#forget();
        this.#show_again();
        this.#change("idle");
        if (this.#sender.outbox.length > 0) this.start();
        else this.#listener.gone();
    }

    #bye(retry: boolean, after_ms: number | undefined): void {
        if (!retry) return this.#drop_and_refuse("bye");
        this.#come_back_ms = after_ms ?? null;
        this.#attempts = 0;
    }

    // A new instance counts from 1: used when the server's count and ours cannot be the same.
    #renumber(): void {
        const unsent = this.#sender.outbox.map(({ cid: _, ...rest }) => rest);
        this.#sender = { ...new_sender(), outbox: unsent };
        this.#save_sender();
    }

    #forget(): void {
        this.#memory.forget();
        this.#ratings.clear();
        this.#conversation = null;
        this.#last = this.#seen = 0;
        this.#renumber();
    }

    #save(): void {
        if (!this.#conversation) return;
        Object.assign(this.#conversation, { seq: this.#last, seen: this.#seen });
        this.#memory.keep(this.#conversation);
    }

    #save_sender(): void {
        if (this.#loaded && this.#conversation) this.#memory.keep_sender(this.#sender);
    }
}
