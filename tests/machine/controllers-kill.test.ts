import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Program, startProgram } from "../../src/kit/program.ts";
import { endOf, machineJobs } from "../../src/machine/job/job.ts";
import { allKinds } from "../../src/machine/kinds.ts";
import { eventually } from "../support/eventually.ts";
import { seededRandom } from "../support/random.ts";
import { type ControllersPlace, jobSpec, namespace, openControllersPlace } from "./controllers-place.ts";
import { servers } from "./servers.ts";

const kills = process.env.COLDSTREAM_LONG === undefined ? 4 : 60;

describe.each(servers)("controllers that are killed beside $name", ({ start, missing }) => {
  let place: ControllersPlace;
  let folder: string;
  let program: Program | undefined;
  beforeAll(async () => {
    if (missing !== undefined) return;
    folder = await mkdtemp(join(tmpdir(), "coldstream-kills-"));
    place = await openControllersPlace(await start());
  }, 120_000);
  afterAll(async () => {
    await program?.stop("SIGKILL");
    await place?.[Symbol.asyncDispose]();
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  });

  /** Resolves when they are ready. */
  async function startProcess(): Promise<Program> {
    const ready = Promise.withResolvers<void>();
    const script = join(import.meta.dirname, "../support/controllers-process.ts");
    const authority = join(folder, "authority.pem");
    await writeFile(authority, place.server.ca);
    const kinds = place.server.kinds === allKinds ? ["all"] : [];
    const program = await startProgram(process.execPath, [script, place.server.kubeconfig, authority, ...kinds], {
      env: { PATH: "/usr/bin:/bin" },
      onStdoutLine: () => ready.resolve(),
      onStderrLine: (line) => process.stderr.write(`${line}\n`),
    });
    program.ended.then(({ stderr }) => ready.reject(new Error(`they ended: ${stderr}`)));
    await ready.promise;
    return program;
  }

  test.skipIf(missing !== undefined)(
    "run no pod twice and count each once",
    async () => {
      const random = seededRandom("kills");
      const runs = join(folder, "runs");
      await writeFile(runs, "");
      program = await startProcess();
      await using _runner = await place.runner();
      let made = 0;
      async function make(): Promise<void> {
        const name = `job-${made++}`;
        // some fail once, and has a second pod
        const script = name.endsWith("3")
          ? `echo ${name} >> ${runs}; test "$(grep -cx ${name} ${runs})" = 2`
          : `echo ${name} >> ${runs}; sleep 0.${random.below(5)}`;
        await place.create(machineJobs, name, jobSpec(script, { backoffLimit: 1 }));
      }
      for (let kill = 0; kill < kills; kill++) {
        for (let count = 0; count < 4; count++) await make();
        await sleep(random.below(600));
        await program?.stop("SIGKILL");
        await make();
        program = await startProcess();
      }
      const all = await eventually("the end of all Jobs", async () => {
        const { items } = await place.cluster.list(machineJobs, { namespace }, place);
        return items.every((job) => endOf(job) !== undefined) && items;
      });
      await program.stop("SIGTERM");
      const lines = (await readFile(runs, "utf8")).trim().split("\n");
      const seen = all.map(({ metadata, status }) => ({
        name: metadata.name,
        runs: lines.filter((line) => line === metadata.name).length,
        ...{ succeeded: status?.succeeded ?? 0, failed: status?.failed ?? 0 },
      }));
      const expected = all.map(({ metadata: { name = "" } }) => {
        const isTwice = name.endsWith("3");
        return { name, runs: isTwice ? 2 : 1, succeeded: 1, failed: isTwice ? 1 : 0 };
      });
      expect(seen).toEqual(expected);
      expect(all).toHaveLength(made);
    },
    600_000,
  );
});
