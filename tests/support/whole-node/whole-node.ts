import { cpSync, existsSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runProgram } from "../../../src/kit/program.ts";
import { type Desk, openDesk } from "../../operator/desk.ts";
import { controlPlaneMissing } from "../control-plane.ts";
import { startPart } from "../control-plane-parts.ts";
import { eventually } from "../eventually.ts";
import { nodePrograms } from "../programs.ts";
import { makeCgroup } from "./cgroups.ts";
import { type Enclosure, openEnclosure } from "./enclosure.ts";
import { buildImage, type ImageRequest } from "./image.ts";
import { containerdSettings, kubeletSettings, type NodePlace, networkSettings, pauseImage } from "./settings.ts";

/** A cluster of one node with nothing left out of it: kubelet, containerd, real containers, Services' names. */
export interface WholeNode extends AsyncDisposable {
  readonly desk: Desk;
  readonly folder: string;
  /** Makes an image and gives it to the node. */
  image(request: ImageRequest): Promise<void>;
  /** What names mean to pods from now on. */
  readonly setNames: Enclosure["setNames"];
  readonly reach: Enclosure["reach"];
  /** Waits; throws with all that is known when it does not become so. */
  podReady(namespace: string, name: string): Promise<void>;
  /** The end of a program's log, for messages. */
  log(program: string): Promise<string>;
}

/** BusyBox alone. */
export const boxImage = "coldstream.test/box:test";

/** Why tests with a whole node cannot run here; undefined where they can. */
export function wholeNodeMissing(): string | undefined {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return "a whole node needs root on Linux";
  const parts = [
    "kubelet",
    "kube-scheduler",
    "containerd",
    "containerd-shim-runc-v2",
    "ctr",
    "runc",
    "busybox",
    "cni/bridge",
  ];
  const missing = parts.filter((name) => !existsSync(join(nodePrograms, name)));
  if (missing.length > 0) return `no ${missing.join(", ")}: run npm run setup -- --tests as root`;
  return controlPlaneMissing();
}

export async function startWholeNode(): Promise<WholeNode> {
  await using opening = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "coldstream-node-"));
  opening.defer(async () => await rm(folder, { recursive: true, force: true }));
  const cgroup = folder.split("/").at(-1) ?? "";
  opening.use(await makeCgroup(cgroup));
  const enclosure = await openEnclosure(folder);
  // first, so that nothing is stopped that is gone
  const desk = await openDesk({ within: enclosure, nodeLifecycle: { graceSeconds: 60 } });
  opening.use(desk);
  opening.use(enclosure);
  await enclosure.serve(desk.plane.port);
  const place: NodePlace = { folder, programs: nodePrograms, cgroup: `/${cgroup}`, address: enclosure.address };
  await layOut(place);
  const within = { folder, within: enclosure };
  const start = async (name: string, ...args: string[]) => await startPart(within, join(nodePrograms, name), args);
  const { kubeconfig } = desk.plane;
  await start("containerd", "--config", join(folder, "containerd.toml"));
  await eventually("containerd", async () => existsSync(join(folder, "containerd.sock")));
  const ctr = async (...args: string[]) => {
    const [program = "", ...enter] = enclosure.enter;
    const all = [
      ...enter,
      join(nodePrograms, "ctr"),
      "--address",
      join(folder, "containerd.sock"),
      "-n",
      "k8s.io",
      ...args,
    ];
    const end = await runProgram(program, all, { env: { PATH: "/usr/bin:/bin" } });
    if (end.exitCode !== 0) throw new Error(`ctr ${args[0]}: ${end.stderr}`);
  };
  const image = async (request: ImageRequest) => {
    const archive = await buildImage(folder, request);
    await ctr("image", "import", "--no-unpack", archive);
    await rm(archive);
  };
  await giveBox(folder, image);
  await start("kube-scheduler", "--kubeconfig", kubeconfig, "--leader-elect=false", "--secure-port", "0");
  await start("kubelet", ...kubeletFlags(place, kubeconfig));
  const open = opening.move();
  const node: WholeNode = {
    ...{ desk, folder, image, setNames: enclosure.setNames, reach: enclosure.reach },
    podReady: async (namespace, name) => await waitForPod(node, namespace, name),
    log: async (program) => (await readFile(join(folder, `${program}.log`), "utf8").catch(() => "")).slice(-6000),
    [Symbol.asyncDispose]: async () => await open.disposeAsync(),
  };
  await waitUntilReady(node);
  return node;
}

function kubeletFlags({ folder, address }: NodePlace, kubeconfig: string): readonly string[] {
  return [
    ...["--config", join(folder, "kubelet.json"), "--kubeconfig", kubeconfig],
    ...["--root-dir", join(folder, "kubelet"), "--cert-dir", join(folder, "kubelet-certs")],
    ...["--node-ip", address, "--hostname-override", "machine"],
  ];
}

async function layOut(place: NodePlace): Promise<void> {
  const { folder } = place;
  await mkdir(join(folder, "cni"));
  await mkdir(join(folder, "kubelet"));
  await writeFile(join(folder, "resolv.conf"), "");
  await writeFile(join(folder, "containerd.toml"), containerdSettings(place));
  await writeFile(join(folder, "kubelet.json"), JSON.stringify(kubeletSettings(place)));
  await writeFile(join(folder, "cni/10-pods.conflist"), JSON.stringify(networkSettings(place)));
}

async function giveBox(folder: string, image: WholeNode["image"]): Promise<void> {
  const root = join(folder, "box");
  for (const name of ["bin", "tmp", "etc", "proc", "sys", "dev"]) await mkdir(join(root, name), { recursive: true });
  await copyFile(join(nodePrograms, "busybox"), join(root, "bin/busybox"));
  for (const name of ["sh", "sleep", "cat", "echo", "true", "false", "touch", "rm"]) {
    cpSync(join(root, "bin/busybox"), join(root, "bin", name));
  }
  await image({ name: pauseImage, root, entry: ["/bin/sleep", "2147483647"] });
  await image({ name: boxImage, root, entry: ["/bin/sh"] });
}

async function waitForPod({ desk, log }: WholeNode, namespace: string, name: string): Promise<void> {
  const pod = [`pod/${name}`, "-n", namespace];
  try {
    await desk.kubectl("wait", ...pod, "--for=condition=Ready", "--timeout=90s");
  } catch (cause) {
    throw new Error(`${await desk.kubectl("describe", ...pod)}\n${await log("kubelet")}`, { cause });
  }
}

async function waitUntilReady(node: WholeNode): Promise<void> {
  const template = '{.items[*].status.conditions[?(@.type=="Ready")].status}';
  try {
    await eventually(
      "a node that is ready",
      async () => (await node.desk.kubectl("get", "nodes", "-o", `jsonpath=${template}`)) === "True",
    );
  } catch (cause) {
    const logs = await Promise.all(["kubelet", "containerd"].map((name) => node.log(name)));
    await node[Symbol.asyncDispose]();
    throw new Error(`${String(cause)}: ${logs.join("\n")}`, { cause });
  }
}
