"""The look: grey while all is normal, colour for alarms alone, readable at night and on a telephone."""

CSS = """
:root { color-scheme: dark;
  --back: #181c1f; --panel: #22272b; --raised: #2b3137; --line: #3a4249;
  --ink: #e4e7ea; --soft: #a9b2b9;
  --critical: #e5383b; --high: #f08a24; --medium: #e6c229; --focus: #7cc4ff; }
body { background: var(--back); color: var(--ink); font: 14px/1.35 system-ui, -apple-system,
  "Segoe UI", Roboto, "Noto Sans", "Noto Sans CJK SC", "DejaVu Sans", sans-serif; margin: 0; }
.nicegui-content, .q-page, .q-page-container { padding: 0 !important; display: block; }
.nicegui-content { gap: 0; align-items: stretch; }
.nicegui-error-popup { display: none !important; }
/* The bar has no name and no meaning here; green of its own is too light for white letters. */
.q-loading-bar { display: none !important; } .q-notification { --q-positive: #1d6b35; }
h1, h2, h3, p, dl, dd, ul, ol { margin: 0; padding: 0; letter-spacing: normal; }
h1 { font-size: 18px; font-weight: 600; line-height: 1.2; }
h2 { font-size: 17px; font-weight: 600; line-height: 1.25; }
h3 { font-size: 13px; font-weight: 600; line-height: 1.25; color: var(--soft); }
small { white-space: nowrap; font-size: 12px; font-weight: 400; color: var(--soft); }
.muted { color: var(--soft); }
.aloud { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.skip { position: absolute; left: -999px; } .skip:focus { left: 8px; top: 8px; z-index: 20;
  background: var(--raised); color: var(--ink); padding: 8px; }
:focus-visible { outline: 3px solid var(--focus) !important; outline-offset: 2px; }
.top { position: sticky; top: 0; z-index: 10; background: #111416; border-bottom: 1px solid var(--line); }
.bar { display: flex; align-items: center; gap: 18px; padding: 6px 14px; flex-wrap: wrap; }
.bar > div.head { display: contents; }
.clock { display: flex; gap: 10px; align-items: center; }
.clock .big { font-size: 26px; font-weight: 600; font-variant-numeric: tabular-nums; line-height: 1; }
.clock .date { display: flex; flex-direction: column; font-size: 12px; line-height: 1.25; }
.badge { border: 1px solid var(--line); border-radius: 3px; padding: 2px 8px; font-size: 12px; }
.badge.simulation { background: #37414a; }
.counts { display: flex; gap: 14px; align-items: center; margin-left: auto; }
.count { display: inline-flex; gap: 5px; align-items: center; font-size: 16px;
  font-variant-numeric: tabular-nums; }
.count.zero { opacity: .35; filter: grayscale(1); }
.rate { font-size: 12px; }
.link { display: flex; gap: 6px; align-items: center; font-size: 12px; color: var(--soft); }
.link::before { content: ""; width: 8px; height: 8px; border-radius: 50%; background: var(--soft); }
.banner { padding: 8px 14px; font-size: 15px; background: #37414a; border-top: 1px solid var(--line); }
.banner.alert { background: #5b1719; color: #fff; font-weight: 600; border-left: 8px solid var(--critical); }
.lostbar { display: none; }
body.lost .lostbar { display: block; }
body.lost .page, body.lost .bar > .head > *, body.lost .bar > .head .clock { filter: grayscale(1) brightness(.55); }
body.lost .top > :not(.lostbar, .bar) { filter: grayscale(1) brightness(.55); }
body.lost .link .ok, body:not(.lost) .link .no { display: none; }
body.lost .link::before { background: var(--critical); }
.page { padding: 10px 14px 24px; display: grid; gap: 10px; align-items: start; }
.page.overview {
  grid-template-columns: minmax(0, 1.55fr) minmax(0, 1fr); grid-template-rows: auto auto 1fr;
  grid-template-areas: "incidents incidents" "alarms plants" "trends trends"; }
/* With few alarms the charts take the room that the alarms leave. */
.page.calm { grid-template-areas: "incidents incidents" "alarms plants" "trends plants"; }
.page.calm .charts { grid-template-columns: minmax(0, 1fr); } .page.calm .chart { height: 150px; }
.page.old .main { filter: saturate(.25) brightness(.75); }
.panel { background: var(--panel); border: 1px solid var(--line); border-radius: 4px; padding: 10px 12px; }
.panel.quiet { padding: 6px 12px; }
.incident { display: grid; grid-template-columns: minmax(0, 1.45fr) minmax(0, 1fr) minmax(250px, .85fr);
  grid-template-areas: "what next count" "course next count"; grid-template-rows: auto 1fr; gap: 0 20px;
  border-left: 6px solid var(--soft); }
.incident .what a { color: inherit; text-decoration-color: var(--soft); text-underline-offset: 3px; }
.what { grid-area: what; } .course { grid-area: course; } .next { grid-area: next; }
.countdown { grid-area: count; }
.incident + .incident { margin-top: 10px; }
.incident.phase-surge { border-left-color: var(--medium); }
.incident.phase-restricted { border-left-color: var(--high); }
.incident.phase-threatened { border-left-color: var(--critical); }
.incident.worst-medium { border-left-color: var(--medium); }
.incident.worst-high { border-left-color: var(--high); }
.incident.worst-critical { border-left-color: var(--critical); }
.steps { list-style: none; display: flex; margin: 8px 0; }
.steps li { flex: 1; border-top: 4px solid var(--line); padding: 4px 6px 0 0; font-size: 12.5px;
  display: flex; flex-direction: column; color: #7f8990; }
.steps li + li { margin-left: 3px; }
.steps .done { border-color: var(--soft); color: var(--soft); }
.steps .now { border-color: var(--ink); color: var(--ink); font-weight: 700; }
.steps time { font-size: 12px; font-weight: 400; min-height: 1.3em; }
.evidence { display: grid; grid-template-columns: repeat(4, auto); gap: 2px 12px;
  font-size: 12.5px; }
.evidence .why { grid-column: 1 / -1; }
.fact { display: grid; grid-row: span 3; grid-template-rows: subgrid; gap: 0; } .fact > span { font-size: 12px; }
.fact b { font-size: 14px; font-variant-numeric: tabular-nums; }
.next .step { font-size: 16px; line-height: 1.35; margin-top: 4px; }
.next .for { display: block; font-size: 12.5px; line-height: 1.5; } .next .urgent { font-weight: 600; }
.next .for .symbol { vertical-align: middle; }
.countdown .line { display: flex; align-items: center; gap: 10px; }
.countdown .hours { font-size: 38px; line-height: 1.1; font-weight: 700; white-space: nowrap;
  font-variant-numeric: tabular-nums; }
.countdown .when { display: flex; flex-direction: column; font-size: 13px; }
.countdown.high .hours { color: var(--high); } .countdown.critical .hours { color: #ff5c5f; }
.countdown .others { font-size: 13px; }
.assumed { font-size: 11.5px; margin-top: 3px; }
.page > * { min-width: 0; } .incidents { grid-area: incidents; } #alarms { grid-area: alarms; }
.plants { grid-area: plants; } .trends { grid-area: trends; }
.title { display: block; margin-bottom: 6px; }
.symbol { display: inline-flex; width: 22px; height: 22px; align-items: center; justify-content: center;
  font-size: 12px; font-weight: 800; color: #111; flex: none; line-height: 1; }
.symbol.small { width: 18px; height: 18px; font-size: 10px; }
.symbol.critical { background: var(--critical); color: #fff; }
.symbol.high { background: var(--high); clip-path: polygon(50% 0, 100% 100%, 0 100%); }
.symbol.high .letter { padding-top: 6px; font-size: .85em; }
.symbol.medium { background: var(--medium); clip-path: polygon(50% 0, 100% 50%, 50% 100%, 0 50%); }
.symbol.medium .letter { font-size: .85em; }
.symbol.journal { border: 1px solid var(--soft); color: var(--soft); border-radius: 50%; }
table.alarms { border-collapse: collapse; width: 100%; table-layout: fixed; font-size: 13px; }
.alarms th:first-child { font-size: 0; }
.alarms th { text-align: left; font-weight: 500; color: var(--soft); font-size: 12px; padding: 2px 6px 4px;
  border-bottom: 1px solid var(--line); }
.alarms td { padding: 5px 6px; vertical-align: top; border-bottom: 1px solid #2e353a; overflow-wrap: anywhere; }
.alarms th:nth-child(1) { width: 40px; } .alarms th:nth-child(2) { width: 64px; }
.alarms th:nth-child(3) { width: 112px; } .alarms th:nth-child(4) { width: 178px; }
.alarms th:nth-child(6) { width: 98px; }
.alarms td > span, .alarms td > b, .alarms td > time { display: block; }
.alarms .priority { white-space: nowrap; }
.alarms .priority .symbol { display: inline-flex; vertical-align: middle; }
.alarms .priority .word { display: none; }
.alarms .left { white-space: nowrap; }
.alarms .since, .alarms .left { font-variant-numeric: tabular-nums; }
.alarms .value .name { display: block; font-weight: 600; color: var(--ink); text-decoration: none; }
.alarms .value .name:hover { text-decoration: underline; }
 .alarms .value .now b { font-size: 15px; }
.alarms .raised, .alarms .where span { font-size: 12px; }
.alarms .where span { color: var(--soft); }
.alarms .mark { border: 1px dashed var(--soft); padding: 0 4px; width: fit-content; font-size: 12px; }
.alarms .over { font-weight: 700; } .alarms .is-medium .over { font-weight: 400; }
.alarms .is-critical { background: #e5383b1f; box-shadow: inset 4px 0 var(--critical); }
.alarms .is-high { box-shadow: inset 4px 0 var(--high); }
.alarms .is-medium { box-shadow: inset 4px 0 var(--medium); }
.alarms .is-over { box-shadow: none; background: none; } .alarms .is-over .symbol { filter: grayscale(.8); }
.empty { padding: 14px 6px; }
.q-expansion-item { color: var(--soft); font-size: 13px; }
.q-expansion-item .q-item { min-height: 34px; padding: 4px 6px; }
.history { list-style: none; } .history li { display: flex; gap: 8px; flex-wrap: wrap; padding: 3px 6px;
  border-bottom: 1px solid #2e353a; align-items: center; }
.history .symbol { width: 16px; height: 16px; font-size: 9px; } .history .word { display: none; }
.tiles { display: grid; gap: 8px; grid-template-columns: minmax(0, 1fr); }
.tile { background: var(--panel); border: 1px solid var(--line); border-radius: 4px; padding: 8px 10px; }
.tile > header { display: flex; gap: 8px; align-items: center; }
.tile dl { margin-top: 4px; }
.tile h3, h2 { overflow-wrap: anywhere; min-width: 0; } .tile .fresh, .tile .state { flex: none; }
.trends h2 { margin-bottom: 6px; }
.tile h3 { color: var(--ink); font-size: 14px; }
.tile .state { font-size: 12px; border: 1px solid var(--line); padding: 0 6px; border-radius: 3px; }
.tile .fresh { margin-left: auto; font-size: 12px; } .tile .stale { border: 1px dashed var(--soft); padding: 0 6px; }
.tile dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(104px, 1fr)); gap: 4px 10px; }
.tile .value { border-left: 3px solid var(--line); padding-left: 6px; min-width: 0; }
.tile dt { font-size: 12px; color: var(--soft); white-space: nowrap; }
.tile dd { display: flex; flex-wrap: wrap; gap: 0 5px; align-items: baseline; }
.tile dt { display: flex; gap: 5px; align-items: center; min-height: 18px; }
.tile .number { font-size: 17px; font-weight: 600; font-variant-numeric: tabular-nums; }
.tile .unit, .tile .why, .tile .required { font-size: 12px; } .tile .unit { color: var(--soft); }
.tile dd.judge { font-size: 12px; line-height: 1.2; }
.tile .has-critical { border-color: var(--critical); } .tile .has-high { border-color: var(--high); }
.tile .has-medium { border-color: var(--medium); }
.tile.idle .number { color: var(--soft); font-weight: 500; }
.charts { display: grid; gap: 10px; grid-template-columns: repeat(3, minmax(0, 1fr)); }
.chart { height: 220px; width: 100%; } .charts h3 { margin-bottom: 4px; }
.foot { font-size: 12px; color: var(--soft); padding: 0 14px 14px; }
.signin { max-width: 340px; margin: 12vh auto; display: grid; gap: 8px; padding: 20px; }
.signin input, .signin button { font: inherit; padding: 10px; border-radius: 4px; border: 1px solid var(--soft);
  background: var(--back); color: var(--ink); }
.signin button { background: #2f5f8a; border-color: var(--focus); font-weight: 600; margin-top: 8px; }
.paged { max-width: 560px; margin: 0 auto; padding: 10px 14px 30px; display: grid; gap: 10px; font-size: 16px; }
.paged .worst { font-size: 17px; } .paged .wrong { font-size: 19px; line-height: 1.3; margin: 4px 0; }
.paged .step { font-size: 18px; margin-top: 4px; }
.paged ul { list-style: none; display: grid; gap: 8px; } .paged a { color: var(--focus); }
.paged .figures, .paged li .muted { display: block; } .paged .muted { font-size: 14px; }
.plain main .taking button { width: 100%; font: inherit; font-size: 22px; font-weight: 700; padding: 18px;
  border-radius: 6px; border: 2px solid var(--focus); background: #2f5f8a; color: #fff; }
.taking .muted { margin-top: 6px; }
.signin a { color: var(--focus); }
.nav { display: flex; gap: 2px; padding: 0 10px; border-top: 1px solid var(--line); flex-wrap: wrap;
  align-items: center; }
.nav a, .nav button { color: var(--soft); text-decoration: none; padding: 7px 10px; font: inherit; background: none;
  border: 0; border-bottom: 3px solid transparent; cursor: pointer; }
.nav a:hover, .nav button:hover { color: var(--ink); } .nav .who { margin-left: auto; color: var(--soft); }
.nav a[aria-current] { color: var(--ink); border-bottom-color: var(--ink); font-weight: 600; }
.nav form { display: contents; } .nav .help-button { font-weight: 700; }
dialog { background: var(--panel); color: var(--ink); border: 1px solid var(--soft); border-radius: 4px;
  padding: 16px 20px; max-width: min(560px, 92vw); }
dialog::backdrop { background: rgb(0 0 0 / .6); }
dialog dl { display: grid; grid-template-columns: auto 1fr; gap: 6px 16px; margin: 12px 0; }
kbd { font: 600 13px ui-monospace, monospace; border: 1px solid var(--soft); border-radius: 3px; padding: 1px 6px; }
dialog button, .plain main button { font: inherit; padding: 8px 14px; border-radius: 4px;
  border: 1px solid var(--focus); background: #2f5f8a; color: #fff; cursor: pointer; }
.plain .page { display: block; max-width: 1200px; } .plain .panel { margin-bottom: 12px; }
.plain h1 { margin-bottom: 10px; } .plain h2 { margin-bottom: 8px; }
.plain label { display: grid; gap: 3px; color: var(--soft); font-size: 13px; }
.plain input, .plain select { font: inherit; padding: 8px; border-radius: 4px; border: 1px solid var(--soft);
  background: var(--back); color: var(--ink); min-width: 0; }
.plain main form { display: flex; flex-wrap: wrap; gap: 10px; align-items: end; } .plain main form p { width: 100%; }
.plain main details form { margin: 8px 0; }
.plain summary { cursor: pointer; color: var(--focus); padding: 4px 0; }
.plain table { border-collapse: collapse; width: 100%; }
.plain th, .plain td { text-align: left; vertical-align: top; padding: 6px 10px 6px 0;
  border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
.plain th { color: var(--soft); font-weight: 600; font-size: 13px; } .plain td.time { white-space: nowrap; }
.plain main a { color: var(--focus); } .plain .said { background: #37414a; margin: 0 0 10px; }
.plain form.signin { display: grid; align-items: stretch; } .plain .aside { text-align: right; }
@media (max-width: 1100px) { .charts { grid-template-columns: minmax(0, 1fr); }
  .page.overview, .page.calm { grid-template-columns: minmax(0, 1fr); grid-template-rows: none;
    grid-template-areas: "incidents" "alarms" "plants" "trends"; }
  .incident { grid-template-columns: 1fr 1fr; gap: 8px 20px; grid-template-rows: none;
    grid-template-areas: "what what" "count next" "course course"; } }
@media (max-width: 640px) {
  .top { position: static; } .top > .bar { position: sticky; top: 0; } .top { display: contents; }
  .top > * { background: #111416; } .top > .bar, .top > .lostbar { z-index: 10; } .lostbar { position: sticky; top: 0; }
  .bar { gap: 6px 12px; padding: 6px 10px; } .counts { margin-left: 0; } .page { padding: 8px; }
  .incident { grid-template-columns: 1fr; gap: 10px;
    grid-template-areas: "what" "count" "next" "course"; }
  .tile dl { grid-template-columns: 1fr 1fr; } .tile > header { flex-wrap: wrap; }
  .rate, .clock .date .muted { display: none; } .clock .big { font-size: 22px; }
  .alarms .priority .word { display: inline; margin-left: 6px; }
  .evidence { grid-template-columns: 1fr 1fr; }
  .plain thead { display: none; } .plain tr, .plain td { display: block; } .plain td { border: 0; padding: 2px 0; }
  .plain td.time { font-weight: 600; } .plain tr { border-bottom: 1px solid var(--line); padding: 8px 0; }
  .plain main form { display: grid; }
  .steps { flex-direction: column; } .steps li { flex-direction: row; justify-content: space-between;
    border-top: 0; border-left: 4px solid var(--line); padding: 2px 0 2px 8px; }
  .steps li + li { margin: 2px 0 0; }
  .alarms thead { display: none; } .alarms tr { display: grid; grid-template-columns: auto 1fr auto;
    padding: 6px 4px 6px 10px; border-bottom: 1px solid var(--line); }
  .alarms td { border: 0; padding: 1px 6px; } .alarms .since { text-align: right; grid-column: 3; grid-row: 1; }
  .alarms .where { grid-column: 2; grid-row: 1; }
  .alarms .where b, .alarms .where span { display: inline; margin-right: 5px; }
  .alarms .value, .alarms .advice { grid-column: 1 / 4; } .alarms .left { grid-column: 1 / 4; }
}
"""

#: Greys the page and takes it out of reach when no heartbeat came for 4 s: a closed link, a dead server and a stuck one
#: look alike. Then the keys: never while somebody writes, never under a dialog, and never to a page that is not there.
SCRIPT = """
(() => {
  let seen = null, since = performance.now(), was = null;
  const look = () => {
    const beat = document.getElementById("beat")?.dataset.beat;
    if (beat !== undefined && beat !== seen) { seen = beat; since = performance.now(); }
    const silent = (performance.now() - since) / 1000;
    const lost = silent > 4;
    if (!document.body) return;
    document.body.classList.toggle("lost", lost);
    if (lost || was) document.querySelectorAll(".page, .top > :not(.lostbar), .q-dialog, .q-menu")
      .forEach(one => { one.inert = lost; });
    was = lost;
    const said = document.getElementById("lost-since");
    if (lost && said) said.textContent = Math.round(silent);
  };
  setInterval(look, 500);
  let led = -9999;
  const help = () => document.getElementById("help");
  const writes = one => one?.closest?.("input, textarea, select, [contenteditable]");
  window.addEventListener("keydown", event => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || writes(event.target)) return;
    const open = document.querySelector(".q-dialog, .q-menu, dialog[open]");
    const after = performance.now() - led < 1500;
    led = -9999;
    if (event.key === "?" && help() && (!open || help().open)) {
      help().open ? help().close() : help().showModal();
    } else if (open || document.body.classList.contains("lost")) {
      return;
    } else if (event.key === "g" && !after) {
      led = performance.now();
    } else {
      const to = after && document.querySelector(`.nav a[data-key="${CSS.escape(event.key)}"]`);
      if (!to) return;
      location.href = to.href;
    }
    event.preventDefault();
    event.stopImmediatePropagation();
  }, true);
  window.addEventListener("click", event => {
    if (event.target.closest?.("[data-help]") && help()) help().showModal();
  });
})();
"""
