"""The look of the pages of duty: lists with buttons, dialogs that ask, the table of who would be told."""

CSS = """
.page.duty { grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); } .page.duty > .wide { grid-column: 1 / -1; }
.page.duty > #paged { grid-column: 1 / -1; } .page.duty > .wide:empty, .page.duty .entries:empty { display: none; }
.page.duty .empty { padding: 4px 0; }
.page.duty .column { display: grid; gap: 10px; align-content: start; }
.title-acts { display: flex; gap: 12px; align-items: center; justify-content: space-between; min-height: 34px; }
.entries { list-style: none; } .entry { display: flex; gap: 12px; align-items: center; padding: 6px 0;
  border-top: 1px solid #2e353a; justify-content: space-between; }
.entry .said { min-width: 0; flex: 1; display: flex; flex-wrap: wrap; gap: 2px 10px; align-items: baseline;
  overflow-wrap: anywhere; }
.entry .said > p, .entry .said > ul, .entry .note, .entry .why, .entry .suppresses { flex-basis: 100%; }
.entry .of { font-weight: 600; } .entry .person { font-size: 17px; } .entry .way, .message { font-size: 12px;
  color: var(--soft); border: 1px solid var(--line); border-radius: 3px; padding: 0 6px; }
.entry .note { font-style: italic; } .entry .acts { display: flex; gap: 6px; flex-wrap: wrap; justify-content: end; }
.entry.gone { opacity: .45; } .entry.offer { border-left: 4px solid var(--focus); padding-left: 8px; }
.entry.orphan, .entry.unreached, .entry.unanswered { border-left: 4px solid var(--critical); padding-left: 8px; }
.entry.unreached { background: #e5383b1f; } .entry.paging { border-left: 4px solid var(--high); padding-left: 8px; }
.alarming { color: #ff7477; font-weight: 700; } .warns { color: #ffb4b5; display: block; }
.alarms-of { list-style: none; font-size: 13px; } .alarms-of a { color: var(--ink); }
.message + .message { margin-left: 4px; }
.message.failed { border-color: var(--critical); color: var(--ink); } .told { font-size: 13px; line-height: 1.7; }
.act { font: inherit; color: var(--ink); background: var(--raised); border: 1px solid var(--soft); border-radius: 4px;
  padding: 5px 12px; cursor: pointer; min-height: 32px; white-space: nowrap; }
.act:hover { background: #3a4249; } .act.main-act { background: #2f5f8a; border-color: var(--focus); font-weight: 600; }
.banner.orphans { display: flex; gap: 16px; align-items: center; } .banner .act { background: #fff; color: #111416; }
.banner.offered { border-left: 8px solid var(--focus); } .banner a { color: #fff; text-decoration: underline; }
.lately { list-style: none; font-size: 13px; color: var(--soft); } .lately li { padding: 2px 0; }
.who-told { width: 100%; border-collapse: collapse; font-size: 13px; margin-top: 6px; table-layout: fixed; }
.who-told th, .who-told td { text-align: left; vertical-align: top; padding: 5px 8px;
  border-top: 1px solid #2e353a; overflow-wrap: anywhere; } .who-told thead th { color: var(--soft); border: 0; }
.who-told th:first-child { width: 16%; } .stages { margin: 0; padding-left: 18px; }
.ask { pointer-events: all; display: grid; gap: 10px; width: min(520px, 94vw); max-height: 92vh;
  overflow: auto; padding: 16px 18px; }
.ask .q-field__label { color: var(--soft); } .ask .q-field { width: 100%; }
.ask .foot-acts { display: flex; gap: 10px; }
.ask .wrong { color: #ff9ea0; font-weight: 600; } .ask .wrong:empty { display: none; }
.ask .tells { font-size: 13px; } .ask .act { min-height: 38px; }
@media (max-width: 1000px) { .page.duty { grid-template-columns: minmax(0, 1fr); } }
@media (max-width: 640px) { .entry { flex-wrap: wrap; } .entry .said { flex: 1 1 60%; }
  .act { min-height: 42px; } .title-acts { flex-wrap: wrap; }
  .who-told thead { display: none; } .who-told tr { display: block; padding: 6px 0; }
  .who-told th, .who-told td { display: block; width: auto !important; border: 0; padding: 2px 0; }
  .who-told td::before { content: attr(data-label) ": "; color: var(--soft); font-weight: 600; }
  .who-told tr { border-top: 1px solid #2e353a; } .banner.orphans { flex-wrap: wrap; } }
"""
