import svelte from "eslint-plugin-svelte";
import { defineConfig } from "eslint/config";
import ts from "typescript-eslint";

const parserOptions = { projectService: true, extraFileExtensions: [".svelte"] };

export default defineConfig(
  { ignores: ["dist/", "src/wasm/", "test-results/"] },
  ts.configs.recommended,
  svelte.configs.recommended,
  {
    files: ["**/*.svelte", "**/*.svelte.ts"],
    languageOptions: { parserOptions: { parser: ts.parser } },
    rules: {
      // Text of other people is text. There is no place in this app where a string becomes HTML.
      "svelte/no-at-html-tags": "error",
      // Elements with a style attribute are refused by the content security policy.
      "svelte/no-inline-styles": "error",
    },
  },
  {
    // These need types. Components are left out: their types are what svelte-check is for.
    files: ["src/**/*.ts", "tests/**/*.ts"],
    ignores: ["src/worker/**", "src/sw/**", "**/*.test.ts", "tests/**"],
    languageOptions: { parserOptions },
    rules: { "@typescript-eslint/no-floating-promises": "error", "@typescript-eslint/no-misused-promises": "error" },
  },
  {
    rules: {
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      // Playwright reads from the pattern which fixtures a test wants; none is a pattern too.
      "no-empty-pattern": ["error", { allowObjectPatternsAsParameters: true }],
    },
  },
);
