import { Failure } from "../kit/failures.ts";
import type { KindFinder, ServedKind } from "./cluster-kinds.ts";

/** Objects of one kind: those of these names, or all. */
export interface Target {
  readonly kind: ServedKind;
  /** Empty: all of them. */
  readonly names: readonly string[];
}

/** `KIND`, `KIND,KIND`, `KIND NAME...`, or `KIND/NAME...`. */
export async function readTargets(kinds: KindFinder, operands: readonly string[]): Promise<readonly Target[]> {
  if (operands.some((word) => word.includes("/")))
    return await Promise.all(operands.map((word) => readPair(kinds, word)));
  const [words = "", ...names] = operands;
  const found = words.split(",").filter((word) => word !== "");
  if (found.length === 0)
    throw new Failure("usage", "no kind is named", { hint: "for example: bc, backupsessions, jobs" });
  return await Promise.all(found.map(async (word) => ({ kind: await kinds.named(word), names })));
}

async function readPair(kinds: KindFinder, word: string): Promise<Target> {
  const [kind = "", name = "", ...more] = word.split("/");
  if (kind === "" || name === "" || more.length > 0) {
    throw new Failure("usage", `${JSON.stringify(word)} is no KIND/NAME`, {
      hint: "write every object as KIND/NAME, or one kind and then names",
    });
  }
  return { kind: await kinds.named(kind), names: [name] };
}

/** Exactly one object. */
export async function readTarget(
  kinds: KindFinder,
  operands: readonly string[],
): Promise<{ readonly kind: ServedKind; readonly name: string }> {
  const targets = await readTargets(kinds, operands);
  const [target] = targets;
  const [name] = target?.names ?? [];
  if (target === undefined || name === undefined || targets.length > 1 || target.names.length > 1) {
    throw new Failure("usage", "one object must be named", { hint: "write KIND NAME, or KIND/NAME" });
  }
  return { kind: target.kind, name };
}
