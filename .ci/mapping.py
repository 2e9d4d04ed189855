"""Runs tern map on the truth sets and holds the recorded figures: mapping.py TERN STORE SHARED ROOM BASELINE.json [--promote]

Each set is mapped with its columns bound to roles, as a user would; the output is brought into the form of evaluate.py and
scored by it. A figure may not fall below the recorded one. The mapper is deterministic, so there is no tolerance but rounding.
"""

import csv
import json
import os
import subprocess
import sys
import time

# set, target, arguments that bind its columns
SETS = [
    ("mimic4-labs-loinc", "loinc", ["--name", "name", "--context", "fluid=specimen", "--context", "category=section", "--context", "unit=unit"]),
    ("aumc-labs-loinc", "loinc", ["--name", "name_en", "--context", "category=section", "--context", "ucum=unit"]),
    ("ship-labs-loinc", "loinc", ["--name", "name", "--context", "unit=unit"]),
    ("mimic4-inputevents-rxnorm", "rxnorm", ["--name", "name", "--context", "unit=unit"]),
    ("ema-products-rxnorm", "rxnorm", ["--name", "inn", "--context", "strength=strength", "--context", "form=form", "--context", "route=route"]),
]
HELD = ["accuracy@1", "accuracy@5"]
CANDIDATES = 10


def predictions(mapped, path):
    """Rows of tern map as `id, rank, code, p`."""
    with open(mapped, encoding="utf-8", newline="") as source, open(path, "w", encoding="utf-8", newline="") as target:
        writer = csv.writer(target)
        writer.writerow(["id", "rank", "code", "p"])
        for row in csv.DictReader(source):
            found = [(row.get("mapped_target_code") or row["target_code"], row["probability"])]
            found += [(row.get(f"candidate_{n}_code") or "", row.get(f"candidate_{n}_probability") or "") for n in range(1, CANDIDATES + 1)]
            seen = []
            for code, probability in found:
                if code and code not in seen:
                    seen.append(code)
                    writer.writerow([row["id"], len(seen), code, probability])


def without_answers(truth, path):
    """The truth set as a hospital would have it: without the columns that hold the answer."""
    with open(truth, encoding="utf-8") as source, open(path, "w", encoding="utf-8") as target:
        kept = None
        for line in source:
            fields = line.rstrip("\n").split("\t")
            if kept is None:
                kept = [n for n, name in enumerate(fields) if not name.startswith("target_") and name not in ("relation", "pool", "comment")]
            target.write("\t".join(fields[n] for n in kept) + "\n")


def main():
    tern, store, shared, room, baseline = sys.argv[1:6]
    promote = "--promote" in sys.argv[6:]
    recorded = {}
    if os.path.exists(baseline):
        with open(baseline, encoding="utf-8") as file:
            recorded = json.load(file)
    figures, fallen = {}, []
    for name, target, bindings in SETS:
        truth = os.path.join(shared, "truth", f"{name}.tsv")
        extract, mapped, scored = (os.path.join(room, f"{name}{end}") for end in (".tsv", ".mapped.csv", ".predictions.csv"))
        without_answers(truth, extract)
        started = time.monotonic()
        subprocess.run([tern, "--store", store, "map", extract, "-o", mapped, "--target", target, "--candidates", str(CANDIDATES), *bindings], check=True)
        seconds = time.monotonic() - started
        predictions(mapped, scored)
        command = [sys.executable, os.path.join(shared, "tools", "evaluate.py"), truth, scored, "--json"]
        result = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        figures[name] = {key: round(result[key], 4) for key in HELD}
        print(f"{name}: " + ", ".join(f"{key} {figures[name][key]:.4f}" for key in HELD)
              + f", coverage@precision0.95 {result.get('coverage@precision0.95') or 0:.4f}, {result['n']} rows in {seconds:.1f} s")
        for key, before in recorded.get(name, {}).items():
            if figures[name][key] < before - 0.00005:
                fallen.append(f"{name}: {key} was {before}, is {figures[name][key]}")
    for line in fallen:
        print(f"  fell: {line}")
    if promote and not fallen:
        os.makedirs(os.path.dirname(baseline), exist_ok=True)
        with open(baseline, "w", encoding="utf-8") as file:
            json.dump(figures, file, indent=1, sort_keys=True)
            file.write("\n")
        print(f"  promoted: {baseline}; commit it")
    sys.exit(1 if fallen else 0)


if __name__ == "__main__":
    main()
