import { stat } from "node:fs/promises";
import { connect } from "node:net";
import { Failure } from "../kit/failures.ts";
import { whyUnreached } from "../kit/hosts.ts";
import type { Address } from "./address.ts";

/** How long a server may take to accept a connection. */
export const knockTimeoutMs = 5_000;

/**
 * Says within seconds what restic would try to overcome for 15 minutes: an address where nobody listens, a name that does not resolve, a
 * path below a file. Knows nothing of keys and certificates.
 */
export async function knock(
  { place, shown }: Address,
  { signal }: { readonly signal?: AbortSignal | undefined },
): Promise<void> {
  if (place.kind === "folder") return await checkFolder(place.path);
  if (place.kind !== "network") return;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const socket = connect({ host: place.host, port: place.port });
  const timer = setTimeout(() => reject(new Error(`no answer within ${knockTimeoutMs / 1000} s`)), knockTimeoutMs);
  const onAbort = () => reject(Failure.is(signal?.reason) ? signal.reason : new Failure("interrupted", "interrupted"));
  signal?.addEventListener("abort", onAbort, { once: true });
  socket.once("connect", resolve).once("error", reject);
  try {
    await promise;
  } catch (error) {
    if (Failure.is(error)) throw error;
    const message = `connecting to ${place.host}:${place.port} for the repository ${shown}: ${whyUnreached(error)}`;
    throw new Failure("repository-unreachable", message, { cause: error });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
    socket.destroy();
  }
}

async function checkFolder(path: string): Promise<void> {
  try {
    if ((await stat(path)).isDirectory()) {
      await stat(`${path}/config`);
      return;
    }
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    // restic itself says that there is no repository.
    if (code === "ENOENT") return;
    if (code !== "ENOTDIR") {
      throw new Failure("repository-unreachable", `opening the repository ${path}: ${String(code)}`, {
        cause: error,
        hint: "check who owns the folder and that the disk is there",
      });
    }
  }
  throw new Failure(
    "configuration-invalid",
    `the repository address ${path} is a file, or lies below one; it must be a folder`,
  );
}
