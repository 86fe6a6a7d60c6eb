"""What calls somebody who looks elsewhere: a number in the tab's title, the tab's sign in the worst colour, a tone.

The tone is for whoever asks for it (a button, the key m), remembered by the browser. It sounds once for each new
critical or high alarm, and whenever a page has reached nobody; it is not the horn, which must not hang on a browser.
"""

from __future__ import annotations

from services.console.markup import Markup, tag
from services.console.view.live import LiveView
from services.console.words import LIST


def marks(view: LiveView, unreached: int = 0) -> str:
    """Attributes for the heartbeat: how many wait to be acknowledged, the worst of them, how often it has rung.

    unreached: grows with every page that reached nobody.
    """
    listing = view.listing()
    seen = f'data-unseen="{listing.unseen}" data-worst="{listing.unseen_worst}"'
    return f'{seen} data-rung="{view.rung}" data-unreached="{unreached}"'


def button() -> Markup:
    """Sound on or off; what it is now the browser knows."""
    return tag(
        "button", LIST["sound_off"], id="sound", type="button", title=LIST["sound_hint"], aria_pressed="false",
        data_on=LIST["sound_on"], data_off=LIST["sound_off"], data_wait=LIST["sound_wait"],
    )  # fmt: skip


SCRIPT = """
(() => {
  const KEY = "headworks-sound";
  const COLOURS = {critical: "#e5383b", high: "#f08a24", medium: "#e6c229", journal: "#a9b2b9"};
  let on = false, sound = null, rung = null, lost = null, drawn = null;
  try { on = localStorage.getItem(KEY) === "on"; } catch { /* a browser that remembers nothing */ }
  const show = () => {
    const button = document.getElementById("sound");
    if (!button) return;
    const ready = sound && sound.state === "running";
    const word = on ? (ready ? button.dataset.on : button.dataset.wait) : button.dataset.off;
    if (button.textContent !== word) button.textContent = word;
    button.setAttribute("aria-pressed", String(on));
  };
  // Browsers let a page sound only after somebody has pressed something in it.
  const wake = () => {
    if (!on) return;
    sound ??= new AudioContext();
    if (sound.state !== "running") sound.resume().then(show);
  };
  const beep = (at, pitch) => {
    const tone = sound.createOscillator(), loud = sound.createGain();
    tone.frequency.value = pitch; loud.gain.setValueAtTime(0.0001, at);
    loud.gain.exponentialRampToValueAtTime(0.25, at + 0.02); loud.gain.exponentialRampToValueAtTime(0.0001, at + 0.22);
    tone.connect(loud).connect(sound.destination); tone.start(at); tone.stop(at + 0.25);
  };
  const ring = (worst) => {
    document.documentElement.dataset.rang = 1 + Number(document.documentElement.dataset.rang ?? 0);
    if (sound?.state !== "running") return;
    for (let i = 0; i < (worst === "critical" ? 3 : 2); i++)
      beep(sound.currentTime + 0.3 * i, worst === "critical" ? 880 : 620);
  };
  const toggle = () => {
    on = !on;
    try { localStorage.setItem(KEY, on ? "on" : "off"); } catch { /* as above */ }
    wake(); show();
    if (on) setTimeout(() => sound?.state === "running" && beep(sound.currentTime, 620), 100);
  };
  const look = () => {
    const told = document.getElementById("beat")?.dataset;
    if (!told || told.rung === undefined) return;
    const plain = document.title.replace(/^\\(\\d+\\) /, ""), unseen = Number(told.unseen);
    const title = unseen ? `(${unseen}) ${plain}` : plain;
    if (document.title !== title) document.title = title;
    const colour = COLOURS[told.worst] ?? "#5a646c";
    if (colour !== drawn) {
      drawn = colour;
      document.querySelectorAll("link[rel~=icon]").forEach((one) => one.remove());
      const icon = document.createElement("link");
      icon.rel = "icon";
      icon.href = "data:image/svg+xml," + encodeURIComponent("<svg xmlns='http://www.w3.org/2000/svg' "
        + `viewBox='0 0 16 16'><circle cx='8' cy='8' r='7' fill='${colour}'/></svg>`);
      document.head.append(icon);
    }
    if (rung !== null && on && Number(told.rung) > rung) ring(told.worst);
    else if (lost !== null && on && Number(told.unreached) > lost) ring("critical");
    rung = Number(told.rung); lost = Number(told.unreached);
    show();
  };
  setInterval(look, 500);
  document.addEventListener("pointerdown", wake);
  document.addEventListener("click", (e) => { if (e.target.id === "sound") toggle(); });
  document.addEventListener("keydown", (e) => {
    wake();
    const typing = /^(input|textarea|select)$/i.test(e.target.tagName);
    if (e.key !== "m" || typing || e.ctrlKey || e.metaKey || e.altKey) return;
    if (document.querySelector(".q-dialog, .q-menu, dialog[open]")) return;
    toggle();
  });
})();
"""
