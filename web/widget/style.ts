/* SPDX-License-Identifier: Apache-2.0 */

// The widget's looks. A shop may set --parlance-accent and --parlance-on-accent on <parlance-chat>
// (keep 4.5:1 between them). Logical properties throughout: right-to-left needs no rule of its own.

export const css = `
:host {
    all: initial;
    --accent: var(--parlance-accent, #2b4fc4);
    --on-accent: var(--parlance-on-accent, #ffffff);
    --paper: #ffffff;
    --ground: #f5f6f9;
    --ink: #1b1f2a;
    --quiet: #5a6172;
    --line: #dfe2ea;
    --edge: #80879a;
    --link: #2446b0;
    --warn: #a3231f;
    --warn-paper: #fdf0ef;
    --focus: #1b1f2a;
    --marked: #ffe9a8;
    --shade: 0 1px 2px rgb(20 25 40 / .06), 0 12px 40px rgb(20 25 40 / .18);
    color-scheme: light;
}
@media (prefers-color-scheme: dark) {
    :host {
        --accent: var(--parlance-accent-dark, #a9bcff);
        --on-accent: var(--parlance-on-accent-dark, #0f1a42);
        --paper: #222632;
        --ground: #171a22;
        --ink: #eceef4;
        --quiet: #b0b7c8;
        --line: #363c4c;
        --edge: #7f889d;
        --link: #b3c4ff;
        --warn: #ffb4ad;
        --warn-paper: #3a2327;
        --focus: #ffffff;
        --marked: #5c4a12;
        --shade: 0 1px 2px rgb(0 0 0 / .4), 0 12px 40px rgb(0 0 0 / .5);
        color-scheme: dark;
    }
}
@media (prefers-contrast: more) {
    :host { --quiet: var(--ink); --line: var(--edge); }
}
:host([hidden]) { display: none; }
*, *::before, *::after { box-sizing: border-box; }
[hidden] { display: none !important; }
.root {
    font: 400 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Noto Sans Arabic", Arial, sans-serif;
    color: var(--ink);
    text-align: start;
}
button, textarea { font: inherit; color: inherit; }
button { cursor: pointer; }
:focus { outline: none; }
:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; }
.icon { inline-size: 20px; block-size: 20px; fill: none; stroke: currentColor; stroke-width: 2; stroke-linecap: round; stroke-linejoin: round; flex: none; }
.unseen { position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }

.launcher {
    position: fixed; z-index: 2147483000; inset-block-end: 20px; inset-inline-end: 20px;
    inline-size: 60px; block-size: 60px; padding: 0; border: 2px solid transparent; border-radius: 50%;
    display: grid; place-items: center;
    background: var(--accent); color: var(--on-accent); box-shadow: var(--shade);
    transition: transform .15s ease;
}
.launcher:hover { transform: scale(1.05); }
.launcher .icon { inline-size: 27px; block-size: 27px; grid-area: 1 / 1; transition: opacity .15s ease, transform .15s ease; }
.launcher[aria-expanded="false"] .icon-down, .launcher[aria-expanded="true"] .icon-chat { opacity: 0; transform: scale(.6); }
.badge {
    position: absolute; inset-block-start: -4px; inset-inline-end: -4px; min-inline-size: 23px; block-size: 23px; padding: 0 6px;
    border-radius: 12px; border: 2px solid var(--paper); background: #c22b26; color: #fff; font-size: 12px; font-weight: 700; line-height: 19px; text-align: center;
}

.panel {
    position: fixed; z-index: 2147483000; inset-block-end: 94px; inset-inline-end: 20px;
    inline-size: 400px; block-size: 600px; max-inline-size: calc(100vw - 40px); max-block-size: calc(100dvh - 114px);
    display: flex; flex-direction: column; overflow: hidden;
    border: 1px solid var(--line); border-radius: 18px; background: var(--ground); box-shadow: var(--shade);
    animation: rise .18s ease-out;
}
@keyframes rise { from { opacity: 0; transform: translateY(10px); } }
.head { display: flex; align-items: center; gap: 12px; padding: 13px 16px; background: var(--paper); border-block-end: 1px solid var(--line); }
.face { flex: none; inline-size: 40px; block-size: 40px; border-radius: 50%; display: grid; place-items: center; background: var(--accent); color: var(--on-accent); }
.head div { flex: 1; min-inline-size: 0; }
.head h2 { margin: 0; font-size: 16px; line-height: 1.35; font-weight: 650; }
.head p { margin: 0; font-size: 13px; line-height: 1.4; color: var(--quiet); }
.bare { flex: none; inline-size: 40px; block-size: 40px; padding: 0; border: 0; border-radius: 10px; background: none; color: var(--quiet); display: grid; place-items: center; }
.bare:hover { background: var(--ground); color: var(--ink); }
.notice { display: flex; align-items: center; gap: 8px; margin: 0; padding: 7px 16px; font-size: 13px; color: var(--quiet); background: var(--paper); border-block-end: 1px solid var(--line); }
.notice:empty { display: none; }
.notice.bad { color: var(--warn); background: var(--warn-paper); }
.text-button { padding: 2px 4px; border: 0; border-radius: 4px; background: none; color: inherit; font-weight: 600; text-decoration: underline; text-underline-offset: 2px; }

.scroll { flex: 1; min-block-size: 0; overflow-y: auto; overscroll-behavior: contain; padding: 16px; display: flex; flex-direction: column; }
.scroll:focus-visible { outline-offset: -3px; }
.log { display: flex; flex-direction: column; margin-block-start: auto; }
.message { display: flex; flex-direction: column; align-items: flex-start; gap: 6px; margin-block-start: 6px; max-inline-size: 100%; animation: rise .18s ease-out; }
.message:first-child { margin-block-start: 0; }
.turn { margin-block-start: 16px; }
.bubble {
    max-inline-size: min(86%, 330px); padding: 9px 13px; border: 1px solid var(--line); border-radius: 16px; border-end-start-radius: 5px;
    background: var(--paper); overflow-wrap: anywhere;
}
.bubble > * { margin: 8px 0 0; }
.bubble > :first-child { margin-block-start: 0; }
.bubble > p, .card p { white-space: pre-wrap; }
.customer { align-items: flex-end; }
.customer .bubble { background: var(--accent); color: var(--on-accent); border-color: transparent; border-end-start-radius: 16px; border-end-end-radius: 5px; }
.system { align-items: center; margin-block-start: 16px; }
.system .bubble { max-inline-size: 92%; border: 0; padding: 4px 10px; background: none; color: var(--quiet); font-size: 13px; text-align: center; }
.meta { display: flex; align-items: center; gap: 4px; margin: 0 4px; font-size: 12px; line-height: 1.4; color: var(--quiet); }
.meta .icon { inline-size: 13px; block-size: 13px; }
.customer:has(+ .customer) .fleeting, .bot:has(+ .bot) .fleeting, .agent:has(+ .agent) .fleeting { display: none; }
.failed .meta { color: var(--warn); }

.facts { display: grid; gap: 0; border: 1px solid var(--line); border-radius: 10px; overflow: hidden; font-size: 14px; }
.facts div { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 14px; padding: 6px 10px; background: var(--ground); }
.facts div + div { border-block-start: 1px solid var(--line); }
.facts dt { color: var(--quiet); }
.facts dd { margin: 0; font-weight: 600; overflow-wrap: anywhere; }
.steps { padding: 0; list-style: none; counter-reset: step; display: grid; gap: 8px; }
.steps li { counter-increment: step; position: relative; padding-inline-start: 32px; min-block-size: 23px; }
.steps li::before {
    content: counter(step); position: absolute; inset-inline-start: 0; inset-block-start: 0; inline-size: 23px; block-size: 23px; border-radius: 50%;
    background: var(--accent); color: var(--on-accent); font-size: 12px; font-weight: 700; line-height: 23px; text-align: center;
}
img { display: block; max-inline-size: 100%; block-size: auto; border-radius: 10px; background: var(--ground); color: var(--quiet); font-size: 13px; }
.broken { display: none; }
.bubble > img { inline-size: 100%; max-block-size: 220px; object-fit: cover; }
.link { display: inline-flex; align-items: center; gap: 5px; color: var(--link); font-weight: 600; text-underline-offset: 2px; }
.link .icon, .action .icon, .choice .icon { inline-size: 15px; block-size: 15px; }
.icon-away:dir(rtl), .icon-send:dir(rtl) { transform: scaleX(-1); }
.actions { display: flex; flex-wrap: wrap; gap: 8px; }
.action, .choice, .card .link {
    display: inline-flex; align-items: center; justify-content: center; gap: 6px; min-block-size: 40px; padding: 6px 14px; border: 1px solid var(--edge); border-radius: 20px;
    background: var(--paper); color: var(--link); font-weight: 600; font-size: 14px; line-height: 1.3; text-align: center; text-decoration: none;
}
.action:hover, .choice:hover, .card .link:hover { border-color: var(--link); background: var(--ground); }
.shelf { align-self: stretch; margin-inline: -16px; padding: 4px 16px 10px; overflow-x: auto; overscroll-behavior-inline: contain; scroll-snap-type: inline proximity; scroll-padding-inline: 16px; }
.shelf:focus-visible { outline-offset: -3px; }
.cards { display: flex; inline-size: max-content; gap: 10px; margin: 0; padding: 0; list-style: none; }
.cards li { display: flex; inline-size: 196px; scroll-snap-align: start; }
.card { flex: 1; inline-size: 100%; max-inline-size: 330px; display: flex; flex-direction: column; overflow: hidden; border: 1px solid var(--line); border-radius: 14px; background: var(--paper); }
.card > img { inline-size: 100%; aspect-ratio: 4 / 3; object-fit: cover; border-radius: 0; }
.card-body { flex: 1; display: flex; flex-direction: column; gap: 6px; padding: 10px 12px 12px; }
.card-body > * { margin: 0; }
.card h3 { font-size: 14px; line-height: 1.35; font-weight: 650; }
.card p { font-size: 14px; color: var(--quiet); }
.card-body > .actions:last-child { margin-block-start: auto; padding-block-start: 4px; }
.card .action, .card .link { flex: 1; min-block-size: 36px; }
.card-body > .link { flex: none; }
.card-body > .link:last-child { margin-block-start: auto; }

.draft { display: flex; flex-direction: column; align-items: flex-start; margin-block-start: 16px; }
.draft:not([hidden]) + .typing { margin-block-start: 6px; padding: 8px 12px; }
.source { font-size: 13px; color: var(--quiet); }
.source .link { display: inline; }
.source .icon { display: inline; vertical-align: -2px; margin-inline-start: 4px; }
.sourced { display: grid; gap: 2px; }
.sourced > * { margin: 0; }
.passage { font-size: 13px; color: var(--quiet); }
.passage summary { inline-size: fit-content; padding-block: 4px; border-radius: 4px; cursor: pointer; }
.passage blockquote { margin: 4px 0 0; padding-inline-start: 10px; border-inline-start: 3px solid var(--edge); color: var(--ink); white-space: pre-line; }
mark { padding-inline: 1px; border-radius: 3px; background: var(--marked); color: inherit; }
.rating { display: flex; flex-wrap: wrap; align-items: center; gap: 4px 8px; font-size: 13px; color: var(--quiet); }
.thumb { flex: none; inline-size: 36px; block-size: 36px; padding: 0; border: 1px solid var(--edge); border-radius: 50%; background: var(--paper); color: var(--link); display: grid; place-items: center; }
.thumb:hover { border-color: var(--link); background: var(--ground); }
.thumb .icon { inline-size: 17px; block-size: 17px; }
.thumb.down .icon { transform: rotate(180deg); }
.thumb[aria-pressed="true"] { border-color: var(--accent); background: var(--accent); color: var(--on-accent); }
.typing { align-self: flex-start; display: flex; gap: 5px; margin-block-start: 12px; padding: 14px 15px; border: 1px solid var(--line); border-radius: 16px; border-end-start-radius: 5px; background: var(--paper); }
.typing i { inline-size: 7px; block-size: 7px; border-radius: 50%; background: var(--quiet); animation: beat 1.2s infinite ease-in-out; }
.typing i:nth-of-type(2) { animation-delay: .15s; }
.typing i:nth-of-type(3) { animation-delay: .3s; }
@keyframes beat { 0%, 60%, 100% { opacity: .35; } 30% { opacity: 1; transform: translateY(-3px); } }
.choices { display: flex; flex-wrap: wrap; justify-content: flex-end; gap: 8px; margin-block-start: 12px; }
.choices:empty { display: none; }
.choice .icon-check { display: none; }
.choice[aria-pressed="true"] { border-color: var(--accent); background: var(--accent); color: var(--on-accent); }
.choice[aria-pressed="true"]:hover { background: var(--accent); }
.choice[aria-pressed="true"] .icon-check { display: block; }
.chosen { flex-basis: 100%; display: flex; justify-content: flex-end; }
.chosen .action[aria-disabled="true"] { color: var(--quiet); border-color: var(--edge); background: var(--ground); cursor: default; }
.drop {
    position: absolute; z-index: 1; inset: 8px; display: grid; place-items: center; pointer-events: none;
    border: 2px dashed var(--link); border-radius: 12px; background: var(--paper); color: var(--ink); font-weight: 600; opacity: .95;
}
.attach { flex: none; inline-size: 44px; block-size: 44px; padding: 0; border: 1px solid var(--edge); border-radius: 50%; background: var(--paper); color: var(--link); display: grid; place-items: center; }
.attach:hover { border-color: var(--link); background: var(--ground); }
.file { display: flex; align-items: center; gap: 8px; font-weight: 600; }
.file .icon { inline-size: 16px; block-size: 16px; }
.file bdi { overflow-wrap: anywhere; }
progress { inline-size: 140px; block-size: 6px; accent-color: var(--accent); }
.newest { position: absolute; inset-block-end: 88px; inset-inline: 0; margin-inline: auto; inline-size: max-content; display: flex; align-items: center; gap: 6px; padding: 6px 14px; border: 1px solid var(--edge); border-radius: 18px; background: var(--paper); color: var(--ink); font-size: 13px; font-weight: 600; box-shadow: var(--shade); }
.newest .icon { inline-size: 15px; block-size: 15px; }

.foot { display: flex; align-items: flex-end; gap: 8px; padding: 12px; background: var(--paper); border-block-start: 1px solid var(--line); padding-block-end: max(12px, env(safe-area-inset-bottom)); }
.foot textarea {
    flex: 1; min-inline-size: 0; min-block-size: 44px; max-block-size: 132px; padding: 9px 14px; resize: none; field-sizing: content;
    border: 1px solid var(--edge); border-radius: 22px; background: var(--paper); line-height: 1.5;
}
.foot textarea::placeholder { color: var(--quiet); opacity: 1; }
.foot textarea:focus-visible { outline-color: var(--link); outline-offset: -1px; }
.send { flex: none; inline-size: 44px; block-size: 44px; padding: 0; border: 1px solid transparent; border-radius: 50%; background: var(--accent); color: var(--on-accent); display: grid; place-items: center; }
.send[aria-disabled="true"] { background: var(--ground); color: var(--quiet); border-color: var(--edge); cursor: default; }
.over { flex: 1; }
.over .action { inline-size: 100%; margin-block-start: 8px; }
.over p { margin: 0; text-align: center; color: var(--quiet); font-size: 14px; }

@media (max-width: 480px), (max-height: 480px) {
    .panel { inset: 0; inline-size: auto; block-size: var(--tall, 100dvh); max-inline-size: none; max-block-size: none; border: 0; border-radius: 0; }
    .launcher[aria-expanded="true"] { display: none; }
    .root { font-size: 16px; }
}
.inline, .inline .panel { position: relative; inset: auto; inline-size: 100%; block-size: 100%; max-inline-size: none; max-block-size: none; }
.inline .panel { border: 0; border-radius: 0; box-shadow: none; animation: none; }
@media (prefers-reduced-motion: reduce) {
    *, *::before, *::after { animation: none !important; transition: none !important; scroll-behavior: auto !important; }
}
@media (forced-colors: active) {
    .launcher, .send, .badge, .face { border: 1px solid ButtonText; }
    .customer .bubble { border-color: Highlight; }
    .choice[aria-pressed="true"], .thumb[aria-pressed="true"] { border: 2px solid Highlight; }
    .typing i { background: CanvasText; }
    .steps li::before { border: 1px solid CanvasText; line-height: 21px; }
}
@media print { :host { display: none; } }
`;
