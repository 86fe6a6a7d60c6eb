"""`python -m deploy.compose`: makes the secrets that compose.yaml names, each once; what is there stays."""

from __future__ import annotations

import argparse
import secrets
import sys
from pathlib import Path

from deploy.native.certificates import make_certificates
from deploy.native.files import secret
from deploy.native.mosquitto import ROLES
from deploy.native.passwords import password_file
from deploy.native.programs import NativeError
from deploy.native.stack import sites

FOLDER = Path(__file__).resolve().parent / "secrets"


def prepare(folder: Path, users: tuple[str, ...], hosts: tuple[str, ...]) -> None:
    """Tokens and passwords, one a file; Mosquitto's password file with all `users`; a certificate for `hosts`.

    The folder is its owner's alone. The files in it can be read by everybody, because those who read them are the
    users of the containers, which see the files and not the folder.  NativeError without openssl.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    for name in ("influx-token", "influx-password", "grafana-password"):
        secret(folder / name, secrets.token_urlsafe(48))
    passwords = {user: secret(folder / f"mqtt-{user}", secrets.token_urlsafe(24)) for user in users}
    (folder / "mqtt-passwords").write_text(password_file(passwords))
    make_certificates(folder / "tls", hosts)
    (folder / "tls").chmod(0o755)
    for path in folder.rglob("*"):
        if path.is_file() and path.name != "ca.key":
            path.chmod(0o644)


def main(arguments: list[str]) -> int:
    """Does it; a sentence and status 2 for what a person can mend."""
    whole = argparse.ArgumentParser("python -m deploy.compose", description="Make the secrets of compose.yaml.")
    whole.add_argument("--folder", type=Path, default=FOLDER)
    whole.add_argument("--gateway", action="append", default=[], help="an MQTT user besides those of sites/")
    whole.add_argument("--host", action="append", default=[], help="a name that gateways reach the broker by")
    asked = whole.parse_args(arguments)
    users = tuple(dict.fromkeys((*ROLES, *sites(), *asked.gateway)))
    try:
        prepare(asked.folder, users, ("mosquitto", *asked.host))
    except NativeError as error:
        print(f"compose: {error}", file=sys.stderr)
        return 2
    print(f"compose: secrets are in {asked.folder}: mqtt-<gateway> and tls/ca.crt are what a gateway needs")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
