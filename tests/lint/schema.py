#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The topology schema against the examples, against the documentation's examples, and against
files that it must refuse. Exit 1 when one of them goes wrong, 77 when python3-jsonschema or
python3-yaml is missing."""
import copy
import json
import pathlib
import re
import sys

try:
    import jsonschema
    import yaml
except ImportError as missing:
    print(f"schema: skipped: {missing}")
    sys.exit(77)

root = pathlib.Path(__file__).resolve().parents[2]
schema = json.loads((root / "Documentation/topology.schema.json").read_text())
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)
failed = 0


def complain(what):
    global failed
    failed += 1
    print(f"schema: {what}")


examples = sorted([*root.glob("examples/*.yaml"), *root.glob("examples/*.json")])
if len(examples) < 4:
    complain("there are fewer than four files in examples/")
for path in examples:
    for error in validator.iter_errors(yaml.safe_load(path.read_text())):
        complain(f"{path.relative_to(root)}: {error.json_path}: {error.message}")

# In the documentation, a block that lists routers is a whole file.
pages = [(root / "Documentation" / page).read_text() for page in ("topology.md", "events.md")]
blocks = re.findall(r"```(?:yaml|json)\n(.*?)```", "\n".join(pages), re.S)
whole = [block for block in blocks if re.search(r'^(?:\{?\s*)"?routers"?:', block, re.M)]
if not whole:
    complain("Documentation/topology.md has no example")
for block in whole:
    for error in validator.iter_errors(yaml.safe_load(block)):
        complain(f"Documentation/topology.md: {error.json_path}: {error.message}\n{block}")

# Each property of a link is a field wherever shapes may stand, and the other way round.
keys = set(re.findall(r'^\t\{"([a-z-]+)", TOPO_', (root / "lib/topo/shape.c").read_text(), re.M))
link = schema["properties"]["links"]["items"]["anyOf"][1]["properties"]
own = {"a", "b", "name", "label", "weight", "shape"}
for name, fields in (
    ("links", link),
    ("defaults.link", schema["properties"]["defaults"]["properties"]["link"]["properties"]),
    ("shape", schema["$defs"]["shape"]["properties"]),
):
    if keys != set(fields) - own:
        complain(f"{name}: properties differ from those of lib/topo/shape.c: {keys ^ (set(fields) - own)}")

good = {
    "name": "x",
    "routers": ["a", {"name": "b", "latitude": 1, "longitude": 2}],
    "links": [{"a": "a", "b": "b", "weight": 2, "rate": "10mbit", "loss": 0.1, "corrupt": "1", "burst": 2.5,
               "overhead": -4, "order": "keep", "backend": "relay", "delay": "none"}],
}
wrong = [
    (["routers"], None),
    (["routers"], "a"),
    (["routers", 0], "a/b"),
    (["routers", 0], "a" * 64),
    (["routers", 1, "addr"], "10.0.0.1"),
    (["routers", 1, "longitude"], None),
    (["links", 0, "weight"], 0),
    (["links", 0, "weight"], "2"),
    (["links", 0, "delay"], "20"),
    (["links", 0, "loss"], "0.1%%"),
    (["links", 0, "loss"], 101),
    (["links", 0, "burst"], 0.5),
    (["links", 0, "overhead"], -15),
    (["links", 0, "order"], "any"),
    (["hello"], "none"),
    (["links", 0, "b"], None),
    (["links", 0, "shape"], {"c": {}}),
    (["links", 0], "a-b"),
    (["events"], [{"link-down": "b"}]),
    (["events"], [{"at": "1s", "link-down": "b", "heal": True}]),
    (["events"], [{"at": "1s", "link-set": {"link": "b", "speed": 1}}]),
    (["traces"], {"t": {"format": "steps"}}),
    (["network"], "10.0.0.0/8"),
]
if not validator.is_valid(good):
    complain("a right file is refused")
for path, value in wrong:
    document = copy.deepcopy(good)
    place = document
    for key in path[:-1]:
        place = place[key]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    if validator.is_valid(document):
        complain(f"{path} = {value!r} is taken")

sys.exit(1 if failed else 0)
