import { describe, expect, test } from "vitest";
import { Service, ServiceAccount } from "../../kube/core.ts";
import { operatorManifests, rightsManifests } from "./manifests.ts";

const options = { namespace: "backup-system", image: "registry.example.org/coldstream:1" };

describe("the operator's manifests", () => {
  test("are in the order in which they are needed", () => {
    expect(operatorManifests(options).map(({ kind }) => kind)).toEqual([
      ...["Namespace", "ServiceAccount", "ClusterRole", "ClusterRoleBinding", "ClusterRole", "Role", "RoleBinding"],
      ...["Deployment", "Service"],
    ]);
  });
  test("lie in the namespace that is given", () => {
    const namespaces = operatorManifests(options).map(({ metadata }) => metadata["namespace"] ?? metadata["name"]);
    expect(new Set(namespaces)).toEqual(new Set(["backup-system", "coldstream-operator", "stash-hook"]));
  });
  test("bind the operator's account", () => {
    const bindings = rightsManifests(options).filter(({ kind }) => kind.endsWith("Binding"));
    for (const binding of bindings) {
      expect(binding["subjects"]).toEqual([
        { kind: "ServiceAccount", name: "coldstream-operator", namespace: "backup-system" },
      ]);
    }
    expect(bindings).toHaveLength(2);
  });
  test("tell the operator its image and the Pushgateway, as Jobs and as itself reach it", () => {
    const deployment = JSON.stringify(operatorManifests(options).find(({ kind }) => kind === "Deployment"));
    for (const argument of [
      "--image=registry.example.org/coldstream:1",
      "--pushgateway-url=http://coldstream-operator.backup-system.svc:56789",
      "--operator-pushgateway-url=http://localhost:56789",
    ]) {
      expect(deployment).toContain(JSON.stringify(argument));
    }
    expect(deployment).not.toContain("imagePullSecrets");
  });
  test("with pull secrets let the operator copy them", () => {
    const all = JSON.stringify(operatorManifests({ ...options, pullSecrets: ["registry"] }));
    expect(all).toContain('"imagePullSecrets":[{"name":"registry"}]');
    expect(all).toContain('"--pull-secret=registry"');
    expect(all).toContain('"verbs":["get","create","patch"]');
  });
  test("have the Service reach the pod that leads", () => {
    const [account, service] = ["ServiceAccount", "Service"].map((wanted) =>
      operatorManifests(options).find(({ kind }) => kind === wanted),
    );
    expect(Service.parse(service).spec?.selector).toMatchObject({ "coldstream/leader": "true" });
    expect(ServiceAccount.safeParse(account).success).toBe(true);
  });
});
