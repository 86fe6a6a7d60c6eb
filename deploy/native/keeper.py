"""`python -m deploy.native.keeper FOLDER`: waits until its input ends, which it does with whoever holds the other
end, killed or not; then it brings the stack of the folder down.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from deploy.native.stack import Stack


def main(folder: Path) -> int:
    """Waits, and brings down."""
    while os.read(0, 1024):
        pass
    Stack(folder).down()
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
