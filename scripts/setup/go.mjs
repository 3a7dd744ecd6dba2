import { basename, join } from "node:path";
import { onPath, run } from "./command.mjs";

/** A program built from its Go module, which Go checks against the checksum database. `address` as in `host/module/command@v1.2.3`. */
export function buildByGo(address) {
  return async (tools) => {
    if (onPath("go").length === 0) throw new Error("no Go");
    const folder = tools.scratch();
    const env = { ...process.env, GOBIN: folder, CGO_ENABLED: "0" };
    const built = await run("go", ["install", "-trimpath", "-ldflags=-s -w", address], {
      env,
      cwd: folder,
      signal: tools.signal,
      timeoutMs: 900_000,
    });
    if (!built.ok) throw new Error(built.why);
    // A module's major version ("/v2") is not part of the program's name.
    return join(folder, basename(address.replace(/(\/v\d+)?@.*/, "")));
  };
}
