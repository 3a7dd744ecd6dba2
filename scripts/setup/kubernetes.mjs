import { mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { onPath, run } from "./command.mjs";

export const kubernetesVersion = "1.35.4";

const servers = ["k8s.io/kubernetes/cmd/kube-apiserver", "k8s.io/kubernetes/cmd/kube-controller-manager"];
/** Without them kubectl cannot read the server's version. */
const [major, minor] = kubernetesVersion.split(".");
const stamps = [
  `k8s.io/component-base/version.gitVersion=v${kubernetesVersion}`,
  `k8s.io/component-base/version.gitMajor=${major}`,
  `k8s.io/component-base/version.gitMinor=${minor}`,
  `k8s.io/client-go/pkg/version.gitVersion=v${kubernetesVersion}`,
];
const buildMs = 3_600_000;

/** A control plane of its own for the tests: a folder with etcd, kube-apiserver and kube-controller-manager. */
export function controlPlane() {
  return {
    title: `kubernetes ${kubernetesVersion}`,
    candidates: [
      {
        place: `kubernetes/${kubernetesVersion}`,
        accepts: (found) => found === kubernetesVersion,
        ask: versionOfAll,
        ways: [["Go module", buildControlPlane]],
      },
    ],
  };
}

/** kubectl, built from the same module as the control plane. */
export async function buildKubectl(tools) {
  const folder = await build(tools, ["k8s.io/kubernetes/cmd/kubectl"], {
    title: "kubectl",
    minutes: "a minute or two",
  });
  return join(folder, "kubectl");
}

/** What kubectl says its version is; it wants to be told not to ask a server for its own. */
export async function versionOfKubectl(path, signal) {
  const { ok, output } = await run(path, ["version", "--client"], { signal, timeoutMs: 20_000 });
  return ok ? /Client Version: v(\d+\.\d+\.\d+)/.exec(output)?.[1] : undefined;
}

async function buildControlPlane(tools) {
  const packages = [...servers, "go.etcd.io/etcd/server/v3"];
  const title = `kube-apiserver, kube-controller-manager ${kubernetesVersion} and etcd`;
  const folder = await build(tools, packages, { title, minutes: "some 5 minutes on 2 cores" });
  renameSync(join(folder, "server"), join(folder, "etcd"));
  return folder;
}

/** A folder with kubelet and kube-scheduler, for a whole node. */
export async function buildNodePrograms(tools) {
  const packages = ["kubelet", "kube-scheduler"].map((name) => `k8s.io/kubernetes/cmd/${name}`);
  return await build(tools, packages, { title: `kubelet ${kubernetesVersion}`, minutes: "a minute or two" });
}

/** Builds programs of tests/kubernetes/go.mod into a new folder, and says how long it has been at it. */
async function build(tools, packages, { title, minutes }) {
  if (onPath("go").length === 0) throw new Error("no Go");
  const folder = join(tools.scratch(), "out");
  mkdirSync(folder);
  const flags = stamps.map((stamp) => `-X ${stamp}`).join(" ");
  const started = Date.now();
  tools.say(`${title}: building by Go (${minutes} the first time)`);
  const ticking = setInterval(() => {
    tools.say(`${title}: still building (${Math.round((Date.now() - started) / 60_000)} min)`);
  }, 60_000);
  try {
    const args = ["build", "-trimpath", `-ldflags=-s -w ${flags}`, "-o", `${folder}/`, ...packages];
    const env = { ...process.env, CGO_ENABLED: "0", GOWORK: "off" };
    const cwd = join(tools.root, "tests/kubernetes");
    const built = await run("go", args, { env, cwd, signal: tools.signal, timeoutMs: buildMs });
    if (!built.ok) throw new Error(built.why);
    return folder;
  } finally {
    clearInterval(ticking);
  }
}

/** Kubernetes' version when all three programs run here. */
async function versionOfAll(folder, signal) {
  const answers = ["etcd", "kube-apiserver", "kube-controller-manager"].map((name) =>
    run(join(folder, name), ["--version"], { signal, timeoutMs: 60_000 }),
  );
  const [etcd, ...others] = await Promise.all(answers);
  if (!etcd.ok || others.some(({ ok }) => !ok)) return undefined;
  const versions = others.map(({ output }) => /v(\d+\.\d+\.\d+)/.exec(output)?.[1]);
  return versions.every((version) => version === versions[0]) ? versions[0] : undefined;
}
