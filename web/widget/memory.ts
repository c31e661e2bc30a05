/* SPDX-License-Identifier: Apache-2.0 */

// What the widget remembers. The conversation is shared by all tabs of a customer (localStorage);
// the counter of sent messages belongs to one tab (sessionStorage), so that two tabs never use the
// same number. Nothing is written before a conversation exists. A browser that refuses storage
// gets a conversation that lasts as long as the page.

import type { Saying } from "./frames.js";

export interface Conversation {
    conversation: string;
    resume: string;
    epoch: string;
    seq: number; // last event this customer's browser has had
    seen: number; // last event read with the panel open
}

export interface Waiting extends Saying {
    key: string; // names the bubble on the page
    cid?: string; // given when the message is first sent, kept for every repeat
}

export interface Sender {
    instance: string; // 64 random bits, hexadecimal
    counter: number; // of the last message the server has taken
    outbox: Waiting[]; // said but not acknowledged, in order
}

function read<T>(area: () => Storage, key: string): T | null {
    try {
        const text = area().getItem(key);
        return text ? (JSON.parse(text) as T) : null;
    } catch {
        return null;
    }
}

function write(area: () => Storage, key: string, value: unknown): void {
    try {
        if (value === null) area().removeItem(key);
        else area().setItem(key, JSON.stringify(value));
    } catch {
        // Storage full or refused: the conversation lives on in this page alone.
    }
}

const shared = (): Storage => localStorage;
const of_tab = (): Storage => sessionStorage;

export function random_hex(bytes: number): string {
    const values = crypto.getRandomValues(new Uint8Array(bytes));
    return Array.from(values, (v) => v.toString(16).padStart(2, "0")).join("");
}

// True when this tab alone holds the name. A duplicated tab starts with a copy of sessionStorage,
// so a stored instance may be in use next door; without locks (plain http) assume that it is.
async function claim(instance: string): Promise<boolean> {
    if (!navigator.locks) return false;
    return new Promise((resolve) => {
        const held = navigator.locks.request(`parlance:${instance}`, { ifAvailable: true }, (lock) => {
            resolve(lock !== null);
            return lock ? new Promise(() => {}) : undefined; // held until the page goes away
        });
        held.catch(() => resolve(false)); // locks are refused here, as in a sandboxed frame
    });
}

export class Memory {
    readonly #key: string;

    constructor(server: string) {
        this.#key = `parlance:${server}`;
    }

    conversation(): Conversation | null {
        return read<Conversation>(shared, this.#key);
    }

    keep(conversation: Conversation): void {
        write(shared, this.#key, conversation);
    }

    keep_sender(sender: Sender): void {
        write(of_tab, this.#key, sender);
    }

    forget(): void {
        write(shared, this.#key, null);
        write(of_tab, this.#key, null);
    }

    // A sender for this tab: the one it had before, or a new one that inherits what was unsent
    // (with the old numbers: the server recognises what it already has).
    async sender(): Promise<Sender> {
        const stored = read<Sender>(of_tab, this.#key);
        const instance = stored && (await claim(stored.instance)) ? stored.instance : null;
        if (stored && instance) return stored;
        const fresh = new_sender();
        void claim(fresh.instance);
        if (stored) fresh.outbox = stored.outbox;
        return fresh;
    }
}

export function new_sender(): Sender {
    return { instance: random_hex(8), counter: 0, outbox: [] };
}
