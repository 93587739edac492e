// How long a password stands against somebody who guesses. A hint for the person who chooses it; what protects it is what each guess costs.

export type Strength = "none" | "weak" | "fair" | "good" | "strong";

/** What people type when they are asked for a password; lower case, digits as letters. */
const COMMON = [
  "password",
  "passwort",
  "qwerty",
  "azerty",
  "letmein",
  "welcome",
  "iloveyou",
  "admin",
  "monkey",
  "dragon",
];
const LIKE_LETTERS: Record<string, string> = {
  "0": "o",
  "1": "l",
  "3": "e",
  "4": "a",
  "5": "s",
  "7": "t",
  $: "s",
  "@": "a",
};
const ROWS = [
  "abcdefghijklmnopqrstuvwxyz",
  "01234567890",
  "qwertyuiop",
  "asdfghjkl",
  "zxcvbnm",
  "йцукенгшщзхъ",
  "фывапролджэ",
];

export function strengthOf(password: string, name = ""): Strength {
  if (password === "") return "none";
  const bits = bitsOf(password, name);
  if (bits < 32) return "weak";
  if (bits < 48) return "fair";
  return bits < 64 ? "good" : "strong";
}

/** About how many times a guesser has to double the number of guesses. */
function bitsOf(password: string, name: string): number {
  const counted = surprises(withoutKnownWords(password.toLowerCase(), name.toLowerCase()));
  return counted * Math.log2(alphabetOf(password));
}

function withoutKnownWords(password: string, name: string): string {
  const plain = password.replace(/[01345 7$@]/g, (sign) => LIKE_LETTERS[sign] ?? sign);
  const known = [...COMMON, name].filter((word) => word.length > 2).find((word) => plain.includes(word));
  if (!known) return password;
  const place = plain.indexOf(known);
  return `${password.slice(0, place)}*${password.slice(place + known.length)}`;
}

/** Characters that do not follow from the one before: repeated ones and neighbours in a row do. */
function surprises(password: string): number {
  const signs = [...password];
  return signs.filter((sign, place) => place === 0 || !follows(signs[place - 1] ?? "", sign)).length;
}

function follows(before: string, sign: string): boolean {
  return before === sign || ROWS.some((row) => row.includes(before + sign) || row.includes(sign + before));
}

function alphabetOf(password: string): number {
  const classes: [RegExp, number][] = [
    [/\p{Ll}/u, 26],
    [/\p{Lu}/u, 26],
    [/\d/, 10],
    [/[^\p{L}\d]/u, 20],
  ];
  const size = classes.reduce((sum, [pattern, signs]) => sum + (pattern.test(password) ? signs : 0), 0);
  return Math.max(size, 10);
}
