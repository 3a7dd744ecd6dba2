import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { uidOf } from "../../src/machine/pod.ts";
import type { Runner } from "../../src/machine/runner.ts";
import { controlPlaneMissing } from "../support/control-plane.ts";
import {
  image,
  isOver,
  isRunning,
  jobDocument,
  type MachinePlace,
  mainOf,
  namespace,
  node,
  openMachinePlace,
  podDocument,
  untilThere,
} from "./place.ts";

describe.skipIf(controlPlaneMissing() !== undefined)("the pod runner", () => {
  let place: MachinePlace;
  let runner: Runner;
  beforeAll(async () => {
    place = await openMachinePlace();
    runner = await place.start({ restartBackOff: { firstMs: 300, mostMs: 300 }, allowCommands: ["/bin/true"] });
  }, 120_000);
  afterAll(async () => {
    await runner?.[Symbol.asyncDispose]();
    await place?.[Symbol.asyncDispose]();
  });

  test("registers a node that is ready and keeps its lease", async () => {
    expect(await place.kubectl("get", "node", node, "--no-headers")).toMatch(/^machine-a\s+Ready\s/);
    expect(
      await place.kubectl("-n", "kube-node-lease", "get", "lease", node, "-o", "jsonpath={.spec.holderIdentity}"),
    ).toBe(node);
  });

  test("runs a Job with everything that a pod can be given", async () => {
    await place.apply({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "storage", namespace },
      stringData: { PASSWORD: "p w", "key.pem": "PEM" },
    });
    await place.apply({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "settings", namespace },
      data: { level: "debug" },
    });
    await place.apply({
      ...{ apiVersion: "v1", kind: "PersistentVolumeClaim", metadata: { name: "interim", namespace } },
      spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "10Mi" } } },
    });
    const volumeMounts = [
      { name: "shared", mountPath: "/shared" },
      { name: "interim", mountPath: "/interim", subPath: "data" },
      { name: "secret", mountPath: "/secret" },
    ];
    const find = (path: string) => `$(echo "$COLDSTREAM_MOUNTS" | sed 's#.*"${path}":"\\([^"]*\\)".*#\\1#')`;
    const env = [
      { name: "PASSWORD", valueFrom: { secretKeyRef: { name: "storage", key: "PASSWORD" } } },
      { name: "LEVEL", valueFrom: { configMapKeyRef: { name: "settings", key: "level" } } },
      { name: "JOB", valueFrom: { fieldRef: { fieldPath: "metadata.labels['batch.kubernetes.io/job-name']" } } },
      { name: "LIMIT", valueFrom: { resourceFieldRef: { resource: "limits.memory" } } },
      { name: "ALL", value: "$(PASSWORD) $(LEVEL) $(JOB) $(LIMIT)" },
    ];
    const resources = { limits: { memory: "64Mi" } };
    const first = `echo "$ALL" > ${find("/shared")}/first; cat ${find("/secret")}/key.pem > ${find("/interim")}/pem`;
    const second = `cat ${find("/shared")}/first ${find("/interim")}/pem; stat -c " %a" -L ${find("/secret")}/key.pem; echo "$(ARG)"`;
    await place.apply(
      jobDocument("whole", {
        initContainers: [{ name: "first", image, args: [first], env, volumeMounts, resources }],
        containers: [{ name: "main", image, args: [second], env: [{ name: "ARG", value: "an arg" }], volumeMounts }],
        volumes: [
          { name: "shared", emptyDir: {} },
          { name: "interim", persistentVolumeClaim: { claimName: "interim" } },
          { name: "secret", secret: { secretName: "storage" } },
        ],
      }),
    );
    await place.job("whole", "Complete");
    expect(await place.kubectl("logs", "job/whole")).toBe("p w debug whole 67108864\nPEM 600\nan arg\n");
    expect(await place.kubectl("get", "pvc", "interim", "--no-headers")).toMatch(
      /^interim\s+Bound\s+pvc-\S+\s+10Mi\s+RWO/,
    );
    expect(await place.kubectl("get", "pod", "-l", "job-name=whole", "--no-headers")).toMatch(/0\/1\s+Completed\s+0/);
    const pod = await place.podOf("whole", isOver);
    expect(pod.spec.nodeName).toBe(node);
    const folder = join(place.folder, "pods", uidOf(pod));
    const left = async () =>
      (await readdir(folder, { recursive: true })).filter((name) => /\/(log|exit)$/.test(name)).toSorted();
    expect(await left()).toEqual([
      "containers/first/0/exit",
      "containers/first/0/log",
      "containers/main/0/exit",
      "containers/main/0/log",
    ]);
    await expect.poll(async () => await readdir(folder)).toEqual(["containers"]);
    const conditions = (pod.status?.conditions ?? []).map(({ type, status }) => `${type} ${status}`).toSorted();
    expect(conditions).toEqual([
      "ContainersReady False",
      "Initialized True",
      "PodReadyToStartContainers False",
      "PodScheduled True",
      "Ready False",
    ]);
  });

  test("gives no more of its own environment than it was told", async () => {
    await place.apply(podDocument("bare", "env | sed 's/=.*//' | sort | tr '\\n' ' '"));
    await place.pod("bare", isOver);
    const own = "COLDSTREAM_HOSTS COLDSTREAM_MOUNTS HOME HOSTNAME KUBERNETES_SERVICE_HOST KUBERNETES_SERVICE_PORT";
    expect(await place.kubectl("logs", "bare")).toBe(`${own} PATH PWD TMPDIR `);
  });

  test("tells exit status and message of a failed container", async () => {
    const script = 'for n in 1 2 3; do echo "line $n"; done; exit 7';
    await place.apply(podDocument("failing", script, {}, { terminationMessagePolicy: "FallbackToLogsOnError" }));
    const pod = await place.pod("failing", isOver);
    expect(pod.status?.phase).toBe("Failed");
    expect(mainOf(pod)?.state?.terminated).toMatchObject({
      exitCode: 7,
      reason: "Error",
      message: "line 1\nline 2\nline 3\n",
    });
    expect(await place.kubectl("logs", "failing", "--tail=1")).toBe("line 3\n");
    expect(await place.kubectl("logs", "failing", "--timestamps")).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z line 1\n/);
  });

  test("starts a container again while its pod wants that, and keeps the log before, but none before that", async () => {
    const script = 'f=$HOME/count; echo x >> "$f"; n=$(wc -l < "$f"); echo "try $n"; [ "$n" -ge 3 ]';
    await place.apply(podDocument("again", script, { restartPolicy: "OnFailure" }));
    const pod = await place.pod("again", isOver);
    expect(pod.status?.phase).toBe("Succeeded");
    expect(mainOf(pod)?.restartCount).toBe(2);
    expect(await place.kubectl("logs", "again")).toBe("try 3\n");
    expect(await place.kubectl("logs", "again", "--previous")).toBe("try 2\n");
    const runs = await readdir(join(place.folder, "pods", uidOf(pod), "containers/main"));
    expect(runs.filter((name) => /^\d+$/.test(name)).toSorted()).toEqual(["1", "2"]);
  });

  test("lets a log be followed to its end", async () => {
    const go = join(place.folder, "slow-may-go");
    await place.apply(podDocument("slow", `echo one; ${untilThere(go)}; echo two`));
    await place.pod("slow", isRunning);
    await using log = await place.follow("slow");
    await writeFile(go, "");
    expect(await log.whole).toBe("one\ntwo\n");
  });

  test("kills what takes too much memory", async () => {
    const script = 'x=$(head -c 200000000 /dev/zero | tr "\\0" "x"); sleep 60';
    await place.apply(podDocument("large", script, {}, { resources: { limits: { memory: "20Mi" } } }));
    const pod = await place.pod("large", isOver);
    expect(mainOf(pod)?.state?.terminated).toMatchObject({ exitCode: 137, reason: "OOMKilled" });
  });

  test("ends a pod at its deadline", async () => {
    await place.apply(podDocument("late", "exec sleep 60", { activeDeadlineSeconds: 1 }));
    const pod = await place.pod("late", isOver);
    expect(pod.status).toMatchObject({ phase: "Failed", reason: "DeadlineExceeded" });
    expect(mainOf(pod)?.state?.terminated?.exitCode).toBe(143);
  });

  test("evicts a pod whose volume is full", async () => {
    await place.apply({
      ...{ apiVersion: "v1", kind: "PersistentVolumeClaim", metadata: { name: "small", namespace } },
      spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Mi" } } },
    });
    const script = `d=$(echo "$COLDSTREAM_MOUNTS" | sed 's#.*"/data":"\\([^"]*\\)".*#\\1#'); head -c 3000000 /dev/zero > "$d/x"; sleep 60`;
    const volumes = [{ name: "data", persistentVolumeClaim: { claimName: "small" } }];
    await place.apply(
      podDocument("full", script, { volumes }, { volumeMounts: [{ name: "data", mountPath: "/data" }] }),
    );
    const pod = await place.pod("full", isOver);
    expect(pod.status).toMatchObject({ phase: "Failed", reason: "Evicted" });
    expect(pod.status?.message).toMatch(/^persistentvolumeclaim "small" is full: it holds .* more than its 1.000 MiB/);
  });

  test("removes the folder of a claim with the claim", async () => {
    const claims = join(place.folder, "claims");
    const has = async () => (await readdir(claims)).some((name) => name.startsWith(`${namespace}_small_`));
    expect(await has()).toBe(true);
    await place.kubectl("delete", "pod", "full");
    await place.kubectl("delete", "pvc", "small");
    await expect.poll(has).toBe(false);
    await expect.poll(async () => await place.kubectl("get", "pv", "-o", "name")).not.toContain("small");
  });

  test("waits for an image as a kubelet does, and says which it has", async () => {
    const pod = podDocument("other", "true");
    await place.apply({ ...pod, spec: { ...pod.spec, containers: [{ name: "main", image: "nats:2.12" }] } });
    const waiting = await place.pod("other", (one) => mainOf(one)?.state?.waiting?.reason === "ImagePullBackOff");
    expect(mainOf(waiting)?.state?.waiting?.message).toContain(`this node runs ${image} alone`);
    expect(waiting.status?.phase).toBe("Pending");
    await place.kubectl("delete", "pod", "other", "--timeout=10s");
  });

  test("runs a command only where that is allowed", async () => {
    await place.apply(podDocument("allowed", "x", {}, { command: ["/bin/true"] }));
    await place.apply(podDocument("refused", "x", {}, { command: ["/bin/cat"] }));
    expect((await place.pod("allowed", isOver)).status?.phase).toBe("Succeeded");
    const state = mainOf(await place.pod("refused", isOver))?.state?.terminated;
    expect(state).toMatchObject({ exitCode: 128, reason: "StartError" });
    expect(state?.message).toContain('not the command "/bin/cat"');
  });

  test("waits for what a pod names, with a sentence", async () => {
    const env = [{ name: "X", valueFrom: { secretKeyRef: { name: "later", key: "k" } } }];
    await place.apply(podDocument("waiting", 'echo "$X"', {}, { env }));
    const volumes = [{ name: "v", secret: { secretName: "later" } }];
    await place.apply(podDocument("mounting", "true", { volumes }));
    const waiting = await place.pod(
      "waiting",
      (one) => mainOf(one)?.state?.waiting?.reason === "CreateContainerConfigError",
    );
    expect(mainOf(waiting)?.state?.waiting?.message).toBe('secret "later" not found');
    const mounting = await place.pod("mounting", (one) => mainOf(one)?.state?.waiting?.message !== undefined);
    expect(mainOf(mounting)?.state?.waiting?.message).toBe(
      'MountVolume.SetUp failed for volume "v" : secret "later" not found',
    );
    await place.apply({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "later", namespace },
      stringData: { k: "there" },
    });
    await place.pod("mounting", isOver);
    await place.pod("waiting", isOver);
    expect(await place.kubectl("logs", "waiting")).toBe("there\n");
  });

  test("takes no pod that does not fit, and says why", async () => {
    await place.apply(podDocument("elsewhere", "true", { nodeSelector: { zone: "b" } }));
    const pod = await place.pod("elsewhere", (one) => (one.status?.conditions ?? []).length > 0);
    expect(pod.status?.conditions?.[0]).toMatchObject({
      type: "PodScheduled",
      status: "False",
      reason: "Unschedulable",
    });
    expect(await place.kubectl("describe", "pod", "elsewhere")).toContain("didn't match Pod's node affinity/selector");
  });

  test("asks a deleted pod to end, and then makes it", async () => {
    const polite = 'trap "echo bye; exit 0" TERM; echo up; while :; do sleep 0.1; done';
    await place.apply(podDocument("polite", polite));
    await place.apply(podDocument("stubborn", 'trap "" TERM; echo up; sleep 60 & sleep 60'));
    await Promise.all(["polite", "stubborn"].map(async (name) => await place.pod(name, isRunning)));
    await using log = await place.follow("polite");
    const started = performance.now();
    await place.kubectl("delete", "pod", "polite", "stubborn", "--timeout=20s");
    expect(performance.now() - started).toBeLessThan(10_000);
    expect(await log.whole).toBe("up\nbye\n");
  });

  test("gives a token that the API server takes for the pod's ServiceAccount, and no more rights", async () => {
    const account = { name: "reader", namespace };
    await place.apply({ apiVersion: "v1", kind: "ServiceAccount", metadata: account });
    const role = { apiVersion: "rbac.authorization.k8s.io/v1", kind: "Role", metadata: account };
    await place.apply({
      ...role,
      rules: [{ apiGroups: [""], resources: ["configmaps"], resourceNames: ["settings"], verbs: ["get"] }],
    });
    const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "reader" };
    await place.apply({ ...role, kind: "RoleBinding", roleRef, subjects: [{ kind: "ServiceAccount", ...account }] });
    const can = ["auth", "can-i", "get", "configmaps/settings", `--as=system:serviceaccount:${namespace}:reader`];
    await expect.poll(async () => await place.kubectl(...can)).toBe("yes\n");
    const script = [
      'd=$(echo "$COLDSTREAM_MOUNTS" | sed \'s#.*"/var/run/secrets/kubernetes.io/serviceaccount":"\\([^"]*\\)".*#\\1#\')',
      'api=$(echo "$COLDSTREAM_HOSTS" | sed \'s#.*"kubernetes.default.svc:443":"\\([^"]*\\)".*#\\1#\')',
      'get() { curl -s -o /dev/null -w "%{http_code}\\n" --cacert "$d/ca.crt" -H "Authorization: Bearer $(cat "$d/token")" --connect-to "$KUBERNETES_SERVICE_HOST:443:$api" "https://$KUBERNETES_SERVICE_HOST:443/api/v1/namespaces/$(cat "$d/namespace")/$1"; }',
      "get configmaps/settings; get configmaps; get secrets/storage",
    ].join("\n");
    await place.apply(podDocument("reading", script, { serviceAccountName: "reader" }));
    await place.pod("reading", isOver);
    expect(await place.kubectl("logs", "reading")).toBe("200\n403\n403\n");
  });

  test.skipIf(process.getuid?.() !== 0)("can give each pod a host name of its own", async () => {
    await using own = await place.start({ node: "machine-b", folder: join(place.folder, "b"), podHostNames: true });
    const nodeSelector = { "kubernetes.io/hostname": own.node };
    await place.apply(podDocument("named", "cat /proc/sys/kernel/hostname; sleep 60 & sleep 60", { nodeSelector }));
    await place.pod("named", isRunning);
    await expect.poll(async () => await place.kubectl("logs", "named")).toBe("named\n");
    await place.kubectl("delete", "pod", "named", "--timeout=10s");
  });

  test("takes no exec", async () => {
    await place.apply(podDocument("still", "sleep 60"));
    await place.pod("still", isRunning);
    await expect(place.kubectl("exec", "still", "--", "ls")).rejects.toThrow("kubectl exec still");
    await place.kubectl("delete", "pod", "still", "--now");
  });
});
