import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { libraries, rooms, violations } from "../tests/support/architecture.ts";

const root = join(import.meta.dirname, "..");

function read(path: string): { readonly path: string; readonly text: string } {
  return { path, text: readFileSync(join(root, path), "utf8") };
}

describe("the source", () => {
  const paths = globSync("src/**/*.ts", { cwd: root }).map((path) => path.replaceAll("\\", "/"));
  const sources = paths.sort().map(read);

  test("keeps to the rooms, the tables and the sizes", () => {
    expect(sources.length).toBeGreaterThan(3);
    expect(violations(sources)).toEqual([]);
  });
  test("has a line in docs/adr/dependencies.md for every package it depends on", () => {
    const { dependencies, devDependencies } = JSON.parse(read("package.json").text) as Record<string, object>;
    const explained = [...read("docs/adr/dependencies.md").text.matchAll(/^\| `([^`]+)`/gm)].map(([, name]) => name);
    expect(explained.sort()).toEqual([...Object.keys({ ...dependencies, ...devDependencies })].sort());
  });
});

describe("the rooms", () => {
  test("have one direction: none imports another that imports it, however far", () => {
    const reach = (room: string, seen: readonly string[]): void => {
      expect(seen).not.toContain(room);
      for (const next of rooms[room] ?? []) reach(next, [...seen, room]);
    };
    for (const room of Object.keys(rooms)) reach(room, []);
  });
  test("hide the command line from all others", () => {
    expect(Object.entries(rooms).filter(([, allowed]) => allowed.includes("cli"))).toEqual([]);
  });
  test("give each library to one file, Node's own to one a room", () => {
    for (const [name, files] of Object.entries(libraries)) {
      const places = name.startsWith("node:") ? files.map((path) => path.split("/")[1]) : files.map(() => "src");
      expect(places, name).toEqual([...new Set(places)]);
    }
  });
});

describe("the checker", () => {
  test.each([
    ["a room inwards", "src/vault/a.ts", `import { b } from "../nats/b.ts";`],
    ["the same room", "src/nats/a.ts", `export * from "./codec/s2.ts";`],
    ["a library in its file", "src/nats/connection.ts", `import { connect } from "@nats-io/transport-node";`],
    ["a library in a test", "src/vault/a.test.ts", `import { jetstream } from "@nats-io/jetstream";`],
    ["support in a test", "src/vault/a.test.ts", `import { s } from "../../tests/support/nats-server.ts";`],
    ["the environment in its reader", "src/cli/environment.ts", `export const read = () => ({ ...process.env });`],
    ["an import in a comment", "src/kit/a.ts", `// import "../cli/main.ts";\n/* process.env */`],
    ["an import in a string", "src/kit/a.ts", `export const text = 'import "../cli/main.ts"';`],
    ["Coldstream in a comment", "src/nats/a.ts", `/** Coldstream relies on it. */\nexport const a = 1;`],
    ["Coldstream elsewhere", "src/vault/a.ts", `export const name = "coldstream.json";`],
    ["a property called env", "src/kit/a.ts", `export const of = (plan: { env: object }) => plan.env;`],
    ["300 lines", "src/kit/a.ts", "export {};\n".repeat(300)],
  ])("allows %s", (_title, path, text) => expect(violations([{ path, text }])).toEqual([]));

  test.each([
    ["a room outwards", "src/nats/a.ts", `import { b } from "../vault/b.ts";`, "nats must not import vault"],
    ["a type outwards", "src/kit/a.ts", `import type { B } from "../api/b.ts";`, "kit must not import api"],
    ["import() of a room", "src/kit/a.ts", `const b = await import("../nats/b.ts");`, "kit must not import nats"],
    ["import() with a template", "src/kit/a.ts", "await import(`../nats/b.ts`);", "kit must not import nats"],
    ["import() of a computed name", "src/kit/a.ts", `await import(name);`, "computed name"],
    ["an inline import type", "src/kit/a.ts", `let b: import("../nats/b.ts").B;`, "kit must not import nats"],
    ["export from", "src/repository/a.ts", `export { b } from "../nats/b.ts";`, "repository must not import nats"],
    ["export all from", "src/repository/a.ts", `export * from "../nats/b.ts";`, "repository must not import nats"],
    ["an import for effect", "src/operator/a.ts", `import "../vault/b.ts";`, "operator must not import vault"],
    ["a worker's file", "src/kit/a.ts", `new URL("../nats/b.ts", import.meta.url);`, "kit must not import nats"],
    ["the command line", "src/tasks/a.ts", `import { main } from "../cli/main.ts";`, "tasks must not import cli"],
    ["a longer way", "src/nats/x/a.ts", `import { b } from "../../../src/cli/b.ts";`, "nats must not import cli"],
    ["a test", "src/nats/a.ts", `import { b } from "./b.test.ts";`, "imports the test"],
    ["support outside a test", "src/nats/a.ts", `import "../../tests/support/b.ts";`, "outside src"],
    ["a room from a test beside it", "src/nats/a.test.ts", `import "../vault/b.ts";`, "nats must not import vault"],
    ["no ending", "src/nats/a.ts", `import { b } from "./b";`, "ending is missing"],
    ["an unknown room", "src/utils/a.ts", `export {};`, "no room"],
    [
      "a library elsewhere",
      "src/vault/a.ts",
      `import { execa } from "execa";`,
      "may be imported in src/kit/program.ts",
    ],
    ["part of a library", "src/vault/a.ts", `import x from "node:net/x";`, "may be imported in"],
    ["a builtin by its short name", "src/vault/a.ts", `import net from "net";`, "may be imported in"],
    ["a builtin by require", "src/kit/a.ts", `require("child_process");`, "src/kit/program.ts"],
    ["a builtin by name", "src/kit/a.ts", `process.getBuiltinModule("node:dgram");`, "tests only"],
    ["the environment", "src/kit/a.ts", `const a = process.env.HOME;`, "process.env is read"],
    ["the environment by a string", "src/kit/a.ts", `const a = process["env"];`, "process.env is read"],
    ["the environment taken apart", "src/kit/a.ts", `const { env } = process;`, "process.env is read"],
    ["the environment imported", "src/kit/a.ts", `import { env } from "node:process";`, "process.env is read"],
    ["the environment of the globals", "src/kit/a.ts", `globalThis.process.env;`, "process.env is read"],
    ["a default export", "src/kit/a.ts", `export default 1;`, "default export"],
    ["a named default export", "src/kit/a.ts", `const a = 1;\nexport { a as default };`, "default export"],
    ["a module mock", "src/kit/a.test.ts", `vi.mock("./b.ts");`, "pass the double in"],
    ["Coldstream in a string", "src/nats/a.ts", `export const a = "Coldstream";`, "does not know Coldstream"],
    ["Coldstream in a template", "src/nats/a.ts", "export const a = `coldstream`;", "does not know"],
    ["Coldstream in a name", "src/nats/a.ts", `export const isColdstream = 1;`, "does not know Coldstream"],
    ["Coldstream in a pattern", "src/nats/a.ts", `export const a = /coldstream/;`, "does not know Coldstream"],
    ["301 lines", "src/kit/a.ts", "export {};\n".repeat(301), "301 lines, at most 300"],
  ])("refuses %s", (_title, path, text, complaint) => {
    expect(violations([{ path, text }]).join("\n")).toContain(complaint);
  });

  test("names the line", () => {
    const text = `/* one\n two */\nimport "../cli/a.ts";`;
    expect(violations([{ path: "src/nats/a.ts", text }])[0]).toMatch(/^src\/nats\/a\.ts:3: /);
  });
});
