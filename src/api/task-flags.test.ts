import { describe, expect, test } from "vitest";
import { Failure } from "../kit/failures.ts";
import { flagName, isTaskProgram, parseTaskFlags, type TaskProgram, taskPrograms } from "./task-flags.ts";

const restore = [
  ...["--repository=demo/gcs-repo", "--invoker-kind=RestoreSession", "--invoker-name=r", "--appbinding=sample-nats"],
  ...["--appbinding-namespace=demo", "--interim-data-dir=/stash-tmp/data", "--restoresession=r"],
];

describe("flags", () => {
  test("have the values of their kind, and a default where they are absent or empty", () => {
    expect(
      parseTaskFlags("nats-restore", [
        ...restore,
        ...["--streams= A, B ,,KV_x", "--nats-args=  --no-progress  --tag a ", "--overwrite=true", "--replicas=3"],
        ...["--wait-timeout=20", "--warning-threshold=1m30s", "--staging-limit=20Gi", "--on-conflict=Rename"],
        ...["--namespace=", "--enable-cache=", "--parallel=", "--subjects=", "--snapshot=4bc21d6f,latest"],
      ]),
    ).toMatchObject({
      repository: "demo/gcs-repo",
      streams: ["A", "B", "KV_x"],
      natsArgs: ["--no-progress", "--tag", "a"],
      overwrite: true,
      replicas: 3,
      waitTimeout: 20_000,
      warningThreshold: 90_000,
      stagingLimit: 20 * 2 ** 30,
      onConflict: "rename",
      namespace: undefined,
      enableCache: true,
      parallel: undefined,
      subjects: [],
      snapshot: ["4bc21d6f", "latest"],
      hostname: "host-0",
      outputDir: "/stash-tmp/output",
    });
  });
  test("count as they stand last, bare as true, and with every letter of their value", () => {
    const flags = parseTaskFlags("nats-restore", [
      ...restore,
      "--hostname=a",
      "--hostname=b=c\n d",
      "--overwrite",
      "--enable-cache=F",
    ]);
    expect(flags).toMatchObject({ hostname: "b=c\n d", overwrite: true, enableCache: false });
  });
  test("of Stash's Functions are taken though nothing looks at them", () => {
    const theirs = ["--provider=s3", "--bucket=b", "--license-apiservice=x", "--retention-keep-last=5"];
    const ours = ["--repository=demo/a", "--invoker-kind=BackupConfiguration", "--invoker-name=x"];
    expect(parseTaskFlags("update-status", [...theirs, ...ours])).toMatchObject({ repository: "demo/a" });
  });
  test("that a newer catalogue writes are passed over as long as they are empty", () => {
    expect(parseTaskFlags("wipe-out", ["--repository=demo/a", "--of-a-later-version="])).toMatchObject({
      repository: "demo/a",
    });
  });
  test.each<[TaskProgram, readonly string[], string, string]>([
    ["wipe-out", ["--repository=a/b", "--force=yes"], "usage", "wipe-out: there is no flag --force"],
    ["wipe-out", ["--repository=a/b", "--force"], "usage", "wipe-out: there is no flag --force"],
    ["wipe-out", ["demo/a"], "usage", 'wipe-out: "demo/a" is not a flag'],
    ["wipe-out", ["--=x"], "usage", 'wipe-out: "--=x" is not a flag'],
    ["wipe-out", [], "usage", "wipe-out: --repository is missing"],
    ["wipe-out", ["--repository="], "usage", "wipe-out: --repository is missing"],
    ["nats-restore", ["--replicas=0"], "configuration-invalid", "the param replicas must be a whole number from 1 on"],
    [
      "nats-restore",
      ["--overwrite=yes"],
      "configuration-invalid",
      'the param overwrite must be true or false, not "yes"',
    ],
    ["nats-restore", ["--wait-timeout=-5"], "configuration-invalid", "the param waitTimeout must be a duration"],
    ["nats-restore", ["--staging-limit=lots"], "configuration-invalid", "the param stagingLimit must be a size"],
    [
      "nats-restore",
      ["--on-conflict=ask"],
      "configuration-invalid",
      'the param onConflict must be fail, skip, overwrite or rename, not "ask"',
    ],
  ])("%s %j is refused: %s", (program, argv, code, sentence) => {
    const given = program === "nats-restore" ? [...restore, ...argv] : argv;
    const failure = failureOf(() => parseTaskFlags(program, given));
    expect(failure).toMatchObject({ code });
    expect(failure.message).toContain(sentence);
  });
});

test("a field is a flag with dashes", () => {
  expect(flagName("appbindingNamespace")).toBe("appbinding-namespace");
  for (const flags of Object.values(taskPrograms)) {
    for (const field of Object.keys(flags)) expect(flagName(field)).toMatch(/^[a-z]+(-[a-z]+)*$/);
  }
});

test("programs are those of the table", () => {
  expect(isTaskProgram("nats-backup")).toBe(true);
  expect(isTaskProgram("toString")).toBe(false);
});

function failureOf(run: () => unknown): Failure {
  try {
    run();
  } catch (error) {
    if (Failure.is(error)) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}
