import type { Handler, HTTPPostAction } from "../../api/hooks.ts";
import type { HTTPGetAction } from "../../api/kubernetes.ts";
import { Failure } from "../../kit/failures.ts";
import { bracketed, unbracketed } from "../../kit/hosts.ts";
import { redact } from "../../kit/redact.ts";
import type { ExecEnd } from "../../kube/exec.ts";
import { callHttp, callTcp, type HttpCall, type Place } from "./dial.ts";
import { render } from "./template.ts";
import type { Value } from "./template-functions.ts";

/** What handlers reach; found out only when one of them needs it. */
export interface Surroundings {
  /** The address of a pod of the database. */
  podAddress(): Promise<string>;
  /** The number of a port that a container has given a name. */
  namedPort(port: string, container: string | undefined): Promise<number>;
  exec(command: readonly string[], container: string | undefined): Promise<ExecEnd>;
  /** Where a host is reached from here. */
  lookup(host: string, port: number): { readonly address: string; readonly port: number } | undefined;
  /** What templates name. */
  readonly facts: Value;
  readonly signal: AbortSignal;
}

/** Runs what the handler says, all of it in this order. Throws a Failure with why at the first that does not succeed. */
export async function runHandler(handler: Handler, around: Surroundings): Promise<void> {
  const { exec, httpGet, httpPost, tcpSocket } = handler;
  const container = handler.containerName || undefined;
  if (exec !== undefined) await runCommand(exec.command ?? [], container, around);
  if (httpGet !== undefined) await get(httpGet, container, around);
  if (httpPost !== undefined) await post(httpPost, container, around);
  if (tcpSocket !== undefined) await callTcp(await placeOf(tcpSocket, container, around), around);
  if ((exec ?? httpGet ?? httpPost ?? tcpSocket) === undefined) {
    throw new Failure("configuration-invalid", "the hook says nothing to do", {
      hint: "give it exec, httpGet, httpPost or tcpSocket",
    });
  }
}

/** Characters of what a command or server said; it stands in a condition. */
const longestWord = 500;

async function runCommand(
  given: readonly string[],
  container: string | undefined,
  around: Surroundings,
): Promise<void> {
  const command = given.map((word) => render(word, around.facts));
  if (command[0] === undefined || command[0] === "") {
    throw new Failure("configuration-invalid", "the hook's exec.command is empty");
  }
  const { exitCode, stdout, stderr } = await around.exec(command, container);
  if (exitCode === 0) return;
  const said = lastWords(stderr.trim() === "" ? stdout : stderr);
  const what = `the command ${JSON.stringify(command[0])} ended with exit code ${exitCode}`;
  throw new Failure("program-failed", said === "" ? what : `${what}: ${said}`);
}

async function get(action: HTTPGetAction, container: string | undefined, around: Surroundings): Promise<void> {
  await call({ ...(await targetOf(action, container, around)), method: "GET" }, around);
}

async function post(action: HTTPPostAction, container: string | undefined, around: Surroundings): Promise<void> {
  const { body, contentType } = contentOf(action, around.facts);
  const target = await targetOf(action, container, around);
  const isGiven = target.headers.some(([name]) => name.toLowerCase() === "content-type");
  const headers = isGiven ? target.headers : [...target.headers, ["content-type", contentType] as const];
  await call({ ...target, method: "POST", headers, body }, around);
}

async function call(request: HttpCall, around: Surroundings): Promise<void> {
  const { status, body } = await callHttp(request, around);
  if (status >= 200 && status < 400) return;
  const { isTls, place, path, method } = request;
  const address = `${isTls ? "https" : "http"}://${bracketed(place.host)}:${place.port}${path.split("?")[0]}`;
  const said = lastWords(body);
  const what = `${method} ${address} was answered with ${status}`;
  throw new Failure("server-refused", said === "" ? what : `${what}: ${said}`);
}

type Target = Pick<HttpCall, "isTls" | "place" | "path" | "headers">;

async function targetOf(
  action: HTTPGetAction | HTTPPostAction,
  container: string | undefined,
  around: Surroundings,
): Promise<Target> {
  const { path = "", scheme = "", httpHeaders = [] } = action;
  const protocol = scheme.toUpperCase() || "HTTP";
  if (protocol !== "HTTP" && protocol !== "HTTPS") {
    throw new Failure("configuration-invalid", `the hook's scheme ${scheme} is neither HTTP nor HTTPS`);
  }
  return {
    isTls: protocol === "HTTPS",
    place: await placeOf(action, container, around),
    path: encoded(path.startsWith("/") ? path : `/${path}`),
    headers: httpHeaders.map(({ name, value }) => [name, value] as const),
  };
}

/** Blanks and what is no ASCII may not stand in a request as they are. */
function encoded(path: string): string {
  const { pathname, search } = new URL(path, "http://host");
  return `${pathname}${search}`;
}

async function placeOf(
  { host: given = "", port: asked }: { readonly host?: string | undefined; readonly port: number | string },
  container: string | undefined,
  around: Surroundings,
): Promise<Place> {
  const port = /^\d+$/.test(String(asked)) ? Number(asked) : await around.namedPort(String(asked), container);
  if (port < 1 || port > 65_535) throw new Failure("configuration-invalid", `the hook's port ${port} is none`);
  const host = given === "" ? await around.podAddress() : unbracketed(given);
  const other = around.lookup(host, port);
  return { host, port, address: other?.address ?? host, addressPort: other?.port ?? port };
}

interface Content {
  readonly body: string;
  readonly contentType: string;
}

/** A form goes before a body. */
export function contentOf({ body = "", form = [] }: HTTPPostAction, facts: Value): Content {
  if (form.length > 0) {
    const fields = form.flatMap(({ key, values = [] }) => values.map((value): [string, string] => [key, value]));
    return { body: new URLSearchParams(fields).toString(), contentType: "application/x-www-form-urlencoded" };
  }
  const text = render(body, facts);
  return { body: text, contentType: sniff(text) };
}

function sniff(text: string): string {
  if (/^\s*<\?xml/i.test(text)) return "text/xml; charset=utf-8";
  if (/^\s*<(!doctype\s+html|html)/i.test(text)) return "text/html; charset=utf-8";
  if (!/^\s*[[{]/.test(text)) return "text/plain; charset=utf-8";
  try {
    JSON.parse(text);
    return "application/json";
  } catch {
    return "text/plain; charset=utf-8";
  }
}

function lastWords(text: string): string {
  const line = redact(text).replaceAll(/\s+/g, " ").trim();
  return line.length <= longestWord ? line : `...${line.slice(-longestWord)}`;
}
