"""Compares a run of the HL7 suite with the tests that passed before: conformance.py RESULTS.json BASELINE.txt [--promote]

A line of the baseline is a test that passes, with `strict` after a tab if it passes by the strict verdict too. A test that
passed may not fail again. What is new is printed; it enters the baseline by --promote, on purpose.
"""

import json
import os
import sys


def main():
    results, baseline = sys.argv[1:3]
    promote = "--promote" in sys.argv[3:]
    with open(results, encoding="utf-8") as file:
        tests = json.load(file)["tests"]
    passing = {test["id"]: test["strict"] == "pass" for test in tests if test["status"] == "pass"}
    before = {}
    if os.path.exists(baseline):
        with open(baseline, encoding="utf-8") as file:
            for line in file:
                name, _, verdict = line.rstrip("\n").partition("\t")
                if name and not name.startswith("#"):
                    before[name] = verdict == "strict"
    ran = {test["id"] for test in tests}
    gone = sorted(name for name in before if name in ran and name not in passing)
    gone += sorted(f"{name} (strictly)" for name in before if before[name] and name in passing and not passing[name])
    # The halves of the suite differ between machines; a test that is not there was not lost.
    absent = sum(name not in ran for name in before)
    new = sorted(name for name in passing if name not in before)
    new += sorted(f"{name} (strictly)" for name in before if passing.get(name) and not before[name])
    print(f"{baseline}: {len(passing)} of {len(tests)} pass, {sum(passing.values())} strictly; "
          f"{len(before)} in the baseline, {len(new)} new, {absent} not in this suite")
    for name in gone:
        print(f"  passed before and fails now: {name}")
    if promote and not gone:
        kept = {name: strict for name, strict in before.items() if name not in ran}
        kept.update(passing)
        os.makedirs(os.path.dirname(baseline), exist_ok=True)
        with open(baseline, "w", encoding="utf-8") as file:
            for name in sorted(kept):
                file.write(f"{name}\tstrict\n" if kept[name] else f"{name}\n")
        print(f"  promoted: {baseline} now has {len(kept)} tests; commit it")
    elif new:
        print("  new ones are not held yet; run .ci/run --promote and commit the baseline")
    sys.exit(1 if gone else 0)


if __name__ == "__main__":
    main()
