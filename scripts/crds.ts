/** `node scripts/crds.ts`: writes deploy/crds anew from the schemas in src/api. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { crdFiles } from "../src/api/crd-file.ts";

const folder = join(import.meta.dirname, "../deploy/crds");
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
for (const [name, text] of crdFiles()) writeFileSync(join(folder, name), text);
