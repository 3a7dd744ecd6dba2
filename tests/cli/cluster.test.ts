/**
 * Invariant: on a real API server `get` shows what kubectl shows, what `apply` makes kubectl can go on from and the other way
 * round, and every mistake is one sentence with a status of its own.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ControlPlane, controlPlaneMissing, startControlPlane } from "../support/control-plane.ts";
import { kubectl } from "../support/kubectl.ts";
import { type Heard, runApart, runHere } from "./run-here.ts";
import { makeWorkbench, type Workbench } from "./workbench.ts";

const missing = controlPlaneMissing();

const objects = `# what a user has
apiVersion: v1
kind: Secret
metadata: { name: storage, namespace: demo }
stringData: { RESTIC_PASSWORD: "<a secret> & more", OTHER: x }
---
apiVersion: stash.appscode.com/v1alpha1
kind: Repository
metadata: { name: s3-repo, namespace: demo }
spec:
  backend:
    s3: { endpoint: "http://minio:9000", bucket: backups, prefix: demo }
    storageSecretName: storage
---
apiVersion: stash.appscode.com/v1beta1
kind: BackupConfiguration
metadata: { name: nightly, namespace: demo, labels: { team: a } }
spec:
  schedule: "0 3 * * *"
  task: { name: nats-backup }
  repository: { name: s3-repo }
  target:
    ref: { apiVersion: appcatalog.appscode.com/v1alpha1, kind: AppBinding, name: sample-nats }
  retentionPolicy: { name: keep, keepLast: 5, prune: true }
---
apiVersion: batch/v1
kind: CronJob
metadata: { name: cj, namespace: demo }
spec:
  schedule: "0 3 * * *"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
          - { name: a, image: busybox, args: [a, b] }
`;

describe.skipIf(missing !== undefined)("the objects of a real API server", () => {
  let plane: ControlPlane;
  let bench: Workbench;

  beforeAll(async () => {
    [plane, bench] = [await startControlPlane(), await makeWorkbench()];
    await plane.createNamespace("demo");
    await write("objects.yaml", objects);
  }, 120_000);
  afterAll(async () => {
    for (const one of [bench, plane]) await one?.[Symbol.asyncDispose]();
  });

  const write = async (name: string, text: string) => await writeFile(join(bench.folder, name), text);
  /** A process of its own. */
  const apart = async (line: string, options: Omit<Heard, "variables">) =>
    await runApart(line, bench.folder, { ...options, variables: { KUBECONFIG: plane.kubeconfig } });
  /** The same without one, which is quicker. */
  const coldstream = async (line: string, env: Readonly<Record<string, string>> = {}) =>
    await runHere(line, { KUBECONFIG: plane.kubeconfig, HOME: bench.folder, ...env }, bench.folder);
  const theirs = async (line: string) => await kubectl(plane, line.split(" "));
  /** Ages differ between two calls. */
  const withoutAges = (text: string) => text.replaceAll(/\b(?:\d+[smhd])+\b */g, "AGE ").replaceAll(/AGE +/g, "AGE ");

  test("apply makes them, and then finds them unchanged", async () => {
    const names = [
      "secret/storage",
      "repository.stash.appscode.com/s3-repo",
      "backupconfiguration.stash.appscode.com/nightly",
      "cronjob.batch/cj",
    ];
    const said = (result: string) => names.map((name) => `${name} ${result}\n`).join("");
    for (const [options, result] of [
      [" --dry-run client", "created (dry run)"],
      [" --dry-run=server", "created (server dry run)"],
      ["", "created"],
      ["", "unchanged"],
    ] as const) {
      const end = await coldstream(`apply -f objects.yaml${options}`);
      expect(end).toEqual({ exit: 0, stdout: said(result), stderr: "" });
    }
  });

  test("kubectl goes on from what apply made, and apply from what kubectl made", async () => {
    const ours = await kubectl(plane, ["apply", "-f", "-"], { input: objects });
    expect(ours.stdout).toContain("nightly unchanged");
    expect(ours.stdout).toContain("cronjob.batch/cj unchanged");
    const changed = objects.replaceAll("0 3", "0 4").replace(", args: [a, b]", "").replace(", OTHER: x", "");
    await write("changed.yaml", changed);
    expect(JSON.parse((await coldstream("apply -f changed.yaml --json")).stdout)).toMatchObject({
      applied: [
        { kind: "Secret", name: "storage", namespace: "demo", result: "configured", dryRun: null, failure: null },
        { kind: "Repository", result: "unchanged" },
        { kind: "BackupConfiguration", result: "configured" },
        { kind: "CronJob", result: "configured" },
      ],
    });
    const secret = await theirs("get secret storage -n demo -o jsonpath={.data}");
    expect(Object.keys(JSON.parse(secret.stdout))).toEqual(["RESTIC_PASSWORD"]);
    const schedule = await theirs("get cj,bc -n demo -o jsonpath={.items[*].spec.schedule}");
    expect(schedule.stdout).toBe("0 4 * * * 0 4 * * *");
    expect((await theirs("get cj cj -n demo -o jsonpath={..args}")).stdout).toBe("");
    const again = await kubectl(plane, ["apply", "-f", "-"], { input: objects });
    expect(again.stdout).toContain("nightly configured");
    expect((await coldstream("apply -f objects.yaml")).stdout.match(/unchanged/g)).toHaveLength(4);
  });

  test("what another program prints is applied, the definitions of our kinds too", async () => {
    const crds = (await coldstream("crds")).stdout;
    const { exit, stdout } = await apart("apply -f -", { input: crds });
    expect([exit, stdout]).toEqual([0, expect.stringContaining("repositories.stash.appscode.com")]);
    expect((await apart("apply -f - -o name", { input: crds })).stdout).toContain("customresourcedefinition");
  });

  test("what others have set stays", async () => {
    await theirs("label bc nightly -n demo other=1");
    await theirs("annotate secret storage -n demo other=1");
    const { stdout } = await coldstream("apply -f changed.yaml");
    expect(stdout).toContain("nightly configured");
    const label = await theirs("get bc,secret -n demo -o jsonpath={.items[*].metadata.labels.other}");
    expect(label.stdout).toBe("1");
    await coldstream("apply -f objects.yaml");
  });

  test.each([
    "get bc -n demo",
    "get bc -A",
    "get repo,bc,secrets,cj -n demo",
    "get repositories.stash.appscode.com s3-repo -n demo",
    "get bc/nightly secret/storage -n demo",
    "get cronjobs -n demo -o wide",
    "get namespaces",
    "get sa -n demo",
    "get crd",
    "get deployments,ingressclasses -A",
    "get bc,cj -n demo -o name",
    "get bc -n demo -l team=a",
    "get bc -n demo -l team=b",
    "get roles.rbac.authorization.k8s.io -n kube-system",
  ])("%s shows what kubectl shows", async (line) => {
    const [ours, real] = await Promise.all([coldstream(line), theirs(line)]);
    expect(withoutAges(ours.stdout)).toBe(withoutAges(real.stdout.replaceAll(/ +$/gm, "")));
    expect([ours.exit, real.exit]).toEqual([0, 0]);
  });

  test.each(["get bc nightly -n demo -o json", "get secrets -n demo -o json", "get cj -n demo -o json"])(
    "%s is what kubectl gives",
    async (line) => {
      const [ours, real] = await Promise.all([coldstream(line), theirs(line)]);
      expect(JSON.parse(ours.stdout)).toEqual(JSON.parse(real.stdout));
    },
  );

  test("YAML can be applied by both", async () => {
    const { stdout } = await coldstream("get cm kube-root-ca.crt -n demo -o yaml");
    expect((await kubectl(plane, ["apply", "--dry-run=server", "-f", "-"], { input: stdout })).exit).toBe(0);
    expect(await coldstream("get secret storage -n demo")).toMatchObject({
      stdout: expect.not.stringMatching(/secret>/),
    });
  });

  test("a watch shows what changes, and Ctrl-C ends it with 130", async () => {
    let isSent = false;
    const watching = apart("get bc -n demo -w", {
      onStdout: (text, kill) => {
        if (!isSent && text.includes("nightly")) {
          isSent = true;
          void theirs('patch bc nightly -n demo --type merge -p {"spec":{"paused":true}}');
        }
        if (/nightly .*true/.test(text)) kill("SIGINT");
      },
    });
    const { exit, stdout, stderr } = await watching;
    expect(stdout).toMatch(/^NAME .*PHASE +AGE\nnightly .*\nnightly .* true /);
    expect(exit).toBe(130);
    expect(stderr).toMatch(/^coldstream: interrupted/m);
  });

  test("a watch in JSON is an object a line", async () => {
    const { exit, stdout } = await apart("get ns -w --json", {
      onStdout: (text, kill) => text.split("\n").length > 3 && kill("SIGINT"),
    });
    const kinds = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line).kind);
    expect(new Set(kinds)).toEqual(new Set(["Namespace"]));
    expect(exit).toBe(130);
  });

  test("wait waits, for as long as it may", async () => {
    expect(await coldstream("wait bc/nightly -n demo --for=jsonpath={.spec.schedule}")).toEqual({
      exit: 0,
      stdout: "backupconfiguration.stash.appscode.com/nightly condition met\n",
      stderr: "",
    });
    const late = await coldstream("wait bc/nightly -n demo --for=phase=Ready --timeout=1s");
    expect([late.exit, late.stderr]).toEqual([
      16,
      "coldstream: BackupConfiguration demo/nightly is not as wanted after 1 s: phase is not set\n  see: coldstream describe backupconfiguration nightly -n demo\n",
    ]);
    const waiting = coldstream("wait cm/later -n demo --for=create --timeout=20s");
    await theirs("create configmap later -n demo");
    expect((await waiting).exit).toBe(0);
  });

  test("delete deletes what is named, and only that", async () => {
    for (const [options, stays] of [
      ["--dry-run=server", true],
      ["--dry-run=client", true],
      ["--wait", false],
    ] as const) {
      expect((await coldstream(`delete cm later -n demo ${options}`)).exit).toBe(0);
      expect((await theirs("get cm later -n demo")).exit === 0).toBe(stays);
    }
    expect((await coldstream("delete cm later -n demo --ignore-not-found")).exit).toBe(0);
    await theirs('patch secret storage -n demo --type merge -p {"metadata":{"finalizers":["example.com/held"]}}');
    const held = await coldstream("delete secret storage -n demo --wait --timeout 1s");
    expect([held.exit, held.stderr]).toEqual([
      16,
      "coldstream: Secret demo/storage is still there\n  it waits for its finalizers: example.com/held; does the operator run?\n",
    ]);
    await theirs('patch secret storage -n demo --type merge -p {"metadata":{"finalizers":null}}');
    const { stdout, stderr } = await coldstream("delete -f objects.yaml --ignore-not-found --wait");
    expect(stdout).toMatch(/^cronjob.batch\/cj deleted\nbackupconfiguration/);
    expect(stderr).toContain("the backups of Repository s3-repo stay where they are");
    expect((await theirs("get bc,repo,cj,secrets -n demo")).stdout).toBe("");
  });

  describe("what is wrong is one sentence, with a hint and a status:", () => {
    const wrong = `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: fine, namespace: demo }\n---\n`;
    const job = `apiVersion: batch/v1\nkind: Job\nmetadata: { name: j, namespace: demo }\nspec:\n  template:\n    spec:\n      restartPolicy: Never\n      containers:\n      - name: a\n        image: x\n        imag: x\n`;
    test.each([
      ["an unknown kind", "get bcc", 2, /serves no kind "bcc"\n {2}did you mean bc\?/],
      [
        "an unknown object",
        "get bc nope -n demo",
        14,
        /no BackupConfiguration demo\/nope at https.*\n.*coldstream get backupconfigurations -n demo/,
      ],
      ["the wrong namespace", "get cm kube-root-ca.crt -n nowhere", 14, /-n default/],
      ["a context that is missing", "get bc --context nope", 2, /no context nope\n {2}its contexts are tests/],
      ["two contexts", "get bc --context a --kube-context b", 2, /name two contexts/],
      ["nothing to delete", "delete bc -n demo", 2, /which backupconfigurations is not said/],
      ["a file that is missing", "apply -f nope.yaml", 2, /reading nope.yaml: there is no such file/],
      ["an address", "apply -f https://example.com/x.yaml", 2, /download it first/],
      [
        "another namespace",
        "apply -f objects.yaml -n other",
        2,
        /objects.yaml:2: Secret storage is for the namespace demo, not other/,
      ],
      ["nothing to wait for", "wait bc/x", 2, /--for is missing/],
      ["a selector that is none", "get bc -l =a=", 1, /listing backupconfigurations/],
      ["two kinds to watch", "get bc,repo -w", 2, /one kind can be watched/],
    ])("%s", async (_title, line, status, message) => {
      const { exit, stdout, stderr } = await coldstream(line);
      expect([exit, stdout]).toEqual([status, ""]);
      expect(stderr).toMatch(message);
      expect(stderr.trimEnd().split("\n").length).toBeLessThanOrEqual(2);
    });

    test("a field that the server does not know, with its line", async () => {
      await write("wrong.yaml", wrong + job);
      const { exit, stdout, stderr } = await coldstream("apply -f wrong.yaml");
      expect([exit, stdout]).toEqual([3, "configmap/fine created\n"]);
      expect(stderr).toContain("wrong.yaml:15: Job j: unknown field spec.template.spec.containers[0].imag\n");
    });

    test("no API server, wrong credentials, missing rights", async () => {
      await plane.apply(`apiVersion: v1\nkind: ServiceAccount\nmetadata: { name: nobody, namespace: demo }\n`);
      const token = await plane.createToken("demo", "nobody");
      const text = JSON.stringify(JSON.parse(await theirs("config view --raw -o json").then(({ stdout }) => stdout)));
      await write("away", text.replaceAll(`:${plane.port}`, ":1"));
      await write("wrong", text.replaceAll(plane.token, "wrong"));
      await write("nobody", text.replaceAll(plane.token, token));
      for (const [name, status, message] of [
        ["away", 20, /connect ECONNREFUSED/],
        ["wrong", 21, /Unauthorized\n.*does not know these credentials/],
        ["nobody", 21, /cannot list resource "backupconfigurations".*\n.*Role must allow this/],
      ] as const) {
        const { exit, stderr } = await coldstream(`get bc -n demo --kubeconfig ${join(bench.folder, name)}`);
        expect([exit, stderr]).toEqual([status, expect.stringMatching(message)]);
      }
      const json = await coldstream(`get bc --json --kubeconfig ${join(bench.folder, "wrong")}`);
      expect(JSON.parse(json.stdout).error.code).toBe("not-permitted");
    });

    test("several kubeconfigs are one", async () => {
      await write("half", JSON.stringify({ apiVersion: "v1", kind: "Config", "current-context": "tests" }));
      const env = { KUBECONFIG: `${join(bench.folder, "half")}:${plane.kubeconfig}` };
      expect((await coldstream("get ns demo -o name", env)).stdout).toBe("namespace/demo\n");
    });
  });
});
