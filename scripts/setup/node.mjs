import { cpSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { run } from "./command.mjs";
import { openDebian } from "./debian.mjs";
import { buildNodePrograms, kubernetesVersion } from "./kubernetes.mjs";

/** Packages of the machine's own release, and what is taken of each, by the name that it gets. */
const packages = [
  ["containerd", "usr/bin/containerd", ["containerd", "containerd-shim-runc-v2", "ctr"]],
  ["runc", "usr/sbin/runc", ["runc"]],
  ["containernetworking-plugins", "usr/lib/cni/bridge", ["cni/bridge", "cni/host-local", "cni/loopback"]],
  ["busybox-static", "bin/busybox", ["busybox"]],
];

/** A whole node for the tests that need real containers: a folder with kubelet, scheduler, containerd, runc and their kin. */
export function wholeNode() {
  return {
    title: `kubelet ${kubernetesVersion}, containerd and runc`,
    candidates: [
      {
        place: `kubernetes-node/${kubernetesVersion}`,
        accepts: (found) => found === kubernetesVersion,
        ask: versionOfNode,
        ways: [["Go module and Debian packages", buildNode]],
      },
    ],
  };
}

async function buildNode(tools) {
  if (process.platform !== "linux" || process.getuid() !== 0) throw new Error("a node runs as root on Linux only");
  const debian = openDebian("own");
  const files = [];
  // The packages first: without them the build is for nothing.
  for (const [name, inside, wanted] of packages) {
    const found = dirname(await debian(name, inside)(tools));
    for (const each of wanted) files.push([join(found, each.replace("cni/", "")), each]);
  }
  const folder = await buildNodePrograms(tools);
  mkdirSync(join(folder, "cni"));
  for (const [from, to] of files) cpSync(from, join(folder, to));
  return folder;
}

/** Kubernetes' version when the programs run here. */
async function versionOfNode(folder, signal) {
  const asked = ["kubelet", "containerd", "runc"].map((name) =>
    run(join(folder, name), ["--version"], { signal, timeoutMs: 60_000 }),
  );
  const [kubelet, ...others] = await Promise.all(asked);
  if (!kubelet.ok || others.some(({ ok }) => !ok)) return undefined;
  return /v(\d+\.\d+\.\d+)/.exec(kubelet.output)?.[1];
}
