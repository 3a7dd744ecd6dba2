import type { AppBinding } from "../../api/app-binding.ts";
import { BackupSession } from "../../api/backup-session.ts";
import { backupSessionName } from "../../api/names.ts";
import type { Repository } from "../../api/repository.ts";
import { Failure } from "../../kit/failures.ts";
import type { World } from "../controller.ts";
import { buildExecutor } from "../executor/executor.ts";
import { functionNamesOf, taskNameOf } from "../task/choice.ts";
import type { ConfigurationView } from "./view.ts";

/**
 * Whether a Job could be made of the Task and its Functions, by making one of a session that never is: a mistake shows when
 * the configuration is applied, not in the night. One sentence, or undefined.
 */
export function mistakeOfTask(
  view: ConfigurationView,
  world: Pick<World, "caches" | "settings" | "clock">,
): string | undefined {
  const { repository, appBinding } = view;
  if (repository === undefined || appBinding === undefined) return undefined;
  try {
    build(view, { ...world, repository, appBinding });
    return undefined;
  } catch (error) {
    if (Failure.is(error, "configuration-invalid"))
      return sentence([error.message, error.hint ?? ""].filter((text) => text !== "").join(": "));
    throw error;
  }
}

type Means = Pick<World, "caches" | "settings" | "clock"> & {
  readonly repository: Repository;
  readonly appBinding: AppBinding;
};

function build({ configuration }: ConfigurationView, { caches, settings, clock, repository, appBinding }: Means): void {
  const name = taskNameOf(configuration, appBinding);
  const task = caches.tasks.get({ name });
  if (task === undefined) {
    const hint = "correct spec.task.name, or install the catalogue: coldstream catalog | kubectl apply -f -";
    throw new Failure("configuration-invalid", `Task ${name} does not exist`, { hint });
  }
  const found = functionNamesOf(task).map((each) => [each, caches.functions.get({ name: each })] as const);
  const functions = new Map(found.flatMap(([each, one]) => (one === undefined ? [] : [[each, one] as const])));
  const now = clock();
  const session = wouldBe(configuration, now);
  buildExecutor({ session, invoker: configuration, repository, appBinding, task, functions, settings, now });
}

function wouldBe({ metadata, spec }: ConfigurationView["configuration"], now: Date): BackupSession {
  const { name = "", namespace, uid } = metadata;
  return BackupSession.parse({
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "BackupSession",
    metadata: { name: backupSessionName(name, now), namespace, uid, creationTimestamp: now.toISOString() },
    spec: {
      invoker: { apiGroup: "stash.appscode.com", kind: "BackupConfiguration", name },
      retryLeft: spec.retryConfig?.maxRetry,
    },
  });
}

/** Conditions hold sentences, failures half ones. */
function sentence(text: string): string {
  const capital = text.slice(0, 1).toUpperCase() + text.slice(1);
  return capital.endsWith(".") ? capital : `${capital}.`;
}
