import { jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { apiVersionOf } from "../../src/api/kinds.ts";
import { offshootLabels } from "../../src/api/labels.ts";
import { type System, startSystem } from "../system/system.ts";
import { openSandbox, type Sandbox } from "./sandbox.ts";

/**
 * What the guides for the operator are about: a cluster with everything in it, a NATS as `sample-nats.demo.svc`, an S3 server
 * as `minio.storage.svc`. Pods reach both by these names; the reader's machine has kubectl.
 */
export interface Cluster extends AsyncDisposable {
  readonly system: System;
  readonly sandbox: Sandbox;
  /** Somebody deletes a stream of the NATS. */
  lose(stream: string): Promise<void>;
  /** In place of what our operator made for a BackupConfiguration lies what Stash's leaves: a RoleBinding to a role for all. */
  leaveAsStash(configuration: string): Promise<void>;
}

export async function openCluster(): Promise<Cluster> {
  await using opening = new AsyncDisposableStack();
  const system = opening.use(await startSystem());
  const { store, desk } = system;
  const words = {
    "my-access-key": store.accessKey,
    "my-secret-key": store.secretKey,
    // another operator is at work here, and nothing could run its image
    "kubectl apply -f operator.yaml": "kubectl apply --dry-run=server -f operator.yaml",
    // pods know the name, the reader's machine is outside
    "s3:http://minio.storage.svc:9000": `s3:${store.endpoint}`,
  };
  const sandbox = opening.use(await openSandbox(undefined, { words, env: { KUBECONFIG: desk.plane.kubeconfig } }));
  system.route("sample-nats.demo.svc:4222", sandbox.server.port);
  system.route("minio.storage.svc:9000", Number(new URL(store.endpoint).port));
  const open = opening.move();
  return {
    system,
    sandbox,
    async lose(stream) {
      const connection = await connect({ servers: sandbox.server.url });
      await (await jetstreamManager(connection)).streams.delete(stream);
      await connection.close();
    },
    async leaveAsStash(configuration) {
      const name = `stash-trigger-${configuration}`;
      const uid = await desk.kubectl("get", "bc", configuration, "-n", "demo", "-o", "jsonpath={.metadata.uid}");
      const owner = {
        apiVersion: apiVersionOf("BackupConfiguration"),
        kind: "BackupConfiguration",
        name: configuration,
      };
      await desk.apply({
        apiVersion: "rbac.authorization.k8s.io/v1",
        kind: "RoleBinding",
        metadata: {
          ...{ namespace: "demo", name, labels: offshootLabels(undefined, "backup") },
          ownerReferences: [{ ...owner, uid, controller: true, blockOwnerDeletion: true }],
        },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "stash-cron-job" },
        subjects: [{ kind: "ServiceAccount", name, namespace: "demo" }],
      });
    },
    [Symbol.asyncDispose]: async () => await open.disposeAsync(),
  };
}
