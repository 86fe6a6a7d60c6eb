"""The look of the alarms page and of a single alarm: columns on a wide screen, cards on a narrow one."""

CSS = """
.page.alarm-page { gap: 8px; }
.alarm-page .tools { display: flex; flex-wrap: wrap; gap: 6px 10px; align-items: center; }
.alarm-page .tools.second { margin-top: 6px; min-height: 38px; } .alarm-page .tools.second > div { display: contents; }
.alarm-page .chips { display: flex; flex-wrap: wrap; gap: 4px; }
.alarm-page .chip { display: inline-flex; gap: 6px; align-items: center; min-height: 30px; padding: 0 9px;
  border: 1px solid var(--line); border-radius: 15px; color: var(--soft); text-decoration: none; font-size: 13px; }
.alarm-page .chip b { color: var(--ink); font-variant-numeric: tabular-nums; font-weight: 600; }
.alarm-page .chip:hover { border-color: var(--soft); color: var(--ink); }
.alarm-page .chip[aria-current] { background: #37414a; color: #fff; border-color: var(--soft); }
.alarm-page .chip .symbol { transform: scale(.85); }
.alarm-page select, .alarm-page input[type=search] { font: inherit; font-size: 13px; color: var(--ink);
  background: var(--back); border: 1px solid #7d868e; border-radius: 4px; min-height: 30px; padding: 0 8px;
  max-width: 210px; }
.alarm-page input[type=search] { width: 190px; }
.alarm-page .do, .alarm-page .quiet, .alarm-page .notice button { font: inherit; font-size: 13px; color: var(--ink);
  background: #37414a; border: 1px solid #7d868e; border-radius: 4px; min-height: 30px; padding: 2px 10px;
  cursor: pointer; }
.alarm-page .do:hover, .alarm-page .notice button:hover { background: #46525d; border-color: var(--ink); }
.alarm-page .quiet { background: none; border-color: transparent; color: var(--soft); }
.alarm-page kbd { margin-left: 7px; padding: 0 5px; border: 1px solid #7d868e; border-radius: 3px; font-size: 11px;
  font-family: inherit; color: var(--soft); }
.alarm-page .notice { font-size: 13px; } .alarm-page .notice a, .alarm-page a { color: var(--focus); }
.alarm-page .notice.outside { border: 1px solid var(--high); border-radius: 4px; padding: 3px 10px; }
.alarm-page .notice.fresh { background: #2f5f8a; color: #fff; border-radius: 4px; padding: 3px 4px 3px 10px; }
.alarm-list { background: var(--panel); border: 1px solid var(--line); border-radius: 4px; }
.alarm { display: grid; grid-template-columns: 30px 28px 62px minmax(150px, 1.1fr) 194px minmax(180px, 1.5fr) 92px
  minmax(134px, .9fr) 122px; gap: 0 10px; align-items: center; padding: 2px 8px 2px 6px; height: 60px;
  font-size: 13px; line-height: 1.3; }
.alarm.heads { height: auto; padding: 5px 8px 5px 6px; border-bottom: 1px solid var(--line); color: var(--soft);
  font-size: 12px; }
.slot { border-bottom: 1px solid #2e353a; scroll-margin: 110px 0 70px; }
.slot:focus-visible { outline-offset: -3px !important; }
.slot:empty, .slot:has(> .none) { display: none; }
.alarm > div { min-width: 0; overflow-wrap: anywhere; } .alarm > div > span, .alarm time { display: block; }
.alarm .c-since time { font-size: 14px; font-variant-numeric: tabular-nums; }
.alarm .c-what a { color: var(--ink); font-weight: 600; text-decoration: none; }
.alarm .c-what a:hover { text-decoration: underline; }
.alarm > div > .symbol { display: inline-flex; } .alarm .now b { font-size: 15px; }
.alarm .now .mark { border: 1px dashed var(--soft); padding: 0 4px; margin-left: 4px; font-size: 12px; }
.alarm .c-advice { max-height: 52px; overflow: hidden; }
.alarm .c-value .now { white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.alarm .c-left { white-space: nowrap; }
.alarm .late { font-weight: 700; }
.alarm .c-state { max-height: 58px; overflow: hidden; }
.alarm .because { display: -webkit-box; -webkit-line-clamp: 2; -webkit-box-orient: vertical; overflow: hidden; }
.alarm .c-state b { font-weight: 400; } .alarm.unseen .c-state b { font-weight: 700; }
.alarm .c-do { display: flex; justify-content: flex-end; } .alarm .c-do .do { padding: 2px 8px; white-space: nowrap; }
.alarm .pick { width: 24px; height: 24px; border: 2px solid #7d868e; border-radius: 4px; background: var(--back);
  color: #fff; font: inherit; font-weight: 800; line-height: 1; padding: 0; cursor: pointer; }
.alarm .pick[aria-checked=true] { background: #2f6fa8; border-color: var(--focus); }
.alarm.is-critical { box-shadow: inset 4px 0 var(--critical); } .alarm.is-high { box-shadow: inset 4px 0 var(--high); }
.alarm.is-medium { box-shadow: inset 4px 0 var(--medium); }
.alarm.is-critical.unseen { background: #e5383b2b; }
.alarm.over, .alarm.aside { box-shadow: none; background: none; }
.alarm.over .symbol, .alarm.aside .symbol { filter: grayscale(.8); }
.alarm.chosen { background: #2f5f8a4d; }
.alarm.gone { font-style: italic; box-shadow: inset 4px 0 var(--line); }
.alarm.gone a, .alarm.gone { color: var(--soft); }
.outcome { font-weight: 600; margin-top: 2px; padding: 1px 6px; border-radius: 3px; background: #37414a; }
.outcome.refused { background: #5b1719; color: #fff; } .outcome.pending { background: #5a4a12; color: #fff; }
.spark { display: block; width: 132px; height: 30px; }
.spark .trace { fill: none; stroke: #9cc3dd; stroke-width: 1.5; vector-effect: non-scaling-stroke; }
.spark .limit { stroke: #a9b2b9; stroke-dasharray: 4 3; vector-effect: non-scaling-stroke; }
.spark .newest { fill: #e4e7ea; }
.alarm-page .fold { display: none; }
.alarm-page .under { display: flex; gap: 16px; align-items: center; flex-wrap: wrap; font-size: 13px; }
.alarm-page .under .keys { color: var(--soft); font-size: 12px; margin-left: auto; }
.pagesbar { display: flex; gap: 14px; align-items: center; }
.actsbar { position: sticky; bottom: 0; z-index: 9; }
.acts { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; padding: 9px 12px; background: #10151a;
  border: 1px solid var(--focus); border-radius: 4px; box-shadow: 0 -4px 14px #0009; }
.acts b { margin-right: 4px; }
.asked { min-width: min(520px, 92vw); background: var(--panel) !important; color: var(--ink); gap: 10px; }
.asked h2 { font-size: 17px; } .asked ul { margin: 0; padding-left: 20px; max-height: 30vh; overflow: auto; }
.asked .warn { border-left: 6px solid var(--critical); background: #5b1719; color: #fff; padding: 8px 10px; }
.asked .wrong { color: #ff9a9c; font-weight: 600; }
.asked .row-of { display: flex; gap: 8px; justify-content: flex-end; width: 100%; flex-wrap: wrap; }
.one-alarm { display: grid; grid-template-columns: minmax(0, 1.5fr) minmax(0, 1fr); gap: 10px; align-items: start; }
.one-alarm .acting { display: flex; gap: 8px; flex-wrap: wrap; margin-top: 6px; }
.spark .onset { stroke: #f59a4a; vector-effect: non-scaling-stroke; }
.one-alarm > div:first-child { grid-column: 1 / 3; }
.one-alarm h2 { margin-bottom: 6px; } .one-alarm .panel { min-width: 0; }
.one-alarm dl { display: grid; grid-template-columns: 130px minmax(0, 1fr); gap: 4px 12px; font-size: 13.5px; }
.one-alarm dt { color: var(--soft); } .one-alarm dd { overflow-wrap: anywhere; }
.one-alarm .big { display: flex; gap: 10px 22px; align-items: center; flex-wrap: wrap; font-size: 15px; }
.one-alarm .big h1 { display: flex; gap: 10px; align-items: center; }
.one-alarm .big .value { font-size: 24px; font-weight: 600; font-variant-numeric: tabular-nums; }
.one-alarm .spark { width: 100%; height: 150px; }
.one-alarm ol, .one-alarm ul { list-style: none; }
.one-alarm li { padding: 4px 0; border-bottom: 1px solid #2e353a; display: flex; gap: 10px; flex-wrap: wrap;
  overflow-wrap: anywhere; }
.one-alarm li time { font-variant-numeric: tabular-nums; color: var(--soft); }
.one-alarm .said { white-space: pre-wrap; flex-basis: 100%; }
.one-alarm textarea { width: 100%; font: inherit; background: var(--back); color: var(--ink); border: 1px solid #7d868e;
  border-radius: 4px; padding: 6px 8px; }
.one-alarm .axis { display: flex; justify-content: space-between; font-size: 12px; color: var(--soft); }
/* Whoever may only look has nothing to select. */
.looking .alarm { grid-template-columns: 28px 62px minmax(150px, 1.1fr) 194px minmax(180px, 1.5fr) 92px
  minmax(134px, .9fr); padding-left: 12px; }
.looking .alarm .c-pick, .looking .alarm .c-do { display: none; }
@media (max-width: 1100px) {
  .looking .alarm { grid-template-columns: 28px 60px minmax(0, 1.2fr) 194px minmax(0, 1fr); }
  .alarm { grid-template-columns: 30px 28px 60px minmax(0, 1.2fr) 140px minmax(0, 1fr) 122px; }
  .alarm .c-advice { display: none; } .alarm.heads .c-left, .alarm .c-left { display: none; }
  .one-alarm { grid-template-columns: minmax(0, 1fr); } .one-alarm > div:first-child { grid-column: auto; } }
@media (max-width: 640px) {
  .alarm.heads { display: none; }
  .alarm { height: auto; grid-template-columns: 40px 26px minmax(0, 1fr) auto; gap: 3px 8px; padding: 9px 10px 9px 8px;
    grid-template-areas: "pick how what since" "pick value value value" "pick advice advice advice"
      "pick left left do" "pick state state do"; align-items: start; }
  .looking .alarm { padding-left: 12px; grid-template-columns: 26px minmax(0, 1fr) auto;
    grid-template-areas: "how what since" "how value value" "how advice advice" "how left left" "how state state"; }
  .alarm .c-pick { grid-area: pick; } .alarm .c-how { grid-area: how; } .alarm .c-what { grid-area: what; }
  .alarm .c-since { grid-area: since; text-align: right; } .alarm .c-value { grid-area: value; display: flex;
    flex-wrap: wrap; gap: 2px 12px; align-items: center; }
  .alarm .c-advice { grid-area: advice; display: block; max-height: none; }
  .alarm .c-left { display: block; grid-area: left; }
  .alarm .c-state { grid-area: state; } .alarm .c-do { grid-area: do; align-self: end; }
  .alarm .pick { width: 34px; height: 34px; } .alarm .c-do .do { min-height: 40px; padding: 4px 12px; }
  .alarm-page .chips { flex-wrap: nowrap; overflow-x: auto; max-width: 100%; } .alarm-page .chip { min-height: 36px;
    flex: none; } .alarm-page select, .alarm-page input[type=search] { min-height: 40px; }
  .alarm-page .fold { display: block; flex: none; }
  .tools.second:not(.open) select, .tools.second:not(.open) input { display: none; }
  .alarm-page .tools select { flex: 1 1 40%; max-width: none; min-width: 0; }
  .alarm-page input[type=search] { flex: 1 1 100%; max-width: none; }
  .alarm-page .under .keys { display: none; } .acts .do { min-height: 40px; } .acts kbd { display: none; } }
"""
