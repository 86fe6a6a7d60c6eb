"""The look of the incidents' pages, beside that of every page."""

CSS = """
.page.incident-list-page { grid-template-columns: minmax(0, 1fr); max-width: 1100px; }
.incident-list { list-style: none; display: grid; gap: 8px; }
.incident-row { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 2px 14px;
  border-left: 6px solid var(--soft); }
.incident-row .name { font-size: 17px; font-weight: 600; color: var(--ink); }
.incident-row .phase { font-weight: 600; text-align: right; }
.incident-row .when { text-align: right; grid-column: 2; grid-row: 2; }
.incident-row .cause, .incident-row .step { grid-column: 1; }
.incident-row.closed .name, .incident-row.closed .phase { color: var(--soft); }
.incident-row.worst-critical, .incident-row.phase-threatened { border-left-color: var(--critical); }
.incident-row.worst-high, .incident-row.phase-restricted { border-left-color: var(--high); }
.incident-row.worst-medium, .incident-row.phase-surge { border-left-color: var(--medium); }
.kept { margin-top: 10px; font-size: 12.5px; }
.page.one-incident-page { grid-template-columns: minmax(0, 1fr) minmax(0, 1.15fr);
  grid-template-areas: "top top" "fault fault" "playbook happened" "related related"; }
.one-incident-page .top-part { grid-area: top; } .one-incident-page .playbook { grid-area: playbook; }
.one-incident-page .happened { grid-area: happened; } .one-incident-page .related { grid-area: related; }
.one-incident-page .back { font-size: 12.5px; color: var(--soft); }
.incident.is-closed { border-left-color: var(--soft); grid-template-areas: "what count" "course course";
  grid-template-columns: minmax(0, 1fr) auto; }
.one-incident-page .fact { grid-row: span 4; } .one-incident-page .evidence { gap: 2px 16px; }
.one-incident-page .fact .spark { width: 132px; height: 30px; }
.one-incident-page .spark .trace { fill: none; stroke: #9cc3dd; stroke-width: 1.5;
  vector-effect: non-scaling-stroke; } .one-incident-page .spark .newest { fill: var(--ink); }
.playbook-steps .text::first-letter { text-transform: uppercase; }
.phases h3 { color: var(--ink); margin: 10px 0 4px; } .phases h3 .been, .phases h3 .ahead { color: var(--soft); }
.phases h3 .now small { border: 1px solid var(--ink); color: var(--ink); border-radius: 3px; padding: 0 6px; }
.playbook-steps { list-style: none; display: grid; gap: 4px; }
.playbook-steps .step { display: flex; gap: 10px; width: 100%; text-align: left; font: inherit; color: var(--ink);
  background: var(--raised); border: 1px solid var(--line); border-radius: 4px; padding: 8px 10px; min-height: 40px;
  cursor: pointer; align-items: flex-start; }
.playbook-steps .step:disabled { cursor: default; }
.playbook-steps .step:hover:not(:disabled) { border-color: var(--soft); }
.playbook-steps .box { flex: none; width: 18px; height: 18px; border: 2px solid var(--soft); border-radius: 3px;
  margin-top: 1px; }
.playbook-steps [aria-checked="true"] .box { background: var(--soft); position: relative; }
.playbook-steps [aria-checked="true"] .box::after { content: ""; position: absolute; left: 4px; top: 0; width: 5px;
  height: 10px; border: solid #14181b; border-width: 0 3px 3px 0; transform: rotate(42deg); }
.playbook-steps .words { display: flex; justify-content: space-between; flex: 1; gap: 2px 12px; flex-wrap: wrap; }
.playbook-steps .text { overflow-wrap: anywhere; } .playbook-steps .whose { font-size: 12.5px; }
.playbook-steps [aria-checked="true"] .text { color: var(--soft); }
.playbook-steps .next { border-color: var(--ink); border-left-width: 5px; font-weight: 600; }
.playbook-steps .next .whose { color: var(--ink); }
.playbook-steps .ahead { background: none; color: var(--soft); }
.toggles { display: flex; gap: 6px; flex-wrap: wrap; margin-bottom: 8px; }
.toggle { font: inherit; font-size: 13px; color: var(--soft); background: none; border: 1px solid var(--line);
  border-radius: 14px; padding: 3px 12px; min-height: 28px; cursor: pointer; }
.toggle[aria-pressed="true"] { color: var(--ink); background: var(--raised); border-color: var(--soft); }
.toggle:last-child { margin-left: auto; }
.writing { display: flex; gap: 8px; align-items: flex-end; margin-bottom: 10px; flex-wrap: wrap; }
.writing .q-field { flex: 1; min-width: 220px; } .writing .q-btn { min-height: 40px; }
.timeline { list-style: none; max-height: 62vh; overflow-y: auto; }
.timeline li { display: grid; grid-template-columns: 80px minmax(0, 1fr); gap: 8px; padding: 4px 2px;
  border-bottom: 1px solid #2e353a; font-size: 13px; }
.timeline time { color: var(--soft); font-variant-numeric: tabular-nums; }
.timeline a { color: inherit; text-decoration-color: var(--line); text-underline-offset: 3px; }
.timeline .said { overflow-wrap: anywhere; } .timeline .symbol { vertical-align: middle; }
.timeline .of-phases { background: var(--raised); } .timeline .phase { font-size: 14px; }
.timeline .of-people .said::before, .timeline .of-pages .said::before { color: var(--soft); }
.timeline .of-people .said::before { content: "☻ "; } .timeline .of-pages .said::before { content: "✆ "; }
.written { white-space: pre-wrap; overflow-wrap: anywhere; }
.related a { color: var(--focus); }
@media (max-width: 1000px) { .page.one-incident-page { grid-template-columns: minmax(0, 1fr);
  grid-template-areas: "top" "fault" "playbook" "happened" "related"; } }
@media (max-width: 640px) { .incident-row { grid-template-columns: minmax(0, 1fr); }
  .incident-row .phase, .incident-row .when { text-align: left; grid-column: 1; grid-row: auto; }
  .timeline { max-height: none; } .timeline li { grid-template-columns: 52px minmax(0, 1fr); }
  .playbook-steps .step { min-height: 48px; }
  .incident.is-closed { grid-template-columns: 1fr; grid-template-areas: "what" "count" "course"; } }
"""
