"""Keeps models/weights/manifest.json true: one entry a network, its hash taken from the file itself.

    python3 -m common.manifest ../weights/manifest.json facings --set version=0.1.1 --set score_threshold=0.35
    python3 -m common.manifest ../weights/manifest.json --check

The other entries are kept as they are. Values of --set are JSON where they parse as JSON, else text.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path

FORMAT = 1


def read(path: Path) -> dict:
    """The manifest, or an empty one where there is no file."""
    if not path.exists():
        return {"format": FORMAT, "networks": []}
    manifest = json.loads(path.read_text())
    if manifest.get("format") != FORMAT:
        raise ValueError(f"read {path}: format {manifest.get('format')!r}, this tool writes {FORMAT}")
    return manifest


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def update(path: Path, entry: dict) -> None:
    """Puts `entry` in the manifest, merged over the one of the same name, with its file's hash."""
    manifest = read(path)
    old = next((n for n in manifest["networks"] if n["name"] == entry["name"]), None)
    merged = {**(old or {}), **entry}
    merged["sha256"] = digest(path.parent / merged["file"])
    if old is None:
        manifest["networks"].append(merged)
    else:
        manifest["networks"][manifest["networks"].index(old)] = merged
    manifest["networks"].sort(key=lambda n: n["name"])
    part = path.with_suffix(".part")
    part.write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n")
    part.rename(path)


def check(path: Path) -> list[str]:
    """What is wrong with the manifest: files that are missing or are not what it says."""
    faults = []
    for network in read(path)["networks"]:
        file = path.parent / network["file"]
        if not file.exists():
            faults.append(f"{network['name']}: {network['file']} is missing")
        elif digest(file) != network["sha256"]:
            faults.append(f"{network['name']}: {network['file']} is not the file whose hash is written")
    return faults


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("name", nargs="?", help="the network whose entry is brought up to date")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    if args.name:
        entry: dict = {"name": args.name}
        for pair in args.set:
            key, value = pair.split("=", 1)
            try:
                entry[key] = json.loads(value)
            except json.JSONDecodeError:
                entry[key] = value
        update(args.manifest, entry)
    if args.check or not args.name:
        faults = check(args.manifest)
        for fault in faults:
            print(f"error: {fault}", file=sys.stderr)
        return 1 if faults else 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
