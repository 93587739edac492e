// What stands between a person and the chats, in words of the catalogue.
import type { Attempt, Change, FactorCode, Why } from "../../wasm/sotto_wasm_client.js";

/** What kept somebody from coming in, each with a sentence of its own. */
export type Obstacle =
  | "wrong-password"
  | "wrong-code"
  | "name-taken"
  | "name-unusable"
  | "password-unusable"
  | "registration-closed"
  | "suspended"
  | "too-often"
  | "weak-server"
  | "other-account"
  | "bad-vault"
  | "wrong-words"
  | "not-there"
  | "failed";

const OF_THE_SERVER: Record<string, Obstacle> = {
  ERROR_CODE_LOGIN_FAILED: "wrong-password",
  ERROR_CODE_SECOND_FACTOR_WRONG: "wrong-code",
  ERROR_CODE_NAME_TAKEN: "name-taken",
  ERROR_CODE_NAME_NOT_ALLOWED: "name-unusable",
  ERROR_CODE_REGISTRATION_CLOSED: "registration-closed",
  ERROR_CODE_ACCOUNT_SUSPENDED: "suspended",
  ERROR_CODE_RATE_LIMITED: "too-often",
  ERROR_CODE_LIMIT_REACHED: "too-often",
};

const BY_ITSELF: Partial<Record<Why["type"], Obstacle>> = {
  "wrong-password": "wrong-password",
  "weak-server": "weak-server",
  "other-account": "other-account",
  "bad-vault": "bad-vault",
  "nobody-there": "not-there",
};

const COMING_IN: readonly Attempt["type"][] = ["register", "sign-in", "recover"];

/** The obstacle that a change tells of, if it is about coming in or about what else is attempted. */
export function obstacleOf(change: Change, also?: Attempt["type"]): Obstacle | undefined {
  if (change.type !== "failed" || ![...COMING_IN, also].includes(change.attempt.type)) return undefined;
  if (change.attempt.type === "recover" && change.why.type === "wrong-password") return "wrong-words";
  if (change.why.type === "refused") return OF_THE_SERVER[change.why.code] ?? "failed";
  return BY_ITSELF[change.why.type] ?? "failed";
}

/** What was typed as a code: six digits are of an authenticator, anything else is of the paper. */
export function factorCode(typed: string): FactorCode {
  const code = typed.replace(/\s/g, "");
  return { type: /^\d{6}$/.test(code) ? "totp" : "backup", code };
}
