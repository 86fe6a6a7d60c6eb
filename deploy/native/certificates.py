"""A certificate authority of the stack's own, and the certificate of its MQTT listener, made by openssl."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from deploy.native.ports import HOST
from deploy.native.programs import need, run

_DAYS = "3650"
_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]


def make_certificates(folder: Path, names: Sequence[str] = ()) -> None:
    """ca.crt, ca.key, server.crt, server.key for localhost and `names`; nothing when the folder is there.

    The keys are mode 600.  NativeError without openssl.
    """
    if folder.exists():
        return
    openssl = need(["openssl"], "making the certificates of the MQTT listener")["openssl"]
    aside = Path(tempfile.mkdtemp(prefix=".tls-", dir=folder.parent))  # mode 700
    hosts = ",".join(f"DNS:{name}" for name in ("localhost", *names))
    (aside / "names").write_text(
        f"subjectAltName={hosts},IP:{HOST}\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n"
    )
    usage = ["-addext", "keyUsage=critical,keyCertSign,cRLSign"]
    commands = [
        ["req", "-x509", *_KEY, "-days", _DAYS, "-subj", "/CN=Headworks native CA", *usage,
         "-keyout", "ca.key", "-out", "ca.crt"],
        ["req", "-new", *_KEY, "-subj", "/CN=localhost", "-keyout", "server.key", "-out", "server.csr"],
        ["x509", "-req", "-in", "server.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial",
         "-days", _DAYS, "-extfile", "names", "-out", "server.crt"],
    ]  # fmt: skip
    try:
        for command in commands:
            run([openssl, *command], what="making the certificates of the MQTT listener", cwd=aside)
        for key in ("ca.key", "server.key"):
            os.chmod(aside / key, 0o600)
        aside.rename(folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
