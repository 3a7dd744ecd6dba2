import { generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Failure } from "../../src/kit/failures.ts";
import { type Program, startProgram } from "../../src/kit/program.ts";
import { readyAt } from "./control-plane-admin.ts";
import { freePort, waitForPort } from "./ports.ts";
import { controlPlaneFolder } from "./programs.ts";

/** Where one control plane lives. */
export interface ControlPlanePlace {
  readonly folder: string;
  readonly kubeconfig: string;
  readonly server: string;
  readonly port: number;
  readonly etcdPort: number;
  readonly token: string;
  readonly within?: Within | undefined;
}

/** Where the programs run, when that is not beside the test: the ports are the same there and here. */
export interface Within {
  /** Put before a program and its arguments. */
  readonly enter: readonly string[];
  /** Where nodes and pods reach the API server. */
  readonly address: string;
  /** From now on what connects to this port of this machine's loopback comes to that one there. */
  expose(port: number): Promise<void>;
}

export interface NodeLifecycle {
  /** A node that has not reported for this long is unreachable. */
  readonly graceSeconds: number;
}

/** A folder with all that the programs read at their start. */
export async function layOut(within?: Within): Promise<ControlPlanePlace> {
  const folder = await mkdtemp(join(tmpdir(), "coldstream-kubernetes-"));
  const [port, etcdPort] = [await freePort(), await freePort()];
  const token = randomBytes(16).toString("hex");
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  await writeFile(join(folder, "sa.key"), privateKey.export({ type: "pkcs1", format: "pem" }), { mode: 0o600 });
  await writeFile(join(folder, "tokens.csv"), `${token},admin,admin,"system:masters"\n`, { mode: 0o600 });
  const kubeconfig = join(folder, "kubeconfig");
  const server = `https://127.0.0.1:${port}`;
  await writeFile(kubeconfig, kubeconfigText({ server, folder, token }), { mode: 0o600 });
  for (const each of [port, etcdPort]) await within?.expose(each);
  return { folder, kubeconfig, server, port, etcdPort, token, within };
}

function kubeconfigText({ server, folder, token }: { server: string; folder: string; token: string }): string {
  const cluster = {
    server,
    "certificate-authority": join(folder, "certs/apiserver.crt"),
    "tls-server-name": "kubernetes",
  };
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "tests", cluster }],
    users: [{ name: "admin", user: { token } }],
    contexts: [{ name: "tests", context: { cluster: "tests", user: "admin" } }],
    "current-context": "tests",
  });
}

/** The three programs. etcd runs at once; the others when they are told. */
export async function startParts(place: ControlPlanePlace, nodeLifecycle: NodeLifecycle | undefined) {
  const { folder } = place;
  const etcd = await startPart(place, "etcd", await etcdFlags(place));
  try {
    await waitForPort(place.etcdPort, etcd.ended);
  } catch (error) {
    await etcd.stop("SIGKILL");
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
  let apiServer: Program | undefined;
  let controllers: Program | undefined;
  async function stopApiServer(): Promise<void> {
    await apiServer?.stop("SIGKILL");
    apiServer = undefined;
  }
  return {
    async startApiServer(): Promise<void> {
      apiServer = await startPart(place, "kube-apiserver", apiServerFlags(place));
      await waitUntilReady(place, apiServer);
    },
    stopApiServer,
    async startControllers(): Promise<void> {
      controllers = await startPart(place, "kube-controller-manager", controllerFlags(place, nodeLifecycle));
    },
    async stop(): Promise<void> {
      await controllers?.stop("SIGKILL");
      await stopApiServer();
      await etcd.stop("SIGKILL");
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A program whose log goes to a file: some of them write much. */
export async function startPart(
  { folder, within }: Pick<ControlPlanePlace, "folder" | "within">,
  program: string,
  args: readonly string[],
): Promise<Program> {
  const shell = `exec "$0" "$@" >>"${basename(program)}.log" 2>&1`;
  const whole = [...(within?.enter ?? []), resolve(controlPlaneFolder, program), ...args];
  return await startProgram("/bin/sh", ["-c", shell, ...whole], {
    env: { PATH: `${dirname(resolve(controlPlaneFolder, program))}:/usr/bin:/bin:/usr/sbin:/sbin`, HOME: folder },
    cwd: folder,
  });
}

async function waitUntilReady(place: ControlPlanePlace, program: Program): Promise<void> {
  let hasEnded = false;
  void program.ended.then(() => {
    hasEnded = true;
  });
  const until = performance.now() + 120_000;
  while (!(await readyAt(place))) {
    if (hasEnded || performance.now() > until) {
      const log = await readFile(join(place.folder, "kube-apiserver.log"), "utf8").catch(() => "");
      if (hasEnded) throw new Failure("program-failed", `kube-apiserver ended: ${log.slice(-4000)}`);
      throw new Error(`kube-apiserver is not ready after 2 min: ${log.slice(-4000)}`);
    }
    await sleep(50);
  }
}

async function etcdFlags({ folder, etcdPort }: ControlPlanePlace): Promise<readonly string[]> {
  const [clients, peers] = [`http://127.0.0.1:${etcdPort}`, `http://127.0.0.1:${await freePort()}`];
  return [
    ...["--data-dir", join(folder, "etcd"), "--unsafe-no-fsync", "--log-level", "error"],
    ...["--listen-client-urls", clients, "--advertise-client-urls", clients],
    ...["--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers, "--initial-cluster", `default=${peers}`],
  ];
}

function apiServerFlags({ folder, port, etcdPort, within }: ControlPlanePlace): readonly string[] {
  const key = join(folder, "sa.key");
  const place =
    within === undefined
      ? ["--bind-address", "127.0.0.1", "--endpoint-reconciler-type", "none"]
      : ["--bind-address", "0.0.0.0", "--advertise-address", within.address, "--allow-privileged"];
  return [
    ...["--etcd-servers", `http://127.0.0.1:${etcdPort}`, ...place],
    ...["--secure-port", String(port), "--cert-dir", join(folder, "certs")],
    ...["--token-auth-file", join(folder, "tokens.csv"), "--authorization-mode", "Node,RBAC"],
    ...["--service-account-issuer", "https://kubernetes.default.svc"],
    ...["--service-account-signing-key-file", key, "--service-account-key-file", key],
    ...["--service-cluster-ip-range", "10.96.0.0/24", "--kubelet-preferred-address-types", "InternalIP"],
  ];
}

function controllerFlags(
  { folder, kubeconfig }: ControlPlanePlace,
  nodeLifecycle: NodeLifecycle | undefined,
): readonly string[] {
  const without = ["nodeipam", "service-lb-controller", "node-route-controller"];
  if (nodeLifecycle === undefined) without.push("nodelifecycle");
  const grace = nodeLifecycle === undefined ? [] : ["--node-monitor-grace-period", `${nodeLifecycle.graceSeconds}s`];
  return [
    ...["--kubeconfig", kubeconfig, "--controllers", ["*", ...without.map((name) => `-${name}`)].join(",")],
    ...["--use-service-account-credentials", "--service-account-private-key-file", join(folder, "sa.key")],
    ...["--root-ca-file", join(folder, "certs/apiserver.crt"), "--leader-elect=false", "--secure-port", "0"],
    ...grace,
  ];
}
