import { readFile } from "node:fs/promises";
import { Agent as HttpAgent, request as httpRequest } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import pMap from "p-map";
import { z } from "zod";
import { Failure } from "../kit/failures.ts";
import type { RepositoryAddress } from "./backend.ts";

/** What restic makes in the folder of a repository: a file, and folders. */
export const resticConfig = "config";
export const resticFolders = ["data", "index", "keys", "locks", "snapshots"] as const;

/** restic itself cannot delete its configuration and keys; the server's protocol can. */
const Listing = z.array(z.object({ name: z.string().regex(/^[0-9a-f]+$/) })).nullable();
const listingType = "application/vnd.x.restic.rest.v2";
const timeoutMs = 60_000;

interface Server {
  /** Ends in a slash. */
  readonly base: string;
  readonly authorization: string | undefined;
  readonly agent: HttpAgent | HttpsAgent;
  readonly signal: AbortSignal;
}

/** Deletes a repository on a restic REST server and sees that it is gone. How many files there were. */
export async function wipeRest(
  address: RepositoryAddress,
  { signal }: { readonly signal: AbortSignal },
): Promise<number> {
  const server = await openServer(address, signal);
  try {
    let count = await remove(server, resticConfig);
    for (const folder of resticFolders) {
      const names = await list(server, folder);
      const removed = await pMap(names, (name) => remove(server, `${folder}/${name}`), { concurrency: 8, signal });
      count += removed.reduce((sum, one) => sum + one, 0);
      const [left] = await list(server, folder);
      if (left !== undefined) throw refused(server, `${folder}/${left} is still there`);
    }
    return count;
  } finally {
    server.agent.destroy();
  }
}

async function openServer({ url, env, options }: RepositoryAddress, signal: AbortSignal): Promise<Server> {
  const place = new URL(url.replace(/^rest:/, ""));
  const user = env["RESTIC_REST_USERNAME"] ?? decodeURIComponent(place.username);
  const password = env["RESTIC_REST_PASSWORD"] ?? decodeURIComponent(place.password);
  const authorization = user === "" ? undefined : `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
  const at = options.indexOf("--cacert");
  const file = at === -1 ? undefined : options[at + 1];
  const isTls = place.protocol === "https:";
  const agent = isTls
    ? new HttpsAgent({ keepAlive: true, ...(file === undefined ? {} : { ca: await readFile(file, "utf8") }) })
    : new HttpAgent({ keepAlive: true });
  place.username = "";
  place.password = "";
  return { base: place.href.endsWith("/") ? place.href : `${place.href}/`, authorization, agent, signal };
}

async function list(server: Server, folder: string): Promise<readonly string[]> {
  const { status, body } = await ask(server, "GET", `${folder}/`);
  if (status === 404) return [];
  if (status !== 200) throw refused(server, `listing ${folder}: the server answered ${status}`);
  return (Listing.parse(JSON.parse(body)) ?? []).map(({ name }) => name);
}

/** 1, or 0 when it was not there. */
async function remove(server: Server, path: string): Promise<number> {
  const { status } = await ask(server, "DELETE", path);
  if (status === 404) return 0;
  if (status === 200 || status === 204) return 1;
  throw refused(server, `deleting ${path}: the server answered ${status}`);
}

function refused({ base }: Server, what: string): Failure {
  return new Failure("repository-failed", `deleting the repository at ${base}: ${what}`, {
    hint: "a REST server in append-only mode deletes nothing: delete the data by hand, or set spec.wipeOut to false",
  });
}

function ask(
  server: Server,
  method: string,
  path: string,
): Promise<{ readonly status: number; readonly body: string }> {
  const { base, authorization, agent, signal } = server;
  const headers = { accept: listingType, ...(authorization === undefined ? {} : { authorization }) };
  const url = new URL(path, base);
  const { promise, resolve, reject } = Promise.withResolvers<{ readonly status: number; readonly body: string }>();
  const send = url.protocol === "https:" ? httpsRequest : httpRequest;
  const request = send(url, { method, headers, agent, signal, timeout: timeoutMs }, (response) => {
    const chunks: Buffer[] = [];
    response.on("data", (chunk: Buffer) => chunks.push(chunk));
    response.on("error", reject);
    response.on("end", () =>
      resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString("utf8") }),
    );
  });
  request.on("timeout", () => request.destroy(new Error("no answer within 60 s")));
  request.on("error", reject);
  request.end();
  return promise.catch((cause: unknown) => {
    signal.throwIfAborted();
    throw new Failure("repository-unreachable", `deleting the repository at ${base}`, { cause });
  });
}
