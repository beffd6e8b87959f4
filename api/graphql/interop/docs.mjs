// The programs of docs/graphql.md, as a reader would copy them: a js block whose first line is // NAME.mjs.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const here = import.meta.dirname;
const page = readFileSync(join(here, "../../../docs/graphql.md"), "utf8");

export async function program(name) {
  const block = page.match(new RegExp("```js\\n// " + name.replace(".", "\\.") + "\\n[^]*?```"));
  if (!block) throw new Error(`docs/graphql.md has no program ${name}`);
  const dir = join(here, "node_modules/.docs"); // from where the libraries are found
  mkdirSync(dir, { recursive: true });
  const file = join(dir, name);
  writeFileSync(file, block[0].slice("```js\n".length, -"```".length));
  return import(file);
}
