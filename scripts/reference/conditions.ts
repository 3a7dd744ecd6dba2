import {
  type ConditionType,
  invokerConditions,
  sessionConditions,
  targetConditions,
} from "../../src/api/condition-types.ts";
import { meanings } from "./condition-meanings.ts";
import { table } from "./table.ts";

const introduction = `# Conditions

\`kubectl describe\` shows them with their messages. Wait for type, status and reason in scripts; messages are for people, and change.
Types and reasons are Stash's, where nothing else is said.
`;

const sections = [
  ["Of BackupConfigurations and RestoreSessions", "", invokerConditions],
  [
    "Of sessions",
    "In `status.conditions` of a BackupSession; `MetricsPushed` and `DeadlineExceeded` of a RestoreSession too.\n\n",
    sessionConditions,
  ],
  ["Of a session's target", "In `status.targets[].conditions` of a BackupSession.\n\n", targetConditions],
] as const;

/** docs/reference/conditions.md. */
export function conditionsPage(): string {
  const parts = sections.map(([title, text, types]) => `## ${title}\n\n${text}${rows(types)}`);
  return [introduction, ...parts].join("\n");
}

type Types = Readonly<Partial<Record<ConditionType, Reasons>>>;
type Reasons = { readonly true: string; readonly false?: string; readonly unknown?: string };

function rows(types: Types): string {
  const lines = Object.entries(types).map(([type, reasons]) => {
    const { says, advice } = meanings[type as ConditionType];
    return [`\`${type}\``, reasonsOf(reasons), says, advice];
  });
  return table(["type", "reasons", "what it says", "when it is bad news"], lines);
}

function reasonsOf({ true: yes, false: no, unknown }: Reasons): string {
  const all = [
    ["True", yes],
    ["False", no],
    ["Unknown", unknown],
  ] as const;
  return all.flatMap(([status, reason]) => (reason === undefined ? [] : [`${status}: \`${reason}\``])).join("<br>");
}
