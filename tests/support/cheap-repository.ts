import { createCipheriv, createDecipheriv, createHash, randomBytes, scryptSync } from "node:crypto";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";

/**
 * Lays out an empty restic repository (format 2) as `restic init` does, but for its key: what restic makes costs half a
 * second of computing at every start of restic (scrypt with a cost that init measures), which is most of the time of tests
 * that do much with small repositories; this one costs a millisecond. Of restic's design document, "Repository Format" and
 * "Keys, Encryption and MAC". Whoever opens it notices no difference. Tests of how a repository is made do not use it.
 */
export async function layCheapRepository(folder: string, password: string): Promise<void> {
  const names = ["index", "keys", "locks", "snapshots"];
  const data = Array.from({ length: 256 }, (_, at) => `data/${at.toString(16).padStart(2, "0")}`);
  for (const name of [...names, ...data]) await mkdir(join(folder, name), { recursive: true });
  const master = newKey(randomBytes(64));
  const config = { version: 2, id: randomBytes(32).toString("hex"), chunker_polynomial: polynomial };
  await writeFile(join(folder, "config"), seal(master, JSON.stringify(config)));
  await writeKey(folder, master, password);
}

/** Gives a repository that restic made such a key in place of its own. Nobody may use it meanwhile. */
export async function cheapenRepository(folder: string, password: string): Promise<void> {
  const keys = join(folder, "keys");
  for (const name of await readdir(keys)) {
    const { data, salt, N, r, p } = KeyFile.parse(JSON.parse(await readFile(join(keys, name), "utf8")));
    if (N === cost.N) continue;
    const user = newKey(scryptSync(password, Buffer.from(salt, "base64"), 64, { N, r, p, maxmem: 2 ** 30 }));
    const { mac, encrypt } = MasterKey.parse(JSON.parse(unseal(user, Buffer.from(data, "base64"))));
    const master = [encrypt, mac.k, mac.r].map((text) => Buffer.from(text, "base64"));
    await writeKey(folder, newKey(Buffer.concat(master)), password);
    await rm(join(keys, name));
  }
}

const KeyFile = z.object({ data: z.string(), salt: z.string(), N: z.number(), r: z.number(), p: z.number() });
const MasterKey = z.object({ mac: z.object({ k: z.string(), r: z.string() }), encrypt: z.string() });

/** Irreducible, of degree 53; one that restic chose. */
const polynomial = "275f54fab4b7b1";
const cost = { N: 2, r: 8, p: 1 };

interface Key {
  readonly encrypt: Buffer;
  readonly macK: Buffer;
  readonly macR: Buffer;
}

function newKey(bytes: Buffer): Key {
  return { encrypt: bytes.subarray(0, 32), macK: bytes.subarray(32, 48), macR: bytes.subarray(48, 64) };
}

async function writeKey(folder: string, master: Key, password: string): Promise<void> {
  const key = keyFile(master, password);
  await writeFile(join(folder, "keys", createHash("sha256").update(key).digest("hex")), key);
}

function keyFile(master: Key, password: string): string {
  const salt = randomBytes(64);
  const user = newKey(scryptSync(password, salt, 64, cost));
  const inner = {
    mac: { k: master.macK.toString("base64"), r: master.macR.toString("base64") },
    encrypt: master.encrypt.toString("base64"),
  };
  return JSON.stringify({
    ...{ created: new Date().toISOString(), username: "test", hostname: "test", kdf: "scrypt", ...cost },
    salt: salt.toString("base64"),
    data: seal(user, JSON.stringify(inner)).toString("base64"),
  });
}

/** AES-256 in counter mode, then Poly1305-AES over that. */
function seal({ encrypt, macK, macR }: Key, text: string): Buffer {
  const nonce = randomBytes(16);
  const cipher = createCipheriv("aes-256-ctr", encrypt, nonce);
  const sealed = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
  const block = createCipheriv("aes-128-ecb", macK, null);
  return Buffer.concat([nonce, sealed, poly1305(sealed, { r: macR, s: block.update(nonce) })]);
}

/** The text, without a look at what authenticates it. */
function unseal({ encrypt }: Key, sealed: Buffer): string {
  const cipher = createDecipheriv("aes-256-ctr", encrypt, sealed.subarray(0, 16));
  return cipher.update(sealed.subarray(16, -16)).toString("utf8");
}

function poly1305(text: Buffer, key: { readonly r: Buffer; readonly s: Buffer }): Buffer {
  const prime = (1n << 130n) - 5n;
  const r = littleEndian(key.r) & 0x0ffffffc0ffffffc0ffffffc0fffffffn;
  let sum = 0n;
  for (let at = 0; at < text.length; at += 16) {
    const block = text.subarray(at, at + 16);
    sum = ((sum + littleEndian(block) + (1n << BigInt(8 * block.length))) * r) % prime;
  }
  const tag = (sum + littleEndian(key.s)) % (1n << 128n);
  return Buffer.from(tag.toString(16).padStart(32, "0"), "hex").reverse();
}

function littleEndian(bytes: Buffer): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString("hex")}`);
}
