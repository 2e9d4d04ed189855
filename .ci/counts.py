"""Counts what lies in ../shared from the publishers' files and compares it with tern: counts.py SHARED STATUS.json CONFORMANCE.json

The two JSON files are what `tern status --json` prints for the store of the large vocabularies and for that of the HL7 suite. The
counting shares nothing with the loaders: csv and XML of the standard library, and the rules of each release in a few lines.
"""

import csv
import glob
import json
import os
import re
import sys
import xml.etree.ElementTree as ElementTree

csv.field_size_limit(1 << 30)
LOINC = "http://loinc.org"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
SNOMED = "http://snomed.info/sct"
CM = "http://hl7.org/fhir/sid/icd-10-cm"


def table(path, **kind):
    with open(path, encoding="utf-8-sig", newline="") as file:
        yield from csv.DictReader(file, **kind)


def tabs(path):
    return table(path, delimiter="\t", quoting=csv.QUOTE_NONE)


def lines(path):
    with open(path, encoding="latin-1") as file:
        return [line.rstrip("\r\n") for line in file if line.strip()]


def newest(rows):
    """Of rows with the same id, the one with the latest effectiveTime."""
    states = {}
    for row in rows:
        if row["id"] not in states or row["effectiveTime"] > states[row["id"]]["effectiveTime"]:
            states[row["id"]] = row
    return list(states.values())


def loinc(folder):
    """Terms, parts, answer lists and answers, as far as any file defines them."""
    found = glob.glob(folder + "/**/*.csv", recursive=True)
    named = {os.path.basename(path): path for path in found}
    terms = list(table(named["Loinc.csv"]))
    codes = {row["LOINC_NUM"]: row["STATUS"] in ("ACTIVE", "TRIAL", "DISCOURAGED") for row in terms}
    for row in table(named["Part.csv"]):
        codes.setdefault(row["PartNumber"], row["Status"] == "ACTIVE")
    for row in table(named["LoincPartLink_Primary.csv"]):
        codes.setdefault(row["PartNumber"], True)
    for row in table(named["ComponentHierarchyBySystem.csv"]):
        codes.setdefault(row["CODE"], True)
    for row in table(named["AnswerList.csv"]):
        codes.setdefault(row["AnswerListId"], True)
        if row["AnswerStringId"]:
            codes.setdefault(row["AnswerStringId"], True)
    return {"concepts": len(codes), "active": sum(codes.values())}


def rxnorm(folder):
    names = [line.split("|") for line in lines(folder + "/RXNCONSO.RRF")]
    own = {row[0] for row in names if row[11] == "RXNORM"}
    relations = 0
    for line in lines(folder + "/RXNREL.RRF"):
        row = line.split("|")
        if row[10] == "RXNORM" and row[0] in own and row[4] in own:
            # Both the relation and its finer attribute are properties.
            relations += 1 + bool(row[7])
    return {"concepts": len(own), "terms": sum(row[0] in own for row in names), "relations": relations}


def tabular(path):
    """Chapters, blocks, categories and codes, with seventh characters down to the codes without children."""
    root = ElementTree.parse(path).getroot()
    codes = set()

    def diag(element, inherited):
        own = element.find("sevenChrDef")
        characters = inherited if own is None else [extension.get("char") for extension in own.findall("extension")]
        name = element.findtext("name").strip()
        codes.add(name)
        children = element.findall("diag")
        for child in children:
            diag(child, characters)
        if not children:
            plain = name.replace(".", "").ljust(6, "X")
            for character in characters if len(plain) == 6 else []:
                codes.add(f"{plain[:3]}.{plain[3:]}{character}")

    for chapter in root.findall("chapter"):
        codes.add(re.search(r"\(([A-Z]\w+-[A-Z]\w+)\)", chapter.findtext("desc")).group(1))
        for section in chapter.findall("section"):
            codes.add(section.get("id"))
            for element in section.findall("diag"):
                diag(element, [])
    return {"concepts": len(codes), "active": len(codes)}


def icd9(folder):
    titles = {}
    for kind in ("DX", "SG"):
        for length in ("LONG", "SHORT"):
            for line in lines(f"{folder}/CMS32_DESC_{length}_{kind}.txt"):
                code, _, title = line.partition(" ")
                titles.setdefault((kind, code), set()).add(" ".join(title.split()))
    return {"concepts": len(titles), "terms": sum(map(len, titles.values()))}


def snomed(folder):
    def files(part):
        return [row for path in glob.glob(f"{folder}/**/{part}", recursive=True) for row in tabs(path)]

    concepts = newest(files("sct2_Concept_*.txt"))
    known = {row["id"] for row in concepts}
    terms = newest(files("sct2_Description_*.txt") + files("sct2_TextDefinition_*.txt"))
    return {
        "concepts": len(concepts),
        "active": sum(row["active"] == "1" for row in concepts),
        "terms": sum(row["conceptId"] in known for row in terms),
    }


def expected(shared):
    vocab, source = shared + "/vocab", shared + "/tx-suite/tx-source"
    icd = vocab + "/icd"
    ndc = glob.glob(source + "/ndc/*/product.txt")[0]
    packages = len(lines(ndc.replace("product", "package"))) - 1
    products = len(lines(ndc)) - 1
    large = {
        (LOINC, None): loinc(vocab + "/loinc"),
        (RXNORM, None): rxnorm(vocab + "/rxnorm/rrf"),
        (CM, "2024"): {"concepts": len(lines(icd + "/icd10cm-codes-2024.txt"))},
        (CM, "2026"): tabular(icd + "/icd10c-tabular-April-1-2026.xml"),
        ("http://www.cms.gov/Medicare/Coding/ICD10", "2024"): {"concepts": len(lines(icd + "/icd10pcs-codes-2024.txt"))},
        ("http://hl7.org/fhir/sid/icd-9-cm", "32"): icd9(icd),
        ("https://www.cms.gov/gem/icd-10-cm-to-icd-9-cm", None): {"maps": len(lines(icd + "/I10gem.txt"))},
        ("https://www.cms.gov/gem/icd-9-cm-to-icd-10-cm", None): {"maps": len(lines(icd + "/I9gem.txt"))},
        ("http://hl7.org/fhir/sid/ndc", None): {"concepts": products + packages},
    }
    small = {
        (SNOMED, "http://snomed.info/xsct/31000003106/version/20250909"): snomed(source + "/snomed"),
        (LOINC, None): loinc(source + "/loinc"),
        ("http://hl7.org/fhir/sid/ndc", None): {"concepts": products + packages},
    }
    return large, small


def main():
    shared, large, small = sys.argv[1:4]
    wrong = right = 0
    for path, systems in zip((large, small), expected(shared)):
        with open(path, encoding="utf-8") as file:
            status = json.load(file)
        for (system, version), counts in systems.items():
            entries = [entry for entry in status if entry["system"] == system and version in (None, entry["version"])]
            if len(entries) != 1:
                print(f"  {system} {version or ''}: {len(entries)} entries in tern status")
                wrong += 1
                continue
            for name, number in counts.items():
                if entries[0][name] == number:
                    right += 1
                else:
                    wrong += 1
                    print(f"  {system} {version or ''}: {number} {name} in the files, {entries[0][name]} in tern")
    print(f"{right} counts agree, {wrong} do not")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
