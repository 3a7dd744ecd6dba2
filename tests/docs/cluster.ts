import { jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
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
    [Symbol.asyncDispose]: async () => await open.disposeAsync(),
  };
}
