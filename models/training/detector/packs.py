"""Flat pictures of made-up packs: cans, bottles, cartons, wide packs, cups, pouches, photo cut-outs.

A `Pack` is one SKU. `Pack.view` gives a BGRA picture of it turned by some angle; the rows and columns
of the picture are tight around the pack, so that the picture's edges are the box.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

from detector.labels import Picture, colour, label, write, word

PIXELS_PER_METRE = 1100.0
KINDS = ("can", "slim", "bottle", "bottle", "flask", "carton", "carton", "wide", "cup", "pouch", "jar")

Sprite = np.ndarray  # H x W x 4, uint8, BGRA


@dataclass
class Pack:
    """One SKU: its kind, its size in metres, its wrapped label and what its silhouette is made of."""

    kind: str
    width: float
    height: float
    art: Picture
    tint: tuple[int, int, int]
    cap: tuple[int, int, int]
    gloss: float
    profile: np.ndarray = field(default_factory=lambda: np.ones(2))
    label_rows: tuple[float, float] = (0.0, 1.0)
    clear: float = 1.0
    photo: Sprite | None = None

    def view(self, rng: np.random.Generator, yaw: float, tilt: float) -> Sprite:
        """The pack turned by `yaw` (1 is a full turn), seen from above by `tilt` (ellipse ratio, may be 0)."""
        if self.photo is not None:
            return self.photo[:, ::-1].copy() if rng.random() < 0.3 else self.photo
        if self.kind in ("carton", "wide"):
            return self._box(rng, yaw)
        if self.kind == "pouch":
            return self._pouch(rng)
        return self._turned(rng, yaw, tilt)

    def _size(self) -> tuple[int, int]:
        return max(12, int(self.width * PIXELS_PER_METRE)), max(16, int(self.height * PIXELS_PER_METRE))

    def _turned(self, rng: np.random.Generator, yaw: float, tilt: float) -> Sprite:
        """A solid of revolution with `profile` half widths from top to bottom."""
        w, h = self._size()
        rows = np.linspace(0, 1, h)
        half = np.interp(rows, np.linspace(0, 1, len(self.profile)), self.profile) * w / 2
        across = np.arange(w) - (w - 1) / 2
        ratio = across[None] / np.maximum(half[:, None], 1)
        inside = np.abs(ratio) <= 1
        angle = np.arcsin(np.clip(ratio, -1, 1))
        top, bottom = self.label_rows
        turn = (angle / (2 * np.pi) + yaw) % 1.0
        map_x = (turn * (self.art.shape[1] - 1)).astype(np.float32)
        map_y = np.repeat(((rows - top) / (bottom - top) * (self.art.shape[0] - 1))[:, None], w, 1).astype(np.float32)
        body = cv2.remap(self.art, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
        bare = (rows < top) | (rows > bottom)
        body[bare] = self.tint
        cap_rows = rows < (0.0 if self.kind in ("can", "slim") else 0.09 if self.kind != "cup" else 0.05)
        body[cap_rows] = self.cap
        alpha = np.where(inside, 255.0, 0.0)
        alpha[bare & ~cap_rows] *= self.clear
        if self.kind in ("can", "slim"):
            rim = (rows < 0.03) | (rows > 0.965)
            body[rim] = (190, 190, 190)
        light = rng.uniform(-0.6, 0.6)
        shade = 0.45 + 0.6 * np.maximum(np.cos(angle - light), 0) ** rng.uniform(0.6, 1.4)
        for _ in range(int(rng.integers(0, 3))):
            at, wide = rng.uniform(-1, 1), rng.uniform(0.04, 0.15)
            shade += self.gloss * np.exp(-(((angle - at) / wide) ** 2))
        body *= shade[..., None]
        picture = np.dstack([np.clip(body, 0, 255), alpha]).astype(np.uint8)
        if tilt > 0:
            self._lid(picture, half, tilt, rng)
        return picture

    def _lid(self, picture: Sprite, half: np.ndarray, tilt: float, rng: np.random.Generator) -> None:
        """Draws the round top over the first rows, and rounds the bottom edge."""
        h, w = picture.shape[:2]
        for row, up in ((0, True), (h - 1, False)):
            a = int(half[row if not up else min(2, h - 1)])
            b = int(a * tilt)
            if a < 3 or b < 1 or b * 2 > h // 3:
                continue
            keep = np.zeros((h, w), np.uint8)
            if up:
                centre = (w // 2, b)
                cv2.rectangle(keep, (0, b), (w, h), 255, -1)
                cv2.ellipse(keep, centre, (a, b), 0, 0, 360, 255, -1)
                metal = (200, 200, 200) if self.kind in ("can", "slim") else tuple(min(255, c * 1.1) for c in self.cap)
                face = picture[..., :3].copy()
                cv2.ellipse(face, centre, (a, b), 0, 0, 360, metal, -1, cv2.LINE_AA)
                cv2.ellipse(face, centre, (int(a * 0.85), int(b * 0.8)), 0, 0, 360, tuple(0.8 * m for m in metal), -1, cv2.LINE_AA)
                if self.kind in ("can", "slim"):
                    cv2.ellipse(face, (w // 2, int(b * 1.2)), (int(a * 0.3) + 1, int(b * 0.3) + 1), 0, 0, 360, (225, 225, 225), -1, cv2.LINE_AA)
                picture[..., :3] = face
            else:
                cv2.rectangle(keep, (0, 0), (w, h - 1 - b), 255, -1)
                cv2.ellipse(keep, (w // 2, h - 1 - b), (a, b), 0, 0, 360, 255, -1)
            picture[..., 3] = np.minimum(picture[..., 3], keep)

    def _box(self, rng: np.random.Generator, yaw: float) -> Sprite:
        """A box: its front, and beside it a strip of its side where it is turned."""
        w, h = self._size()
        turn = np.clip(rng.normal(0, 0.12), -0.4, 0.4) if yaw else 0.0
        side = int(abs(turn) * w * 0.7)
        front = cv2.resize(self.art, (max(8, w - side), h), interpolation=cv2.INTER_AREA).astype(np.float32)
        front *= rng.uniform(0.85, 1.05)
        picture = np.zeros((h, w, 4), np.uint8)
        if side > 2:
            skew = int(side * 0.25)
            strip = cv2.resize(self.art[:, : self.art.shape[1] // 3], (side, h)).astype(np.float32) * rng.uniform(0.45, 0.8)
            at = np.float32([[0, 0], [side, 0], [side, h], [0, h]])
            to = np.float32([[0, 0], [side, skew], [side, h - skew], [0, h]])
            flat = np.dstack([np.clip(strip, 0, 255), np.full((h, side), 255, np.float32)]).astype(np.uint8)
            flat = cv2.warpPerspective(flat, cv2.getPerspectiveTransform(at, to), (side, h))
            face = np.dstack([np.clip(front, 0, 255), np.full(front.shape[:2], 255, np.float32)]).astype(np.uint8)
            picture = np.hstack([face, flat]) if turn > 0 else np.hstack([flat[:, ::-1], face])
        else:
            picture = np.dstack([np.clip(front, 0, 255), np.full(front.shape[:2], 255, np.float32)]).astype(np.uint8)
        if self.kind == "carton" and self.clear < 0.5:
            self._gable(picture, w, h)
        return picture

    def _gable(self, picture: Sprite, w: int, h: int) -> None:
        """A gable top with a screw cap."""
        slope, inset = int(0.14 * h), int(0.1 * w)
        corner = np.array([[0, 0], [inset, 0], [0, slope]])
        cv2.fillPoly(picture, [corner], (0, 0, 0, 0))
        cv2.fillPoly(picture, [np.array([[w, 0], [w - inset, 0], [w, slope]])], (0, 0, 0, 0))
        picture[:slope, :, :3] = (picture[:slope, :, :3] * 0.82).astype(np.uint8)
        cv2.circle(picture, (w // 2, slope // 2 + 2), max(3, int(0.16 * w)), (*self.cap, 255), -1, cv2.LINE_AA)

    def _pouch(self, rng: np.random.Generator) -> Sprite:
        """A bag with wobbling sides and crimped ends."""
        w, h = self._size()
        art = cv2.resize(self.art, (w, h), interpolation=cv2.INTER_AREA).astype(np.float32)
        rows = np.linspace(0, 1, h)
        inset = (0.03 + 0.03 * np.sin(rows * rng.uniform(4, 12) + rng.uniform(0, 6))) * w
        across = np.arange(w)[None]
        inside = (across >= inset[:, None]) & (across <= w - 1 - inset[:, None])
        crease = 1 + 0.18 * cv2.GaussianBlur(rng.normal(0, 3, (h, w)).astype(np.float32), (0, 0), max(2, w / 14))
        art *= np.clip(crease, 0.6, 1.5)[..., None]
        band = max(2, int(0.05 * h))
        art[:band:2] *= 0.8
        art[-band::2] *= 0.8
        return np.dstack([np.clip(art, 0, 255), np.where(inside, 255, 0)]).astype(np.uint8)


def bottle_profile(rng: np.random.Generator, kind: str) -> np.ndarray:
    """Half widths from top to bottom, 1 the widest."""
    if kind in ("can", "slim"):
        neck = rng.uniform(0.8, 0.93)
        return np.array([neck] + [1.0] * 18 + [neck + 0.04])
    if kind == "cup":
        top, bottom = (1.0, rng.uniform(0.68, 0.95)) if rng.random() < 0.8 else (rng.uniform(0.75, 0.95), 1.0)
        return np.linspace(top, bottom, 12)
    cap = rng.uniform(0.3, 0.48) if kind != "jar" else rng.uniform(0.82, 1.0)
    shoulder = int(rng.integers(3, 8)) if kind != "jar" else 2
    neck = [cap] * int(rng.integers(2, 4))
    rise = cap + (1 - cap) * np.sin(np.linspace(0.1, 1, shoulder) * np.pi / 2) ** rng.uniform(0.7, 1.8)
    body = np.ones(24 - shoulder)
    if rng.random() < 0.35:
        waist = int(rng.integers(6, len(body) - 4))
        body[waist : waist + 3] = rng.uniform(0.82, 0.95)
    return np.concatenate([neck, rise, body, [0.93]])


SIZES = {
    "can": ((0.060, 0.070), (0.105, 0.125)),
    "slim": ((0.050, 0.058), (0.13, 0.168)),
    "bottle": ((0.058, 0.095), (0.19, 0.32)),
    "flask": ((0.06, 0.09), (0.11, 0.19)),
    "carton": ((0.05, 0.105), (0.10, 0.26)),
    "wide": ((0.14, 0.32), (0.08, 0.22)),
    "cup": ((0.06, 0.11), (0.05, 0.12)),
    "pouch": ((0.09, 0.2), (0.12, 0.28)),
    "jar": ((0.06, 0.10), (0.08, 0.16)),
}


def make_pack(rng: np.random.Generator, scraps: list[Picture], kind: str | None = None) -> Pack:
    """A random SKU."""
    kind = kind or str(rng.choice(KINDS))
    (w0, w1), (h0, h1) = SIZES[kind]
    width, height = rng.uniform(w0, w1), rng.uniform(h0, h1)
    turned = kind not in ("carton", "wide", "pouch")
    art_w = int(width * PIXELS_PER_METRE * (3.14 if turned else 1.0))
    art_h = int(height * PIXELS_PER_METRE)
    if kind == "wide" and rng.random() < 0.75:
        art = two_designs(rng, art_w, art_h, scraps)
    else:
        art = label(rng, art_w, art_h, scraps)
    rows = (0.0, 1.0)
    if kind in ("bottle", "flask"):
        top = rng.uniform(0.15, 0.5)
        rows = (top, min(0.98, top + rng.uniform(0.2, 0.6))) if rng.random() < 0.85 else (0.12, 1.0)
    elif kind == "jar":
        rows = (rng.uniform(0.2, 0.4), rng.uniform(0.75, 0.98))
    elif kind == "cup":
        rows = (0.05, 1.0)
    clear = rng.uniform(0.55, 1.0) if kind in ("bottle", "flask", "jar") else (0.0 if rng.random() < 0.45 else 1.0)
    return Pack(kind, width, height, art, colour(rng), colour(rng), rng.uniform(0, 0.7), bottle_profile(rng, kind), rows, clear)


def two_designs(rng: np.random.Generator, width: int, height: int, scraps: list[Picture]) -> Picture:
    """The front of a wide pack that shows two or more different pictures, yet is one product."""
    art = label(rng, width, height, scraps)
    parts = int(rng.integers(2, 5))
    same = rng.random() < 0.5
    inner = label(rng, max(8, width // parts - 6), max(8, int(height * rng.uniform(0.5, 0.95))), scraps)
    for i in range(parts):
        if not same:
            inner = label(rng, inner.shape[1], inner.shape[0], scraps)
        x, y = i * width // parts + 3, (height - inner.shape[0]) // 2
        art[y : y + inner.shape[0], x : x + inner.shape[1]] = inner[:, : max(0, width - x)]
    if rng.random() < 0.7:
        write(art, rng, word(rng), (width / 2, height * rng.uniform(0.2, 0.8)), width * rng.uniform(0.4, 0.8), colour(rng, 0.1))
    return art


def photo_pack(sprite: Sprite, rng: np.random.Generator) -> Pack:
    """A pack whose picture is a cut-out of a photo; its height is guessed from its shape."""
    h, w = sprite.shape[:2]
    height = float(np.clip(rng.uniform(0.11, 0.26) * (h / max(w, 1)) / 2.2, 0.08, 0.3))
    return Pack("photo", height * w / h, height, sprite[..., :3], (0, 0, 0), (0, 0, 0), 0.0, photo=sprite)
