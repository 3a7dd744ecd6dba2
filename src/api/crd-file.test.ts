import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { crds } from "./crd.ts";
import { crdFiles, crdStream } from "./crd-file.ts";

const folder = join(import.meta.dirname, "../../deploy/crds");
const files = crdFiles();

describe("deploy/crds", () => {
  test("has one file for every kind, and no other", () => {
    expect(readdirSync(folder).sort(), "run: node scripts/crds.ts").toEqual([...files.keys()].sort());
  });
  test.each([...files.keys()])("%s says what src/api says", (name) => {
    const isSame = readFileSync(join(folder, name), "utf8") === files.get(name);
    expect(isSame, "src/api has changed; run: node scripts/crds.ts").toBe(true);
  });
});

test("the YAML holds the definitions whole", () => {
  expect([...files.values()].map((text) => parse(text))).toEqual(crds());
  expect(parseAllDocuments(crdStream()).map((each) => each.toJS())).toEqual(crds());
});
