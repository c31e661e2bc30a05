/* SPDX-License-Identifier: Apache-2.0 */

// What the server tells of the project and of one conversation (tools/studio), asked for again and
// again: an answer comes as soon as something is new, or after some seconds.

import type { Choice, Part } from "../widget/frames.js";

export interface Flow {
    name: string;
    title: string;
    file: string;
    prelude: boolean;
}
export interface Locale {
    id: string;
    dir: "ltr" | "rtl";
}
export interface Project {
    assistant: string;
    builds: number; // since the start
    at_ms: number;
    took_ms: number;
    source_locale: string;
    stands_in: boolean; // the files have had mistakes since the start: this is none of them
    models: boolean;
    locales: Locale[];
    flows: Flow[];
    reload?: { live: number; moved: number; asked: number; stayed: number; lost: number };
}
export interface Diagnostic {
    said: {
        code?: string;
        severity: string;
        file?: string;
        line?: number;
        column?: number;
        message: string;
        notes?: { message: string }[];
    };
    line?: string; // that it speaks of
}
export interface Said {
    id?: string;
    parts: Part[];
    choices?: Choice[];
}
export interface Step {
    kind: string; // "message", "hook", "timer" …
    text: string; // the customer's words
    at_ms: number;
    image: string;
    locale: string;
    stands: string; // what it waits for
    flow: string; // empty: none is open
    place: string; // of the question: "flows/orders.flow:12"; empty: none is open
    reasons: [string, string][];
    ran: string[]; // places
    slots: [string, string][];
    said: Record<string, Said[]>; // by locale
}
export interface Call {
    name: string;
    arguments: string;
}
export interface Ask {
    at_ms: number;
    system: string;
    messages: { role: string; text: string; calls?: Call[] }[];
    tools: string[];
    schema: string;
    embed: number; // texts of which only the vectors were wanted
}
export interface Reply {
    text: string;
    calls: Call[];
    failure: string; // empty: none
    why: string;
    target: string;
    attempts: number;
    input: number;
    cached: number;
    output: number;
    micro: number;
    first_us: number;
    took_us: number;
}
export interface State {
    version: number;
    project: Project;
    broken: boolean;
    diagnostics: Diagnostic[];
    conversation?: {
        id: string;
        steps: { n: number; it: Step }[];
        asks: { n: number; it: Ask; reply?: Reply }[];
    };
}

// Where a conversation stands while something is fetched for it.
export const BUSY = "for the outcome of a hook or a model";

const AGAIN_MS = 1_000;

export class Watch {
    readonly #tell: (state: State) => void;
    readonly #lost: (lost: boolean) => void;
    #conversation = "";
    #after = 0;
    #stop = new AbortController();

    constructor(tell: (state: State) => void, lost: (lost: boolean) => void) {
        this.#tell = tell;
        this.#lost = lost;
        void this.#run();
    }

    // Looks at this one from now on.
    follow(conversation: string): void {
        if (conversation === this.#conversation) return;
        this.#conversation = conversation;
        this.#after = 0;
        this.#stop.abort();
    }

    async #run(): Promise<never> {
        for (;;) {
            this.#stop = new AbortController();
            const query = new URLSearchParams({ conversation: this.#conversation, after: String(this.#after) });
            try {
                const answer = await fetch(`/studio/state?${query}`, { signal: this.#stop.signal });
                if (!answer.ok) throw new Error(String(answer.status));
                const state = (await answer.json()) as State;
                this.#lost(false);
                if (state.version === this.#after) continue;
                this.#after = state.version;
                this.#tell(state);
            } catch {
                if (this.#stop.signal.aborted) continue;
                this.#lost(true);
                this.#after = 0; // a server that was started again counts anew
                await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
            }
        }
    }
}
