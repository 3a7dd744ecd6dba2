import { at, type JsonObject, textAt } from "./json.ts";
import type { Selection } from "./select.ts";
import type { ServedResource } from "./served.ts";

type Read = (object: JsonObject) => string;

const everywhere = ["metadata.name", "metadata.namespace"] as const;
const involved = ["kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath"];

/** The fields that can be selected by beside names, as Kubernetes has them. */
const fields: Readonly<Record<string, Readonly<Record<string, Read>>>> = {
  Event: {
    ...Object.fromEntries(involved.map((name) => [`involvedObject.${name}`, textOf("involvedObject", name)])),
    reason: textOf("reason"),
    reportingComponent: textOf("reportingComponent"),
    source: (event) => textAt(event, "source", "component") || textAt(event, "reportingComponent"),
    type: textOf("type"),
  },
  Job: { "status.successful": (job) => String(at(job, "status", "succeeded") ?? 0) },
  Namespace: { "status.phase": textOf("status", "phase") },
  Node: { "spec.unschedulable": isOn("spec", "unschedulable") },
  Pod: {
    "spec.nodeName": textOf("spec", "nodeName"),
    "spec.restartPolicy": textOf("spec", "restartPolicy"),
    "spec.schedulerName": textOf("spec", "schedulerName"),
    "spec.serviceAccountName": textOf("spec", "serviceAccountName"),
    "spec.hostNetwork": isOn("spec", "hostNetwork"),
    "status.phase": textOf("status", "phase"),
    "status.podIP": textOf("status", "podIP"),
    "status.nominatedNodeName": textOf("status", "nominatedNodeName"),
  },
  Secret: { type: textOf("type") },
  Service: { "spec.clusterIP": textOf("spec", "clusterIP"), "spec.type": textOf("spec", "type") },
};

function textOf(...path: readonly string[]): Read {
  return (object) => textAt(object, ...path);
}

function isOn(...path: readonly string[]): Read {
  return (object) => String(at(object, ...path) === true);
}

/** What `fieldSelector=` takes: `field=value`, `==`, `!=`, joined by commas. "" selects all. */
export function parseFieldSelector(text: string, resource: ServedResource): Selection {
  const found: ((object: JsonObject) => boolean)[] = [];
  for (const term of termsOf(text).sort()) {
    const [, field, operator, escaped] = /^(.*?)(!=|==|=)(.*)$/s.exec(term) ?? [];
    if (field === undefined || escaped === undefined) {
      return { kind: "refused", message: `invalid selector: '${text}'; can't understand '${term}'` };
    }
    const value = unescaped(escaped);
    if (typeof value !== "string") return { kind: "refused", message: `invalid field selector: ${value.mistake}` };
    const read = readerOf(field, resource);
    if (read === undefined) return { kind: "refused", message: unknownField(field, resource) };
    found.push((object) => (read(object) === value) !== (operator === "!="));
  }
  return { kind: "selector", matches: (object) => found.every((matches) => matches(object)) };
}

function termsOf(text: string): string[] {
  return (text.match(/(?:\\.|[^,\\]|\\$)+/gs) ?? []).filter((term) => term !== "");
}

function readerOf(field: string, { kind, scope }: ServedResource): Read | undefined {
  const own = fields[kind];
  if (field === "metadata.name") return textOf("metadata", "name");
  if (field === "metadata.namespace" && (scope === "Namespaced" || own === undefined)) {
    return textOf("metadata", "namespace");
  }
  return own !== undefined && Object.hasOwn(own, field) ? own[field] : undefined;
}

function unknownField(field: string, { kind, isOurs }: ServedResource): string {
  if (kind === "Job") return `field label ${JSON.stringify(field)} not supported for Job`;
  if (isOurs || fields[kind] !== undefined) return `field label not supported: ${field}`;
  const known = everywhere.map((each) => JSON.stringify(each)).join(", ");
  return `${JSON.stringify(field)} is not a known field selector: only ${known}`;
}

/** Backslashes taken away before `\`, `,` and `=`, which may not stand without one. */
function unescaped(text: string): string | { readonly mistake: string } {
  let plain = "";
  for (let index = 0; index < text.length; index++) {
    const sign = text[index] ?? "";
    if (sign === "," || sign === "=") {
      return { mistake: `unescaped character in value: ${sign.codePointAt(0)}` };
    }
    if (sign !== "\\") {
      plain += sign;
      continue;
    }
    const next = String.fromCodePoint(text.codePointAt(++index) ?? 0).replace("\0", "");
    if (!["\\", ",", "="].includes(next)) return { mistake: `invalid escape sequence: \\${next}` };
    plain += next;
  }
  return plain;
}
