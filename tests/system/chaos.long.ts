/**
 * Invariant: an API server that breaks connections, refuses, says nothing, forgets, or is restarted, costs time only: every
 * session ends once as Succeeded, with one Job ever made for it, and leaves nothing behind.
 */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { jsonLog } from "../../src/kit/log.ts";
import { openCluster } from "../../src/kube/client.ts";
import { openRegistry } from "../../src/metrics/registry.ts";
import { runOperator } from "../../src/operator/operator.ts";
import { image } from "../operator/desk.ts";
import { type ApiProxy, type ProxiedRequest, startApiProxy, type Trouble } from "../support/api-proxy.ts";
import { type Random, seededRandom } from "../support/random.ts";
import { type Arena, openArena } from "./arena.ts";
import type { SessionKind } from "./plot.ts";
import { systemMissing } from "./system.ts";

const isLong = process.env.COLDSTREAM_LONG === "1";
const rounds = Array.from({ length: isLong ? 30 : 1 }, (_, index) => index + 1);
const operatorNamespace = "coldstream";

/** Less patience than usual, so that silence is noticed soon. */
const limits = { requestMs: 3000, silenceMs: 5000, retryMs: 10_000, watchMs: 20_000 };

describe.skipIf(systemMissing() !== undefined)("an API server", { timeout: 300_000 }, () => {
  let arena: Arena;
  let proxy: ApiProxy;
  let operator: AsyncDisposable;
  /** Only once all is set up. */
  let isDamaging = false;
  const random = seededRandom("chaos");
  const anyKind = (): SessionKind => (random.below(3) === 0 ? "RestoreSession" : "BackupSession");

  beforeAll(async () => {
    arena = await openArena();
    proxy = await startApiProxy(arena.system.desk.plane, (request) =>
      isDamaging ? troubleFor(request, random) : undefined,
    );
    operator = await startOperator(arena, proxy);
    await arena.warmUp();
    isDamaging = true;
  }, 240_000);
  afterAll(async () => {
    for (const one of [operator, proxy, arena]) await one?.[Symbol.asyncDispose]();
  }, 60_000);

  test.each(rounds)("that damages every sixth request, and most watches, %d", async () => {
    await arena.round({ kinds: anyKind });
  });

  test("of which all kinds of trouble were seen", () => {
    const seen = new Set(
      proxy.handled.map(({ trouble }) => (trouble?.is === "refused" ? trouble.status : trouble?.is)),
    );
    const all = [409, 429, 500, 503, "cut", "deaf", "silent", "broken", "expired", "mute", undefined];
    if (isLong) expect([...seen]).toEqual(expect.arrayContaining(all));
    expect(seen.size).toBeGreaterThan(6);
  });

  test.each(rounds)("that is killed and started again, %d", async () => {
    const meanwhile = async () => {
      for (let times = 0; times < 2; times++) {
        await arena.witness.changes(random.below(25));
        await sleep(random.below(150));
        await arena.system.desk.plane.restartApiServer();
      }
    };
    await arena.round({ kinds: anyKind, meanwhile });
  });

  test("leaves repositories without damage and locks, with one snapshot of each backup that succeeded", async () =>
    await arena.audit());
});

type Share = readonly [percent: number, trouble: Trouble];

const ofWatches = (afterMs: number): readonly Share[] => [
  [40, { is: "broken", afterMs }],
  [10, { is: "expired", afterMs }],
  [5, { is: "mute", afterMs }],
  [5, { is: "refused", status: 410 }],
  [5, { is: "refused", status: 500 }],
];
const ofRequests: readonly Share[] = [
  [3, { is: "cut" }],
  [3, { is: "deaf" }],
  [1, { is: "silent" }],
  [3, { is: "refused", status: 429, retryAfterSeconds: 1 }],
  [2, { is: "refused", status: 500 }],
  [2, { is: "refused", status: 503 }],
];
const ofWrites: readonly Share[] = [...ofRequests, [3, { is: "refused", status: 409 }]];

function troubleFor({ isWatch, isWrite }: ProxiedRequest, random: Random): Trouble | undefined {
  const afterMs = random.below(4000);
  const shares = isWatch ? ofWatches(afterMs) : isWrite ? ofWrites : ofRequests;
  let dice = random.below(100);
  for (const [percent, trouble] of shares) {
    if (dice < percent) return trouble;
    dice -= percent;
  }
  return undefined;
}

/** In this process, for the sake of its limits; with the rights of its own account. */
async function startOperator(
  { system }: Arena,
  { url }: ApiProxy,
): Promise<AsyncDisposable & { readonly log: readonly string[] }> {
  const { plane } = system.desk;
  const token = await plane.createToken(operatorNamespace, "coldstream-operator");
  const cluster = openCluster({ server: url, ca: plane.ca, serverName: "kubernetes", token, limits });
  const stop = new AbortController();
  const log: string[] = [];
  const metrics = openRegistry();
  const options = { signal: stop.signal, identity: randomUUID(), lease: undefined, metrics };
  const pushgateway = { pushgatewayUrl: system.pushgateway.url, operatorPushgatewayUrl: system.pushgateway.url };
  const ended = runOperator(
    cluster,
    { image, pullSecrets: [], namespace: operatorNamespace, ...pushgateway },
    {
      ...options,
      log: jsonLog(
        (line) => log.push(line),
        () => new Date(),
      ),
    },
  );
  ended.catch((error: unknown) => log.push(`ended: ${error}`));
  return {
    log,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await ended;
      await cluster[Symbol.asyncDispose]();
    },
  };
}
