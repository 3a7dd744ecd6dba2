/** What users type at a cluster works on our API server, with the real kubectl. */
import { spawn } from "node:child_process";
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { startRunner } from "../../src/machine/runner.ts";
import { appBinding, backupConfiguration, repository, secret } from "../operator/documents.ts";
import { eventually } from "../support/eventually.ts";
import type { KubectlEnd } from "../support/kubectl.ts";
import { findProgram } from "../support/programs.ts";
import { openStage, type Stage } from "./stage.ts";

const image = "coldstream.test/coldstream:1";
const program = findProgram("kubectl");
const missing = program === undefined ? "no kubectl: run npm run setup -- --tests" : undefined;
const namespace = "default";
const name = "sample-nats-backup";

describe.skipIf(missing !== undefined)(`kubectl${missing === undefined ? "" : ` (${missing})`}`, () => {
  let stage: Stage;
  const stop = new AbortController();

  /** What it prints; everything else is a failure. */
  async function ask(args: readonly string[], input?: string): Promise<string> {
    const { stdout, stderr, exit } = await stage.kubectl(args, input);
    expect({ args, stderr, exit }).toEqual({ args, stderr: "", exit: 0 });
    return stdout;
  }
  const json = async (...args: readonly string[]) => JSON.parse(await ask([...args, "-o", "json"]));
  const apply = async (...documents: readonly object[]) =>
    await ask(["apply", "-f", "-"], JSON.stringify({ apiVersion: "v1", kind: "List", items: documents }));

  /** Runs until it has printed what is wanted. */
  async function follow(args: readonly string[], wanted: RegExp, begun: () => Promise<unknown>): Promise<string> {
    const env = { PATH: "/usr/bin:/bin", HOME: stage.folder, KUBECONFIG: stage.kubeconfig };
    const child = spawn(program ?? "", args, { env, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (bytes: Buffer) => {
        output += bytes.toString("utf8");
      });
    }
    try {
      await eventually(`the begin of ${args.join(" ")}`, async () => output !== "");
      await begun();
      await eventually(`the end of ${args.join(" ")}`, async () => wanted.test(output));
      return output;
    } finally {
      child.kill("SIGKILL");
    }
  }

  beforeAll(async () => {
    stage = await openStage();
    const configuration = backupConfiguration({ namespace }, { schedule: "0 3 * * *" });
    await apply(secret({ namespace }), repository({ namespace }), appBinding({ namespace }), configuration);
  });
  afterAll(async () => {
    stop.abort();
    await stage?.[Symbol.asyncDispose]();
  });

  test("get shows tables", async () => {
    expect(await ask(["get", "backupconfigurations"])).toMatch(
      /^NAME +TASK +SCHEDULE +PAUSED +PHASE +AGE\nsample-nats-backup +nats-backup-2\.6\.1 +0 3 \* \* \* +\d+s\n$/,
    );
    expect(await ask(["get", "secret,repository", "-A"])).toMatch(
      /^NAMESPACE +NAME +TYPE +DATA +AGE\ndefault +secret\/s3-secret +Opaque +1 +\d+s\n\nNAMESPACE +NAME +.*\ndefault +repository.*s3-repo/,
    );
    expect(await ask(["get", "secrets", "--no-headers"])).toMatch(/^s3-secret +Opaque +1 +\d+s\n$/);
    expect(await ask(["get", "secrets", "--show-labels"])).toMatch(/LABELS\n.* <none>\n$/);
    expect(await ask(["get", "secrets", "-o", "custom-columns=N:.metadata.name,T:.type"])).toMatch(
      /^N +T\ns3-secret +Opaque\n$/,
    );
    expect(await stage.kubectl(["get", "leases"])).toMatchObject({
      stderr: "No resources found in default namespace.\n",
    });
    expect(await stage.kubectl(["get", "secret", "none"])).toMatchObject({
      ...{ exit: 1, stderr: 'Error from server (NotFound): secrets "none" not found\n' },
    });
    expect(await stage.kubectl(["get", "gadgets"])).toMatchObject({
      ...{ exit: 1, stderr: 'error: the server doesn\'t have a resource type "gadgets"\n' },
    });
  });

  test("get -o yaml, json, wide and name show the same object", async () => {
    const asJson = await json("get", "backupconfiguration", name);
    expect(asJson).toMatchObject({
      ...{ apiVersion: "stash.appscode.com/v1beta1", kind: "BackupConfiguration", metadata: { name, namespace } },
      spec: { schedule: "0 3 * * *" },
    });
    expect(parse(await ask(["get", "backupconfiguration", name, "-o", "yaml"]))).toEqual(asJson);
    expect(await ask(["get", "backupconfiguration", "-o", "name"])).toBe(
      `backupconfiguration.stash.appscode.com/${name}\n`,
    );
    expect(await ask(["get", "secret", "-o", "wide"])).toMatch(/^NAME +TYPE +DATA +AGE\n/);
    expect(await ask(["get", "pods,jobs,cronjobs", "-o", "name"])).toBe("");
    expect((await json("get", "secrets")).items.map((one: { readonly kind: string }) => one.kind)).toEqual(["Secret"]);
    expect(await ask(["get", "secret", "s3-secret", "-o", "jsonpath={.data.RESTIC_PASSWORD}"])).toBe("Y2hhbmdlaXQ=");
    await apply({
      ...{ apiVersion: "batch/v1", kind: "CronJob", metadata: { name: "wide" } },
      spec: { schedule: "@hourly", suspend: true, jobTemplate: { spec: { template: podSpec("true") } } },
    });
    expect(await ask(["get", "cronjob", "wide", "-o", "wide"])).toMatch(
      /^NAME +SCHEDULE +TIMEZONE +SUSPEND +ACTIVE +LAST SCHEDULE +AGE +CONTAINERS +IMAGES +SELECTOR\nwide +@hourly +<none> +True +0 +<none> +\d+s +main +coldstream\.test\/coldstream:1 +<none>\n$/,
    );
  });

  test("get -w shows changes as they come", async () => {
    await ask(["create", "configmap", "watched"]);
    const changes = async () => {
      await ask(["patch", "configmap", "watched", "-p", '{"data":{"a":"b","c":"d"}}']);
      await ask(["delete", "configmap", "watched"]);
    };
    const seen = await follow(["get", "cm", "watched", "-w", "--output-watch-events"], /DELETED/, changes);
    expect(seen).toMatch(
      /^EVENT +NAME +DATA +AGE\nADDED +watched +0 +\d+s\nMODIFIED +watched +2 +\d+s\nDELETED +watched +2 +\d+s\n$/,
    );
  });

  test("apply makes, changes and leaves alone; diff tells before", async () => {
    const map = (data: object) =>
      JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "one" }, data });
    expect(await ask(["apply", "-f", "-"], map({ a: "1", b: "2" }))).toBe("configmap/one created\n");
    expect(await ask(["apply", "-f", "-"], map({ a: "1", b: "2" }))).toBe("configmap/one unchanged\n");
    const diff = await stage.kubectl(["diff", "-f", "-"], map({ a: "9" }));
    expect(diff).toMatchObject({ exit: 1, stderr: "" });
    expect(diff.stdout).toMatch(/^- {2}a: "1"\n- {2}b: "2"\n\+ {2}a: "9"$/m);
    expect((await json("get", "configmap", "one")).data).toEqual({ a: "1", b: "2" });
    expect(await ask(["apply", "--dry-run=server", "-f", "-"], map({ a: "9" }))).toBe(
      "configmap/one configured (server dry run)\n",
    );
    expect(await ask(["apply", "-f", "-"], map({ a: "9" }))).toBe("configmap/one configured\n");
    expect((await json("get", "configmap", "one")).data).toEqual({ a: "9" });
    expect(await ask(["diff", "-f", "-"], map({ a: "9" }))).toBe("");
    const changed = backupConfiguration({ namespace }, { schedule: "0 4 * * *" });
    const own = await stage.kubectl(["diff", "-f", "-"], JSON.stringify(changed));
    expect(own.stdout).toMatch(/^- {2}schedule: 0 3 \* \* \*\n\+ {2}schedule: 0 4 \* \* \*$/m);
  });

  test("apply refuses what is wrong, in Kubernetes' words", async () => {
    const wrong = (spec: object) => JSON.stringify(backupConfiguration({ namespace }, spec));
    expect((await stage.kubectl(["apply", "-f", "-"], wrong({ shedule: "x" }))).stderr).toContain(
      'strict decoding error: unknown field "spec.shedule"',
    );
    expect((await stage.kubectl(["apply", "-f", "-"], wrong({ driver: "Tape" }))).stderr).toMatch(
      /is invalid: \n\* spec.driver: Unsupported value: "Tape"/,
    );
    expect((await stage.kubectl(["apply", "--server-side", "-f", "-"], wrong({}))).stderr).toContain(
      "server-side apply is not served here: leave out --server-side",
    );
  });

  test("patch takes merge, JSON and strategic patches", async () => {
    const patch = async (kind: string, one: string, type: string, body: object) =>
      await ask(["patch", kind, one, `--type=${type}`, "-p", JSON.stringify(body)]);
    await apply({
      ...{ apiVersion: "batch/v1", kind: "CronJob", metadata: { name: "patched" } },
      spec: { schedule: "@hourly", suspend: true, jobTemplate: { spec: { template: podSpec("true") } } },
    });
    await patch("cronjob", "patched", "merge", { spec: { schedule: "@daily" } });
    await patch("cronjob", "patched", "json", [{ op: "replace", path: "/spec/suspend", value: false }]);
    const containers = [{ name: "main", env: [{ name: "A", value: "1" }] }];
    const within = { jobTemplate: { spec: { template: { spec: { containers } } } } };
    await patch("cronjob", "patched", "strategic", { spec: within });
    const { spec } = await json("get", "cronjob", "patched");
    expect(spec).toMatchObject({ schedule: "@daily", suspend: false });
    expect(spec.jobTemplate.spec.template.spec.containers).toMatchObject([{ ...containers[0], image, args: ["true"] }]);
    expect(await patch("backupconfiguration", name, "merge", { spec: { paused: true } })).toBe(
      `backupconfiguration.stash.appscode.com/${name} patched\n`,
    );
    const refused = await stage.kubectl(["patch", "backupconfiguration", name, "-p", '{"spec":{"paused":false}}']);
    expect(refused).toMatchObject({ exit: 1 });
    expect(refused.stderr).toContain("application/merge-patch+json");
    await ask([
      "patch",
      "backupconfiguration",
      name,
      "--subresource=status",
      "--type=merge",
      "-p",
      '{"status":{"phase":"Ready"}}',
    ]);
    expect(await ask(["get", "backupconfiguration", name, "--no-headers"])).toMatch(/true +Ready/);
  });

  test("edit stores what the editor wrote, and nothing where it wrote nothing", async () => {
    const editor = join(stage.folder, "editor");
    await writeFile(editor, '#!/bin/sh\nsed -i "s/$FROM/$TO/" "$1"\n');
    await chmod(editor, 0o755);
    await ask(["create", "configmap", "edited", "--from-literal=a=before"]);
    const edit = async (FROM: string, TO: string): Promise<KubectlEnd> =>
      await stage.kubectl(["edit", "configmap", "edited"], undefined, { KUBE_EDITOR: editor, FROM, TO });
    expect(await edit("a: before", "a: after")).toMatchObject({ exit: 0, stdout: "configmap/edited edited\n" });
    expect((await json("get", "configmap", "edited")).data).toEqual({ a: "after" });
    expect((await edit("nothing", "at all")).stderr).toContain("Edit cancelled, no changes made.");
  });

  test("label and annotate change metadata, and lists choose by it", async () => {
    expect(await ask(["label", "secret", "s3-secret", "tier=gold"])).toBe("secret/s3-secret labeled\n");
    expect(await ask(["label", "backupconfiguration", name, "tier=gold"])).toContain(" labeled\n");
    expect(await ask(["get", "secrets", "-l", "tier in (gold,silver)", "-o", "name"])).toBe("secret/s3-secret\n");
    expect(await ask(["get", "secrets", "-L", "tier", "--no-headers"])).toMatch(/ gold\n$/);
    expect(await ask(["get", "secrets", "--field-selector", "metadata.name=other", "-o", "name"])).toBe("");
    const again = await stage.kubectl(["label", "secret", "s3-secret", "tier=silver"]);
    expect(again.stderr).toContain("--overwrite is false");
    expect(await ask(["label", "secret", "s3-secret", "tier-"])).toBe("secret/s3-secret unlabeled\n");
    expect(await ask(["annotate", "secret", "s3-secret", "note=a b"])).toBe("secret/s3-secret annotated\n");
    expect((await json("get", "secret", "s3-secret")).metadata.annotations).toMatchObject({ note: "a b" });
  });

  test("wait ends when its condition holds, and says so when it does not", async () => {
    const status = (phase: string) => ["--subresource=status", "--type=merge", "-p", `{"status":{"phase":"${phase}"}}`];
    const waiting = ask([
      "wait",
      "--for=jsonpath={.status.phase}=NotReady",
      `backupconfiguration/${name}`,
      "--timeout=30s",
    ]);
    await ask(["patch", "backupconfiguration", name, ...status("NotReady")]);
    expect(await waiting).toBe(`backupconfiguration.stash.appscode.com/${name} condition met\n`);
    const late = await stage.kubectl(["wait", "--for=condition=Ready", "appbinding/sample-nats", "--timeout=1s"]);
    expect(late).toMatchObject({ exit: 1 });
    expect(late.stderr).toContain("timed out waiting for the condition");
    await ask(["create", "configmap", "going"]);
    const gone = ask(["wait", "--for=delete", "configmap/going", "--timeout=30s"]);
    await ask(["delete", "configmap", "going"]);
    await gone;
  });

  test("describe tells of an object and its events", async () => {
    const { uid } = (await json("get", "backupconfiguration", name)).metadata;
    await apply({
      ...{ apiVersion: "v1", kind: "Event", metadata: { name: "told" }, reason: "Backup Skipped", message: "why so" },
      ...{ type: "Warning", count: 3, source: { component: "operator" } },
      involvedObject: { apiVersion: "stash.appscode.com/v1beta1", kind: "BackupConfiguration", namespace, name, uid },
    });
    const described = await ask(["describe", "backupconfiguration", name]);
    expect(described).toMatch(/^Name: +sample-nats-backup\nNamespace: +default\n/);
    expect(described).toMatch(/Schedule: +0 3 \* \* \*/);
    expect(described).toMatch(/Warning +Backup Skipped .*why so/);
    expect(await ask(["describe", "secret", "s3-secret"])).toMatch(
      /Type: +Opaque\n\nData\n====\nRESTIC_PASSWORD: +8 bytes/,
    );
    expect(await ask(["events", "--for", `backupconfiguration/${name}`])).toContain("why so");
  });

  test("explain knows the fields", async () => {
    expect(await ask(["explain", "backupconfiguration.spec.schedule"])).toMatch(
      /^GROUP: +stash\.appscode\.com\nKIND: +BackupConfiguration\nVERSION: +v1beta1\n\nFIELD: schedule <string>/,
    );
    expect(await ask(["explain", "repository.spec", "--recursive"])).toMatch(/ {2}wipeOut\t<boolean>/);
    expect(await ask(["explain", "cronjob.spec.concurrencyPolicy"])).toContain("concurrencyPolicy <string>");
  });

  test("api-resources and auth can-i tell what there is and what one may do", async () => {
    const kinds = await ask(["api-resources", "--no-headers"]);
    expect(kinds).toMatch(/^backupconfigurations +bc +stash\.appscode\.com\/v1beta1 +true +BackupConfiguration$/m);
    expect(kinds).toMatch(/^cronjobs +cj +batch\/v1 +true +CronJob$/m);
    expect(await ask(["api-resources", "--api-group=batch", "-o", "name"])).toBe("cronjobs.batch\njobs.batch\n");
    expect(await ask(["api-versions"])).toMatch(/^stash\.appscode\.com\/v1beta1$/m);
    expect(await ask(["auth", "can-i", "create", "secrets"])).toBe("yes\n");
    const nobody = ["--as=system:serviceaccount:default:default"];
    expect(await stage.kubectl(["auth", "can-i", "create", "secrets", ...nobody])).toMatchObject({
      stdout: "no\n",
      exit: 1,
    });
    await ask(["create", "role", "reader", "--verb=get,list", "--resource=secrets"]);
    await ask(["create", "rolebinding", "reader", "--role=reader", "--serviceaccount=default:default"]);
    expect(await ask(["auth", "can-i", "list", "secrets", ...nobody])).toBe("yes\n");
    expect(await ask(["auth", "can-i", "--list", ...nobody])).toMatch(/^secrets +\[\] +\[\] +\[get list\]$/m);
    expect(await ask(["version", "-o", "json"])).toContain("serverVersion");
  });

  test("delete takes objects away, one, several, by label, and those of a file", async () => {
    for (const one of ["a", "b", "c", "d"]) await ask(["create", "configmap", `gone-${one}`]);
    expect(await ask(["delete", "configmap", "gone-a"])).toContain('configmap "gone-a" deleted');
    await ask(["label", "configmap", "gone-b", "gone-c", "old=yes"]);
    expect(await ask(["delete", "configmap", "-l", "old=yes"])).toMatch(/"gone-b" deleted.*\n.*"gone-c" deleted/);
    const file = JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "gone-d" } });
    expect(await ask(["delete", "-f", "-"], file)).toContain('"gone-d" deleted');
    expect((await stage.kubectl(["delete", "configmap", "gone-d"])).stderr).toContain('configmaps "gone-d" not found');
    expect(await ask(["delete", "configmap", "gone-d", "--ignore-not-found"])).toBe("");
    expect(await ask(["delete", "appbinding", "--all"])).toContain('"sample-nats" deleted');
    expect(await ask(["get", "configmaps", "-o", "name"])).not.toContain("gone");
  });

  test("logs -f follows a pod to its end", async () => {
    await using _ = await startRunner(stage.cluster, {
      ...{
        node: "machine-a",
        folder: join(stage.folder, "runner"),
        image,
        signal: stop.signal,
        entry: ["/bin/sh", "-c"],
      },
      environment: { PATH: "/usr/bin:/bin" },
      clientAuthority: stage.api.caPem,
    });
    const flag = join(stage.folder, "go-on");
    const script = `echo one; until [ -e ${flag} ]; do sleep 0.1; done; echo two; echo three`;
    await apply({ apiVersion: "v1", kind: "Pod", metadata: { name: "talker" }, ...podSpec(script) });
    await ask(["wait", "--for=jsonpath={.status.phase}=Running", "pod/talker", "--timeout=30s"]);
    expect(await ask(["logs", "talker"])).toBe("one\n");
    const followed = await follow(["logs", "-f", "talker"], /three/, async () => await writeFile(flag, ""));
    expect(followed).toBe("one\ntwo\nthree\n");
    await ask(["wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/talker", "--timeout=30s"]);
    expect(await ask(["logs", "talker", "--tail=1"])).toBe("three\n");
    expect(await ask(["logs", "talker", "--timestamps"])).toMatch(/^\d{4}-.*Z one\n/);
    expect((await stage.kubectl(["logs", "nobody"])).stderr).toContain('pods "nobody" not found');
    expect(await ask(["get", "pod", "talker"])).toMatch(/talker +0\/1 +Completed +0 /);
  });
});

function podSpec(script: string): { readonly spec: object } {
  return { spec: { restartPolicy: "Never", containers: [{ name: "main", image, args: [script] }] } };
}
