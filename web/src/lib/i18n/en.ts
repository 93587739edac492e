// The English catalogue. It defines the keys: every other catalogue has exactly these, or does not compile.
import type { Obstacle } from "../app/entry.ts";
import type { FailureCode } from "../check/failure.ts";
import { chatting } from "./chatting.en.ts";
import { files } from "./files.en.ts";
import { obstacles, safety } from "./en-safety.ts";
import { pluralFor } from "./plural.ts";

const plural = pluralFor("en");

/** What happened, and what the person does about it. */
export interface Advice {
  what: string;
  todo: string;
}

const failures: Record<FailureCode, Advice> = {
  "insecure-context": {
    what: "This page came over a connection that is not secure, so the browser withholds private storage and keys.",
    todo: "Open the address with https:// in front. On the machine that runs the server, http://localhost works too.",
  },
  "no-wasm": {
    what: "This browser has WebAssembly switched off, and the encryption core cannot run without it.",
    todo: "Switch it on for this site (Lockdown Mode on Apple devices switches it off), or use another browser.",
  },
  "no-locks": {
    what: "This browser cannot make sure that only one tab writes to the store.",
    todo: "Update the browser. Any version from 2022 or later can do it.",
  },
  "worker-unavailable": {
    what: "The browser did not start the worker that holds your keys.",
    todo: "Reload the page. If it happens again, an extension or the server is blocking the file: try a private window, and tell whoever runs this server.",
  },
  "worker-crashed": {
    what: "The worker that holds your keys stopped unexpectedly.",
    todo: "Reload the page. If it happens again, send the technical detail to whoever runs this server.",
  },
  "worker-silent": {
    what: "The worker that holds your keys has not answered for a long time.",
    todo: "Look at your connection, then reload the page.",
  },
  "core-blocked": {
    what: "A security policy forbids WebAssembly on this page, so the encryption core cannot run.",
    todo: "Tell whoever runs this server that its Content-Security-Policy must allow 'wasm-unsafe-eval'. If your company filters the web, its filter may have changed the policy.",
  },
  "core-missing": {
    what: "The server does not have the encryption core that belongs to this page.",
    todo: "Reload the page; the server may just have been updated. If it happens again, tell whoever runs it that its installation is incomplete.",
  },
  "core-unreachable": {
    what: "The connection broke while the encryption core was on its way.",
    todo: "Look at your connection, then reload the page.",
  },
  "core-wrong-type": {
    what: "The server sent the encryption core with the wrong label, or something else in its place.",
    todo: "If you are on a public network, log in to that network first. Otherwise tell whoever runs this server that .wasm files must be served as application/wasm.",
  },
  "core-damaged": {
    what: "The encryption core arrived damaged, and was not used.",
    todo: "Reload the page. If it happens again, something between you and the server changes files: try another network.",
  },
  "core-crashed": {
    what: "The encryption core stopped because of an error in it.",
    todo: "Reload the page. If it happens again, send the technical detail to whoever runs this server.",
  },
  interrupted: {
    what: "The tab that was doing this was closed before it could say whether it was done.",
    todo: "Look whether it was done, and do it again if not.",
  },
  "signed-out": {
    what: "Nobody is signed in on this device.",
    todo: "Sign in, then try again.",
  },
  "signed-in": {
    what: "Somebody is signed in on this device already.",
    todo: "Log out first, or use another browser profile for the other account.",
  },
  "no-such-chat": {
    what: "This chat is no longer on this device.",
    todo: "Go back to the list of chats.",
  },
  "too-long": {
    what: "This message is longer than a message can be.",
    todo: "Send it in several parts.",
  },
  "wrong-words": {
    what: "These are not the recovery words of an account.",
    todo: "Compare them with what you wrote down: the order, and the first four letters of each.",
  },
  "no-history": {
    what: "This is not a history file that this version can read.",
    todo: "Choose the file that you saved from Sotto, or update Sotto here.",
  },
  "others-history": {
    what: "This is the history of another account.",
    todo: "Sign in to the account that the file was saved from.",
  },
  "broken-history": {
    what: "The history file is damaged or was changed. Nothing of it was taken over.",
    todo: "Save it once more from the device that it came from.",
  },
  unusable: {
    what: "Something of what was entered cannot be used.",
    todo: "Look at it again, and change what does not fit.",
  },
  "primitive-wrong": {
    what: "A cryptographic building block gave a wrong answer on this device. Nothing was encrypted with it.",
    todo: "Do not use Sotto in this browser. Update the browser, restart the device and check again; if it stays, the hardware may be faulty.",
  },
  "no-opfs": {
    what: "This browser gives the page no private storage. Some private windows do that.",
    todo: "Use a normal window, allow this site to store data, or update the browser.",
  },
  "in-use": {
    what: "Something else on this device has the store open and does not let go.",
    todo: "Close all other tabs and windows with Sotto, then check again. If that does not help, restart the browser.",
  },
  "key-lost": {
    what: "The encrypted store is here, but its key is gone, so nobody can open it. Browsers lose keys when site data is deleted in part.",
    todo: "Delete all data of this site in the browser's settings, then reload. What is on other devices is not affected.",
  },
  damaged: {
    what: "The encrypted store on this device is damaged or was changed from outside, and was not opened.",
    todo: "Check again. If it stays, delete all data of this site in the browser's settings and reload. What is on other devices is not affected.",
  },
  full: {
    what: "There is no room left on this device for the store.",
    todo: "Free some space, or allow this site more storage in the browser's settings, then check again.",
  },
  newer: {
    what: "A newer version of Sotto has written the store on this device. This version does not touch it.",
    todo: "Close all tabs with Sotto and open it again, so that the newer version loads.",
  },
  "offline-unsupported": {
    what: "This browser does not let the app stay on the device. Some private windows do that.",
    todo: "Everything works while you are connected. To open Sotto offline as well, use a normal window.",
  },
  "offline-failed": {
    what: "The app could not be kept on this device.",
    todo: "Everything works while you are connected. Reload the page to try again; if it stays, free some space on the device.",
  },
  failed: {
    what: "Something went wrong that Sotto has no name for.",
    todo: "Check again. If it happens again, send the technical detail to whoever runs this server.",
  },
};

export const en = {
  language: "English",
  direction: "ltr" as "ltr" | "rtl",
  ...chatting,
  files,

  page: {
    title: "Security check",
    skip: "Skip to the checks",
    checks: "The checks",
    device: "This device",
    again: "Check again",
  },

  app: {
    title: "Messages",
    skip: "Skip to the chat",
    starting: "Opening your messages",
    waiting: "Another tab has your messages and does not answer. Close it, or reload it.",
    broken: { title: "Sotto could not start", again: "Try again", check: "Check this browser" },
    offline: "No connection. What you write goes out as soon as it is back.",
    inMemory: "This browser keeps nothing. Everything works until this tab is closed; then it is gone from here.",
    store: {
      full: "There is no room left on this device, so nothing new is kept. Free some space, and it goes on by itself.",
      failing:
        "This device does not keep what is new. Nothing that was here is lost. Reload the page, and look at the security check if it happens again.",
    },
    settings: "Settings",
    check: "Security check",
    back: "Back to the chats",
  },

  entrance: {
    title: "In a low voice",
    text: "Messages that only you and the people you write to can read. Not even the server can.",
    signIn: "Sign in",
    create: "Create account",
    which: "Sign in or create an account",
    name: "User name",
    nameHint: "3 to 32 of a–z, 0–9, dot and underscore, beginning with a letter. Others find you by it.",
    password: "Password",
    show: "Show the password",
    passwordHint:
      "It never leaves this device, so nobody can reset it for you. Four words that do not belong together are good.",
    strength: {
      none: "Not chosen yet",
      weak: "Easy to guess",
      fair: "Could be stronger",
      good: "Good",
      strong: "Strong",
    },
    working: "Stretching the password, which takes a moment on purpose",
    code: "Code",
    codeTitle: "One more proof",
    codeHint: "The six digits of your authenticator, or one of the codes that you have written down.",
    confirm: "Confirm",
  },

  obstacles: {
    "wrong-password": "The name or the password is not right. Check both; capital letters count in the password.",
    "wrong-code": "This code is not right, or was used before. Wait for the next one.",
    "name-taken": "Somebody has this name already. Choose another one.",
    "name-unusable": "This name or password cannot be used. Look at the hints and change it.",
    "password-unusable": "This password is empty or too long. Choose another one.",
    "registration-closed": "This server takes no new accounts. Ask whoever runs it.",
    suspended: "This account was suspended. Ask whoever runs the server.",
    "too-often": "Too many tries. Wait a few minutes, then try again.",
    "weak-server": "The server wants to protect the password too weakly, so it was not used. Ask whoever runs it.",
    "other-account": "Another account is on this browser. Sign in to that one, or log out first.",
    "bad-vault":
      "What the server keeps for this account does not open. Try again, and ask whoever runs it if it stays.",
    failed: "Something went wrong. Look at your connection and try again.",
    ...obstacles,
  } as Record<Obstacle, string>,

  words: {
    title: "Your recovery words",
    text: "Write these 24 words down on paper, in this order. They are the only way back if you forget the password. They are shown this once.",
    written: "I have written them down",
    ask: (place: string) => `Word ${place}`,
    askText: "To be sure, type these two from your paper.",
    done: "Done",
    again: "Show the words again",
    wrong: "At least one of them is not right. Compare it with your paper.",
  },

  chats: {
    title: "Chats",
    searching: "Looking",
    nobody: "There is no such person here, or they do not want to be found.",
    empty: "No chats yet",
    emptyText: "Start one with somebody whose user name you know. Tell them yours.",
    requests: "Requests",
    saved: "Saved messages",
    group: "Group",
    draft: "Draft",
    you: "You",
    deleted: "Message deleted",
    poll: "Poll",
    task: "Task",
    unread: (count: number, text: string) => `${text} unread ${plural(count, { one: "message", other: "messages" })}`,
    opening: "Opening",
    unnamed: "No name yet",
  },

  chat: {
    choose: "Choose a chat",
    chooseText: "Or start a new one. Nothing that is said here can be read by the server.",
    write: "Write a message",
    send: "Send",
    typing: (name: string) => `${name} is writing`,
    here: "Here now",
    sealed: "End-to-end encrypted",
    today: "Today",
    yesterday: "Yesterday",
    unread: "New messages",
    edited: "edited",
    states: { queued: "Waiting to be sent", sent: "Sent", read: "Read", refused: "Not sent" },
    takeBack: "Take back",
    empty: "Nothing said yet",
    gone: "This chat is not on this device.",
    members: (count: number, text: string) => `${text} ${plural(count, { one: "member", other: "members" })}`,
    request: (name: string) => `${name} wants to write to you.`,
    requestText: "They see that you have read nothing until you accept.",
    accept: "Accept",
    decline: "Decline",
    block: "Decline and block",
    trouble: "Something in this chat does not add up. Nothing more is sent until that is settled.",
    key: (name: string) => `The security key of ${name} has changed.`,
    keyText:
      "That happens when somebody begins anew on all devices, and when somebody else poses as them. Ask them by another way.",
    keyStops: "You had verified the old key, so nothing is sent until you decide.",
    keyTake: "It is really them",
    keyKeep: "Keep the old key",
    somebody: "Somebody",
  },

  lines: {
    added: (who: string, by: string) => `${by} added ${who}`,
    removed: (who: string, by: string) => `${by} removed ${who}`,
    left: (who: string) => `${who} left`,
    role: (who: string, by: string) => `${by} changed the role of ${who}`,
    policy: (by: string) => `${by} changed the rules`,
    renamed: (by: string) => `${by} changed the title`,
    "device-added": (who: string) => `${who} has a new device`,
    "device-removed": (who: string) => `${who} removed a device`,
    "key-changed": (who: string) => `The security key of ${who} has changed`,
    unreadable: () => "Something here cannot be read by this device",
  },

  troubles: {
    "bad-commit": "Something here does not add up",
    "log-contradicted": "Something here does not add up",
    "log-truncated": "Something here does not add up",
    "directory-forked":
      "The server's directory of keys is not the one that others see, or that was here before. Compare safety numbers",
    "directory-went-back":
      "The server's directory of keys is older than before. Compare safety numbers, and ask the operator",
    "directory-bad-proof": "The server cannot prove what it says about keys. Compare safety numbers",
    "directory-withdrawn":
      "The server no longer shows its directory of keys. Compare safety numbers, and ask the operator",
    "keys-not-in-directory":
      "The keys handed out here are not those that the server publishes. Nothing is sent until you compare the safety number",
    "keys-taken-back":
      "The server took back keys that it had published. Nothing is sent until you compare the safety number",
    "promise-broken":
      "The server did not publish keys as it had promised. Nothing is sent until you compare the safety number",
    "foreign-key":
      "The server publishes a key for your account that is not yours. It may read what others write to you",
  },

  preferences: {
    theme: "Appearance",
    themes: { system: "Like the system", light: "Light", dark: "Dark" },
    language: "Language",
  },

  verdict: {
    running: { title: "Checking this browser", text: "Sotto makes sure of everything before it trusts it." },
    held: {
      title: "Sotto is open in another tab",
      text: "Only one tab at a time may write to the store. This one takes over by itself as soon as the other is closed.",
    },
    ok: {
      title: "Everything checks out",
      text: "The encryption core runs on this device, and its encrypted store is open.",
    },
    limited: {
      title: "Ready, with one limit",
      text: "Everything works while you are connected. What is missing is explained below.",
    },
    failed: { title: "Something needs your attention", more: "See what to do" },
  },

  states: { waiting: "Waiting", running: "Running", ok: "Passed", failed: "Failed" },

  steps: {
    context: {
      title: "Secure connection",
      meaning: "A browser gives private storage and keys only to pages that arrive securely.",
    },
    worker: {
      title: "Separate worker",
      meaning:
        "Keys and messages live apart from what you see. This page may ask for work to be done, never for a key.",
    },
    core: {
      title: "Encryption core",
      meaning: "Everything is encrypted by one piece of Rust code, the same in every client.",
    },
    primitives: {
      title: "Cryptographic self-test",
      meaning: "Each building block is run on this device and compared with published answers.",
    },
    tab: {
      title: "One writer",
      meaning: "Only one tab may write to the store, so no two can ever disagree.",
    },
    store: {
      title: "Encrypted store",
      meaning: "What is kept on this device is encrypted. The browser guards the key apart from the files.",
    },
    offline: {
      title: "Works offline",
      meaning: "The app itself stays on this device and opens without a connection.",
    },
  },

  findings: {
    held: "Waiting for the other tab to be closed.",
    encrypted: "Encrypted, written and read back",
    plain: "Not encrypted",
  },

  primitives: {
    x25519: "agrees on keys",
    ed25519: "signs",
    "chacha20-poly1305": "encrypts and seals",
    "hkdf-sha256": "derives keys",
  } as Record<string, string>,

  facts: {
    openings: (count: number, text: string) => `Opened ${text} ${plural(count, { one: "time", other: "times" })}`,
    since: (date: string) => `on this device, since ${date}`,
    server: "Server",
    serverStates: { unknown: "Asking…", reachable: "In reach", unreachable: "Out of reach" },
    kept: "Storage",
    keptStates: { yes: "The browser keeps it", no: "The browser may clear it when space runs short" },
    core: "Core",
    isolated: "Page",
    isolatedStates: { yes: "Isolated from other sites", no: "Shares a process with other sites" },
  },

  failure: { what: "What happened", todo: "What to do", detail: "Technical detail" },
  failures,

  ...safety,

  update: { text: "A new version of Sotto is ready.", reload: "Reload" },

  announce: {
    step: (title: string, state: string) => `${title}: ${state}.`,
  },
};

export type Messages = typeof en;
