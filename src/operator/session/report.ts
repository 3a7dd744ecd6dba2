import { z } from "zod";
import { answersKey, reportKey, SessionAnswers, SessionReport } from "../../api/session-report.ts";
import type { ConfigMap } from "../../kube/core.ts";

/** The ConfigMap through which a Job and the operator speak. A half-written or foreign text counts as nothing said. */

export function reportOf(map: ConfigMap | undefined): SessionReport {
  return read(SessionReport, map?.data?.[reportKey]) ?? {};
}

export function answersOf(map: ConfigMap | undefined): SessionAnswers {
  return read(SessionAnswers, map?.data?.[answersKey]) ?? { hosts: {} };
}

/** Our own key of the ConfigMap: names of the pods that the session has had, so that later ones know whose lock a lock is. */
export const podsKey = "pods";

const Names = z.array(z.string());

export function podsIn(map: ConfigMap): readonly string[] {
  return read(Names, map.data?.[podsKey]) ?? [];
}

function read<T>(
  schema: { safeParse(value: unknown): { readonly data?: T | undefined } },
  text: string | undefined,
): T | undefined {
  if (text === undefined || text === "") return undefined;
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
