import { mount } from "svelte";
import App from "./App.svelte";

const target = document.getElementById("app");
if (!target) throw new Error("index.html has lost its #app");

// The fallback goes only after the app stands: if mounting throws, the person still gets a sentence to read.
mount(App, { target });
document.getElementById("fallback")?.remove();
