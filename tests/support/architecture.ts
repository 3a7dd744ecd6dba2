import { posix } from "node:path";
import { type Finding, findingsOf, type SourceFile } from "./import-graph.ts";

/** Which rooms of src/ a room may import, itself understood (docs/design 2). `cli` may import all, nobody imports `cli`. */
export const rooms: Readonly<Record<string, readonly string[]>> = {
  kit: [],
  api: ["kit"],
  nats: ["kit"],
  repository: ["kit"],
  vault: ["kit", "nats", "repository"],
  kube: ["kit", "api"],
  metrics: ["kit", "api"],
  operator: ["kit", "api", "kube", "metrics"],
  machine: ["kit", "api", "kube"],
  tasks: ["kit", "api", "nats", "vault", "kube", "repository", "metrics"],
  local: ["kit", "api"],
  dashboard: ["kit", "api", "kube"],
  cli: [
    ...["kit", "api", "nats", "repository", "vault", "kube", "metrics"],
    ...["operator", "machine", "tasks", "local", "dashboard"],
  ],
};

/**
 * Libraries that reach programs, the network or a store, and the one file that may import each; [] where only tests may.
 * Node's own have one a room: naming a TLS server needs `isIP`, a plain TCP probe goes before restic (which retries for
 * minutes), an API server is spoken to over HTTP, and so are the users' hooks.
 * `node:child_process` has two: what a pod runs outlives the runner, which execa's children do not. `node:https` has a client and a server.
 */
export const libraries: Readonly<Record<string, readonly string[]>> = {
  "@nats-io/transport-node": ["src/nats/connection.ts"],
  "@nats-io/nkeys": ["src/nats/credentials.ts"],
  "@nats-io/jetstream": [],
  "@nats-io/kv": [],
  "@nats-io/obj": [],
  "@peculiar/x509": ["src/kit/certificate.ts"],
  execa: ["src/kit/program.ts"],
  "node:child_process": ["src/kit/program.ts", "src/machine/process.ts"],
  ws: ["src/kube/exec.ts"],
  "node:net": ["src/nats/tls.ts", "src/repository/reach.ts", "src/tasks/hooks/dial.ts"],
  "node:tls": ["src/nats/tls.ts", "src/kube/transport.ts"],
  "node:dgram": [],
  "node:http": [
    "src/kube/transport.ts",
    "src/metrics/server.ts",
    "src/tasks/hooks/dial.ts",
    "src/repository/rest-wipe.ts",
    "src/local/https.ts",
  ],
  "node:http2": [],
  "node:https": [
    "src/kube/transport.ts",
    "src/machine/log-server.ts",
    "src/tasks/hooks/dial.ts",
    "src/repository/rest-wipe.ts",
    "src/local/https.ts",
  ],
  "node:sqlite": ["src/local/store.ts"],
};

/** The only readers of process.env. */
export const environmentReaders: readonly string[] = ["src/cli/environment.ts", "src/tasks/environment.ts"];

export const mostLines = 300;

/** Everything in these files that breaks the rules, one line each, sorted: "path:line: what". */
export function violations(sources: readonly SourceFile[]): readonly string[] {
  return sources.flatMap((source) => [...sizeOf(source), ...findingsOf(source).flatMap((each) => judge(source, each))]);
}

function sizeOf({ path, text }: SourceFile): readonly string[] {
  const lines = text.trimEnd().split("\n").length;
  const room = roomOf(path);
  return [
    ...(lines > mostLines ? [`${path}: ${lines} lines, at most ${mostLines}`] : []),
    ...(room !== undefined && rooms[room] === undefined ? [`${path}: src/${room} is no room of the design`] : []),
  ];
}

function judge(source: SourceFile, finding: Finding): readonly string[] {
  const complaint = complaintOf(source.path, finding);
  return complaint === undefined ? [] : [`${source.path}:${finding.line}: ${complaint}`];
}

function complaintOf(path: string, { kind, what }: Finding): string | undefined {
  switch (kind) {
    case "import":
      return what.startsWith(".") ? fileComplaint(path, what) : libraryComplaint(path, what);
    case "computed import":
      return "import() of a computed name: which module it is must stand in the text";
    case "environment":
      return isTest(path) || environmentReaders.includes(path) ? undefined : "process.env is read here";
    case "default export":
      return "default export";
    case "module mock":
      return `${what}: pass the double in`;
    case "word":
      return roomOf(path) === "nats" && !isTest(path) && /coldstream/i.test(what)
        ? `src/nats does not know Coldstream: ${what}`
        : undefined;
    default:
      throw new Error(`unknown finding ${kind satisfies never}`);
  }
}

function fileComplaint(path: string, what: string): string | undefined {
  const target = posix.join(posix.dirname(path), what);
  if (!/\.(ts|json)$/.test(target)) return `import of ${what}: the file's ending is missing`;
  if (!target.startsWith("src/")) {
    return isTest(path) || target === "package.json" ? undefined : `imports ${target}, which is outside src`;
  }
  if (isTest(target)) return `imports the test ${target}`;
  const [from, to] = [roomOf(path), roomOf(target)];
  if (from === undefined || from === to) return undefined;
  if (to === undefined || rooms[from]?.includes(to) !== true)
    return `${from} must not import ${to ?? "src"} (${target})`;
  return undefined;
}

function libraryComplaint(path: string, what: string): string | undefined {
  const allowed = Object.entries(libraries).find(([name]) => sameLibrary(what, name))?.[1];
  if (allowed === undefined || isTest(path) || allowed.includes(path)) return undefined;
  return `${what} may be imported in ${allowed.join(" and ") || "tests only"} (tests/support/architecture.ts has the table)`;
}

/** "net" is "node:net"; "execa/sub" is execa. */
function sameLibrary(what: string, name: string): boolean {
  return [name, name.replace(/^node:/, "")].some((each) => what === each || what.startsWith(`${each}/`));
}

function roomOf(path: string): string | undefined {
  return /^src\/([^/]+)\//.exec(path)?.[1];
}

function isTest(path: string): boolean {
  return path.endsWith(".test.ts") || !path.startsWith("src/");
}
