import { describe, expect, test } from "vitest";
import { appBinding, configuration, restoreSession } from "../../../tests/support/executor-sample.ts";
import { AppBinding } from "../../api/app-binding.ts";
import { Task } from "../../api/task.ts";
import { functionNamesOf, taskNameOf, userParams } from "./choice.ts";

const addon = {
  backupTask: { name: "nats-backup-2.8.2", params: [{ name: "streams", value: "FROM_BACKUP" }] },
  restoreTask: {
    name: "nats-restore-2.8.2",
    params: [
      { name: "streams", value: "FROM_RESTORE" },
      { name: "args", value: "--no-progress" },
    ],
  },
};

function binding(parameters: object | undefined): AppBinding {
  return AppBinding.parse({ ...appBinding, spec: { ...appBinding.spec, parameters } });
}

describe("the Task", () => {
  test.each([
    ["is the invoker's", configuration({ task: { name: "own" } }), { stash: { addon } }, "own"],
    ["else the AppBinding's", configuration({ task: undefined }), { stash: { addon } }, "nats-backup-2.8.2"],
    [
      "also when the invoker has params only",
      configuration({ task: { params: [] } }),
      { stash: { addon } },
      "nats-backup-2.8.2",
    ],
    [
      "of a restore is the AppBinding's restoreTask",
      restoreSession({ task: undefined }),
      { stash: { addon } },
      "nats-restore-2.8.2",
    ],
    [
      "of a restore that names the backup's, as the guides do, is its counterpart",
      restoreSession({ task: { name: "nats-backup-2.6.1" } }),
      undefined,
      "nats-restore-2.6.1",
    ],
    ["likewise without a version", restoreSession({ task: { name: "nats-backup" } }), undefined, "nats-restore"],
    [
      "of the user's own name stays",
      restoreSession({ task: { name: "nats-backups-mine" } }),
      undefined,
      "nats-backups-mine",
    ],
  ])("%s", (_title, invoker, parameters, name) => {
    expect(taskNameOf(invoker, binding(parameters))).toBe(name);
  });
  test.each([undefined, {}, { stash: { addon: { backupTask: "x" } } }])(
    "is missing with the parameters %j",
    (parameters) => {
      expect(() => taskNameOf(configuration({ task: undefined }), binding(parameters))).toThrow(
        "BackupConfiguration demo/sample-nats-backup and AppBinding demo/sample-nats name no Task",
      );
    },
  );
});

describe("params", () => {
  test("are the AppBinding's with the invoker's over them", () => {
    const invoker = configuration({ task: { params: [{ name: "waitTimeout", value: "5" }] } });
    expect([...userParams(invoker, binding({ stash: { addon } }))]).toEqual([
      ["streams", "FROM_BACKUP"],
      ["waitTimeout", "5"],
    ]);
  });
  test("of a restore are those of the restoreTask", () => {
    const invoker = restoreSession({ task: { params: [{ name: "args", value: "" }] } });
    expect([...userParams(invoker, binding({ stash: { addon } }))]).toEqual([
      ["streams", "FROM_RESTORE"],
      ["args", ""],
    ]);
  });
});

describe("a Task", () => {
  const task = (spec: object) =>
    Task.parse({ apiVersion: "stash.appscode.com/v1beta1", kind: "Task", metadata: { name: "t" }, spec });
  test("names its Functions in order", () => {
    expect(functionNamesOf(task({ steps: [{ name: "a" }, { name: "b" }] }))).toEqual(["a", "b"]);
  });
  test.each([
    [{}, "Task t has no steps"],
    [{ steps: [{ name: "a" }, {}] }, "Task t: spec.steps[1] names no Function"],
  ])("%j is refused: %s", (spec, sentence) => expect(() => functionNamesOf(task(spec))).toThrow(sentence));
});
