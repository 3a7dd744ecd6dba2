import { describe, expect, test } from "vitest";
import { appBinding, configuration, executorOf, restoreSession } from "../../../tests/support/executor-sample.ts";
import { manifest } from "../../../tests/support/manifests.ts";
import { notedRules } from "../../../tests/support/policy.ts";
import { AppBinding } from "../../api/app-binding.ts";
import { roleBindings, roles } from "../../kube/core.ts";
import type { Executor } from "../executor/executor.ts";

function rulesOf({ objects }: Executor): readonly string[] {
  const found = objects.find(({ resource }) => resource.kind === "Role");
  const { rules } = roles.schema.parse({ apiVersion: "v1", kind: "Role", ...found?.draft });
  return notedRules(rules ?? []);
}

function bindingsOf({ objects }: Executor): readonly string[] {
  const found = objects.filter(({ resource }) => resource.kind === "RoleBinding");
  return found.map(({ draft }) => {
    const { roleRef, subjects } = roleBindings.schema.parse({ apiVersion: "v1", kind: "RoleBinding", ...draft });
    return `${roleRef.kind} ${roleRef.name} to ${subjects?.map(({ name }) => name)}`;
  });
}

const account = "backupconfiguration-sample-nats-backup-0";
const job = "stash-backup-sample-nats-backup-1795230000-0";
const own = [
  "get backupconfigurations sample-nats-backup",
  "get appbindings sample-nats",
  "get repositories gcs-repo",
  "get,update,patch repositories/status gcs-repo",
  "get secrets gcs-secret",
  "get backupsessions sample-nats-backup-1795230000",
  "get,update,patch backupsessions/status sample-nats-backup-1795230000",
  `get,update,patch configmaps ${job}`,
];

describe("a session's pod", () => {
  test("may read what it needs by name, write its own status, report and Repository's status, and nothing else", () => {
    const executor = executorOf(configuration());
    expect(rulesOf(executor)).toEqual(own);
    expect(bindingsOf(executor)).toEqual([`Role ${job} to ${account}`]);
  });
  test("of a restore likewise", () => {
    expect(rulesOf(executorOf(restoreSession())).slice(-3)).toEqual([
      "get restoresessions sample-nats-restore",
      "get,update,patch restoresessions/status sample-nats-restore",
      "get,update,patch configmaps stash-restore-sample-nats-restore-0",
    ]);
  });

  const endpoints = "get endpoints sample-nats";
  test.each<[string, object, readonly string[]]>([
    ["a command finds its pod by the Service", { exec: { command: ["a"] } }, [endpoints]],
    ["a call to a pod too", { httpGet: { port: 8222 } }, [endpoints]],
    ["a call to a named port reads the pod's ports", { tcpSocket: { port: "monitor" } }, [endpoints, "get pods *"]],
    ["a call to some host needs nothing", { httpPost: { host: "hooks.example.org", port: 443 } }, []],
    ["a port in quotes is a number", { tcpSocket: { host: "a", port: "4222" } }, []],
    ["a named port of some host is looked up", { httpGet: { host: "a", port: "http" } }, [endpoints, "get pods *"]],
  ])("with a hook: %s", (_title, preBackup, more) => {
    expect(rulesOf(executorOf(configuration({ hooks: { preBackup } })))).toEqual([...own, ...more]);
    expect(rulesOf(executorOf(configuration({ hooks: { postBackup: preBackup } })))).toEqual([...own, ...more]);
  });
  test("may run commands in the namespace's pods only with a hook that does", () => {
    const binding = (spec: object) => bindingsOf(executorOf(configuration(spec)));
    expect(binding({ hooks: { preBackup: { exec: { command: ["a"] } } } })).toEqual([
      `Role ${job} to ${account}`,
      `ClusterRole stash-hook to ${account}`,
    ]);
    expect(binding({ hooks: { preBackup: { tcpSocket: { port: 1 } } } })).toHaveLength(1);
  });
  test("gets nothing for hooks in another namespace, or without a Service", () => {
    const hooks = { preBackup: { exec: { command: ["a"] } } };
    const everything = manifest("BackupConfiguration", "settings", "everything");
    const farBinding = manifest("AppBinding", "settings", "far-nats");
    const far = executorOf(everything, { appBinding: farBinding });
    expect(rulesOf(far).join()).not.toMatch(/endpoints|pods/);
    expect(bindingsOf(far)).toHaveLength(1);
    const clientConfig = { url: "nats://a:4222" };
    const bare = AppBinding.parse({ ...appBinding, spec: { ...appBinding.spec, clientConfig } });
    expect(rulesOf(executorOf(configuration({ hooks }), { appBinding: bare }))).toEqual(own);
  });
  test("is bound by the account that the user names", () => {
    const runtimeSettings = { pod: { serviceAccountName: "mine" } };
    expect(bindingsOf(executorOf(configuration({ runtimeSettings })))).toEqual([`Role ${job} to mine`]);
  });
});
