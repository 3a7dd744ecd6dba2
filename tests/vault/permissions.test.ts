/**
 * Invariants: the permissions listed here are enough; each that is missing ends a run within seconds with one
 * `not-permitted` that names the subject; nobody sees the streams of another account.
 */
import { randomBytes } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import { describe as describeFailure, Failure } from "../../src/kit/failures.ts";
import { connect } from "../../src/nats/connection.ts";
import { type JetStream, type JetStreamOptions, openJetStream } from "../../src/nats/jetstream.ts";
import { streamNames } from "../../src/nats/streams.ts";
import { planBackup } from "../../src/vault/backup.ts";
import { fingerprint } from "../../src/vault/live-stream.ts";
import { failureOf } from "../support/failure-of.ts";
import { startNatsServer, type TestServer } from "../support/nats-server.ts";
import { makePlace, type Place, running } from "../support/place.ts";
import { createConsumer, createStream, deleteMessage, publish, publishMany, take } from "../support/streams.ts";
import { readWhole } from "../support/whole-stream.ts";

/** For a backup of quiet streams. */
const backupSubjects = [
  "$JS.API.STREAM.NAMES",
  "$JS.API.STREAM.INFO.*",
  "$JS.API.STREAM.SNAPSHOT.*",
  "$JS.API.CONSUMER.LIST.*",
  "$JS.SNAPSHOT.ACK.>",
];
const restoreSubjects = [
  "$JS.API.STREAM.LIST",
  "$JS.API.STREAM.INFO.*",
  "$JS.API.STREAM.RESTORE.*",
  "$JS.API.STREAM.MSG.GET.*",
  "$JS.API.CONSUMER.LIST.*",
  "$JS.SNAPSHOT.RESTORE.>",
];

/** One user for the whole set, and one for each subject that it then lacks. */
const reading = {
  single: ["$JS.API.STREAM.MSG.GET.*"],
  direct: ["$JS.API.DIRECT.GET.*", "$JS.API.STREAM.MSG.GET.*"],
  consumer: ["$JS.API.CONSUMER.CREATE.*.>", "$JS.API.CONSUMER.MSG.NEXT.*.*", "$JS.API.CONSUMER.INFO.*.*"],
};

function users(kind: "backup" | "restore", subjects: readonly string[]): string {
  const user = (name: string, allowed: readonly string[]) => userText(name, `_${kind}`, allowed);
  const lacking = subjects.map((subject, index) =>
    user(
      `${kind}-${index}`,
      subjects.filter((other) => other !== subject),
    ),
  );
  return [user(kind, subjects), ...lacking].join("\n");
}

function userText(name: string, inbox: string, allowed: readonly string[]): string {
  const permissions = `{ publish: ${JSON.stringify(allowed)}, subscribe: ["${inbox}.>"] }`;
  return `{ user: "${name}", password: "p", permissions: ${permissions} }`;
}

const config = `accounts {
  A: { jetstream: enabled, users: [
    { user: admin, password: p }
    ${users("backup", backupSubjects)}
    ${users("restore", restoreSubjects)}
    ${Object.entries(reading)
      .map(([name, more]) => userText(name, "_backup", [...backupSubjects, ...more]))
      .join("\n")}
  ] }
  B: { jetstream: enabled, users: [{ user: other, password: p }] }
}`;

interface Login extends JetStreamOptions {
  readonly url: string;
  readonly user: string;
  readonly inboxPrefix?: string;
}

async function login({ url, user, inboxPrefix, ...options }: Login): Promise<JetStream> {
  const prefix = inboxPrefix === undefined ? {} : { inboxPrefix };
  const credentials = { kind: "user", user, password: "p" } as const;
  return openJetStream(await connect({ servers: [url], credentials, ...prefix }, {}), options);
}

describe("permissions", () => {
  let server: TestServer;
  let place: Place;

  beforeAll(async () => {
    server = await startNatsServer({ config });
    place = await makePlace();
    await fill(await login({ url: server.url, user: "admin" }));
    await place.backUp(await asBackup("backup"));
    return async () => {
      await place[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    };
  }, 120_000);

  const asBackup = (user: string) => login({ url: server.url, user, inboxPrefix: "_backup" });

  test("the listed ones are enough for an exact backup of quiet streams", async () => {
    const report = await place.backUp(await asBackup("backup"));
    expect(report.streams).toMatchObject([
      { outcome: "saved", stream: "LARGE", consistency: "exact", rounds: 1 },
      { outcome: "saved", stream: "SMALL", consistency: "exact", consumers: 1, rounds: 1 },
    ]);
  });

  test.each(backupSubjects.map((subject, index) => ({ subject, index })))("a backup without $subject", async (row) => {
    const started = performance.now();
    const failures = await place.backUp(await asBackup(`backup-${row.index}`)).then(
      ({ streams }) => streams.flatMap((one) => (one.outcome === "failed" ? [one.failure] : [])),
      (error: unknown) => [Failure.from(error)],
    );
    expect(performance.now() - started).toBeLessThan(10_000);
    expectRefusals(failures, row.subject);
  });

  test("a stream that must be read by message is, in whichever way is permitted", async () => {
    await using memory = await startNatsServer({ config });
    await using own = await makePlace();
    const admin = await login({ url: memory.url, user: "admin" });
    await createStream(admin, "MEMORY", { storage: "memory", allow_direct: true });
    await publishMany(admin, "MEMORY", 500);
    await deleteMessage(admin, "MEMORY", 500n);
    const { digest } = await fingerprint(admin, "MEMORY", running);
    for (const user of Object.keys(reading)) {
      const jetstream = await login({ url: memory.url, user, inboxPrefix: "_backup" });
      const report = await own.backUp(jetstream);
      expect(report.streams).toMatchObject([{ outcome: "saved", messages: 499n, digest }]);
    }
    const jetstream = await login({ url: memory.url, user: "backup", inboxPrefix: "_backup" });
    const failure = await failureOf(own.backUp(jetstream));
    expect(failure).toMatchObject({ code: "not-permitted" });
    expect(describeFailure(failure)).toMatch(/\$JS\.API\.(CONSUMER\.CREATE|DIRECT\.GET|STREAM\.MSG\.GET)\./);
  });

  describe("of a restore", () => {
    const bring = async (target: TestServer, user: string) => {
      const options = { url: target.url, user, inboxPrefix: "_restore" };
      const jetstream = await login(options);
      const url = target.url.replace("//", `//${user}:p@`);
      return await place.bringBack(url, { jetstream, connectAgain: () => login(options) });
    };

    test("the listed ones are enough", async () => {
      await using target = await startNatsServer({ config });
      const restored = await bring(target, "restore");
      expect(
        restored.streams.map((one) => (one.outcome === "failed" ? describeFailure(one.failure) : one.outcome)),
      ).toEqual(["restored", "restored"]);
      const [from, into] = [
        await login({ url: server.url, user: "admin" }),
        await login({ url: target.url, user: "admin" }),
      ];
      for (const name of ["LARGE", "SMALL"]) expect(await readWhole(into, name)).toEqual(await readWhole(from, name));
    });

    test.each(restoreSubjects.map((subject, index) => ({ subject, index })))("one without $subject", async (row) => {
      await using target = await startNatsServer({ config });
      const started = performance.now();
      const failures = await bring(target, `restore-${row.index}`).then(
        ({ streams }) => streams.flatMap((one) => (one.outcome === "failed" ? [one.failure] : [])),
        (error: unknown) => [Failure.from(error)],
      );
      expect(performance.now() - started).toBeLessThan(10_000);
      expectRefusals(failures, row.subject);
      expect(await streamNames(await login({ url: target.url, user: "admin" }), {})).toEqual([]);
    });
  });

  test("another account sees nothing of it", async () => {
    const jetstream = await login({ url: server.url, user: "other" });
    expect(await failureOf(place.backUp(jetstream))).toMatchObject({ code: "stream-not-found" });
    expect(await failureOf(place.backUp(jetstream, { streams: ["SMALL"] }))).toMatchObject({
      code: "stream-not-found",
    });
    const request = { jetstream, repository: place.repository, streams: [], target: "", invoker: "", host: "" };
    const more = { parallel: 1, stagingDirectory: place.directory, initialize: false };
    expect(await failureOf(planBackup({ ...request, ...more }, running))).toMatchObject({ code: "stream-not-found" });
  });
});

function expectRefusals(failures: readonly Failure[], subject: string): void {
  expect(failures.length).toBeGreaterThan(0);
  for (const failure of failures) {
    expect(failure.code).toBe("not-permitted");
    expect(describeFailure(failure)).toContain(subject.replace(/[*>]$/, ""));
  }
}

async function fill(jetstream: JetStream): Promise<void> {
  await createStream(jetstream, "LARGE");
  // more than one window, compressed: without acknowledgements the server gives up
  for (let number = 0; number < 12; number++) await publish(jetstream, "LARGE.x", randomBytes(1_000_000));
  await deleteMessage(jetstream, "LARGE", 3n);
  await createStream(jetstream, "SMALL");
  await publishMany(jetstream, "SMALL", 100);
  await createConsumer(jetstream, "SMALL", "reader");
  await take(jetstream, { stream: "SMALL", consumer: "reader", count: 9, isAcknowledged: (index) => index < 5 });
}
