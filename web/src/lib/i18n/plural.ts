// Plural forms by the rules of the language (Unicode CLDR), as the browser knows them.

/** The forms that a language has. `other` is the one that every language has. */
export type Forms = Partial<Record<Intl.LDMLPluralRule, string>> & { other: string };

/** The form of a noun that goes with a number. */
export function pluralFor(locale: string): (count: number, forms: Forms) => string {
  const rules = new Intl.PluralRules(locale);
  return (count, forms) => forms[rules.select(count)] ?? forms.other;
}
