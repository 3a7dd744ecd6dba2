import { describe, expect, test } from "vitest";
import { readSource } from "./manifest.ts";

const configuration = `# nightly
apiVersion: stash.appscode.com/v1beta1
kind: BackupConfiguration
metadata:
  name: nightly
spec:
  schedule: "0 3 * * *"
  retentionPolicy: { name: keep, keepLast: 5, prune: true }
`;
const read = (text: string) => readSource({ name: "a.yaml", text });
const map = (name: string) => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\n`;

describe("the objects of a file", () => {
  test.each([
    ["one", configuration, ["nightly"]],
    ["several, and empty documents", `---\n${map("a")}---\n---\n# nothing\n---\n${map("b")}`, ["a", "b"]],
    ["JSON", JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" } }), ["a"]],
    ["a List", `apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n`, ["a"]],
    ["nothing", "", []],
  ])("%s", (_title, text, names) => expect(read(text).map(({ object }) => object.metadata.name)).toEqual(names));

  test("numbers, words and times are what kubectl takes them for", () => {
    const text = `${map("a")}mode: 0644\nyes: no\ntime: 2026-11-21T03:00:00Z\nday: 2026-11-21\nport: 22:22\n`;
    const [manifest] = read(text);
    expect(manifest?.object).toMatchObject({
      mode: 420,
      true: false,
      time: "2026-11-21T03:00:00Z",
      day: "2026-11-21",
      port: "22:22",
    });
  });
  test("know the line of a field", () => {
    const [manifest] = read(configuration);
    expect([manifest?.place, manifest?.placeOf(["spec", "schedule"]), manifest?.placeOf(["spec", "nothing"])]).toEqual([
      "a.yaml:2",
      "a.yaml:7",
      "a.yaml:7",
    ]);
  });
});

describe("what is wrong is one sentence with the line:", () => {
  test.each([
    [
      "a field that nobody knows",
      configuration.replace("schedule", "shedule"),
      "a.yaml:7: BackupConfiguration nightly: unknown field spec.shedule",
    ],
    [
      "one further in",
      configuration.replace("keepLast: 5", "keepLst: 5"),
      "a.yaml:8: BackupConfiguration nightly: unknown field spec.retentionPolicy.keepLst",
    ],
    [
      "a value of the wrong type",
      configuration.replace("5", '"5"'),
      'a.yaml:8: BackupConfiguration nightly: spec.retentionPolicy.keepLast must be a number, not "5" (leave out the quotes)',
    ],
    ["no YAML", "a: [1\nb: 2\n", "a.yaml:2: document 1: "],
    [
      "a key that is there twice",
      `${map("a")}---\n${map("b")}kind: x\n`,
      "a.yaml:8: document 2: Map keys must be unique",
    ],
    ["no kind", "apiVersion: v1\nmetadata: {name: a}\n", "a.yaml:1: kind is missing or no text"],
    [
      "no name",
      "apiVersion: v1\nkind: ConfigMap\nmetadata: {generateName: a-}\n",
      "a.yaml:1: metadata.name is missing or no text",
    ],
    ["no object", "just a text\n", "a.yaml:1: this is no object"],
  ])("%s", (_title, text, message) => expect(() => read(text)).toThrow(message));
  test("with a guess at what was meant", () => {
    expect(() => read(configuration.replace("schedule", "shedule"))).toThrow(
      expect.objectContaining({ hint: "did you mean schedule?" }),
    );
  });
});
