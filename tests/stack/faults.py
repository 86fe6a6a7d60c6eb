"""The faults: what is done to which part of the way, and what shows that it goes on after it."""

from __future__ import annotations

import json
import os
import random
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from aiokafka.errors import KafkaError

from services.runtime.cluster.partitioning import partition_of
from tests.stack.cluster import PARTITIONS, Cluster, until
from tests.stack.processes import PAUSE, Service

#: Seconds that a process is stopped for: well beyond the session of a worker (6 s).
STOPPED = 20.0

#: Seconds within which everything must go on after a fault.
BOUND = 60.0

#: And within which alarms must go on after the death of a worker.
WORKER_BOUND = 10.0

#: Seconds until the field must have come to the moment of a strike.
PLAYED = 180.0

#: The servers, and whose pulse shows that each is used again.
SERVERS = {"kafka": "alerts", "mosquitto": "alerts", "influxdb": "sink"}


Deed = Callable[[Cluster], None]


@dataclass(frozen=True, slots=True)
class Fault:
    """`begin` breaks something; `held` seconds later `mend` mends what does not mend itself.

    prepare: is done before the field plays.  pulse: see Cluster.pulse.  within: seconds until it must grow
    again: from `begin`; or, of what is held, from `mend`, unless another has to take over meanwhile (`taken_over`).
    """

    name: str
    pulse: str
    begin: Deed
    mend: Deed = lambda _cluster: None
    prepare: Deed = lambda _cluster: None
    taken_over: bool = False
    held: float = 0.0
    within: float = BOUND
    strikes: int = 1
    in_ci: bool = False
    archive_mb: int = 0


@dataclass(frozen=True, slots=True)
class Struck:
    """`resumed`: seconds until things went on, the worst of all strikes.

    load: how many processes wanted each core meanwhile, at least 1: where others work too, all takes so much longer.
    """

    resumed: float
    load: float


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table. `resumed`: seconds, the worst of all strikes; `load`: see `Struck`."""

    fault: str
    published: int
    stored: int
    missing: int
    wrong: int
    doubled: int
    resumed: float
    load: float
    said_twice: int
    journal: str
    starts: str


def _second_worker(cluster: Cluster) -> None:
    """Joins, and has its share."""
    cluster.add("alerts", "alerts-1", worker="1")
    cluster.wait_shared()


def _second_leaves(cluster: Cluster) -> None:
    second = cluster.services.pop("alerts-1")
    assert second.stop() == 0, second.tail()


def _worker_of_no3(cluster: Cluster) -> Service:
    """The one without which there are no alarms of the plant that is in danger."""
    wanted = partition_of("no3", PARTITIONS)
    (worker,) = (one for one in cluster.services.values() if one.name == "alerts" and wanted in one.partitions)
    return worker


def _one_dies_for_long(cluster: Cluster) -> None:
    worker = _worker_of_no3(cluster)
    worker.hold()
    worker.kill()


def _one_sleeps(cluster: Cluster) -> None:
    _worker_of_no3(cluster).pause()


def _both_go_on(cluster: Cluster) -> None:
    for label in ("alerts", "alerts-1"):
        cluster.services[label].free()
        cluster.services[label].resume()


def _fill_disk(cluster: Cluster) -> None:
    with suppress(OSError), (cluster.archive / "ballast").open("wb", buffering=0) as file:
        while True:
            file.write(b"\0" * 4096)
    assert space(cluster.archive) < 8192


def _more_disk(cluster: Cluster) -> None:
    mount("-o", "remount,size=256m", str(cluster.archive))


def _kills() -> Iterator[Fault]:
    for label in ("bridge", "alerts", "aggregate", "sink", "archive"):
        bound = WORKER_BOUND if label in ("alerts", "aggregate") else BOUND
        kill = partial(_to_service, label, "kill")
        yield Fault(f"kill -9 {label}", label, kill, within=bound, strikes=2, in_ci=label in ("bridge", "alerts"))
    for server, pulse in SERVERS.items():
        kill, start = partial(_to_server, server, "kill"), partial(_to_server, server, "start")
        yield Fault(f"kill -9 {server}", pulse, kill, start, strikes=2, in_ci=server == "kafka")


def _stops() -> Iterator[Fault]:
    for label in ("bridge", "alerts", "aggregate", "sink", "archive"):
        stop, go = partial(_to_service, label, "pause"), partial(_to_service, label, "resume")
        yield Fault(f"stop 20 s {label}", label, stop, go, held=STOPPED)
    for server, pulse in SERVERS.items():
        stop, go = partial(_to_server, server, "pause"), partial(_to_server, server, "resume")
        yield Fault(f"stop 20 s {server}", pulse, stop, go, held=STOPPED)


def _to_service(label: str, deed: str, cluster: Cluster) -> None:
    getattr(cluster.services[label], deed)()


def _to_server(name: str, deed: str, cluster: Cluster) -> None:
    getattr(cluster.stack.server(name), deed)()


_stop_kafka, _start_kafka = partial(_to_server, "kafka", "stop"), partial(_to_server, "kafka", "start")

FAULTS = (
    *_kills(),
    *_stops(),
    Fault(
        "kill -9 alerts, another takes over",
        "alerts",
        _one_dies_for_long,
        _both_go_on,
        _second_worker,
        taken_over=True,
        held=STOPPED,
        within=WORKER_BOUND,
    ),
    Fault(
        "stop 20 s alerts, another takes over",
        "alerts",
        _one_sleeps,
        _both_go_on,
        _second_worker,
        taken_over=True,
        held=STOPPED,
        within=WORKER_BOUND,
        in_ci=True,
    ),
    Fault("a second alerts joins and leaves", "alerts", _second_worker, _second_leaves, held=5.0, within=WORKER_BOUND),
    Fault("kafka restarts in order", "alerts", _stop_kafka, _start_kafka),
    Fault("the archive's disk is full", "archive", _fill_disk, _more_disk, held=10.0, archive_mb=4),
)


def space(folder: Path) -> int:
    """Bytes free."""
    held = os.statvfs(folder)
    return held.f_frsize * held.f_bavail


def mount(*arguments: str) -> None:
    """`mount`, as root."""
    subprocess.run(["mount", *arguments], check=True, capture_output=True)


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[None]:
    """Inside it `folder` is a file system of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    mount("-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder))
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True, capture_output=True)


def strike(cluster: Cluster, fault: Fault, moments: random.Random, shares: tuple[float, float]) -> Struck:
    """Strikes at seeded moments while the field plays.

    `shares`: between which parts of the event the moments lie.
    """
    worst, load = 0.0, 1.0
    low, high = shares
    width = (high - low) / fault.strikes
    for number in range(fault.strikes):
        moment = low + width * (number + moments.random())
        until(partial(_played, cluster, moment), PLAYED, "the field never came so far", every=0.02)
        resumed = _once(cluster, fault)
        load = max(load, os.getloadavg()[0] / (os.cpu_count() or 1))
        print(
            f"{fault.name}: at {moment:.0%} of the event, {fault.pulse} went on after {resumed:.1f} s, load {load:.1f}"
        )
        worst = max(worst, resumed)
    return Struck(worst, load)


def _played(cluster: Cluster, share: float) -> bool:
    return cluster.progress() >= share


def _once(cluster: Cluster, fault: Fault) -> float:
    began = time.monotonic()
    fault.begin(cluster)
    if fault.taken_over:
        # What was on its way when a process died may still arrive: it is not what shows that things go on.
        time.sleep(PAUSE)
        _goes_on(cluster, fault.pulse, _pulse(cluster, fault.pulse))
        resumed = time.monotonic() - began
        time.sleep(max(0.0, fault.held - resumed))
        fault.mend(cluster)
        return resumed
    time.sleep(fault.held or PAUSE)
    before = _pulse(cluster, fault.pulse)
    mended = time.monotonic()
    fault.mend(cluster)
    _goes_on(cluster, fault.pulse, before)
    return time.monotonic() - (mended if fault.held else began)


def _goes_on(cluster: Cluster, pulse: str, before: int | None) -> None:
    """Returns when there is more than `before` (None: than at Kafka's first answer)."""

    def more() -> bool:
        nonlocal before
        now = _pulse(cluster, pulse)
        if now is not None and before is not None and now > before:
            return True
        before = now if before is None else before
        # On a slow machine the event may be over, and all of it done with: then nothing more will come.
        return now is not None and cluster.field_ended and not cluster.behind()

    until(more, BOUND + 30, cluster.why)


def _pulse(cluster: Cluster, of: str) -> int | None:
    """None: Kafka, which is asked, does not answer."""
    try:
        return cluster.pulse(of)
    except (KafkaError, OSError, TimeoutError):
        return None


def markdown(rows: list[Row], seed: int) -> str:
    """The table for people."""
    heads = ("fault", "published", "stored", "missing", "wrong", "doubled", "seconds to resume", "load a core",
             "said twice in Kafka", "journal", "starts")  # fmt: skip
    lines = [f"Faults under the storm, seed {seed}.", "", f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for row in rows:
        cells = [f"{cell:.1f}" if isinstance(cell, float) else f"{cell}" for cell in asdict(row).values()]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def write_table(path: Path, rows: list[Row], seed: int) -> None:
    """`path`.md and `path`.json."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_suffix(".md").write_text(markdown(rows, seed), encoding="utf-8")
    table = {"seed": seed, "faults": [asdict(row) for row in rows]}
    path.with_suffix(".json").write_text(json.dumps(table, indent=2) + "\n", encoding="utf-8")
