import type { Opaque } from "../../api/kubernetes.ts";
import { containerSecurity, podSecurity } from "../executor/security.ts";
import { leaderLabel } from "../settings.ts";
import { leaderRules, operatorRules } from "./operator.ts";
import { bind } from "./rule.ts";
import { hookClusterRoleName, hookRules } from "./session.ts";

export interface OperatorManifestOptions {
  readonly namespace: string;
  readonly image: string;
  /** Secrets in `namespace` with which `image` is pulled; the operator copies them to where Jobs run. */
  readonly pullSecrets?: readonly string[];
}

type Manifest = Opaque & { readonly kind: string; readonly metadata: Opaque };

/** Of its account, its roles and its Deployment. */
export const operatorName = "coldstream-operator";
const name = operatorName;
const selector = { "app.kubernetes.io/name": "coldstream", "app.kubernetes.io/component": "operator" };
const rbac = "rbac.authorization.k8s.io/v1";
const pushgatewayPort = 56789;
const pushgatewayImage = "docker.io/prom/pushgateway:v1.11.1";

/** Everything but the kinds and the catalogue, in the order to apply it. */
export function operatorManifests(options: OperatorManifestOptions): readonly Manifest[] {
  const { namespace } = options;
  return [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
    ...rightsManifests(options),
    deployment(options),
    service(namespace),
  ];
}

/** The operator's account and what it may do; the ClusterRole of hooks, which it binds and does not hold. */
export function rightsManifests({ namespace, pullSecrets = [] }: OperatorManifestOptions): readonly Manifest[] {
  const account = { name, namespace };
  const own = { ...account, labels: selector };
  const everywhere = { name, labels: selector };
  const rules = operatorRules({ copiesPullSecrets: pullSecrets.length > 0 });
  return [
    { apiVersion: "v1", kind: "ServiceAccount", metadata: own },
    { apiVersion: rbac, kind: "ClusterRole", metadata: everywhere, rules },
    { apiVersion: rbac, kind: "ClusterRoleBinding", metadata: everywhere, ...bind("ClusterRole", name, account) },
    {
      apiVersion: rbac,
      kind: "ClusterRole",
      metadata: { name: hookClusterRoleName, labels: selector },
      rules: hookRules,
    },
    { apiVersion: rbac, kind: "Role", metadata: own, rules: leaderRules },
    { apiVersion: rbac, kind: "RoleBinding", metadata: own, ...bind("Role", name, account) },
  ];
}

function deployment(options: OperatorManifestOptions): Manifest {
  const { namespace, pullSecrets = [] } = options;
  const spec = {
    serviceAccountName: name,
    enableServiceLinks: false,
    securityContext: podSecurity(),
    ...(pullSecrets.length === 0 ? {} : { imagePullSecrets: pullSecrets.map((each) => ({ name: each })) }),
    containers: [operatorContainer(options), pushgateway],
    volumes: [{ name: "pushgateway", emptyDir: {} }],
  };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace, labels: selector },
    spec: { replicas: 1, selector: { matchLabels: selector }, template: { metadata: { labels: selector }, spec } },
  };
}

function operatorContainer({ namespace, image, pullSecrets = [] }: OperatorManifestOptions) {
  return {
    name: "operator",
    image,
    imagePullPolicy: "IfNotPresent",
    args: [
      "operator",
      `--image=${image}`,
      ...pullSecrets.map((each) => `--pull-secret=${each}`),
      `--pushgateway-url=http://${name}.${namespace}.svc:${pushgatewayPort}`,
      `--operator-pushgateway-url=http://localhost:${pushgatewayPort}`,
    ],
    env: [
      { name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
      { name: "POD_NAMESPACE", valueFrom: { fieldRef: { fieldPath: "metadata.namespace" } } },
    ],
    ports: [{ name: "metrics", containerPort: metricsPort }],
    readinessProbe: { httpGet: { path: "/readyz", port: "metrics" } },
    livenessProbe: { httpGet: { path: "/livez", port: "metrics" } },
    resources: { requests: { cpu: "50m", memory: "128Mi" } },
    securityContext: containerSecurity(),
  };
}

/** Where the operator's command serves its own figures when it runs in a pod. */
const metricsPort = 8080;

/** Keeps its figures over a restart of itself; a new leader pushes the last known ones anew. */
const pushgateway = {
  name: "pushgateway",
  image: pushgatewayImage,
  imagePullPolicy: "IfNotPresent",
  args: [`--web.listen-address=:${pushgatewayPort}`, "--persistence.file=/var/lib/pushgateway/figures"],
  ports: [{ name: "pushgateway", containerPort: pushgatewayPort }],
  readinessProbe: { httpGet: { path: "/-/ready", port: "pushgateway" } },
  livenessProbe: { httpGet: { path: "/-/healthy", port: "pushgateway" } },
  resources: { requests: { cpu: "10m", memory: "32Mi" } },
  securityContext: { ...containerSecurity(), readOnlyRootFilesystem: true },
  volumeMounts: [{ name: "pushgateway", mountPath: "/var/lib/pushgateway" }],
};

/** Reaches the pod that leads, and with it one Pushgateway. */
function service(namespace: string): Manifest {
  const ports = [{ name: "pushgateway", port: pushgatewayPort, targetPort: "pushgateway" }];
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, namespace, labels: selector },
    spec: { selector: { ...selector, [leaderLabel]: "true" }, ports },
  };
}
