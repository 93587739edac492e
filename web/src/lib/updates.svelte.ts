import { isOutdated } from "./offline.ts";

/** Whether a newer version of the app has arrived while this page was open. */
export class Updates {
  ready = $state(false);

  /** Watches until the returned function is called. */
  watch(): () => void {
    if (!("serviceWorker" in navigator)) return () => {};
    const container = navigator.serviceWorker;
    const look = async () => {
      if (container.controller) this.ready = await isOutdated(container.controller);
    };
    const onChange = () => void look();
    container.addEventListener("controllerchange", onChange);
    return () => container.removeEventListener("controllerchange", onChange);
  }
}
