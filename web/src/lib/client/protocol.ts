// What a page and the worker say to each other. The operations are the methods of the core's client, as Rust declares them: one that
// is gone, or takes something else, does not compile here.
import type { Change, Client as Core } from "../../wasm/sotto_wasm_client.js";
import type { Failure } from "../check/failure.ts";

export type Operation = Exclude<keyof Core & string, "free">;
export type Arguments<O extends Operation> = Parameters<Core[O]>;
export type Result<O extends Operation> = Awaited<ReturnType<Core[O]>>;

/** An operation that a page asks for. The number is the page's, and comes back with the answer. */
export interface Call<O extends Operation = Operation> {
  type: "call";
  id: number;
  operation: O;
  args: Arguments<O>;
}

export type FromWorker =
  /** The worker's script runs. The lock of this name is free again when the worker is dead. */
  | { type: "alive"; lock: string }
  /** Another tab has the store, and has not said yet that it does what this one asks for. */
  | { type: "waiting" }
  /** Calls are taken from now on. Whoever took them before is gone, and with it all that had no answer. */
  | { type: "ready" }
  | { type: "answer"; id: number; value: unknown }
  | { type: "refusal"; id: number; failure: Failure }
  | { type: "change"; change: Change }
  /** The last message: the worker goes no further. */
  | { type: "broken"; failure: Failure };

/**
 * Whether an operation whose answer was lost may be asked for again. What is said in a chat carries an id, and is said once however
 * often it is asked for.
 */
const LOST: Record<Operation, "ask again" | "tell the person"> = {
  session: "ask again",
  version: "ask again",
  tryNow: "ask again",
  register: "tell the person",
  signIn: "tell the person",
  recover: "tell the person",
  secondFactor: "tell the person",
  recoveryWords: "ask again",
  recoveryWordsAreKept: "ask again",
  judgeWords: "ask again",
  renewRecoveryWords: "tell the person",
  askForAccount: "ask again",
  ownAccount: "ask again",
  ownProfile: "ask again",
  setOwnProfile: "ask again",
  changePassword: "tell the person",
  enableFactor: "tell the person",
  disableFactor: "tell the person",
  renewBackupCodes: "tell the person",
  factorSecret: "ask again",
  confirmFactor: "tell the person",
  takeBackupCodes: "tell the person",
  askForDevices: "ask again",
  devices: "ask again",
  nameDevice: "ask again",
  deviceIsMine: "ask again",
  revokeDevice: "tell the person",
  renewVault: "tell the person",
  logOut: "tell the person",
  deleteAccount: "tell the person",
  chats: "ask again",
  chat: "ask again",
  members: "ask again",
  about: "ask again",
  page: "ask again",
  pageAfter: "ask again",
  message: "ask again",
  placeAt: "ask again",
  pinned: "ask again",
  wantHistory: "ask again",
  search: "ask again",
  contact: "ask again",
  appear: "ask again",
  safety: "ask again",
  judgePicture: "ask again",
  setVerified: "ask again",
  decideOnKey: "ask again",
  startDirect: "tell the person",
  startGroup: "tell the person",
  invite: "tell the person",
  add: "ask again",
  remove: "ask again",
  setRole: "ask again",
  leave: "ask again",
  accept: "ask again",
  decline: "ask again",
  blocked: "ask again",
  setBlocked: "ask again",
  exportHistory: "ask again",
  importHistory: "ask again",
  send: "ask again",
  forward: "ask again",
  edit: "ask again",
  deleteMessage: "ask again",
  react: "ask again",
  pin: "ask again",
  setTitle: "ask again",
  setProfile: "ask again",
  unsend: "ask again",
  markRead: "ask again",
  keepDraft: "ask again",
  setPreferences: "ask again",
  typing: "ask again",
  sendFiles: "ask again",
  provideSource: "ask again",
  cancelFiles: "ask again",
  fetchFile: "ask again",
  transfers: "ask again",
  transfer: "ask again",
  pauseTransfer: "ask again",
  resumeTransfer: "ask again",
  cancelDownload: "ask again",
  readFile: "ask again",
  keptFiles: "ask again",
  clearKeptFiles: "ask again",
};

export function mayBeRepeated(operation: Operation): boolean {
  return LOST[operation] === "ask again";
}

export function isOperation(name: unknown): name is Operation {
  return typeof name === "string" && Object.hasOwn(LOST, name);
}
