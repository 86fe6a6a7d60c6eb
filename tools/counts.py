"""Print the counts of a JUnit report, and the reason of every skipped test."""

import sys
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree


def main(report: Path) -> int:
    """Print the counts; the status is 1 when no test ran or the report cannot be read."""
    try:
        cases = list(ElementTree.parse(report).iter("testcase"))
    except (OSError, ElementTree.ParseError) as error:
        print(f"tests: no report to count ({error})", file=sys.stderr)
        return 1
    counts: Counter[str] = Counter()
    for case in cases:
        tags = {child.tag for child in case}
        outcome = next((tag for tag in ("error", "failure", "skipped") if tag in tags), "passed")
        counts[outcome] += 1
        skip = case.find("skipped")
        if skip is not None:
            name = f"{case.get('classname')}.{case.get('name')}"
            print(f"tests: skipped {name}: {skip.get('message')}")
    print(
        f"tests: {counts['passed']} passed, {counts['failure']} failed, "
        f"{counts['error']} errors, {counts['skipped']} skipped"
    )
    return 0 if counts["passed"] + counts["failure"] else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
