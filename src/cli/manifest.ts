import { readdir, readFile, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { addAbortSignal } from "node:stream";
import { text as streamText } from "node:stream/consumers";
import {
  type Document,
  type DocumentOptions,
  isNode,
  LineCounter,
  type ParseOptions,
  parseAllDocuments,
  type SchemaOptions,
} from "yaml";
import { z } from "zod";
import { isKind } from "../api/kinds.ts";
import { readDocument } from "../api/read.ts";
import { Failure } from "../kit/failures.ts";
import { nearest } from "./nearest.ts";

/** One object of a file. */
export interface Manifest {
  /** As written. */
  readonly object: ManifestObject;
  /** `orders.yaml:12`, where it begins. */
  readonly place: string;
  /** Where a field stands, as near as can be told. */
  readonly placeOf: (path: readonly (string | number)[]) => string;
}

export const ManifestObject = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({
    name: z.string(),
    namespace: z.string().nullish(),
    annotations: z.record(z.string(), z.string()).nullish(),
  }),
});
export type ManifestObject = z.infer<typeof ManifestObject>;

interface Source {
  readonly name: string;
  readonly text: string;
}

export interface Reading {
  readonly workingFolder: string;
  readonly signal: AbortSignal;
}

/** All objects of files, folders and standard input, in order. Everything is read and checked before anything is returned. */
export async function readManifests(paths: readonly string[], reading: Reading): Promise<readonly Manifest[]> {
  if (paths.length === 0) {
    throw new Failure("usage", "no file is named", { hint: "name one with -f FILE, or - for standard input" });
  }
  const sources = await Promise.all(paths.map((path) => sourcesOf(path, reading)));
  const manifests = sources.flat().flatMap(readSource);
  if (manifests.length === 0) throw new Failure("configuration-invalid", `there is no object in ${paths.join(", ")}`);
  return manifests;
}

async function sourcesOf(path: string, { workingFolder, signal }: Reading): Promise<readonly Source[]> {
  // as a stream: from a pipe it does not come at once
  if (path === "-") return [{ name: "standard input", text: await streamText(addAbortSignal(signal, process.stdin)) }];
  try {
    const whole = resolve(workingFolder, path);
    if (!(await stat(whole)).isDirectory()) return [{ name: path, text: await readFile(whole, "utf8") }];
    const names = (await readdir(whole)).filter((name) => /\.(ya?ml|json)$/.test(name)).toSorted();
    return await Promise.all(
      names.map(async (name) => ({ name: join(path, name), text: await readFile(join(whole, name), "utf8") })),
    );
  } catch (error) {
    const isMissing = error instanceof Error && "code" in error && error.code === "ENOENT";
    throw new Failure("usage", `reading ${path}: ${isMissing ? "there is no such file" : String(error)}`);
  }
}

/** YAML 1.1, in which 0644 is octal and `yes` is true, but for its times and its numbers with colons. */
const asKubectl: ParseOptions & DocumentOptions & SchemaOptions = {
  version: "1.1",
  customTags: (tags) =>
    tags.filter(
      (tag) => typeof tag !== "object" || (tag.format !== "TIME" && tag.tag !== "tag:yaml.org,2002:timestamp"),
    ),
  prettyErrors: false,
};

/** What a YAML or JSON text holds; Lists are taken apart. */
export function readSource({ name, text }: Source): readonly Manifest[] {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { ...asKubectl, lineCounter: lines });
  if (!Array.isArray(documents)) return [];
  return documents.flatMap((document, at) => {
    const [mistake] = document.errors;
    if (mistake !== undefined) {
      const line = lines.linePos(mistake.pos[0]).line;
      throw new Failure("configuration-invalid", `${name}:${line}: document ${at + 1}: ${mistake.message}`);
    }
    return objectsOf(document, { name, number: at + 1, lines });
  });
}

interface Where {
  readonly name: string;
  readonly number: number;
  readonly lines: LineCounter;
}

function objectsOf(document: Document.Parsed, where: Where): readonly Manifest[] {
  const value: unknown = document.toJS();
  if (value === null || value === undefined) return [];
  const placeAt = placeIn(document, where);
  const items = listItems(value);
  if (items === undefined) return [checked(value, placeAt([]), placeAt)];
  return items.map((item, at) => checked(item, placeAt(["items", at]), (path) => placeAt(["items", at, ...path])));
}

const List = z.object({ kind: z.string().regex(/List$/), items: z.array(z.unknown()) });

function listItems(value: unknown): readonly unknown[] | undefined {
  return List.safeParse(value).data?.items;
}

function placeIn(document: Document.Parsed, { name, lines }: Where) {
  return (path: readonly (string | number)[]): string => {
    for (let length = path.length; length >= 0; length--) {
      const start = startOf(document, path.slice(0, length));
      if (start !== undefined) return `${name}:${lines.linePos(start).line}`;
    }
    return name;
  };
}

/** Where a value begins; of a field, where its name does, which may be a line before. */
function startOf(document: Document.Parsed, path: readonly (string | number)[]): number | undefined {
  const node: unknown = path.length === 0 ? document.contents : document.getIn(path, true);
  return isNode(node) ? node.range?.[0] : undefined;
}

function checked(value: unknown, place: string, placeOf: Manifest["placeOf"]): Manifest {
  const result = ManifestObject.safeParse(value);
  if (!result.success) {
    const missing = result.error.issues[0]?.path.join(".") ?? "";
    const hint = missing === "metadata.name" ? "generateName works with kubectl create only" : "";
    const what = missing === "" ? "this is no object" : `${missing} is missing or no text`;
    throw new Failure("configuration-invalid", `${place}: ${what}`, { hint });
  }
  const manifest = { object: result.data, place, placeOf };
  if (isKind(result.data.kind) && result.data.apiVersion.includes("appscode.com")) checkOurs(manifest);
  return manifest;
}

/** Ours are checked here, before anything is sent: the sentences are better, and nothing is done by halves. */
function checkOurs({ object, place, placeOf }: Manifest): void {
  let unknownFields: readonly string[];
  try {
    ({ unknownFields } = readDocument(object));
  } catch (error) {
    if (!Failure.is(error, "configuration-invalid")) throw error;
    const field = /: ([a-z][\w.[\]]*) (?:must|is|cannot) /i.exec(error.message)?.[1];
    const at = field === undefined ? place : placeOf(partsOf(field));
    throw new Failure("configuration-invalid", `${at}: ${error.message}`, { hint: error.hint ?? "" });
  }
  const [field] = unknownFields;
  if (field === undefined) return;
  throw unknownField(field, { object, place, placeOf });
}

/** `field`: `spec.taks.name`, `spec.steps[0].x`. */
export function unknownField(field: string, { object, placeOf }: Manifest): Failure {
  const path = partsOf(field);
  const message = `${placeOf(path)}: ${object.kind} ${object.metadata.name}: unknown field ${field}`;
  const last = String(path.at(-1) ?? "");
  const guess = nearest(last, siblingWords[object.kind] ?? []);
  return new Failure("configuration-invalid", message, {
    hint: guess === undefined ? "a field that is not known would be dropped without a word" : `did you mean ${guess}?`,
  });
}

/** Fields that are often written wrong. */
const ours = [
  "schedule",
  "repository",
  "target",
  "task",
  "params",
  "retentionPolicy",
  "paused",
  "runtimeSettings",
  "tempDir",
];
const siblingWords: Readonly<Record<string, readonly string[]>> = {
  BackupConfiguration: [
    ...ours,
    "interimVolumeTemplate",
    "hooks",
    "backupHistoryLimit",
    "timeOut",
    "retryConfig",
    "keepLast",
  ],
  RestoreSession: [...ours, "interimVolumeTemplate", "hooks", "timeOut", "rules", "snapshots"],
  Repository: ["backend", "storageSecretName", "wipeOut", "usagePolicy", "bucket", "endpoint", "prefix", "mountPath"],
  AppBinding: [
    "clientConfig",
    "secret",
    "type",
    "version",
    "parameters",
    "secretTransforms",
    "caBundle",
    "insecureSkipTLSVerify",
  ],
};

function partsOf(field: string): readonly (string | number)[] {
  return [...field.matchAll(/\[(\d+)\]|[^.[\]]+/g)].map(([text, index]) =>
    index === undefined ? text : Number(index),
  );
}
