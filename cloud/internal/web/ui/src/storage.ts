// What a person chose, kept in this browser. Storage can be missing or full (private windows, policy):
// then the choice holds until the page is closed.

const PREFIX = "coldshelf.";

export function recall(name: string): string | null {
  try {
    return localStorage.getItem(PREFIX + name);
  } catch {
    return null;
  }
}

export function remember(name: string, value: string): void {
  try {
    localStorage.setItem(PREFIX + name, value);
  } catch {
    // The choice holds for this page all the same.
  }
}
