// A planogram that was imported and not yet published, on its way to the editor.

import { signal } from "@preact/signals";
import type { Imported } from "../import/build";

export const pending = signal<Imported | null>(null);
