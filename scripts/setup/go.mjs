import { join } from "node:path";
import { onPath, run } from "./command.mjs";

/** nats-server built from its Go module, which Go checks against the checksum database. About 30 s on two cores. */
export function natsServerByGo(version) {
  return async (tools) => {
    if (onPath("go").length === 0) throw new Error("no Go");
    const folder = tools.scratch();
    const env = { ...process.env, GOBIN: folder, CGO_ENABLED: "0" };
    const module = `github.com/nats-io/nats-server/v2@v${version}`;
    const built = await run("go", ["install", "-trimpath", "-ldflags=-s -w", module], {
      env,
      cwd: folder,
      signal: tools.signal,
      timeoutMs: 900_000,
    });
    if (!built.ok) throw new Error(built.why);
    return join(folder, "nats-server");
  };
}
