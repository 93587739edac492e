// The English words of files and pictures.
import type { Obstacle } from "../../wasm/sotto_wasm_client.js";
import { pluralFor } from "./plural.ts";

const plural = pluralFor("en");

export const files = {
  attach: "Attach files",
  drop: "Drop files here to send them",
  picture: "Picture",
  unnamed: "File",
  pictures: (count: number) => `${count} ${plural(count, { one: "picture", other: "pictures" })}`,
  several: (count: number) => `${count} ${plural(count, { one: "file", other: "files" })}`,
  send: {
    title: (count: number) => `Send ${count} ${plural(count, { one: "file", other: "files" })}`,
    caption: "Add a text",
    asFiles: "Send pictures as files",
    asFilesText: "Unchanged, in full size, with everything that is written in them, such as where they were taken.",
    asPicturesText:
      "Pictures are made smaller here, and nothing goes with them about where and with what they were taken. Moving pictures go unchanged, as files.",
    preparing: (done: string, all: string) => `Making pictures ready: ${done} of ${all}`,
    drop: (name: string) => `Take ${name} off the list`,
    tooLarge: (name: string, max: string) => `${name} is too large. A file may have ${max}.`,
    empty: "Folders cannot be sent. Choose the files in them.",
    failed: "The files could not be sent. Try it again.",
  },
  state: {
    waiting: "Waiting",
    paused: "Paused",
    progress: (done: string, size: string) => `${done} of ${size}`,
    speed: (size: string) => `${size}/s`,
    left: (time: string) => `${time} left`,
  },
  act: {
    save: (name: string) => `Save ${name}`,
    pause: (name: string) => `Pause ${name}`,
    resume: (name: string) => `Go on with ${name}`,
    retry: (name: string) => `Try ${name} again`,
    cancel: (name: string) => `Cancel ${name}`,
    again: "Choose the file again",
  },
  obstacles: {
    "source-missing": "This page cannot read the file any more. Choose it again, and it goes on from where it was.",
    "source-changed":
      "This is not the file that was being sent, or it was changed. Choose the same file, or cancel and send the new one.",
    "no-room":
      "There is no room left on this device, or the browser gives this site no more. Free some space, then try again.",
    "file-system": "The browser cannot read or write the file. Try again, or choose it again.",
    "too-large": "The server takes no file of this size.",
    "quota-exceeded":
      "Your room on the server is used up. Delete files that you have sent, or ask whoever runs it for more.",
    "not-allowed": "You may not send files here.",
    "not-there": "The server does not have this file any more.",
    damaged: "What the server has is not the file that was sent. Nothing of it was kept.",
    refused: "The server did not take it. Try again later.",
  } satisfies Record<Obstacle["type"], string>,
  trouble: {
    "too-large-here": "This browser cannot save a file of this size. Use another one, or the terminal.",
    disk: "There is no room for the file where you wanted it.",
    failed: "The file could not be saved. Try it again.",
  },
  view: {
    title: (place: string, all: string) => `Picture ${place} of ${all}`,
    open: (name: string) => `Open ${name}`,
    noPicture: "This cannot be shown as a picture. It can be saved as a file.",
    notCome: "The picture could not be fetched.",
    loading: "Loading the picture",
    next: "Next picture",
    previous: "Previous picture",
    larger: "Larger",
    smaller: "Smaller",
    close: "Close",
  },
  voice: {
    name: "Voice message",
    record: "Record a voice message",
    recording: "Recording",
    discard: "Discard the recording",
    send: "Send the voice message",
    full: "A voice message may have half an hour. Send it or discard it.",
    refused:
      "The browser lets this site hear no microphone. Allow it in the settings of this site, or plug one in, and try again.",
    failed: "The voice message could not be sent. Try it again.",
    play: "Play the voice message",
    pause: "Pause the voice message",
    position: "Where it is heard",
    rate: (rate: string) => `Speed ${rate}`,
    noSound: "This cannot be played. It can be saved as a file.",
    notCome: "The voice message could not be fetched. Try it again.",
  },
  storage: {
    title: "Files on this device",
    text: "Files and pictures that were fetched are kept here, encrypted, until there are too many. Then those go that nobody has looked at for the longest time. All of them can be fetched again.",
    kept: (count: number, text: string) => `${text} ${plural(count, { one: "file", other: "files" })}`,
    clear: "Remove them all",
  },
};

export type Files = typeof files;
