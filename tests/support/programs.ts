import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

const root = join(import.meta.dirname, "../..");

/** For a Node that runs our sources: it keeps what it made of them, where it else would take the types out each time (0.3 s). */
export const compiledOnce = { NODE_COMPILE_CACHE: join(root, ".tools/compiled") };

/** nats-server versions the tests run against; setup puts them into .tools/nats-server/<version>/. */
export const natsServerVersions = ["2.10.27", "2.12.15", "2.14.5", "2.15.1"] as const;
export type NatsServerVersion = (typeof natsServerVersions)[number];
export const defaultVersion: NatsServerVersion = "2.12.15";

/** The path of nats-server in this version, or undefined where setup could not get it. */
export function natsServerProgram(version: NatsServerVersion = defaultVersion): string | undefined {
  const path = join(root, ".tools/nats-server", version, "nats-server");
  return existsSync(path) ? path : undefined;
}

/** The path of a program (restic, versitygw, rest-server): .tools/bin first, then the PATH. */
export function findProgram(name: string): string | undefined {
  const folders = [join(root, ".tools/bin"), ...(process.env.PATH ?? "").split(delimiter)];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/** Where setup puts etcd, kube-apiserver and kube-controller-manager. */
export const controlPlaneFolder = join(root, ".tools/kubernetes/1.35.4");

/** Where setup puts what makes a whole node: kubelet, kube-scheduler, containerd, runc, network plugins, BusyBox. */
export const nodePrograms = join(root, ".tools/kubernetes-node/1.35.4");
