/** Streams with everything odd in them, made by one server version, restored into every other. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { type JsonObject, parseJson } from "../../src/kit/json.ts";
import type { JetStream } from "../../src/nats/jetstream.ts";
import { restoreStream } from "../../src/nats/restore.ts";
import { streamInfo } from "../../src/nats/streams.ts";
import { eventually } from "../support/eventually.ts";
import { startNatsServer } from "../support/nats-server.ts";
import { makePlace, type Place } from "../support/place.ts";
import { type NatsServerVersion, natsServerVersions } from "../support/programs.ts";
import { openServer } from "../support/streams.ts";
import { readWhole, type WholeStream } from "../support/whole-stream.ts";

const fixtures: Record<NatsServerVersion, string> = {
  "2.10.27": "ex-2.10.27.s2",
  "2.12.15": "ex-2.12.15.s2",
  "2.14.5": "ex-2.14.5.s2",
  "2.15.1": "ex-2.15.s2",
};

type State = JsonObject & { readonly messages: bigint; readonly last_ts: string };
const Reply = z.object({ config: z.custom<JsonObject>(), state: z.custom<State>() });

describe.each(natsServerVersions)("a stream of %s", (version) => {
  let place: Place;
  let before: WholeStream;
  let stream: string;

  beforeAll(async () => {
    const path = join(import.meta.dirname, "../fixtures", fixtures[version]);
    const { config, state } = Reply.parse(parseJson(await readFile(`${path}.json`, "utf8")));
    const archive = await readFile(path);
    await using source = await startNatsServer({ version });
    await using from = await openServer(source.url);
    async function* whole(): AsyncGenerator<Uint8Array> {
      yield archive;
    }
    await restoreStream(from.jetstream, { config, state }, whole(), {});
    stream = String(config.name);
    await untilLeft(from.jetstream, stream, state.messages - expired(version, state));
    before = await readWhole(from.jetstream, stream);
    place = await makePlace();
    const report = await place.backUp(from.jetstream);
    expect(report.streams).toMatchObject([{ outcome: "saved", digest: before.digest, consistency: "exact" }]);
    return () => place[Symbol.asyncDispose]();
  }, 120_000);

  test.each(natsServerVersions)("comes back on %s as it was", async (target) => {
    await using server = await startNatsServer({ version: target });
    const report = await place.bringBack(server.url);
    const [restored] = report.streams;
    expect(restored).toMatchObject({ outcome: "restored", stream });
    await using into = await openServer(server.url);
    const after = await readWhole(into.jetstream, stream);
    const notes = restored?.outcome === "restored" ? restored.notes : [];
    const dropped = notes.flatMap((note) => /does not know ([\w.]+)/.exec(note)?.[1] ?? []);
    expect(after.digest).toBe(before.digest);
    expect({ ...after, config: known(after.config, before.config), consumers: durable(after, before) }).toEqual({
      ...before,
      config: known(before.config, after.config),
      consumers: durable(before, after),
    });
    for (const field of Object.keys(before.config)) {
      if (!(field in after.config) && !isDefault(before.config[field])) expect(dropped).toContain(field);
    }
  });
});

const hourMs = 3_600_000;

/** The fixtures' messages that live one hour: 2.10 lets them live on, as does a clock that is not there yet. */
function expired(version: NatsServerVersion, { last_ts: last }: State): bigint {
  return version === "2.10.27" || Date.now() < Date.parse(last) + hourMs ? 0n : 281n;
}

/** The server takes some seconds to remove messages whose time to live is over. */
async function untilLeft(jetstream: JetStream, name: string, left: bigint): Promise<void> {
  const count = async () => (await streamInfo(jetstream, name, {})).state.messages;
  await eventually(`${left} messages that stay`, async () => (await count()) === left);
}

/** The fields of a configuration that the other side has as well. */
function known(config: JsonObject, other: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(config).filter(([field]) => field in other));
}

function isDefault(value: unknown): boolean {
  return value === false || value === 0n || value === "" || value === undefined || value === null;
}

/** File-storage durables, with the configuration fields that both sides know. */
function durable(own: WholeStream, other: WholeStream): unknown {
  return Object.fromEntries(
    Object.entries(own.consumers)
      .filter(([, { config }]) => config.durable_name !== undefined && config.mem_storage !== true)
      .map(([name, consumer]) => [
        name,
        { ...consumer, config: known(consumer.config, other.consumers[name]?.config ?? {}) },
      ]),
  );
}
