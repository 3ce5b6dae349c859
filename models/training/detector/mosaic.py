"""Makes wide views of small packs: N x N clean frames of cooler sets side by side, as one picture with their boxes.

    python3 -m detector.mosaic --side 3 --out WORK/wide WORK/set1 WORK/set2
    cooler-agent eval --data WORK/wide          # plain COCO: boxes alone
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from PIL import Image

WIDTH, HEIGHT = 1280, 960


def clean_frames(sets: list[Path]) -> list[tuple[Path, float, list[dict]]]:
    """File, scale to WIDTH and annotations of every clean frame."""
    found = []
    for folder in sets:
        truth = json.loads((folder / "instances.json").read_text())
        clean = {f["file_name"] for f in json.loads((folder / "frames.json").read_text()) if f["condition"] == "clean"}
        boxes: dict[int, list[dict]] = {}
        for a in truth["annotations"]:
            boxes.setdefault(a["image_id"], []).append(a)
        found += [(folder / i["file_name"], WIDTH / i["width"], boxes.get(i["id"], [])) for i in truth["images"] if i["file_name"] in clean]
    return found


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("sets", type=Path, nargs="+", help="folders with instances.json and frames.json")
    p.add_argument("--side", type=int, default=3, help="frames along each side")
    p.add_argument("--out", type=Path, required=True)
    a = p.parse_args()
    frames, many = clean_frames(a.sets), a.side * a.side
    (a.out / "images").mkdir(parents=True, exist_ok=True)
    images, annotations = [], []
    for m in range(len(frames) // many):
        wide = Image.new("RGB", (WIDTH * a.side, HEIGHT * a.side))
        for k, (path, scale, boxes) in enumerate(frames[m * many : (m + 1) * many]):
            x, y = k % a.side * WIDTH, k // a.side * HEIGHT
            wide.paste(Image.open(path).resize((WIDTH, HEIGHT)), (x, y))
            for b in boxes:
                left, top, w, h = (v * scale for v in b["bbox"])
                rest = {key: v for key, v in b.items() if key not in ("segmentation", "area")}
                annotations.append({**rest, "id": len(annotations) + 1, "image_id": m + 1, "bbox": [left + x, top + y, w, h], "area": w * h})
        name = f"images/wide_{m:03d}.jpg"
        wide.save(a.out / name, quality=92)
        images.append({"id": m + 1, "file_name": name, "width": wide.width, "height": wide.height})
    (a.out / "instances.json").write_text(json.dumps({"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "product"}]}))
    print(f"{a.out}: {len(images)} pictures, {len(annotations)} boxes")


if __name__ == "__main__":
    main()
