import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeWorkbench, type Run, type Workbench } from "../cli/workbench.ts";
import { type ControlPlane, controlPlaneMissing } from "../support/control-plane.ts";
import { serversOfLongRun } from "./api-servers.ts";

const missing = controlPlaneMissing();

let bench: Workbench;
beforeAll(async () => {
  bench = await makeWorkbench();
});
afterAll(async () => await bench[Symbol.asyncDispose]());

describe("coldstream operator", () => {
  test.each([
    ["an image", "operator", "--image is missing"],
    ["an address", "operator --image x --metrics-address here", '--metrics-address: "here" is no address to listen on'],
  ])("asks for %s", async (_title, line, complaint) => {
    const { exit, stderr } = await bench.coldstream(line);
    expect(exit).toBe(2);
    expect(stderr).toContain(complaint);
  });

  test("says which kubeconfig it cannot use", async () => {
    await writeFile(join(bench.folder, "empty.yaml"), "kind: Config\n");
    const { exit, stderr } = await bench.coldstream("operator --image x --kubeconfig empty.yaml");
    expect(exit).toBe(2);
    expect(stderr).toContain("the kubeconfig has no current context");
  });
});

describe.skipIf(missing !== undefined).each(serversOfLongRun)("a running operator on $name", ({ start }) => {
  let plane: ControlPlane;
  beforeAll(async () => {
    plane = await start({});
    await plane.createNamespace("coldstream");
  }, 120_000);
  afterAll(async () => await plane?.[Symbol.asyncDispose]());

  async function endBy(signal: NodeJS.Signals): Promise<Run> {
    const line = `operator --image x --namespace coldstream --kubeconfig ${plane.kubeconfig} --metrics-address 127.0.0.1:0`;
    let isSent = false;
    return await bench.coldstream(line, {
      onStderr(text, kill) {
        if (isSent || !text.includes("caches are complete")) return;
        isSent = true;
        kill(signal, "process");
      },
    });
  }

  test("ends well when it is told to, and logs one JSON document a line", async () => {
    const { exit, stderr, stdout } = await endBy("SIGTERM");
    expect([exit, stdout]).toEqual([0, ""]);
    const messages = stderr
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { readonly msg: string }).msg);
    expect(messages).toEqual(["operator started", "leader", "caches are complete", "operator ended"]);
  });

  test("ends with 130 by Ctrl-C", async () => {
    const { exit, stderr } = await endBy("SIGINT");
    expect(exit).toBe(130);
    expect(stderr).toContain('"msg":"operator ended"');
  });
});
