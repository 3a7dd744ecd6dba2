import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import type { DocumentOf } from "../../src/api/documents.ts";
import type { Kind } from "../../src/api/kinds.ts";
import { readKind } from "../../src/api/read.ts";

const folder = join(import.meta.dirname, "../fixtures/manifests");

/** One of the users' manifests (tests/fixtures/manifests), as a server would store it. */
export function manifest<K extends Kind>(kind: K, file: string, name: string): DocumentOf<K> {
  const texts = parseAllDocuments(readFileSync(join(folder, `${file}.yaml`), "utf8"));
  const values: readonly { readonly kind: string; readonly metadata: { readonly name: string } }[] = texts.map((each) =>
    each.toJS(),
  );
  const found = values.find((value) => value.kind === kind && value.metadata.name === name);
  if (found === undefined) throw new Error(`there is no ${kind} ${name} in ${file}.yaml`);
  const metadata = { ...found.metadata, uid: `uid-of-${name}`, creationTimestamp: "2026-11-21T03:00:00Z" };
  return readKind(kind, { ...found, metadata }).document;
}
