import { expect, test } from "vitest";
import { Failure } from "../kit/failures.ts";
import { sentenceOf } from "./failure-sentence.ts";

test.each([
  [
    "the password",
    new Failure("password-wrong", "opening the repository"),
    "opening the repository; correct RESTIC_PASSWORD in the Secret of the Repository (spec.backend.storageSecretName)",
  ],
  [
    "causes",
    new Failure("not-permitted", "connecting to the server", { cause: new Error("refused the login") }),
    "connecting to the server: refused the login; check the login in the AppBinding's Secret, and the user's permissions",
  ],
  [
    "a hint of its own",
    new Failure("configuration-invalid", "half a pair", { hint: "add the key password" }),
    "half a pair; add the key password",
  ],
  [
    "no command line",
    new Failure("snapshot-not-found", "there is none", { hint: "list what is there with: coldstream show 1234" }),
    "there is none; choose one of: kubectl get snapshots",
  ],
  [
    "params instead of options",
    new Failure("plan-refused", "restoring M: stream M has memory storage; add --storage file"),
    "restoring M: stream M has memory storage; add the param storage=file",
  ],
])("a sentence names %s", (_title, failure, text) => {
  expect(sentenceOf(failure)).toBe(text);
});
