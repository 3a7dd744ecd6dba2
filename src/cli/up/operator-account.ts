import { z } from "zod";
import { openCluster } from "../../kube/client.ts";
import type { Cluster } from "../../kube/cluster.ts";
import { requestToken } from "../../kube/token-request.ts";
import { ensure } from "../../kube/update.ts";
import type { ApiServer } from "../../local/server.ts";
import { builtInKinds } from "../../machine/kinds.ts";
import { operatorName, rightsManifests } from "../../operator/rights/manifests.ts";

/** As in a cluster's pod; a new one is asked for when a fifth of it is left. */
const lifetimeSeconds = 3600;

export interface OperatorAccount {
  readonly namespace: string;
  readonly image: string;
  readonly signal: AbortSignal;
}

/**
 * The API server as the operator's own account reaches it, with the rules of `deploy/`: what an operator in a cluster may not
 * do, this one may not either. `admin` makes the account and its rules, at the start and when a token is no good any more.
 */
export async function openAsOperator(
  admin: Cluster,
  { url, caPem }: Pick<ApiServer, "url" | "caPem">,
  account: OperatorAccount,
): Promise<Cluster> {
  let token = await makeToken(admin, account);
  let renewing: Promise<void> | undefined;
  const renew = (): Promise<void> => {
    renewing ??= makeToken(admin, account)
      .then((made) => {
        token = made;
      })
      .finally(() => {
        renewing = undefined;
      });
    return renewing;
  };
  return openCluster({
    ...{ server: url, ca: caPem },
    async token() {
      // one that still lives is good enough when there is no other
      if (performance.now() > token.renewAtMs) await renew().catch(() => undefined);
      return token.text;
    },
    async renew() {
      await renew();
      return true;
    },
  });
}

interface Token {
  readonly text: string;
  /** Of `performance.now()`. */
  readonly renewAtMs: number;
}

async function makeToken(admin: Cluster, { namespace, image, signal }: OperatorAccount): Promise<Token> {
  await Promise.all(rightsManifests({ namespace, image }).map((manifest) => makeRight(admin, manifest, signal)));
  const spec = { expirationSeconds: lifetimeSeconds };
  const renewAtMs = performance.now() + lifetimeSeconds * 800;
  const { token } = await requestToken(admin, { namespace, account: operatorName }, { spec, signal });
  return { text: token, renewAtMs };
}

async function makeRight(
  admin: Cluster,
  { kind, metadata, ...fields }: ReturnType<typeof rightsManifests>[number],
  signal: AbortSignal,
): Promise<void> {
  const resource = builtInKinds.find((one) => one.kind === kind);
  if (resource === undefined) throw new TypeError(`${kind} is no kind of rights`);
  await ensure(admin, resource, { ...fields, metadata: Named.parse(metadata) }, { signal });
}

const Named = z.looseObject({ name: z.string(), namespace: z.string().optional() });
