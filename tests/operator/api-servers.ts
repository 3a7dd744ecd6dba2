import {
  type ControlPlane,
  type ControlPlaneOptions,
  controlPlaneMissing,
  startControlPlane,
} from "../support/control-plane.ts";
import { startLocalPlane } from "../support/local-plane.ts";

/** An API server with its controllers that the operator is tried on. */
export interface OperatorsServer {
  /** With the reason why not, where tests with it are skipped. */
  readonly name: string;
  readonly start: (options: ControlPlaneOptions) => Promise<ControlPlane>;
}

const missing = controlPlaneMissing();
const why = missing === undefined ? "" : ` (${missing})`;
const kubernetes: OperatorsServer = { name: `Kubernetes${why}`, start: startControlPlane };
const local: OperatorsServer = { name: `our API server${why}`, start: () => startLocalPlane() };

/** Both, always: a difference that a test shows is a bug of src/local or src/machine. */
export const bothServers: readonly OperatorsServer[] = [kubernetes, local];

/** Both in the long run, otherwise Kubernetes' alone: the files that have `bothServers` show most of what may differ. */
export const serversOfLongRun = process.env.COLDSTREAM_LONG === "1" ? bothServers : [kubernetes];
