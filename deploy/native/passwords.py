"""Mosquitto's password file, as its own tool would write it."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping

_ROUNDS = 101  # Mosquitto 2's own number; passwords of ours are random, and not to be guessed in any number of rounds


def hashed(password: str) -> str:
    """PBKDF2 with SHA-512 and a new salt, in Mosquitto's notation."""
    salt = secrets.token_bytes(12)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ROUNDS)
    return f"$7${_ROUNDS}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"


def password_file(passwords: Mapping[str, str]) -> str:
    """The text of the file: a line a user."""
    return "".join(f"{user}:{hashed(password)}\n" for user, password in passwords.items())
