import { describe, type Failure, type FailureCode, failureTable } from "../kit/failures.ts";

/** What to do, said to whoever wrote the manifests; the table's own hints speak of the command line. */
const hints: Partial<Readonly<Record<FailureCode, string>>> = {
  unexpected: "this is a defect in coldstream; please report it with the pod's log",
  "disk-full":
    "give the interim volume more room (interimVolumeTemplate.spec.resources.requests.storage), or lower the param stagingLimit",
  "snapshot-incomplete": "choose another snapshot in rules[].snapshots",
  "stream-changed": "the stream was deleted or recreated meanwhile; the next session will save it",
  conflict: "remove what is in the way, or set a param: overwrite true, onConflict skip or rename, or rename OLD=NEW",
  "repository-exists": "a repository is there already; use it, or choose another place",
  damaged: "restore what is whole from another snapshot, and see: restic help repair",
  "repository-absent": "correct the Repository's backend; a backup makes a repository where there never was one",
  "repository-locked": "the next session tries again; locks go when the pods that own them are gone",
  "password-wrong": "correct RESTIC_PASSWORD in the Secret of the Repository (spec.backend.storageSecretName)",
  "repository-unreachable": "check the Repository's backend, the keys in its Secret, and the network",
  "stream-not-found": "correct the param streams, or choose another snapshot in rules[].snapshots",
  "snapshot-not-found": "choose one of: kubectl get snapshots",
  "server-unreachable": "check the AppBinding's clientConfig, and that the server runs",
  "timed-out": "check the AppBinding's clientConfig, and that the server runs",
  "not-permitted": "check the login in the AppBinding's Secret, and the user's permissions",
  "jetstream-disabled": "enable JetStream on the server and for this account, or set the param jsDomain",
  "credentials-unreadable": "correct the keys in the Secret",
};

/** Params where the command line has options. */
const params: readonly (readonly [RegExp, string])[] = [
  [/--storage file/g, "the param storage=file"],
  [/--lift-limits/g, "the param liftLimits=true"],
  [/--on-conflict (\w+)/g, "the param onConflict=$1"],
  [/--in-place/g, "the param inPlace=true"],
  [/--rename/g, "the param rename"],
  [/--replicas/g, "the param replicas"],
  [/--yes/g, "the param overwrite=true"],
];

/** What happened, why, and what to do, for a status: one line. */
export function sentenceOf(failure: Failure): string {
  const hint = hintOf(failure);
  const what = inParams(describe(failure));
  return hint === undefined ? what : `${what}; ${hint}`;
}

/** A text of the command line's, for people who have params instead of options. */
export function inParams(text: string): string {
  return params.reduce((before, [option, param]) => before.replaceAll(option, param), text);
}

function hintOf({ code, hint }: Failure): string | undefined {
  const entry: { readonly exit: number; readonly hint?: string } = failureTable[code];
  const isUsual = hint === undefined || hint === entry.hint || hint.includes("coldstream ");
  return isUsual ? (hints[code] ?? (hint === entry.hint ? hint : undefined)) : inParams(hint);
}
