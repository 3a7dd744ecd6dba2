import type { JsonValue } from "../json.ts";

/** One thing that is wrong with an object: a cause in the details of a 422 Invalid. */
export interface FieldError {
  readonly reason: string;
  /** `spec.containers[0].name` */
  readonly field: string;
  /** Without the field: `Required value`. */
  readonly message: string;
}

export function required(field: string, detail = ""): FieldError {
  return {
    reason: "FieldValueRequired",
    field,
    message: detail === "" ? "Required value" : `Required value: ${detail}`,
  };
}

/** `value` undefined: none is shown, as for objects in rules. */
export function invalid(field: string, value: JsonValue | undefined, detail: string): FieldError {
  const shown = value === undefined ? "" : `${JSON.stringify(value)}: `;
  return { reason: "FieldValueInvalid", field, message: `Invalid value: ${shown}${detail}` };
}

/** The value is of another type than its field. */
export function typeInvalid(field: string, type: string, detail: string): FieldError {
  return { reason: "FieldValueTypeInvalid", field, message: `Invalid value: ${JSON.stringify(type)}: ${detail}` };
}

export function unsupported(field: string, value: JsonValue, values: readonly JsonValue[]): FieldError {
  const supported = values.map((each) => JSON.stringify(String(each))).join(", ");
  const message = `Unsupported value: ${JSON.stringify(value)}: supported values: ${supported}`;
  return { reason: "FieldValueNotSupported", field, message };
}

export function duplicate(field: string, value: JsonValue): FieldError {
  return { reason: "FieldValueDuplicate", field, message: `Duplicate value: ${JSON.stringify(value)}` };
}

export function notFound(field: string, value: JsonValue): FieldError {
  return { reason: "FieldValueNotFound", field, message: `Not found: ${JSON.stringify(value)}` };
}

export function forbidden(field: string, detail: string): FieldError {
  return { reason: "FieldValueForbidden", field, message: `Forbidden: ${detail}` };
}

export function tooLong(field: string, mostBytes: number): FieldError {
  return { reason: "FieldValueTooLong", field, message: `Too long: may not be more than ${mostBytes} bytes` };
}
