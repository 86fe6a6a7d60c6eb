"""The embedded shell: one SQLite file holds the log, the state and the cursors.

`LocalLog` is the log (core.ports.SiteLog and LogReader), `LogView` the same for other processes that
only look, `ProcessorShell` runs processors over it, `keep_trimmed` is its retention.
"""

from services.runtime.local.log import LocalLog
from services.runtime.local.retention import keep_trimmed
from services.runtime.local.shell import ProcessorShell
from services.runtime.local.transaction import SITES, OutOfSequence
from services.runtime.local.view import LogView

__all__ = ["SITES", "LocalLog", "LogView", "OutOfSequence", "ProcessorShell", "keep_trimmed"]
