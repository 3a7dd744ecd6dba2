import { createHmac, timingSafeEqual } from "node:crypto";
import { z } from "zod";

/** What a ServiceAccount's token says, as Kubernetes' own do. Times: seconds since 1970. */
export const Claims = z.looseObject({
  iss: z.string(),
  sub: z.string(),
  aud: z.array(z.string()),
  iat: z.int(),
  exp: z.int(),
  "kubernetes.io": z.looseObject({
    namespace: z.string(),
    serviceaccount: z.looseObject({ name: z.string(), uid: z.string() }),
    /** The token is good while this pod is there. */
    pod: z.looseObject({ name: z.string(), uid: z.string() }).optional(),
  }),
});
export type Claims = z.infer<typeof Claims>;

export const issuer = "https://kubernetes.default.svc.cluster.local";

const header = encode({ alg: "HS256", typ: "JWT" });

/** A JWT that only the holder of `key` can make and check: nobody but this server need. */
export function signToken(claims: Claims, key: Uint8Array): string {
  const content = `${header}.${encode(claims)}`;
  return `${content}.${signature(content, key).toString("base64url")}`;
}

/** undefined: not signed with `key`, run out, or meant for somebody else. */
export function readToken(token: string, key: Uint8Array, now: Date): Claims | undefined {
  const [head, body, signed, ...rest] = token.split(".");
  if (head !== header || body === undefined || signed === undefined || rest.length > 0) return undefined;
  const expected = signature(`${head}.${body}`, key);
  const given = Buffer.from(signed, "base64url");
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
  const claims = Claims.parse(JSON.parse(Buffer.from(body, "base64url").toString("utf8")));
  const isGood = claims.exp * 1000 > now.getTime() && claims.aud.includes(issuer);
  return isGood ? claims : undefined;
}

function signature(content: string, key: Uint8Array): Buffer {
  return createHmac("sha256", key).update(content).digest();
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
