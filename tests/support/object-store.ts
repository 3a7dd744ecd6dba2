import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startProgram } from "../../src/kit/program.ts";
import { layCheapRepository } from "./cheap-repository.ts";
import { startOnFreePort } from "./ports.ts";
import { findProgram } from "./programs.ts";

export interface ObjectStore extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  readonly endpoint: string;
  readonly accessKey: string;
  readonly secretKey: string;
  /** A bucket that is there, and empty. */
  readonly bucket: string;
  /** Objects are files below `directory/<bucket>/`. */
  readonly directory: string;
  /** The address of a repository in the bucket, and the keys for it. */
  repository(prefix: string): { readonly url: string; readonly env: Record<string, string> };
  /** Puts an empty repository there that opens quickly. */
  layRepository(prefix: string, password: string): Promise<void>;
  /** The server goes away, as one that crashed. */
  stop(): Promise<void>;
}

/** Versity's gateway: it speaks S3 and checks signatures. Undefined where setup could not get it. */
export function objectStoreProgram(): string | undefined {
  return findProgram("versitygw");
}

/** A real S3 server on a free loopback port, with a temporary folder of its own. */
export async function startObjectStore(): Promise<ObjectStore> {
  const program = objectStoreProgram();
  if (program === undefined) throw new Error("no S3 server: run npm run setup -- --tests");
  const directory = await mkdtemp(join(tmpdir(), "coldstream-s3-"));
  const [bucket, accessKey, secretKey] = ["backups", "ACCESSKEY", "s3cr3t-s3cr3t"];
  await mkdir(join(directory, bucket));
  const { port, server } = await startOnFreePort(async (on) => {
    const keys = ["--access", accessKey, "--secret", secretKey];
    const args = [...keys, "--port", `127.0.0.1:${on}`, "--quiet", "posix", directory];
    return await startProgram(program, args, { env: { PATH: "/usr/bin:/bin", HOME: directory } });
  });
  const endpoint = `http://127.0.0.1:${port}`;
  return {
    endpoint,
    accessKey,
    secretKey,
    bucket,
    directory,
    repository: (prefix) => ({
      url: `s3:${endpoint}/${bucket}/${prefix}`,
      env: { AWS_ACCESS_KEY_ID: accessKey, AWS_SECRET_ACCESS_KEY: secretKey },
    }),
    layRepository: async (prefix, password) => await layCheapRepository(join(directory, bucket, prefix), password),
    stop: () => server.stop("SIGKILL"),
    async [Symbol.asyncDispose]() {
      await server.stop("SIGKILL");
      await rm(directory, { recursive: true, force: true });
    },
  };
}
