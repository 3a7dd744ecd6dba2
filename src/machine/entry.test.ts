import { expect, test } from "vitest";
import { type Entry, entryOf } from "./entry.ts";

const here = {
  image: "ghcr.io/coldstream/coldstream:1.2.0",
  entry: ["/usr/bin/node", "/app/main.ts"],
  allowCommands: ["/bin/true"],
};
const image = here.image;

const run = (program: string, ...args: string[]): Entry => ({ kind: "run", program, args });

test.each<[string, Parameters<typeof entryOf>[0], Entry]>([
  [
    "runs the entry point with the container's args",
    { image, args: ["task", "x"] },
    run("/usr/bin/node", "/app/main.ts", "task", "x"),
  ],
  ["takes an empty command for none", { image, command: [], args: ["a"] }, run("/usr/bin/node", "/app/main.ts", "a")],
  ["runs a command that is allowed", { image, command: ["/bin/true"], args: ["a"] }, run("/bin/true", "a")],
  [
    "refuses another command",
    { image, command: ["/bin/sh", "-c", "x"] },
    { kind: "refused", message: `this node runs the entry point of ${image} alone, not the command "/bin/sh"` },
  ],
  [
    "has no other image",
    { image: "nats:2.12" },
    { kind: "no image", message: `image "nats:2.12" is not known here: this node runs ${image} alone` },
  ],
  [
    "has no other tag",
    { image: "ghcr.io/coldstream/coldstream:1.3.0" },
    {
      kind: "no image",
      message: `image "ghcr.io/coldstream/coldstream:1.3.0" is not known here: this node runs ${image} alone`,
    },
  ],
])("%s", (_title, container, expected) => expect(entryOf(container, here)).toEqual(expected));

test.each([
  ["coldstream", "docker.io/library/coldstream:latest", true],
  ["me/coldstream", "docker.io/me/coldstream", true],
  ["localhost:5000/coldstream", "localhost:5000/coldstream:latest", true],
  ["coldstream:1", "coldstream", false],
])("%s and %s are the same image: %s", (asked, known, same) =>
  expect(entryOf({ image: asked }, { image: known, entry: ["/x"] }).kind).toBe(same ? "run" : "no image"),
);
