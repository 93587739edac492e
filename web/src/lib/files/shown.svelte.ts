/** A picture that is shown, or is to be. */
export class Shown {
  /** Where the browser finds it, once it is here and was found to be a picture. */
  url = $state<string>();
  /** `none`: what came is no picture, or one that cannot be borne. */
  failed = $state<"none" | "not come">();
  /** By how many it is shown. */
  users = 0;
}
