/* SPDX-License-Identifier: Apache-2.0 */

// A file on its way to the server: a plain POST beside the conversation's connection. What comes back
// is a reference, which is then said like any message.

import type { Strings } from "./strings.js";

export interface Sent {
    upload: string;
    name: string;
}

export interface Sending {
    stop(): void;
}

type Trouble = "file_type" | "file_big" | "file_many" | "file_late" | "file_failed";

const USUAL_MOST = 10 * 1024 * 1024; // bytes, unless the operator says otherwise

// What a browser's file dialog shows for the kinds that a question takes.
const dialog: Record<string, string> = {
    image: "image/*",
    pdf: "application/pdf,.pdf",
    audio: "audio/*",
    video: "video/*",
    text: "text/plain,.txt",
};

export function dialog_filter(accept: string[]): string {
    const known = accept.length > 0 ? accept : Object.keys(dialog);
    return known.map((kind) => dialog[kind] ?? "").filter(Boolean).join(",");
}

function trouble(status: number, file: File): Trouble {
    if (status === 415) return "file_type";
    if (status === 413) return "file_big";
    if (status === 429) return "file_many";
    if (status === 409) return "file_late";
    // A server that finds it too large hangs up, which a page sees as no answer at all.
    return status === 0 && file.size > USUAL_MOST ? "file_big" : "file_failed";
}

export function trouble_text(strings: Strings, what: Trouble): string {
    return strings[what];
}

// Only another file, or none, helps against these.
export function is_final(what: Trouble): boolean {
    return what === "file_type" || what === "file_big" || what === "file_late";
}

function reference(text: string): Sent | null {
    try {
        const value = JSON.parse(text) as Partial<Sent>;
        if (typeof value.upload !== "string" || typeof value.name !== "string") return null;
        return { upload: value.upload, name: value.name };
    } catch {
        return null;
    }
}

export interface Progress {
    moved(part: number): void; // 0 to 1
    done(sent: Sent): void;
    failed(what: Trouble): void;
}

export function send_file(server: string, resume: string, file: File, progress: Progress): Sending {
    const request = new XMLHttpRequest(); // fetch says nothing of what has been sent
    request.open("POST", new URL("api/v1/uploads", server).href);
    request.setRequestHeader("Authorization", `Bearer ${resume}`);
    request.setRequestHeader("Parlance-Name", encodeURIComponent(file.name).slice(0, 900));
    request.upload.onprogress = (event) => {
        if (event.lengthComputable) progress.moved(event.loaded / event.total);
    };
    request.onload = () => {
        const sent = request.status === 201 ? reference(request.responseText) : null;
        if (sent) progress.done(sent);
        else progress.failed(trouble(request.status, file));
    };
    request.onerror = () => progress.failed(trouble(0, file));
    request.send(file);
    return {
        stop: () => {
            request.upload.onprogress = request.onload = request.onerror = null;
            request.abort();
        },
    };
}
