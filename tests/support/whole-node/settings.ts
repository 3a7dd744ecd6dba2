import { join } from "node:path";

/** What the programs of a node are told; all their files lie in `folder`. */
export interface NodePlace {
  readonly folder: string;
  /** The programs. */
  readonly programs: string;
  /** Of the node; all its pods are below. */
  readonly cgroup: string;
  readonly address: string;
}

export const pauseImage = "coldstream.test/pause:test";

export function containerdSettings({ folder, programs }: NodePlace): string {
  const at = (name: string) => JSON.stringify(join(folder, name));
  return `version = 2
root = ${at("containerd")}
state = ${at("containerd-state")}
disabled_plugins = ["io.containerd.internal.v1.opt", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.devmapper"]
[grpc]
address = ${at("containerd.sock")}
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "${pauseImage}"
restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = ${JSON.stringify(join(programs, "cni"))}
conf_dir = ${at("cni")}
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
BinaryName = ${JSON.stringify(join(programs, "runc"))}
`;
}

export function networkSettings({ folder }: NodePlace): object {
  const ranges = [[{ subnet: "10.244.0.0/24" }]];
  const ipam = {
    ...{ type: "host-local", dataDir: join(folder, "cni-addresses"), ranges },
    routes: [{ dst: "0.0.0.0/0" }],
  };
  const bridge = { type: "bridge", bridge: "pods", isGateway: true, hairpinMode: true, ipam };
  return { cniVersion: "0.4.0", name: "pods", plugins: [bridge] };
}

export function kubeletSettings({ folder, cgroup, address }: NodePlace): object {
  return {
    ...{ apiVersion: "kubelet.config.k8s.io/v1beta1", kind: "KubeletConfiguration" },
    authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
    authorization: { mode: "AlwaysAllow" },
    ...{ cgroupDriver: "cgroupfs", cgroupRoot: cgroup, failCgroupV1: false, failSwapOn: false },
    ...{ localStorageCapacityIsolation: false, enforceNodeAllocatable: [], makeIPTablesUtilChains: false },
    ...{ clusterDNS: [address], clusterDomain: "cluster.local", resolvConf: join(folder, "resolv.conf") },
    containerRuntimeEndpoint: `unix://${join(folder, "containerd.sock")}`,
    ...{ podLogsDir: join(folder, "logs"), volumePluginDir: join(folder, "volume-plugins") },
    evictionHard: { "memory.available": "1Mi", "nodefs.available": "0%", "imagefs.available": "0%" },
    ...{ syncFrequency: "5s", nodeStatusUpdateFrequency: "5s" },
  };
}
