"""Importers: one module a file format, each from a file to columns per parameter code.

None of them knows sites, points or units of ours; `services.replay.prepare` brings both together.
Input is hostile: what cannot be taken is counted with its place and reason, and what can be taken
goes on.
"""

from services.replay.importers.detect import read_record
from services.replay.importers.model import BadRow, Recording, Rejects, Series

__all__ = ["BadRow", "Recording", "Rejects", "Series", "read_record"]
