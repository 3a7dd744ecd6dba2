import { labels, managedBy, volumes } from "../../api/labels.ts";
import { dashed, middleCut } from "../../api/names.ts";
import type { Repository } from "../../api/repository.ts";
import { jobs, ownedBy, roleBindings, roles, serviceAccounts } from "../../kube/core.ts";
import { containerSecurity, podSecurity } from "../executor/security.ts";
import type { MadeObject } from "../made.ts";
import type { OperatorSettings } from "../settings.ts";

/** Job, ServiceAccount, Role and RoleBinding that delete a Repository's data. */
export function wipeOutName(repository: string): string {
  return middleCut("stash-wipe-out", dashed(repository), "0");
}

interface WipeOutOptions {
  readonly settings: OperatorSettings;
  /** Secrets in the Repository's namespace. */
  readonly pullSecrets: readonly string[];
}

/** The Job that deletes a Repository's data, after what it may read: the Repository and its Secret, nothing else. */
export function buildWipeOut(repository: Repository, { settings, pullSecrets }: WipeOutOptions): readonly MadeObject[] {
  const { name: repositoryName = "", namespace = "" } = repository.metadata;
  const name = wipeOutName(repositoryName);
  const metadata = {
    name,
    namespace,
    labels: { ...repository.metadata.labels, [labels.managedBy]: managedBy },
    // Deleted in the foreground, a Repository must wait for its finalizer, not for these.
    ownerReferences: [{ ...ownedBy(repository), blockOwnerDeletion: false }],
  };
  const container = {
    name: "wipe-out",
    image: settings.image,
    imagePullPolicy: "IfNotPresent",
    args: ["task", "wipe-out", `--repository=${namespace}/${repositoryName}`],
    volumeMounts: [{ name: volumes.scratch.name, mountPath: volumes.scratch.path }],
    securityContext: containerSecurity(),
  };
  const pod = {
    serviceAccountName: name,
    restartPolicy: "Never",
    enableServiceLinks: false,
    securityContext: podSecurity(),
    imagePullSecrets: pullSecrets.map((secret) => ({ name: secret })),
    containers: [container],
    volumes: [{ name: volumes.scratch.name, emptyDir: {} }],
  };
  return [
    { resource: serviceAccounts, draft: { metadata } },
    { resource: roles, draft: { metadata, rules: rulesFor(repository) } },
    { resource: roleBindings, draft: { metadata, ...bindingOf(name, namespace) } },
    {
      resource: jobs,
      draft: { metadata, spec: { backoffLimit: 3, template: { metadata: { labels: metadata.labels }, spec: pod } } },
    },
  ];
}

function rulesFor({ metadata, spec }: Repository) {
  const secret = spec.backend?.storageSecretName ?? "";
  const only = (apiGroup: string, resource: string, name: string | undefined) => ({
    apiGroups: [apiGroup],
    resources: [resource],
    resourceNames: [name],
    verbs: ["get"],
  });
  const repository = only("stash.appscode.com", "repositories", metadata.name);
  return secret === "" ? [repository] : [repository, only("", "secrets", secret)];
}

function bindingOf(name: string, namespace: string) {
  return {
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name },
    subjects: [{ kind: "ServiceAccount", name, namespace }],
  };
}
