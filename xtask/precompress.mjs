// Compresses what the browser downloads, once, as small as it gets: beside each file of web/dist its .br and .gz.
//
//   node xtask/precompress.mjs web/dist
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const COMPRESSIBLE = /\.(css|html|js|json|svg|txt|wasm|webmanifest)$/;

const folder = process.argv[2];
for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || !COMPRESSIBLE.test(entry.name)) continue;
  const path = join(entry.parentPath ?? entry.path, entry.name);
  const content = readFileSync(path);
  write(`${path}.br`, brotli(content), content);
  write(`${path}.gz`, gzipSync(content, { level: 9 }), content);
}

function brotli(content) {
  return brotliCompressSync(content, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: 11,
      [constants.BROTLI_PARAM_LGWIN]: 24,
      [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
    },
  });
}

// A variant that is no smaller only costs room.
function write(path, compressed, content) {
  if (compressed.length < content.length) writeFileSync(path, compressed);
}
