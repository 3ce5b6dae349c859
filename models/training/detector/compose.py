"""Writes flat shelf scenes in shards, each a folder in cooler-val's format.

    python3 -m detector.compose --data ../../../shared/data --out DIR --shards 0:20 [--rooms DIR]

Shard N holds the scenes of seeds N*SHARD to N*SHARD+SHARD-1, so a shard is the same wherever and
whenever it is made; one that exists is left alone, and a broken one never has its instances.json.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import cv2
import numpy as np

from detector.cutouts import read_backdrops, read_cut_outs, read_scraps
from detector.shelves import Material, Scene

SHARD = 100


def write_shard(folder: Path, number: int, material: Material) -> int:
    """Draws one shard and returns how many facings it holds."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    images, annotations = [], []
    for seed in range(number * SHARD, (number + 1) * SHARD):
        rng = np.random.default_rng([20, seed])
        scene = Scene(rng, material)
        scene.draw()
        picture, boxes = scene.photograph(scene.camera())
        name = f"images/flat_{seed:06d}.jpg"
        cv2.imwrite(str(folder / name), picture, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(85, 98))])
        images.append({"id": seed, "file_name": name, "width": picture.shape[1], "height": picture.shape[0]})
        for box in boxes:
            annotations.append({
                "id": len(annotations) + 1, "image_id": seed, "category_id": 1, "bbox": list(box.xywh),
                "facing": box.facing, "visible_fraction": round(box.visible, 3), "ignore": box.visible < 0.1,
            })
    whole = {"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "product"}]}
    part = folder / "instances.json.part"
    part.write_text(json.dumps(whole))
    part.rename(folder / "instances.json")
    return sum(a["facing"] for a in annotations)


def write_rooms(folder: Path, rooms: list[np.ndarray]) -> None:
    """Pictures of people in a passage, in which nothing is a facing."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    images = []
    for number, room in enumerate(rooms):
        name = f"images/room_{number:04d}.jpg"
        cv2.imwrite(str(folder / name), room, [cv2.IMWRITE_JPEG_QUALITY, 95])
        images.append({"id": number + 1, "file_name": name, "width": room.shape[1], "height": room.shape[0]})
    whole = {"images": images, "annotations": [], "categories": [{"id": 1, "name": "product"}]}
    (folder / "instances.json").write_text(json.dumps(whole))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with beverage3, grocerystore-packages, videos")
    parser.add_argument("--out", type=Path, required=True, help="where the shards go")
    parser.add_argument("--shards", default="0:10", help="first:end of the shards to write")
    parser.add_argument("--rooms", type=Path, help="also write pictures without any facing here")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    rng = np.random.default_rng(7)
    material = Material(read_cut_outs(args.data), read_scraps(args.data, rng), read_backdrops(args.data, rng))
    if args.rooms:
        write_rooms(args.rooms, material.rooms)
    first, end = map(int, args.shards.split(":"))
    for number in range(first, end):
        folder = args.out / f"{number:04d}"
        if not (folder / "instances.json").exists():
            print(f"shard {number}: {write_shard(folder, number, material)} facings", flush=True)


if __name__ == "__main__":
    main()
