import type { AppBinding } from "../../api/app-binding.ts";
import type { Handler } from "../../api/hooks.ts";
import { type PolicyRule, roleBindings } from "../../kube/core.ts";
import { type MadeObject, type Metadata, made } from "../made.ts";
import { type Account, allowCore, allowStatus, bind, roleFor } from "./rule.ts";

/** What hooks by exec need and no Role can name: which pods there will be. Bound per session, never to all. */
export const hookClusterRoleName = "stash-hook";

export const hookRules: readonly PolicyRule[] = [
  allowCore("pods", ["get"]),
  // "get" too: clients that speak WebSocket ask with it.
  allowCore("pods/exec", ["create", "get"]),
];

export interface SessionRightsRequest {
  /** Of the Job, in the session's namespace, owned by the session. */
  readonly metadata: Metadata;
  readonly kind: "BackupSession" | "RestoreSession";
  readonly session: string;
  readonly account: Account;
  readonly handlers: readonly Handler[];
  readonly appBinding: AppBinding;
  /** What the run may do for its invoker (job.ts). */
  readonly rules: readonly PolicyRule[];
  /** Of the AppBinding. Outside the session's namespace nothing is granted: there nobody was asked. */
  readonly targetNamespace: string;
}

/** What a session's pod may do, as long as the session works: its invoker's part, its own status and report, its hooks' pods. */
export function buildSessionRights(request: SessionRightsRequest): readonly MadeObject[] {
  const { metadata, kind, session, account } = request;
  const rules = [
    ...request.rules,
    ...allowStatus(kind, session),
    allowCore("configmaps", ["get", "update", "patch"], { names: [metadata.name] }),
    ...podRules(request),
  ];
  return [...roleFor(metadata, rules, account), ...execBinding(request)];
}

function podRules({ metadata, handlers, appBinding, targetNamespace }: SessionRightsRequest): readonly PolicyRule[] {
  const service = appBinding.spec.clientConfig.service?.name;
  if (service === undefined || targetNamespace !== metadata.namespace) return [];
  return [
    ...(handlers.some(needsPod) ? [allowCore("endpoints", ["get"], { names: [service] })] : []),
    ...(handlers.some(needsPortName) ? [allowCore("pods", ["get"])] : []),
  ];
}

function execBinding({ metadata, handlers, account, targetNamespace }: SessionRightsRequest): readonly MadeObject[] {
  if (targetNamespace !== metadata.namespace || !handlers.some(({ exec }) => exec !== undefined)) return [];
  const own = { ...metadata, name: `${metadata.name}-hook` };
  return [made(roleBindings, { metadata: own, ...bind("ClusterRole", hookClusterRoleName, account) })];
}

/** Whether one of the Service's pods must be found: a command runs in it, or it is the default host. */
function needsPod(handler: Handler): boolean {
  return handler.exec !== undefined || callsOf(handler).some(({ host = "", port }) => host === "" || isName(port));
}

/** The number of a named port stands in the pod. */
function needsPortName(handler: Handler): boolean {
  return callsOf(handler).some(({ port }) => isName(port));
}

function callsOf({ httpGet, httpPost, tcpSocket }: Handler) {
  return [httpGet, httpPost, tcpSocket].filter((call) => call !== undefined);
}

function isName(port: number | string): boolean {
  return typeof port === "string" && !/^[0-9]+$/.test(port);
}
