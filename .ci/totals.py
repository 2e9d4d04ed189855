"""Adds up the result lines of cargo test into one plain line: totals.py FILE."""

import re
import sys

LINE = re.compile(r"^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored", re.MULTILINE)

with open(sys.argv[1], encoding="utf-8", errors="replace") as log:
    found = LINE.findall(log.read())
passed, failed, ignored = (sum(int(row[place]) for row in found) for place in range(3))
print(f"{passed} passed, {failed} failed, {ignored} skipped")
