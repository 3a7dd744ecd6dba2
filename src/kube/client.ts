import { programVersion } from "../kit/version.ts";
import type {
  Cluster,
  Listed,
  PatchOptions,
  RawRequest,
  RefusedObject,
  RemoveOptions,
  Waiting,
  WatchEvent,
  Where,
} from "./cluster.ts";
import { KubeFailure, unreachable, unreadable } from "./failure.ts";
import { collectionPath, objectPath, query, selection } from "./paths.ts";
import { RawList, readObject } from "./reader.ts";
import { type Order, openRequests, type Requests } from "./requests.ts";
import { apiVersionOf, type Key, type KubeObject, keyOf, keyText, type Resource } from "./resource.ts";
import { type ClusterSettings, type Limits, usualLimits } from "./settings.ts";
import { interrupted, openTransport } from "./transport.ts";
import { linesOf, readEvent } from "./watch-stream.ts";

/** How often a list is begun anew because its pages were no longer kept. */
const mostRelists = 5;
const logBytes = 1024 * 1024;

interface Context {
  readonly requests: Requests;
  readonly limits: Limits;
  readonly server: string;
}

/** Nothing is sent before the first request. */
export function openCluster(settings: ClusterSettings): Cluster {
  const limits = { ...usualLimits, ...settings.limits };
  const transport = openTransport(settings, limits, `coldstream/${programVersion()}`);
  const requests = openRequests(transport, settings, limits);
  const context = { requests, limits, server: settings.server };
  return {
    server: settings.server,
    ...readers(context),
    ...writers(context),
    request: (request, { signal }) => raw(context, request, signal),
    async [Symbol.asyncDispose]() {
      transport.close();
    },
  };
}

function readers(context: Context): Pick<Cluster, "get" | "list" | "watch" | "log"> {
  return {
    async get(resource, key, { signal }) {
      const action = `reading ${nameOf(resource, key)}`;
      const order = { method: "GET", path: objectPath(resource, key), action, signal };
      return await unlessMissing(() => one(context, resource, order));
    },
    list: (resource, where, { signal }) => list(context, resource, where, signal),
    watch: (resource, where, options) => watch(context, resource, where, options),
    async log(pod, { container, tailLines, signal }) {
      const path = `/api/v1/namespaces/${encodeURIComponent(pod.namespace ?? "")}/pods/${encodeURIComponent(pod.name)}/log`;
      const order: Order = {
        method: "GET",
        path: `${path}${query({ container, tailLines, limitBytes: logBytes })}`,
        action: `reading the log of ${container} in Pod ${keyText(pod)}`,
        accept: "text/plain, */*",
        signal,
      };
      // 400: the container has not begun yet
      return await unlessMissing(() => context.requests.text(order), "BadRequest");
    },
  };
}

function writers(context: Context): Pick<Cluster, "create" | "replace" | "replaceStatus" | "patch" | "remove"> {
  return {
    async create(resource, draft, { signal }) {
      const { name, generateName, namespace } = draft.metadata;
      const key = { namespace, name: name ?? `${generateName ?? ""}...` };
      const body = JSON.stringify({ apiVersion: apiVersionOf(resource), kind: resource.kind, ...draft });
      const path = collectionPath(resource, objectNamespace(resource, key));
      return await one(context, resource, {
        ...{ method: "POST", path, body, signal },
        action: `making ${nameOf(resource, key)}`,
      });
    },
    replace: (resource, object, { signal }) => replace(context, resource, object, { signal }),
    replaceStatus: (resource, object, { signal }) => replace(context, resource, object, { signal, part: "status" }),
    patch: (resource, key, options) => patch(context, resource, key, options),
    remove: (resource, key, options) => remove(context, resource, key, options),
  };
}

async function list<T extends KubeObject>(
  context: Context,
  resource: Resource<T>,
  where: Where,
  signal: AbortSignal,
): Promise<Listed<T>> {
  for (let relists = 0; ; relists++) {
    // at last in one page, which cannot be compacted away
    const pageItems = relists < mostRelists ? context.limits.pageItems : undefined;
    try {
      return await listOnce(context, resource, where, { signal, pageItems });
    } catch (error) {
      if (pageItems === undefined || !KubeFailure.isReason(error, "Expired")) throw error;
    }
  }
}

async function listOnce<T extends KubeObject>(
  { requests }: Context,
  resource: Resource<T>,
  where: Where,
  { signal, pageItems }: Waiting & { readonly pageItems: number | undefined },
): Promise<Listed<T>> {
  const action = `listing ${placeName(resource, where)}`;
  const path = collectionPath(resource, where.namespace);
  const items: T[] = [];
  const refused: RefusedObject[] = [];
  for (let next: string | undefined; ; ) {
    const asked = query({ ...selection(where), limit: pageItems, continue: next });
    const page = RawList.safeParse(await requests.json({ method: "GET", path: `${path}${asked}`, action, signal }));
    if (!page.success) throw unreadable(action, "the answer is no list", page.error);
    for (const item of page.data.items ?? []) {
      const read = readObject(resource, item);
      if ("object" in read) items.push(read.object);
      else refused.push(read.refused);
    }
    next = page.data.metadata?.continue || undefined;
    const resourceVersion = page.data.metadata?.resourceVersion ?? "";
    if (next === undefined) return { items, refused, resourceVersion };
  }
}

async function* watch<T extends KubeObject>(
  { requests, limits, server }: Context,
  resource: Resource<T>,
  where: Where,
  { signal, resourceVersion }: Waiting & { readonly resourceVersion: string },
): AsyncGenerator<WatchEvent<T>, void, undefined> {
  const action = `watching ${placeName(resource, where)}`;
  const timeoutSeconds = Math.ceil((limits.watchMs * (1 + Math.random())) / 1000);
  const asked = { watch: true, allowWatchBookmarks: true, resourceVersion, timeoutSeconds };
  const path = `${collectionPath(resource, where.namespace)}${query({ ...selection(where), ...asked })}`;
  const { body } = await requests.open({ method: "GET", path, action, signal, isWatch: true });
  try {
    for await (const line of linesOf(body)) {
      const event = readEvent(resource, line, action);
      if (event !== undefined) yield event;
    }
  } catch (error) {
    if (signal.aborted) throw interrupted(signal, action);
    throw error instanceof KubeFailure ? error : unreachable(action, server, error);
  } finally {
    body.destroy();
  }
}

async function replace<T extends KubeObject>(
  context: Context,
  resource: Resource<T>,
  object: T,
  { signal, part }: Waiting & { readonly part?: "status" },
): Promise<T> {
  const key = keyOf(object);
  const action =
    part === "status" ? `writing the status of ${nameOf(resource, key)}` : `writing ${nameOf(resource, key)}`;
  const path = objectPath(resource, key, part);
  return await one(context, resource, { method: "PUT", path, body: JSON.stringify(object), action, signal });
}

async function patch<T extends KubeObject>(
  context: Context,
  resource: Resource<T>,
  key: Key,
  { signal, merge, subresource }: PatchOptions,
): Promise<T | undefined> {
  const order: Order = {
    method: "PATCH",
    path: objectPath(resource, key, subresource),
    body: JSON.stringify(merge),
    contentType: "application/merge-patch+json",
    action: `changing ${nameOf(resource, key)}`,
    signal,
  };
  return await unlessMissing(() => one(context, resource, order));
}

async function remove<T extends KubeObject>(
  { requests }: Context,
  resource: Resource<T>,
  key: Key,
  { signal, propagation = "Background", uid }: RemoveOptions,
): Promise<boolean> {
  const preconditions = uid === undefined ? {} : { preconditions: { uid } };
  const body = { apiVersion: "v1", kind: "DeleteOptions", propagationPolicy: propagation, ...preconditions };
  const order: Order = {
    method: "DELETE",
    path: objectPath(resource, key),
    body: JSON.stringify(body),
    action: `removing ${nameOf(resource, key)}`,
    signal,
  };
  const done = await unlessMissing(
    async () => await requests.text(order),
    ...(uid === undefined ? [] : (["Conflict"] as const)),
  );
  return done !== undefined;
}

async function raw({ requests }: Context, request: RawRequest, signal: AbortSignal): Promise<unknown> {
  const { method, path, body, contentType } = request;
  const action = `${method} ${path.split("?")[0]}`;
  const text = body === undefined ? undefined : JSON.stringify(body);
  const answer = await requests.text({ method, path, action, signal, contentType, body: text });
  try {
    return JSON.parse(answer);
  } catch {
    return answer;
  }
}

async function one<T extends KubeObject>({ requests }: Context, resource: Resource<T>, order: Order): Promise<T> {
  const read = readObject(resource, await requests.json(order));
  if ("object" in read) return read.object;
  throw new KubeFailure("configuration-invalid", `${order.action}: ${read.refused.reason}`, {
    ...{ status: 0, reason: "Unreadable" },
  });
}

async function unlessMissing<T>(
  call: () => Promise<T>,
  ...alsoMissing: readonly ("BadRequest" | "Conflict")[]
): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    if (KubeFailure.isReason(error, "NotFound", ...alsoMissing)) return undefined;
    throw error;
  }
}

function objectNamespace<T extends KubeObject>(resource: Resource<T>, key: Key): string | undefined {
  if (resource.scope === "Cluster") return undefined;
  if (key.namespace === undefined || key.namespace === "")
    throw new TypeError(`${nameOf(resource, key)} needs a namespace`);
  return key.namespace;
}

function nameOf<T extends KubeObject>(resource: Resource<T>, key: Key): string {
  return `${resource.kind} ${keyText(key)}`;
}

function placeName<T extends KubeObject>({ plural }: Resource<T>, { namespace }: Where): string {
  return namespace === undefined ? plural : `${plural} in ${namespace}`;
}
