/** Runs our API server as a process of its own, to be killed. Arguments: folder, port. */

import { jsonLog } from "../../src/kit/log.ts";
import { startApiServer } from "../../src/local/server.ts";

const [folder = "", port = "0"] = process.argv.slice(2);
const stop = new AbortController();
process.once("SIGTERM", () => stop.abort());
const api = await startApiServer({
  folder,
  listen: { host: "127.0.0.1", port: Number(port) },
  log: jsonLog(
    (line) => process.stderr.write(line),
    () => new Date(),
  ),
  signal: stop.signal,
});
process.stdout.write(`${JSON.stringify({ server: api.url, ca: api.caPem, token: api.adminToken })}\n`);
