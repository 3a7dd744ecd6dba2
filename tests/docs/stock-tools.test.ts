/** What docs/format.md says works: a stream leaves the repository by restic, tar and a Snappy framer, and is whole. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { z } from "zod";
import { type JsonObject, parseJson } from "../../src/kit/json.ts";
import { restoreStream } from "../../src/nats/restore.ts";
import { startNatsServer } from "../support/nats-server.ts";
import { findProgram, natsServerVersions } from "../support/programs.ts";
import { openServer } from "../support/streams.ts";
import { readWhole } from "../support/whole-stream.ts";
import { openSandbox, runDocument } from "./sandbox.ts";

const Backup = z.object({ config: z.custom<JsonObject>(), state: z.custom<JsonObject>() });

test.skipIf(findProgram("s2c") === undefined)(
  "docs/format.md: what stock tools take out, every server takes",
  { timeout: 180_000 },
  async () => {
    await using sandbox = await openSandbox();
    expect(await runDocument("docs/format.md", sandbox)).toBeGreaterThan(1);
    const folder = join(sandbox.home, "taken/ORDERS");
    const { config } = Backup.parse(parseJson(await readFile(join(folder, "backup.json"), "utf8")));
    const archive = await readFile(join(folder, "stream.tar.s2"));
    await using from = await openServer(sandbox.server.url);
    const before = await readWhole(from.jetstream, "ORDERS");
    for (const version of natsServerVersions) {
      await using server = await startNatsServer({ version });
      await using into = await openServer(server.url);
      async function* whole(): AsyncGenerator<Uint8Array> {
        yield archive;
      }
      await restoreStream(into.jetstream, { config }, whole(), { dropped: [] });
      const after = await readWhole(into.jetstream, "ORDERS");
      expect([after.digest, after.created, after.lastSequence]).toEqual([
        before.digest,
        before.created,
        before.lastSequence,
      ]);
      expect(after.consumers.billing?.state).toEqual(before.consumers.billing?.state);
    }
  },
);
