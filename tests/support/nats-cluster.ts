import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type { JetStream } from "../../src/nats/jetstream.ts";
import { streamNames } from "../../src/nats/streams.ts";
import { eventually } from "./eventually.ts";
import { startNatsServer, type TestServer } from "./nats-server.ts";
import { freePorts } from "./ports.ts";
import type { NatsServerVersion } from "./programs.ts";
import { createStream, openServer } from "./streams.ts";

export interface TestCluster extends AsyncDisposable {
  readonly nodes: readonly TestServer[];
}

/** Three servers on loopback that form one JetStream cluster; resolves when it can make streams with three replicas. */
export async function startNatsCluster(version: NatsServerVersion, name = "C"): Promise<TestCluster> {
  const ports = await freePorts(3);
  const routes = ports.map((port) => `nats://127.0.0.1:${port}`).join(", ");
  const starting = ports.map((port, index) =>
    startNatsServer({
      version,
      config: `server_name: ${name}${index + 1}
cluster { name: ${name}, listen: "127.0.0.1:${port}", routes: [${routes}] }`,
    }),
  );
  const settled = await Promise.allSettled(starting);
  const started = settled.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  const cluster = {
    nodes: started,
    async [Symbol.asyncDispose]() {
      await Promise.all(started.map((node) => node[Symbol.asyncDispose]()));
    },
  };
  try {
    await Promise.all(starting);
    await Promise.all(started.map(untilReady));
    await untilReplicating(started[0]?.url ?? "");
    return cluster;
  } catch (error) {
    await cluster[Symbol.asyncDispose]();
    throw error;
  }
}

const Leader = z.looseObject({ cluster: z.looseObject({ leader: z.string() }) });

/** The server name of the stream's leader. */
export async function leaderOf(jetstream: JetStream, stream: string): Promise<string> {
  const info = await jetstream.request(`STREAM.INFO.${stream}`, undefined, { schema: Leader });
  return info.cluster.leader;
}

/** A cluster answers list calls only when its meta layer has a leader. */
async function untilReady(node: TestServer): Promise<void> {
  await using opened = await openServer(node.url);
  for (let waited = 0; waited < 30_000; waited += 200) {
    try {
      await opened.jetstream.request("STREAM.NAMES", {}, { schema: z.looseObject({}), timeoutMs: 1000 });
      return;
    } catch {
      await sleep(200);
    }
  }
  throw new Error("the cluster has no leader after 30 s");
}

/** A meta leader refuses replicas ("no suitable peers") until it has heard from every server what room it has. */
async function untilReplicating(url: string): Promise<void> {
  await using opened = await openServer(url);
  const { jetstream } = opened;
  await eventually("a stream with three replicas", async () => {
    try {
      await createStream(jetstream, "PROBE", { num_replicas: 3n });
      return true;
    } catch {
      return false;
    }
  });
  // whether the answer to an earlier try was lost or the stream is there: it must be gone
  await eventually("its deletion", async () => {
    await jetstream.request("STREAM.DELETE.PROBE", undefined, { schema: z.unknown() }).catch(() => {});
    return !(await streamNames(jetstream, {})).includes("PROBE");
  });
}
