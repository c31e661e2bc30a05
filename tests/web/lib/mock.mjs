/* SPDX-License-Identifier: Apache-2.0 */

// A server of the wire protocol, as small as can be, that misbehaves on request. Serves the built
// demo page too, under the strictest policy that the widget promises to work with.
//
//     node lib/mock.mjs --port 8090 [--journal FILE]     stand-alone, for a look by hand

import { createHash, randomBytes } from "node:crypto";
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { WebSocketServer } from "ws";
import { assistant } from "./assistant.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
export const dist = process.env.PL_DIST ?? path.resolve(here, "../../../web/dist");
export const CSP = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; " +
    "img-src 'self' https:; require-trusted-types-for 'script'; trusted-types 'none'";
const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };

export class Mock {
    constructor({ reply = assistant, journal = null } = {}) {
        this.reply = reply;
        this.journal = journal;
        this.epoch = randomBytes(16).toString("hex");
        this.byResume = new Map();
        this.sockets = new Set();
        this.received = []; // every frame of every client
        this.fault = {}; // down, loseAck: n, refuse: [{code, retry}], hold, silent
        if (journal && existsSync(journal)) this.#recover();
    }

    async listen(port = 0) {
        this.http = createServer((request, response) => void this.#serve(request, response));
        this.wss = new WebSocketServer({ noServer: true, handleProtocols: () => "parlance.v1" });
        this.http.on("upgrade", (request, socket, head) => {
            if (this.fault.down) return socket.destroy();
            this.wss.handleUpgrade(request, socket, head, (ws) => this.#greet(ws));
        });
        await new Promise((resolve) => this.http.listen(port, "127.0.0.1", resolve));
        this.url = `http://127.0.0.1:${this.http.address().port}`;
        return this;
    }

    async close() {
        this.drop();
        this.http.closeAllConnections();
        await new Promise((resolve) => this.http.close(resolve));
    }

    // Cuts every connection, as a lost network does.
    drop() {
        for (const ws of this.sockets) ws.terminate();
    }

    sent(t) {
        return this.received.filter((frame) => frame.t === t);
    }

    // Something happens by itself in the newest conversation: an agent writes, a timer fires.
    happen(...bodies) {
        const talk = [...this.byResume.values()].at(-1);
        this.#publish(talk, bodies.map((body) => this.#append(talk, body)));
    }

    // The store is replaced by another: what clients remember of it is void.
    restore() {
        this.epoch = randomBytes(16).toString("hex");
        for (const talk of this.byResume.values()) {
            talk.events = talk.events.slice(0, 1);
            talk.counters.clear();
        }
        this.drop();
    }

    broadcast(frame) {
        for (const ws of this.sockets) ws.send(JSON.stringify(frame));
    }

    async #serve(request, response) {
        const name = path.basename(new URL(request.url, this.url).pathname) || "index.html";
        try {
            const body = await readFile(path.join(dist, name));
            response.writeHead(200, { "Content-Type": TYPES[path.extname(name)], "Content-Security-Policy": CSP });
            response.end(body);
        } catch {
            response.writeHead(404).end();
        }
    }

    #greet(ws) {
        this.sockets.add(ws);
        ws.on("close", () => this.sockets.delete(ws));
        ws.on("message", (data) => {
            const value = JSON.parse(String(data));
            for (const frame of Array.isArray(value) ? value : [value]) this.#take(ws, frame);
        });
        ws.send(JSON.stringify({ t: "hello", heartbeat_ms: 25000, max_bytes: 65536, epoch: this.epoch }));
    }

    #take(ws, frame) {
        this.received.push(frame);
        if (frame.t === "open") this.#open(ws, frame);
        if (frame.t === "send") this.#send(ws, frame);
    }

    #open(ws, frame) {
        const known = frame.resume && this.byResume.get(frame.resume);
        if (frame.resume && !known)
            return ws.send(JSON.stringify({ t: "error", code: "resume_refused", message: "no such secret", retry: false }));
        const talk = known || this.#begin(frame.locale ?? "en-US");
        const recovered = Boolean(known) && frame.epoch === this.epoch;
        const missed = recovered ? talk.events.filter((event) => event.seq > frame.seq) : talk.events;
        ws.talk = talk;
        ws.send(JSON.stringify({
            t: "ready", conversation: talk.id, resume: talk.resume, with: "bot", epoch: this.epoch, recovered,
            seq: talk.events.length, dir: talk.locale.startsWith("ar") ? "rtl" : "ltr", locale: talk.locale,
        }));
        ws.send(JSON.stringify([...missed, { t: "live" }]));
    }

    #begin(locale) {
        const talk = { id: randomBytes(16).toString("hex"), resume: randomBytes(32).toString("hex"), locale,
            events: [], counters: new Map(), state: {} };
        this.#write({ begin: { id: talk.id, resume: talk.resume, locale } });
        this.byResume.set(talk.resume, talk);
        for (const body of this.reply({ open: true }, talk.state, locale)) this.#append(talk, body);
        return talk;
    }

    #send(ws, frame) {
        const error = (code, retry) =>
            ws.send(JSON.stringify({ t: "error", code, message: code, cid: frame.cid, retry }));
        const { talk } = ws;
        if (this.fault.silent) return;
        const refusal = this.fault.refuse?.shift();
        if (refusal) return error(refusal.code, refusal.retry);
        const ways = ["text", "choice", "button"].filter((way) => frame[way] !== undefined);
        if (ways.length !== 1) return error("bad_field", false);
        const [instance, counter] = [frame.cid.slice(0, 16), Number(frame.cid.slice(17))];
        const hash = createHash("sha256").update(JSON.stringify({ ...frame, cid: 0 })).digest("hex");
        const taken = talk.counters.get(instance) ?? [];
        if (counter > taken.length + 1) return error("out_of_order", true);
        const before = taken[counter - 1];
        if (before && before.hash !== hash) return error("cid_reused", false);
        if (before) return ws.send(JSON.stringify({ t: "ack", cid: frame.cid, seq: before.seq, dup: true }));
        this.#turn(ws, talk, frame, { instance, taken, hash });
    }

    #turn(ws, talk, frame, { instance, taken, hash }) {
        const text = frame.text ?? this.#label(talk, frame.choice ?? frame.button);
        const kept = text.replace(/\b(\d{4} ){3}\d{4}\b/, "•••• 1111"); // as the server keeps a card's number
        const own = this.#append(talk, { kind: "message", from: "customer", cid: frame.cid, parts: [{ type: "text", text: kept }] });
        taken.push({ hash, seq: own.seq });
        talk.counters.set(instance, taken);
        this.#write({ talk: talk.id, instance, hash, seq: own.seq });
        const replies = this.reply(frame, talk.state, talk.locale).map((body) => this.#append(talk, body));
        if (this.fault.loseAck > 0) {
            this.fault.loseAck--;
            return ws.terminate();
        }
        const ack = { t: "ack", cid: frame.cid, seq: own.seq, dup: false };
        if (this.fault.loseEvents > 0) {
            this.fault.loseEvents--;
            return ws.send(JSON.stringify(ack), () => ws.terminate());
        }
        ws.send(JSON.stringify([ack, own, ...replies]));
        for (const other of this.sockets)
            if (other !== ws && other.talk === talk) other.send(JSON.stringify([own, ...replies]));
    }

    #label(talk, id) {
        const all = talk.events.flatMap((event) => [...(event.choices ?? []), ...(event.parts ?? [])]);
        return all.find((one) => one.id === id)?.label ?? id;
    }

    #append(talk, body) {
        const event = { t: "event", seq: talk.events.length + 1, at: new Date().toISOString(), ...body };
        talk.events.push(event);
        this.#write({ talk: talk.id, event, state: talk.state });
        return event;
    }

    #publish(talk, events) {
        for (const ws of this.sockets) if (ws.talk === talk) ws.send(JSON.stringify(events));
    }

    // The journal: enough to come back after a kill. Not synced; a killed process loses nothing written.
    #write(line) {
        if (this.journal) appendFileSync(this.journal, `${JSON.stringify({ epoch: this.epoch, ...line })}\n`);
    }

    #recover() {
        const byId = new Map();
        for (const text of readFileSync(this.journal, "utf8").split("\n").filter(Boolean)) {
            const line = JSON.parse(text);
            this.epoch = line.epoch;
            if (line.begin) {
                const talk = { ...line.begin, events: [], counters: new Map(), state: {} };
                byId.set(talk.id, talk);
                this.byResume.set(talk.resume, talk);
                continue;
            }
            const talk = byId.get(line.talk);
            if (line.event) {
                talk.events.push(line.event);
                talk.state = line.state;
            } else {
                const taken = talk.counters.get(line.instance) ?? [];
                talk.counters.set(line.instance, [...taken, { hash: line.hash, seq: line.seq }]);
            }
        }
    }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
    const option = (name) => {
        const at = process.argv.indexOf(name);
        return at < 0 ? undefined : process.argv[at + 1];
    };
    const mock = await new Mock({ journal: option("--journal") ?? null }).listen(Number(option("--port") ?? 8090));
    console.log(mock.url);
}
