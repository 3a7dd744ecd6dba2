import { readdir, readFile } from "node:fs/promises";
import { request as send } from "node:https";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import type { ControlPlanePlace } from "./control-plane-parts.ts";
import { eventually } from "./eventually.ts";

const definitions = join(import.meta.dirname, "../../deploy/crds");
const Definition = z.looseObject({ metadata: z.looseObject({ name: z.string() }) });
const Established = z.object({
  status: z.object({ conditions: z.array(z.object({ type: z.string(), status: z.string() })).nullish() }).partial(),
});
const Token = z.object({ status: z.object({ token: z.string() }) });

export interface AdminRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** From the slash on, query included. */
  readonly path: string;
  readonly body?: unknown;
  /** Of the body; default application/json. */
  readonly contentType?: string;
}

/** `folder` has the server's authority in certs/apiserver.crt. */
type AdminPlace = Pick<ControlPlanePlace, "folder" | "port" | "token">;

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** The administrator of a control plane whose API server is ready. Plain requests: our own client is what is tested. */
export async function openAdmin(place: AdminPlace) {
  const ca = await readFile(join(place.folder, "certs/apiserver.crt"), "utf8");
  async function request(asked: AdminRequest): Promise<unknown> {
    const { status, text } = await ask(place, ca, asked);
    if (status >= 400) throw new Error(`${asked.method} ${asked.path}: ${status} ${text}`);
    return JSON.parse(text);
  }
  async function waitForAccount(namespace: string): Promise<void> {
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts/default`;
    await eventually(
      `the ServiceAccount default in ${namespace}`,
      async () => (await ask(place, ca, { method: "GET", path })).status === 200,
    );
  }
  return {
    ca,
    request,
    waitForAccount,
    async createNamespace(name: string): Promise<void> {
      const body = { apiVersion: "v1", kind: "Namespace", metadata: { name } };
      await request({ method: "POST", path: "/api/v1/namespaces", body });
      await waitForAccount(name);
    },
    async createToken(namespace: string, serviceAccount: string): Promise<string> {
      const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${serviceAccount}/token`;
      const body = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: {} };
      return Token.parse(await request({ method: "POST", path, body })).status.token;
    },
    /** Applies deploy/crds and waits until all of it is served. */
    async applyKinds(): Promise<void> {
      const files = (await readdir(definitions)).filter((name) => name.endsWith(".yaml"));
      await Promise.all(files.map((file) => applyKind(request, join(definitions, file))));
    },
  };
}

async function applyKind(request: (asked: AdminRequest) => Promise<unknown>, file: string): Promise<void> {
  const body = Definition.parse(parse(await readFile(file, "utf8")));
  const { name } = body.metadata;
  const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${name}`;
  const query = "fieldManager=tests&force=true&fieldValidation=Strict";
  const contentType = "application/apply-patch+yaml";
  await request({ method: "PATCH", path: `${path}?${query}`, body, contentType });
  await eventually(`the CustomResourceDefinition ${name}`, async () => {
    const { conditions } = Established.parse(await request({ method: "GET", path })).status;
    return conditions?.some(({ type, status }) => type === "Established" && status === "True") ?? false;
  });
}

/** Whether the API server says that it is ready. False while there is none. */
export async function readyAt(place: ControlPlanePlace): Promise<boolean> {
  try {
    const ca = await readFile(join(place.folder, "certs/apiserver.crt"), "utf8");
    return (await ask(place, ca, { method: "GET", path: "/readyz" })).status === 200;
  } catch {
    return false;
  }
}

async function ask({ port, token }: AdminPlace, ca: string, asked: AdminRequest): Promise<Answer> {
  const { method, path, body, contentType = "application/json" } = asked;
  return await new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { "content-type": contentType }),
    };
    const options = { host: "127.0.0.1", port, ca, servername: "kubernetes", method, path, headers, timeout: 30_000 };
    const outgoing = send(options, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.on("end", () =>
        resolve({ status: incoming.statusCode ?? 0, text: Buffer.concat(chunks).toString("utf8") }),
      );
      incoming.on("error", reject);
    });
    outgoing.on("timeout", () => outgoing.destroy(new Error(`${method} ${path}: no answer for 30 s`)));
    outgoing.on("error", reject);
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
