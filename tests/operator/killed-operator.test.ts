import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { BackupSession } from "../../src/api/backup-session.ts";
import { pods } from "../../src/kube/core.ts";
import { isFinal } from "../../src/operator/backup-session/phase.ts";
import { backupSessionController } from "../../src/operator/backup-session/reconcile.ts";
import type { ControllerMaker } from "../../src/operator/leadership.ts";
import { controlPlaneMissing } from "../support/control-plane.ts";
import { eventually } from "../support/eventually.ts";
import { seededRandom } from "../support/random.ts";
import { serversOfLongRun } from "./api-servers.ts";
import { type Desk, openDesk } from "./desk.ts";
import { liveAndDie } from "./killed-operator.ts";
import { endedWith, openStage, type Stage } from "./stage.ts";

const missing = controlPlaneMissing();
const chains = process.env.COLDSTREAM_LONG === "1" ? 40 : 2;
const controllers: readonly ControllerMaker[] = [["BackupSession", backupSessionController]];

describe.skipIf(missing !== undefined).each(serversOfLongRun)("an operator that is killed on $name", ({ start }) => {
  let desk: Desk;
  beforeAll(async () => {
    desk = await openDesk({}, start);
  }, 120_000);
  afterAll(async () => await desk?.[Symbol.asyncDispose]());

  /** A stage without an operator. */
  async function emptyStage(spec: object = {}): Promise<Stage> {
    const operator = await desk.startOperator();
    const stage = await openStage(desk, spec);
    await operator.stop();
    return stage;
  }

  /** Operators live one after the other, each for so many writes, until the session is final. */
  async function liveOn(
    stage: Stage,
    name: string,
    writesOf: () => number,
  ): Promise<{ lives: number; session: BackupSession }> {
    const isDone = ({ status }: BackupSession) => isFinal(status?.phase);
    for (let lives = 1; lives < 60; lives++) {
      const session = await stage.session(name);
      if (session !== undefined && isDone(session)) return { lives, session };
      const idle = new AbortController();
      const watch = eventually(`the end of ${name}`, async () => {
        const now = await stage.session(name);
        return now !== undefined && isDone(now);
      }).finally(() => idle.abort());
      const life = liveAndDie(desk, { controllers, writes: writesOf(), signal: idle.signal });
      await Promise.race([life, watch]);
      idle.abort();
      await life;
      watch.catch(() => undefined);
    }
    throw new Error("too many lives");
  }

  const stories = {
    Succeeded: async (stage: Stage, name: string) => {
      await stage.succeed(name, {
        snapshots: [
          {
            id: "4bc21d6f".repeat(8),
            tree: "t",
            time: "2026-11-21T03:00:00Z",
            hostname: "host-0",
            paths: ["/a"],
            tags: [],
          },
        ],
      });
    },
    Failed: async (stage: Stage, name: string) => {
      await stage.patchPod(await stage.pod(name), { phase: "Failed", initContainerStatuses: [endedWith(3)] });
    },
  };

  async function live(phase: keyof typeof stories, writesOf: () => number): Promise<number> {
    const stage = await emptyStage({ backupHistoryLimit: 5 });
    await stage.begin("one");
    const story = eventually("Job", async () =>
      (await stage.session("one"))?.status?.targets?.[0]?.conditions?.some(
        ({ type }) => type === "BackupExecutorEnsured",
      ),
    ).then(async () => await stories[phase](stage, "one"));
    const { lives, session } = await liveOn(stage, "one", writesOf);
    await story;
    expect(session.status).toMatchObject({ phase, sessionDuration: expect.stringMatching(/s$/) });
    expect(session.status?.targets).toHaveLength(1);
    expect(await stage.jobs()).toHaveLength(phase === "Succeeded" ? 1 : 0);
    await eventually("no pod", async () => (await desk.list(pods, stage.namespace)).length === 0);
    await eventually("clean", async () => (await stage.leftovers()).length === 0);
    return lives;
  }

  test("after every single write leaves what the next one ends well", async () => {
    expect(await live("Succeeded", () => 1)).toBeGreaterThan(8);
  }, 120_000);
  test("after every single write leaves what the next one ends as Failed", async () => {
    expect(await live("Failed", () => 1)).toBeGreaterThan(7);
  }, 120_000);

  test(`at ${chains} times random points makes one Job, with one end`, async () => {
    const random = seededRandom("killed operators");
    for (let chain = 0; chain < chains; chain++)
      await live(random.below(2) === 0 ? "Succeeded" : "Failed", () => 1 + random.below(6));
  }, 1_200_000);
});
