import { describe, expect, test } from "vitest";
import { Endpoints, Service } from "../kube/core.ts";
import { hostsOf } from "./service-hosts.ts";

const service = (name: string, spec: object, namespace = "demo") =>
  Service.parse({ apiVersion: "v1", kind: "Service", metadata: { name, namespace }, spec });
const endpointsOf = (name: string, subset: object, namespace = "demo") =>
  Endpoints.parse({ apiVersion: "v1", kind: "Endpoints", metadata: { name, namespace }, subsets: [subset] });

const nats = service("nats", { clusterIP: "10.96.0.5", ports: [{ name: "client", port: 4222, targetPort: "client" }] });
const natsEndpoints = endpointsOf("nats", {
  addresses: [{ ip: "192.0.2.7" }, { ip: "192.0.2.8" }],
  ports: [{ name: "client", port: 41234 }],
});

function table(namespace: string, services: Service[], endpoints: Endpoints[], given: Record<string, string> = {}) {
  const all = hostsOf({ namespace, services, endpoints, apiServer: "127.0.0.1:6443", given });
  return Object.fromEntries(Object.entries(all).filter(([host]) => !host.startsWith("kubernetes.")));
}

describe("hostsOf", () => {
  test.each<[string, Record<string, string>, Record<string, string>]>([
    [
      "a service by all its names",
      table("demo", [nats], [natsEndpoints]),
      {
        "nats.demo.svc:4222": "192.0.2.7:41234",
        "nats.demo.svc.cluster.local:4222": "192.0.2.7:41234",
        "nats.demo:4222": "192.0.2.7:41234",
        "nats:4222": "192.0.2.7:41234",
      },
    ],
    [
      "a service of another namespace without its bare name",
      table("other", [nats], [natsEndpoints]),
      {
        "nats.demo.svc:4222": "192.0.2.7:41234",
        "nats.demo.svc.cluster.local:4222": "192.0.2.7:41234",
        "nats.demo:4222": "192.0.2.7:41234",
      },
    ],
    ["no service without endpoints", table("demo", [nats], []), {}],
    [
      "pods of a headless service",
      table(
        "x",
        [service("n", { clusterIP: "None", ports: [{ port: 80 }] })],
        [endpointsOf("n", { addresses: [{ ip: "fd00::1", hostname: "n-0" }], ports: [{ port: 4222 }] })],
      ),
      {
        "n.demo.svc:4222": "[fd00::1]:4222",
        "n.demo.svc.cluster.local:4222": "[fd00::1]:4222",
        "n.demo:4222": "[fd00::1]:4222",
        "n-0.n.demo.svc:4222": "[fd00::1]:4222",
        "n-0.n.demo.svc.cluster.local:4222": "[fd00::1]:4222",
        "n-0.n.demo:4222": "[fd00::1]:4222",
      },
    ],
    [
      "a service that is another name",
      table("x", [service("db", { externalName: "db.example.com" })], []),
      { "db.demo.svc": "db.example.com", "db.demo.svc.cluster.local": "db.example.com", "db.demo": "db.example.com" },
    ],
    [
      "what was given, first",
      table("x", [nats], [natsEndpoints], { "nats.demo.svc:4222": "127.0.0.1:1", "far.svc": "127.0.0.1:2" }),
      {
        "nats.demo.svc:4222": "127.0.0.1:1",
        "far.svc": "127.0.0.1:2",
        "nats.demo.svc.cluster.local:4222": "192.0.2.7:41234",
        "nats.demo:4222": "192.0.2.7:41234",
      },
    ],
  ])("knows %s", (_title, found, expected) => expect(found).toEqual(expected));

  test("knows the API server", () => {
    const all = hostsOf({ namespace: "x", services: [], endpoints: [], apiServer: "127.0.0.1:6443", given: {} });
    expect(all["kubernetes.default.svc:443"]).toBe("127.0.0.1:6443");
  });

  test("fits into a variable, the pod's own namespace first", () => {
    const many = Array.from({ length: 2000 }, (_, at) =>
      service(`s-${at}`, nats.spec ?? {}, at === 1999 ? "own" : "demo"),
    );
    const all = many.map(({ metadata }) =>
      endpointsOf(
        metadata.name ?? "",
        { addresses: [{ ip: "192.0.2.7" }], ports: [{ name: "client", port: 1 }] },
        metadata.namespace,
      ),
    );
    const found = hostsOf({ namespace: "own", services: many, endpoints: all, apiServer: "x:1", given: {} });
    expect(JSON.stringify(found).length).toBeLessThan(110_000);
    expect(found["s-1999:4222"]).toBe("192.0.2.7:1");
  });
});
