/* SPDX-License-Identifier: Apache-2.0 */

// The frames of the wire protocol, as far as a customer's widget meets them. What comes from the
// server is checked only for the shape that is used; unknown frames, kinds and parts are passed over,
// so that an older widget goes on working with a newer server.

export type Part =
    | { type: "text"; text: string; marked?: string[] | undefined } // marked: the widget's own
    | { type: "image"; url: string; alt?: string }
    | { type: "fact"; label: string; value: string }
    | { type: "button"; id: string; label: string; url?: string }
    | { type: "link"; label: string; url: string }
    | { type: "steps"; items: string[] }
    | { type: "file"; url: string }
    | Source
    | { type: "rating" }
    | Card
    | { type: "cards"; items: Card[] };

export interface Card {
    type: "card";
    title?: string;
    text?: string;
    parts?: Part[];
}

export interface Source {
    type: "source";
    label?: string;
    url?: string;
    article?: string; // "kb/returns/how-to": the server has a page of it
    locale?: string; // the article's
    passage?: string[]; // what it says there, by turns not marked and marked
}

export interface Choice {
    id: string;
    label: string;
    url?: string;
}

export type Party = "bot" | "customer" | "agent" | "system";
export type With = "bot" | "waiting" | "agent";

export interface EventFrame {
    t: "event";
    seq: number;
    at?: string;
    kind: string;
    from?: Party;
    cid?: string;
    mode?: string;
    queue?: string;
    parts?: Part[];
    rates?: number; // rated: the event that this is about,
    value?: number; // and 1, -1, or 0 when it was taken back
    choices?: Choice[];
    several?: boolean; // any number of the choices, sent at once
    accept?: string[]; // a file is asked for, of these kinds; empty: of any
}

export interface ReadyFrame {
    t: "ready";
    conversation: string;
    resume: string;
    with: With;
    epoch: string;
    recovered: boolean;
    seq: number;
    dir: "ltr" | "rtl";
    locale: string;
}

export interface StreamFrame {
    t: "stream";
    turn: string;
    attempt: number;
    n: number;
    text: string;
}

export interface ErrorFrame {
    t: "error";
    code: string;
    message?: string;
    cid?: string;
    retry?: boolean;
}

export type ServerFrame =
    | { t: "hello"; epoch: string }
    | ReadyFrame
    | { t: "live" }
    | { t: "ack"; cid: string; seq: number; dup?: boolean }
    | EventFrame
    | { t: "typing"; on: boolean }
    | StreamFrame
    | ErrorFrame
    | { t: "bye"; code: string; retry: boolean; after_ms?: number };

// What a customer says: free words, a quick reply (or several, with commas), a button, or a file. `text` is always what he sees himself say.
export interface Saying {
    text: string;
    choice?: string;
    button?: string;
    upload?: string;
}

function is_list(value: unknown): boolean {
    if (value === undefined) return true;
    return Array.isArray(value) && value.every((v) => typeof v === "object" && v !== null);
}

function is_event(frame: Record<string, unknown>): boolean {
    const numbered = Number.isSafeInteger(frame.seq) && typeof frame.kind === "string";
    const { accept } = frame;
    const kinds = accept === undefined || (Array.isArray(accept) && accept.every((k) => typeof k === "string"));
    return numbered && kinds && is_list(frame.parts) && is_list(frame.choices);
}

function is_frame(value: unknown): value is ServerFrame {
    if (typeof value !== "object" || value === null) return false;
    const frame = value as Record<string, unknown>;
    if (frame.t === "event") return is_event(frame);
    if (frame.t === "ready")
        return typeof frame.resume === "string" && typeof frame.conversation === "string";
    if (frame.t === "ack") return typeof frame.cid === "string";
    if (frame.t === "stream")
        return Number.isSafeInteger(frame.n) && typeof frame.turn === "string" && typeof frame.text === "string";
    return typeof frame.t === "string";
}

// A WebSocket message holds one frame or an array of frames; anything else yields none.
export function parse_frames(data: unknown): ServerFrame[] {
    if (typeof data !== "string") return [];
    let value: unknown;
    try {
        value = JSON.parse(data);
    } catch {
        return [];
    }
    return (Array.isArray(value) ? value : [value]).filter(is_frame);
}
