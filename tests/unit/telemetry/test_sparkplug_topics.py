from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.errors import Rejected
from services.telemetry.sparkplug.topics import (
    Kind,
    Topic,
    all_of_group,
    clock_topic,
    committed_topic,
    parse_topic,
    topic,
)

names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,20}", fullmatch=True)


@given(st.sampled_from(Kind), names, names, names)
def test_what_is_written_is_read_back(kind, group, edge, device):
    written = Topic(group, kind, edge, device if kind.of_device else "")
    assert parse_topic(str(written)) == written


@pytest.mark.parametrize(
    "text",
    [
        "",
        "spBv1.0",
        "spBv1.0/g/DDATA/e",
        "spBv1.0/g/NDATA/e/d",
        "spBv1.0/g/WHAT/e",
        "spBv1.0/g/ndata/e",
        "spAv1.0/g/NDATA/e",
        "spBv1.0/g/NDATA/e/",
        "spBv1.0/g/NDATA/",
        "spBv1.0//NDATA/e",
        "spBv1.0/g/NDATA/../d",
        "spBv1.0/g/NDATA/+",
        "spBv1.0/g/NDATA/#",
        "spBv1.0/g/NDATA/e\x00",
        "spBv1.0/g/NDATA/e\n",
        "spBv1.0/g/NDATA/" + "e" * 65,
        "spBv1.0/g/DDATA/e/d/more",
        "spBv1.0/STATE/host",
    ],
)
def test_a_hostile_or_other_topic_is_refused(text):
    with pytest.raises(Rejected) as caught:
        parse_topic(text)
    assert caught.value.reason == "unknown topic"


@given(st.text())
def test_no_text_makes_it_fall_over(text):
    with suppress(Rejected):
        assert str(parse_topic(text)) == text


@pytest.mark.parametrize("name", ["", "+", "#", "a/b", "..", "é", "x" * 65])
def test_names_that_a_topic_cannot_carry_are_not_written(name):
    for write in (
        lambda: topic(Kind.NDATA, name, "e"),
        lambda: topic(Kind.NDATA, "g", name),
        lambda: topic(Kind.DDATA, "g", "e", name),
        lambda: all_of_group(name),
        lambda: committed_topic("g", name),
        lambda: clock_topic(name),
    ):
        with pytest.raises(ValueError, match=r"topic|device"):
            write()


def test_a_node_has_no_device():
    with pytest.raises(ValueError, match="device"):
        topic(Kind.NDATA, "g", "e", "d")
