import { isAbsolute, join } from "node:path";
import { z } from "zod";
import { Failure } from "../kit/failures.ts";
import { runProgram } from "../kit/program.ts";
import type { ExecEntry, Placed } from "./kubeconfig-file.ts";
import type { ClientCertificate } from "./settings.ts";

const knownVersions = ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"];
/** A credential that runs out so soon is fetched anew. */
const marginMs = 10_000;
const mostMs = 60_000;

const ExecCredential = z.looseObject({
  kind: z.literal("ExecCredential"),
  status: z.looseObject({
    expirationTimestamp: z.string().nullish(),
    token: z.string().nullish(),
    clientCertificateData: z.string().nullish(),
    clientKeyData: z.string().nullish(),
  }),
});

interface Credential {
  readonly token: string | undefined;
  readonly certificate: ClientCertificate | undefined;
  readonly expiresMs: number;
}

export interface ExecOptions {
  /** Of the program, PATH included. */
  readonly env: Readonly<Record<string, string>>;
  /** Told to the program when it asks for it (provideClusterInfo). */
  readonly cluster: Readonly<Record<string, unknown>>;
}

/** The credentials that a program gives (`exec` in a kubeconfig), kept until they run out. */
export interface ExecCredentials {
  token(): Promise<string | undefined>;
  certificate(): Promise<ClientCertificate | undefined>;
  /** The server refused them: forget them. */
  renew(): boolean;
}

/** Throws `configuration-invalid` for what cannot work without a person at a terminal. */
export function execCredentials(placed: Placed<ExecEntry>, options: ExecOptions): ExecCredentials {
  const { entry } = placed;
  if (!knownVersions.includes(entry.apiVersion)) {
    throw new Failure("configuration-invalid", `the kubeconfig's exec uses ${entry.apiVersion}, which is not known`, {
      hint: `known are ${knownVersions.join(" and ")}`,
    });
  }
  if (entry.interactiveMode === "Always") {
    throw new Failure("configuration-invalid", `${entry.command} wants a terminal, which it cannot have here`);
  }
  let kept: Promise<Credential> | undefined;
  async function fetch(): Promise<Credential> {
    const before = kept;
    if (before === undefined) return await begin();
    const found = await before;
    if (found.expiresMs - marginMs > Date.now()) return found;
    // whoever notices first asks for all
    return await (kept === before || kept === undefined ? begin() : kept);
  }
  function begin(): Promise<Credential> {
    const running = run(placed, options);
    kept = running;
    running.catch(() => {
      if (kept === running) kept = undefined;
    });
    return running;
  }
  return {
    token: async () => (await fetch()).token,
    certificate: async () => (await fetch()).certificate,
    renew() {
      kept = undefined;
      return true;
    },
  };
}

async function run({ entry, folder }: Placed<ExecEntry>, { env, cluster }: ExecOptions): Promise<Credential> {
  const { command, apiVersion, installHint } = entry;
  const spec = { interactive: false, ...(entry.provideClusterInfo === true ? { cluster } : {}) };
  const own = Object.fromEntries((entry.env ?? []).map(({ name, value }) => [name, value]));
  const program = command.includes("/") && !isAbsolute(command) ? join(folder, command) : command;
  const { exitCode, stdout, stderr } = await runProgram(program, entry.args ?? [], {
    env: { ...env, ...own, KUBERNETES_EXEC_INFO: JSON.stringify({ apiVersion, kind: "ExecCredential", spec }) },
    signal: AbortSignal.timeout(mostMs),
    ...(typeof installHint === "string" ? { installHint: installHint.trim() } : {}),
  });
  if (exitCode !== 0) {
    const last = stderr.trim().split("\n").at(-1) ?? "";
    throw new Failure("credentials-unreadable", `${command} gave no credentials for the API server: ${last}`);
  }
  return read(command, stdout);
}

/** Never quotes what the program wrote. */
function read(command: string, stdout: string): Credential {
  const result = ExecCredential.safeParse(parseJson(stdout));
  if (!result.success) throw new Failure("credentials-unreadable", `${command} wrote no ExecCredential`);
  const { token, clientCertificateData: cert, clientKeyData: key, expirationTimestamp } = result.data.status;
  const certificate = typeof cert === "string" && typeof key === "string" ? { cert, key } : undefined;
  if (!token && certificate === undefined) {
    throw new Failure("credentials-unreadable", `${command} wrote an ExecCredential without credentials`);
  }
  const expiresMs = Date.parse(expirationTimestamp ?? "");
  return {
    token: token || undefined,
    certificate,
    expiresMs: Number.isNaN(expiresMs) ? Number.POSITIVE_INFINITY : expiresMs,
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
