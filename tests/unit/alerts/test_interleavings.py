"""Some of what `make test-slow` tries by the ten thousand: how a script is delivered does not change its journal."""

from __future__ import annotations

from random import Random

import pytest

from services.core.journal import canonical_journal
from tests.unit.alerts.interleaving.compare import Counts, compare, difference, script_of
from tests.unit.alerts.interleaving.delivery import deliver
from tests.unit.alerts.interleaving.drivers import DRIVERS, direct, reference


@pytest.mark.parametrize("lateness", [0, 30])
def test_any_delivery_gives_the_same_journal(lateness):
    counts = Counts()
    for seed in range(8, 13):
        compare(seed, lateness, 20, counts)
    assert counts.interleavings >= 90
    assert counts.seen >= {"raised", "cleared", "suppressed", "acknowledged", "incident"}


@pytest.mark.parametrize("lateness", [0, 30])
def test_one_log_gives_one_journal_live_restarted_replayed_local_and_in_a_cluster(lateness):
    for seed in range(100, 103):
        script = script_of(seed, lateness)
        log = deliver(script, Random(seed))
        expected = list(canonical_journal(reference(script.records)))
        for drive in DRIVERS:
            assert drive(log, Random(seed)) == expected, f"seed {seed}, {drive.__name__}"


def test_a_fold_that_forgets_is_found_and_told_with_a_small_script():
    def forgetful(records, rng):
        return direct(records, rng)[:-1]

    script = script_of(0, 0)
    told = difference(script, forgetful, ["any"])
    assert told is not None
    assert told[1][1] == "found    None"
