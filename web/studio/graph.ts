/* SPDX-License-Identifier: Apache-2.0 */

// The graph: the server's drawing, with the place where the conversation stands lit, and the way that
// it took in its last turn.

import { h } from "../widget/dom.js";

interface Box {
    id: string;
    flow?: string;
    part?: string; // a file of flows, or a folder
    places: string[];
}
interface Drawing {
    svg: string;
    boxes: Box[];
    error?: string;
}

const SMALLEST = 0.1;
const LARGEST = 2.5;
const READABLE = 1; // pixels to a point of the drawing: of one flow no fewer to begin with,
const GLANCE = 0.8; // of all flows these
const ROOMY = 1.3; // and no more
const STEP = 1.25;

export class Graph {
    readonly #canvas: HTMLElement;
    readonly #open: (flow: string) => void;
    #svg: SVGSVGElement | null = null;
    #boxes: Box[] = [];
    #flow: string | null = null;
    #build = -1;
    #scale = READABLE;
    #fitted = false;
    #latest = 0;
    #lit = { place: "", flow: "", ran: [] as string[] };

    constructor(canvas: HTMLElement, open: (flow: string) => void) {
        this.#canvas = canvas;
        this.#open = open;
    }

    // Of one flow, or, by an empty name, of all; drawn again when the flows are others.
    async show(flow: string, build: number): Promise<void> {
        if (flow === this.#flow && build === this.#build) return;
        const other = flow !== this.#flow;
        this.#flow = flow;
        this.#build = build;
        const turn = ++this.#latest;
        const drawing = await this.#fetch(flow);
        if (turn !== this.#latest) return; // another one was asked for meanwhile
        this.#draw(drawing);
        if (other) this.#begin();
    }

    light(place: string, flow: string, ran: string[]): void {
        this.#lit = { place, flow, ran };
        this.#mark();
    }

    zoom(by: number): void {
        this.#fitted = by === 0;
        if (by !== 0) this.#scale = Math.min(LARGEST, Math.max(SMALLEST, this.#scale * STEP ** by));
        this.settle();
    }

    // The canvas has another size.
    settle(): void {
        this.#size();
        this.#to_place();
    }

    async #fetch(flow: string): Promise<Drawing> {
        try {
            const answer = await fetch(`/studio/graph?${new URLSearchParams({ flow })}`);
            return (await answer.json()) as Drawing;
        } catch {
            return { svg: "", boxes: [], error: "The server does not answer." };
        }
    }

    #draw(drawing: Drawing): void {
        const parsed = new DOMParser().parseFromString(drawing.svg || "<svg/>", "image/svg+xml").documentElement;
        this.#boxes = drawing.boxes ?? [];
        if (drawing.error || !(parsed instanceof SVGSVGElement)) {
            this.#svg = null;
            this.#canvas.replaceChildren(h("p", { class: "empty" }, drawing.error ?? "This cannot be drawn."));
            return;
        }
        for (const title of parsed.querySelectorAll("title")) title.remove(); // "b0" helps nobody
        parsed.querySelector(".graph > polygon")?.remove(); // the paper
        parsed.setAttribute("role", "group");
        parsed.setAttribute("aria-label", this.#flow ? `The flow ${this.#flow}` : "All flows");
        this.#svg = document.importNode(parsed, true);
        this.#canvas.replaceChildren(this.#svg);
        for (const box of this.#boxes) if (box.flow && box.flow !== this.#flow) this.#link(box, box.flow);
        this.#size();
        this.#mark();
    }

    // A box that stands for another flow leads there.
    #link(box: Box, flow: string): void {
        const node = this.#node(box);
        if (!node) return;
        node.classList.add("leads");
        node.setAttribute("tabindex", "0");
        node.setAttribute("role", "link");
        node.addEventListener("click", () => this.#open(flow));
        node.addEventListener("keydown", (event) => {
            if ((event as KeyboardEvent).key === "Enter") this.#open(flow);
        });
    }

    #node(box: Box): Element | null {
        return this.#svg?.querySelector(`#${CSS.escape(box.id)}`) ?? null;
    }

    #mark(): void {
        const { place, flow, ran } = this.#lit;
        for (const box of this.#boxes) {
            const node = this.#node(box);
            const at = box.places.includes(place) ||
                (this.#flow === "" && flow !== "" && (box.flow === flow || (!!box.part && place.startsWith(box.part))));
            node?.classList.toggle("here", at);
            node?.classList.toggle("went", !at && box.places.some((p) => ran.includes(p)));
            if (at) node?.setAttribute("aria-current", "location");
            else node?.removeAttribute("aria-current");
        }
        this.#to_place();
    }

    // At which all of it is in sight.
    #whole(): number {
        const box = this.#svg?.viewBox.baseVal;
        const { clientWidth, clientHeight } = this.#canvas;
        return box ? Math.min((clientWidth - 24) / box.width, (clientHeight - 24) / box.height) : 1;
    }

    // Another drawing: as much of it as can be read.
    #begin(): void {
        this.#fitted = false;
        this.#scale = Math.min(ROOMY, Math.max(this.#flow ? READABLE : GLANCE, this.#whole()));
        this.#canvas.scrollTo(0, 0);
        this.settle();
    }

    #size(): void {
        const box = this.#svg?.viewBox.baseVal;
        if (!this.#svg || !box) return;
        if (this.#fitted) this.#scale = Math.min(ROOMY, Math.max(SMALLEST, this.#whole()));
        this.#svg.setAttribute("width", String(Math.round(box.width * this.#scale)));
        this.#svg.setAttribute("height", String(Math.round(box.height * this.#scale)));
    }

    // The place, else the beginning, in the middle.
    #to_place(): void {
        const node = this.#svg?.querySelector(".here") ?? this.#svg?.querySelector(".start");
        if (!node || this.#fitted) return;
        const at = node.getBoundingClientRect();
        const pane = this.#canvas.getBoundingClientRect();
        this.#canvas.scrollBy({
            left: at.x + at.width / 2 - pane.x - pane.width / 2,
            top: at.y + at.height / 2 - pane.y - pane.height / 2,
        });
    }
}
