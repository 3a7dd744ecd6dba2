import { describe, expect, test } from "vitest";
import { type Endpoints, Pod } from "../../kube/core.ts";
import { chooseBackend, namedPort } from "./executor-pod.ts";

const at = (ip: string, name?: string) => ({ ip, ...(name === undefined ? {} : { targetRef: { kind: "Pod", name } }) });

describe("who is chosen behind a Service", () => {
  test.each<[string, Endpoints["subsets"], ReturnType<typeof chooseBackend>]>([
    ["nobody where there is nobody", undefined, undefined],
    ["nobody in an empty subset", [{ addresses: null }], undefined],
    [
      "the first ready pod",
      [{ addresses: [at("10.1.0.1", "a"), at("10.1.0.2", "b")] }],
      { address: "10.1.0.1", pod: "a" },
    ],
    [
      "a ready one of a later subset before one that is not ready",
      [{ notReadyAddresses: [at("10.1.0.1", "a")] }, { addresses: [at("10.1.0.2", "b")] }],
      { address: "10.1.0.2", pod: "b" },
    ],
    [
      "one that is not ready rather than nobody",
      [{ notReadyAddresses: [at("10.1.0.1", "a")] }],
      { address: "10.1.0.1", pod: "a" },
    ],
    [
      "a pod before what is none",
      [{ addresses: [at("10.9.0.1"), at("10.1.0.2", "b")] }],
      { address: "10.1.0.2", pod: "b" },
    ],
    [
      "what is no pod, if there is nothing else",
      [{ addresses: [at("10.9.0.1")] }],
      { address: "10.9.0.1", pod: undefined },
    ],
  ])("%s", (_title, subsets, backend) => expect(chooseBackend({ subsets })).toEqual(backend));
});

describe("a named port", () => {
  const pod = Pod.parse({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "nats-0", namespace: "demo" },
    spec: {
      containers: [
        { name: "nats", ports: [{ name: "client", containerPort: 4222 }] },
        { name: "exporter", ports: [{ name: "metrics", containerPort: 7777 }, { containerPort: 1 }] },
        { name: "bare" },
      ],
    },
  });
  test.each([
    ["client", "nats", 4222],
    ["metrics", undefined, 7777],
    ["metrics", "exporter", 7777],
  ])("%s in %s is %d", (port, container, number) => expect(namedPort(pod, port, container)).toBe(number));
  test.each([
    ["metrics", "nats", "Pod nats-0 has no port named metrics in container nats"],
    ["nothing", undefined, "Pod nats-0 has no port named nothing"],
  ])("%s in %s is a mistake", (port, container, sentence) => {
    expect(() => namedPort(pod, port, container)).toThrow(sentence);
  });
});
