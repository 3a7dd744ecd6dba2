import { Failure } from "../../kit/failures.ts";
import { bracketed } from "../../kit/hosts.ts";
import { defineCommand } from "../command.ts";
import { oneOf, parsed, text, type Values } from "../option.ts";
import { type Address, readAddress } from "./operator.ts";

/** What no client could ask for is refused here: our own programs must reach it too. */
function readListen(given: string): Address {
  const address = readAddress(given);
  if (URL.canParse(`http://${bracketed(address.host)}`)) return address;
  throw new Failure("usage", `${JSON.stringify(given)} names no host`, { hint: "addresses look like 127.0.0.1:7443" });
}

export const upOptions = {
  data: text("--data <dir>", "where everything lies (XDG_DATA_HOME/coldstream or ~/.local/share/coldstream)"),
  listen: parsed(
    "--listen <host:port>",
    "of the API server (127.0.0.1:7443; port 0: any that is free; :7443 means 0.0.0.0:7443)",
    readListen,
  ),
  metricsAddress: parsed(
    "--metrics-address <host:port>",
    "serve the operator's /metrics, /livez and /readyz there (127.0.0.1:7444)",
    readListen,
  ),
  pushgatewayAddress: parsed(
    "--pushgateway-address <host:port>",
    "where the Pushgateway listens, to be scraped (127.0.0.1:9091)",
    readListen,
  ),
  copyTo: text("--copy-to <dir>", "copy the data folder there, also while it is in use, and end; the copy is a --data"),
  log: oneOf("--log <word>", "file: DATA/coldstream.log (default); stderr: for a service manager", ["file", "stderr"]),
};
export type UpOptions = Values<typeof upOptions>;

export const upCommand = defineCommand({
  name: "up",
  description:
    "Runs the whole system on this machine, without a cluster: API server, controllers, operator and a node whose pods are " +
    "processes. It takes the manifests that a cluster takes. Ctrl-C ends it with all that runs in it; started again it goes on.",
  options: upOptions,
  examples: [
    { line: "coldstream up", what: "then, elsewhere: coldstream apply -f backup.yaml" },
    { line: "coldstream up --data /var/lib/coldstream --log stderr", what: "as a service" },
    { line: "coldstream up --copy-to /backups/coldstream-1", what: "a backup of the data folder" },
  ],
  run: async (context, options) => await (await import("../actions/up.ts")).up(context, options),
});
