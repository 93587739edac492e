// What a person chose about the look of the page, kept in the browser. Never anything that matters: any script reads it.

type Choice = "language" | "notifications" | "theme";

const PREFIX = "sotto.";

export function recall(choice: Choice): string | null {
  try {
    return localStorage.getItem(PREFIX + choice);
  } catch {
    // Storage is switched off. The choice then lasts as long as the page.
    return null;
  }
}

export function remember(choice: Choice, value: string): void {
  try {
    localStorage.setItem(PREFIX + choice, value);
  } catch {
    // As above.
  }
}
