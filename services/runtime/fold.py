"""One batch of the log through one processor: grouped by site, outputs encoded, bad records set apart."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from services.core.codec import decode_record, encode_output, encode_record
from services.core.errors import LogError, Rejected
from services.core.frame import Frame
from services.core.ports import Entry, Reject
from services.core.processor import Processor
from services.core.records import Output, Record, SiteStep, Tick

#: Of a traceback this much is kept with the dead letter.
_KEPT_TRACE = 8000

_Item = tuple[Entry, Record]

#: The records of an entry's bytes; Rejected when they are none.
Decode = Callable[[bytes], Sequence[Record]]

#: (site, entry, record): whether the site has yet to fold it; of a tick first asked with '' for the site.
Admit = Callable[[str, Entry, Record], bool]


def _one(data: bytes) -> Sequence[Record]:
    return (decode_record(data),)


def _all(_site: str, _entry: Entry, _record: Record) -> bool:
    return True


@dataclass(slots=True)
class Step:
    """What a batch came to, ready to be committed."""

    cursor: int
    states: dict[str, bytes] = field(default_factory=dict)
    outputs: list[tuple[str, str, bytes]] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    records: int = 0
    readings: int = 0
    last_tick: int = 0


class Fold:
    """Carries a processor and, by site, the state that it last had in the log."""

    def __init__(
        self, processor: Processor, states: Mapping[str, bytes], *, decode: Decode = _one, admit: Admit = _all
    ) -> None:
        """LogError when a stored state is of another version or damaged."""
        self.processor = processor
        self._decode, self._admit = decode, admit
        self._states = dict(states)
        for site, state in self._states.items():
            try:
                processor.load(site, state)
            except ValueError as error:
                raise LogError(
                    f"the state of {processor.name!r} for site {site!r} cannot be read ({error}): "
                    "go on with the version that wrote it, or start anew with --fresh"
                ) from error

    def run(self, entries: Sequence[Entry]) -> Step:
        """Folds entries of the sites' topic. The step has to be committed before the next run."""
        step = Step(cursor=entries[-1].offset)
        for site, items in sorted(self._by_site(entries, step).items()):
            before = self._states.get(site) or self._dump(site)
            for output in self._outputs(site, items, before, step):
                topic, data = encode_output(output)
                # A step belongs to the log of the zone that it is for.
                step.outputs.append((topic, output.key if isinstance(output, SiteStep) else site, data))
            after = self._dump(site)
            if after is not None:
                step.states[site] = self._states[site] = after
        return step

    def _dump(self, site: str) -> bytes | None:
        try:
            return self.processor.dump(site)
        except KeyError:
            return None  # it has taken no record of this site yet

    def _by_site(self, entries: Sequence[Entry], step: Step) -> dict[str, list[_Item]]:
        """The records of each site in log order; a tick is given to every site known at its place."""
        groups: dict[str, list[_Item]] = {}
        known = dict.fromkeys(self._states)
        for entry in entries:
            try:
                records = self._decode(entry.data)
            except Rejected as refusal:
                step.rejects.append(self._reject(refusal.reason, refusal.detail, entry, entry.data))
                continue
            for record in records:
                step.records += 1
                if isinstance(record, Tick):
                    if not self._admit("", entry, record):
                        continue
                    step.last_tick = record.time
                    concerned = list(known)
                else:
                    known[record.site] = None
                    concerned = [record.site]
                for site in concerned:
                    if not self._admit(site, entry, record):
                        continue
                    if isinstance(record, Frame):
                        step.readings += len(record)
                    groups.setdefault(site, []).append((entry, record))
        return groups

    def _outputs(self, site: str, items: Sequence[_Item], before: bytes | None, step: Step) -> list[Output]:
        """Steps `items`; when that raises, halves them until the record that raises is alone."""
        try:
            return list(self.processor.step(site, [record for _, record in items]))
        except MemoryError:
            raise  # says something about the machine, not about the record
        except Exception as error:
            if before is not None:
                # The contract has it that a step that raises changes nothing. This holds it to it.
                self.processor.load(site, before)
            if len(items) == 1:
                trace = "".join(traceback.format_exception(error))
                entry, record = items[0]
                detail = f"{site}: {trace[-_KEPT_TRACE:]}"
                step.rejects.append(self._reject("processor error", detail, entry, encode_record(record)))
                return []
        middle = len(items) // 2
        first = self._outputs(site, items[:middle], before, step)
        return first + self._outputs(site, items[middle:], self._dump(site), step)

    def _reject(self, reason: str, detail: str, entry: Entry, payload: bytes) -> Reject:
        # No clock: a dead letter is the same on every run.
        where = f"site {entry.key or '(tick)'}, log position {entry.offset}"
        return Reject(self.processor.name, reason, f"{where}\n{detail}", payload, 0)
