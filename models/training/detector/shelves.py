"""Made-up shelf scenes of flat packs at true depths, with the exact visible box of every pack.

Packs are upright pictures standing at their place in the lane; shelves, walls and rails are planes.
A pinhole projection and the painter's algorithm do the rest, and a map of pack numbers drawn along
with the colours gives boxes, visible shares and who hides whom, also after the lens warp. Units are
metres; x right, y down, z away from the viewer with 0 at the shelves' front edge.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from detector.labels import Picture, barcode, colour, small_print, write
from detector.lens import Camera, canvas_map
from detector.packs import Pack, Sprite, make_pack, photo_pack

MAX_CANVAS = 2200


@dataclass
class Box:
    """One pack in a picture: x, y, width, height in pixels of what is seen, and what it is."""

    xywh: tuple[int, int, int, int]
    facing: bool
    visible: float


@dataclass
class Material:
    """What scenes are made from: photo sprites, texture scraps, room pictures."""

    sprites: list[Sprite]
    scraps: list[Picture]
    rooms: list[Picture]


class Scene:
    """One cooler or shop shelf being drawn on its canvas."""

    def __init__(self, rng: np.random.Generator, material: Material) -> None:
        self.rng = rng
        self.material = material
        dense = rng.random() < 0.45
        self.dense = dense
        self.width = rng.uniform(1.2, 3.2) if dense else rng.uniform(0.45, 1.1)
        self.depth = rng.uniform(0.25, 0.5)
        rows = int(rng.integers(3, 8)) if dense else int(rng.integers(2, 6))
        gaps = rng.uniform(0.17, 0.42, rows)
        self.decks = np.cumsum(gaps)  # y of each deck, the top of the cabinet is 0
        self.gaps = gaps
        self.height = float(self.decks[-1]) + 0.08
        away = rng.uniform(0.6, 1.1) * max(self.width, self.height) if not dense else rng.uniform(0.5, 1.0) * self.width
        self.away = max(0.45, float(away))
        self.eye = np.array([self.width * rng.uniform(-0.2, 1.2), self.height * rng.uniform(0.05, 0.9)])
        self.focal = min(1500.0, MAX_CANVAS / max(self.width * 1.3, self.height * 1.3) * self.away)
        margin = 0.25 * max(self.width, self.height)
        scale = self.focal / self.away
        self.size = (int((self.width + 2 * margin) * scale), int((self.height + 2 * margin) * scale))
        self.centre = ((self.eye[0] + margin) * scale, (self.eye[1] + margin) * scale)
        self.canvas = np.zeros((self.size[1], self.size[0], 3), np.uint8)
        self.owner = np.zeros((self.size[1], self.size[0]), np.uint16)
        self.facing: list[bool] = []
        self.whole: list[int] = []
        self.shelf_ink = self._shelf_ink()
        self.gloom = rng.uniform(0.25, 0.85)

    # -- projection ---------------------------------------------------------------------------------

    def project(self, x: float, y: float, z: float) -> tuple[int, int]:
        scale = self.focal / (self.away + z)
        return int(round((x - self.eye[0]) * scale + self.centre[0])), int(round((y - self.eye[1]) * scale + self.centre[1]))

    def plane(self, corners: list[tuple[float, float, float]], ink: np.ndarray, noise: float = 6.0) -> None:
        """Fills a quadrilateral with slightly uneven colour; it hides whatever was drawn before."""
        points = np.array([self.project(*c) for c in corners], np.int32)
        x0, y0 = np.maximum(points.min(0), 0)
        x1, y1 = np.minimum(points.max(0) + 1, self.size)
        if x1 <= x0 or y1 <= y0:
            return
        mask = np.zeros((y1 - y0, x1 - x0), np.uint8)
        cv2.fillPoly(mask, [points - (x0, y0)], 255)
        fill = np.empty((y1 - y0, x1 - x0, 3), np.float32)
        fill[:] = ink
        ramp = np.linspace(self.rng.uniform(0.75, 1.1), self.rng.uniform(0.75, 1.1), y1 - y0, dtype=np.float32)
        fill *= ramp[:, None, None]
        coarse = self.rng.normal(0, noise, ((y1 - y0) // 8 + 1, (x1 - x0) // 8 + 1)).astype(np.float32)
        fill += cv2.resize(coarse, (x1 - x0, y1 - y0))[..., None]
        where = mask > 0
        self.canvas[y0:y1, x0:x1][where] = np.clip(fill, 0, 255).astype(np.uint8)[where]
        self.owner[y0:y1, x0:x1][where] = 0

    def stand(self, sprite: Sprite, x: float, y: float, z: float, width: float, height: float, light: float, facing: bool) -> None:
        """Draws a pack with its foot's middle at x, y, z and gives it the next number."""
        scale = self.focal / (self.away + z)
        w, h = max(2, int(round(width * scale))), max(2, int(round(height * scale)))
        left, base = self.project(x - width / 2, y, z)
        top = base - h
        x0, y0, x1, y1 = max(left, 0), max(top, 0), min(left + w, self.size[0]), min(base, self.size[1])
        self.facing.append(facing)
        if x1 <= x0 or y1 <= y0:
            self.whole.append(1)
            return
        how = cv2.INTER_AREA if w < sprite.shape[1] else cv2.INTER_LINEAR
        small = cv2.resize(sprite, (w, h), interpolation=how)[y0 - top : y1 - top, x0 - left : x1 - left]
        alpha = small[..., 3:].astype(np.float32) / 255
        solid = small[..., 3] > 90
        self.whole.append(max(1, int(solid.sum())))
        part = self.canvas[y0:y1, x0:x1]
        part[:] = np.clip(part * (1 - alpha) + small[..., :3] * (alpha * light), 0, 255).astype(np.uint8)
        self.owner[y0:y1, x0:x1][solid] = len(self.facing)

    # -- the parts of a scene -------------------------------------------------------------------------

    def _shelf_ink(self) -> np.ndarray:
        grey = self.rng.uniform(20, 245)
        ink = np.full(3, grey) + self.rng.normal(0, 6, 3)
        return np.array(colour(self.rng), float) if self.rng.random() < 0.25 else ink

    def room(self) -> None:
        """Whatever lies around the cabinet: a room, blurred blocks, plain paint, other shelves' colours."""
        rng, (w, h) = self.rng, self.size
        kind = rng.random()
        if kind < 0.35 and self.material.rooms:
            picture = self.material.rooms[int(rng.integers(len(self.material.rooms)))]
            self.canvas[:] = cv2.resize(picture, (w, h))
        elif kind < 0.6:
            tiles = rng.integers(0, 256, (int(rng.integers(4, 14)), int(rng.integers(4, 18)), 3)).astype(np.uint8)
            picture = cv2.resize(tiles, (w, h), interpolation=cv2.INTER_NEAREST if rng.random() < 0.4 else cv2.INTER_LINEAR)
            self.canvas[:] = cv2.GaussianBlur(picture, (0, 0), rng.uniform(2, 20))
        elif kind < 0.75 and self.material.scraps:
            scrap = self.material.scraps[int(rng.integers(len(self.material.scraps)))]
            self.canvas[:] = cv2.GaussianBlur(cv2.resize(scrap, (w, h)), (0, 0), rng.uniform(1, 12))
        else:
            self.canvas[:] = rng.integers(0, 256, 3)
        self.canvas[:] = (self.canvas * rng.uniform(0.3, 1.0)).astype(np.uint8)

    def cabinet(self) -> None:
        """Walls, floor and ceiling of the cabinet, and sometimes lit posts at the front edges."""
        w, h, d = self.width, self.height, self.depth
        wall = np.full(3, self.rng.uniform(15, 235)) + self.rng.normal(0, 5, 3)
        frame = 0.04
        self.plane([(-frame, -frame, 0), (w + frame, -frame, 0), (w + frame, h + frame, 0), (-frame, h + frame, 0)], wall * self.rng.uniform(0.2, 1.0))
        dim = self.gloom
        self.plane([(0, 0, 0), (0, h, 0), (0, h, d), (0, 0, d)], wall * (0.5 + 0.5 * dim))
        self.plane([(w, 0, 0), (w, h, 0), (w, h, d), (w, 0, d)], wall * (0.5 + 0.5 * dim))
        self.plane([(0, 0, 0), (w, 0, 0), (w, 0, d), (0, 0, d)], wall)
        self.plane([(0, 0, d), (w, 0, d), (w, h, d), (0, h, d)], wall * dim, 14)
        if self.rng.random() < 0.3:  # ribs or slots on the back wall
            for x in np.arange(0, w, self.rng.uniform(0.03, 0.15)):
                cv2.line(self.canvas, self.project(x, 0, d), self.project(x, h, d), tuple(wall * dim * 0.7), 1)

    def posts(self) -> None:
        """Uprights or light strips at the cabinet's front."""
        if self.rng.random() < 0.6:
            wide = self.rng.uniform(0.01, 0.04)
            ink = np.full(3, self.rng.choice([30.0, 120.0, 250.0]))
            for x in (-wide, self.width - wide):
                self.plane([(x, 0, 0), (x + 2 * wide, 0, 0), (x + 2 * wide, self.height, 0), (x, self.height, 0)], ink)

    def deck(self, row: int) -> None:
        """A shelf board: solid, or wires through which the row below shows."""
        y, w, d = float(self.decks[row]), self.width, self.depth
        if self.rng.random() < 0.55:
            self.plane([(0, y, 0), (w, y, 0), (w, y, d), (0, y, d)], self.shelf_ink * 0.8 * self.gloom)
            return
        ink = tuple(float(c) for c in self.shelf_ink * self.rng.uniform(0.4, 1.0))
        for x in np.arange(0, w, self.rng.uniform(0.015, 0.04)):
            cv2.line(self.canvas, self.project(x, y, 0), self.project(x, y, d), ink, 1, cv2.LINE_AA)
        for z in np.linspace(0, d, 4):
            cv2.line(self.canvas, self.project(0, y, z), self.project(w, y, z), ink, 2)

    def rail(self, row: int) -> None:
        """The shelf's front edge with its price tags and strips."""
        rng, y, w = self.rng, float(self.decks[row]), self.width
        tall = rng.uniform(0.012, 0.06)
        lip = rng.uniform(0, 0.025)
        self.plane([(0, y - lip, 0), (w, y - lip, 0), (w, y - lip + tall, 0), (0, y - lip + tall, 0)], self.shelf_ink, 3)
        if rng.random() < 0.2:  # a wire or glass front stop
            stop = rng.uniform(0.02, 0.07)
            for step in range(int(rng.integers(1, 4))):
                at = y - lip - stop * (step + 1) / 3
                cv2.line(self.canvas, self.project(0, at, 0), self.project(w, at, 0), (190, 190, 190), 2, cv2.LINE_AA)
        x = rng.uniform(0, 0.1)
        spread = rng.choice([0.01, 0.05, 0.15, 0.4])
        while x < w and rng.random() < 0.97:
            wide, high = rng.uniform(0.03, 0.09), tall * rng.uniform(0.7, 1.5)
            self.tag(x, y - lip + tall * rng.uniform(0, 0.3), wide, high)
            x += wide + rng.exponential(spread)

    def tag(self, x: float, y: float, wide: float, high: float) -> None:
        """A price tag at the front edge: never a product."""
        rng = self.rng
        left, top = self.project(x, y, 0)
        right, bottom = self.project(x + wide, y + high, 0)
        left, top, right, bottom = max(left, 0), max(top, 0), min(right, self.size[0]), min(bottom, self.size[1])
        w, h = right - left, bottom - top
        if w < 5 or h < 4:
            return
        pick = rng.random()
        ground = (250, 250, 250) if pick < 0.5 else ((60, 220, 250) if pick < 0.75 else colour(rng))
        card = np.empty((h, w, 3), np.uint8)
        card[:] = ground
        if h > 10 and w > 16:
            if rng.random() < 0.4:
                card[: h // 4] = colour(rng)
            ink = (20, 20, 200) if rng.random() < 0.3 else (20, 20, 20)
            write(card, rng, f"{rng.choice(list('¥€$£ '))}{rng.integers(0, 40)}.{rng.integers(0, 10)}0".strip(), (w * 0.55, h * 0.5), w * 0.7, ink)
            if rng.random() < 0.5:
                small_print(card, rng, (2, int(h * 0.75), w // 2, h // 5), (90, 90, 90))
            if rng.random() < 0.4 and w > 40:
                barcode(card, rng, (w // 2, int(h * 0.65), w // 3, h // 4))
        self.canvas[top:bottom, left:right] = card
        self.owner[top:bottom, left:right] = 0

    def lanes(self, row: int) -> list[tuple[float, float, Sprite, float, float, float, bool, float]]:
        """What stands on a deck as (z, x, picture, width, height, light, facing, lift), farthest first."""
        rng, room = self.rng, float(self.gaps[row]) - 0.02
        things = []
        x = rng.uniform(0.0, 0.04)
        empty = rng.choice([0.02, 0.1, 0.3])
        tilt = float(np.clip((self.decks[row] - room - self.eye[1]) / self.away * 0.8, 0, 0.35))
        tilt = tilt if self.decks[row] - 0.1 > self.eye[1] else 0.0
        pack = self.pick(room)
        left = 0
        while x < self.width - 0.05:
            if left == 0:
                pack, left = self.pick(room), int(rng.geometric(0.3))
            left -= 1
            gap = rng.choice([0.0, 0.003, 0.01, 0.03], p=[0.25, 0.35, 0.3, 0.1])
            if x + pack.width > self.width:
                break
            x += pack.width / 2
            if rng.random() > empty:
                things += self._lane(pack, x, room, tilt)
            x += pack.width / 2 + gap
        return sorted(things, key=lambda t: -t[0])

    def _lane(self, pack: Pack, x: float, room: float, tilt: float) -> list[tuple]:
        rng = self.rng
        thick = pack.width * rng.uniform(0.9, 1.2) if pack.kind != "wide" else pack.width * 0.6
        places = max(1, int(self.depth / max(thick, 0.02)))
        first = 0 if rng.random() < 0.8 else int(rng.integers(0, places))
        last = int(rng.integers(first + 1, places + 1))
        high = max(1, int(room / pack.height)) if rng.random() < 0.3 and pack.kind in ("can", "carton", "cup", "wide", "jar", "photo") else 1
        stack = int(rng.integers(1, min(high, 4) + 1))
        things = []
        for place in range(first, last):
            z = rng.uniform(0.0, 0.02) + place * thick * 1.02
            yaw = rng.random() if rng.random() < 0.3 else rng.normal(0, 0.05)
            sprite = pack.view(rng, float(yaw), tilt)
            light = (1 - (1 - self.gloom) * min(1.0, z / self.depth)) * rng.uniform(0.85, 1.08)
            sideways = rng.normal(0, 0.004)
            if place == first and stack == 1 and rng.random() < 0.03 and pack.height < self.depth:
                things.append((z, x, np.rot90(sprite).copy(), pack.height, pack.width, light, True, 0.0))
                continue
            for level in range(stack if place == first else max(1, stack - int(rng.integers(0, 2)))):
                things.append((z, x + sideways, sprite, pack.width, pack.height, light, place == first, level * pack.height))
        return things

    def pick(self, room: float) -> Pack:
        """A new SKU that fits under the next shelf."""
        for _ in range(8):
            if self.material.sprites and self.rng.random() < 0.35:
                sprites = self.material.sprites
                pack = photo_pack(sprites[int(self.rng.integers(len(sprites)))], self.rng)
            else:
                pack = make_pack(self.rng, self.material.scraps)
            if pack.height < room:
                return pack
        shrink = 0.95 * room / pack.height
        pack.height *= shrink
        pack.width *= shrink
        return pack

    def clutter(self) -> None:
        """An arm, a body, a sign or a dangling thing before the shelf."""
        rng, (w, h) = self.rng, self.size
        for _ in range(int(rng.choice([0, 1, 2], p=[0.65, 0.25, 0.1]))):
            mask = np.zeros((h, w), np.uint8)
            ink = np.array(colour(rng, 0.4), np.float32)
            x, y = rng.uniform(0.1, 0.9) * w, rng.uniform(0.1, 0.9) * h
            if rng.random() < 0.6:  # an arm from below or the side
                ink = np.array([rng.uniform(60, 170), rng.uniform(90, 190), rng.uniform(130, 240)], np.float32)
                start = (int(rng.uniform(-0.1, 1.1) * w), h + 20) if rng.random() < 0.7 else (int(rng.choice([-20, w + 20])), int(rng.uniform(0.2, 1) * h))
                thick = int(rng.uniform(0.03, 0.1) * w)
                middle = (np.array(start) + (x, y)) / 2 + rng.normal(0, 0.05 * w, 2)
                line = np.array([start, middle, (x, y)]).astype(np.int32)
                cv2.polylines(mask, [line], False, 255, thick, cv2.LINE_AA)
                cv2.circle(mask, (int(x), int(y)), int(thick * 0.65), 255, -1, cv2.LINE_AA)
            else:
                points = np.stack([x + rng.normal(0, 0.12 * w, 12), y + rng.normal(0, 0.12 * h, 12)], 1).astype(np.int32)
                cv2.fillPoly(mask, [cv2.convexHull(points)], 255, cv2.LINE_AA)
            shade = cv2.resize(rng.normal(1, 0.15, (8, 8)).astype(np.float32), (w, h))[..., None]
            where = mask > 127
            self.canvas[where] = np.clip(ink * shade, 0, 255).astype(np.uint8)[where]
            self.owner[where] = 0

    def draw(self) -> None:
        """Paints everything, rows farthest from the eye's height first."""
        self.room()
        self.cabinet()
        rows = sorted(range(len(self.decks)), key=lambda r: -abs(self.decks[r] - self.gaps[r] / 2 - self.eye[1]))
        for row in rows:
            below = self.decks[row] > self.eye[1]
            if below:
                self.deck(row)
            y = float(self.decks[row])
            for z, x, sprite, width, height, light, facing, lift in self.lanes(row):
                self.stand(sprite, x, y - lift, z, width, height, light, facing)
            if not below:
                self.deck(row)
            self.rail(row)
        self.posts()
        self.clutter()

    # -- seeing it ------------------------------------------------------------------------------------

    def camera(self) -> Camera:
        """A camera at the eye that looks at the cabinet through some lens."""
        rng = self.rng
        width, height = (1280, 960) if rng.random() < 0.7 else ((960, 1280) if rng.random() < 0.5 else (1280, 720))
        fisheye = rng.random() < 0.3
        aim = np.array([self.width, self.height]) * rng.uniform(0.3, 0.7, 2) - self.eye
        pan, tilt = np.arctan2(aim[0], self.away), -np.arctan2(aim[1], self.away)
        if not fisheye and rng.random() < 0.5:  # straight on, as a hand-held photo would be
            pan, tilt = pan * rng.uniform(0, 0.4), tilt * rng.uniform(0, 0.4)
        needed = 2 * np.arctan(0.5 * max(self.width, self.height * width / height) / np.hypot(self.away, np.hypot(*aim)))
        view = needed * rng.uniform(0.55, 1.25)
        field = float(np.clip(view * 1.4, 1.4, 2.3)) if fisheye else float(np.clip(view, 0.3, 1.5))
        return Camera(width, height, field, float(pan), float(tilt), float(rng.normal(0, 0.04)), fisheye)

    def photograph(self, camera: Camera) -> tuple[Picture, list[Box]]:
        """The picture and the boxes of all packs that are at least a little visible."""
        map_x, map_y = canvas_map(camera, self.focal, self.centre)
        border = [int(c) for c in self.rng.integers(0, 256, 3)] if self.rng.random() < 0.5 else [0, 0, 0]
        picture = cv2.remap(self.canvas, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=border)
        owner = cv2.remap(self.owner, map_x, map_y, cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT, borderValue=0)
        seen = np.bincount(self.owner.ravel(), minlength=len(self.facing) + 1)
        boxes = []
        rows, cols = np.nonzero(owner)
        who = owner[rows, cols]
        order = np.argsort(who, kind="stable")
        who, rows, cols = who[order], rows[order], cols[order]
        starts = np.flatnonzero(np.r_[True, who[1:] != who[:-1]]) if len(who) else np.array([], int)
        for begin, end in zip(starts, np.r_[starts[1:], len(who)]):
            number = int(who[begin])
            x0, x1 = int(cols[begin:end].min()), int(cols[begin:end].max()) + 1
            y0, y1 = int(rows[begin:end].min()), int(rows[begin:end].max()) + 1
            if end - begin >= 20:
                visible = float(seen[number] / self.whole[number - 1])
                boxes.append(Box((x0, y0, x1 - x0, y1 - y0), self.facing[number - 1], min(1.0, visible)))
        return picture, boxes
