"""Make services/core/pb from proto/, or check that the committed code is what proto/ makes."""

import argparse
import sys
import tempfile
from importlib.resources import files
from pathlib import Path

from grpc_tools import protoc

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "proto"
TARGET = ROOT / "services" / "core" / "pb"


def generate(into: Path) -> list[str]:
    """Compile every proto file into the folder and return the names of the files made.

    Raises RuntimeError when the compiler refuses a file; it has said why on stderr.
    """
    sources = sorted(path.name for path in SOURCE.glob("*.proto"))
    # The stub writer lies beside this interpreter, whether or not .venv is activated.
    stubs = Path(sys.executable).parent / "protoc-gen-mypy"
    status = protoc.main(
        [
            "protoc",
            f"--proto_path={SOURCE}",
            f"--proto_path={files('grpc_tools') / '_proto'}",
            f"--plugin=protoc-gen-mypy={stubs}",
            f"--python_out={into}",
            f"--mypy_out=quiet:{into}",
            *sources,
        ]
    )
    if status != 0:
        raise RuntimeError(f"the proto compiler ended with status {status}")
    return sorted(path.name for path in into.glob("*_pb2.py*"))


def drift(made: Path, names: list[str]) -> list[str]:
    """Say, a line a file, where the committed code is not what proto/ makes."""
    found = []
    for name in names:
        committed = TARGET / name
        if not committed.exists():
            found.append(f"{committed.relative_to(ROOT)}: missing")
        elif committed.read_bytes() != (made / name).read_bytes():
            found.append(f"{committed.relative_to(ROOT)}: differs from what proto/ makes")
    for path in sorted(TARGET.glob("*_pb2.py*")):
        if path.name not in names:
            found.append(f"{path.relative_to(ROOT)}: has no proto file")
    return found


def main() -> int:
    """Run from the command line; the status is 1 when generated code has drifted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare only, change nothing")
    check = parser.parse_args().check
    if not check:
        TARGET.mkdir(parents=True, exist_ok=True)
        for name in generate(TARGET):
            print((TARGET / name).relative_to(ROOT))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        found = drift(Path(folder), generate(Path(folder)))
    for line in found:
        print(line, file=sys.stderr)
    if found:
        print("Run `make proto` and commit the result.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
