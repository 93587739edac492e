import { createContext } from "svelte";
import { recall, remember } from "../remember.ts";
import { daysBetween } from "./days.ts";
import { en, type Messages } from "./en.ts";
import { ru } from "./ru.ts";

export const CATALOGUES = { en, ru } satisfies Record<string, Messages>;
export type Locale = keyof typeof CATALOGUES;
export const LOCALES = Object.keys(CATALOGUES) as Locale[];

/** The language of the page, and what is written in its manner: dates, times, numbers. */
export class I18n {
  #locale = $state<Locale>("en");
  readonly t: Messages = $derived(CATALOGUES[this.#locale]);
  readonly #wanted: readonly string[];
  /** The language with the region of the person, if it is known: dates differ within a language. */
  readonly #tag = $derived.by(() => this.#wanted.find((tag) => languageOf(tag) === this.#locale) ?? this.#locale);
  readonly #dates = $derived(new Intl.DateTimeFormat(this.#tag, { dateStyle: "long" }));
  readonly #numbers = $derived(new Intl.NumberFormat(this.#tag));
  readonly #times = $derived(
    new Intl.NumberFormat(this.#tag, { style: "unit", unit: "millisecond", unitDisplay: "short" }),
  );

  readonly #clock = $derived(new Intl.DateTimeFormat(this.#tag, { hour: "2-digit", minute: "2-digit" }));
  readonly #days = $derived(new Intl.DateTimeFormat(this.#tag, { weekday: "long", day: "numeric", month: "long" }));
  readonly #short = $derived(new Intl.DateTimeFormat(this.#tag, { day: "numeric", month: "short" }));

  constructor(wanted: readonly string[]) {
    this.#wanted = wanted;
    this.#locale = chooseLocale(recall("language"), wanted);
  }

  get locale(): Locale {
    return this.#locale;
  }

  /** The choice of the person, which outlives the page. */
  set locale(locale: Locale) {
    this.#locale = locale;
    remember("language", locale);
  }

  date(atMs: number): string {
    return this.#dates.format(atMs);
  }

  /** The time of day. */
  clock(atMs: number): string {
    return this.#clock.format(atMs);
  }

  /** A day, by its name while it is near. */
  day(atMs: number, near: { today: string; yesterday: string }, nowMs = Date.now()): string {
    const ago = daysBetween(atMs, nowMs);
    if (ago === 0) return near.today;
    return ago === 1 ? near.yesterday : this.#days.format(atMs);
  }

  /** As short as it can be said: the time of today, the date of any other day. */
  moment(atMs: number, nowMs = Date.now()): string {
    return daysBetween(atMs, nowMs) === 0 ? this.#clock.format(atMs) : this.#short.format(atMs);
  }

  /** How much room something takes, in the largest unit that leaves a whole one. */
  size(bytes: number): string {
    const step = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), SIZES.length - 1);
    const format = {
      style: "unit",
      unit: SIZES[step] ?? "byte",
      unitDisplay: "short",
      maximumFractionDigits: 1,
    } as const;
    return new Intl.NumberFormat(this.#tag, format).format(bytes / 1000 ** step);
  }

  number(value: number): string {
    return this.#numbers.format(value);
  }

  /** How far something is, in whole hundredths. */
  share(part: number, whole: number): string {
    const format = { style: "percent", maximumFractionDigits: 0 } as const;
    return new Intl.NumberFormat(this.#tag, format).format(whole > 0 ? Math.floor((part / whole) * 100) / 100 : 1);
  }

  /** How long something will still take, roughly. */
  rough(ms: number): string {
    const seconds = Math.max(1, Math.ceil(ms / 1000));
    const [value, unit] =
      seconds < 60
        ? [seconds, "second"]
        : seconds < 3600
          ? [Math.ceil(seconds / 60), "minute"]
          : [seconds / 3600, "hour"];
    const format = { style: "unit", unit: String(unit), unitDisplay: "short", maximumFractionDigits: 1 } as const;
    return new Intl.NumberFormat(this.#tag, format).format(Number(value));
  }

  /** How long something took: whole milliseconds, and never none. */
  duration(ms: number): string {
    return this.#times.format(Math.max(1, Math.round(ms)));
  }
}

/** What the person chose before, else the first language of the browser that there is a catalogue for. */
export function chooseLocale(remembered: string | null, wanted: readonly string[]): Locale {
  return [remembered ?? "", ...wanted].map(languageOf).find(isLocale) ?? "en";
}

function languageOf(tag: string): string | undefined {
  return tag.split("-")[0];
}

function isLocale(tag: string | undefined): tag is Locale {
  return LOCALES.some((locale) => locale === tag);
}

const SIZES = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];

export const [getI18n, setI18n] = createContext<I18n>();
