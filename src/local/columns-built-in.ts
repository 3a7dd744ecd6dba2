import { bracketed } from "../kit/hosts.ts";
import { ageColumn, type Column, column, nameColumn, textColumn, wide } from "./columns.ts";
import { cronJobColumns, jobColumns } from "./columns-batch.ts";
import {
  claimColumns,
  configMapColumns,
  eventColumns,
  namespaceColumns,
  nodeColumns,
  secretColumns,
  volumeColumns,
} from "./columns-core.ts";
import { podColumns } from "./columns-pod.ts";
import { at, isObject, type JsonObject, listAt, textAt } from "./json.ts";

const serviceColumns: readonly Column[] = [
  nameColumn,
  textColumn("Type", "spec", "type"),
  column("Cluster-IP", (service) => String(listAt(service, "spec", "clusterIPs")[0] ?? "<none>")),
  column("External-IP", externalAddress),
  column("Port(s)", (service) => listAt(service, "spec", "ports").map(portText).join(",") || "<none>"),
  ageColumn,
  wide("Selector", (service) => {
    const selector = at(service, "spec", "selector");
    const pairs = isObject(selector) ? Object.entries(selector).map(([key, value]) => `${key}=${value}`) : [];
    return pairs.sort().join(",") || "<none>";
  }),
];

function externalAddress(service: JsonObject): string {
  const external = listAt(service, "spec", "externalIPs").map(String);
  switch (textAt(service, "spec", "type")) {
    case "ClusterIP":
    case "NodePort":
      return external.join(",") || "<none>";
    case "LoadBalancer": {
      const ingress = listAt(service, "status", "loadBalancer", "ingress");
      const addresses = ingress.map((each) => textAt(each, "ip") || textAt(each, "hostname"));
      return [...new Set(addresses.sort()), ...external].join(",") || "<pending>";
    }
    case "ExternalName":
      return textAt(service, "spec", "externalName");
    default:
      return "<unknown>";
  }
}

function portText(port: Parameters<typeof at>[0]): string {
  const nodePort = at(port, "nodePort");
  const number = typeof nodePort === "number" && nodePort > 0 ? `${at(port, "port")}:${nodePort}` : at(port, "port");
  return `${number}/${textAt(port, "protocol")}`;
}

/** How many addresses are named. */
const mostNamed = 3;

function endpointsText(endpoints: JsonObject): string {
  const all = listAt(endpoints, "subsets").flatMap((subset) => {
    const hosts = listAt(subset, "addresses").map((each) => textAt(each, "ip"));
    const ports = listAt(subset, "ports").map((each) => String(at(each, "port")));
    return ports.length === 0 ? hosts : ports.flatMap((port) => hosts.map((host) => `${bracketed(host)}:${port}`));
  });
  if (listAt(endpoints, "subsets").length === 0) return "<none>";
  const named = all.slice(0, mostNamed).join(",");
  return all.length > mostNamed ? `${named} + ${all.length - mostNamed} more...` : named;
}

const bindingColumns: readonly Column[] = [
  nameColumn,
  column("Role", (binding) => `${textAt(binding, "roleRef", "kind")}/${textAt(binding, "roleRef", "name")}`),
  ageColumn,
  wide("Users", (binding) => subjects(binding, "User")),
  wide("Groups", (binding) => subjects(binding, "Group")),
  wide("ServiceAccounts", (binding) => subjects(binding, "ServiceAccount")),
];

function subjects(binding: JsonObject, kind: string): string {
  const found = listAt(binding, "subjects").filter((each) => textAt(each, "kind") === kind);
  const names = found.map((each) =>
    kind === "ServiceAccount" ? `${textAt(each, "namespace")}/${textAt(each, "name")}` : textAt(each, "name"),
  );
  return names.join(", ");
}

const defaultClass = "storageclass.kubernetes.io/is-default-class";

const storageClassColumns: readonly Column[] = [
  {
    ...nameColumn,
    cell: (one) => {
      const name = textAt(one, "metadata", "name");
      return textAt(one, "metadata", "annotations", defaultClass) === "true" ? `${name} (default)` : name;
    },
  },
  textColumn("Provisioner", "provisioner"),
  column("ReclaimPolicy", (one) => textAt(one, "reclaimPolicy") || "Delete"),
  column("VolumeBindingMode", (one) => textAt(one, "volumeBindingMode") || "Immediate"),
  column("AllowVolumeExpansion", (one) => at(one, "allowVolumeExpansion") === true),
  ageColumn,
];

/** For kinds without columns of their own. */
const plainColumns: readonly Column[] = [
  nameColumn,
  column("Created At", (object) => at(object, "metadata", "creationTimestamp") ?? null, { type: "date" }),
];

/** The columns that kubectl's users know, by Kubernetes' kinds. */
const builtInColumns: Readonly<Record<string, readonly Column[]>> = {
  ClusterRoleBinding: bindingColumns,
  ConfigMap: configMapColumns,
  CronJob: cronJobColumns,
  Endpoints: [nameColumn, column("Endpoints", endpointsText), ageColumn],
  Event: eventColumns,
  Job: jobColumns,
  Lease: [nameColumn, textColumn("Holder", "spec", "holderIdentity"), ageColumn],
  Namespace: namespaceColumns,
  Node: nodeColumns,
  PersistentVolume: volumeColumns,
  PersistentVolumeClaim: claimColumns,
  Pod: podColumns,
  RoleBinding: bindingColumns,
  Secret: secretColumns,
  Service: serviceColumns,
  ServiceAccount: [nameColumn, ageColumn],
  StorageClass: storageClassColumns,
};

export function columnsOfBuiltIn(kind: string): readonly Column[] {
  return builtInColumns[kind] ?? plainColumns;
}
