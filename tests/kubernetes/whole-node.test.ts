import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { exec } from "../../src/kube/exec.ts";
import { boxImage, startWholeNode, type WholeNode, wholeNodeMissing } from "../support/whole-node/whole-node.ts";

describe.skipIf(wholeNodeMissing() !== undefined)("a whole node", { timeout: 120_000 }, () => {
  let node: WholeNode;
  beforeAll(async () => {
    node = await startWholeNode();
  }, 180_000);
  afterAll(async () => await node?.[Symbol.asyncDispose](), 60_000);

  test("runs commands in containers", async () => {
    const { desk } = node;
    await desk.plane.createNamespace("demo");
    await desk.apply({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { namespace: "demo", name: "box" },
      spec: {
        terminationGracePeriodSeconds: 0,
        containers: [{ name: "one", image: boxImage, command: ["/bin/sleep", "3600"] }],
      },
    });
    await node.podReady("demo", "box");
    const pod = { namespace: "demo", name: "box" };
    const run = async (...command: string[]) =>
      await exec(desk.plane.settings, { pod, command }, { signal: AbortSignal.timeout(20_000) });
    expect(await run("sh", "-c", "echo out; echo err >&2")).toEqual({ exitCode: 0, stdout: "out\n", stderr: "err\n" });
    expect(await run("sh", "-c", "exit 42")).toMatchObject({ exitCode: 42 });
    await expect(run("nothing-here")).rejects.toThrow(/executable file not found/);
  });
});
