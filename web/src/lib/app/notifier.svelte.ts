import { recall, remember } from "../remember.ts";
import type { Messages } from "../i18n/en.ts";
import { DISCRETIONS, type Discretion, type News } from "./notify.ts";
import { inALine, titleOf } from "./words.ts";

const SHOWN_MS = 6000;

/** A word about what came in while the person looked elsewhere: on the page, or by the system if they allow it. */
export class Notifier {
  /** What is shown on the page. */
  shown = $state.raw<News>();
  denied = $state(false);
  #discretion = $state<Discretion>("off");
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    const remembered = recall("notifications");
    this.#discretion = DISCRETIONS.find((discretion) => discretion === remembered) ?? "off";
  }

  get discretion(): Discretion {
    return this.#discretion;
  }

  /** The choice of the person; the browser asks them as well. */
  async choose(discretion: Discretion): Promise<void> {
    this.denied = discretion !== "off" && !(await isPermitted());
    this.#discretion = this.denied ? "off" : discretion;
    remember("notifications", this.#discretion);
  }

  tell(news: News, t: Messages, go: () => void): void {
    if (document.hidden) this.#tellBySystem(news, t, go);
    else this.#show(news);
  }

  dismiss(): void {
    clearTimeout(this.#timer);
    this.shown = undefined;
  }

  #show(news: News): void {
    this.dismiss();
    this.shown = news;
    this.#timer = setTimeout(() => this.dismiss(), SHOWN_MS);
  }

  #tellBySystem({ chat, item }: News, t: Messages, go: () => void): void {
    if (this.#discretion === "off" || typeof Notification === "undefined") return;
    const body = this.#discretion === "content" ? inALine(item.what, t) : t.notify.somebody;
    // All tabs tell the same under the same name, so that it is shown once.
    const notification = new Notification(titleOf(chat, t), { body, tag: chat.id, icon: "/icon-192.png" });
    notification.addEventListener("click", () => {
      focus();
      go();
      notification.close();
    });
  }
}

async function isPermitted(): Promise<boolean> {
  if (typeof Notification === "undefined") return false;
  return (await Notification.requestPermission()) === "granted";
}
