"""What the repository promises about itself: locks, rooms, sizes, and commands that exist."""

import ast
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GENERATED = re.compile(r"_pb2\.pyi?$")
PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)")

# Spelt in parts, so that this file does not find itself.
MACHINE = re.compile(r"(?<![\w.\-/])/(?:" + "|".join(["ro" + "ot", "ho" + "me", "Us" + "ers", "wo" + "rk"]) + r")/\w")
REGISTRY = re.compile("|".join(["pypi" + r"\.org", "python" + r"hosted\.org", "--index" + "-url"]))


def tracked() -> list[Path]:
    """Every file under version control that is still there."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout, so there is no list of tracked files")
    # A checkout that another user owns, as CI has it, is safe to list.
    command = ["git", "-c", "safe.directory=*", "-C", str(ROOT), "ls-files", "-z"]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [path for name in listed.split("\0") if name and (path := ROOT / name).is_file()]


def pins(name: str) -> dict[str, set[str]]:
    """The versions that a lock file pins, by package; markers may give a package several."""
    found: dict[str, set[str]] = {}
    for line in (ROOT / "requirements" / name).read_text().splitlines():
        if match := PIN.match(line):
            found.setdefault(match[1].lower(), set()).add(match[2])
    return found


@pytest.mark.parametrize("name", ["uv.txt", "run.txt", "cluster.txt", "dev.txt"])
def test_every_pin_has_a_hash_and_no_line_has_an_address(name):
    text = (ROOT / "requirements" / name).read_text()
    blocks = re.split(r"\n(?=[A-Za-z0-9])", text)
    unhashed = [block.split()[0] for block in blocks if "--hash=sha256:" not in block]
    loose = [block.split()[0] for block in blocks if not PIN.match(block)]
    assert not unhashed
    assert not loose
    assert "://" not in text
    assert not re.search(r"^\s*--(?!hash)", text, re.MULTILINE)


def test_the_locks_hold_what_pyproject_asks_for():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())

    def names(wanted: list[str]) -> set[str]:
        return {re.split(r"[<>=!~\[; ]", line)[0].lower().replace("_", "-") for line in wanted}

    groups = project["dependency-groups"]
    run, cluster, dev = pins("run.txt"), pins("cluster.txt"), pins("dev.txt")
    assert names(project["project"]["dependencies"]) | names(groups["build"]) <= run.keys()
    assert names(project["project"]["optional-dependencies"]["cluster"]) <= cluster.keys()
    assert names(groups["dev"]) <= dev.keys()


def test_the_wider_locks_have_every_version_of_the_run_lock():
    run, cluster, dev = pins("run.txt"), pins("cluster.txt"), pins("dev.txt")
    assert {name: cluster.get(name) for name in run} == run
    assert {name: dev.get(name) for name in cluster} == cluster


def test_every_package_says_what_it_is_for():
    folders = {path.parent for path in (ROOT / "services").rglob("*.py")}
    silent = []
    for folder in sorted(folders):
        init = folder / "__init__.py"
        if not init.exists() or not ast.get_docstring(ast.parse(init.read_text("utf-8"))):
            silent.append(str(folder.relative_to(ROOT)))
    assert not silent


def test_no_tracked_file_is_larger_than_a_megabyte():
    large = [str(path.relative_to(ROOT)) for path in tracked() if path.stat().st_size > 1_000_000]
    assert not large


def test_no_python_file_is_longer_than_400_lines():
    long = {}
    for path in tracked():
        if path.suffix == ".py" and not GENERATED.search(path.name):
            lines = len(path.read_text("utf-8").splitlines())
            if lines > 400:
                long[str(path.relative_to(ROOT))] = lines
    assert not long


def test_no_tracked_file_names_one_machine_or_a_registry():
    found = []
    for path in tracked():
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue  # pictures and the like
        for number, line in enumerate(text.splitlines(), 1):
            if MACHINE.search(line) or REGISTRY.search(line.replace("--no-emit-index-url", "")):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}")
    assert not found


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md", ".ci/run"])
def test_every_make_command_in_the_documents_exists(document):
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    named = set(re.findall(r"(?:`|^)make ([a-z-]+)", (ROOT / document).read_text("utf-8"), re.MULTILINE))
    assert named, f"{document} names no command"
    assert named <= targets


def test_decisions_are_numbered_without_gaps_and_listed():
    folder = ROOT / "docs" / "adr"
    files = sorted(path.name for path in folder.glob("[0-9]*.md"))
    assert [int(name[:4]) for name in files] == list(range(1, len(files) + 1))
    index = (folder / "README.md").read_text("utf-8")
    assert not [name for name in files if f"({name})" not in index]
