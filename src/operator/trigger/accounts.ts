import type { BackupConfiguration } from "../../api/backup-configuration.ts";
import { offshootLabels } from "../../api/labels.ts";
import { triggerAccountName } from "../../api/names.ts";
import type { Waiting } from "../../kube/cluster.ts";
import { roleBindings, roles, serviceAccounts } from "../../kube/core.ts";
import { ensure } from "../../kube/update.ts";
import type { World } from "../controller.ts";
import { type MadeObject, type Metadata, made } from "../made.ts";
import { roleFor } from "../rights/rule.ts";
import { namespaceOf } from "../task/target.ts";
import { triggerRules } from "./rules.ts";

/** The account under which a namespace's CronJobs begin sessions. One for all: ADR 0104. */
export interface TriggerAccounts {
  keep(namespace: string, waiting: Waiting): Promise<void>;
  /** Removes it when no other configuration of its namespace stays. Before the configuration goes: nothing owns it. */
  release(configuration: BackupConfiguration, waiting: Waiting): Promise<void>;
}

/**
 * Nobody follows accounts: in case somebody changed or removed one it is looked at anew after so long, when there is cause to look
 * at a configuration. A trigger's Job that cannot run is such a cause, so what was removed is back before its next try.
 */
const trustMs = 60_000;

/** What was begun last in a namespace; until when that it is there is trusted, or that it goes. */
interface Known {
  readonly done: Promise<void>;
  readonly until: number | "gone";
}

type Means = Pick<World, "cluster" | "caches" | "clock">;

export function openTriggerAccounts({ cluster, caches, clock }: Means): TriggerAccounts {
  const known = new Map<string, Known>();

  /** One after the other in a namespace: an account that is being removed comes back only when it is gone. */
  async function begin(namespace: string, until: Known["until"], work: () => Promise<void>): Promise<void> {
    const before = known.get(namespace)?.done;
    const done = (async () => {
      await before?.catch(() => undefined);
      await work();
    })();
    const entry: Known = { done, until };
    known.set(namespace, entry);
    try {
      await done;
    } catch (error) {
      if (known.get(namespace) === entry) known.delete(namespace);
      throw error;
    }
  }

  return {
    async keep(namespace, waiting) {
      const now = clock().getTime();
      const before = known.get(namespace);
      if (before !== undefined && before.until !== "gone" && now < before.until) return await before.done;
      await begin(namespace, now + trustMs, async () => {
        for (const { resource, draft } of buildTriggerAccount(namespace))
          await ensure(cluster, resource, draft, waiting);
      });
    },
    async release(configuration, { signal }) {
      const namespace = namespaceOf(configuration);
      const isOther = ({ metadata }: BackupConfiguration) =>
        metadata.namespace === namespace &&
        metadata.uid !== configuration.metadata.uid &&
        metadata.deletionTimestamp == null;
      if (caches.backupConfigurations.list(isOther).length > 0) return;
      const before = known.get(namespace);
      if (before?.until === "gone") return await before.done;
      const key = { namespace, name: triggerAccountName };
      await begin(namespace, "gone", async () => {
        for (const resource of [roleBindings, roles, serviceAccounts]) await cluster.remove(resource, key, { signal });
      });
    },
  };
}

/** In the order to make them. */
export function buildTriggerAccount(namespace: string): readonly MadeObject[] {
  const metadata: Metadata = { name: triggerAccountName, namespace, labels: offshootLabels(undefined, "backup") };
  return [
    made(serviceAccounts, { metadata }),
    ...roleFor(metadata, triggerRules(), { name: triggerAccountName, namespace }),
  ];
}
