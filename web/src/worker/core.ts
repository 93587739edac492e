// Brings the core to life. `init` could do this alone, but would report every fault alike; a person needs to know
// whether the server, the network or a policy is at fault.
import init from "../wasm/sotto_wasm_client.js";
import address from "../wasm/sotto_wasm_client_bg.wasm?url";
import { CheckError, describe } from "../lib/check/failure.ts";

/** The smallest valid module: the magic number and the version. */
const EMPTY_MODULE = Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00);

export async function loadCore(): Promise<void> {
  assertAllowed();
  // A content-hashed name keeps a damaged copy in the browser's cache for a year. The second try goes around it.
  const core = await fetchCore("default").catch(() => fetchCore("reload"));
  try {
    await init({ module_or_path: core });
  } catch (thrown) {
    // A trap is a crash and reported as one; what is left is a module that does not fit its own script.
    if (thrown instanceof WebAssembly.RuntimeError) throw thrown;
    throw new CheckError("core-damaged", describe(thrown));
  }
}

/** A module that is surely valid is refused only by a policy. The wording of the refusal differs between browsers. */
function assertAllowed(): void {
  if (typeof WebAssembly === "undefined") throw new CheckError("no-wasm", "WebAssembly is undefined");
  try {
    new WebAssembly.Module(EMPTY_MODULE);
  } catch (thrown) {
    throw new CheckError("core-blocked", describe(thrown));
  }
}

async function fetchCore(cache: RequestCache): Promise<WebAssembly.Module> {
  return compile(await download(address, cache));
}

async function download(from: string, cache: RequestCache): Promise<Response> {
  const response = await fetch(from, { cache }).catch((thrown: unknown) => {
    throw new CheckError("core-unreachable", describe(thrown));
  });
  if (!response.ok) throw new CheckError("core-missing", `${from}: ${response.status}`);
  const type = response.headers.get("content-type") ?? "no type";
  if (type !== "application/wasm") throw new CheckError("core-wrong-type", `${from}: ${type}`);
  return response;
}

async function compile(response: Response): Promise<WebAssembly.Module> {
  try {
    return await WebAssembly.compileStreaming(response);
  } catch (thrown) {
    const cut = !(thrown instanceof WebAssembly.CompileError);
    throw new CheckError(cut ? "core-unreachable" : "core-damaged", describe(thrown));
  }
}
