"""Expands every value set of the FHIR core packages, and says why those that cannot be expanded cannot.

core.py TERN SHARED ROOM

Loads the packages of R4, and of R5 with HL7 terminology, into stores of their own under ROOM, with nothing else beside them, and
asks for each value set of the package. An error counts as explained if it says what is not here (a code system, a version, a value
set, the codes of a code system), or that there are more codes than an answer may have. Any other error fails the run.
"""

import collections
import concurrent.futures
import json
import os
import re
import subprocess
import sys
import tarfile
import time
import urllib.error
import urllib.request

SETS = [
    ("R4", "r4", ["hl7.fhir.r4.core-4.0.1.tgz"]),
    ("R5", "r5", ["hl7.fhir.r5.core-5.0.0.tgz", "hl7.terminology-7.3.0.tgz"]),
]
# What is not here, by the text that says so: a licensed vocabulary, or one that no package has.
REASONS = [
    ("more codes than an answer may have", r"too-costly"),
    ("a version of its code system is not here", r"CodeSystem '[^']*' version '[^']*' could not be found"),
    ("its code system is not here", r"CodeSystem '[^']*' could not be found"),
    ("a value set that it imports is not here", r"value Set '[^']*' could not be found"),
    ("its code system is a grammar, whose codes cannot be listed", r"cannot be iterated or enumerated"),
    ("a filter by a property that its code system does not define", r"The filter .* was not understood in the context of"),
]


def value_sets(package):
    with tarfile.open(package) as archive:
        for member in archive:
            name = os.path.basename(member.name)
            if name.startswith("ValueSet-") and name.endswith(".json"):
                yield json.load(archive.extractfile(member))


def serve(tern, store):
    process = subprocess.Popen([tern, "--store", store, "serve", "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    for line in process.stdout:
        found = re.search(r"listening on (http://[^/ ]+)", line)
        if found:
            return process, found.group(1)
    raise SystemExit("tern serve did not start")


def expand(base, resource):
    parameters = [{"name": "url", "valueUri": resource["url"]}]
    if resource.get("version"):
        parameters.append({"name": "valueSetVersion", "valueString": resource["version"]})
    body = json.dumps({"resourceType": "Parameters", "parameter": parameters}).encode()
    request = urllib.request.Request(base + "/ValueSet/$expand", body, {"Content-Type": "application/fhir+json"})
    try:
        with urllib.request.urlopen(request, timeout=120) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def explain(outcome):
    issues = outcome.get("issue", [])
    text = "; ".join(f"{issue.get('code')}: {issue.get('details', {}).get('text', '')}" for issue in issues)
    reason = next((reason for reason, pattern in REASONS if re.search(pattern, text)), None)
    named = re.search(r"CodeSystem '([^'|]+)", text)
    return reason, named and named.group(1), text


def measure(tern, shared, room, version, path, packages):
    store = os.path.join(room, f"core-{path}")
    files = [os.path.join(shared, "vocab/other/fhir", name) for name in packages]
    subprocess.run(["rm", "-rf", store], check=True)
    subprocess.run([tern, "--store", store, "load", *files], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    process, address = serve(tern, store)
    try:
        with_url = [resource for resource in value_sets(files[0]) if resource.get("url")]
        started = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(lambda resource: expand(f"{address}/fhir/{path}", resource), with_url))
        seconds = time.monotonic() - started
    finally:
        process.terminate()
        process.wait()
    reasons, systems, unexplained, codes = collections.Counter(), collections.Counter(), [], 0
    for resource, (status, body) in zip(with_url, answers):
        if status == 200:
            codes += body["expansion"].get("total", 0)
            continue
        reason, system, text = explain(body)
        reasons[reason or "unexplained"] += 1
        if reason and system:
            systems[system] += 1
        if not reason or status >= 500:
            unexplained.append(f"{resource['url']}: {status} {text}")
    expanded = sum(status == 200 for status, _ in answers)
    return {"version": version, "all": len(answers), "expanded": expanded, "codes": codes, "seconds": round(seconds, 1),
            "reasons": reasons.most_common(), "systems": systems.most_common(), "unexplained": unexplained}


def main():
    tern, shared, room = sys.argv[1:4]
    results = [measure(tern, shared, room, *one) for one in SETS]
    lines = []
    for result in results:
        lines.append(f"FHIR {result['version']}: {result['expanded']} of {result['all']} value sets expand, to {result['codes']} codes, "
                     f"in {result['seconds']} s of two requests at a time")
        lines += [f"  {count:4} cannot: {reason}" for reason, count in result["reasons"]]
        lines += [f"       {count:4} {system}" for system, count in result["systems"]]
        lines += [f"  unexplained: {text}" for text in result["unexplained"]]
    print("\n".join(lines))
    sys.exit(1 if any(result["unexplained"] for result in results) else 0)


if __name__ == "__main__":
    main()
