import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Program, startProgram } from "../../src/kit/program.ts";
import { image } from "../operator/desk.ts";
import { eventually } from "../support/eventually.ts";
import { compiledOnce } from "../support/programs.ts";
import type { System } from "./system.ts";

/** The operator as `coldstream operator` runs it: a process of its own, which can be killed and frozen. */
export interface OperatorProcess extends AsyncDisposable {
  readonly pid: number;
  /** Its lines so far. */
  readonly log: readonly string[];
  /** It leads, and knows all there is. */
  ready(): Promise<void>;
  /** SIGKILL, and it is gone. */
  kill(): Promise<void>;
  freeze(): void;
  thaw(): void;
}

export interface OperatorProcessOptions {
  /** How long a killed leader's lease stands in the way; without it the operator does not ask for one. */
  readonly isElected?: boolean;
  /** In place of the API server's own. */
  readonly server?: string;
}

const root = join(import.meta.dirname, "../..");
const own = { namespace: "coldstream", account: "coldstream-operator" };
let started = 0;

export async function startOperatorProcess(
  { desk: { plane }, pushgateway }: System,
  { isElected = false, server = plane.server }: OperatorProcessOptions = {},
): Promise<OperatorProcess> {
  started += 1;
  const kubeconfig = join(plane.folder, `operator-${started}.kubeconfig`);
  const token = await plane.createToken(own.namespace, own.account);
  await writeFile(kubeconfig, kubeconfigText({ server, ca: plane.ca, token }), { mode: 0o600 });
  const args = [
    ...[join(root, "src/cli/main.ts"), "operator", "--kubeconfig", kubeconfig, "--namespace", own.namespace],
    ...["--image", image, "--pushgateway-url", pushgateway.url],
    ...["--leader-election", isElected ? "on" : "off"],
  ];
  const log: string[] = [];
  const program: Program = await startProgram(process.execPath, args, {
    env: { ...compiledOnce, PATH: "/usr/bin:/bin", HOME: plane.folder },
    onStderrLine: (line) => log.push(line),
  });
  let isGone = false;
  void program.ended.then(() => {
    isGone = true;
  });
  return {
    pid: program.pid,
    log,
    async ready() {
      await eventually("an operator that is ready", async () => {
        if (isGone) throw new Error(`the operator ended: ${log.join("\n")}`);
        return log.some((line) => line.includes("caches are complete"));
      });
    },
    kill: () => program.stop("SIGKILL"),
    freeze: () => void process.kill(program.pid, "SIGSTOP"),
    thaw: () => void process.kill(program.pid, "SIGCONT"),
    [Symbol.asyncDispose]: () => program.stop("SIGKILL"),
  };
}

function kubeconfigText({ server, ca, token }: { server: string; ca: string; token: string }): string {
  const cluster = {
    server,
    "certificate-authority-data": Buffer.from(ca).toString("base64"),
    "tls-server-name": "kubernetes",
  };
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "tests", cluster }],
    users: [{ name: own.account, user: { token } }],
    contexts: [{ name: "tests", context: { cluster: "tests", user: own.account } }],
    "current-context": "tests",
  });
}
