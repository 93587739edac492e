import { createContext } from "svelte";
import { recall, remember } from "./remember.ts";

export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

/** Light, dark, or whatever the system is at. The style sheet does the rest. */
export class Appearance {
  #theme = $state<Theme>("system");

  constructor() {
    const remembered = recall("theme");
    this.#theme = THEMES.find((theme) => theme === remembered) ?? "system";
  }

  get theme(): Theme {
    return this.#theme;
  }

  set theme(theme: Theme) {
    this.#theme = theme;
    remember("theme", theme);
  }
}

export const [getAppearance, setAppearance] = createContext<Appearance>();
