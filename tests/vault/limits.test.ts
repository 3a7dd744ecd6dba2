/**
 * Invariants: a restore that meets a limit of the server or the account ends with one clear failure for that stream,
 * leaves nothing of it on the server, and restores the others.
 */
import { randomBytes } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import { describe as describeFailure } from "../../src/kit/failures.ts";
import { connect } from "../../src/nats/connection.ts";
import { type JetStream, openJetStream } from "../../src/nats/jetstream.ts";
import { streamNames } from "../../src/nats/streams.ts";
import type { RestoreRequest } from "../../src/vault/restore.ts";
import { startNatsServer } from "../support/nats-server.ts";
import { makePlace, type Place } from "../support/place.ts";
import { createStream, openServer, publish, publishMany } from "../support/streams.ts";
import { readWhole } from "../support/whole-stream.ts";

const account = (limits: string) =>
  `accounts { A: { jetstream: { ${limits} }, users: [{ user: u, password: p }] } }\nno_auth_user: u`;

interface Row {
  readonly title: string;
  readonly config?: string;
  readonly jetstream?: string;
  readonly changes?: Partial<RestoreRequest>;
  readonly failed: readonly string[];
  readonly message: RegExp;
}

const rows: readonly Row[] = [
  {
    title: "an account with less storage than a stream has or reserves",
    config: account("max_file: 1M, max_mem: 1M"),
    failed: ["LARGE", "RESERVED"],
    message: /resource limits exceeded|insufficient storage/,
  },
  {
    title: "an account that takes one stream only",
    config: account("max_streams: 1, max_file: 1G, max_mem: 1M"),
    failed: ["RESERVED", "SMALL"],
    message: /maximum number of streams reached/,
  },
  {
    title: "less disk than a stream reserves",
    jetstream: "jetstream { store_dir: STORE, max_file_store: 32M }",
    failed: ["RESERVED"],
    message: /insufficient storage|resource limits/,
  },
  {
    title: "three replicas on a single server",
    changes: { replicas: 3 },
    failed: ["LARGE", "RESERVED", "SMALL"],
    message: /replicas > 1 not supported/,
  },
];

describe.each(["2.12.15", "2.15.1"] as const)("limits of %s", (version) => {
  let place: Place;
  const names = ["LARGE", "RESERVED", "SMALL"];

  beforeAll(async () => {
    await using source = await startNatsServer({ version });
    await using from = await openServer(source.url);
    await fill(from.jetstream);
    place = await makePlace();
    await place.backUp(from.jetstream);
    return () => place[Symbol.asyncDispose]();
  }, 60_000);

  test.each(rows)("$title", async ({ config, jetstream, changes = {}, failed, message }) => {
    const options = { ...(config === undefined ? {} : { config }), ...(jetstream === undefined ? {} : { jetstream }) };
    await using target = await startNatsServer({ version, ...options });
    const report = await place.bringBack(target.url, { parallel: 1, ...changes });
    await using into = await openServer(target.url);
    const found = await streamNames(into.jetstream, {});
    const failures = report.streams.flatMap((one) => (one.outcome === "failed" ? [one] : []));
    for (const { failure } of failures) expect(describeFailure(failure)).toMatch(message);
    expect(failures.map(({ stream }) => stream)).toEqual(failed);
    expect(found.toSorted()).toEqual(names.filter((name) => !failed.includes(name)));
  });

  test("a smaller max_payload than the stored messages have", async () => {
    await using target = await startNatsServer({ version, config: "max_payload: 65536" });
    const report = await place.bringBack(target.url);
    expect(report.streams.map(({ outcome }) => outcome)).toEqual(["restored", "restored", "restored"]);
    await using source = await openServer(target.url);
    expect((await readWhole(source.jetstream, "SMALL")).messages).toBe(100n);
  });

  test("subjects that a stream took after the plan", async () => {
    await using target = await startNatsServer({ version });
    await using into = await openServer(target.url);
    const late = async (): Promise<JetStream> => {
      await createStream(into.jetstream, "LATE", { subjects: ["SMALL.1"] }).catch(() => {});
      return openJetStream(await connect({ servers: [target.url] }, {}), {});
    };
    const report = await place.bringBack(target.url, { connectAgain: late });
    const failures = report.streams.flatMap((one) => (one.outcome === "failed" ? [one] : []));
    expect(failures.map(({ stream, failure }) => [stream, failure.code])).toEqual([["SMALL", "conflict"]]);
    expect((await streamNames(into.jetstream, {})).toSorted()).toEqual(["LARGE", "LATE", "RESERVED"]);
  });
});

async function fill(jetstream: JetStream): Promise<void> {
  await createStream(jetstream, "LARGE");
  for (let number = 0; number < 6; number++) await publish(jetstream, "LARGE.x", randomBytes(500_000));
  await createStream(jetstream, "RESERVED", { max_bytes: 64n * 1024n * 1024n });
  await publishMany(jetstream, "RESERVED", 10);
  await createStream(jetstream, "SMALL");
  await publishMany(jetstream, "SMALL", 100);
}
