// What people teach, as the service tells of it; and photos made small enough to send.

import { ApiError, call } from "../api";
import type { Box } from "../types";
import type { Board } from "./fleet";

export interface Lesson {
  id: number;
  gtin: string;
  name: string;
  /** The cooler that saw it; absent where photos were sent. */
  device?: string;
  photos: number;
  arrived: number;
  status: "incomplete" | "waiting" | "taught" | "refused";
  created_at: string;
  created_by: string;
  /** What came of it, in the words of whoever taught it. */
  result?: {
    at: string;
    by: string;
    added: number;
    references: number;
    faults: string[];
    alike: { gtin: string; name: string; similarity: number }[];
    gallery: { version: number; signed_by: string; products: number; references: number; embedder: string };
    bundle?: string;
  };
}

/** Facings of a picture that the service has, in pixels of width × height. */
export interface Seen {
  device: string;
  boot: number;
  seq: number;
  width: number;
  height: number;
  facings: Box[];
}

export const MAX_PHOTOS = 12;

export const lessonApi = {
  list: (signal?: AbortSignal) => call<{ lessons: Lesson[] }>("GET", "/v1/lessons", { signal }),
  add: (body: { gtin: string; name: string; photos: number } | { gtin: string; name: string; seen: Seen }) => call<Lesson>("POST", "/v1/lessons", { body }),
  photo: (id: number, n: number) => `/v1/lessons/${id}/photos/${n}`,
  putPhoto: (id: number, n: number, photo: Blob) => call<Lesson>("PUT", `/v1/lessons/${id}/photos/${n}`, { body: photo, headers: { "Content-Type": photo.type } }),
  remove: (id: number) => call<unknown>("DELETE", `/v1/lessons/${id}`),
};

/** Longer side of what is sent, pixels: ample for what a reference is kept at. */
const SIDE = 1600;

/**
 * A photo as it is sent: upright, no larger than needed, and without what a phone writes beside the
 * pixels, such as where it was taken. Rejects with an ApiError that names the file.
 */
export async function prepare(file: File): Promise<Blob> {
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    throw new ApiError(0, file.name);
  }
  const k = Math.min(1, SIDE / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(bitmap.width * k);
  canvas.height = Math.round(bitmap.height * k);
  canvas.getContext("2d")!.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return new Promise((resolve, reject) => canvas.toBlob((b) => (b ? resolve(b) : reject(new ApiError(0, file.name))), "image/jpeg", 0.92));
}

const order = new Intl.Collator("en", { numeric: true });

/** How many boards have the bundle, or a later one, of those that take their gallery from the service. */
export function reached(boards: readonly Board[], bundle: string): { have: number; of: number } {
  const taking = boards.filter((b) => b.desired?.wanted.gallery || b.desired?.applied?.gallery);
  return { have: taking.filter((b) => order.compare(b.desired?.applied?.gallery?.version ?? "", bundle) >= 0).length, of: taking.length };
}

/** The command that teaches what waits, as a shell takes it. */
export function command(origin: string, token: boolean): string {
  return `cooler-agent enroll --from-cloud ${origin}${token ? " --token-file token" : ""} --gallery products.gallery --sign-key gallery.key --bundle-keys keys --follow`;
}
