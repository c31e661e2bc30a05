/* SPDX-License-Identifier: Apache-2.0 */

// An answer as it is being written. A gap in the count, or a beginning that was not heard, ends what
// is shown of an attempt; another attempt takes the place of all that was shown.

import type { StreamFrame } from "./frames.js";

export class Draft {
    #of = "";
    #n = 0; // pieces taken; -1: there was a gap
    #text = "";

    // What to show now.
    take(frame: StreamFrame): string {
        const of = `${frame.turn} ${frame.attempt}`;
        if (of !== this.#of) {
            this.#n = 0;
            this.#text = "";
        }
        this.#of = of;
        this.#n = this.#n >= 0 && frame.n === this.#n + 1 ? frame.n : -1;
        if (this.#n > 0) this.#text += frame.text;
        return this.#text;
    }

    // True when something may be shown.
    drop(): boolean {
        const shown = this.#of !== "";
        this.#of = this.#text = "";
        this.#n = 0;
        return shown;
    }
}
