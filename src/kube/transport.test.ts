import { describe, expect, test } from "vitest";
import { failureOf } from "../../tests/support/failure-of.ts";
import { json, startScriptedApi } from "../../tests/support/scripted-api.ts";
import { makeSelfSigned } from "../kit/certificate.ts";
import { openHosts } from "../kit/hosts.ts";
import { openCluster } from "./client.ts";
import { configMaps } from "./core.ts";
import type { ClusterSettings } from "./settings.ts";

const key = { namespace: "demo", name: "a" };
const signal = AbortSignal.timeout(60_000);
const map = { metadata: { ...key, uid: "u", resourceVersion: "7" }, data: { a: "1" } };

describe("TLS", async () => {
  const made = await makeSelfSigned({
    name: "kubernetes",
    hosts: ["kubernetes.default.svc"],
    addresses: ["10.96.0.1"],
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + 3_600_000),
  });
  const tls = { cert: made.certificate, key: made.key };
  const ca = made.certificate;
  const get = async (more: (port: number) => ClusterSettings) => {
    await using api = await startScriptedApi([json(200, map)], tls);
    await using cluster = openCluster({ ...more(api.port), limits: { retryMs: 100 } });
    return await cluster.get(configMaps, key, { signal });
  };
  const dialLoopback = (port: number) =>
    openHosts({ "kubernetes.default.svc:443": `127.0.0.1:${port}`, "10.96.0.1": `127.0.0.1:${port}` }).lookup;

  test.each<[string, (port: number) => ClusterSettings]>([
    [
      "the name in the settings",
      (port) => ({ server: `https://127.0.0.1:${port}`, serverName: "kubernetes.default.svc", ca }),
    ],
    [
      "the host, wherever is dialled",
      (port) => ({ server: "https://kubernetes.default.svc", ca, resolve: dialLoopback(port) }),
    ],
    ["the address, wherever is dialled", (port) => ({ server: "https://10.96.0.1", ca, resolve: dialLoopback(port) })],
    ["nothing when told so", (port) => ({ server: `https://127.0.0.1:${port}`, insecure: true })],
  ])("checks %s", async (_title, more) => {
    expect(await get(more)).toBeDefined();
  });
  test("is begun once for many requests", async () => {
    await using api = await startScriptedApi([json(200, map)], tls);
    await using cluster = openCluster({ server: api.url, serverName: "kubernetes.default.svc", ca });
    for (let times = 0; times < 5; times++) await cluster.get(configMaps, key, { signal });
    expect(api.connections()).toBe(1);
  });
  test.each<[string, (port: number) => ClusterSettings]>([
    ["another name", (port) => ({ server: `https://127.0.0.1:${port}`, ca })],
    ["another authority", (port) => ({ server: `https://127.0.0.1:${port}`, serverName: "kubernetes.default.svc" })],
    [
      "a name that is dialled elsewhere",
      (port) => ({ server: "https://10.96.0.1", serverName: "other", ca, resolve: dialLoopback(port) }),
    ],
  ])("refuses %s", async (_title, more) => {
    const failure = await failureOf(get(more));
    expect(failure.code).toBe("cluster-unreachable");
    expect(failure.hint).toContain("certificates");
  });
});
