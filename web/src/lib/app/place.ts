// Where in the app a person is, as the address says: so that the way back of the browser is the way back in the app.

export const SECTIONS = ["account", "appearance", "devices", "security", "storage", "about"] as const;
export type Section = (typeof SECTIONS)[number];

export type Place =
  | { type: "chats" }
  | { type: "settings"; section: Section | undefined }
  /** Making sure of an account. */
  | { type: "verify"; account: string }
  /** Who of a group is verified. */
  | { type: "verified"; chat: string };

const ID = /^[0-9a-f]{32}$/;

export function placeOf(hash: string): Place {
  const [name, which = ""] = hash.replace(/^#/, "").split("/");
  if (name === "settings") return { type: "settings", section: SECTIONS.find((section) => section === which) };
  if (name === "verify" && ID.test(which)) return { type: "verify", account: which };
  if (name === "verified" && ID.test(which)) return { type: "verified", chat: which };
  return { type: "chats" };
}

export const addressOf = {
  settings: (section?: Section) => (section ? `#settings/${section}` : "#settings"),
  verify: (account: string) => `#verify/${account}`,
  verified: (chat: string) => `#verified/${chat}`,
  chat: (chat: string | undefined) => (chat ? `#chat/${chat}` : "#"),
};
