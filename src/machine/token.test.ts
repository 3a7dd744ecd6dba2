import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { memoryCluster } from "../../tests/support/memory-cluster.ts";
import { silentLog } from "../kit/log.ts";
import type { Cluster, RawRequest } from "../kube/cluster.ts";
import { MachinePod } from "./pod.ts";
import { keepToken, writeToken } from "./token.ts";

const metadata = { name: "pod-1", namespace: "demo", uid: "u-1" };
const spec = { serviceAccountName: "runner", containers: [] };
const pod = MachinePod.parse({ apiVersion: "v1", kind: "Pod", metadata, spec });

/** Gives tokens that live this long; `asked` are its requests. */
function tokenCluster(lifetimeMs: number) {
  const asked: RawRequest[] = [];
  const cluster: Cluster = {
    ...memoryCluster(),
    async request(request) {
      asked.push(request);
      const expirationTimestamp = new Date(Date.now() + lifetimeMs).toISOString();
      return { status: { token: `token-${asked.length}`, expirationTimestamp } };
    },
  };
  return { asked, cluster };
}

describe("a token", () => {
  let root: string;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), "coldstream-token-"));
  });
  afterAll(async () => await rm(root, { recursive: true }));

  test("is asked for the pod's account, bound to the pod, and lies where nobody else reads", async () => {
    const { asked, cluster } = tokenCluster(1_000_000);
    const path = join(root, "a/token");
    const signal = new AbortController().signal;
    const renewAt = await writeToken(cluster, pod, { path, audience: "vault", expirationSeconds: 600, signal });
    expect(renewAt - Date.now()).toBeCloseTo(800_000, -4);
    expect([await readFile(path, "utf8"), (await stat(path)).mode & 0o777]).toEqual(["token-1", 0o600]);
    const boundObjectRef = { apiVersion: "v1", kind: "Pod", name: "pod-1", uid: "u-1" };
    expect(asked).toMatchObject([
      {
        method: "POST",
        path: "/api/v1/namespaces/demo/serviceaccounts/runner/token",
        body: { spec: { audiences: ["vault"], expirationSeconds: 600, boundObjectRef } },
      },
    ]);
  });

  test("is renewed before it runs out, until nobody needs it", async () => {
    const { asked, cluster } = tokenCluster(1250);
    const path = join(root, "token");
    const signal = AbortSignal.timeout(1500);
    await keepToken(cluster, pod, { path, expirationSeconds: 600, renewAt: Date.now(), signal, log: silentLog });
    expect(asked.length).toBe(2);
    expect(await readFile(path, "utf8")).toBe("token-2");
  });
});
