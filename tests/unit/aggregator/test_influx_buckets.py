"""Which bucket a line goes to, and that quoting lets no name out of its string."""

from __future__ import annotations

from services.aggregator.sinks.influx.buckets import Buckets
from services.aggregator.sinks.influx.lines import Gathered, Place
from services.aggregator.sinks.influx.queries import Span, Variable, points, text

ENTRIES = (
    b"readings,site=a x=1 1\nreadings,site=a x=2 2\n",
    b"readings,site=a x=3 3\n",
    b"aggregates_1m,site=a x.mean=1 1\n",
    b"aggregates_15m,site=a x.mean=1 1\n",
    b"aggregates_1h,site=a x.mean=1 1\n",
    b"aggregates_1d,site=a x.mean=1 1\n",
    b'alarms,site=a occurrence="o" 1\n',
    b'incidents,site=a incident="i" 1\n',
    b"readings,site=a x=4 4\n",
)


def gathered():
    out = Gathered()
    for offset, data in enumerate(ENTRIES):
        out.add(data, Place("sites", 0, offset))
    return out.lines()


def test_lines_are_sorted_by_how_long_they_are_kept_and_keep_their_places():
    found = Buckets.split("t").sorted(gathered())
    assert [(bucket, lines.data) for bucket, lines in found] == [
        ("t", b"".join(ENTRIES[:2])),
        ("t_1m", b"".join(ENTRIES[2:4])),
        ("t_long", b"".join(ENTRIES[4:8])),
        ("t", ENTRIES[8]),
    ]
    assert [[place.offset for place in lines.places] for _, lines in found] == [[0, 1], [2, 3], [4, 5, 6, 7], [8]]


def test_one_bucket_takes_all_as_it_is():
    lines = gathered()
    assert Buckets.one("t").sorted(lines) == [("t", lines)]


def test_no_name_leaves_its_string():
    assert text('a" or true //') == '"a\\" or true //"'
    assert text("a\\") == '"a\\\\"'
    assert text("${1 + 1}\n") == '"\\${1 + 1}\\n"'
    assert text(Variable("plant")) == '"${plant}"'
    asked = points(Buckets.one("b"), Span("-1h", "now()"), 'x") or (true', "s", ["p"])
    assert 'r.site == "x\\") or (true"' in asked
