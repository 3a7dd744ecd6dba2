// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how Functions name variables
import { describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import type { StashFunction } from "../../api/function.ts";
import { readDocument } from "../../api/read.ts";
import type { Task } from "../../api/task.ts";
import { flagName, taskPrograms } from "../../api/task-flags.ts";
import { variablesOf } from "../task/substitute.ts";
import { catalogue } from "./catalogue.ts";
import { catalogueStream } from "./stream.ts";

const functions = catalogue().filter((each): each is StashFunction => each.kind === "Function");
const tasks = catalogue().filter((each): each is Task => each.kind === "Task");

describe("the catalogue", () => {
  test("has Stash's names, and ours without a version", () => {
    const pair = (name: string) => [`${name}-2.6.1`, `${name}-2.8.2`, name];
    const names = [...pair("nats-backup"), ...pair("nats-restore")];
    expect(functions.map(({ metadata }) => metadata.name)).toEqual([...names, "update-status"]);
    expect(tasks.map(({ metadata }) => metadata.name)).toEqual(names);
  });
  test("has Functions that differ by their names only", () => {
    for (const program of ["nats-backup", "nats-restore"]) {
      const specs = functions.filter(({ metadata }) => metadata.name?.startsWith(program)).map(({ spec }) => spec);
      expect(specs).toEqual([specs[0], specs[0], specs[0]]);
    }
  });
  test("has Tasks of two steps, with one folder for what the first leaves for the second", () => {
    for (const { metadata, spec } of tasks) {
      const params = [{ name: "outputDir", value: "/stash-tmp/output" }];
      expect(spec).toEqual({ steps: [metadata.name, "update-status"].map((name) => ({ name, params })) });
    }
  });
  test("runs the operator's image unless another is given", () => {
    const own = "${STASH_DOCKER_REGISTRY}/${STASH_DOCKER_IMAGE}:${STASH_IMAGE_TAG}";
    expect(new Set(functions.map(({ spec }) => spec.image))).toEqual(new Set([own]));
    expect(new Set(catalogue("a:1").flatMap((each) => (each.kind === "Function" ? [each.spec.image] : [])))).toEqual(
      new Set(["a:1"]),
    );
  });
  test("gives a value for every flag of its programs", () => {
    for (const { metadata, spec } of functions) {
      const program = metadata.name?.replace(/-[0-9.]+$/, "") as "nats-backup" | "nats-restore" | "update-status";
      expect(spec.args?.slice(0, 2)).toEqual(["task", program]);
      const flags = spec.args?.slice(2).map((each) => each.replace(/=.*/, ""));
      expect(flags).toEqual(Object.keys(taskPrograms[program]).map((field) => `--${flagName(field)}`));
    }
  });
  test("takes all params of Stash, and ours", () => {
    const looksAt = (name: string) => variablesOf(functions.find((each) => each.metadata.name === name)?.spec, name);
    const both = [
      "args",
      "streams",
      "warningThreshold",
      "waitTimeout",
      "parallel",
      "stagingLimit",
      "jsDomain",
      "outputDir",
    ];
    const backup = [...both, "strategy", "proof", "allowDegraded"];
    const restore = [
      ...both,
      "overwrite",
      "onConflict",
      "rename",
      "replicas",
      "placementCluster",
      "placementTag",
      "storage",
    ];
    expect(backup.filter((name) => !looksAt("nats-backup").has(name))).toEqual([]);
    expect(restore.filter((name) => !looksAt("nats-restore").has(name))).toEqual([]);
  });
  test("is a stream of documents as the API reads them", () => {
    const documents = parseAllDocuments(catalogueStream()).map((each) => each.toJS());
    expect(documents).toEqual(catalogue());
    expect(documents.flatMap((each) => readDocument(each).unknownFields)).toEqual([]);
  });
});
