"""Findings as Ringwall writes them, held to AWS's models of GuardDuty and Security Hub.

The golden files of ringwall-detect have every member that a finding can have; this looks whether AWS knows each of them, under
that name, with that type, and whether what AWS requires is there.

    python findings.py ../../crates/engines/detect/tests/it/snapshots
"""

import json
import pathlib
import re
import sys

import botocore.session
from botocore.validate import ParamValidator

# What Ringwall adds to GuardDuty's form, on the outermost level.
OWN = {"unusual", "responsible", "remedy", "evidence", "archivedBy", "feedback", "sequence"}
TYPES = {
    "string": str,
    "integer": int,
    "long": int,
    "double": (int, float),
    "boolean": bool,
    "timestamp": (int, float, str),
    "list": list,
    "map": dict,
    "structure": dict,
}


def read(path):
    """The JSON of a golden file, without insta's head."""
    return json.loads(path.read_text().split("---\n", 2)[2])


def on_the_wire(shape, value, path, problems):
    """Walks a value along a shape by the names on the wire."""
    kind = TYPES[shape.type_name]
    if not isinstance(value, kind) or (shape.type_name != "boolean" and isinstance(value, bool)):
        problems.append(f"{path}: {value!r} is no {shape.type_name}")
        return
    if shape.type_name == "structure":
        known = {member.serialization.get("name", name): (name, member) for name, member in shape.members.items()}
        for name, inner in value.items():
            if name in known:
                on_the_wire(known[name][1], inner, f"{path}.{name}", problems)
            else:
                problems.append(f"{path}.{name}: {shape.name} has no such member")
        present = {known[name][0] for name in value if name in known}
        problems.extend(f"{path}: {shape.name} requires {name}" for name in shape.required_members if name not in present)
    elif shape.type_name == "list":
        for at, inner in enumerate(value):
            on_the_wire(shape.member, inner, f"{path}[{at}]", problems)
    elif shape.type_name == "map":
        for name, inner in value.items():
            on_the_wire(shape.value, inner, f"{path}[{name!r}]", problems)
    elif shape.type_name == "string" and shape.enum and value not in shape.enum:
        problems.append(f"{path}: {value!r} is none of {shape.enum}")


def attributes(session):
    """Attributes that GuardDuty documents for filters and that Ringwall's table has not."""
    criteria = session.get_service_model("guardduty").operation_model("CreateFilter").input_shape.members["FindingCriteria"]
    items = re.findall(r"<li>(.*?)(?=<li>|</ul>)", criteria.documentation, re.S)
    words = [re.sub("<[^>]+>", " ", item).split() for item in items]
    documented = {item[0] for item in words if len(item) == 1 or item[1:2] == ["Type:"]}
    table = pathlib.Path(__file__).parents[2] / "crates/engines/detect/src/filter/attributes.txt"
    known = {line.split()[0] for line in table.read_text().splitlines()}
    if len(documented) < 500:
        return [f"{len(documented)} attributes are documented: this test reads them wrong"]
    return [f"filters have no attribute {name}" for name in sorted(documented - known)]


def main(folder):
    session = botocore.session.Session()
    finding = session.get_service_model("guardduty").shape_for("Finding")
    batch = session.get_service_model("securityhub").operation_model("BatchImportFindings").input_shape
    problems, seen = [], 0
    for path in sorted(pathlib.Path(folder).glob("it__output__*.snap")):
        if path.stem.endswith("json"):
            value = {name: inner for name, inner in read(path).items() if name not in OWN}
            on_the_wire(finding, value, path.stem, problems)
            seen += 1
        elif path.stem.endswith("asff"):
            report = ParamValidator().validate({"Findings": [read(path)]}, batch)
            if report.has_errors():
                problems.append(f"{path.stem}: {report.generate_report()}")
            seen += 1
    # What nobody would see otherwise: that this sees nothing wrong because it looks at nothing.
    broken = []
    on_the_wire(finding, {"accountId": 1, "Type": "x"}, "broken", broken)
    if seen < 4 or len(broken) < 3:
        problems.append(f"{seen} golden files, {len(broken)} problems of a broken finding: this test tests nothing")
    problems.extend(attributes(session))
    for problem in problems:
        print(problem)
    print(f"{seen} findings, {len(problems)} problems, botocore {botocore.__version__}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
