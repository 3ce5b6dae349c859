// Places on a plane: projection, frame and clusters for the map of stores. Pure.

export interface Place {
  id: string;
  lat: number;
  lon: number;
}

/** Degrees of longitude and of latitude that are in view. */
export interface Frame {
  west: number;
  south: number;
  east: number;
  north: number;
}

/** A frame around places, with room at the rim; never narrower than a town. */
export function frameOf(places: readonly Place[]): Frame {
  const lons = places.map((p) => p.lon);
  const lats = places.map((p) => p.lat);
  const f = { west: Math.min(...lons), east: Math.max(...lons), south: Math.min(...lats), north: Math.max(...lats) };
  const padX = Math.max(0.02, (f.east - f.west) * 0.1);
  const padY = Math.max(0.02, (f.north - f.south) * 0.14);
  return { west: f.west - padX, east: f.east + padX, south: f.south - padY, north: f.north + padY };
}

/**
 * Equirectangular projection true at the frame's middle latitude, into width × height with the frame
 * centred and in proportion.
 */
export function projector(frame: Frame, width: number, height: number): (lat: number, lon: number) => [number, number] {
  const midLat = (frame.south + frame.north) / 2;
  const midLon = (frame.west + frame.east) / 2;
  const shrink = Math.max(0.1, Math.cos((midLat * Math.PI) / 180));
  const scale = Math.min(width / ((frame.east - frame.west) * shrink), height / (frame.north - frame.south));
  return (lat, lon) => [width / 2 + (lon - midLon) * shrink * scale, height / 2 - (lat - midLat) * scale];
}

export interface Cluster<T> {
  x: number;
  y: number;
  members: T[];
}

/** Gathers points that would touch, each around the first that was there: the same points, the same clusters. */
export function cluster<T>(points: readonly { x: number; y: number; item: T }[], radius: number): Cluster<T>[] {
  const clusters: Cluster<T>[] = [];
  for (const p of points) {
    const near = clusters.find((c) => Math.hypot(c.x - p.x, c.y - p.y) < radius);
    if (!near) {
      clusters.push({ x: p.x, y: p.y, members: [p.item] });
      continue;
    }
    near.members.push(p.item);
    const n = near.members.length;
    near.x += (p.x - near.x) / n;
    near.y += (p.y - near.y) / n;
  }
  return clusters;
}

/** Degrees at which to draw lines, about `wanted` of them between lo and hi. */
export function lines(lo: number, hi: number, wanted: number): number[] {
  const step = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60].find((s) => (hi - lo) / s <= wanted) ?? 90;
  const marks: number[] = [];
  for (let v = Math.ceil(lo / step) * step; v <= hi; v += step) marks.push(Math.round(v * 100) / 100);
  return marks;
}
