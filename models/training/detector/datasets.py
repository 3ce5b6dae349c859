"""Readers of the pictures to learn from and to be judged on.

Two formats: COCO as cooler-val, vision/synth's renderer and `compose` write it, and YOLO text files.
A picture is read when it is asked for; the list of what there is fits in memory.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

NO_BOXES = np.zeros((0, 4), np.float32)


@dataclass
class Example:
    """One picture and its boxes (x0, y0, x1, y1 in picture pixels).

    `facings` count, `others` are packs behind a facing, `unknown` are hardly visible ones. `trust` is
    how exact the facings' boxes are, 0 to 1. `loose` says that packs lie any way up and close to the
    lens, as in product photos. `tags` split results (condition, camera).
    """

    path: Path
    facings: np.ndarray
    others: np.ndarray = field(default_factory=lambda: NO_BOXES)
    unknown: np.ndarray = field(default_factory=lambda: NO_BOXES)
    trust: float = 1.0
    loose: bool = False
    tags: dict[str, str] = field(default_factory=dict)

    def picture(self) -> np.ndarray:
        """The pixels, BGR."""
        pixels = cv2.imread(str(self.path))
        if pixels is None:
            raise OSError(f"read {self.path}: not a picture")
        return pixels


def _boxes(rows: list[list[float]]) -> np.ndarray:
    """COCO's x, y, w, h to corners."""
    array = np.array(rows, np.float32).reshape(-1, 4)
    array[:, 2:] += array[:, :2]
    return array


def read_coco(folder: Path) -> list[Example]:
    """A folder with instances.json, and frames.json where conditions and cameras are told."""
    whole = json.loads((folder / "instances.json").read_text())
    frames = {}
    if (folder / "frames.json").exists():
        frames = {f["image_id"]: f for f in json.loads((folder / "frames.json").read_text())}
    by_image: dict[int, list[dict]] = {}
    for annotation in whole["annotations"]:
        by_image.setdefault(annotation["image_id"], []).append(annotation)
    examples = []
    for image in whole["images"]:
        mine = by_image.get(image["id"], [])
        frame = frames.get(image["id"])
        examples.append(Example(
            folder / image["file_name"],
            _boxes([a["bbox"] for a in mine if a.get("facing", True) and not a.get("ignore", False)]),
            _boxes([a["bbox"] for a in mine if not a.get("facing", True) and not a.get("ignore", False)]),
            _boxes([a["bbox"] for a in mine if a.get("ignore", False)]),
            tags={"condition": frame["condition"], "camera": frame["camera"]["kind"]} if frame else {},
        ))
    return examples


def read_yolo(folder: Path, trust: float) -> list[Example]:
    """A folder with images/ and labels/; every class is a product."""
    examples = []
    for path in sorted((folder / "images").glob("*.jpg")):
        text = (folder / "labels" / (path.stem + ".txt")).read_text()
        rows = np.array([list(map(float, r.split()))[1:5] for r in text.split("\n") if r.strip()], np.float32).reshape(-1, 4)
        height, width = cv2.imread(str(path)).shape[:2]
        boxes = np.concatenate([rows[:, :2] - rows[:, 2:] / 2, rows[:, :2] + rows[:, 2:] / 2], 1)
        boxes *= np.array([width, height, width, height], np.float32)
        examples.append(Example(path, boxes, trust=trust, loose=True))
    return examples


def read_shards(folder: Path) -> list[Example]:
    """All finished folders in cooler-val's format at or one level below `folder`."""
    found = sorted(folder.glob("*/instances.json"))
    if (folder / "instances.json").exists():
        found.insert(0, folder / "instances.json")
    return [example for path in found for example in read_coco(path.parent)]
