/** What a real API server answers, and tells watchers, ours does: seeded random requests to both. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isObject, isSame, type JsonObject, type JsonValue, textAt } from "../../src/local/json.ts";
import { type ControlPlane, controlPlaneMissing, startControlPlane } from "../support/control-plane.ts";
import { eventually } from "../support/eventually.ts";
import { startLocalPlane } from "../support/local-plane.ts";
import { seededRandom } from "../support/random.ts";
import { comparable, differing } from "./differential/comparable.ts";
import { collectionOf, namespace } from "./differential/drafts.ts";
import { type Answer, openSide, type Side, type Step, type WatchEvent } from "./differential/side.ts";
import { drawer, resources } from "./differential/steps.ts";

const isLong = process.env.COLDSTREAM_LONG === "1";
const count = Number(process.env.COLDSTREAM_REQUESTS ?? (isLong ? 20_000 : 600));
/** So many differences are shown. */
const mostShown = 20;

interface Difference {
  readonly step: string;
  readonly sent: string;
  /** What Kubernetes says | what we say. */
  readonly differs: readonly string[];
}

describe.skipIf(controlPlaneMissing() !== undefined)("to the same requests", () => {
  const planes: ControlPlane[] = [];
  const sides: Side[] = [];
  beforeAll(async () => {
    planes.push(
      await startControlPlane({ withoutControllers: true }),
      await startLocalPlane({ withoutControllers: true }),
    );
    sides.push(...planes.map(openSide));
    await both({ method: "POST", path: "/api/v1/namespaces", body: () => ({ metadata: { name: namespace } }) });
    const account = { metadata: { name: "default" } };
    await both({ method: "POST", path: `/api/v1/namespaces/${namespace}/serviceaccounts`, body: () => account });
    await both({ method: "DELETE", path: `/api/v1/namespaces/${namespace}/configmaps` });
  }, 120_000);
  afterAll(async () => {
    for (const side of sides) await side[Symbol.asyncDispose]();
    for (const plane of planes) await plane.stop();
  });

  async function both(step: Step): Promise<readonly [Answer, Answer]> {
    const [real, mine] = await Promise.all(sides.map((side) => side.ask(step)));
    if (real === undefined || mine === undefined) throw new Error("there are not two servers");
    return [real, mine];
  }

  /** The other pages of a list that has more. */
  async function pages(
    step: Step,
    answers: readonly [Answer, Answer],
  ): Promise<readonly (readonly [Answer, Answer])[]> {
    const more: (readonly [Answer, Answer])[] = [];
    let last = answers;
    for (;;) {
      const tokens = last.map(({ body }) => textAt(metadataIn(body), "continue"));
      if (tokens.some((token) => token === "")) return more;
      const [real, mine] = await Promise.all(
        sides.map((side, index) => side.ask({ ...step, path: `${step.path}&continue=${tokens[index]}` })),
      );
      if (real === undefined || mine === undefined) return more;
      last = [real, mine];
      more.push(last);
    }
  }

  async function differencesOf(step: Step, at: number): Promise<readonly Difference[]> {
    const first = await both(step);
    const all = [first, ...(step.path.includes("limit=") ? await pages(step, first) : [])];
    return all.flatMap(([real, mine]) => {
      const differs = differing(shown(step, real), shown(step, mine));
      if (differs.length === 0) return [];
      const { method, path, contentType = "" } = step;
      const sent = (JSON.stringify(real.sent) ?? "nothing").slice(0, 1500);
      return [{ step: `${at}: ${method} ${path} ${contentType}`, sent, differs }];
    });
  }

  test(`answers and events are the same: ${count} requests`, { timeout: isLong ? 3_600_000 : 120_000 }, async () => {
    const random = seededRandom("differential", isLong ? undefined : 2);
    const next = drawer(random);
    const watched = await Promise.all(
      resources.map(async (resource) => {
        const path = `${collectionOf(resource)}?watch=true`;
        return { kind: resource.kind, events: await Promise.all(sides.map((side) => side.watch(path))) };
      }),
    );
    const differences: Difference[] = [];
    for (let at = 0; at < count && differences.length < mostShown; at++) {
      differences.push(...(await differencesOf(next(), at)));
    }
    expect(differences).toEqual([]);
    for (const { kind, events } of watched) {
      const [real = [], mine = []] = events;
      const compared = () => [withoutRepeats(real.map(told)), mine.map(told)] as const;
      await eventually(`the same events of ${kind}`, async () => isSame(...compared()), {
        timeoutMs: 10_000,
      }).catch(() => undefined);
      expect({ kind, differs: differing(...compared()) }).toEqual({ kind, differs: [] });
    }
  });
});

function metadataIn(body: JsonValue): JsonValue {
  return typeof body === "object" && body !== null && "metadata" in body ? (body["metadata"] ?? null) : null;
}

function shown({ isOdd, path }: Step, { status, body }: Answer): JsonValue {
  if (isOdd === true && status >= 400) return "refused";
  // where something is chosen Kubernetes does not look whether there is more of it
  if (/limit=.*Selector=/.test(path) && isObject(body)) {
    const { metadata: _, ...rest } = body;
    return { status, body: comparable(rest) };
  }
  return { status, body: comparable(body) };
}

function told({ type, object }: WatchEvent): JsonObject {
  return { type, object: comparable(object) };
}

/** Kubernetes also tells of writes that change nothing but managedFields, or the form in which it stores an object. */
function withoutRepeats(events: readonly JsonObject[]): readonly JsonObject[] {
  const last = new Map<string, JsonValue | undefined>();
  return events.filter(({ type, object = null }) => {
    const name = textAt(object, "metadata", "name");
    const isRepeat = type === "MODIFIED" && isSame(last.get(name), object);
    last.set(name, object);
    return !isRepeat;
  });
}
