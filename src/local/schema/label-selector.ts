import { at, isObject, type JsonValue, listAt, textAt } from "../json.ts";
import { type FieldError, forbidden, invalid, required } from "./field-error.ts";
import { labelErrors } from "./metadata.ts";
import { labelKeyMistakes, labelValueMistakes } from "./names.ts";

/** Selectors as fields of objects have them (LabelSelector); those of a query are texts, in select.ts. */
type Selector = JsonValue | undefined;

export function selectorErrors(selector: Selector, path: string): readonly FieldError[] {
  const expressions = listAt(selector, "matchExpressions");
  return [
    ...labelErrors(at(selector, "matchLabels"), `${path}.matchLabels`),
    ...expressions.flatMap((each, index) => expressionErrors(each, `${path}.matchExpressions[${index}]`)),
  ];
}

function expressionErrors(expression: JsonValue, path: string): readonly FieldError[] {
  const key = textAt(expression, "key");
  const values = listAt(expression, "values").map(String);
  return [
    ...operatorErrors(textAt(expression, "operator"), values, path),
    ...labelKeyMistakes(key).map((each) => invalid(`${path}.key`, key, each)),
    ...values.flatMap((value, index) =>
      labelValueMistakes(value).map((each) => invalid(`${path}.values[${index}]`, value, each)),
    ),
  ];
}

function operatorErrors(operator: string, values: readonly string[], path: string): readonly FieldError[] {
  switch (operator) {
    case "In":
    case "NotIn":
      if (values.length > 0) return [];
      return [required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'")];
    case "Exists":
    case "DoesNotExist":
      if (values.length === 0) return [];
      return [forbidden(`${path}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")];
    default:
      return [invalid(`${path}.operator`, operator, "not a valid selector operator")];
  }
}

/** Whether a selector without errors selects what has these labels. One that is not there selects nothing, an empty one all. */
export function selects(selector: Selector, labels: JsonValue | undefined): boolean {
  if (!isObject(selector)) return false;
  const wanted = at(selector, "matchLabels");
  const isLabelled = isObject(wanted)
    ? Object.entries(wanted).every(([key, value]) => at(labels, key) === value)
    : true;
  return isLabelled && listAt(selector, "matchExpressions").every((each) => isMet(each, labels));
}

function isMet(expression: JsonValue, labels: JsonValue | undefined): boolean {
  const value = at(labels, textAt(expression, "key"));
  const isAmong = value !== undefined && listAt(expression, "values").includes(value);
  switch (textAt(expression, "operator")) {
    case "In":
      return isAmong;
    case "NotIn":
      return !isAmong;
    case "Exists":
      return value !== undefined;
    default:
      return value === undefined;
  }
}
