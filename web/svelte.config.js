/** @type {import("svelte/compiler").CompileOptions} */
const compilerOptions = {
  // Elements are made one by one and never from a string of HTML. So the policy for HTML that Svelte would otherwise
  // bring along is not needed, and the browser can be told to refuse every string of HTML.
  fragments: "tree",
  runes: true,
};

export default { compilerOptions };
