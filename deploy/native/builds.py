"""What is fetched and built once for the machine, outside every stack's folder, and found again by its version.

Maven checks each jar against its checksum, Go each module against the committed go.sum. A build happens in a folder
beside its place and is renamed into it when it is whole, so that an interrupted one leaves nothing that looks built.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ClassVar
from xml.etree import ElementTree

from deploy.native.programs import NativeError, find, need, run

HERE = Path(__file__).resolve().parent


def cache() -> Path:
    """Where builds are kept: $HEADWORKS_NATIVE_CACHE, else headworks/native in the user's cache."""
    if named := os.environ.get("HEADWORKS_NATIVE_CACHE"):
        return Path(named).expanduser().resolve()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "headworks" / "native"


class Build(ABC):
    """One thing that is built: a recipe with a name and a version."""

    name: ClassVar[str]
    needs: ClassVar[tuple[str, ...]]

    @property
    @abstractmethod
    def version(self) -> str:
        """The pinned one, read from the recipe."""

    @property
    def place(self) -> Path:
        """Where it is when it is built."""
        return cache() / f"{self.name}-{self.version}"

    @property
    def built(self) -> bool:
        """Whether it is there."""
        return self.place.is_dir()

    def ensure(self, say: Callable[[str], None] = lambda _: None) -> Path:
        """Its place, after building it if need be; whoever asks at the same time waits for the same build.

        NativeError when a program is missing or the build fails.
        """
        if self.built:
            return self.place
        programs = self.check()
        self.place.parent.mkdir(parents=True, exist_ok=True)
        with (self.place.parent / f".{self.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not self.built:
                say(f"building {self.name} {self.version} into {self.place}, once for this machine")
                began = time.monotonic()
                self._build_aside(programs)
                say(f"{self.name} {self.version} built in {time.monotonic() - began:.0f} s")
        return self.place

    def check(self) -> dict[str, str]:
        """The programs that it needs, by name; NativeError when one is missing or too old."""
        return need(self.needs, f"building {self.name} {self.version}")

    def _build_aside(self, programs: Mapping[str, str]) -> None:
        aside = Path(tempfile.mkdtemp(prefix=f".{self.name}-", dir=self.place.parent))
        try:
            self.make(aside, programs)
            aside.chmod(0o755)
            aside.rename(self.place)
        finally:
            shutil.rmtree(aside, ignore_errors=True)

    @abstractmethod
    def make(self, into: Path, programs: Mapping[str, str]) -> None:
        """Builds into an empty folder."""


class KafkaBuild(Build):
    """Kafka's jars, in `libs`."""

    name = "kafka"
    needs = ("java", "mvn")
    pom = HERE / "kafka" / "pom.xml"

    @property
    def version(self) -> str:
        """As pom.xml pins it."""
        found = ElementTree.parse(self.pom).find(".//{*}properties/{*}kafka.version")
        if found is None or not found.text:
            raise NativeError(f"{self.pom} pins no kafka.version")
        return found.text

    def make(self, into: Path, programs: Mapping[str, str]) -> None:
        """Maven copies the jars; --strict-checksums refuses one whose checksum differs."""
        command = [
            programs["mvn"], "--batch-mode", "--quiet", "--strict-checksums", "--file", str(self.pom),
            "dependency:copy-dependencies", f"-DoutputDirectory={into / 'libs'}", "-DincludeScope=runtime",
        ]  # fmt: skip
        run(command, what="fetching Kafka's jars with Maven")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.strip(".").split("."))


class GoToolchain(Build):
    """A newer Go, where the system's is too old (Debian 12): Go's own module, checked by its checksum database."""

    name = "go"
    needs = ("go",)
    version = "1.25.5"

    def make(self, into: Path, programs: Mapping[str, str]) -> None:
        """What any Go since 1.21 would fetch by itself, for those before it."""
        go = programs["go"]
        env = {"GOMODCACHE": str(into / "modules"), "GOFLAGS": "-modcacherw", "GOTOOLCHAIN": "local"}
        machine = run([go, "env", "GOOS", "GOARCH"], what="asking Go for its machine", cwd=into).split()
        module = f"golang.org/toolchain@v0.0.1-go{self.version}.{'-'.join(machine)}"
        found = json.loads(run([go, "mod", "download", "-json", module], what=f"fetching {module}", cwd=into, env=env))
        for part in Path(found["Dir"]).iterdir():
            part.rename(into / part.name)
        shutil.rmtree(into / "modules")
        # A module's files are never executable.
        for program in (*into.glob("bin/*"), *into.glob("pkg/tool/*/*")):
            program.chmod(0o755)


class GoBuild(Build):
    """A program of a Go module, in `bin`; its recipe is a folder with go.mod and go.sum."""

    module: ClassVar[str]
    tags: ClassVar[tuple[str, ...]] = ()

    @property
    def recipe(self) -> Path:
        """The folder of go.mod and go.sum."""
        return HERE / self.name

    @property
    def version(self) -> str:
        """As go.mod pins it."""
        text = (self.recipe / "go.mod").read_text()
        found = re.search(rf"\b{re.escape(self.module)} v(\S+)", text)
        if found is None:
            raise NativeError(f"{self.recipe / 'go.mod'} pins no {self.module}")
        return found[1]

    def go_build(self, go: str, package: str, to: Path, env: Mapping[str, str] | None = None, flags: str = "") -> None:
        """`go build` with exactly the modules of go.mod and go.sum; flags: the linker's."""
        command = [go, "build", "-trimpath", "-buildvcs=false", "-mod=readonly", "-ldflags", f"-s -w {flags}".strip()]
        tags = ["-tags", ",".join(self.tags)] if self.tags else []
        env = {"GOWORK": "off", "GOTOOLCHAIN": "local", **(env or {})}
        run([*command, *tags, "-o", str(to), package], what=f"building {package}", cwd=self.recipe, env=env)

    def new_go(self, go: str, aside: Path) -> str:
        """`go` when it is as new as go.mod asks for, else the newer one that it fetches."""
        wanted = re.search(r"^go (\S+)", (self.recipe / "go.mod").read_text(), re.MULTILINE)
        # Asked where there is no go.mod, Go says its own version.
        said = run([go, "version"], what=f"asking {go} for its version", cwd=aside)
        found = re.search(r"\bgo(\d[\d.]*)", said)
        if wanted is None or found is None or _numbers(found[1]) < _numbers(wanted[1]):
            return str(GoToolchain().ensure() / "bin" / "go")
        return go


class InfluxdbBuild(GoBuild):
    """`bin/influxd`. Its query language is a Rust library, which InfluxData's own pkg-config builds on the way."""

    name = "influxdb"
    needs = ("go", "cargo", "clang", "protoc")
    module = "github.com/influxdata/influxdb/v2"
    tags = ("sqlite_foreign_keys", "sqlite_json")

    def make(self, into: Path, programs: Mapping[str, str]) -> None:
        """First the pkg-config that builds the Rust part, then influxd by way of it."""
        go = self.new_go(programs["go"], into)
        helper = into / "pkg-config"
        self.go_build(go, "github.com/influxdata/pkg-config", helper)
        # The Rust part forbids warnings, and each new compiler has new ones.
        wrapper = into / "rustc-wrapper"
        wrapper.write_text('#!/bin/sh\nexec "$@" --cap-lints allow\n')
        wrapper.chmod(0o755)
        env = {"PKG_CONFIG": str(helper), "RUSTC_WRAPPER": str(wrapper), "CGO_ENABLED": "1"}
        # Its own rust-toolchain file asks for a version that the machine need not have.
        env["RUSTUP_TOOLCHAIN"] = os.environ.get("RUSTUP_TOOLCHAIN", "stable")
        if find("gcc") is None:
            env["CC"] = programs["clang"]
        version = f"-X main.version=v{self.version}"
        self.go_build(go, f"{self.module}/cmd/influxd", into / "bin" / "influxd", env, version)
        helper.unlink()
        wrapper.unlink()


class TelegrafBuild(GoBuild):
    """`bin/telegraf` with only the plugins of the benchmarks: the peer that the bridge is measured beside."""

    name = "telegraf"
    needs = ("go",)
    module = "github.com/influxdata/telegraf"
    tags = (
        "custom", "inputs.mqtt_consumer", "inputs.kafka_consumer", "outputs.kafka", "outputs.influxdb_v2",
        "parsers.influx", "serializers.influx",
    )  # fmt: skip

    def make(self, into: Path, programs: Mapping[str, str]) -> None:
        """One build; modules of the plugins that are left out are never asked for."""
        go = self.new_go(programs["go"], into)
        version = f"-X {self.module}/internal.Version={self.version}"
        package = f"{self.module}/cmd/telegraf"
        self.go_build(go, package, into / "bin" / "telegraf", {"CGO_ENABLED": "0"}, version)


class AlertmanagerBuild(GoBuild):
    """`bin/alertmanager`: the peer that pages and silences are tried with."""

    name = "alertmanager"
    needs = ("go",)
    module = "github.com/prometheus/alertmanager"

    def make(self, into: Path, programs: Mapping[str, str]) -> None:
        """One build, as its makers do."""
        go = self.new_go(programs["go"], into)
        version = f"-X github.com/prometheus/common/version.Version={self.version}"
        self.go_build(
            go, f"{self.module}/cmd/alertmanager", into / "bin" / "alertmanager", {"CGO_ENABLED": "0"}, version
        )


#: What can be built, by name. The last two are no servers of the stack and are built when they are asked for.
BUILDS: Mapping[str, Build] = {
    build.name: build for build in (KafkaBuild(), InfluxdbBuild(), TelegrafBuild(), AlertmanagerBuild())
}
