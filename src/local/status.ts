import type { JsonObject } from "./json.ts";
import type { ServedResource } from "./served.ts";

type Named = Pick<ServedResource, "group" | "plural" | "kind">;

export interface Cause {
  readonly reason: string;
  readonly message: string;
  readonly field: string;
}

/** Thrown wherever a request is refused; the router answers with `body`. Worded as Kubernetes words it. */
export class Refused extends Error {
  readonly code: number;
  readonly reason: string;
  /** undefined: the answer has none. */
  readonly details: JsonObject | undefined;
  /** Seconds, for the header Retry-After. */
  readonly retryAfter: number | undefined;

  constructor(code: number, reason: string, message: string, details?: JsonObject) {
    super(message);
    this.name = "Refused";
    this.code = code;
    this.reason = reason;
    this.details = details;
    const after = details?.["retryAfterSeconds"];
    this.retryAfter = typeof after === "number" ? after : undefined;
  }

  get body(): JsonObject {
    return {
      ...{ kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message: this.message },
      ...(this.reason === "" ? {} : { reason: this.reason }),
      ...(this.details === undefined ? {} : { details: this.details }),
      code: this.code,
    };
  }
}

/** `jobs.batch "x"`, `secrets "x"`. */
function quoted(resource: Named, name: string): string {
  return `${pluralOf(resource)} ${JSON.stringify(name)}`;
}

/** `jobs.batch`, `secrets`. */
export function pluralOf({ plural, group }: Pick<Named, "plural" | "group">): string {
  return group === "" ? plural : `${plural}.${group}`;
}

function detailsOf({ group, plural }: Named, name: string): JsonObject {
  return { ...(name === "" ? {} : { name }), ...(group === "" ? {} : { group }), kind: plural };
}

export function notFound(resource: Named, name: string): Refused {
  return new Refused(404, "NotFound", `${quoted(resource, name)} not found`, detailsOf(resource, name));
}

/** There is nothing at this path. */
export function notServed(): Refused {
  return new Refused(404, "NotFound", "the server could not find the requested resource", {});
}

export function alreadyExists(resource: Named, name: string, { isGoing }: { readonly isGoing: boolean }): Refused {
  const message = `${isGoing ? "object is being deleted: " : ""}${quoted(resource, name)} already exists`;
  return new Refused(409, "AlreadyExists", message, detailsOf(resource, name));
}

export function conflict(resource: Named, name: string, why: string): Refused {
  const message = `Operation cannot be fulfilled on ${quoted(resource, name)}: ${why}`;
  return new Refused(409, "Conflict", message, detailsOf(resource, name));
}

export function modifiedMeanwhile(resource: Named, name: string): Refused {
  const why = "the object has been modified; please apply your changes to the latest version and try again";
  return conflict(resource, name, why);
}

export function forbidden(resource: Named, name: string, why: string, causes: readonly Cause[] = []): Refused {
  const what = name === "" ? pluralOf(resource) : quoted(resource, name);
  const details = detailsOf(resource, name);
  const said = causes.length === 0 ? details : { ...details, causes: causes.map((cause) => ({ ...cause })) };
  return new Refused(403, "Forbidden", `${what} is forbidden: ${why}`, said);
}

export function badRequest(message: string): Refused {
  return new Refused(400, "BadRequest", message);
}

export function invalid(resource: Named, name: string, causes: readonly Cause[]): Refused {
  const { group, kind } = resource;
  const texts = [...new Set(causes.map(({ field, message }) => (field === "" ? message : `${field}: ${message}`)))];
  const said = texts.length === 1 ? texts.join() : `[${texts.join(", ")}]`;
  const qualified = group === "" ? kind : `${kind}.${group}`;
  const message = `${qualified} ${JSON.stringify(name)} is invalid: ${said}`;
  return new Refused(422, "Invalid", message, {
    ...(name === "" ? {} : { name }),
    ...(group === "" ? {} : { group }),
    ...(kind === "" ? {} : { kind }),
    causes: causes.map((cause) => ({ ...cause })),
  });
}

/** What is said of the parameters of a list or a watch. */
export const listOptions: Named = { group: "meta.k8s.io", plural: "listoptions", kind: "ListOptions" };

export function notVersion(text: string): string {
  const value = JSON.stringify(text);
  return `invalid resource version: resourceVersion: Invalid value: ${value}: strconv.ParseUint: parsing ${value}: invalid syntax`;
}

export function methodNotAllowed(): Refused {
  return new Refused(405, "MethodNotAllowed", "the server does not allow this method on the requested resource");
}

export function unauthorized(): Refused {
  return new Refused(401, "Unauthorized", "Unauthorized");
}

export function tooLarge(most: number): Refused {
  return new Refused(413, "RequestEntityTooLarge", `Request entity too large: limit is ${most}`);
}

export function unsupportedMediaType(accepted: readonly string[]): Refused {
  const list = accepted.join(", ");
  const message = `the body of the request was in an unknown format - accepted media types include: ${list}`;
  return new Refused(415, "UnsupportedMediaType", message);
}

/** A patch that does not fit the object, or is too long. */
export function invalidPatch(code: 413 | 422, message: string): Refused {
  return code === 413
    ? new Refused(413, "RequestEntityTooLarge", `Request entity too large: ${message}`)
    : new Refused(422, "Invalid", `the server rejected our request due to an error in our request: ${message}`, {});
}

/** What a patch made cannot be read. `blamed`: what is shown of it. */
export function notPatched(blamed: string, why: string): Refused {
  const message = `Invalid value: ${JSON.stringify(blamed)}: ${why}`;
  return invalid({ group: "", plural: "", kind: "" }, "", [{ reason: "FieldValueInvalid", message, field: "patch" }]);
}

export function expired(message: string): Refused {
  return new Refused(410, "Expired", message);
}

export function internal(message: string): Refused {
  return new Refused(500, "InternalError", `Internal error occurred: ${message}`, {
    causes: [{ message }],
  });
}

export function unavailable(message: string): Refused {
  return new Refused(503, "ServiceUnavailable", message, { retryAfterSeconds: 1 });
}
