// The machine of `coldstream up` as `npm run build` made it, for bench/local.ts: with /bin/true among what containers may run,
// and a count of the API server's requests. Plain JavaScript, for stripping types takes memory of its own.
//
//   node bench/local-machine.mjs DATA    over IPC: {server, ca, token} when ready; asked anything, what was requested so far
import { subscribe } from "node:diagnostics_channel";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const dist = join(import.meta.dirname, "../dist");
const { startMachine } = await import(join(dist, "cli/up/machine.js"));
const { makeDataFolder, dataFolderOf } = await import(join(dist, "cli/up/data-folder.js"));
const { jsonLog } = await import(join(dist, "kit/log.js"));

const data = process.argv[2] ?? "";
const requests = {};
subscribe("http.server.request.start", ({ request }) => {
  const name = nameOf(request.method, new URL(request.url, "http://server"));
  requests[name] = (requests[name] ?? 0) + 1;
});

const folder = dataFolderOf({ variables: {}, home: data, workingFolder: data }, data);
await makeDataFolder(folder);
const anywhere = { host: "127.0.0.1", port: 0 };
const machine = await startMachine({
  ...{ folder, listen: anywhere, metrics: anywhere, pushgateway: anywhere, version: "bench" },
  entry: [process.execPath, join(dist, "cli/main.js")],
  environment: { PATH: "/usr/bin:/bin" },
  allowCommands: ["/bin/true"],
  log: jsonLog(
    (line) => process.stderr.write(line),
    () => new Date(),
  ),
});
process.on("message", () => process.send(requests));
for (const told of ["SIGTERM", "disconnect"]) process.once(told, end);
const { clusters, users } = JSON.parse(readFileSync(folder.kubeconfig, "utf8"));
const ca = Buffer.from(clusters[0].cluster["certificate-authority-data"], "base64").toString("utf8");
process.send({ server: machine.url, ca, token: users[0].user.token });

async function end() {
  await machine[Symbol.asyncDispose]();
  // at once, so that --cpu-prof writes what it has
  process.exit(0);
}

/** `PUT pods/status`; names of objects and namespaces are left out. */
function nameOf(method, { pathname, searchParams }) {
  const [kind = pathname, , part] = pathname
    .replace(/^\/(api|apis\/[^/]+)\/[^/]+\/(namespaces\/[^/]+\/(?=.))?/, "")
    .split("/");
  const verb = method === "GET" && searchParams.has("watch") ? "WATCH" : method;
  return `${verb} ${kind}${part === undefined ? "" : `/${part}`}`;
}
