import { describe, expect, test } from "vitest";
import { Failure } from "../kit/failures.ts";
import { type Given, readValues } from "./option.ts";
import { repositoryOptions } from "./options/repository.ts";
import {
  type RepositoryLayer,
  repositoryLayerOfOptions,
  repositoryLayerOfVariables,
  repositoryObject,
  resolveRepository,
} from "./repository-settings.ts";

function resolve(given: Given, variables: Readonly<Record<string, string>> = {}, profile: RepositoryLayer = {}) {
  const options = readValues(repositoryOptions, given);
  return resolveRepository([repositoryLayerOfOptions(options), repositoryLayerOfVariables({ variables }), profile]);
}

describe("the place is that of", () => {
  test.each([
    ["nothing", {}, {}, {}, undefined],
    ["the profile", {}, {}, { repo: "p" }, { kind: "url", url: "p" }],
    ["the variable before the profile", {}, { RESTIC_REPOSITORY: "v" }, { repo: "p" }, { kind: "url", url: "v" }],
    ["the option before the variable", { repo: ["o"] }, { RESTIC_REPOSITORY: "v" }, {}, { kind: "url", url: "o" }],
    ["a file", {}, { RESTIC_REPOSITORY_FILE: "f" }, {}, { kind: "file", path: "f" }],
    [
      "an option hides a variable's file",
      { repo: ["o"] },
      { RESTIC_REPOSITORY_FILE: "f" },
      {},
      { kind: "url", url: "o" },
    ],
  ])("%s", (_title, given, variables, profile, place) =>
    expect(resolve(given, variables, profile).place).toEqual(place),
  );
});

describe("the password is that of", () => {
  test.each([
    ["nothing", {}, {}, undefined],
    ["RESTIC_PASSWORD", {}, { RESTIC_PASSWORD: "s" }, { kind: "text", text: "s" }],
    [
      "RESTIC_PASSWORD_FILE before it",
      {},
      { RESTIC_PASSWORD: "s", RESTIC_PASSWORD_FILE: "f" },
      { kind: "file", path: "f" },
    ],
    ["RESTIC_PASSWORD_COMMAND", {}, { RESTIC_PASSWORD_COMMAND: "pass x" }, { kind: "command", command: "pass x" }],
    [
      "the option before variables",
      { repoPasswordFile: ["o"] },
      { RESTIC_PASSWORD_COMMAND: "c" },
      { kind: "file", path: "o" },
    ],
    ["restic's spelling", { passwordFile: ["o"] }, {}, { kind: "file", path: "o" }],
    ["restic's other spelling", { passwordCommand: ["c"] }, {}, { kind: "command", command: "c" }],
    [
      "both spellings when they agree",
      { passwordFile: ["o"], repoPasswordFile: ["o"] },
      {},
      { kind: "file", path: "o" },
    ],
  ])("%s", (_title, given, variables, password) => expect(resolve(given, variables).password).toEqual(password));
});

test.each([
  [{ passwordFile: ["a"], repoPasswordFile: ["b"] }, {}],
  [{ repoPasswordFile: ["a"], repoPasswordCommand: ["b"] }, {}],
  [{ repo: ["a"], repositoryFile: ["b"] }, {}],
  [{}, { RESTIC_PASSWORD_FILE: "a", RESTIC_PASSWORD_COMMAND: "b" }],
])("%j with %j contradicts itself", (given, variables) => expect(() => resolve(given, variables)).toThrow(Failure));

describe("--from-repository", () => {
  const object = (given: Given) => repositoryObject(readValues(repositoryOptions, given));

  test("names an object, with the kubeconfig that knows it", () => {
    expect(object({ fromRepository: ["demo/nats-repo"] })).toEqual({ namespace: "demo", name: "nats-repo" });
    expect(object({ fromRepository: ["a/b"], kubeconfig: ["f"], kubeContext: ["c"] })).toMatchObject({ name: "b" });
    expect(object({ repo: ["o"] })).toBeUndefined();
  });
  test.each([
    ["without a namespace", { fromRepository: ["nats-repo"] }, /does not look like NAMESPACE\/NAME/],
    ["with too much", { fromRepository: ["a/b/c"] }, /does not look like/],
    ["beside --repo", { fromRepository: ["a/b"], repo: ["o"] }, /--from-repository and --repo exclude each other/],
    ["beside a password", { fromRepository: ["a/b"], passwordFile: ["o"] }, /and --password-file exclude/],
    ["missing beside --kubeconfig", { kubeconfig: ["f"], repo: ["o"] }, /--kubeconfig goes with --from-repository/],
    ["missing beside --kube-context", { kubeContext: ["c"] }, /--kube-context goes with/],
  ])("%s is wrong use", (_title, given: Given, message) => expect(() => object(given)).toThrow(message));
});
