import { Failure } from "../kit/failures.ts";
import { secrets } from "../kube/core.ts";
import type { Key } from "../kube/resource.ts";
import { keyText } from "../kube/resource.ts";
import type { SecretData } from "./connection.ts";
import type { TaskContext } from "./context.ts";

/** The decoded data of a Secret. Throws `object-not-found`, saying what it is needed for. */
export async function readSecret(
  { cluster, signal }: Pick<TaskContext, "cluster" | "signal">,
  key: Key,
  purpose: string,
): Promise<SecretData> {
  const secret = await cluster.get(secrets, key, { signal });
  if (secret === undefined) {
    throw new Failure("object-not-found", `there is no Secret ${keyText(key)}, which has ${purpose}`, {
      hint: "make it, or correct its name where it is used",
    });
  }
  const entries = Object.entries(secret.data ?? {});
  return Object.fromEntries(entries.map(([name, text]) => [name, Buffer.from(text, "base64").toString("utf8")]));
}
