"""The look of the handover on a screen, and black on white on one sheet of A4."""

CSS = """
.page.handover-page { grid-template-columns: minmax(0, 1.7fr) minmax(0, 1fr);
  grid-template-areas: "head tools" "fault fault" "lists notes" "lists changes";
  grid-template-rows: auto auto auto 1fr; }
.handover-head { grid-area: head; } .handover-head .load { font-size: 15px; }
.handover-page .tools { grid-area: tools; display: flex; gap: 10px; flex-wrap: wrap; align-items: center;
  justify-content: flex-end; }
.handover-page .tools a { color: var(--focus); }
.handover-page .notes { grid-area: notes; } .handover-page .changes-part { grid-area: changes; }
.handover-page .lists { grid-area: lists; display: grid; gap: 8px; }
.handover-page .writing { display: grid; gap: 8px; margin-bottom: 10px; }
.note-list { list-style: none; display: grid; gap: 8px; } .note-list time { color: var(--soft); font-size: 12.5px; }
.handover-page .written { white-space: pre-wrap; overflow-wrap: anywhere; }
.handover-page details { margin-top: 8px; color: var(--soft); }
.handover-page summary { cursor: pointer; padding: 6px 0; }
.handover-page .changes ul { list-style: none; display: grid; gap: 4px; margin-top: 6px; font-size: 13px; }
.handover-page .list h3 { color: var(--ink); font-size: 14px; display: flex; gap: 8px; align-items: center; }
.handover-page .many { border: 1px solid var(--soft); border-radius: 10px; padding: 0 8px; font-size: 12px; }
.handover-page .list ul { list-style: none; margin-top: 4px; }
.handover-page .list li { display: grid; grid-template-columns: minmax(0, 1.2fr) minmax(0, 1fr) minmax(0, 1.5fr);
  gap: 2px 12px; padding: 4px 2px; border-top: 1px solid #2e353a; font-size: 13px; overflow-wrap: anywhere; }
.handover-page .list .name { font-weight: 600; } .handover-page .list .symbol { vertical-align: middle; }
.handover-page .of-returned .symbol { filter: grayscale(.85); } .handover-page .of-returned .name { font-weight: 400; }
.handover-page .list .old { box-shadow: inset 4px 0 var(--ink); padding-left: 10px; }
.handover-page .list a { color: inherit; }
.handover-page .signing { display: none; }
@media (max-width: 1000px) { .page.handover-page { grid-template-columns: minmax(0, 1fr);
  grid-template-areas: "head" "tools" "fault" "notes" "changes" "lists"; grid-template-rows: none; }
  .handover-page .tools { justify-content: flex-start; } }
@media (max-width: 640px) { .handover-page .list li { grid-template-columns: minmax(0, 1fr); } }
@media print {
  @page { size: A4; margin: 12mm; }
  :root { --back: #fff; --panel: #fff; --raised: #fff; --line: #999; --ink: #000; --soft: #333; color-scheme: light; }
  body { background: #fff !important; color: #000 !important; font-size: 10.5px; }
  .body--dark, .q-layout, .nicegui-content { background: #fff !important; color: #000 !important; }
  .top, .nav, .foot, .skip, .handover-page .tools, .handover-page .writing, .handover-page details,
  .q-notifications { display: none !important; }
  .page.handover-page { display: block; padding: 0; }
  .handover-page .panel { border: 0; border-top: 1px solid #999; border-radius: 0; padding: 4px 0; background: none; }
  .handover-page .list { break-inside: avoid; } .handover-page .list li { font-size: 10px; padding: 1px 0; border: 0; }
  .handover-page .lists { display: block; } h2 { font-size: 13px; } .handover-page .list h3 { font-size: 11px; }
  .handover-page .signing { display: block; } .signatures { display: flex; gap: 24px; margin-top: 28px; }
  .signatures span { flex: 1; border-top: 1px solid #000; padding-top: 3px; font-size: 10px; }
  .symbol { color: #000 !important; background: none !important; clip-path: none !important; border: 1px solid #000;
    width: 14px !important; height: 14px !important; }
  .symbol .letter { padding: 0 !important; }
}
"""
