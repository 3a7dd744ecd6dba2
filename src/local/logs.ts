import { pipeline } from "node:stream/promises";
import type { Certificate } from "../kit/certificate.ts";
import { describe } from "../kit/failures.ts";
import { coreResource } from "./admit.ts";
import { dial, type Incoming, type Outgoing } from "./https.ts";
import { at, isObject, type JsonObject, listAt, textAt } from "./json.ts";
import { find, type ObjectAt, type Objects } from "./objects.ts";
import { badRequest, internal, notFound, Refused } from "./status.ts";

export interface LogRequest {
  readonly query: URLSearchParams;
  readonly outgoing: Outgoing;
  /** Whom the node lets in. */
  readonly identity: Certificate;
  readonly signal: AbortSignal;
}

/** Passes a container's log on from the node that it runs on. */
export async function passLog(objects: Objects, target: ObjectAt, request: LogRequest): Promise<void> {
  const { query, outgoing, identity } = request;
  while (objects.store.isWriting) await objects.store.settled();
  const pod = find(objects, target).parse();
  const container = containerOf(pod, target.name, query.get("container") ?? "");
  const gone = new AbortController();
  outgoing.once("close", () => gone.abort());
  const signal = AbortSignal.any([request.signal, gone.signal]);
  const place = nodeOf(objects, textAt(pod, "spec", "nodeName"));
  if (place === undefined) {
    // not on any node yet
    outgoing.writeHead(200, { "content-type": "text/plain" });
    outgoing.end();
    return;
  }
  const asked = new URLSearchParams([...query].filter(([name]) => name !== "container"));
  const names = [target.namespace, target.name, container].map(encodeURIComponent).join("/");
  const answer = await dial({ ...place, path: `/containerLogs/${names}?${asked}`, identity, signal }).catch(
    (error: unknown) => {
      throw internal(`Get "https://${place.host}:${place.port}/containerLogs/${names}": ${describe(error)}`);
    },
  );
  if (answer.statusCode !== 200) throw await refusedBy(answer, container, target.name);
  outgoing.writeHead(200, { "content-type": "text/plain" });
  outgoing.flushHeaders();
  await pipeline(answer, outgoing).catch(() => outgoing.destroy());
}

function containerOf(pod: JsonObject, name: string, asked: string): string {
  const namesIn = (field: string) => listAt(pod, "spec", field).map((one) => textAt(one, "name"));
  const [containers, inits] = [namesIn("containers"), namesIn("initContainers")];
  if (asked !== "") {
    if ([...containers, ...inits].includes(asked)) return asked;
    throw badRequest(`container ${asked} is not valid for pod ${name}`);
  }
  const usual = textAt(pod, "metadata", "annotations", "kubectl.kubernetes.io/default-container");
  const only = containers.length === 1 ? containers[0] : containers.find((each) => each === usual);
  if (only !== undefined) return only;
  const choice = `[${containers.join(" ")}]`;
  const others = inits.length === 0 ? "" : ` or one of the init containers: [${inits.join(" ")}]`;
  throw badRequest(`a container name must be specified for pod ${name}, choose one of: ${choice}${others}`);
}

/** undefined: on none. */
function nodeOf({ store }: Objects, name: string): { readonly host: string; readonly port: number } | undefined {
  if (name === "") return undefined;
  const node = store.get({ resource: "nodes", namespace: "", name })?.parse();
  if (node === undefined) throw notFound(coreResource("nodes"), name);
  const addresses = listAt(node, "status", "addresses").filter(isObject);
  const internalOne = addresses.find(({ type }) => type === "InternalIP");
  const port = at(node, "status", "daemonEndpoints", "kubeletEndpoint", "Port");
  const host = textAt(internalOne, "address");
  if (host === "" || typeof port !== "number") throw internal(`node ${name} does not say where its logs are read`);
  return { host, port };
}

const mostSaidBytes = 4096;

async function refusedBy(answer: Incoming, container: string, pod: string): Promise<Refused> {
  let said = "";
  for await (const chunk of answer) {
    said += String(chunk);
    if (said.length > mostSaidBytes) break;
  }
  const message = said.trim() || `the node answered ${answer.statusCode}`;
  if (answer.statusCode === 400) return badRequest(message);
  if (answer.statusCode === 404) return new Refused(404, "NotFound", message, { name: pod, kind: "pods" });
  return internal(`reading the log of ${container}: ${message}`);
}
