"""Writes the seeds of all fuzz targets to fuzz/corpus, from tests/fixtures: python3 fuzz/seeds.py

A seed of a loader is a byte (the number of a file of the fixture) and that file's content, so fuzzing starts from what is right.
"""

import io
import os
import pathlib
import struct
import tarfile
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
FIXTURES = HERE.parent / "tests" / "fixtures"
LOADERS = {"snomed": "snomed", "loinc": "loinc", "rxnorm": "rxnorm", "icd": "icd", "fhir": "fhir", "local_map": "maps", "ndc": "ndc"}
REQUESTS = [
    (0, "metadata", "mode=terminology", ""),
    (0, "CodeSystem/$lookup", "system=http://loinc.org&code=1-8&property=*", ""),
    (0, "CodeSystem/$subsumes", "system=http://snomed.info/sct&codeA=138875005&codeB=404684003", ""),
    (2, "ValueSet/$expand", "url=http://snomed.info/sct?fhir_vs&count=3&filter=a", ""),
    (2, "ValueSet", "_count=2&name:contains=a", ""),
    (2, "ValueSet", "_has:ConceptMap:source-scope:_has:ConceptMap:other-map:name=a&_include:iterate=*&derived-from:ValueSet.name:exact=a,b", ""),
    (2, "ValueSet/$expand", "url=http://loinc.org/vs&date=2020&force-valueset-version=http://loinc.org/vs|1&count=2&exclude-system=http://x|1.*", ""),
    (0, "ConceptMap/$translate", "system=http://snomed.info/sct&code=138875005&targetsystem=http://loinc.org", ""),
    (19, "ValueSet/$validate-code", "", '{"resourceType":"Parameters","parameter":[{"name":"coding","valueCoding":{"system":"http://x","code":"a"}},'
     '{"name":"valueSet","resource":{"resourceType":"ValueSet","compose":{"include":[{"system":"http://x","filter":[{"property":"concept","op":"is-a","value":"a"}]}]}}},'
     '{"name":"tx-resource","resource":{"resourceType":"CodeSystem","url":"http://x","content":"complete","concept":[{"code":"a","display":"A","concept":[{"code":"b"}]}]}}]}'),
    (19, "", "", '{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","url":"metadata"}}]}'),
]
MAPPING_SETS = [
    "source_code,source_name,specimen,target_system,target_code,relationship,status,count\nA,Glu,blood,http://loinc.org,1-8,equivalent,mapped,3\n",
    "#curie_map:\n#  lab: https://example.org/\nsubject_id\tpredicate_id\tobject_id\tmapping_justification\tpredicate_modifier\n"
    "lab:a%20b\tskos:broadMatch\tLOINC:1-8\tsemapv:ManualMappingCuration\tNot\nlab:c\tskos:exactMatch\tsssom:NoTermFound\tsemapv:LexicalMatching\t\n",
    '{"resourceType":"ConceptMap","group":[{"source":"urn:a","target":"http://loinc.org","element":[{"code":"1","target":[{"code":"2","equivalence":"wider",'
    '"dependsOn":[{"property":"urn:p","value":"5"}]}]},{"code":"3","noMap":true}],"unmapped":{"mode":"fixed","code":"X"}}]}',
    "source_code,source_concept_id,source_vocabulary_id,source_code_description,target_concept_id,target_vocabulary_id,valid_start_date,valid_end_date,"
    "invalid_reason\nA,0,LAB,Glu,900,LOINC,20200101,20991231,\n",
    "sourceCode,sourceName,sourceFrequency,ADD_INFO:unit,matchScore,mappingStatus,equivalence,conceptId,createdOn\nA,Glu,3,mg/dL,0.5,APPROVED,EQUAL,900,0\n",
]

AXIOMS = [
    "SubClassOf(:404684003 ObjectIntersectionOf(:138875005 ObjectSomeValuesFrom(:609096000 ObjectSomeValuesFrom(:363698007 :123))))",
    "EquivalentClasses(:1 ObjectIntersectionOf(:2 ObjectSomeValuesFrom(:609096000 DataHasValue(:3 \"5.5\"^^xsd:decimal))))",
    "SubObjectPropertyOf(ObjectPropertyChain(:1 :2) :1)",
    "TransitiveObjectProperty(:1)",
    "Ontology(<http://snomed.info/sct/900000000000207008>)",
]
RESOURCES = [
    '<Parameters xmlns="http://hl7.org/fhir"><parameter id="p"><name value="coding"/><valueCoding><system value="http://x"/>'
    '<code value="a"><extension url="e"><valueDecimal value="1.50"/></extension></code></valueCoding></parameter></Parameters>',
    '<ValueSet xmlns="http://hl7.org/fhir"><text><status value="generated"/><div xmlns="http://www.w3.org/1999/xhtml"><p>a &amp; b</p></div></text>'
    '<contained><CodeSystem><id value="c"/></CodeSystem></contained><compose><include><concept><code value="a"/></concept></include></compose></ValueSet>',
]


def archives():
    """A fixture as a zip and as a tarball, with the number of the target's form."""
    files = sorted(path for path in (FIXTURES / "loinc").rglob("*") if path.is_file())
    zipped, tarred = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in files:
            archive.write(path, path.relative_to(FIXTURES))
    with tarfile.open(fileobj=tarred, mode="w:gz") as archive:
        for path in files:
            archive.add(path, path.relative_to(FIXTURES))
    return [(0, zipped.getvalue()), (1, tarred.getvalue())]


def write(target, number, content):
    folder = HERE / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"seed-{number:04}").write_bytes(content)

CONSTRAINTS = [
    "<< 404684003 |Finding| MINUS (< 64572001 : [1..2] R 363698007 != (* OR 123456), { 116676008 = <<! 123456 })",
    "^ [a, b] 447562003 {{ M mapGroup >= #2, mapTarget = (match:\"J4\" wild:\"K*\"), active = * }}",
    "* {{ D term = \"heart att\", dialect = (en-gb (prefer) en-us), type = syn }} {{ C effectiveTime < \"20250131\" }} {{ + HISTORY-MIN }}",
    "!!> (< 404684003 . 363698007 . << 116676008) /* comment */ AND LOINC#\"54486-6\" AND ^R *",
    "descendantOrSelfOf 404684003 : reverseOf ANY not = ANY or 1142135004 = #-5.50 OR 3460481009 = \"a \\\" b\" OR 859999999102 = TRUE",
    "=== 404684003 + 64572001 : 116676008 = (123456 : 363698007 = #5), { 363698007 = 123456 }",
]


def main():
    for name, fixture in LOADERS.items():
        root = FIXTURES / fixture
        # The same order as tern_fuzz::files: by the parts of the path.
        files = sorted((path.relative_to(root) for path in root.rglob("*") if path.is_file()), key=lambda path: path.parts)
        for number, path in enumerate(files):
            write(f"load_{name}", number, bytes([number % 256]) + (root / path).read_bytes())
    for number, content in archives():
        write("load_archive", number, bytes([number]) + content)
    for number in range(40):
        write("open_index", number, bytes([number % 4, number // 4, 1]) + struct.pack("<HB", number * 9, 255))
    for number, text in enumerate(["heart", "HEART dis", "é", "404684003", "a b c"]):
        write("search", number, text.encode())
    for number, text in enumerate(CONSTRAINTS):
        write("ecl", number, text.encode())
    for number, (shape, path, query, body) in enumerate(REQUESTS):
        # libFuzzer's structured input takes the byte first and the text from what is left.
        write("request", number, bytes([shape]) + f"{path}\n{query}\n{body}".encode())
    for number, text in enumerate(["code,name,unit\n1,Glucose,mg/dL\n", "name\tspecimen\nSodium\tBlood\n"]):
        write("map_table", number, bytes([0x20 | number]) + text.encode())
    write("map_table", 2, bytes([0x24]) + b'{"code":"1","name":"Glucose","unit":"mg/dL"}\n')
    for number, text in enumerate(AXIOMS):
        write("owl", number, text.encode())
    for number, text in enumerate(RESOURCES):
        write("xml", number, bytes([number]) + text.encode())
    for number, path in enumerate(sorted((FIXTURES / "fhir").rglob("*.json"))):
        write("pages", number, path.read_bytes())
    for number, text in enumerate(MAPPING_SETS):
        write("mapping_set", number, text.encode())


if __name__ == "__main__":
    os.umask(0o022)
    main()
