import { timingSafeEqual } from "node:crypto";

/** Who asks. */
export interface User {
  readonly name: string;
  readonly uid: string;
  readonly groups: readonly string[];
}

export const admin: User = { name: "coldstream-admin", uid: "", groups: ["system:masters", "system:authenticated"] };

/** undefined: nobody that we know. */
export type Authenticate = (authorization: string | undefined) => User | undefined;

export function authenticator(adminToken: string, ofToken: (token: string) => User | undefined): Authenticate {
  const expected = Buffer.from(adminToken);
  return (authorization) => {
    const token = /^Bearer\s+(\S+)$/i.exec(authorization ?? "")?.[1];
    if (token === undefined) return undefined;
    const given = Buffer.from(token);
    const isAdmin = given.length === expected.length && timingSafeEqual(given, expected);
    return isAdmin ? admin : ofToken(token);
  };
}
