"""Windows that got readings after they had left memory: recomputed from the history of a data folder, into its log."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from services.aggregator.sinks.parquet import History
from services.aggregator.sinks.parquet.again import asked, days_of, recompute, steps_again
from services.aggregator.zones import ZoneFolds
from services.core.catalogue import from_json
from services.core.codec import STEPS, decode_records, encode_output
from services.job.options import LOG_FILE
from services.runtime.local import LocalLog, ProcessorShell

NAME = "recompute"
#: Where the log is told how far the requests have been followed.
_FOLLOWED = "recomputed through"


@dataclass(slots=True)
class Recomputed:
    """spans: of windows, each of one site and width.  windows, rows: given out.  late: readings that came for them."""

    spans: int = 0
    windows: int = 0
    rows: int = 0
    late: int = 0


async def recompute_all(data: Path) -> Recomputed:
    """Follows every request in the log that has not been; LogError while a run has the log.

    Killed on the way, it begins again: a window given out twice is the same window.
    """
    done = Recomputed()
    with LocalLog.open(data / LOG_FILE, create=False) as log, History(data, log) as history:
        head, configs = log.head(), log.configs()
        for wanted in asked(history, int(log.meta(_FOLLOWED) or 0)):
            if wanted.site not in configs:
                continue
            done.spans += 1
            done.late = max(done.late, wanted.readings)
            config = configs[wanted.site]
            for part in days_of(wanted, from_json(config.catalogue_json).time_zone):
                windows = recompute(history, config, part)
                done.windows += len(windows)
                done.rows += sum(len(window.points) for window in windows)
                outputs = [(topic, wanted.site, text) for topic, text in map(encode_output, windows)]
                outputs += [(STEPS, step.key, encode_output(step)[1]) for step in steps_again(config, windows)]
                await log.commit_step(NAME, 0, {}, outputs)
        if done.windows:
            async with ProcessorShell(log, [ZoneFolds()], topic=STEPS, decode=decode_records) as zones:
                await zones.drain()
        await log.set_meta(_FOLLOWED, str(head))
        await log.forget(NAME)
    return done
