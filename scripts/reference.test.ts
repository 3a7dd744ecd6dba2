import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { referencePages } from "./reference/pages.ts";

test.each([...(await referencePages())])(
  "%s is as the source says (else run: node scripts/reference.ts)",
  async (path, text) => {
    expect(await readFile(join(import.meta.dirname, "..", path), "utf8")).toBe(text);
  },
);
