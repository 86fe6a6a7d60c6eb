"""`python -m deploy.compose`: makes the secrets that compose.yaml names, each once; what is there stays."""

from __future__ import annotations

import argparse
import secrets
import sys
from pathlib import Path

from deploy.native.certificates import make_certificates
from deploy.native.files import secret
from deploy.native.influxdb import BUCKETS, ORG
from deploy.native.mosquitto import ROLES
from deploy.native.passwords import password_file
from deploy.native.programs import NativeError
from deploy.native.stack import sites
from services.core.errors import HeadworksError

FOLDER = Path(__file__).resolve().parent / "secrets"

#: By the name that `headworks influx apply` has for them, the files of InfluxDB's tokens beside the operator's.
TOKENS = {"sink": "influx-sink", "grafana": "influx-grafana"}


def prepare(folder: Path, users: tuple[str, ...], hosts: tuple[str, ...]) -> None:
    """Tokens and passwords, one a file; Mosquitto's password file with all `users`; a certificate for `hosts`.

    The folder is its owner's alone. The files in it can be read by everybody, because those who read them are the
    users of the containers, which see the files and not the folder.  NativeError without openssl.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    for name in ("influx-token", "influx-password", "grafana-password"):
        secret(folder / name, secrets.token_urlsafe(48))
    for name in TOKENS.values():
        secret(folder / name, (folder / "influx-token").read_text())
    passwords = {user: secret(folder / f"mqtt-{user}", secrets.token_urlsafe(24)) for user in users}
    (folder / "mqtt-passwords").write_text(password_file(passwords))
    make_certificates(folder / "tls", hosts)
    (folder / "tls").chmod(0o755)
    for path in folder.rglob("*"):
        if path.is_file() and path.name != "ca.key":
            path.chmod(0o644)


def least(folder: Path, url: str, bucket: str = BUCKETS[0]) -> list[str]:
    """Tokens of InfluxDB at `url` that may write, or read, and no more, in place of the operator's; sentences about it.

    Those who have the files open keep the old one until they start anew. HeadworksError when InfluxDB refuses.
    """
    from services.aggregator.sinks.influx.apply import Wanted, apply

    token, new = (folder / "influx-token").read_text(), {kind: folder / f"{name}.new" for kind, name in TOKENS.items()}
    for path in new.values():
        path.unlink(missing_ok=True)
    outcome = apply(url, ORG, token, Wanted.of(bucket, split=True), files=new)
    for kind, path in new.items():
        if path.exists():
            path.chmod(0o644)
            path.replace(folder / TOKENS[kind])
    return [*outcome.done, *outcome.drift]


def main(arguments: list[str]) -> int:
    """Does it; a sentence and status 2 for what a person can mend."""
    whole = argparse.ArgumentParser("python -m deploy.compose", description="Make the secrets of compose.yaml.")
    whole.add_argument("--folder", type=Path, default=FOLDER)
    whole.add_argument("--gateway", action="append", default=[], help="an MQTT user besides those of sites/")
    whole.add_argument("--host", action="append", default=[], help="a name that gateways reach the broker by")
    whole.add_argument(
        "--tokens", metavar="URL", nargs="?", const="http://127.0.0.1:8086", default="",
        help="InfluxDB is up at URL: make tokens of least privilege for the services and Grafana",
    )  # fmt: skip
    asked = whole.parse_args(arguments)
    users = tuple(dict.fromkeys((*ROLES, *sites(), *asked.gateway)))
    try:
        prepare(asked.folder, users, ("mosquitto", *asked.host))
        for sentence in least(asked.folder, asked.tokens) if asked.tokens else ():
            print(f"compose: {sentence}")
    except (NativeError, HeadworksError) as error:
        print(f"compose: {error}", file=sys.stderr)
        return 2
    print(f"compose: secrets are in {asked.folder}: mqtt-<gateway> and tls/ca.crt are what a gateway needs")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
