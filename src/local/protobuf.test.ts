import { expect, test } from "vitest";
import { decodeProtobuf } from "./protobuf.ts";
import { Refused } from "./status.ts";

/** A field with bytes in it, as protobuf writes one shorter than 128. */
const field = (number: number, content: Buffer | string) => {
  const bytes = Buffer.from(content);
  return Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes]);
};
const number = (at: number, value: number) => Buffer.from([at << 3, value]);
const object = (apiVersion: string, kind: string, ...fields: Buffer[]) =>
  Buffer.concat([
    Buffer.from("k8s\0"),
    field(1, Buffer.concat([field(1, apiVersion), field(2, kind)])),
    field(2, Buffer.concat(fields)),
  ]);

const named = field(1, Buffer.concat([field(1, "one"), field(2, ""), field(8, "")]));

test.each([
  [
    "maps of bytes",
    object("v1", "Secret", named, field(2, Buffer.concat([field(1, "a"), field(2, "b")])), field(3, "")),
    { apiVersion: "v1", kind: "Secret", metadata: { name: "one" }, data: { a: "Yg==" } },
  ],
  [
    "what is zero, where it may be",
    object("batch/v1", "Job", named, field(2, Buffer.concat([number(7, 0), number(10, 0)]))),
    { apiVersion: "batch/v1", kind: "Job", metadata: { name: "one" }, spec: { backoffLimit: 0, suspend: false } },
  ],
  [
    "lists",
    object(
      "rbac.authorization.k8s.io/v1",
      "Role",
      field(2, Buffer.concat([field(1, "get"), field(1, "list"), field(2, "")])),
    ),
    { apiVersion: "rbac.authorization.k8s.io/v1", kind: "Role", rules: [{ verbs: ["get", "list"], apiGroups: [""] }] },
  ],
  [
    "options without a place",
    object("apps/v1", "DeleteOptions", number(1, 0), field(4, "Background")),
    { apiVersion: "apps/v1", kind: "DeleteOptions", gracePeriodSeconds: 0, propagationPolicy: "Background" },
  ],
])("reads %s", (_title, bytes, expected) => expect(decodeProtobuf(bytes)).toEqual(expected));

test.each([
  ["what is no protobuf", Buffer.from("{}")],
  ["a kind that is not served", object("apps/v1", "Deployment")],
  ["what is cut off", object("v1", "Secret", named).subarray(0, -3)],
])("refuses %s", (_title, bytes) => expect(() => decodeProtobuf(bytes)).toThrow(Refused));
