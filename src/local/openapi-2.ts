/**
 * `/openapi/v2` as the protobuf message that kubectl asks for (gnostic's openapiv2.proto). kubectl reads one thing of it:
 * before it applies a List, whether the server checks the fields of Namespaces, which stand for all kinds. Everything else
 * it reads in `/openapi/v3`.
 */
export function openApi2(path: string): Uint8Array | undefined {
  return path === "/openapi/v2" ? document : undefined;
}

/** A message: each field a text or a message of its own, by its number. */
function message(...fields: readonly (readonly [number, string | Uint8Array])[]): Uint8Array {
  const parts = fields.map(([number, value]) => {
    const bytes = Buffer.from(value);
    return Buffer.concat([Buffer.from([...varint(number * 8 + lengthDelimited), ...varint(bytes.length)]), bytes]);
  });
  return Buffer.concat(parts);
}

const lengthDelimited = 2;

function varint(value: number): readonly number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))];
}

const queryParameter = message([2, "query"], [4, "fieldValidation"]);
const parameter = message([1, message([2, message([3, queryParameter])])]);
const kind = message([2, "group: ''\nversion: v1\nkind: Namespace\n"]);
const patch = message([8, parameter], [13, message([1, "x-kubernetes-group-version-kind"], [2, kind])]);
const paths = message([2, message([1, "/api/v1/namespaces/{name}"], [2, message([8, patch])])]);
const document = message([1, "2.0"], [2, message([1, "Kubernetes"], [2, "v1.35.4"])], [8, paths]);
