"""Compares the packages that Ringwall finds with those that Syft finds, in the same layouts.

    compare.py RINGWALL SYFT FOLDER

What differs has to be in differences.txt, with the reason; and what is there has to differ.
"""

import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
# Syft's names of types where they aren't those of package URLs.
TYPES = {
    "python": "pypi", "go-module": "golang", "rust-crate": "cargo", "java-archive": "maven", "dotnet": "nuget",
    "php-composer": "composer", "php-composer-installed": "composer",
}


def of_syft(syft, target):
    result = subprocess.run([syft, "scan", target, "--override-default-catalogers", "image,directory", "--output", "syft-json", "--quiet"], check=True, capture_output=True,
                            env={"SYFT_CHECK_FOR_APP_UPDATE": "false", "HOME": "/nonexistent", "PATH": "/usr/bin:/bin"})
    found = {}
    for package in json.loads(result.stdout)["artifacts"]:
        kind = TYPES.get(package["type"], package["type"])
        name = package["name"]
        if kind == "maven":
            group = package.get("metadata", {}).get("pomProperties", {}).get("groupId", "")
            name = f"{group}:{name}" if group else name
        version = package["version"]
        if kind == "golang":
            version = version.removeprefix("v").removeprefix("go")
        if kind == "composer":
            version = version.removeprefix("v")
        if kind == "pypi":
            name = name.lower().replace("_", "-").replace(".", "-")
        found.setdefault((kind, name, version), set()).update(place["path"] for place in package["locations"])
    return found


def of_ringwall(ringwall, target):
    result = subprocess.run([ringwall, "scan", target, "--output", "json"], capture_output=True)
    if result.returncode not in (0, 3):
        sys.exit(f"ringwall: {result.returncode}: {result.stderr.decode()}")
    found = {}
    for package in json.loads(result.stdout)["packages"]:
        name = package["name"]
        if package["type"] == "pypi":
            name = name.lower().replace("_", "-").replace(".", "-")
        key = (package["type"], name, package["version"])
        found.setdefault(key, set()).update("/" + place["path"] for place in package["locations"])
    return found


def known():
    """Lines `SIDE TYPE NAME VERSION`, each under a comment with the reason."""
    lines = (HERE / "differences.txt").read_text().splitlines()
    return {tuple(line.split()) for line in lines if line.strip() and not line.startswith("#")}


def main(ringwall, syft, folder):
    images = [str(Path(folder) / name) for name in ("debian", "installed")]
    pairs = [(image, "oci-dir:" + image) for image in images]
    pairs.append((str(HERE / "files"), "dir:" + str(HERE / "files")))
    differences, total = {}, 0
    for ours, theirs in pairs:
        mine, other = of_ringwall(ringwall, ours), of_syft(syft, theirs)
        total += len(mine.keys() & other.keys())
        for side, more, less in (("ringwall", mine, other), ("syft", other, mine)):
            for key in more.keys() - less.keys():
                differences.setdefault((side, *key), set()).update(more[key])
    expected = known()
    bad = False
    for key in sorted(differences.keys() - expected):
        bad = True
        print("only", " ".join(key), sorted(differences[key])[:2])
    for key in sorted(expected - differences.keys()):
        bad = True
        print("differs no more:", " ".join(key))
    print(f"{total} packages equal, {len(differences)} differ")
    return 1 if bad or total == 0 else 0


sys.exit(main(*sys.argv[1:]))
