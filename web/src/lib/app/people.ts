// People who are to come into a group: some are known, others are found by their user names.
import type { Attempt, Change, Member, Standing } from "../../wasm/sotto_wasm_client.js";
import type { Client } from "../client/client.ts";
import type { Messages } from "../i18n/en.ts";

export interface Person {
  /** None while nothing but the name is known. */
  account?: string;
  name: string;
}

const accountsOf = (people: readonly Person[]) => people.flatMap(({ account }) => account ?? []);
const namesOf = (people: readonly Person[]) => people.filter(({ account }) => !account).map(({ name }) => name);

export async function startGroup(client: Client, title: string, people: readonly Person[]): Promise<string> {
  const chat = await client.call("startGroup", title, accountsOf(people));
  await inviteAll(client, chat, people);
  return chat;
}

export async function addPeople(client: Client, chat: string, people: readonly Person[]): Promise<void> {
  const accounts = accountsOf(people);
  if (accounts.length > 0) await client.call("add", chat, accounts);
  await inviteAll(client, chat, people);
}

async function inviteAll(client: Client, chat: string, people: readonly Person[]): Promise<void> {
  for (const name of namesOf(people)) await client.call("invite", chat, name);
}

const RANK: Record<Standing, number> = { member: 0, admin: 1, owner: 2 };
export const STANDINGS = Object.keys(RANK) as Standing[];

/** The highest roles first, and in each by name. */
export function byRank(members: readonly Member[]): Member[] {
  return members.toSorted(
    (one, other) => RANK[other.standing] - RANK[one.standing] || one.name.localeCompare(other.name),
  );
}

export function isBelow(member: Member, other: Member | undefined): boolean {
  return other !== undefined && RANK[member.standing] < RANK[other.standing];
}

const ABOUT_GROUPS: readonly Attempt["type"][] = ["find", "change", "leave", "start"];

/** What to say where something about members could not be done. */
export function hindranceOf(change: Change, t: Messages): string | undefined {
  if (change.type !== "failed" || !ABOUT_GROUPS.includes(change.attempt.type)) return undefined;
  if (change.attempt.type === "find") return t.group.notFound;
  if (change.why.type === "not-allowed") return t.group.notAllowed;
  if (change.why.type === "only-owner") return t.group.onlyOwner;
  return change.why.type === "nobody-there" ? t.group.nobodyThere : t.menu.failed;
}
