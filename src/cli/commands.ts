import type { Command } from "./command.ts";

/** A command as the list of commands shows it; the rest is loaded when it is asked for, so that help is quick. */
export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  readonly heading: string;
  readonly load: () => Promise<Command>;
}

const start = "Start here:";
const everyDay = "Back up and restore:";
const trust = "Be sure:";
const upkeep = "Upkeep:";
const objects = "Objects of a cluster, without kubectl:";
const cluster = "On a cluster:";
const more = "More:";

export const commands: readonly CommandEntry[] = [
  {
    name: "try",
    summary: "first run: find, save, store and prove, in one command",
    heading: start,
    load: async () => (await import("./commands/try.ts")).tryCommand,
  },
  {
    name: "up",
    summary: "run the whole system on this machine, without a cluster",
    heading: start,
    load: async () => (await import("./commands/up.ts")).upCommand,
  },
  {
    name: "init",
    summary: "make a repository",
    heading: start,
    load: async () => (await import("./commands/init.ts")).initCommand,
  },
  {
    name: "backup",
    summary: "save streams with their consumers",
    heading: everyDay,
    load: async () => (await import("./commands/backup.ts")).backupCommand,
  },
  {
    name: "restore",
    summary: "bring streams back, beside or into nothing",
    heading: everyDay,
    load: async () => (await import("./commands/restore.ts")).restoreCommand,
  },
  {
    name: "snapshots",
    summary: "list what is in the repository",
    heading: everyDay,
    load: async () => (await import("./commands/snapshots.ts")).snapshotsCommand,
  },
  {
    name: "show",
    summary: "show the streams of a snapshot",
    heading: everyDay,
    load: async () => (await import("./commands/show.ts")).showCommand,
  },
  {
    name: "prove",
    summary: "restore a snapshot into a scratch server and compare every message",
    heading: trust,
    load: async () => (await import("./commands/prove.ts")).proveCommand,
  },
  {
    name: "proofs",
    summary: "list what was proven, and when",
    heading: trust,
    load: async () => (await import("./commands/proofs.ts")).proofsCommand,
  },
  {
    name: "check",
    summary: "check that the repository is whole",
    heading: trust,
    load: async () => (await import("./commands/check.ts")).checkCommand,
  },
  {
    name: "forget",
    summary: "remove old snapshots by rules",
    heading: upkeep,
    load: async () => (await import("./commands/forget.ts")).forgetCommand,
  },
  {
    name: "unlock",
    summary: "remove locks that dead runs left",
    heading: upkeep,
    load: async () => (await import("./commands/unlock.ts")).unlockCommand,
  },
  {
    name: "apply",
    summary: "make or change objects as files say",
    heading: objects,
    load: async () => (await import("./commands/apply.ts")).applyCommand,
  },
  {
    name: "get",
    summary: "show objects as tables, YAML or JSON",
    heading: objects,
    load: async () => (await import("./commands/get.ts")).getCommand,
  },
  {
    name: "describe",
    summary: "say how an object stands, and what to do about it",
    heading: objects,
    load: async () => (await import("./commands/describe.ts")).describeCommand,
  },
  {
    name: "logs",
    summary: "show what the containers of a session have said",
    heading: objects,
    load: async () => (await import("./commands/logs.ts")).logsCommand,
  },
  {
    name: "trigger",
    summary: "back up now",
    heading: objects,
    load: async () => (await import("./commands/trigger.ts")).triggerCommand,
  },
  {
    name: "pause",
    summary: "let a configuration make no backups for now",
    heading: objects,
    load: async () => (await import("./commands/pause.ts")).pauseCommand,
  },
  {
    name: "resume",
    summary: "let a paused configuration go on",
    heading: objects,
    load: async () => (await import("./commands/resume.ts")).resumeCommand,
  },
  {
    name: "status",
    summary: "show how all backups stand, on one page",
    heading: objects,
    load: async () => (await import("./commands/status.ts")).statusCommand,
  },
  {
    name: "delete",
    summary: "delete objects",
    heading: objects,
    load: async () => (await import("./commands/delete.ts")).deleteCommand,
  },
  {
    name: "wait",
    summary: "wait until objects are as you want them",
    heading: objects,
    load: async () => (await import("./commands/wait.ts")).waitCommand,
  },
  {
    name: "operator",
    summary: "run the Kubernetes operator",
    heading: cluster,
    load: async () => (await import("./commands/operator.ts")).operatorCommand,
  },
  {
    name: "crds",
    summary: "print the definitions of the operator's kinds",
    heading: cluster,
    load: async () => (await import("./commands/crds.ts")).crdsCommand,
  },
  {
    name: "catalog",
    summary: "print the Functions and Tasks that manifests name",
    heading: cluster,
    load: async () => (await import("./commands/catalog.ts")).catalogCommand,
  },
  {
    name: "task",
    summary: "run a program of a Job, in its pod",
    heading: cluster,
    load: async () => (await import("./commands/task.ts")).taskCommand,
  },
  {
    name: "completion",
    summary: "print a completion script for a shell",
    heading: more,
    load: async () => (await import("./commands/completion.ts")).completionCommand,
  },
];
