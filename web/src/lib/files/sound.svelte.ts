/** A voice message as it is heard. */
export class Sound {
  stage = $state<"still" | "coming" | "playing">("still");
  atMs = $state(0);
  /** `none`: what came cannot be played. */
  failed = $state<"none" | "not come">();
  url: string | undefined;
}

/** How fast all of them are heard. */
export class Pace {
  rate = $state(1);
}
