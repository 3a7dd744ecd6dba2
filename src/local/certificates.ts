import { randomBytes, X509Certificate } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { type Certificate, longSince, makeAuthority, makeSigned } from "../kit/certificate.ts";
import { writeWhole } from "../kit/whole-file.ts";

/** What the server is known by. All but `serving` and `client` stays over restarts. */
export interface Identity {
  /** PEM. */
  readonly caPem: string;
  readonly serving: Certificate;
  /** What the server shows to nodes. */
  readonly client: Certificate;
  /** A system:masters' bearer token. */
  readonly adminToken: string;
  /** What ServiceAccounts' tokens are signed with: HMAC-SHA-256, 32 bytes. */
  readonly tokenKey: Buffer;
}

const dayMs = 86_400_000;

/** Reads the authority and the keys in the folder; makes what is missing. */
export async function openIdentity(folder: string, host: string): Promise<Identity> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const lasting = { notBefore: longSince, notAfter: new Date(Date.now() + 3650 * dayMs) };
  const authority = await kept(join(folder, "authority.json"), async () =>
    JSON.stringify(await makeAuthority({ name: `coldstream ${randomBytes(4).toString("hex")}`, ...lasting })),
  ).then(readCertificate);
  const times = { notBefore: longSince, notAfter: new X509Certificate(authority.certificate).validToDate };
  const client = { name: "coldstream-apiserver", hosts: [], addresses: [], usage: "client", ...times } as const;
  return {
    caPem: authority.certificate,
    serving: await makeSigned(authority, { ...namesFor(host), usage: "server", ...times }),
    client: await makeSigned(authority, client),
    adminToken: (await kept(join(folder, "admin-token"), random)).trim(),
    tokenKey: Buffer.from((await kept(join(folder, "token-key"), random)).trim(), "base64url"),
  };
}

/** What clients on this machine, and pods, call the server. */
function namesFor(host: string) {
  const inside = ["kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"];
  const isAddress = /^[\d.]+$|:/.test(host);
  const addresses = new Set(["127.0.0.1", "::1", ...(isAddress && !/^(0\.0\.0\.0|::)$/.test(host) ? [host] : [])]);
  const hosts = new Set(["localhost", hostname(), ...inside, ...(isAddress ? [] : [host])]);
  return { name: "coldstream-apiserver", hosts: [...hosts], addresses: [...addresses] };
}

async function random(): Promise<string> {
  return randomBytes(32).toString("base64url");
}

/** The file's text; made, and whole on the disk, where there is none. */
async function kept(file: string, make: () => Promise<string>): Promise<string> {
  if (existsSync(file)) return await readFile(file, "utf8");
  const made = await make();
  await writeWhole(file, `${made}\n`, { flush: true });
  return made;
}

function readCertificate(text: string): Certificate {
  const read: unknown = JSON.parse(text);
  if (typeof read === "object" && read !== null && "certificate" in read && "key" in read) {
    return { certificate: String(read.certificate), key: String(read.key) };
  }
  throw new SyntaxError("the authority's file holds no certificate");
}
