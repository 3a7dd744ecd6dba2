import { existsSync } from "node:fs";
import { join } from "node:path";
import { type KubeconfigSettings, readKubeconfig } from "../../src/kube/kubeconfig.ts";
import { type AdminRequest, openAdmin } from "./control-plane-admin.ts";
import { type ControlPlanePlace, layOut, type NodeLifecycle, startParts, type Within } from "./control-plane-parts.ts";
import { kubectl } from "./kubectl.ts";
import { onFreePorts } from "./ports.ts";
import { controlPlaneFolder, findProgram } from "./programs.ts";

/** A real Kubernetes API server with its store and controllers, on loopback, with our kinds. There is no node in it. */
export interface ControlPlane extends AsyncDisposable {
  /** Path of a kubeconfig of an administrator. */
  readonly kubeconfig: string;
  /** `https://127.0.0.1:PORT` */
  readonly server: string;
  readonly port: number;
  /** The administrator's. */
  readonly token: string;
  /** What kubeconfig says, for `openCluster`. */
  readonly settings: KubeconfigSettings;
  /** Certificates, logs (`etcd.log`, `kube-apiserver.log`, `kube-controller-manager.log`) and the store. */
  readonly folder: string;
  /** PEM of the authority of the server's certificate; it holds for `kubernetes.default.svc` too. */
  readonly ca: string;
  /** A request as administrator; the answer's JSON. Throws with the server's words when it refuses. */
  request(request: AdminRequest): Promise<unknown>;
  /** Makes a namespace and waits until pods can run in it (its ServiceAccount `default` is there). */
  createNamespace(name: string): Promise<void>;
  /** A token of a ServiceAccount: whoever has it has that one's rights. */
  createToken(namespace: string, serviceAccount: string): Promise<string>;
  /** `kubectl apply` with strict validation. Throws with kubectl's words when anything is refused. */
  apply(yamlText: string): Promise<void>;
  /** Ends the API server as a crash would, and leaves it so. */
  stopApiServer(): Promise<void>;
  /** Ends the API server as a crash would (if it runs) and starts it again with the same port and data. */
  restartApiServer(): Promise<void>;
  stop(): Promise<void>;
}

export interface ControlPlaneOptions {
  /** Whether nodes that no longer report are tainted and their pods evicted. Off unless given. */
  readonly nodeLifecycle?: NodeLifecycle;
  /** Left out: the controller manager. Then there is no ServiceAccount in any namespace, until somebody makes it. */
  readonly withoutControllers?: boolean;
  /** Left out: our CustomResourceDefinitions. */
  readonly withoutKinds?: boolean;
  /** Left out: beside the test. */
  readonly within?: Within;
}

/** Why tests with a control plane cannot run here; undefined where they can. */
export function controlPlaneMissing(): string | undefined {
  const parts = ["etcd", "kube-apiserver", "kube-controller-manager"];
  const missing = parts.filter((name) => !existsSync(join(controlPlaneFolder, name)));
  if (findProgram("kubectl") === undefined) missing.push("kubectl");
  return missing.length === 0 ? undefined : `no ${missing.join(", ")}: run npm run setup -- --tests`;
}

export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const missing = controlPlaneMissing();
  if (missing !== undefined) throw new Error(missing);
  return await onFreePorts(() => start(options));
}

async function start(options: ControlPlaneOptions): Promise<ControlPlane> {
  const place = await layOut(options.within);
  const parts = await startParts(place, options.nodeLifecycle);
  try {
    await parts.startApiServer();
    const admin = await openAdmin(place);
    // The garbage collector looks for new kinds every 30 s only: it shall find ours at its start.
    if (options.withoutKinds !== true) await admin.applyKinds();
    if (options.withoutControllers !== true) {
      await parts.startControllers();
      await admin.waitForAccount("default");
    }
    return opened(place, admin, parts);
  } catch (error) {
    await parts.stop();
    throw error;
  }
}

function opened(
  place: ControlPlanePlace,
  admin: Awaited<ReturnType<typeof openAdmin>>,
  parts: Awaited<ReturnType<typeof startParts>>,
): ControlPlane {
  const { folder, kubeconfig, server, port, token } = place;
  return {
    ...{ folder, kubeconfig, server, port, token, ca: admin.ca },
    settings: readKubeconfig({ path: kubeconfig }),
    request: admin.request,
    createNamespace: admin.createNamespace,
    createToken: admin.createToken,
    async apply(yamlText) {
      const args = ["apply", "--validate=strict", "-f", "-"];
      const end = await kubectl({ kubeconfig, folder }, args, { input: yamlText });
      if (end.exit !== 0) throw new Error(`kubectl apply: ${end.stderr}`);
    },
    stopApiServer: parts.stopApiServer,
    async restartApiServer() {
      await parts.stopApiServer();
      await parts.startApiServer();
    },
    stop: parts.stop,
    [Symbol.asyncDispose]: parts.stop,
  };
}
