"""Cuts the packs out of rendered scenes and photos into one file that training reads.

    python3 -m packs.collect --out crops.npz --scenes DIR… --references DIR… --cartons DIR --found FILE --singles DIR

`--scenes`: folders in cooler-val's format (instances.json, images/): every pack at least MIN_VISIBLE
seen is a crop of its GTIN. `--references`: folders GTIN/*.jpg of packs on a plain ground. `--cartons`:
GroceryStore's folders of whole photos, one folder a class; each photo is a crop, and so is the pack that the
facing detector finds in it (`--found`: lines of `cooler-agent detect --json` for these photos). `--singles`: YOLO folders (images/, labels/) of
which the photos with one box are used, each photo with its `.rf.` copies a product of its own. A crop keeps a border of BORDER around its
box, so that training can move the box, and is stored as JPEG at quality 95.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import cv2
import numpy as np

from common.progress import progress

BORDER = 0.25
LONG_SIDE = 240
MIN_VISIBLE = 0.45
MIN_HEIGHT = 26
SMALL_FRONT = 0.04  # of a photo, as in the agent


class Crops:
    """What has been cut so far."""

    def __init__(self) -> None:
        self.pixels: list[bytes] = []
        self.boxes: list[tuple[float, float, float, float]] = []
        self.labels: list[str] = []
        self.kinds: list[str] = []

    def add(self, image: np.ndarray, box: tuple[float, float, float, float], label: str, kind: str) -> None:
        x, y, w, h = box
        height, width = image.shape[:2]
        x0, y0 = max(0, int(x - w * BORDER)), max(0, int(y - h * BORDER))
        x1, y1 = min(width, int(x + w * (1 + BORDER)) + 1), min(height, int(y + h * (1 + BORDER)) + 1)
        cut = image[y0:y1, x0:x1]
        scale = min(1.0, LONG_SIDE / max(cut.shape[:2]))
        if scale < 1:
            cut = cv2.resize(cut, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        encoded = cv2.imencode(".jpg", cut, [cv2.IMWRITE_JPEG_QUALITY, 95])[1]
        self.pixels.append(encoded.tobytes())
        self.boxes.append(((x - x0) * scale, (y - y0) * scale, w * scale, h * scale))
        self.labels.append(label)
        self.kinds.append(kind)

    def write(self, path: Path) -> None:
        names = sorted(set(self.labels))
        number = {name: i for i, name in enumerate(names)}
        ends = np.cumsum([len(p) for p in self.pixels])
        np.savez(
            path,
            bytes=np.frombuffer(b"".join(self.pixels), np.uint8),
            ends=ends,
            boxes=np.array(self.boxes, np.float32),
            labels=np.array([number[name] for name in self.labels], np.int32),
            kinds=np.array(self.kinds),
            names=np.array(names),
        )


def scenes(folder: Path, crops: Crops) -> None:
    """Every pack of a folder of rendered scenes that is seen well enough to be told by a person."""
    truth = json.loads((folder / "instances.json").read_text())
    of_image: dict[int, list[dict]] = {}
    for a in truth["annotations"]:
        seen = a["visible_fraction"] >= MIN_VISIBLE and not a.get("ignore") and a["bbox"][3] >= MIN_HEIGHT
        if seen and a["facing"]:
            of_image.setdefault(a["image_id"], []).append(a)
    for image in progress(truth["images"], str(folder)):
        wanted = of_image.get(image["id"], [])
        pixels = cv2.imread(str(folder / image["file_name"])) if wanted else None
        if pixels is None:
            continue
        for a in wanted:
            crops.add(pixels, tuple(a["bbox"]), a["gtin"], "scene")


def references(folder: Path, crops: Crops) -> None:
    """Clean pictures of packs, found as what differs from the ground of the upper left corner."""
    for path in progress(sorted(folder.glob("*/*.jpg")), str(folder)):
        pixels = cv2.imread(str(path))
        crops.add(pixels, content_box(pixels), path.parent.name, "reference")


def content_box(image: np.ndarray) -> tuple[float, float, float, float]:
    """The box of what stands on a plain ground; the whole picture where nothing stands out."""
    ground = image[:4, :4].reshape(-1, 3).mean(0)
    away = np.abs(image.astype(np.float32) - ground).max(2) > 24
    rows, columns = np.where(away.any(1))[0], np.where(away.any(0))[0]
    if len(rows) == 0:
        return 0, 0, image.shape[1], image.shape[0]
    return columns[0], rows[0], columns[-1] + 1 - columns[0], rows[-1] + 1 - rows[0]


def cartons(folder: Path, crops: Crops, found: dict[str, list[dict]]) -> None:
    """GroceryStore photos: the pack fills most of the photo and no box is known, so the box is the
    photo less its border, and training moves it more. Where the detector found the pack, its box is a crop too."""
    for path in progress(sorted(folder.rglob("*.jpg")), str(folder)):
        pixels = cv2.imread(str(path))
        h, w = pixels.shape[:2]
        crops.add(pixels, (0.08 * w, 0.04 * h, 0.84 * w, 0.92 * h), f"carton/{path.parent.name}", "photo")
        box = front(found.get(path.name, []), w, h)
        if box:
            crops.add(pixels, box, f"carton/{path.parent.name}", "front")


def detections(path: Path) -> dict[str, list[dict]]:
    """The facings of each photo, by its file's name, of what `cooler-agent detect --json` printed."""
    lines = (json.loads(line) for line in path.read_text().split("\n") if line)
    return {Path(line["image"]).name: line["facings"] for line in lines}


def front(facings: list[dict], width: int, height: int) -> tuple[float, float, float, float] | None:
    """The facing that a photo was taken of: the largest and most in the middle, as gallery.Front chooses it."""
    best, best_worth = None, 0.0
    for facing in facings:
        x, y, w, h = facing["box"]
        area = w * h / (width * height)
        off = ((x + w / 2) / width - 0.5) ** 2 + ((y + h / 2) / height - 0.5) ** 2
        worth = area**0.5 * facing["score"] * float(np.exp(-3 * off))
        if area >= SMALL_FRONT and worth > best_worth:
            best, best_worth = (x, y, w, h), worth
    return best


def singles(folder: Path, crops: Crops) -> None:
    """Photos of one pack each: nobody says which product, but no two are of the same."""
    for path in progress(sorted((folder / "labels").glob("*.txt")), str(folder)):
        lines = path.read_text().split("\n")
        boxes = [[float(v) for v in line.split()[1:5]] for line in lines if line.strip()]
        if len(boxes) != 1:
            continue
        pixels = cv2.imread(str(folder / "images" / path.with_suffix(".jpg").name))
        height, width = pixels.shape[:2]
        x, y, w, h = boxes[0]
        box = ((x - w / 2) * width, (y - h / 2) * height, w * width, h * height)
        crops.add(pixels, box, "single/" + path.name.split(".rf.")[0], "single")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--scenes", type=Path, nargs="*", default=[])
    parser.add_argument("--references", type=Path, nargs="*", default=[])
    parser.add_argument("--cartons", type=Path, nargs="*", default=[])
    parser.add_argument("--found", type=Path, help="what cooler-agent detect --json printed for the cartons")
    parser.add_argument("--singles", type=Path, nargs="*", default=[])
    args = parser.parse_args()
    crops, found = Crops(), detections(args.found) if args.found else {}
    for read, folders in ((scenes, args.scenes), (references, args.references), (singles, args.singles)):
        for folder in folders:
            read(folder, crops)
    for folder in args.cartons:
        cartons(folder, crops, found)
    crops.write(args.out)
    print(f"{len(crops.labels)} crops of {len(set(crops.labels))} products in {args.out}")


if __name__ == "__main__":
    main()
