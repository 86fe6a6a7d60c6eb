"""The browser's side of the alarms page: keys, presses, the address, and whether somebody is at work in the list.

It decides nothing: it says what was pressed and on which occurrence, as it stood on the screen at that moment.
"""

SCRIPT = """
(() => {
  const say = (what) => window.emitEvent && window.emitEvent("alarms", what);
  const list = () => document.getElementById("alarm-list");
  const slotOf = (node) => node && node.closest ? node.closest(".slot") : null;
  const nameOf = (slot) => slot ? (slot.querySelector("[data-o]")?.dataset.o ?? "") : "";
  const slots = () => [...(list()?.querySelectorAll(".slot") ?? [])].filter((one) => nameOf(one));
  const typing = (node) => node && (/^(input|textarea|select)$/i.test(node.tagName) || node.isContentEditable);
  const dialog = () => document.querySelector(".q-dialog__inner");
  let worked = -1e9, busy = false, pressed = null, current = null, inner = null, slow = 0;

  // Somebody points, presses or moves in the list: its rows stay where they are for a while.
  const work = () => { worked = performance.now(); look(); };
  const look = () => {
    const now = performance.now() - worked < 6000;
    if (now !== busy) { busy = now; say({do: "busy", on: busy}); }
    const slot = slotOf(document.activeElement);
    if (slot && current && nameOf(slot) !== current) {
      const found = slots().find((one) => nameOf(one) === current);
      if (found && document.activeElement === slot) found.focus({preventScroll: true});
    }
  };
  setInterval(look, 500);
  document.addEventListener("pointermove", (e) => { if (slotOf(e.target)) work(); }, {passive: true});
  document.addEventListener("focusin", (e) => {
    const slot = slotOf(e.target);
    if (!slot) { if (!typing(e.target)) inner = null; return; }
    current = nameOf(slot); inner = e.target === slot ? null : [slot, e.target.dataset.do]; work();
  });
  // A row that is drawn anew keeps the focus of the button that was in it.
  const watch = () => {
    if (!list()) return setTimeout(watch, 100);
    new MutationObserver(() => {
      if (inner && document.activeElement === document.body && nameOf(inner[0]) === current)
        (inner[0].querySelector(`[data-do="${inner[1]}"]`) ?? inner[0]).focus({preventScroll: true});
    }).observe(list(), {childList: true, subtree: true});
  };
  watch();
  // After a question the keys go on where they were.
  window.alarmFocus = () => setTimeout(() => {
    const back = slots().find((one) => nameOf(one) === current);
    if (back && !dialog() && document.activeElement === document.body) back.focus({preventScroll: true});
  }, 150);

  const told = (node) => {
    const what = node.closest("[data-do]"), slot = slotOf(node);
    return what ? {do: what.dataset.do, o: nameOf(slot), all: "all" in what.dataset, slot} : null;
  };
  document.addEventListener("pointerdown", (e) => {
    const found = e.target.closest ? told(e.target) : null;
    pressed = found && {...found, at: performance.now()};
    if (slotOf(e.target)) work();
  });
  document.addEventListener("click", (e) => {
    if (!e.target.closest || e.ctrlKey || e.metaKey || e.shiftKey) return;
    const fold = e.target.closest("[data-fold]");
    if (fold) return fold.setAttribute("aria-expanded", fold.closest(".second").classList.toggle("open"));
    const go = e.target.closest("[data-go]");
    if (go) { e.preventDefault(); return say({do: "go", to: go.dataset.go}); }
    let found = told(e.target);
    // The row may have been drawn anew between press and release: what was pressed counts.
    if (!found && pressed && slotOf(e.target) && slotOf(e.target) === pressed.slot
        && performance.now() - pressed.at < 1500) found = pressed;
    pressed = null;
    if (!found || found.do === "open") return;
    say({do: found.do, o: found.o, all: found.all});
  });
  document.addEventListener("change", (e) => {
    if (e.target.dataset?.set) say({do: "set", name: e.target.dataset.set, value: e.target.value});
  });
  document.addEventListener("focusin", (e) => { if (e.target.dataset?.set) say({do: "choosing", on: true}); });
  document.addEventListener("focusout", (e) => { if (e.target.dataset?.set) say({do: "choosing", on: false}); });
  document.addEventListener("input", (e) => {
    if (e.target.id !== "alarm-search") return;
    clearTimeout(slow);
    slow = setTimeout(() => say({do: "set", name: "text", value: e.target.value}), 250);
  });
  addEventListener("popstate", () => say({do: "address", to: location.search}));

  const move = (by) => {
    const all = slots(), at = all.indexOf(slotOf(document.activeElement));
    const next = all[at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + by, 0), all.length - 1)];
    if (next) { next.focus(); next.scrollIntoView({block: "nearest"}); }
  };
  const KEYS = {a: "acknowledge", A: "noted", s: "shelve", c: "comment"};
  document.addEventListener("keydown", (e) => {
    if (!list() || e.ctrlKey || e.metaKey || e.altKey || dialog()) return;
    const search = document.getElementById("alarm-search");
    if (e.key === "Escape") {
      if (e.target === search) { search.blur(); return; }
      return say({do: "let_go"});
    }
    if (typing(e.target)) return;
    const slot = slotOf(e.target), o = nameOf(slot);
    if (slot) work();
    if (e.key === "/") search?.focus();
    else if (e.key === "j" || e.key === "ArrowDown" && (slot || e.target === document.body)) move(1);
    else if (e.key === "k" || e.key === "ArrowUp" && (slot || e.target === document.body)) move(-1);
    else if (e.key === "x" && o) say({do: "pick", o});
    else if (e.key === "X") say({do: "pick_all"});
    else if (KEYS[e.key]) say({do: KEYS[e.key], o, all: true});
    else if (e.key === "Enter" && e.target === slot) slot.querySelector("a[data-do=open]")?.click();
    else return;
    e.preventDefault();
  });
})();
"""
