import { at, type JsonObject, type JsonValue, listAt, textAt } from "../json.ts";
import { type FieldError, invalid, required, unsupported } from "./field-error.ts";

/** Of a Role (namespaced) or a ClusterRole. */
export function roleErrors(role: JsonObject, isNamespaced: boolean): readonly FieldError[] {
  return listAt(role, "rules").flatMap((rule, index) => ruleErrors(rule, `rules[${index}]`, isNamespaced));
}

function ruleErrors(rule: JsonValue, path: string, isNamespaced: boolean): readonly FieldError[] {
  const urls = listAt(rule, "nonResourceURLs");
  const [groups, resources] = [listAt(rule, "apiGroups"), listAt(rule, "resources")];
  const verbs =
    listAt(rule, "verbs").length === 0 ? [required(`${path}.verbs`, "verbs must contain at least one value")] : [];
  if (urls.length > 0) {
    const wrong = (detail: string) => invalid(`${path}.nonResourceURLs`, urls, detail);
    const isMixed = [groups, resources, listAt(rule, "resourceNames")].some((list) => list.length > 0);
    return [
      ...verbs,
      ...(isNamespaced ? [wrong("namespaced rules cannot apply to non-resource URLs")] : []),
      ...(isMixed ? [wrong("rules cannot apply to both regular resources and non-resource URLs")] : []),
    ];
  }
  const says = "resource rules must supply at least one";
  return [
    ...verbs,
    ...(groups.length === 0 ? [required(`${path}.apiGroups`, `${says} api group`)] : []),
    ...(resources.length === 0 ? [required(`${path}.resources`, `${says} resource`)] : []),
  ];
}

export function bindingErrors(binding: JsonObject, isNamespaced: boolean): readonly FieldError[] {
  const kinds = isNamespaced ? ["Role", "ClusterRole"] : ["ClusterRole"];
  const kind = textAt(binding, "roleRef", "kind");
  return [
    ...(kinds.includes(kind) ? [] : [unsupported("roleRef.kind", kind, kinds)]),
    ...(textAt(binding, "roleRef", "name") === "" ? [required("roleRef.name")] : []),
    ...listAt(binding, "subjects").flatMap((each, index) => subjectErrors(each, `subjects[${index}]`, isNamespaced)),
  ];
}

const subjectKinds = ["ServiceAccount", "User", "Group"];

function subjectErrors(subject: JsonValue, path: string, isNamespaced: boolean): readonly FieldError[] {
  const kind = textAt(subject, "kind");
  const isHomeless = kind === "ServiceAccount" && !isNamespaced && at(subject, "namespace") === undefined;
  return [
    ...(textAt(subject, "name") === "" ? [required(`${path}.name`)] : []),
    ...(subjectKinds.includes(kind) ? [] : [unsupported(`${path}.kind`, kind, subjectKinds)]),
    ...(isHomeless ? [required(`${path}.namespace`)] : []),
  ];
}
