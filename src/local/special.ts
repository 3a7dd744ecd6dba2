import { type Answer, type Ask, isDryRun, objectOf } from "./ask.ts";
import { bind } from "./binding.ts";
import { readObject } from "./body.ts";
import { passLog } from "./logs.ts";
import { methodNotAllowed } from "./status.ts";
import { tokenRequest } from "./token-request.ts";

/** The subresources that are no part of the object. undefined: it was answered already. */
export async function special(ask: Ask): Promise<Answer | undefined> {
  const { objects, verb, target, query, incoming, outgoing, signal, tokenKey: key, client: identity } = ask;
  const asked = `${verb} ${target.subresource}`;
  const place = objectOf(ask);
  switch (asked) {
    case "get log":
      await passLog(objects, place, { query, outgoing, identity, signal });
      return undefined;
    case "create token": {
      const body = tokenRequest(objects, place, { asked: await readObject(incoming), key });
      return { code: 201, body };
    }
    case "create binding":
      await bind(objects, place, await readObject(incoming), { dryRun: isDryRun(query) });
      return { code: 201, body: { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code: 201 } };
    default:
      throw methodNotAllowed();
  }
}
