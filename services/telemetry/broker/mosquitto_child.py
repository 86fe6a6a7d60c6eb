"""`python -m services.telemetry.broker.mosquitto_child PARENT MOSQUITTO CONFIG`: Mosquitto, tethered to us."""

from __future__ import annotations

import os
import subprocess
import sys

from services.telemetry.broker.tether import die_with_parent, end_at_eof


def main(arguments: list[str]) -> int:
    """Becomes Mosquitto where the kernel keeps the tether, else watches over it."""
    parent, program, config = arguments
    die_with_parent(int(parent))
    command = [program, "-c", config]
    tethered = sys.platform == "linux"
    if tethered:
        os.execv(program, command)
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as child:
        end_at_eof()
        return child.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
