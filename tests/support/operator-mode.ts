import { createAccount, createOperator, createUser, type KeyPair } from "@nats-io/nkeys";

export interface OperatorMode {
  /** For nats-server. */
  readonly config: string;
  /** The credentials file of a user of an account with JetStream, as `nsc generate creds` writes it. */
  readonly creds: string;
}

/**
 * An operator, its system account, and an account whose JWT is preloaded. The server keeps the accounts' JWTs in `folder`, as with
 * the chart's resolver of type `full`; without one, in memory.
 */
export function operatorMode(folder?: string): OperatorMode {
  const [operator, account, system, user] = [createOperator(), createAccount(), createAccount(), createUser()];
  const all = { subs: -1, data: -1, payload: -1 };
  const limits = { ...all, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 };
  const jetstream = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 };
  const accountClaims = (more: object) => ({ type: "account", version: 2, limits: { ...limits, ...more } });
  const operatorJwt = jwt(operator, operator, { type: "operator", version: 2 });
  const preloaded = [
    [account.getPublicKey(), jwt(operator, account, accountClaims(jetstream))],
    [system.getPublicKey(), jwt(operator, system, accountClaims({}))],
  ];
  const userJwt = jwt(account, user, { type: "user", version: 2, ...all, pub: {}, sub: {} });
  const full = `{ type: full, dir: ${JSON.stringify(folder)}, allow_delete: true, interval: "2m" }`;
  const seed = new TextDecoder().decode(user.getSeed());
  return {
    config: `operator: ${operatorJwt}
      system_account: ${system.getPublicKey()}
      resolver: ${folder === undefined ? "MEMORY" : full}
      resolver_preload: { ${preloaded.map(([key, token]) => `${key}: ${token}`).join(", ")} }`,
    creds: `${block("NATS USER JWT", userJwt)}${important}${block("USER NKEY SEED", seed)}${stars}\n`,
  };
}

const stars = "*************************************************************";
const important = `************************* IMPORTANT *************************
NKEY Seed printed below can be used to sign and prove identity.
NKEYs are sensitive and should be treated as secrets.

`;

function block(name: string, text: string): string {
  return `-----BEGIN ${name}-----\n${text}\n------END ${name}------\n\n`;
}

function jwt(issuer: KeyPair, subject: KeyPair, nats: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const claims = {
    jti: "x",
    iat: Math.floor(Date.now() / 1000),
    iss: issuer.getPublicKey(),
    sub: subject.getPublicKey(),
    name: "t",
    nats,
  };
  const signed = `${part({ typ: "JWT", alg: "ed25519-nkey" })}.${part(claims)}`;
  return `${signed}.${Buffer.from(issuer.sign(Buffer.from(signed))).toString("base64url")}`;
}
