import { isObject, type JsonObject, type JsonValue } from "./json.ts";
import table from "./protobuf.json" with { type: "json" };
import { type Field, fieldsOf, numberOf, textOf } from "./protobuf-wire.ts";
import { badRequest } from "./status.ts";

/** Message -> field number -> `name type`; scripts/protobuf-extract.ts says more. */
const messages: Readonly<Record<string, Readonly<Record<string, string>>>> = table;

export const protobufType = "application/vnd.kubernetes.protobuf";

const magic = Buffer.from("k8s\0");
const groups: Readonly<Record<string, string>> = {
  v1: "core",
  "authentication.k8s.io/v1": "authentication",
  "authorization.k8s.io/v1": "authorization",
  "batch/v1": "batch",
  "coordination.k8s.io/v1": "coordination",
  "rbac.authorization.k8s.io/v1": "rbac",
  "storage.k8s.io/v1": "storage",
};

/** An object as kubectl sends those of Kubernetes' own kinds, as JSON. Throws Refused for what it is not, or is not known. */
export function decodeProtobuf(bytes: Buffer): JsonObject {
  if (!bytes.subarray(0, magic.length).equals(magic)) throw badRequest("the body of the request is no protobuf object");
  const envelope = fieldsOf(bytes.subarray(magic.length));
  const type = fieldsOf(bytesAt(envelope, 1));
  const [apiVersion, kind] = [bytesAt(type, 1).toString(), bytesAt(type, 2).toString()];
  const raw = bytesAt(envelope, 2);
  const message = kind === "DeleteOptions" ? "meta.DeleteOptions" : `${groups[apiVersion]}.${kind}`;
  if (messages[message] === undefined) throw badRequest(`${kind} of ${apiVersion} is not taken as protobuf here`);
  return { apiVersion, kind, ...decode(message, raw) };
}

function bytesAt(fields: readonly Field[], number: number): Buffer {
  const value = fields.find((field) => field.number === number)?.value;
  return Buffer.isBuffer(value) ? value : Buffer.alloc(0);
}

function decode(message: string, bytes: Buffer): JsonObject {
  const known = messages[message] ?? {};
  const object: Record<string, JsonValue> = {};
  for (const field of fieldsOf(bytes)) {
    const [name = "", type = ""] = known[field.number]?.split(" ") ?? [];
    if (type !== "") add(object, name, type, field);
  }
  return object;
}

function add(object: Record<string, JsonValue>, name: string, type: string, field: Field): void {
  if (name === "^") {
    Object.assign(object, read(type.replace(/^\*/, ""), field));
  } else if (type.startsWith("[]")) {
    const before = object[name];
    object[name] = [...(Array.isArray(before) ? before : []), ...elements(type.slice(2), field)];
  } else if (type.startsWith("{}")) {
    const before = object[name];
    object[name] = { ...(isObject(before) ? before : {}), ...pair(type.slice(2), field) };
  } else if (type.startsWith("*")) {
    object[name] = read(type.slice(1), field);
  } else {
    const value = read(type, field);
    // Go's zero values are on the wire, and not in JSON
    if (!isZero(value)) object[name] = value;
  }
}

function isZero(value: JsonValue): boolean {
  if (isObject(value)) return Object.keys(value).length === 0;
  return value === null || value === "" || value === 0 || value === false;
}

/** One element, or several numbers that were put together. */
function elements(type: string, field: Field): readonly JsonValue[] {
  const isPacked = type === "int" && Buffer.isBuffer(field.value);
  return isPacked ? [...numbersIn(field)] : [read(type, field)];
}

function* numbersIn({ value }: Field): Generator<number> {
  if (!Buffer.isBuffer(value)) return;
  let at = 0;
  while (at < value.length) {
    const { value: number, next } = numberOf(value, at);
    at = next;
    yield Number(BigInt.asIntN(64, number));
  }
}

function pair(type: string, { value }: Field): JsonObject {
  if (!Buffer.isBuffer(value)) return {};
  let [key, content]: [string, JsonValue] = ["", type === "string" || type === "bytes" ? "" : {}];
  for (const field of fieldsOf(value)) {
    if (field.number === 1) key = textOf(field);
    if (field.number === 2) content = read(type, field);
  }
  return { [key]: content };
}

function read(type: string, field: Field): JsonValue {
  const { value } = field;
  if (!Buffer.isBuffer(value)) return type === "bool" ? value !== 0n : Number(BigInt.asIntN(64, value));
  switch (type) {
    case "string":
      return textOf(field);
    case "bytes":
      return value.toString("base64");
    case "time":
    case "microTime":
      return timeOf(value, type);
    case "quantity":
      return String(decodeOne(value, 1) ?? "");
    case "intOrString":
      return decodeOne(value, 1) === 1 ? String(decodeOne(value, 3) ?? "") : Number(decodeOne(value, 2) ?? 0);
    case "raw":
      return rawOf(value);
    default:
      return type.startsWith("list:") ? fieldsOf(value).map((each) => read(type.slice(5), each)) : decode(type, value);
  }
}

/** The text or number of one field; undefined where it is missing. */
function decodeOne(bytes: Buffer, number: number): string | number | undefined {
  const field = fieldsOf(bytes).find((each) => each.number === number);
  if (field === undefined) return undefined;
  return Buffer.isBuffer(field.value) ? textOf(field) : Number(BigInt.asIntN(64, field.value));
}

/** null: no time at all, which Go writes too. */
function timeOf(bytes: Buffer, type: "time" | "microTime"): JsonValue {
  const seconds = Number(decodeOne(bytes, 1) ?? 0);
  const nanos = Number(decodeOne(bytes, 2) ?? 0);
  if (bytes.length === 0) return null;
  const whole = new Date(seconds * 1000).toISOString().slice(0, 19);
  return type === "time" ? `${whole}Z` : `${whole}.${String(Math.floor(nanos / 1000)).padStart(6, "0")}Z`;
}

function rawOf(bytes: Buffer): JsonValue {
  const text = decodeOne(bytes, 1);
  return typeof text === "string" && text !== "" ? JSON.parse(text) : null;
}
