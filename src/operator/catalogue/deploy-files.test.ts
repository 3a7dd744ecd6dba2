import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import project from "../../../package.json" with { type: "json" };
import { deployFiles } from "./deploy-files.ts";

const folder = join(import.meta.dirname, "../../../deploy");
const files = deployFiles(project.version);

describe("deploy", () => {
  test.each([...files.keys()])("%s says what src/operator says", (name) => {
    const isSame = readFileSync(join(folder, name), "utf8") === files.get(name);
    expect(isSame, "src/operator has changed; run: node scripts/deploy.ts").toBe(true);
  });
  test.each([...files.values()])("each document has a kind and a name", (text) => {
    for (const document of parseAllDocuments(text)) {
      expect(document.toJS()).toMatchObject({ kind: expect.any(String), metadata: { name: expect.any(String) } });
    }
  });
});
