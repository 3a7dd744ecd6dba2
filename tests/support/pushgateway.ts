import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startProgram } from "../../src/kit/program.ts";
import { startOnFreePort } from "./ports.ts";
import { findProgram } from "./programs.ts";

export interface Pushgateway extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** What Prometheus would scrape, without the Pushgateway's own series. Lines sorted; comments left out. */
  samples(): Promise<readonly string[]>;
  /** All of /metrics as it is. */
  scrape(): Promise<string>;
  stop(): Promise<void>;
}

/** Why tests with a Pushgateway cannot run here; undefined where they can. */
export function pushgatewayMissing(): string | undefined {
  if (findProgram("prometheus-pushgateway") !== undefined) return undefined;
  return "no prometheus-pushgateway: run npm run setup -- --tests";
}

/** Prometheus' own, on a free loopback port. */
export async function startPushgateway(): Promise<Pushgateway> {
  const program = findProgram("prometheus-pushgateway");
  if (program === undefined) throw new Error(pushgatewayMissing());
  const home = await mkdtemp(join(tmpdir(), "coldstream-pushgateway-"));
  const env = { PATH: "/usr/bin:/bin", HOME: home };
  const { port, server } = await startOnFreePort((on) =>
    startProgram(program, [`--web.listen-address=127.0.0.1:${on}`, "--log.level=error"], { env }),
  );
  const url = `http://127.0.0.1:${port}`;
  const scrape = async () => await (await fetch(`${url}/metrics`)).text();
  return {
    url,
    scrape,
    async samples() {
      const lines = (await scrape()).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
      return lines.filter((line) => /\bjob="/.test(line)).sort();
    },
    stop: () => server.stop("SIGKILL"),
    async [Symbol.asyncDispose]() {
      await server.stop("SIGKILL");
      await rm(home, { recursive: true, force: true });
    },
  };
}
