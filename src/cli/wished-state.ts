import { Failure } from "../kit/failures.ts";
import type { AnyObject } from "./cluster-kinds.ts";

/** What is waited for. */
export type WishedState =
  | { readonly type: "condition"; readonly name: string; readonly status: string }
  | { readonly type: "field"; readonly path: readonly string[]; readonly value: string | undefined }
  | { readonly type: "delete" }
  | { readonly type: "create" };

/** `condition=X`, `condition=X=False`, `phase=Succeeded`, `jsonpath={.status.phase}=Succeeded`, `delete`, `create`. */
export function parseWish(text: string): WishedState {
  if (text === "delete" || text === "create") return { type: text };
  const [word = "", ...rest] = text.split("=");
  const value = rest.join("=");
  if (word === "phase" && value !== "") return { type: "field", path: ["status", "phase"], value };
  const [, name, status = "True"] = /^([^=]+)(?:=(.+))?$/.exec(value) ?? [];
  if (word === "condition" && name !== undefined) return { type: "condition", name, status };
  const [, path, wanted] = /^\{?((?:\.[\w-]+)+)\}?(?:=(.*))?$/.exec(value) ?? [];
  if (word === "jsonpath" && path !== undefined)
    return { type: "field", path: path.slice(1).split("."), value: wanted };
  throw new Failure("usage", `${JSON.stringify(text)} is nothing to wait for`, {
    hint: "for example: condition=RepositoryFound, phase=Succeeded, jsonpath={.status.integrity}=true, delete",
  });
}

export type Seen =
  | { readonly is: "met" }
  | { readonly is: "not yet"; readonly now: string }
  /** It never will be. */
  | { readonly is: "never"; readonly now: string };

const finalPhases: Readonly<Record<string, readonly string[]>> = {
  BackupSession: ["Succeeded", "Failed", "Skipped", "Unknown"],
  RestoreSession: ["Succeeded", "Failed", "Invalid", "Unknown"],
  RestoreBatch: ["Succeeded", "Failed", "Unknown"],
  Pod: ["Succeeded", "Failed"],
};

/** How an object (undefined: there is none) stands to what is waited for. */
export function look(wish: WishedState, object: AnyObject | undefined): Seen {
  if (wish.type === "delete") return object === undefined ? { is: "met" } : { is: "not yet", now: "it is there" };
  if (object === undefined) return { is: "not yet", now: "it is not there" };
  switch (wish.type) {
    case "create":
      return { is: "met" };
    case "condition":
      return lookAtCondition(wish.name, wish.status, object);
    case "field":
      return lookAtField(wish.path, wish.value, object);
    default:
      throw new Error(`unknown wish ${wish satisfies never}`);
  }
}

function lookAtCondition(name: string, wanted: string, object: AnyObject): Seen {
  const conditions = valueAt(object, ["status", "conditions"]);
  const all: readonly unknown[] = Array.isArray(conditions) ? conditions : [];
  const found = all.find((each) => String(valueAt(each, ["type"])).toLowerCase() === name.toLowerCase());
  const status = valueAt(found, ["status"]);
  if (typeof status === "string" && status.toLowerCase() === wanted.toLowerCase()) return { is: "met" };
  const message = valueAt(found, ["message"]);
  if (found === undefined) return { is: ended(object) ? "never" : "not yet", now: `there is no condition ${name}` };
  const why = typeof message === "string" && message !== "" ? `: ${message}` : "";
  return { is: ended(object) ? "never" : "not yet", now: `${name} is ${String(status)}${why}` };
}

function lookAtField(path: readonly string[], wanted: string | undefined, object: AnyObject): Seen {
  const value = valueAt(object, path);
  const text = value === undefined ? undefined : typeof value === "object" ? JSON.stringify(value) : String(value);
  if (text !== undefined && (wanted === undefined || text === wanted)) return { is: "met" };
  const now = `${path.at(-1)} is ${text ?? "not set"}`;
  const isPhase = path.join(".") === "status.phase";
  return { is: isPhase && ended(object) ? "never" : "not yet", now };
}

/** Whether its phase is one that does not change any more. */
export function ended(object: AnyObject): boolean {
  const phase = valueAt(object, ["status", "phase"]);
  return typeof phase === "string" && (finalPhases[object.kind] ?? []).includes(phase);
}

export function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce((at: unknown, name) => {
    return typeof at === "object" && at !== null ? (at as Readonly<Record<string, unknown>>)[name] : undefined;
  }, value);
}
