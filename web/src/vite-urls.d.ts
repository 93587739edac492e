// What the build turns into addresses. The page gets the same from `vite/client`, which needs the globals of a page.
declare module "*.wasm?url" {
  const address: string;
  export default address;
}
