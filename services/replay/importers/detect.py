"""Which importer reads a file: by its content, not by its name."""

from __future__ import annotations

from pathlib import Path

from services.core.errors import Rejected
from services.replay.importers import jsons
from services.replay.importers.model import Recording, cut
from services.replay.importers.usgs_iv_json import is_iv, read_iv
from services.replay.importers.usgs_ogc_json import is_ogc, read_ogc
from services.replay.importers.usgs_rdb import read_rdb

#: About thirty years of 5-minute values of seven parameters.
MAX_BYTES = 512_000_000

KNOWN = "USGS RDB, instantaneous-values JSON or OGC API `continuous` JSON"


def read_record(path: Path) -> Recording:
    """The river record in `path`.

    Raises Rejected with what is wrong when it cannot be opened, is too large, or is none of the
    known formats.
    """
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise Rejected("file too large", f"{path}: {size} bytes, at most {MAX_BYTES}")
        with path.open("rb") as stream:
            begin = stream.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip()
            stream.seek(0)
            if begin.startswith((b"{", b"[")):
                return _read_json(path)
            _refuse_other(path, begin)
            return read_rdb(stream)
    except OSError as error:
        raise Rejected("cannot be read", f"{path}: {error.strerror or error}") from None


def _read_json(path: Path) -> Recording:
    data = jsons.load(path)
    if is_iv(data):
        return read_iv(data)
    if is_ogc(data):
        return read_ogc(data)
    raise Rejected("not a river record", f"{path}: JSON, but not of a known shape; known: {KNOWN}")


def _refuse_other(path: Path, begin: bytes) -> None:
    """Says what it is, where that can be told."""
    if not begin:
        raise Rejected("no data", f"{path} is empty")
    for magic, what in (
        (b"\x1f\x8b", "compressed (gzip): unpack it first"),
        (b"PK\x03\x04", "an archive (zip): unpack it first"),
        (b"<", "a web page or XML, perhaps the server's error message"),
    ):
        if begin.startswith(magic):
            raise Rejected("not a river record", f"{path} is {what}; known: {KNOWN}")
    if b"\0" in begin or (begin[:1] != b"#" and b"\t" not in begin):
        raise Rejected("not a river record", f"{path} begins {cut(begin[:24])}; known: {KNOWN}")
