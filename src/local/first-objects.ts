import type { JsonObject } from "./json.ts";
import type { Objects } from "./objects.ts";
import { create } from "./objects-create.ts";
import { servedAt } from "./served.ts";
import { Refused } from "./status.ts";

const namespaces = ["default", "kube-system", "kube-public", "kube-node-lease"];
const rbac = "rbac.authorization.k8s.io";

/** What every cluster has. What is there stays as it is. */
export async function firstObjects(objects: Objects): Promise<void> {
  for (const name of namespaces) {
    await ensure(objects, ["", "namespaces", ""], {
      metadata: { name, labels: { "kubernetes.io/metadata.name": name } },
    });
    await furnish(objects, name);
  }
  for (const [plural, object] of roles) await ensure(objects, [rbac, plural, ""], object);
}

/** What pods need in every namespace; in a cluster controllers make it. */
export async function furnish(objects: Objects, namespace: string): Promise<void> {
  await Promise.all([
    ensure(objects, ["", "serviceaccounts", namespace], { metadata: { name: "default" } }),
    ensure(objects, ["", "configmaps", namespace], {
      metadata: { name: "kube-root-ca.crt" },
      data: { "ca.crt": objects.caPem },
    }),
  ]);
}

const everyone = { apiGroup: rbac, kind: "Group", name: "system:authenticated" };
const reviews = ["selfsubjectaccessreviews", "selfsubjectrulesreviews"];

const roles: readonly (readonly [plural: string, object: JsonObject])[] = [
  [
    "clusterroles",
    {
      metadata: { name: "cluster-admin" },
      rules: [
        { apiGroups: ["*"], resources: ["*"], verbs: ["*"] },
        { nonResourceURLs: ["*"], verbs: ["*"] },
      ],
    },
  ],
  [
    "clusterrolebindings",
    {
      metadata: { name: "cluster-admin" },
      roleRef: { apiGroup: rbac, kind: "ClusterRole", name: "cluster-admin" },
      subjects: [{ apiGroup: rbac, kind: "Group", name: "system:masters" }],
    },
  ],
  [
    "clusterroles",
    {
      metadata: { name: "system:basic-user" },
      rules: [
        { apiGroups: ["authorization.k8s.io"], resources: reviews, verbs: ["create"] },
        { apiGroups: ["authentication.k8s.io"], resources: ["selfsubjectreviews"], verbs: ["create"] },
      ],
    },
  ],
  [
    "clusterrolebindings",
    {
      metadata: { name: "system:basic-user" },
      roleRef: { apiGroup: rbac, kind: "ClusterRole", name: "system:basic-user" },
      subjects: [everyone],
    },
  ],
  [
    "clusterroles",
    {
      metadata: { name: "system:discovery" },
      rules: [
        {
          nonResourceURLs: [
            ...["/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/openapi", "/openapi/*"],
            ...["/readyz", "/version", "/version/"],
          ],
          verbs: ["get"],
        },
      ],
    },
  ],
  [
    "clusterrolebindings",
    {
      metadata: { name: "system:discovery" },
      roleRef: { apiGroup: rbac, kind: "ClusterRole", name: "system:discovery" },
      subjects: [everyone],
    },
  ],
];

async function ensure(
  objects: Objects,
  [group, plural, namespace]: readonly [group: string, plural: string, namespace: string],
  object: JsonObject,
): Promise<void> {
  const resource = servedAt(group, "v1", plural);
  if (resource === undefined) throw new TypeError(`${plural} are not served`);
  try {
    await create(objects, { resource, namespace }, object, { dryRun: false, fieldValidation: "Strict", warn() {} });
  } catch (error) {
    if (!(error instanceof Refused && error.reason === "AlreadyExists")) throw error;
  }
}
