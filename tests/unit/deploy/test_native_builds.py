"""What is fetched once for the machine: whole or not at all, pinned, and a sentence when something is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.native import NativeError, Stack, programs
from deploy.native.builds import BUILDS, Build, GoBuild, GoToolchain


class Baking(Build):
    name = "bread"
    needs = ("sh",)
    version = "1.2"
    made = 0
    burnt = False

    def make(self, into, programs):
        self.made += 1
        (into / "loaf").write_text(programs["sh"])
        if self.burnt:
            raise NativeError("burnt")


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("HEADWORKS_NATIVE_CACHE", str(tmp_path))
    return tmp_path


def test_a_build_is_made_once_and_found_by_its_version(cache):
    bread = Baking()
    assert not bread.built
    assert bread.ensure() == cache / "bread-1.2" == bread.ensure()
    assert bread.made == 1
    assert (cache / "bread-1.2" / "loaf").read_text().endswith("sh")


def test_a_build_that_fails_leaves_nothing_that_looks_built(cache):
    bread = Baking()
    bread.burnt = True
    with pytest.raises(NativeError, match="burnt"):
        bread.ensure()
    assert not bread.built
    assert [path.name for path in cache.iterdir() if path.is_dir()] == []


def test_what_is_missing_is_named_with_its_packages(cache, monkeypatch):
    absent = {"go", "protoc", "mvn"}
    monkeypatch.setattr(programs, "find", lambda program: None if program in absent else f"/bin/{program}")
    lacking = r"influxdb 2\.7\.12 needs go, protoc, .*apt-get install golang protobuf-compiler"
    with pytest.raises(NativeError, match=lacking):
        BUILDS["influxdb"].ensure()
    assert "building kafka 4.1.1 needs mvn, not found on PATH; on Debian: apt-get install maven" in Stack.lacks()


def test_what_is_built_needs_no_compiler(cache, monkeypatch):
    for build in BUILDS.values():
        build.place.mkdir()
    present = {"java", "mosquitto", "openssl"}
    monkeypatch.setattr(programs, "find", lambda program: f"/bin/{program}" if program in present else None)
    assert Stack.lacks() == ""


def test_an_old_go_gives_way_to_one_that_it_fetches(cache, tmp_path):
    go = tmp_path / "go"

    def is_go(version: str) -> None:
        go.write_text(f"#!/bin/sh\necho go version go{version} linux/amd64\n")
        go.chmod(0o755)

    fetched = GoToolchain()
    fetched.place.mkdir()
    influxdb = BUILDS["influxdb"]
    assert isinstance(influxdb, GoBuild)
    is_go("1.19.8")
    assert influxdb.new_go(str(go), tmp_path) == str(fetched.place / "bin" / "go")
    is_go("1.100")
    assert influxdb.new_go(str(go), tmp_path) == str(go)


def test_a_program_that_fails_is_quoted():
    with pytest.raises(NativeError, match=r"mixing failed with status 3:\nno flour"):
        programs.run(["sh", "-c", "echo no flour >&2; exit 3"], what="mixing")


def test_the_pins():
    assert {name: build.version for name, build in BUILDS.items()} == {
        "kafka": "4.1.1",
        "influxdb": "2.7.12",
        "telegraf": "1.37.2",
        "alertmanager": "0.28.1",
    }


@pytest.mark.parametrize("name", ["influxdb", "telegraf", "alertmanager"])
def test_go_sum_knows_the_pinned_module(name):
    build = BUILDS[name]
    assert isinstance(build, GoBuild)
    assert f"{build.module} v{build.version} h1:" in (build.recipe / "go.sum").read_text()
