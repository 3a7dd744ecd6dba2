/** `node scripts/deploy.ts`: writes deploy/*.yaml anew: the operator, its rights, the catalogue. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { deployFiles } from "../src/operator/catalogue/deploy-files.ts";

const root = join(import.meta.dirname, "..");
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
for (const [name, text] of deployFiles(version)) writeFileSync(join(root, "deploy", name), text);
